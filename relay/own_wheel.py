"""The relay's own files, wherever it runs from: its wheel, what it requires, and what it carries that is no Python.

A wheel is a ZIP with a list of its files, so that it is packed here without any build tool or network, from a checkout
as from an installed relay. Source: the wheel format (binary distribution format 1.0).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import io
import re
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from relay import __version__
from relay.errors import RelayError

DISTRIBUTION = "papercut-officernd"
PACKAGES = ("relay", "papercut_scripts")
SHARE = "share/papercut-officernd"  # where a wheel keeps what is no Python: installers, schedules, guides
LOCK = "requirements.lock"  # exact versions with hashes
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content makes the same file


def wheel_name() -> str:
    return f"papercut_officernd-{__version__}-py3-none-any.whl"


def make_wheel() -> bytes:
    """Return a wheel of the relay as it runs here, whether from a checkout or installed; no build tool is needed."""
    folder = f"papercut_officernd-{__version__}.dist-info"
    files: dict[str, bytes] = {}
    for package in PACKAGES:
        root = package_folder(package)
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                files[f"{package}/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    data = f"papercut_officernd-{__version__}.data/data/{SHARE}"
    for name in shared_names():
        files[f"{data}/{name}"] = shared(name)
    files[f"{folder}/METADATA"] = metadata().encode()
    files[f"{folder}/entry_points.txt"] = _entry_points().encode()
    tag = "Wheel-Version: 1.0\nGenerator: papercut-relay\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{folder}/WHEEL"] = tag.encode()
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([f"{folder}/RECORD", "", ""])
    files[f"{folder}/RECORD"] = record.getvalue().encode()
    return zip_of(files)


def locked(windows: bool) -> str:
    """Return the lock of everything the relay needs on a system, which pip reads whatever machine it runs on itself.

    A condition on the system would be judged by pip for its own machine, so that none is left.
    """
    blocks = re.split(r"\n(?=\S)", shared(LOCK).decode().strip())
    kept = [block for block in blocks if windows or "; sys_platform == 'win32'" not in block]
    return "\n".join(re.sub(r" ; .*? \\\n", " \\\n", block, count=1) for block in kept) + "\n"


def metadata() -> str:
    """Return the wheel's METADATA: in a checkout from pyproject.toml, which may be newer than what is installed."""
    checkout = _checkout()
    if checkout is None:
        return str(_distribution().read_text("METADATA") or "")
    project = _project(checkout)
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {__version__}"]
    lines += [f"Summary: {project['description']}", f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in project["dependencies"]]
    for extra, wanted in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {requirement} ; extra == '{extra}'" for requirement in wanted]
    return "\n".join(lines) + "\n"


def _entry_points() -> str:
    checkout = _checkout()
    if checkout is None:
        return str(_distribution().read_text("entry_points.txt") or "")
    scripts = _project(checkout)["scripts"]
    return "[console_scripts]\n" + "".join(f"{name} = {target}\n" for name, target in scripts.items())


def _project(deploy: Path) -> dict[str, Any]:
    with (deploy.parent / "pyproject.toml").open("rb") as file:
        return dict(tomllib.load(file)["project"])


def _distribution() -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        raise RelayError(
            "The package needs the relay to be installed here: run pip install . in its folder first.", code="bundle"
        ) from None


def package_folder(name: str) -> Path:
    module = __import__(name)
    return Path(str(module.__file__)).parent


def _checkout() -> Path | None:
    folder = package_folder("relay").parent
    return folder / "deploy" if (folder / "pyproject.toml").is_file() else None


def shared_names() -> list[str]:
    """Return the names of the files that are no Python: ["install.sh", "services/task.xml", ...]."""
    checkout = _checkout()
    if checkout is not None:
        found = [path for kind in ("*.bat", "*.sh", "docs/*.md", "services/*") for path in checkout.glob(kind)]
        return sorted([LOCK, *(path.relative_to(checkout).as_posix() for path in found)])
    return sorted(str(PurePosixPath(*parts)) for parts in _installed())


def shared(name: str) -> bytes:
    """Return one of them. Raises RelayError where this installation is incomplete."""
    checkout = _checkout()
    folder = checkout.parent if checkout is not None and name == LOCK else checkout
    path = folder / name if folder is not None else _installed().get(tuple(name.split("/")))
    if path is None or not path.is_file():
        raise RelayError(f"This installation lacks its file {name}: install the relay again.", code="bundle")
    return path.read_bytes()


def _installed() -> dict[tuple[str, ...], Path]:
    mark = tuple(SHARE.split("/"))
    found: dict[tuple[str, ...], Path] = {}
    for file in _distribution().files or []:
        for start in range(len(file.parts) - 2):
            if file.parts[start : start + 2] == mark:
                found[file.parts[start + 2 :]] = Path(str(file.locate()))
    beside = package_folder("relay").parent / SHARE  # where our own installer unpacks it
    if not found and beside.is_dir():
        found = {path.relative_to(beside).parts: path for path in beside.rglob("*") if path.is_file()}
    return found


def zip_of(files: Mapping[str, bytes], executable: Iterable[str] = ()) -> bytes:
    """Return a ZIP of `files` by name, the same for the same content; `executable` names keep that right."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if name in executable else 0o644) << 16
            archive.writestr(info, data)
    return packed.getvalue()
