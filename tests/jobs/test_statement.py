"""Statements: what was printed, billed and open, and a way between the two that adds up to the cent."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay import jobs
from relay.errors import UsageError
from relay.jobs.statement import billed, queries
from relay.jobs.statement.billed import Billed, Net, windows
from relay.jobs.statement.figures import Tally, sheets_of
from relay.money.ledger import tables as money
from tests.support.jobs_site import JobsSite, jobs_site, print_log_row
from tests.support.statements import EUR, add_fee, add_included, add_reading, add_top_up, at, made, row, step_amounts


@pytest.fixture
def acme(site: JobsSite) -> JobsSite:
    """Ann and Ben of Acme, linked on 1 November with a balance of zero."""
    site.link("ann", company="Acme")
    site.link("ben", company="Acme")
    return site


def print_on(site: JobsSite, *rows: str) -> None:
    site.append(*rows)
    site.import_jobs()


def test_printed_and_billed_are_equal_when_every_job_is_billed(acme: JobsSite) -> None:
    print_on(acme, row(10), row(11, "2.5000"))
    first = add_fee(acme, "ann", 1 * EUR, at(11, 5))
    second = add_fee(acme, "ann", 2_500_000, at(12, 5))
    statement = made(acme)
    assert {"printed": 3_500_000, "fees": 3_500_000} == step_amounts(statement)
    (line,) = statement.people
    assert [first, second] == [fee.fee.reference for fee in line.fees]
    assert {first, second} == set(line.fee_of.values())
    assert [{"jobs": EUR}, {"jobs": 2_500_000}] == [fee.terms for fee in line.fees]


def test_a_month_that_is_not_known_whole_says_so(acme: JobsSite) -> None:
    print_on(acme, row(10))
    (note,) = [note for note in made(acme, month="2026-11").notes if "without a gap" in note]
    assert "from 23 Nov 2026 on" in note
    assert [note for note in made(acme, month="2026-12").notes if "without a gap" in note] == []


def test_what_is_not_billed_yet_is_open(acme: JobsSite) -> None:
    print_on(acme, row(10), row(20, "0.4000"))
    add_fee(acme, "ann", EUR, at(11, 5))
    statement = made(acme)
    assert {"printed": 1_400_000, "open": -400_000, "fees": EUR} == step_amounts(statement)
    assert 400_000 == statement.people[0].open


def test_top_ups_and_left_over_balance_are_terms_of_the_fee(acme: JobsSite) -> None:
    """Printed 3.00 with a top-up of 2.00: 1.00 is billed, and the statement says why."""
    add_top_up(acme, "ann", 2 * EUR, at(2))
    print_on(acme, row(10, "3.0000"))
    add_fee(acme, "ann", EUR, at(11, 5))
    assert {"printed": 3 * EUR, "top_up": -2 * EUR, "fees": EUR} == step_amounts(made(acme))


def test_jobs_within_the_balance_are_covered_by_it(acme: JobsSite) -> None:
    add_top_up(acme, "ann", 2 * EUR, at(2))
    print_on(acme, row(10, "1.5000"))
    add_reading(acme, "ann", 500_000, at(11, 5), jobs=1)
    assert {"printed": 1_500_000, "from_balance": -1_500_000, "fees": 0} == step_amounts(made(acme))


def test_included_printing_is_told_with_what_was_used_of_it(acme: JobsSite) -> None:
    print_on(acme, row(10, "14.3500"))
    add_included(acme, "ann", 14_350_000, at(11, 5), has=20 * EUR, company="company-Acme")
    add_reading(acme, "ann", 0, at(11, 5), jobs=1)
    statement = made(acme)
    assert {"printed": 14_350_000, "included": -14_350_000, "fees": 0} == step_amounts(statement)
    assert "Acme: 20.00 EUR included in 2026-11, 14.35 EUR used, 0.00 EUR billed this month." in statement.notes
    assert "Note: Acme: 20.00 EUR included" in " ".join(jobs.render(statement, "text").split())
    (line,) = json.loads(jobs.render(statement, "json"))["included"]
    assert (line["name"], line["period"], line["amount"], line["used"]) == ("Acme", "2026-11", "20.00", "14.35")


def test_included_printing_beside_a_fee_is_a_term_of_it(acme: JobsSite) -> None:
    print_on(acme, row(10, "25.0000"))
    add_included(acme, "ann", 20 * EUR, at(11, 5), has=20 * EUR, company="company-Acme")
    add_fee(acme, "ann", 5 * EUR, at(11, 6))
    statement = made(acme)
    assert {"printed": 25 * EUR, "included": -20 * EUR, "fees": 5 * EUR} == step_amounts(statement)
    assert "Acme: 20.00 EUR included in 2026-11, 20.00 EUR used, 5.00 EUR billed this month." in statement.notes
    assert made(acme, company="Acme").included == statement.included


def test_a_statement_tells_prices_beside_what_was_billed_with_tax(tmp_path: Path) -> None:
    site = jobs_site(tmp_path, fees={"tax_percent": "20"})
    site.link("ann", company="Acme")
    print_on(site, row(10, "1.2000"))
    add_fee(site, "ann", 1_200_000, at(11, 5), price=EUR)
    told = json.loads(jobs.render(made(site), "json"))
    assert (told["totals"]["billed"], told["totals"]["price"]) == ("1.20", "1.00")
    assert any("tax of 20 %" in note for note in told["notes"])


def test_money_from_elsewhere_and_printing_without_a_log_are_told_apart(acme: JobsSite) -> None:
    print_on(acme, row(10, "3.0000"), row(10, "1.0000", user="ben", account="ben"))
    add_fee(acme, "ann", 2 * EUR, at(11, 5))
    add_fee(acme, "ben", 5 * EUR, at(11, 5))
    steps = step_amounts(made(acme))
    assert {"printed": 4 * EUR, "elsewhere": -EUR, "unlogged": 4 * EUR, "fees": 7 * EUR} == steps


def test_fractions_and_held_debts_are_carried_to_the_next_fee(acme: JobsSite) -> None:
    print_on(acme, row(10, "1.0350"), row(12, "1.0050"))
    add_fee(acme, "ann", 1_030_000, at(11, 5), balance=-1_035_000)
    add_fee(acme, "ann", 1_010_000, at(13, 5), balance=-1_010_000)
    (line,) = made(acme).people
    assert {"jobs": 1_035_000, "left": -5_000} == line.fees[0].terms
    assert {"jobs": 1_005_000, "before": 5_000} == line.fees[1].terms


def test_a_job_that_lands_while_its_person_is_billed_belongs_to_the_next_fee(acme: JobsSite) -> None:
    print_on(acme, row(10), print_log_row(time="2026-11-11 7:00:30 AM", cost="0.2000"))
    settled = datetime(2026, 11, 11, 5, 0, tzinfo=UTC)
    first = add_fee(acme, "ann", EUR, settled, balance=-1_200_000)
    with acme.database.begin() as connection:
        later = settled + timedelta(minutes=1)
        connection.execute(money.movements.update().where(money.movements.c.reference == first).values(sent_at=later))
    add_fee(acme, "ann", 200_000, at(12, 5), number=2)
    (line,) = made(acme).people
    assert [{"jobs": EUR}, {"jobs": 200_000}] == [fee.terms for fee in line.fees]


def test_fees_of_the_month_may_bill_jobs_of_the_month_before(acme: JobsSite) -> None:
    """The jobs of 30 November are billed on 1 December: both months say so, and both add up."""
    print_on(acme, row(29), row(30, "2.0000"), row(1, "4.0000", month=12))
    add_fee(acme, "ann", EUR, at(30, 5))
    add_fee(acme, "ann", 2 * EUR, at(1, 5, 12))
    acme.clock.move(days=20)
    assert {"printed": 3 * EUR, "later": -2 * EUR, "fees": EUR} == step_amounts(made(acme, month="2026-11"))
    december = step_amounts(made(acme, month="2026-12"))
    assert {"printed": 4 * EUR, "earlier": 2 * EUR, "open": -4 * EUR, "fees": 2 * EUR} == december


def test_who_owes_something_owes_it_for_the_latest_jobs(acme: JobsSite) -> None:
    """A top-up of 2.00 covered November; what December left open is not November's."""
    add_top_up(acme, "ann", 2 * EUR, at(2))
    print_on(acme, row(10, "2.0000"), row(1, "1.0000", month=12))
    acme.clock.move(days=20)
    assert {"printed": 2 * EUR, "from_balance": -2 * EUR, "fees": 0} == step_amounts(made(acme, month="2026-11"))
    assert {"printed": EUR, "open": -EUR, "fees": 0} == step_amounts(made(acme, month="2026-12"))


