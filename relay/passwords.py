"""Who may use the console: names, roles and slow hashes, in the one private file `[console] password_hash_file`.

The file holds one line of JSON, {"ann": {"role": "money", "hash": "scrypt:..."}}, or a single scrypt hash, which
stands for the name `operator` with every right. A password is never stored, and no hash leaves this module.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

import tomlkit
from tomlkit.exceptions import TOMLKitError
from werkzeug.security import check_password_hash, generate_password_hash

from relay import written_files
from relay.config.loading import text_of
from relay.errors import ConfigError, UsageError
from relay.language import N_, lazy
from relay.private_files import make_private_folder, read_private, why_not_theirs, write_private

Role = Literal["look", "operate", "money"]
ROLES: tuple[Role, ...] = get_args(Role)  # each may do what the ones before it may
MAY: Mapping[str, str] = {  # role -> what it may do, in words; each may also do what stands above it
    "look": N_("look"),
    "operate": N_("work with people"),
    "money": N_("decide on money"),
}
SHORTEST = 10
DEFAULT_FILE = "secrets/console_password"
ONLY_NAME = "operator"
_METHOD = "scrypt"
_NAME = re.compile(r"[^\W_](?:[\w.@+-]{0,62}[^\W_])?")


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    name: str
    role: Role
    hash: str

    @property
    def fingerprint(self) -> str:
        """Return a short word that changes with the password or the role, so that old sessions end with them."""
        return hashlib.sha256(f"{self.role}\x1f{self.hash}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class UsersWritten:
    """What was written where: the file and every user's role in it."""

    file: Path
    users: Mapping[str, str]
    sentence: str

    def text(self) -> str:
        return self.sentence


