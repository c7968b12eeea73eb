"""What a member sees: the own balance, jobs, fees and PIN, in figures that add up, and nothing of anybody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import update

from relay.members_page import figures
from relay.members_page.place import Place
from relay.money.decide.explain import Buckets
from relay.money.ledger import tables
from relay.people.act import pins
from tests.members_page.conftest import ANN, BEN, CY, WORD, House
from tests.support.visitor import Visitor, text


def test_what_was_printed_billed_and_is_left(house: House, enter: Any) -> None:
    told = text(enter(ANN).page("/"))
    for part in ("Ann Lee", "1 job, 30 pages", "Black and White", "€1.50", "on the invoice of Acme", "€0.50"):
        assert part in told, (part, told)
    assert "Print jobs€1.50" in told, told
    assert "Paid by your allowance-€1.00" in told.replace("−", "-")


def test_what_is_left_of_the_allowance_stands_beside_the_balance(enter: Any) -> None:
    told = text(enter(CY).page("/"))
    assert "Your balance €0.85" in told and "Allowance left€0.85" in told
    assert "printing goes on your own invoice" in told and "Nothing was billed." in told


def test_a_job_since_the_last_run_uses_the_allowance_first(house: House, enter: Any) -> None:
    somebody = enter(CY)
    account = house.site.state.user("cy_alone.example")
    house.site.state.transact(account, -1.0, "a job", kind="PRINTER_USAGE")
    try:
        told = text(somebody.page("/"))
        assert "Your balance -€0.15" in told.replace("−", "-") and "Printed and not yet billed-€0.15" in told.replace(
            "−", "-"
        )
        assert "Allowance left" not in told
    finally:
        house.site.state.transact(account, 1.0, "undone", kind="PRINTER_USAGE")


def test_a_fee_with_tax_is_told_as_it_stands_on_the_invoice(house: House, enter: Any) -> None:
    somebody = enter(ANN)
    assert "plus tax" not in text(somebody.page("/"))

    def price(micros: int) -> None:
        with house.site.database.begin() as connection:
            ours = tables.fees.c.member_id == house.ids[ANN]
            connection.execute(update(tables.fees).where(ours).values(price=micros))

    price(420_000)
    try:
        assert "€0.50" in (told := text(somebody.page("/"))) and "Appears on the invoice as €0.42 plus tax." in told
    finally:
        price(500_000)


def test_included_printing_is_told_with_what_is_left_of_it(house: House, make_page: Any, clock: Any) -> None:
    base = house.site.settings
    with_included = base.model_copy(update={"included": base.included.model_copy(update={"amount": 20_000_000})})
    page = make_page()
    page.config["PLACE"].settings = lambda: with_included
    somebody = Visitor(page.test_client())
    somebody.log_in(ANN, WORD)
    told = text(somebody.page("/"))
    assert "€0.00 of €20.00 used" in told and "€20.00 left" in told and "Shared by everybody at Acme" in told


def test_nobody_sees_anybody_else(house: House, enter: Any) -> None:
    """Whatever an address names, what comes is one's own."""
    own = enter(ANN)
    for query in (
        {"member_id": house.ids[BEN]},
        {"member": house.ids[BEN]},
        {"who": BEN},
        {"username": "ben_acme.example"},
        {"id": house.ids[BEN]},
        {"month": "", "member": BEN},
    ):
        answer = own.get("/", query_string=query)
        assert 200 == answer.status_code
        assert "secret of ben" not in answer.text and "Ben Day" not in answer.text and "Ann Lee" in answer.text


@pytest.mark.parametrize("month", ["2026-13", "x", "2026-1", "' OR 1=1", "../..", "2026-11&member=x", "9" * 500])
def test_a_month_is_a_month_or_nothing(enter: Any, month: str) -> None:
    assert 404 == enter(ANN).get("/", query_string={"month": month}).status_code


def test_an_earlier_month_is_ones_own_too(enter: Any) -> None:
    told = text(enter(ANN).page("/?month=2020-01"))
    assert "January 2020" in told and "Nothing was printed this month." in told and "December 2019" in told


def test_no_text_from_outside_is_markup(enter: Any) -> None:
    ann, cy = enter(ANN).get("/"), enter(CY).get("/")
    assert "<b>plan" not in ann.text and "\u202e" not in ann.text and "&lt;b&gt;plan&lt;/b&gt;" in ann.text
    assert "<i>Ray" not in cy.text and "Cy &lt;i&gt;Ray&lt;/i&gt;" in cy.text


@pytest.mark.parametrize(
    ("help_text", "links"),
    [
        ("Add the printer North, then print.", []),
        ("https://wiki.acme.example/print", ["https://wiki.acme.example/print"]),
        ("javascript:alert(1)", []),
        ("See https://wiki.acme.example", []),
        ("<a href='https://evil.example'>x</a>", []),
        ("data:text/html,x", []),
    ],
)
def test_the_help_is_a_sentence_or_one_link(make_page: Any, help_text: str, links: list[str]) -> None:
    somebody = Visitor(make_page(help=help_text).test_client())
    somebody.log_in(ANN, WORD)
    page = somebody.page("/")
    assert links == page.xpath("//section[@aria-labelledby='how']//a[not(starts-with(@href, '/'))]/@href")
    if not links:
        assert help_text in text(page)


