"""The two-way report: costs - refunds + top-ups against fees and balances, each cent matched, pending or explained.

Four equations, each with its own figure and each able to fail alone: the journal against PaperCut's balances, the
journal against the job log, the ledger against OfficeRnD's fees by reference, the ledger against the witness. Below
them stands every difference with what it means. All sides are read, nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from relay import amounts
from relay.accounts import LinkedAccount, is_shared
from relay.errors import EXIT_DONE
from relay.language import joined, lazy
from relay.money.act import fee_list, fees_plan, witness
from relay.money.books import Books, JobEvidence, opened
from relay.money.decide import reference
from relay.money.decide.evidence import Reading
from relay.money.decide.explain import Buckets
from relay.money.decide.explain import opened as opened_buckets
from relay.money.decide.movement import Fee
from relay.money.decide.wallet import Wallet
from relay.money.ledger import journal
from relay.officernd.model import RemoteFee
from relay.site import Site

State = Literal["pending", "explained", "unmatched"]
TERMS = ("printed", "elsewhere", "top_ups", "included", "forgiven", "credits", "fees")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between the two sides, with what it means and what to do."""

    state: State
    subject: str
    amount: int
    message: str


@dataclass(frozen=True, slots=True)
class Balance:
    """The equation of one person over the asked time, micros.

    `opening - printed + elsewhere + top_ups + included + forgiven + credits + fees + unsettled = balance`, where
    `elsewhere` is money that is not ours (cash, refunds, quotas, manual adjustments) and `unsettled` what happened
    since the last settle. `difference` is what is left over: 0, or the ledger has missed something. `logged` is what
    the job log says was printed up to the last settle, where it is sure. `is_gone`: PaperCut has the account no more.
    """

    member_id: str
    username: str
    company_id: str
    company_name: str
    opening: int
    balance: int
    unsettled: int
    difference: int
    printed: int = 0
    elsewhere: int = 0
    top_ups: int = 0
    included: int = 0
    forgiven: int = 0
    credits: int = 0
    fees: int = 0
    logged: int | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Equation:
    """What our books say against what another witness says; `difference` is theirs less ours.

    Texts with the currency's digits; `witness` compares two numbers, "" where there is none. `compared` is False where
    the other witness tells nothing, as a job log without costs.
    """

    name: Literal["balances", "jobs", "fees", "witness"]
    sides: tuple[str, str]
    ours: str
    theirs: str
    difference: str
    holds: bool
    compared: bool = True

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"sides": list(self.sides)}


@dataclass(frozen=True)
class Discrepancies:
    """The whole report: people, companies, the site, and every line that is not simply matched."""

    currency: str
    since: date | None
    people: tuple[Balance, ...]
    lines: tuple[Difference, ...]
    equations: tuple[Equation, ...]
    fees_matched: int
    fees_total: int
    exit_code: int = EXIT_DONE

    def as_json(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat() if self.since else None,
            "currency": self.currency,
            "equations": [equation.as_json() for equation in self.equations],
            "people": [self._balance_json(balance) for balance in self.people],
            "companies": [
                {"company_id": company, **self._sum_json(members)} for company, members in self._companies().items()
            ],
            "site": self._sum_json(self.people),
            "fees": {"matched": self.fees_matched, "total": self.fees_total},
            "lines": [
                {
                    "state": line.state,
                    "subject": line.subject,
                    "amount": self._money(line.amount),
                    "message": line.message,
                }
                for line in self.lines
            ],
        }

    def _companies(self) -> dict[str, list[Balance]]:
        companies: dict[str, list[Balance]] = {}
        for balance in self.people:
            companies.setdefault(balance.company_id, []).append(balance)
        return dict(sorted(companies.items()))

    def _balance_json(self, balance: Balance) -> dict[str, Any]:
        return {
            "username": balance.username,
            "member_id": balance.member_id,
            "company_id": balance.company_id,
            **self._sum_json([balance]),
            "logged": None if balance.logged is None else self._money(balance.logged),
        }

    def _sum_json(self, balances: Sequence[Balance]) -> dict[str, Any]:
        names = ("opening", *TERMS, "unsettled", "balance", "difference")
        return {name: self._money(sum(getattr(balance, name) for balance in balances)) for name in names}

    def _money(self, micros: int) -> str:
        return amounts.text(micros, self.currency)


