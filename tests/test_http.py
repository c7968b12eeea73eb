"""Whom a session trusts: the public authorities, a named one beside them, or the named one alone."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import trustme

from relay import http


class Quiet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def named(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a TLS server, and the file of the authority behind its certificate."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}/", tmp_path / "ca.pem"
    server.shutdown()
    thread.join()
    server.server_close()


def trusted(session: requests.Session) -> int:
    """Return how many authorities the session's TLS context trusts now."""
    return len(session.get_adapter("https://x")._context.get_ca_certs())  # type: ignore[attr-defined]


def test_a_pinned_session_trusts_the_named_authority_and_no_public_one(named: tuple[str, Path]) -> None:
    url, ca_file = named
    with http.session(connections=1, ca_file=ca_file, public_too=False) as session:
        assert trusted(session) == 1
        assert session.get(url, timeout=10).status_code == 200
        assert trusted(session) == 1, "and the request added none"


def test_beside_the_public_ones_a_named_authority_is_trusted_too(named: tuple[str, Path]) -> None:
    url, ca_file = named
    with http.session(connections=1, ca_file=ca_file) as session:
        assert session.get(url, timeout=10).status_code == 200
        assert trusted(session) > 50


def test_what_one_site_names_no_other_session_trusts(named: tuple[str, Path]) -> None:
    url, ca_file = named
    http.session(connections=1, ca_file=ca_file).close()
    with http.session(connections=1) as session, pytest.raises(requests.exceptions.SSLError):
        session.get(url, timeout=10)
