"""Jobs on a shared account: free until its company pays for it, then billed, told in statements, used as evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from relay import jobs, people
from relay.accounts import SharedLink
from relay.errors import NotFound, RelayError, UsageError
from relay.jobs import JobLog
from relay.money.decide.explain import LoggedJobs
from relay.people.memory import links
from relay.stored_accounts import accounts_of
from tests.support.jobs_site import JobsSite, jobs_site, print_log_row
from tests.support.standin_world import Standins, standins
from tests.support.statements import add_fee, at, made, row, step_amounts
from tests.support.still_clock import StillClock

NAME = "Acme\\Projects"
EUR = 1_000_000


# -- the whole way, against both stand-ins ---------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Standins]:
    papercut = {"install_dir": str(tmp_path / "papercut")}
    with standins(tmp_path, clock=StillClock(), jobs={"cost_column": "11"}, papercut=papercut) as site:
        site.papercut.state.add_printer("print01", "Colour", page_cost=0.25)
        site.papercut.state.add_shared_account("Acme")
        site.papercut.state.add_shared_account(NAME)
        yield site


def say(server: Standins, what: str, **words: str) -> Any:
    server.clock.sleep(60)
    return getattr(people, what)(server.context, **words)


def log_of(site: Standins | JobsSite) -> JobLog:
    return JobLog(site.context)


def printed(server: Standins, user: str, **job: Any) -> None:
    server.clock.sleep(60)
    server.papercut.print_job(user=user, **job)
    server.clock.sleep(60)


def free(server: Standins) -> list[dict[str, Any]]:
    found = [one.as_json() for one in jobs.free_printing_findings(server.settings, server.database)]
    return [finding for finding in found if finding["code"] == "shared_account_printing"]


def test_the_whole_way_from_free_printing_to_a_companys_fee(server: Standins) -> None:
    ann = server.link(1)
    company = server.officernd.organisation.companies[0]
    printed(server, ann, account=NAME, pages=4)
    log_of(server).import_jobs()
    (finding,) = free(server)
    assert finding["remedies"][0]["arguments"] == ["", f"account:{NAME}"]
    assert "1 job for 1.00 EUR" in finding["message"]

    answer = say(server, "link", member=company.name, username=f"account:{NAME}")

    assert answer.as_json()["member_id"] == company.id
    assert "the 1.00 EUR owed on it so far are an opening balance" in answer.sentence
    printed(server, ann, account=NAME, pages=6, colour_pages=2)
    printed(server, ann, pages=2)
    result = server.settle(jobs=log_of(server))
    assert (result.exit_code, result.as_json()["total"]) == (0, "2.00"), result.as_json()
    assert [(item["username"], item["amount"]) for item in result.as_json()["held"]] == [(f"account:{NAME}", "1.00")]
    (fee,) = [fee for fee in server.fees() if "shared account" in fee["name"]]
    assert f", shared account {NAME}, 6 pages, 2 colour, 1 job [" in fee["name"]
    assert (fee["company"], fee.get("member"), fee["price"]) == (company.id, None, 1.5)
    assert server.papercut.state.shared_accounts[NAME].balance == -1.0
    (line,) = [line for line in server.papercut.state.transactions if line.account == NAME and line.kind == "ADJUST"]
    assert result.movements[0].reference in line.comment
    again = server.settle(jobs=log_of(server))
    assert (again.exit_code, again.movements) == (0, ())

    assert free(server) == []
    whole = made(server)
    told = {line.person.username: (line.tally.pages, line.tally.net, line.billed, line.open) for line in whole.people}
    assert told == {ann: (2, 500_000, 500_000, 0), f"account:{NAME}": (10, 2_500_000, 1_500_000, 0)}
    held = {"before_link": -EUR, "before": EUR, "left": -EUR}  # the opening balance: not billed, and still owed
    assert step_amounts(whole) == {"printed": 3 * EUR, **held, "fees": 2 * EUR}
    assert (whole.shared, whole.billed) == ({}, 2 * EUR)


def test_a_lost_answer_is_decided_by_everybodys_jobs(server: Standins) -> None:
    """Somebody else prints between: the counter of all printers has moved, and the log says that this cost nothing."""
    ann, company = server.link(1), server.officernd.organisation.companies[0]
    say(server, "link", member=company.id, username=f"account:{NAME}")
    printed(server, ann, account=NAME, pages=4)
    log_of(server).import_jobs()
    server.papercut.faults.add("adjustSharedAccountAccountBalance", "lost_after", times=1)
    state = server.papercut.state
    adjust = state.transact_shared

    def adjusted(account: Any, amount: float, comment: str, **rest: Any) -> None:
        adjust(account, amount, comment, **rest)
        if rest["kind"] == "ADJUST":
            server.papercut.print_job(user=ann, pages=3)

    state.transact_shared = adjusted  # type: ignore[method-assign]
    result = server.settle(jobs=log_of(server))
    assert (result.exit_code, result.in_doubt) == (0, 0), result.as_json()
    assert [line.amount for line in state.transactions if line.kind == "ADJUST"] == [1.0]


def test_who_pays_is_answered_once_and_taken_back(server: Standins) -> None:
    one, other = server.officernd.organisation.companies[:2]
    for word, wrong in ((one.id, "account:None"), ("nobody's company", f"account:{NAME}")):
        with pytest.raises(UsageError) as unknown:
            say(server, "link", member=word, username=wrong)
        assert wrong.removeprefix("account:") in unknown.value.message or word in unknown.value.message
    with pytest.raises(UsageError, match="at most 240 characters, such as"):
        say(server, "link", member=one.id, username="account:" + "x" * 241)
    with pytest.raises(UsageError, match="but " + re.escape(NAME)):
        say(server, "link", member=one.id, username=f"account:{NAME}s")
    with pytest.raises(UsageError, match="No company pays"):
        say(server, "unlink", who=f"account:{NAME}")
    say(server, "link", member=one.id, username=f"account:{NAME}")
    first = accounts_of(server.database, "hq")
    server.papercut.state.shared_accounts[NAME].balance = -3.0
    assert "opening balance" not in say(server, "link", member=one.id, username=f"account:{NAME}").sentence
    assert accounts_of(server.database, "hq") == first, "said twice, it is the same link"
    with pytest.raises(RelayError) as refused:
        say(server, "link", member=other.id, username=f"account:{NAME}")
    assert [(remedy.action, *remedy.arguments) for remedy in refused.value.remedies] == [("unlink", f"account:{NAME}")]
    say(server, "unlink", who=f"account:{NAME}")
    assert accounts_of(server.database, "hq") == ()
    say(server, "link", member=other.id, username=f"account:{NAME}")
    (again,) = accounts_of(server.database, "hq")
    assert (again.company_id, again.opening_balance) == (other.id, -3 * EUR)


def test_a_renamed_account_is_the_same_by_its_id(server: Standins) -> None:
    one = server.officernd.organisation.companies[0]
    say(server, "link", member=one.id, username=f"account:{NAME}")
    (before,) = accounts_of(server.database, "hq")
    state = server.papercut.state
    state.shared_accounts["New"] = state.shared_accounts.pop(NAME)
    state.shared_accounts["New"].name = "New"
    say(server, "link", member=one.id, username="account:New")
    (after,) = accounts_of(server.database, "hq")
    assert (after.member_id, after.linked_at, after.username) == (before.member_id, before.linked_at, "account:New")


def test_an_account_made_anew_under_a_linked_name_is_never_billed_twice(server: Standins) -> None:
    """Both links would read the one balance that has this name, and each company would get a fee of it."""
    one, other = server.officernd.organisation.companies[:2]
    state = server.papercut.state
    say(server, "link", member=one.id, username=f"account:{NAME}")
    del state.shared_accounts[NAME]
    state.add_shared_account(NAME)
    with pytest.raises(RelayError, match="is now a different account") as refused:
        say(server, "link", member=other.id, username=f"account:{NAME}")
    assert one.name in refused.value.message
    assert [(remedy.action, *remedy.arguments) for remedy in refused.value.remedies] == [
        ("link_shared", one.id, ""),
        ("unlink", f"account:{NAME}"),
    ]
    say(server, "unlink", who=f"account:{NAME}")
    say(server, "link", member=other.id, username=f"account:{NAME}")
    printed(server, server.link(1), account=NAME, pages=4)
    assert server.settle(jobs=log_of(server)).as_json()["total"] == "1.00"
    assert [fee["company"] for fee in server.fees()] == [other.id]


def test_the_name_is_kept_as_papercut_spells_it(server: Standins) -> None:
    """The logs spell it so, and jobs are told apart by it."""
    company = server.officernd.organisation.companies[0]
    say(server, "link", member=company.id, username=f"account:{NAME.upper()}")
    assert [account.username for account in accounts_of(server.database, "hq")] == [f"account:{NAME}"]


def test_the_client_tells_a_missing_account_from_a_refusal(server: Standins) -> None:
    papercut = server.clients()[1]
    assert papercut.shared_account(NAME).balance == 0
    with pytest.raises(NotFound, match="no shared account 'None'"):
        papercut.shared_account("None")
    server.papercut.faults.add("getSharedAccountProperties", "fault", times=1, text="it is locked")
    with pytest.raises(RelayError, match="it is locked") as refused:
        papercut.shared_account(NAME)
    assert not isinstance(refused.value, NotFound)
    assert papercut.jobs_printed() == 0
    printed(server, server.link(1), account=NAME)
    assert papercut.jobs_printed() == 1


# -- evidence --------------------------------------------------------------------------------------------------------


def link_shared(site: JobsSite, name: str = NAME, company: str = "Acme", number: int = 7, **more: Any) -> None:
    values = {"linked_at": datetime(2026, 11, 1, tzinfo=UTC), "opening_balance": 0} | more
    with site.database.begin() as connection:
        account = SharedLink(str(number), name, f"company-{company}", company, **values)
        links.store_shared_account(connection, "hq", account)


def test_its_costs_are_those_charged_to_it_and_its_counter_is_everybodys(tmp_path: Path) -> None:
    certain = jobs_site(tmp_path, jobs={"cost_column": "11"})
    certain.append(
        print_log_row(time="2026-11-23 6:00:00 AM"),
        print_log_row(account=NAME, cost="0.5000"),
        print_log_row(user="ben", account=NAME, cost="0.2500"),
        print_log_row(user="ben", cost="9.0000"),
    )
    log = log_of(certain)
    since = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert log.known(f"account:{NAME}", since, certain.clock.now(), None) == LoggedJobs(750_000, 3)
    certain.append(print_log_row(account="Projects", cost="0.1000"))  # the same account, by another spelling?
    certain.clock.move(seconds=1)
    assert log.known(f"account:{NAME}", since, certain.clock.now(), 4) is None
    assert log.known("ben", since, certain.clock.now(), None) is not None
    assert log.told(f"account:{NAME}", since, certain.clock.now()) == "6 pages, 2 colour, 2 jobs"
    assert log.refunds(f"account:{NAME}", since) is None


# -- statements ------------------------------------------------------------------------------------------------------


@pytest.fixture
def acme(site: JobsSite) -> JobsSite:
    """Ann of Acme, ben of Beta; the account is Acme's since 1 November."""
    site.link("ann", company="Acme")
    site.link("ben", company="Beta")
    link_shared(site)
    site.append(
        row(10, "1.0000", account=NAME),
        row(11, "2.0000", user="ben", account=NAME),
        row(11, "4.0000", user="ben", account="Beta"),
        row(12, "8.0000"),
        row(12, "16.0000", user="guest", account=NAME),
    )
    site.import_jobs()
    return site


