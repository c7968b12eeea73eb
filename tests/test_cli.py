"""The outside: exit codes, one-sentence failures, JSON and nothing else on standard output."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from relay import cli
from relay.cli import app, terminal, whole
from relay.clock import Clock
from relay.counted import counted
from relay.lock import serving_lock, site_lock
from tests.support.repository import ROOT
from tests.support.settings_example import example_settings, written_settings
from tests.support.shown import shown

pytestmark = pytest.mark.windows


def relay(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "relay", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def run_main(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(list(words))
    return int(left.value.code or 0)


def test_no_command_means_help_and_never_a_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main() == 0
    assert "papercut-relay demo" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["--json", "check"]])
def test_a_reader_that_leaves_a_pipe_is_no_error(words: list[str], tmp_path: Path) -> None:
    """As `| more` does at its q; a check answers as it would have."""
    written_settings(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", "from relay import __main__, http; http.READ_ATTEMPTS = 1; __main__.main()", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == (0 if "--help" in words else 1), said
    assert "Errno" not in said and "Traceback" not in said


def test_a_statement_that_goes_into_a_file_has_its_sentences_whole(tmp_path: Path) -> None:
    """Only a terminal has a width: nothing is broken, and no name is cut, where nobody has asked for columns."""
    told = relay("--config", str(written_settings(tmp_path)), "statement", folder=tmp_path, COLUMNS="40")
    assert 0 == told.returncode
    (note,) = [line for line in told.stdout.splitlines() if line.startswith("Note: ")]
    assert note.endswith("PaperCut's database would show them.") and len(note) > 120


@pytest.mark.parametrize("name", sorted(app.cli.commands))
def test_help_answers_without_settings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_main(name, "--help") == 0


@pytest.mark.parametrize("words", [["--json", "plan"], ["plan", "--json"]])
def test_json_is_one_object_also_for_a_failure(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error stands beside the command's usual fields, and the sentence on standard error too."""
    file = written_settings(tmp_path, fees={"every": "yearly"})
    assert run_main("--config", str(file), *words) == 2
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert answer["error"]["code"] == "settings"
    assert "[fees] every" in answer["error"]["message"]
    assert answer["changes"] == [] and answer["applied"] is False
    assert "[fees] every" in told.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["check", "--fix", "one", "two"], "There is no fix one, two;"),
        (["check", "--fix=one", "two", "--fix", "three"], "There is no fix one, two, three;"),
        (["settle", "--allow", "max_fee", "nonsense", "--dry-run"], "There is no limit nonsense;"),
        (["settle", "--dry-run", "max_fee"], "unexpected extra argument (max_fee)"),
        (["sync", "--expect", "abc", "max_fee"], "unexpected extra argument (max_fee)"),
    ],
)
def test_an_option_for_several_codes_takes_them_one_after_the_other(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main("--config", str(written_settings(tmp_path)), *words) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--json", "sync", "--expect"], "See: papercut-relay sync --help"),
        (["sync", "nonsense", "--json"], "See: papercut-relay sync --help"),
        (["sync", "--verbos", "--json"], "Did you mean '--verbose'? See: papercut-relay sync --help"),
    ],
)
def test_wrong_usage_is_one_object_too(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever --json stands, and before a command has seen its options."""
    assert run_main(*words) == 2
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert (answer["error"]["code"], answer["applied"], answer["changes"]) == ("usage", False, [])
    assert shown.err.strip().endswith(told)


def test_no_command_answers_its_help_as_json_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("--json") == 0
    assert "papercut-relay demo" in json.loads(capsys.readouterr().out)["help"]


def test_a_run_tells_each_failed_part_as_its_command_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("relay.http.READ_ATTEMPTS", 1)
    nowhere = {"api_url": "http://127.0.0.1:1/api/v2", "token_url": "http://127.0.0.1:1/token"}
    file = written_settings(tmp_path, papercut={"url": "http://127.0.0.1:1"}, officernd=nowhere)
    assert run_main("--config", str(file), "--json", "run") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["error"] == answer["sync"]["error"]
    assert (answer["sync"]["error"]["code"], answer["sync"]["applied"]) == ("unreachable", False)
    assert (answer["settle"]["error"]["code"], answer["settle"]["movements"]) == ("unreachable", [])


def test_an_answer_is_utf8_whatever_the_machine_writes_otherwise(tmp_path: Path) -> None:
    """A Windows server's code page knows neither all members' names nor half of a character."""
    words = ["--json", "discrepancies", "--since", "Łukasz 田\udce9"]
    done = subprocess.run(
        [sys.executable, "-m", "relay", "--config", str(written_settings(tmp_path)), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2
    assert "Łukasz 田" in json.loads(done.stdout.decode())["error"]["message"]
    assert "Łukasz 田" in done.stderr.decode()


def test_the_settings_are_found_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAPERCUT_RELAY_CONFIG", str(written_settings(tmp_path, site={"timezone": "Nowhere"})))
    assert (run_main("plan"), "Nowhere" in capsys.readouterr().err) == (2, True)


def test_a_server_that_is_down_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("relay.http.READ_ATTEMPTS", 1)
    file = written_settings(
        tmp_path,
        papercut={"url": "http://127.0.0.1:1"},
        officernd={"api_url": "http://127.0.0.1:1/api/v2", "token_url": "http://127.0.0.1:1/token"},
    )
    assert run_main("--config", str(file), "plan") == 1
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "cannot be reached" in told.err
    assert "Traceback" not in told.err + told.out


def test_a_second_writer_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written_settings(tmp_path)
    with site_lock(tmp_path / "state"):
        done = relay("--config", str(file), "--json", "settle", folder=tmp_path)
    assert done.returncode == 5  # another process: a lock of one's own would be taken twice on some systems
    assert json.loads(done.stdout)["error"]["code"] == "already_running"


def test_a_state_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("a file, not a folder")
    assert run_main("--config", str(written_settings(tmp_path)), "settle") == 1
    assert "state_dir" in capsys.readouterr().err


def test_a_ledger_that_fails_under_way_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr("relay.jobs.import_jobs", full)
    assert run_main("--config", str(written_settings(tmp_path)), "--json", "jobs") == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "ledger"
    assert error["message"].startswith("The ledger failed during the run (database or disk is full): see to its disk")


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes them")
def test_a_command_whose_output_is_closed_ends_as_with_one(tmp_path: Path) -> None:
    line = '"$0" -m relay init </dev/null >&-'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-c", line, sys.executable],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "Nobody can answer that question here" in done.stderr


def test_ctrl_c_under_way_says_that_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("relay.jobs.import_jobs", stopped)
    assert run_main("--config", str(written_settings(tmp_path)), "jobs") == 1
    assert "Stopped by Ctrl+C; the next run finds what was under way" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signal to one process")
@pytest.mark.parametrize(
    ("words", "moment"),
    [(("status",), 'name not in ("relay", "relay.__main__")'), (("--json", "status"), 'name == "click"')],
)
def test_ctrl_c_while_modules_are_read_is_one_line(words: tuple[str, ...], moment: str) -> None:
    """The command line takes a part of a second to import; nothing was begun then, and nothing has a traceback."""
    program = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # what was started in the background ignores it

class Finder:
    def find_spec(self, name, *_):
        if MOMENT:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
from relay.__main__ import main
main()
"""
    program = program.replace("MOMENT", moment)
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "Stopped by Ctrl+C before anything was done.\n")
    assert not done.stdout if len(words) == 1 else json.loads(done.stdout)["error"]["message"] == done.stderr.strip()


