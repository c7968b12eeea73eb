"""The pages, one module each. A page asks the rooms and shows the answer; it decides nothing."""

from __future__ import annotations

from relay.console.pages import (
    checks,
    first_hour,
    installation,
    login,
    machine,
    money,
    people,
    review,
    settings,
    statements,
    today,
    works,
)

PAGES = tuple(
    module.page
    for module in (
        checks,
        first_hour,
        installation,
        login,
        machine,
        money,
        people,
        review,
        settings,
        statements,
        today,
        works,
    )
)
