"""The print script in a real Rhino: who is refused, what is asked and shown, and that every run says the same."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from relay.people.act import print_script, publish
from relay.sandbox import rhino
from relay.sandbox.papercut import JobRecord, PaperCutState, printing
from tests.support.papercut_site import NOW, SCRIPTS
from tests.support.print_script import BLOCKED, MEMBER, PERSON, UNLINKED, Script, names, said
from tests.support.settings_example import example_settings
from tests.support.tools import NODE, need

# --- guard ---


@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize(
    ("guard", "groups", "refused"),
    [
        ("blocked", MEMBER, ""),
        ("blocked", (), ""),
        ("blocked", (BLOCKED,), "does not include printing"),
        ("blocked", (*MEMBER, BLOCKED), "does not include printing"),
        ("blocked", (UNLINKED,), "not linked to OfficeRnD"),
        ("members", MEMBER, ""),
        ("members", (), "not on the list"),
        ("members", ("Acme",), "not on the list"),
        ("members", (*MEMBER, BLOCKED), "does not include printing"),
        ("members", (UNLINKED,), "not linked to OfficeRnD"),
        ("off", (UNLINKED, BLOCKED), ""),
        ("off", (), ""),
    ],
)
def test_guard(script: Script, guard: str, groups: tuple[str, ...], refused: str, analysed: bool) -> None:
    """Refused at once, before the analysis too, and told in the client and in the job log."""
    script.publish(print={"guard": guard})
    calls = script.run(groups=groups, analysed=analysed, runs=2)
    if refused:
        assert names(calls) == ["client.sendMessage", "job.cancelAndLog"]
        assert refused in said(calls, "client.sendMessage") and refused in said(calls, "job.cancelAndLog")
    else:
        assert "job.cancelAndLog" not in names(calls)
        assert bool(calls) == analysed


@pytest.mark.parametrize("exception", ["ann", "ANN", "group:Staff"])
def test_exceptions_are_never_refused(script: Script, exception: str) -> None:
    script.publish(print={"guard": "members", "exceptions": ["somebody", exception]})
    assert "job.cancelAndLog" not in names(script.run(groups=("Staff", UNLINKED)))


def test_an_exception_is_for_the_named_alone(script: Script) -> None:
    script.publish(print={"exceptions": ["anna", "group:Staffers", "Staff"]})
    assert "job.cancelAndLog" in names(script.run(groups=("Staff", UNLINKED)))


def test_other_names_of_groups(script: Script) -> None:
    script.publish(members={"unlinked_group": "Loose"}, print={"blocked_group": "No"})
    assert "job.cancelAndLog" in names(script.run(groups=("Loose",)))
    assert "job.cancelAndLog" in names(script.run(groups=("No",)))
    assert "job.cancelAndLog" not in names(script.run(groups=(UNLINKED, BLOCKED)))


def test_without_a_client_a_refusal_is_only_logged(script: Script) -> None:
    assert names(script.run(groups=(UNLINKED,), client=False)) == ["job.cancelAndLog"]


@pytest.mark.parametrize("on_error", ["allow", "refuse"])
def test_a_refusal_that_cannot_be_shown_is_a_refusal(script: Script, on_error: str) -> None:
    """`on_error` is for rules that could not be checked; here they were."""
    script.publish(print={"on_error": on_error})
    script.break_it("function canAsk(inputs) {", "function canAsk(inputs) { throw new Error('the client is gone');")
    calls = script.run(groups=(UNLINKED,))
    assert names(calls) == ["log.error", "job.cancelAndLog"]
    assert "not linked to OfficeRnD" in said(calls, "job.cancelAndLog")


# --- price and payer ---


@pytest.mark.parametrize(
    ("groups", "balance", "cost", "shown"),
    [
        (MEMBER, 0.0, 1.2, "3 pages, €1.20. Your balance is €0.00. €1.20 goes on your company's invoice."),
        (PERSON, 0.0, 1.2, "3 pages, €1.20. Your balance is €0.00. €1.20 goes on your own invoice."),
        (MEMBER, -3.0, 1.2, "3 pages, €1.20. Your balance is €-3.00. €1.20 goes on your company's invoice."),
        (MEMBER, 5.0, 1.2, "Your balance is €5.00. Paid from your allowance; €3.80 of it will be left."),
        (MEMBER, 1.2, 1.2, "Your balance is €1.20. Paid from your allowance; €0.00 of it will be left."),
        (
            MEMBER,
            1.0,
            1.2,
            "Your balance is €1.00. €1.00 is paid from your allowance, and €0.20 goes on your company's invoice.",
        ),
        (MEMBER, 0.3, 0.1 + 0.2, "Paid from your allowance; "),
    ],
)
def test_price_and_payer_are_shown(
    script: Script, groups: tuple[str, ...], balance: float, cost: float, shown: str
) -> None:
    calls = script.run(groups=groups, balance=balance, cost=cost, runs=3)
    assert names(calls) == ["client.sendMessage", "job.addComment"]
    assert shown in said(calls, "client.sendMessage")


@pytest.mark.parametrize(
    ("fees", "shown"),
    [
        ({"bill_to": "member"}, "€1.20 goes on your own invoice."),
        ({"managed_in": "papercut"}, "€1.20 goes on your print balance, which will be €-1.20."),
        ({"managed_in": "shadow"}, "€1.20 goes on your print balance, which will be €-1.20."),
    ],
)
def test_who_is_invoiced_follows_the_fees(script: Script, fees: dict[str, Any], shown: str) -> None:
    script.publish(fees=fees)
    assert said(script.run(), "client.sendMessage").endswith(shown)


def test_a_shared_account_pays_instead(script: Script) -> None:
    calls = script.run(user={"autoChargeToSharedAccountName": "R&D <x>"})
    assert said(calls, "client.sendMessage") == "3 pages, €1.20. €1.20 goes on the account R&D <x>."


def test_a_free_job_is_marked_and_not_talked_about(script: Script) -> None:
    assert names(script.run(cost=0.0)) == ["job.addComment"]


def test_without_a_client_or_for_a_web_job_nothing_is_shown_or_asked(script: Script) -> None:
    """Only the sender's own client can show anything; a prompt without one would hold the job for ever."""
    dear = {"cost": 99.0, "totalPages": 900}
    for way in (
        {"client": False},
        {"isWebPrintJob": True},
        {"isMobilityPrintJob": True},
        {"jobSourceName": "WEB_PRINT"},
        {"jobSourceName": "EMAIL_PRINTING"},
        {"jobSourceName": "GOOGLE_CLOUD_PRINT"},
    ):
        assert names(script.run(**dear, **way)) == ["job.addComment"], way


