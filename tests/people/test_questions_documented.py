"""Every question that a plan may ask stands in the README with its answer."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def asked() -> set[str]:
    """Return the codes of every warning that the people room makes."""
    codes = set()
    for name in ("matching.py", "decisions.py"):
        for node in ast.walk(ast.parse((ROOT / "relay/people/decide" / name).read_text(encoding="utf-8"))):
            called = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if isinstance(node, ast.Call) and called in ("warn", "_warn", "doubt", "Question"):
                words = [item.value for item in node.args[:2] if isinstance(item, ast.Constant)]
                codes.update(word for word in words[:1] if isinstance(word, str))
    return codes


def test_every_question_is_told_with_its_answer() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(asked()) > 12
    assert [code for code in sorted(asked()) if f"`{code}`" not in readme] == []
