"""Who may print and cannot yet, and why: kept by each sync, told by `status` without asking either system."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from relay import json_text, plain_files
from relay.config import Settings
from relay.language import kept, unkept
from relay.people.decide.everybody import left_out
from relay.people.decide.plan import SyncPlan
from relay.people.decide.rules import email_outcome
from relay.private_files import make_private_folder, write_private

log = logging.getLogger(__name__)

NAME = "readiness.json"
KINDS = ("without_email", "without_account", "held_by_a_doubt", "switched_off")


@dataclass(frozen=True)
class Readiness:
    """People by what is missing, each as "Name: why"; `synced_at` None before the first sync.

    `left_out`: everybody who may not print or waits, by member id, as `everybody.left_out` tells them.
    """

    synced_at: datetime | None = None
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, list[str]]:
        return {kind: list(self.people.get(kind, ())) for kind in KINDS}


def assess(plan: SyncPlan) -> dict[str, list[str]]:
    """Return who may print and cannot, by what is missing."""
    decisions, people = plan.decisions, {kind: list[str]() for kind in KINDS}
    waits = left_out(decisions)
    for member_id, member in sorted(decisions.members.items()):
        if not decisions.verdicts[member_id].admitted:
            continue
        address = email_outcome(member)
        kind, why = waits.get(member_id, ("" if address.passed else "without_email", address.text))
        if kind:
            people[kind].append(f"{member.name or f'no name ({member_id})'}: {why}")
    for warning in plan.warnings:
        if warning.code == "disabled_by_hand":
            people["switched_off"].append(f"{warning.subject}: printing was switched off by hand")
    return people


def save(settings: Settings, plan: SyncPlan, *, now: datetime) -> None:
    """Keep the assessment of a plan that was applied."""
    content = kept({"synced_at": now.isoformat(), "people": assess(plan), "left_out": left_out(plan.decisions)})
    try:
        make_private_folder(settings.site.state_dir)
        write_private(settings.site.state_dir / NAME, json.dumps(content, ensure_ascii=False))
    except OSError as error:  # the sync itself is done; the page shows the one before
        log.warning("who may print and cannot could not be kept (%s)", error.strerror)


def readiness(settings: Settings) -> Readiness:
    """Return who may print and cannot yet, as the last sync saw it; asks neither system."""
    try:
        content = unkept(plain_files.json_value(settings.site.state_dir / NAME))
        people = {kind: tuple(found) for kind, found in content["people"].items()}
        out = {member_id: (str(rule), why) for member_id, (rule, why) in content.get("left_out", {}).items()}
        return Readiness(json_text.moment(content["synced_at"]), people, out)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Readiness()
