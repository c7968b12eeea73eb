"""What the product is made of: declared, locked with hashes, bounded, licensed, and none of it known to be bad."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-test.lock")
# Names of Python 2 that the installer tries, and pip, which is there or not.
ELSEWHERE = {"relay", "papercut_scripts", "pip", "urllib2", "xmlrpclib"}
# Drivers and plug-ins that others load by name.
BY_NAME = {"tzdata"}
# Versions by date, or with a promise of their own not to break.
WITHOUT_BOUND = {"certifi", "cryptography", "tzdata"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> dict[str, Requirement]:
    return {plain(found.name): found for found in map(Requirement, PROJECT["dependencies"])}


def imported() -> set[str]:
    names: set[str] = set()
    for file in (ROOT / "relay").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return {plain(name) for name in names - set(sys.stdlib_module_names) - ELSEWHERE}


def locked(name: str) -> dict[str, list[str]]:
    """Return the hashes of everything that a lock file names: {"click==8.2.1": ["sha256:..."]}."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            current = line.split(" ")[0]
            found[current] = []
        found[current] += re.findall(r"--hash=(sha256:[0-9a-f]{64})", line)
    return found


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    assert imported() == declared().keys() - BY_NAME


def test_a_major_version_that_may_break_is_shut_out() -> None:
    open_ended = {name for name, one in declared().items() if not any(s.operator == "<" for s in one.specifier)}
    assert open_ended == WITHOUT_BOUND


@pytest.mark.parametrize("name", LOCKS)
def test_everything_is_locked_with_hashes_and_without_a_place(name: str) -> None:
    found = locked(name)
    assert len(found) > 25
    assert [one for one, hashes in found.items() if not hashes or "==" not in one] == []
    assert not re.search(r"https?://|--index|--find-links|file:", (ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_fits_what_is_declared(name: str) -> None:
    versions = dict(one.split("==") for one in locked(name))
    for wanted, requirement in declared().items():
        assert requirement.specifier.contains(versions[wanted]), requirement


def test_both_locks_agree() -> None:
    assert set(locked(LOCKS[0])) <= set(locked(LOCKS[1]))


@pytest.mark.parametrize("file", ["deploy/demo.sh", "deploy/demo.bat", "deploy/test.sh"])
def test_the_locks_are_used(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert "--require-hashes" in text and "--no-deps" in text


def test_every_dependency_brings_its_licence() -> None:
    without = [
        name
        for name in declared()
        if name not in BY_NAME
        and not any("licen" in str(path).lower() for path in importlib.metadata.files(name) or ())
        and not importlib.metadata.metadata(name).get("License-Expression")
        and not importlib.metadata.metadata(name).get("License")
    ]
    assert without == []


def test_nothing_that_is_locked_is_known_to_be_bad() -> None:
    audit = shutil.which("pip-audit") or shutil.which("pip-audit", path=str(Path(sys.executable).parent))
    if audit is None:
        pytest.skip("pip-audit is not installed")
    command = [audit, "--requirement", str(ROOT / "requirements.lock"), "--require-hashes", "--disable-pip"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "ConnectionError" in done.stderr or "Max retries" in done.stderr:
        pytest.skip("pip-audit reaches no index")
    assert done.returncode == 0, done.stdout + done.stderr
