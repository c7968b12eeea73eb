"""What `explain` learns of a person from the auth program's log."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from papercut_scripts import audit
from relay.people.logins import REASONS, last_login
from tests.support.papercut_site import ANN, SCRIPTS, Site, log_in
from tests.support.signin_server import PASSWORD


def test_nobody_has_logged_in(site: Site) -> None:
    assert last_login(site.home, ANN.username) is None


def test_the_last_accepted_login_and_the_last_refusal(site: Site) -> None:
    log_in(site, "annie", "wrong")
    log_in(site, "ann.lee@example.com", PASSWORD)
    log_in(site, "bob@example.com", "wrong")
    trace = last_login(site.home, ANN.username)
    assert trace is not None and trace.accepted_at is not None and trace.refused is not None
    assert datetime.now(UTC) - trace.accepted_at < timedelta(minutes=1)
    assert (trace.refused.verdict, trace.refused.reason) == ("rejected", "wrong_password")
    assert trace.refused.meaning == "OfficeRnD did not accept the password"


def test_never_accepted(site: Site) -> None:
    log_in(site, "gone@example.com", PASSWORD)
    trace = last_login(site.home, "GONE_example.com")
    assert trace is not None and trace.accepted_at is None and trace.refused is not None
    assert (trace.refused.reason, trace.refused.detail) == ("departed", "has left OfficeRnD")


def test_a_name_that_nobody_has_is_found_though_the_log_does_not_hold_it(site: Site) -> None:
    log_in(site, "Zyxwv@example.com", "wrong")
    trace = last_login(site.home, "zyxwv@EXAMPLE.com")
    assert trace is not None and trace.refused is not None and trace.refused.reason == "unknown"
    assert last_login(site.home, "zyxwvu@example.com") is None
    assert all(b"zyxwv" not in data.lower() for data in site.files().values())


def test_rotated_logs_are_read_and_cut_lines_left_out(site: Site) -> None:
    log_in(site, "annie", PASSWORD)
    path = site.home / "logs" / "auth.log"
    path.rename(path.with_name("auth.log.1"))
    log_in(site, "annie", "wrong")
    with path.open("a") as log:
        log.write('{"time": "2026-11-02T07:30:00+00:00", "usern')
    trace = last_login(site.home, ANN.username)
    assert trace is not None and trace.accepted_at is not None and trace.refused is not None


def test_every_reason_that_a_login_can_have_is_explained() -> None:
    """A word that some file gives to a verdict and that has no clause would reach an operator bare."""
    given: set[str] = set()
    for path in SCRIPTS.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        given.update(re.findall(r'(?:REJECT|ABSTAIN|UNAVAILABLE|REJECTED), "(\w+)"', text))
        given.update(re.findall(r'outcome\.reason = "(\w+)"', text))
    assert len(given) > 12
    assert given <= set(REASONS)


def test_a_log_is_rotated_and_five_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MAX_BYTES", 300)
    for number in range(60):
        audit.write(str(tmp_path), "auth", [("n", number)])
    names = sorted(path.name for path in (tmp_path / "logs").iterdir() if not path.name.endswith(".lock"))
    assert set(names) - {"auth.log"} == {f"auth.log.{number}" for number in range(1, 6)}


def test_a_log_that_cannot_be_written_fails_no_login(site: Site) -> None:
    (site.home / "logs").rmdir()
    (site.home / "logs").write_text("in the way")
    assert log_in(site) == f"OK\n{ANN.username}\n".encode()


def test_a_log_line_is_json_whatever_stands_in_it() -> None:
    texts = ['quote " back \\ slash', "tab\t line\n nul\x00 del\x7f", "é € 😀 \u2028", "a\ud800b"]
    for text in texts:
        assert json.loads(audit.json_line([("x", text), ("n", 5), ("b", True)])) == {"x": text, "n": 5, "b": True}


def test_without_the_key_no_line_is_taken_for_anybodys(site: Site) -> None:
    """What was typed is then hashed nowhere: lines without a hash are everybody's, and alerts name nobody."""
    log_in(site, "", "")
    audit.write(str(site.home), "auth", [("verdict", "alert"), ("reason", "many_failures"), ("failures", 60)])
    key = site.home / "state" / "key"
    for content in (None, b""):
        key.unlink(missing_ok=True)
        if content is not None:
            key.parent.mkdir(exist_ok=True)
            key.write_bytes(content)
        assert last_login(site.home, ANN.username) is None
