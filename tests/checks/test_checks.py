"""Every finding is provoked, its sentence seen, put right (by its fix where it has one) and seen gone."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from relay import checks
from relay.checks import server, storage
from relay.checks.model import CheckedSite
from relay.clock import Clock
from relay.database import open_database
from relay.errors import EXIT_DONE, EXIT_FAILED, UsageError
from relay.installer import places
from relay.money.ledger import calendar
from relay.papercut import keys
from relay.progress import Progress
from tests.support.checks_bench import Bench
from tests.support.still_clock import StillClock

Step = Callable[[Bench], Any]


class Case(NamedTuple):
    """How a finding comes about, words of its sentence, and how it goes: None means by its own fix."""

    code: str
    provoke: Step
    says: str
    cure: Step | None
    severity: str = "error"


def config(key: str, value: str) -> Step:
    return lambda bench: bench.papercut.state.config.__setitem__(key, value)


def setting(section: str, **values: Any) -> Step:
    return lambda bench: bench.change(section, **values)


def secret(name: str, value: str) -> Step:
    return lambda bench: bench.secrets.__setitem__(name, value)


def home(bench: Bench) -> Path:
    return bench.settings.scripts.home


def security(bench: Bench) -> Path:
    return Path(places.security_file(str(bench.papercut.state.data_dir)))


def replaced(bench: Bench, old: str, new: str) -> None:
    path = security(bench)
    path.write_text(path.read_text().replace(old, new))


def plan(bench: Bench, **fields: Any) -> None:
    record = next(row for row in bench.officernd.state.plans if row["name"] == "PaperCut Fees")
    bench.officernd.state.change(bench.officernd.state.plans, record["_id"], fields)


def add_plan(bench: Bench) -> None:
    bench.officernd.state.add_plan("PaperCut Fees")


def remove_plan(bench: Bench) -> None:
    bench.officernd.switches.plans_can_be_created = "yes"
    state = bench.officernd.state
    for row in [row for row in state.plans if row["name"] == "PaperCut Fees"]:
        state.remove(state.plans, row["_id"])


def rename_last_plan(bench: Bench) -> None:
    rows = [row for row in bench.officernd.state.plans if row["name"] == "PaperCut Fees"]
    bench.officernd.state.change(bench.officernd.state.plans, rows[-1]["_id"], {"name": "Another"})


def tax(settings: str | None, **switches: Any) -> Step:
    """Leave tax_percent out of the settings, or set it, and let OfficeRnD say this of its prices."""

    def change(bench: Bench) -> None:
        if settings is None:
            bench.sections["fees"].pop("tax_percent")
        else:
            bench.change("fees", tax_percent=settings)
        for name, value in switches.items():
            setattr(bench.officernd.switches, name, value)

    return change


def quota(amount: float) -> Step:
    def give(bench: Bench) -> None:
        group = bench.papercut.state.groups["Acme"]
        group.quota.amount, group.quota.period = amount, "MONTHLY"

    return give


def price(amount: float) -> Step:
    return lambda bench: setattr(bench.papercut.state.printers[("print01", "Colour")], "page_cost", amount)


def popup_off(bench: Bench) -> None:
    bench.papercut.state.switches.unauthenticated_property = "unauthenticated"
    bench.papercut.state.template_printer.unauthenticated = True


def move_away(name: str) -> Step:
    return lambda bench: (home(bench) / name).rename(home(bench) / (name + ".away"))


def move_back(name: str) -> Step:
    return lambda bench: (home(bench) / (name + ".away")).rename(home(bench) / name)


def program(bench: Bench) -> Path:
    return Path(bench.papercut.state.config[keys.AUTH_PROGRAM])


def breaks(bench: Bench) -> None:
    program(bench).write_text("#!/bin/sh\necho OK\nexit 3\n")


def renew_programs(bench: Bench) -> None:
    import shutil

    shutil.rmtree(places.program_folder(str(bench.papercut.state.data_dir)))
    bench.install_programs()


def application(bench: Bench, scopes: set[str]) -> None:
    made = bench.officernd.add_application("narrow", scopes)
    bench.change("signin", client_id=made.client_id)
    bench.secrets["officernd_signin_secret"] = made.client_secret


def own_application(bench: Bench) -> None:
    bench.change("signin", client_id=bench.officernd.signin_application.client_id)
    bench.secrets["officernd_signin_secret"] = bench.officernd.signin_application.client_secret


def relay_application(bench: Bench, scopes: set[str] | None = None) -> None:
    made = bench.officernd.add_application("little", scopes) if scopes else bench.officernd.relay_application
    bench.change("officernd", client_id=made.client_id)
    bench.secrets["officernd_secret"] = made.client_secret


def old_agent(bench: Bench) -> None:
    bench.papercut.state.config[keys.AUTH_PROGRAM] = "C:\\PaperCut MF\\providers\\papercutauth.exe"


def ours(bench: Bench) -> None:
    folder = places.program_folder(str(bench.papercut.state.data_dir))
    bench.papercut.use_programs(Path(folder, "officernd-user-source"), Path(folder, "officernd-auth"))


def asked(bench: Bench) -> None:
    (home(bench) / "logs" / "user_source.log").write_text('{"query": "- all-users"}\n')


HOLES = "security holes that are being exploited"
CASES = [
    Case("papercut_unreachable", lambda b: b.papercut.stop(), "cannot be reached", lambda b: b.papercut.start()),
    Case("papercut_token_refused", secret("papercut_token", "wrong"), "token", secret("papercut_token", "sesame")),
    Case(
        "papercut_caller_not_allowed",
        config("auth.webservices.allowed-addresses", "10.0.0.9"),
        "Allowed XML Web Services callers",
        config("auth.webservices.allowed-addresses", "127.0.0.1"),
    ),
    Case(
        "callers_everyone",
        config("auth.webservices.allowed-addresses", "*"),
        "Every machine in the network",
        config("auth.webservices.allowed-addresses", "127.0.0.1"),
        "warning",
    ),
    Case("health_key_missing", config("health.api.key", ""), "no key yet", None, "info"),
    Case(
        "officernd_unreachable",
        lambda b: b.officernd.stop(),
        "OfficeRnD cannot be reached",
        lambda b: b.officernd.start(),
    ),
    Case(
        "officernd_secret_refused",
        secret("officernd_secret", "wrong"),
        "client id and secret",
        lambda b: relay_application(b),
    ),
    Case(
        "officernd_scope_missing",
        lambda b: relay_application(b, {"flex.community.members.read"}),
        "lacks one of the scopes",
        lambda b: relay_application(b),
    ),
    Case(
        "officernd_organization_not_found",
        setting("officernd", organization="nobody"),
        "no organisation 'nobody'",
        lambda b: b.change("officernd", organization=b.officernd.organisation.slug),
    ),
    Case(
        "location_unknown",
        setting("officernd", location="f" * 24),
        "correct [officernd] location; it has",
        lambda b: b.change("officernd", location=b.officernd.organisation.locations[0].id),
    ),
    Case(
        "timezone_differs",
        setting("site", timezone="America/Lima"),
        "[site] timezone says America/Lima",
        lambda b: b.change("site", timezone=b.officernd.organisation.locations[0].timezone),
        "warning",
    ),
    Case(
        "rule_unknown",
        setting("members", plans=["no such plan"]),
        "nobody is admitted by it",
        setting("members", plans=[]),
        "warning",
    ),
    Case("fees_plan_missing", remove_plan, "so no fee can be made", None),
    Case("fees_plan_twice", add_plan, "write the id of the right one", rename_last_plan),
    Case(
        "fees_plan_recurring",
        lambda b: plan(b, intervalLength="month"),
        "is billed every month instead of once",
        lambda b: plan(b, intervalLength="once"),
    ),
    Case(
        "fees_plan_elsewhere",
        lambda b: plan(b, locations=["f" * 24]),
        "not available at this site's location",
        lambda b: plan(b, locations=[b.officernd.organisation.locations[0].id]),
    ),
    Case(
        "signin_refused", secret("officernd_signin_secret", "wrong"), "nobody can log in", lambda b: own_application(b)
    ),
    Case(
        "signin_scope_missing",
        lambda b: application(b, {"flex.community.members.read"}),
        "lacks the scope flex.user.auth.signin",
        own_application,
    ),
    Case(
        "signin_shares_application",
        lambda b: b.change("signin", client_id=b.officernd.relay_application.client_id),
        "make a second one",
        own_application,
        "warning",
    ),
    Case("printer_free", price(0.0), "costs 0.00 EUR", price(0.1), "warning"),
    Case(
        "price_unreadable",
        lambda b: setattr(b.papercut.state.printers[("print01", "Colour")], "cost_model", "SIZE_TABLE"),
        "SIZE_TABLE",
        lambda b: setattr(b.papercut.state.printers[("print01", "Colour")], "cost_model", "SIMPLE"),
        "info",
    ),
    Case(
        "no_printers",
        lambda b: b.papercut.state.printers.clear(),
        "no printer yet",
        lambda b: b.papercut.state.add_printer("print01", "New", page_cost=0.1),
        "warning",
    ),
    Case(
        "devices_excepted",
        lambda b: b.papercut.state.add_printer("device", "Copier 1", page_cost=0.1),
        "Copier 1",
        lambda b: b.papercut.state.printers.pop(("device", "Copier 1")),
        "info",
    ),
    Case("popup_off", popup_off, "does not ask for a login", None, "warning"),
    Case("native_quota", quota(5.0), "pays debts before they are billed", quota(0.0), "warning"),
    Case(
        "groups_not_listed",
        lambda b: b.papercut.state.groups.pop("Acme"),
        "group list lacks 1 group of the directory (Acme)",
        None,
        "warning",
    ),
    Case("home_missing", lambda b: home(b).rename(b.folder / "gone"), "does not exist here", None, "warning"),
    Case("home_open", lambda b: home(b).chmod(0o755), "Other accounts of this machine may enter", None),
    Case(
        "home_above_open",
        lambda b: home(b).parent.chmod(0o777),
        "others may exchange it",
        lambda b: home(b).parent.chmod(0o755),
    ),
    Case("program_settings_missing", move_away("settings.json"), "There is no", None),
    Case(
        "program_settings_old",
        setting("signin", offline_hours=4),
        "differs from relay.toml in offline_hours",
        None,
        "warning",
    ),
    Case("print_script_missing", move_away("print_hook.js"), "to paste", None, "warning"),
    Case("never_synced", move_away("directory"), "No directory has been published", move_back("directory"), "warning"),
    Case(
        "tax_is_added",
        tax(None, billing_settings="present"),
        "members pay it twice",
        setting("fees", tax_percent="0"),
        "warning",
    ),
    Case(
        "tax_not_said",
        tax(None, billing_settings="absent"),
        "does not say whether it adds tax",
        setting("fees", tax_percent="0"),
        "info",
    ),
    Case(
        "tax_in_prices",
        tax("20", billing_settings="present", prices_include_tax=True),
        "too small by that tax",
        setting("fees", tax_percent="0"),
        "warning",
    ),
    Case("not_probed", move_away("directory"), "can be asked of them in a minute", move_back("directory"), "info"),
    Case(
        "directory_damaged",
        lambda b: (home(b) / "directory" / "CURRENT").write_text("nonsense"),
        "damaged",
        lambda b: b.publish(),
    ),
    Case(
        "directory_old",
        lambda b: b.publish(now=datetime.now(UTC) - timedelta(hours=40)),
        "40 hours ago",
        lambda b: b.publish(),
    ),
    Case(
        "directory_ageing",
        lambda b: b.publish(now=datetime.now(UTC) - timedelta(hours=30)),
        "30 hours ago",
        lambda b: b.publish(),
        "warning",
    ),
    Case("program_not_set", config(keys.AUTH_PROGRAM, ""), "auth.source.custom-program is empty", None),
    Case("old_agent_in_keys", old_agent, "OfficeRnD's own connector", None),
    Case("program_foreign", config(keys.AUTH_PROGRAM, "/usr/bin/true"), "a program other than ours", ours),
    Case("program_missing", lambda b: program(b).unlink(), "is not there", renew_programs),
    Case("auth_program_fails", breaks, "exit code 3", renew_programs),
    Case(
        "user_source_fails",
        lambda b: Path(b.papercut.state.config[keys.USER_SOURCE]).chmod(0o644),
        "cannot be started",
        renew_programs,
    ),
    Case(
        "programs_read_elsewhere",
        lambda b: program(b).with_name("officernd_home.txt").write_text(f"{b.folder}/other\r\n"),
        "set [scripts] home to",
        lambda b: program(b).with_name("officernd_home.txt").write_text(f"{home(b)}\r\n"),
    ),
    Case("source_not_asked", lambda b: None, "Primary sync source is Custom Program", asked, "warning"),
    Case(
        "folder_not_allowed",
        lambda b: replaced(b, "/custom/officernd", "/custom/other"),
        "security.custom-executable.allowed-directory-list",
        lambda b: replaced(b, "/custom/other", "/custom/officernd"),
    ),
    Case(
        "scripts_off",
        lambda b: replaced(b, "script.enabled=Y", "script.enabled=N"),
        "the print script does not run",
        lambda b: replaced(b, "script.enabled=N", "script.enabled=Y"),
        "warning",
    ),
    Case(
        "script_sandbox_open",
        lambda b: replaced(b, "print-script.allow-unsafe-code=N", "print-script.allow-unsafe-code=Y"),
        "set it to N",
        lambda b: replaced(b, "print-script.allow-unsafe-code=Y", "print-script.allow-unsafe-code=N"),
        "warning",
    ),
    Case(
        "security_file_missing",
        lambda b: security(b).rename(security(b).with_name("server.properties")),
        "before 22.1.1",
        lambda b: security(b).with_name("server.properties").rename(security(b)),
        "warning",
    ),
    Case(
        "server_not_here",
        lambda b: b.change("papercut", install_dir=str(b.folder)),
        "is not the folder of a PaperCut server",
        lambda b: b.change("papercut", install_dir=str(b.papercut.state.data_dir)),
    ),
    Case(
        "ledger_unwritable",
        lambda b: b.change("ledger", url=f"sqlite:///{b.folder}/no/such/folder/ledger.db"),
        "cannot be",
        lambda b: b.sections.pop("ledger"),
    ),
    Case(
        "personal_account_unknown",
        lambda b: b.change("papercut", personal_account="Nobody's"),
        "personal_account",
        lambda b: b.change("papercut", personal_account=""),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.code for case in CASES])
def test_a_finding_comes_and_goes(good: Bench, case: Case) -> None:
    case.provoke(good)
    result = good.check()
    found = good.find(case.code, result)
    assert found is not None, good.codes(result)
    assert case.says in found.message
    assert found.severity == case.severity
    if case.severity == "error":
        assert not result.ok and result.exit_code == EXIT_FAILED

    if case.cure is None:
        assert found.does
        result = good.fix(case.code)
        assert any(line.startswith(f"{case.code}: {found.subject}: ") for line in good.said), "told before done"
    else:
        assert not found.does
        case.cure(good)
        result = good.check()
    assert good.find(case.code, result) is None


def test_a_site_in_order_is_ok_and_tells_only_what_cannot_be_seen(good: Bench) -> None:
    asked(good)
    result = good.check()
    assert result.exit_code == EXIT_DONE
    assert good.codes(result) == {
        "restriction_left",
        "popup_unreadable",
        "print_script_unreadable",
        "schedule_missing",
        "ledger_copies_same_disk",
        "print_without_login",
    }
    assert result.as_json()["ok"] is True
    found = result.as_json()["findings"][0]
    assert set(found) == {"code", "severity", "subject", "message", "fix", "remedies"}


def test_whom_a_spared_group_lets_print_is_counted(good: Bench) -> None:
    """As the print script does it: an exception is stronger than the group of accounts that nobody knows."""
    state = good.papercut.state
    state.add_user("front.desk")
    state.add_group("Desk", ["front.desk"])
    state.add_group(good.settings.members.unlinked_group, ["front.desk"])
    good.change("print", guard="blocked")
    before = good.find("print_without_login")
    good.change("print", exceptions=["group:Desk"])
    after = good.find("print_without_login")
    assert before and after and (before.subject, after.subject) == ("1 account", "2 accounts")


def test_before_the_first_sync_nothing_that_it_brings_is_an_error(good: Bench) -> None:
    import shutil

    shutil.rmtree(home(good))
    result = good.check()
    assert result.ok and {"home_missing", "never_synced", "not_probed"} <= good.codes(result)
    home(good).mkdir(mode=0o700)
    result = good.check()
    assert result.ok and {"program_settings_missing", "never_synced"} <= good.codes(result)


def test_the_folder_list_is_compared_with_where_the_programs_really_are(good: Bench, tmp_path: Path) -> None:
    """Somebody may have put them elsewhere: that folder has to be listed then, and ours has not."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for key in (keys.AUTH_PROGRAM, keys.USER_SOURCE):
        program = Path(good.papercut.state.config[key]).rename(elsewhere / server.PROGRAMS[key])
        good.papercut.state.config[key] = str(program)
    found = good.find("folder_not_allowed")
    assert found and found.subject == str(elsewhere)
    good.papercut.use_programs(elsewhere / "officernd-user-source", elsewhere / "officernd-auth")
    replaced(good, "/custom/officernd", "/custom/other")
    assert not good.find("folder_not_allowed")


