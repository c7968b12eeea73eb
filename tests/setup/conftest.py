"""A site to be set up, with both stand-ins running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.setup_site import SetupSite, setup_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SetupSite]:
    with setup_site(tmp_path, tokens_a_minute=0) as found:
        yield found