def test_everybody_held_for_one_reason_is_shown_before_it_is_approved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from relay import money
    from relay.money.decide.holds import Hold
    from relay.money.words import WordResult
    from relay.money.words_on_many import HeldFor

    given: list[object] = []
    shown = HeldFor("opening_balance", (Hold(1, "m1", "ann", "opening_balance", 8_000_000, ""),), "EUR")
    monkeypatch.setattr(money, "held_for", lambda site, code, as_: shown)
    monkeypatch.setattr(
        money,
        "approve_all",
        lambda site, rows, *, as_, reason: given.append(rows) or WordResult("Done.", {"held": rows.code}),
    )
    words = ("--config", str(written_settings(tmp_path)), "approve", "--as", "bill", "--reason", "agreed")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    capsys.readouterr()
    assert run_main(*words, "--held", "opening_balance") == 2
    told = capsys.readouterr().err
    assert "ann" in told and "8.00" in told and "--yes" in told and not given
    assert run_main("--json", *words, "--held", "opening_balance", "--yes") == 0
    assert json.loads(capsys.readouterr().out) == {"message": "Done.", "held": "opening_balance"}
    assert given == [shown]
    for answer, count in (("n", 1), ("y", 2)):
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("click.confirm", lambda text, err, answer=answer: answer == "y")
        assert run_main(*words, "--held", "opening_balance") == 0
        assert len(given) == count


