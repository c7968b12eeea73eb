"""Files that only their owner may read: checked before a secret is taken from them, and made so when we write one."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

# Well-known Windows groups that stand for "more people than the owner": Everyone, Authenticated Users, Users.
_WIDE_SIDS = {"*S-1-1-0", "*S-1-5-11", "*S-1-5-32-545"}


def why_not_private(path: Path) -> str | None:
    """Return in a clause why `path` may be read by others than its owner, or None when it may not.

    POSIX: the file's mode. Windows: a best effort through `icacls`, which names the groups that may read; where that
    cannot be asked the file is accepted, since a wrong refusal would stop a site for nothing.
    """
    if os.name == "nt":
        return _windows_readers(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return f"others may read it (mode {mode:04o}); run: chmod 600 {path}"
    return None


def write_private(path: Path, text: str) -> None:
    """Write `text` to `path` so that no other account can read it at any moment; the folder must exist.

    The file appears whole or not at all: it is written under another name, flushed to the disk and renamed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _windows_readers(path: Path) -> str | None:
    try:
        # /save would give SDDL, but only /findsid by well-known SID is independent of the system's language.
        wide = [
            sid
            for sid in sorted(_WIDE_SIDS)
            if str(path.name).lower()
            in subprocess.run(
                ["icacls", str(path), "/findsid", sid], capture_output=True, text=True, timeout=10, check=False
            )
            .stdout.split("\n", 1)[0]
            .lower()
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    if wide:
        return (
            "ordinary users of this machine may read it; "
            f'run: icacls "{path}" /inheritance:r /grant:r "%USERNAME%:F" "*S-1-5-18:F" "*S-1-5-32-544:F"'
        )
    return None
