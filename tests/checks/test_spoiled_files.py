"""What is spoiled on the disk is a finding, and stops no check."""

from __future__ import annotations

import pytest

from relay.database import open_database
from tests.support.checks_bench import Bench

pytestmark = pytest.mark.windows


def test_files_that_are_not_utf_8_stop_no_check(bench: Bench) -> None:
    """Whatever lies in the hand-over files, in the relay's own folder and in PaperCut's."""
    bench.publish()
    open_database(bench.settings).dispose()
    state = bench.settings.site.state_dir
    for name in ("logs", "state"):
        (bench.settings.scripts.home / name / "auth.log").write_bytes(b"")
    for name in ("people.json", "readiness.json", "relay.log"):
        (state / name).write_bytes(b"")
    folders = (bench.settings.scripts.home, state, bench.papercut.state.data_dir)
    for path in [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".db"]:
        path.write_bytes(b"\xff\xfe\x00{caf\xe9: \x81\n")
    assert {"program_settings_missing", "directory_damaged"} <= bench.codes()
