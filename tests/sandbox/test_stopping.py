"""A stand-in that is stopped is gone at once, whoever keeps a connection to it open."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from relay.sandbox.officernd import OfficeRnDStandIn
from relay.sandbox.papercut import PaperCutStandIn
from tests.support.people_site import small_organisation

pytestmark = pytest.mark.windows


def test_a_port_that_is_taken_is_not_shared(tmp_path: Path) -> None:
    with PaperCutStandIn(data_dir=tmp_path / "first") as first:
        office = small_organisation([("Ann", "ann@x.example", "")])
        for second in (
            PaperCutStandIn(data_dir=tmp_path / "second", port=first.port),
            OfficeRnDStandIn(office, port=first.port),
        ):
            with pytest.raises(OSError):
                second.start()


def test_no_thread_waits_at_a_connection_of_a_server_that_has_stopped(tmp_path: Path) -> None:
    """Windows wakes nobody who waits for a client's next word when only one end of the connection is shut."""
    before = set(threading.enumerate())
    papercut = PaperCutStandIn(data_dir=tmp_path / "PaperCut MF Büro", token="sesame")
    papercut.start()
    try:
        with socket.create_connection(("127.0.0.1", papercut.port)) as client:
            client.sendall(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 404"
            papercut.stop()
            assert set(threading.enumerate()) <= before
    finally:
        papercut.stop()