def test_programs_may_be_named_instead_of_given_by_path(good: Bench) -> None:
    """corrections, custom programs: newer servers look for a name in the listed folders."""
    state = good.papercut.state
    for key in (keys.AUTH_PROGRAM, keys.USER_SOURCE):
        state.config[key] = server.PROGRAMS[key]
    told = {"program_missing", "program_foreign", "auth_program_fails", "user_source_fails", "folder_not_allowed"}
    assert not good.codes() & told
    program_of = Path(places.program(str(state.data_dir), "officernd-auth"))
    program_of.write_text("#!/bin/sh\nexit 3\n")
    assert good.find("auth_program_fails")
    program_of.unlink()
    found = good.find("program_missing")
    assert found and "is in no folder of security.custom-executable" in found.message


def test_programs_without_a_pointer_read_the_folder_of_the_platform(good: Bench) -> None:
    program(good).with_name("auth_program.py").touch()
    found = good.find("programs_read_elsewhere")
    assert found and found.subject == places.Places(places.SYSTEM).home
    program(good).with_name("officernd_home.txt").write_bytes(b"\xff\xfe\xff")
    assert not good.find("programs_read_elsewhere"), "what cannot be read, the programs themselves tell"


def test_a_spoiled_log_of_the_source_is_read_as_far_as_it_can_be(good: Bench) -> None:
    log = good.settings.scripts.home / "logs" / "user_source.log"
    log.write_bytes(b"caf\xe9\n")
    assert good.find("source_not_asked")
    log.write_bytes(b'caf\xe9\n{"query": "- list-all-users"}\n')
    assert not good.find("source_not_asked")


