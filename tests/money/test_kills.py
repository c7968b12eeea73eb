"""Real processes, real files, real HTTP: a settle killed by SIGKILL at every moment bills once, never twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from relay import money
from relay.money.decide import reference
from tests.support.standin_world import Standins, standins

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are not on this system")
HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("MONEY_KILL_ROUNDS", "1"))


class Worker:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def settle(self, moment: int = -1) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{moment}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def worker(site: Standins) -> Iterator[Worker]:
    path = site.folder / "relay.toml"
    path.write_text(_toml(site.raw))
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    with subprocess.Popen(
        [sys.executable, str(HERE.parent / "support" / "kill_worker.py"), str(path)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Worker(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def _toml(raw: dict[str, dict[str, object]]) -> str:
    def value(item: object) -> str:
        return json.dumps(item) if isinstance(item, str) else str(item)  # a TOML string, backslashes too

    return "\n".join(
        f"[{section}]\n" + "\n".join(f"{key} = {value(item)}" for key, item in values.items())
        for section, values in raw.items()
    )


SECONDS = {"papercut": {"timeout_s": 1}, "officernd": {"timeout_s": 1}, "safety": {"settling_s": 0.05, "list_lag_s": 0}}


def tell_the_truth(site: Standins, username: str) -> int:
    """Resolve every movement in doubt by what PaperCut's transactions say; return how many there were."""
    doubtful = [item for item in money.open_movements(site.database, site.settings) if item["state"] == "in_doubt"]
    for item in doubtful:
        there = any(item["reference"] in entry.comment for entry in site.papercut.state.transactions_of(username))
        money.resolve(site.context, item["reference"], as_="posted" if there else "not-sent", reason="seen in PaperCut")
    return len(doubtful)


@pytest.mark.parametrize("half", [0, 1])
def test_sigkill_at_every_moment(tmp_path: Path, record_property: Callable[[str, object], None], half: int) -> None:
    """Each trial: a debt, a settle killed at the next moment, a job now and then, settles until nothing is left.

    Every other moment in one test, so that two processors may share them.
    """
    with standins(tmp_path, **SECONDS) as site, worker(site) as settles:
        user = site.link(1)
        for _ in range(2):  # the first settle also makes the witness: the second has the moments of all others
            site.owes(user, 1.0)
            ended = settles.settle()
            assert ended.startswith("ended 0"), ended
        moments = int(ended.split()[2])
        costs, killed, parked = 2.0, 0, 0
        numbers = range(half, moments * ROUNDS, 2)
        for number in numbers:
            cost = 0.5 + number % 7
            site.owes(user, cost)
            costs += cost
            killed += settles.settle(number % moments) == "killed"
            if number % 3 == 0:
                site.owes(user, 0.25)
                costs += 0.25
            last = ""
            for _ in range(4):
                last = settles.settle()
                if last.startswith("ended 4"):  # a job landed beside the lost adjustment: a person looks
                    parked += tell_the_truth(site, user)
                if last.startswith("ended 0") and abs(site.balance(user)) < 1e-9:
                    break
            assert last.startswith("ended 0") and abs(site.balance(user)) < 1e-9, (number, last, site.balance(user))
        names = [name for fee in site.fees() for name in reference.find(fee["name"])]
        comments = [
            name
            for transaction in site.papercut.state.transactions_of(user)
            for name in reference.find(transaction.comment)
        ]
        assert killed >= len(numbers) - 1
        assert len(names) == len(set(names)) and sorted(names) == sorted(comments)
        assert sum(fee["price"] for fee in site.fees()) == pytest.approx(costs)
        record_property("crash_trials", {"exactly once": killed - parked, "parked": parked})
