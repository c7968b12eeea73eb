"""The books of a site: everything that one run on its money works with, in one value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Protocol

from relay import amounts
from relay.accounts import SHARED, LinkedAccount, is_shared
from relay.errors import BadAnswer, NotFound
from relay.money.decide.evidence import Reading
from relay.money.ledger.store import Ledger, open_ledger
from relay.papercut.client import SharedAccount
from relay.progress import Progress
from relay.site import Site
from relay.stored_accounts import accounts_of

READ = ("balance", "print-stats.job-count")
STILL_TRIES = 5


class JobEvidence(Protocol):
    """What the job log, or PaperCut's database, can say about one account; each answer None where it cannot."""

    def costs(self, username: str, since: datetime, until: datetime, jobs: int | None = None) -> int | None:
        """Return what all jobs of an account between two moments cost, micros.

        `jobs` is how many PaperCut's counter says there were, where it is known: a log that lags behind is no evidence.
        For a shared account that counter counts everybody's jobs.
        """

    def refunds(self, username: str, since: datetime) -> Sequence[tuple[str, int, datetime]] | None:
        """Return (job, micros, printed at) of every job of a person that was refunded since a moment."""

    def logged(self, reference: str) -> bool | None:
        """Return whether PaperCut's transaction table holds a comment with this reference."""

    def told(self, username: str, since: datetime, until: datetime) -> str | None:
        """Return the jobs between two moments as a text for an invoice line."""


@contextmanager
def opened(site: Site, *, writes: bool, jobs: JobEvidence | None = None) -> Iterator[Books]:
    """Open one site's books for the `with` block; with `writes` under the site's lease. Raises AlreadyRunning."""
    ledger = (
        open_ledger(site.database, site.settings, site.clock)
        if writes
        else Ledger(site.database, site.name, site.clock)
    )
    try:
        context = {field.name: getattr(site, field.name) for field in fields(Site)}
        accounts = accounts_of(site.database, site.name)
        yield Books(**context, ledger=ledger, accounts=accounts, jobs=jobs or NoEvidence())
    finally:
        if writes:
            ledger.release()


@dataclass(frozen=True, slots=True)
class Wrong:
    """What did not read back as it must: of the one that went alone (the rest was then not begun), and of others."""

    first: str = ""
    others: tuple[str, ...] = ()


def first_alone(
    one: Callable[[str], str | None], names: Sequence[str], workers: int, progress: Progress, title: str
) -> Wrong:
    """Do `one(name)` for every name: alone until the first is verified, then `workers` at once.

    `one` returns what is wrong with an effect, "" for one that was verified, None where that cannot be said. So
    whatever is wrong with this server, or with its new version, is found on one person.
    """
    rest = list(names)
    with progress.phase(title, len(rest)) as phase:

        def told(name: str) -> str | None:
            verdict = one(name)
            phase.advance()
            return verdict

        while rest:
            verdict = told(rest.pop(0))
            if verdict:
                return Wrong(verdict)
            if verdict == "":
                break
        return Wrong("", tuple(verdict for verdict in _in_parallel(told, rest, workers) if verdict))


def _in_parallel(one: Callable[[str], str | None], names: Sequence[str], workers: int) -> Iterator[str | None]:
    """Yield `one(name)` for every name, `workers` at once; a kill or an error in one ends the rest."""
    if workers <= 1:
        yield from map(one, names)
        return
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(one, name) for name in names]
        try:
            for future in futures:
                yield future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


class NoEvidence:
    """The answer of a site without a job log: nothing can be said."""

    def costs(self, username: str, since: datetime, until: datetime, jobs: int | None = None) -> int | None:
        return None

    def refunds(self, username: str, since: datetime) -> Sequence[tuple[str, int, datetime]] | None:
        return None

    def logged(self, reference: str) -> bool | None:
        return None

    def told(self, username: str, since: datetime, until: datetime) -> str | None:
        return None