def test_before_the_analysis_nothing_happens(script: Script) -> None:
    assert script.run(analysed=False, runs=2) == []


# --- questions ---


@pytest.mark.parametrize(
    ("settings", "job", "asks"),
    [
        ({}, {"cost": 5.0}, False),
        ({}, {"cost": 5.000001}, True),
        ({}, {"cost": 5.0000000001}, False),
        ({"confirm_above": ""}, {"cost": 999.0}, False),
        ({"confirm_above": "0.00"}, {"cost": 0.01}, True),
        ({"confirm_above": "0.00"}, {"cost": 0.0}, False),
        ({"confirm_pages": 50}, {"totalPages": 50}, False),
        ({"confirm_pages": 50}, {"totalPages": 51}, True),
        ({"confirm_pages": 50}, {"totalPages": 51, "cost": 0.0}, True),
        ({"confirm_pages": 0}, {"totalPages": 9999}, False),
    ],
)
def test_what_is_asked(script: Script, settings: dict[str, Any], job: dict[str, Any], asks: bool) -> None:
    script.publish(print=settings)
    calls = script.run(answers={"promptPrintCancel": "PRINT"}, runs=2, **job)
    assert ("client.promptPrintCancel" in names(calls)) == asks
    assert names(calls)[-1] == "job.addComment"
    if asks:
        assert names(calls) == ["client.promptPrintCancel", "job.addComment"]


@pytest.mark.parametrize("runs", [1, 2, 5])
@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        ("PRINT", ["job.addComment"]),
        ("OK", ["job.addComment"]),
        ("YES", ["job.addComment"]),
        ("CANCEL", ["job.cancelAndLog"]),
        ("NO", ["job.cancelAndLog"]),
        (None, ["job.cancelAndLog"]),
    ],
)
def test_answers(script: Script, answer: str | None, ends: list[str], runs: int) -> None:
    """No answer in time is told apart from a no; either way nothing else happened before."""
    calls = script.run(cost=7.0, answers={"officernd-price": answer} if answer else {}, runs=runs)
    assert names(calls) == ["client.promptPrintCancel", *ends]
    if ends == ["job.cancelAndLog"]:
        expected = "Cancelled by the user." if answer else "not answered in time"
        assert expected in said(calls, "job.cancelAndLog")


