"""A file of answers from beginning to end; the settings that come of it, whole or not at all, for their owner only."""

from __future__ import annotations

import contextlib
import errno
import json
import stat
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from relay import config
from relay.errors import AlreadyRunning, RelayError
from relay.setup import answers_file, document, unfinished
from relay.setup.walk import STEPS, first_open
from tests.support.forked_relay import Ended, ForkedRelay
from tests.support.repository import ROOT
from tests.support.setup_site import PASSWORD, SetupSite


@pytest.fixture
def relay(site: SetupSite, forked_relay: ForkedRelay) -> Callable[..., Ended]:
    """Commands as somebody types them in the site's folder."""
    return partial(forked_relay, folder=site.folder)


def test_from_answers_to_a_first_sync(site: SetupSite, relay: Callable[..., Ended]) -> None:
    site.answers["papercut"]["papercut.install_dir"] = "../pair/papercut"
    site.write_answers("[safety]\nsettling_s = 0\n")
    done = relay("--json", "init", "--answers", "answers.toml")
    assert done.code == 0, done.stderr
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
        answer = relay("--json", *words)
        assert answer.code == 0, (words, answer.stdout[-2000:], answer.stderr)
    assert json.loads(answer.stdout)["changes"] == [], "a second sync changed something"


def test_every_line_of_the_settings_has_a_comment(site: SetupSite) -> None:
    made = document.document(site.bench, site.walk()).text
    lines = made.splitlines()
    for number, line in enumerate(lines):
        assert len(line) < 120
        if " = " in line and not line.startswith("#"):
            assert lines[number - 1].startswith("#"), line


def test_all_problems_at_once_and_nothing_is_written(site: SetupSite, relay: Callable[..., Ended]) -> None:
    site.answers["language"]["site.timezone"] = "Mars/Base"
    site.answers["officernd"]["officernd.client_secret"] = "wrong"
    site.answers["papercut"]["papercut.auth_token"] = "wrong as well"
    site.answers["password"]["console.password"] = "short"
    (site.folder / "signin.client_secret").unlink(missing_ok=True)
    site.write_answers('[nonsense]\na = 1\n[fess]\n[fees]\nplann = "x"\n[members]\nplans = "Hot Desk"\n')
    (site.folder / "console.password").chmod(0o644)
    done = relay("init", "--answers", "answers.toml")
    assert done.code == 2
    for told in (
        "[site] timezone",
        "[officernd] client_secret: OfficeRnD does not accept",
        "[papercut] auth_token: PaperCut does not accept",
        "[console] password: ",
        "chmod 600",
        "[nonsense]: This is not a section of the answers.\n",
        "[fess]: This is not a section of the answers; did you mean fees?\n",
        "[fees] plann: Is not a setting; did you mean plan?\n",
        '[members] plans: Must be a list, such as ["one", "two"].\n',
    ):
        assert told in done.stderr, (told, done.stderr)
    assert "wrong as well" not in done.stderr
    assert not (site.folder / "relay.toml").exists() and not (site.folder / "secrets").exists()


def test_what_only_a_system_refuses_may_do_later(site: SetupSite, relay: Callable[..., Ended]) -> None:
    site.answers["papercut"]["papercut.auth_token"] = "wrong"
    site.write_answers()
    done = relay("init", "--answers", "answers.toml")
    assert done.code == 1 and "does not accept this token" in done.stderr
    assert not (site.folder / "relay.toml").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('client_secret = "in clear"', "A secret must not stand in the answers"),
        ('client_secret_env = "NOT_THERE"', "The environment has no variable NOT_THERE"),
        ('client_secret_file = "nowhere"', "cannot be read"),
        ('client_secret_file = "open"', "chmod 600"),
    ],
)
def test_secrets_come_from_files_or_the_environment(line: str, told: str, site: SetupSite) -> None:
    (site.folder / "open").write_text("everybody reads me")
    (site.folder / "open").chmod(0o644)
    file = site.folder / "answers.toml"
    file.write_text(f"[officernd]\n{line}\n")
    answers, problems = answers_file.read(file, {})
    said = answers_file.sentence("officernd.client_secret", problems["officernd.client_secret"])
    assert told in said and "in clear" not in said and "everybody reads me" not in said
    assert not answers


@pytest.mark.parametrize(
    ("section", "key", "meant"),
    [
        ("console", "nam", "name"),
        ("console", "pasword_file", "password_file"),
        ("console", "passwort_env", "password_env"),
        ("console", "password_hash_file", "password_file"),
        ("console", "lissten", "listen"),
        ("papercut", "make_tokn", "make_token"),
        ("papercut", "auth_tokn_file", "auth_token_file"),
        ("officernd", "client_secrt_env", "client_secret_env"),
        ("signin", "client_secret_fil", "client_secret_file"),
    ],
)
def test_a_key_that_is_nearly_right_is_guessed(section: str, key: str, meant: str, tmp_path: Path) -> None:
    """Also where the settings have no such key: name, password and token come into them in other ways."""
    file = tmp_path / "answers.toml"
    file.write_text(f'[{section}]\n{key} = "x"\nzzz = 1\n')
    _, problems = answers_file.read(file, {})
    told = [answers_file.sentence(name, problem) for name, problem in problems.items()]
    assert told == [
        f"[{section}] {key}: Is not a setting; did you mean {meant}?",
        f"[{section}] zzz: Is not a setting.",
    ]


