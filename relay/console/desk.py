"""What every page and the schedule work with: settings in force, ledger, works under way, audit, state of both systems.

Writing goes through the rooms' own functions under the site's lock, exactly as from the command line.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine

from relay import config, language, passwords, plain_files
from relay import run as story
from relay.clock import Clock
from relay.config import Settings
from relay.console.ahead import Ahead, Known
from relay.console.audit import Audit
from relay.console.settings_file import Draft
from relay.console.work import Result, Work, Works
from relay.database import Changes, open_database
from relay.errors import ConfigError, RelayError
from relay.formats import Formats
from relay.language import lazy
from relay.lock import site_lock
from relay.officernd.model import Location, Plan
from relay.passwords import ConsoleUser
from relay.people.act.publish import current_directory
from relay.people.directory import Directory
from relay.private_files import make_private_folder
from relay.progress import Progress
from relay.site import Site, open_site

log = logging.getLogger(__name__)

Returned = TypeVar("Returned")

# What cannot change while the console runs, by its place in relay.toml.
FIXED = {
    "[site] name": attrgetter("site.name"),
    "[site] state_dir": attrgetter("site.state_dir"),
    "[ledger] url": attrgetter("ledger_url"),
    "[console] public_url": attrgetter("console.public_url"),
    "[members_page] listen": attrgetter("members_page.listen"),
    "[members_page] public_url": attrgetter("members_page.public_url"),
}


@dataclass(frozen=True)
class Glance:
    """What the two systems said when they were last asked; an empty `problem` means that one answers."""

    at: datetime
    papercut_problem: str = ""
    officernd_problem: str = ""
    papercut_users: int | None = None
    organization: str = ""
    locations: tuple[Location, ...] = ()
    plans: tuple[Plan, ...] = ()


@dataclass
class Desk:
    """The console's own state. One per process; safe to use from every thread."""

    settings: Settings
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        folder = self.settings.site.state_dir / "console"
        make_private_folder(folder)
        self.folder = folder
        self.database: Engine = open_database(self.settings)
        self._changes = Changes(self.database)
        self.ahead = Ahead(self.clock)
        self.works = Works(folder / "works", self.clock)
        self.audit = Audit(self.settings.site.state_dir / "logs", self.clock)
        self.users: dict[str, ConsoleUser] = {}
        self._formats: dict[str, Formats] = {}
        self.settings_problem = ""
        self.glance: Glance | None = None
        # Settings by the name of who made them; a restart forgets what was not saved.
        self.drafts: dict[str, Draft] = {}
        self.wake = threading.Event()  # tells the schedule that there is a reason to look sooner
        self._lock = threading.RLock()
        self._stamp = file_stamp(self.settings.path)
        self._directory: tuple[str, Directory | None] = ("", None)
        self._kept: dict[str, tuple[object, Any]] = {}
        self._take(self.settings)

    # -- settings

    def refresh(self, *, always: bool = False) -> None:
        """Take over relay.toml when it has changed; one that cannot be accepted leaves the old settings in force."""
        with self._lock:
            stamp = file_stamp(self.settings.path)
            if stamp == self._stamp and not always:
                return
            self._stamp = stamp
            try:
                self._take(config.load(self.settings.path))
                self.settings_problem = ""
            except ConfigError as error:
                self.settings_problem = error.message
                log.error("relay.toml cannot be accepted, the earlier settings stay in force: %s", error.message)

    def _take(self, settings: Settings) -> None:
        old, users = self.settings, passwords.read_users(_secret(settings.console.password_hash))
        fixed = ", ".join(place for place, value in FIXED.items() if value(old) != value(settings))
        if fixed:
            raise ConfigError([lazy("%(fixed)s cannot change while it runs: restart the console.", fixed=fixed)])
        self.settings, self.users, self._formats = settings, users, {}

    @property
    def formats(self) -> Formats:
        """How dates and amounts are written on the page that is being made, or by the site outside of one."""
        spoken, own = language.spoken(), self.settings.console.locale
        locale = spoken.locale if spoken else own
        return self._formats.setdefault(locale, Formats(self.settings, locale))

    # -- both systems

    @contextmanager
    def site(self, progress: Progress | None = None, *, writes: bool = False) -> Iterator[Site]:
        """Open both clients for the `with` block; `writes` holds the site's lock meanwhile."""
        settings = self.settings
        lock = site_lock(settings.site.state_dir) if writes else nullcontext()
        with lock, open_site(settings, self.clock, progress or Progress()) as site:
            yield site

    def look(self) -> Glance:
        """Ask both systems whether they answer, and what locations and plans there are."""
        users: int | None = None
        problems = {"papercut": "", "officernd": ""}
        organization, locations, plans = "", tuple[Location, ...](), tuple[Plan, ...]()
        with self.site() as site:
            try:
                users = site.papercut.total_users()
            except RelayError as error:
                problems["papercut"] = error.message
            try:
                organization = site.officernd.organization().name
                locations, plans = tuple(site.officernd.locations()), tuple(site.officernd.plans())
            except RelayError as error:
                problems["officernd"] = error.message
        old = self.glance
        self.glance = Glance(
            self.clock.now(),
            problems["papercut"],
            problems["officernd"],
            users,
            organization,
            locations or (old.locations if old else ()),
            plans or (old.plans if old else ()),
        )
        return self.glance

    def begin(
        self,
        kind: str,
        title: str,
        who: str,
        call: Callable[[Site], Result],
        *,
        writes: bool,
        recorded: bool = False,
        facts: dict[str, Any] | None = None,
        wait: bool = False,
    ) -> Work:
        """Start `call` as a work of its own, under the site's lock when it writes; `recorded` for `status`."""

        def work(progress: Progress) -> Result:
            with self.site(progress, writes=writes) as site:
                return story.recorded(site, kind, lambda: call(site)) if recorded else call(site)

        return (self.works.do if wait else self.works.start)(kind, title, who, work, facts)

    def now_under_lock(self, call: Callable[[Site], Returned]) -> Returned:
        """Do something short under the site's lock and return its answer."""
        with self.site(writes=True) as site:
            return call(site)

    # -- people

    def directory(self) -> Directory | None:
        """Return the directory in force, read anew only when another one was published. Raises RelayError."""
        home = self.settings.scripts.home
        try:
            name = plain_files.text(home / "directory" / "CURRENT", errors="replace").strip()
        except OSError:
            return None
        with self._lock:
            if self._directory[0] != name:
                self._directory = (name, current_directory(home))
            return self._directory[1]

    def kept(self, name: str, stamp: object, make: Callable[[], Returned]) -> Returned:
        """Return what `make` gives, made anew only when `stamp` is another one than the last time."""
        with self._lock:
            known = self._kept.get(name)
            if known is None or known[0] != stamp:
                known = self._kept[name] = (stamp, make())
            found: Returned = known[1]
            return found

    def of_ledger(self, name: str, make: Callable[[], Returned], *about: object) -> Returned:
        """Return what `make` reads from the ledger, read anew when anything was committed, or is asked about another.

        The answer is shared between requests: nobody changes it.
        """
        return self.kept(name, (self._changes.stamp(), self.settings, *about), make)

    def ahead_of_ledger(self, name: str, make: Callable[[], Returned], *about: object) -> Known[Returned]:
        """Return what `make` reads from the ledger, as `of_ledger`; where that takes long, what it gave the last time.

        Then it is made anew behind the page, so that nobody waits for it; only the very first time somebody does.
        Raises what `make` raises.
        """
        return self.ahead.get(name, (self.settings, *about), self._changes.stamp(), make)

    def made_behind(self, name: str, make: Callable[[], Returned], *about: object) -> Known[Returned] | None:
        """Return what `make` reads from the ledger, as `ahead_of_ledger`; None while it is made for the first time."""
        return self.ahead.at_once(name, (self.settings, *about), self._changes.stamp(), make)

    def close(self) -> None:
        self.ahead.finish()
        self._changes.close()
        self.database.dispose()


def file_stamp(path: Path) -> tuple[int, int]:
    """Return what differs once a file was written anew; the same for one that is not there."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


def _secret(value: Any) -> str | None:
    return value.get_secret_value() if value is not None else None
