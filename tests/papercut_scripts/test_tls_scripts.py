"""The programs' own HTTPS under both interpreters: what must be refused is refused before a password is sent."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from relay.people.act import publish
from tests.support import table_driver
from tests.support.jvm import run_rows
from tests.support.papercut_site import ANN, NOW, sample_directory
from tests.support.settings_example import example_settings
from tests.support.signin_server import PASSWORD, Realm, SigninServer

INTERPRETERS = ("cpython", "jython")


class Proxy:
    """A proxy that passes CONNECT on to loopback, and records what it was asked and with which credentials."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[tuple[str, str]] = []
        self._status = status
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            lines = head.decode().split("\r\n")
            credentials = [line.split("Basic ")[1] for line in lines if line.startswith("Proxy-Authorization")]
            self.asked.append((lines[0], base64.b64decode("".join(credentials)).decode()))
            client.sendall(f"HTTP/1.1 {self._status} Said\r\nX: y\r\n\r\n".encode())
            if self._status != 200:
                return
            with socket.create_connection(("127.0.0.1", int(lines[0].split()[1].rsplit(":", 1)[1]))) as server:
                back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                back.start()
                _copy(client, server)
                back.join(5)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@dataclass
class Case:
    """One way to reach a sign-in server. `ca`: which authority the site trusts; `verdict` what must come of it."""

    name: str
    verdict: str
    names: tuple[str, ...] = ("localhost", "127.0.0.1")
    host: str = "localhost"
    ca: str = "own"
    expired: bool = False
    low: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    high: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    proxy: str = ""
    redirect: bool = False


CASES = [
    Case("good by name", "accepted"),
    Case("good by address", "accepted", host="127.0.0.1"),
    Case("TLS 1.2 alone", "accepted", high=ssl.TLSVersion.TLSv1_2),
    Case("TLS 1.3 alone", "accepted", low=ssl.TLSVersion.TLSv1_3),
    Case("another name", "unavailable", names=("other.example",)),
    Case("the name but not the address", "unavailable", names=("localhost",), host="127.0.0.1"),
    Case("expired", "unavailable", expired=True),
    Case("an unknown authority", "unavailable", ca="other"),
    Case("the system's authorities", "unavailable", ca=""),
    Case("an authority's file that is not there", "unavailable", ca="missing"),
    Case("an authority's file that is none", "unavailable", ca="nonsense"),
    Case("a redirect to plain http", "unavailable", redirect=True),
    Case("through a proxy", "accepted", proxy="http://127.0.0.1:{port}"),
    Case("through a proxy with a password", "accepted", proxy="http://us%40er:p%3Ass@127.0.0.1:{port}"),
    Case("through a proxy to another name", "unavailable", proxy="http://127.0.0.1:{port}", names=("other.example",)),
    Case("a proxy that refuses", "unavailable", proxy="http://127.0.0.1:{port}/407"),
    Case("a proxy that is not there", "unavailable", proxy="http://127.0.0.1:9"),
]


@dataclass
class Prepared:
    case: Case
    realm: Realm
    proxy: Proxy | None
    row: dict[str, Any]
    home: Path


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("ca")
    own, other = trustme.CA(), trustme.CA()
    own.cert_pem.write_to_path(folder / "own.pem")
    other.cert_pem.write_to_path(folder / "other.pem")
    (folder / "nonsense.pem").write_text("nothing")
    files = {name: str(folder / f"{name}.pem") for name in ("own", "other", "missing", "nonsense")}
    return {"issuer": own, "files": {**files, "": ""}}


@pytest.fixture(scope="module")
def prepared(authorities: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Prepared]]:
    folder = tmp_path_factory.mktemp("tls")
    settings = example_settings(folder)
    publish.publish(sample_directory(), settings, record_fields=5, now=datetime.now(UTC))
    publish.publish_programs(settings, now=NOW)
    with ExitStack() as stack:
        found = {}
        for interpreter in INTERPRETERS:
            for number, case in enumerate(CASES):
                home = folder / f"{interpreter}{number}"
                shutil.copytree(settings.scripts.home, home)
                found[f"{interpreter} {case.name}"] = _prepare(stack, case, home, authorities)
        yield found


def _prepare(stack: ExitStack, case: Case, home: Path, authorities: dict[str, Any]) -> Prepared:
    until = datetime.now(UTC) + timedelta(days=-1 if case.expired else 30)
    certificate = authorities["issuer"].issue_cert(*case.names, not_before=until - timedelta(days=40), not_after=until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    context.minimum_version, context.maximum_version = case.low, case.high
    realm = stack.enter_context(SigninServer(context)).realm("tls", case.host)
    if case.redirect:
        plain = stack.enter_context(SigninServer()).realm("tls")
        realm.answer = (307, b"", ("Location", f"{plain.api_url}/organizations/acme/auth/signin"))
    proxy = None
    if "{port}" in case.proxy:
        proxy = Proxy(407 if case.proxy.endswith("/407") else 200)
        stack.callback(proxy.close)
    path = home / "settings.json"
    changes = {
        "api_url": realm.api_url,
        "token_url": realm.token_url,
        "ca_file": authorities["files"][case.ca],
        "proxy": case.proxy.format(port=proxy.port if proxy else 0).removesuffix("/407"),
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    row = {"program": "auth", "home": str(home), "stdin": f"annie\n{PASSWORD}\n".encode().hex(), "limit_s": 8}
    return Prepared(case, realm, proxy, row, home)


@pytest.fixture(scope="module")
def under_jython(prepared: dict[str, Prepared], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    results = run_rows(tmp_path_factory.mktemp("run"), [prepared[f"jython {case.name}"].row for case in CASES])
    return {case.name: result for case, result in zip(CASES, results, strict=True)}


@pytest.mark.parametrize("interpreter", INTERPRETERS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_tls(request: pytest.FixtureRequest, interpreter: str, case: Case, prepared: dict[str, Prepared]) -> None:
    here = prepared[f"{interpreter} {case.name}"]
    if interpreter == "jython":
        result = request.getfixturevalue("under_jython")[case.name]
    else:
        result = table_driver.run_row(here.row)
    line = json.loads((here.home / "logs" / "auth.log").read_text())
    assert line["verdict"] == case.verdict, line
    accepted = case.verdict == "accepted"
    assert bytes.fromhex(result["out"]) == (f"OK\n{ANN.username}\n".encode() if accepted else b"ERROR\n")
    if accepted:
        assert (len(here.realm.token_calls), len(here.realm.signins)) == (1, 1)
    elif not case.redirect:
        assert (here.realm.token_calls, here.realm.signins) == ([], [])
    if here.proxy is not None:
        connect = f"CONNECT {case.host}:{here.realm.api_url.rsplit(':', 1)[1].split('/')[0]} HTTP/1.1"
        credentials = "us@er:p:ss" if "@" in case.proxy else ""
        assert set(here.proxy.asked) == {(connect, credentials)}
