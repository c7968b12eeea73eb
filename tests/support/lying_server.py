"""A server that answers whatever a test wants, byte by byte: the one that lies to both clients."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Write = Callable[[bytes], None]
Reply = Callable[[str, Write], None]  # the request's target, and what sends bytes

JSON = b"Content-Type: application/json\r\n"


def whole(body: bytes, headers: bytes = JSON, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, headers, len(body), body)


def token(write: Write) -> None:
    write(whole(json.dumps({"access_token": "t0ken", "expires_in": 3599}).encode()))


@contextmanager
def lying(reply: Reply) -> Iterator[str]:
    """Serve `reply` on a free loopback port for the `with` block; give the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = []

    def talk(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            waiting = b""
            while True:
                while b"\r\n\r\n" not in waiting:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    waiting += piece
                head, _, waiting = waiting.partition(b"\r\n\r\n")
                lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")]
                while len(waiting) < int(lengths[0] if lengths else 0):
                    waiting += connection.recv(65536)
                waiting = b""
                reply(head.split(b" ")[1].decode("latin-1"), connection.sendall)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                opened.append(connection)
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    for one in (listener, *opened):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
    accepting.join()
