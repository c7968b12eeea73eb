"""A small site for the tests of PaperCut's side: a directory in force, its settings, and a server for the sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from papercut_scripts import compat
from relay.people.act import publish
from tests.support.papercut_site import NOW, Site, sample_directory
from tests.support.settings_example import example_settings
from tests.support.signin_server import SigninServer


@pytest.fixture(scope="session")
def server() -> Iterator[SigninServer]:
    with SigninServer() as running:
        yield running


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the programs would have paused in this process, in place of the pauses."""
    paused: list[float] = []
    monkeypatch.setattr(compat, "pause", paused.append)
    return paused


@pytest.fixture
def site(tmp_path: Path, server: SigninServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A published site whose sign-in server answers; `$OFFICERND_HOME` names its hand-over files."""
    signin = server.realm(f"site{len(server.realms)}")
    settings = example_settings(tmp_path, officernd={"api_url": signin.api_url, "token_url": signin.token_url})
    publish.publish(sample_directory(), settings, record_fields=5, now=datetime.now(UTC))
    publish.publish_programs(settings, now=NOW)
    monkeypatch.setenv("OFFICERND_HOME", str(settings.scripts.home))
    return Site(settings, signin)
