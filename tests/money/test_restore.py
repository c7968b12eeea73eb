"""A PaperCut put back from a backup: from the stop to the balanced books."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from relay import amounts, money
from relay.errors import UsageError
from relay.money.ledger import journal
from tests.support.job_logs import Log
from tests.support.money_acts import killed_everywhere
from tests.support.money_world import Site, refuse

EUR = 1_000_000


def backup(site: Site) -> Any:
    return deepcopy((site.papercut.accounts, site.papercut.notes))


def put_back(site: Site, held: Any) -> None:
    site.papercut.accounts, site.papercut.notes = deepcopy(held)


def billed(site: Site) -> int:

    return sum(amounts.from_decimal(fee.price) for fee in site.officernd.held_fees.values())


def calm(site: Site, **options: Any) -> None:
    """Settle until nothing changes; then the journal's wallets are PaperCut's balances."""
    for _ in range(4):
        site.settle(**options)
        site.clock.move(minutes=1)
    wallets = {wallet.username: wallet.balance for wallet in open_wallets(site)}
    assert wallets == {name: site.balance(name) for name in site.papercut.accounts}


def open_wallets(site: Site) -> list[Any]:
    with site.quietly(), site.database.connect() as connection:
        assert journal.wrong_wallets(connection, "hq") == []
        return list(journal.open_wallets(connection, "hq").values())


def a_day_with_eight(site: Site, log: Any = None) -> Any:
    """Eight people print 5.00 each; a backup is made; they are billed; the backup is put back."""
    for number in range(8):
        site.person(f"user{number}")
    site.settle(jobs=log)
    site.clock.move(hours=1)
    for number in range(8):
        (log or site).prints(f"user{number}", 5.0)
    site.clock.move(hours=1)
    held = backup(site)
    site.settle(jobs=log)
    assert billed(site) == 40 * EUR
    site.clock.move(hours=1)
    put_back(site, held)
    return held


def test_a_word_is_enough_where_the_log_tells_who_printed_since(site: Site) -> None:
    log = Log(site)
    a_day_with_eight(site, log)
    for number in range(8):
        log.prints(f"user{number}", 0.1)
    site.clock.move(days=1)
    assert [item.code for item in site.settle(jobs=log).refused] == ["restored"]
    site.approve("hq", "forgive")
    calm(site, jobs=log)
    assert (site.result.exit_code, billed(site)) == (0, 40 * EUR + 8 * 100_000)
    assert all(site.balance(f"user{number}") == 0 for number in range(8))


def test_without_a_log_those_who_printed_since_wait_for_an_amount(site: Site) -> None:
    a_day_with_eight(site)
    for number in range(4):
        site.prints(f"user{number}", 0.1)
    site.clock.move(days=1)
    site.settle()
    site.approve("restored", "forgive")
    for _ in range(2):
        site.settle()
    held = {item.account.username: item.code for item in site.result.held}
    assert held == {f"user{number}": "restored" for number in range(4)}
    assert all(site.balance(f"user{number}") == 0 for number in range(4, 8))
    with pytest.raises(UsageError, match="name the amount"):
        site.approve("user0", "forgive")
    for number in range(4):
        site.approve(f"user{number}", "forgive", "5.00")
    calm(site)
    assert (site.result.exit_code, billed(site)) == (0, 40 * EUR + 4 * 100_000)


@pytest.mark.parametrize("logged", [True, False])
def test_put_back_to_between_the_link_and_the_first_settle(site: Site, logged: bool) -> None:
    """The backup may hold what was there at the link, which no run had read by then, as well as what was printed since.

    Only whoever printed before the first settle and again since is a question, and a job log answers it.
    """
    log = Log(site)
    jobs = log if logged else None
    ann, bob, cid = (site.person(name, -3.0 if name == "cid" else 0.0) for name in ("ann", "bob", "cid"))
    money.keep_witness(site.context)
    held = backup(site)
    site.clock.move(hours=1)
    log.prints("ann", 3.0)
    site.clock.move(hours=1)
    site.settle(jobs=jobs)
    assert site.billed(ann) == 3 * EUR
    site.clock.move(hours=1)
    put_back(site, held)
    log.prints("ann", 2.5)
    log.prints("bob", 1.5)
    site.clock.move(hours=1)
    site.settle(jobs=jobs)
    site.approve("hq", "forgive")
    site.settle(jobs=jobs)
    told = {item.account.username: item.code for item in site.result.held}
    assert told == {"cid": "opening_balance"} | ({} if logged else {"ann": "restored"})
    assert (site.result.exit_code, [item.code for item in site.result.refused]) == (
        (0, []) if logged else (3, ["restored"])
    )
    assert site.billed(bob) == 1_500_000, "nobody waits for somebody else's answer"
    if not logged:
        site.approve("ann", "forgive", "0")
        site.settle()
        assert (site.result.exit_code, told.keys() - {"ann"}) == (0, {"cid"})
    assert (site.billed(ann), site.balance("ann")) == (5_500_000, 0), "what is answered is billed by the same settle"
    calm(site, jobs=jobs)
    assert (site.billed(ann), site.billed(bob), site.billed(cid)) == (5_500_000, 1_500_000, 0)


def test_a_top_up_given_since_the_backup_is_there_once(site: Site) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann")
    site.settle()
    held = backup(site)
    site.top_up()
    put_back(site, held)
    for work in (site.settle, site.top_up):
        assert [item.code for item in work().refused] == ["restored"]
    site.approve("hq", "forgive")
    for _ in range(2):
        site.top_up()
    calm(site)
    assert site.balance("ann") == 5 * EUR


def test_restored_twice(site: Site) -> None:
    log = Log(site)
    held = a_day_with_eight(site, log)
    site.settle(jobs=log)
    site.approve("hq", "forgive")
    site.settle(jobs=log)
    put_back(site, held)
    assert [item.code for item in site.settle(jobs=log).refused] == ["restored"]
    site.approve("hq", "forgive")
    calm(site, jobs=log)
    assert (site.result.exit_code, billed(site)) == (0, 40 * EUR)
    assert all(site.balance(f"user{number}") == 0 for number in range(8))


def test_put_back_once_more_before_the_word_is_carried_out(site: Site) -> None:
    """The word named one restored state; another one stands there by now, so it is void."""
    log = Log(site)
    first = backup(site)
    held = a_day_with_eight(site, log)
    site.settle(jobs=log)
    site.approve("hq", "forgive")
    put_back(site, ({**held[0]}, first[1]))
    assert [item.code for item in site.settle(jobs=log).refused] == ["restored"]
    assert billed(site) == 40 * EUR and site.balance("user0") == -5 * EUR


def test_a_kill_at_every_moment_of_a_restoration(tmp_path: Path) -> None:
    logs: list[Log] = []

    def approved(site: Site) -> None:
        logs.append(log := Log(site))
        site.person("ann")
        site.settle(jobs=log)
        site.clock.move(hours=1)
        log.prints("ann", 5.0)
        site.clock.move(hours=1)
        held = backup(site)
        site.settle(jobs=log)
        site.clock.move(hours=1)
        put_back(site, held)
        site.settle(jobs=log)
        site.approve("hq", "forgive")

    for site in killed_everywhere(tmp_path, approved, lambda site: site.settle(jobs=logs[-1])):
        calm(site, jobs=logs[-1])
        assert (site.result.exit_code, billed(site), site.balance("ann")) == (0, 5 * EUR, 0)
        assert len(site.adjustments("ann")) == 1
    assert len(logs) > 20


def test_restored_while_an_adjustment_was_open(site: Site) -> None:
    """Its fee stands, the adjustment was sent under a later number than the restored one: it is certainly not there."""
    log = Log(site)
    site.person("ann")
    site.settle(jobs=log)
    site.clock.move(hours=1)
    log.prints("ann", 5.0)
    held = backup(site)
    site.clock.move(hours=1)
    with site.faulty("adjust_balance", refuse):
        site.settle(jobs=log)
    put_back(site, held)
    site.settle(jobs=log)
    site.approve("hq", "forgive")
    calm(site, jobs=log)
    assert (site.result.exit_code, billed(site), site.balance("ann")) == (0, 5 * EUR, 0)


def test_the_restoration_stands_outside_the_limits(site: Site) -> None:
    site.configure(safety={"max_fee": "10.00", "max_run_total": "50.00"})
    log = Log(site)
    a_day_with_eight(site, log)
    site.configure(safety={"max_fee": "0.01", "max_run_total": "0.01"})
    site.settle(jobs=log)
    site.approve("hq", "forgive")
    calm(site, jobs=log)
    assert all(site.balance(f"user{number}") == 0 for number in range(8)) and billed(site) == 40 * EUR


def test_shadow_mode_brings_nothing_back(site: Site) -> None:
    """The word waits for the switch to billing: in shadow mode nothing is written to PaperCut, the witness included."""
    log = Log(site)
    a_day_with_eight(site, log)
    site.settle(jobs=log)
    site.approve("hq", "forgive")
    site.configure(fees={"managed_in": "shadow"})
    notes = dict(site.papercut.notes)
    assert [item.code for item in site.settle(jobs=log).refused] == ["restored"]
    assert (site.papercut.notes, site.balance("user0")) == (notes, -5 * EUR)
    site.configure(fees={"managed_in": "officernd"})
    calm(site, jobs=log)
    assert billed(site) == 40 * EUR
