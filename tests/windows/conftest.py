"""What the tests of Windows' own share: one registry, which is the machine's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest


@pytest.fixture
def registry_alone() -> Iterator[None]:
    """Keep a test that writes PaperCut's keys and one whose installer reads them from running at once."""
    with filelock.FileLock(Path(tempfile.gettempdir()) / "papercut-officernd-registry.lock"):
        yield
