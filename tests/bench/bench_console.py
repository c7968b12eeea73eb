"""Times each page of the console on the server with a large site: 5,000 people, 300 questions, 150,000 jobs.

    python -m tests.bench.bench_console [--people 5000] [--questions 300] [--jobs 150000] [--held 600]

Prints one JSON object with milliseconds and kilobytes for each page: the first visit of all, the best of three after
a commit to the ledger, and the best of three as somebody goes on reading. Exits 1 when a page needs 300 ms or more, the
first visit aside: the schedule of `serve` makes that one. Milliseconds are those of a processor, so that what else the
machine does is not told.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from relay import config, money, passwords
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.jobs.tables import jobs as jobs_table
from relay.money.ledger import tables
from relay.people.act.publish import publish
from relay.people.decide.matching import Question
from relay.people.directory import DirectoryUser, directory_of
from relay.people.memory import questions
from relay.remedy import Remedy
from relay.stored_accounts import people_links
from tests.support.settings_example import written_settings
from tests.support.still_clock import StillClock
from tests.support.visitor import PAGES, PASSWORD, Visitor

MOST_MS = 300
COMPANIES = 900
TIMED = (
    *PAGES,
    "/people?find=person+77",
    "/people?show=owes&sort=balance",
    "/people?show=stopped",
    "/people/one?who=m00077",
    "/people.csv",
    "/money?find=person&pays=company",
    "/money?order=since&all=1",
    "/statements?company=Company+7",
    "/statements?member=m00077",
    "/statements?month=2026-10",
)


def fill(place: Desk, people: int, asked: int, jobs: int, held: int) -> None:
    """Write a large site into the ledger and the directory in force."""
    now, site = place.clock.now(), place.settings.site.name
    links, users = [], []
    for number in range(people):
        member, name, company = f"m{number:05}", f"person.{number:05}", number % COMPANIES
        links.append(
            {
                "site": site, "member_id": member, "username": name, "email": f"{name}@x.example", "linked_at": now,
                "made_by_us": True, "display_name": f"Person {number}", "company_id": f"c{company}",
                "company_name": f"Company {company}",
            }
        )  # fmt: skip
        group = f"Company {company}"
        users.append(
            DirectoryUser(name, f"Person {number}", f"{name}@x.example", group, groups=(group,), member_id=member)
        )
    publish(directory_of(users), place.settings, record_fields=5, now=now)
    with place.database.begin() as connection:
        connection.execute(insert(people_links), links)
        connection.execute(
            insert(tables.holds),
            [
                {
                    "site": site, "member_id": f"m{number:05}", "code": "opening_balance", "at": now, "ended_at": None,
                    "username": f"person.{number:05}", "amount": 1_000_000 + 37_000 * number, "reason": "owed before",
                }
                for number in range(held)
            ],
        )  # fmt: skip
        questions.keep(
            connection,
            site,
            [
                Question(
                    "no_email",
                    f"Nobody {number}",
                    "No address.",
                    (Remedy("link_new", (f"n{number}", f"nobody.{number}")),),
                    {"name": f"Nobody {number}", "company": f"Company {number}", "member_id": f"n{number}"},
                )
                for number in range(asked)
            ],
            now,
        )
        for start in range(0, jobs, 10_000):
            rows = [job(site, number, people, now) for number in range(start, min(jobs, start + 10_000))]
            connection.execute(insert(jobs_table), rows)


def job(site: str, number: int, people: int, now: datetime) -> dict[str, Any]:
    at, who = now - timedelta(minutes=number * 90_000 // 150_000), number * 7919 % people
    return {
        "site": site, "key": f"{number:020}", "source": "print_logs", "at": at, "business_day": at.date(),
        "kind": "print", "username": f"person.{who:05}", "member_id": f"m{who:05}", "company_id": f"c{who % COMPANIES}",
        "company_name": f"Company {who % COMPANIES}", "server": "", "printer": f"Printer {number % 12}", "account": "",
        "document": f"Document {number % 5000}.pdf", "pages": number % 17 + 1, "colour_pages": 0, "is_colour": False,
        "copies": 1, "sheets": 1, "duplex": False, "cost": 50_000, "basis": "logged", "certain": True,
        "state": "printed", "refunded": 0,
    }  # fmt: skip


def visits(place: Desk, visitor: Visitor, page: str) -> dict[str, int]:
    """Return the milliseconds that a page took at first, after a commit and again, and its kilobytes."""
    size = 0

    def visit() -> float:
        nonlocal size
        began = time.thread_time()
        answer = visitor.get(page)
        took = time.thread_time() - began
        assert answer.status_code == 200, (page, answer.status_code)
        size = len(answer.data)
        return took * 1000

    def visit_after_commit() -> float:
        now = place.clock.now()
        money.record_run(
            place.database, place.settings.site.name, "sync", started=now, ended=now, exit_code=0, answer={}
        )
        took = visit()
        place.ahead.finish()
        return took

    first = visit()
    place.ahead.finish()
    after = min(visit_after_commit() for _ in range(3))
    again = min(visit() for _ in range(3))
    return {"first_ms": round(first), "after_commit_ms": round(after), "ms": round(again), "kb": round(size / 1024)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in (("people", 5_000), ("questions", 300), ("jobs", 150_000), ("held", 600)):
        parser.add_argument(f"--{name}", type=int, default=count)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = written_settings(folder)
        passwords.set_password(file, "ann", "money", PASSWORD)
        clock = StillClock()
        clock.moment = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
        place = Desk(config.load(file, {}), clock)
        fill(place, options.people, options.questions, options.jobs, options.held)
        visitor = Visitor(make_app(place).test_client())
        visitor.log_in("ann")
        timed = {page: visits(place, visitor, page) for page in TIMED}
        place.close()
    slow = [page for page, told in timed.items() if max(told["after_commit_ms"], told["ms"]) >= MOST_MS]
    print(json.dumps({"pages": timed, "slow": slow, "ok": not slow}, indent=1))
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
