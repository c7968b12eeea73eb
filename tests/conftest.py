"""What every test shares: helpers beside the tests are importable, and nothing leaves this machine."""

from __future__ import annotations

import gc
import hashlib
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from unittest import mock

import pytest
import requests
from flask import Flask
from sqlalchemy import Engine

from relay import database
from tests.support import first_ledger, tools
from tests.support.browser import Browser, Chromiums
from tests.support.compiled_templates import CompiledTemplates
from tests.support.forked_relay import ForkedRelay

_connect = socket.socket.connect


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that tries to reach another machine fails instead of waiting for the network."""

    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "localhost")):
            raise AssertionError(f"a test tried to reach {address}")
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    for home in (requests, requests.sessions):  # what a message to somebody changes for its process is undone
        monkeypatch.setattr(home, "Session", home.Session)


@pytest.fixture(autouse=True)
def ledgers_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every ledger that a test opens."""
    opened: list[Engine] = []
    make = database.make_engine

    def kept(url: str) -> Engine:
        opened.append(make(url))
        return opened[-1]

    monkeypatch.setattr(database, "make_engine", kept)
    yield
    for engine in opened:
        engine.dispose()


@pytest.fixture(autouse=True)
def salts_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Salt the first password of every test alike, the second alike ...: what becomes of it is worked out once."""
    numbers = count()
    monkeypatch.setattr("werkzeug.security.gen_salt", lambda length: f"{next(numbers):0{length}}")


@pytest.fixture(scope="session", autouse=True)
def dear_things_once() -> Iterator[None]:
    """Work out once in a process what is slow and always comes out the same."""
    with (
        mock.patch("hashlib.scrypt", cache(hashlib.scrypt)),
        mock.patch("alembic.command.upgrade", first_ledger.upgrade),
        mock.patch.dict(Flask.jinja_options, bytecode_cache=CompiledTemplates()),
    ):
        yield


@pytest.fixture(scope="session")
def chromiums(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromiums]:
    kept = Chromiums(tmp_path_factory.mktemp("chromium"))
    yield kept
    kept.close()


@pytest.fixture
def browser(chromiums: Chromiums) -> Iterator[Callable[..., Browser]]:
    with chromiums.borrowed() as make:
        yield make


@pytest.fixture(scope="session")
def forked_relay() -> Iterator[ForkedRelay]:
    """Commands of the relay, each a process of its own; not on Windows, which cannot fork."""
    started = ForkedRelay()
    yield started
    started.close()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of tests are kept to the end: Python need not look through them again and again for what can go."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Ask for the tools that a test or its module is marked to need, before any fixture is made."""
    for mark in item.iter_markers("needs"):
        tools.need(*mark.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add up how the crash trials of the money room ended, over all processes of the run."""
    ends: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "crash_trials":
                    ends.update(value)
    if ends:
        told = ", ".join(f"{end}: {ends[end]}" for end in ("exactly once", "parked", "doubled", "lost", "unquiet"))
        terminalreporter.write_line(f"crash trials: {ends.total()}, {told}")