def test_strangers_shared_accounts_and_denied_jobs_are_told_and_never_mixed_in(acme: JobsSite) -> None:
    print_on(acme, row(10), row(10, "9.0000", user="guest", account="guest"), row(10, "7.0000", account="Alpha"))
    add_fee(acme, "ann", EUR, at(11, 5))
    statement = made(acme)
    assert {"printed": 10 * EUR, "strangers": -9 * EUR, "fees": EUR} == step_amounts(statement)
    assert 7 * EUR == statement.shared["Alpha"].net
    assert any("shared accounts" in note for note in statement.notes)


def test_what_was_printed_before_the_link_is_part_of_the_opening_balance(site: JobsSite) -> None:
    site.link("ann", company="Acme", linked_at=at(15))
    print_on(site, row(10), row(16, "2.0000"))
    add_fee(site, "ann", 2 * EUR, at(17, 5))
    assert {"printed": 3 * EUR, "before_link": -EUR, "fees": 2 * EUR} == step_amounts(made(site))


def test_a_company_has_its_members_jobs_and_its_own_fees(acme: JobsSite) -> None:
    acme.link("cleo", company="Beta")
    print_on(
        acme, row(10), row(10, "2.0000", user="ben", account="ben"), row(10, "5.0000", user="cleo", account="cleo")
    )
    add_fee(acme, "ann", EUR, at(11, 5))
    add_fee(acme, "cleo", 5 * EUR, at(11, 5), company="Beta")
    statement = made(acme, company="acme")
    assert ("Acme", ["ann", "ben"]) == (statement.scope, [line.person.username for line in statement.people])
    assert {"printed": 3 * EUR, "open": -2 * EUR, "fees": EUR} == step_amounts(statement)