def discrepancies(site: Site, *, since: date | None = None, jobs: JobEvidence | None = None) -> Discrepancies:
    """Compare ledger, PaperCut and OfficeRnD from the business day `since` on (None: from the beginning)."""
    with opened(site, writes=False, jobs=jobs) as books:
        zone = ZoneInfo(books.settings.site.timezone)
        begin = datetime.combine(since, time(), zone) if since is not None else None
        with books.ledger.read() as connection:
            entries = journal.entries(connection, books.name)
            wrong = {wallet.id: total for wallet, total in journal.wrong_wallets(connection, books.name)}
        wallets = books.ledger.wallets()
        readings = books.read_all(books.accounts)
        people = tuple(
            _balance(books, account, wallets.get(account.member_id), readings[account.username], entries, wrong, begin)
            for account in books.accounts
            if account.username in readings
        )
        people += tuple(_gone(books, readings, entries, wrong, begin))
        lines = [*_people_lines(books, people), *_log_lines(books, people, begin), *_open_lines(books)]
        lines += [*_held_lines(books, wallets), *_stop_lines(books)]
        fees = _fees(books, since)
        number, witness_lines = _witness(books)
        lines += [*fees.lines, *witness_lines]
        return Discrepancies(
            books.currency,
            since,
            people,
            tuple(sorted(lines, key=lambda line: (line.state, line.subject))),
            (_balances(books, people), _jobs(books, people), fees.equation, number),
            fees.matched,
            fees.total,
        )


# -- the four equations ----------------------------------------------------------------------------------------------


def _equation(
    books: Books, name: Literal["balances", "jobs", "fees"], sides: tuple[str, str], ours: int, theirs: int
) -> Equation:
    left, right, difference = (amounts.text(micros, books.currency) for micros in (ours, theirs, theirs - ours))
    return Equation(name, sides, left, right, difference, holds=ours == theirs)


def _balances(books: Books, people: Sequence[Balance]) -> Equation:
    """Return what the journal's entries say that PaperCut must hold, against what it holds."""
    held = sum(person.balance for person in people)
    told = sum(
        person.balance - person.unsettled - person.difference
        for person in people
        if not _is_left_over(person, books.currency)
    )
    return _equation(books, "balances", ("journal", "PaperCut"), told, held)


def _is_left_over(person: Balance, currency: str) -> bool:
    """Return whether less than a coin went with an account that PaperCut has no more: so much a sync deletes."""
    return person.is_gone and amounts.is_nothing(person.unsettled, currency) and not person.difference


def _jobs(books: Books, people: Sequence[Balance]) -> Equation:
    """Return what the journal says was printed, against the job log, of the people whose log is sure."""
    sure = [(person.printed, person.logged) for person in people if person.logged is not None]
    printed, logged = sum(pair[0] for pair in sure), sum(pair[1] for pair in sure)
    equation = _equation(books, "jobs", ("journal", "job log"), printed, logged)
    return replace(equation, compared=bool(sure) or not any(person.printed for person in people))


def _witness(books: Books) -> tuple[Equation, list[Difference]]:
    """Return the ledger's number against the one in PaperCut, and a line for a stop that no run has stored yet."""
    number = witness.known(books).current.number
    seen, stop = witness.look(books) if number else (None, None)
    shown = seen.number if seen is not None else None
    equation = Equation(
        "witness",
        ("ledger", "PaperCut"),
        str(number),
        "" if shown is None else str(shown),
        "" if shown is None else str(shown - number),
        holds=stop is None,
    )
    if stop is None or stop.code in {standing.code for standing in books.ledger.stops()}:
        return equation, []
    return equation, [Difference("unmatched", books.name, 0, f"({stop.code}) {stop.message}")]


# -- people ----------------------------------------------------------------------------------------------------------


def _balance(
    books: Books,
    account: LinkedAccount,
    wallet: Wallet | None,
    reading: Reading,
    entries: Sequence[RowMapping],
    wrong: Mapping[int, Buckets],
    begin: datetime | None,
) -> Balance:
    """Return the equation of one account, from the journal of its present wallet."""
    if wallet is None or wallet.linked_at != account.linked_at:  # linked since the last settle
        wallet = replace(Wallet.empty(account), buckets=opened_buckets(account.opening_balance))
    own = [row for row in entries if row["wallet_id"] == wallet.id]
    asked = own if begin is None else [row for row in own if row["at"] >= begin]
    earlier = [row for row in own if begin is not None and row["at"] < begin]

    def total(name: str, rows: Sequence[RowMapping]) -> int:
        return sum(int(row[name]) for row in rows)

    fees = [row for row in asked if reference.kind(row["cause"]) != "credit"]
    credits = [row for row in asked if reference.kind(row["cause"]) == "credit"]
    opening = total("linked", own) if begin is None else sum(total(name, earlier) for name in Buckets._fields)
    logged = books.jobs.known(account.username, begin or account.linked_at, wallet.read_at, None)
    return Balance(
        account.member_id,
        account.username,
        account.company_id,
        account.company_name,
        opening=opening if own else wallet.balance,
        balance=reading.balance,
        unsettled=reading.balance - wallet.balance,
        difference=wallet.balance - wrong[wallet.id].wallet if wallet.id in wrong else 0,
        printed=-total("printed", asked),
        elsewhere=total("outside", asked) + total("restored", asked),
        top_ups=total("granted", asked),
        included=total("included", asked),
        forgiven=total("forgiven", asked),
        credits=total("fees", credits),
        fees=total("fees", fees),
        logged=logged.costs if logged is not None else None,
    )


