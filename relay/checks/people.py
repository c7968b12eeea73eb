"""PaperCut's own rules that change what the relay does: group list, native quotas, overdraft, licence.

Source: PaperCut manual (quota allocation, overdraft limits, custom user sync: groups are listed by hand or by
addNewGroup), System Health API (licence).
"""

from __future__ import annotations

from collections.abc import Iterator

from relay.checks.model import Check, CheckedSite, Fix
from relay.errors import RelayError
from relay.finding import Finding
from relay.language import lazy, nlazy
from relay.papercut import quotas
from relay.people.act import publish

LOW_LICENCE = 10
TASK_LIMIT_S = 600.0


def group_list(site: CheckedSite) -> Iterator[Finding]:
    missing = _missing_groups(site)
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        yield Finding(
            "groups_not_listed",
            "warning",
            nlazy("%(num)s group", "%(num)s groups", len(missing)),
            nlazy(
                "PaperCut's group list lacks %(num)s group of the directory (%(shown)s): its members are not "
                "charged, topped up or refused by group until it is listed.",
                "PaperCut's group list lacks %(num)s groups of the directory (%(shown)s): their members are not "
                "charged, topped up or refused by group until they are listed.",
                len(missing),
                shown=shown,
            ),
            nlazy(
                "adds %(num)s group (%(shown)s) to PaperCut's group list, one background task each",
                "adds %(num)s groups (%(shown)s) to PaperCut's group list, one background task each",
                len(missing),
                shown=shown,
            ),
        )


def _missing_groups(site: CheckedSite) -> list[str]:
    try:
        directory = publish.current_directory(site.settings.scripts.home)
    except RelayError:
        return []  # the check of the hand-over files tells what is wrong with it
    if directory is None:
        return []
    listed = set(site.reached_papercut.groups())
    return [group for group in directory.groups if group not in listed]


def list_groups(site: CheckedSite, findings: list[Finding]) -> None:
    papercut = site.reached_papercut
    for group in _missing_groups(site):
        papercut.wait_for_task(TASK_LIMIT_S)
        papercut.add_group(group)
    papercut.wait_for_task(TASK_LIMIT_S)


def native_quotas(site: CheckedSite) -> Iterator[Finding]:
    """Look for PaperCut's native quotas: credit that is not ours, added before the settlement of the morning."""
    for name, quota in quotas.giving(site.reached_papercut, site.progress).items():
        if site.settings.top_up.is_on:
            yield Finding(
                "quota_and_top_up",
                "error",
                name,
                lazy(
                    "PaperCut gives the group %(name)s a quota (%(period)s) and [top_up] gives a balance too: "
                    "switch one of them off, or members get both.",
                    name=name,
                    period=quota.period.lower(),
                ),
            )
        else:
            yield Finding(
                "native_quota",
                "warning",
                name,
                lazy(
                    "PaperCut gives the group %(name)s a quota (%(period)s) overnight: it pays debts before they "
                    "are billed; switch it off at Groups, unless that is meant.",
                    name=name,
                    period=quota.period.lower(),
                ),
            )


def overdraft(site: CheckedSite) -> Iterator[Finding]:
    if site.settings.members.restricted == "leave":
        yield Finding(
            "restriction_left",
            "info",
            "[members] restricted",
            lazy(
                "Who may print below zero is left to PaperCut: only restricted users are stopped, at zero or at the "
                "overdraft of Options > General > Account Options, which the API cannot read. A restricted member with "
                'an empty balance cannot print at all; restricted = "no" lets members print and bills them.'
            ),
        )


def several_accounts(site: CheckedSite) -> Iterator[Finding]:
    """See that one personal account is named where several are on: a balance is ambiguous then."""
    papercut = site.reached_papercut
    if not site.settings.papercut.personal_account:
        return
    names = papercut.usernames()[:1]
    for name in names:
        try:
            papercut.balance(name)
        except RelayError as error:
            yield Finding(
                "personal_account_unknown",
                "error",
                site.settings.papercut.personal_account,
                lazy(
                    "PaperCut does not know the personal account named in [papercut] personal_account: %(message)s",
                    message=error.message,
                ),
            )


def licence(site: CheckedSite) -> Iterator[Finding]:
    found = site.health.get("license") if site.health else None
    if not isinstance(found, dict):
        return
    if found.get("valid") is False:
        yield Finding(
            "licence_invalid",
            "error",
            "PaperCut",
            lazy("PaperCut says that its licence is not valid: new users cannot print; see About > Register."),
        )
    users = found.get("users")
    if not isinstance(users, dict):
        return
    licensed, remaining = users.get("licensed"), users.get("remaining")
    if isinstance(licensed, int) and isinstance(remaining, int) and licensed > 0 and remaining < LOW_LICENCE:
        yield Finding(
            "licence_full",
            "warning",
            lazy("%(remaining)s of %(licensed)s", remaining=remaining, licensed=licensed),
            lazy(
                "PaperCut's licence has room for %(remaining)s more users of %(licensed)s: people beyond it cannot "
                "print.",
                remaining=remaining,
                licensed=licensed,
            ),
        )


CHECKS = (
    Check(licence, lazy("PaperCut's licence has room for more users"), needs="papercut"),
    Check(
        group_list,
        lazy("Every group of the directory is in PaperCut's list"),
        needs="papercut",
        fixes=(Fix("groups_not_listed", list_groups),),
    ),
    Check(native_quotas, lazy("No quota of PaperCut's own adds to balances"), needs="papercut"),
    Check(
        several_accounts, lazy("PaperCut keeps one personal account for each person, or one is named"), needs="papercut"
    ),
    Check(overdraft, lazy("It is settled who may print below zero"), needs="papercut"),
)