def test_jobs_stay_with_the_company_of_their_time(acme: JobsSite) -> None:
    """Ann moves from Acme to Beta: what she printed for Acme stays Acme's, also in what a site's companies had."""
    acme.clock.moment = at(13)
    print_on(acme, row(10), row(12, "2.0000"))
    acme.clock.moment = at(15)
    acme.link("ann", company="Beta")
    print_on(acme, row(16, "4.0000"))
    add_fee(acme, "ann", EUR, at(11, 5))
    owed = {"Acme": (3 * EUR, EUR, 2 * EUR), "Beta": (4 * EUR, 0, 4 * EUR)}
    site = made(acme)
    assert owed == {line.name: (line.tally.net, line.billed, line.open) for line in site.companies}
    assert ["Acme, Beta"] == [line.company for line in site.people]
    assert "Acme, Beta" in jobs.render(site, "text")
    for name, figures in owed.items():
        one = made(acme, company=name)
        assert figures == (one.printed, one.billed, sum(line.open for line in one.people))
        assert [name] == [line.company for line in one.people]


def test_two_companies_never_tell_the_same_open_cent(acme: JobsSite) -> None:
    add_top_up(acme, "ann", 3 * EUR, at(2))
    acme.clock.moment = at(13)
    print_on(acme, row(10, "4.0000"))
    acme.clock.moment = at(15)
    acme.link("ann", company="Beta")
    print_on(acme, row(16, "2.0000"))
    open_ = [sum(line.open for line in made(acme, company=name).people) for name in ("Acme", "Beta")]
    assert [EUR, 2 * EUR] == open_


def test_who_was_settled_long_before_the_others_is_not_told_to_be_paid(acme: JobsSite) -> None:
    """Ann is held since October and had 4.00 then; Ben was settled this month."""
    for member, balance, when in (("ann", 4 * EUR, at(5, month=10)), ("ben", 0, at(20))):
        add_reading(acme, member, balance, when)
    acme.link("ann", company="Acme", linked_at=at(1, month=9))
    acme.append(row(20, "5.0000", month=10), day="2026_10_20")
    print_on(acme, row(10, "3.0000"))
    assert 3 * EUR == made(acme).people[0].open


@pytest.mark.parametrize("name", ["Ärzte Кафе ООД", "ÄRZTE КАФЕ ООД", "company-Ärzte Кафе ООД"])
def test_a_company_is_found_in_any_case_of_any_alphabet(site: JobsSite, name: str) -> None:
    site.link("ann", company="Ärzte Кафе ООД")
    print_on(site, row(10))
    assert EUR == made(site, company=name).printed


@pytest.mark.parametrize("who", ["ann", "ANN", "Ann", "member-ann"])
def test_a_member_is_found_by_every_name(acme: JobsSite, who: str) -> None:
    print_on(acme, row(10), row(10, user="ben", account="ben"))
    assert ["ann"] == [line.person.username for line in made(acme, member=who).people]


