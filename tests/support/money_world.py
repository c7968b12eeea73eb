"""A whole site in memory for the money tests: PaperCut and OfficeRnD as state-holding fakes, people, ledger, clock.

The fakes have the clients' methods and errors and the real systems' habits (doubles, no idempotency, filters). Every
remote call has a moment before and one after its effect; `Faults` can kill, lose an answer, or let a job land there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Engine, create_engine, event, insert, update
from sqlalchemy.pool import StaticPool

import relay.site
from relay import amounts, money
from relay import database as databases
from relay.accounts import SharedLink
from relay.errors import NotFound, NotSent, OutcomeUnknown, Refused
from relay.money.decide import reference
from relay.money.report.result import MoneyResult
from relay.officernd.model import CountedFees, Membership, NewFee, Plan, RemoteFee
from relay.papercut.client import AccountReading, GroupQuota, SharedAccount
from relay.people.memory.links import store_shared_account
from relay.progress import Progress
from relay.stored_accounts import people_links
from tests.support.settings_example import example_settings
from tests.support.still_clock import StillClock

LOCATION = "64b000000000000000000001"
PLAN = Plan("64c000000000000000000001", "PaperCut Fees", interval_length="once", type="service")
WRITES = frozenset(
    {"create_fee", "create_plan", "adjust_balance", "adjust_balance_if_available", "adjust_shared_account"}
)

Effect = TypeVar("Effect", bound=Callable[..., Any])


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


@dataclass
class Faults:
    """What happens at the moments of a run, counted from 0; each is (name, phase), phase "before", "after" or "
    ""commit"."""

    actions: dict[int, Callable[[str, str], None]] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    always: Callable[[str, str], None] | None = None
    counting: bool = True

    def at(self, name: str, phase: str) -> None:
        if not self.counting:
            return
        moment = len(self.seen)
        self.seen.append((name, phase))
        if self.always is not None:
            self.always(name, phase)
        action = self.actions.pop(moment, None)
        if action is not None:
            action(name, phase)

    def clear(self) -> None:
        self.actions.clear()
        self.seen.clear()
        self.always = None


def kill(name: str, phase: str) -> None:
    raise Killed(f"{phase} {name}")


def lose(name: str, phase: str) -> None:
    """Lose the answer of a writing call: before or after its effect, nobody knows."""
    if name in WRITES:
        raise OutcomeUnknown(f"The answer to {name} was lost.", system="fake", operation=name)


def refuse(name: str, phase: str) -> None:
    if name in WRITES and phase == "before":
        raise Refused(f"{name} is refused: the period is locked.", system="fake", operation=name)


def unreachable(name: str, phase: str) -> None:
    if phase == "before":
        raise NotSent(f"{name}: no connection.", system="fake", operation=name)


def at(wanted: str, phase: str, fault: Callable[[str, str], None], times: int = 0) -> Callable[[str, str], None]:
    """Return a fault of one call alone: at a phase ("" for both), and no more than so many times (0: each time)."""
    left = times or -1

    def act(name: str, when: str) -> None:
        nonlocal left
        if name == wanted and when.startswith(phase) and left:
            left -= 1
            fault(name, when)

    return act


@dataclass
class Account:
    balance: float = 0.0
    jobs: int = 0
    transactions: list[tuple[float, str]] = field(default_factory=list)
    email: str = ""
    account_id: str = ""  # of a shared account, which stands among the others as "account:NAME"


class Late:
    """Effects of requests that come later than their answers, or than the silence: each at its own moment."""

    def __init__(self, clock: StillClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, Callable[[], None]]] = []
        self.next_s: float | None = None  # the next write takes effect only so much later, and has no answer

    def arrive(self) -> None:
        now_s = self._clock.monotonic_s()
        ripe = [effect for at_s, effect in self._waiting if at_s <= now_s]
        self._waiting = [item for item in self._waiting if item[0] > now_s]
        for effect in ripe:
            effect()

    def put_off(self, effect: Callable[[], Any]) -> bool:
        """Return whether an effect was put off, as it is once after `next_s` was set."""
        if self.next_s is None:
            return False
        self._waiting.append((self._clock.monotonic_s() + self.next_s, effect))
        self.next_s = None
        return True


def remote(effect: Effect) -> Effect:
    """Make a call of a fake of its effect: a fault may come before and after it, and it may itself come late."""
    name = effect.__name__

    @wraps(effect)
    def call(system: Any, *given: Any, **named: Any) -> Any:
        system.writes += name in WRITES
        system.calls.append(name)
        system.faults.at(name, "before")
        system.late.arrive()
        if name in WRITES and system.late.put_off(lambda: effect(system, *given, **named)):
            raise OutcomeUnknown(f"The answer to {name} was lost.", system="fake", operation=name)
        answer = effect(system, *given, **named)
        system.faults.at(name, "after")
        return answer

    return cast(Effect, call)


