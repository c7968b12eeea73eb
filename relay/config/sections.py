"""The sections of `relay.toml` as frozen values; attribute names are the contract's sections and keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
)

from relay import amounts
from relay.config import values
from relay.config.values import (
    GroupName,
    Line,
    Money,
    OptionalMoney,
    OptionalPath,
    Percent,
    Period,
    Seconds,
    Section,
    Texts,
)

SQLITE = "sqlite:///"


class Site(Section):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,39}$")]
    timezone: Annotated[str, AfterValidator(values.timezone)] = "Europe/Sofia"
    currency: Annotated[str, AfterValidator(values.currency)] = "EUR"
    state_dir: Annotated[Path, BeforeValidator(values.folder_from_folder)] = Path("/var/lib/papercut-officernd")


class PaperCutSection(Section):
    url: Annotated[str, AfterValidator(values.papercut_url)]
    auth_token: SecretStr
    ca_file: OptionalPath = None
    personal_account: str = ""
    connections: Annotated[int, Field(ge=1, le=32)] = 4
    timeout_s: Seconds = 30
    install_dir: OptionalPath = None


class OfficeRnDSection(Section):
    organization: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    api_url: Annotated[str, AfterValidator(values.cloud_url)] = "https://app.officernd.com/api/v2"
    token_url: Annotated[str, AfterValidator(values.cloud_url)] = "https://identity.officernd.com/oauth/token"
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
    statuses: Annotated[Texts, AfterValidator(values.statuses)] = ("active",)
    locations: Texts = ()
    plans: Texts = ()
    exclude_emails: Texts = ()
    not_ours: Texts = ()
    username: Annotated[str, AfterValidator(values.username_rule)] = "email_underscore"
    individual_group: GroupName = "[Individual Member]"
    unlinked_group: GroupName = "UNLINKED_MEMBERS_TO_OFFICERND"
    everyone_group: GroupName = "[OfficeRnD Members]"
    card_property: str = ""
    departed: Literal["keep", "disable", "delete"] = "disable"
    rename: Literal["never", "follow_email"] = "never"
    restricted: Annotated[str, AfterValidator(values.restricted)] = "leave"
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
    daily_at: Annotated[time, BeforeValidator(values.clock_time)] = time(7, 30)
    sync_every_minutes: Annotated[int, Field(ge=0, le=1440)] = 15


class JobsSection(Section):
    source: Literal["none", "print_logs", "csv", "database"] = "print_logs"
    path: OptionalPath = None
    database_url: SecretStr | None = None
    # Additions to the contract's table, for a server whose clock is not the site's, for privacy, and for logs whose
    # columns PaperCut does not document.
    timezone: Annotated[str, AfterValidator(lambda value: values.timezone(value) if value else value)] = ""
    document_names: Literal["full", "short", "off"] = "full"
    cost_column: str = ""

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone that PaperCut writes times in, None where it is the site's."""
        return ZoneInfo(self.timezone) if self.timezone else None


class ScriptsSection(Section):
    home: Annotated[Path, BeforeValidator(values.folder_from_folder)] = Path("/opt/papercut-officernd")
    max_age_hours: Annotated[int, Field(ge=1, le=24 * 31)] = 36


class LedgerSection(Section):
    url: SecretStr = SecretStr("sqlite:///{state_dir}/ledger.db")
    copies_dir: OptionalPath = None  # an addition to the contract's table: where the daily copies of the ledger lie


class ConsoleSection(Section):
    listen: Annotated[str, AfterValidator(values.listen)] = "127.0.0.1:9480"
    password_hash: SecretStr | None = None
    # Additions to the contract's table: the https address of the proxy in front, how dates and amounts are written, and
    # the secret that OfficeRnD signs its webhooks with.
    public_url: Annotated[str, AfterValidator(values.public_url)] = ""
    locale: Annotated[str, AfterValidator(values.locale)] = "en_GB"
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
