"""How a stand-in takes its port, and ends a connection that a thread of its own is reading."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

# For POSIX, whose closed port rests for a minute. Windows would let two programs have one port.
REUSES_PORT = os.name == "posix"


def end(connection: socket.socket) -> None:
    """Wake whoever reads `connection`, at once. On POSIX the reader still closes it; Windows wakes nobody by less."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    if os.name == "nt":
        with suppress(OSError):
            socket.close(connection.detach())
