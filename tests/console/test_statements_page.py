"""The page of statements: whose company printed what."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from relay.console.app import make_app
from relay.database import make_engine
from relay.errors import UsageError
from relay.jobs import import_jobs, statement
from relay.jobs.tables import jobs as jobs_table
from relay.money import record_run
from relay.stored_accounts import people_links
from tests.support.still_clock import StillClock
from tests.support.visitor import Visitor


def print_log(folder: Path, day: str, *jobs: tuple[str, int, str]) -> None:
    """Write PaperCut's log of a day, "2026-11-23", with Ann's jobs: time, pages, cost."""
    rows = [
        f"{day} {at}\tprint01\tColour\tann\tann\tPC\tOffer.pdf\t{pages}\t1\t1\t{cost}\n" for at, pages, cost in jobs
    ]
    with (folder / f"printlog_{day.replace('-', '_')}.log").open("a") as file:
        file.writelines(rows)


def test_jobs_stay_with_the_company_of_their_time(make_desk: Any, clock: StillClock, tmp_path: Path) -> None:
    """Ann printed as Acme's member, and then as Beta's."""
    desk = make_desk(jobs={"path": str(tmp_path)})

    def prints_as(company: str, time: str) -> None:
        with desk.database.begin() as connection:
            connection.execute(people_links.delete())
            connection.execute(
                insert(people_links).values(
                    site="hq", member_id="m1", username="ann", display_name="Ann", company_id=company,
                    company_name=company, linked_at=datetime(2026, 11, 1, tzinfo=UTC),
                )
            )  # fmt: skip
        print_log(tmp_path, "2026-11-23", (time, 3, "0.3500"))
        with desk.site() as site:
            import_jobs(site)

    prints_as("Acme", "09:15:30")
    clock.move(hours=1)
    prints_as("Beta", "12:15:30")
    page = Visitor(make_app(desk).test_client()).page("/statements?month=2026-11")
    told = [cell.text_content() for cell in page.xpath("//td[@data-title='Company']")]
    assert ["Acme", "Beta", "Acme, Beta"] == told


def test_a_statement_is_downloaded_for_paper_and_months_follow_each_other(make_desk: Any, clock: StillClock) -> None:
    somebody = Visitor(make_app(make_desk()).test_client())
    page = somebody.page("/statements?month=2026-10")
    links = {link.text_content(): link.get("href") for link in page.xpath("//div[@class='actions']/a")}
    assert "month=2026-09" in links["September 2026"] and "month=2026-11" in links["November 2026"]
    answer = somebody.get(links["Download for paper"])
    assert 'attachment; filename="printing-2026-10-hq.html"' == answer.headers["Content-Disposition"]
    assert "Printing in October 2026" in answer.text and "<script" not in answer.text
    assert "December 2026" not in somebody.page("/statements?month=2026-11").text_content()


def test_what_is_kept_of_a_statement_is_made_anew_after_any_commit(make_desk: Any, tmp_path: Path) -> None:
    """Another process corrects a name, then a price: the page tells it at the next look, and nothing is read twice."""
    desk = make_desk(jobs={"path": str(tmp_path)})
    print_log(tmp_path, "2026-11-23", ("09:10:30", 3, "0.3500"), ("09:11:30", 3, "0.3500"))
    with desk.site() as site:
        import_jobs(site)
    somebody = Visitor(make_app(desk).test_client())

    def printed() -> str:
        return str(somebody.page("/statements?month=2026-11").xpath("string(//section[contains(@class,'tile')][1])"))

    made = printed()
    assert "0.70" in made and made == printed()
    other = make_engine(desk.settings.ledger_url)
    with other.begin() as connection:
        connection.execute(jobs_table.update().values(cost=1_000_000))
    other.dispose()
    assert "2.00" in printed()


def test_the_month_before_is_counted_by_the_database_as_one_by_one(make_desk: Any, tmp_path: Path) -> None:
    desk = make_desk(jobs={"path": str(tmp_path)})
    jobs = [("09:10:30", 3, "0.3500"), ("09:11:30", 3, "0.3500"), ("09:12:30", 5, "0.5000")]
    print_log(tmp_path, "2026-10-23", *jobs)
    with desk.site() as site:
        import_jobs(site)
        then = statement(site.settings, site.database, month="2026-10", clock=site.clock)
        now = statement(site.settings, site.database, month="2026-11", clock=site.clock)
    assert 3 == then.total.jobs and then.total == now.before


def test_what_takes_long_is_shown_as_it_was_while_it_is_made_anew(
    make_desk: Any, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large month after a commit: nobody waits for it, the page says of when it is, and the next look is whole."""
    desk = make_desk()
    somebody = Visitor(make_app(desk).test_client())
    going_on = threading.Event()

    def waits(*about: Any, **named: Any) -> Any:
        assert going_on.wait(60)
        return statement(*about, **named)

    monkeypatch.setattr("relay.jobs.statement", waits)
    monkeypatch.setattr("relay.console.ahead.LONG_S", 0)
    going_on.set()
    assert "worked out" not in somebody.page("/statements").text_content()
    going_on.clear()
    record_run(desk.database, "hq", "sync", started=clock.now(), ended=clock.now(), exit_code=0, answer={})
    clock.move(hours=1)
    assert "What has come since is being worked out" in somebody.page("/statements").text_content()
    going_on.set()
    desk.ahead.finish()
    assert "worked out" not in somebody.page("/statements").text_content()


def test_a_large_month_is_made_behind_a_page_that_says_so(make_desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits seconds for the first look at one; what goes wrong behind the page is told on the next."""
    desk, is_broken = make_desk(), [True]
    somebody = Visitor(make_app(desk).test_client())

    def breaks(*about: Any, **named: Any) -> Any:
        if is_broken:
            raise UsageError("It cannot be made.")
        return statement(*about, **named)

    monkeypatch.setattr("relay.jobs.statement", breaks)
    monkeypatch.setattr("relay.console.pages.statements.AT_ONCE", -1)
    answer = somebody.get("/statements?month=2026-10")
    assert "This statement is being worked out" in answer.text and answer.headers["Refresh"] == "2"
    desk.ahead.finish()
    assert "It cannot be made." in somebody.page("/statements?month=2026-10", 400).text_content()
    is_broken.clear()
    somebody.page("/statements?month=2026-10")
    desk.ahead.finish()
    answer = somebody.get("/statements?month=2026-10")
    assert "Nothing was printed" in answer.text and "Refresh" not in answer.headers


def test_what_cannot_be_made_anew_is_left_as_it_was(make_desk: Any, caplog: pytest.LogCaptureFixture) -> None:
    ahead, made = make_desk().ahead, [1]

    def make() -> int:
        return made.pop() + sum(range(1_000))

    first = ahead.get("sum", None, "a", make).value
    ahead._made["sum"] = replace(ahead._made["sum"], took_s=1)
    assert (first, True) == (ahead.get("sum", None, "b", make).value, ahead.get("sum", None, "b", make).is_behind)
    ahead.finish()
    assert "what sum shows could not be made anew" in caplog.text