def test_a_source_that_is_not_asked_names_the_other_form(good: Bench) -> None:
    """corrections, custom programs: if newer servers refuse paths, every login and sync fails."""
    state = good.papercut.state
    paths = [state.config[key] for key in server.PROGRAMS]
    found = good.find("source_not_asked")
    assert found and "enter officernd-user-source and officernd-auth there" in found.message
    state.config |= server.PROGRAMS
    found = good.find("source_not_asked")
    assert found and f"enter {' and '.join(paths)} there" in found.message


def test_checking_writes_to_neither_system(good: Bench) -> None:
    good.check()
    assert not good.papercut.writes
    assert good.officernd.writes == 0


def test_the_worst_comes_first_and_one_unreachable_system_hides_nothing_else(good: Bench) -> None:
    good.papercut.stop()
    remove_plan(good)
    findings = good.check().findings
    assert [found.severity for found in findings] == sorted(
        (found.severity for found in findings), key=["error", "warning", "info"].index
    )
    assert {"papercut_unreachable", "fees_plan_missing"} <= {found.code for found in findings}


def test_a_check_that_cannot_look_is_a_finding_and_the_others_go_on(good: Bench) -> None:
    good.papercut.faults.add("listPrinters", "fault", times=0, text="out of order")
    quota(5.0)(good)
    result = good.check()
    found = good.find("not_checked", result)
    assert found is not None and found.subject == "printers.printers" and "out of order" in found.message
    assert good.find("native_quota", result)


