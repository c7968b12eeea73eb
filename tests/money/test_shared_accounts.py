"""A shared account that a company pays for is billed by the same rules as a person's balance."""

from __future__ import annotations

import pytest

from relay import amounts
from relay.accounts import SharedLink
from relay.errors import Refused, UsageError
from relay.money.decide import reference
from relay.people.memory.links import store_shared_account
from relay.remedy import Remedy
from tests.support.money_acts import held_told
from tests.support.money_world import Account, Site, lose

ACME = "64d000000000000000000001"
NAME = "account:Acme\\Projects"


def test_what_is_charged_to_it_becomes_a_fee_of_the_company_and_zero(site: Site) -> None:
    account_id = site.shared("Acme\\Projects")
    site.prints(NAME, 7.035)

    (movement,) = site.settle().as_json()["movements"]

    (fee,) = site.officernd.held_fees.values()
    told = ("kind", "username", "member_id", "company_id", "amount", "state", "fee_id")
    assert [movement[name] for name in told] == ["fee", NAME, account_id, ACME, "7.03", "posted", fee.id]
    assert (fee.member, fee.company, fee.is_personal) == ("", ACME, False)
    assert fee.name.startswith("Printing up to 2026-11-23, shared account Acme\\Projects [PRF-")
    (line,) = site.adjustments(NAME)
    assert line[0] == 7.03 and movement["reference"] in line[1]
    assert site.balance(NAME) == -5_000
    writes = site.remote_writes()
    assert (site.settle().exit_code, site.remote_writes()) == (0, writes)


def test_each_account_of_a_company_has_a_fee_of_its_own(site: Site) -> None:
    """Both fees have the company for their subject, and still a reference each; so has the next one of that day."""
    site.shared("Acme\\Projects")
    site.shared("Acme\\Office")
    sequences = []
    for costs in ({NAME: 2.0, "account:Acme\\Office": 2.0}, {NAME: 1.0}):
        for username, cost in costs.items():
            site.prints(username, cost)
        shown, done = site.settle(dry_run=True).movements, site.settle().movements
        assert {(one.username, one.amount) for one in shown} == {(one.username, one.amount) for one in done}
        sequences += sorted(one.sequence for one in done)
    names = [name for fee in site.officernd.held_fees.values() for name in reference.find(fee.name)]
    assert (sequences, len(set(names))) == ([1, 2, 3], 3)
    assert all(reference.belongs(name, "hq", ACME) for name in names)


def test_grouping_by_company_takes_it_in(site: Site) -> None:
    site.configure(fees={"grouping": "company"})
    site.person("ann.lee")
    site.shared("Acme\\Projects")
    site.prints("ann.lee", 0.0)
    site.settle()
    site.prints("ann.lee", 1.0)
    site.prints(NAME, 2.0)

    result = site.settle().as_json()

    (fee,) = site.officernd.held_fees.values()
    assert amounts.from_decimal(fee.price) == 3_000_000
    assert ", Acme, 1 person, 1 shared account, 1 job [" in fee.name, "everybody's counter is not its number of jobs"
    assert {(line["username"], line["amount"]) for line in result["movements"]} == {(NAME, "2.00"), ("ann.lee", "1.00")}
    assert (site.balance("ann.lee"), site.balance(NAME)) == (0, 0)


def test_the_company_pays_also_where_members_pay_for_themselves(site: Site) -> None:
    site.configure(fees={"bill_to": "member"})
    site.shared("Acme\\Projects")
    site.prints(NAME, 2.0)
    site.settle()
    (fee,) = site.officernd.held_fees.values()
    assert (fee.company, fee.is_personal) == (ACME, False)


@pytest.mark.parametrize(("word", "billed"), [("bill", 7_000_000), ("forgive", 2_000_000)])
def test_what_was_charged_before_waits_for_a_word(site: Site, word: str, billed: int) -> None:
    site.shared("Acme\\Projects", balance=-5.0)
    site.prints(NAME, 2.0)
    assert held_told(site.settle()) == {NAME: ("opening_balance", "5.00")}
    assert site.balance(NAME) == -5_000_000
    site.approve(NAME, word)
    assert site.settle().exit_code == 0
    assert sum(amounts.from_decimal(fee.price) for fee in site.officernd.held_fees.values()) == billed
    assert site.balance(NAME) == 0


