"""What the sandbox's README says to type works as it stands, in the shell at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from relay.sandbox import pair
from relay.sandbox.pair import Pair
from relay.shell import quoted

pytestmark = pytest.mark.windows
TELL = "import json, sys; print(json.dumps(sys.argv[1:]))"


def test_every_line_reaches_its_program_as_it_is_meant(tmp_path: Path) -> None:
    with Pair(tmp_path / "Büro & Co's 100 %", members=10) as both:
        written = (both.folder / "README.txt").read_text(encoding="utf-8")
        (plan,) = _arguments(written, "papercut-relay", " plan")
        login, job = (json.loads(words[-1]) for words in _arguments(written, "curl", "}"))
    assert plan == ["--config", str(both.config_file), "plan"]
    assert login.keys() == {"username", "password"} and job["pages"] == 3


@pytest.mark.parametrize(
    ("on_path", "started", "typed"),
    [
        (True, "papercut-relay", "papercut-relay"),
        (False, "/a clone/.venv/bin/papercut-relay", "/a clone/.venv/bin/papercut-relay"),
        (False, "/a clone/relay/__main__.py", "papercut-relay"),
    ],
)
def test_the_command_is_named_as_it_can_be_typed_here(
    on_path: bool, started: str, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair.shutil, "which", lambda _: "/somewhere" if on_path else None)
    monkeypatch.setattr(pair.sys, "argv", [started, "sandbox"])
    typed = quoted(str(Path(typed).absolute())) if "/" in typed else typed
    assert pair.typed_program() == typed


def _arguments(text: str, program: str, end: str) -> list[list[str]]:
    """Return what the shell at hand makes of every line that starts `program`."""
    lines = [line.strip() for line in text.splitlines()]
    found = [line.removeprefix(program) for line in lines if line.startswith(program + " ") and end in line[-5:]]
    tell = f'"{sys.executable}" -c "{TELL}"'
    return [
        json.loads(subprocess.run(tell + line, shell=True, capture_output=True, check=True).stdout) for line in found
    ]
