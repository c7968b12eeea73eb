"""Public print scripts run unchanged: twenty-two in the manner of PaperCut's own recipes, with what each has to do.

Together they use every member of the host that the reference names at least once. One Rhino for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from relay.sandbox import rhino
from tests.support.tools import RHINO_JAR, need

RECIPES = Path(__file__).parent / "recipes"
MEMBERS = re.compile(r"\b([a-zA-Z]\w*)\b")
MONDAY_NOON = 1793620800000  # 2026-11-02T12:00:00Z


@pytest.fixture(scope="module")
def host() -> Iterator[rhino.Host]:
    need("rhino")
    with rhino.Host(RHINO_JAR, options=["-Duser.timezone=UTC"]) as running:
        yield running


@dataclass(frozen=True)
class Run:
    """One job for one recipe: what differs from the ordinary one, what is clicked, what has to come of it."""

    recipe: str
    calls: list[list[Any]]
    job: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    printer: dict[str, Any] = field(default_factory=dict)
    utils: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    client: bool = True
    analysed: bool = True
    hook: str = "printJobHook"
    error: str = ""


METADATA = {
    "username": "ann",
    "documentName": "plan.pdf",
    "printerName": "Colour",
    "fullPrinterName": "print01\\Colour",
    "clientMachineOrIP": "pc7",
    "clientIP": "10.0.0.7",
    "jobSourceName": "pc7",
    "spoolSizeKB": 77,
    "date": MONDAY_NOON,
}
ANALYSIS = {
    "cost": 2.0,
    "totalPages": 10,
    "totalColorPages": 2,
    "totalGrayscalePages": 8,
    "totalSheets": 10,
    "copies": 1,
    "isColor": True,
    "paperSizeName": "A4",
    "environmentGramsCO2": 40.0,
    "environmentBulbHours": 0.7,
}
PERSON = {"username": "ann", "fullName": "Ann Lee", "email": "ann@example.com", "balance": 5.0}


def asked(prompt: str, text: str, choices: list[str] | None = None, **options: Any) -> list[Any]:
    """Return a question as it reaches the client."""
    return ["client", prompt, text, choices, options or None]


DUPLEX_PROMPT = asked(
    "promptYesNo",
    "<html>This job of <b>10</b> sheets is single-sided.<br>Print it double-sided?</html>",
    dialogTitle="Save paper",
    dialogDesc="Duplex is cheaper",
    hideJobDetails=True,
    timeoutSecs=60,
    fastResponse=True,
    questionID="duplex",
)
LARGE_PROMPT = asked("promptPrintCancel", "This job has 51 pages. Print it?")
COLOUR_PROMPT = asked(
    "promptYesNoCancel", "2 of 10 pages are in colour. Print in black and white?", questionID="colour"
)
CODE_PROMPT = asked("promptForText", "Project code?", fieldLabel="Code:", defaultText="0000", questionID="code")
CHOICE = asked(
    "promptForChoice", "Charge to", ["Accounts", "Design", "Sales"], defaultChoice="Design", fieldLabel="Account"
)
FORM = asked(
    "promptForForm",
    "<html>Do you accept the policy? <input type='radio' name='policy' value='Y'> yes "
    "<input type='radio' name='policy' value='N' checked> no</html>",
)
CANCEL = ["job", "cancel"]
MFD = {"device": {"deviceName": "MFD 1"}}
COSTS = {"print01\\Laser": 1.5, "print01\\Copy Centre": 1.25}
NIGHT = 1793653200000  # 2026-11-02T21:00:00Z
SEED = ["log", "debug", f"seed {MONDAY_NOON}|77|plan.pdf|pc7|print01\\Colour"]

COUNTED = [
    ["user", "onCompletionIncrementNumberProperty", "colour-pages", 2, {"saveWhenCancelled": False}],
    ["user", "onCompletionSaveProperty", "last-printer", "Colour"],
]
REDACTED = ["job", "changeDocumentName", "Confidential document of ann"]
NOT_ACCEPTED = ["job", "cancelAndLog", "Policy not accepted"]
LOW_BALANCE = ["job", "cancelAndLog", "LOW_BALANCE from pc7 10.0.0.7"]

RUNS = [
    Run("confirm_large_jobs", []),
    Run("confirm_large_jobs", [], analysed=False),
    Run("confirm_large_jobs", [LARGE_PROMPT], job={"totalPages": 51}, answers={"promptPrintCancel": "PRINT"}),
    Run("confirm_large_jobs", [LARGE_PROMPT, CANCEL], job={"totalPages": 51}, client=False),
    Run(
        "suggest_duplex",
        [DUPLEX_PROMPT, ["job", "convertToDuplex"], ["client", "sendMessage", "Thank you. You saved 5 sheets."]],
        answers={"duplex": "YES"},
    ),
    Run("suggest_duplex", [DUPLEX_PROMPT], answers={"duplex": "NO"}),
    Run("suggest_duplex", [], job={"isDuplex": True}),
    Run("suggest_duplex", [], client=False),
    Run("discourage_colour", [COLOUR_PROMPT, ["job", "convertToGrayscale"]], answers={"colour": "YES"}),
    Run("discourage_colour", [COLOUR_PROMPT], answers={"colour": "NO"}),
    Run("discourage_colour", [COLOUR_PROMPT, ["job", "cancelAndLog", "Cancelled by the user"]]),
    Run("discourage_colour", [], user={"groups": ["Staff"]}),
    Run("discourage_colour", [], analysed=False),
    Run(
        "redirect_cheapest",
        [
            asked("promptOKCancel", "Send it to print01\\Copy Centre and save €0.75?"),
            ["job", "redirect", "print01\\Copy Centre", {"allowHoldAtTarget": True, "recalculateCost": True}],
        ],
        job={"costs": COSTS},
        answers={"promptOKCancel": "OK"},
    ),
    Run("redirect_cheapest", [["log", "debug", "Already the cheapest: Colour"]], job={"costs": COSTS, "cost": 1.0}),
    Run("redirect_cheapest", [], error="there is no printer print01"),
    Run(
        "office_hours",
        [
            ["client", "sendMessage", "Printing is open from 8 to 18 h."],
            ["job", "cancelAndLog", "Out of hours: Mon Nov 02 2026"],
            ["log", "info", "ann tried to print out of hours"],
        ],
        job={"date": NIGHT},
        user={"groups": ["Trainees"]},
        analysed=False,
    ),
    Run("office_hours", [], user={"groups": ["Trainees"]}),
    Run("office_hours", [], job={"date": NIGHT}),
    Run("staff_discount", [["job", "setCost", 1], ["job", "addComment", "Discount 50%"]], user={"groups": ["Staff"]}),
    Run("staff_discount", []),
    Run(
        "charge_department",
        [["job", "chargeToSharedAccount", "Design"]],
        printer={"groups": ["Departments", "Dept Design"]},
        analysed=False,
    ),
    Run("charge_department", [["job", "chargeToPersonalAccount"]], printer={"groups": ["Dept Design"]}),
    Run("redact_documents", [REDACTED], job={"documentName": "Salary 2026.xls"}),
    Run("redact_documents", [REDACTED], printer={"printerName": "HR-1"}),
    Run("redact_documents", []),
    Run("watermark", [["job", "setWatermark", "Ann Lee - %date%"]]),
    Run(
        "watermark",
        [["job", "setWatermark", ""], ["job", "disableArchiving"]],
        user={"fullName": None},
        job={"documentName": "Final EXAM.doc"},
    ),
    Run("page_quota", COUNTED, user={"properties": {"colour-pages": "18"}}),
    Run(
        "page_quota",
        [asked("promptOK", "You have 1 colour pages left."), CANCEL],
        user={"properties": {"colour-pages": "19"}},
    ),
    Run("page_quota", COUNTED),
    Run("page_quota", [], job={"isGrayscale": True}),
    Run(
        "printer_counters",
        [
            ["printer", "onCompletionSaveProperty", "last-user", "ann", {"saveWhenCancelled": True}],
            ["printer", "onCompletionIncrementNumberProperty", "sheets", 10],
        ],
        printer={"properties": {"last-user": "bob", "max-copies": "3"}},
    ),
    Run(
        "printer_counters",
        [["printer", "onCompletionIncrementNumberProperty", "sheets", 10]],
        printer={"properties": {"last-user": "ann"}},
    ),
    Run(
        "printer_counters",
        [CANCEL, ["log", "warning", "Too many copies on Colour"]],
        printer={"properties": {"max-copies": "3"}},
        job={"copies": 4},
    ),
    Run(
        "site_counters",
        [
            ["job", "setCost", 0],
            ["utils", "onCompletionSaveProperty", "raffle-winner", "ann"],
            ["utils", "onCompletionIncrementNumberProperty", "raffle-jobs", 1],
        ],
        utils={"properties": {"raffle": "on", "raffle-jobs": "99"}},
    ),
    Run(
        "site_counters",
        [["utils", "onCompletionIncrementNumberProperty", "raffle-jobs", 1]],
        utils={"properties": {"raffle": "on", "raffle-jobs": "none yet"}},
    ),
    Run("site_counters", []),
    Run(
        "mail_large_footprint",
        [
            [
                "utils",
                "sendEmail",
                "office@example.com",
                "Large job: plan.pdf",
                "Ann Lee <ann@example.com>\nCO2: 512.3 g, light bulb: 8.6 h",
            ]
        ],
        job={"environmentGramsCO2": 512.25, "environmentBulbHours": 8.6},
    ),
    Run("mail_large_footprint", []),
    Run("ask_project_code", [CODE_PROMPT, ["job", "addComment", "Project 4711"]], answers={"code": "4711"}),
    Run(
        "ask_project_code",
        [CODE_PROMPT, asked("promptOK", "A code has four digits.", dialogTitle="Project code"), CANCEL],
        answers={"code": "47"},
    ),
    Run("ask_project_code", [CODE_PROMPT, CANCEL]),
    Run("ask_project_code", [], client=False),
    Run(
        "choose_account",
        [
            CHOICE,
            ["job", "chargeToSharedAccount", "Departments\\Sales"],
            ["user", "onCompletionSaveProperty", "last-account", "Sales", {"saveWhenCancelled": True}],
        ],
        answers={"promptForChoice": "Sales"},
    ),
    Run("choose_account", [CHOICE, CANCEL], answers={"promptForChoice": "CANCEL"}),
    Run(
        "policy_form",
        [FORM, ["user", "onCompletionSaveProperty", "policy", "accepted"]],
        answers={"promptForForm": {"policy": "Y"}},
    ),
    Run("policy_form", [FORM, NOT_ACCEPTED], answers={"promptForForm": {"policy": "N"}}),
    Run("policy_form", [FORM, NOT_ACCEPTED]),
    Run("policy_form", [], user={"properties": {"policy": "accepted"}}),
    Run(
        "release_for_visitor",
        [
            asked("promptOKCancel", "Print for guest.one?", timeoutSecs=30),
            ["job", "changeUser", "guest.one"],
            ["job", "bypassReleaseQueue"],
        ],
        job={"documentName": "ticket for:guest.one"},
        user={"username": "reception"},
        answers={"promptOKCancel": "OK"},
    ),
    Run("release_for_visitor", [], job={"documentName": "ticket for:guest.one"}),
    Run(
        "short_hold",
        [["job", "setHoldReleaseTimeout", 5], asked("promptOK", "Your job of size A3 waits for five minutes.")],
        job={"paperSizeName": "A3"},
    ),
    Run("short_hold", []),
    Run("by_source", [["client", "sendMessage", "Balance €1.00 is below €2.00"], LOW_BALANCE], user={"balance": 1.0}),
    Run(
        "by_source",
        [["utils", "sendEmail", "ann@example.com", "Not printed", "Balance €1.00 is below €2.00"], LOW_BALANCE],
        user={"balance": 1.0},
        job={"isMobilityPrintJob": True},
    ),
    Run("by_source", []),
    Run(
        "after_account_selection",
        [["job", "addComment", "Account Acme\\Design"]],
        hook="printJobAfterAccountSelectionHook",
        job={"selectedSharedAccountName": "Acme\\Design"},
    ),
    Run(
        "after_account_selection",
        [["client", "sendMessage", "Please choose Acme"], CANCEL],
        hook="printJobAfterAccountSelectionHook",
        user={"defaultSharedAccountName": "Acme"},
    ),
    Run(
        "after_account_selection",
        [["job", "changePersonalAccountChargePriority", ["Allowance", "Cash"]]],
        hook="printJobAfterAccountSelectionHook",
        user={"autoChargeToSharedAccountName": ""},
    ),
    Run("same_answer_twice", [SEED, ["job", "setCost", 4], ["job", "addComment", "double"]]),
    Run("same_answer_twice", [SEED], analysed=False),
    Run(
        "device_hooks",
        [["login", "denyLoginAccess"]],
        hook="deviceLoginHook",
        user={"groups": ["Visitors"]},
        others=MFD,
    ),
    Run("device_hooks", [["login", "denyColorCopyAccess"]], hook="deviceLoginHook", others=MFD),
    Run(
        "device_hooks",
        [["heldJob", "blockRelease", "book.pdf of 2026: long jobs are double-sided. personal"]],
        hook="devicePrintReleaseHook",
        others={
            "heldJob": {
                "documentName": "book.pdf",
                "totalPages": 60,
                "copies": 2,
                "isSimplex": True,
                "date": MONDAY_NOON,
            }
        },
    ),
    Run(
        "device_hooks",
        [["log", "error", "copied on MFD 1 for €2.00, there €1.25"]],
        hook="deviceJobLogHook",
        job={"isCopy": True, "costs": {"device\\Copy Centre": 1.25}},
        others=MFD,
    ),
]


def outcome(host: rhino.Host, run: Run) -> dict[str, Any]:
    return host.run(
        {
            "script": str(RECIPES / f"{run.recipe}.js"),
            "hook": run.hook,
            "inputs": {
                "job": METADATA | {"isAnalysisComplete": run.analysed} | (ANALYSIS if run.analysed else {}) | run.job,
                "user": PERSON | run.user,
                "printer": {"printerName": "Colour", "groups": []} | run.printer,
                "utils": run.utils,
                "client": {"isRunning": run.client},
                **run.others,
            },
            "answers": run.answers,
        }
    )


@pytest.mark.parametrize("run", RUNS, ids=[f"{number}-{run.recipe}" for number, run in enumerate(RUNS)])
def test_a_recipe_does_what_it_is_for(host: rhino.Host, run: Run) -> None:
    """corrections, print scripts: strings and booleans are the script's own; a script says the same each time."""
    done = outcome(host, run)
    assert run.error in done.get("error", "") if run.error else "error" not in done, done
    assert done["calls"] == run.calls
    assert outcome(host, run)["calls"] == run.calls


