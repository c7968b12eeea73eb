"""What many processes share: one token, one brake, one answer each; and a time limit that holds whatever hangs."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from papercut_scripts import audit, auth_program, brake, compat, exchange, login, signin_officernd, strategy, verifier
from relay.people.act import publish
from relay.people.directory import DirectoryUser
from tests.support.jvm import run_jython
from tests.support.papercut_site import ANN, BOB, SCRIPTS, Site, log_in, run_program, sample_directory
from tests.support.signin_server import BAD_TOKEN, PASSWORD, hang

CROWD = [
    DirectoryUser(f"user{number}", email=f"user{number}@example.com", member_id=f"{number:024x}")
    for number in range(50)
]


def started(typed: str, password: str = PASSWORD) -> bytes:
    return run_program("auth_program", stdin=f"{typed}\n{password}\n".encode()).stdout


def test_two_hundred_logins_at_once(site: Site, tmp_path: Path) -> None:
    """All are right, and OfficeRnD's token endpoint, that takes five calls a minute, is asked once. No line is lost."""
    publish.publish(sample_directory(*CROWD), site.settings, record_fields=5, now=datetime.now(UTC))
    users = CROWD * 4
    started = []
    for number, user in enumerate(users):
        lines, answer = tmp_path / f"in{number}", tmp_path / f"out{number}"
        lines.write_text(f"{user.username.upper()}\n{PASSWORD}\n", encoding="utf-8")
        with lines.open("rb") as stdin, answer.open("wb") as stdout:
            command = [sys.executable, "-E", "-s", "-S", str(SCRIPTS / "auth_program.py")]
            started.append(subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL))
    assert [program.wait(30) for program in started] == [0] * 200
    answers = [(tmp_path / f"out{number}").read_text() for number in range(200)]
    assert answers == [f"OK\n{user.username}\n" for user in users]
    assert len(site.signin.token_calls) == 1
    assert len(site.signin.signins) == 200
    assert [line["verdict"] for line in site.log("auth")] == ["accepted"] * 200


def test_one_call_for_a_revocation_seen_by_many_at_once(site: Site) -> None:
    log_in(site)
    site.signin.revoke()
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(started, ["annie"] * 12)) == {f"OK\n{ANN.username}\n".encode()}
    assert len(site.signin.token_calls) == 2


def test_a_token_is_used_until_its_end_and_asked_for_with_the_least_scope(site: Site) -> None:
    for _ in range(3):
        log_in(site)
    assert site.signin.token_calls == [
        {
            "grant_type": "client_credentials",
            "client_id": "signin",
            "client_secret": "secret-of-signin",
            "scope": "flex.user.auth.signin",
        }
    ]


def test_the_token_file_is_for_its_owner_alone(site: Site) -> None:
    log_in(site)
    if os.name != "nt":
        assert (site.home / "state" / "token.json").stat().st_mode & 0o777 == 0o600


def test_wrong_passwords_in_the_words_of_a_bad_token_leave_the_endpoint_room(site: Site) -> None:
    """A storm of them must not use up the five calls a minute, and a right password still passes."""
    site.signin.bad_password = BAD_TOKEN
    for number in range(8):
        assert log_in(site, "annie", f"wrong-{number}") == b"ERROR\n"
    assert len(site.signin.token_calls) == 4
    assert log_in(site, "bob@example.com") == f"OK\n{BOB.username}\n".encode()


def test_the_brake_holds_against_a_burst(site: Site) -> None:
    """Of forty guesses at once no more than the limit reach OfficeRnD: one person's are checked one by one."""
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda number: started("annie", f"guess-{number}"), range(40)))
    assert set(answers) == {b"ERROR\n"}
    assert len(site.signin.signins) <= brake.LIMIT
    assert log_in(site) == b"ERROR\n"
    assert log_in(site, "bob@example.com") == f"OK\n{BOB.username}\n".encode()


def test_the_brake_by_one_attempt_after_another(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(brake.LIMIT):
        log_in(site, password="wrong")
    assert log_in(site) == b"ERROR\n"
    assert [line["reason"] for line in site.log("auth")] == ["wrong_password"] * brake.LIMIT + ["braked"]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + brake.WINDOW_S + 2)
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()
    assert brake.WINDOW_S <= 3600 and 5 <= brake.LIMIT <= 15


def test_refusals_by_the_brake_do_not_prolong_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(brake.LIMIT + 30):
        log_in(site, password="wrong")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + brake.WINDOW_S + 2)
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()


def test_a_wrong_setting_brakes_nobody(site: Site) -> None:
    """A wrong address, slug or proxy says nothing of a password, however often: nobody is refused when it is mended."""
    page = b"<html>The user name or password of the proxy is wrong</html>"
    wrong = [
        (404, {"message": "Cannot POST /api/v2/organizations/members/auth/signin"}),
        (401, {"message": "Organization not found"}),
        (403, {"message": "Forbidden resource"}),
        *((status, page) for status in (400, 401, 403, 404, 407)),
    ]
    for answer in wrong:
        site.signin.answer = answer
        for _ in range(brake.LIMIT + 1):
            assert log_in(site) == b"ERROR\n"
    assert {line["verdict"] for line in site.log("auth")} == {"unavailable"}
    site.signin.answer = None
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()


