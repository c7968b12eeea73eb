"""The limits that a plan for people must keep. Pure: figures in, refusals out.

A limit refuses above it, not at it. Bad reads are no matter of limits: they are refused before there is a plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from relay.config import SafetySection
from relay.errors import UsageError
from relay.language import lazy
from relay.remedy import Remedies, Remedy, as_json

MAX_REMOVALS = "max_removals_percent"
MAX_CHANGES = "max_changes_percent"
PLAN_CHANGED = "plan_changed"
CODES = (MAX_REMOVALS, MAX_CHANGES)
# Limits of the money room: --allow is shared by the commands, so a code of theirs is no mistake here.
ALL_CODES = (*CODES, "max_fee", "max_run_total", "max_fees_per_person_day")


@dataclass(frozen=True, slots=True)
class LimitMet:
    """A limit that was met: `count` is what was planned, `limit` what would have been allowed."""

    code: str
    message: str
    count: int | str
    limit: int | str
    remedies: Remedies = ()

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "message": self.message,
            "count": self.count,
            "limit": self.limit,
            "remedies": as_json(self.remedies),
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """What the limits look at: `linked` accounts are the base; `removals` are among the `changes`."""

    linked: int
    removals: int
    changes: int


def check_codes(allow: Iterable[str]) -> None:
    """Raise UsageError for a code that names no limit."""
    unknown = sorted(set(allow) - set(ALL_CODES))
    if unknown:
        raise UsageError(
            lazy(
                "There is no limit %(unknown)s; the limits are %(all_codes)s.",
                unknown=", ".join(unknown),
                all_codes=", ".join(ALL_CODES),
            )
        )


def judge(figures: Figures, settings: SafetySection, allow: Collection[str] = ()) -> list[LimitMet]:
    """Return the limits that `figures` exceed and that `allow` does not lift, removals first."""
    if figures.linked < max(settings.from_users, 1):  # a first sync has no base to count from
        return []
    found = []
    allowed = settings.max_removals_percent * figures.linked // 100
    if figures.removals > allowed and MAX_REMOVALS not in allow:
        found.append(
            LimitMet(
                MAX_REMOVALS,
                lazy(
                    "%(removals)s of %(linked)s linked accounts would be taken away, more than "
                    "%(max_removals_percent)s %%: they are held, the rest goes on.",
                    removals=figures.removals,
                    linked=figures.linked,
                    max_removals_percent=settings.max_removals_percent,
                ),
                figures.removals,
                allowed,
                (Remedy("allow_sync", (MAX_REMOVALS,), lazy("if all of them are right")),),
            )
        )
    allowed = settings.max_changes_percent * figures.linked // 100
    if figures.changes > allowed and MAX_CHANGES not in allow:
        found.append(
            LimitMet(
                MAX_CHANGES,
                lazy(
                    "%(changes)s changes to %(linked)s linked accounts are planned, more than "
                    "%(max_changes_percent)s %%: nothing is done.",
                    changes=figures.changes,
                    linked=figures.linked,
                    max_changes_percent=settings.max_changes_percent,
                ),
                figures.changes,
                allowed,
                (
                    Remedy("plan", (), lazy("to look at them")),
                    Remedy("allow_sync", (MAX_CHANGES,), lazy("if all of them are right")),
                ),
            )
        )
    return found