@pytest.mark.parametrize(
    ("version", "code"), [("24.1.9 (Build 1)", "papercut_version"), ("22.0.9", "papercut_version"), ("26.0.5", None)]
)
def test_versions_with_holes_are_told(
    good: Bench, monkeypatch: pytest.MonkeyPatch, version: str, code: str | None
) -> None:
    monkeypatch.setattr("relay.sandbox.papercut.health.VERSION", version)
    found = good.find("papercut_version")
    assert (found.code if found else None) == code
    assert found is None or HOLES in found.message


def test_a_health_interface_that_stays_silent_is_told(good: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.papercut.client.PaperCut.health", lambda self: {})
    assert good.find("health_unreadable")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"valid": False}, "licence_invalid"),
        ({"valid": True, "users": {"licensed": 100, "used": 97, "remaining": 3}}, "licence_full"),
        ({"valid": True, "users": {"licensed": -1, "used": 9, "remaining": -10}}, None),
        ("unlimited", None),
    ],
)
def test_the_licence_is_read_where_it_is_told(
    good: Bench, monkeypatch: pytest.MonkeyPatch, told: Any, code: str | None
) -> None:
    monkeypatch.setattr("relay.papercut.client.PaperCut.health", lambda self: {"license": told})
    assert good.codes() & {"licence_invalid", "licence_full"} == ({code} if code else set())


