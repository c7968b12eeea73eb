"""`papercut-relay serve` shows both pages, each on its own listener."""

from __future__ import annotations

import socket
import threading
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


def test_it_is_off_by_default(tmp_path: Path) -> None:
    settings, said = example_settings(tmp_path), list[str]()
    database = open_database(settings)
    with serving(lambda: settings, database, Clock(), threading.Event(), said.append):
        assert [] == said and not (tmp_path / "state" / "members_page").exists()


def test_it_listens_where_the_settings_say_and_ends_with_the_block(tmp_path: Path, web: Any) -> None:
    port, said, over = free_port(), list[str](), threading.Event()
    settings = example_settings(tmp_path, members_page={"listen": f"127.0.0.1:{port}"})
    database = open_database(settings)
    with serving(lambda: settings, database, Clock(), over, said.append):
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
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = example_settings(tmp_path, members_page={"listen": listen})
        database = open_database(settings)
        with (
            pytest.raises(UsageError, match=r"The members' page cannot listen .*\[members_page\] listen"),
            serving(lambda: settings, database, Clock(), threading.Event(), lambda _: None),
        ):
            pass
        database.dispose()
