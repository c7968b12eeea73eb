"""A person's word: what it may settle, and that it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from relay import money
from relay.errors import UsageError
from relay.money.ledger import tables
from relay.money.ledger.store import Ledger
from tests.support.money_acts import lost_beside_a_job
from tests.support.money_world import Account, Site, lose, refuse, unreachable


def doubtful_adjustment(site: Site, *, there: bool) -> str:
    """Leave an adjustment in doubt: its answer is lost and a job lands beside it."""
    site.person("ann.lee", prints=7.0)
    with site.faulty("adjust_balance", lost_beside_a_job(site, "ann.lee", 7.0), "after" if there else "before"):
        result = site.settle()
    assert (result.exit_code, result.as_json()["in_doubt"]) == (4, 1)
    (movement,) = result.as_json()["movements"]
    assert movement["state"] == "in_doubt"
    assert [(remedy["action"], *remedy["arguments"]) for remedy in movement["remedies"]] == [
        ("resolve", movement["reference"], "posted"),
        ("resolve", movement["reference"], "not-sent"),
    ]
    return str(movement["reference"])


@pytest.mark.parametrize("there", [True, False])
def test_an_adjustment_in_doubt_waits_for_a_word(site: Site, there: bool) -> None:
    reference = doubtful_adjustment(site, there=there)
    assert site.settle().exit_code == 4  # and nothing new is begun for this person
    assert len(site.officernd.held_fees) == 1
    site.resolve(reference, "posted" if there else "not-sent")
    site.settle()
    assert site.settle().exit_code == 0
    assert (len(site.officernd.held_fees), len(site.adjustments("ann.lee")), site.balance("ann.lee")) == (2, 2, 0)


@pytest.mark.parametrize("there", [True, False])
def test_a_fee_in_doubt_waits_for_a_word(site: Site, there: bool) -> None:
    """A fee of the same member, price and date without the reference: ours typed over by staff, or another one?"""
    ann = site.person("ann.lee", prints=7.0)

    def fault(name: str, phase: str) -> None:
        if there:
            (fee_id,) = site.officernd.held_fees
            site.officernd.held_fees[fee_id] = replace(site.officernd.held_fees[fee_id], name="Prints")
        else:
            day = site.clock.now().date()
            site.officernd.put(name="Coffee", issue_date=day, price=Decimal(7), member=ann, plan="other")
        lose(name, phase)

    with site.faulty("create_fee", fault, "after" if there else "before"):
        result = site.settle()
    assert result.exit_code == 4 and "same payer, price and date" in result.movements[0].note
    site.resolve(result.movements[0].reference.lower(), "posted" if there else "not-sent")
    assert site.settle().exit_code == 0
    assert (site.balance("ann.lee"), len(site.adjustments("ann.lee"))) == (0, 1)
    assert len(site.fees_of(ann)) == (1 if there else 2)
    assert site.settle().movements == ()


def test_a_word_on_a_killed_runs_fee(site: Site) -> None:
    site.person("ann.lee", prints=7.0)
    site.killed_at("create_fee", "after")
    dry = site.settle(dry_run=True)
    assert dry.exit_code == 4
    site.resolve(dry.movements[0].reference, "posted")
    assert (site.settle().exit_code, site.balance("ann.lee"), len(site.officernd.held_fees)) == (0, 0, 1)


@pytest.mark.parametrize("reference", ["PRF-250101-1-AAAAAAAA", "nonsense"])
def test_a_word_on_nothing_is_refused(site: Site, reference: str) -> None:
    with pytest.raises(UsageError, match="no movement"):
        site.resolve(reference, "posted")


def test_what_is_certain_takes_no_word(site: Site) -> None:
    site.person("ann.lee", prints=7.0)
    reference = site.settle().movements[0].reference
    with pytest.raises(UsageError, match="in doubt"):
        site.resolve(reference, "not-sent")


def test_a_refused_adjustment_can_be_said_to_be_done(site: Site) -> None:
    """The account was deleted after its fee was posted: there is nothing left to adjust."""
    site.person("ann.lee", prints=7.0)
    with site.faulty("create_fee", lambda *_: site.papercut.accounts.pop("ann.lee"), "after"):
        result = site.settle()
    assert (result.exit_code, result.movements[0].stage) == (1, "fee_posted")
    assert "no longer has an account ann.lee" in result.movements[0].note
    site.resolve(result.movements[0].reference, "posted")
    assert site.settle().exit_code == 0


def test_a_word_needs_a_reason(site: Site) -> None:
    with pytest.raises(UsageError, match="reason"):
        money.resolve(site.context, "X", as_="posted", reason="  ")


def test_a_word_is_kept(site: Site) -> None:
    reference = doubtful_adjustment(site, there=True)
    site.resolve(reference, "posted")
    events = [row[4:] for row in site.ledger_rows()["evidence"] if row[2] == reference]
    assert events[-1] == ("word", {"as": "posted", "reason": "looked at it"})


@pytest.mark.parametrize(
    ("who", "as_"), [("ann.lee", "bill"), ("nobody", "bill"), ("hq", "bill"), ("ann.lee", "credit")]
)
def test_nothing_held_nothing_to_approve(site: Site, who: str, as_: str) -> None:
    site.person("ann.lee")
    site.settle()
    with pytest.raises(UsageError):
        site.approve(who, as_)


def test_an_approval_can_name_the_member_or_a_movement(site: Site) -> None:
    member = site.person("old", -5.0)
    site.settle()
    site.approve(member, "bill")
    reference = site.settle().movements[0].reference
    site.person("older", -5.0)
    site.settle()
    with pytest.raises(UsageError, match="Nothing held for"):
        site.approve(reference, "bill")


def test_a_fee_typed_over_and_told_to_be_there_is_not_taken_for_a_foreign_one(site: Site) -> None:
    ann = site.person("ann.lee")
    site.clock.move(days=1)
    site.prints("ann.lee", 7.0)

    def fault(name: str, phase: str) -> None:
        if (name, phase) == ("create_fee", "after"):
            lose(name, phase)
        if name == "fees" and site.officernd.held_fees:
            unreachable(name, phase)

    site.faults.always = fault
    assert site.settle().exit_code == 4
    site.faults.clear()
    (fee_id,) = site.officernd.held_fees
    site.officernd.held_fees[fee_id] = replace(site.officernd.held_fees[fee_id], name="Prints")
    assert fee_id in site.settle().movements[0].note  # the note tells of the last look, and what to look at
    site.resolve(site.result.movements[0].reference, "posted")
    assert site.settle().exit_code == 0
    site.prints("ann.lee", 1.0)
    assert (site.settle().exit_code, site.balance("ann.lee"), site.billed(ann)) == (0, 0, 8_000_000)


def test_a_person_is_named_by_address_too(site: Site) -> None:
    site.person("ann.lee", balance=-5.0)
    for username in ("bob", "bob2"):
        site.person(username, balance=-5.0, email="Bob@Example.com")
    site.settle()
    site.approve("Ann.Lee@example.com ", "bill")
    with pytest.raises(UsageError, match="several members"):
        site.approve("bob@example.com", "bill")
    site.settle()
    assert [site.balance(name) for name in ("ann.lee", "bob", "bob2")] == [0, -5_000_000, -5_000_000]


def test_a_fee_that_failed_gives_way_to_what_is_forgiven(site: Site) -> None:
    ann = site.person("ann.lee", balance=-10.0, jobs=3, prints=5.0)
    site.faults.always = refuse
    assert site.settle().exit_code == 1
    site.faults.clear()
    site.approve("ann.lee", "forgive")
    assert site.settle().exit_code == 0
    assert (site.billed(ann), [amount for amount, _ in site.adjustments("ann.lee")]) == (5_000_000, [10.0, 5.0])


# -- one word, one amount, one use -----------------------------------------------------------------------------------


def owes_without_a_job(site: Site, amount: float) -> str:
    member = site.person("ann.lee")
    site.settle()
    site.papercut.accounts["ann.lee"].balance = -amount
    assert site.settle().exit_code == 3
    return member


def held(site: Site) -> list[tuple[str, int]]:
    return [(item.code, item.amount) for item in site.result.held]


@pytest.mark.parametrize("amount", ["0.001", "4.999", "0", "-1", "5.01", "five"])
def test_a_word_names_whole_coins_of_what_is_held(site: Site, amount: str) -> None:
    owes_without_a_job(site, 5.0)
    with pytest.raises(UsageError, match=r"more decimal places than EUR|not part of what is held|not an amount"):
        site.approve("ann.lee", "forgive", amount=amount)


@pytest.mark.parametrize("word", ["bill", "forgive"])
def test_a_word_moves_what_it_named_and_what_grew_since_waits(site: Site, word: str) -> None:
    member = owes_without_a_job(site, 5.0)
    site.approve("ann.lee", word)
    site.papercut.accounts["ann.lee"].balance -= 3.0
    assert (site.settle().exit_code, held(site)) == (3, [("unexplained_debt", 3_000_000)])
    assert (site.billed(member), site.balance("ann.lee")) == (5_000_000 if word == "bill" else 0, -3_000_000)
    assert (site.settle().movements, site.balance("ann.lee")) == ((), -3_000_000)  # spent


def test_a_word_is_void_when_less_is_left(site: Site) -> None:
    member = owes_without_a_job(site, 5.0)
    site.approve("ann.lee", "bill")
    site.papercut.accounts["ann.lee"].balance += 1.0
    assert (site.settle().exit_code, site.fees_of(member)) == (3, [])
    assert held(site) == [("unexplained_debt", 4_000_000)]
    assert "5.00 EUR of ann.lee (unexplained_debt) is void: less than that is left" in site.result.notes[0].message
    assert (site.settle().notes, site.fees_of(member)) == ((), [])
    site.approve("ann.lee", "bill")
    assert (site.settle().exit_code, site.billed(member)) == (0, 4_000_000)


def test_a_word_never_comes_back_with_the_same_debt(site: Site) -> None:
    member = owes_without_a_job(site, 5.0)
    site.approve("ann.lee", "bill")
    site.papercut.accounts["ann.lee"].balance = 0.0  # paid before the settle: the word has lost its object
    assert site.settle().exit_code == 0
    site.papercut.accounts["ann.lee"].balance = -5.0
    assert (site.settle().exit_code, held(site), site.fees_of(member)) == (3, [("unexplained_debt", 5_000_000)], [])


def test_the_last_of_two_words_is_the_word(site: Site) -> None:
    member = owes_without_a_job(site, 5.0)
    for word in ("bill", "forgive"):
        site.approve("ann.lee", word)
    assert (site.settle().exit_code, site.fees_of(member), site.balance("ann.lee")) == (0, [], 0)


def test_a_word_is_spent_by_what_carries_it_out(site: Site) -> None:
    site.configure(safety={"max_fee": "4.00"})
    owes_without_a_job(site, 5.0)
    site.approve("ann.lee", "bill")  # the debt is owed then, and the word has named just this fee
    assert held_codes(site) == []
    site.prints("ann.lee", 6.0)
    assert held_codes(site) == ["max_fee"]
    site.approve("ann.lee", "bill")
    (movement,) = site.settle().movements
    names = [column.name for column in tables.words.columns]
    first, second = [dict(zip(names, row, strict=True)) for row in site.ledger_rows()["words"]]
    assert first["entry_id"] is not None and first["movement"] is None
    assert (second["movement"], second["entry_id"]) == (movement.reference, None)
    assert all(row["ended_at"] is not None and not row["void"] for row in (first, second))


def held_codes(site: Site) -> list[str]:
    return [item.code for item in site.settle().held]


def test_none_says_that_the_fee_stands_and_nothing_is_adjusted(site: Site) -> None:
    """What the fee has billed is disputed then: it is never billed again by itself."""
    reference = doubtful_adjustment(site, there=False)  # 7.00 of the fee and 7.00 of the job beside it are owed
    site.resolve(reference, "none")
    site.settle()
    assert [movement.amount for movement in site.result.movements] == [7_000_000]
    assert (held(site), site.balance("ann.lee")) == ([("unexplained_debt", 7_000_000)], -7_000_000)
    assert len(site.officernd.held_fees) == 2


def test_none_is_not_for_a_fee_in_doubt(site: Site) -> None:
    site.person("ann.lee", prints=7.0)
    site.officernd.counts = False
    with site.faulty("create_fee", lose, "before"):
        reference = site.settle().movements[0].reference
    with pytest.raises(UsageError, match="say “posted” first"):
        site.resolve(reference, "none")


@pytest.mark.parametrize("end", ["posted", "linked back"])
def test_a_link_to_another_account_leaves_the_movement_of_the_old_one_waiting(site: Site, end: str) -> None:
    """A movement holds the account that it was decided on: it never goes to another one of the same member."""
    site.person("ann.lee")
    linked_at = site.clock.now()
    site.prints("ann.lee", 7.0)
    site.killed_at("create_fee", "after")
    site.clock.move(minutes=1)
    site.papercut.accounts["ann.two"] = Account(-9.0, 3)
    site.relink("ann.lee", username="ann.two", linked_at=site.clock.now(), opening_balance=-9_000_000)
    (movement,) = site.settle().movements
    assert "is no longer linked as it was" in movement.note
    assert (site.adjustments("ann.lee"), site.adjustments("ann.two")) == ([], [])
    if end == "posted":
        site.resolve(movement.reference, "posted")
    else:
        site.relink("ann.two", username="ann.lee", linked_at=linked_at, opening_balance=0)
    for _ in range(2):
        site.settle()
    assert Ledger(site.database, "hq", site.clock).open_movements() == []
    assert (site.balance("ann.two"), len(site.officernd.held_fees)) == (-9_000_000, 1)
    assert site.balance("ann.lee") == (0 if end == "linked back" else -7_000_000)


@pytest.mark.parametrize(("word", "ends"), [("bill", False), ("forgive", False), ("continue", True)])
def test_a_stop_is_ended_by_its_own_answer_only(site: Site, word: str, ends: bool) -> None:
    site.person("ann.lee")
    future = site.clock.now() + timedelta(days=2)
    money.record_run(site.database, "hq", "settle", started=future, ended=future, exit_code=0, answer={})
    assert site.settle().exit_code == 3
    for who in ("hq", "clock_went_back"):
        if ends:
            site.approve(who, word)
        else:
            with pytest.raises(UsageError, match="is not ended by “"):
                site.approve(who, word)
    assert site.settle().exit_code == (0 if ends else 3)


def test_a_word_on_everybody_held_for_one_reason(site: Site) -> None:
    """Exactly what was shown is approved; what has changed since waits, and so does what is held for another reason."""
    members = {name: site.person(name, -debt) for name, debt in (("ann", 8.0), ("bob", 2.5), ("cid", 4.0))}
    other = site.person("dan")
    site.settle()
    site.papercut.accounts["dan"].balance -= 3.0
    site.settle()
    shown = money.held_for(site.context, "opening_balance", "bill")
    told = shown.as_json("bill")
    assert [(row["username"], row["payer"], row["amount"]) for row in told["people"]] == [
        ("ann", "Acme", "8.00"),
        ("bob", "Acme", "2.50"),
        ("cid", "Acme", "4.00"),
    ]
    assert (told["total"], [row["amount"] for row in told["payers"]]) == ("14.50", ["14.50"])
    assert [row["payer"] for row in shown.as_json("forgive")["payers"]] == ["nobody"]
    site.papercut.accounts["cid"].balance += 1.0  # pays a part of it before the word is given
    site.settle()
    said = money.approve_all(site.context, shown, as_="bill", reason="agreed with all of them")
    assert "10.50 EUR of 2 people (opening_balance) is billed" in said.message
    assert "1 has changed since it was shown" in said.message
    assert [row["username"] for row in said.as_json()["people"]] == ["ann", "bob"]
    site.settle()
    site.settle()
    assert {name: site.billed(member) for name, member in members.items()} == {
        "ann": 8_000_000,
        "bob": 2_500_000,
        "cid": 0,
    }
    assert site.billed(other) == 0


def test_a_word_on_everybody_must_be_possible(site: Site) -> None:
    site.person("ann", -8.0)
    with pytest.raises(UsageError, match="nothing waits for a decision"):
        money.held_for(site.context, "opening_balance", "bill")
    site.settle()
    with pytest.raises(UsageError, match="'typo' whom a decision could release; held are: opening_balance"):
        money.held_for(site.context, "typo", "bill")
    with pytest.raises(UsageError, match="can be released by “credit”"):
        money.held_for(site.context, "opening_balance", "credit")


def test_none_to_an_adjustment_that_nobody_has_looked_at_since_it_was_sent(site: Site) -> None:
    ann = site.person("ann", prints=7.0)
    site.killed_at("adjust_balance", "before")
    (movement,) = money.open_movements(site.database, site.settings)
    assert movement["stage"] == "adjustment_sent"
    site.resolve(movement["reference"], "none")
    assert money.open_movements(site.database, site.settings) == []
    site.settle()
    assert (site.billed(ann), site.adjustments("ann")) == (7_000_000, [])


def test_a_word_is_taken_back_until_a_settle_has_carried_it_out(site: Site) -> None:
    """The void word stays in the ledger with who took it back; what is carried out stays so."""
    members = {name: site.person(name, -debt) for name, debt in (("ann", 8.0), ("bob", 2.5))}
    site.settle()
    ids = {row["username"]: row["id"] for row in money.held(site.database, site.settings)}
    for count in (2, 1):  # what is decided already is not chosen once more
        chosen = money.chosen(site.context, set(ids.values()), "bill")
        assert len(chosen.rows) == count
        money.approve_all(site.context, chosen, as_="bill", reason="agreed", by="nora")
        said = {row["username"]: (row["said"], row["said_by"]) for row in money.held(site.database, site.settings)}
        assert said == {"ann": ("bill", "nora"), "bob": ("bill", "nora")}
        assert set(money.decided(site.context, code="opening_balance")) == set(ids.values())
        assert money.decided(site.context, who="ann") == (ids["ann"],)
        taken = money.withdraw(site.context, [ids["ann"]], by="otto")
        assert "8.00 EUR of 1 person is taken back" in taken.message
        assert [row["said"] for row in money.held(site.database, site.settings)] == ["", "bill"]
    with site.database.connect() as connection:
        voids = list(connection.execute(select(tables.words.c.void).order_by(tables.words.c.id)).scalars())
    assert voids == ["taken back by otto", "", "taken back by otto"]
    site.settle()
    assert {name: site.billed(member) for name, member in members.items()} == {"ann": 0, "bob": 2_500_000}
    with pytest.raises(UsageError, match="Nothing is left to take back"):
        money.withdraw(site.context, ids.values(), by="otto")


def test_an_answer_to_a_stop_is_taken_back(site: Site) -> None:
    site.person("ann")
    future = site.clock.now() + timedelta(days=2)
    money.record_run(site.database, "hq", "settle", started=future, ended=future, exit_code=0, answer={})
    site.settle()
    site.approve("clock_went_back", "continue")
    money.withdraw(site.context, (), stop="clock_went_back", by="otto")
    assert [stop["said"] for stop in money.stops(site.database, site.settings)] == [""]
    assert site.settle().exit_code == 3


def test_only_rows_that_can_be_answered_so_are_chosen(site: Site) -> None:
    site.person("ann", -8.0)
    site.settle()
    (row,) = money.held(site.database, site.settings)
    assert money.chosen(site.context, [row["id"]], "credit").rows == ()
    assert money.chosen(site.context, [row["id"] + 1], "bill").rows == ()


def test_looking_at_what_is_held_replaces_no_run(site: Site) -> None:
    """A settle goes on while somebody looks whom a decision is about."""
    ann = site.person("ann", -8.0)
    site.settle()
    site.prints("ann", 7.0)
    (row,) = money.held(site.database, site.settings)

    def look(name: str, phase: str) -> None:
        if (name, phase) == ("create_fee", "before"):
            money.chosen(site.context, [row["id"]], "bill")
            money.held_for(site.context, "opening_balance", "bill")
            money.decided(site.context, who="ann")

    site.faults.always = look
    assert (site.settle().exit_code, site.billed(ann), site.balance("ann")) == (0, 7_000_000, -8_000_000)


def test_a_decision_given_since_the_list_was_shown_stands(site: Site) -> None:
    site.person("ann", -8.0)
    site.person("bob", -2.0)
    site.settle()
    shown = money.held_for(site.context, "opening_balance", "bill")
    site.approve("ann", "forgive")
    said = money.approve_all(site.context, shown, as_="bill", reason="agreed")
    assert "2.00 EUR of 1 person" in said.message and "1 has changed since it was shown" in said.message
    assert [row["said"] for row in money.held(site.database, site.settings)] == ["forgive", "bill"]


def test_in_the_console_the_first_of_two_people_has_the_word(site: Site) -> None:
    """On a person's amount and on a stop alike, until it is taken back; the command line says what it replaces."""
    site.person("ann", -8.0)
    future = site.clock.now() + timedelta(days=2)
    site.settle()
    money.record_run(site.database, "hq", "settle", started=future, ended=future, exit_code=0, answer={})
    site.settle()
    for who, as_ in (("ann", "forgive"), ("clock_went_back", "continue")):
        money.approve(site.context, who, as_=as_, reason="seen", by="nora")
        with pytest.raises(UsageError, match="This was decided already, and that stands until it is taken back"):
            money.approve(site.context, who, as_=as_, reason="seen too", by="otto")
    (held,), (stop,) = money.held(site.database, site.settings), money.stops(site.database, site.settings)
    assert (held["said_by"], stop["said"]) == ("nora", "continue")
    money.withdraw(site.context, [held["id"]], by="otto")
    money.approve(site.context, "ann", as_="bill", reason="seen too", by="otto")
    assert "replaces the earlier decision" in money.approve(site.context, "ann", as_="forgive", reason="no").message
