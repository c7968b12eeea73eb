"""A settle from negative balance to fee to zero, and what it must not do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from money_world import Site, sites

from relay.money import amounts


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from sites(tmp_path)


def test_a_negative_balance_becomes_a_fee_and_zero(site: Site) -> None:
    ann = site.person("ann.lee")
    site.prints("ann.lee", 7.0)

    result = site.settle()

    (movement,) = result.as_json()["movements"]
    (fee,) = site.fees_of(ann)
    assert (result.exit_code, result.as_json()["total"]) == (0, "7.00")
    assert ("fee", "posted", "7.00", fee.id) == tuple(movement[k] for k in ("kind", "state", "amount", "fee_id"))
    assert movement["reference"] in fee.name and movement["reference"] in site.adjustments("ann.lee")[0][1]
    assert site.balance("ann.lee") == 0
    writes = site.remote_writes()
    again = site.settle().as_json()
    assert (0, [], "0.00", writes) == (site.result.exit_code, again["movements"], again["total"], site.remote_writes())


def test_a_second_fee_of_the_same_day_has_the_next_number(site: Site) -> None:
    ann = site.person("ann.lee")
    for cost in (7.0, 0.2):
        site.prints("ann.lee", cost)
        assert site.settle().exit_code == 0
    assert [amounts.parse("7.00"), amounts.parse("0.20")] == [
        amounts.from_decimal(fee.price) for fee in site.fees_of(ann)
    ]
    assert site.balance("ann.lee") == 0