def test_a_person_named_like_it_moves_none_of_its_money(site: Site) -> None:
    """The account of that name is the shared one's in every call; people's are never taken for it."""
    site.configure(top_up={"amount": "5.00"})
    site.person(NAME.lower(), prints=1.0)
    assert (site.settle().exit_code, site.top_up().exit_code) == (0, 0)
    assert site.remote_writes() == 0 and site.balance(NAME.lower()) == -1_000_000


def test_it_is_never_topped_up(site: Site) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann.lee")
    site.shared("Acme\\Projects")
    assert [line["username"] for line in site.top_up().as_json()["movements"]] == ["ann.lee"]
    assert site.balance(NAME) == 0


def test_a_debt_without_any_job_is_held(site: Site) -> None:
    """Somebody charged the account by hand: the printers' counters have not moved."""
    site.shared("Acme\\Projects")
    site.papercut.accounts[NAME].balance -= 4.0
    assert held_told(site.settle()) == {NAME: ("unexplained_debt", "4.00")}
    assert site.result.as_json()["held"][0]["remedies"][0] == Remedy("approve", (NAME, "bill")).as_json()
    assert site.officernd.held_fees == {}
    site.approve(NAME, "bill")
    assert site.settle().exit_code == 0 and site.balance(NAME) == 0


def test_a_printer_taken_away_stops_nobodys_money(site: Site) -> None:
    """The sum of the counters falls then for all shared accounts: what is newly owed waits, each by itself."""
    accounts = [f"account:{name}" for name in ("A", "B", "C", "D")]
    for username in accounts:
        site.shared(username.removeprefix("account:"))
        site.prints(username, 1.0)
    site.person("ann.lee")
    assert site.settle().exit_code == 0
    site.papercut.accounts["account:A"].jobs = 0  # its printer's counter is gone with it
    site.prints("ann.lee", 1.0)
    site.papercut.accounts["account:B"].balance -= 3.0
    result = site.settle()
    assert held_told(result) == {"account:B": ("unexplained_debt", "3.00")}
    assert [line["username"] for line in result.as_json()["movements"]] == ["ann.lee"]


def test_a_job_of_the_same_price_while_it_is_read_again_is_parked(site: Site) -> None:
    """Balance and counter are two readings: a job between them must not look like an adjustment that is missing."""
    site.shared("Acme\\Projects")
    site.prints(NAME, 7.0)
    state = {"lost": False}

    def act(called: str, phase: str) -> None:
        if (called, phase) == ("adjust_shared_account", "after") and not state["lost"]:
            state["lost"] = True
            lose(called, phase)
        if state["lost"] and "printed" not in state and (called, phase) == ("shared_account", "before"):
            state["printed"] = True
            site.prints(NAME, 7.0)

    site.faults.always = act
    assert site.settle().exit_code == 4
    site.faults.clear()
    assert [amount for amount, _ in site.adjustments(NAME)] == [7.0]
    (movement,) = site.result.as_json()["movements"]
    assert movement["reference"] in movement["note"] and NAME in movement["note"]
    site.resolve(movement["reference"], "posted")
    site.settle()
    assert [amount for amount, _ in site.adjustments(NAME)] == [7.0, 7.0] and site.balance(NAME) == 0


def test_a_lost_answer_without_a_job_is_decided_by_the_balance(site: Site) -> None:
    for phase in ("before", "after"):
        site.shared(phase)
        site.prints(f"account:{phase}", 3.0)
        with site.faulty("adjust_shared_account", lose, phase):
            first = site.settle().exit_code
        assert (phase, first, site.settle().exit_code) == (phase, 1 if phase == "before" else 0, 0)
        assert [amount for amount, _ in site.adjustments(f"account:{phase}")] == [3.0]


