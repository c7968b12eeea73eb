"""Any interleaving of prints, backups put back, words, renames, a second relay and kills: nobody is billed what he did
not print, nothing is there twice, and the books are accepted."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from relay import amounts
from relay.errors import UsageError
from relay.money.decide import reference
from relay.money.ledger import journal
from relay.money.ledger.store import Ledger
from relay.money.report.result import PUBLIC_STATES
from tests.support.bean_check import checked
from tests.support.job_logs import Log
from tests.support.money_acts import random_steps
from tests.support.money_world import Site, kill, lose, refuse, unreachable

USERS = ("ann", "bob", "eve")
CENTS = st.integers(1, 900).map(lambda number: number / 100)
FAULTS = {"kill": kill, "lose": lose, "refuse": refuse, "unreachable": unreachable}


class Restored(RuleBasedStateMachine):
    @initialize(knows=st.booleans(), top_up=st.sampled_from(["0.00", "1.50"]))
    def begin(self, knows: bool, top_up: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.site = Site(Path(self.folder.name), {"top_up": {"amount": top_up, "every": "day"}})
        self.members = {name: self.site.person(name) for name in USERS}
        self.log: Any = Log(self.site)
        self.knows = knows
        self.printed: Counter[str] = Counter()
        self.backup: Any = None

    # -- the world ---------------------------------------------------------------------------------------------------

    @rule(who=st.sampled_from(USERS), cost=CENTS)
    def prints(self, who: str, cost: float) -> None:
        self.site.clock.move(seconds=1)
        self.log.prints(who, cost)
        self.printed[self.members[who]] += amounts.from_double(cost)
        self.site.clock.move(seconds=1)

    @rule()
    def papercut_is_backed_up(self) -> None:
        self.backup = deepcopy((self.site.papercut.accounts, self.site.papercut.notes))

    @rule()
    def the_backup_is_put_back(self) -> None:
        if self.backup is not None:
            self.site.papercut.accounts, self.site.papercut.notes = deepcopy(self.backup)

    @rule(days=st.integers(0, 2))
    def time_goes_by(self, days: int) -> None:
        self.site.clock.move(days=days, minutes=3)

    @rule(name=st.sampled_from(["elsewhere", "hq"]))
    def the_site_is_named(self, name: str) -> None:
        """A renamed site is another one: it moves nothing of hq's."""
        self.site.configure(site={"name": name})
        self.runs(999, None, False)
        self.site.configure(site={"name": "hq"})

    @rule()
    def the_witness_is_edited(self) -> None:
        notes = self.site.papercut.notes
        for name in list(notes)[:1]:
            notes[name] = notes[name].replace("hq", "other")

    # -- the relay ---------------------------------------------------------------------------------------------------

    @rule(moment=st.integers(0, 60), fault=st.sampled_from([*FAULTS, None]), top_up=st.booleans())
    def runs(self, moment: int, fault: str | None, top_up: bool) -> None:
        self.site.faults.clear()
        if fault is not None:
            self.site.faults.actions[moment] = FAULTS[fault]
        work = self.site.top_up if top_up else self.site.settle
        try:
            self.site.killed(lambda: work(**({"jobs": self.log} if self.knows else {})))
        except Exception as error:  # an operating error is a sentence; anything else is a bug
            assert hasattr(error, "message"), error
        self.site.faults.clear()
        self.site.clock.move(minutes=1)

    @rule(word=st.sampled_from(["forgive", "continue"]))
    def a_person_answers_the_stop(self, word: str) -> None:
        with suppress(UsageError):  # none stands
            self.site.approve("hq", word)

    @rule(who=st.sampled_from(USERS))
    def a_person_forgives_what_is_held(self, who: str) -> None:
        with suppress(UsageError):
            self.site.approve(who, "forgive")

    @rule(who=st.sampled_from(USERS))
    def a_person_says_that_nothing_was_lost(self, who: str) -> None:
        with suppress(UsageError):
            self.site.approve(who, "forgive", amount="0")

    @rule()
    def a_person_tells_the_truth(self) -> None:
        for movement in self.site.recover().movements:
            if PUBLIC_STATES[movement.stage] != "in_doubt":
                continue
            fees, accounts = self.site.officernd.held_fees.values(), self.site.papercut.accounts.values()
            if movement.waits_for_fee:
                there = any(str(movement.fee_reference).lower() in fee.name.lower() for fee in fees)
            else:
                there = any(movement.reference in comment for one in accounts for _, comment in one.transactions)
            with suppress(UsageError):
                self.site.resolve(movement.reference, "posted" if there else "not-sent")

    # -- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_billed_what_he_did_not_print(self) -> None:
        if not hasattr(self, "site"):
            return
        fees = self.site.officernd.held_fees.values()
        names = Counter(name for fee in fees for name in reference.find(fee.name))
        assert max(names.values(), default=0) <= 1
        billed: Counter[str] = Counter()
        for fee in fees:
            billed[fee.member] += amounts.from_decimal(fee.price)
        assert {member: amount for member, amount in billed.items() if amount > self.printed[member]} == {}

    @invariant()
    def no_adjustment_is_there_twice(self) -> None:
        if not hasattr(self, "site"):
            return
        for account in self.site.papercut.accounts.values():
            comments = Counter(comment.rpartition("[")[2] for _, comment in account.transactions)
            assert max(comments.values(), default=0) <= 1

    def teardown(self) -> None:
        if not hasattr(self, "site"):
            return
        try:
            for word in ("forgive", "continue", "continue"):
                self.a_person_answers_the_stop(word)
                self.a_person_tells_the_truth()
                self.runs(999, None, False)
                self.nobody_is_billed_what_he_did_not_print()
            with self.site.database.connect() as connection:
                assert journal.wrong_wallets(connection, "hq") == []
            checked(self.site)
            assert Ledger(self.site.database, "hq", self.site.clock).wallets().keys() <= set(self.members.values())
        finally:
            self.site.database.dispose()
            self.folder.cleanup()


Restored.TestCase.settings = random_steps(40)
TestRestored = Restored.TestCase