def read_users(stored: str | None) -> dict[str, ConsoleUser]:
    """Return the users in the file's content, {} for none. Raises ConfigError for content that is not ours."""
    if not stored:
        return {}
    if not stored.startswith("{"):
        return {ONLY_NAME: ConsoleUser(ONLY_NAME, "money", _checked_hash(stored))}
    try:
        rows = json.loads(stored)
        return {
            str(name): ConsoleUser(str(name), cast(Role, _known_role(row["role"])), _checked_hash(row["hash"]))
            for name, row in rows.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError([_UNREADABLE]) from None


def verify(users: Mapping[str, ConsoleUser], name: str, password: str) -> ConsoleUser | None:
    """Return the user whose name and password these are, else None; unknown names take as long as wrong passwords."""
    user = users.get(name)
    right = check_password_hash(user.hash if user else _nobodys_hash(), password)
    return user if user and right else None


def set_password(settings_file: Path, name: str, role: str, password: str) -> UsersWritten:
    """Give `name` a password, and name the file in relay.toml where it does not yet stand there.

    Works on settings that are otherwise incomplete, since without a password some settings cannot be accepted.
    """
    check_name(name)
    _check_length(password)
    file = _users_file(settings_file, make=True)
    users = _read_file(file)
    users[name] = _user(name, role, password)
    return _write(file, users, lazy("%(name)s may now use the console (%(role)s).", name=name, role=role))


def add(settings_file: Path, name: str, role: str, password: str) -> UsersWritten:
    """Give somebody new a login. Raises UsageError for a name that has one already, so that nobody is written over."""
    if name in _read_file(_users_file(settings_file, make=True)):
        raise UsageError(
            lazy("%(name)s may already use the console; nothing was changed: change %(name)s instead.", name=name)
        )
    return set_password(settings_file, name, role, password)


def change(settings_file: Path, name: str, role: str, password: str = "") -> UsersWritten:
    """Give `name` another role, and another password unless that is "".

    Raises UsageError where nobody would be left who may decide on money, since nobody could then change that back.
    """
    file = _users_file(settings_file, make=False)
    users = _read_file(file)
    if name not in users:
        raise UsageError(lazy("%(name)s has no password for the console; nothing was changed.", name=name))
    if password:
        _check_length(password)
    users[name] = _user(name, role, password) if password else replace(users[name], role=cast(Role, _known_role(role)))
    _check_somebody_decides(users, name)
    return _write(file, users, lazy("%(name)s may now use the console (%(role)s).", name=name, role=role))


def first_user(name: str, password: str) -> str:
    """Return the content of a file of users with one who may decide on money; name and password are checked before."""
    return _stored({name: _user(name, "money", password)})


def remove(settings_file: Path, name: str) -> UsersWritten:
    """Take the login of `name` away."""
    file = _users_file(settings_file, make=False)
    users = _read_file(file)
    if name not in users:
        raise UsageError(lazy("%(name)s has no password for the console; nothing was changed.", name=name))
    if len(users) == 1:
        raise UsageError(
            lazy(
                "%(name)s is the only one with a password, so nothing was changed: give somebody else one first, or "
                "take password_hash_file out of %(settings_file)s and delete %(file)s.",
                name=name,
                settings_file=settings_file,
                file=file,
            )
        )
    role = users.pop(name).role
    if role == "money":
        _check_somebody_decides(users, name)
    return _write(file, users, lazy("%(name)s may no longer use the console.", name=name))


def _check_length(password: str) -> None:
    if len(password) < SHORTEST:
        raise UsageError(
            lazy(
                "The password is too short; nothing was changed: use at least %(shortest)s characters.",
                shortest=SHORTEST,
            )
        )


def _check_somebody_decides(users: Mapping[str, ConsoleUser], name: str) -> None:
    if not any(user.role == "money" for user in users.values()):
        raise UsageError(
            lazy(
                "%(name)s is the last one who may decide on money, so nothing was changed: give somebody else that "
                "right first.",
                name=name,
            )
        )


def check_name(name: str) -> None:
    """Raise UsageError for what is no name of a user."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            lazy(
                "%(name)s cannot be a login name: use letters, digits, dots, dashes and @, at most 64 characters.",
                name=repr(name),
            )
        )


def _not_touched(file: Path, why: str) -> str:
    return lazy("[console] password_hash_file: %(file)s was not touched, since %(why)s.", file=file, why=why)


_UNREADABLE = lazy("[console] password_hash_file: holds neither users nor one scrypt hash; make it again")


def _known_role(role: str) -> str:
    if role not in ROLES:
        raise ValueError(role)
    return role


def _checked_hash(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"scrypt:\d{1,8}:\d{1,3}:\d{1,3}\$[^$\s]+\$[0-9a-f]{64,}", value):
        raise ConfigError([_UNREADABLE])
    return value


@cache
def _nobodys_hash() -> str:
    return generate_password_hash("nobody", method=_METHOD)


def read_settings(settings_file: Path) -> tomlkit.TOMLDocument:
    """Return the settings as they are written, whatever they say. Raises ConfigError where they cannot be read."""
    try:
        return tomlkit.parse(text_of(settings_file))
    except TOMLKitError as error:
        raise ConfigError(
            [
                lazy(
                    "The settings file %(settings_file)s cannot be read: %(error)s.",
                    settings_file=settings_file,
                    error=error,
                )
            ]
        ) from None


def _users_file(settings_file: Path, *, make: bool) -> Path:
    """Return the path of the users' file as relay.toml names it; with `make`, name it there where nothing does."""
    document = read_settings(settings_file)
    console = document.get("console", {})
    named = str(console.get("password_hash_file", "") or "")
    if not named:
        if not make:
            raise UsageError(lazy("The console has no passwords; nothing was changed."))
        named = DEFAULT_FILE
        if "console" not in document:
            document["console"] = tomlkit.table()
        document["console"]["password_hash_file"] = named
        written_files.rewrite(settings_file, tomlkit.dumps(document))
    file = settings_file.absolute().parent / named
    try:
        make_private_folder(file.parent)
    except OSError as error:
        raise ConfigError(
            [_not_touched(file, lazy("its folder cannot be made (%(strerror)s)", strerror=error.strerror or error))]
        ) from None
    why = why_not_theirs(file.parent, settings_file)
    if why:
        raise ConfigError([_not_touched(file, why)])
    return file


def _read_file(file: Path) -> dict[str, ConsoleUser]:
    try:
        return read_users(read_private(file).strip())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        why = written_files.why_unread(error)
        raise ConfigError([_not_touched(file, lazy("it cannot be read (%(why)s)", why=why))]) from None


def _user(name: str, role: str, password: str) -> ConsoleUser:
    return ConsoleUser(name, cast(Role, _known_role(role)), generate_password_hash(password, method=_METHOD))


def _stored(users: Mapping[str, ConsoleUser]) -> str:
    rows = {user.name: {"role": user.role, "hash": user.hash} for user in users.values()}
    return json.dumps(rows, ensure_ascii=True) + "\n"


def _write(file: Path, users: Mapping[str, ConsoleUser], sentence: str) -> UsersWritten:
    try:
        write_private(file, _stored(users))
    except OSError as error:
        raise ConfigError(
            [_not_touched(file, lazy("it cannot be written (%(strerror)s)", strerror=error.strerror or error or error))]
        ) from None
    return UsersWritten(file, {user.name: user.role for user in users.values()}, sentence)
