"""What the stand-in holds: users, groups, balances, printers, jobs, keys, and the one lock over them.

Balances are binary doubles, as in PaperCut. Nothing here speaks HTTP or starts a program.
Source: PaperCut manual and ServerCommandProxy (words and defaults), web-services notes 1.4-1.8.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from relay.clock import Clock
from relay.sandbox.papercut import faults
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.switches import PaperCutSwitches

ALL_USERS = "!!All Users!!"
INTERNAL_USERS = "!!Internal Users!!"
TEMPLATE_PRINTER = "!!template printer!!"
PERSONAL_ACCOUNT = "Default"

KEY_TOKEN = "auth.webservices.auth-token"
KEY_CALLERS = "auth.webservices.allowed-addresses"
KEY_USER_SOURCE = "user-source.custom-program"
KEY_AUTH_PROGRAM = "auth.source.custom-program"
KEY_AUTH_ENVIRONMENT = "auth.source.env-vars"
KEY_LONG_RECORDS = "user-source.update-user-details-card-id"
KEY_ALIASES = "secondary-user-name.enabled"
KEY_HEALTH = "health.api.key"
SECURITY_SCRIPTS = "security.print-and-device.script.enabled"
SECURITY_FOLDERS = "security.custom-executable.allowed-directory-list"


@dataclass(slots=True)
class User:
    """An account. `internal` ones have their password here; external ones are asked for at the auth program."""

    user_id: int
    username: str
    full_name: str = ""
    email: str = ""
    department: str = ""
    office: str = ""
    primary_card: str = ""
    secondary_card: str = ""
    other_emails: str = ""
    alias: str = ""
    home: str = ""
    notes: str = ""
    pin: str = ""
    password: str = ""
    internal: bool = False
    admin: bool = False
    restricted: bool = False
    disabled: bool = False
    balance: float = 0.0
    accounts: dict[str, float] | None = None  # personal accounts by name, only where several are on
    overdraft_mode: str = "default"
    overdraft_amount: float = 0.0
    cost_rate_percent: float = -1.0
    job_count: int = 0
    page_count: int = 0
    selection_mode: str = "AUTO_CHARGE_TO_PERSONAL_ACCOUNT"
    auto_account: str = ""
    extra: dict[str, str] | None = None  # the rarely used properties

    def total(self) -> float:
        """Return the balance over all personal accounts."""
        return self.balance if self.accounts is None else sum(self.accounts.values())


@dataclass(slots=True)
class Quota:
    amount: float = 0.0
    period: str = "NONE"
    max_accumulation: float = 0.0


@dataclass(slots=True)
class Group:
    """A group of PaperCut's group list, with the membership that the last sync cached."""

    name: str
    members: set[str] = field(default_factory=set)
    quota: Quota = field(default_factory=Quota)
    initial_credit: float = 0.0
    restricted: bool | None = None  # None: the group says nothing about it
    admin: bool = False


@dataclass(slots=True)
class SharedAccountRecord:
    account_id: int
    name: str
    balance: float = 0.0
    restricted: bool = False
    disabled: bool = False
    overdraft_mode: str = "default"
    overdraft_amount: float = 0.0
    pin: str = ""
    notes: str = ""
    comment_option: str = "NO_COMMENT"
    invoice_option: str = "NEVER_INVOICE"
    users: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Printer:
    """A queue with a simple price: per page, per colour page, and a discount in percent for duplex."""

    printer_id: int
    server: str
    name: str
    page_cost: float = 0.0
    colour_page_cost: float | None = None  # None: as `page_cost`
    duplex_discount_percent: float = 0.0
    unauthenticated: bool = False
    disabled: bool = False
    cost_model: str = "SIMPLE"
    job_count: int = 0
    page_count: int = 0
    groups: list[str] = field(default_factory=list)
    access_groups: set[str] = field(default_factory=set)
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Transaction:
    """One line of the transaction log. `balance` is what the account held after it."""

    transaction_id: int
    at: datetime
    by: str
    kind: str  # ADJUST, SET, PRINT_USAGE, REFUND, QUOTA, INITIAL
    username: str  # "" where a shared account moved
    account: str  # name of the personal or shared account
    amount: float
    balance: float
    comment: str
    job_id: int = 0


