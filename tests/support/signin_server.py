"""A tiny server for the token and the sign-in that answers exactly what a test tells it to, and records what came.

It exists beside the product's stand-in because it can answer what no OfficeRnD would: half a header, a byte a second,
nothing at all. Each `Realm` is an OfficeRnD of its own below one path, so that many rows of a table share one server.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSWORD = "Right-Pässw0rd"
BAD_PASSWORD = (401, {"statusCode": 401, "message": "Invalid email or password", "error": "Unauthorized"})
BAD_TOKEN = (401, {"statusCode": 401, "message": "Unauthorized access", "error": "Unauthorized"})


class Realm:
    """One OfficeRnD. `answer` and `token_answer` replace what it would say: see `_Handler.send` for their kinds."""

    def __init__(self, url: str) -> None:
        self.api_url = f"{url}/api/v2"
        self.token_url = f"{url}/oauth/token"
        self.passwords: dict[str, str] = {}
        self.answer: Any = None
        self.token_answer: Any = None
        self.token_life_s = 3600
        self.bad_password: Any = BAD_PASSWORD
        self.token_calls: list[dict[str, str]] = []
        self.signins: list[dict[str, str]] = []
        self.valid_tokens: set[str] = set()
        self._lock = threading.Lock()

    def revoke(self) -> None:
        self.valid_tokens.clear()

    def token(self, form: dict[str, str]) -> Any:
        with self._lock:
            self.token_calls.append(form)
            token = f"token-{len(self.token_calls)}"
            if self.token_answer is not None:
                return self.token_answer
            self.valid_tokens.add(token)
        return 200, {"access_token": token, "expires_in": self.token_life_s, "token_type": "Bearer"}

    def sign_in(self, authorization: str, body: dict[str, str]) -> Any:
        with self._lock:
            self.signins.append(body)
        if authorization.removeprefix("Bearer ") not in self.valid_tokens:
            return BAD_TOKEN
        if self.answer is not None:
            return self.answer
        if body["password"] != self.passwords.get(body["email"].lower(), PASSWORD):
            return self.bad_password
        return 200, {"_id": "64c000000000000000000001", "email": body["email"].lower(), "name": "x", "image": ""}


class SigninServer:
    """Serves any number of realms on a loopback port, over TLS where a context is given."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.realms: dict[str, Realm] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.realms = self.realms
        self._server.context = context
        self.port = self._server.server_address[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> SigninServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def realm(self, name: str, host: str = "127.0.0.1") -> Realm:
        """Return a new realm; `host` is the name that its addresses carry."""
        self.realms[name] = Realm(f"{self.url.replace('127.0.0.1', host)}/{name}")
        return self.realms[name]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    realms: dict[str, Realm]
    context: ssl.SSLContext | None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is not None:
            request = self.context.wrap_socket(request, server_side=True)
        with request:
            super().finish_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Tests break connections on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 10
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
        _, name, rest = self.path.split("/", 2)
        realm = self.server.realms[name]
        if rest == "oauth/token":
            self.send(realm.token(dict(urllib.parse.parse_qsl(body, strict_parsing=True))))
        else:
            assert rest == "api/v2/organizations/acme/auth/signin", rest
            self.send(realm.sign_in(self.headers["Authorization"], json.loads(body)))

    def send(self, answer: Any) -> None:
        """Send (status, value or bytes, headers...), or raw bytes, or the pieces that a function yields."""
        self.close_connection = True
        if isinstance(answer, bytes):
            self.wfile.write(answer)
        elif callable(answer):
            for piece in answer():
                self.wfile.write(piece)
                self.wfile.flush()
        else:
            status, content, *headers = answer
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """The tests' output stays their own."""


def hang() -> Iterator[bytes]:
    """Say nothing for longer than any program waits."""
    time.sleep(8)
    yield b""


def trickle() -> Iterator[bytes]:
    """Begin a good answer and send it a byte at a time."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    for _ in range(80):
        time.sleep(0.1)
        yield b" "
