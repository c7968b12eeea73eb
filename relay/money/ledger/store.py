"""The ledger: what was decided, sent, answered and found, in SQL; one short transaction before and after each effect.

It stores and checks; it decides nothing and calls no remote system. Every write renews the run's lease first, so a run
that another one has replaced cannot write. A state changes only along `movement.STEPS`, and only if it is still what
the caller saw.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    Table,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from relay.clock import Clock
from relay.config import Settings
from relay.database import portions, reading, reason
from relay.errors import LedgerError
from relay.language import lazy
from relay.money.decide.holds import Stop
from relay.money.decide.movement import CLOSED, Fee, Kind, Movement, State, check_step
from relay.money.decide.wallet import Entry, Wallet, posted
from relay.money.ledger import holds, journal, lease, tables
from relay.site import Site

_FROM_FEE = ("fee_id", "fee_lost", "fee_price")  # of a movement, kept in the fee's row
# Built once: a settle asks for them thousands of times.
_MOVEMENTS = (
    select(
        *(tables.movements.c[name] for name in Movement.__dataclass_fields__ if name not in _FROM_FEE),
        func.coalesce(tables.fees.c.fee_id, "").label("fee_id"),
        func.coalesce(tables.fees.c.lost, False).label("fee_lost"),
        func.coalesce(tables.fees.c.price, 0).label("fee_price"),
        func.coalesce(tables.fees.c.note, "").label("fee_note"),
    )
    .select_from(tables.movements.outerjoin(tables.fees, tables.movements.c.fee_reference == tables.fees.c.reference))
    .order_by(tables.movements.c.business_day, tables.movements.c.created_at, tables.movements.c.reference)
)
_FEES = select(
    *(tables.fees.c[name] for name in Fee.__dataclass_fields__ if name != "fee_id"),
    func.coalesce(tables.fees.c.fee_id, "").label("fee_id"),
).order_by(tables.fees.c.business_day, tables.fees.c.reference)

_ITS_MOVEMENTS = _MOVEMENTS.where(tables.movements.c.site == bindparam("of_site"))
_OPEN_MOVEMENTS = _ITS_MOVEMENTS.where(tables.movements.c.state.not_in(CLOSED))
_DOUBTFUL = ("sent", "in_doubt")
_DOUBTFUL_MOVEMENTS = _ITS_MOVEMENTS.where(
    or_(
        tables.movements.c.state.in_(_DOUBTFUL),
        and_(tables.movements.c.fee_state.in_(_DOUBTFUL), tables.movements.c.state.not_in(CLOSED)),
    )
)
_MOVEMENT = _ITS_MOVEMENTS.where(tables.movements.c.reference == bindparam("of"))
_OF_FEE = _ITS_MOVEMENTS.where(tables.movements.c.fee_reference == bindparam("of"))
_ITS_FEES = _FEES.where(tables.fees.c.site == bindparam("of_site"))
_OPEN_FEES = _ITS_FEES.where(tables.fees.c.state.not_in(CLOSED))
_FEE = _ITS_FEES.where(tables.fees.c.reference == bindparam("of"))
_UNDER_FEE = select(tables.movements.c.reference).where(tables.movements.c.fee_reference == bindparam("of"))
_POSTED_SINCE = _ITS_FEES.where(
    tables.fees.c.state == "posted",
    tables.fees.c.fee_id.is_not(None),
    tables.fees.c.plan_id == bindparam("of_plan"),
    tables.fees.c.issue_date >= bindparam("since"),
)
_POSTED_BY_WORD = _ITS_FEES.where(tables.fees.c.state == "posted", tables.fees.c.fee_id.is_(None))


def _of(table: Table) -> ColumnElement[bool]:
    return and_(table.c.site == bindparam("of_site"), table.c.reference == bindparam("of"))


_STATE = {table: select(table.c.state).where(_of(table)) for table in (tables.fees, tables.movements)}
_STEP = {
    table: update(table).where(_of(table), table.c.state == bindparam("of_state"))
    for table in (tables.fees, tables.movements)
}


def _known(column: Column[str], *conditions: ColumnElement[bool]) -> Select[Any]:
    wanted = column.in_(bindparam("some", expanding=True))
    return select(column).where(tables.fees.c.site == bindparam("of_site"), wanted, *conditions)


_KNOWN_FEE_IDS, _KNOWN_REFERENCES = _known(tables.fees.c.fee_id), _known(tables.fees.c.reference)
_LIVE_REFERENCES = _known(tables.fees.c.reference, tables.fees.c.state != "withdrawn")


def _numbers(subject: Column[str], *conditions: ColumnElement[bool]) -> Select[Any]:
    its = subject.table.c
    where = (its.site == bindparam("of_site"), its.business_day == bindparam("on"), *conditions)
    return select(subject, func.max(its.sequence)).where(*where).group_by(subject)


_FEE_NUMBERS = _numbers(tables.fees.c.subject_id)
_MOVEMENT_NUMBERS = _numbers(tables.movements.c.member_id, tables.movements.c.kind == bindparam("of_kind"))
_FEES_ON = select(tables.movements.c.member_id).where(
    tables.movements.c.site == bindparam("of_site"),
    tables.movements.c.business_day == bindparam("on"),
    tables.movements.c.fee_state.in_(("posted", "sent", "in_doubt")),
)
_TAKEN_SUBJECTS = select(tables.fees.c.subject_id).where(
    tables.fees.c.site == bindparam("of_site"), tables.fees.c.taken.is_(True)
)
_ADD_FEE, _ADD_MOVEMENT, _EVIDENCE = insert(tables.fees), insert(tables.movements), insert(tables.evidence)


class Ledger:
    """The ledger of one site. `touched` gathers the references of the movements that this run did something to."""

    def __init__(self, engine: Engine, site: str, clock: Clock, epoch: int | None = None) -> None:
        self.engine = engine
        self.site = site
        self.witness = 0  # the number in force, see the guard
        self.touched: dict[str, None] = {}
        self._clock = clock
        self.epoch = epoch
        self._lock = threading.RLock()
        self._remembered: list[tuple[str, str, dict[str, Any]]] = []

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open one transaction; leaving the block commits it durably. Raises LedgerError when it cannot be written."""
        with self._lock, _translated(), self.engine.begin() as connection:
            if self.epoch is not None:
                lease.renew(connection, self.site, self.epoch, self._clock.now())
            yield connection
            for reference, event, detail in self._remembered:
                self.evidence(connection, reference, event, detail)
            self._remembered.clear()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _translated(), reading(self.engine) as connection:
            yield connection

    def remember(self, reference: str, event: str, detail: dict[str, Any]) -> None:
        """Record evidence that no decision rests on, with the next commit instead of one of its own."""
        with self._lock:
            self._remembered.append((reference, event, detail))

    def release(self) -> None:
        """Give the lease back at the end of a run."""
        if self._remembered:
            with self.write():
                pass
        if self.epoch is not None:
            with _translated(), self.engine.begin() as connection:
                lease.give_back(connection, self.site, self.epoch, self._clock.now())

    # -- reading -----------------------------------------------------------------------------------------------------

    def movements(self, *conditions: Any) -> list[Movement]:
        """Return the site's movements that satisfy the conditions, oldest first."""
        return self._movements(_ITS_MOVEMENTS.where(*conditions))

    def _movements(self, query: Select[Any], **of: str) -> list[Movement]:
        with self.read() as connection:
            return [_movement(row) for row in connection.execute(query, {"of_site": self.site, **of}).mappings()]

    def open_movements(self) -> list[Movement]:
        return self._movements(_OPEN_MOVEMENTS)

    def in_doubt(self) -> list[Movement]:
        """Return the movements of which one effect is sent or in doubt."""
        return self._movements(_DOUBTFUL_MOVEMENTS)

    def of_fee(self, fee_reference: str) -> list[Movement]:
        return self._movements(_OF_FEE, of=fee_reference)

    def named(self, references: Iterable[str]) -> list[Movement]:
        """Return the movements of these references, in any number of them."""
        reference = tables.movements.c.reference
        wanted = portions(sorted(set(references)))
        return [movement for some in wanted for movement in self.movements(reference.in_(some))]

    def movement(self, reference: str) -> Movement:
        found = self._movements(_MOVEMENT, of=reference)
        if not found:
            raise LedgerError(
                lazy(
                    "The ledger of site %(site)s has no movement %(reference)s.",
                    site=repr(self.site),
                    reference=reference,
                )
            )
        return found[0]

    def fees(self, *conditions: Any) -> list[Fee]:
        return self._fees(_ITS_FEES.where(*conditions))

    def _fees(self, query: Select[Any], **of: str | date) -> list[Fee]:
        with self.read() as connection:
            return [Fee(**row) for row in connection.execute(query, {"of_site": self.site, **of}).mappings()]

    def fees_named(self, references: Iterable[str]) -> list[Fee]:
        """Return the fees of these references, in any number of them."""
        wanted = portions(sorted(set(references)))
        return [fee for some in wanted for fee in self.fees(tables.fees.c.reference.in_(some))]

    def posted_fees(self) -> list[Fee]:
        return self.fees(tables.fees.c.state == "posted")

    def posted_since(self, plan_id: str, issued_from: date | None) -> list[Fee]:
        """Return the fees of a plan that are there by OfficeRnD's own id, issued on or after a day."""
        return self._fees(_POSTED_SINCE, of_plan=plan_id, since=issued_from or date.min)

    def posted_by_word(self) -> list[Fee]:
        """Return the fees that only a person's word says are there: which of OfficeRnD's they are is not known."""
        return self._fees(_POSTED_BY_WORD)

    def fees_not_made(self, references: Iterable[str]) -> list[Fee]:
        """Return those fees that are planned, or were proved not to be there."""
        wanted = tables.fees.c.reference.in_(sorted(references))
        return self.fees(wanted, tables.fees.c.state.in_(("planned", "failed")))

    def posted_of(self, member_id: str, *kinds: Kind, since: date | None = None) -> list[Movement]:
        """Return a member's movements of some kinds that are there, on or after a business day."""
        table = tables.movements
        conditions = [table.c.member_id == member_id, table.c.state == "posted", table.c.kind.in_(kinds)]
        if since is not None:
            conditions.append(table.c.business_day >= since)
        return self.movements(*conditions)

    def open_fees(self) -> list[Fee]:
        return self._fees(_OPEN_FEES)

    def fee(self, reference: str) -> Fee:
        found = self._fees(_FEE, of=reference)
        if not found:
            raise LedgerError(
                lazy("The ledger of site %(site)s has no fee %(reference)s.", site=repr(self.site), reference=reference)
            )
        return found[0]

    def known_fee_ids(self, fee_ids: Iterable[str]) -> set[str]:
        """Return those of OfficeRnD's fee ids that the ledger holds as its own."""
        return self._known(_KNOWN_FEE_IDS, fee_ids)

    def known_references(self, references: Iterable[str], *, live: bool = False) -> set[str]:
        """Return those references that the ledger issued; with `live` without the withdrawn ones."""
        return self._known(_LIVE_REFERENCES if live else _KNOWN_REFERENCES, references)

    def _known(self, query: Select[Any], values: Iterable[str]) -> set[str]:
        wanted = sorted(set(values))
        if not wanted:
            return set()
        found: set[str] = set()
        with self.read() as connection:
            for some in portions(wanted):
                found.update(connection.execute(query, {"of_site": self.site, "some": some}).scalars())
        return found

    def taken_subjects(self) -> set[str]:
        """Return the members and companies with a fee whose adjustments this ledger never made."""
        with self.read() as connection:
            return set(connection.execute(_TAKEN_SUBJECTS, {"of_site": self.site}).scalars())

    def has_fees(self) -> bool:
        with self.read() as connection:
            query = select(tables.fees.c.reference).where(tables.fees.c.site == self.site).limit(1)
            return connection.execute(query).first() is not None

    def fee_numbers(self, business_day: date) -> Counter[str]:
        """Return the last number that each subject's fees of a business day have; withdrawn ones too."""
        return self._numbers(_FEE_NUMBERS, on=business_day)

    def movement_numbers(self, business_day: date, kind: Kind) -> Counter[str]:
        """Return the last number that each member's movements of a kind and business day have; withdrawn ones too."""
        return self._numbers(_MOVEMENT_NUMBERS, on=business_day, of_kind=kind)

    def _numbers(self, query: Select[Any], **of: str | date) -> Counter[str]:
        with self.read() as connection:
            rows = connection.execute(query, {"of_site": self.site, **of})
            return Counter({row[0]: int(row[1]) for row in rows})

    def fees_on(self, business_day: date) -> Counter[str]:
        """Return how many fees each member has of a business day; failed and withdrawn ones are none."""
        with self.read() as connection:
            return Counter(connection.execute(_FEES_ON, {"of_site": self.site, "on": business_day}).scalars())

    def wallets(self) -> dict[str, Wallet]:
        """Return the wallet of every present link, by member id."""
        with self.read() as connection:
            return journal.open_wallets(connection, self.site)

    def stops(self) -> list[Stop]:
        """Return the stops that stand, answered or not."""
        with self.read() as connection:
            return holds.open_stops(connection, self.site)

    def wallet(self, wallet_id: int) -> Wallet:
        with self.read() as connection:
            return journal.wallet(connection, wallet_id)

    # -- writing -----------------------------------------------------------------------------------------------------

    def add_fee(self, connection: Connection, fee: Fee, *, taken: bool = False) -> None:
        """Store a planned fee, or one `taken` over from OfficeRnD. The same reference twice is a bug: it stops here."""
        now = self._clock.now()
        row = {"site": self.site, "subject_id": fee.subject_id, "taken": taken, "created_at": now, "changed_at": now}
        connection.execute(_ADD_FEE, row | asdict(fee) | {"fee_id": fee.fee_id or None})

    def add_movement(self, connection: Connection, movement: Movement, corrects: str | None = None) -> None:
        """Store a planned movement, bound to the present wallet of its member."""
        now = self._clock.now()
        values = asdict(movement)
        for name in _FROM_FEE:
            values.pop(name)
        if movement.wallet_id is None:
            present = journal.open_wallets(connection, self.site, movement.member_id).get(movement.member_id)
            values["wallet_id"] = present.id if present is not None else None
        row = {"site": self.site, "created_at": now, "changed_at": now, "corrects": corrects}
        connection.execute(_ADD_MOVEMENT, row | values)
        self.evidence(connection, movement.reference, "planned", {"amount": movement.amount, "kind": movement.kind})
        self.touched[movement.reference] = None

    def step_fee(
        self, connection: Connection, reference: str, state: State, event: str, detail: dict[str, Any] | None = None,
        **values: Any,
    ) -> None:  # fmt: skip
        """Move a fee to `state` and record why; its movements count as touched."""
        self._step(connection, tables.fees, reference, state, event, detail, values)
        self._touch(connection, reference)

    def _touch(self, connection: Connection, fee_reference: str) -> None:
        for row in connection.execute(_UNDER_FEE, {"of": fee_reference}):
            self.touched[row.reference] = None

    def step_movement(
        self, connection: Connection, reference: str, state: State, event: str, detail: dict[str, Any] | None = None,
        **values: Any,
    ) -> None:  # fmt: skip
        """Move an adjustment to `state` and record why; once posted, its wallet moves with it."""
        self._step(connection, tables.movements, reference, state, event, detail, values)
        self.touched[reference] = None
        if state == "posted":
            self._book_posted(connection, reference)

    def withdraw(self, connection: Connection, fee: Fee, movements: Sequence[Movement]) -> None:
        """Take back a fee that is certainly not there, with everything under it."""
        for movement in movements:
            self.step_movement(connection, movement.reference, "withdrawn", "withdrawn")
        self.step_fee(connection, fee.reference, "withdrawn", "withdrawn")

    def answer_fee(self, connection: Connection, reference: str, said: str, *, lost: bool) -> None:
        """Record an answer to a fee that was no plain success; `lost`: there was none."""
        values: dict[str, Any] = {"note": said} | ({"lost": True} if lost else {})
        connection.execute(update(tables.fees).where(tables.fees.c.reference == reference).values(**values))
        self.evidence(connection, reference, "lost" if lost else "refused", {"error": said})

    def answer_movement(self, connection: Connection, movement: Movement, said: str, *, lost: bool) -> None:
        """Record an answer to an adjustment that was no plain success; `lost`: there was none."""
        values: dict[str, Any] = {"note": said} | ({"lost": True} if lost else {})
        where = tables.movements.c.reference == movement.reference
        connection.execute(update(tables.movements).where(where).values(**values))
        self.evidence(connection, movement.reference, "lost" if lost else "refused", {"error": said})

    def note_fee(self, connection: Connection, reference: str, event: str, note: str, detail: dict[str, Any]) -> None:
        """Record an observation on a fee whose state it does not change; its movements count as touched."""
        where = tables.fees.c.reference == reference
        connection.execute(update(tables.fees).where(where).values(note=note, changed_at=self._clock.now()))
        self.evidence(connection, reference, event, detail)
        self._touch(connection, reference)

    def identify(self, connection: Connection, reference: str, fee_id: str) -> None:
        """Record which of OfficeRnD's fees is the one that a person said is there."""
        fees = tables.fees
        where = and_(fees.c.site == self.site, fees.c.reference == reference, fees.c.fee_id.is_(None))
        connection.execute(update(fees).where(where).values(fee_id=fee_id, changed_at=self._clock.now()))
        self.evidence(connection, reference, "identified", {"fee_id": fee_id})

    def note(self, connection: Connection, movement: Movement, event: str, note: str, detail: dict[str, Any]) -> None:
        """Record an observation on a movement whose state it does not change."""
        table, reference = (
            (tables.fees, movement.fee_reference) if movement.waits_for_fee else (tables.movements, movement.reference)
        )
        connection.execute(
            update(table).where(table.c.reference == reference).values(note=note, changed_at=self._clock.now())
        )
        self.evidence(connection, movement.reference, event, detail)
        self.touched[movement.reference] = None

    def evidence(
        self, connection: Connection, reference: str, event: str, detail: dict[str, Any] | None = None
    ) -> None:
        now = self._clock.now()
        row = {"site": self.site, "reference": reference, "at": now, "event": event, "detail": detail or {}}
        connection.execute(_EVIDENCE, row)

    def book(self, connection: Connection, wallet: Wallet, entry: Entry, since: int) -> int:
        """Store a wallet's new state with the entry that leads to it, and return the entry's id."""
        journal.store_wallets(connection, [wallet])
        return journal.add_entry(connection, self.site, wallet.id, entry, self._clock.now(), self.witness, since)

    def _step(
        self, connection: Connection, table: Table, reference: str, state: State, event: str,
        detail: dict[str, Any] | None, values: dict[str, Any],
    ) -> None:  # fmt: skip
        this = {"of_site": self.site, "of": reference}
        old = connection.execute(_STATE[table], this).scalar()
        if old is None:
            raise LedgerError(
                lazy("The ledger of site %(site)s has no %(reference)s.", site=repr(self.site), reference=reference)
            )
        check_step(reference, old, state)
        new = {"state": state, "changed_at": self._clock.now(), **values}
        assert new.keys() <= set(table.c.keys())  # SQLAlchemy passes over a name that is no column
        changed = connection.execute(_STEP[table], this | {"of_state": old} | new)
        if changed.rowcount != 1:
            raise LedgerError(
                lazy(
                    "Another run has just changed %(reference)s; nothing more was sent. Run again.", reference=reference
                )
            )
        self.evidence(connection, reference, event, detail)

    def _book_posted(self, connection: Connection, reference: str) -> None:
        """Book an adjustment that is there, on the wallet that it was decided on."""
        this = {"of_site": self.site, "of": reference}
        movement = _movement(connection.execute(_MOVEMENT, this).mappings().one())
        if movement.wallet_id is None:
            return
        wallet = journal.wallet(connection, movement.wallet_id)
        after, entry = posted(wallet, movement, movement.business_day)
        self.book(connection, after, entry, movement.witness)


