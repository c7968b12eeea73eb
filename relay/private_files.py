"""Files that only their owner may read: checked before a secret is taken from them, and made so when we write one.

The one place that writes them. A file belongs to whoever owns its folder, also when root writes it for a service
account; and since that account may plant links in its folder, none of them leads root anywhere.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from papercut_scripts import compat
from relay import held_files
from relay.installer import windows
from relay.shell import quoted

_POSIX = os.name == "posix"
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would end a text at Ctrl+Z and write CRLF
_MOST_LINKS = 40  # as many as Linux follows
_LARGEST = 1_000_000  # bytes of a private file that is read whole


def why_not_private(path: Path) -> str | None:
    """Return in a clause why `path` may be read by others than its owner, or None when it may not.

    POSIX: the file's mode. Windows: its access list, as far as it names the groups that everybody is in; where that
    cannot be asked the file is accepted, since a wrong refusal would stop a site for nothing.
    """
    if os.name == "nt":
        return _windows_readers(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return f"others may read it (mode {mode:04o}); run: chmod 600 {quoted(str(path))}"
    return None


def write_private(path: Path, content: str | bytes, *, as_before: bool = False) -> None:
    """Replace `path` by `content` so that no other account can read it at any moment; the folder must exist.

    The file appears whole or not at all: it is written under a random name, flushed to the disk and renamed. With
    `as_before` owner and mode of the file that it replaces are kept; under Windows, which has neither, a file has the
    rights of its folder. Raises OSError, with no part of it left behind.
    """
    with _held_open(path.parent) as (at, owner):
        mode = 0o600
        if _POSIX and as_before and (old := _regular(path, at)) is not None:
            mode, owner = stat.S_IMODE(old.st_mode), old
        temporary = f".{path.name}.{secrets.token_hex(8)}.new"
        descriptor = _created(_named(path, temporary), at, owner)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
                if mode != 0o600:
                    os.fchmod(file.fileno(), mode)
                file.flush()
                os.fsync(file.fileno())
            _replace(_named(path, temporary), _named(path, path.name), at)
        except BaseException:
            with suppress(OSError):
                os.unlink(_named(path, temporary), **_at(at))
            raise


def create_private(path: Path) -> None:
    """Create an empty file that only its folder's owner may read. Raises FileExistsError, also for a link, OSError."""
    with _held_open(path.parent) as (at, owner):
        os.close(_created(_named(path, path.name), at, owner))


def open_to_append(path: Path) -> int:
    """Return a descriptor that appends to a private file, made where it is missing; never one behind a link."""
    with suppress(FileExistsError):
        create_private(path)
    with _held_open(path.parent) as (at, _):
        wait = getattr(os, "O_NONBLOCK", 0)  # not for who reads a pipe that somebody put there
        flags = os.O_WRONLY | os.O_APPEND | _BINARY | _NO_FOLLOW | wait
        descriptor = os.open(_named(path, path.name), flags, **_at(at))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "this is no plain file", str(path))
    return descriptor


def read_private(path: Path, links: int = 0) -> str:
    """Return the text of a private file; what another account could use to mislead root is refused with OSError.

    Root follows a link of its own alone, at most `_MOST_LINKS` less `links` of them.
    """
    with _held_open(path.parent) as (at, owner):
        if owner is not None and (target := _own_link(path, at, links)) is not None:
            return read_private(path.parent / target, links + 1)
        # A pipe that somebody put there would be waited for without end.
        flags = os.O_RDONLY | (_NO_FOLLOW if owner is not None else 0) | _BINARY | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(_named(path, path.name), flags, **_at(at))
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "this is no plain file", str(path))
        if owner is not None and found.st_nlink > 1 and found.st_uid != owner.st_uid:
            raise OSError(errno.EPERM, "this is another name of a file that does not belong here", str(path))
        if found.st_size > _LARGEST:
            raise OSError(errno.EFBIG, "this is larger than any secret", str(path))
        return str(compat.written_text(file.read()))


def _own_link(path: Path, folder: int | None, links: int) -> str | None:
    """Return where a link of root's own points to, None where there is no link. Raises OSError for any other link."""
    found = os.stat(_named(path, path.name), follow_symlinks=False, **_at(folder))
    if not stat.S_ISLNK(found.st_mode):
        return None
    if found.st_uid != 0 or links >= _MOST_LINKS:
        raise OSError(errno.ELOOP, "root does not follow the link of another account", str(path))
    return os.readlink(_named(path, path.name), **_at(folder))


def remove_private(path: Path) -> None:
    """Remove a file, or a link in its place, where there is one. Raises OSError."""
    if not path.parent.is_dir():
        return
    with _held_open(path.parent) as (at, _), suppress(FileNotFoundError):
        os.unlink(_named(path, path.name), **_at(at))


