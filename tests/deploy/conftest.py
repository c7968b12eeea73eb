"""A package that is made once, and a fresh machine for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.machine import Machine, make_package


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def machine(tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr("sys.stdin", None)
    return Machine(tmp_path, package).use(monkeypatch)