def open_ledger(engine: Engine, settings: Settings, clock: Clock, holder: str | None = None) -> Ledger:
    """Return the site's ledger for a run that writes: it holds the lease. Raises AlreadyRunning."""
    site = settings.site.name
    with _translated():
        try:
            with engine.begin() as connection:
                epoch = lease.take(connection, site, holder or lease.holder_of(settings), clock.now())
        except IntegrityError:
            raise lease.just_taken(site) from None
    return Ledger(engine, site, clock, epoch)


@contextmanager
def writing(site: Site) -> Iterator[Ledger]:
    """Hold a site's lease for the `with` block, and yield its ledger to write to. Raises AlreadyRunning."""
    ledger = open_ledger(site.database, site.settings, site.clock)
    try:
        yield ledger
    finally:
        ledger.release()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise LedgerError(
            lazy(
                "The ledger refuses what must not be (%(reason)s), so the run stopped before sending it. This is a "
                "bug: keep a copy of the ledger and report it.",
                reason=reason(error),
            )
        ) from None
    except DBAPIError as error:
        raise LedgerError(
            lazy(
                "The ledger cannot be written (%(reason)s), so the run stopped before sending anything more: see to "
                "its disk, rights or server, then run again; what was begun is finished then.",
                reason=reason(error),
            )
        ) from None


def _movement(row: RowMapping) -> Movement:
    values = dict(row)
    fee_note = values.pop("fee_note")
    movement = Movement(**values)
    if movement.waits_for_fee and fee_note:
        return Movement(**(values | {"note": fee_note}))
    return movement


def open_of(movements: Sequence[Movement]) -> set[str]:
    """Return the member ids that have an open movement."""
    return {movement.member_id for movement in movements if movement.state not in CLOSED}
