"""Secrets of the settings: from files that only their owner may read, or from the environment; never from the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from relay import written_files
from relay.config.values import why_no_path
from relay.errors import Problem
from relay.language import lazy
from relay.private_files import read_private, why_not_private, why_not_theirs

# Secrets by section: key -> is it required. `ledger.url` and `proxy` are secrets only when they carry a password.
SECRETS: Mapping[str, Mapping[str, bool]] = {
    "papercut": {"auth_token": True},
    "officernd": {"client_secret": True},
    "jobs": {"database_url": False},
    "console": {"password_hash": False, "webhook_secret": False},
    "notify": {"urls": False, "ping_url": False},
}
MANY_LINES = {("notify", "urls")}  # a file with an address a line
PASSWORD_NAMES = ("password", "sslpassword")  # what PostgreSQL takes behind a URL's ? too
URLS_WITH_PASSWORD: Mapping[str, str] = {"ledger": "url", "officernd": "proxy"}


def with_secrets(
    section: str,
    values: dict[str, Any],
    folder: Path,
    environment: Mapping[str, str],
    source: str,
    problems: list[Problem],
) -> tuple[dict[str, Any], set[tuple[str, ...]]]:
    """Return `values` with each secret taken from its file or variable, and the keys whose problem is already told."""
    told: set[tuple[str, ...]] = set()

    def tell(key: str, problem: str) -> None:
        problems.append(Problem(problem, section, key, source))
        told.add((key.removesuffix("_file").removesuffix("_env"),))
        told.add((key,))

    if section == "signin":
        _take_signin(values, folder, source, tell)
        return values, told
    names = {**SECRETS.get(section, {}), **_url_with_password(section, values, tell)}
    for key, required in names.items():
        origin, value = _take_origin(key, values, required, tell)
        if origin.endswith("_env"):
            secret = environment.get(value, "") if isinstance(value, str) else ""
            if secret:
                values[key] = SecretStr(secret)
            else:
                tell(origin, lazy("the environment has no variable %(value)s", value=value))
        elif origin:
            try:
                _, secret = _private_file(value, folder, Path(source), many_lines=(section, key) in MANY_LINES)
                values[key] = SecretStr(secret)
            except _NoSecret as problem:
                tell(origin, problem.args[0])
    return values, told


def _take_signin(values: dict[str, Any], folder: Path, source: str, tell: Callable[[str, str], None]) -> None:
    """Hold the sign-in secret to be a file: the programs on PaperCut's side read it themselves."""
    if "client_secret" in values or "client_secret_env" in values:
        values.pop("client_secret", None)
        values.pop("client_secret_env", None)
        tell(
            "client_secret_file",
            lazy(
                "the sign-in secret is always a file, because PaperCut's programs read it "
                "themselves: put it alone into a file and write client_secret_file"
            ),
        )
    elif "client_secret_file" in values:
        try:
            values["client_secret_file"], _ = _private_file(values["client_secret_file"], folder, Path(source))
        except _NoSecret as problem:
            tell("client_secret_file", problem.args[0])


def _url_with_password(section: str, values: dict[str, Any], tell: Callable[[str, str], None]) -> dict[str, bool]:
    """Return the section's URL as a further secret, {} where it has none, or stands in the settings as it may."""
    key = URLS_WITH_PASSWORD.get(section)
    plain = values.get(key) if key else ""
    if key and plain == "":
        values.pop(key)
    elif key and not (isinstance(plain, str) and f"{key}_file" not in values and f"{key}_env" not in values):
        return {key: False}
    elif key and isinstance(plain, str):
        parts = urlsplit(plain)
        values[key] = SecretStr(plain)
        if parts.password or any(name in PASSWORD_NAMES for name, _ in parse_qsl(parts.query)):
            tell(
                key,
                lazy(
                    "carries a password: put the whole URL into a file that only its owner may read and "
                    "write %(url_key)s_file, or name a variable in %(url_key)s_env",
                    url_key=key,
                ),
            )
            values.pop(key)
    return {}


def _take_origin(key: str, values: dict[str, Any], required: bool, tell: Callable[[str, str], None]) -> tuple[str, Any]:
    """Take every key of a secret out of `values`; return the one that names its file or variable with what it names,
    two "" where there is none."""
    given = {name: values.pop(name, "") for name in (key, f"{key}_file", f"{key}_env")}
    given = {name: value for name, value in given.items() if value != ""}
    if not given and required:
        tell(
            key,
            lazy(
                "is missing: put it alone into a file that only its owner may read, and name that in "
                "%(key)s_file, or name a variable in %(key)s_env",
                key=key,
            ),
        )
    elif key in given:
        tell(
            key,
            lazy(
                "a secret must not stand in the settings: put it alone into a file that only its owner may "
                "read and write %(key)s_file, or name a variable in %(key)s_env",
                key=key,
            ),
        )
    elif len(given) > 1:
        tell(key, lazy("is given %(count)s times (%(keys)s): keep one", count=len(given), keys=", ".join(given)))
    elif given:
        return next(iter(given.items()))
    return "", ""


class _NoSecret(Exception):
    """What is wrong with a secret's file, in a clause."""


def _private_file(value: Any, folder: Path, named_in: Path, *, many_lines: bool = False) -> tuple[Path, str]:
    """Return the path of a secret's file and what it holds. Raises _NoSecret."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise _NoSecret(lazy("must be the path of a file, in quotes"))
    why = why_no_path(value)
    if why:
        raise _NoSecret(why)
    file = folder / value
    try:
        content = read_private(file).strip()
        problem = why_not_private(file) or why_not_theirs(file, named_in)
    except FileNotFoundError:
        raise _NoSecret(lazy("there is no file %(file)s", file=file)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _NoSecret(
            lazy("%(file)s cannot be read: %(reason)s", file=file, reason=written_files.why_unread(error))
        ) from None
    if not content:
        raise _NoSecret(lazy("%(file)s is empty", file=file))
    if "\n" in content and not many_lines:
        raise _NoSecret(lazy("%(file)s must hold the secret alone, on one line", file=file))
    if problem:
        raise _NoSecret(problem)
    return file, content
