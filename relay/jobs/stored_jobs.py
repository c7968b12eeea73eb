"""What is known of a source already, for the source that is being read: it asks the ledger here, not who imports it."""

from __future__ import annotations

from sqlalchemy import Engine

from relay.database import reading
from relay.jobs import store
from relay.jobs.job import Cursor


class StoredJobs:
    """What is stored of a source: read afresh at each question, so that it needs no transaction of its own."""

    def __init__(self, database: Engine, site: str, source: str) -> None:
        self._database = database
        self._site = site
        self._source = source

    def cursors(self) -> dict[str, Cursor]:
        with reading(self._database) as connection:
            return store.cursors(connection, self._site, self._source)

    def equal_rows(self, bases: list[str]) -> dict[str, int]:
        with reading(self._database) as connection:
            return store.equal_rows(connection, self._site, bases)
