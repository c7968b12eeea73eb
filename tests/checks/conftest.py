"""Both stand-ins, a site that is in order as far as it can be, and a way to check it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from settings_example import raw_settings, write_secrets

from relay import checks, config
from relay.checks.model import CheckResult, Finding
from relay.clock import Clock
from relay.config import Settings
from relay.installer import places
from relay.people import publish
from relay.people.model import DirectoryUser, directory_of
from relay.progress import Progress
from relay.sandbox.officernd import OfficeRnDStandIn
from relay.sandbox.organisation import make_organisation
from relay.sandbox.papercut import PaperCutStandIn

TOKEN = "sesame"
SCRIPTS = Path(__file__).parents[2] / "papercut_scripts"


class Impatient(Clock):
    """The real clock, on which nobody waits."""

    def sleep(self, seconds: float) -> None:
        """Do not."""


class Bench:
    """A site between two stand-ins; `settings` may be replaced before a check."""

    def __init__(self, folder: Path, papercut: PaperCutStandIn, officernd: OfficeRnDStandIn) -> None:
        self.folder = folder
        self.papercut = papercut
        self.officernd = officernd
        self.sections: dict[str, dict[str, Any]] = {
            "papercut": {"url": papercut.url, "install_dir": str(papercut.state.data_dir)},
            "officernd": {
                "organization": officernd.organisation.slug,
                "api_url": officernd.api_url,
                "token_url": officernd.token_url,
                "client_id": officernd.relay_application.client_id,
                "location": officernd.organisation.locations[0].id,
            },
            "signin": {"client_id": officernd.signin_application.client_id},
            "site": {"timezone": officernd.organisation.locations[0].timezone},
        }
        self.secrets = {
            "papercut_token": TOKEN,
            "officernd_secret": officernd.relay_application.client_secret,
            "officernd_signin_secret": officernd.signin_application.client_secret,
        }
        self.said: list[str] = []

    @property
    def settings(self) -> Settings:
        write_secrets(self.folder)
        for name, value in self.secrets.items():
            (self.folder / "secrets" / name).write_text(value, encoding="utf-8")
        return config.parse(raw_settings(self.folder, **self.sections), self.folder / "relay.toml", {})

    def change(self, section: str, **values: Any) -> None:
        self.sections.setdefault(section, {}).update(values)

    def check(self) -> CheckResult:
        return checks.run_checks(self.settings, clock=Impatient(), progress=Progress())

    def fix(self, *codes: str) -> CheckResult:
        return checks.apply_fixes(
            self.settings, codes or "all", clock=Impatient(), progress=Progress(), say=self.said.append
        )

    def find(self, code: str, result: CheckResult | None = None) -> Finding | None:
        return next((found for found in (result or self.check()).findings if found.code == code), None)

    def codes(self, result: CheckResult | None = None) -> set[str]:
        return {found.code for found in (result or self.check()).findings}

    def publish(self, *users: DirectoryUser, now: datetime | None = None) -> None:
        directory = directory_of(users or (DirectoryUser("ann_example.com", groups=("Acme",)),))
        settings, now = self.settings, now or datetime.now(UTC)
        publish.publish_programs(settings, now=now)
        publish.publish(directory, settings, record_fields=5, now=now)

    def install_programs(self) -> None:
        """Put launchers of the two programs where the installer puts them, and tell PaperCut."""
        state = self.papercut.state
        folder = Path(places.program_folder(str(state.data_dir)))
        folder.mkdir(parents=True)
        for key, name in {
            "user-source.custom-program": "officernd-user-source",
            "auth.source.custom-program": "officernd-auth",
        }.items():
            launcher = folder / name
            script = {"officernd-user-source": "user_source", "officernd-auth": "auth_program"}[name]
            home = self.settings.scripts.home
            launcher.write_text(
                f'#!/bin/sh\nexport OFFICERND_HOME="{home}"\nexec "{sys.executable}" -B "{SCRIPTS / script}.py" "$@"\n'
            )
            launcher.chmod(0o755)
            state.config[key] = str(launcher)
        self.papercut.use_programs(folder / "officernd-user-source", folder / "officernd-auth")


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
