"""The console's words for remedies: the one table of buttons and links. Nothing here decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from relay.accounts import GROUP
from relay.language import N_, gettext, translated
from relay.remedy import WHO_IS_WHO

# action -> what a link to it says, and the page where it is done. The terminal's own (rebuild, serve) have none.
PLACES: Mapping[str, tuple[str, str]] = {
    "allow_settle": (N_("Let it pass once"), "money.show"),
    "allow_sync": (N_("Let it pass once"), "review.show"),
    "allow_top_up": (N_("Let it pass once"), "money.show"),
    "approve": (N_("Decide on the Money page"), "money.show"),
    "approve_amount": (N_("Decide on the Money page"), "money.show"),
    "check": (N_("See the Checks page"), "checks.show"),
    "fix": (N_("See the Checks page"), "checks.show"),
    "issue_pin": (N_("Make a print PIN"), "people.one"),
    "plan": (N_("Look on the Review page"), "review.show"),
    "resolve": (N_("Answer on the Money page"), "money.show"),
    "run": (N_("See Today"), "today.show"),
    "settle": (N_("Bill now on the Money page"), "money.show"),
    "show_held": (N_("See the Money page"), "money.show"),
    "status": (N_("See the Money page"), "money.show"),
    "sync": (N_("Bring people in line on the Review page"), "review.show"),
    "sync_member": (N_("Bring this person in line"), "people.one"),
}


@dataclass(frozen=True, slots=True)
class AnswerButton:
    """A button that answers who is who: `action` link, not_same or unlink; a `username` of "" is to be typed."""

    action: str
    member_id: str
    username: str
    is_new: bool = False  # the account is to be made

    @property
    def button(self) -> str:
        if self.action == "link" and not self.username:
            return gettext("Use this account name")
        if self.username.startswith(GROUP):
            return gettext("Their group is %(group)s", group=self.username.removeprefix(GROUP))
        if self.is_new:
            return gettext("Make the account %(username)s", username=self.username)
        return {
            "link": gettext("Yes, %(username)s is theirs", username=self.username),
            "not_same": gettext("No, %(username)s is somebody else's", username=self.username),
            "unlink": gettext("Take the wrong link away"),
        }[self.action]


def answers(remedies: Iterable[Mapping[str, Any]]) -> list[AnswerButton]:
    """Return the buttons for the remedies (as JSON) that answer who is who."""
    found = []
    for remedy in remedies:
        if remedy["action"] in WHO_IS_WHO:
            member_id, username = (*remedy["arguments"], "")[:2]
            is_new = remedy["action"] == "link_new"
            found.append(AnswerButton("link" if is_new else remedy["action"], member_id, username, is_new))
    return found


def links(remedies: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return (text, address) for the remedies (as JSON) that another page offers, each once."""
    found = {}
    for remedy in remedies:
        if remedy["action"] not in PLACES:
            continue
        text, endpoint = PLACES[remedy["action"]]
        arguments = {"who": remedy["arguments"][0]} if endpoint == "people.one" and any(remedy["arguments"]) else {}
        if endpoint != "people.one" or arguments:
            found[translated(text)] = url_for(endpoint, **arguments)
    return list(found.items())
