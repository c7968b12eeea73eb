"""`relay.toml` as one frozen value: every key checked, all problems told at once, no type guessed.

Secrets come from files that only their owner may read, or from the environment; never from the file itself. Nothing
here makes a remote call. Money values become integer micros (see `relay/amounts.py`).
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from relay import amounts
from relay.errors import ConfigError
from relay.private_files import why_not_private

ENVIRONMENT_NAME = "PAPERCUT_RELAY_CONFIG"
DEFAULT_NAME = "relay.toml"
SQLITE = "sqlite:///"
LEDGER_URLS = (SQLITE, "postgresql+psycopg://")
PAPERCUT_PATH = "/rpc/api/xmlrpc"


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{message}", {"message": message})


def _path(value: Any, info: ValidationInfo) -> Path | None:
    if not isinstance(value, str):
        raise _wrong('must be text in quotes, such as "folder/file"')
    return (info.context["folder"] / Path(value)) if value else None


def _folder(value: Any, info: ValidationInfo) -> Path:
    path = _path(value, info)
    if path is None:
        raise _wrong("must not be empty")
    return path


def _money(value: Any) -> int:
    if not isinstance(value, str):
        raise _wrong('must be an amount in quotes, such as "12.50"')
    try:
        micros = amounts.parse(value)
    except ValueError as error:
        raise _wrong(str(error)) from None
    if micros < 0:
        raise _wrong("must not be negative")
    return micros


def _optional_money(value: Any) -> int | None:
    return None if value == "" else _money(value)


def _clock_time(value: Any) -> time:
    try:
        hours, minutes = (int(part) for part in value.split(":")) if len(value) == 5 else (99, 99)
        return time(hours, minutes)
    except (ValueError, AttributeError):
        raise _wrong('must be a time of day in quotes, such as "07:30"') from None


def _one_line(value: str) -> str:
    if not value.strip():
        raise _wrong("must not be empty")
    if any(ord(character) < 32 for character in value):
        raise _wrong("must be one line without control characters")
    return value


def _group_name(value: str) -> str:
    if value.startswith("!!"):
        raise _wrong("must not begin with !!, which PaperCut keeps for its own groups")
    if len(value) > 100:
        raise _wrong("must have at most 100 characters")
    return _one_line(value)


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _wrong(f"{value!r} is no IANA time zone such as Europe/Sofia") from None
    return value


def _currency(value: str) -> str:
    if not amounts.known_currency(value):
        raise _wrong(f"{value!r} is no ISO 4217 currency such as EUR")
    return value


def is_loopback(host: str | None) -> bool:
    """Return whether `host` (a name or an address from a URL) can only mean this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:  # a name, even one that begins like an address
        return False


def _url(value: str) -> str:
    parts = urlsplit(value)
    try:
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError:
        raise _wrong("has a port that is no number") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong("must be a URL such as https://host:port")
    if parts.username or parts.password:
        raise _wrong("must not carry a name or password")
    return value.rstrip("/")


def _papercut_url(value: str) -> str:
    value = _url(value)
    return value if urlsplit(value).path else value + PAPERCUT_PATH


def _cloud_url(value: str) -> str:
    value = _url(value)
    if urlsplit(value).scheme == "http" and not is_loopback(urlsplit(value).hostname):
        raise _wrong("must begin with https:// (plain http:// is accepted on this machine only)")
    return value


def _statuses(value: tuple[str, ...]) -> tuple[str, ...]:
    known = ("active", "former", "pending", "contact", "not_approved", "drop-in", "lead")
    unknown = [status for status in value if status not in known]
    if unknown:
        raise _wrong(f"{', '.join(map(repr, unknown))} is none of {', '.join(known)}")
    if not value:
        raise _wrong('name at least one, such as ["active"]')
    return value


def _username_rule(value: str) -> str:
    if value in ("email_underscore", "email_local") or (value.startswith("property:") and len(value) > 9):
        return value
    raise _wrong("must be email_underscore, email_local or property:KEY")