def test_a_renamed_member_is_found_by_the_name_before(acme: JobsSite) -> None:
    print_on(acme, row(10))
    acme.clock.move(days=1)
    acme.link("anna", member_id="member-ann", company="Acme")
    acme.import_jobs()
    assert [("anna", EUR)] == [(line.person.username, line.tally.net) for line in made(acme, member="ann").people]


def test_one_person_is_read_without_everybody_else(acme: JobsSite) -> None:
    """A member looks at the own page as quickly on a large site as on a small one."""
    acme.clock.move(days=1)
    acme.link("anna", member_id="member-ann", company="Acme")
    acme.import_jobs()
    with acme.database.connect() as connection:
        everybody = queries.people(connection, "hq")
        assert {"member-ann", "member-ben"} <= everybody.keys()
        for member_id, named in everybody.items():
            assert queries.people(connection, "hq", member_id) == {member_id: named}
        assert queries.people(connection, "hq", "nobody") == {}


def test_a_stranger_has_a_statement_by_username(acme: JobsSite) -> None:
    print_on(acme, row(10, user="guest", account="guest"))
    assert ["guest"] == [line.person.username for line in made(acme, member="guest").strangers]


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        ({"member": "nobody"}, "No linked person has “nobody”"),
        ({"company": "Nowhere Ltd"}, "“Nowhere Ltd”"),
        ({"month": "2026-13"}, "YYYY-MM"),
        ({"month": "november"}, "YYYY-MM"),
        ({"member": "ann", "company": "Acme"}, "one of them"),
        ({"member": ""}, "The member is empty"),
        ({"member": " "}, "The member is empty"),
        ({"company": ""}, "The company is empty"),
        ({"month": ""}, "The month is empty"),
    ],
)
def test_what_cannot_be_meant_is_said(acme: JobsSite, scope: dict[str, str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        made(acme, **scope)


def test_fees_that_are_not_at_their_end_are_pending(acme: JobsSite) -> None:
    print_on(acme, row(10))
    add_fee(acme, "ann", EUR, at(11, 5), state="failed")
    statement = made(acme)
    assert {"printed": EUR, "open": -EUR, "fees": 0} == step_amounts(statement)
    assert 1 == len(statement.people[0].pending)
    assert any("1 fee is not settled yet" in note for note in statement.notes)


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 3 * EUR)), max_size=20),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 3 * EUR), st.booleans()), max_size=6),
    st.integers(-2 * EUR, 2 * EUR),
)
@settings(max_examples=150, deadline=None)
def test_the_terms_of_a_fee_always_add_up_to_it(
    printed: list[tuple[int, int]], moved: list[tuple[int, int, bool]], opening: int
) -> None:
    """Whatever was printed and moved in whatever order, and whatever PaperCut held."""
    start = at(1)
    jobs_done = [(start + timedelta(minutes=minute), cost) for minute, cost in printed]
    movements = [
        Billed(
            f"r{number}",
            "fee" if is_fee else "top_up",
            "m",
            "u",
            "c",
            amount,
            start.date(),
            when,
            True,
            "f",
            when,
            -amount,
        )
        for number, (minute, amount, is_fee) in enumerate(sorted(moved))
        for when in [start + timedelta(minutes=minute)]
    ]

    def net(since: datetime, until: datetime) -> Net:
        return Net(sum(cost for when, cost in jobs_done if since < when <= until), 0)

    fees = windows(movements, start)
    terms = billed.explain(fees, opening, net)
    assert {window.fee.reference: window.fee.amount for window in fees} == {
        reference: sum(parts.values()) for reference, parts in terms.items()
    }


# -- how it looks ----------------------------------------------------------------------------------------------------


def test_json_has_money_as_text_and_every_job(acme: JobsSite) -> None:
    print_on(acme, row(10, document="<b>&\u00f6.pdf"), row(12, "0.2550", user="guest", account="guest"))
    reference = add_fee(acme, "ann", EUR, at(11, 5))
    found = json.loads(jobs.render(made(acme), "json"))
    assert ("1.255", "1.00", "0.00", False) == tuple(
        found["totals"][name] for name in ("printed", "billed", "open", "equal")
    )
    (person,) = found["people"]
    assert (1, "1.00", "1.00") == (person["jobs"], person["printed"], person["billed"])
    assert f"fee-{reference.removesuffix('-m')}" == person["fees"][0]["fee_id"]
    assert [("2026-11-10T14:00:00+02:00", reference), ("2026-11-12T14:00:00+02:00", "")] == [
        (job["time"], job["fee"]) for job in found["jobs"]
    ]
    assert [
        {
            "company_id": "company-Acme",
            "company": "Acme",
            "people": 1,
            "jobs": 1,
            "pages": 3,
            "printed": "1.00",
            "billed": "1.00",
            "open": "0.00",
        }
    ] == found["companies"]
    assert ["2026-11-10", "2026-11-12"] == [day["day"] for day in found["days"]]


