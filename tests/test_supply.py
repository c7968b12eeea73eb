"""What the product is made of: declared, locked with hashes, bounded, licensed, and none of it known to be bad."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.support.repository import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-test.lock")
# Names of Python 2 that the installer tries, and pip, which is there or not.
ELSEWHERE = {"relay", "papercut_scripts", "pip", "urllib2", "xmlrpclib"}
# Drivers and plug-ins that others load by name.
BY_NAME = {"tzdata"}
# Versions by date, or with a promise of their own not to break.
WITHOUT_BOUND = {"certifi", "cryptography", "tzdata"}
# What a licence says that may go with MIT; a library's own copyleft stays with its files, which we change nowhere.
PERMITTED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software|MPL|Mozilla|LGPL|Lesser|Public Domain|Unlicense|ZPL|Zope"
)
COPYLEFT = re.compile(r"GPL|MPL|Mozilla|Lesser")
LIBRARIES_ONLY = {"certifi", "psycopg", "psycopg-binary"}
# Versions from which a published weakness is repaired, for where no index can be asked.
REPAIRED = {
    "certifi": (Version("2024.7.4"), "CVE-2024-39689"),
    "cryptography": (Version("44.0.1"), "CVE-2024-12797"),
    "flask": (Version("3.1.1"), "CVE-2025-47278"),
    "idna": (Version("3.7"), "CVE-2024-3651"),
    "jinja2": (Version("3.1.6"), "CVE-2025-27516"),
    "requests": (Version("2.32.4"), "CVE-2024-47081"),
    "urllib3": (Version("2.6.0"), "CVE-2025-66418, CVE-2025-66471"),
    "waitress": (Version("3.0.1"), "CVE-2024-49768, CVE-2024-49769"),
    "werkzeug": (Version("3.1.4"), "CVE-2025-66221"),
}


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


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_holds_all_that_its_packages_ask_for(name: str) -> None:
    """pip takes a file with hashes only where nothing is missing from it; asked here of what is installed."""
    versions = {plain(one.split("==")[0]) for one in locked(name)}
    here = {plain(one.metadata["Name"]): one for one in importlib.metadata.distributions()}
    asked = [Requirement(text) for one in versions & here.keys() for text in here[one].requires or ()]
    wanted = {plain(one.name) for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})}
    assert len(wanted) > 10 and wanted - versions == set()


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


def licence(name: str) -> str:
    """Return what a package says of its licence: by an expression, else by a classifier, else in a word."""
    about = importlib.metadata.metadata(name)
    classifiers = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or () if one.startswith("License")]
    return str(about.get("License-Expression") or ", ".join(classifiers) or (about.get("License") or "").split("\n")[0])


def test_every_licence_may_go_with_ours() -> None:
    """All that the package brings, not only what we name; a new kind of licence is looked at by a person first."""
    here = {plain(one.metadata["Name"]): one.metadata["Name"] for one in importlib.metadata.distributions()}
    found = {name: licence(here[name]) for name in (one.split("==")[0] for one in locked(LOCKS[0])) if name in here}
    assert len(found) > 25
    assert {name: said for name, said in found.items() if not PERMITTED.search(said)} == {}
    assert {name for name, said in found.items() if COPYLEFT.search(said)} == LIBRARIES_ONLY


@pytest.mark.parametrize("name", LOCKS)
def test_nothing_that_is_locked_is_older_than_a_known_repair(name: str) -> None:
    versions = dict(one.split("==") for one in locked(name))
    assert {one: versions[one] for one, (repaired, _) in REPAIRED.items() if Version(versions[one]) < repaired} == {}


def test_nothing_that_is_locked_is_known_to_be_bad() -> None:
    audit = shutil.which("pip-audit") or shutil.which("pip-audit", path=str(Path(sys.executable).parent))
    if audit is None:
        pytest.skip("pip-audit is not installed")
    command = [audit, "--requirement", str(ROOT / "requirements.lock"), "--require-hashes", "--disable-pip"]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, timeout=120, check=False)
    if "ConnectionError" in done.stderr or "Max retries" in done.stderr:
        pytest.skip("pip-audit reaches no index")
    found = json.loads(done.stdout)["dependencies"]
    if all("skip_reason" in one for one in found):
        pytest.skip("pip-audit reaches an index that knows of no bad versions")
    assert [one for one in found if one.get("vulns") or "skip_reason" in one] == []
