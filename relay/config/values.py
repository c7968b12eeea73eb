"""What a single value of `relay.toml` may be: the types of settings, each with its own sentence for a wrong value."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from relay import amounts
from relay.accounts import GROUP
from relay.config.words import About, Choice
from relay.language import lazy, told_any
from relay.written_files import PATH_ADVICE

PAPERCUT_PATH = "/rpc/api/xmlrpc"


def wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{message}", {"message": message})


def path_from_folder(value: Any, info: ValidationInfo) -> Path | None:
    if not isinstance(value, str):
        raise wrong(lazy('must be text in quotes, such as "folder/file"'))
    if "\0" in value:  # which no file system takes
        raise wrong(lazy("must be one line without control characters"))
    why = why_no_path(value)
    if why:
        raise wrong(why)
    folder: Path = (info.context or {})["folder"]
    return folder / value if value else None


def why_no_path(value: str) -> str:
    r"""Return in a clause why a text is no path: TOML made a tab of the \t of "C:\temp". "" where it may be one."""
    if any(ord(character) < 32 for character in value):
        return lazy(
            "holds a control character, which a backslash in double quotes can produce: %(path_advice)s",
            path_advice=PATH_ADVICE,
        )
    return ""


def folder_from_folder(value: Any, info: ValidationInfo) -> Path:
    path = path_from_folder(value, info)
    if path is None:
        raise wrong(lazy("must not be empty"))
    return path


def money(value: Any) -> int:
    if not isinstance(value, str):
        raise wrong(lazy('must be an amount in quotes, such as "12.50"'))
    try:
        micros = amounts.parse(value)
    except ValueError as error:
        raise wrong(error.args[0]) from None
    if micros < 0:
        raise wrong(lazy("must not be negative"))
    return micros


def optional_money(value: Any) -> int | None:
    return None if value == "" else money(value)


def percentage(value: Any) -> Decimal:
    """Return a rate such as "7.7"."""
    if not isinstance(value, str):
        raise wrong(lazy('must be a percentage in quotes, such as "20" or "7.7"'))
    try:
        rate = amounts.parse(value)
    except ValueError:
        raise wrong(lazy('%(value)s is not a percentage such as "20" or "7.7"', value=repr(value))) from None
    if not 0 <= rate < 100_000_000:
        raise wrong(lazy("must be from 0 to less than 100"))
    return Decimal(value.strip())


def clock_time(value: Any) -> time:
    try:
        if isinstance(value, str) and re.fullmatch("[0-9]{2}:[0-9]{2}", value):
            return time.fromisoformat(value)
    except ValueError:  # as of 24:00
        pass
    raise wrong(lazy('must be a time of day in quotes, such as "07:30"'))


def one_line(value: str) -> str:
    if not value.strip():
        raise wrong(lazy("must not be empty"))
    if any(ord(character) < 32 for character in value):
        raise wrong(lazy("must be one line without control characters"))
    return value


def optional_line(value: str) -> str:
    return one_line(value) if value else value


def usernames_among(entries: Iterable[str]) -> frozenset[str]:
    """Return the usernames of a list of accounts and groups, in PaperCut's lower case."""
    return frozenset(entry.strip().lower() for entry in entries if not entry.startswith(GROUP))


def groups_among(entries: Iterable[str]) -> frozenset[str]:
    """Return the groups of a list in which one is written as group:NAME."""
    return frozenset(entry.removeprefix(GROUP) for entry in entries if entry.startswith(GROUP))


