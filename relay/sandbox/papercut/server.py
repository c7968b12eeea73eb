"""The HTTP server of the stand-in, and the stand-in as a whole.

One port answers PaperCut's XML-RPC at /rpc/api/xmlrpc, the health interface at /api/health, and the stand-in's own
control addresses at /sandbox (see `control`). It listens on loopback only. `data_dir` plays PaperCut's installation
folder: logs, print logs and security.properties lie below it.
"""

from __future__ import annotations

import json
import logging
import ssl
from collections import Counter
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from relay.clock import Clock
from relay.sandbox.connections import HOST, LoopbackHandler, LoopbackServer
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
        self._context = Context(self.state, self.tasks, self.late, self.faults)
        self._port = port
        self._database_url = database_url
        self._database: ExternalDatabase | None = None
        self._tls = None
        if cert_file is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(cert_file, key_file)
        self._server: _Server | None = None

    # -- life

    def start(self) -> PaperCutStandIn:
        """Read security.properties and listen; a chosen port stays the same through stop and start."""
        self.state.security = security.read(self.state.data_dir)
        self._server = _Server(self._port, self._context, self._tls)
        self._port = self._server.port
        if self._database_url:
            from relay.sandbox.papercut.database import ExternalDatabase  # SQLAlchemy takes long to load

            self._database = ExternalDatabase(self._database_url, self.state)
        self._server.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection, wait for the running task, and drop what would come late."""
        if self._server is not None:
            self._server.stop()
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
        return f"{'https' if self._tls else 'http'}://{HOST}:{self._port}"

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


class _Server(LoopbackServer):
    def __init__(self, port: int, context: Context, tls: ssl.SSLContext | None) -> None:
        self.context = context
        super().__init__(port, _Handler, tls)


class _Handler(LoopbackHandler):
    server: _Server

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
            self._json(*control.get(context, parts.path, query))
        else:
            self._page(404, "Not Found")

    def _rpc(self, body: bytes) -> None:
        try:
            reply = dispatch.answer(self.server.context, body, self.client_address[0])
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
        self._json(*control.post(self.server.context, path, value))

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