def test_csv_has_one_line_a_job_and_no_formula(acme: JobsSite) -> None:
    print_on(acme, row(10, document='=cmd|"/c calc"!A1'), row(11, document="@SUM(1)"))
    rows = list(csv.DictReader(io.StringIO(jobs.render(made(acme), "csv"))))
    assert ['\'=cmd|"/c calc"!A1', "'@SUM(1)"] == [line["document"] for line in rows]
    assert ["1.00", "1.00"] == [line["cost"] for line in rows]


def test_text_tells_people_steps_and_fees(acme: JobsSite) -> None:
    add_top_up(acme, "ann", 500_000, at(2))
    print_on(acme, row(10))
    add_fee(acme, "ann", 500_000, at(11, 5))
    text = jobs.render(made(acme), "text")
    assert "Printing in 2026-11: site hq" in text
    assert "Ann  Acme        1      3     1.00    0.50  0.00" in text
    assert "print jobs 1.00, covered by the member's balance (top-ups) -0.50" in text
    assert "Month before: 0 jobs" in text
    assert "Offer.pdf" in jobs.render(made(acme, member="ann"), "text")


def test_text_fits_a_terminal_and_keeps_references_whole(acme: JobsSite) -> None:
    acme.link("ann", company="Society for the Advancement of Very Long Company Names and Their Careful Shortening")
    print_on(acme, row(10, printer="Second floor, left of the kitchen", document="Report " * 30, user="ann"))
    reference = add_fee(acme, "ann", EUR, at(11, 5))
    add_top_up(acme, "ann", 20 * EUR, at(2))
    for scope in ({}, {"member": "ann"}):
        statement = made(acme, **scope)
        text = jobs.render(statement, "text", width=80)
        assert [] == [line for line in text.splitlines() if len(line) > 80]
        assert reference in text and "1.00" in text
        assert "Careful Shortening" in jobs.render(statement, "text")


def test_an_empty_month_is_a_statement_too(acme: JobsSite) -> None:
    for format_ in ("text", "csv", "json"):
        assert jobs.render(made(acme, month="2025-01"), format_)


def test_management_figures(acme: JobsSite) -> None:
    """Pages, sheets saved by duplex, share of colour."""
    with acme.log().open("a") as file:
        file.write(row(10).rstrip("\n") + "\tA4\tY\tN\tcomment\n")
    acme.import_jobs()
    total = made(acme, company="Acme").total
    assert (3, 2, 1, 33) == (total.pages, total.sheets, total.sheets_saved, total.colour_percent)


def test_a_source_that_only_tells_gray_pages_has_no_share_of_colour(tmp_path: Path) -> None:
    """Half of the pages may be in colour: the other half being gray does not make that 0 %."""
    site = jobs_site(tmp_path, jobs={"source": "csv"})
    (site.folder / "2026-11-23.csv").write_text(
        "Time,User,Printer,Pages,Grayscale\n"
        "2026-11-23 09:15:30,ann,Colour,6,NOT GRAYSCALE\n2026-11-23 09:16:30,ann,Colour,6,GRAYSCALE\n"
    )
    site.import_jobs()
    statement = made(site)
    assert None is statement.total.colour_percent
    assert "12 pages; 1 of the jobs in colour" in jobs.render(statement, "text")
    assert "0 %</b>" not in jobs.render(statement, "html")


@pytest.mark.parametrize(
    ("pages", "copies", "duplex", "sheets"),
    [(3, 1, True, 2), (6, 2, True, 4), (7, 2, True, 5), (3, 1, False, 3), (3, 1, None, None)],
)
def test_sheets_are_counted_copy_by_copy(pages: int, copies: int, duplex: bool | None, sheets: int | None) -> None:
    assert sheets == sheets_of(pages, copies, None, duplex)


def test_nothing_printed_has_no_share_of_colour() -> None:
    assert None is Tally().colour_percent