class FakePaperCut:
    def __init__(self, faults: Faults, late: Late) -> None:
        self.accounts: dict[str, Account] = {}
        self.quotas: dict[str, GroupQuota] = {}
        self.between: Callable[[], None] = lambda: None  # what happens between balance and counter
        self.late = late
        self.notes: dict[str, str] = {}  # of shared accounts
        self.faults = faults
        self.writes = 0
        self.calls: list[str] = []

    def _account(self, username: str) -> Account:
        if username not in self.accounts:
            raise NotFound(f"PaperCut has no user {username}.", system="PaperCut", status=262)
        return self.accounts[username]

    def _adjust(self, username: str, micros: int, comment: str) -> None:
        account = self._account(username)
        account.balance += amounts.to_double(micros)
        account.transactions.append((amounts.to_double(micros), comment))

    @remote
    def account_reading(self, username: str) -> AccountReading:
        account = self._account(username)
        jobs = account.jobs
        balance = amounts.from_double(account.balance)
        self.between()
        return AccountReading(balance, jobs, account.jobs, account.email)

    def account_readings(self, usernames: Sequence[str], progress: Progress | None = None) -> dict[str, AccountReading]:
        self.faults.at("account_readings", "before")
        self.faults.counting, before = False, self.faults.counting
        found = {name: self.account_reading(name) for name in usernames if name in self.accounts}
        self.faults.counting = before
        return found

    def in_parallel(self, one: Callable[[str], Any], items: Sequence[str], *_: Any) -> Iterable[Any]:
        return [one(item) for item in items]

    @remote
    def balance(self, username: str) -> int:
        return amounts.from_double(self._account(username).balance)

    @remote
    def adjust_balance(self, username: str, micros: int, comment: str) -> None:
        self._adjust(username, micros, comment)

    @remote
    def adjust_balance_if_available(self, username: str, micros: int, comment: str) -> bool:
        if self._account(username).balance + amounts.to_double(micros) < -1e-9:
            return False
        self._adjust(username, micros, comment)
        return True

    @remote
    def jobs_printed(self) -> int:
        return sum(account.jobs for account in self.accounts.values())

    @remote
    def shared_account(self, name: str) -> SharedAccount:
        account = self._account(f"account:{name}")
        return SharedAccount(account.account_id, amounts.from_double(account.balance))

    @remote
    def shared_account_notes(self, name: str) -> str | None:
        return self.notes.get(name)

    @remote
    def add_shared_account(self, name: str, notes: str) -> None:
        self.notes[name] = notes

    @remote
    def set_shared_account_notes(self, name: str, notes: str) -> None:
        self.notes[name] = notes

    @remote
    def adjust_shared_account(self, name: str, micros: int, comment: str) -> None:
        self._adjust(f"account:{name}", micros, comment)

    @remote
    def groups(self) -> list[str]:
        return [name for name in self.quotas if not name.startswith("!!")]

    @remote
    def group_quota(self, name: str) -> GroupQuota:
        return self.quotas.get(name, GroupQuota(0, "NONE", 0))


