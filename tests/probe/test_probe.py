"""What a site answers is what its stand-ins are switched to, and nothing of anybody goes into the record."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import pytest

from relay import config, probe
from relay.errors import RelayError, UsageError
from relay.jobs.sources import halves
from relay.probe import files, papercut_calls, questions, record
from relay.probe.unanswered import Unanswered
from relay.progress import Progress
from relay.sandbox.like import like
from relay.sandbox.officernd import OfficeRnDSwitches
from relay.sandbox.pair import Pair
from relay.sandbox.papercut import PaperCutSwitches
from tests.support.forked_relay import Ended, ForkedRelay
from tests.support.quick_clock import QuickClock

OWN = papercut_calls.OWN_ACCOUNT

# Positions of the switches, all of which a probe finds out; together they turn every switch that can be asked about.
POSITIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as they stand": ({}, {}),
    "faults": (
        {
            "wrong_token_code": 300,
            "wrong_token_text": "This is no token of ours.",
            "fault_class_prefix": False,
            "unlisted_fault_code": 299,
            "unknown_name_code": 7,
            "health_bad_key_status": 403,
        },
        {"token_error_shape": "envelope", "signin_unknown_email": 404},
    ),
    "types": (
        {"typed_strings": True, "stringly_ints": "fault", "nil": "blank", "int_for_double": "accept"},
        {"bare_lists": ["locations"], "end_of_list": "null"},
    ),
    "text": (
        {"charset": "iso-8859-1", "boolean_spelling": "lower", "balance_digits": 2},
        {"missing_email": "null", "empty_properties": "object"},
    ),
    "text by number": ({"charset": "numeric", "balance_digits": 0}, {"missing_email": "empty"}),
    "lists": (
        {"page_limit": 7, "user_groups_with_built_in": False},
        {"default_limit": 20, "membership_filters": ["company"], "reads_a_minute": 333, "reads_a_day": 4444},
    ),
    "names": (
        {"old_card_names": True, "readable_pin": True, "pin_minimum_length": 6},
        {"fee_count": "absent", "membership_count": "absent"},
    ),
    "accounts": (
        {
            "add_existing_user": "fault",
            "set_properties_atomic": True,
            "membership_by_api": "refuse",
            "recreate_revives": True,
        },
        {"fee_count": "plain", "signin_refusal_like_bad_token": True, "billing_settings": "absent"},
    ),
    "taxes": ({}, {"fee_count": "ignoring", "prices_include_tax": True}),
}


def papercut_switches(positions: dict[str, Any]) -> PaperCutSwitches:
    switches = PaperCutSwitches()
    for name, value in positions.items():
        switches.set(name, value)
    return switches


def officernd_switches(positions: dict[str, Any]) -> OfficeRnDSwitches:
    switches = OfficeRnDSwitches()
    switches.change(positions)
    return switches


def site(
    folder: Path, papercut: dict[str, Any] | None = None, officernd: dict[str, Any] | None = None, members: int = 80
) -> Pair:
    """Return a pair of stand-ins in some position, with accounts and one fee to look at."""
    made = Pair(
        folder,
        members=members,
        filling="old-connector",
        papercut_switches=papercut_switches(papercut or {}),
        officernd_switches=officernd_switches(officernd or {}),
    )
    person = made.logins(1)[0].member
    made.officernd.add_fee(
        name="Printing",
        issueDate="2026-11-02",
        location=made.organisation.locations[0].id,
        plan=made.organisation.plan("PaperCut Fees").id,
        price=7.03,
        member=person.id,
    )
    return made


def ask(pair: Pair, *, write: bool = False) -> probe.Probe:
    return probe.ask(config.load(pair.config_file), write=write, clock=QuickClock(), progress=Progress())


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with site(tmp_path / "site") as running:
        yield running


def value_of(done: probe.Probe, name: str) -> Any:
    return next(answer.value for answer in done.record.answers if answer.question.name == name)


def why(done: probe.Probe, name: str) -> str:
    return next(answer.why_open for answer in done.record.answers if answer.question.name == name)


@pytest.mark.parametrize("name", POSITIONS)
def test_a_probe_recovers_the_positions_and_like_behaves_so(tmp_path: Path, name: str) -> None:
    papercut, officernd = POSITIONS[name]
    with site(tmp_path / "site", papercut, officernd) as running:
        done = ask(running, write=True)
        assert OWN not in running.papercut.state.users
        theirs = (running.papercut.state.switches, running.officernd.switches.as_json())
    assert done.failures == ()
    found = done.record.switches
    assert papercut.items() <= found["papercut"].items()
    assert officernd.items() <= found["officernd"].items()
    assert {key: getattr(theirs[0], key) for key in found["papercut"]} == found["papercut"], "nothing is guessed"
    assert {key: theirs[1][key] for key in found["officernd"]} == found["officernd"], "nothing is guessed"

    done.record.write(tmp_path / "site.json")
    likeness = like(tmp_path / "site.json")
    assert likeness.unknown == ()
    with Pair(
        tmp_path / "like", members=40, papercut_switches=likeness.papercut, officernd_switches=likeness.officernd
    ) as as_there:
        again = ask(as_there, write=True).record.switches
    for system in ("papercut", "officernd"):
        assert {key: again[system][key] for key in again[system] if key in found[system]} == {
            key: value for key, value in found[system].items() if key in again[system]
        }
        assert len(again[system]) > 10


def test_every_position_of_the_table_is_turned_by_a_test() -> None:
    """A switch that can be asked about and that no position turns would be recovered by never moving."""
    by_files = {question.switch for question in questions.QUESTIONS if question.how in BY_FILES}
    asked = {question.switch for question in questions.QUESTIONS if question.ask and question.switch} - by_files
    turned = {name for pair in POSITIONS.values() for positions in pair for name in positions}
    assert asked - turned == {"task_message", "star_allows_every_caller", "blank_account_name", "rate_headers"}


BY_FILES = {question.how for question in questions.QUESTIONS if question.how.startswith("by ")}


def test_the_table_knows_every_doubt_of_both_stand_ins() -> None:
    """A switch without a row is a doubt that nobody would ever put to a site."""
    known: dict[str, set[str]] = {"papercut": set(), "officernd": set()}
    for question in questions.QUESTIONS:
        known[question.system].add(question.switch)
        assert question.text.endswith("?") and question.how, question.name
    assert {row.name for row in fields(PaperCutSwitches)} - known["papercut"] == set()
    assert {row.name for row in fields(OfficeRnDSwitches)} - known["officernd"] == {"latency_s"}
    names = [(question.system, question.name) for question in questions.QUESTIONS]
    assert len(names) == len(set(names))


def test_a_probe_reads_unless_it_is_told_to_write(pair: Pair) -> None:
    done = ask(pair)
    assert not pair.papercut.writes
    assert pair.officernd.writes == 1, "the sign-in of nobody"
    assert len(done.record.switches["papercut"]) > 12 and len(done.record.switches["officernd"]) > 12
    assert why(done, "int_for_double") == "it is asked with --write only"
    assert why(done, "coins_switch_in").startswith("it cannot be asked: only a fee could tell")


def test_writing_touches_one_account_and_leaves_nothing(pair: Pair) -> None:
    state = pair.papercut.state
    before = {name: (user.balance, user.primary_card, user.notes) for name, user in state.users.items()}
    groups = {name: set(group.members) for name, group in state.groups.items()}
    touched: list[list[Any]] = []
    for method in ("setUserProperty", "setUserProperties", "adjustUserAccountBalance", "addUserToGroup", "addNewUser"):
        pair.papercut.faults.add(
            method, "call", times=99, function=lambda name, arguments: touched.append([name, arguments[0]])
        )
    ask(pair, write=True)
    assert {name: (user.balance, user.primary_card, user.notes) for name, user in state.users.items()} == before
    assert {name: set(group.members) for name, group in state.groups.items()} == groups
    assert touched and {who for _, who in touched} == {OWN}
    assert pair.officernd.writes == 1, "nothing is written there"


def test_nothing_of_anybody_is_in_the_record(pair: Pair, tmp_path: Path) -> None:
    state = pair.papercut.state
    state.switches.set(
        "wrong_token_text", 'Token of "Acme GmbH" refused for 10.1.2.3, ask ann@example.com at http://h/x'
    )
    done = ask(pair, write=True)
    assert value_of(done, "wrong_token_text") == "Token of ... refused for ..., ask ... at ..."
    done.record.write(tmp_path / "site.json")
    text = (tmp_path / "site.json").read_text(encoding="utf-8")
    settings = config.load(pair.config_file)
    secret = [
        settings.papercut.auth_token.get_secret_value(),
        settings.officernd.client_secret.get_secret_value(),
        settings.officernd.client_id,
        settings.officernd.organization,
        pair.papercut.url,
        "127.0.0.1",
        str(tmp_path),
        *(name for name in state.users if len(name) > 3),
        *(user.full_name for user in state.users.values() if user.full_name),
        *(member.email for member in pair.organisation.members if member.email),
        *(member.id for member in pair.organisation.members),
        *(company.name for company in pair.organisation.companies),
        *(location.id for location in pair.organisation.locations),
        *(group for group in state.groups),
    ]
    assert [word for word in secret if word.lower() in text.lower()] == []
    assert not re.search(r"\d+\.\d\d\b", text.replace(json.loads(text)["relay"], "")), "no amount"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("User 'ann lee' is unknown", "User ... is unknown"),
        ("refused at fe80::1:2", "refused at ..."),
        (r"no queue \\print01\colour", "no queue ..."),
        ("balance -12.50 too low", "balance -... too low"),
        ("token 0123456789abcdef0123 wrong", "token ... wrong"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_servers_sentence_loses_what_names_somebody(said: str, kept: str) -> None:
    assert record.without_names(said) == kept


def test_what_an_earlier_probe_left_is_removed_and_somebody_elses_is_not(pair: Pair) -> None:
    state = pair.papercut.state
    state.add_user(OWN, internal=True, full_name=papercut_calls.MARK)
    assert ask(pair, write=True).failures == ()
    assert OWN not in state.users
    state.add_user(OWN, internal=True, full_name="Somebody")
    with pytest.raises(UsageError, match="that is not ours"):
        ask(pair, write=True)
    assert state.users[OWN].full_name == "Somebody"


def test_the_account_goes_also_when_a_question_breaks(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(asked: object) -> None:
        raise AssertionError("a slip of ours")

    broken = [question for question in questions.QUESTIONS if question.name == "int_for_double"]
    monkeypatch.setattr(
        probe.asking, "QUESTIONS", (*broken, questions.ProbeQuestion("papercut", "x", "?", "?", breaks))
    )
    with pytest.raises(AssertionError, match="a slip"):
        ask(pair, write=True)
    assert OWN not in pair.papercut.state.users


def test_an_account_that_does_not_go_away_is_told(pair: Pair) -> None:
    pair.papercut.faults.add("deleteExistingUser", "fault", times=9, code=257, text="No.")
    with pytest.raises(RelayError, match=f"{OWN} could not be removed .fault 257.: delete it in PaperCut"):
        ask(pair, write=True)


def test_an_account_that_cannot_be_made_is_told_before_anything_is_asked(pair: Pair) -> None:
    pair.papercut.faults.add("addNewInternalUser", "fault", code=257, text="Internal users are off.")
    with pytest.raises(RelayError, match="could not be made .fault 257.: switch internal users on"):
        ask(pair, write=True)


def test_one_system_that_cannot_be_reached_leaves_the_other_ones_answers(pair: Pair) -> None:
    pair.papercut.stop()
    done = ask(pair, write=True)
    assert len(done.failures) == 1 and "PaperCut cannot be reached" in done.failures[0]
    assert not done.record.wrote
    assert done.record.switches["papercut"] == {}
    assert len(done.record.switches["officernd"]) > 12
    assert why(done, "nil") == "PaperCut could not be asked"
    pair.officernd.stop()
    assert len(ask(pair).failures) == 2


def test_answers_that_make_no_sense_stay_open(pair: Pair) -> None:
    pair.papercut.faults.add("getConfigValue", "garbage", times=99)
    pair.papercut.faults.add("listUserAccounts", "fault", times=99, code=257, text="No.")
    done = ask(pair)
    assert why(done, "typed_strings") == "the answer was no XML-RPC"
    assert why(done, "page_limit") == "PaperCut refused the call (code 257)"
    assert why(done, "boolean_spelling") == "PaperCut refused the call (code 257)"


def test_a_small_site_says_what_it_cannot_tell(tmp_path: Path) -> None:
    with Pair(tmp_path / "small", members=10) as small:
        done = ask(small)
    assert why(done, "default_limit") == "there are too few members to tell"
    assert why(done, "fee_count") == "there is no fee to be counted"
    assert why(done, "nightly_sync_at") == "PaperCut has not asked our user source yet"
    assert why(done, "print_log_time") == "there is no print log with rows"


# -- files of PaperCut's machine


def row(query: str, moment: str = "2026-11-02T00:55:10+00:00") -> str:
    return json.dumps({"time": moment, "pid": 1, "query": query, "exit": 0}) + "\n"


def test_our_own_log_tells_how_papercut_asks(pair: Pair) -> None:
    log = pair.home / "logs" / "user_source.log"
    log.parent.mkdir(parents=True)
    nights = [f"2026-11-0{day}T22:55:0{day}+00:00" for day in (1, 2)]
    log.write_text(
        row("- is-valid")
        + "".join(row("- get-all-users", night) for night in nights)
        + row("- get-all-users", "2026-11-03T09:12:00+00:00")
        + row("- get-group-members Acme Ltd")
        + '{"time": "cut',
        encoding="utf-8",
    )
    pair.papercut.state.config["user-source.custom-program"] = "officernd-user-source"
    done = ask(pair)
    assert value_of(done, "group_call") == "group-members"
    assert value_of(done, "command_spelling") == "get_prefix"
    assert value_of(done, "program_form") == "name"
    zone = pair.organisation.locations[0].timezone
    local = datetime(2026, 11, 1, 22, 55, tzinfo=UTC).astimezone(files.ZoneInfo(zone))
    assert value_of(done, "nightly_sync_at") == f"{local:%H:%M}"


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ("2026-11-02 14:03:11", "24h"),
        ("2026-11-02 2:03:11 PM", "12h"),
        ("2026-11-02\t2:03:11 p", "12h_tab"),
        ("2026-11-02 2:03:11 p", "a_p"),
        ("2026-11-02 2:03:11 nachm.", "local"),
    ],
)
def test_the_print_log_tells_how_it_writes_the_time(pair: Pair, first: str, kind: str) -> None:
    folder = pair.folder / "papercut" / "server" / "logs" / "print-logs"
    folder.mkdir(parents=True)
    line = "\t".join([first, "print01", "Colour", "ann", "ann", "pc1", "secret.pdf", "3", "1", "1"])
    (folder / "printlog_2026_11_02.log").write_text(f"Banner\n{line}\n", encoding="utf-8")
    found = files.ServerFiles(config.load(pair.config_file))
    assert files.clock_of(found.print_log_rows()) == kind


@pytest.mark.parametrize(
    "positions",
    [
        {"csv_banner": True, "csv_trailing_comma": True, "csv_cost_header": "Charged Cost", "csv_language": "en"},
        {"csv_banner": False, "csv_trailing_comma": False, "csv_cost_header": "", "csv_language": "bg"},
        {"csv_cost_header": "Importe", "csv_language": "es", "print_log_time": "24h"},
        {"csv_language": "de", "print_log_time": "local", "print_log_language": "bg", "print_log_cost": False},
        {"print_log_time": "12h", "print_log_cost": True},
        {"print_log_time": "12h_tab"},
        {"print_log_time": "a_p"},
    ],
)
def test_the_logs_that_a_server_wrote_tell_their_form(tmp_path: Path, positions: dict[str, Any]) -> None:
    with site(tmp_path / "site", positions) as running:
        for pages in (1, 2):
            running.papercut.print_job(user="reception", printer="Colour", pages=pages, document="Offer, new.pdf")
        found = ask(running).record.switches["papercut"]
    assert positions.items() <= found.items()


def test_logs_of_a_form_that_is_not_known_stay_open(pair: Pair) -> None:
    folder = pair.folder / "papercut" / "server" / "logs" / "csv" / "daily"
    folder.mkdir(parents=True)
    log = folder / "papercut-print-log-2026-11-02.csv"
    log.write_text("Aika,Nimi,Sivut,Kopiot,Tulostin,Hinta\nx,ann,1,1,Colour,0.10\n")
    done = ask(pair)
    assert why(done, "csv_language") == "its header is of no language that is known here"
    assert why(done, "csv_cost_header") == "its header is of a form that is not known"
    assert value_of(done, "csv_trailing_comma") is False
    with pytest.raises(Unanswered, match="of no language"):
        files.marker_language([["2026-11-02 2:03:11 xa"]])


def test_rows_that_differ_stay_open() -> None:
    with pytest.raises(Unanswered, match="in more than one way"):
        files.clock_of([["2026-11-02 14:03:11"], ["2026-11-02 2:03:11 p"]])


# -- the record and the commands


@pytest.fixture
def run(pair: Pair, forked_relay: ForkedRelay) -> Callable[..., Ended]:
    return partial(forked_relay, "--config", pair.config_file)


def test_the_command_shows_what_it_will_do_and_writes_the_record(run: Callable[..., Ended], tmp_path: Path) -> None:
    out = tmp_path / "site.json"
    done = run("probe", "--write", "--out", str(out))
    assert done.code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "PaperCut, WRITING: an internal account officernd-relay-probe is made" in lines[2]
    assert 'Is <nil/> accepted? "refuse"' in lines
    read = json.loads(out.read_text(encoding="utf-8"))
    assert (read["format"], read["wrote"]) == ("papercut-relay field record", True)
    assert read["switches"]["officernd"]["end_of_list"] == "absent"
    told = run("probe", "--json", "--out", str(out))
    assert json.loads(told.stdout)["switches"] == json.loads(out.read_text(encoding="utf-8"))["switches"]


def test_the_command_fails_where_a_system_is_away_and_still_writes(
    pair: Pair, run: Callable[..., Ended], tmp_path: Path
) -> None:
    pair.papercut.stop()
    done = run("--json", "probe", "--out", str(tmp_path / "site.json"))
    assert done.code == 1
    assert "PaperCut cannot be reached" in json.loads(done.stdout)["error"]["message"]
    assert json.loads((tmp_path / "site.json").read_text(encoding="utf-8"))["switches"]["officernd"]
    assert run("probe", "--out", str(tmp_path / "nowhere" / "site.json")).code == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is no JSON"),
        ("[]", "is no field record"),
        ('{"switches": {}}', "is no field record"),
        (f'{{"format": "{probe.FORMAT}", "version": 2, "switches": {{}}}}', "another version"),
        (f'{{"format": "{probe.FORMAT}", "version": 1, "switches": {{"papercut": 3}}}}', "damaged"),
    ],
)
def test_another_file_is_no_field_record(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        like(file)
    with pytest.raises(UsageError, match="No such file"):
        like(tmp_path / "nothing.json")


def test_switches_that_these_stand_ins_do_not_have_are_told(tmp_path: Path) -> None:
    switches = {"papercut": {"nil": "blank", "gone": 1}, "officernd": {"end_of_list": "nonsense"}}
    (tmp_path / "x.json").write_text(json.dumps({"format": probe.FORMAT, "version": 1, "switches": switches}))
    likeness = like(tmp_path / "x.json")
    assert likeness.papercut.nil == "blank"
    assert len(likeness.unknown) == 2 and "gone" in likeness.unknown[0]


@pytest.mark.skipif(os.name == "nt", reason="ends it by a signal")
def test_sandbox_like_a_site(tmp_path: Path) -> None:
    file = tmp_path / "site.json"
    switches = {"papercut": {"wrong_token_code": 321}, "officernd": {}}
    file.write_text(json.dumps({"format": probe.FORMAT, "version": 1, "switches": switches}))
    command = [sys.executable, "-m", "relay", "sandbox", "--members", "5", "--like", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        try:
            with ServerProxy(url + "/rpc/api/xmlrpc") as server, pytest.raises(Fault) as refused:
                server.api.getTotalUsers("wrong")
            assert refused.value.faultCode == 321
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
    assert process.returncode == 0


def test_the_words_for_the_halves_of_a_day_are_those_that_the_reader_of_logs_knows() -> None:
    """Two tables: how Java writes them, for the stand-in and the probe, and what the reader makes of them."""
    for morning, afternoon in files.MARKERS.values():
        assert (halves.half_of(morning), halves.half_of(afternoon)) == ("am", "pm")
