"""What the members' page works with: settings in force, ledger, PaperCut, and its own state. One per process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from papercut_scripts import audit, auth_program, handover, login
from relay.accounts import LinkedAccount
from relay.clock import Clock
from relay.config import Settings
from relay.config.sections import MembersPageSection
from relay.errors import RelayError
from relay.members_page.figures import Reader, ShownBalance, ask
from relay.members_page.sessions import Session, Sessions
from relay.papercut.client import PaperCut
from relay.people.act import pins
from relay.private_files import make_private_folder
from relay.web import Brake

log = logging.getLogger(__name__)

PAPERCUT_S = 4.0  # a page is not to wait longer for PaperCut
SILENT_S = 30.0  # for so long a PaperCut that did not answer is not asked again
LOGINS_AT_ONCE = 16
LOG = "members_page"


class AddressBrake(Brake):
    """Slows guessing down by where it comes from; the brake of each person is PaperCut's own, see `papercut_scripts`.

    A whole house of members may come from one address, so that it bears more slips than the console does.
    """

    NAME_TRIES, ADDRESS_TRIES, ALL_TRIES = 60, 60, 5000


@dataclass
class Place:
    """Safe to use from every thread. `settings` returns those in force."""

    settings: Callable[[], Settings]
    database: Engine
    clock: Clock
    sessions: Sessions = field(default_factory=Sessions)
    brake: AddressBrake = field(default_factory=AddressBrake)

    def __post_init__(self) -> None:
        self.folder = self.settings().site.state_dir / "members_page"
        make_private_folder(self.folder)
        self.reader = Reader(self.database, self.clock)
        self.logins = threading.BoundedSemaphore(LOGINS_AT_ONCE)
        self._lock = threading.Lock()
        self._papercut: tuple[Settings, PaperCut] | None = None
        self._silent_until_s = 0.0

    @property
    def section(self) -> MembersPageSection:
        return self.settings().members_page

    @property
    def home(self) -> Path:
        return self.settings().scripts.home

    @property
    def address(self) -> str:
        """The address of this page, by the settings alone: what a visitor says of it goes into no link."""
        return self.section.public_url or f"http://{self.section.listen}"

    def log(self, event: str, address: str, username: str = "", **more: str) -> None:
        pairs = [("event", event), ("username", username), ("address", address), *more.items()]
        audit.write(str(self.home), LOG, pairs)

    # -- who somebody is

    def log_in(self, typed: str, password: str) -> Session | None:
        """Return a session that nobody has yet, for a name and password that the chain of the popup accepts.

        The brake of that person and the audit log are the popup's; that it is no, is all that comes back.
        """
        outcome = auth_program.check_typed(str(self.home), typed, password)
        if outcome.verdict != login.ACCEPTED:
            return None
        member_id = self.member_id(outcome.username)
        now_s = self.clock.monotonic_s()
        return Session(member_id, outcome.username, now_s, now_s) if member_id else None

    def member_id(self, username: str) -> str:
        """Return who an account is by the directory in force, "" where that person may not print (any more)."""
        try:
            person, _ = handover.DirectoryInForce(str(self.home)).person(username)
        except handover.Doubt:
            return ""
        if person is None or person["username"] != username or person["standing"] != "active":
            return ""
        return str(person["member_id"])

    # -- what he sees and does

    def balance(self, account: LinkedAccount) -> ShownBalance | None:
        """Return the balance by PaperCut, else by the journal; one silent PaperCut does not make every page slow."""
        now_s, live = self.clock.monotonic_s(), None
        if now_s >= self._silent_until_s:
            try:
                live = ask(self._client(), account.username)
            except RelayError as error:
                self._silent_until_s = now_s + SILENT_S
                log.warning("the members' page has no balance of %s: %s", account.username, error.message)
        return self.reader.balance(self.settings(), live, account)

    def pin_made(self, member_id: str) -> datetime | None:
        return pins.pin_issued(self.home, member_id)

    def make_pin(self, session: Session) -> bool:
        """Make a new print PIN that waits in the session; return whether it could be written."""
        try:
            session.pin = pins.issue_pin(self.home, session.member_id)
        except RelayError:
            return False
        return True

    def _client(self) -> PaperCut:
        settings = self.settings()
        with self._lock:
            if self._papercut is None or self._papercut[0] is not settings:
                quick = {"timeout_s": min(PAPERCUT_S, settings.papercut.timeout_s)}
                section = settings.papercut.model_copy(update=quick)
                self._papercut = settings, PaperCut(settings.model_copy(update={"papercut": section}), self.clock)
            return self._papercut[1]