def test_help_shows_every_command_in_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("--help") == 0
    shown = capsys.readouterr().out
    grouped = [name for names in app.GROUPS.values() for name in names]
    assert len(grouped) == len(set(grouped)) and set(grouped) <= set(app.cli.commands)
    assert [name for name in app.cli.commands if f"\n  {name} " not in shown] == []
    titles = [shown.index(f"\n{title}:\n") for title in app.GROUPS]
    assert titles == sorted(titles) and "\nCommands:" not in shown and "...\n" not in shown.partition("Try it")[2]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"in_doubt": 1}, "Next: look whether what is in doubt is there"),
        (
            {"held": [{"code": "member_gone", "username": "ann", "amount": "1.00", "reason": "left"}]},
            "--as forgive --reason",
        ),
        ({"held": [{"code": "unread", "username": "ann", "amount": "1.00", "reason": "x"}]}, "Nothing is to be done"),
        ({}, "Nothing is to be done"),
    ],
)
def test_a_settle_says_what_is_next(answer: dict[str, object], told: str) -> None:
    whole = {"movements": [], "held": [], "refused": [], "in_doubt": 0, "total": "0.00", **answer}
    assert told in shown(terminal.money_result, whole, "Settle").splitlines()[-1]


def test_a_service_waits_for_settings_and_gives_way_to_who_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The console's service is installed before there are settings, and never takes the set-up's place."""
    told = list[str]()
    serving = ExitStack()
    written = example_settings(tmp_path)
    target = tmp_path / "service.toml"

    class Patient(Clock):
        def sleep(self, seconds: float) -> None:
            told.append(f"waited {seconds:g}")
            if len(told) == 2:
                target.write_text("")
            if len(told) == 3:  # the set-up has become the console in the meantime
                serving.enter_context(serving_lock(written.site.state_dir))
            if len(told) == 5:
                serving.close()

    monkeypatch.setattr(whole.config, "load", lambda path: written)
    whole._wait_for_turn(target, Patient())
    poll, after = f"waited {whole.TURN_POLL_S:g}", f"waited {whole.AFTER_SETUP_S:g}"
    assert told == [poll, poll, after, poll, poll]


def test_a_run_tells_what_its_top_ups_come_to() -> None:
    """The contract's total sums fees; 68 top-ups of 2.00 are not 0.00."""
    nothing = {"movements": [], "total": "0.00", "held": [], "in_doubt": 0, "refused": []}
    topped = [{"state": "posted", "amount": "2.00"}] * 3 + [{"state": "failed", "amount": "2.00"}]
    answer = {"business_day": "2026-11-30", "reason": "", "sync": None, "settle": nothing, "jobs": None}
    told = shown(terminal.run_result, {**answer, "top_up": {**nothing, "movements": topped}})
    assert "Top-ups: 3 posted, total 6.00, 0 held, 0 in doubt." in told
    assert "Fees: 0 posted, total 0.00" in told


