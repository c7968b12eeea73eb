"""Reading what PaperCut holds of the linked accounts, and booking it: the wallets moved on, each step an entry.

An account with a request on its way is not read into the journal: what its balance means is not known before that
request came to truth. Booking computes everything first; what it returns may be stored, or only looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from relay.accounts import LinkedAccount
from relay.errors import AuthFailed, BadAnswer, Refused, RelayError
from relay.money.books import Books
from relay.money.decide import wallet as wallets
from relay.money.decide.evidence import Reading
from relay.money.decide.holds import UNREAD, Held
from relay.money.decide.movement import Movement
from relay.money.decide.wallet import Entry, Wallet
from relay.money.ledger import holds, journal, records

PAUSED = "billed_by_papercut"  # the fact of a site that PaperCut did the billing since the last reading


def on_the_way(movements: Iterable[Movement]) -> set[str]:
    """Return the members with an adjustment that may be there: what their balance means is not known."""
    return {movement.member_id for movement in movements if movement.state in ("sent", "in_doubt")}


@dataclass(frozen=True)
class Found:
    """What PaperCut holds, by username, at one moment; the shared accounts that could not be read, with the error."""

    readings: Mapping[str, Reading]
    at: datetime
    unread: tuple[Held, ...] = ()
    problem: RelayError | None = None


def read_accounts(books: Books, accounts: Sequence[LinkedAccount]) -> Found:
    """Read accounts; shared ones that cannot be read stop nobody else's money."""
    people = [account for account in accounts if not account.is_shared]
    shared = [account for account in accounts if account.is_shared]
    readings = books.read_all(people)
    try:
        readings |= books.read_all(shared)
    except AuthFailed:
        raise
    except (BadAnswer, Refused) as error:
        unread = tuple(Held(account, 0, UNREAD, error.message) for account in shared)
        return Found(readings, books.clock.now(), unread, error)
    return Found(readings, books.clock.now())


@dataclass(frozen=True, slots=True)
class Booked:
    """One account's wallet moved on to a reading. `entries` lead to it; `ends` is a wallet of the member that is over.

    `wallet.id` is 0 for one that is new and not yet stored.
    """

    account: LinkedAccount
    wallet: Wallet
    reading: Reading
    entries: tuple[tuple[Entry, int], ...] = ()  # with the witness number at the reading before
    ends: Wallet | None = None
    is_changed: bool = True


@dataclass
class Booking:
    """All accounts of a run as read at one moment, booked, by member id; `over` are wallets whose link is gone."""

    at: datetime
    booked: dict[str, Booked] = field(default_factory=dict)
    over: list[Wallet] = field(default_factory=list)

    @property
    def fell(self) -> list[Booked]:
        """The accounts whose counter was found below its last value by this run."""
        return [one for one in self.booked.values() if any(entry.doubt == "counter_fell" for entry, _ in one.entries)]


def book(books: Books, found: Found, sent: Iterable[str], *, unbilled: str = "") -> Booking:
    """Given what was read, return every account's wallet moved on; `sent` are the wallets' members with a request open.

    `unbilled`, the fact `PAUSED`: PaperCut did the billing since the last reading of everybody ("yes"), or of the
    members named, so what is owed since then is an opening debt.
    """
    names = None if unbilled == "yes" else set(unbilled.split())
    open_now, busy = books.ledger.wallets(), set(sent)
    with books.ledger.read() as connection:
        closed = journal.closed_wallets(connection, books.name)
    booking = Booking(found.at)
    for account in books.accounts:
        reading = found.readings.get(account.username)
        if reading is None or account.member_id in busy:
            continue
        booking.booked[account.member_id] = _book_one(
            books, account, open_now, closed, reading, found.at, names is None or account.member_id in names
        )
    linked = books.by_member
    booking.over = [one for member_id, one in open_now.items() if member_id not in linked]
    return booking


def open_wallets(books: Books) -> None:
    """Open the wallets of linked accounts that have a movement and no wallet yet, as after a ledger was rebuilt."""
    waiting = {movement.member_id for movement in books.ledger.open_movements() if movement.wallet_id is None}
    known = books.ledger.wallets() if waiting else {}
    missing = [account for account in books.accounts if account.member_id in waiting - set(known)]
    if not missing:
        return
    fresh = [_opening(books, account) for account in missing]
    with books.ledger.write() as connection:
        stored = journal.add_wallets(connection, books.name, [wallet for wallet, _ in fresh])
        entries = [(wallet.id, entry, wallet.witness) for wallet, (_, entry) in zip(stored, fresh, strict=True)]
        journal.add_entries(connection, books.name, entries, books.clock.now(), books.ledger.witness)


def book_one(books: Books, account: LinkedAccount, before: Wallet, reading: Reading) -> Booked:
    """Return one account's wallet moved on to a reading taken right now."""
    now = books.clock.now()
    with books.ledger.read() as connection:
        paused = records.fact(connection, books.name, PAUSED)
    unbilled = paused == "yes" or account.member_id in paused.split()
    return _moved_on(books, account, before, reading, now, [], None, unbilled)