def fee_of_account(site: JobsSite, amount: int, when: datetime, number: int = 7) -> None:
    add_fee(site, "shared", amount, when, ids=(f"account:{number}", f"account:{NAME}"))


def test_a_companys_statement_has_its_account_and_not_anothers(acme: JobsSite) -> None:
    fee_of_account(acme, 3 * EUR, at(12, 5))
    statement = made(acme, company="Acme")
    told = {line.person.name: (line.tally.jobs, line.tally.net, line.billed, line.open) for line in statement.people}
    assert told == {"Ann": (1, 8 * EUR, 0, 8 * EUR), f"{NAME} (shared account)": (3, 19 * EUR, 3 * EUR, 16 * EUR)}
    assert step_amounts(statement) == {"printed": 27 * EUR, "open": -24 * EUR, "fees": 3 * EUR}
    assert statement.strangers == () and statement.shared == {}
    beta = made(acme, company="Beta")
    assert (beta.printed, set(beta.shared)) == (0, {"Beta", NAME})
    assert [note for note in beta.notes if NAME in note][0].startswith("What was charged to these shared accounts is")
    assert [note for note in beta.notes if note.endswith("no fee bills them: Beta.")]


def test_a_job_stands_in_one_line_only(acme: JobsSite) -> None:
    whole = made(acme)
    assert len(whole.jobs) == 5 == len({job.key for job, _ in whole.jobs})
    assert {line.person.username: line.tally.jobs for line in whole.lines} == {"ann": 1, "ben": 0, f"account:{NAME}": 3}
    assert (whole.total.net, list(whole.shared)) == (27 * EUR, ["Beta"])
    answer = json.loads(jobs.render(whole, "json"))
    companies = [(one["company"], one["people"], one["printed"]) for one in answer["companies"]]
    assert companies == [("Acme", 1, "27.00")], "guests and members of others print at Acme's cost"
    for format_ in ("text", "csv", "html"):
        assert NAME in jobs.render(whole, format_)