def test_a_run_and_an_import_end_with_what_is_next(capsys: pytest.CaptureFixture[str]) -> None:
    money = {"movements": [], "held": [], "refused": [], "in_doubt": 0, "total": "0.00"}
    people = {"users": {"create": 1}, "warnings": [], "refused": []}
    quiet = {"business_day": "2026-11-23", "sync": people, "settle": money, "top_up": None, "jobs": None}

    def ends(**more: Any) -> str:
        terminal.run_result(terminal.output(), {**quiet, **more})
        return capsys.readouterr().out.splitlines()[-1]

    assert "Nothing is to be done: the daily run goes on from here." == ends()
    assert ends(settle={**money, "in_doubt": 1}).startswith("Next: look whether what is in doubt is there")
    assert ends(sync={"error": {"message": "No answer."}}).startswith("Next: put right")
    assert ends(sync={**people, "warnings": [{}]}).startswith("Next: papercut-relay plan")
    terminal.jobs_imported(terminal.output(), "3 new print jobs", failed=False)
    assert capsys.readouterr().out.endswith("Next: papercut-relay statement shows who printed what.\n")


@pytest.mark.parametrize(
    ("number", "words", "told"),
    [(1, ("person",), "1 person"), (0, ("person",), "0 people"), (0, ("job",), "0 jobs"),
     (5_000, ("company",), "5,000 companies"), (2, ("fee is", "fees are"), "2 fees are")],
)  # fmt: skip
def test_a_count_has_its_noun(number: int, words: tuple[str, ...], told: str) -> None:
    assert told == counted(number, *words)


@pytest.mark.parametrize(
    ("more", "ends"),
    [
        ({"stops": [{"code": "restored", "message": "Put back."}]}, "Next: answer what stops or waits above;"),
        ({"held": [{}], "open": {"lines": ["x"], "questions": 1}}, "Next: decide on the money that is held;"),
        ({"open": {"lines": ["x"], "questions": 1}}, "Next: answer the questions; papercut-relay plan"),
        ({"open": {"lines": ["x"], "questions": 0}}, "Next: see to what is open; papercut-relay check"),
        ({"last_runs": []}, "Next: papercut-relay plan, which shows"),
        ({}, "Nothing is to be done: the daily run goes on from here."),
    ],
)
def test_a_status_says_what_is_next_and_names_people_without_their_ids(more: dict[str, Any], ends: str) -> None:
    run = {"kind": "top_up", "finished": "2026-11-30T05:32:00+00:00", "exit_code": 0}
    answer = {
        "site": "hq", "business_day": "2026-11-30", "due": False, "next_due": "2026-12-01T07:30:00+02:00",
        "last_runs": [run], "open": {"lines": [], "questions": 0}, "stops": [], "held": [], "open_movements": [],
        "readiness": {"without_email": [f"Person {number}: no address" for number in range(7)], "switched_off": []},
        **more,
    }  # fmt: skip
    told = shown(terminal.status, answer)
    assert told.splitlines()[-1].startswith(ends)
    assert "without an e-mail address that works: 7 people\nPerson 0: no address\n" in told
    assert "... and 2 more;" in told and "Person 6" not in told
    assert "2026-11-30 07:32" in told or not answer["last_runs"]


def test_sites_and_findings_end_with_what_is_next() -> None:
    site = {
        "site": "hq", "last_run": {"finished": "2026-11-30T05:32:00+00:00", "exit_code": 0}, "version": "0.3.0",
        "open": {"lines": ["x"], "held": 2}, "billed": {"month": "2026-11", "amount": "1.00", "currency": "EUR"},
    }  # fmt: skip
    quiet = {**site, "site": "two", "open": {"lines": [], "held": 0}}
    assert shown(terminal.sites, {"sites": [site, quiet]}).endswith("Next: papercut-relay status at hq.")
    assert shown(terminal.sites, {"sites": [quiet]}).endswith("Nothing waits for a person at any site.")
    finding = {"severity": "warning", "code": "x", "message": "Something.", "fix": None}
    told = shown(terminal.findings, {"findings": [finding, {**finding, "severity": "info"}]})
    assert told.endswith("papercut-relay check looks again.")
    told = shown(terminal.findings, {"findings": [{**finding, "severity": "info"}]})
    assert told.endswith("Nothing must be put right; these are to know.")
    assert shown(terminal.findings, {"findings": []}) == "Everything is in order. Nothing is to be done."