def make_private_folder(path: Path) -> None:
    """Make a folder, with its parents, that only the owner of the nearest one there may enter; one that is there
    stays as it is. Raises OSError."""
    if path.is_dir():
        return
    make_private_folder(path.parent)
    with _held_open(path.parent) as (at, owner):
        try:
            os.mkdir(_named(path, path.name), 0o700, **_at(at))
        except FileExistsError:
            if path.is_dir():  # another process was first
                return
            raise
        if owner is not None:
            os.chown(_named(path, path.name), owner.st_uid, owner.st_gid, follow_symlinks=False, **_at(at))


def can_be_made(path: Path) -> bool:
    """Return whether this account can make a file or folder of that name, with the folders above it, or write into the
    folder that is there: tried, since rights alone do not tell. Nothing is left behind."""
    folder = next(one for one in (path, *path.absolute().parents) if one.exists())
    try:
        os.rmdir(tempfile.mkdtemp(prefix=".tried-", dir=folder))
    except OSError:
        return False
    return True


def why_not_theirs(place: Path, named_in: Path) -> str | None:
    """Return in a clause why root must not touch a file or folder that a file of another account names, else None.

    Whoever may write settings could have root replace any file of the system by naming it there, or read a secret and
    send it to an address that stands there too.
    """
    if not _is_root() or not named_in.exists():
        return None
    writer, owner = named_in.stat().st_uid, place.stat().st_uid
    if writer in (0, owner):
        return None
    return f"{place} does not belong to the account that owns {named_in}"


def _is_root() -> bool:
    return _POSIX and os.geteuid() == 0


def _at(folder: int | None) -> dict[str, Any]:
    return {} if folder is None else {"dir_fd": folder}


def _named(path: Path, name: str) -> str:
    """Return how a file of that name is called beside `path`: inside the folder that is held open, where one can be."""
    return name if _POSIX else str(path.with_name(name))


def _replace(source: str, target: str, folder: int | None) -> None:
    if folder is None:
        held_files.replace(Path(source), Path(target))
        return
    os.replace(source, target, src_dir_fd=folder, dst_dir_fd=folder)
    with suppress(OSError):  # some file systems cannot flush a folder
        os.fsync(folder)


def _created(name: str, folder: int | None, owner: os.stat_result | None) -> int:
    """Return the descriptor of a new, empty file; whatever has its name already, a link too, is an error."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY
    descriptor = os.open(name, flags, 0o600, **_at(folder))
    try:
        if not _POSIX:
            _close_to_others(name)
        if owner is not None:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    except BaseException:
        os.close(descriptor)
        os.unlink(name, **_at(folder))
        raise
    return descriptor


def _regular(path: Path, folder: int | None) -> os.stat_result | None:
    try:
        found = os.stat(_named(path, path.name), follow_symlinks=False, **_at(folder))
    except FileNotFoundError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


@contextmanager
def _held_open(folder: Path) -> Iterator[tuple[int | None, os.stat_result | None]]:
    """Hold a folder open, so that it cannot be exchanged under way, and give its owner where root works for him."""
    if not _POSIX:
        yield None, None
        return
    descriptor = _walked(folder.absolute()) if _is_root() else os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor, os.fstat(descriptor) if _is_root() else None
    finally:
        os.close(descriptor)


def _walked(folder: Path) -> int:
    """Return a folder's descriptor, reached over no link but root's own. Raises OSError (ELOOP) for any other."""
    ahead = list(reversed(folder.parts[1:]))
    descriptor = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    links = 0
    try:
        while ahead:
            name = ahead.pop()
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                links += 1
                if found.st_uid != 0 or links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, "root does not follow the link of another account", str(folder))
                target = Path(os.readlink(name, dir_fd=descriptor))
                ahead.extend(reversed(target.parts[1:] if target.is_absolute() else target.parts))
                if target.is_absolute():
                    descriptor = _exchanged(descriptor, os.open("/", os.O_RDONLY | os.O_DIRECTORY))
                continue
            opened = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW, dir_fd=descriptor)
            descriptor = _exchanged(descriptor, opened)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _exchanged(old: int, new: int) -> int:
    os.close(old)
    return new


def _close_to_others(path: str) -> None:
    """Take a new file from everybody under Windows, where its folder would have let them read it."""
    with suppress(OSError):  # a disk without rights: `why_not_private` accepts it too
        if windows.wide_readers(path):
            windows.set_rights(path, windows.sddl(windows.owner(path), owner_only=True, is_folder=False))


def _windows_readers(path: Path) -> str | None:
    try:
        wide = windows.wide_readers(str(path))
    except OSError:
        return None
    if wide:
        return (
            "ordinary users of this machine may read it; "
            f'run: icacls {quoted(str(path))} /inheritance:r /grant:r "%USERNAME%:F" "*S-1-5-18:F" "*S-1-5-32-544:F"'
        )
    return None
