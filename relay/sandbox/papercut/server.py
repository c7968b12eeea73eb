"""The HTTP server of the stand-in, and the stand-in as a whole.

One port answers PaperCut's XML-RPC at /rpc/api/xmlrpc, the health interface at /api/health, and the stand-in's own
control addresses at /sandbox (see `control`). It listens on loopback only. `data_dir` plays PaperCut's installation
folder: logs, print logs and security.properties lie below it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import socketserver
import ssl
import threading
from collections import Counter
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from relay.clock import Clock
from relay.sandbox import connections
from relay.sandbox.late import LateEffects
from relay.sandbox.papercut import backups, control, dispatch, health, nightly, popup, printing, security
from relay.sandbox.papercut.api.registry import Context
from relay.sandbox.papercut.backups import Backup
from relay.sandbox.papercut.injection import Injector
from relay.sandbox.papercut.popup import Login
from relay.sandbox.papercut.state import (
    KEY_AUTH_PROGRAM,
    KEY_TOKEN,
    KEY_USER_SOURCE,
    AdminSettings,
    JobRecord,
    PaperCutState,
)
from relay.sandbox.papercut.switches import PaperCutSwitches
from relay.sandbox.papercut.tasks import TaskSlot

if TYPE_CHECKING:
    from relay.sandbox.papercut.database import ExternalDatabase

log = logging.getLogger(__name__)

RPC_PATH = "/rpc/api/xmlrpc"
LARGEST_BODY = 64 * 1024 * 1024


class PaperCutStandIn:
    """A PaperCut MF server to try things on.

    >>> with PaperCutStandIn(data_dir=folder, token="t") as papercut:      # doctest: +SKIP
    ...     papercut.state.add_user("ann", balance=-1.5)
    ...     ServerProxy(papercut.url + "/rpc/api/xmlrpc").api.getTotalUsers("t")

    `token` becomes the plain value of the web-services token key; without it no call is let in until one is set.
    With `cert_file` and `key_file` the port speaks TLS. With `database_url` (SQLAlchemy) jobs, transactions, users and
    printers are written to PaperCut's tables there too.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        port: int = 0,
        switches: PaperCutSwitches | None = None,
        settings: AdminSettings | None = None,
        clock: Clock | None = None,
        timezone: str = "UTC",
        token: str = "",
        cert_file: Path | None = None,
        key_file: Path | None = None,
        database_url: str = "",
    ) -> None:
        self.state = PaperCutState(Path(data_dir), switches=switches, settings=settings, clock=clock, timezone=timezone)
        self.state.config[KEY_TOKEN] = token
        self.tasks = TaskSlot(self.state)
        self.faults = Injector()
        self.late = LateEffects(self.state.clock)
        self._context = Context(self.state, self.tasks, self.late)
        self._port = port
        self._database_url = database_url
        self._database: ExternalDatabase | None = None
        self._tls = None
        if cert_file is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(cert_file, key_file)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    # -- life

    def start(self) -> PaperCutStandIn:
        """Read security.properties and listen; a chosen port stays the same through stop and start."""
        self.state.security = security.read(self.state.data_dir)
        self._server = _Server(("127.0.0.1", self._port), self._context, self.faults, self._tls)
        self._port = self._server.server_address[1]
        if self._database_url:
            from relay.sandbox.papercut.database import ExternalDatabase  # SQLAlchemy takes long to load

            self._database = ExternalDatabase(self._database_url, self.state)
        self._thread = threading.Thread(target=self._server.serve, name="papercut-stand-in", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection, wait for the running task, and drop what would come late."""
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join()
            self._server.close_connections()
            self._server.server_close()
            self._server = None
        self.late.drop()
        self.tasks.join()
        if self._database is not None:
            self._database.close()
            self._database = None

    def __enter__(self) -> PaperCutStandIn:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        """Scheme, host and port: "http://127.0.0.1:9191"."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    # -- what an administrator does

    def use_programs(self, user_source: Path | str | None = None, auth: Path | str | None = None) -> None:
        """Set the custom programs, in the form that this server takes, and list their folders."""
        by_name = self.state.switches.custom_program == "name_only"
        for key, program in ((KEY_USER_SOURCE, user_source), (KEY_AUTH_PROGRAM, auth)):
            if program is not None:
                self.state.config[key] = Path(program).name if by_name else str(program)
                security.allow_folder(self.state, Path(program).parent)

    # -- what happens at a PaperCut server

    def popup_login(self, typed: str, password: str, *, client: str = "") -> Login:
        """Log in as the popup does."""
        return popup.login(self.state, typed, password, client_address=client)

    def print_job(self, **job: Any) -> JobRecord:
        """Print a job; see `printing.print_job`."""
        return printing.print_job(self.state, **job)

    def copy_job(self, **job: Any) -> JobRecord:
        """Copy at a device; see `printing.copy_job`."""
        return printing.copy_job(self.state, **job)

    def refund(self, job_id: int, amount: float | None = None) -> JobRecord:
        return printing.refund(self.state, job_id, amount)

    def backup(self) -> Backup:
        """Return what PaperCut's database holds now."""
        return backups.backup(self.state)

    def restore(self, held: Backup) -> None:
        """Put a backup back; the files survive, and what would have come late does not."""
        backups.restore(self.state, self.tasks, self.late, held)

    def catch_up(self) -> None:
        """Do what is due by the clock, as the next call would: effects that come late, rows of a database that lags."""
        self._context.catch_up()

    def release_database(self) -> None:
        """Let the external database catch up with what a `database_lag` kept back."""
        self.state.recorder.release()

    def run_due(self, since: datetime) -> list[str]:
        """Do the quotas and the nightly sync whose hour lies between `since` and the clock's now."""
        return nightly.run_due(self.state, since)

    def nightly_sync(self) -> None:
        nightly.run_night(self.state)

    # -- what tests and operators ask

    @property
    def calls(self) -> Counter[str]:
        """Calls so far by method name."""
        return self.faults.calls

    @property
    def writes(self) -> Counter[str]:
        """Changing calls so far by method name."""
        return self.faults.writes


class _Server(ThreadingHTTPServer):
    allow_reuse_address = connections.REUSES_PORT
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self, address: tuple[str, int], context: Context, injector: Injector, tls: ssl.SSLContext | None
    ) -> None:
        self.context = context
        self.injector = injector
        self._tls = tls
        self._connections: set[socket.socket] = set()
        self._workers: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._ending = False
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # Without HTTPServer's look-up of the machine's full name, which may ask the network.
        socketserver.TCPServer.server_bind(self)

    def serve(self) -> None:
        """Take connections until `end`."""
        while not self._ending:
            self.handle_request()

    def end(self) -> None:
        """Let `serve` return at once: a connection of our own wakes it up."""
        self._ending = True
        with contextlib.suppress(OSError):
            socket.create_connection(self.server_address[:2], timeout=1).close()  # type: ignore[arg-type]

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self._ending:
            connection.close()
            raise OSError("the stand-in is ending")
        if self._tls is not None:
            # The handshake happens in the connection's own thread, at the first read.
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._lock:
            self._workers = [known for known in self._workers if known.is_alive()]
            self._workers.append(thread)
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End the kept-alive connections and wait for their threads."""
        with self._lock:
            opened = list(self._connections)
            threads = list(self._workers)
        for connection in opened:
            connections.end(connection)
        for thread in threads:
            thread.join(10)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a connection from %s ended by an error", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Header and body leave in one packet, at once: with Nagle's algorithm a kept-alive call costs 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        path = urlsplit(self.path).path
        if path == RPC_PATH:
            self._rpc(body)
        elif path.startswith(control.PATH + "/"):
            self._control(path, body)
        else:
            self._page(404, "Not Found")

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        context = self.server.context
        context.catch_up()
        if parts.path == RPC_PATH:
            self._page(405, "Method Not Allowed")
        elif parts.path.startswith(health.PATHS):
            self._json(*health.answer(context.state, parts.path, query, self.headers.get("Authorization") or ""))
        elif parts.path == control.PATH:
            self._send(200, "text/html; charset=utf-8", files(__package__).joinpath("page.html").read_bytes())
        elif parts.path.startswith(control.PATH + "/"):
            self._json(*control.get(context, self.server.injector, parts.path, query))
        else:
            self._page(404, "Not Found")

    def _rpc(self, body: bytes) -> None:
        try:
            reply = dispatch.answer(self.server.context, self.server.injector, body, self.client_address[0])
        except Exception:
            log.exception("the stand-in failed at a call")
            self._page(500, "Internal Server Error")
            return
        if reply.body is None:
            self.close_connection = True
            return
        self._send(reply.status, "text/xml" if reply.status == 200 else "text/html", reply.body)

    def _control(self, path: str, body: bytes) -> None:
        if (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower() != "application/json":
            self._json(415, {"error": "send Content-Type: application/json"})
            return
        try:
            value = json.loads(body or b"{}")
        except ValueError:
            self._json(400, {"error": "the body is no JSON"})
            return
        self.server.context.catch_up()
        self._json(*control.post(self.server.context, self.server.injector, path, value))

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length") or ""
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._page(413 if length.isdecimal() else 411, "Length Required")
            return None
        return self.rfile.read(int(length))

    def _json(self, status: int, value: Any) -> None:
        self._send(status, "application/json", json.dumps(value, ensure_ascii=False).encode("utf-8"))

    def _page(self, status: int, text: str) -> None:
        self._send(status, "text/html", f"<html><body>{text}</body></html>".encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        log.debug(format, *arguments)
