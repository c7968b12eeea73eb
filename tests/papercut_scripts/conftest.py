"""A small site for the tests of PaperCut's side: a directory in force, its settings, and a server for the sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from papercut_scripts import compat
from relay.people.act import publish
from relay.sandbox import rhino
from tests.support.papercut_site import NOW, Site, sample_directory
from tests.support.print_script import Script
from tests.support.settings_example import example_settings
from tests.support.signin_server import SigninServer
from tests.support.tools import RHINO_JAR, need


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


@pytest.fixture(scope="session")
def host() -> Iterator[rhino.Host]:
    need("rhino")
    with rhino.Host(RHINO_JAR) as running:
        yield running


@pytest.fixture(params=[True, False], ids=["wrapped", "bare"])
def script(request: pytest.FixtureRequest, host: rhino.Host, tmp_path: Path) -> Script:
    """The script with the example's settings; Java's strings come wrapped, as Rhino does by default, or bare."""
    return Script(host, tmp_path, request.param)