@dataclass(slots=True)
class JobRecord:
    """One line of the job log. `pages` and `colour_pages` count every copy."""

    job_id: int
    at: datetime
    username: str
    server: str
    printer: str
    document: str
    pages: int
    colour_pages: int
    copies: int
    sheets: int
    duplex: bool
    grayscale: bool
    paper_size: str
    client: str
    cost: float
    account: str  # what was charged: the username, or a shared account
    comment: str = ""
    printed: bool = True
    denied_reason: str = ""
    refunded: float = 0.0
    script: str = "skipped"  # what the print script did, or that it was not run
    kind: Literal["PRINT", "COPY"] = "PRINT"


@dataclass
class AdminSettings:
    """What an administrator sets on PaperCut's own screens (no config key is known for it)."""

    on_demand_creation: Literal["create", "allow", "deny"] = "create"
    delete_missing_users: bool = False
    update_user_details: bool = True
    import_groups: tuple[str, ...] = ()  # blank: everybody; else only these groups' members are imported
    email_login: bool = True
    personal_accounts: tuple[str, ...] = ()  # more than one: several personal accounts are on
    default_overdraft: float = 0.0
    admin_password: str = "admin"

    def several_accounts(self) -> bool:
        return len(self.personal_accounts) > 1

    def first_account(self) -> str:
        """Return the personal account that PaperCut itself charges and credits; "" where there is only one."""
        return self.personal_accounts[0] if self.several_accounts() else ""


class Recorder:
    """Who else is told of changes: nobody, unless an external database is."""

    def user(self, user: User, *, deleted: bool = False) -> None: ...
    def account(self, account: SharedAccountRecord) -> None: ...
    def printer(self, printer: Printer) -> None: ...
    def transaction(self, transaction: Transaction) -> None: ...
    def job(self, job: JobRecord) -> None: ...
    def restored(self) -> None: ...
    def catch_up(self) -> None: ...
    def release(self) -> None: ...


