"""A file of answers from beginning to end; the settings that come of it, whole or not at all, for their owner only."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from relay import config
from relay.errors import ConfigError, RelayError
from relay.setup import answers_file, document
from relay.setup.walk import STEPS, first_open
from tests.support.setup_site import PASSWORD, SetupSite

ROOT = Path(__file__).parents[2]


def relay(site: SetupSite, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "relay", *words],
        cwd=site.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_from_answers_to_a_first_sync(site: SetupSite) -> None:
    site.answers["papercut"]["papercut.install_dir"] = "../pair/papercut"
    site.write_answers("[safety]\nsettling_s = 0\n")
    done = relay(site, "--json", "init", "--answers", "answers.toml")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["settings"] == str(site.folder / "relay.toml")
    for secret in (
        site.token,
        PASSWORD,
        *(str(site.answers["officernd"][f"{a}.client_secret"]) for a in ("officernd", "signin")),
    ):
        assert secret not in done.stdout + done.stderr + (site.folder / "relay.toml").read_text()
    for file in (site.folder / "relay.toml", *(site.folder / "secrets").iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE((site.folder / "secrets").stat().st_mode) == 0o700
    for words in (["check"], ["plan"], ["sync"], ["settle", "--dry-run"], ["sync"]):
        answer = relay(site, "--json", *words)
        assert answer.returncode == 0, (words, answer.stdout[-2000:], answer.stderr)
    assert json.loads(answer.stdout)["changes"] == [], "a second sync changed something"


def test_every_line_of_the_settings_has_a_comment(site: SetupSite) -> None:
    made = document.document(site.bench, site.walk()).text
    lines = made.splitlines()
    for number, line in enumerate(lines):
        assert len(line) < 120
        if " = " in line and not line.startswith("#"):
            assert lines[number - 1].startswith("#"), line


def test_all_problems_at_once_and_nothing_is_written(site: SetupSite) -> None:
    site.answers["language"]["site.timezone"] = "Mars/Base"
    site.answers["officernd"]["officernd.client_secret"] = "wrong"
    site.answers["papercut"]["papercut.auth_token"] = "wrong as well"
    site.answers["password"]["console.password"] = "short"
    site.write_answers("[nonsense]\na = 1\n")
    done = relay(site, "init", "--answers", "answers.toml")
    assert done.returncode == 2 and "[nonsense] is not a section" in done.stderr
    site.write_answers('[fees]\nplann = "x"\n')
    done = relay(site, "init", "--answers", "answers.toml")
    assert done.returncode == 2
    for told in (
        "[site] timezone",
        "[officernd] client_secret: OfficeRnD does not accept",
        "[papercut] auth_token: PaperCut does not accept",
        "[console] password: Take at least 10",
        "[fees] plann: Is not a setting; did you mean plan?",
    ):
        assert told in done.stderr, (told, done.stderr)
    assert "wrong as well" not in done.stderr
    assert not (site.folder / "relay.toml").exists() and not (site.folder / "secrets").exists()


def test_what_only_a_system_refuses_may_do_later(site: SetupSite) -> None:
    site.answers["papercut"]["papercut.auth_token"] = "wrong"
    site.write_answers()
    done = relay(site, "init", "--answers", "answers.toml")
    assert done.returncode == 1 and "does not accept this token" in done.stderr
    assert not (site.folder / "relay.toml").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('client_secret = "in clear"', "a secret must not stand in the answers"),
        ('client_secret_env = "NOT_THERE"', "the environment has no variable NOT_THERE"),
        ('client_secret_file = "nowhere"', "cannot be read"),
        ('client_secret_file = "open"', "chmod 600"),
    ],
)
def test_secrets_come_from_files_or_the_environment(line: str, told: str, site: SetupSite) -> None:
    (site.folder / "open").write_text("everybody reads me")
    (site.folder / "open").chmod(0o644)
    file = site.folder / "answers.toml"
    file.write_text(f"[officernd]\n{line}\n")
    with pytest.raises(ConfigError) as error:
        answers_file.read(file, {})
    assert told in error.value.message and "in clear" not in error.value.message
    assert "everybody reads me" not in error.value.message


def test_settings_that_are_there_stay_unless_told_otherwise(site: SetupSite) -> None:
    file = site.folder / "relay.toml"
    document.write(site.bench, site.walk(), file)
    before = {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
    site.write_answers()
    done = relay(site, "init", "--answers", "answers.toml")
    assert done.returncode == 2 and "stays as it is" in done.stderr and "--replace" in done.stderr
    assert {path: path.read_bytes() for path in before} == before
    done = relay(site, "init", "--answers", "answers.toml", "--replace")
    assert done.returncode == 0 and "kept as" in done.stdout
    assert (site.folder / "relay.before-1.toml").read_bytes() == before[file]
    old = config.load(site.folder / "relay.before-1.toml", {})
    new = config.load(file, {})
    assert old.papercut.auth_token == new.papercut.auth_token


@pytest.mark.parametrize("at", range(6))
def test_whatever_cannot_be_written_leaves_the_earlier_settings(
    at: int, site: SetupSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four secrets, the copy of the earlier settings, the settings: each may meet a full disk."""
    file = site.folder / "relay.toml"
    walk = site.walk()
    document.write(site.bench, walk, file)
    before = {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
    calls, write = [0], document.write_private

    def full(path: Path, text: str) -> None:
        calls[0] += 1
        if calls[0] - 1 == at:
            raise OSError(28, "No space left on device", str(path))
        write(path, text)

    monkeypatch.setattr(document, "write_private", full)
    with pytest.raises(RelayError, match="nothing was left behind"):
        document.write(site.bench, walk, file, replace=True)
    assert {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()} == before
    monkeypatch.setattr(document, "write_private", write)
    assert document.write(site.bench, walk, file, replace=True).kept


def test_the_documented_example_is_one(site: SetupSite) -> None:
    paper = (ROOT / "deploy" / "docs" / "SETUP.md").read_text(encoding="utf-8")
    example = paper.partition("```toml\n")[2].partition("```")[0]
    raw = tomllib.loads(example)
    for name in ("papercut.token", "login.secret", "console.password"):
        (site.folder / name).write_text("long enough secret")
        (site.folder / name).chmod(0o600)
    file = site.folder / "example.toml"
    file.write_text(example)
    answers = answers_file.read(file, {"OFFICERND_SECRET": "x"})
    asked = {question.name for step in STEPS for question in step.questions(site.bench, first_walk(site))}
    assert set(answers) <= asked
    assert set(raw) >= {"site", "papercut", "officernd", "signin"}


def first_walk(site: SetupSite):  # type: ignore[no-untyped-def]
    walk = site.walk()
    assert first_open(walk) is None
    return walk
