"""Every line of the threat model names tests that exist, or says that it has none."""

from __future__ import annotations

import re

import pytest

from tests.support.repository import ROOT

PAGE = (ROOT / "deploy" / "docs" / "SECURITY.md").read_text(encoding="utf-8")
MODEL = PAGE.partition("## Threat model")[2].partition("\n## ")[0]
LINES = [
    line for line in MODEL.splitlines() if line.startswith("| ") and not re.match(r"\| (who \||stolen \||---)", line)
]


def test_the_model_is_there() -> None:
    assert len(LINES) > 15


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.strip("| ").partition(" |")[0][:40])
def test_each_line_is_held_or_says_that_it_is_not(line: str) -> None:
    named = re.findall(r"`(tests/[a-z_/]+\.py)`", line)
    assert named or "no test" in line, line
    assert [name for name in named if not (ROOT / name).is_file()] == []
