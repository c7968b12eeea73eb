"""Print jobs: price, charge, refusal, refund, and the files that PaperCut writes about them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from xmlrpc.client import Fault

import pytest

from relay.sandbox.papercut import ApiFault, PaperCutStandIn, PaperCutState, PrintRefused, ScriptVerdict, printing
from tests.support.fake_programs import auth_program
from tests.support.still_clock import StillClock


def balance(papercut, name):
    return papercut.state.user(name).balance


# -- price and charge


@pytest.mark.parametrize(
    ("job", "cost"),
    [
        ({"pages": 3}, 0.3),
        ({"pages": 3, "colour_pages": 1}, 0.45),
        ({"pages": 3, "copies": 4}, 1.2),
        ({"pages": 3, "duplex": True}, 0.24),
        ({"pages": 2, "cost": 1.11}, 1.11),
    ],
)
def test_a_job_costs_its_pages(papercut, job, cost):
    """papercut-server-api 1.8: charged; duplex discount in percent"""
    papercut.state.printers[("print01", "Colour")].duplex_discount_percent = 20.0
    done = papercut.print_job(user="bob_example.com", **job)
    assert done.cost == pytest.approx(cost)
    assert balance(papercut, "bob_example.com") == pytest.approx(-cost)
    (entry,) = papercut.state.transactions_of("bob_example.com")
    assert (entry.kind, entry.amount, entry.job_id) == ("PRINT_USAGE", -done.cost, done.job_id)


def test_colour_costs_the_page_price_where_it_has_none(papercut):
    """papercut-server-api 1.5: getPrinterCostSimple"""
    papercut.state.add_printer("print01", "Mono", page_cost=0.05)
    assert papercut.print_job(user="bob_example.com", printer="Mono", pages=2, colour_pages=2).cost == 0.1


def test_counters_move_and_a_rate_changes_the_price(papercut, api):
    """papercut-server-api 1.6: print-stats.*, printer-cost-adjustment-rate-percent"""
    api.setUserProperty("sesame", "bob_example.com", "printer-cost-adjustment-rate-percent", "50")
    job = papercut.print_job(user="BOB_example.com", printer="print01\\Colour", pages=4, copies=2)
    assert (job.pages, job.copies, job.cost) == (8, 2, 0.4)
    names = ["print-stats.job-count", "print-stats.page-count"]
    assert api.getUserProperties("sesame", "bob_example.com", names) == ["1", "8"]
    assert api.getPrinterProperties("sesame", "print01", "Colour", names) == ["1", "8"]


def test_balances_are_doubles(papercut):
    """papercut-server-api 1.3: what three times ten cents is"""
    papercut.print_job(user="bob_example.com", pages=3)
    assert balance(papercut, "bob_example.com") == -0.30000000000000004


def test_a_free_job_leaves_no_transaction(papercut):
    """papercut-print-scripts 6: printer prices must be set or no fee arises"""
    papercut.print_job(user="bob_example.com", cost=0.0)
    assert papercut.state.transactions == []
    assert papercut.state.user("bob_example.com").job_count == 1


# -- refusals


def test_only_restricted_users_are_stopped_at_zero(papercut):
    """papercut-server-api 1.8: unrestricted users run negative freely"""
    state = papercut.state
    user = state.user("bob_example.com")
    user.balance = 0.25
    assert papercut.print_job(user="bob_example.com", pages=5).printed
    user.balance, user.restricted = 0.25, True
    denied = papercut.print_job(user="bob_example.com", pages=3)
    assert (denied.printed, denied.denied_reason, denied.cost) == (False, "INSUFFICIENT_CREDIT", 0.0)
    assert (user.balance, user.job_count) == (0.25, 1)
    assert papercut.print_job(user="bob_example.com", pages=2).printed


def test_an_overdraft_counts_where_the_mode_is_individual_or_the_default_allows_it(papercut):
    """papercut-server-api 1.6: overdraft-amount only with restricted AND individual"""
    user = papercut.state.user("bob_example.com")
    user.restricted, user.overdraft_amount = True, 1.0
    assert not papercut.print_job(user="bob_example.com").printed
    user.overdraft_mode = "individual"
    assert papercut.print_job(user="bob_example.com", pages=10).printed
    assert not papercut.print_job(user="bob_example.com").printed
    user.overdraft_mode = "default"
    papercut.state.settings.default_overdraft = 5.0
    assert papercut.print_job(user="bob_example.com").printed


def test_disabled_users_and_printers_deny(papercut, api):
    """papercut-server-api 1.6: disabled-print"""
    api.setUserProperty("sesame", "bob_example.com", "disabled-print", "TRUE")
    assert papercut.print_job(user="bob_example.com").denied_reason == "USER_DISABLED"
    api.disablePrinter("sesame", "print01", "Colour", -1)
    assert papercut.print_job(user="ann_example.com").denied_reason == "PRINTER_DISABLED"
    assert papercut.state.transactions == []
    assert "was denied: PRINTER_DISABLED" in papercut.state.server_log[-1]


def test_what_never_becomes_a_job(papercut):
    """papercut-print-scripts 3.7: no login, no job"""
    with pytest.raises(ApiFault) as refused:
        papercut.print_job(user="nobody")
    assert refused.value.code == 262
    with pytest.raises(ApiFault) as refused:
        papercut.print_job(user="ann_example.com", printer="print09\\Colour")
    assert refused.value.code == 283
    for wrong in ({"pages": 0}, {"copies": 0}, {"pages": 1, "colour_pages": 2}, {"colour_pages": -1}):
        with pytest.raises(PrintRefused):
            papercut.print_job(user="ann_example.com", **wrong)
    with pytest.raises(PrintRefused, match="nobody is logged in at laptop"):
        papercut.print_job()
    assert papercut.state.jobs == []


def test_a_name_of_two_printers_is_no_name(papercut):
    """papercut-server-api 1.5: `server\\printer`"""
    papercut.state.add_printer("print02", "Colour")
    with pytest.raises(ApiFault):
        papercut.print_job(user="ann_example.com", printer="Colour")


def test_a_job_with_a_login_goes_through_the_popup_which_remembers(papercut, tmp_path):
    """papercut-print-scripts 3.1: the job is attributed to who logged in at that address"""
    program = auth_program(tmp_path / "auth")
    program.answers({"ann@example.com/right": {"out": "OK\nann_example.com\n"}})
    papercut.use_programs(auth=program.path)
    with pytest.raises(PrintRefused, match="the popup refused ann@example.com: refused"):
        papercut.print_job(login=("ann@example.com", "wrong"), client="10.0.0.9")
    assert papercut.print_job(login=("ann@example.com", "right"), client="10.0.0.9").username == "ann_example.com"
    assert papercut.print_job(client="10.0.0.9").username == "ann_example.com"
    assert len(program.asked()) == 2


# -- print script


def test_without_a_runner_the_script_is_skipped_and_the_job_says_so(papercut):
    """papercut-print-scripts 1: the hook needs a Rhino"""
    assert papercut.print_job(user="ann_example.com").script == "skipped"


def test_a_runner_sees_the_job_and_its_verdict_counts(papercut):
    """papercut-print-scripts 1.3, 1.4, 1.6: facts in; cost, comment, user, account or a cancel out"""
    seen = []

    def runner(facts):
        seen.append(facts)
        return ScriptVerdict(cost=0.5, comment="O-1", username="bob_example.com", log=("priced",))

    papercut.state.script_runner = runner
    job = papercut.print_job(user="ann_example.com", pages=3, document="plan.pdf", comment="mine")
    (facts,) = seen
    assert (facts.username, facts.groups, facts.balance, facts.pages) == ("ann_example.com", ("Acme",), -7.0, 3)
    assert (facts.server, facts.printer, facts.document) == ("print01", "Colour", "plan.pdf")
    assert facts.grayscale and facts.client_running and not facts.web_print
    assert (job.username, job.cost, job.comment, job.script) == ("bob_example.com", 0.5, "mine\nO-1", "ran")
    assert balance(papercut, "bob_example.com") == -0.5
    papercut.state.script_runner = lambda facts: ScriptVerdict(allowed=False, reason="NOT_A_MEMBER")
    assert papercut.print_job(user="ann_example.com").denied_reason == "NOT_A_MEMBER"
    papercut.state.script_runner = lambda facts: ScriptVerdict(allowed=False)
    assert papercut.print_job(user="ann_example.com").denied_reason == "PRINT_SCRIPT"
    papercut.state.security["security.print-and-device.script.enabled"] = "N"
    assert papercut.print_job(user="ann_example.com", cost=0.0).script == "skipped"
    papercut.state.security["security.print-and-device.script.enabled"] = "Y"
    papercut.state.script_runner = lambda facts: ScriptVerdict(cost=-1.0)
    assert papercut.print_job(user="ann_example.com").denied_reason == "NEGATIVE_COST"
    assert balance(papercut, "ann_example.com") == -7.0


# -- copies


STATS = ["print-stats.job-count", "print-stats.page-count"]


@pytest.mark.parametrize(("counted", "stats"), [(True, ["1", "6"]), (False, ["0", "0"])])
def test_a_copy_is_charged_and_stands_in_no_log(papercut, api, counted, stats):
    """papercut-print-scripts 5.2: the text logs show no copies; whether the counters do is not known"""
    papercut.state.switches.set("copies_counted", counted)
    papercut.state.script_runner = lambda facts: ScriptVerdict(allowed=False)
    copy = papercut.copy_job(user="bob_example.com", pages=3, copies=2)
    assert (copy.kind, copy.printed, copy.script, copy.document) == ("COPY", True, "skipped", "")
    (entry,) = papercut.state.transactions
    assert (entry.kind, entry.amount, entry.job_id) == ("PRINT_USAGE", -copy.cost, copy.job_id)
    assert balance(papercut, "bob_example.com") == -copy.cost == pytest.approx(-0.6)
    assert api.getUserProperties("sesame", "bob_example.com", STATS) == stats
    assert api.getPrinterProperties("sesame", "print01", "Colour", STATS) == stats
    assert not (papercut.state.data_dir / "server" / "logs" / "print-logs").exists()
    assert not (papercut.state.data_dir / "server" / "logs" / "csv").exists()
    papercut.refund(copy.job_id)
    assert balance(papercut, "bob_example.com") == 0.0


def test_a_copy_needs_somebody_who_may(papercut):
    """papercut-server-api 1.8: the rules of a print; a device remembers nobody"""
    papercut.state.sessions["laptop"] = "bob_example.com"
    with pytest.raises(PrintRefused, match="nobody is logged in at the device"):
        papercut.copy_job()
    papercut.state.user("bob_example.com").disabled = True
    assert papercut.copy_job(user="bob_example.com").denied_reason == "USER_DISABLED"
    assert papercut.state.transactions == []
    assert papercut.copy_job(login=("reception", "front desk"), cost=1.5).username == "reception"


# -- shared accounts and refunds


def test_a_shared_account_is_charged_instead(papercut, api):
    """papercut-print-scripts 5.1: charged account"""
    api.addNewSharedAccount("sesame", "Studio")
    job = papercut.print_job(user="ann_example.com", pages=2, account="Studio")
    assert (job.account, job.username) == ("Studio", "ann_example.com")
    assert api.getSharedAccountAccountBalance("sesame", "Studio") == -0.2
    assert balance(papercut, "ann_example.com") == -7.0
    assert papercut.refund(job.job_id).refunded == 0.2
    assert api.getSharedAccountAccountBalance("sesame", "Studio") == 0.0
    api.setSharedAccountProperty("sesame", "Studio", "restricted", "TRUE")
    assert papercut.print_job(user="ann_example.com", account="Studio").denied_reason == "ACCOUNT_LIMIT"
    api.disableSharedAccount("sesame", "Studio", -1)
    assert papercut.print_job(user="ann_example.com", account="Studio").denied_reason == "ACCOUNT_DISABLED"
    with pytest.raises(ApiFault):
        papercut.print_job(user="ann_example.com", account="None")


def test_a_refund_gives_back_what_the_job_cost_and_no_more(papercut):
    """papercut-print-scripts 5.1: refunded"""
    job = papercut.print_job(user="bob_example.com", pages=10)
    papercut.refund(job.job_id, 0.25)
    assert balance(papercut, "bob_example.com") == -0.75
    papercut.refund(job.job_id)
    assert balance(papercut, "bob_example.com") == 0.0
    assert [entry.kind for entry in papercut.state.transactions] == ["PRINT_USAGE", "REFUND", "REFUND"]
    for wrong in (None, 0.1):
        with pytest.raises(PrintRefused):
            papercut.refund(job.job_id, wrong)
    with pytest.raises(PrintRefused):
        papercut.refund(1)


# -- processJob


def test_process_job_logs_and_charges(papercut, api):
    """papercut-server-api 1.8: name=value pairs, a pair with a comma in quotes, quotes doubled"""
    details = (
        'user=Ann_example.com,server=print01,printer=Colour,"document-name=Plan, ""final""",total-pages=4,'
        "total-color-pages=1,copies=2,cost=1.25,time=20261120T093000,duplex=TRUE,comment=imported"
    )
    papercut.state.user("ann_example.com").restricted = True
    assert api.processJob("sesame", details) is True
    (job,) = papercut.state.jobs
    assert (job.document, job.pages, job.colour_pages, job.copies, job.cost) == ('Plan, "final"', 4, 1, 2, 1.25)
    assert (job.at, job.duplex, job.comment) == (datetime(2026, 11, 20, 9, 30, tzinfo=UTC), True, "imported")
    assert balance(papercut, "ann_example.com") == -8.25
    assert api.processJob("sesame", "user=bob_example.com,server=new,printer=Queue") is True
    assert ("new", "Queue") in papercut.state.printers


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ("", 257),
        ("user=ann_example.com,server=print01", 257),
        ("user=ann_example.com,server=print01,printer", 257),
        ("user=nobody,server=print01,printer=Colour", 262),
        ("user=ann_example.com,server=print01,printer=Colour,total-pages=x", 257),
        ("user=ann_example.com,server=print01,printer=Colour,cost=x", 257),
        ("user=ann_example.com,server=print01,printer=Colour,time=yesterday", 257),
        ("user=ann_example.com,server=print01,printer=Colour,shared-account=None", 257),
    ],
)
def test_jobs_that_cannot_be_processed(papercut, api, details, code):
    """papercut-server-api 1.8: required are user, server, printer"""
    with pytest.raises(Fault) as refused:
        api.processJob("sesame", details)
    assert refused.value.faultCode == code
    assert papercut.state.jobs == []


