"""A ledger with a spoiled page is found before anything is done; a lost one is told with the copy to put back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from relay.database import open_database
from relay.errors import LedgerError
from relay.money.ledger import copies
from tests.support.money_world import Site, billed_in_a_file


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return billed_in_a_file(tmp_path)


def test_a_page_in_the_middle_is_found_at_the_start(site: Site) -> None:
    good = copies.keep(site.database, site.settings, site.clock)
    site.database.dispose()
    ledger = site.folder / "state" / "ledger.db"
    content = bytearray(ledger.read_bytes())
    pages = len(content) // 4096
    found = 0
    for page in range(2, pages):
        spoiled = bytearray(content)
        spoiled[page * 4096 : page * 4096 + 512] = b"\xa5" * 512
        ledger.write_bytes(spoiled)
        try:
            open_database(site.settings).dispose()
        except LedgerError as error:
            found += 1
            assert "is damaged" in error.message and str(good) in error.message
    assert found >= pages - 6  # pages that are free hold nothing that could be spoiled
    ledger.write_bytes(content)


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_lost_ledger_is_told_with_the_newest_good_copy(site: Site, how: str) -> None:
    good = copies.keep(site.database, site.settings, site.clock)
    assert good is not None
    site.clock.move(days=1)
    shutil.copy(good, good.with_name("ledger-20261125-080000.db"))
    newest = good.with_name("ledger-20261125-080000.db")
    newest.write_bytes(newest.read_bytes()[:5000])  # newer, and not good
    site.database.dispose()
    ledger = site.folder / "state" / "ledger.db"
    ledger.unlink()
    if how == "empty":
        ledger.write_bytes(b"")
    database = open_database(site.settings)
    try:
        told = copies.put_back(database, site.settings)
    finally:
        database.dispose()
    assert str(good) in told and str(newest) not in told and f"over {ledger}" in told


def test_the_copies_of_a_ledger_that_began_anew_are_passed_over(site: Site) -> None:
    good = copies.keep(site.database, site.settings, site.clock)
    site.database.dispose()
    ledger = site.folder / "state" / "ledger.db"
    ledger.unlink()
    database = open_database(site.settings)
    site.clock.move(days=1)
    empty = copies.keep(database, site.settings, site.clock)
    told = copies.put_back(database, site.settings)
    database.dispose()
    assert str(good) in told and str(empty) not in told