def test_a_pin_is_made_shown_once_and_opens_the_login(house: House, page: Any, enter: Any) -> None:
    ben = enter(BEN)
    assert "You have none" in text(ben.page("/"))
    answer = ben.post("/pin")
    assert (302, "/#pin") == (answer.status_code, answer.location)
    (pin,) = ben.page("/").xpath("//p[contains(@class, 'pin')]/text()")
    try:
        assert pin not in ben.get("/").text  # once
        other = Visitor(page.test_client())
        assert 302 == other.log_in(BEN, pin).status_code
        ben.post("/pin")
        (newer,) = ben.page("/").xpath("//p[contains(@class, 'pin')]/text()")
        assert newer != pin
        assert 401 == Visitor(page.test_client()).log_in(BEN, pin).status_code
        assert 401 == Visitor(page.test_client()).log_in(ANN, newer).status_code  # it is Ben's
        logs = "".join(file.read_text() for file in (house.site.pair.home / "logs").glob("*.log"))
        assert pin not in logs and newer not in logs and newer.replace(" ", "") not in logs
    finally:
        pins.revoke_pin(house.site.pair.home, house.ids[BEN])


def test_a_pin_that_cannot_be_written_is_told_and_the_old_one_stays(enter: Any, monkeypatch: Any) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    ann = enter(ANN)
    monkeypatch.setattr("papercut_scripts.verifier.store", full)
    answer = ann.post("/pin")
    assert 500 == answer.status_code and "No PIN could be made" in answer.text


def test_without_papercut_the_journal_tells_the_balance(house: House, page: Any, enter: Any, monkeypatch: Any) -> None:
    asked: list[str] = []

    def silent(papercut: object, username: str) -> None:
        from relay.errors import NotSent

        asked.append(username)
        raise NotSent("no answer", system="PaperCut")

    monkeypatch.setattr("relay.members_page.place.ask", silent)
    cy = enter(CY)
    told = text(cy.page("/"))
    assert "€0.85" in told and "PaperCut does not answer" in told
    cy.page("/")
    assert ["cy_alone.example"] == asked  # it is not asked at every view


def test_an_account_that_is_said_to_be_somebody_elses_shows_nothing(house: House, enter: Any) -> None:
    from relay.people.memory import links

    cy, database = enter(CY), house.site.database
    with database.begin() as connection:
        links.store_answer(connection, "hq", "not_same", house.ids[CY], "cy_alone.example", house.site.clock.now())
    try:
        told = text(cy.page("/"))
        assert "letter.pdf" not in told and "€" not in told and "being prepared" in told
    finally:
        with database.begin() as connection:
            links.drop_answers(connection, "hq", "not_same", house.ids[CY])


def test_it_never_writes_money(house: House, enter: Any) -> None:
    before = house.site.pair.papercut.state.user("ann_acme.example").total(), len(house.site.pair.officernd.fees())
    ann = enter(ANN)
    for path in ("/", "/?month=2026-10", "/poster", "/qr.svg"):
        ann.get(path)
    assert before == (
        house.site.pair.papercut.state.user("ann_acme.example").total(),
        len(house.site.pair.officernd.fees()),
    )
    place: Place = ann.client.application.config["PLACE"]
    assert 0 == place._client().writes  # noqa: SLF001


def test_logins_stand_in_the_popups_audit(house: House, stranger: Visitor) -> None:
    stranger.log_in(ANN, "wrong-Pass-1")
    stranger.log_in(ANN, WORD)
    log = (house.site.pair.home / "logs" / "auth.log").read_text().splitlines()
    told = [(row["verdict"], row["reason"], row["username"]) for row in map(json.loads, log[-2:])]
    assert told == [("rejected", "wrong_password", "ann_acme.example"), ("accepted", "password", "ann_acme.example")]


def test_the_poster_shows_the_address_of_the_settings(make_page: Any) -> None:
    page = make_page(public_url="https://printing.acme.example")
    somebody = Visitor(page.test_client(), "https://printing.acme.example", HTTP_X_FORWARDED_PROTO="https")
    assert "https://printing.acme.example" in text(somebody.page("/poster"))
    picture = somebody.get("/qr.svg")
    assert "image/svg+xml" == picture.mimetype and picture.text.count("<svg") == 1
    assert 200 == Visitor(page.test_client()).get("/poster").status_code  # on the computer itself too


@pytest.mark.parametrize(
    ("before", "amount", "after"),
    [
        (Buckets(allowance=3, own=2), 5, Buckets(allowance=3, own=2)),
        (Buckets(allowance=3, own=2), 1, Buckets(own=1)),
        (Buckets(allowance=3, own=2), -4, Buckets(owed=-4)),
        (Buckets(owed=-4), -1, Buckets(owed=-1)),
        (Buckets(opening=-2, owed=-4), 1, Buckets(own=1)),
    ],
)
def test_the_parts_follow_the_balance_and_add_up_to_it(before: Buckets, amount: int, after: Buckets) -> None:
    from dataclasses import replace

    from relay.money.decide.wallet import Wallet
    from tests.support.still_clock import StillClock

    now = StillClock().now()
    wallet = replace(Wallet(1, "m", "ann", now, before, 0, now))
    assert after == figures.parts(wallet, amount) and amount == after.wallet
