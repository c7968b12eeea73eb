"""The daily report holds the job log against the balances, as far as the last settle, and imports nothing itself."""

from __future__ import annotations

from relay import money
from relay.jobs import JobLog
from relay.money.report.discrepancies import Discrepancies
from tests.support.standin_world import Standins


def log_of(server: Standins, **how: bool) -> JobLog:
    return JobLog(server.context, **how)


def settle(server: Standins) -> None:
    server.clock.sleep(60)
    assert server.settle(jobs=log_of(server)).exit_code == 0
    server.clock.sleep(60)


def report(server: Standins) -> Discrepancies:
    return money.discrepancies(server.context, jobs=log_of(server, imports=False))


def lines(server: Standins) -> list[tuple[str, str, str]]:
    return [(line.state, line.subject, line.message.partition(":")[0]) for line in report(server).lines]


def test_what_both_say_is_matched_and_what_came_since_is_pending(server: Standins) -> None:
    ann = server.link(1)
    settle(server)
    server.papercut.print_job(user=ann, pages=4)
    settle(server)
    (person,) = report(server).as_json()["people"]
    assert (person["printed"], person["logged"], lines(server)) == ("1.00", "1.00", [])
    server.papercut.print_job(user=ann, pages=4)
    server.clock.sleep(60)
    assert lines(server) == [("pending", ann, "since the last settle; the next one reads it")]
    assert report(server).as_json()["people"][0]["logged"] == "1.00", "the report has imported nothing"


def test_a_copy_that_no_log_shows_is_explained(server: Standins) -> None:
    ann = server.link(1)
    settle(server)
    server.papercut.print_job(user=ann, pages=4)
    server.owes(ann, 3.0)  # at the copier
    settle(server)
    (line,) = report(server).lines
    assert (line.state, line.subject, line.amount) == ("explained", ann, -3_000_000)
    assert line.message.startswith("the balance went down by more than the job log shows: copies")


def test_a_payment_beside_a_job_is_told_whole(server: Standins) -> None:
    """The log knows what the job cost, so that what was printed and what was paid are told apart."""
    ann = server.link(1)
    settle(server)
    server.papercut.print_job(user=ann, pages=4)
    server.owes(ann, -5.0)  # with a counted job that no log shows, as a copy at no cost
    settle(server)
    (line,) = report(server).lines
    assert (line.state, line.amount) == ("explained", 5_000_000)
    assert line.message.startswith("came from elsewhere: cash")
    (person,) = report(server).as_json()["people"]
    assert (person["printed"], person["logged"]) == ("1.00", "1.00")


def test_a_log_that_was_never_imported_says_nothing(server: Standins) -> None:
    ann = server.link(1)
    server.papercut.print_job(user=ann, pages=4)
    server.clock.sleep(60)
    assert server.settle().exit_code == 0
    assert [person["logged"] for person in report(server).as_json()["people"]] == [None]
    assert log_of(server, imports=False).told(ann, server.clock.now(), server.clock.now()) is None
