from __future__ import annotations

from pathlib import Path

import pytest

from relay.config import Settings
from tests.support.settings_example import example_settings


@pytest.fixture
def made(tmp_path: Path) -> Settings:
    """The settings of all cases of a test: checking them takes longer than most cases."""
    return example_settings(tmp_path)
