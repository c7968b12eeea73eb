"""The site that most tests of the money room work on: in memory, with whatever settings a module asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.money_world import Site


@pytest.fixture
def sections() -> dict[str, dict[str, Any]]:
    """Settings of the site beside the example's; a module that needs some has a fixture of this name."""
    return {}


@pytest.fixture
def site(tmp_path: Path, sections: dict[str, dict[str, Any]]) -> Site:
    return Site(tmp_path, sections)


@pytest.fixture
def on_disk(tmp_path: Path, sections: dict[str, dict[str, Any]]) -> Site:
    """The same with its ledger in a file: several threads cannot share one in memory."""
    return Site(tmp_path, sections, url=f"sqlite:///{tmp_path}/ledger.db")