def test_a_clock_that_is_off_is_told_for_both_systems(good: Bench) -> None:
    class Late(Clock):
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=10)

    result = checks.run_checks(good.settings, clock=Late(), progress=Progress())
    told = [found for found in result.findings if found.code == "clock_difference"]
    assert [found.subject for found in told] == ["PaperCut", "OfficeRnD"]
    assert "s ahead of PaperCut's" in told[0].message


def test_a_quota_beside_our_own_top_up_is_an_error(good: Bench) -> None:
    quota(5.0)(good)
    good.change("top_up", amount="5.00")
    found = good.find("quota_and_top_up")
    assert found and found.severity == "error" and "members get both" in found.message


def test_the_old_connectors_service_is_an_error(good: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "old_agent_service", lambda system: (True, "auto"))
    found = good.find("old_agent_runs")
    assert found and "every night it deletes people it does not know" in found.message


def test_a_home_of_another_account_is_told(good: Bench, as_another_account: Callable[[], None]) -> None:
    as_another_account()
    found = good.find("home_of_another_account")
    assert found and "runs as the account of PaperCut's server" in found.message


def test_a_login_program_that_turns_everybody_away_is_told_with_its_reason(good: Bench) -> None:
    (home(good) / "directory" / "CURRENT").write_text("nonsense")
    found = good.find("login_unavailable")
    assert found and "CURRENT is damaged" in found.message


