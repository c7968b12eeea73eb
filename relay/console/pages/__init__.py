"""The pages, one module each. A page asks the rooms and shows the answer; it decides nothing."""

from __future__ import annotations

from relay.console.pages import (
    audit,
    checks,
    first_hour,
    held,
    installation,
    login,
    machine,
    money,
    people,
    review,
    runs,
    settings,
    sites,
    statements,
    today,
    users,
    works,
)

_MODULES = (
    audit, checks, first_hour, held, installation, login, machine, money, people, review, runs, settings, sites,
    statements, today, users, works,
)  # fmt: skip
PAGES = tuple(module.page for module in _MODULES)
