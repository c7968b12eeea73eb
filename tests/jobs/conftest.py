"""The site that most tests of the jobs room work on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.jobs_site import JobsSite, jobs_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[JobsSite]:
    made = jobs_site(tmp_path)
    yield made
    made.database.dispose()
