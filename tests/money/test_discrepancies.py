"""The two-way report: each cent matched, pending or explained."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from relay import money
from relay.money.books import JobEvidence
from relay.money.decide.explain import LoggedJobs
from relay.money.ledger import tables
from relay.money.report.discrepancies import Discrepancies
from tests.support.money_acts import lose_the_ledger, rebuild
from tests.support.money_world import Site
from tests.support.shown import discrepancies as report_shown


@pytest.fixture
def sections() -> dict[str, dict[str, Any]]:
    return {"top_up": {"amount": "5.00"}}


def report(site: Site, **options: Any) -> Discrepancies:
    return money.discrepancies(site.context, **options)


def equations(found: Discrepancies) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in found.as_json()["equations"]}


def failing(found: Discrepancies) -> dict[str, str]:
    """Return the difference of each equation that does not hold."""
    return {name: row["difference"] for name, row in equations(found).items() if not row["holds"]}


def lines(found: Discrepancies) -> list[tuple[str, str, str]]:
    return [(line["state"], line["subject"], line["amount"]) for line in found.as_json()["lines"]]


def test_an_untroubled_month_matches(site: Site) -> None:
    site.person("ann")
    for _ in range(3):
        site.prints("ann", 2.25)
        site.settle()
        site.top_up()
        site.clock.move(days=1)
    before, writes = site.ledger_rows(), site.remote_writes()
    found = report(site)
    (person,) = found.as_json()["people"]
    assert {name: person[name] for name in ("opening", "printed", "top_ups", "fees", "balance", "difference")} == {
        "opening": "0.00",
        "printed": "6.75",
        "top_ups": "5.00",
        "fees": "2.25",
        "balance": "0.50",
        "difference": "0.00",
    }
    assert (lines(found), found.exit_code) == ([], 0)
    assert {name for name, row in equations(found).items() if not row["compared"]} == {"jobs"}
    assert "No job log tells costs" in report_shown(found) and "not compared" in report_shown(found)
    assert found.as_json()["fees"] == {"matched": 1, "total": 1}
    assert "Every cent is matched." in report_shown(found)
    assert failing(found) == {}
    assert {name: (row["ours"], row["theirs"]) for name, row in equations(found).items()} == {
        "balances": ("0.50", "0.50"),
        "jobs": ("0.00", "0.00"),  # nobody's log is sure here
        "fees": ("2.25", "2.25"),
        "witness": ("8", "8"),
    }
    assert (site.ledger_rows(), site.remote_writes()) == (before, writes)


def test_a_number_that_went_back_is_told_by_its_own_equation(site: Site) -> None:
    site.person("ann")
    site.settle()
    earlier = dict(site.papercut.notes)
    site.settle()
    assert failing(report(site)) == {}
    site.papercut.notes = earlier
    found = report(site)
    assert failing(found) == {"witness": "-2"}
    assert [(line["state"], line["subject"]) for line in found.as_json()["lines"]] == [("unmatched", "hq")]
    assert "(restored)" in report_shown(found)
    site.papercut.notes = {}
    assert failing(report(site)) == {"witness": ""}
    assert "witness: ledger against PaperCut 4 none unknown does not hold" in report_shown(report(site))


def test_what_happened_since_the_last_settle_is_pending(site: Site) -> None:
    site.person("ann")
    site.settle()
    site.prints("ann", 1.0)
    assert lines(report(site)) == [("pending", "ann", "-1.00")]
    assert failing(report(site)) == {"balances": "-1.00"}
    assert "balances: journal against PaperCut 0.00 -1.00 -1.00 does not hold" in report_shown(report(site))


def test_money_from_elsewhere_is_explained(site: Site) -> None:
    site.person("ann")
    site.settle()
    site.papercut.accounts["ann"].balance += 20
    site.settle()
    assert lines(report(site)) == [("explained", "ann", "20.00")]
    assert report(site).as_json()["site"]["elsewhere"] == "20.00"


def test_a_held_opening_debt_is_explained(site: Site) -> None:
    site.person("old", -8.0)
    site.settle()
    assert lines(report(site)) == [("explained", "old", "-8.00")]


@pytest.mark.parametrize(
    ("change", "state", "amount"),
    [
        (None, "unmatched", "-7.00"),
        ({"price": Decimal("5")}, "unmatched", "-2.00"),
        ({"payment_status": "voided"}, "explained", "-7.00"),
        ({"status": "waived"}, "explained", "-7.00"),
        ({"member": "somebody else"}, "explained", "0.00"),
    ],
)
def test_what_staff_did_to_a_fee_is_told_and_never_billed_again(
    site: Site, change: dict[str, Any] | None, state: str, amount: str
) -> None:
    site.person("ann", prints=7.0)
    reference = site.settle().movements[0].reference
    (fee_id,) = list(site.officernd.held_fees)
    if change is None:
        del site.officernd.held_fees[fee_id]
    else:
        site.officernd.held_fees[fee_id] = replace(site.officernd.held_fees[fee_id], **change)
    assert lines(report(site)) == [(state, reference, amount)]
    assert failing(report(site)) == ({"fees": amount} if amount != "0.00" else {})
    assert site.settle().movements == ()


def test_a_renamed_or_moved_fee_still_matches(site: Site) -> None:
    site.person("ann", prints=7.0)
    site.settle()
    (fee_id,) = list(site.officernd.held_fees)
    fee = site.officernd.held_fees[fee_id]
    site.officernd.held_fees[fee_id] = replace(fee, name="Prints", issue_date=date(2026, 11, 20))
    assert lines(report(site)) == []


def test_a_foreign_fee_is_unmatched(site: Site) -> None:
    ann = site.person("ann")
    fee_id = site.officernd.put(name="By hand", issue_date=date(2026, 11, 23), price=Decimal(3), member=ann)
    assert lines(report(site)) == [("unmatched", fee_id, "3.00")]


def test_an_open_movement_is_pending(site: Site) -> None:
    site.person("ann", prints=7.0)
    site.killed_at("adjust_balance", "before")
    ((state, subject, amount),) = lines(report(site))
    assert (state, subject, amount) == ("pending", "ann", "7.00")
    assert "adjustment_sent" in report(site).lines[0].message


def test_companies_and_days(site: Site) -> None:
    site.person("ann", company_id="c1")
    site.person("bob", company_id="c2")
    site.prints("ann", 1.0)
    site.settle()
    site.clock.move(days=10)
    site.prints("bob", 2.0)
    site.settle()
    assert [(row["company_id"], row["fees"]) for row in report(site).as_json()["companies"]] == [
        ("c1", "1.00"),
        ("c2", "2.00"),
    ]
    since = report(site, since=date(2026, 12, 1))
    assert (since.as_json()["site"]["fees"], since.as_json()["fees"]["total"]) == ("2.00", 1)
    assert since.as_json()["site"]["difference"] == "0.00"


def test_buckets_that_no_entry_explains_are_unmatched(site: Site) -> None:

    site.person("ann")
    site.settle()
    with site.quietly(), site.database.begin() as connection:
        connection.execute(update(tables.wallets).values(own=10_000))
    assert ("unmatched", "ann", "0.01") in lines(report(site))
    assert failing(report(site)) == {}  # PaperCut holds what the journal says: the wallet beside it is damaged


def test_a_debt_that_nobody_explains_is_told(site: Site) -> None:
    site.person("ann")
    site.settle()
    site.papercut.accounts["ann"].balance -= 3.0
    site.settle()
    assert lines(report(site)) == [("explained", "ann", "-3.00"), ("explained", "ann", "-3.00")]  # held, from elsewhere
    site.approve("ann", "bill")
    site.settle()
    assert lines(report(site)) == [("explained", "ann", "-3.00")]


def test_two_fees_with_one_reference_are_told(site: Site) -> None:
    ann = site.person("ann", prints=7.0)
    reference = site.settle().movements[0].reference
    (fee,) = site.officernd.held_fees.values()
    site.officernd.put(name=fee.name, issue_date=fee.issue_date, price=fee.price, member=ann)
    assert ("unmatched", reference, "7.00") in lines(report(site))
    assert failing(report(site)) == {"fees": "7.00"}


@pytest.mark.parametrize(("logged", "amount"), [(3, None), (2, "-1.00"), (5, "2.00")])
def test_the_job_log_says_what_was_printed(site: Site, logged: int, amount: str | None) -> None:
    """The log is asked about the very time that the journal tells of."""

    class Log(JobEvidence):
        def known(self, username: str, since: datetime, until: datetime, jobs: int | None) -> LoggedJobs:
            asked.append((since, until))
            return LoggedJobs(logged * 1_000_000, 1)

    asked: list[tuple[datetime, datetime]] = []
    site.person("ann")
    linked = site.clock.now()
    site.prints("ann", 3.0)
    site.clock.move(hours=1)
    site.settle()
    settled = site.clock.now()
    site.clock.move(hours=1)
    assert lines(report(site, jobs=Log())) == ([("explained", "ann", amount)] if amount else [])
    assert asked == [(linked, settled)]
    assert failing(report(site, jobs=Log())) == ({"jobs": amount} if amount else {})


def test_what_was_moved_before_a_link_is_no_difference_after_it(site: Site) -> None:
    """An account unlinked and linked again starts from its balance at that moment."""
    ann = site.person("ann", prints=2.0)
    site.settle()
    site.clock.move(days=1)
    site.relink("ann", linked_at=site.clock.now(), opening_balance=0)
    site.prints("ann", 1.0)
    site.settle()
    assert (lines(report(site)), site.billed(ann)) == ([], 3_000_000)


def test_a_rebuilt_ledger_misses_nothing(site: Site) -> None:
    site.person("ann", prints=2.0)
    site.settle()
    lose_the_ledger(site)
    site.clock.move(days=1)
    site.relink("ann", linked_at=site.clock.now(), opening_balance=0)
    rebuild(site)
    site.prints("ann", 1.0)
    site.settle()
    assert lines(report(site)) == []


@pytest.mark.parametrize("owing", [0.0, 3.0])
@pytest.mark.parametrize("known", [True, False])
def test_somebody_deleted_belongs_into_the_balances(site: Site, owing: float, known: bool) -> None:
    """By hand or by us, before or after a settle saw it: what was on the account is on nobody's now."""
    ann = site.person("ann")
    site.person("bob")
    site.prints("ann", 2.0)
    site.settle()
    if owing:
        site.configure(fees={"minimum": "50.00"})
        site.prints("ann", owing)
        site.settle()
    del site.papercut.accounts["ann"]
    if known:
        site.relink("ann", standing="gone")
        site.settle()
    found = report(site)
    assert [row["username"] for row in found.as_json()["people"]] == ["bob", "ann"]
    assert found.as_json()["people"][1]["printed"] == f"{2 + owing:.2f}"
    assert failing(found) == ({"balances": "3.00"} if owing else {})
    assert lines(found) == ([("unmatched", "ann", "-3.00")] if owing else [])
    assert site.billed(ann) == 2_000_000


def test_less_than_a_coin_on_a_deleted_account_is_explained(site: Site) -> None:
    """So much counts as zero where a sync deletes who has left: it must not spoil the books for ever."""
    site.person("ann", prints=2.005)
    site.settle()
    del site.papercut.accounts["ann"]
    site.relink("ann", standing="gone")
    found = report(site)
    assert (failing(found), lines(found)) == ({}, [("explained", "ann", "-0.005")])


def test_somebody_who_is_unlinked_and_still_there_is_not_deleted(site: Site) -> None:
    site.person("ann", prints=2.0)
    site.settle()
    site.papercut.accounts["ann"].balance = -4.0
    site.relink("ann", standing="gone")
    assert (failing(report(site)), lines(report(site))) == ({}, [])
