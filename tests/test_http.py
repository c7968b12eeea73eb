"""Whom a session trusts: the public authorities, a named one beside them, or the named one alone."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
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


# -- what a failure means for a write --------------------------------------------------------------------------------


def test_a_refused_handshake_is_not_sent(named: tuple[str, Path]) -> None:
    with http.session(connections=1) as session, pytest.raises(requests.exceptions.SSLError) as caught:
        session.post(named[0], data=b"x", timeout=10)
    assert http.failure(caught.value).not_sent


@pytest.fixture
def breaks_off(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A TLS server that reads a whole request and closes the connection without a goodbye; address and authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                secure = context.wrap_socket(plain, server_side=True)
                while b"whole" not in secure.recv(4096):
                    pass
                os.close(secure.detach())  # no close_notify

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/", tmp_path / "ca.pem"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_a_connection_that_breaks_off_after_the_request_may_have_had_its_effect(breaks_off: tuple[str, Path]) -> None:
    url, ca_file = breaks_off
    with http.session(connections=1, ca_file=ca_file) as session, pytest.raises(requests.RequestException) as caught:
        session.post(url, data=b"whole", timeout=10)
    assert not http.failure(caught.value).not_sent


@pytest.mark.parametrize(
    ("reason", "not_sent"),
    [
        ("CERTIFICATE_VERIFY_FAILED", True),
        ("WRONG_VERSION_NUMBER", True),
        ("UNEXPECTED_EOF_WHILE_READING", False),
        ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", False),
        ("TLSV1_ALERT_INTERNAL_ERROR", False),
    ],
)
def test_only_a_failed_handshake_is_not_sent(reason: str, not_sent: bool) -> None:
    cause = ssl.SSLError(1, f"[SSL: {reason}] told")
    cause.reason = reason
    assert http.failure(requests.exceptions.SSLError(cause)).not_sent is not_sent
