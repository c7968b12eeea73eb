"""Both stand-ins, a site that is in order as far as it can be, and a way to check it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from relay.sandbox.officernd import OfficeRnDStandIn
from relay.sandbox.organisation import make_organisation
from relay.sandbox.papercut import PaperCutStandIn
from tests.support.checks_bench import TOKEN, Bench


@pytest.fixture(scope="module")
def organisation() -> Any:
    return make_organisation(20, seed=3)


@pytest.fixture
def bench(tmp_path: Path, organisation: Any) -> Iterator[Bench]:
    with (
        PaperCutStandIn(data_dir=tmp_path / "PaperCut MF", token=TOKEN) as papercut,
        OfficeRnDStandIn(organisation) as officernd,
    ):
        state = papercut.state
        state.add_user("ann_example.com", email="ann@example.com")
        state.add_group("Acme", ["ann_example.com"])
        state.add_printer("print01", "Colour", page_cost=0.1)
        state.config["health.api.key"] = "healthy"
        yield Bench(tmp_path, papercut, officernd)


@pytest.fixture
def good(bench: Bench) -> Bench:
    """A site with everything in place, where only what cannot be seen from here is told."""
    bench.publish()
    (bench.settings.scripts.home / "print_hook.js").write_text("// as a sync writes it\n")
    bench.install_programs()
    return bench


@pytest.fixture
def as_another_account(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(os, "geteuid", lambda: 12345)


@pytest.fixture
def proxy_url(tmp_path: Path) -> Iterator[str]:
    """A TLS port whose certificate is of an authority that nobody here trusts."""
    import datetime as dates
    import ssl
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Acme Web Filter")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "papercut")]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - dates.timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + dates.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "proxy.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that does not trust us hangs up; that is what is tested."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    running = Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    thread.join()
    running.server_close()
