"""The HTTP side of the stand-in: threads, keep-alive, no Nagle, loopback only. It decides no answer."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from relay.sandbox import connections
from relay.sandbox.officernd.answers import ApiAnswer
from relay.sandbox.officernd.api import Request
from relay.sandbox.officernd.faults import Dropped

HOST = "127.0.0.1"
LARGEST_BODY = 1_000_000
Responder = Callable[[Request], ApiAnswer]


class Server:
    """Serves `respond` on a loopback port until stopped; port 0 takes a free one."""

    def __init__(self, port: int, respond: Responder) -> None:
        self._http = _Http((HOST, port), _handler(respond))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.close_connections()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    allow_reuse_address = connections.REUSES_PORT
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._ending = False
        super().__init__(address, handler)

    def process_request(self, request, client_address):  # type: ignore[no-untyped-def]
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):  # type: ignore[no-untyped-def]
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Close what keep-alive clients hold open, so that a stopped server is really gone."""
        with self._open_lock:
            self._ending = True
            for connection in self._open:
                connections.end(connection)

    def handle_error(self, request, client_address):  # type: ignore[no-untyped-def]
        """A client that went away is no news; anything else is a bug of the stand-in and is shown."""
        if not self._ending and not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def _handler(respond: Responder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # one write for headers and body
        timeout = 120

        def do_GET(self) -> None:
            self._serve()

        do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET

        def _serve(self) -> None:
            length = self.headers.get("Content-Length", "0")
            if not length.isdigit() or int(length) > LARGEST_BODY or self.headers.get("Transfer-Encoding"):
                self.close_connection = True
                self._send(ApiAnswer(400, {"statusCode": 400, "message": "Bad Request"}))
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                answer = respond(Request(self.command, self.path, headers, body))
            except Dropped as dropped:
                self.close_connection = True
                if dropped.part is not None:
                    self._send(dropped.part, cut=True)
                return
            if answer.wait_s > 0:
                time.sleep(answer.wait_s)
            self._send(answer)

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

    return Handler
