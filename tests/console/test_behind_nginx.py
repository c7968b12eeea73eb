"""The web pages behind a real nginx: with the settings that the documents give, and with a bare `proxy_pass`."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import trustme
from lxml import html

from relay import web
from relay.console.app import make_app
from relay.console.server import LARGEST_REQUEST
from tests.console.test_attacks import money_forms
from tests.support.ports import free_port
from tests.support.repository import DOCS
from tests.support.visitor import PASSWORD

pytestmark = pytest.mark.needs("nginx")
NAME = "print.example.com"
BARE = "server {\n    listen 443 ssl;\n    location / { proxy_pass http://127.0.0.1:9480; }\n}"


def recommended(document: str) -> str:
    """Return the one nginx block of a document."""
    (found,) = re.findall(r"```nginx\n(.*?)```", (DOCS / document).read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


class Front:
    """A console that answers at a port of its own, and an nginx before it."""

    def __init__(self, app: Any, folder: Path, block: str, authority: trustme.CA) -> None:
        self.app, self._folder, self._block = app, folder, block
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.authority)
        certificate = authority.issue_cert(NAME, "localhost")
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")

    @contextmanager
    def running(self) -> Iterator[Front]:
        with ExitStack() as stack:
            listening = stack.enter_context(web.listening("127.0.0.1:0", "The console", "--listen"))
            self.console = web.start(self.app, listening, threading.Event(), "console", 4, LARGEST_REQUEST)
            stack.callback(self.console.close)
            self.port = self._start(stack, listening.getsockname()[1])
            yield self

    def _start(self, stack: ExitStack, console: int) -> int:
        port = free_port()
        # What the block leaves to the machine: ports and certificates. The times are cut so that nobody waits for them.
        block = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;", self._block)
        block = re.sub(r"127\.0\.0\.1:948[01]", f"127.0.0.1:{console}", block)
        block = re.sub(r"ssl_certificate\S* .*;", "", block).replace("timeout 10s", "timeout 1s")
        both = self._folder / "both.pem"
        temporary = "".join(
            f"{kind}_temp_path {self._folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        settings = self._folder / "nginx.conf"
        settings.write_text(
            f"daemon off; pid {self._folder}/pid; error_log {self._folder}/error.log;\n"
            "events { worker_connections 900; }\n"
            f"http {{ access_log off; {temporary} ssl_certificate {both}; ssl_certificate_key {both};\n{block}\n}}\n"
        )
        program = shutil.which("nginx")
        assert program is not None
        nginx = subprocess.Popen(
            [program, "-p", str(self._folder), "-e", str(self._folder / "error.log"), "-c", str(settings)],
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.callback(nginx.communicate)
        stack.callback(nginx.terminate)
        while True:  # until it listens or is gone
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return port
            except ConnectionRefusedError:
                assert nginx.poll() is None, nginx.communicate()[1]

    def visitor(self) -> Somebody:
        return Somebody(self)

    def raw(self) -> socket.socket:
        """Return a connection that speaks TLS with nginx and has asked nothing yet."""
        context = ssl.create_default_context(cafile=str(self.authority))
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port)), server_hostname=NAME)


class Somebody:
    """A browser far away: it knows the public name, and sends what it likes."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        said = {"Host": NAME, "Accept": "text/html"}
        said.update({name.replace("_", "-"): value for name, value in headers.items()})
        if self._cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if body:
            said["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("127.0.0.1", self._front.port, timeout=30)
        connection.sock = self._front.raw()
        try:
            connection.request(method, path, body or None, said)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = rest.partition(";")[0]
        return answer.status, dict(answer.getheaders()), text

    def post(self, path: str, page: str = "/", **fields: str) -> tuple[int, dict[str, str], str]:
        body = urlencode({**fields, "csrf": self.csrf(page)})
        return self.ask("POST", path, body, Origin=f"https://{NAME}")

    def csrf(self, page: str) -> str:
        return str(html.fromstring(self.ask("GET", page)[2]).xpath("string(//input[@name='csrf']/@value)"))

    def log_in(self) -> tuple[int, dict[str, str], str]:
        return self.post("/login", "/login", name="moneyer", password=PASSWORD)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def front(make_desk: Any, tmp_path: Path, authority: trustme.CA) -> Iterator[Front]:
    """The settings of the document before a console that was set up for them."""
    app = make_app(make_desk(with_passwords=True, console={"public_url": f"https://{NAME}"}))
    with Front(app, tmp_path, recommended("SECURITY.md"), authority).running() as found:
        yield found


def test_a_bare_proxy_pass_gives_strangers_no_money(make_desk: Any, tmp_path: Path, authority: trustme.CA) -> None:
    """Everybody is local to the console then, and the proxy says nothing of itself."""
    app = make_app(make_desk())
    with Front(app, tmp_path, BARE, authority).running() as found:
        somebody = found.visitor()
        assert somebody.ask("GET", "/")[0] == 200
        tried = money_forms(app)
        assert len(tried) > 3
        for path in tried:
            status, _, told = somebody.post(path)
            assert status in (400, 403) and "Nothing was done" in told, path
            status, _, told = somebody.ask("POST", path, f"csrf={somebody.csrf('/')}")  # no browser, so no Origin
            assert status == 403 and "papercut-relay password" in told, path


def test_a_bare_proxy_pass_before_a_console_set_up_for_a_proxy_lets_nobody_log_in(
    make_desk: Any, tmp_path: Path, authority: trustme.CA
) -> None:
    """It hides the name that it was asked for: no form is taken, and a word of its own is refused with the reason."""
    app = make_app(make_desk(with_passwords=True, console={"public_url": f"https://{NAME}"}))
    with Front(app, tmp_path, BARE, authority).running() as found:
        assert found.visitor().log_in()[0] == 400
        status, _, told = found.visitor().ask("GET", "/login", X_Forwarded_For="192.0.2.1")
        assert status == 403 and "proxy_set_header Host $host" in told


def test_the_recommended_settings_let_in_who_logs_in_and_tell_the_true_address(front: Front) -> None:
    somebody = front.visitor()
    status, headers, _ = somebody.log_in()
    assert (status, headers["Location"]) == (302, "/")
    assert headers["Set-Cookie"].startswith("__Host-relay=") and "Secure" in headers["Set-Cookie"]
    assert somebody.ask("GET", "/money")[0] == 200
    liar = front.visitor()
    said = {"X_Forwarded_For": "203.0.113.9", "X_Real_IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    assert liar.ask("POST", "/login", f"csrf={liar.csrf('/login')}&name=moneyer&password=x", **said)[0] == 401
    rows = front.app.config["DESK"].audit.last(2)
    assert ["127.0.0.1"] * 2 == [row["address"] for row in rows]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:9480", "localhost"])
def test_another_name_is_refused_behind_nginx_too(front: Front, host: str) -> None:
    status, headers, told = front.visitor().ask("GET", "/login", Host=host)
    assert status == 403 and "evil" not in told and "Location" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "/%0d%0aSet-Cookie:%20a=b",
        "/%2F%2Fevil.example",
        "/people?q=%0d%0aX:%20y",
        "/\\evil.example",
        "/<script>",
        "/people//evil.example",
        "/%00",
        "/%c3%28",
    ],
)
def test_where_a_stranger_is_led_never_carries_what_was_typed(front: Front, path: str) -> None:
    status, headers, _ = front.visitor().ask("GET", path)
    assert status in (302, 308, 400, 404)
    to = headers.get("Location", "/login")
    assert re.fullmatch(rf"(https://{re.escape(NAME)})?/login(\?to=[A-Za-z0-9/?:@!$&'()*+,;=._~%-]*)?", to), to
    assert "X" not in headers and not headers.get("Set-Cookie", "").startswith("a=")


