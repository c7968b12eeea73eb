"""A sync as a value that can be read, hashed, refused, and applied only as read. Pure.

A plan is put together from the decisions about people, minus what a limit holds back; the groups follow from the
directory that results. The hash covers every decision, held or not, and neither balances nor times, so that
`--expect` means the same with and without `--allow`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

from relay.config import Settings
from relay.errors import EXIT_DONE
from relay.language import lazy
from relay.people.decide import safety
from relay.people.decide.decisions import AccountDecision, Decisions, PlannedChange, decide
from relay.people.decide.everybody import account_for
from relay.people.decide.matching import Question
from relay.people.decide.safety import Figures, LimitMet
from relay.people.directory import Directory, directory_of
from relay.people.world import CompanyGroup, World

ACTIONS = ("create", "adopt", "update", "rename", "unlink", "remove")


@dataclass(frozen=True)
class SyncPlan:
    """Everything a sync would do.

    `people` are the decisions in force, held ones replaced by "stay as you are"; `changes` lists all of them and the
    groups'. `held` are usernames whose removal a limit holds; `refused` what limits said; `stops` whether one of them
    refuses the whole. `group_rows` are the groups of ours to be remembered.
    """

    people: tuple[AccountDecision, ...]
    changes: tuple[PlannedChange, ...]
    held: frozenset[str]
    directory: Directory
    group_rows: Mapping[str, CompanyGroup]
    new_groups: tuple[str, ...]
    groups_to_remove: tuple[str, ...]
    changed_groups: tuple[str, ...]
    users: Mapping[str, int]
    groups: Mapping[str, int]
    warnings: tuple[Question, ...]
    refused: tuple[LimitMet, ...]
    stops: bool
    hash: str
    decisions: Decisions = field(repr=False, default_factory=Decisions)

    exit_code = EXIT_DONE

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is left to do in PaperCut."""
        return not (
            any(acts(decision) for decision in self.people)
            or self.new_groups
            or self.groups_to_remove
            or self.changed_groups
        )

    def as_json(self, *, applied: bool = False) -> dict[str, object]:
        return {
            "hash": self.hash,
            "applied": applied,
            "everybody": account_for(self.decisions).as_json(),
            "users": dict(self.users),
            "groups": dict(self.groups),
            "changes": [change.as_json() for change in self.changes],
            "warnings": [warning.as_json() for warning in self.warnings],
            "refused": [refusal.as_json() for refusal in self.refused],
        }


def acts(decision: AccountDecision) -> bool:
    """Return whether a decision writes anything to PaperCut."""
    return bool(
        decision.change or decision.fix_initial or decision.disable is not None or decision.card or decision.rename_to
    )


def links_somebody(decision: AccountDecision) -> bool:
    """Return whether a decision makes a new link: of an account that is taken over, or of one that is made."""
    link = decision.link
    return link is not None and link.deleted_at is None and (decision.create or link.linked_at is None)


def plan(
    world: World,
    settings: Settings,
    now: datetime,
    *,
    allow: Collection[str] = (),
    only: Set[str] | None = None,
    no_links: LimitMet | None = None,
) -> SyncPlan:
    """Return the plan for a world: decisions, what the limits say, and the directory that results.

    `only` are member ids: everybody else stays as they are now. `no_links`: why nobody may be linked, whoever would be
    stays as they are.
    """
    decided = decide(world, settings, now)
    everything = tuple(decided.people)
    if only is not None:
        everything = tuple(
            decision if (decision.link and decision.link.member_id in only) or not acts(decision) else stay(decision)
            for decision in everything
        )
    if no_links is not None:
        everything = tuple(stay(decision) if links_somebody(decision) else decision for decision in everything)
    refused = safety.judge(_figures(everything, world, now), settings.safety, allow)
    codes = {refusal.code for refusal in refused}
    stops = safety.MAX_CHANGES in codes
    removals = {decision.username for decision in everything if decision.is_removal}
    held = frozenset(removals if safety.MAX_REMOVALS in codes else ())
    people = tuple(stay(decision) if decision.username in held else decision for decision in everything)
    all_groups = _groups(everything, decided, world)
    groups = all_groups if not held else _groups(people, decided, world)
    changes = (*_changes(everything), *all_groups.changes)
    actions = Counter[str](decision.change.action for decision in everything if decision.change)
    users = {action: actions[action] for action in ACTIONS}
    users["unchanged"] = sum(
        1 for decision in everything if decision.change is None and (decision.desired or decision.present)
    )
    return SyncPlan(
        people=people,
        changes=changes,
        held=held,
        directory=groups.directory,
        group_rows=groups.rows,
        new_groups=groups.new,
        groups_to_remove=groups.removed,
        changed_groups=groups.changed,
        users=users,
        groups={
            "create": len(all_groups.new),
            "remove": len(all_groups.removed),
            "membership_changes": len(all_groups.changed),
            "unchanged": all_groups.unchanged,
        },
        warnings=tuple(decided.warnings),
        refused=(*([no_links] if no_links is not None else []), *refused),
        stops=stops,
        hash=_hash(changes),
        decisions=decided,
    )


