"""Fees that are not ours, and a ledger that is older than the fees."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from relay import language, money
from relay.errors import BadAnswer, UsageError
from relay.money.rebuild import Rebuilt
from relay.money.report.result import MoneyResult
from tests.support.money_acts import foreign_fee, lose_the_ledger, lost_beside_a_job, rebuild
from tests.support.money_world import Site, refuse


def codes(result: MoneyResult) -> list[str]:
    return [refusal.code for refusal in result.refused]


def test_the_old_connectors_fee_holds_its_person(site: Site) -> None:
    ann, bob = site.person("ann"), site.person("bob")
    for name in ("ann", "bob"):
        site.prints(name, 1.0)
    fee_id = foreign_fee(site, ann)
    result = site.settle()
    assert (result.exit_code, codes(result), len(site.fees_of(bob))) == (3, ["foreign_fee"], 1)
    assert fee_id in result.held[0].reason
    site.clock.move(days=40)  # long after the window of reading has moved on it is still held
    assert codes(site.settle()) == ["foreign_fee"]
    site.approve("ann", "bill")
    assert (site.settle().exit_code, site.balance("ann")) == (0, 0)
    site.prints("ann", 1.0)
    assert site.settle().exit_code == 0


@pytest.mark.parametrize(
    "harmless",
    [
        {"modified_at": "2026-11-23T07:00:00+00:00"},  # made this morning, before the link
        {"issue_date": date(2026, 11, 1)},
        {"plan": "another"},
        {"location": "another site's"},
        {"member": "somebody else"},
        {"modified_at": ""},
    ],
)
def test_other_fees_are_nobodys_business(site: Site, harmless: dict[str, Any]) -> None:
    ann = site.person("ann", prints=1.0)
    foreign_fee(site, ann, **harmless)
    assert site.settle().exit_code == 0


def test_several_foreign_fees_stop_the_site(site: Site) -> None:
    for name in ("ann", "bob", "eve", "joe"):
        member = site.person(name, prints=1.0)
        if name != "joe":
            foreign_fee(site, member)
    result = site.settle()
    assert (result.exit_code, codes(result), site.remote_writes()) == (3, ["old_connector"], 0)
    assert [row["code"] for row in money.stops(site.database, site.settings)] == ["old_connector"]
    site.approve("old_connector", "forgive")
    site.settle()
    assert money.stops(site.database, site.settings) == []
    assert [site.balance(name) for name in ("ann", "bob", "eve", "joe")] == [0, 0, 0, 0]
    assert sorted(movement.kind for movement in site.result.movements) == ["fee", *["forgiveness"] * 3]
    assert site.settle().exit_code == 0


def test_somebody_busy_keeps_his_foreign_fee_when_the_site_is_answered(site: Site) -> None:
    """Ann's adjustment is in doubt while the site's word forgives: her foreign fee is asked about afterwards."""
    site.person("ann", prints=1.0)

    with site.faulty("adjust_balance", lost_beside_a_job(site, "ann", 2.0), "after"):
        assert site.settle().exit_code == 4
    for name in ("bob", "eve"):
        foreign_fee(site, site.person(name))
    foreign_fee(site, site.officernd.held_fees[next(iter(site.officernd.held_fees))].member)
    site.settle()
    site.approve("old_connector", "forgive")
    site.settle()
    reference = next(movement.reference for movement in site.result.movements if movement.username == "ann")
    site.resolve(reference, "posted")
    assert "foreign_fee" in {item.code for item in site.settle().held}
    assert len([fee for fee in site.officernd.held_fees.values() if "PRF-" in fee.name]) == 1


def test_one_foreign_fee_now_and_then_never_stops_the_site(site: Site) -> None:
    for name in ("ann", "bob", "eve", "joe"):
        member = site.person(name)
        foreign_fee(site, member)
        site.prints(name, 1.0)
        site.settle()
        site.clock.move(days=10)
    assert codes(site.settle()) == ["foreign_fee"]


def test_a_lost_ledger_stops_and_is_rebuilt(site: Site) -> None:
    ann = site.person("ann")
    for _ in range(2):
        site.prints("ann", 1.0)
        site.settle()
    lose_the_ledger(site)
    site.prints("ann", 2.0)
    result = site.settle()
    assert (result.exit_code, codes(result), len(site.fees_of(ann))) == (3, ["ledger_lost"], 2)
    assert "rebuild" in result.refused[0].message

    before = site.ledger_rows()
    dry = rebuild(site, dry_run=True)
    assert (dry.taken, dry.in_doubt) == (2, (dry.in_doubt[0],)) and site.ledger_rows() == before
    rebuilt = rebuild(site)
    assert (rebuilt.taken, rebuilt.exit_code) == (2, 4)  # 2.00 owed could be the last fee's adjustment missing
    site.resolve(rebuilt.in_doubt[0], "posted")
    assert (site.settle().exit_code, len(site.fees_of(ann)), site.balance("ann")) == (0, 3, 0)
    assert len({fee.name for fee in site.fees_of(ann)}) == 3
    assert rebuild(site).as_json().items() >= {"taken": 0, "known": 3, "in_doubt": [], "dry_run": False}.items()


def test_a_ledger_lost_between_fee_and_adjustment(site: Site) -> None:
    ann = site.person("ann", prints=7.0)
    site.killed_at("create_fee", "after")
    lose_the_ledger(site)
    assert codes(site.settle()) == ["ledger_lost"]
    (reference,) = rebuild(site).in_doubt
    assert site.settle().exit_code == 4
    site.resolve(reference, "not-sent")
    assert (site.settle().exit_code, len(site.fees_of(ann)), site.balance("ann")) == (0, 1, 0)


def test_a_balance_above_the_fee_proves_its_adjustment(site: Site) -> None:
    site.person("ann", prints=7.0)
    site.settle()
    site.prints("ann", 1.0)
    lose_the_ledger(site)
    assert rebuild(site).in_doubt == ()


def test_a_companys_fee_is_rebuilt_without_its_people(site: Site) -> None:
    site.configure(fees={"grouping": "company"})
    site.person("ann", prints=7.0)
    site.settle()
    lose_the_ledger(site)
    assert codes(site.settle()) == ["ledger_lost"]
    assert rebuild(site).as_json().items() >= {"taken": 1, "known": 0, "in_doubt": [], "dry_run": False}.items()
    assert site.settle().exit_code == 0


def test_no_word_lifts_a_lost_ledger(site: Site) -> None:
    site.person("ann", prints=7.0)
    site.settle()
    lose_the_ledger(site)
    site.settle()
    with pytest.raises(UsageError):
        site.approve("hq", "bill")


def test_an_old_copy_of_the_ledger_recovers_nothing(site: Site) -> None:
    """A backup taken between fee and adjustment, put back days later, must not adjust a second time."""
    site.person("ann", prints=7.0)
    site.killed_at("adjust_balance", "before")
    copy = site.database.raw_connection().driver_connection.serialize()  # type: ignore[union-attr]
    site.clock.move(minutes=1)
    site.settle()
    site.clock.move(days=1)
    site.prints("ann", 2.0)
    site.settle()
    site.database.raw_connection().driver_connection.deserialize(copy)  # type: ignore[union-attr]
    site.clock.move(days=1)
    writes = site.remote_writes()
    result = site.settle()
    assert (result.exit_code, site.remote_writes(), site.balance("ann")) in ((3, writes, 0), (4, writes, 0))
    with site.database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM fees")).scalar() == 1


def test_a_fee_that_turns_up_late_is_taken_for_what_it_is(site: Site) -> None:
    """The server worked on a request that we had judged dead twice: found by its reference, never made again."""
    ann = site.person("ann", prints=7.0)

    with site.faulty("create_fee", refuse):
        reference = site.settle().movements[0].reference
    site.officernd.put(name=f"Printing [{reference}]", issue_date=site.clock.now().date(), price=Decimal(7), member=ann)
    assert site.settle().exit_code == 0
    assert (len(site.fees_of(ann)), site.balance("ann"), len(site.adjustments("ann"))) == (1, 0, 1)


def test_a_withdrawn_fee_that_turns_up_is_one_too_many(site: Site) -> None:
    ann = site.person("ann", prints=7.0)
    with site.faulty("create_fee", refuse):
        reference = site.settle().movements[0].reference
    site.prints("ann", 1.0)
    site.settle()  # 8.00 under a new reference
    site.clock.move(minutes=1)
    foreign_fee(site, ann, name=f"Printing [{reference}]", price=Decimal(7))
    site.prints("ann", 2.0)
    assert (site.settle().exit_code, codes(site.result), len(site.adjustments("ann"))) == (3, ["foreign_fee"], 1)


def test_nothing_is_rebuilt_from_a_list_that_is_no_proof(site: Site) -> None:
    site.person("ann", prints=7.0)
    site.settle()
    lose_the_ledger(site)
    site.officernd.counts = False
    with pytest.raises(BadAnswer, match="nothing was rebuilt"):
        rebuild(site)


def test_a_stop_for_lost_fees_is_ended_by_rebuild(site: Site) -> None:
    site.person("ann", prints=7.0)
    site.settle()
    lose_the_ledger(site)
    site.settle()
    assert [row["answers"] for row in money.stops(site.database, site.settings)] == [[]]
    rebuild(site)
    assert money.stops(site.database, site.settings) == []


def test_what_a_rebuild_did_is_told_in_every_language() -> None:
    done, dry = Rebuilt(2, 1, ("PC-1",), False), Rebuilt(1, 0, (), True)
    assert done.message == (
        "2 fees were taken from OfficeRnD into the ledger. 1 fee was already known. 1 adjustment is in doubt. "
        "No top-up of the present period is given, because nobody can tell whether it was made."
    )
    assert dry.message == "1 fee would be taken from OfficeRnD into the ledger. 0 fees were already known."
    with language.speaking(language.named("de")):
        told = language.translated(done.message)
    assert told.startswith("2 Gebühren wurden aus OfficeRnD in die Bücher übernommen. 1 Gebühr war schon bekannt.")