def _restricted(value: str) -> str:
    if value in ("leave", "no"):
        return value
    if value.startswith("overdraft:"):
        _money(value.removeprefix("overdraft:"))
        return value
    raise _wrong("must be leave, no or overdraft:AMOUNT")


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise _wrong('must be ADDRESS:PORT, such as "127.0.0.1:9480"')
    return value


def _public_url(value: str) -> str:
    if not value:
        return value
    parts = urlsplit(_url(value))
    if parts.scheme != "https" or parts.path or parts.query or parts.fragment:
        raise _wrong("must be the https address of the proxy alone, such as https://print.example.com")
    return value.rstrip("/")


def _locale(value: str) -> str:
    from babel import Locale, UnknownLocaleError  # only who sets one pays for loading it

    try:
        return str(Locale.parse(value))
    except (ValueError, UnknownLocaleError):
        raise _wrong(f"{value!r} is no locale such as en_GB or de_DE") from None


Line = Annotated[str, AfterValidator(_one_line)]
GroupName = Annotated[str, AfterValidator(_group_name)]
OptionalPath = Annotated[Path | None, BeforeValidator(_path)]
Money = Annotated[int, BeforeValidator(_money)]
OptionalMoney = Annotated[int | None, BeforeValidator(_optional_money)]
Seconds = Annotated[float, Field(gt=0, le=600)]
Percent = Annotated[int, Field(ge=0, le=100)]
Period = Literal["day", "week", "month"]


class Section(BaseModel):
    # `strict` alone would refuse the lists of TOML for tuples, which keep the settings hashable and frozen.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


Texts = Annotated[tuple[str, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)]


class Site(Section):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,39}$")]
    timezone: Annotated[str, AfterValidator(_timezone)] = "Europe/Sofia"
    currency: Annotated[str, AfterValidator(_currency)] = "EUR"
    state_dir: Annotated[Path, BeforeValidator(_folder)] = Path("/var/lib/papercut-officernd")


class PaperCutSection(Section):
    url: Annotated[str, AfterValidator(_papercut_url)]
    auth_token: SecretStr
    ca_file: OptionalPath = None
    personal_account: str = ""
    connections: Annotated[int, Field(ge=1, le=32)] = 4
    timeout_s: Seconds = 30
    install_dir: OptionalPath = None


class OfficeRnDSection(Section):
    organization: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    api_url: Annotated[str, AfterValidator(_cloud_url)] = "https://app.officernd.com/api/v2"
    token_url: Annotated[str, AfterValidator(_cloud_url)] = "https://identity.officernd.com/oauth/token"
    client_id: Line
    client_secret: SecretStr
    location: Line
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 300
    timeout_s: Seconds = 30
    ca_file: OptionalPath = None
    proxy: SecretStr | None = None


class SigninSection(Section):
    client_id: Line
    client_secret_file: Path
    method: Literal["officernd", "pin"] = "officernd"
    offline_hours: Annotated[int, Field(ge=0, le=24 * 31)] = 0
    # Beyond the contract's table: the PINs of people without a portal password, where the operator keeps them.
    pin_property: str = ""


class MembersSection(Section):
    statuses: Annotated[Texts, AfterValidator(_statuses)] = ("active",)
    locations: Texts = ()
    plans: Texts = ()
    exclude_emails: Texts = ()
    not_ours: Texts = ()
    username: Annotated[str, AfterValidator(_username_rule)] = "email_underscore"
    individual_group: GroupName = "[Individual Member]"
    unlinked_group: GroupName = "UNLINKED_MEMBERS_TO_OFFICERND"
    everyone_group: GroupName = "[OfficeRnD Members]"
    card_property: str = ""
    departed: Literal["keep", "disable", "delete"] = "disable"
    rename: Literal["never", "follow_email"] = "never"
    restricted: Annotated[str, AfterValidator(_restricted)] = "leave"
    # A rule beyond the contract's table: who is checked in, or holds a pass, today may print too.
    admit_passes: bool = False
    admit_checkins: bool = False