def _gone(
    books: Books,
    readings: Mapping[str, Reading],
    entries: Sequence[RowMapping],
    wrong: Mapping[int, Buckets],
    begin: datetime | None,
) -> Iterator[Balance]:
    """Yield the equations of people whose account PaperCut has no more: what the journal has of it must be nothing."""
    with books.ledger.read() as connection:
        last = {wallet.username: wallet for wallet in journal.wallets(connection, books.name)}
    told = {account.member_id for account in books.accounts if account.username in readings}  # renamed ones too
    former = {
        name: LinkedAccount(wallet.member_id, name, wallet.linked_at)
        for name, wallet in last.items()
        if name not in readings and not is_shared(name) and (wallet.closed_at or wallet.member_id not in told)
    }
    there = books.read_all(list(former.values())) if former else {}  # somebody's, and no longer linked
    for name, account in former.items():
        if name not in there:
            nothing = Reading(0, last[name].jobs or 0)
            balance = _balance(books, account, last[name], nothing, entries, wrong, begin)
            yield replace(balance, logged=None, is_gone=True)


def _people_lines(books: Books, people: Iterable[Balance]) -> Iterator[Difference]:
    for person in people:
        name = person.username
        if person.difference:
            message = lazy(
                "the ledger does not know where this came from; look at this account's transactions in PaperCut"
            )
            yield Difference("unmatched", name, person.difference, message)
        if person.unsettled and _is_left_over(person, books.currency):
            message = lazy("less than a coin, left on the account that was deleted")
            yield Difference("explained", name, -person.unsettled, message)
        elif person.unsettled and person.is_gone:
            message = lazy(
                "was on the account, which PaperCut no longer has: deleted there, or renamed since the last sync; "
                "what was owed on a deleted one has to be billed by hand"
            )
            yield Difference("unmatched", name, -person.unsettled, message)
        elif person.unsettled:
            yield Difference("pending", name, person.unsettled, lazy("since the last settle; the next one reads it"))
        if person.elsewhere:
            message = lazy("came from elsewhere: cash, a refund, a quota or a manual adjustment in PaperCut")
            yield Difference("explained", name, person.elsewhere, message)
        if person.logged is not None and person.logged != person.printed:
            less = lazy(
                "the balance went down by more than the job log shows: copies, scans, or charged by hand in PaperCut"
            )
            more = lazy(
                "the job log shows more than the balance went down: paid, refunded or adjusted by hand in PaperCut"
            )
            amount = person.logged - person.printed
            yield Difference("explained", name, amount, more if amount > 0 else less)


def _log_lines(books: Books, people: Sequence[Balance], begin: datetime | None) -> Iterable[Difference]:
    """Yield a line where jobs are missing from the log: what was printed is then not held against it, or not whole."""
    since = begin or min((account.linked_at for account in books.accounts), default=None)
    rows, missing = books.jobs.missing(since) if since is not None else (0, "")
    unsure = [person for person in people if person.logged is None and person.printed]
    if not rows and not (missing and unsure):
        return
    amount = -sum(person.printed for person in unsure)
    whom = lazy("the balances of %(count)s people were not compared with it", count=len(unsure)) if unsure else ""
    message = joined(
        lazy("the job log is not whole: %(missing)s", missing=missing),
        whom,
        lazy("reading the print jobs again shows more"),
        by="; ",
    )
    yield Difference("unmatched" if rows else "explained", "job log", amount, message)


def _open_lines(books: Books) -> Iterator[Difference]:
    for movement in books.ledger.open_movements():
        told = lazy("%(reference)s is %(stage)s.", reference=movement.reference, stage=movement.stage)
        yield Difference("pending", movement.username, movement.amount, joined(told, movement.note))


