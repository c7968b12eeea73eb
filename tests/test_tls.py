"""Both clients against real TLS servers on loopback: what must be refused is refused, before anything is sent."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from relay import errors
from relay.officernd.client import OfficeRnD
from relay.papercut.client import PaperCut
from tests.support.settings_example import example_settings
from tests.support.still_clock import StillClock

XML = b"<methodResponse><params><param><value><boolean>1</boolean></value></param></params></methodResponse>"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests += 1  # type: ignore[attr-defined]
        body = XML if "rpc" in self.path else b'{"access_token": "t", "expires_in": 3599}'
        self._send(body)

    def do_GET(self) -> None:
        self._send(b'{"_id": "o", "slug": "acme"}')

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def tls_server(certificate: trustme.LeafCert) -> Iterator[HTTPServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    server.requests = 0  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def ca_file(folder: Path, authority: trustme.CA) -> str:
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return "ca.pem"


def papercut(folder: Path, server: HTTPServer, ca: str = "") -> PaperCut:
    url = f"https://127.0.0.1:{server.server_port}"
    return PaperCut(example_settings(folder, papercut={"url": url, "ca_file": ca}), StillClock())


def officernd(folder: Path, server: HTTPServer, ca: str = "") -> OfficeRnD:
    base = f"https://127.0.0.1:{server.server_port}"
    section = {"api_url": base, "token_url": f"{base}/token", "ca_file": ca}
    return OfficeRnD(example_settings(folder, officernd=section), StillClock())


def test_a_private_authority_is_accepted_where_it_is_named(tmp_path: Path, authority: trustme.CA) -> None:
    with tls_server(authority.issue_cert("127.0.0.1")) as server:
        ca = ca_file(tmp_path, authority)
        assert papercut(tmp_path, server, ca).user_exists("ann") is True
        assert officernd(tmp_path, server, ca).organization().slug == "acme"


def test_an_unknown_authority_is_refused(tmp_path: Path, authority: trustme.CA) -> None:
    with tls_server(authority.issue_cert("127.0.0.1")) as server:
        with pytest.raises(errors.NotSent, match=r"certificate .* ca_file") as caught:
            papercut(tmp_path, server).adjust_balance("ann", 1, "x")
        assert caught.value.code == "tls"
        with pytest.raises(errors.NotSent, match=r"certificate .*proxy opens TLS"):
            officernd(tmp_path, server).organization()
        assert server.requests == 0  # type: ignore[attr-defined]


def test_a_certificate_for_another_name_is_refused_and_says_so(tmp_path: Path, authority: trustme.CA) -> None:
    with tls_server(authority.issue_cert("print.example.com")) as server:
        ca = ca_file(tmp_path, authority)
        with pytest.raises(errors.NotSent, match="127.0.0.1"):
            papercut(tmp_path, server, ca).user_exists("ann")
        with pytest.raises(errors.NotSent, match="certificate"):
            officernd(tmp_path, server, ca).organization()
        assert server.requests == 0  # type: ignore[attr-defined]


def test_an_expired_certificate_is_refused(tmp_path: Path, authority: trustme.CA) -> None:
    from datetime import UTC, datetime

    with tls_server(authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))) as server:
        with pytest.raises(errors.NotSent, match="expired"):
            papercut(tmp_path, server, ca_file(tmp_path, authority)).user_exists("ann")
        assert server.requests == 0  # type: ignore[attr-defined]
