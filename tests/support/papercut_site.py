"""The people and the small tools that the tests of PaperCut's side share."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from papercut_scripts import auth_program
from relay.config import Settings
from relay.people.directory import Directory, DirectoryUser, directory_of
from tests.support.repository import SCRIPTS
from tests.support.signin_server import PASSWORD, Realm

NOW = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)

ANN = DirectoryUser(
    username="ann.lee_example.com",
    full_name="Änn Lee",
    email="Ann.Lee@Example.com",
    department="Acme & Söhne",
    office="HQ",
    primary_card="4711",
    other_emails="ann@home.example",
    secondary_card="4712",
    alias="annie",
    home="\\\\server\\ann",
    groups=("Acme & Söhne", "[OfficeRnD Members]"),
    member_id="64b000000000000000000001",
    logins=("ann.lee@example.com", "Annie", "shared@example.com"),
)
BOB = DirectoryUser(
    username="bob_example.com",
    full_name="Bob",
    email="bob@example.com",
    groups=("[Individual Member]", "[OfficeRnD Members]"),
    member_id="64b000000000000000000002",
    logins=("bob@example.com", "shared@example.com"),
)
NOMAIL = DirectoryUser(
    username="no.mail", full_name="No Mail", groups=("[OfficeRnD Members]",), member_id="64b000000000000000000003"
)
GONE = DirectoryUser(
    username="gone_example.com",
    email="gone@example.com",
    groups=("[OfficeRnD Not Allowed]",),
    member_id="64b000000000000000000004",
    standing="departed",
    reason="has left OfficeRnD",
    logins=("gone@example.com",),
)
OUT = DirectoryUser(
    username="out_example.com",
    email="out@example.com",
    member_id="64b000000000000000000005",
    standing="excluded",
    reason="has no plan that may print",
    logins=("out@example.com",),
)
STRAY = DirectoryUser(username="reception", groups=("UNLINKED_MEMBERS_TO_OFFICERND",), standing="unlinked")
TWIN = DirectoryUser(
    username="twin",
    groups=("[OfficeRnD Members]",),
    member_id="64b000000000000000000006",
    signin_email="twin@example.com",
)  # shares an address that PaperCut holds once
PEOPLE = (ANN, BOB, NOMAIL, GONE, OUT, STRAY, TWIN)


def sample_directory(*more: DirectoryUser) -> Directory:
    return directory_of(PEOPLE + more, ["Empty Company"], [("Staff", "frontdesk"), ("Acme & Söhne", "admin")])


@dataclass
class Site:
    """A published site: its settings, its folder, its OfficeRnD."""

    settings: Settings
    signin: Realm

    @property
    def home(self) -> Path:
        return self.settings.scripts.home

    def log(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of `logs/<name>.log`."""
        path = self.home / "logs" / f"{name}.log"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def change_settings(self, **values: object) -> None:
        path = self.home / "settings.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    def files(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.home.rglob("*") if path.is_file()}


def log_in(site: Site, typed: str = "annie", password: str = PASSWORD, limit_s: float = 60) -> bytes:
    """Return what the auth program answers, run in this process."""
    lines = io.BytesIO(f"{typed}\n{password}\n".encode())
    out: list[bytes] = []
    auth_program.serve(lambda: str(site.home), lines.readline, out.append, lambda text: None, limit_s)
    return b"".join(out)


def run_program(
    program: str, *arguments: str, stdin: bytes = b"", folder: Path = SCRIPTS, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Start one of the two programs as PaperCut does: a plain file and nothing installed."""
    command = [sys.executable, "-E", "-s", "-S", str(folder / f"{program}.py"), *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, timeout=30, check=False, env={**os.environ, **environment}
    )
