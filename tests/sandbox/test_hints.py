"""What the sandbox's README says to type works as it stands, in the shell at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from relay.sandbox.pair import Pair

pytestmark = pytest.mark.windows
TELL = "import json, sys; print(json.dumps(sys.argv[1:]))"


def test_every_line_reaches_its_program_as_it_is_meant(tmp_path: Path) -> None:
    with Pair(tmp_path / "Büro & Co's 100 %", members=10) as pair:
        written = (pair.folder / "README.txt").read_text(encoding="utf-8")
        (plan,) = _arguments(written, "papercut-relay", " plan")
        login, job = (json.loads(words[-1]) for words in _arguments(written, "curl", "}"))
    assert plan == ["--config", str(pair.config_file), "plan"]
    assert login.keys() == {"username", "password"} and job["pages"] == 3


def _arguments(text: str, program: str, end: str) -> list[list[str]]:
    """Return what the shell at hand makes of every line that starts `program`."""
    lines = [line.strip() for line in text.splitlines()]
    found = [line.removeprefix(program) for line in lines if line.startswith(program + " ") and end in line[-5:]]
    tell = f'"{sys.executable}" -c "{TELL}"'
    return [
        json.loads(subprocess.run(tell + line, shell=True, capture_output=True, check=True).stdout) for line in found
    ]
