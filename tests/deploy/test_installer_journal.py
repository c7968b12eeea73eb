"""The undo journal: the first state of each subject, on the disk before the change, whole after a kill."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from relay.installer.journal import NAME, InstallJournal


def test_the_first_state_and_the_last_change_of_a_subject_count(tmp_path: Path) -> None:
    journal = InstallJournal(str(tmp_path / "undo"))
    assert not journal.exists() and journal.entries() == []
    journal.note("file", "a", {"n": 1}, {"n": 2})
    journal.note("config", "b", None, "x")
    journal.note("file", "a", {"n": 2}, {"n": 3})
    assert [(entry.kind, entry.subject) for entry in journal.entries()] == [("file", "a"), ("config", "b")]
    found = journal.find("file", "a")
    assert found is not None and (found.before, found.after) == ({"n": 1}, {"n": 3})
    assert journal.find("file", "b") is None


def test_a_line_cut_off_by_a_kill_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    journal = InstallJournal(str(tmp_path))
    journal.note("file", "a", None, 1)
    path = tmp_path / NAME
    whole = path.read_bytes()
    for length in range(1, len(whole)):
        path.write_bytes(whole + whole[:length])
        assert len(InstallJournal(str(tmp_path)).entries()) == 1
    journal.note("file", "b", None, 2)
    assert [entry.subject for entry in journal.entries()] == ["a", "b"]


def test_copies_are_kept_once_and_only_for_administrators(tmp_path: Path) -> None:
    journal = InstallJournal(str(tmp_path / "undo"))
    name = journal.keep(b"\x00old \xff bytes")
    assert journal.keep(b"\x00old \xff bytes") == name
    assert journal.kept(name) == b"\x00old \xff bytes"
    journal.note("file", "a", None, None)
    if os.name == "posix":
        modes = {stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "undo", *(tmp_path / "undo").iterdir()]}
        assert modes == {0o700, 0o600}
    journal.forget()
    assert not (tmp_path / "undo").exists()
