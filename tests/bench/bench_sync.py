"""How long syncs of a large site take, where the time goes, and what one call at a time would cost.

    python -m tests.bench.bench_sync                 5,000 members, 900 companies, 120 ms a page, 3 ms a PaperCut call
    python -m tests.bench.bench_sync --members 500   smaller, for a try
    python -m tests.bench.bench_sync --memory        5,000 and 50,000 members: memory and cost a member of the decision

Not a test: it prints figures. OfficeRnD publishes about 20 minutes for the first sync of 5,000 members.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
import xmlrpc.client
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from relay import config
from relay.clock import Clock
from relay.database import open_database
from relay.officernd import model
from relay.officernd.client import OfficeRnD
from relay.papercut.client import PaperCut
from relay.people import make_plan, sync
from relay.people.decide.plan import plan
from relay.people.read import PROPERTIES
from relay.people.world import Memory, OfficeRnDSide, PaperCutSide, World
from relay.progress import Progress
from relay.sandbox.organisation import Organisation, SampleUser, make_organisation
from relay.sandbox.pair import Pair
from relay.site import Site

PUBLISHED_S = 20 * 60  # OfficeRnD's help article, for 5,000 members
PAGE_S, CALL_S = 0.12, 0.003


class Waiting:
    """Counts the calls to the stand-ins, and adds up the time that threads spend in them, overlaps counted once."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.spans: list[tuple[float, float]] = []

    def around(self, client: Any, name: str) -> None:
        inner = getattr(client, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            self.calls[name] += 1
            started = time.perf_counter()
            try:
                return inner(*arguments, **options)
            finally:
                self.spans.append((started, time.perf_counter()))

        setattr(client, name, timed)

    def total_s(self) -> float:
        total, end = 0.0, 0.0
        for first, last in sorted(self.spans):
            total += max(0.0, last - max(first, end))
            end = max(end, last)
        return total


def everybody_may_print(members: int, companies: int) -> Organisation:
    """Return an organisation of active members with addresses of their own in `companies` companies."""
    made = make_organisation(members)
    firms = made.companies[:companies]
    people = tuple(
        replace(
            one, status="active", email=f"person{number}@x{number % 97}.example", company=firms[number % len(firms)].id
        )
        for number, one in enumerate(made.members)
    )
    users = (SampleUser("64e" + people[0].id[3:], people[0].email, people[0].name, "Secret-1"),)
    return replace(made, companies=firms, members=people, users=users)


def serve(folder: str, members: int, companies: int, ready: Any, orders: Any) -> None:
    """Run both stand-ins in a process of their own, so that their work is not counted as ours."""
    organisation = everybody_may_print(members, companies)
    with Pair(Path(folder), members=0, organisation=organisation) as pair:
        pair.officernd.switches.change({"latency_s": PAGE_S, "reads_a_minute": 0})
        pair.papercut.faults.add("*", "delay", times=0, delay_s=CALL_S)
        ready.set()
        new = ""
        while (order := orders.get()) != "stop":
            if order == "add":
                new = pair.officernd.state.add_member("New Comer", "new@comer.example")["_id"]
            else:
                pair.officernd.state.change_member(new, name=order)
            orders.task_done()


class Bench:
    """Two stand-ins in another process, and the relay's side here."""

    def __init__(self, folder: str, orders: Any) -> None:
        self.settings = config.load(Path(folder) / "relay.toml")
        self.settings = self.settings.model_copy(
            update={"officernd": self.settings.officernd.model_copy(update={"requests_per_minute": 100_000})}
        )
        self.orders, self.clock, self.database = orders, Clock(), open_database(self.settings)

    def order(self, word: str) -> None:
        self.orders.put(word)
        self.orders.join()

    def measured(self, title: str, work: Callable[..., Any], **options: Any) -> float:
        """Do one piece of work with new clients and print its time, calls, and how much of it was waiting."""
        officernd, papercut = OfficeRnD(self.settings, self.clock), PaperCut(self.settings, self.clock)
        waiting = Waiting()
        waiting.around(officernd, "_send")
        waiting.around(papercut, "_exchange")
        waiting.around(papercut, "wait_for_task")
        site = Site(self.settings, officernd, papercut, self.database, self.clock, Progress())
        started, busy = time.perf_counter(), time.process_time()
        done = work(site, **options)
        took_s, busy_s = time.perf_counter() - started, time.process_time() - busy
        print(
            f"{title:<34} {took_s:6.1f} s  {waiting.calls['_send']:5} OfficeRnD and "
            f"{waiting.calls['_exchange']:6} PaperCut calls ({papercut.writes} writes), "
            f"{waiting.total_s() / took_s:4.0%} waiting for the stand-ins, {busy_s:5.1f} s of our own work, "
            f"exit {done.exit_code}"
        )
        return took_s


def bench(members: int, companies: int) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        context = multiprocessing.get_context("spawn")
        ready, orders = context.Event(), context.JoinableQueue()
        standins = context.Process(target=serve, args=(folder, members, companies, ready, orders), daemon=True)
        standins.start()
        ready.wait()
        one = Bench(folder, orders)
        print(f"{members} members, {companies} companies, {PAGE_S * 1000:.0f} ms a page, {CALL_S * 1000:.0f} ms a call")
        one.measured("plan", make_plan)
        first_s = one.measured("first sync into an empty PaperCut", sync)
        second_s = one.measured("unchanged full sync", sync)
        incremental_s = one.measured("unchanged incremental sync", sync, incremental=True)
        one.order("add")
        one.measured("one newcomer, incremental", sync, incremental=True)
        one.order("New Commer")
        one.measured("one person now", sync, member="new@comer.example")
        print(
            f"\ntargets: first {first_s:.0f} of 60 s, unchanged {second_s:.1f} of 20 s, "
            f"incremental {incremental_s:.1f} of 3 s"
        )
        print(f"against the published 20 minutes: {PUBLISHED_S * members / 5000 / first_s:.0f} times as fast")
        baseline(one.settings, members, first_s)
        one.database.dispose()
        orders.put("stop")
        standins.join()


def baseline(settings: config.Settings, members: int, first_s: float) -> None:
    """Measure what a script does: one call at a time with Python's xmlrpc.client, for a part, and scale it up."""
    token = settings.papercut.auth_token.get_secret_value()
    server = xmlrpc.client.ServerProxy(settings.papercut.url)
    names = server.api.listUserAccounts(token, 0, 1000)[:100]
    started = time.perf_counter()
    for name in names:
        server.api.isUserExists(token, name)
        for key in PROPERTIES:
            server.api.getUserProperty(token, name, key)
        for key in ("full-name", "email", "department", "office"):
            server.api.setUserProperty(token, name, key, server.api.getUserProperty(token, name, key))
    each_s = (time.perf_counter() - started) / len(names)
    total_s = each_s * members + members / 50 * PAGE_S
    print(
        f"one call at a time (xmlrpc.client): {each_s * 1000:.0f} ms a member, {total_s:.0f} s for {members}: "
        f"{total_s / first_s:.1f} times as long as the whole first sync"
    )


def memory() -> None:
    """Decide about 5,000 and 50,000 members in this process; print time and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        from tests.support.settings_example import example_settings

        settings = example_settings(Path(folder))
        for count in (5_000, 50_000):
            organisation = everybody_may_print(count, count * 9 // 50)
            location = organisation.locations[0]
            side = OfficeRnDSide(
                model.Organization("o", "acme", "Acme"),
                {
                    one.id: model.Member(one.id, one.name, one.email, "active", location.id, one.company)
                    for one in organisation.members
                },
                {one.id: model.Company(one.id, one.name) for one in organisation.companies},
                {location.id: model.Location(location.id, location.name)},
            )
            started = time.perf_counter()
            made = plan(World(side, PaperCutSide({}, {}), Memory()), settings, Clock().now())
            took_s = time.perf_counter() - started
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{count:6} members: decided in {took_s:5.2f} s, {took_s / count * 1e6:4.0f} us each; "
                f"peak {peak:.0f} MB, {made.users['create']} accounts"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=5_000)
    parser.add_argument("--companies", type=int, default=None)
    parser.add_argument("--memory", action="store_true")
    chosen = parser.parse_args()
    if chosen.memory:
        memory()
    else:
        bench(chosen.members, chosen.companies or max(1, chosen.members * 9 // 50))
