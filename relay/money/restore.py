"""After a restored PaperCut and a person's word: what each account lost is told from the journal and brought back.

The guard has raised the witness above every number that was ever used, so that another restore shows at once; only then
are accounts read. The word is spent by the commit that books the losses: a kill before it begins again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from relay import amounts
from relay.accounts import LinkedAccount
from relay.counted import counted
from relay.errors import UnsafePlan
from relay.language import lazy
from relay.money.act import readings
from relay.money.act.guard import Guard
from relay.money.act.planning import new_movement
from relay.money.books import Books
from relay.money.decide.evidence import Reading
from relay.money.decide.holds import RESTORED, Held, Hold
from relay.money.decide.movement import Movement
from relay.money.decide.remedies import of_refusal
from relay.money.decide.restoration import Restoration, restoration
from relay.money.decide.snapshot import snapshot_jobs, snapshot_state
from relay.money.decide.wallet import Wallet
from relay.money.ledger import holds, journal


def restore(books: Books, guard: Guard) -> None:
    """Carry out the word that a restored PaperCut is to be brought back, if one was given; else do nothing."""
    stop = guard.restoring
    if stop is None:
        return
    found = readings.read_accounts(books, books.accounts)
    if not guard.is_unchanged():
        return  # restored once more meanwhile: the word spoke of the first time
    held_before = {row.member_id for row in guard.untold()}
    restored: list[tuple[LinkedAccount, Restoration]] = []
    untold: list[Held] = []
    wallets, numbers = books.ledger.wallets(), guard.restored_numbers(stop)
    with books.ledger.read() as connection:
        states = journal.states(connection, books.name)
    for account in books.accounts:
        wallet, reading = wallets.get(account.member_id), found.readings.get(account.username)
        if wallet is None or reading is None or account.member_id in held_before:
            continue  # what is held since an earlier restore stays with the person
        rows = books.jobs.rows(account.username, states[wallet.id][0].at) if states.get(wallet.id) else None
        held = snapshot_state(states.get(wallet.id, []), numbers, reading, wallet.read_at, rows)
        if held is None:
            untold.append(Held(account, 0, RESTORED, _UNTOLD))
        else:
            restored.append((account, _restoration(books, wallet, held, reading, found.at)))
    open_now, now = books.ledger.open_movements(), books.clock.now()
    with books.ledger.write() as connection:  # the losses, what brings them back, and the end of the stop and its word
        _doubt(books, connection, open_now, numbers)
        for account, told in restored:
            _store_one(books, connection, account, told)
        holds.add_holds(connection, books.name, untold, now)
        holds.end_stop(connection, stop, now)
    guard.restored()


def carry_words(books: Books, guard: Guard) -> None:
    """Bring back the accounts of which nobody but a person could tell what they had lost, by the amounts named."""
    rows = [row for row in guard.untold() if row.word is not None and row.member_id in books.by_member]
    if not rows:
        return
    accounts = [books.by_member[row.member_id] for row in rows]
    found = readings.read_accounts(books, accounts)
    if not guard.is_unchanged():
        return
    wallets, now, numbers = books.ledger.wallets(), books.clock.now(), guard.last_restored_numbers()
    with books.ledger.read() as connection:
        states = journal.states(connection, books.name)
    done = []
    for row, account in zip(rows, accounts, strict=True):
        wallet, reading = wallets.get(row.member_id), found.readings.get(account.username)
        if wallet is None or reading is None:
            continue
        assert row.word is not None
        balance = wallet.balance - row.word.amount
        jobs = snapshot_jobs(states.get(wallet.id, []), numbers, balance, reading)
        held = Reading(balance, min(wallet.jobs or 0, reading.jobs) if jobs is None else jobs)
        done.append((row, account, _restoration(books, wallet, held, reading, found.at)))
    with books.ledger.write() as connection:
        for row, account, told in done:
            assert row.word is not None
            reference = _store_one(books, connection, account, told)
            holds.spend_word(connection, row.word.id, now, movement=reference)
    guard.told()


def _restoration(books: Books, wallet: Wallet, held: Reading, reading: Reading, at: datetime) -> Restoration:
    return restoration(wallet, held, reading, at, books.business_day(), books.settings.fees.uncounted)


def _store_one(books: Books, connection: Connection, account: LinkedAccount, told: Restoration) -> str | None:
    """Store one account's entries and the movement that brings its loss back; return its reference, None for none."""
    wallet = replace(told.wallet, witness=books.ledger.witness)
    journal.store_wallets(connection, [wallet])
    entries = [(wallet.id, entry, books.ledger.witness) for entry in told.entries]
    journal.add_entries(connection, books.name, entries, wallet.read_at, books.ledger.witness)
    if not told.amount:
        return None
    movement = new_movement(books, account, "restoration", told.amount, Counter())
    books.ledger.add_movement(connection, movement)
    return movement.reference


def _doubt(books: Books, connection: Connection, open_now: Iterable[Movement], numbers: Sequence[int]) -> None:
    """Judge what was sent by the number it was sent under: later than the restored one it is certainly not there."""
    restored = numbers[0]
    for movement in open_now:
        if movement.waits_for_fee:
            continue
        was_sent = movement.balance_before is not None
        if movement.state in ("sent", "in_doubt") and movement.witness > restored:
            nothing: Mapping[str, object] = {"balance_before": None, "jobs_before": None, "lost": False, "note": ""}
            books.ledger.step_movement(connection, movement.reference, "planned", "restored", {}, **nothing)
        elif movement.state == "sent" or (was_sent and movement.state != "in_doubt" and movement.witness <= restored):
            note = (
                f"PaperCut was restored: is {amounts.with_currency(movement.amount, books.currency)} on the "
                f"account of {movement.username} now? Look for {movement.reference} in its transactions."
            )
            books.ledger.step_movement(connection, movement.reference, "in_doubt", "restored", {}, note=note)


_UNTOLD = lazy(
    "what the restored PaperCut has forgotten of this balance cannot be told, so it is neither read nor moved until "
    "somebody names the amount that is missing, 0 for none"
)


def refusals(rows: Sequence[Hold]) -> list[UnsafePlan]:
    """Return the refusal of those who wait for an amount and for whom nobody has named one."""
    waiting = [row for row in rows if row.word is None]
    if not waiting:
        return []
    message = lazy(
        "%(people)s by %(code)s: nobody but you can tell what the restored PaperCut has forgotten; name the amount of "
        "each.",
        people=counted(len(waiting), "person is held", "people are held"),
        code=RESTORED,
    )
    return [UnsafePlan(RESTORED, message, count=len(waiting), remedies=of_refusal(RESTORED))]


def held_rows(books: Books, rows: Iterable[Hold]) -> list[Held]:
    """Return what waits for a person's amount, as a settle shows it."""
    return [
        Held(books.by_member[row.member_id], row.amount, row.code, row.reason)
        for row in rows
        if row.member_id in books.by_member
    ]