class FakeOfficeRnD:
    def __init__(self, faults: Faults, clock: StillClock, late: Late) -> None:
        self.held_fees: dict[str, RemoteFee] = {}
        self.catalogue: list[Plan] = [PLAN]
        self.held_memberships: list[Membership] = []
        self.gone: set[str] = set()
        self.may_create_plans = True
        self.made = 0
        self.counts = True  # there is a count of fees
        self.hides: Callable[[RemoteFee], bool] = lambda fee: False  # what the next list of fees lacks, once
        self.late = late
        self.faults = faults
        self.writes = 0
        self.calls: list[str] = []
        self._clock = clock

    @remote
    def plans(self) -> list[Plan]:
        return list(self.catalogue)

    @remote
    def create_plan(self, name: str) -> Plan:
        if not self.may_create_plans:
            raise Refused("Cannot POST /plans", system="OfficeRnD", status=404)
        made = replace(PLAN, id=f"64c{len(self.catalogue):021d}", name=name)
        self.catalogue.append(made)
        return made

    @remote
    def member(self, member_id: str) -> None:
        if member_id in self.gone:
            raise NotFound("OfficeRnD does not know this member.", system="OfficeRnD", status=404)

    @remote
    def company(self, company_id: str) -> None:
        if company_id in self.gone:
            raise NotFound("OfficeRnD does not know this company.", system="OfficeRnD", status=404)

    @remote
    def memberships(self) -> list[Membership]:
        return list(self.held_memberships)

    @remote
    def fees(
        self,
        *,
        plan: str = "",
        member: str = "",
        company: str = "",
        issued_from: date | None = None,
        issued_to: date | None = None,
    ) -> list[RemoteFee]:
        return [
            fee
            for fee in self.held_fees.values()
            if plan in ("", fee.plan)
            and member in ("", fee.member)
            and company in ("", fee.company)
            and (issued_from or date.min) <= fee.issue_date <= (issued_to or date.max)
        ]

    def counted_fees(self, *, plan: str, issued_from: date | None = None) -> CountedFees:
        found = self.fees(plan=plan, issued_from=issued_from)
        hides, self.hides = self.hides, lambda fee: False
        return CountedFees(tuple(fee for fee in found if not hides(fee)), self.counts)

    @remote
    def fee(self, fee_id: str) -> RemoteFee:
        if fee_id not in self.held_fees:
            raise NotFound("OfficeRnD does not know this fee.", system="OfficeRnD", status=404)
        return self.held_fees[fee_id]

    @remote
    def create_fee(self, fee: NewFee) -> str:
        assert reference.find(fee.name)
        if {fee.member, fee.company} & self.gone:
            raise Refused("Specified member was not found", system="OfficeRnD", status=500)
        return self.put(
            name=fee.name,
            issue_date=fee.issue_date,
            location=fee.location,
            plan=fee.plan,
            price=Decimal(repr(float(fee.price))),
            member=fee.member,
            company=fee.company,
            is_personal=fee.is_personal,
            source="public-api",
        )

    def put(self, **values: Any) -> str:
        """Make a fee as anybody could, and return its id."""
        fee_id = f"64f{self.made:021d}"
        self.made += 1
        values = {"location": LOCATION, "plan": PLAN.id, "modified_at": self._clock.now().isoformat()} | values
        self.held_fees[fee_id] = RemoteFee(id=fee_id, **values)
        return fee_id


def member_id(number: int) -> str:
    return f"64a{number:021d}"


