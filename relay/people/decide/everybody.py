"""Everybody in OfficeRnD, accounted for: have an account, get one, need an answer, may not print. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay.language import joined, lazy, nlazy
from relay.people.decide.decisions import Decisions
from relay.people.decide.matching import Matching
from relay.people.decide.rules import Verdict, email_outcome

ANSWERS = {
    "without_email": lazy("without an e-mail address that works"),
    "held_by_a_doubt": lazy("with an account or an address that may be somebody else's"),
    "without_account": lazy("without an account name, or with an account deleted by hand"),
}
RULES = {
    "statuses": lazy("because of their status"),
    "locations": lazy("because of their location"),
    "plans": lazy("without a plan that is admitted"),
    "exclude_emails": lazy("left out by their address"),
    "exclude_names": lazy("left out by their name"),
}
OTHER = lazy("for another reason")


@dataclass(frozen=True, slots=True)
class Everybody:
    """`have + get + waits + refused = all`. `need_answer` and `may_not` count people by why, each person once."""

    have: int
    get: int
    need_answer: Mapping[str, int]
    may_not: Mapping[str, int]

    @property
    def waits(self) -> int:
        return sum(self.need_answer.values())

    @property
    def refused(self) -> int:
        return sum(self.may_not.values())

    @property
    def all(self) -> int:
        return self.have + self.get + self.waits + self.refused

    def as_json(self) -> dict[str, object]:
        return {
            "members": self.all,
            "have_account": self.have,
            "get_account": self.get,
            "need_answer": self.waits,
            "may_not_print": self.refused,
            "because": {"need_answer": dict(self.need_answer), "may_not_print": dict(self.may_not)},
        }


def account_for(decisions: Decisions) -> Everybody:
    """Return what becomes of everybody in OfficeRnD; who is refused counts under the first rule that says no."""
    matching = decisions.matching
    admitted = {member_id for member_id, verdict in decisions.verdicts.items() if verdict.admitted}
    have, get = admitted & set(matching.accounts), admitted & set(matching.new)
    waiting = Counter(_why_waits(decisions, member_id) for member_id in admitted - have - get)
    refused = Counter(_refused_by(verdict) for verdict in decisions.verdicts.values() if not verdict.admitted)
    return Everybody(len(have), len(get), dict(waiting.most_common()), dict(refused.most_common()))


def left_out(decisions: Decisions) -> dict[str, tuple[str, str]]:
    """Return who may not print or waits, by member id: the key of ANSWERS or RULES, and why as a clause."""
    matching = decisions.matching
    found = {}
    for member_id, verdict in decisions.verdicts.items():
        if not verdict.admitted:
            found[member_id] = (_refused_by(verdict), verdict.reason)
        elif member_id not in matching.accounts and member_id not in matching.new:
            address = email_outcome(decisions.members[member_id])
            why = matching.doubts.get(member_id) or ("" if address.passed else address.text)
            found[member_id] = (_why_waits(decisions, member_id), why or _why_no_account(matching, member_id))
    return found


def _why_no_account(matching: Matching, member_id: str) -> str:
    """Return in a clause why somebody admitted gets no account by themselves, "" where nothing is in the way."""
    if member_id in matching.gone:
        return lazy("the account %(username)s was deleted in PaperCut", username=matching.gone[member_id])
    return matching.not_made.get(member_id, "")


def _refused_by(verdict: Verdict) -> str:
    return next(outcome.rule for outcome in verdict.outcomes if not outcome.passed)


def _why_waits(decisions: Decisions, member_id: str) -> str:
    if member_id in decisions.matching.doubts:
        return "held_by_a_doubt"
    return "without_account" if email_outcome(decisions.members[member_id]).passed else "without_email"


def sentence(account: Mapping[str, Any]) -> str:
    """Return the account of everybody (as JSON) in a sentence: "500 members: 178 get an account, 58 need ..."."""
    because = account["because"]
    have, get, waits, refused = (
        int(account[key]) for key in ("have_account", "get_account", "need_answer", "may_not_print")
    )
    counts = (
        (nlazy("%(num)s has an account", "%(num)s have an account", have) if have else "", ""),
        (nlazy("%(num)s gets an account", "%(num)s get an account", get) if get else "", ""),
        (
            nlazy("%(num)s needs an answer", "%(num)s need an answer", waits) if waits else "",
            _why(because["need_answer"], ANSWERS),
        ),
        (
            nlazy("%(num)s may not print", "%(num)s may not print", refused) if refused else "",
            _why(because["may_not_print"], RULES),
        ),
    )
    told = joined(*(joined(what, why) for what, why in counts if what), by=", ")
    members = nlazy("%(num)s member", "%(num)s members", int(account["members"]))
    return lazy("%(what)s.", what=joined(members, told, by=": "))


def _why(counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    if not counts:
        return ""
    told = reasons(counts, words) if len(counts) > 1 else [words.get(why, OTHER) for why in counts]
    return lazy("(%(what)s)", what=joined(*told, by=", "))


def reasons(counts: Mapping[str, int], words: Mapping[str, str]) -> list[str]:
    """Return how many people for each reason, in words: ["40 without an e-mail address that works", ...]."""
    return [joined(str(count), words.get(why, OTHER)) for why, count in counts.items()]
