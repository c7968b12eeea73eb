"""A site of the people room for whole-story tests: both stand-ins, real clients, a ledger of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from papercut_scripts import user_source
from relay import config
from relay.database import open_database
from relay.officernd.client import OfficeRnD
from relay.papercut.client import PaperCut
from relay.people import make_plan, sync
from relay.people.decide.plan import SyncPlan
from relay.people.sync import SyncResult
from relay.progress import Progress
from relay.sandbox.organisation import Organisation, SampleCompany, SampleMember, SampleUser, make_organisation
from relay.sandbox.pair import Pair
from relay.sandbox.papercut.programs import ProgramError, ProgramOutput
from relay.sandbox.papercut.state import PaperCutState
from relay.site import Site
from tests.support.quick_clock import QuickClock

START = date(2026, 1, 1)


def answer_in_process(state: PaperCutState, command: str, *arguments: str, typed: str = "") -> ProgramOutput:
    """Ask the real user source without starting a process for it: same code, same files, a hundred times faster."""
    output: list[bytes] = []
    errors: list[str] = []
    home = str(state.data_dir.parent / "home")
    code = user_source.serve(
        lambda: home, lambda: ["-", command, *arguments], lambda limit: typed.encode(), output.append, errors.append
    )
    if code:
        raise ProgramError(f"{command} ended with exit code {code}: {' '.join(errors)}")
    return ProgramOutput(code, b"".join(output).decode(), "")


class PeopleSite:
    """A running site. `settings` are sections of relay.toml; what the stand-ins hold is in `state` and `pair`."""

    def __init__(
        self, folder: Path, *, members: int = 12, settings: dict[str, dict[str, Any]] | None = None, **pair: Any
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.pair = Pair(folder, members=members, **pair).start()
        self.folder = folder
        self.clock = QuickClock()
        self.state = self.pair.papercut.state
        self.organisation: Organisation = self.pair.organisation
        self.configure(settings or {})
        self.database = open_database(self.settings)
        self.connect()

    def configure(self, sections: dict[str, dict[str, Any]]) -> None:
        """Read the settings again with `sections` merged in."""
        raw = tomllib.loads(self.pair.config_file.read_text(encoding="utf-8"))
        for name, values in sections.items():
            raw.setdefault(name, {}).update(values)
        self.settings = config.parse(raw, self.pair.config_file, {})
        self.connect()

    def connect(self) -> None:
        """Make both clients anew, as a new process would."""
        self.officernd = OfficeRnD(self.settings, self.clock)
        self.papercut = PaperCut(self.settings, self.clock)
        self.asked = self.pair.papercut.faults.calls
        self.asked.clear()

    def stop(self) -> None:
        self.database.dispose()
        self.pair.stop()

    @property
    def context(self) -> Site:
        """The product's own context, with the clients of the moment."""
        return Site(self.settings, self.officernd, self.papercut, self.database, self.clock, Progress())

    def plan(self, **options: Any) -> SyncPlan:
        return make_plan(self.context, **options)

    def sync(self, **options: Any) -> SyncResult:
        return sync(self.context, **options)

    def sync_twice(self, **options: Any) -> SyncResult:
        """Sync, hold the second sync to nothing, and return the first."""
        first = self.sync(**options)
        assert first.failures == () and first.refused == (), (first.failures, first.refused)
        writes = self.papercut.writes
        second = self.sync()
        assert second.plan.changes == (), second.plan.changes
        assert self.papercut.writes == writes
        assert second.exit_code == 0
        return first

    def members_of(self, group: str) -> set[str]:
        return set(self.state.groups[group].members)

    def generation(self) -> str:
        return (self.pair.home / "directory" / "CURRENT").read_text().strip()


def small_organisation(people: Sequence[tuple[str, str, str]]) -> Organisation:
    """Return an organisation of exactly these active people, (name, e-mail, company or ""), each with a password."""
    base = make_organisation(0)
    names = sorted({company for _, _, company in people if company})
    ids = {name: f"64c0000000000000000000{number:02x}" for number, name in enumerate(names)}
    location = base.locations[0].id
    changed = "2026-01-01T00:00:00.000Z"
    members = tuple(
        SampleMember(
            f"64d0000000000000000000{number:02x}",
            name,
            email,
            "active",
            location,
            ids.get(company, ""),
            START,
            {},
            changed,
        )
        for number, (name, email, company) in enumerate(people, 1)
    )
    return replace(
        base,
        companies=tuple(SampleCompany(ids[name], name, "", "active", location, START, {}, changed) for name in names),
        members=members,
        users=tuple(
            SampleUser(f"64e{one.id[3:]}", one.email, one.name, "Secret-1")
            for one in {one.email: one for one in members if one.email}.values()
        ),
    )


Make = Callable[..., PeopleSite]
