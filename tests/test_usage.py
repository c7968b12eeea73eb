"""What nobody can have meant, asked of every command: the contract's exit code, one sentence, and no run of it.

The commands and their options are read from the program itself, so that a new one is asked too.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest

from relay import cli
from relay.cli import app
from relay.cli.document import every_command
from relay.commands import COMMANDS
from relay.sandbox.pair import Pair
from tests.support.mailbox import Mailbox

REASON = ("--reason", "agreed")
WHO = "nobody.of.ours"

# What each command needs to be meant; its options are known to the program.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "approve": (WHO, "--as", "bill", *REASON),
    "bundle": ("--out", "package.zip"),
    "check": (),
    "demo": (),
    "discrepancies": (),
    "erase": (WHO, *REASON),
    "explain": (WHO,),
    "init": (),
    "jobs": (),
    "journal": (),
    "link": (WHO, "ann"),
    "not-same": (WHO, "ann"),
    "notify": ("--test",),
    "password": ("ann",),
    "pin issue": (WHO,),
    "pin revoke": (WHO,),
    "plan": (),
    "probe": ("--out", "record.json"),
    "rebuild": (),
    "resolve": ("NOTHING", "--as", "none", *REASON),
    "run": (),
    "sandbox": (),
    "serve": (),
    "settle": (),
    "statement": (),
    "status": (),
    "sync": (),
    "top-up": (),
    "unlink": (WHO,),
}
WITHOUT_SETTINGS = ("demo", "sandbox", "init")
ASKED_FIRST = ("bundle", "serve")  # of these no settings at all mean the set-up


ALL = dict(every_command())
READERS = [name for name in ALL if name not in WITHOUT_SETTINGS]


def _options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option) and not one.hidden]


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, box: Mailbox) -> Iterator[Pair]:
    """A small site on both stand-ins that has synced once, and somebody who is told."""
    with Pair(tmp_path_factory.mktemp("usage"), members=8) as made:
        lines = [f"{key} = {json.dumps(value)}" for key, value in box.settings(made.folder).items()]
        with made.config_file.open("a", encoding="utf-8") as file:
            file.write("\n[notify]\n" + "\n".join(lines) + "\n")
        with pytest.raises(SystemExit):
            cli.main(["--config", str(made.config_file), "sync"])
        yield made


class Terminal:
    """Gives commands as from a shell whose standard input is closed, and counts what they leave behind."""

    def __init__(self, pair: Pair, box: Mailbox, capsys: pytest.CaptureFixture[str]) -> None:
        self.pair, self.box, self.capsys = pair, box, capsys
        self.out = ""

    def refused(self, *words: str, settings: Path | None = None) -> str:
        """Return the sentence with which a command is refused as usage; it has left nothing behind."""
        before = self.traces()
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main(["--config", str(settings or self.pair.config_file), *words])
        told = self.capsys.readouterr()
        self.out = told.out
        assert 2 == left.value.code, (words, left.value.code, told.err, told.out)
        assert before == self.traces(), words
        sentence = told.err.strip()
        assert sentence and "Traceback" not in sentence and "Errno" not in sentence, words
        return sentence

    def traces(self) -> tuple[Any, ...]:
        with closing(sqlite3.connect(self.pair.folder / "state" / "ledger.db")) as ledger:
            (found,) = ledger.execute("SELECT count(*) FROM runs").fetchone()
        return (found, len(self.box.messages), len(self.box.pings), sorted(self.pair.folder.iterdir()))


@pytest.fixture
def terminal(pair: Pair, box: Mailbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(pair.folder)
    monkeypatch.delenv("PAPERCUT_RELAY_CONFIG", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.setattr("getpass.getpass", lambda *_: input())  # which asks past standard input otherwise
    return Terminal(pair, box, capsys)


def test_the_table_has_every_command() -> None:
    assert set(NEEDED) == set(ALL)
    assert {words.split()[0] for words in COMMANDS.values()} - {"COMMAND"} <= set(app.cli.commands)


@pytest.mark.parametrize("name", sorted(ALL))
def test_words_that_a_command_does_not_know(name: str, terminal: Terminal) -> None:
    command, words, help_ = name.split(), NEEDED[name], f"See: papercut-relay {name} --help"
    assert terminal.refused(*command, *words, "--nonsense").endswith(help_)
    assert "unexpected extra argument" in terminal.refused(*command, *words, "one", "two", "three")
    for option in _options(ALL[name]):
        if not option.is_flag:
            assert "requires an argument" in terminal.refused(*command, *words, option.opts[0]), option.name


@pytest.mark.parametrize("name", sorted(ALL))
def test_words_that_are_missing_or_of_another_kind(name: str, terminal: Terminal) -> None:
    command, words = name.split(), NEEDED[name]
    arguments = [one for one in ALL[name].params if isinstance(one, click.Argument)]
    for argument in arguments if all(one.required for one in arguments) else ():
        assert f"Missing argument '{argument.human_readable_name.upper()}'" in terminal.refused(
            *command, *words[: arguments.index(argument)], *words[len(arguments) :]
        )
    for option in _options(ALL[name]):
        flag = option.opts[0]
        if option.required and flag in words:
            start = words.index(flag)
            rest = words[:start] + words[start + (1 if option.is_flag else 2) :]
            assert f"Missing option '{flag}'" in terminal.refused(*command, *rest)
        if isinstance(option.type, (click.Choice, click.IntRange, click.types.IntParamType)):
            assert f"Invalid value for '{flag}'" in terminal.refused(*command, *words, flag, "nonsense")
        if isinstance(option.type, click.IntRange):
            assert "not in the range" in terminal.refused(*command, *words, flag, "-1")


@pytest.mark.parametrize("name", sorted(READERS))
def test_settings_that_are_not_there_or_cannot_be_meant(name: str, terminal: Terminal, tmp_path: Path) -> None:
    """All that is wrong with them is told at once, before anything else is asked, and stands in a JSON answer too."""
    words = (*name.split(), *NEEDED[name])
    assert terminal.refused(*words, settings=tmp_path).startswith(f"{tmp_path} is a folder: name the settings file")
    assert terminal.refused(*words, settings=tmp_path / "none.toml").startswith("There is no settings file")
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"[site]\nname = \xff\n")
    assert "cannot be read: it is not UTF-8 text" in terminal.refused(*words, settings=broken)
    broken.write_text("[site\n")
    assert "broken.toml" in terminal.refused(*words, settings=broken)
    if name == "password":  # which writes one section, whatever the others hold
        return
    broken.write_text('[site]\nname = 5\ncolour = "red"\n[fees]\nevery = "yearly"\nminimum = 3\n')
    told = terminal.refused(*words, "--json", settings=broken)
    assert json.loads(terminal.out)["error"] == {"code": "settings", "message": told}
    for place in ("[site] name", "[site] colour", "[fees] every", "[fees] minimum", "[papercut] url"):
        assert f"broken.toml: {place}: " in told


@pytest.mark.parametrize("name", sorted(set(READERS) - set(ASKED_FIRST)))
def test_no_settings_are_found(name: str, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = terminal.refused(*name.split(), *NEEDED[name], settings=Path("relay.toml"))
    assert "There is no settings file relay.toml: name one with --config FILE" in told and not terminal.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("approve",), "Say what is to happen and why"),
        (("approve", WHO, "--as", "bill"), "Say what is to happen and why"),
        (("approve", "--as", "bill", *REASON), "Say whose"),
        (("approve", WHO, "--held", "x", "--as", "bill", *REASON), "leave WHO and --amount out"),
        (("approve", "--held", "x", "--amount", "1", "--as", "bill", *REASON), "leave WHO and --amount out"),
        (("approve", "--undo"), "--undo takes WHO or --held CODE"),
        (("approve", WHO, "--held", "x", "--undo"), "--undo takes WHO or --held CODE"),
        (("approve", WHO, "--undo", "--as", "bill"), "--undo takes WHO or --held CODE"),
        (("approve", WHO, "--undo", *REASON), "nor --reason"),
        (("approve", "restored", "--as", "continue", "--amount", "1", *REASON), "leave the amount out"),
        (("bundle", "--out", "package.zip", "--site-server", "--with-secrets"), "leave --with-secrets out"),
        (("bundle", "--out", "package.zip", "--site-server", "--platform", "win_amd64"), "leave --platform out"),
        (("init", "--answers", "none", "--more", "--replace"), "leave one of them out"),
        (("journal", "--json", "--format", "csv"), "--json and --format csv"),
        (("link", "Acme", "group:Acme", "--new"), "leave --new out"),
        (("link", "Acme", "account:Acme", "--new"), "leave --new out"),
        (("statement", "--json", "--format", "html"), "--json and --format html"),
        (("sync", "--member", WHO, "--incremental"), "--incremental speaks of everybody"),
        (("sync", "--member", WHO, "--expect", "abc"), "--expect speaks of everybody"),
        (("check", "--fix", "home_open", "--fix-all"), "leave one of them out"),
        (("password", "ann", "--remove", "--role", "look"), "leave --role out"),
        (("statement", "--member", "a", "--company", "b"), "name one of them"),
        (("statement", "--member", ""), "The member is empty"),
    ],
)
def test_options_that_contradict_each_other(words: tuple[str, ...], told: str, terminal: Terminal) -> None:
    assert told in terminal.refused(*words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("approve", WHO, "--as", "bill", *REASON), f"{WHO} is not an e-mail address, username, member id"),
        (("approve", WHO, "--undo"), f"{WHO} is not an e-mail address, username, member id"),
        (("approve", "--held", "nonsense", "--as", "bill", *REASON), "nonsense"),
        (("approve", "restored", "--as", "continue", *REASON), "is not stopped"),
        (("check", "--fix", "nonsense", "more"), "There is no fix nonsense, more; what can be put right"),
        (("discrepancies", "--since", "yesterday"), "is no date such as 2026-11-23"),
        (("erase", WHO, *REASON), "Nothing is stored of"),
        (("erase", WHO, "--reason", " "), "The reason is empty"),
        (("explain", WHO), "Neither OfficeRnD nor PaperCut knows"),
        (("explain", ""), "Neither OfficeRnD nor PaperCut knows"),
        (("journal", "--since", "2026-13-01"), "is no date such as 2026-11-23"),
        (("link", WHO, "ann"), "Neither OfficeRnD nor PaperCut knows"),
        (("not-same", WHO, "ann"), "Neither OfficeRnD nor PaperCut knows"),
        (("pin", "issue", WHO), "Neither OfficeRnD nor PaperCut knows"),
        (("pin", "revoke", WHO), "Neither OfficeRnD nor PaperCut knows"),
        (("pin", "nonsense"), "No such command 'nonsense'"),
        (("nonsense",), "No such command 'nonsense'"),
        (("resolve", "NOTHING", "--as", "none", *REASON), "The ledger has no movement NOTHING"),
        (("serve", "--listen", "nonsense"), "is no address: write ADDRESS:PORT"),
        (("statement", "--company", WHO), "belongs to a company"),
        (("statement", "--member", WHO), "No linked person has"),
        (("statement", "--month", "13"), "is not a month: write it as YYYY-MM"),
        (("sync", "--member", WHO), "Neither OfficeRnD nor PaperCut knows"),
        (("unlink", WHO), "Neither OfficeRnD nor PaperCut knows"),
        *(
            ((*command, "--allow", "second", "first"), "There is no limit first, second; the limits are")
            for command in (("run",), ("settle",), ("settle", "--dry-run"), ("sync",), ("top-up",))
        ),
        *(((name, "--out", "."), "is a directory") for name in ("bundle", "probe")),
        *(((name, "--out", "none/file"), "There is no folder") for name in ("bundle", "probe")),
        (("demo", "--keep", "relay.toml"), "is a file"),
        (("sandbox", "--write-config", "relay.toml"), "is a file"),
        (("sandbox", "--like", "none"), "cannot be read as a field record"),
        (("init", "--answers", "none", "--replace"), "The file of answers none cannot be read"),
        (("init", "--answers", "none"), "is there already and stays as it is"),
    ],
)  # fmt: skip
def test_names_that_nobody_and_nothing_has(words: tuple[str, ...], told: str, terminal: Terminal) -> None:
    assert told in terminal.refused(*words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("init",), "Nobody can answer that question here"),
        (("init", "--replace"), "Nobody can answer that question here"),
        (("bundle", "--out", "package.zip", "--with-secrets"), "Nobody can answer that question here"),
        (("password", "ann"), "No password came on standard input"),
    ],
)
def test_questions_that_nobody_is_there_to_answer(words: tuple[str, ...], told: str, terminal: Terminal) -> None:
    assert told in terminal.refused(*words).splitlines()[-1]


def test_a_program_without_standard_input_is_one_with_an_empty_one(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert "No password came on standard input" in terminal.refused("password", "ann")
    monkeypatch.undo()


def test_ctrl_d_at_a_terminal_is_a_person_who_leaves(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.installer.places.is_terminal", lambda stream: True)
    with pytest.raises(SystemExit) as left:
        cli.main(["--config", str(tmp_path / "relay.toml"), "init"])
    assert left.value.code == 1
    assert terminal.capsys.readouterr().err.endswith("Stopped. Nothing was written: papercut-relay init\n")