def test_little_room_on_the_disk_is_told(good: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: Usage(50 * 2**20))
    found = good.find("disk_low")
    assert found and found.severity == "error" and "50 MB left" in found.message


def about_copies(bench: Bench, clock: StillClock) -> dict[str, str]:
    found = list(storage.ledger_copies(CheckedSite(bench.settings, clock, Progress())))
    assert {finding.severity for finding in found} <= {"warning"}
    return {finding.code: finding.message for finding in found}


def daily_run_done(bench: Bench, clock: StillClock) -> None:
    database = open_database(bench.settings)
    calendar.mark_done(database, bench.settings, clock)
    database.dispose()


def test_copies_of_the_ledger_that_the_runs_did_not_keep_are_told(good: Bench) -> None:
    clock = StillClock()
    assert "ledger_copy_missing" not in about_copies(good, clock)  # before the first run there is none to miss
    daily_run_done(good, clock)
    folder = good.settings.copies_dir
    assert f"There is no copy of the ledger in {folder}" in about_copies(good, clock)["ledger_copy_missing"]
    folder.mkdir()
    (folder / "ledger-20261119-080000.db").touch()
    (folder / "ledger-20261121-075959.db").touch()
    assert "is from 21 Nov 2026" in about_copies(good, clock)["ledger_copy_missing"]
    (folder / "ledger-20261121-080000.db").touch()  # two days ago
    assert "ledger_copy_missing" not in about_copies(good, clock)