def stay(decision: AccountDecision) -> AccountDecision:
    """Return the decision to leave somebody as they are: nothing is written, nothing new is remembered."""
    return AccountDecision(decision.username, decision.present, decision.present, fix_initial=False)


def _figures(people: tuple[AccountDecision, ...], world: World, now: datetime) -> Figures:
    linked = sum(
        1
        for link in world.memory.links.values()
        if link.linked_at and not link.deleted_at and link.username in world.papercut.accounts
    )
    # What an interrupted sync left of an adoption shows as an update, and counts as little as the adoption itself.
    actions = Counter(
        change.action
        for change in (decision.change for decision in people)
        if change and not (change.action == "update" and world.memory.is_settling_in(change.member_id or "", now))
    )
    return Figures(
        linked, actions["remove"], sum(actions[action] for action in ("update", "rename", "unlink", "remove"))
    )


def _changes(people: tuple[AccountDecision, ...]) -> list[PlannedChange]:
    return [decision.change for decision in people if decision.change]


@dataclass(frozen=True)
class _Groups:
    directory: Directory
    rows: Mapping[str, CompanyGroup]
    new: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int
    changes: tuple[PlannedChange, ...]


def _groups(people: tuple[AccountDecision, ...], decided: Decisions, world: World) -> _Groups:
    """Return the directory of `people`, and what its groups mean for PaperCut's group list."""
    listed = {group: members for group, members in world.papercut.groups.items() if group not in decided.hidden_groups}
    users = [decision.desired for decision in people if decision.desired]
    usernames = {user.username for user in users}
    # A rename or a removal takes the old name along; everybody else who is in a group and not ours stays in it.
    ours = usernames | {decision.username for decision in people}
    echoed = [(group, name) for group, members in listed.items() for name in members if name not in ours]
    names = decided.groups
    assert names is not None
    wanted: dict[str, set[str]] = {group: set() for group in listed}
    for user in users:
        for group in user.groups:
            wanted.setdefault(group, set()).add(user.username)
    for group, name in echoed:
        wanted[group].add(name)
    rows = {name: row for name, row in names.rows.items() if name in wanted}
    removed = sorted(
        group for group, members in wanted.items() if not members and group in rows and rows[group].made_by_us
    )
    new = sorted(group for group, members in wanted.items() if group not in listed and members)
    renamed = {decision.username: decision.rename_to for decision in people if decision.rename_to}
    changed = []
    changes = [
        PlannedChange(
            "group_create", None, None, lazy("has members and is not in PaperCut"), None, _told(group, wanted[group])
        )
        for group in new
    ]
    for group in sorted(listed):
        before = {renamed.get(name, name) for name in listed[group]}
        if group in removed:
            reason = lazy("is empty, and was made by this integration")
            changes.append(PlannedChange("group_remove", None, None, reason, _told(group, before), None))
        elif before != wanted[group]:
            changed.append(group)
            joining, leaving = len(wanted[group] - before), len(before - wanted[group])
            reason = lazy("%(joining)s joining, %(leaving)s leaving", joining=joining, leaving=leaving)
            changes.append(
                PlannedChange("group_members", None, None, reason, _told(group, before), _told(group, wanted[group]))
            )
    rows = {name: row for name, row in rows.items() if name not in removed}
    return _Groups(
        # A group that is to go stays until it is gone: PaperCut asks about every listed group when it makes an account.
        directory_of(users, wanted, echoed),
        rows,
        tuple(new),
        tuple(removed),
        tuple(changed),
        len(listed) - len(removed) - len(changed),
        tuple(changes),
    )


def _told(group: str, members: Set[str]) -> dict[str, object]:
    return {"group": group, "members": len(members)}


def _hash(changes: tuple[PlannedChange, ...]) -> str:
    """Return a hash over the decisions: who, what, and what it will be."""
    decisions = [[change.action, change.username, change.member_id, change.after] for change in changes]
    text = json.dumps(decisions, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
