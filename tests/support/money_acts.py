"""What happens to a site's money in more than one test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import delete

from relay import money
from relay.database import metadata
from relay.errors import AlreadyRunning
from relay.money.ledger.store import open_ledger
from relay.money.report.result import MoneyResult
from tests.support.money_world import Site, kill, lose


def random_steps(runs: int) -> settings:
    """Return how long a machine of random steps works: so many runs, the same ones unless MONEY_EXAMPLES asks."""
    return settings(
        max_examples=int(os.environ.get("MONEY_EXAMPLES", runs)),
        stateful_step_count=18,
        deadline=None,
        derandomize="MONEY_EXAMPLES" not in os.environ,
        phases=(Phase.generate,),
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def foreign_fee(site: Site, of: str, **values: Any) -> str:
    return site.officernd.put(
        **{
            "name": "PaperCut printing",
            "issue_date": site.clock.now().date(),
            "price": Decimal("2.5"),
            "member": of,
            "modified_at": (site.clock.now() + timedelta(minutes=1)).isoformat(),
        }
        | values
    )


def lose_the_ledger(site: Site, *, keep_people: bool = True) -> None:
    with site.quietly(), site.database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if not (keep_people and table.name.startswith("people_")):
                connection.execute(delete(table))


def rebuild(site: Site, **options: Any) -> Any:
    return money.rebuild(site.context, **options)


def exactly_once(site: Site, who: str = "ann", fees: int = 1) -> None:
    """Settle without faults until nothing is left; what was printed is then billed and adjusted exactly once."""
    site.faults.clear()
    site.clock.move(seconds=10)
    assert site.settle().exit_code == 0, site.result.as_json()
    assert (len(site.officernd.held_fees), len(site.adjustments(who)), site.balance(who)) == (fees, 1, 0)
    writes = site.remote_writes()
    assert (site.settle().movements, site.remote_writes()) == ((), writes)


def killed_everywhere(
    folder: Path, prepare: Callable[[Site], object], work: Callable[[Site], object] = Site.settle
) -> Iterator[Site]:
    """Yield for every moment of a run a site made anew, on which the run was killed there; on the last it was not."""
    moment, killed = 0, True
    while killed:
        site = Site(folder, {})
        prepare(site)
        site.faults.clear()
        site.faults.actions[moment] = kill
        killed = site.killed(partial(work, site))
        site.faults.clear()
        yield site
        site.database.dispose()
        moment += 1
    assert moment > 5


def restoring(site: Site, backup: Any = None) -> Callable[[str, str], None]:
    """Return a fault that restores PaperCut to a backup, else to what it is now."""
    backup = backup or deepcopy((site.papercut.accounts, site.papercut.notes))

    def restore(name: str, phase: str) -> None:
        site.papercut.accounts, site.papercut.notes = deepcopy(backup)

    return restore


def lost_beside_a_job(site: Site, who: str, cost: float) -> Callable[[str, str], None]:
    """Return a fault that loses an answer while somebody prints: what happened cannot be told then."""

    def fault(name: str, phase: str) -> None:
        site.prints(who, cost)
        lose(name, phase)

    return fault


def held(site):
    return {(item.account.username, item.code): item.amount for item in site.result.held}


def held_told(result: MoneyResult) -> dict[str, tuple[str, str]]:
    """Return what an answer says is held: by username the reason's code and the amount."""
    return {item["username"]: (item["code"], item["amount"]) for item in result.as_json()["held"]}


def movements_told(result: MoneyResult) -> list[tuple[str, str, str, str]]:
    """Return what an answer says of its movements: whose, kind, amount, state."""
    return [(m["username"], m["kind"], m["amount"], m["state"]) for m in result.as_json()["movements"]]


def took_the_lease(site: Site, number: int) -> bool:
    """Begin a run on the machine of this number, and return whether it may."""
    try:
        open_ledger(site.database, site.settings, site.clock, holder=f"machine{number}:/var")
    except AlreadyRunning:
        return False
    return True
