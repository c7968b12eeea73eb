"""What a person sees on a terminal, as text, its lines not broken."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console

from relay.cli import terminal
from relay.cli.remedies import worded

WIDTH = 400


def shown(show: Callable[..., None], answer: Any, *before: Any, **options: Any) -> str:
    """Return what `show` prints of a JSON answer, runs of blanks and table lines made one blank."""
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False)
    show(console, *before, worded(answer), **options)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(" ".join(line.replace("│", " ").split()) for line in console.file.getvalue().splitlines())


def discrepancies(found: Any) -> str:
    return shown(terminal.discrepancies, found.as_json())