def test_every_recipe_is_run() -> None:
    assert {path.stem for path in RECIPES.glob("*.js")} == {run.recipe for run in RUNS}
    assert len(list(RECIPES.glob("*.js"))) >= 20


def test_the_recipes_use_every_member_of_the_host() -> None:
    """A member that no recipe uses is one of which nobody would see that it is missing or wrong."""
    java = rhino.SOURCE.read_text(encoding="utf-8")
    host = java.partition("public class PrintHost")[2].partition("private static final Map<String, Script>")[0]
    methods = set(re.findall(r"public \w+ (\w+)\(", host))
    fields = {
        name
        for line in re.findall(r"public (?:final )?\w+ ([\w, =]+)(?:;| = )", host)
        for name in re.findall(r"(\w+)(?: = \w+)?(?:,|$)", line)
    }
    used = set(MEMBERS.findall("\n".join(path.read_text(encoding="utf-8") for path in RECIPES.glob("*.js"))))
    assert len(methods) > 40 and len(fields) > 40
    assert (methods | fields) - used == set()


def test_wrapped_booleans_are_a_hardness_of_the_test_host(host: rhino.Host) -> None:
    """corrections: wrapped, `!isAnalysisComplete` would never be true, and public scripts would not work."""
    request = {
        "script": str(RECIPES / "confirm_large_jobs.js"),
        "hook": "printJobHook",
        "inputs": {"job": METADATA | {"isAnalysisComplete": False, "totalPages": 51}, "client": {"isRunning": False}},
    }
    assert host.run(request)["calls"] == []
    assert host.run({**request, "wrap": True})["calls"] != []
