"""The books of a site: everything that one run on its money works with, in one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import cached_property

from relay.accounts import SHARED, LinkedAccount, can_be_a_persons, email_key, is_shared
from relay.errors import BadAnswer, NotFound
from relay.language import lazy
from relay.money.decide.evidence import Reading
from relay.money.decide.explain import LoggedJobs
from relay.money.ledger.store import Ledger, writing
from relay.papercut.client import AccountReading, SharedAccount
from relay.site import Site
from relay.stored_accounts import accounts_of

STILL_TRIES = 5


class JobEvidence:
    """What the job log, or PaperCut's database, can say about one account; each answer None where it cannot.

    A site without a job log has just this: nothing can be said.
    """

    def known(self, username: str, since: datetime, until: datetime, jobs: int | None) -> LoggedJobs | None:
        """Return what an account's jobs after `since` and up to `until` cost less refunds, and how many rows tell it.

        `jobs` is how many PaperCut's counter says there were, where it is known; fewer rows are jobs that the log does
        not tell. For a shared account ("account:NAME") both count everybody's jobs.
        """
        return None

    def missing(self, since: datetime) -> tuple[int, str]:
        """Return how many rows the log lacks since a moment, and a sentence on all that it lacks; "" for nothing."""
        return 0, ""

    def refunds(self, username: str, since: datetime) -> Sequence[tuple[str, int, datetime]] | None:
        """Return (job, micros, printed at) of every job of a person that was refunded since a moment."""
        return None

    def logged(self, reference: str) -> bool | None:
        """Return whether PaperCut's transaction table holds a comment with this reference."""
        return None

    def rows(self, username: str, since: datetime) -> Sequence[tuple[datetime, int]] | None:
        """Return (when, micros less refunds) of every job of an account after a moment, oldest first."""
        return None

    def told(self, username: str, since: datetime, until: datetime) -> str | None:
        """Return the jobs between two moments as [fees] detail wants them told in an invoice line."""
        return None


@contextmanager
def opened(site: Site, *, writes: bool, jobs: JobEvidence | None = None) -> Iterator[Books]:
    """Open one site's books for the `with` block; with `writes` under the site's lease. Raises AlreadyRunning."""
    clock = site.clock
    with writing(site) if writes else nullcontext(Ledger(site.database, site.name, clock)) as ledger:
        context = {one.name: getattr(site, one.name) for one in fields(Site)}
        linked = accounts_of(site.database, site.name)
        not_ours = site.settings.members.usernames_not_ours
        accounts = tuple(
            account
            for account in linked
            if account.username.lower() not in not_ours and (account.is_shared or can_be_a_persons(account.username))
        )
        evidence = jobs or JobEvidence()
        yield Books(**context, ledger=ledger, accounts=accounts, jobs=evidence, began_s=clock.monotonic_s())


@dataclass(frozen=True, slots=True)
class Wrong:
    """What did not read back as it must: of the one that went alone (the rest was then not begun), and of others."""

    first: str = ""
    others: tuple[str, ...] = ()


def first_alone(books: Books, one: Callable[[str], str | None], names: Sequence[str], title: str) -> Wrong:
    """Do `one(name)` for every name: alone until the first is verified, then `papercut.connections` at once.

    `one` returns what is wrong with an effect, "" for one that was verified, None where that cannot be said. So
    whatever is wrong with this server, or with its new version, is found on one person.
    """
    rest = list(names)
    with books.progress.phase(title, len(rest)) as phase:

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
        return Wrong(
            "", tuple(verdict for verdict in _in_parallel(told, rest, books.settings.papercut.connections) if verdict)
        )


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


@dataclass(frozen=True)
class Books(Site):
    """One site with its ledger open: the accounts linked when the run began, and what the job log can say.

    `began_s` is this run's beginning on its own monotonic clock: what an earlier run left open can be judged only after
    this run has waited, since wall clocks jump. `sent_s` has the moments of this run's own requests, by reference.
    """

    ledger: Ledger
    accounts: tuple[LinkedAccount, ...]
    jobs: JobEvidence
    began_s: float
    sent_s: dict[str, float] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        return self.settings.site.currency

    @cached_property
    def people(self) -> tuple[LinkedAccount, ...]:
        """The accounts that are a person's: who may be topped up, and whom OfficeRnD's fees name."""
        return tuple(account for account in self.accounts if not account.is_shared)

    @cached_property
    def by_member(self) -> Mapping[str, LinkedAccount]:
        return {account.member_id: account for account in self.accounts}

    @cached_property
    def by_address(self) -> Mapping[str, set[str]]:
        """The usernames by the address that each person's account was last seen with."""
        found: dict[str, set[str]] = {}
        for account in self.people:
            if account.account_email:
                found.setdefault(email_key(account.account_email), set()).add(account.username)
        return found

    def business_day(self) -> date:
        return self.clock.business_day(self.settings.site.timezone)

    def read_one(self, username: str) -> Reading:
        """Return what PaperCut holds of one account, now, balance and counter of one moment. Raises NotFound."""
        if not is_shared(username):
            return self._steady(username)
        found = self._read_shared([username])
        if username not in found:
            raise NotFound(
                lazy("PaperCut has no shared account %(username)s.", username=repr(username)), system="PaperCut"
            )
        return found[username]

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
        found = self.papercut.account_readings(usernames, self.progress)
        readings = {}
        for username, seen in found.items():
            try:
                readings[username] = self._reading(username, seen) if seen.is_steady else self._steady(username)
            except NotFound:
                continue
        return readings

    def _steady(self, username: str) -> Reading:
        """Read one account until no job lands between balance and counter."""
        for _ in range(STILL_TRIES):
            seen = self.papercut.account_reading(username)
            if seen.is_steady:
                return self._reading(username, seen)
        raise self._never_steady([username])

    def _reading(self, username: str, seen: AccountReading) -> Reading:
        """Return what was read of a person's account. Raises NotFound where the name is another linked person's by now.

        Staff rename accounts, also two with each other; until the next sync has followed, their names lead astray.
        """
        owners = self.by_address.get(email_key(seen.email), set()) if seen.email else set()
        if owners and username not in owners:
            raise NotFound(
                lazy("%(username)s is now the account of a different person from the one linked.", username=username),
                system="PaperCut",
            )
        return Reading(seen.balance, seen.jobs)

    def _shared_account(self, username: str) -> SharedAccount:
        """Return the linked shared account of this name. Raises NotFound, also where another has the name by now."""
        held = self.papercut.shared_account(username.removeprefix(SHARED))
        linked = next((account.member_id for account in self.accounts if account.username == username), None)
        if linked not in (None, f"{SHARED}{held.account_id}"):
            raise NotFound(
                lazy("%(username)s is now a different account from the one linked.", username=username),
                system="PaperCut",
            )
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
        raise self._never_steady(usernames)

    def _never_steady(self, usernames: Sequence[str]) -> BadAnswer:
        return BadAnswer(
            lazy(
                "Somebody printed each of the %(still_tries)s times that %(usernames)s was read, so what was "
                "printed for it is not certain; nothing was billed, run again.",
                still_tries=STILL_TRIES,
                usernames=", ".join(usernames[:3]),
            ),
            system="PaperCut",
            operation="getUserProperties",
        )