def test_the_question_says_what_is_needed(script: Script) -> None:
    calls = script.run(cost=7.0, balance=2.0, totalPages=120, answers={"promptPrintCancel": "PRINT"})
    (_, _, message, _, options) = calls[0]
    assert message.startswith("<html>120 pages, €7.00. Your balance is €2.00. €2.00 is paid from your allowance, and ")
    assert message.endswith("<br><br>Print “plan.pdf”?</html>")
    assert options["questionID"] == "officernd-price" and options["timeoutSecs"] == 120
    assert options["dialogTitle"] == "Before this prints"


def test_markup_in_names_is_shown_as_text(script: Script) -> None:
    calls = script.run(
        cost=7.0, user={"autoChargeToSharedAccountName": "<b>R&D</b>"}, answers={"promptPrintCancel": "OK"}
    )
    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in calls[0][2] and "<b>" not in calls[0][2]


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        ("In colour", ["job.addComment"]),
        ("In black and white", ["job.convertToGrayscale", "job.addComment"]),
        ("CANCEL", ["job.cancelAndLog"]),
        (None, ["job.cancelAndLog"]),
    ],
)
def test_the_colour_question(script: Script, answer: str | None, ends: list[str]) -> None:
    """One question is enough: who chooses colour has said yes to the price in the same dialog."""
    script.publish(print={"colour_question": True})
    answers = {"promptForChoice": answer} if answer else {}
    calls = script.run(cost=7.0, totalColorPages=2, answers=answers, runs=2)
    assert names(calls) == ["client.promptForChoice", *ends]
    assert calls[0][3] == ["In colour", "In black and white"]
    assert "2 pages are in colour" in calls[0][2] and "€7.00" in calls[0][2]


def test_no_colour_question_for_a_job_without_colour_or_price(script: Script) -> None:
    script.publish(print={"colour_question": True})
    assert "client.promptForChoice" not in names(script.run(totalColorPages=0))
    assert "client.promptForChoice" not in names(script.run(totalColorPages=2, cost=0.0))
    assert "client.promptForChoice" not in names(script.run(totalColorPages=2, client=False))


def test_the_other_language(script: Script) -> None:
    script.publish(print={"language": "de"})
    calls = script.run(cost=7.0, answers={"promptPrintCancel": "PRINT"})
    assert "gehen auf die Rechnung Ihres Unternehmens" in calls[0][2]
    script.publish(print={"language": "en"})
    assert "goes on your company's invoice" in said(script.run(), "client.sendMessage")


# --- mark, errors, devices ---


def test_the_mark_is_the_same_in_every_run_and_another_for_every_job(script: Script) -> None:
    first = said(script.run(runs=5), "job.addComment")
    assert re.fullmatch(r"\[officernd hq [0-9a-f]{8}\]", first)
    others = [
        said(script.run(**change), "job.addComment")
        for change in (
            {"documentName": "other"},
            {"date": 1764000000001},
            {"fullPrinterName": "srv\\x"},
            {"username": "bob"},
        )
    ]
    assert len({first, *others}) == 5


BROKEN = [
    ("isInGroup", {"user": {"breaks": UNLINKED}}),
    ("no price", {"cost": None}),
    ("no pages", {"totalPages": None}),
]


@pytest.mark.parametrize("on_error", ["allow", "refuse"])
@pytest.mark.parametrize(("what", "inputs"), BROKEN, ids=[what for what, _ in BROKEN])
def test_a_script_error_takes_the_configured_way_and_is_logged(
    script: Script, on_error: str, what: str, inputs: dict[str, Any]
) -> None:
    """A paying member is never stopped silently, nor let through against the site's will."""
    script.publish(print={"on_error": on_error})
    calls = script.run(**inputs)
    assert names(calls)[0] == "log.error"
    assert names(calls)[1:] == (["job.cancelAndLog"] if on_error == "refuse" else [])
    if on_error == "refuse":
        assert "could not be checked" in said(calls, "job.cancelAndLog")


def test_an_unknown_answer_of_the_client_is_an_error_whose_text_is_not_logged(script: Script) -> None:
    calls = script.run(cost=7.0, answers={"promptPrintCancel": "s3cret"})
    assert names(calls) == ["client.promptPrintCancel", "log.error"]
    assert "s3cret" not in json.dumps(calls)


