"""Preconditions: what `papercut-relay check` finds, and what `--fix` puts right.

Each check is a small function in the file of its theme, which lists them at its end, each with its fixes. One that
cannot look says so as a finding, and the others go on. Only `apply_fixes` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from relay.checks import cloud, handover, money, people, printers, printing, reach, server, storage
from relay.checks.model import Check, CheckedSite, CheckResult, Fix
from relay.clock import Clock
from relay.config import Settings
from relay.errors import RelayError, UsageError
from relay.finding import SEVERITIES, Finding
from relay.language import lazy
from relay.progress import Progress

# Whether a system answers is asked first, and fixed is first what others need.
THEMES = (reach, handover, server, people, printers, printing, cloud, storage, money)
CHECKS: tuple[Check, ...] = tuple(check for theme in THEMES for check in theme.CHECKS)
FIXES: tuple[Fix, ...] = tuple(fix for check in CHECKS for fix in check.fixes)


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
    findings: list[Finding] = []
    passed: list[str] = []
    with site.progress.phase("Checking", len(CHECKS)) as phase:
        for check in CHECKS:
            if site.has(check.needs):
                found = _one(site, check)
                findings.extend(found)
                passed.extend([] if found else [check.passes])
            phase.advance()
    return CheckResult(tuple(sorted(findings, key=lambda one: SEVERITIES.index(one.severity))), tuple(passed))


def _one(site: CheckedSite, check: Check) -> list[Finding]:
    """Return a check's findings; where it cannot look, that is the finding."""
    findings: list[Finding] = []
    try:
        findings.extend(check.look(site))
    except (RelayError, OSError) as error:
        name = f"{check.look.__module__.rsplit('.', 1)[-1]}.{check.look.__name__}"
        findings.append(
            Finding("not_checked", "warning", name, lazy("This could not be checked: %(error)s", error=error))
        )
    return findings
