"""The locks of a site: free the moment their holder lets go, and telling whether the site is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.errors import AlreadyRunning, LedgerError
from relay.lock import is_served, serving_lock, site_lock

pytestmark = pytest.mark.windows


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    held = site_lock(tmp_path / "state")
    with held, pytest.raises(AlreadyRunning, match="wait until it is over"), site_lock(tmp_path / "state"):
        pass
    with site_lock(tmp_path / "state"):
        pass


def test_a_served_site_is_known_as_such_and_can_still_be_written(tmp_path: Path) -> None:
    assert not is_served(tmp_path)
    with serving_lock(tmp_path), site_lock(tmp_path):
        assert is_served(tmp_path)
        with pytest.raises(AlreadyRunning, match="serve"), serving_lock(tmp_path):
            pass
    assert not is_served(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(LedgerError, match="cannot be written"), site_lock(tmp_path / "state"):
        pass