def test_settings_that_are_there_stay_unless_told_otherwise(site: SetupSite, relay: Callable[..., Ended]) -> None:
    file = site.folder / "relay.toml"
    document.write(site.bench, site.walk(), file)
    before = {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
    site.write_answers()
    done = relay("init", "--answers", "answers.toml")
    assert done.code == 2 and "stays as it is" in done.stderr and "--replace" in done.stderr
    assert {path: path.read_bytes() for path in before} == before
    done = relay("init", "--answers", "answers.toml", "--replace")
    assert done.code == 0 and "kept as" in done.stdout
    assert (site.folder / "relay.before-1.toml").read_bytes() == before[file]
    old = config.load(site.folder / "relay.before-1.toml", {})
    new = config.load(file, {})
    assert old.papercut.auth_token == new.papercut.auth_token


FILES = 7  # the note, four secrets, the copy of earlier settings, the settings
FULL = OSError(errno.ENOSPC, "No space left on device")


def test_whatever_cannot_be_written_leaves_the_earlier_settings(
    site: SetupSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = site.folder / "relay.toml"
    walk = site.walk()
    document.write(site.bench, walk, file)
    before = everything(site.folder)
    for at in range(FILES):
        for fault in (FULL, KeyboardInterrupt()):
            with monkeypatch.context() as patched, pytest.raises((RelayError, KeyboardInterrupt)) as failed:
                fail_at(patched, at, fault)
                document.write(site.bench, walk, file, replace=True)
            assert fault is not FULL or "nothing was left behind: make room on its disk" in str(failed.value)
            assert everything(site.folder) == before, (at, fault)
    assert document.write(site.bench, walk, file, replace=True).kept


def test_a_first_set_up_that_fails_leaves_no_folder(site: SetupSite, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = site.walk()
    for at in range(FILES - 1):
        with (
            monkeypatch.context() as patched,
            pytest.raises(RelayError, match="the account that PaperCut's server runs as"),
        ):
            fail_at(patched, at, OSError(errno.EROFS, "Read-only file system"))
            document.write(site.bench, walk, site.folder / "new" / "relay.toml")
        assert list(site.folder.iterdir()) == [], at


@pytest.mark.parametrize("replace", [False, True])
def test_what_a_killed_set_up_left_the_next_one_takes_back(
    replace: bool, site: SetupSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill leaves a part of a file, and runs no clean-up; the last time only the note is left to be removed."""
    walk, files = site.walk(), FILES if replace else FILES - 1
    for at in range(files + 1):
        file = site.folder / str(at) / "relay.toml"
        file.parent.mkdir()
        if replace:
            document.write(site.bench, walk, file)
        before = everything(file.parent)
        with monkeypatch.context() as patched:
            fail_at(patched, at, Killed(), leaves_part=True)
            patched.setattr(unfinished, "end", lambda _: False)
            with contextlib.suppress(Killed):
                document.write(site.bench, walk, file, replace=replace)
        assert unfinished.end(file) is (at == files)
        assert at == files or everything(file.parent) == before, at
        settings = document.write(site.bench, walk, file, replace=True).settings
        assert config.load(settings, {}).papercut.auth_token.get_secret_value() == site.token
        assert not list(file.parent.glob("**/.*")), "a note, a lock or a part of a file is left"
        assert len(list((file.parent / "secrets").iterdir())) == 4 * len(list(file.parent.glob("*.toml")))


class Killed(BaseException):
    """What no clean-up sees."""


def everything(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def fail_at(monkeypatch: pytest.MonkeyPatch, at: int, fault: BaseException, *, leaves_part: bool = False) -> None:
    """Let the file number `at` of a set-up, its note the first of them, meet a fault."""
    calls, write = [0], document.write_private

    def failing(path: Path, text: str | bytes) -> None:
        calls[0] += 1
        if calls[0] - 1 == at:
            if leaves_part:
                path.with_name(f".{path.name}.0123456789abcdef.new").write_text("half")
            raise fault
        write(path, text)

    monkeypatch.setattr(document, "write_private", failing)
    monkeypatch.setattr(unfinished, "write_private", failing)


def test_two_set_ups_write_one_after_the_other(site: SetupSite) -> None:
    walk = site.walk()
    with unfinished.alone(site.folder), pytest.raises(AlreadyRunning, match="Another set-up is writing"):
        document.write(site.bench, walk, site.folder / "relay.toml")
    assert everything(site.folder) == {}


def test_a_note_leads_to_nothing_but_the_files_of_a_set_up(site: SetupSite) -> None:
    """The account that owns the folder may write it, and root may read it."""
    mine = site.folder / "mine"
    mine.mkdir()
    (mine / "relay.toml").write_text("# mine")
    (site.folder / "precious").write_text("x")
    names = ["../precious", "relay.toml", "/etc/hostname", "secrets/../relay.toml", "secrets/../../precious"]
    unfinished.begin(mine / "relay.toml", unfinished.WritingNote(names, "0"))
    assert unfinished.end(mine / "relay.toml") is False
    assert (site.folder / "precious").exists() and (mine / "relay.toml").exists()


def test_the_documented_example_is_one(site: SetupSite) -> None:
    paper = (ROOT / "deploy" / "docs" / "SETUP.md").read_text(encoding="utf-8")
    example = paper.partition("```toml\n")[2].partition("```")[0]
    raw = tomllib.loads(example)
    for name in ("papercut.token", "login.secret", "console.password"):
        (site.folder / name).write_text("long enough secret")
        (site.folder / name).chmod(0o600)
    file = site.folder / "example.toml"
    file.write_text(example)
    answers, problems = answers_file.read(file, {"OFFICERND_SECRET": "x"})
    assert not problems
    asked = {question.name for step in STEPS for question in step.questions(site.bench, first_walk(site))}
    assert set(answers) <= asked
    assert set(raw) >= {"site", "papercut", "officernd", "signin"}


def first_walk(site: SetupSite):  # type: ignore[no-untyped-def]
    walk = site.walk()
    assert first_open(walk) is None
    return walk