@dataclass(frozen=True)
class Books(Site):
    """One site with its ledger open: the accounts linked when the run began, and what the job log can say."""

    ledger: Ledger
    accounts: tuple[LinkedAccount, ...]
    jobs: JobEvidence = field(default_factory=NoEvidence)

    @property
    def currency(self) -> str:
        return self.settings.site.currency

    @cached_property
    def people(self) -> tuple[LinkedAccount, ...]:
        """The accounts that are a person's: who may be topped up, and whom OfficeRnD's fees name."""
        return tuple(account for account in self.accounts if not account.is_shared)

    @cached_property
    def _usernames(self) -> dict[str, str]:
        return {account.member_id: account.username for account in self.accounts}

    def business_day(self) -> date:
        return self.clock.business_day(self.settings.site.timezone)

    def username_of(self, member_id: str, last_known: str) -> str:
        """Return a member's present username: accounts are renamed between two effects."""
        return self._usernames.get(member_id, last_known)

    def read_one(self, username: str) -> Reading:
        """Return what PaperCut holds of one account, now. Raises NotFound."""
        if not is_shared(username):
            return self._reading(username, self.papercut.user_properties(username, READ))
        found = self._read_shared([username])
        if username not in found:
            raise NotFound(f"PaperCut has no shared account {username!r}.", system="PaperCut")
        return found[username]

    def balance_of(self, username: str) -> int:
        """Return one account's balance, now; of a shared one without the round of all printers. Raises NotFound."""
        if is_shared(username):
            return self._shared_account(username).balance
        return self.read_one(username).balance

    def read_all(self, accounts: Sequence[LinkedAccount]) -> dict[str, Reading]:
        """Return by username what PaperCut holds of many accounts; one deleted meanwhile is left out."""
        people = [account.username for account in accounts if not account.is_shared]
        shared = [account.username for account in accounts if account.is_shared]
        return (self._read_people(people) if people else {}) | (self._read_shared(shared) if shared else {})

    def add(self, username: str, micros: int, comment: str) -> None:
        """Add to the balance of one account as a transaction in PaperCut; raises as the client does."""
        if is_shared(username):
            self.papercut.adjust_shared_account(username.removeprefix(SHARED), micros, comment)
        else:
            self.papercut.adjust_balance(username, micros, comment)

    def _read_people(self, usernames: Sequence[str]) -> dict[str, Reading]:
        title = "Reading balances"
        if not self.settings.papercut.personal_account:
            found = self.papercut.users_properties(usernames, READ, self.progress)
            return {username: self._reading(username, values) for username, values in found.items()}

        def one(username: str) -> tuple[str, Reading] | None:
            try:
                return username, self.read_one(username)
            except NotFound:
                return None

        both: Iterable[tuple[str, Reading] | None] = self.papercut.in_parallel(one, usernames, self.progress, title)
        return dict(item for item in both if item is not None)

    def _shared_account(self, username: str) -> SharedAccount:
        """Return the linked shared account of this name. Raises NotFound, also where another has the name by now."""
        held = self.papercut.shared_account(username.removeprefix(SHARED))
        linked = next((account.member_id for account in self.accounts if account.username == username), None)
        if linked not in (None, f"{SHARED}{held.account_id}"):
            raise NotFound(f"{username} is another account by now than the one linked.", system="PaperCut")
        return held

    def _read_shared(self, usernames: Sequence[str]) -> dict[str, Reading]:
        """Return what PaperCut holds of shared accounts; one that is not there is left out.

        A shared account has no job counter of its own: the printers' stands for it, read before and after the balance,
        so that a job which lands in between can never make the two contradict each other.
        """
        for _ in range(STILL_TRIES):
            jobs = self.papercut.jobs_printed()
            found = {}
            for username in usernames:
                try:
                    found[username] = Reading(self._shared_account(username).balance, jobs)
                except NotFound:
                    continue
            if self.papercut.jobs_printed() == jobs:
                return found
        raise BadAnswer(
            f"Somebody printed each of the {STILL_TRIES} times that {', '.join(usernames[:3])} was read, so what was "
            "printed for it is not certain; nothing was billed, run again.",
            system="PaperCut",
            operation="getSharedAccountProperties",
        )

    def _reading(self, username: str, values: dict[str, str]) -> Reading:
        text_balance, text_jobs = (values[name] for name in READ)
        try:
            jobs = int(text_jobs or "0")
            if self.settings.papercut.personal_account:
                # The property is the total of all personal accounts; what we adjust is one of them.
                return Reading(self.papercut.balance(username), jobs)
            return Reading(amounts.from_double(float(Decimal(text_balance))), jobs)
        except (InvalidOperation, ValueError, OverflowError):
            raise BadAnswer(
                f"PaperCut says {text_balance[:40]!r} for the balance and {text_jobs[:40]!r} for the job count of "
                f"{username}, which is no number; nothing was billed. Look at the account in PaperCut.",
                system="PaperCut",
                operation="getUserProperties",
            ) from None