def names(value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse an empty entry of a list: it names nothing, and a rule made of it would hit nobody or everybody."""
    for text in value:
        if not text.strip() or text.strip().lower() == GROUP:
            raise wrong(lazy("has the entry %(text)s, which names nothing: take it out", text=repr(text)))
        one_line(text)
    return value


def group_name(value: str) -> str:
    if value.startswith("!!"):
        raise wrong(lazy("must not begin with !!, which PaperCut keeps for its own groups"))
    if len(value) > 100:
        raise wrong(lazy("must have at most 100 characters"))
    return one_line(value)


def timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong(lazy("%(value)s is not an IANA time zone such as Europe/Sofia", value=repr(value))) from None
    return value


def currency(value: str) -> str:
    if not amounts.known_currency(value):
        raise wrong(lazy("%(value)s is not an ISO 4217 currency such as EUR", value=repr(value)))
    return value


def is_loopback(host: str | None) -> bool:
    """Return whether `host` (a name or an address from a URL) can only mean this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:  # a name, even one that begins like an address
        return False


def url(value: str) -> str:
    parts = urlsplit(value)
    try:
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError:
        raise wrong(lazy("has a port that is not a number")) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong(lazy("must be a URL such as https://host:port"))
    if parts.username or parts.password:
        raise wrong(lazy("must not carry a name or password"))
    if parts.query or parts.fragment or any(character.isspace() for character in value):
        raise wrong(lazy("must be an address without blanks, ? and #"))
    return value.rstrip("/")


def proxy(value: SecretStr | None) -> SecretStr | None:
    """Hold the address of a proxy to be one, which may carry a name and password and is never told."""
    try:
        parts = urlsplit(value.get_secret_value()) if value is not None else None
        if parts is not None and (parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0):
            raise ValueError
    except ValueError:
        raise wrong(lazy("must be the address of a proxy, such as http://proxy:3128")) from None
    return value


def papercut_url(value: str) -> str:
    value = url(value)
    return value if urlsplit(value).path else value + PAPERCUT_PATH


def cloud_url(value: str) -> str:
    value = url(value)
    if urlsplit(value).scheme == "http" and not is_loopback(urlsplit(value).hostname):
        raise wrong(lazy("must begin with https:// (plain http:// is accepted on this machine only)"))
    return value


def statuses(value: tuple[str, ...]) -> tuple[str, ...]:
    known = ("active", "former", "pending", "contact", "not_approved", "drop-in", "lead")
    unknown = [status for status in value if status not in known]
    if unknown:
        raise wrong(
            lazy("%(unknown)s is not one of %(known)s", unknown=", ".join(map(repr, unknown)), known=", ".join(known))
        )
    if not value:
        raise wrong(lazy('name at least one, such as ["active"]'))
    return value


def member_addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what can be nobody's address: a list that shuts people out must not miss them for a slip."""
    for text in value:
        local, _, domain = text.strip().rpartition("@")
        if not local or not domain or any(character.isspace() for character in text.strip()):
            raise wrong(
                lazy("%(text)s is not an e-mail address; names of members go into exclude_names", text=repr(text))
            )
    return value


def one_of(choices: Sequence[Choice]) -> AfterValidator:
    """Return what takes the values of `choices` alone; one such as `property:KEY` stands for any text behind `:`."""
    known = [choice.value for choice in choices]

    def taken(value: str) -> str:
        head, colon, rest = value.partition(":")
        is_open = any(one.startswith(f"{head}:") for one in known)
        if not (rest.strip() if colon and is_open else value in known):
            raise wrong(lazy("must be %(choices)s", choices=told_any(*known)))
        return value

    return AfterValidator(taken)


def overdraft(value: str) -> str:
    if value.startswith("overdraft:"):
        money(value.removeprefix("overdraft:"))
    return value


def is_address(value: str) -> bool:
    """Return whether a text is ADDRESS:PORT."""
    host, _, port = value.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port) < 65536


def listen(value: str) -> str:
    if not is_address(value):
        raise wrong(lazy('must be ADDRESS:PORT, such as "127.0.0.1:9480"'))
    return value


def optional_listen(value: str) -> str:
    return listen(value) if value else value


def help_text(value: str) -> str:
    if len(value) > 500:
        raise wrong(lazy("must have at most 500 characters: put more on a page and give its address"))
    return one_line(value) if value else value


def public_url(value: str) -> str:
    if not value:
        return value
    parts = urlsplit(url(value))
    if parts.scheme != "https" or parts.path or parts.query or parts.fragment:
        raise wrong(lazy("must be the https address of the proxy alone, such as https://print.example.com"))
    return value.rstrip("/")


def locale(value: str) -> str:
    from babel import Locale, UnknownLocaleError  # only who sets one pays for loading it

    try:
        return str(Locale.parse(value))
    except (ValueError, UnknownLocaleError):
        raise wrong(lazy("%(value)s is not a locale such as en_GB or de_DE", value=repr(value))) from None


