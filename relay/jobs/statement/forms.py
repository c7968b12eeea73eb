"""A statement in the form that somebody asked for."""

from __future__ import annotations

from typing import Literal

from relay.jobs.statement.model import Statement
from relay.jobs.statement.render import as_csv, as_json, as_text

Format = Literal["text", "csv", "json", "html"]


def render(statement: Statement, format_: Format, width: int | None = None) -> str:
    """Return a statement as text of this format, with a line end; `width` is the terminal's, for "text"."""
    if format_ == "html":
        from relay.jobs.statement.page import as_html  # templates are only loaded for pages

        return as_html(statement)
    return as_text(statement, width) if format_ == "text" else {"csv": as_csv, "json": as_json}[format_](statement)
