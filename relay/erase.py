"""Taking a person out of what is stored: name, address, username, documents and lines of the logs go, sums stay.

What stays speaks of a member id: movements, fees, journal and jobs keep it with their amounts, so that the books are as
balanced as before. What PaperCut and OfficeRnD hold is theirs to erase. See `deploy/docs/PRIVACY.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, String, Table, Text, delete, select, update

from papercut_scripts import compat
from relay import held_files, json_text, plain_files, private_files
from relay.accounts import folded
from relay.counted import counted
from relay.database import metadata, reading
from relay.errors import EXIT_DONE, RelayError, UnsafePlan, UsageError
from relay.jobs import tables as jobs
from relay.money.ledger import tables as money
from relay.money.ledger.store import Ledger
from relay.people.act import pins
from relay.site import Site
from relay.stored_accounts import linked_accounts, people_links

GONE = "erased"
OWN_TEXTS = ("note", "task", "document", "full_name", "display_name", "email", "account_email", "cards_written")


@dataclass(frozen=True)
class Erased:
    """What was taken out and why: rows of the ledger's database and lines of logs, by table and file."""

    member_id: str
    reason: str
    rows: dict[str, int]
    lines: dict[str, int]
    exit_code: int = EXIT_DONE

    def as_json(self) -> dict[str, Any]:
        return {"member_id": self.member_id, "reason": self.reason, "rows": self.rows, "lines": self.lines}

    def text(self) -> str:
        rows, lines = counted(sum(self.rows.values()), "row"), counted(sum(self.lines.values()), "line")
        return (
            f"Erased: {rows} of the ledger and {lines} of the logs no longer say who {self.member_id} was. "
            "Older copies of the ledger are gone within 14 daily runs; OfficeRnD and PaperCut keep their own records."
        )


@dataclass(frozen=True)
class _Person:
    member_id: str
    names: frozenset[str]  # usernames and addresses, long enough to be nobody else's
    full_names: frozenset[str]


def erase(site: Site, who: str, *, reason: str) -> Erased:
    """Take out of what is stored who `who` is (member id, username, e-mail address or full name).

    Raises UsageError for somebody who is not known, UnsafePlan while they are linked, owe something or have something
    open, RelayError where a log is held by another program: a second time does the rest.
    """
    if not reason.strip():
        raise UsageError("The reason is empty: say why, it is kept with the member id among the runs.")
    with reading(site.database) as connection:
        person = _find(connection, site.name, who)
    _refuse(site, person)
    # The ledger last: it alone knows the names, so that what a kill or a held log left undone is done a second time.
    lines = {file.name: count for file, alone in _logs(site) if (count := _erase_lines(file, alone, person))}
    pins.revoke_pin(site.settings.scripts.home, person.member_id)
    rows: dict[str, int] = {}
    with site.database.begin() as connection:
        for table in metadata.sorted_tables:
            if count := _erase_rows(connection, table, site.name, person):
                rows[table.name] = count
    return Erased(person.member_id, reason, rows, lines)


def _find(connection: Connection, site: str, who: str) -> _Person:
    wanted = folded(who.strip())
    known: dict[str, tuple[set[str], set[str]]] = {}

    def add(member_id: str, names: list[str], full_name: str) -> None:
        if member_id:
            own, full = known.setdefault(member_id, (set(), set()))
            own.update(name for name in names if name and not name.startswith(GONE))
            full.update({full_name} - {""})

    for row in connection.execute(select(people_links).where(people_links.c.site == site)).mappings():
        add(row["member_id"], [row["username"], row["email"], row["account_email"]], row["display_name"])
    for row in connection.execute(select(jobs.people).where(jobs.people.c.site == site)).mappings():
        add(row["member_id"], [row["username"]], row["full_name"])
    for table in (money.movements, money.wallets):
        query = select(table.c.member_id, table.c.username).where(table.c.site == site).distinct()
        for member_id, username in connection.execute(query):
            add(member_id, [username], "")
    found = [
        member_id
        for member_id, (own, full) in known.items()
        if wanted in {folded(word) for word in (member_id, *own, *full)}
    ]
    if not found:
        raise UsageError(f"Nothing is stored of {who!r}: name a member id, username, e-mail address or full name.")
    if len(found) > 1:
        raise UsageError(f"{who!r} is several people ({', '.join(sorted(found))}): name one by member id.")
    own, full = known[found[0]]
    return _Person(found[0], frozenset(own), frozenset(full))


