"""What a restored backup held of one account, compared with the law's executable specification."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from relay.money.decide.evidence import Reading
from relay.money.decide.snapshot import AccountState, snapshot_jobs, snapshot_state
from tests.support import reference_model as model

TRIALS = 40_000
START = datetime(2026, 11, 23, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def history(numbers: random.Random) -> tuple[list[model.State], list[tuple[int, int]]]:
    """Return an account's states in their order and the log's rows: jobs, fees and cash under a growing witness."""
    balance = jobs = since = 0
    witness, second = 1, 0
    states = [model.State(0, 0, 1, 1, 0)]
    rows = []
    for _ in range(numbers.randint(0, 5)):
        second += numbers.randint(1, 3)
        for _ in range(numbers.randint(0, 2)):
            cost = numbers.choice((0, 1, 2, 2, 5))
            rows.append((second, cost))
            balance, jobs, second = balance - cost, jobs + 1, second + 1
        if numbers.random() < 0.4:
            balance += numbers.choice((1, 2, 5))
        since, witness = witness, witness + numbers.choice((0, 1, 1, 2))
        states.append(model.State(balance, jobs, witness, since, second))
    return states, rows


def arguments(numbers: random.Random) -> tuple[list[model.State], list[int], model.Reading, int, object]:
    states, rows = history(numbers)
    read_at = states[-1].at
    chosen = numbers.choice(states)
    witnesses = [numbers.randint(0, states[-1].witness)]
    if numbers.random() < 0.2:
        witnesses.append(numbers.randint(0, witnesses[0]))
    balance, jobs, second = chosen.balance, chosen.jobs, read_at
    for _ in range(numbers.choice((0, 0, 1, 2))):
        second += 1
        cost = numbers.choice((1, 2, 5))
        balance, jobs = balance - cost, jobs + 1
        rows.append((second, cost))
    if numbers.random() < 0.1:
        balance += 1
    log = None if numbers.random() < 0.4 else rows if numbers.random() < 0.8 else rows[1:]
    return states, witnesses, model.Reading(balance, jobs), read_at, log


def test_it_says_what_the_model_says() -> None:
    numbers = random.Random(20261129)
    told = 0
    for _ in range(TRIALS):
        states, witnesses, now, read_at, rows = arguments(numbers)
        wanted = model.snapshot_state(states, witnesses, now, read_at, rows)  # type: ignore[arg-type]
        found = snapshot_state(
            [AccountState(one.balance, one.jobs, one.witness, one.since, at(one.at)) for one in states],
            witnesses,
            Reading(now.balance, now.jobs),
            at(read_at),
            None if rows is None else [(at(second), cost) for second, cost in rows],  # type: ignore[attr-defined]
        )
        assert (found and (found.balance, found.jobs)) == (wanted and tuple(wanted[:2])), (states, witnesses, now, rows)
        told += found is not None
    assert 0.2 * TRIALS < told < 0.95 * TRIALS, "both answers are tried"


def test_a_balance_that_a_person_tells_has_the_highest_counter_that_the_backup_can_have() -> None:
    states = [
        AccountState(0, 0, 1, 1, at(0)),
        AccountState(-300, 4, 1, 1, at(1)),
        AccountState(-300, 5, 2, 1, at(2)),  # a free job between two settles
        AccountState(-300, 9, 4, 3, at(3)),  # of a later witness than the backup's
    ]
    assert snapshot_jobs(states, [1], -300, Reading(-500, 7)) == 5
    assert snapshot_jobs(states, [1], -300, Reading(-500, 4)) == 4, "no backup has printed more than is there now"
    assert snapshot_jobs(states, [1], -400, Reading(-500, 7)) is None