class SafetySection(Section):
    max_removals_percent: Percent = 10
    max_changes_percent: Percent = 30
    from_users: Annotated[int, Field(ge=0)] = 20
    max_fee: Money = amounts.parse("200.00")
    max_run_total: Money = amounts.parse("2000.00")
    max_top_ups: OptionalMoney = None
    max_fees_per_person_day: Annotated[int, Field(ge=0)] = 0
    settling_s: Annotated[float, Field(ge=0, le=600)] = 2
    witness: Line = "officernd-relay"
    list_lag_s: Annotated[float, Field(ge=0, le=600)] = 10  # an addition: by how much OfficeRnD's lists may be late


class FeesSection(Section):
    managed_in: Literal["officernd", "papercut", "shadow"] = "officernd"
    plan: Line = "PaperCut Fees"
    bill_to: Literal["company", "member"] = "company"
    grouping: Literal["person", "company"] = "person"
    every: Period = "day"
    uncounted: Literal["hold", "bill"] = "hold"
    issue_date: Literal["run", "previous_day"] = "run"
    use_coins: bool = False
    opening_balances: Literal["hold", "bill", "forgive"] = "hold"
    minimum: Money = amounts.parse("0.01")
    detail: Literal["none", "summary", "jobs"] = "summary"


class PrintSection(Section):
    guard: Literal["blocked", "members", "off"] = "blocked"
    blocked_group: GroupName = "[OfficeRnD Not Allowed]"
    exceptions: Texts = ()
    confirm_above: OptionalMoney = amounts.parse("5.00")
    confirm_pages: Annotated[int, Field(ge=0)] = 0
    language: Literal["en", "de"] = "en"  # the tables of texts in print_hook.js
    on_error: Literal["allow", "refuse"] = "allow"
    # Additions to the contract's table. Live mode needs PaperCut's script sandbox switched off.
    colour_question: bool = False
    live_users: Texts = ()
    live_jython: OptionalPath = None


class PlanTopUp(Section):
    plan: Line
    amount: Money


