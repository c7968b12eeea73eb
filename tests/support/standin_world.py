"""A site on the two stand-ins, over real HTTP and the product's own clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert

from relay import config, money
from relay.clock import Clock
from relay.database import open_database
from relay.money.report.result import MoneyResult
from relay.officernd.client import OfficeRnD
from relay.papercut.client import PaperCut
from relay.progress import Progress
from relay.sandbox.officernd.standin import OfficeRnDStandIn
from relay.sandbox.organisation import make_organisation
from relay.sandbox.papercut import PaperCutStandIn
from relay.site import Site
from relay.stored_accounts import people_links
from tests.support.settings_example import raw_settings, write_secrets

TOKEN = "token-of-papercut"


@dataclass
class Standins:
    folder: Path
    papercut: PaperCutStandIn
    officernd: OfficeRnDStandIn
    raw: dict[str, Any]
    settings: config.Settings
    database: Engine
    clock: Clock

    def configure(self, **sections: dict[str, Any]) -> None:
        for name, values in sections.items():
            self.raw.setdefault(name, {}).update(values)
        self.settings = config.parse(self.raw, self.folder / "relay.toml", {})

    def link(self, number: int, **values: Any) -> str:
        """Link the organisation's nth member to a new account; return the username."""
        member = self.officernd.organisation.members[number]
        username = f"member{number}"
        self.papercut.state.add_user(username)
        row = {
            "site": "hq",
            "member_id": member.id,
            "username": username,
            "linked_at": self.clock.now(),
            "made_by_us": True,
            "display_name": member.name,
            "company_id": member.company,
        } | values
        with self.database.begin() as connection:
            connection.execute(insert(people_links).values(**row))
        return username

    def owes(self, username: str, amount: float) -> None:
        user = self.papercut.state.user(username)
        self.papercut.state.transact(user, -amount, "a job", kind="PRINTER_USAGE")
        user.job_count += 1

    def settle(self, **options: Any) -> MoneyResult:
        return money.settle(self.context, **options)

    @property
    def context(self) -> Site:
        return Site(self.settings, *self.clients(), self.database, self.clock, Progress())

    def clients(self) -> tuple[OfficeRnD, PaperCut]:
        return OfficeRnD(self.settings, self.clock), PaperCut(self.settings, self.clock)

    def balance(self, username: str) -> float:
        return self.papercut.state.user(username).total()

    def fees(self, member_id: str = "") -> list[dict[str, Any]]:
        return [fee for fee in self.officernd.fees() if not member_id or fee.get("member") == member_id]


@contextmanager
def standins(
    folder: Path, members: int = 12, clock: Clock | None = None, **sections: dict[str, Any]
) -> Iterator[Standins]:
    """Start both stand-ins with an organisation and a ledger of its own; `clock` is everybody's."""
    clock = clock or Clock()
    organisation = make_organisation(members, 7)
    folder.mkdir(parents=True, exist_ok=True)
    write_secrets(folder)
    with (
        OfficeRnDStandIn(organisation, clock=clock) as officernd,
        PaperCutStandIn(data_dir=folder / "papercut", token=TOKEN, clock=clock, timezone="Europe/Sofia") as papercut,
    ):
        raw = raw_settings(
            folder,
            papercut={"url": papercut.url},
            officernd={
                "organization": organisation.slug,
                "api_url": officernd.api_url,
                "token_url": officernd.token_url,
                "client_id": officernd.relay_application.client_id,
                "location": organisation.locations[0].id,
                "requests_per_minute": 100_000,
            },
            safety={"settling_s": 0.02},
        )
        (folder / "secrets" / "officernd_secret").write_text(officernd.relay_application.client_secret)
        for name, values in sections.items():
            raw.setdefault(name, {}).update(values)
        settings = config.parse(raw, folder / "relay.toml", {})
        database = open_database(settings)
        try:
            yield Standins(folder, papercut, officernd, raw, settings, database, clock)
        finally:
            database.dispose()
