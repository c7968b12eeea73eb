"""Many at once: logins beside views of the members' page, and twenty sites whose daily runs meet in one PostgreSQL.

    python -m tests.bench.bench_load pages     200 logins in 10 s beside 200 views, over `papercut-relay serve`
    python -m tests.bench.bench_load sites     20 sites, each a process of its own, in the same minute

Not a test, but it ends with an error where a login was refused or a movement was made twice. Ratios are to the same
thing alone, on the same machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import create_engine, text

from relay.sandbox.pair import Pair
from tests.support import postgresql_server
from tests.support.people_site import small_organisation
from tests.support.tools import need

LOGINS = VIEWS = 200
WITHIN_S = 10.0
SITES, PEOPLE = 20, 8
LATENCY_S = 0.12  # of OfficeRnD, at each call
WORD = "Secret-1"
PATIENCE_S = 500


def people(count: int) -> list[tuple[str, str, str]]:
    return [(f"Person {n}", f"person{n}@x.example", f"Company {n % 12}" if n > 7 else "") for n in range(count)]


def serve_pairs(folders: list[str], count: int, ready: Any, orders: Any) -> None:
    """Keep a pair of stand-ins for each folder in a process of its own; print where it is told to."""
    with ExitStack() as stack:
        pairs = [
            stack.enter_context(Pair(Path(folder), members=0, organisation=small_organisation(people(count))))
            for folder in folders
        ]
        for number, pair in enumerate(pairs):
            pair.officernd.state._ids = number << 16  # in life they are one OfficeRnD, whose ids are unique
            pair.officernd.switches.change({"latency_s": LATENCY_S, "reads_a_minute": 0})
        ready.set()
        while (order := orders.get()) != "stop":
            for pair in pairs if order == "print" else []:
                for number in range(count):
                    login = (f"person{number}@x.example", WORD)
                    pair.papercut.print_job(login=login, printer="Colour", pages=number % 7 + 1)
            orders.task_done()


def order(orders: Any, word: str) -> None:
    orders.put(word)
    orders.join()


def relay(config: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "relay", "--config", str(config), "--json", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output[-2000:]
    return dict(json.loads(output))


# -- logins and views --------------------------------------------------------------------------------------------------


class Member:
    """A browser of one member."""

    def __init__(self, base: str, number: int) -> None:
        self.base, self.number = base, number
        self.web = requests.Session()
        self.web.trust_env = False

    def log_in(self) -> None:
        page = self.web.get(f"{self.base}/login", timeout=60)
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert token, page.text[:200]
        sent = {"name": f"person{self.number}@x.example", "password": WORD, "csrf": token[1]}
        answer = self.web.post(f"{self.base}/login", sent, timeout=60)
        assert answer.status_code == 200 and f"Person {self.number}" in answer.text, answer.status_code

    def view(self) -> None:
        answer = self.web.get(f"{self.base}/", timeout=60)
        assert answer.status_code == 200 and f"Person {self.number}" in answer.text, answer.status_code


def timed(what: Callable[[], None], into: list[float], failed: list[str]) -> None:
    started = time.perf_counter()
    try:
        what()
    except (AssertionError, requests.RequestException) as error:
        failed.append(f"{type(error).__name__}: {error}"[:200])
    into.append(time.perf_counter() - started)


def spread(works: list[Callable[[], None]], into: list[float], failed: list[str]) -> list[threading.Thread]:
    """Start the works evenly over the time, each in its own thread."""
    began = time.perf_counter()

    def later(number: int, work: Callable[[], None]) -> None:
        time.sleep(max(0.0, began + WITHIN_S * number / len(works) - time.perf_counter()))
        timed(work, into, failed)

    threads = [threading.Thread(target=later, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    return threads


def tell(title: str, times: list[float], alone: float) -> None:
    ordered = sorted(times)
    parts = {"median": statistics.median(ordered), "95 %": ordered[int(len(ordered) * 0.95)], "longest": ordered[-1]}
    told = "   ".join(f"{name} {took * 1000:.0f} ms ({took / alone:.1f}x)" for name, took in parts.items())
    print(f"{title:<8} {len(times)}   alone {alone * 1000:.0f} ms   {told}")


def bench_pages(folder: Path) -> None:
    site, port = folder / "site", 19481
    site.mkdir()
    with standing([str(site)], 240) as orders:
        with (site / "relay.toml").open("a", encoding="utf-8") as file:
            file.write(
                f'\n[console]\nlisten = "127.0.0.1:{port + 1}"\n[members_page]\nlisten = "127.0.0.1:{port}"\n'
                '[schedule]\ndaily_at = "23:59"\n[jobs]\ncost_column = "11"\n'
            )
        told(relay(site / "relay.toml", "run"))
        order(orders, "print")
        told(relay(site / "relay.toml", "run"))
        serving = relay(site / "relay.toml", "serve")
        try:
            base = f"http://127.0.0.1:{port}"
            wait_for(base)
            measure_pages(base)
        finally:
            serving.terminate()
            serving.wait(60)


def wait_for(base: str) -> None:
    with requests.Session() as web:
        web.trust_env = False
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                web.get(f"{base}/login", timeout=5)
                return
            except requests.ConnectionError:
                time.sleep(0.2)
    raise AssertionError(f"nothing answers at {base}")


def measure_pages(base: str) -> None:
    members = [Member(base, number) for number in range(LOGINS + 20)]
    alone_in, alone_view, logins, views = (list[float]() for _ in range(4))
    failed = list[str]()
    for member in members[LOGINS:]:
        timed(member.log_in, alone_in, failed)
        timed(member.view, alone_view, failed)
    began = time.perf_counter()
    readers = [members[LOGINS + number % 20].view for number in range(VIEWS)]
    threads = spread([member.log_in for member in members[:LOGINS]], logins, failed)
    threads += spread(readers, views, failed)
    for thread in threads:
        thread.join()
    print(f"{LOGINS} logins (three pages each) and {VIEWS} views, begun within {WITHIN_S:.0f} s, ended after "
          f"{time.perf_counter() - began:.1f} s; OfficeRnD takes {LATENCY_S * 1000:.0f} ms a call")  # fmt: skip
    tell("logins", logins, statistics.median(alone_in))
    tell("views", views, statistics.median(alone_view))
    print(f"refused or failed: {len(failed)}")
    assert not failed, Counter(failed)


# -- sites -------------------------------------------------------------------------------------------------------------


@contextmanager
def standing(folders: list[str], count: int) -> Iterator[Any]:
    """Keep the stand-ins of some folders in another process for the `with` block; yield the queue of its orders."""
    spawn = multiprocessing.get_context("spawn")
    ready, orders = spawn.Event(), spawn.JoinableQueue()
    process = spawn.Process(target=serve_pairs, args=(folders, count, ready, orders))
    process.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield orders
    finally:
        orders.put("stop")
        process.join(30)


def bench_sites(folder: Path) -> None:
    need("postgresql")
    folders = [folder / f"site{number:02d}" for number in range(SITES)]
    for one in folders:
        one.mkdir()
    with postgresql_server.server() as url, standing([str(one) for one in folders], PEOPLE) as orders:
        configs = [one / "relay.toml" for one in folders]
        for one, config in zip(folders, configs, strict=True):
            written = config.read_text(encoding="utf-8").replace('name = "hq"', f'name = "{one.name}"')
            written += f'\n[ledger]\nurl = "{url}"\n[safety]\nsettling_s = 0\n[jobs]\ncost_column = "11"\n'
            config.write_text(written, encoding="utf-8")
        run_all(configs, "sync")
        order(orders, "print")
        started = time.perf_counter()
        told(relay(configs[0], "run"))
        alone_s = time.perf_counter() - started
        first_s = run_all(configs[1:], "run")
        counted = count_movements(url)
        again_s = run_all(configs, "run")
        print(f"one site's daily run alone: {alone_s:.1f} s; {SITES - 1} at once: {first_s:.1f} s")
        print(f"{first_s / alone_s:.1f}x the time for {SITES - 1}x the work; {SITES} second runs: {again_s:.1f} s")
        check_movements(url, counted)


def run_all(configs: list[Path], command: str) -> float:
    """Give every site's command at the same moment and return how long all of them took."""
    started = time.perf_counter()
    for process in [relay(config, command) for config in configs]:
        told(process)
    return time.perf_counter() - started


def count_movements(url: str) -> Counter[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = Counter(str(row[0]) for row in connection.execute(text("SELECT site FROM movements")))
    engine.dispose()
    return found


def check_movements(url: str, before: Counter[str]) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        twice = connection.execute(
            text("SELECT site, member_id, business_day, kind, COUNT(*) FROM movements WHERE state <> 'withdrawn' "
                 "GROUP BY site, member_id, business_day, kind HAVING COUNT(*) > 1")
        ).all()  # fmt: skip
        states = Counter(str(row[0]) for row in connection.execute(text("SELECT state FROM movements")))
    engine.dispose()
    after = count_movements(url)
    print(f"movements: {after.total()} of {len(after)} sites, {dict(states)}; made twice: {len(twice)}; made by the "
          f"second runs: {after.total() - before.total()}")  # fmt: skip
    assert not twice and after == before and len(after) == SITES and set(states) == {"posted"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("what", choices=("pages", "sites"))
    what = parser.parse_args().what
    with tempfile.TemporaryDirectory() as folder:
        (bench_pages if what == "pages" else bench_sites)(Path(folder))


if __name__ == "__main__":
    main()
