"""Remedies as the terminal words them: commands that can be pasted, names that stay names."""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from relay import commands, shell
from relay.cli import remedies
from relay.cli.app import cli
from relay.cli.remedies import worded
from relay.remedy import Action, Note, Remedy
from tests.support import wine
from tests.support.money_world import Site

pytestmark = pytest.mark.windows
LIKE_A_COMMAND = "Ann Lee, papercut-relay link 5f3 bob_x.example"
NAMES = [
    LIKE_A_COMMAND,
    "O'Brien's Legal",
    'The "Quiet" Agency',
    "$(touch x)",
    "a`b`",
    "100 % & more",
    "%PATH%",
    "a\\",
    "é",
]


def test_every_action_has_one_command_that_exists() -> None:
    assert set(commands.COMMANDS) == set(get_args(Action))
    for text in commands.COMMANDS.values():
        name = text.split()[0]
        assert name == "COMMAND" or name in cli.commands, text


def test_arguments_stand_in_their_places_and_open_ones_stay() -> None:
    assert commands.command(Remedy("link", ("m1", "ann"))) == "papercut-relay link m1 ann"
    assert commands.command(Remedy("link", ("m1", ""))) == "papercut-relay link m1 USERNAME"
    assert commands.command(Remedy("approve", ("ann", "bill"))) == "papercut-relay approve ann --as bill --reason TEXT"


def test_no_room_spells_a_command() -> None:
    """Whoever installs has no relay yet, and the stand-ins' leaflet is for a terminal; all others ask the table."""
    relay = Path(commands.__file__).parent
    spelled = [
        f"{file.relative_to(relay)}:{text.lineno}"
        for file in relay.rglob("*.py")
        if file.relative_to(relay).parts[0] not in ("cli", "installer", "sandbox")
        for text in texts_of(ast.parse(file.read_text(encoding="utf-8")))
        if any(f"{commands.PROGRAM} {name}" in text.value for name in cli.commands)
        and text.value not in ("papercut-relay probe", "papercut-relay probe é")  # what the probe calls what it makes
    ]
    pages = (file for kind in ("*.html", "*.js") for file in relay.rglob(kind))
    spelled += [
        file.name for file in pages for name in cli.commands if f"{commands.PROGRAM} {name}" in file.read_text("utf-8")
    ]
    assert spelled == []


def texts_of(tree: ast.Module) -> Iterator[ast.Constant]:
    """Return the texts of a file, without those that stand alone, as docstrings do."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_argument_of_a_posix_shell(name: str) -> None:
    assert shlex.split(f"x {shell.quoted(name, windows=False)}") == ["x", name]


@pytest.mark.skipif(os.name != "nt", reason="cmd.exe is not on this machine")
@pytest.mark.parametrize("name", [pytest.param(name, marks=wine.carets if "%PATH%" in name else ()) for name in NAMES])
def test_cmd_exe_passes_a_name_as_one_argument(name: str) -> None:
    echo = "import sys; sys.stdout.buffer.write(sys.argv[1].encode())"
    line = f'"{sys.executable}" -c "{echo}" {shell.quoted(name, windows=True)}'
    assert subprocess.run(line, shell=True, capture_output=True, check=True).stdout.decode() == name


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("ann.lee_x-1", "ann.lee_x-1"),
        ("Acme Ltd", '"Acme Ltd"'),
        ("a&b", '"a&b"'),
        ("O'Brien", '"O\'Brien"'),
        ("C:\\", '"C:\\\\"'),
        ('a" & calc', '^"a\\^" ^& calc^"'),
        ("%PATH%", '^"^%PATH^%^"'),
    ],
)
def test_a_name_is_quoted_as_cmd_exe_knows_it(name: str, argument: str) -> None:
    """Single quotes mean nothing to it, and neither & nor % may do anything."""
    assert shell.quoted(name, windows=True) == argument


def test_sentences_end_in_their_commands() -> None:
    link, other = Remedy("link", ("m1", "ann")), Remedy("not_same", ("m1", "bob"))
    assert remedies.sentence("Say which.", ()) == "Say which."
    told = remedies.sentence("Say which.", (link, other))
    assert told == "Say which: papercut-relay link m1 ann; or papercut-relay not-same m1 bob"
    told = remedies.sentence("ann was not kept; look at PaperCut's log", (Remedy("sync", (), "then"),))
    assert told == "ann was not kept; look at PaperCut's log. Then: papercut-relay sync"
    when = Remedy("plan", (), "to look"), Remedy("allow_sync", ("max_x",), "if it is right")
    told = remedies.sentence("Nothing is done.", when)
    assert told == "Nothing is done. To look: papercut-relay plan; if it is right: papercut-relay sync --allow max_x"


def test_an_answer_is_worded_wherever_a_remedy_stands() -> None:
    note = Note("Too old.", (Remedy("sync"),)).as_json()
    answer = {"notes": [note], "held": [{"reason": "owes", "code": "x", "remedies": note["remedies"]}], "n": 1}
    told = remedies.worded(answer)
    assert told["notes"] == ["Too old: papercut-relay sync"] and told["n"] == 1
    assert told["held"][0]["reason"] == "owes: papercut-relay sync"
    assert told["held"][0]["remedies"] == note["remedies"], "a program reads the values"


def test_a_settle_that_a_stop_refuses_says_what_ends_it(tmp_path: Path) -> None:
    site = Site(tmp_path, {})
    site.person("ann")
    site.settle()
    site.papercut.notes.clear()
    told = worded(site.settle().as_json())["refused"][0]["message"]
    assert "papercut-relay approve restored --as forgive" in told