class TopUpSection(Section):
    amount: Money = 0
    every: Period = "month"
    mode: Literal["add", "reset"] = "add"
    plan: Annotated[
        tuple[PlanTopUp, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
    ] = ()

    @property
    def is_on(self) -> bool:
        return self.amount > 0 or any(item.amount for item in self.plan)


class ScheduleSection(Section):
    daily_at: Annotated[time, BeforeValidator(_clock_time)] = time(7, 30)
    sync_every_minutes: Annotated[int, Field(ge=0, le=1440)] = 15


class JobsSection(Section):
    source: Literal["none", "print_logs", "csv", "database"] = "print_logs"
    path: OptionalPath = None
    database_url: SecretStr | None = None
    # Additions to the contract's table, for a server whose clock is not the site's, for privacy, and for logs whose
    # columns PaperCut does not document.
    timezone: Annotated[str, AfterValidator(lambda value: _timezone(value) if value else value)] = ""
    document_names: Literal["full", "short", "off"] = "full"
    cost_column: str = ""

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone that PaperCut writes times in, None where it is the site's."""
        return ZoneInfo(self.timezone) if self.timezone else None


class ScriptsSection(Section):
    home: Annotated[Path, BeforeValidator(_folder)] = Path("/opt/papercut-officernd")
    max_age_hours: Annotated[int, Field(ge=1, le=24 * 31)] = 36


class LedgerSection(Section):
    url: SecretStr = SecretStr("sqlite:///{state_dir}/ledger.db")
    copies_dir: OptionalPath = None  # an addition to the contract's table: where the daily copies of the ledger lie


class ConsoleSection(Section):
    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:9480"
    password_hash: SecretStr | None = None
    # Additions to the contract's table: the https address of the proxy in front, how dates and amounts are written, and
    # the secret that OfficeRnD signs its webhooks with.
    public_url: Annotated[str, AfterValidator(_public_url)] = ""
    locale: Annotated[str, AfterValidator(_locale)] = "en_GB"
    webhook_secret: SecretStr | None = None


class Settings(Section):
    """The whole of `relay.toml`; attribute names are the contract's sections and keys."""

    path: Path
    site: Site
    papercut: PaperCutSection
    officernd: OfficeRnDSection
    signin: SigninSection
    members: MembersSection
    safety: SafetySection
    fees: FeesSection
    print: PrintSection
    top_up: TopUpSection
    schedule: ScheduleSection
    jobs: JobsSection
    scripts: ScriptsSection
    ledger: LedgerSection
    console: ConsoleSection

    @property
    def ledger_url(self) -> str:
        """Return the ledger's URL; a file of SQLite counts from the settings' folder, wherever a command is started."""
        url = self.ledger.url.get_secret_value().replace("{state_dir}", self.site.state_dir.as_posix())
        file = url.removeprefix(SQLITE)
        if file == url or file.startswith((":memory:", "file:")):
            return url
        return SQLITE + (self.path.parent / file).as_posix()

    @property
    def ledger_file(self) -> Path | None:
        """Return the ledger's file; None where a server keeps it, or where SQLite keeps it in no plain file."""
        name = self.ledger_url.removeprefix(SQLITE).partition("?")[0]
        if not self.ledger_url.startswith(SQLITE) or name.startswith((":memory:", "file:")):
            return None
        return Path(name)

    @property
    def copies_dir(self) -> Path:
        """Return the folder in which each daily run keeps a copy of the ledger."""
        return self.ledger.copies_dir or self.site.state_dir / "ledger-copies"


SECTIONS: Mapping[str, type[Section]] = {
    name: field.annotation  # type: ignore[misc]
    for name, field in Settings.model_fields.items()
    if name != "path"
}
# Secrets by section: key -> is it required. `ledger.url` and `proxy` are secrets only when they carry a password.
SECRETS: Mapping[str, Mapping[str, bool]] = {
    "papercut": {"auth_token": True},
    "officernd": {"client_secret": True},
    "jobs": {"database_url": False},
    "console": {"password_hash": False, "webhook_secret": False},
}
URLS_WITH_PASSWORD: Mapping[str, str] = {"ledger": "url", "officernd": "proxy"}


def find(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the settings file: --config, else the environment's, else relay.toml in the working folder."""
    return Path(option or environment.get(ENVIRONMENT_NAME) or DEFAULT_NAME)


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `path`. Raises ConfigError with *every* problem and its place; makes no remote call."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            [
                f"There is no settings file {path}: name one with --config FILE or ${ENVIRONMENT_NAME}, or try "
                "everything without one: papercut-relay sandbox --write-config DIR."
            ]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError([f"The settings file {path} cannot be read: {reason}."]) from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path} is not valid TOML: {error}."]) from None
    return parse(raw, path, environment)


