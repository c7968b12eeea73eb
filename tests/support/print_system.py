"""A CUPS of its own on loopback, in a temporary folder: no system service, nothing below /etc is touched.

Its queue prints through `cups_backend.py`. Needs cups, cups-client, cups-filters, ghostscript and poppler-utils.
"""

from __future__ import annotations

import json
import os
import pwd
import select
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.ports import free_port

PATIENCE_S = 60
QUEUE = "hp1"

_CUPSD = """\
LogLevel warn
Listen 127.0.0.1:{port}
Browsing No
DefaultAuthType None
WebInterface No
<Location />
  Order allow,deny
  Allow localhost
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""
_FILES = """\
SystemGroup {system_group}
User {user}
Group {group}
ServerRoot {root}/etc
ServerBin {root}/bin
DataDir /usr/share/cups
RequestRoot {root}/spool
TempDir {root}/spool/tmp
CacheDir {root}/cache
StateDir {root}/run
AccessLog {root}/log/access_log
ErrorLog {root}/log/error_log
PageLog {root}/log/page_log
"""
# Three pages, the second one with something red on it.
_PAGES = """\
%!PS-Adobe-3.0
%%Pages: 3
%%EndComments
/Helvetica findfont 30 scalefont setfont
%%Page: 1 1
72 700 moveto (page one) show showpage
%%Page: 2 2
1 0 0 setrgbcolor 72 700 moveto (page two, red) show showpage
%%Page: 3 3
0 setgray 72 700 moveto (page three) show showpage
%%EOF
"""


@dataclass
class PrintSystem:
    root: Path
    port: int
    fifo: int  # open for reading

    @property
    def document(self) -> Path:
        return self.root / "three pages.pdf"

    def lp(self, user: str, *options: str, title: str) -> dict[str, Any]:
        """Print the document as `user` and return what the print provider was told of it."""
        subprocess.run(
            ["lp", "-h", f"127.0.0.1:{self.port}", "-d", QUEUE, "-U", user, "-t", title, *options, str(self.document)],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=PATIENCE_S,
        )
        told = b""
        while not told.endswith(b"\n"):
            ready, _, _ = select.select([self.fifo], [], [], PATIENCE_S)
            assert ready, f"the print provider did not answer: {self._errors()}"
            told += os.read(self.fifo, 65536)
        return dict(json.loads(told))

    def _errors(self) -> str:
        log = self.root / "log" / "error_log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else "cupsd wrote no log"


@contextmanager
def running(provider: str, printer: str) -> Iterator[PrintSystem]:
    """Run a print system whose queue hands jobs for `printer` to the stand-in at `provider` (HOST:PORT)."""
    root = Path(tempfile.mkdtemp(prefix="cups-", dir="/tmp"))  # the print system's user must be able to enter it
    try:
        port = free_port()
        _furnish(root, port)
        words = ["/usr/sbin/cupsd", "-f", "-c", f"{root}/etc/cupsd.conf", "-s", f"{root}/etc/cups-files.conf"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(words, **quiet) as cupsd:
            try:
                _wait_for(port, cupsd)
                address = f"pcprov://{provider}/{printer}?{root}/told"
                words = ["/usr/sbin/lpadmin", "-h", f"127.0.0.1:{port}", "-p", QUEUE, "-E", "-v", address, "-m", "raw"]
                subprocess.run(words, check=True, timeout=PATIENCE_S, **quiet)
                fifo = os.open(root / "told", os.O_RDWR | os.O_NONBLOCK)
                try:
                    yield PrintSystem(root, port, fifo)
                finally:
                    os.close(fifo)
            finally:
                cupsd.terminate()
                cupsd.wait(PATIENCE_S)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _furnish(root: Path, port: int) -> None:
    for folder in ("etc", "bin/backend", "spool/tmp", "cache", "run", "log"):
        (root / folder).mkdir(parents=True)
    root.chmod(0o755)
    is_root = os.geteuid() == 0
    me = pwd.getpwuid(os.geteuid())
    user, group = ("lp", "lp") if is_root else (me.pw_name, me.pw_name)
    if is_root:
        shutil.chown(root / "spool/tmp", user, group)
    for folder in ("daemon", "filter", "cgi-bin", "monitor", "notifier", "driver"):
        (root / "bin" / folder).symlink_to(f"/usr/lib/cups/{folder}")
    backend = root / "bin/backend/pcprov"
    shutil.copy(Path(__file__).with_name("cups_backend.py"), backend)
    backend.chmod(0o755)
    os.mkfifo(root / "told")
    (root / "told").chmod(0o666)
    (root / "etc/cupsd.conf").write_text(_CUPSD.format(port=port))
    names = {"root": root, "user": user, "group": group, "system_group": "root" if is_root else group}
    (root / "etc/cups-files.conf").write_text(_FILES.format(**names))
    words = ["gs", "-q", "-dSAFER", "-sDEVICE=pdfwrite", "-o", str(root / "three pages.pdf"), "-"]
    subprocess.run(words, input=_PAGES.encode(), check=True, timeout=PATIENCE_S)


def _wait_for(port: int, cupsd: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert cupsd.poll() is None, "cupsd ended by itself"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("cupsd does not listen")