class PaperCutState:
    """Everything that the stand-in knows. Take `lock` around whatever must be seen or changed in one piece."""

    def __init__(
        self,
        data_dir: Path,
        *,
        switches: PaperCutSwitches | None = None,
        settings: AdminSettings | None = None,
        clock: Clock | None = None,
        timezone: str = "UTC",
    ) -> None:
        self.data_dir = Path(data_dir)
        self.switches = switches or PaperCutSwitches()
        self.settings = settings or AdminSettings()
        self.clock = clock or Clock()
        self.zone = ZoneInfo(timezone)
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.deleted: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.all_users = Group(ALL_USERS)
        self.shared_accounts: dict[str, SharedAccountRecord] = {}
        self.printers: dict[tuple[str, str], Printer] = {}
        self.template_printer = Printer(1, "", TEMPLATE_PRINTER)
        self.config: dict[str, str] = dict(_DEFAULT_CONFIG)
        self.security: dict[str, str] = {}
        self.transactions: list[Transaction] = []
        self.jobs: list[JobRecord] = []
        self.sessions: dict[str, str] = {}  # client address -> username, as the popup remembers it
        self.server_log: list[str] = []
        self.recorder = Recorder()
        self.script_runner: Callable[[Any], Any] | None = None
        self._ids = 1000
        self._sorted: list[str] | None = None

    # -- small things

    def new_id(self) -> int:
        self._ids += 1
        return self._ids

    def now(self) -> datetime:
        """Return the server's local time."""
        return self.clock.now().astimezone(self.zone)

    def note(self, text: str, level: str = "INFO") -> None:
        """Write a line of `server/logs/server.log`."""
        line = f"{self.now():%Y-%m-%d %H:%M:%S} {level:<5} {text}"
        with self.lock:
            self.server_log.append(line)
            path = self.data_dir / "server" / "logs" / "server.log"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    def held(self) -> dict[str, Any]:
        """Return what PaperCut's database holds, by name; the values are the state's own."""
        return {name: getattr(self, name) for name in _IN_DATABASE}

    def put_back(self, held: dict[str, Any]) -> None:
        """Put the content of a database, as `held` returned it, in the place of the present one."""
        for name in _IN_DATABASE:
            setattr(self, name, held[name])
        self._sorted = None
        self.sessions.clear()
        self.recorder.restored()

    def key(self, name: str) -> str:
        """Return a config key, blank where it does not exist."""
        return self.config.get(name, "")

    # -- users

    def usernames(self) -> list[str]:
        """Return all usernames sorted; the list must not be changed."""
        if self._sorted is None:
            self._sorted = sorted(self.users)
        return self._sorted

    def user(self, username: str) -> User:
        """Return the account of `username` in any case. Raises the faults 259 and 262."""
        if not username.strip():
            raise ApiFault(faults.USERNAME_BLANK, "The username may not be blank.")
        found = self.users.get(username.strip().lower())
        if found is None:
            raise ApiFault(faults.USER_NOT_FOUND, f'User "{username}" could not be found.')
        return found

    def add_user(self, username: str, *, internal: bool = False, **fields: Any) -> User:
        """Put in an account under its lower-case name, without any rule for new users."""
        name = username.strip().lower()
        assert name and name not in self.users, name
        user = User(self.new_id(), name, internal=internal, **fields)
        if self.settings.several_accounts() and user.accounts is None:
            user.accounts = dict.fromkeys(self.settings.personal_accounts, 0.0)
            user.accounts[self.settings.personal_accounts[0]] = user.balance
        self.users[name] = user
        self._sorted = None
        self.recorder.user(user)
        return user

    def revive_user(self, username: str) -> User | None:
        """Put a deleted account back as it was; None where there was none of that name."""
        user = self.deleted.pop(username, None)
        if user is not None:
            self.users[username] = user
            self._sorted = None
            self.recorder.user(user)
        return user

    def delete_user(self, user: User, *, redact: bool = False) -> None:
        """Take the account off the list; its jobs and transactions stay."""
        del self.users[user.username]
        self._sorted = None
        for group in self.groups.values():
            group.members.discard(user.username)
        if redact:
            user.full_name = user.email = user.other_emails = user.notes = user.primary_card = user.secondary_card = ""
            user.alias = user.home = user.department = user.office = user.pin = ""
        self.deleted[user.username] = user
        self.recorder.user(user, deleted=True)

    def rename_user(self, user: User, name: str) -> None:
        """Give the account another name; balance, card, groups and history stay with it."""
        old = user.username
        del self.users[old]
        user.username = name
        self.users[name] = user
        self._sorted = None
        for group in self.groups.values():
            if old in group.members:
                group.members.remove(old)
                group.members.add(name)
        for job in self.jobs:
            if job.username == old:
                job.username = name
        for transaction in self.transactions:
            if transaction.username == old:
                transaction.username = name
        self.recorder.user(user)

    def groups_of(self, username: str) -> list[str]:
        """Return the listed groups that the account is in, sorted."""
        return sorted(group.name for group in self.groups.values() if username in group.members)

    def group(self, name: str) -> Group:
        """Return a group of the list, built-in ones included. Raises the faults 280 and 263."""
        if not name.strip():
            raise ApiFault(faults.GROUP_NAME_BLANK, "The group name may not be blank.")
        if name in (ALL_USERS, "[All Users]"):
            self.all_users.members = set(self.users)
            return self.all_users
        if name in (INTERNAL_USERS, "[Internal Users]"):
            return Group(INTERNAL_USERS, {user.username for user in self.users.values() if user.internal})
        found = self.groups.get(name)
        if found is None:
            raise ApiFault(faults.GROUP_NOT_FOUND, f'Group "{name}" could not be found.')
        return found

    def overdraft_of(self, user: User) -> float:
        """Return how far below zero a restricted user may go, as a positive amount."""
        return user.overdraft_amount if user.overdraft_mode == "individual" else self.settings.default_overdraft

    # -- money

    def transact(
        self,
        user: User,
        amount: float,
        comment: str,
        *,
        kind: str,
        by: str = "[api]",
        account: str = "",
        job_id: int = 0,
    ) -> Transaction:
        """Add `amount` to a personal account and write it down. Raises the fault 274 or the unlisted one."""
        name = self.personal_account(user, account)
        if user.accounts is None:
            user.balance += amount
            after = user.balance
        else:
            user.accounts[name] += amount
            after = user.accounts[name]
        self.recorder.user(user)
        return self._write_down(
            comment, by=by, kind=kind, username=user.username, account=name, amount=amount, balance=after, job_id=job_id
        )

    def personal_account(self, user: User, account: str) -> str:
        """Return the name of the personal account that is meant."""
        if user.accounts is None:
            if account not in ("", PERSONAL_ACCOUNT):
                raise self.unlisted(f'The account "{account}" could not be found.')
            return PERSONAL_ACCOUNT
        if not account and self.switches.blank_account_name == "first":
            return self.settings.personal_accounts[0]
        if not account:
            raise ApiFault(
                faults.SEVERAL_PERSONAL_ACCOUNTS,
                "The account name must be given while multiple personal accounts are enabled.",
            )
        if account not in user.accounts:
            raise self.unlisted(f'The account "{account}" could not be found.')
        return account

    def transact_shared(
        self, account: SharedAccountRecord, amount: float, comment: str, *, kind: str, job_id: int = 0
    ) -> None:
        account.balance += amount
        self.recorder.account(account)
        self._write_down(
            comment,
            by="[api]",
            kind=kind,
            username="",
            account=account.name,
            amount=amount,
            balance=account.balance,
            job_id=job_id,
        )

    def _write_down(self, comment: str, **facts: Any) -> Transaction:
        said = comment[: self.switches.comment_length]
        transaction = Transaction(self.new_id(), self.clock.now(), comment=said, **facts)
        self.transactions.append(transaction)
        self.recorder.transaction(transaction)
        return transaction

    def transactions_of(self, username: str) -> list[Transaction]:
        """Return the transactions of one user, oldest first."""
        return [transaction for transaction in self.transactions if transaction.username == username]

    def unlisted(self, text: str) -> ApiFault:
        """Return a fault of the code that stands where PaperCut's own is not known."""
        return ApiFault(self.switches.unlisted_fault_code, text)

    # -- groups, printers, accounts: put in by hand

    def add_group(self, name: str, members: Iterable[str] = (), **fields: Any) -> Group:
        group = self.groups[name] = Group(name, set(members), **fields)
        return group

    def add_printer(self, server: str, name: str, **fields: Any) -> Printer:
        """Put in a queue; what is not given it takes from [Template Printer]."""
        template = self.template_printer
        given = {
            "page_cost": template.page_cost,
            "colour_page_cost": template.colour_page_cost,
            "duplex_discount_percent": template.duplex_discount_percent,
            "unauthenticated": template.unauthenticated,
            **fields,
        }
        printer = self.printers[(server, name)] = Printer(self.new_id(), server, name, **given)
        self.recorder.printer(printer)
        return printer

    def add_shared_account(self, name: str, **fields: Any) -> SharedAccountRecord:
        account = self.shared_accounts[name] = SharedAccountRecord(self.new_id(), name, **fields)
        self.recorder.account(account)
        return account

    def rename_shared_account(self, account: SharedAccountRecord, name: str) -> None:
        """Give the account another name; its sub-accounts go with it, and the history stays with all of them."""
        old = account.name
        names = {
            known: name + known.removeprefix(old)
            for known in self.shared_accounts
            if known == old or known.startswith(old + "\\")
        }
        for before, after in names.items():
            renamed = self.shared_accounts[after] = self.shared_accounts.pop(before)
            renamed.name = after
            self.recorder.account(renamed)
        for job in self.jobs:
            if job.account != job.username:
                job.account = names.get(job.account, job.account)
        for transaction in self.transactions:
            if not transaction.username:
                transaction.account = names.get(transaction.account, transaction.account)
        for user in self.users.values():
            user.auto_account = names.get(user.auto_account, user.auto_account)


# The attributes of `PaperCutState` that stand for PaperCut's database.
_IN_DATABASE = (
    "users",
    "deleted",
    "groups",
    "all_users",
    "shared_accounts",
    "printers",
    "template_printer",
    "config",
    "settings",
    "transactions",
    "jobs",
    "_ids",
)
_DEFAULT_CONFIG = {
    KEY_TOKEN: "",
    KEY_CALLERS: "127.0.0.1",
    "auth.admin.allowed-addresses": "*",
    "auth.devices.allowed-addresses": "*",
    KEY_USER_SOURCE: "",
    KEY_AUTH_PROGRAM: "",
    KEY_AUTH_ENVIRONMENT: "",
    KEY_LONG_RECORDS: "N",
    KEY_ALIASES: "N",
    KEY_HEALTH: "",
    "print-and-device.script.enabled": "Y",
}
