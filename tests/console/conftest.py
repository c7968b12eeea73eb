"""A console over settings of its own, with a visitor who reads pages and sends their forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from relay import config, passwords
from relay.console.app import make_app
from relay.console.desk import Desk
from tests.support.settings_example import raw_settings, write_secrets
from tests.support.still_clock import StillClock
from tests.support.visitor import PASSWORD, Visitor

MakeDesk = Callable[..., Desk]


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


@pytest.fixture
def make_desk(tmp_path: Path, clock: StillClock, stored_passwords: str) -> Iterator[MakeDesk]:
    made: list[Desk] = []

    def make(*, with_passwords: bool = False, **sections: Any) -> Desk:
        write_secrets(tmp_path)
        if with_passwords:
            sections.setdefault("console", {})["password_hash_file"] = "secrets/console"
            file = tmp_path / "secrets" / "console"
            file.write_text(stored_passwords)
            file.chmod(0o600)
        settings_file = tmp_path / "relay.toml"
        settings_file.write_text(tomlkit.dumps(raw_settings(tmp_path, **sections)), encoding="utf-8")
        made.append(Desk(config.load(settings_file, {}), clock))
        return made[-1]

    yield make
    for place in made:
        place.close()


@pytest.fixture
def visitor(make_desk: MakeDesk) -> Visitor:
    """Somebody at the computer itself, where no password is set."""
    return Visitor(make_app(make_desk()).test_client())