def test_one_that_cannot_be_read_stops_nobody_elses_money(site: Site) -> None:
    """A printer that never rests, or one that does not tell its counter: people are billed, the account waits."""
    site.person("ann.lee")
    site.shared("Acme\\Projects")
    site.prints(NAME, 7.0)

    def busy(called: str, phase: str) -> None:
        site.prints(NAME, 0.1)

    def refused(called: str, phase: str) -> None:
        raise Refused("PaperCut refused getPrinterProperties: no (code 299).", system="PaperCut", status=299)

    for called, fault, told in (
        ("shared_account", busy, "Somebody printed each of the 5 times that account:Acme"),
        ("jobs_printed", refused, "code 299"),
    ):
        site.prints("ann.lee", 1.0)
        with site.faulty(called, fault, "before"):
            result = site.settle().as_json()
        assert told in result["error"]["message"] and "notes" not in result, result
        assert held_told(site.result) == {NAME: ("unread", "0.00")}
        assert (site.result.exit_code, site.adjustments(NAME)) == (1, [])
    with pytest.raises(UsageError, match="Nothing held for account:Acme"):
        site.approve(NAME, "bill")
    assert [amount for amount, _ in site.adjustments("ann.lee")] == [1.0, 1.0]
    assert (site.settle().as_json()["total"], held_told(site.result)) == ("7.50", {})


@pytest.mark.parametrize("same_name", [False, True])
def test_one_renamed_or_made_anew_is_told_and_not_billed(site: Site, same_name: bool) -> None:
    site.shared("Acme\\Projects")
    site.prints(NAME, 7.0)
    there = site.papercut.accounts.pop(NAME)
    if same_name:  # the link still means the account before
        site.papercut.accounts[NAME] = Account(-9.0, account_id="9999")
    result = site.settle().as_json()
    assert (result["movements"], site.officernd.held_fees) == ([], {})
    (note,) = result["notes"]
    assert [(remedy["action"], *remedy["arguments"]) for remedy in note["remedies"]] == [
        ("link_shared", ACME, ""),
        ("unlink", NAME),
    ]
    if not same_name:  # the command of the note: the same account under its new name, and nothing forgotten
        site.papercut.accounts["account:New"] = there
        with site.database.begin() as connection:
            link = SharedLink(there.account_id, "New", ACME, "Acme", site.clock.now(), 0)
            store_shared_account(connection, "hq", link)
        assert site.settle().as_json()["total"] == "7.00"


def test_a_fee_that_was_refused_is_withdrawn_once_nobody_pays_for_the_account(site: Site) -> None:
    account_id = site.shared("Acme\\Projects")
    site.prints(NAME, 7.0)

    def refuse(called: str, phase: str) -> None:
        raise Refused("Specified company was not found", system="OfficeRnD", status=500)

    with site.faulty("create_fee", refuse, "before"):
        assert [line["state"] for line in site.settle().as_json()["movements"]] == ["failed"]
    with site.database.begin() as connection:
        link = SharedLink(
            account_id.removeprefix("account:"), "Acme\\Projects", ACME, "Acme", site.clock.now(), 0, site.clock.now()
        )
        store_shared_account(connection, "hq", link)
    result = site.settle()
    assert (result.exit_code, result.movements, site.officernd.held_fees) == (0, (), {})
    assert site.balance(NAME) == -7_000_000


def test_one_renamed_while_its_fee_is_half_done_is_adjusted_once_under_its_new_name(site: Site) -> None:
    account_id = site.shared("Acme\\Projects")
    site.prints(NAME, 7.0)

    def rename(called: str, phase: str) -> None:
        site.papercut.accounts["account:New"] = site.papercut.accounts.pop(NAME)

    with site.faulty("create_fee", rename, "after"):
        (line,) = site.settle().as_json()["movements"]
    assert "link its new name to the company" in line["note"]
    site.settle()
    assert len(site.officernd.held_fees) == 1 and site.balance("account:New") == -7_000_000
    with site.database.begin() as connection:
        link = SharedLink(account_id.removeprefix("account:"), "New", ACME, "Acme", site.clock.now(), 0)
        store_shared_account(connection, "hq", link)
    assert site.settle().exit_code == 0
    assert [amount for amount, _ in site.adjustments("account:New")] == [7.0]
    assert len(site.officernd.held_fees) == 1


def test_one_made_anew_while_its_fee_is_half_done_is_not_adjusted(site: Site) -> None:
    """The new account of that name owes more than the fee, so that nothing but its id tells it apart."""
    site.shared("Acme\\Projects")
    site.prints(NAME, 7.0)

    def make_anew(called: str, phase: str) -> None:
        site.papercut.accounts[NAME] = Account(-9.0, account_id="9999")

    with site.faulty("create_fee", make_anew, "after"):
        (line,) = site.settle().as_json()["movements"]
    assert f"PaperCut no longer has an account {NAME}" in line["note"]
    site.settle()
    assert (site.balance(NAME), len(site.officernd.held_fees)) == (-9_000_000, 1)
