"""People: who may print, who is who, and the sync that makes PaperCut say so. The functions below are the way in."""

from relay.people.act.publish import is_published, refuse_open
from relay.people.answers import issue_pin, link, not_same, revoke_pin, unlink
from relay.people.explain import explain
from relay.people.hints import hints
from relay.people.memory.questions import OpenQuestion, asked, open_questions
from relay.people.new_accounts import name_new_accounts, take_back
from relay.people.ready import readiness
from relay.people.sync import make_plan, sync

__all__ = [
    "OpenQuestion",
    "asked",
    "explain",
    "hints",
    "is_published",
    "issue_pin",
    "link",
    "make_plan",
    "name_new_accounts",
    "not_same",
    "open_questions",
    "readiness",
    "refuse_open",
    "revoke_pin",
    "sync",
    "take_back",
    "unlink",
]
