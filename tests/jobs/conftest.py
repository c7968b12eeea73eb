"""The site that most tests of the jobs room work on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.jobs_site import JobsSite, jobs_site
from tests.support.standin_world import Standins, standins
from tests.support.still_clock import StillClock


@pytest.fixture
def site(tmp_path: Path) -> JobsSite:
    return jobs_site(tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Standins]:
    """Both stand-ins with one printer, and a print log that tells costs."""
    papercut = {"install_dir": str(tmp_path / "papercut")}
    with standins(tmp_path, clock=StillClock(), jobs={"cost_column": "11"}, papercut=papercut) as site:
        site.papercut.state.add_printer("print01", "Colour", page_cost=0.25)
        yield site