def test_half_requests_stay_with_nginx_and_are_ended_by_it(front: Front) -> None:
    """Three hundred heads and bodies that never end: the console sees none of them, and answers others meanwhile."""
    half = [front.raw() for _ in range(300)]
    for number, one in enumerate(half):
        head = f"{'POST /login' if number % 2 else 'GET /'} HTTP/1.1\r\nHost: {NAME}\r\n"
        one.sendall((head + ("Content-Length: 900\r\n\r\nname=" if number % 2 else "X: y")).encode())
    assert front.visitor().ask("GET", "/login")[0] == 200
    assert len(front.console.active_channels) <= 1
    for one in half:
        one.settimeout(30)
        while one.recv(4096):  # nothing, or that it took too long; then it is over
            pass
        one.close()


def test_a_body_beyond_the_limit_does_not_reach_the_console(front: Front) -> None:
    assert front.visitor().ask("POST", "/login", "name=" + "x" * 1_200_000)[0] == 413


def test_the_settings_of_the_members_page_are_ones_that_nginx_takes(tmp_path: Path, authority: trustme.CA) -> None:
    """Its own tests say what the page answers; here that what nginx hands on is what the page asks for."""
    seen: list[dict[str, str]] = []

    def page(environ: dict[str, str], start: Any) -> list[bytes]:
        seen.append(environ)
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"in"]

    with Front(page, tmp_path, recommended("MEMBERS-PAGE.md"), authority).running() as found:
        assert found.visitor().ask("GET", "/", Host="printing.example.com", X_Forwarded_For="192.0.2.1")[2] == "in"
    handed = {name: seen[0][f"HTTP_{name}"] for name in ("HOST", "X_FORWARDED_PROTO", "X_FORWARDED_FOR")}
    assert handed == {"HOST": "printing.example.com", "X_FORWARDED_PROTO": "https", "X_FORWARDED_FOR": "127.0.0.1"}
