"""`papercut-relay serve` shows both pages, each on its own listener."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from relay.clock import Clock
from relay.database import open_database
from relay.errors import UsageError
from relay.members_page.server import serving
from tests.support.ports import free_port
from tests.support.settings_example import example_settings


@pytest.fixture
def web() -> Any:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@contextmanager
def shown(folder: Path, **section: Any) -> Iterator[list[str]]:
    """Show the page with these settings of [members_page] for the `with` block; yield what is said."""
    settings, said = example_settings(folder, members_page=section), list[str]()
    database = open_database(settings)
    try:
        with serving(lambda: settings, database, Clock(), threading.Event(), said.append):
            yield said
    finally:
        database.dispose()


def test_it_is_off_by_default(tmp_path: Path) -> None:
    with shown(tmp_path) as said:
        assert [] == said and not (tmp_path / "state" / "members_page").exists()


def test_it_listens_where_the_settings_say_and_ends_with_the_block(tmp_path: Path, web: Any) -> None:
    port = free_port()
    with shown(tmp_path, listen=f"127.0.0.1:{port}") as said:
        answer = web.get(f"http://127.0.0.1:{port}/", timeout=10)
        assert 200 == answer.status_code and answer.url.endswith("/login") and "my_printing" in answer.cookies
        assert [f"Members   http://127.0.0.1:{port}/"] == said
        assert 404 != web.get(f"http://127.0.0.1:{port}/people", timeout=10).status_code  # a stranger learns nothing
        assert 431 == web.get(f"http://127.0.0.1:{port}/", headers={"X": "y" * 70_000}, timeout=10).status_code
    with pytest.raises(requests.ConnectionError):
        web.get(f"http://127.0.0.1:{port}/", timeout=10)


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with (
            pytest.raises(UsageError, match=r"The members' page cannot listen .*\[members_page\] listen"),
            shown(tmp_path, listen=f"127.0.0.1:{taken.getsockname()[1]}"),
        ):
            pass
