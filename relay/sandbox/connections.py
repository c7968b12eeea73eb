"""The HTTP server of a stand-in: on loopback only, and gone at once when it stops, whoever keeps a connection open."""

from __future__ import annotations

import os
import socket
import socketserver
import ssl
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"


class LoopbackHandler(BaseHTTPRequestHandler):
    """One connection, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    # Header and body leave in one packet, at once: with Nagle's algorithm a kept-alive call costs 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1


class LoopbackServer(ThreadingHTTPServer):
    """Serves from `start` to `stop`, once; port 0 takes a free one. `ending` is set as soon as it is to stop."""

    # For POSIX, whose closed port rests for a minute. Windows would let two programs have one port.
    allow_reuse_address = os.name == "posix"
    request_queue_size = 128

    def __init__(self, port: int, handler: type[LoopbackHandler], tls: ssl.SSLContext | None = None) -> None:
        self.ending = threading.Event()
        self._tls = tls
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._workers: list[threading.Thread] = []
        super().__init__((HOST, port), handler)
        self._thread = threading.Thread(target=self._serve, name="stand-in", daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection, and wait for their threads."""
        self.ending.set()
        with suppress(OSError):  # a connection of our own wakes up whoever waits for the next one
            socket.create_connection((HOST, self.port), timeout=1).close()
        self._thread.join()
        with self._lock:
            opened, workers = list(self._connections), list(self._workers)
        for connection in opened:
            _end(connection)
        for worker in workers:
            worker.join(10)
        self.server_close()

    def _serve(self) -> None:
        while not self.ending.is_set():
            self.handle_request()

    def server_bind(self) -> None:
        # Without HTTPServer's look-up of the machine's full name, which may ask the network.
        socketserver.TCPServer.server_bind(self)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.ending.is_set():
            connection.close()
            raise OSError("the stand-in is ending")
        if self._tls is not None:
            # The handshake happens in the connection's own thread, at the first read.
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        worker = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._lock:
            self._workers = [*(known for known in self._workers if known.is_alive()), worker]
            worker.start()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away or speaks no TLS is no news; anything else is a bug of the stand-in and is shown."""
        if not self.ending.is_set() and not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _end(connection: socket.socket) -> None:
    """Wake whoever reads `connection`, at once. On POSIX the reader still closes it; Windows wakes nobody by less."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    if os.name == "nt":
        with suppress(OSError):
            socket.close(connection.detach())