# -- logs


def lines(papercut, *parts):
    return papercut.state.data_dir.joinpath("server", "logs", *parts).read_text(encoding="utf-8").splitlines()


def test_the_print_log_is_tab_delimited_one_file_a_day(papercut, clock):
    """papercut-print-scripts 5.2: fields 1 to 9 and the copies; the rest is not known"""
    papercut.print_job(user="bob_example.com", pages=3, colour_pages=1, copies=2, document="a\tb.pdf", client="mac")
    clock.move(hours=17)
    papercut.print_job(user="bob_example.com", duplex=True)
    (first,) = lines(papercut, "print-logs", "printlog_2026_11_23.log")
    assert first.split("\t") == [
        "2026-11-23 8:00:00 AM",
        "print01",
        "Colour",
        "bob_example.com",
        "bob_example.com",
        "mac",
        "a b.pdf",
        "6",
        "2",
        "2",
        "0.9000",
        "A4",
        "N",
        "N",
        "",
    ]
    (second,) = lines(papercut, "print-logs", "printlog_2026_11_24.log")
    assert second.split("\t")[0] == "2026-11-24 1:00:00 AM"


def test_denied_jobs_are_not_in_the_print_log(papercut):
    """papercut-print-scripts 5.1: printed"""
    papercut.state.user("bob_example.com").disabled = True
    papercut.print_job(user="bob_example.com")
    assert not (papercut.state.data_dir / "server" / "logs" / "print-logs").exists()


