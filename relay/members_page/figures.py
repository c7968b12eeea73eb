"""What one member sees of his own printing, as values. Reads PaperCut's balance and the ledger; writes nothing.

Everything is asked for by the member id of the session: no word of the visitor chooses a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from relay.accounts import LinkedAccount
from relay.clock import Clock
from relay.config import Settings
from relay.database import reading
from relay.jobs.statement.figures import PrintedJob
from relay.jobs.statement.making import month_days, month_of
from relay.jobs.statement.model import FeeLine, PersonLine
from relay.money.decide import periods
from relay.money.decide.explain import PAYS, USES, Buckets, draw, fill
from relay.money.decide.included import payer_of
from relay.money.decide.wallet import Wallet
from relay.money.ledger import included, journal
from relay.papercut.client import PaperCut
from relay.papercut.restriction import PROPERTIES, left_to_print
from relay.stored_accounts import contradicted, linked_accounts

MOST_JOBS = 200


@dataclass(frozen=True)
class Live:
    """What PaperCut says now, micros: the balance, and what can still be printed for; None where it sets no limit."""

    amount: int
    more: int | None


@dataclass(frozen=True)
class ShownBalance:
    """What is on the account, micros, and its parts. `at` is set where PaperCut does not answer: when it was read.

    `more` is what can still be printed for; None where PaperCut sets no limit.
    """

    amount: int
    parts: Buckets
    more: int | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class ShownIncluded:
    """Included printing of the period that ends on `until`, micros; `is_shared` with a whole company."""

    amount: int
    used: int
    until: date
    is_shared: bool

    @property
    def left(self) -> int:
        return max(0, self.amount - self.used)


@dataclass(frozen=True)
class ShownFee:
    """One fee: its day, amount (micros), the company that got it ("" for the member), and what it is made of.

    `before_tax` is what stands on the invoice where OfficeRnD adds the tax there (micros), else None.
    """

    day: date
    amount: int
    before_tax: int | None
    company: str
    is_own: bool
    terms: Mapping[str, int]


@dataclass(frozen=True)
class Month:
    """A month of printing; `jobs` are the newest ones of `count`, whose `cost` is in micros."""

    first: date
    jobs: tuple[PrintedJob, ...]
    count: int
    pages: int
    cost: int
    fees: tuple[ShownFee, ...]
    pending: int

    @property
    def billed(self) -> int:
        return sum(fee.amount for fee in self.fees)


class Reader:
    """Reads what the page shows of one member."""

    def __init__(self, database: Engine, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def account(self, settings: Settings, member_id: str, username: str) -> LinkedAccount | None:
        """Return the member's account, None where there is none, or where somebody says that it is another's."""
        site = settings.site.name
        with reading(self._database) as connection:
            if member_id in contradicted(connection, site):
                return None
            found = linked_accounts(connection, site, [member_id])
        return next((one for one in found if one.username == username), None)

    def balance(self, settings: Settings, live: Live | None, account: LinkedAccount) -> ShownBalance | None:
        """Return the balance by PaperCut, where it answered, else by the journal; None where neither knows it."""
        with reading(self._database) as connection:
            wallet = journal.open_wallets(connection, settings.site.name, account.member_id).get(account.member_id)
        if wallet is not None and wallet.username != account.username:
            wallet = None
        if live is None:
            return ShownBalance(wallet.balance, wallet.buckets, None, wallet.read_at) if wallet else None
        return ShownBalance(live.amount, parts(wallet, live.amount), live.more)

    def included(self, settings: Settings, account: LinkedAccount) -> ShownIncluded | None:
        """Return the included printing of this period; None where there is none, or it is not known before a use."""
        section, payer = settings.included, payer_of(account)
        if not section.is_on or not payer:
            return None
        today = self._clock.business_day(settings.site.timezone)
        with reading(self._database) as connection:
            found = included.of_payer(connection, settings.site.name, payer, periods.key(today, section.every))
        if found is None and (section.plan or not section.amount):
            return None
        amount, used = found or (section.amount, 0)
        until = periods.next_first_day(today, section.every) - timedelta(days=1)
        return ShownIncluded(amount, used, until, bool(account.company_id))

    def month(self, settings: Settings, account: LinkedAccount, month: str | None) -> Month:
        """Return a month, "2026-11", None for the present one. Raises UsageError for what is no month."""
        first, _ = month_days(month, self._clock.business_day(settings.site.timezone))
        line = month_of(settings, self._database, month=month, member_id=account.member_id, clock=self._clock)
        fees = tuple(_fee(line, one) for one in reversed(line.fees))
        jobs = tuple(sorted(line.jobs, key=lambda job: (job.at, job.key), reverse=True))
        pending = sum(one.amount for one in line.pending)
        total = line.tally
        return Month(first, jobs[:MOST_JOBS], len(jobs), total.pages, total.net, fees, pending)

    def months(self, settings: Settings, account: LinkedAccount, month: str | None) -> tuple[Month, Month]:
        """Return a month and the one before it."""
        shown = self.month(settings, account, month)
        return shown, self.month(settings, account, f"{shown.first - timedelta(days=1):%Y-%m}")


def parts(wallet: Wallet | None, amount: int) -> Buckets:
    """Return what a balance is made of now: the parts of the last reading, moved on by what has changed since."""
    if wallet is None:
        return Buckets(owed=min(0, amount), own=max(0, amount))
    difference = amount - wallet.balance
    if difference < 0:
        return draw(wallet.buckets, -difference, USES, "owed")
    return fill(wallet.buckets, difference, PAYS)


def ask(papercut: PaperCut, username: str) -> Live:
    """Return what PaperCut says of an account. Raises RelayError."""
    amount = papercut.balance(username)
    return Live(amount, left_to_print(amount, papercut.user_properties(username, PROPERTIES)))


def _fee(line: PersonLine, of: FeeLine) -> ShownFee:
    fee, person = of.fee, line.person
    names = {job.company_id: job.company_name for job in of.jobs} | {person.company_id: person.company_name}
    is_whole = "/" not in fee.reference  # the price of a shared one tells of colleagues
    before_tax = fee.price if is_whole and 0 < fee.price < fee.amount else None
    return ShownFee(
        fee.business_day, fee.amount, before_tax, names.get(fee.company_id, ""), not fee.company_id, of.terms
    )