def parse(raw: Mapping[str, Any], path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an already read TOML document; relative paths count from the folder of `path`."""
    folder = path.absolute().parent
    problems: list[str] = []
    sections: dict[str, Section] = {}
    for name in raw:
        if name not in SECTIONS:
            problems.append(f"{path}: [{name}] is not a section of the settings{_close(name, SECTIONS)}")
    for name, model in SECTIONS.items():
        values = raw.get(name, {})
        if not isinstance(values, dict):
            problems.append(f"{path}: [{name}] must be a section")
            continue
        place = f"{path}: [{name}]"
        values, told = _with_secrets(name, dict(values), folder, environment, place, problems)
        try:
            sections[name] = model.model_validate(values, context={"folder": folder})
        except ValidationError as error:
            wrong = {detail["loc"][0] for detail in error.errors()}
            problems.extend(
                _sentence(place, detail, model) for detail in error.errors() if detail["loc"][:1] not in told
            )
            with suppress(ValidationError):  # one wrong key does not hide what the others contradict
                rest = {key: value for key, value in values.items() if key not in wrong}
                sections[name] = model.model_validate(rest, context={"folder": folder})
    problems.extend(f"{path}: {problem}" for problem in _contradictions(sections))
    if problems:
        raise ConfigError(problems)
    return Settings(path=path.absolute(), **sections)  # type: ignore[arg-type]


def _with_secrets(
    section: str, values: dict[str, Any], folder: Path, environment: Mapping[str, str], place: str, problems: list[str]
) -> tuple[dict[str, Any], set[tuple[str, ...]]]:
    """Return `values` with each secret taken from its file or variable, and the keys whose problem is already told."""
    told: set[tuple[str, ...]] = set()

    def tell(key: str, problem: str) -> None:
        problems.append(f"{place} {key}: {problem}")
        told.add((key.removesuffix("_file").removesuffix("_env"),))
        told.add((key,))

    if section == "signin":
        if "client_secret" in values or "client_secret_env" in values:
            values.pop("client_secret", None)
            values.pop("client_secret_env", None)
            tell(
                "client_secret_file",
                "the sign-in secret is always a file, because PaperCut's programs read it "
                "themselves: put it alone into a file and write client_secret_file",
            )
        elif "client_secret_file" in values:
            file = _private_file(values["client_secret_file"], folder)
            if isinstance(file, str):
                tell("client_secret_file", file)
            else:
                values["client_secret_file"] = file
        return values, told

    names = dict(SECRETS.get(section, {}))
    url_key = URLS_WITH_PASSWORD.get(section)
    if url_key:
        plain = values.get(url_key)
        if isinstance(plain, str) and plain and f"{url_key}_file" not in values and f"{url_key}_env" not in values:
            if urlsplit(plain).password:
                tell(
                    url_key,
                    f"carries a password: put the whole URL into a file that only its owner may read and "
                    f"write {url_key}_file, or name a variable in {url_key}_env",
                )
                values.pop(url_key)
            else:
                values[url_key] = SecretStr(plain)
        elif plain == "":
            values.pop(url_key)
        else:
            names[url_key] = False
    for key, required in names.items():
        given = [name for name in (key, f"{key}_file", f"{key}_env") if values.get(name, "") != ""]
        for name in (f"{key}_file", f"{key}_env"):
            if values.get(name) == "":
                values.pop(name)
        if not given:
            values.pop(key, None)
            if required:
                tell(
                    key,
                    f"is missing: put it alone into a file that only its owner may read and write {key}_file, "
                    f"or name a variable in {key}_env",
                )
            continue
        source = given[0]
        value = values.pop(source)
        for name in given[1:]:
            values.pop(name)
        if source != key and len(given) > 1:
            tell(key, f"is given {len(given)} times ({', '.join(given)}): keep one")
        elif source == key:
            tell(
                key,
                f"a secret must not stand in the settings: put it alone into a file that only its owner may "
                f"read and write {key}_file, or name a variable in {key}_env",
            )
        elif source.endswith("_env"):
            secret = environment.get(value, "") if isinstance(value, str) else ""
            if secret:
                values[key] = SecretStr(secret)
            else:
                tell(source, f"the environment has no variable {value}")
        else:
            file = _private_file(value, folder)
            if isinstance(file, str):
                tell(source, file)
            else:
                values[key] = SecretStr(file.read_text(encoding="utf-8-sig").strip())
    return values, told


def _private_file(value: Any, folder: Path) -> Path | str:
    """Return the path of a secret's file, or the problem with it in a clause."""
    if not isinstance(value, str) or not value:
        return "must be the path of a file, in quotes"
    file = folder / value
    try:
        content = file.read_text(encoding="utf-8-sig").strip()
    except FileNotFoundError:
        return f"there is no file {file}"
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return f"{file} cannot be read: {reason}"
    if not content:
        return f"{file} is empty"
    if "\n" in content:
        return f"{file} must hold the secret alone, on one line"
    return why_not_private(file) or file


def _contradictions(sections: Mapping[str, Any]) -> list[str]:
    """Return the problems that only show between keys, wrong ones left out; a section may be missing."""
    problems = []
    members, printing, console, jobs = (sections.get(name) for name in ("members", "print", "console", "jobs"))
    ledger, site, signin, fees = (sections.get(name) for name in ("ledger", "site", "signin", "fees"))
    if site:
        for name in ("safety", "fees", "print", "top_up"):
            for key, value in _amounts(name, sections.get(name)):
                if value % amounts.minor_unit(site.currency):
                    problems.append(f"[{name}] {key}: has more digits than {site.currency} has")
    if ledger and not ledger.url.get_secret_value().startswith(LEDGER_URLS):
        problems.append(f"[ledger] url: must begin with {' or '.join(LEDGER_URLS)}")
    if signin and signin.method == "pin" and signin.offline_hours:
        problems.append('[signin] offline_hours: has no meaning with method = "pin": set it to 0')
    if fees and fees.grouping == "company" and fees.bill_to == "member":
        problems.append(
            '[fees] bill_to: grouping = "company" and bill_to = "member" contradict each other: one fee per company is '
            "paid by the company"
        )
    if members and printing:
        names = {
            "[members] individual_group": members.individual_group,
            "[members] unlinked_group": members.unlinked_group,
            "[members] everyone_group": members.everyone_group,
            "[print] blocked_group": printing.blocked_group,
        }
        seen: dict[str, str] = {}
        for place, name in names.items():
            first = seen.setdefault(name.casefold(), place)
            if first != place:
                problems.append(f"{place}: {name!r} is already the group of {first}; each needs a name of its own")
    if members and signin and signin.pin_property:
        for key, value in {"card_property": members.card_property, "username": members.username}.items():
            if value.removeprefix("property:") == signin.pin_property:
                problems.append(
                    f"[signin] pin_property: {signin.pin_property!r} is already what [members] {key} reads; a PIN is a "
                    "secret and needs a property of its own"
                )
    if console and console.password_hash is None:
        host = console.listen.rpartition(":")[0].strip("[]")
        if not is_loopback(host):
            problems.append(
                f"[console] password_hash_file: is required because listen = {console.listen!r} can be reached from "
                "other machines; make one with: papercut-relay password NAME"
            )
        elif console.public_url:
            problems.append(
                "[console] password_hash_file: is required with public_url, since others reach the console through it; "
                "make one with: papercut-relay password NAME"
            )
    if jobs and jobs.source == "database" and jobs.database_url is None:
        problems.append('[jobs] database_url_file: is required with source = "database"')
    if jobs and jobs.source != "database" and jobs.database_url is not None:
        problems.append(f'[jobs] database_url_file: has no meaning with source = "{jobs.source}"')
    return problems


_AMOUNTS = {
    "safety": ("max_fee", "max_run_total"),
    "fees": ("minimum",),
    "print": ("confirm_above",),
    "top_up": ("amount",),
}


def _amounts(name: str, section: Any) -> Iterator[tuple[str, int]]:
    """Yield the amounts that a section gives itself, with their keys: ("max_fee", 200_000_000)."""
    if section is None:
        return
    for key in _AMOUNTS[name]:
        if key in section.model_fields_set:  # the defaults fit the euro, and do no harm elsewhere
            yield key, getattr(section, key) or 0
    if isinstance(section, TopUpSection):
        yield from ((f"plan.{place}.amount", item.amount) for place, item in enumerate(section.plan))


def _sentence(place: str, detail: ErrorDetails, model: type[Section]) -> str:
    """Return one pydantic problem in our own words, with its place."""
    key = ".".join(str(part) for part in detail["loc"])
    where = f"{place} {key}:" if key else f"{place}:"
    kind = detail["type"]
    if kind == "missing":
        return f"{where} is required"
    if kind == "extra_forbidden":
        return f"{where} is not a setting{_close(str(detail['loc'][-1]), model.model_fields)}"
    if kind == "wrong":
        return f"{where} {detail['ctx']['message']}"
    if kind == "literal_error":
        field = model.model_fields.get(str(detail["loc"][0]))
        choices = [str(choice) for choice in get_args(field.annotation)] if field else []
        return f"{where} must be {' or '.join(choices) if choices else detail['ctx']['expected']}"
    wanted = {
        "string_type": "must be text in quotes",
        "int_type": "must be a whole number without quotes",
        "int_from_float": "must be a whole number",
        "float_type": "must be a number without quotes",
        "bool_type": "must be true or false",
        "tuple_type": 'must be a list, such as ["one", "two"]',
        "string_pattern_mismatch": "must be a short name of letters, digits, dots and dashes",
    }.get(kind)
    if wanted is None:
        wanted = detail["msg"].replace("Input should", "must")
    return f"{where} {wanted}"


def _close(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
