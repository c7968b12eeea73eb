"""A server that takes messages (Apprise's json://) and pings, as whoever is told sees them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.settings_example import write_secret


def section(folder: Path, urls: str, ping: str, **values: object) -> dict[str, object]:
    """Return a [notify] section with these addresses in files of `folder`."""
    files = {"urls_file": write_secret(folder / "urls", urls), "ping_url_file": write_secret(folder / "ping", ping)}
    return {**files, **values}


class Mailbox:
    """`messages` are (title, body), `pings` the paths called; a `refuses` answers 500, a `hangs` not at all."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.pings: list[str] = []
        self.refuses = False
        self.hangs = False
        self._let_go = threading.Event()
        box = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                box._answer(self, lambda: box.messages.append((sent["title"], sent["message"])))

            def do_GET(self) -> None:
                box._answer(self, lambda: box.pings.append(self.path))

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.port = self._server.server_port

    def _answer(self, request: BaseHTTPRequestHandler, keep: Callable[[], None]) -> None:
        if self.hangs:
            self._let_go.wait(60)
        if not self.refuses:
            keep()  # before the answer: whoever has it may look into the box at once
        request.send_response(500 if self.refuses else 200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.port}/secret-path"

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self.messages]

    def settings(self, folder: Path, *more: str, **values: object) -> dict[str, object]:
        """Return a [notify] section whose files lie in `folder`; `more` are other addresses."""
        urls = "\n".join(["# front desk", self.address, "", *more])
        return section(folder, urls, f"http://127.0.0.1:{self.port}/p?a=1", **values)

    def close(self) -> None:
        self._let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
