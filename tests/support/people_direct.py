"""A site without sockets: the real PaperCut client talks to the stand-in's dispatcher, OfficeRnD is a handful of dicts.

For tests that sync hundreds of times. `MortalPaperCut` ends the run at its k-th write, as a kill would.
"""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import requests
from sqlalchemy import Engine

from relay.errors import NotFound
from relay.officernd.model import Company, Location, Member, Membership, Organization
from relay.papercut.client import PaperCut
from relay.people import make_plan, sync
from relay.people.decide.plan import SyncPlan
from relay.people.read import read_papercut
from relay.people.sync import SyncResult
from relay.people.world import PaperCutSide
from relay.progress import Progress
from relay.sandbox.papercut import PaperCutStandIn, dispatch
from relay.sandbox.papercut import sync as native
from relay.site import Site
from tests.support.people_site import answer_in_process
from tests.support.people_values import settings_for
from tests.support.still_clock import StillClock

HERE = "64b000000000000000000001"


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


class DirectSession:
    """Stands in the place of `requests.Session` and hands each call to the stand-in's own dispatcher."""

    def __init__(self, papercut: PaperCutStandIn) -> None:
        self._papercut = papercut

    def post(self, url: str, data: bytes, **_: object) -> Any:
        reply = dispatch.answer(self._papercut._context, data, "127.0.0.1")
        self._papercut.tasks.join()  # the clock stands still, so nobody could wait for a background task
        if reply.body is None:
            raise requests.ConnectionError("the answer is lost")
        return SimpleNamespace(status_code=reply.status, content=reply.body)


class MortalPaperCut(PaperCut):
    """Ends at the write number `dies_at` (from 1), before its effect or after it."""

    dies_at = 0
    after = False

    def _write(self, method: str, *parameters: Any) -> Any:
        dies = self.writes + 1 == self.dies_at
        if dies and not self.after:
            raise Killed(method)
        answer = super()._write(method, *parameters)
        if dies:
            raise Killed(method)
        return answer


class DictOfficeRnD:
    """OfficeRnD as dicts, with the reading half of the client's methods."""

    def __init__(self) -> None:
        self.people: dict[str, Member] = {}
        self.firms: dict[str, Company] = {}
        self.contracts: list[Membership] = []
        self.calls: Counter[str] = Counter()
        self.writes = 0

    def organization(self) -> Organization:
        return Organization("64a000000000000000000001", "acme", "Acme Works")

    def members(self, modified_since: str | None = None, *, progress: Progress | None = None) -> list[Member]:
        return [one for one in self.people.values() if one.modified_at >= (modified_since or "")]

    def companies(self, modified_since: str | None = None, *, progress: Progress | None = None) -> list[Company]:
        return [one for one in self.firms.values() if one.modified_at >= (modified_since or "")]

    def member(self, member_id: str) -> Member:
        return self._one(self.people, member_id)

    def company(self, company_id: str) -> Company:
        return self._one(self.firms, company_id)

    def members_by_email(self, email: str) -> list[Member]:
        return [one for one in self.people.values() if one.email == email]

    def locations(self) -> list[Location]:
        return [Location(HERE, "Sofia")]

    def memberships(self, *, progress: Progress | None = None) -> list[Membership]:
        return list(self.contracts)

    def plans(self) -> list[Any]:
        return []

    def _one(self, table: dict[str, Any], key: str) -> Any:
        if key not in table:
            raise NotFound("no such record", system="OfficeRnD")
        return table[key]


class DirectSite:
    """A site whose parts are all in this process. `native.ask_user_source` must be `answer_in_process` meanwhile."""

    def __init__(self, root: Path, database: Engine, **sections: dict[str, Any]) -> None:
        """Several sites may share one `database`: each has a name of its own, and a folder below `root`."""
        assert native.ask_user_source is answer_in_process
        name = secrets.token_hex(6)
        folder = root / name
        folder.mkdir(parents=True)
        self.settings = settings_for(folder, site={"name": name}, **sections)
        self.clock = StillClock(datetime.now(UTC))  # the user source tells a directory's age by the real time
        token = self.settings.papercut.auth_token.get_secret_value()
        self.standin = PaperCutStandIn(data_dir=folder / "papercut", clock=self.clock, token=token)
        self.state = self.standin.state
        self.officernd = DictOfficeRnD()
        self.database = database
        self.seconds = 0

    def papercut(self, dies_at: int = 0, after: bool = False) -> MortalPaperCut:
        """Return a client anew, as a new process would."""
        with mock.patch("relay.http.session", lambda **_: DirectSession(self.standin)):
            client = MortalPaperCut(self.settings, self.clock)
        client.dies_at, client.after = dies_at, after
        return client

    def context(self, papercut: PaperCut | None = None) -> Site:
        """Return the product's own context, with a client anew where none is given."""
        officernd: Any = self.officernd
        return Site(self.settings, officernd, papercut or self.papercut(), self.database, self.clock, Progress())

    def sync(self, papercut: PaperCut | None = None, **options: Any) -> SyncResult:
        self.clock.move(seconds=60)
        return sync(self.context(papercut), **options)

    def plan(self) -> SyncPlan:
        return make_plan(self.context())

    def read(self) -> PaperCutSide:
        return read_papercut(self.papercut(), Progress())

    def put_member(self, number: int, **fields: Any) -> Member:
        """Add a member or change one; `modified_at` moves on."""
        self.seconds += 1
        key = f"64d00000000000000000{number:04x}"
        before = self.officernd.people.get(key)
        values = {
            "name": f"Person {number}",
            "email": f"p{number}@x.example",
            "status": "active",
            "location": HERE,
            **({name: getattr(before, name) for name in Member.__slots__} if before else {}),
            **fields,
            "id": key,
            "modified_at": self._stamp(),
        }
        self.officernd.people[key] = Member(**values)
        return self.officernd.people[key]

    def put_company(self, number: int, name: str) -> str:
        """Add a company or give it another name, and return its id."""
        self.seconds += 1
        key = f"64c00000000000000000{number:04x}"
        self.officernd.firms[key] = Company(key, name, modified_at=self._stamp())
        return key

    def _stamp(self) -> str:
        return f"2026-01-01T{self.seconds // 3600:02d}:{self.seconds // 60 % 60:02d}:{self.seconds % 60:02d}.000Z"
