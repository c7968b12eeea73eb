"""The questions about people as Review shows them: one group a kind, one line a person, ticked off once answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay import people
from relay.console import remedies, words
from relay.console.desk import Desk
from relay.console.remedies import AnswerButton
from relay.database import reading
from relay.language import gettext, translated
from relay.people.decide import questions
from relay.people.memory import links

# Of these the table tells all that the message does: the address, or what PaperCut holds.
TOLD_BY_FACTS = ("shared_email", "two_accounts")


@dataclass(frozen=True)
class QuestionRow:
    """One question: whom it is about, what PaperCut holds of them, and the answers; `told` what was answered, or ""."""

    member_id: str
    name: str
    company: str
    email: str
    message: str
    held: list[dict[str, Any]]
    answers: list[AnswerButton]
    told: str
    can_undo: bool

    @property
    def proposal(self) -> str:
        return self.answers[0].username


@dataclass(frozen=True)
class QuestionGroup:
    """All questions of one kind. `names`: each is answered by the name of a new account, so all can be at once."""

    code: str
    title: str
    meaning: str
    names: bool
    rows: list[QuestionRow]

    @property
    def answered(self) -> int:
        return sum(1 for row in self.rows if row.told)

    @property
    def open(self) -> int:
        return len(self.rows) - self.answered


def groups(place: Desk) -> list[QuestionGroup]:
    """Return what the last reading asked, in the order in which it is best answered."""
    site = place.settings.site.name
    with reading(place.database) as connection:
        found = people.asked(connection, site)
        memory = links.read_memory(connection, site) if any(one.answered_at for one in found) else None
    rows: dict[str, list[tuple[QuestionRow, bool]]] = {}
    for one in found:
        answers = remedies.answers(one.remedies)
        facts: Mapping[str, Any] = one.facts
        member_id = answers[0].member_id
        row = QuestionRow(
            member_id,
            str(facts.get("name") or facts.get("company") or one.subject),
            str(facts.get("company", "")) if facts.get("name") else "",
            str(facts.get("email", "")),
            "" if one.code in TOLD_BY_FACTS else one.message,
            list(facts.get("held", ())),
            answers,
            _told(memory, member_id) if one.answered_at and memory is not None else "",
            one.code != "deleted_by_hand",  # an account that is wanted back is more than an answer
        )
        rows.setdefault(one.code, []).append((row, len(answers) == 1 and answers[0].is_new))
    return [
        QuestionGroup(
            code,
            words.question_title(questions.kind_of(code), len(rows[code])),
            translated(questions.kind_of(code).meaning),
            all(is_name for _, is_name in rows[code]),
            sorted((row for row, _ in rows[code]), key=lambda row: (bool(row.told), row.name.casefold())),
        )
        for code in questions.in_order(rows)
    ]


def _told(memory: Any, member_id: str) -> str:
    if member_id in memory.group_answers:
        return gettext("the group %(name)s", name=memory.group_answers[member_id])
    if member_id in memory.answers:
        return gettext("gets the account %(name)s", name=memory.answers[member_id])
    denied = sorted(name for owner, name in memory.denied if owner == member_id)
    return gettext("not the account %(name)s", name=", ".join(denied)) if denied else gettext("answered")
