"""A port for a program that is started with its number, which nobody else takes before it listens there.

What the system gives to whoever binds port 0 it also gives to whoever connects somewhere: on a busy machine it is taken
again between the choice and the start. So these lie below that range (32768 on Linux, 49152 on Windows), and each
process of a test run begins elsewhere.
"""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _COUNT = 20_000, 12_000
_numbers = (_FIRST + number % _COUNT for number in itertools.count(os.getpid() * 61))


def free_port() -> int:
    for port in itertools.islice(_numbers, _COUNT):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("every port is taken")
