"""What a set-up that was killed while it wrote has left, and how the next one takes it back.

Settings and secrets are several files, so their names are written down first: settings that are there whole are kept
with all of them, of anything else nothing is. One set-up at a time writes into a folder.
"""

from __future__ import annotations

import glob
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock

from relay.errors import AlreadyRunning
from relay.language import lazy
from relay.private_files import read_private, remove_private, write_private

NOTE = ".set-up-unfinished"
LOCK = ".set-up-lock"
FOLDER = "secrets"
# Whoever owns the folder can write the note: it leads to nothing but files that a set-up makes.
_OURS = re.compile(rf"{FOLDER}/[a-z_]+(\.\d+)?|[^/\\]+\.before-\d+\.[^/\\]+")


@dataclass(frozen=True)
class WritingNote:
    """The files that a set-up makes besides its settings, by name in their folder, and what its settings will be."""

    files: Sequence[str]
    digest: str

    @staticmethod
    def of(files: Sequence[str], settings: str) -> WritingNote:
        return WritingNote(files, _digest(settings.encode("utf-8")))


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Write in a folder as the only set-up. Raises AlreadyRunning at once where another one is writing, OSError."""
    lock = filelock.FileLock(folder / LOCK, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise AlreadyRunning(
            lazy("Another set-up is writing its settings into %(folder)s; nothing was written.", folder=folder)
        ) from None
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):  # another set-up may hold it by now
            remove_private(folder / LOCK)


def begin(target: Path, note: WritingNote) -> None:
    """Write down what is about to be made. Raises OSError."""
    write_private(target.with_name(NOTE), json.dumps(asdict(note)))


def end(target: Path) -> bool:
    """Take back what an unfinished set-up made, or keep it where its settings are in force; return whether they are.

    Raises OSError where something cannot be removed: the note stays, for the next time.
    """
    _remove_parts(target.with_name(NOTE))
    try:
        note = WritingNote(**json.loads(read_private(target.with_name(NOTE))))
    except (FileNotFoundError, ValueError, TypeError):
        return False
    is_whole = target.exists() and _digest(target.read_bytes()) == note.digest
    ours = [target.parent / name for name in note.files if _OURS.fullmatch(name)]
    for path in ours if not is_whole else ():
        remove_private(path)
    for path in (*ours, target):
        _remove_parts(path)
    with suppress(OSError):  # somebody else's secrets may lie in it
        (target.parent / FOLDER).rmdir()
    remove_private(target.with_name(NOTE))
    return is_whole


def _remove_parts(path: Path) -> None:
    """Remove what a kill in the middle of writing a file has left of it."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.new"):
        remove_private(part)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
