"""A machine to install on: PaperCut's folder tree, its keys, a package, and a picture of everything to compare."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit

from relay import bundle, config
from relay.installer import __main__ as installer
from relay.installer import config as installer_config
from relay.installer import places
from relay.installer.config import PaperCutUnreachable
from tests.support.settings_example import SECRET_FILES, raw_settings, write_secrets

SECURITY = (
    "# PaperCut's security settings \xfc\r\n"
    "security.print-and-device.script.enabled=Y\r\n"
    "\r\n"
    "security.custom-executable.allowed-directory-list=/opt/other tools;\\\r\n"
    "    /srv/x\r\n"
    "security.card-number-lookup.enabled=N"
).encode("latin-1")


class Keys:
    """PaperCut's config keys without a server; refuses tokens that its own key does not hold."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values
        self.before_set: Callable[[], None] = lambda: None
        self.token = "of-somebody-else"

    def is_good(self, token: str) -> bool:
        from relay.installer import tokens

        return token in tokens.values(self.values[tokens.KEY])

    def get(self, key: str) -> str:
        if not self.is_good(self.token):
            raise PaperCutUnreachable("Invalid authentication token supplied.", refused=True)
        return self.values.get(key, "")

    def set(self, key: str, value: str) -> None:
        self.before_set()
        self.values[key] = value

    def refuses(self, token: str) -> str:
        return "" if self.is_good(token) else "Invalid authentication token supplied."

    def users(self, limit: int) -> tuple[list[str], int]:
        return ["ann"], 1


class Machine:
    """`papercut` and `root` are what an installation may change; `keys` stands for PaperCut's settings."""

    def __init__(self, folder: Path, package: Path, name: str = "Paper Cüt MF") -> None:
        self.folder = folder
        self.package = package
        self.papercut = folder / name
        self.root = folder / "ro ot"
        server = self.papercut / "server"
        (server / "custom").mkdir(parents=True)
        (server / "server.properties").write_text("server.port=9191\n")
        self.security = server / "security.properties"
        self.security.write_bytes(SECURITY)
        self.security.chmod(0o444)
        for path in ("opt", "var/lib", "etc/systemd/system"):
            (self.root / path).mkdir(parents=True)
        self.keys = Keys(
            {
                "auth.webservices.auth-token": "of-somebody-else",
                "auth.webservices.allowed-addresses": "127.0.0.1",
                "user-source.custom-program": "C:\\old\\papercutauth.exe",
            }
        )
        self.commands: list[list[str]] = []
        self.said = ""

    def use(self, monkeypatch: Any) -> Machine:
        """Let the installer find these keys, and whoever is asked for a pass phrase type that of the package."""
        monkeypatch.setattr(installer, "_ask_secret", lambda options: lambda question: "correct horse battery")
        monkeypatch.setattr(installer_config, "choose", self.choose)
        return self

    def choose(self, system: str, papercut: str, url: str, tokens: list[str], *_: Any) -> Keys:
        """Ask with the first of our tokens that is good, as over XML-RPC, else as server-command."""
        self.keys.token = next((token for token in tokens if self.keys.is_good(token)), "of-somebody-else")
        return self.keys

    def run(self, command: list[str], typed: str = "") -> tuple[int, str]:
        self.commands.append(list(command))
        return 0, json.dumps({f"secrets/{name}": value for name, value in SECRET_FILES.items()}) if typed else ""

    def install(self, *arguments: str) -> int:
        given = ["--papercut", str(self.papercut), "--root", str(self.root), "--python", sys.executable, "--yes"]
        return installer.main([*given, *arguments], str(self.package), self.run)

    def uninstall(self, *arguments: str) -> int:
        return self.install("--uninstall", *arguments)

    def picture(self) -> dict[str, Any]:
        """Return everything that an installation may change: rights and bytes of every file, and the keys."""
        # PaperCut reads a key that is not there as blank, and can take none away.
        seen: dict[str, Any] = {"keys": {key: value for key, value in self.keys.values.items() if value}}
        for top in (self.papercut, self.root):
            for path in [top, *top.rglob("*")]:
                found = path.stat()
                content = path.read_bytes() if path.is_file() else None
                seen[str(path)] = (oct(found.st_mode), found.st_uid, content)
        return seen


def program(machine: Machine, name: str) -> Path:
    return Path(places.program(str(machine.papercut), name, places.LINUX))


def make_package(folder: Path, *, secrets: dict[str, str] | None = None, **sections: dict[str, Any]) -> Path:
    """Make the package of an example site and unpack it; the relay's library is small enough to be quick."""
    site = folder / "site"
    site.mkdir(parents=True)
    write_secrets(site)
    for name, value in (secrets or {}).items():
        (site / "secrets" / name).write_text(value)
    raw = raw_settings(site, **sections)
    del raw["scripts"], raw["site"]["state_dir"]
    (site / "relay.toml").write_text(tomlkit.dumps(raw))
    settings = config.load(site / "relay.toml", {})
    bundle.make_bundle(settings, folder / "package.zip", with_secrets=True, pass_phrase="correct horse battery")
    package = folder / "pack age"
    with zipfile.ZipFile(folder / "package.zip") as archive:
        archive.extractall(package)
    with zipfile.ZipFile(package / "wheels" / "something_else-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("something_else.py", "")
        wheel.writestr("something_else-1.0.dist-info/METADATA", "Name: something-else\n")
        wheel.writestr("something_else-1.0.data/purelib/inner.py", "")
        wheel.writestr("something_else-1.0.data/scripts/tool", "")
    return package


def shrink(package: Path) -> None:
    """Put next to nothing in the place of the relay's wheel; what starts the relay finds it where the tests run."""
    own = next((package / "wheels").glob("papercut_officernd-*"))
    shutil.copy(next((package / "wheels").glob("something*")), own)


__all__ = ["SECURITY", "Keys", "Machine", "PaperCutUnreachable", "make_package", "program", "shrink"]
