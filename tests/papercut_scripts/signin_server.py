"""A tiny server for the token and the sign-in that answers exactly what a test tells it to, and records what came.

It exists beside the product's stand-in because it can answer what no OfficeRnD would: half a header, a byte a second,
nothing at all.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSWORD = "Right-Pässw0rd"
BAD_PASSWORD = (401, {"statusCode": 401, "message": "Invalid email or password", "error": "Unauthorized"})
BAD_TOKEN = (401, {"statusCode": 401, "message": "Unauthorized access", "error": "Unauthorized"})


class SigninServer:
    """`answer` overrides the sign-in: a status with a body, bytes written raw, or a function of the request."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.passwords: dict[str, str] = {}
        self.answer: Any = None
        self.token_answer: Any = None
        self.token_life_s = 3600
        self.bad_password = BAD_PASSWORD
        self.token_calls: list[dict[str, str]] = []
        self.signins: list[dict[str, str]] = []
        self.valid_tokens: set[str] = set()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.scheme = "https" if context else "http"

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> SigninServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def revoke(self) -> None:
        self.valid_tokens.clear()

    def token(self, form: dict[str, str]) -> Any:
        with self._lock:
            self.token_calls.append(form)
            if self.token_answer is not None:
                return self.token_answer
            token = f"token-{len(self.token_calls)}"
            self.valid_tokens.add(token)
        return 200, {"access_token": token, "expires_in": self.token_life_s, "token_type": "Bearer"}

    def sign_in(self, authorization: str, body: dict[str, str]) -> Any:
        with self._lock:
            self.signins.append(body)
        if authorization.removeprefix("Bearer ") not in self.valid_tokens:
            return BAD_TOKEN
        if self.answer is not None:
            return self.answer(body) if callable(self.answer) else self.answer
        if body["password"] != self.passwords.get(body["email"].lower(), PASSWORD):
            return self.bad_password
        return 200, {"_id": "64c000000000000000000001", "email": body["email"].lower(), "name": "x", "image": ""}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Tests break connections on purpose."""


def _handler(owner: SigninServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1
        timeout = 10

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
            if self.path == "/oauth/token":
                answer = owner.token(dict(urllib.parse.parse_qsl(body, strict_parsing=True)))
            else:
                assert self.path == "/api/v2/organizations/acme/auth/signin", self.path
                answer = owner.sign_in(self.headers["Authorization"], json.loads(body))
            self.send(answer)

        def send(self, answer: Any) -> None:
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
            self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            """The tests' output stays their own."""

    return Handler


def hang() -> Iterator[bytes]:
    """Say nothing for longer than any program waits, and stop when the other side is gone."""
    time.sleep(8)
    yield b""


def trickle() -> Iterator[bytes]:
    """Begin a good answer and send it a byte at a time."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    for _ in range(80):
        time.sleep(0.1)
        yield b" "


def silent_listener() -> tuple[socket.socket, int]:
    """Return a socket that accepts no connection beyond its queue, and its port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    return listener, listener.getsockname()[1]


Answer = Callable[[dict[str, str]], Any]
