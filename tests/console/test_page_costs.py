"""What a page costs: it asks the ledger as often, and builds as much, for a large site as for a small one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from relay import money, stored_accounts
from relay.console import everybody
from relay.console.app import make_app
from tests.bench import bench_console
from tests.console.conftest import MakeDesk
from tests.support.visitor import Visitor

PAGES = (
    *(page for page in bench_console.TIMED if page not in ("/people?find=person+77", "/people.csv")),
    "/people?find=person",
    "/people?show=can&sort=company",
)
HELD, ASKED = 5, 4
MOST_QUERIES = 30


def counting(made: Counter[str], call: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*values: Any, **named: Any) -> Any:
        made[call.__name__] += 1
        return call(*values, **named)

    return counted


def costs(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, folder: Path, people: int) -> dict[str, Counter[str]]:
    """Return for each page what it asked and built when it was looked at again after a commit."""
    place = make_desk(site={"state_dir": str(folder / "state")}, scripts={"home": str(folder / "home")})
    bench_console.fill(place, people, ASKED, people * 4, HELD)
    visitor, found = Visitor(make_app(place).test_client()), dict[str, Counter[str]]()
    made = Counter[str]()
    with monkeypatch.context() as patch:
        patch.setattr(everybody, "PersonRow", counting(made, everybody.PersonRow))
        patch.setattr(stored_accounts, "of_row", counting(made, stored_accounts.of_row))
        event.listen(
            place.database,
            "before_cursor_execute",
            lambda _connection, _cursor, text, *_: made.update(["query"] if text.startswith("SELECT") else []),
        )
        for page in PAGES:
            visitor.page(page)
            now, name = place.clock.now(), place.settings.site.name
            money.record_run(place.database, name, "sync", started=now, ended=now, exit_code=0, answer={})
            place.ahead.finish()
            made.clear()
            visitor.page(page)
            found[page] = Counter(made)
    return found


def test_no_page_costs_more_at_a_large_site(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small, large = (costs(make_desk, monkeypatch, tmp_path / f"{people}", people) for people in (80, 240))
    assert small == large
    assert 0 < small["/people"]["PersonRow"] <= 50 and small["/money"]["of_row"] == HELD
    assert {page: cost for page, cost in large.items() if cost["query"] > MOST_QUERIES} == {}
