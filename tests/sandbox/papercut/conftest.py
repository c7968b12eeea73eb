"""A running stand-in with a small office in it, and three ways to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import pytest
import requests

from relay.sandbox.papercut import PaperCutStandIn
from tests.support.still_clock import StillClock

TOKEN = "sesame"


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def papercut(tmp_path: Path, clock: StillClock) -> Iterator[PaperCutStandIn]:
    """Two members, one internal user, one company group, one printer at 10 cents a page."""
    with PaperCutStandIn(data_dir=tmp_path / "PaperCut MF", token=TOKEN, clock=clock) as server:
        state = server.state
        state.add_user("ann_example.com", full_name="Ann Lee", email="ann@example.com", balance=-7.0)
        state.add_user("bob_example.com", full_name="Bob Ray", email="bob@example.com", primary_card="4711")
        state.add_user("reception", internal=True, password="front desk", email="desk@example.com")
        state.add_group("Acme", ["ann_example.com"])
        state.add_printer("print01", "Colour", page_cost=0.1, colour_page_cost=0.25)
        yield server


@pytest.fixture
def api(papercut: PaperCutStandIn) -> Iterator[object]:
    """Python's own XML-RPC client: api.isUserExists("sesame", "ann")."""
    with ServerProxy(papercut.url + "/rpc/api/xmlrpc", allow_none=True) as server:
        yield server.api


@pytest.fixture
def post(papercut: PaperCutStandIn) -> Iterator[Callable[[str], requests.Response]]:
    """Send a body as it stands: post("<methodCall>...")."""
    with requests.Session() as session:
        yield lambda body: session.post(papercut.url + "/rpc/api/xmlrpc", data=body.encode("utf-8"), timeout=10)


def call(method: str, *values: str) -> str:
    """Return the body of a call as it goes over the wire; a value without a tag of its own is a text."""
    params = "".join(f"<param><value>{value}</value></param>" for value in values)
    return f"<?xml version='1.0'?><methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>"


def code_of(call: Any, *arguments: Any) -> int:
    """Return the code of the fault that a call of the Web Services is answered with."""
    with pytest.raises(Fault) as refused:
        call("sesame", *arguments)
    return int(refused.value.faultCode)
