"""The crash harness: kill, lose answers, let jobs land, effects come late, lists lie, faults follow effects, stops
stand, at every moment of a settle, and count what came of it.

Each trial ends in exactly one of: exactly once, or parked for a person whose truthful word then makes it exactly once.
`MONEY_TRIALS=5000` draws that many random trials on top of the exhaustive ones.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from relay import amounts, money
from relay.errors import Refused, RelayError
from relay.money.decide import reference
from relay.money.report.result import PUBLIC_STATES
from relay.stored_accounts import accounts_of
from tests.support.bean_check import checked
from tests.support.money_world import WRITES, Site, kill, lose

RANDOM_TRIALS = int(os.environ.get("MONEY_TRIALS", "84"))
FAULTS = [("kill",), ("job", "kill"), ("lose",), ("job", "lose"), ("same job", "lose"), ("job",), ("same job", "kill")]
LIES = [("late",), ("late", "kill"), ("fault",), ("hide", "lose"), ("hide", "fault"), ("edit",), ("edit", "kill")]
LATE_S = (1, 2.5, 6, 25)
LATER_KILLS = (3, 6, 9, 12)
SEEDS = (20261123, 20261124, 20261125, 20261126)
CHECKED_EACH = 10  # trials: their journal is given to Beancount


class Harness:
    """Runs trials and counts how they end."""

    def __init__(self, folder: Path, *, shared: bool = False, **sections: dict[str, Any]) -> None:
        self.folder = folder
        self.sections = sections
        self.busy = "account:Acme\\Projects" if shared else "ann.lee"  # the account that jobs land on
        self.ends: dict[str, int] = {}
        self.problems: list[str] = []

    def site(self) -> Site:
        site = Site(self.folder, {name: dict(values) for name, values in self.sections.items()})
        if self.busy == "ann.lee":
            site.person("ann.lee")
        else:
            site.shared("Acme\\Projects")
        site.person("bob", company_id="64d000000000000000000002")
        site.prints(self.busy, 7.035)
        site.prints("bob", 0.1)
        site.faults.clear()
        return site

    def moments(self) -> list[tuple[str, str]]:
        site = self.site()
        site.settle()
        site.database.dispose()
        return list(site.faults.seen)

    def trial(self, runs: list[dict[int, list[str]]]) -> str:
        """Do one run after another, each with its faults, then runs without faults until nothing changes."""
        site = self.site()
        for faults in runs:
            site.faults.clear()
            for moment, names in faults.items():
                site.faults.actions[moment] = partial(_act, site, self.busy, names)
            site.killed(lambda: _code(site))
            site.faults.clear()
            site.clock.move(seconds=1)
        end = self._end(site)
        self.ends[end] = self.ends.get(end, 0) + 1
        if end in ("doubled", "lost", "unquiet"):
            self.problems.append(f"{end}: {runs}")
        if sum(self.ends.values()) % CHECKED_EACH == 0:
            checked(site)
        site.database.dispose()
        return end

    def _end(self, site: Site) -> str:
        code = self._quiet(site)
        if money.stops(site.database, site.settings):  # the witness was edited by hand, and nothing else
            site.approve("restored", "continue")
            code = self._quiet(site)
        parked = code == 4
        if parked:
            for movement in site.result.movements:
                if PUBLIC_STATES[movement.stage] == "in_doubt":
                    site.resolve(movement.reference, "posted" if _is_there(site, movement) else "not-sent")
            code = self._quiet(site)
        fees = Counter(name for fee in site.officernd.held_fees.values() for name in reference.find(fee.name))
        adjusted = Counter(
            name
            for username in site.papercut.accounts
            for _, comment in site.adjustments(username)
            for name in reference.find(comment)
        )
        if max((*fees.values(), *adjusted.values()), default=0) > 1:
            return "doubled"
        for username, account in site.papercut.accounts.items():
            billed = _billed(site, username)
            moved = sum(amounts.from_double(amount) for amount, _ in account.transactions)
            if moved != billed:
                return "doubled" if moved > billed else "lost"
            if amounts.billable(site.balance(username), "EUR"):
                return "lost"
        if code != 0:
            return "unquiet"
        return "parked" if parked else "exactly once"

    def _quiet(self, site: Site) -> int:
        """Settle until a run does nothing new; return its exit code."""
        for _ in range(6):
            writes = site.remote_writes()
            code = _code(site)
            site.clock.move(minutes=1)
            if site.remote_writes() == writes and code in (0, 3, 4):
                return code
        return code


def _code(site: Site) -> int:
    """Settle once and return the exit code, as the command line does."""
    try:
        return site.settle().exit_code
    except RelayError as error:
        return error.exit_code


def _billed(site: Site, username: str) -> int:
    """Return what OfficeRnD's fees bill for an account; a shared one's stand on the company alone."""
    account = next(account for account in accounts_of(site.database, "hq") if account.username == username)
    payer = ("", account.company_id) if account.is_shared else (account.member_id, account.company_id)
    fees = site.officernd.held_fees.values()
    return sum(amounts.from_decimal(fee.price) for fee in fees if (fee.member, fee.company) == payer)


def _is_there(site: Site, movement: Any) -> bool:
    """Return the truth about the effect in doubt, as a person finds it by looking at both systems."""
    if movement.stage in ("fee_sent", "in_doubt") and movement.fee_state != "posted" and movement.fee_reference:
        return any(movement.fee_reference in fee.name for fee in site.officernd.held_fees.values())
    return any(movement.reference in comment for _, comment in site.adjustments(movement.username))


def _act(site: Site, busy: str, names: list[str], called: str, phase: str) -> None:
    for name in names:
        if name == "job":
            site.prints(busy, 0.25)
        elif name == "same job":
            site.prints(busy, 7.03)
        elif name == "lose":
            lose(called, phase)
        elif name == "late":
            site.late.next_s = LATE_S[len(site.faults.seen) % len(LATE_S)]
        elif name == "fault":
            if called in WRITES and phase == "after":
                raise Refused(f"{called} is refused.", system="fake", operation=called)
        elif name == "hide":
            site.officernd.hides = lambda fee: True
        elif name == "edit":
            site.papercut.notes.update(dict.fromkeys(site.papercut.notes, "somebody's words"))
        else:
            kill(called, phase)


@pytest.fixture
def harness(tmp_path: Path, record_property: Callable[[str, object], None]) -> Harness:
    """A harness whose counts are added up in the summary of the whole run (see tests/conftest.py)."""
    made = Harness(tmp_path)
    record_property("crash_trials", made.ends)
    return made


def each_moment(harness: Harness, *names: str, then: dict[int, list[str]] | None = None) -> None:
    for moment in range(len(harness.moments())):
        harness.trial([{moment: list(names)}, *([then] if then else [])])
    assert harness.problems == []


@pytest.mark.parametrize("names", FAULTS)
def test_a_fault_at_every_moment(harness: Harness, names: tuple[str, ...]) -> None:
    """One fault, at each moment before and after every remote call and before every commit."""
    each_moment(harness, *names)


@pytest.mark.parametrize("names", LIES)
def test_a_lie_at_every_moment(harness: Harness, names: tuple[str, ...]) -> None:
    """An effect that comes late, a fault after it, an empty list, a witness edited by hand: at each moment."""
    each_moment(harness, *names)


@pytest.mark.parametrize("names", [("kill",), ("lose",), ("job", "kill"), ("same job", "lose")])
def test_a_fault_at_every_moment_of_a_shared_account(
    tmp_path: Path, record_property: Callable[[str, object], None], names: tuple[str, ...]
) -> None:
    """The same promise for an account whose only job counter is that of all printers."""
    harness = Harness(tmp_path, shared=True)
    record_property("crash_trials", harness.ends)
    each_moment(harness, *names)


@pytest.mark.parametrize("later", LATER_KILLS)
def test_a_kill_of_the_run_that_recovers(harness: Harness, later: int) -> None:
    """The first run is killed at each moment, the second one a few moments into its recovery."""
    each_moment(harness, "kill", then={later: ["kill"]})


@pytest.mark.parametrize("seed", SEEDS)
def test_random_faults_over_several_runs(harness: Harness, seed: int) -> None:
    """Any mixture of kills, lost answers and jobs over up to three runs."""
    random_numbers = random.Random(seed)
    moments = len(harness.moments())
    for _ in range(RANDOM_TRIALS // len(SEEDS)):
        runs = []
        for _ in range(random_numbers.randint(1, 3)):
            count = random_numbers.randint(1, 3)
            runs.append(
                {
                    random_numbers.randrange(moments): random_numbers.choices(
                        ["kill", "lose", "job", "same job", "late", "fault", "hide", "edit"],
                        k=random_numbers.randint(1, 2),
                    )
                    for _ in range(count)
                }
            )
        harness.trial(runs)
    assert harness.problems == []


def test_enough_trials_are_made(harness: Harness) -> None:
    """Counted, not summed: the trials may run in several processes."""
    moments = len(harness.moments())
    assert moments * (len(FAULTS) + len(LATER_KILLS)) + RANDOM_TRIALS >= 500


def test_a_job_beside_a_lost_adjustment_is_parked(harness: Harness) -> None:
    """And resolved by a truthful word: parking happens, it is not only possible."""
    moments = harness.moments()
    after = max(index for index, moment in enumerate(moments) if moment == ("adjust_balance", "after"))
    assert harness.trial([{after - 2: ["same job", "lose"]}, {}]) in ("parked", "exactly once")
    for index, moment in enumerate(moments):
        if moment[0] == "adjust_balance":
            harness.trial([{index: ["same job", "lose"]}])
    assert harness.ends.get("parked", 0) > 0 and harness.problems == []


def test_the_harness_sees_a_double(tmp_path: Path) -> None:
    """A harness that cannot fail proves nothing: an adjustment made twice behind the ledger's back is seen."""
    harness = Harness(tmp_path)
    site = harness.site()
    site.settle()
    amount, comment = site.adjustments("ann.lee")[0]
    site.papercut.accounts["ann.lee"].transactions.append((amount, comment))
    assert harness._end(site) == "doubled"