@pytest.mark.parametrize("word", ["account:7", f"account:{NAME}", f"account:{NAME}".upper()])
def test_the_account_has_a_statement_of_its_own(acme: JobsSite, word: str) -> None:
    statement = made(acme, member=word)
    assert (statement.scope, len(statement.jobs), statement.printed) == (f"{NAME} (shared account)", 3, 19 * EUR)
    with pytest.raises(UsageError):
        made(acme, member="account:8")


def test_a_source_that_names_no_account_says_so(tmp_path: Path) -> None:
    site = jobs_site(tmp_path, jobs={"source": "csv"})
    assert [note for note in made(site).notes if "which account" in note] == []
    link_shared(site)
    assert [note for note in made(site).notes if "which account" in note]


def test_a_persons_statement_tells_the_job_and_does_not_count_it(acme: JobsSite) -> None:
    statement = made(acme, member="ann")
    (line,) = statement.people
    assert (len(line.jobs), line.tally.net) == (2, 8 * EUR)
    assert list(statement.shared) == [NAME]


def test_what_comes_after_the_link_is_undone_is_nobodys_again(acme: JobsSite) -> None:
    fee_of_account(acme, 3 * EUR, at(12, 5))
    link_shared(acme, unlinked_at=at(12, 6))
    whole = made(acme)
    assert {line.person.username: line.tally.net for line in whole.people if line.jobs or line.fees} == {
        "ann": 8 * EUR,
        "ben": 0,
        f"account:{NAME}": 3 * EUR,
    }
    assert {name: figures.net for name, figures in whole.shared.items()} == {"Beta": 4 * EUR, NAME: 16 * EUR}
    company = made(acme, company="Acme")
    assert (company.billed, company.strangers, set(company.shared)) == (3 * EUR, (), set())
    link_shared(acme, number=8, company="Beta", linked_at=at(12, 7) + timedelta(hours=1))
    assert {line.person.member_id for line in made(acme).people} == {
        "member-ann",
        "member-ben",
        "account:7",
        "account:8",
    }


def test_an_account_of_a_former_ones_name_does_not_take_its_jobs(acme: JobsSite) -> None:
    """Made anew and linked to another company: what the first one paid for stays in its company's statement."""
    link_shared(acme, unlinked_at=at(12, 6))
    link_shared(acme, number=8, company="Beta", linked_at=at(12, 7))
    whole = made(acme)
    charged = {
        line.person.member_id: line.tally.net for line in whole.people if line.person.member_id[:8] == "account:"
    }
    assert charged == {"account:7": 3 * EUR, "account:8": 16 * EUR}
    for company, own in (("Acme", {"account:7": 3 * EUR}), ("Beta", {"account:8": 16 * EUR})):
        people = made(acme, company=company).people
        assert {
            line.person.member_id: line.tally.net for line in people if line.person.member_id[:8] == "account:"
        } == own
    assert made(acme, member="account:7").printed == 3 * EUR