def test_copies_on_the_ledgers_own_disk_are_told(good: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also before there are any; elsewhere is what the system counts as another device."""
    found = good.find("ledger_copies_same_disk")
    assert found and found.severity == "warning" and "copies_dir" in found.message
    elsewhere = good.folder / "elsewhere"
    good.change("ledger", copies_dir=str(elsewhere))
    assert "ledger_copies_same_disk" in about_copies(good, StillClock())
    monkeypatch.setattr(storage, "_device", lambda path: path.is_relative_to(elsewhere))
    assert about_copies(good, StillClock()) == {}


def test_a_ledger_on_a_server_has_no_copies_of_ours(good: Bench) -> None:
    daily_run_done(good, StillClock())
    good.change("ledger", url="postgresql+psycopg://relay@127.0.0.1:1/relay")
    assert about_copies(good, StillClock()) == {}


def test_a_schedule_of_ours_is_recognised(good: Bench, tmp_path: Path) -> None:
    where = places.Places(places.LINUX, root=str(tmp_path / "root"))
    site = CheckedSite(good.settings, Clock(), Progress())
    assert [found.code for found in storage.schedule(site, where)] == ["schedule_missing"]
    for _, path in where.schedule():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    assert not list(storage.schedule(site, where))


def test_fix_all_does_what_needs_no_choice_and_leaves_printers_alone(good: Bench) -> None:
    popup_off(good)
    remove_plan(good)
    config("health.api.key", "")(good)
    result = good.fix()
    assert good.find("popup_off", result)
    assert not {"fees_plan_missing", "health_key_missing"} & good.codes(result)
    assert any("left alone" in line and "popup_off" in line for line in good.said)
    assert any("cannot be" in line or "not taken back" in line for line in good.said if "fees_plan" in line)


def test_a_fix_that_is_refused_is_told_and_stands_as_a_finding(good: Bench) -> None:
    remove_plan(good)
    good.officernd.switches.plans_can_be_created = "no"
    result = good.fix("fees_plan_missing")
    assert any(line.startswith("fees_plan_missing: not done: ") for line in good.said)
    assert good.find("fees_plan_missing", result)


def test_an_unknown_fix_is_usage_and_one_that_is_not_needed_is_no_error(good: Bench) -> None:
    with pytest.raises(UsageError, match="There is no fix nonsense"):
        good.fix("nonsense")
    assert good.fix("popup_off").ok
    assert good.said == ["popup_off: nothing to put right from here."]


def test_popups_are_switched_on_for_every_printer_named(good: Bench) -> None:
    popup_off(good)
    good.papercut.state.template_printer.unauthenticated = False
    subjects = {found.subject for found in good.check().findings if found.code == "popup_off"}
    assert subjects == {"[Template Printer]", "print01\\Colour"}
    good.fix("popup_off")
    assert good.papercut.state.template_printer.unauthenticated
    assert good.papercut.state.printers[("print01", "Colour")].unauthenticated


def test_a_certificate_that_a_proxy_put_there_is_named_with_its_issuer(good: Bench, proxy_url: str) -> None:
    good.change("papercut", url=proxy_url)
    found = good.find("papercut_tls")
    assert found and "issued by: CN=Acme Web Filter" in found.message


@pytest.mark.parametrize("key", ["token_url", "api_url"])
def test_the_issuer_is_that_of_the_address_that_failed(good: Bench, proxy_url: str, key: str) -> None:
    """Also where the address of the logins stands within the other one."""
    at = good.officernd.api_url if key == "token_url" else proxy_url
    good.change("officernd", **{"api_url": f"{at}/api", "token_url": good.officernd.token_url, key: f"{proxy_url}/api"})
    found = good.find("officernd_tls")
    assert found and found.message.endswith("issued by: CN=Acme Web Filter.")


def test_programs_are_started_as_the_server_does(good: Bench, tmp_path: Path) -> None:
    """No shell, a service's environment, standard input kept open, and an end even when the program hangs."""
    script = tmp_path / "program"
    script.write_text('#!/bin/sh\nread a; echo "$a,$HOME,$1"\n')
    script.chmod(0o755)
    assert server.spawn(str(script), ["-"], "line\n", _site(good)) == (0, "line,,-\n", "")
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    server_limit, server.SPAWN_LIMIT_S = server.SPAWN_LIMIT_S, 0.2
    try:
        assert server.spawn(str(script), [], "", _site(good))[0] == -1
    finally:
        server.SPAWN_LIMIT_S = server_limit


def _site(bench: Bench) -> Any:
    from relay.checks.model import CheckedSite

    return CheckedSite(bench.settings, Clock(), Progress())


def test_every_fix_belongs_to_a_finding_that_is_tested() -> None:
    tested = {case.code for case in CASES if case.cure is None}
    assert {fix.code for fix in checks.FIXES} == tested


def test_the_names_under_which_popups_may_show_are_tried_in_order(good: Bench) -> None:
    good.papercut.state.switches.unauthenticated_property = keys.POPUP[1]
    assert good.find("popup_off")


if os.name == "nt":  # the launchers and rights here are POSIX
    pytestmark = pytest.mark.skip("POSIX rights and launchers")