def _stop_lines(books: Books) -> Iterator[Difference]:
    for stop in books.ledger.stops():
        told = lazy("no money moves (%(code)s): %(message)s", code=stop.code, message=stop.message)
        yield Difference("pending", books.name, 0, told)


def _held_lines(books: Books, wallets: Mapping[str, Wallet]) -> list[Difference]:
    told = {
        "opening": lazy("opening debt, older than the integration, held"),
        "disputed": lazy("debt that nobody explains, held"),
    }
    return [
        Difference("explained", account.username, amount, message)
        for account in books.accounts
        if account.member_id in wallets
        for bucket, message in told.items()
        if (amount := getattr(wallets[account.member_id].buckets, bucket))
    ]


@dataclass(frozen=True, slots=True)
class _Fees:
    """The fees' equation, how many of how many match, and a line for each that does not."""

    equation: Equation
    total: int
    matched: int
    lines: list[Difference]


def _fees(books: Books, since: date | None) -> _Fees:
    """Compare the ledger's fees since a day with what stands in OfficeRnD under their references."""
    plan = fees_plan.fees_plan(books.officernd, books.settings, create=False)
    posted = books.ledger.posted_fees()
    ours = [fee for fee in posted if since is None or fee.business_day >= since]
    begin = min((fee.issue_date for fee in ours), default=None)
    held = books.officernd.fees(plan=plan.id, issued_from=_earlier(begin)) if plan is not None else []
    read = fee_list.FeeList(books, tuple(held), False, None, "")
    by_id = {fee.id: fee for fee in held}
    lines: list[Difference] = []
    matched = 0
    standing: dict[str, RemoteFee] = {}  # by id, each once
    for fee in ours:
        found = read.by_reference.get(fee.reference, [])
        remote = by_id.get(fee.fee_id) or (found[0] if found else None)
        standing |= {one.id: one for one in [*found, *([remote] if remote is not None else [])]}
        wrong = _compare(books, fee, remote)
        if wrong:
            lines.append(Difference(wrong.state, fee.reference, wrong.amount, wrong.message))
        else:
            matched += 1
    doubled = read.doubled()
    lines.extend(
        Difference("unmatched", name, fees[0].amount, fee_list.doubled_sentence(name, fees))
        for name, fees in doubled.items()
    )
    explained = {fee.id for fees in doubled.values() for fee in fees} | set(standing) | read.known_ids
    lost = {fee.id: fee for fee in read.lost() if since is None or fee.issue_date >= since}
    lines.extend(
        Difference(
            "unmatched",
            fee.id,
            fee.amount,
            lazy(
                "has a reference of this site that the ledger does not know (%(name)s): put the newest copy "
                "of the ledger back, or rebuild it",
                name=repr(fee.name[:60]),
            )
            if fee.id in lost
            else lazy("is on the fees plan for one of our people and is not ours (%(name)s)", name=repr(fee.name[:60])),
        )
        for fee in held
        if fee.id not in explained
        and (fee.id in lost or fee.member in {person.member_id for person in books.people})
        and (since is None or fee.issue_date >= since)
    )
    theirs = sum(fee.amount for fee in (standing | lost).values() if not fee_list.is_void(fee))
    equation = _equation(books, "fees", ("ledger", "OfficeRnD"), sum(fee.price for fee in ours), theirs)
    return _Fees(equation, len(ours), matched, lines)


def _earlier(day: date | None) -> date | None:
    return day - timedelta(days=31) if day is not None else None


def _compare(books: Books, fee: Fee, remote: RemoteFee | None) -> Difference | None:
    """Return what staff changed on a fee; whatever it is, the debt was taken over once and is never billed again."""
    never = lazy("it is never billed again; if that was a mistake, make the fee by hand")
    if remote is None:
        message = lazy("was deleted or moved to another plan in OfficeRnD: %(never)s", never=never)
        return Difference("unmatched", fee.reference, -fee.price, message)
    price = remote.amount
    if price != fee.price:
        return Difference(
            "unmatched",
            fee.reference,
            price - fee.price,
            lazy("its price was changed in OfficeRnD: %(never)s", never=never),
        )
    if fee_list.is_void(remote):
        word = remote.payment_status or remote.status
        return Difference(
            "explained", fee.reference, -fee.price, lazy("is %(word)s in OfficeRnD: %(never)s", word=word, never=never)
        )
    if fee.member_id and remote.member != fee.member_id:
        return Difference("explained", fee.reference, 0, lazy("was moved to another member in OfficeRnD"))
    return None
