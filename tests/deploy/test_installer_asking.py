"""What the installer asks for: each secret tried at once, no hash from anybody, a wrong folder asked again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.security import check_password_hash

from relay import passwords, sealed
from relay.installer import asking, facts, places, sealed_secrets
from relay.installer.stop import InstallStop
from relay.sandbox.officernd import OfficeRnDStandIn
from relay.sandbox.organisation import make_organisation

PHRASE = "correct horse battery"


def test_a_pass_phrase_is_tried_without_a_cipher(tmp_path: Path) -> None:
    path = tmp_path / "secrets.sealed"
    path.write_bytes(sealed.seal({"secrets/x": "y"}, PHRASE, cost=2**12))
    assert sealed_secrets.opens(str(path), PHRASE)
    assert not sealed_secrets.opens(str(path), PHRASE + " ") and not sealed_secrets.opens(str(path), "")


def asker(*answers: str, dry_run: bool = False, yes: bool = False) -> Any:
    """Return what asking needs: the answers that come, what was asked and what was said."""
    coming, asked, said = iter(answers), list[str](), list[str]()

    def ask(question: str) -> str:
        asked.append(question)
        return next(coming)

    options = SimpleNamespace(ask_secret=ask, dry_run=dry_run, yes=yes)
    return SimpleNamespace(options=options, say=said.append, asked=asked, said=said, package="")


def test_a_password_is_asked_for_and_never_a_hash() -> None:
    wanted = {"file": "secrets/console_password_hash", "what": "A password for the console", "kind": "password"}
    facts_ = asker("short", "long enough, this")
    stored = asking.secret(facts_, wanted)
    assert check_password_hash(stored, "long enough, this")
    users = passwords.read_users(stored)
    assert passwords.verify(users, passwords.ONLY_NAME, "long enough, this") is not None
    assert len(facts_.asked) == 2 and "hash" not in " ".join(facts_.asked) and "too short" in facts_.said[0]


def test_without_a_person_a_missing_secret_ends_it_and_a_dry_run_asks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "secrets.sealed"
    path.write_bytes(sealed.seal({}, PHRASE, cost=2**12))
    with pytest.raises(InstallStop, match=r"Nothing was typed.*Nothing was changed"):
        asking.phrase(asker("", yes=True), str(path))
    with pytest.raises(InstallStop, match="does not open"):
        asking.phrase(asker("wrong", yes=True), str(path))
    quiet = asker(dry_run=True)
    assert asking.phrase(quiet, str(path)) == "" and quiet.asked == []


def test_an_applications_secret_is_tried_at_officernd() -> None:
    cloud = OfficeRnDStandIn(make_organisation(5, seed=1))
    cloud.start()
    try:
        relay = cloud.relay_application
        settings = {
            "officernd": {
                "client_id": relay.client_id,
                "client_secret_file": "secrets/officernd_secret",
                "token_url": cloud.token_url,
            }
        }
        said: list[str] = []
        tried = lambda typed: asking.why_refused(settings, "secrets/officernd_secret", typed, said.append)  # noqa: E731
        assert tried(relay.client_secret) == ""
        assert "OfficeRnD refuses this secret" in tried("wrong")
        assert asking.why_refused(settings, "secrets/ledger_url", "anything", said.append) == ""
        assert said == []
    finally:
        cloud.stop()
    assert tried(relay.client_secret) == "" and "does not answer from here" in said[-1]


def test_a_wrong_folder_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "candidates", lambda system: [])
    (tmp_path / "PaperCut MF/server/bin").mkdir(parents=True)
    answers, said = iter([str(tmp_path), f'"{tmp_path / "PaperCut MF"}"']), list[str]()
    options = SimpleNamespace(papercut="", system=places.LINUX, ask=lambda question: next(answers))
    assert facts.find_papercut(options, said.append) == str(tmp_path / "PaperCut MF")
    assert "is no folder of a PaperCut server" in said[1]
    options.ask = lambda question: ""
    with pytest.raises(InstallStop, match="Nothing was changed"):
        facts.find_papercut(options, said.append)