@dataclass
class Site:
    """One site under test; `run` is a run of a fresh process on what the last one left."""

    folder: Path
    sections: dict[str, dict[str, Any]]
    clock: StillClock = field(default_factory=StillClock)
    faults: Faults = field(default_factory=Faults)
    url: str = "sqlite://"
    result: MoneyResult = field(init=False)

    @property
    def context(self) -> Any:
        """The product's own context, on the fakes."""
        return relay.site.Site(
            self.settings,
            self.officernd,
            self.papercut,
            self.database,
            self.clock,
            Progress(),  # type: ignore[arg-type]
        )

    def __post_init__(self) -> None:
        self.late = Late(self.clock)
        self.papercut = FakePaperCut(self.faults, self.late)
        self.officernd = FakeOfficeRnD(self.faults, self.clock, self.late)
        self.database = open_engine(self.url)
        if self.url == "sqlite://":
            _listener[:] = [self.faults]
        else:
            event.listen(self.database, "commit", lambda _: self.faults.at("ledger", "commit"))
        self.configure(papercut={"connections": 1, **self.sections.get("papercut", {})})  # one call after the other

    def configure(self, **sections: dict[str, Any]) -> None:
        for name, values in sections.items():
            self.sections.setdefault(name, {}).update(values)
        self.settings = example_settings(self.folder, **self.sections)

    def person(
        self, username: str, balance: float = 0.0, jobs: int = 0, *, prints: float | None = None, **link: Any
    ) -> str:
        """Link an account as a sync does, with a balance at linking, then print for so much; return the member id."""
        number = len(self.papercut.accounts) + 1
        self.papercut.accounts[username] = Account(balance, jobs)
        values = {
            "site": self.settings.site.name,
            "member_id": member_id(number),
            "username": username,
            "email": f"{username}@example.com",
            "linked_at": self.clock.now(),
            "opening_balance": amounts.from_double(balance),
            "made_by_us": balance == 0,
            "display_name": username.replace(".", " ").title(),
            "company_id": "64d000000000000000000001",
            "company_name": "Acme",
            "location_id": LOCATION,
        } | link
        with self.quietly(), self.database.begin() as connection:
            connection.execute(insert(people_links).values(**values))
        if prints is not None:
            self.prints(username, prints)
        return str(values["member_id"])

    def shared(self, name: str, balance: float = 0.0, **link: Any) -> str:
        """Let a company pay for a shared account, as `link` does; return the id by which the ledger knows it."""
        username = f"account:{name}"
        account_id = str(1000 + len(self.papercut.accounts))
        self.papercut.accounts[username] = Account(balance, account_id=account_id)
        values = {
            "account_id": account_id,
            "name": name,
            "company_id": "64d000000000000000000001",
            "company_name": "Acme",
            "linked_at": self.clock.now(),
            "opening_balance": amounts.from_double(balance),
        } | link
        with self.quietly(), self.database.begin() as connection:
            store_shared_account(connection, self.settings.site.name, SharedLink(**values))
        return f"account:{account_id}"

    def relink(self, called: str, **values: Any) -> None:
        """Change a link as a sync does."""
        with self.quietly(), self.database.begin() as connection:
            connection.execute(update(people_links).where(people_links.c.username == called).values(**values))

    def prints(self, username: str, cost: float) -> None:
        account = self.papercut.accounts[username]
        account.balance -= cost
        account.jobs += 1

    def settle(self, **options: Any) -> MoneyResult:
        self.result = money.settle(self.context, **options)
        return self.result

    def top_up(self, **options: Any) -> MoneyResult:
        self.result = money.top_up(self.context, **options)
        return self.result

    def recover(self) -> MoneyResult:
        self.result = money.recover(self.context)
        return self.result

    def approve(self, who: str, as_: str, amount: str = "") -> None:
        money.approve(self.context, who, as_=as_, reason="looked at it", amount=amount)

    def resolve(self, reference: str, as_: str) -> None:
        money.resolve(self.context, reference, as_=as_, reason="looked at it")

    def killed(self, work: Callable[[], Any]) -> bool:
        """Do some work that a fault may kill, and return whether it was; the lease dies with the process."""
        try:
            work()
        except Killed:
            return True
        return False

    def killed_at(self, name: str, phase: str) -> None:
        """Settle, and die before or after the first call of `name`."""
        with self.faulty(name, kill, phase):
            assert self.killed(self.settle)

    @contextmanager
    def faulty(self, name: str, fault: Callable[[str, str], None], phase: str = "", times: int = 0) -> Iterator[None]:
        """Meet the calls of `name` with a fault for the `with` block, as `at` says."""
        self.faults.always = at(name, phase, fault, times)
        yield
        self.faults.clear()

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Meet no fault for the `with` block."""
        before, self.faults.counting = self.faults.counting, False
        try:
            yield
        finally:
            self.faults.counting = before

    def balance(self, username: str) -> int:
        return amounts.from_double(self.papercut.accounts[username].balance)

    def fees_of(self, member: str) -> list[RemoteFee]:
        return [fee for fee in self.officernd.held_fees.values() if fee.member == member]

    def billed(self, member: str) -> int:
        return sum(amounts.from_decimal(fee.price) for fee in self.fees_of(member))

    def adjustments(self, username: str) -> list[tuple[float, str]]:
        return self.papercut.accounts[username].transactions

    def remote_writes(self) -> int:
        return self.papercut.writes + self.officernd.writes

    def ledger_rows(self) -> dict[str, list[Any]]:
        """Return every row of the ledger's money tables, to compare before and after."""
        with databases.reading(self.database) as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(table.select())]
                for table in databases.metadata.sorted_tables
            }


_template: bytes | None = None
_memory: Engine | None = None
_listener: list[Faults] = []


def open_engine(url: str) -> Engine:
    """Return an engine with the whole schema on a new database.

    In memory all sites share one engine, so that statements are compiled once; each new site begins with an empty
    database, and the one before it is gone.
    """
    global _memory
    if url != "sqlite://":
        engine = databases.make_engine(url)
        databases.bring_up_to_date(engine)
        return engine
    if _memory is None:
        _memory = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        event.listen(_memory, "connect", databases._durable_sqlite)
        event.listen(_memory, "begin", databases._begin_sqlite)
        event.listen(_memory, "commit", lambda _: [faults.at("ledger", "commit") for faults in _listener])
        event.listen(_memory, "connect", _fill)
    _memory.dispose()
    return _memory


def _fill(connection: Any, _record: Any) -> None:
    global _template
    if _template is None:
        import sqlite3

        source = create_engine("sqlite://", poolclass=StaticPool)
        event.listen(source, "connect", databases._durable_sqlite)
        event.listen(source, "begin", databases._begin_sqlite)
        databases.bring_up_to_date(source)
        copy = sqlite3.connect(":memory:")
        source.raw_connection().driver_connection.backup(copy)  # type: ignore[union-attr]
        _template = copy.serialize()
        copy.close()
        source.dispose()
    connection.deserialize(_template)


def billed_in_a_file(folder: Path) -> Site:
    """Return a site with one billed person and its ledger in the file that the settings name."""
    (folder / "state").mkdir()
    made = Site(folder, {}, url=f"sqlite:///{folder}/state/ledger.db")
    made.person("ann.lee", prints=7.0)
    made.settle()
    return made
