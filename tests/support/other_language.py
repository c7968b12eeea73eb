"""A made-up language, which is English in brackets: what a page shows outside of them went through no catalogue."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from gettext import NullTranslations
from typing import Any

from lxml import html

from relay.config import SECTIONS
from relay.language import Language
from relay.sandbox.pair import Pair

_NO_LANGUAGE = "//code | //pre | //script | //style | //svg | //time | //*[@data-foreign]"
_ATTRIBUTES = "//@aria-label | //@placeholder | //@title | //@data-title"


class Bracketed(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return f"⟦{one if count == 1 else many}⟧"


BRACKETED = Language("ja", Bracketed(), "ja")  # whose dates and amounts have no Latin letters


def outside(page: html.HtmlElement) -> Iterator[str]:
    """Yield what a page in brackets shows outside of them, and outside of what is no language, such as code."""
    for element in page.xpath(_NO_LANGUAGE):
        element.drop_tree() if element.getparent() is not None else None
    for text in ["\n".join(page.itertext(with_tail=True)), *map(str, page.xpath(_ATTRIBUTES))]:
        kept, depth = [], 0
        for character in text:
            depth += {"⟦": 1, "⟧": -1}.get(character, 0)
            kept.append("\n" if depth or character == "⟧" else character)
        yield from (line for line in "".join(kept).split("\n") if line.strip())


def words(texts: Iterable[object]) -> set[str]:
    return {word for text in texts for word in re.findall(r"[A-Za-z]{2,}", str(text))}


def _values(table: Any) -> Iterator[object]:
    if isinstance(table, dict):
        for value in table.values():
            yield from _values(value)
    else:
        yield table


def _is_a_name(default: object) -> bool:
    """Return whether a setting's default is a name of the site's own, such as that of a group."""
    return isinstance(default, str) and not default.islower()


def names_of(pair: Pair) -> set[str]:
    """Return every word that is a name: of the site and its settings, of its people, or of a thing of theirs."""
    organisation, state = pair.organisation, pair.papercut.state
    names: list[object] = [*_values(tomllib.loads(pair.config_file.read_text())), pair.config_file]
    names += ["PaperCut OfficeRnD http https rpc api xmlrpc EUR PIN directory server custom officernd"]
    names += [f"{name} {key}" for name, section in SECTIONS.items() for key in section.model_fields]
    names += [f.default for one in SECTIONS.values() for f in one.model_fields.values() if _is_a_name(f.default)]
    records = (*organisation.members, *organisation.companies, *organisation.plans, *organisation.locations)
    for record in records:
        names += [value for value in asdict(record).values() if isinstance(value, str)]
    for user in state.users.values():
        names += [user.username, user.full_name, user.email, user.department, user.office]
    return words([*names, *state.groups, *state.printers])
