"""Beancount, which nobody here wrote, as a checker of the money journal."""

from __future__ import annotations

from typing import Any

from beancount import loader

from relay import money
from relay.money.report.journal import Journal


def complaints(text: str) -> list[str]:
    """Return what Beancount says against a ledger."""
    _, errors, _ = loader.load_string(text)
    return [str(error.message) for error in errors]


def checked(site: Any, **options: Any) -> Journal:
    """Return a site's journal, which Beancount accepts."""
    found = money.journal(site.context, **options)
    text = found.as_beancount()
    assert complaints(text) == [], text
    return found