@pytest.mark.parametrize(("groups", "refused"), [(MEMBER, False), ((BLOCKED,), True), ((UNLINKED,), True)])
def test_device_hooks(script: Script, groups: tuple[str, ...], refused: bool) -> None:
    calls = script.run(groups=groups, hook="deviceLoginHook")
    assert names(calls) == (["login.denyLoginAccess"] if refused else [])
    calls = script.run(groups=groups, hook="devicePrintReleaseHook")
    assert names(calls) == (["heldJob.blockRelease"] if refused else [])


@pytest.mark.parametrize(
    ("hook", "refuses"),
    [("deviceLoginHook", "login.denyLoginAccess"), ("devicePrintReleaseHook", "heldJob.blockRelease")],
)
def test_device_hooks_with_an_error(script: Script, hook: str, refuses: str) -> None:
    broken = {"breaks": UNLINKED}
    assert names(script.run(hook=hook, user=broken)) == ["log.error"]
    script.publish(print={"on_error": "refuse"})
    assert names(script.run(hook=hook, user=broken)) == ["log.error", refuses]


def test_the_sandbox_forbids_java(script: Script) -> None:
    """The host's sandbox is a real one: what reaches for Java fails in it, and our script does not."""
    script.break_it(
        "function checkJob(inputs, actions) {", "function checkJob(inputs, actions) { java.lang.System.exit(0);"
    )
    calls = script.run()
    assert names(calls) == ["log.error"] and "java" in said(calls, "log.error")


def test_the_script_keeps_to_es5() -> None:
    """Syntax of ES5, no unknown global, no method that came later; and the judge does find such things."""
    need("node")

    def judge(text: str) -> str:
        return subprocess.run(
            ["node", str(NODE / "es5.js")], input=text, capture_output=True, text=True, check=True
        ).stdout

    script = (SCRIPTS / "print_hook.js").read_text()
    assert script.isascii()
    assert judge(script) == ""
    assert "Unexpected token" in judge(script + "\nvar f = x => x;")
    assert "nowhere is not defined" in judge(script + "\nvar f = nowhere;")
    assert "includes is newer" in judge(script + "\nvar f = [].includes(1);")


# --- publishing and the sandbox's runner ---


def test_the_published_script_holds_the_sites_settings(tmp_path: Path) -> None:
    settings = example_settings(
        tmp_path,
        site={"name": "b12", "currency": "KWD"},
        print={"confirm_above": "", "exceptions": ['"; x("', "ü\u2028"]},
    )
    publish.publish_programs(settings, now=NOW)
    text = (settings.scripts.home / "print_hook.js").read_text()
    assert text.isascii()
    known = json.loads(re.search(r"var SETTINGS = (\{.*?\n\});", text, re.DOTALL)[1])  # type: ignore[index]
    assert (known["site"], known["currency"], known["digits"]) == ("b12", "KWD", 3)
    assert known["confirm_above_micros"] is None and known["exceptions"] == ['"; x("', "ü\u2028"]
    assert known["live"] is None


def test_the_template_names_every_setting_that_is_published(tmp_path: Path) -> None:
    template = (SCRIPTS / "print_hook.js").read_text()
    default = json.loads(re.search(r"var SETTINGS = (\{.*?\n\});", template, re.DOTALL)[1])  # type: ignore[index]
    assert default == print_script.script_settings(example_settings(tmp_path))


def test_the_sandbox_runs_the_published_script(tmp_path: Path) -> None:
    need("rhino")
    settings = example_settings(tmp_path)
    publish.publish_programs(settings, now=NOW)
    state = PaperCutState(tmp_path / "papercut")
    state.add_user("ann")
    state.add_user("eve")
    state.add_group(BLOCKED, ["eve"])
    state.add_printer("srv", "hp")

    def printed(user: str, **clicks: Any) -> JobRecord:
        runner = rhino.script_runner(settings.scripts.home / "print_hook.js", **clicks)
        assert runner is not None
        with closing(runner):
            state.script_runner = runner
            return printing.print_job(state, user=user, pages=3, colour_pages=1, cost=7.0)

    assert printed("ann").printed and printed("ann").comment.startswith("[officernd hq ")
    assert "does not include printing" in printed("eve").denied_reason
    assert "not answered in time" in printed("ann", answers={}).denied_reason


def test_without_rhino_there_is_no_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rhino, "find_rhino", lambda: None)
    assert rhino.script_runner(tmp_path / "print_hook.js") is None
