"""The HTTP side of the stand-in: from bytes to a `Request`, and from an `ApiAnswer` to bytes. It decides no answer."""

from __future__ import annotations

import json
from collections.abc import Callable

from relay.sandbox.connections import LoopbackHandler, LoopbackServer
from relay.sandbox.officernd.answers import ApiAnswer
from relay.sandbox.officernd.api import Request
from relay.sandbox.officernd.faults import Dropped

LARGEST_BODY = 1_000_000
Responder = Callable[[Request], ApiAnswer]


class Server(LoopbackServer):
    def __init__(self, port: int, respond: Responder) -> None:
        self.respond = respond
        super().__init__(port, _ApiHandler)


class _ApiHandler(LoopbackHandler):
    server: Server
    timeout = 120

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(ApiAnswer(400, {"statusCode": 400, "message": "Bad Request"}))
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            answer = self.server.respond(Request(self.command, self.path, headers, body))
        except Dropped as dropped:
            self.close_connection = True
            if dropped.part is not None:
                self._send(dropped.part, cut=True)
            return
        if not self.server.ending.wait(answer.wait_s):
            self._send(answer)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET

    def _send(self, answer: ApiAnswer, *, cut: bool = False) -> None:
        if isinstance(answer.body, bytes):
            body = answer.body
        else:
            body = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode()
        self.send_response(answer.status)
        self.send_header("X-Powered-By", "Express")
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()

    def version_string(self) -> str:
        return "cloudflare"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: what was called is counted, and a request may hold a password."""
