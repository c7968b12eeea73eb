"""Any interleaving of prints, cash, top-ups, words, links, late effects, refusals and kills keeps every cent."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from relay import amounts
from relay.errors import UsageError
from relay.money.decide import reference
from relay.money.ledger import journal, tables
from relay.money.ledger.store import Ledger
from relay.money.report.result import PUBLIC_STATES
from tests.support.bean_check import checked
from tests.support.money_acts import random_steps
from tests.support.money_world import Site, kill, lose, refuse, unreachable

USERS = ("ann", "bob", "eve")
CENTS = st.integers(1, 900).map(lambda number: number / 100)
FRACTIONS = st.integers(1, 90_000).map(lambda number: number / 10_000)
QUIET = ("fees", "movements", "evidence", "journal", "holds", "words", "stops")  # what an idle settle does not touch
FAULTS = {"kill": kill, "lose": lose, "refuse": refuse, "unreachable": unreachable}


class Money(RuleBasedStateMachine):
    @initialize(grouping=st.sampled_from(["person", "company"]))
    def begin(self, grouping: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.site = Site(
            Path(self.folder.name), {"fees": {"grouping": grouping}, "top_up": {"amount": "1.50", "every": "day"}}
        )
        self.names = {name: name for name in USERS}  # who is called what by now
        self.members = {name: self.site.person(name) for name in USERS}
        self.costs: Counter[str] = Counter()
        self.elsewhere: Counter[str] = Counter()  # refunds, cash, and charges by hand

    # -- the world ---------------------------------------------------------------------------------------------------

    @rule(who=st.sampled_from(USERS), cost=CENTS | FRACTIONS)
    def prints(self, who: str, cost: float) -> None:
        self.site.prints(self.names[who], cost)
        self.costs[who] += amounts.from_double(cost)

    @rule(who=st.sampled_from(USERS), amount=CENTS)
    def is_given_back(self, who: str, amount: float) -> None:
        self.site.papercut.accounts[self.names[who]].balance += amount
        self.elsewhere[who] += amounts.from_double(amount)

    @rule(who=st.sampled_from(USERS), amount=CENTS)
    def is_charged_by_hand(self, who: str, amount: float) -> None:
        self.site.papercut.accounts[self.names[who]].balance -= amount
        self.elsewhere[who] -= amounts.from_double(amount)

    @rule(who=st.sampled_from(USERS))
    def is_linked_anew(self, who: str) -> None:
        """Unlinked and linked again to the very account, at a moment at which nothing of it is under way."""
        if self.members[who] in {movement.member_id for movement in self._ledger().open_movements()}:
            return
        balance = self.site.balance(self.names[who])
        jobs = self.site.papercut.accounts[self.names[who]].jobs
        now = self.site.clock.now()
        self.site.relink(self.names[who], linked_at=now, opening_balance=balance, opening_jobs=jobs)

    @rule(who=st.sampled_from(USERS))
    def is_renamed(self, who: str) -> None:
        old, new = self.names[who], self.names[who] + "x"
        self.site.papercut.accounts[new] = self.site.papercut.accounts.pop(old)
        self.site.relink(old, username=new)
        self.names[who] = new

    @rule(days=st.integers(0, 2))
    def time_goes_by(self, days: int) -> None:
        self.site.clock.move(days=days, minutes=3)

    # -- the relay ---------------------------------------------------------------------------------------------------

    @rule(moment=st.integers(0, 60), fault=st.sampled_from([*FAULTS, None]), top_up=st.booleans())
    def runs(self, moment: int, fault: str | None, top_up: bool) -> None:
        self.site.faults.clear()
        if fault is not None:
            self.site.faults.actions[moment] = FAULTS[fault]
        work: Any = self.site.top_up if top_up else self.site.settle
        try:
            self.site.killed(work)
        except Exception as error:  # an operating error is a sentence; anything else is a bug
            assert hasattr(error, "message"), error
        self.site.faults.clear()
        self.site.clock.move(minutes=1)

    @rule(late_s=st.integers(1, 31))
    def the_next_write_has_no_answer_and_comes_late(self, late_s: int) -> None:
        self.site.late.next_s = late_s

    @rule(who=st.sampled_from(USERS), word=st.sampled_from(["bill", "forgive"]))
    def a_person_gives_a_word(self, who: str, word: str) -> None:
        with suppress(UsageError):  # nothing of theirs is held
            self.site.approve(self.names[who], word)

    @rule()
    def staff_edit_a_name(self) -> None:
        from dataclasses import replace

        for fee_id, fee in list(self.site.officernd.held_fees.items())[:1]:
            self.site.officernd.held_fees[fee_id] = replace(fee, name=f"Prints ({fee.name.lower()}) thanks!")

    @rule()
    def shows_only(self) -> None:
        """A dry run writes nothing anywhere."""
        before, writes = self.site.ledger_rows(), self.site.remote_writes()
        for work in (self.site.settle, self.site.top_up):
            try:
                work(dry_run=True)
            except Exception as error:
                assert hasattr(error, "message"), error
        assert (self.site.ledger_rows(), self.site.remote_writes()) == (before, writes)

    @rule()
    def a_person_tells_the_truth(self) -> None:
        for movement in self.site.recover().movements:
            if PUBLIC_STATES[movement.stage] != "in_doubt":
                continue
            if movement.waits_for_fee:
                there = any(
                    str(movement.fee_reference).lower() in fee.name.lower()
                    for fee in self.site.officernd.held_fees.values()
                )
            else:
                there = any(
                    movement.reference in comment
                    for account in self.site.papercut.accounts.values()
                    for _, comment in account.transactions
                )
            self.site.resolve(movement.reference, "posted" if there else "not-sent")

    # -- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_there_twice(self) -> None:
        if not hasattr(self, "site"):
            return
        fees = Counter(name for fee in self.site.officernd.held_fees.values() for name in reference.find(fee.name))
        comments = Counter(
            comment.rpartition("[")[2]
            for account in self.site.papercut.accounts.values()
            for _, comment in account.transactions
        )
        assert max((*fees.values(), *comments.values()), default=0) <= 1

    def teardown(self) -> None:
        if not hasattr(self, "site"):
            return
        try:
            self._every_cent_is_there()
        finally:
            self.site.database.dispose()
            self.folder.cleanup()

    def _every_cent_is_there(self) -> None:
        for _ in range(3):
            self.a_person_tells_the_truth()
            self.runs(999, None, False)
        last = self.site.settle()
        ledger = self._ledger()
        assert ledger.open_movements() == []
        posted = ledger.movements(tables.movements.c.state == "posted")
        wallets = ledger.wallets()
        with ledger.read() as connection:
            assert journal.wrong_wallets(connection, "hq") == []
        for who in USERS:
            balance, buckets = self.site.balance(self.names[who]), wallets[self.members[who]].buckets
            moved = sum(movement.amount for movement in posted if movement.member_id == self.members[who])
            # What PaperCut holds is what was printed, came from elsewhere and was moved: each cent of it once.
            assert balance == self.elsewhere[who] + moved - self.costs[who], who
            assert buckets.wallet == balance, who
            assert not amounts.billable(buckets.owed, "EUR"), who  # nothing that is owed was left unbilled
            held = {item.code: item.amount for item in last.held if item.account.member_id == self.members[who]}
            waiting = {"opening_balance": -buckets.opening, "unexplained_debt": -buckets.disputed}
            assert held == {code: amount for code, amount in waiting.items() if amount >= 10_000}, who
        in_officernd = sum(amounts.from_decimal(fee.price) for fee in self.site.officernd.held_fees.values())
        assert in_officernd == sum(movement.amount for movement in posted if movement.kind == "fee")
        checked(self.site)
        rows, writes = self.site.ledger_rows(), self.site.remote_writes()
        self.site.settle()
        assert self.site.remote_writes() == writes
        assert {name: rows[name] for name in QUIET} == {name: self.site.ledger_rows()[name] for name in QUIET}

    def _ledger(self) -> Ledger:
        return Ledger(self.site.database, "hq", self.site.clock)


Money.TestCase.settings = random_steps(60)
TestMoney = Money.TestCase