def test_a_success_forgives_and_an_outage_does_not_count(site: Site) -> None:
    for _ in range(brake.LIMIT - 1):
        log_in(site, password="wrong")
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()
    site.signin.answer = (503, b"")
    for _ in range(brake.LIMIT + 5):
        log_in(site, password="wrong")
    site.signin.answer = None
    log_in(site, password="wrong")
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()


def test_many_failures_of_many_people_are_an_alert_and_no_refusal(site: Site) -> None:
    for number in range(brake.ALERT_EVERY):
        log_in(site, f"stranger{number}", "wrong")
    alerts = [line for line in site.log("auth") if line["verdict"] == "alert"]
    assert [line["failures"] for line in alerts] == [brake.ALERT_EVERY]
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()


def test_a_state_folder_that_cannot_be_written_locks_nobody_out(site: Site) -> None:
    state = site.home / "state"
    for path in sorted(state.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    state.rmdir()
    state.write_text("in the way")
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()


def test_a_full_disk_leaves_no_half_line_in_a_log(tmp_path: Path) -> None:
    """Else the next line, written when there is room again, would be lost with it."""
    resource = pytest.importorskip("resource")
    log = tmp_path / "logs" / "auth.log"
    audit.write(str(tmp_path), "auth", [("reason", "first")])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 20, limits[1]))
    try:
        audit.write(str(tmp_path), "auth", [("reason", "no room")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    audit.write(str(tmp_path), "auth", [("reason", "last")])
    assert [json.loads(line)["reason"] for line in log.read_text().splitlines()] == ["first", "last"]


@pytest.mark.skipif(os.name == "nt", reason="Windows locks by another call")
def test_a_file_system_without_locks_locks_nobody_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(*arguments: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.lockf", without)
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()


def test_a_key_that_cannot_be_read_makes_nobody_pay_for_others(site: Site) -> None:
    """Nor does the log then hold an unkeyed hash of what was typed."""
    (site.home / "state" / "key").mkdir()
    for _ in range(brake.LIMIT + 2):
        log_in(site, "stranger", "wrong")
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()
    assert {line["who"] for line in site.log("auth")} == {""}


@pytest.mark.parametrize("hanging", ["a name look-up", "a server", "the input"])
def test_the_answer_comes_in_time_whatever_hangs(site: Site, monkeypatch: pytest.MonkeyPatch, hanging: str) -> None:
    release = threading.Event()

    def wait(*arguments: object, **more: object) -> Any:
        release.wait(10)
        raise OSError("too late")

    if hanging == "a name look-up":
        monkeypatch.setattr(socket, "getaddrinfo", wait)
    elif hanging == "a server":
        site.signin.token_answer = hang
    started = time.monotonic()
    out: list[bytes] = []
    lines = io.BytesIO(f"annie\n{PASSWORD}\n".encode())
    read_line = wait if hanging == "the input" else lines.readline
    auth_program.serve(lambda: str(site.home), read_line, out.append, lambda text: None, 1.2)
    assert (out, time.monotonic() - started < 7) == ([b"ERROR\n"], True)
    release.set()
    line = site.log("auth")[0]
    assert (line["verdict"], line["reason"]) == ("unavailable", "time_out" if hanging == "the input" else "unreachable")


def test_the_program_ends_though_a_thread_of_it_hangs(site: Site) -> None:
    """PaperCut waits for the process; a read that never returns must not keep it."""
    code = "from papercut_scripts import auth_program as a; a.serve.__defaults__ = (0.4,); a.main()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=SCRIPTS.parent,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.read() == b"ERROR\n"
        assert program.wait(60) == 0
    assert auth_program.LIMIT_S < 5


def test_kept_passwords_follow_what_officernd_says(site: Site) -> None:
    """Kept when accepted; dropped when that very password is rejected later; a wrong guess drops nothing."""
    site.change_settings(offline_hours=8)
    kept = Path(verifier.path(str(site.home / "state" / "offline"), ANN.member_id))
    log_in(site)
    assert kept.exists() and PASSWORD.encode() not in kept.read_bytes()
    log_in(site, password="wrong")
    assert kept.exists()
    site.signin.passwords[ANN.email.lower()] = "New-Passw0rd"
    log_in(site)
    assert not kept.exists()


def test_nothing_is_kept_while_offline_login_is_off(site: Site) -> None:
    log_in(site)
    assert not (site.home / "state" / "offline").exists()


def test_switching_offline_login_off_removes_what_was_kept(site: Site) -> None:
    site.change_settings(offline_hours=8)
    log_in(site)
    publish.publish_programs(site.settings, now=datetime.now(UTC))
    assert not (site.home / "state" / "offline").exists()


def test_strangers_cost_the_same_local_work_as_members(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a refusal takes must not tell who exists: one slow hash for all that looks like a PIN."""
    hashed: list[str] = []
    monkeypatch.setattr(compat, "pbkdf2_sha256_hex", lambda secret, salt, rounds: hashed.append(secret) or "0" * 64)
    for typed in ("annie", "nobody", "gone@example.com", "reception"):
        log_in(site, typed, "12345678")
    assert len(hashed) == 4
    messages = {run_program("auth_program", stdin=f"{name}\nx\n".encode()).stderr for name in ("annie", "nobody")}
    assert len(messages) == 1


def test_a_strategy_is_one_file_with_two_names(site: Site) -> None:
    """The next one to write, `ldap` say, fits in before or after the others."""

    class Ldap:
        FALLBACK = False

        @staticmethod
        def check(attempt: strategy.Attempt, password: str) -> strategy.LoginVerdict:
            if attempt.person is None:
                return strategy.LoginVerdict(strategy.ABSTAIN, "unknown")
            kinds = {"yes": strategy.ACCEPT, "no": strategy.REJECT, "away": strategy.UNAVAILABLE}
            return strategy.LoginVerdict(kinds.get(password, strategy.ABSTAIN), "ldap")

    chain = [("ldap", Ldap), ("signin_officernd", signin_officernd)]

    def check(typed: str, password: str) -> tuple[str, str]:
        outcome = login.check(str(site.home), typed, password, compat.monotonic() + 4, chain)
        return outcome.verdict, outcome.by

    assert check("annie", "yes") == ("accepted", "ldap")
    assert check("annie", "no") == ("rejected", "ldap")
    assert check("annie", "away") == ("unavailable", "ldap")
    assert check("annie", PASSWORD) == ("accepted", "signin_officernd")
    assert check("nobody", "yes") == ("rejected", "")


def test_the_lock_keeps_the_two_interpreters_apart(tmp_path: Path) -> None:
    """Live mode runs under Jython beside the auth program under CPython: one token file, one lock."""
    path = tmp_path / "lock"
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from papercut_scripts import compat\n"
        "try:\n"
        "    with compat.Lock(sys.argv[2].decode('utf-8'), 0.05): print('taken')\n"
        "except compat.TimeOut: print('held')\n"
    )
    program = tmp_path / "take.py"
    program.write_text(code)
    with compat.Lock(str(path), 1.0):
        held = run_jython(str(program), str(SCRIPTS.parent), str(path))
    free = run_jython(str(program), str(SCRIPTS.parent), str(path))
    assert (held.stdout, free.stdout) == (b"held\n", b"taken\n"), held.stderr + free.stderr


def test_addresses() -> None:
    cases = {
        "https://a.example": ("https", "", "a.example", 443, "/"),
        "http://127.0.0.1:81/x?y=1": ("http", "", "127.0.0.1", 81, "/x?y=1"),
        "https://[::1]:8443/p": ("https", "", "::1", 8443, "/p"),
        "https://[::1]": ("https", "", "::1", 443, "/"),
        "http://u%40x:p%3A%2F@proxy:3128": ("http", "u@x:p:/", "proxy", 3128, "/"),
        "http://u:100%@proxy": ("http", "u:100%", "proxy", 80, "/"),
    }
    for url, parts in cases.items():
        assert exchange.split_url(url) == parts


def test_a_name_that_begins_like_an_address_is_not_this_machine() -> None:
    """No password goes out in clear to it, whatever the settings say."""
    hosts = ["localhost", "::1", "127.0.0.1", "127.0.0.2", "127.0.0.1.example.com", "127.example", "10.0.0.1", "[::1]"]
    assert [host for host in hosts if exchange.is_loopback(host)] == hosts[:4]


def test_settings_written_by_the_relay_are_all_that_is_read(site: Site) -> None:
    """A key that the programs read and the relay forgot would fail every login."""
    published = set(json.loads((site.home / "settings.json").read_text()))
    read = set()
    for path in SCRIPTS.glob("*.py"):
        read.update(re.findall(r'settings\["(\w+)"\]', path.read_text()))
        read.update(re.findall(r'settings\.get\("(\w+)"\)', path.read_text()))
    assert read and read <= published


def test_failures_that_threads_of_one_process_count_at_once_are_all_counted(tmp_path: Path) -> None:
    """The members' page checks logins in many threads: a lost count would let guesses outrun the brake."""
    (tmp_path / "state").mkdir(mode=0o700)
    key = brake.person_key(str(tmp_path), "ann")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: brake.count_failure(str(tmp_path), key), range(64)))
    assert len((tmp_path / "state" / "failures").read_text().splitlines()) == 64


def test_a_thread_that_looks_takes_nobodys_lock_away(tmp_path: Path) -> None:
    """POSIX drops a record lock when any descriptor of the file is closed in the process that holds it."""
    path = str(tmp_path / "lock")
    code = "import sys; from papercut_scripts import compat\nwith compat.Lock(sys.argv[1], 0): print('taken')"
    with compat.Lock(path, 0):
        with pytest.raises(compat.TimeOut), compat.Lock(path, 0):
            pass
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert (done.stdout, "TimeOut" in done.stderr) == ("", True)
    with compat.Lock(path, 0):
        pass
