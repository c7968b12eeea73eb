"""Preconditions: what `papercut-relay check` finds, and what `--fix` puts right.

Each check is a small function in the file of its theme. One that cannot look says so as a finding, and the others go
on. Only `apply_fixes` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from relay.checks import cloud, handover, money, people, printers, printing, reach, server, storage
from relay.checks.model import Check, CheckedSite, CheckResult, Fix
from relay.clock import Clock
from relay.config import Settings
from relay.errors import RelayError, UsageError
from relay.finding import SEVERITIES, Finding
from relay.language import lazy
from relay.progress import Progress

# Every check, and what it means when it finds nothing at all.
REACH: Mapping[Check, str] = {
    reach.papercut: lazy("PaperCut answers, accepts the token and lets this machine call"),
    reach.officernd: lazy("OfficeRnD answers, with every permission that is needed"),
}
PAPERCUT: Mapping[Check, str] = {
    reach.version: lazy("PaperCut's version has no known hole"),
    reach.callers: lazy("Only named machines may call PaperCut's web services"),
    people.licence: lazy("PaperCut's licence has room for more users"),
    server.program_keys: lazy("PaperCut asks both of our programs, and they start"),
    server.source_in_use: lazy("PaperCut takes its users from our program"),
    people.group_list: lazy("Every group of the directory is in PaperCut's list"),
    people.native_quotas: lazy("No quota of PaperCut's own adds to balances"),
    people.several_accounts: lazy("PaperCut keeps one personal account for each person, or one is named"),
    people.overdraft: lazy("It is settled who may print below zero"),
    printers.printers: lazy("Every printer has a price and asks for a login"),
    printing.let_in: lazy("Nobody who is not a member can print"),
}
OFFICERND: Mapping[Check, str] = {
    cloud.location: lazy("OfficeRnD has this site's location, in the same time zone"),
    cloud.plans: lazy("The plan for the fees can be used for billing, and every plan in the rules exists"),
    cloud.tax: lazy("It is settled whether OfficeRnD adds tax to print fees"),
    cloud.signin: lazy("The application for logins may check passwords"),
}
HERE: Mapping[Check, str] = {
    reach.clocks: lazy("The clocks of all three agree"),
    server.server_files: lazy("PaperCut may start our programs, and OfficeRnD's own connector is off"),
    server.programs_home: lazy("PaperCut's programs read the folder that the relay writes"),
    handover.files: lazy("The files for PaperCut are in place and match the settings"),
    handover.directory: lazy("The directory that PaperCut reads is fresh"),
    storage.ledger: lazy("The ledger can be written"),
    storage.ledger_copies: lazy("The ledger has fresh copies on another disk"),
    money.standing: lazy("Nothing stops the money"),
    storage.disks: lazy("The disks have room"),
    storage.schedule: lazy("The daily run has a schedule"),
    printing.silently_free: lazy("No recent printing has escaped billing"),
}
PASSES = {**REACH, **PAPERCUT, **OFFICERND, **HERE}

# In the order in which they are applied: what others need comes first.
FIXES: tuple[Fix, ...] = (
    Fix("home_missing", handover.publish_programs),
    Fix("home_open", handover.close_home),
    Fix("program_settings_missing", handover.publish_programs),
    Fix("program_settings_old", handover.publish_programs),
    Fix("print_script_missing", handover.publish_programs),
    Fix(
        "fees_plan_missing",
        cloud.make_fees_plan,
        warning=lazy("A plan in OfficeRnD can be hidden, but not taken back."),
    ),
    Fix("health_key_missing", reach.set_health_key),
    Fix("program_not_set", server.set_programs),
    Fix("old_agent_in_keys", server.set_programs, in_all=False),
    Fix("groups_not_listed", people.list_groups),
    Fix("popup_off", printers.switch_popups_on, in_all=False),
)


def run_checks(settings: Settings, *, clock: Clock, progress: Progress) -> CheckResult:
    """Look at everything and return every finding, the worst first. Writes to no remote system."""
    return _look(CheckedSite(settings, clock, progress))


def apply_fixes(
    settings: Settings,
    codes: Sequence[str] | Literal["all"],
    *,
    clock: Clock,
    progress: Progress,
    say: Callable[[str], None],
) -> CheckResult:
    """Put the findings of `codes` right, telling first what is changed and whom it touches, and check again.

    "all" is every fix that needs no choice of a person. A code that is not found now needs nothing. Raises UsageError
    for a code that no fix has; a fix that fails is told and stands as a finding still.
    """
    known = {fix.code for fix in FIXES}
    unknown = [] if codes == "all" else [code for code in codes if code not in known]
    if unknown:
        raise UsageError(
            lazy(
                "There is no fix %(unknown)s; what can be put right from here is %(known)s.",
                unknown=", ".join(unknown),
                known=", ".join(sorted(known)),
            )
        )
    site = CheckedSite(settings, clock, progress)
    found = _look(site).findings
    for fix in FIXES:
        hits = [finding for finding in found if finding.code == fix.code and finding.does]
        if codes == "all":
            if hits and not fix.in_all:
                say(lazy("%(code)s: left alone, because it is done only when asked for by name.", code=fix.code))
            if not hits or not fix.in_all:
                continue
        elif fix.code not in codes:
            continue
        elif not hits:
            say(lazy("%(code)s: nothing to put right from here.", code=fix.code))
            continue
        for finding in hits:
            say(lazy("%(code)s: %(subject)s: %(does)s.", code=fix.code, subject=finding.subject, does=finding.does))
        if fix.warning:
            say(f"{fix.code}: {fix.warning}")
        try:
            fix.apply(site, hits)
        except (RelayError, OSError) as error:
            say(lazy("%(code)s: not done: %(error)s", code=fix.code, error=error))
    return run_checks(settings, clock=clock, progress=progress)


def _look(site: CheckedSite) -> CheckResult:
    found = {check: _one(site, check) for check in REACH}
    checks = [*(PAPERCUT if site.papercut else ()), *(OFFICERND if site.officernd else ()), *HERE]
    with site.progress.phase("Checking", len(checks)) as phase:
        for check in checks:
            found[check] = _one(site, check)
            phase.advance()
    findings = [finding for findings in found.values() for finding in findings]
    passed = tuple(PASSES[check] for check, findings in found.items() if not findings)
    return CheckResult(tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))), passed)


def _one(site: CheckedSite, check: Check) -> list[Finding]:
    """Return a check's findings; where it cannot look, that is the finding."""
    findings: list[Finding] = []
    try:
        findings.extend(check(site))
    except (RelayError, OSError) as error:
        name = f"{check.__module__.rsplit('.', 1)[-1]}.{check.__name__}"
        findings.append(
            Finding("not_checked", "warning", name, lazy("This could not be checked: %(error)s", error=error))
        )
    return findings
