"""Many answers of one kind at once, and taking an answer back. The next sync acts on what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete

from relay.database import reading
from relay.errors import RelayError, UsageError
from relay.language import lazy
from relay.people.answers import checked_username
from relay.people.memory import links, questions
from relay.people.sync import remembered
from relay.remedy import Remedy
from relay.site import Site
from relay.stored_accounts import people_answers


@dataclass(frozen=True)
class Accounts:
    """What became of many names: `done` and `refused` (why) by member id."""

    done: Mapping[str, str]
    refused: Mapping[str, str]
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"done": dict(self.done), "refused": dict(self.refused)}


def name_new_accounts(site: Site, names: Mapping[str, str]) -> Accounts:
    """Say of members who are asked about which new account each is to get, {member id: username}.

    A name that PaperCut has, that another link, answer or member of the same list has, or that cannot be one is refused
    with a sentence; the others are kept.
    """
    memory = remembered(site)
    with reading(site.database) as connection:
        asked = {member_id for one in questions.asked(connection, site.name) for member_id in one.member_ids}
    there = {name.lower() for name in site.papercut.usernames()}
    owners = {one.username: one.member_id for one in memory.links.values() if not one.deleted_at}
    said = {name: member_id for member_id, name in memory.answers.items()}
    done, refused = dict[str, str](), dict[str, str]()
    wanted = Counter(name.strip().lower() for name in names.values())
    for member_id, typed in names.items():
        try:
            name = checked_username(site.settings, typed)
        except RelayError as error:
            refused[member_id] = error.message
            continue
        if member_id not in asked:
            refused[member_id] = lazy("There is no longer a question about this person: look again.")
        elif name in there:
            refused[member_id] = lazy("PaperCut already has an account %(name)s: choose another name.", name=name)
        elif wanted[name] > 1:
            refused[member_id] = lazy(
                "%(name)s is given here more than once: give each a name of their own.", name=name
            )
        elif {owners.get(name, member_id), said.get(name, member_id)} != {member_id}:
            refused[member_id] = lazy("%(name)s already belongs to somebody else: choose another name.", name=name)
        else:
            done[member_id] = name
    now = site.clock.now()
    with site.database.begin() as connection:
        for member_id, name in done.items():
            links.drop_answers(connection, site.name, "not_same", member_id, name)
            links.store_answer(connection, site.name, "link", member_id, name, now)
            questions.answered(connection, site.name, member_id, now)
    return Accounts(done, refused)


@dataclass(frozen=True)
class TakenBack:
    """An answer that counts no more."""

    member_id: str
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"taken_back": self.member_id}


def take_back(site: Site, member_id: str) -> TakenBack:
    """Take back what was answered about a member or company since the last reading; the question stands again.

    Raises UsageError where a reading came in between: a link that was made by then is unlinked.
    """
    with site.database.begin() as connection:
        since = questions.answered_at(connection, site.name, member_id)
        if since is None:
            raise UsageError(
                lazy("This answer has already been acted on or taken back."),
                remedies=(Remedy("unlink", (member_id,), lazy("if the link is wrong")),),
            )
        table = people_answers
        connection.execute(
            delete(table).where(table.c.site == site.name, table.c.subject_id == member_id, table.c.said_at >= since)
        )
        questions.reopen(connection, site.name, member_id)
    return TakenBack(member_id)