# What [notify] on may name.
OCCASIONS = ("failed", "stopped", "held", "in_doubt", "missed", "logins", "directory")


def occasions(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    unknown = [repr(one) for one in value if one not in OCCASIONS]
    if unknown:
        raise wrong(
            lazy("%(unknown)s is not one of %(occasions)s", unknown=", ".join(unknown), occasions=", ".join(OCCASIONS))
        )
    return tuple(value)


def addresses(value: SecretStr | None) -> SecretStr | None:
    """Hold each line of a file of addresses to be one; what stands there is never told."""
    lines = value.get_secret_value().splitlines() if value is not None else []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.strip().startswith("#") and "://" not in line:
            raise wrong(
                lazy(
                    "line %(number)s of its file is not an address such as mailto://, slack:// or ntfy://",
                    number=number,
                )
            )
    return value


def ping_url(value: SecretStr | None) -> SecretStr | None:
    parts = urlsplit(value.get_secret_value()) if value is not None else None
    if parts is not None and (parts.scheme not in ("https", "http") or not parts.netloc):
        raise wrong(lazy("must be an address that begins with https:// or http://"))
    return value


def is_money(field: FieldInfo) -> bool:
    """Return whether a setting is an amount: micros inside, text such as "12.50" in the file."""
    return any(getattr(item, "func", None) in (money, optional_money) for item in field.metadata)


# What [jobs.columns] may say that a column is: PaperCut's own English names, and those of its reports.
JOB_COLUMNS = (
    "Time", "Date", "User", "Pages", "Total pages", "Color pages", "Copies", "Server", "Printer", "Document Name",
    "Account", "Duplex", "Grayscale", "Sheets", "Job type", "Cost", "Denied", "Printed", "Refunded",
)  # fmt: skip


def job_columns(value: Any) -> Any:
    """Return [jobs.columns] as pairs of a file's header and the name that it stands for."""
    if not isinstance(value, dict):
        raise wrong(lazy('must be a table [jobs.columns] with lines such as Usuario = "User"'))
    known = {name.lower(): name for name in JOB_COLUMNS}
    for header, name in value.items():
        if not isinstance(name, str) or name.lower() not in known:
            raise wrong(
                lazy(
                    "%(header)s is %(name)s; it must be one of %(job_columns)s",
                    header=repr(header),
                    name=repr(name),
                    job_columns=", ".join(JOB_COLUMNS),
                )
            )
    return tuple((header, known[name.lower()]) for header, name in value.items())


def print_texts(value: Any) -> Any:
    """Return [print.texts] as pairs of a text's name and its words: ("ask", "Print it?"), ("pages.one", "...")."""
    if not isinstance(value, dict):
        raise wrong(lazy('must be a table [print.texts] with lines such as ask = "Print it?"'))
    pairs: list[tuple[str, Any]] = []
    for name, text in value.items():
        pairs += (
            [(f"{name}.{form}", words) for form, words in text.items()] if isinstance(text, dict) else [(name, text)]
        )
    for name, text in pairs:
        if not isinstance(text, str):
            raise wrong(lazy("%(name)s must be text in quotes", name=name))
    return tuple(pairs)


Line = Annotated[str, AfterValidator(one_line)]
OptionalLine = Annotated[str, AfterValidator(optional_line)]
GroupName = Annotated[str, AfterValidator(group_name)]
OptionalPath = Annotated[Path | None, BeforeValidator(path_from_folder)]
Money = Annotated[int, BeforeValidator(money)]
Percentage = Annotated[Decimal, BeforeValidator(percentage)]
OptionalMoney = Annotated[int | None, BeforeValidator(optional_money)]
Seconds = Annotated[float, Field(gt=0, le=600)]
Percent = Annotated[int, Field(ge=0, le=100)]
Period = Literal["day", "week", "month"]


class Section(BaseModel):
    about: ClassVar[About]
    # `strict` alone would refuse the lists of TOML for tuples, which keep the settings hashable and frozen.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


def as_tuple(value: Any) -> Any:
    """Return a list of TOML as the tuple that a setting is."""
    return tuple(value) if isinstance(value, list) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
Names = Annotated[Texts, AfterValidator(names)]