def _refuse(site: Site, person: _Person) -> None:
    ledger = Ledger(site.database, site.name, site.clock)
    with reading(site.database) as connection:
        is_linked = bool(linked_accounts(connection, site.name, {person.member_id}))
    wallet = ledger.wallets().get(person.member_id)
    open_now = [movement for movement in ledger.open_movements() if movement.member_id == person.member_id]
    why = ""
    if open_now:
        why = f"movement {open_now[0].reference} is still open; bring it to its end first"
    elif wallet is not None and wallet.buckets.has_debt:
        why = "there is a debt in the ledger; bill or forgive it first"
    elif is_linked:
        why = "an account is still linked; it ends when the person has left, or with unlink"
    if why:
        raise UnsafePlan("not_erasable", f"Nothing was erased of {person.member_id}: {why}.", count=1)


def _erase_rows(connection: Connection, table: Table, site: str, person: _Person) -> int:
    """Take the person's names out of one table, and return how many rows changed."""
    if "site" not in table.c:
        return 0
    if table is jobs.people:
        own = (table.c.site == site, table.c.member_id == person.member_id)
        return connection.execute(delete(table).where(*own)).rowcount
    texts = [column for column in table.c if isinstance(column.type, (Text, JSON, String))]
    query = select(table).where(table.c.site == site)
    if table is jobs.jobs:  # the largest, and a row of it speaks of one person only
        query = query.where(table.c.member_id == person.member_id)
    changed = 0
    for row in connection.execute(query).mappings().all():
        is_own = row.get("member_id", row.get("subject_id")) == person.member_id
        new = {column.name: _without(row[column.name], column.name, is_own, person) for column in texts}
        new = {name: value for name, value in new.items() if value != row[name]}
        if new:
            where = [column == row[column.name] for column in table.primary_key]
            connection.execute(update(table).where(*where).values(**new))
            changed += 1
    return changed


def _without(value: Any, name: str, is_own: bool, person: _Person) -> Any:
    """Return one value of a row without the person's names; in rows of their own also without what was said of them."""
    if is_own and name in OWN_TEXTS:
        return "" if value else value
    if is_own and name == "username":
        return f"{GONE}-{person.member_id}" if value else value
    if isinstance(value, str):
        return _plain(value, person, is_own)
    if isinstance(value, dict):
        own = is_own or person.member_id in value.values()
        return {key: _without(item, "", own, person) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, "", is_own, person) for item in value]
    return value


def _plain(text: str, person: _Person, is_own: bool) -> str:
    for name in sorted(person.names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.@-]){re.escape(name)}(?![\w@-])", GONE, text, flags=re.IGNORECASE)
    for name in person.full_names if is_own else ():
        text = text.replace(name, GONE)
    return text


# Given the file of a log's lock: hold it for the `with` block, and say whether it was to be had.
Alone = Callable[[Path], AbstractContextManager[bool]]


def _logs(site: Site) -> Iterator[tuple[Path, Alone]]:
    """Yield the files of the relay's, the console's and the two programs' logs, older ones too, with how each is
    locked: those two programs lock theirs by a call of their own."""
    folders: tuple[tuple[Path, Alone], ...] = (
        (site.settings.site.state_dir / "logs", held_files.alone),
        (site.settings.scripts.home / "logs", _as_the_programs),
    )
    for folder, alone in folders:
        for file in sorted(folder.glob("*.log*")):
            if file.suffix != ".lock" and file.is_file() and not file.is_symlink():
                yield file, alone


@contextmanager
def _as_the_programs(lock_file: Path) -> Iterator[bool]:
    try:
        lock = compat.Lock(str(lock_file), held_files.PATIENCE_S)
        lock.__enter__()
    except compat.TimeOut:
        yield False
        return
    try:
        yield True
    finally:
        lock.__exit__()


def _erase_lines(file: Path, alone: Alone, person: _Person) -> int:
    """Take out of a log every line that names the person, and return how many there were; no other line gets lost."""
    with alone(file.with_name(f"{file.name.partition('.log')[0]}.log.lock")) as is_alone:
        if not is_alone:
            raise RelayError(f"Another program holds {file}: erase once more, which takes the person out of it.")
        lines = plain_files.text(file, errors="replace").splitlines(keepends=True)
        kept = [line for line in lines if not _names(line, person)]
        if len(kept) < len(lines):
            private_files.write_private(file, "".join(kept))
    return len(lines) - len(kept)


def _names(line: str, person: _Person) -> bool:
    try:
        row = json_text.parsed(line)
        line = " ".join(str(value) for value in row.values()) if isinstance(row, dict) else line
    except ValueError:
        pass
    return _plain(line, person, True) != line or person.member_id in line
