"""How long a settle takes: 5,000 accounts of which 400 owe, PaperCut at 3 ms a call, OfficeRnD at 120 ms.

Run: python -m tests.bench.bench_settle [ACCOUNTS] [OWING] [--against REVISION]. Prints the time, the calls of each
system, and what a second settle costs. With a revision, such as 9b19423 for version 0.2, that revision's own benchmark
runs first, on this machine and in this run, and the ratio is printed: the target is at most 1.15.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import insert

from relay.clock import Clock
from relay.people.memory.links import people_links
from tests.support.standin_world import Standins, standins

HERE = Path(__file__).parent

PAPERCUT_S = 0.003
OFFICERND_S = 0.120


def link_many(site: Standins, count: int) -> list[str]:
    rows = [
        {
            "site": "hq",
            "member_id": member.id,
            "username": f"member{number}",
            "linked_at": Clock().now(),
            "made_by_us": True,
            "display_name": member.name,
            "company_id": member.company,
        }
        for number, member in enumerate(site.officernd.organisation.members[:count])
    ]
    users = [str(row["username"]) for row in rows]
    for username in users:
        site.papercut.state.add_user(username)
    with site.database.begin() as connection:
        connection.execute(insert(people_links), rows)
    return users


def settle(site: Standins, title: str) -> float:
    systems = {"PaperCut": site.papercut, "OfficeRnD": site.officernd}
    before = {name: Counter(system.calls) for name, system in systems.items()}
    started = time.perf_counter()
    result = site.settle()
    took = time.perf_counter() - started
    print(
        f"{title}: {took:.1f} s, exit {result.exit_code}, {len(result.movements)} movements, total {result.total / 1e6}"
    )
    for name, system in systems.items():
        print(f"  {name:<10} {dict(system.calls - before[name])}")
    return took


def measured_before(revision: str, accounts: int, owing: int) -> float:
    """Return how many seconds the settle of another revision takes by its own benchmark."""
    top = HERE.parent.parent
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "-C", str(top), "archive", revision], capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        command = [sys.executable, "tests/bench/bench_settle.py", str(accounts), str(owing)]
        environment = {**os.environ, "PYTHONPATH": folder}
        told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True).stdout
    print(f"-- {revision} --\n{told}")
    found = re.search(r"owing: ([0-9.]+) s", told)
    if found is None:
        sys.exit(f"the benchmark of {revision} told no time")
    return float(found.group(1))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("accounts", nargs="?", type=int, default=5000)
    arguments.add_argument("owing", nargs="?", type=int, default=400)
    arguments.add_argument("--against", default="")
    chosen = arguments.parse_args()
    accounts, owing = chosen.accounts, chosen.owing
    before = measured_before(chosen.against, accounts, owing) if chosen.against else 0.0
    with tempfile.TemporaryDirectory() as folder, standins(Path(folder), accounts) as site:
        site.configure(officernd={"requests_per_minute": 1200}, safety={"max_run_total": "100000.00"})
        users = link_many(site, accounts)
        for number, user in enumerate(users[:owing]):
            site.owes(user, 0.5 + number % 40 / 10)
        site.officernd.switches.latency_s = OFFICERND_S
        site.papercut.faults.add("*", "delay", times=0, delay_s=PAPERCUT_S)
        took = settle(site, f"settle of {accounts} accounts, {owing} owing")
        settle(site, "second settle")
    if before:
        print(f"{took / before:.2f} times {chosen.against}")
        if took > 1.15 * before:
            sys.exit("the target of 1.15 is missed")


if __name__ == "__main__":
    main()
