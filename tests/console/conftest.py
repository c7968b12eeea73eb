"""A console over settings of its own, with a visitor who reads pages and sends their forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from relay import config, passwords
from relay.console.app import make_app
from relay.console.desk import Desk
from tests.support.settings_example import write_secret, written_settings
from tests.support.still_clock import StillClock
from tests.support.visitor import PASSWORD, Visitor

MakeDesk = Callable[..., Desk]
HOOK_SECRET = "hook-secret"


@pytest.fixture(scope="session")
def stored_passwords(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One person for each role; made once, since a slow hash is slow."""
    folder = tmp_path_factory.mktemp("passwords")
    file = folder / "relay.toml"
    file.write_text("", encoding="utf-8")
    for role in passwords.ROLES:
        told = passwords.set_password(file, f"{role}er", role, PASSWORD)
    return told.file.read_text()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def desk_in(folder: Path, clock: StillClock, stored_passwords: str, **sections: Any) -> Desk:
    """Return the desk of a console in `folder`; "" for no passwords."""
    if stored_passwords:
        stored = write_secret(folder / "secrets" / "console", stored_passwords)
        sections.setdefault("console", {})["password_hash_file"] = stored
    return Desk(config.load(written_settings(folder, **sections), {}), clock)


@pytest.fixture
def make_desk(tmp_path: Path, clock: StillClock, stored_passwords: str) -> Iterator[MakeDesk]:
    made: list[Desk] = []

    def make(*, with_passwords: bool = False, **sections: Any) -> Desk:
        made.append(desk_in(tmp_path, clock, stored_passwords if with_passwords else "", **sections))
        return made[-1]

    yield make
    for place in made:
        place.close()


@pytest.fixture
def hooked(make_desk: MakeDesk, tmp_path: Path) -> Desk:
    """A console that takes webhooks signed with HOOK_SECRET."""
    file = write_secret(tmp_path / "secrets" / "hook", HOOK_SECRET)
    return make_desk(with_passwords=True, console={"webhook_secret_file": file})


@pytest.fixture
def visitor(make_desk: MakeDesk) -> Visitor:
    """Somebody at the computer itself, where no password is set."""
    return Visitor(make_app(make_desk()).test_client())
