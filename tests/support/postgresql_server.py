"""A PostgreSQL server of its own in a temporary folder, reached over a socket file."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import tools


class Server(str):
    """The SQLAlchemy URL of a server's database, with what stops the server at once and starts it again."""

    stop: Callable[[], None]
    start: Callable[[], None]


@contextmanager
def server() -> Iterator[Server]:
    """Start a server and yield the URL of its database; the server and its files are gone afterwards."""
    tools.need("postgresql")
    programs = tools.postgresql()
    assert programs is not None
    # PostgreSQL refuses to run as root, and a socket's path has to be short.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    root = os.name == "posix" and os.geteuid() == 0
    if root:
        shutil.chown(folder, "postgres")
    prefix = ["runuser", "-u", "postgres", "--"] if root else []

    def run(*words: str) -> None:
        subprocess.run([*prefix, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    data = folder / "data"
    try:
        run(str(programs / "initdb"), "-D", str(data), "-U", "relay", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        control = (str(programs / "pg_ctl"), "-D", str(data), "-w")
        found = Server(f"postgresql+psycopg://relay@/postgres?host={folder}")
        found.start = lambda: run(*control, "-o", options, "-l", str(folder / "log"), "start")
        found.stop = lambda: run(*control, "-m", "immediate", "stop")
        found.start()
        try:
            yield found
        finally:
            found.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