def end_pause(books: Books, connection: Connection, booking: Booking) -> None:
    """Remember of whom PaperCut's own billing was not read over yet: they were busy, or could not be read."""
    paused = records.fact(connection, books.name, PAUSED)
    if paused:
        names = [account.member_id for account in books.accounts] if paused == "yes" else paused.split()
        rest = [name for name in names if name not in booking.booked]
        records.set_fact(connection, books.name, PAUSED, " ".join(rest))


def store(books: Books, connection: Connection, booking: Booking, now: datetime) -> dict[str, Wallet]:
    """Store what was booked, in the caller's commit, and return the wallets with their ids, by member id."""
    ledger, site = books.ledger, books.name
    for one in booking.over:
        journal.store_wallets(connection, [replace(one, closed_at=now)])
    present = {member_id: replace(one.wallet, witness=ledger.witness) for member_id, one in booking.booked.items()}
    ended = [replace(one.ends, closed_at=now) for one in booking.booked.values() if one.ends is not None]
    journal.store_wallets(connection, ended)
    new = journal.add_wallets(connection, site, [wallet for wallet in present.values() if not wallet.id])
    present |= {wallet.member_id: wallet for wallet in new}
    holds.end_holds_of(connection, site, {wallet.member_id for wallet in new}, now)
    known = [one for one in booking.booked.values() if one.wallet.id]
    journal.store_wallets(connection, [present[one.account.member_id] for one in known if one.is_changed])
    unchanged = [one.wallet.id for one in known if not one.is_changed]
    journal.confirm_wallets(connection, unchanged, booking.at, ledger.witness)
    entries = [
        (present[member_id].id, entry, since)
        for member_id, one in booking.booked.items()
        for entry, since in one.entries
    ]
    journal.add_entries(connection, site, entries, booking.at, ledger.witness)
    return present


def store_one(books: Books, connection: Connection, one: Booked) -> Wallet:
    """Store one account's reading, in the caller's commit, and return its wallet."""
    wallet = replace(one.wallet, witness=books.ledger.witness)
    journal.store_wallets(connection, [wallet])
    journal.add_entries(
        connection,
        books.name,
        [(wallet.id, entry, since) for entry, since in one.entries],
        wallet.read_at,
        books.ledger.witness,
    )
    return wallet


def _book_one(
    books: Books,
    account: LinkedAccount,
    open_now: Mapping[str, Wallet],
    closed: Mapping[tuple[str, str], Wallet],
    reading: Reading,
    at: datetime,
    unbilled: bool,
) -> Booked:
    before, ends = open_now.get(account.member_id), None
    if before is not None and before.linked_at != account.linked_at:
        if before.is_continued_by(reading):
            before = replace(before, linked_at=account.linked_at)
        else:
            before, ends = None, before
    if before is None:
        before = _taken_up_again(account, closed, reading)
    if before is not None:
        moved = _moved_on(books, account, before, reading, at, [], ends, unbilled)
        stored = open_now.get(account.member_id)
        is_same_link = stored is not None and (stored.username, stored.linked_at) == (
            account.username,
            account.linked_at,
        )
        return replace(moved, is_changed=bool(moved.entries) or not is_same_link)
    fresh, entry = _opening(books, account)
    return _moved_on(books, account, fresh, reading, at, [(entry, fresh.witness)], ends, unbilled)


def _opening(books: Books, account: LinkedAccount) -> tuple[Wallet, Entry]:
    """Return the wallet of a link at its beginning, with the entry that opens it.

    The link is older than this run, which has raised the number: the one before it was in force between the two. What
    an older backup held of the account nobody can tell.
    """
    wallet, entry = wallets.opening(account, books.business_day())
    return replace(wallet, witness=max(0, books.ledger.witness - 1)), entry


def _taken_up_again(
    account: LinkedAccount, closed: Mapping[tuple[str, str], Wallet], reading: Reading
) -> Wallet | None:
    """Return the wallet of a link that is back: the very same one, as after a time in `not_ours`, or one made anew to
    the account that it had while nothing happened there in between."""
    former = closed.get((account.member_id, account.username))
    if former is None or (former.linked_at != account.linked_at and not former.is_continued_by(reading)):
        return None
    return replace(former, linked_at=account.linked_at, closed_at=None)


def _moved_on(
    books: Books,
    account: LinkedAccount,
    before: Wallet,
    reading: Reading,
    at: datetime,
    entries: list[tuple[Entry, int]],
    ends: Wallet | None,
    unbilled: bool,
) -> Booked:
    """Return a wallet moved on to a reading; `entries` come before the one that explains the reading."""
    present = replace(before, username=account.username)  # accounts are renamed
    if unbilled:
        after, entry = wallets.read_unbilled(present, reading, at, books.business_day())
    else:
        jobs = reading.jobs - (before.jobs or 0)
        is_same = reading.balance == before.balance and not jobs
        known = None if is_same or jobs < 0 else books.jobs.known(account.username, before.read_at, at, jobs)
        after, entry = wallets.read(present, reading, at, books.business_day(), known, books.settings.fees.uncounted)
    if entry is not None:
        entries = [*entries, (entry, before.witness)]
    return Booked(account, after, reading, tuple(entries), ends)