def test_the_logs_other_shapes_are_switches(papercut):
    """papercut-print-scripts 8.6: columns after field 9, cost, time"""
    switches = papercut.state.switches
    switches.set("print_log_cost", False)
    switches.set("print_log_time", "24h")
    switches.set("csv_cost_header", "")
    papercut.print_job(user="bob_example.com")
    assert lines(papercut, "print-logs", "printlog_2026_11_23.log") == [
        "2026-11-23 08:00:00\tprint01\tColour\tbob_example.com\tbob_example.com\tlaptop\tdocument.pdf\t1\t0\t1"
    ]
    header, row = csv.reader(lines(papercut, "csv", "daily", "papercut-print-log-2026-11-23.csv")[1:])
    assert "Cost" not in header and [*header, ""] == [*header, row[-1]] and len(header) + 1 == len(row)


def test_the_daily_csv_has_its_columns_by_name(papercut):
    """papercut-print-scripts 5.2: Time, User, Pages, Copies, Printer, Document Name, Duplex, Grayscale, cost"""
    papercut.state.switches.set("log_cost_digits", 2)
    papercut.print_job(user="bob_example.com", pages=3, copies=2, duplex=True, document='Plan, "final".pdf')
    papercut.print_job(user="bob_example.com")
    rows = list(csv.DictReader(lines(papercut, "csv", "daily", "papercut-print-log-2026-11-23.csv")[1:]))
    assert len(rows) == 2
    assert rows[0]["Time"] == "2026-11-23 08:00:00"
    assert (rows[0]["User"], rows[0]["Pages"], rows[0]["Copies"]) == ("bob_example.com", "3", "2")
    assert (rows[0]["Document Name"], rows[0]["Duplex"], rows[0]["Cost"]) == ('Plan, "final".pdf', "DUPLEX", "0.60")


def test_days_are_local(tmp_path):
    """papercut-print-scripts 5.2: local time"""
    clock = StillClock(datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    state = PaperCutState(tmp_path, clock=clock, timezone="Europe/Sofia")
    state.add_user("ann")
    state.add_printer("s", "p", page_cost=0.1)
    printing.print_job(state, user="ann")
    assert (tmp_path / "server/logs/print-logs/printlog_2026_11_24.log").exists()


def test_a_restarted_stand_in_goes_on_with_its_files(tmp_path, clock):
    """papercut-print-scripts 5.2: one file per day"""
    for _ in range(2):
        with PaperCutStandIn(data_dir=tmp_path, clock=clock) as server:
            server.state.add_user("ann")
            server.state.add_printer("s", "p")
            server.print_job(user="ann")
    assert len((tmp_path / "server/logs/print-logs/printlog_2026_11_23.log").read_text().splitlines()) == 2
