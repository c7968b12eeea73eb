"""The set-up: what is not as it should be, what would put it right, and doing that."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request

from relay import checks
from relay.console.gate import audited, begin_work, desk, needs
from relay.language import N_, gettext

page = Blueprint("checks", __name__)

ORDER = ("error", "warning", "info")


@page.get("/checks")
def show() -> str:
    work = desk().works.newest("check", "fix", over=True)
    answer = work.answer if work and work.answer else None
    findings = answer["findings"] if answer else []
    return render_template(
        "checks.html",
        work=work,
        answer=answer,
        hits={code: [f for f in findings if f["fix"] and f["fix"]["code"] == code] for code in _fixable(findings)},
        groups=[
            (severity, found)
            for severity in ORDER
            if (found := [finding for finding in findings if finding["severity"] == severity])
        ],
    )


@page.post("/checks/look")
@needs("operate")
def look() -> Any:
    return begin_work(
        "check",
        N_("Check the set-up"),
        lambda site: checks.run_checks(site.settings, clock=site.clock, progress=site.progress),
    )


@page.post("/checks/fix")
@needs("operate")
def fix() -> Any:
    """Put right what one finding, or several of one kind, named; then everything is checked again."""
    code = request.form.get("code", "")
    last = desk().works.newest("check", "fix", over=True)
    if last is None or code not in _fixable((last.answer or {}).get("findings", [])):
        abort(400, gettext("The last check of the set-up did not find this wrong. Nothing was done: check again."))
    begun = begin_work(
        "fix",
        N_("Put the set-up right"),
        lambda site: checks.apply_fixes(
            site.settings, (code,), clock=site.clock, progress=site.progress, say=site.progress.line
        ),
        writes=True,
        facts={"code": code},
    )
    audited(N_("set-up put right"), code, N_("started"))
    return begun


def _fixable(findings: list[dict[str, Any]]) -> set[str]:
    return {finding["fix"]["code"] for finding in findings if finding["fix"]}
