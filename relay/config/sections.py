"""The sections of `relay.toml` as frozen values; attribute names are the contract's sections and keys.

A key is described here and nowhere else: its type says what it may be, its `Words` how it is told. The console's form
and `deploy/docs/SETTINGS.md` follow (`python -m relay.cli.document` writes the latter).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from relay import amounts, commands
from relay.config import values
from relay.config.values import (
    GroupName,
    Line,
    Money,
    Names,
    OptionalLine,
    OptionalMoney,
    OptionalPath,
    Percent,
    Percentage,
    Period,
    Seconds,
    Section,
    Texts,
)
from relay.config.words import About, Choice, Words, choice, choices

SQLITE = "sqlite:///"
PERIODS = choices(day="every day", week="every week", month="every month")
USERNAME_RULES = (
    Choice("email_underscore", "the e-mail address with `_` for `@`", "As OfficeRnD's own connector did."),
    Choice("email_local", "what stands before the `@`"),
    Choice("property:KEY", "what the custom property KEY holds"),
)
ALLOWANCES = (
    Choice("leave", "what PaperCut's group settings give"),
    Choice("no", "without a limit"),
    Choice("overdraft:AMOUNT", "restricted, with this overdraft"),
)


class SiteSection(Section):
    about = About("The site", "Where this is, and where the relay keeps what it knows.")
    name: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,39}$"),
        Words("Name of the site", "Unique when several sites share one ledger.", example="hq"),
    ]
    timezone: Annotated[
        str,
        AfterValidator(values.timezone),
        Words("Time zone", "Its IANA name. The business day is counted in it.", example="Europe/Sofia"),
    ] = "Europe/Sofia"
    currency: Annotated[
        str, AfterValidator(values.currency), Words("Currency", "Its code of ISO 4217.", example="EUR")
    ] = "EUR"
    state_dir: Annotated[
        Path,
        BeforeValidator(values.folder_from_folder),
        Words("Folder of the relay's own files", "The ledger, cursors, the lock and logs."),
    ] = Path("/var/lib/papercut-officernd")


class PaperCutSection(Section):
    about = About("PaperCut", "How the relay reaches PaperCut's web services.")
    url: Annotated[
        str,
        AfterValidator(values.papercut_url),
        Words(
            "Address of PaperCut",
            "`scheme://host:port`; the path defaults to `/rpc/api/xmlrpc`.",
            example="http://127.0.0.1:9191",
        ),
    ]
    auth_token: Annotated[
        SecretStr, Words("Web services token", "The value of `auth.webservices.auth-token` in PaperCut.")
    ]
    ca_file: Annotated[OptionalPath, Words("PaperCut's own certificate", "For https with a private certificate.")] = (
        None
    )
    personal_account: Annotated[
        OptionalLine, Words("Personal account", "Needed when PaperCut keeps several personal accounts for each person.")
    ] = ""
    connections: Annotated[int, Field(ge=1, le=32), Words("Parallel calls at most")] = 4
    timeout_s: Annotated[Seconds, Words("A call without an answer is given up after", unit="seconds")] = 30
    install_dir: Annotated[
        OptionalPath,
        Words(
            "PaperCut's folder", "Needed only by checks and job logs on the PaperCut machine.", example="/home/papercut"
        ),
    ] = None


class OfficeRnDSection(Section):
    about = About("OfficeRnD", "The relay's own application in OfficeRnD, and the location it works for.")
    organization: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$"),
        Words("Organisation", "Its short name (slug), as it stands in OfficeRnD's addresses.", example="acme"),
    ]
    api_url: Annotated[
        str, AfterValidator(values.cloud_url), Words("Address of the API", "`http://` on loopback only.")
    ] = "https://app.officernd.com/api/v2"
    token_url: Annotated[
        str, AfterValidator(values.cloud_url), Words("Address that gives tokens", "`http://` on loopback only.")
    ] = "https://identity.officernd.com/oauth/token"
    client_id: Annotated[Line, Words("Client id", "Of the relay's application.")]
    client_secret: Annotated[SecretStr, Words("Client secret", "Of the relay's application.")]
    location: Annotated[Line, Words("Location", "The id that OfficeRnD gives to this site's location.")]
    requests_per_minute: Annotated[
        int, Field(ge=1, le=100_000), Words("Requests a minute at most", "Kept in any sliding minute.")
    ] = 300
    timeout_s: Annotated[Seconds, Words("A request without an answer is given up after", unit="seconds")] = 30
    ca_file: Annotated[
        OptionalPath, Words("Certificate of a company proxy that opens TLS", "The login popup uses it too.")
    ] = None
    proxy: Annotated[
        SecretStr | None,
        AfterValidator(values.proxy),
        Words(
            "Proxy on the way to OfficeRnD",
            "With a password in it: `proxy_file` or `proxy_env`.",
            example="http://proxy:3128",
        ),
    ] = None

    @property
    def proxy_url(self) -> str:
        return self.proxy.get_secret_value() if self.proxy else ""


class SigninSection(Section):
    about = About(
        "Login", "The second, least-privileged application: it may check passwords and nothing else.", more=True
    )
    client_id: Annotated[Line, Words("Client id", "Of the second application.")]
    client_secret_file: Annotated[
        Path, Words("Client secret", "Of the second application. Always a file, which PaperCut's programs read.")
    ]
    method: Annotated[
        Literal["officernd", "pin"],
        choice(
            "Members log in with",
            officernd=("their OfficeRnD password", "A print PIN works too."),
            pin="a print PIN only",
        ),
    ] = "officernd"
    offline_hours: Annotated[
        int,
        Field(ge=0, le=24 * 31),
        Words(
            "How long the last login counts while OfficeRnD cannot be reached",
            "0: nobody can log in meanwhile.",
            unit="hours",
            form="number",
        ),
    ] = 0
    # Beyond the contract's table: the PINs of people without a portal password, where the operator keeps them.
    pin_property: Annotated[
        OptionalLine,
        Words(
            "Custom property that holds a member's print PIN",
            "Each sync keeps its hash. Choose one that other members cannot see.",
        ),
    ] = ""


class MembersSection(Section):
    about = About("Who may print", "The rules by which members of OfficeRnD get an account in PaperCut.")
    statuses: Annotated[
        Texts,
        AfterValidator(values.statuses),
        Words(
            "Members with the status",
            form="many",
            choices=choices(
                active="active",
                **{"drop-in": "drop-in"},
                pending="pending",
                not_approved="not approved",
                contact="contact",
                lead="lead",
                former="former",
            ),
        ),
    ] = ("active",)
    locations: Annotated[Names, Words("Only of these locations", "None chosen: all locations.", form="many")] = ()
    plans: Annotated[
        Names,
        Words(
            "Only with one of these plans",
            "None chosen: all members. A plan of a company covers its members.",
            form="many",
        ),
    ] = ()
    # A rule beyond the contract's table: who is checked in, or holds a pass, today may print too.
    admit_passes: Annotated[
        bool,
        Words("Also anybody who has a valid pass today", "Needs the scope `flex.space.passes.read`.", form="switch"),
    ] = False
    admit_checkins: Annotated[
        bool,
        Words("Also anybody who is checked in today", "Needs the scope `flex.community.checkins.read`.", form="switch"),
    ] = False
    exclude_emails: Annotated[
        Texts,
        AfterValidator(values.member_addresses),
        Words("Never these e-mail addresses", "One per line.", form="lines"),
    ] = ()
    exclude_names: Annotated[
        Names,
        Words(
            "Never members called",
            "For entries in OfficeRnD that are not people. One per line; * stands for any text, ? for one letter; "
            "case does not matter.",
            example="* Contact & Billing",
            form="lines",
        ),
    ] = ()
    departed: Annotated[
        Literal["keep", "disable", "delete"],
        choice(
            "When somebody leaves",
            "What they owe is billed in any case.",
            disable=("switch their printing off", "The account stays, with its history."),
            delete=("delete the account", "Only once its balance is zero and nothing is open."),
            keep="leave the account as it is",
        ),
    ] = "disable"
    rename: Annotated[
        Literal["never", "follow_email"],
        choice(
            "When somebody's e-mail address changes",
            never="the account keeps its name",
            follow_email=("the account is renamed", "Balance and history stay."),
        ),
    ] = "never"
    not_ours: Annotated[
        Names,
        Words(
            "Leave these accounts and groups of PaperCut alone", "One per line; a group as group:NAME.", form="lines"
        ),
    ] = ()
    username: Annotated[
        str, values.one_of(USERNAME_RULES), Words("How a new account is named", choices=USERNAME_RULES)
    ] = "email_underscore"
    individual_group: Annotated[GroupName, Words("Group of members without a company")] = "[Individual Member]"
    unlinked_group: Annotated[GroupName, Words("Group of accounts that OfficeRnD does not know")] = (
        "UNLINKED_MEMBERS_TO_OFFICERND"
    )
    everyone_group: Annotated[GroupName, Words("Group of everybody who may print")] = "[OfficeRnD Members]"
    card_property: Annotated[OptionalLine, Words("Custom property that holds a card number")] = ""
    card_field: Annotated[
        Literal["primary", "secondary"],
        choice(
            "PaperCut's field for that card number",
            "A number that somebody else wrote there stays, and you are asked.",
            primary="primary card number",
            secondary="secondary card number",
        ),
    ] = "primary"
    restricted: Annotated[
        str,
        values.one_of(ALLOWANCES),
        AfterValidator(values.overdraft),
        Words("What a new account may spend", "Written when an account is created.", choices=ALLOWANCES),
    ] = "leave"

    @property
    def usernames_not_ours(self) -> frozenset[str]:
        return values.usernames_among(self.not_ours)

    @property
    def groups_not_ours(self) -> frozenset[str]:
        return values.groups_among(self.not_ours)

    @property
    def card_attribute(self) -> str:
        """Return the field of an account that takes the card number, by its name in our values."""
        return f"{self.card_field}_card"


class SafetySection(Section):
    about = About("Safety limits", "Above them nothing happens by itself: you are asked.", role="money", more=True)
    max_removals_percent: Annotated[
        Percent,
        Words("People taken away at once", "Their share of the linked accounts.", unit="percent", form="number"),
    ] = 10
    max_changes_percent: Annotated[
        Percent, Words("People changed at once", "Their share of the linked accounts.", unit="percent", form="number")
    ] = 30
    from_users: Annotated[
        int, Field(ge=0), Words("The percentages count from this size on", unit="linked accounts")
    ] = 20
    max_fee: Annotated[Money, Words("One fee", form="money")] = amounts.parse("200.00")
    max_run_total: Annotated[Money, Words("All fees of one run", form="money")] = amounts.parse("2000.00")
    max_top_ups: Annotated[
        OptionalMoney, Words("All balances added in one run", "Empty: 25.00 for each member who is due.", form="money")
    ] = None
    max_fees_per_person_day: Annotated[
        int, Field(ge=0), Words("Fees for one person and day", "0: no limit.", form="number")
    ] = 0
    settling_s: Annotated[
        float,
        Field(ge=0, le=600),
        Words(
            "A request without an answer counts as dead so long after its time-out",
            "The run waits for that, then judges.",
            unit="seconds",
        ),
    ] = 2
    witness: Annotated[
        Line,
        Words(
            "Shared account of the relay's own in PaperCut",
            "Disabled; its notes tell a restored server, an older ledger and a second relay.",
        ),
    ] = "officernd-relay"
    # An addition to the contract's table.
    list_lag_s: Annotated[
        float,
        Field(ge=0, le=600),
        Words(
            "By how much OfficeRnD's lists may be late",
            "A missing fee counts as absent only after that too.",
            unit="seconds",
        ),
    ] = 10


class FeesSection(Section):
    about = About("Printing fees", "How what members owe in PaperCut reaches their invoices.", role="money")
    managed_in: Annotated[
        Literal["officernd", "papercut", "shadow"],
        choice(
            "Fees",
            officernd=(
                "Bill printing through OfficeRnD",
                "Negative balances become fees, and the balances are put right.",
            ),
            papercut=(
                "Do not manage printing fees inside OfficeRnD",
                "Printing is free, or billed in PaperCut itself.",
            ),
            shadow=("Only compute and show them", "Nothing is written to either system: good for the first weeks."),
        ),
    ] = "officernd"
    plan: Annotated[
        Line, Words("Plan for the fees in OfficeRnD", "Its name or code. It is made when it is missing.", form="text")
    ] = "PaperCut Fees"
    bill_to: Annotated[
        Literal["company", "member"],
        choice(
            "Who pays",
            company=("the member's company", "Members without a company pay themselves."),
            member="the member",
        ),
    ] = "company"
    grouping: Annotated[
        Literal["person", "company"],
        choice("Lines on the invoice", person="one for each person", company="one for each company"),
    ] = "person"
    every: Annotated[
        Period,
        Words(
            "Billed",
            "A debt is due once its oldest unbilled part is of an earlier period.",
            form="choice",
            choices=PERIODS,
        ),
    ] = "day"
    detail: Annotated[
        Literal["none", "summary", "jobs"],
        choice(
            "The line tells", none="that it is for printing", summary="who printed, and how many jobs", jobs="each job"
        ),
    ] = "summary"
    issue_date: Annotated[
        Literal["run", "previous_day"],
        choice("The line is dated", run="the day it is billed", previous_day="the day before"),
    ] = "run"
    opening_balances: Annotated[
        Literal["hold", "bill", "forgive"],
        choice(
            "What was owed before this integration",
            hold="waits until I decide for each person",
            bill="is billed",
            forgive="is forgiven",
        ),
    ] = "hold"
    uncounted: Annotated[
        Literal["hold", "bill"],
        choice(
            "When a balance falls and PaperCut counted no job",
            "Copiers whose jobs PaperCut does not count look like that, and so does a charge by hand.",
            hold="it waits until I decide for each person",
            bill=("it is billed as printing", "For sites with copiers that PaperCut does not count."),
        ),
    ] = "hold"
    minimum: Annotated[Money, Words("Smallest fee", "Less than this waits until there is more.", form="money")] = (
        amounts.parse("0.01")
    )
    use_coins: Annotated[bool, Words("Let OfficeRnD pay fees with coins first", form="switch")] = False
    tax_percent: Annotated[
        Percentage,
        Words(
            "Tax in PaperCut's prices",
            "Where PaperCut's prices include a tax that OfficeRnD adds to every fee again: the fee is then the largest "
            "price that, taxed and rounded, is not above the debt. What a whole coin of price cannot reach stays owed.",
            unit="percent",
            example="20",
        ),
    ] = Decimal(0)
    location: Annotated[
        Literal["site", "member"],
        Words(
            "Where fees stand",
            choices=choices(
                site="at this site's location",
                member=("at the member's own location", "Where it is known and the plan is sold there."),
            ),
        ),
    ] = "site"

    @property
    def tax_rate(self) -> int:
        """Return the tax in micros of a percent."""
        return amounts.from_decimal(self.tax_percent)


class PrintSection(Section):
    about = About("At the printer", "What the print script does when somebody prints.")
    guard: Annotated[
        Literal["blocked", "members", "off"],
        choice(
            "Who is refused",
            blocked="whoever is not admitted or not known to OfficeRnD",
            members=("everybody who is not a member", "New members may have to wait for the next sync."),
            off="nobody",
        ),
    ] = "blocked"
    confirm_above: Annotated[
        OptionalMoney, Words("Ask before jobs that cost more than", "Empty: never ask.", form="money")
    ] = amounts.parse("5.00")
    confirm_pages: Annotated[
        int, Field(ge=0), Words("Ask before jobs of more than", "0: never ask.", unit="pages", form="number")
    ] = 0
    exceptions: Annotated[
        Names, Words("Never refuse these", "Accounts, one per line; a group as group:NAME.", form="lines")
    ] = ()
    blocked_group: Annotated[GroupName, Words("Group of people who are known but not admitted")] = (
        "[OfficeRnD Not Allowed]"
    )
    language: Annotated[
        Literal["en", "de", "fr", "es", "it", "nl", "pt", "pl", "bg"],  # `print_texts.LANGUAGES`
        choice(
            "Language of the popups",
            en="English",
            de="German",
            fr="French",
            es="Spanish",
            it="Italian",
            nl="Dutch",
            pt="Portuguese",
            pl="Polish",
            bg="Bulgarian",
        ),
    ] = "en"
    contact: Annotated[
        OptionalLine,
        Words(
            "Whom members ask when they cannot print",
            "Stands in the refusals in place of the front desk; empty: the front desk.",
            example="Maria on the second floor",
            form="text",
        ),
    ] = ""
    texts: Annotated[
        tuple[tuple[str, str], ...],
        BeforeValidator(values.print_texts),
        Words(
            "Texts of the site's own",
            "A table `[print.texts]`: a text's name in the print script, and your words with the same places. A text "
            "that counts may be a table of its forms, such as `pages.one`.",
            example='ask = "Print {document} now?"',
        ),
    ] = ()
    on_error: Annotated[
        Literal["allow", "refuse"],
        Words("When the script itself fails", choices=choices(allow="the job is printed", refuse="the job is refused")),
    ] = "allow"
    # Additions to the contract's table. Live mode needs PaperCut's script sandbox switched off.
    colour_question: Annotated[bool, Words("Ask before colour pages, and offer black and white")] = False
    live_users: Annotated[
        Names, Words("Live mode: generic accounts whose jobs ask for the OfficeRnD login", example="frontdesk")
    ] = ()
    live_jython: Annotated[OptionalPath, Words("Live mode: Jython's jar")] = None


class PlanAmount(Section):
    about = About("Other amounts by plan", "One table for each plan, instead of `amount`.")
    plan: Annotated[Line, Words("Plan in OfficeRnD", "Its id, code or name.", example="HOTDESK")]
    amount: Annotated[Money, Words("Each member with it gets", example="5.00")]


PlanAmounts = Annotated[tuple[PlanAmount, ...], BeforeValidator(values.as_tuple)]


def gives_any(amount: int, plan: tuple[PlanAmount, ...]) -> bool:
    return amount > 0 or any(item.amount for item in plan)


class TopUpSection(Section):
    about = About("Member balance", "What members get to print with. Unused when the amount is 0.", role="money")
    amount: Annotated[Money, Words("Each member gets", "0: off.", form="money")] = 0
    every: Annotated[Period, Words("How often", form="choice", choices=PERIODS)] = "month"
    mode: Annotated[
        Literal["add", "reset"],
        choice(
            "What is left over",
            add="stays: the amount is added",
            reset=("goes: the balance is set to the amount", "No other money and no debt is touched."),
        ),
    ] = "add"
    plan: Annotated[
        PlanAmounts,
        Words("Other amounts by plan", "One per line: plan = amount.", example="HOTDESK = 5.00", form="amounts"),
    ] = ()

    @property
    def is_on(self) -> bool:
        return gives_any(self.amount, self.plan)


class IncludedSection(Section):
    about = About(
        "Included printing",
        "Printing that a membership includes: it pays what a company's people owe before a fee does. Unused when the "
        "amount is 0.",
        role="money",
    )
    amount: Annotated[
        Money, Words("Each company, or member without one, has included", "Its people share it. 0: off.", form="money")
    ] = 0
    every: Annotated[
        Period, Words("How often", "What is not used by then is lost.", form="choice", choices=PERIODS)
    ] = "month"
    plan: Annotated[
        PlanAmounts,
        Words(
            "Other amounts by plan",
            "One per line: plan = amount. If several plans apply, the highest amount counts.",
            example="OFFICE = 20.00",
            form="amounts",
        ),
    ] = ()

    @property
    def is_on(self) -> bool:
        return gives_any(self.amount, self.plan)


class ScheduleSection(Section):
    about = About("When")
    daily_at: Annotated[
        time,
        BeforeValidator(values.clock_time),
        Words("Daily run at", "Time of day at the site.", example="07:30", form="text"),
    ] = time(7, 30)
    sync_every_minutes: Annotated[
        int,
        Field(ge=0, le=1440),
        Words(
            "Look for new and changed members every", "Between the daily runs. 0: never.", unit="minutes", form="number"
        ),
    ] = 15


class JobsSection(Section):
    about = About("Print jobs", "Where the costs of single jobs are read, for statements and evidence.")
    source: Annotated[
        Literal["none", "print_logs", "csv", "database"],
        Words(
            "Source of the jobs",
            choices=choices(
                none="none",
                print_logs="PaperCut's print logs",
                csv="PaperCut's daily CSV logs",
                database="PaperCut's external database",
            ),
        ),
    ] = "print_logs"
    path: Annotated[
        OptionalPath,
        Words(
            "Folder of the logs",
            "Else below `papercut.install_dir`: `server/logs/print-logs`, for `csv` `server/logs/csv/daily`.",
        ),
    ] = None
    database_url: Annotated[SecretStr | None, Words("URL of PaperCut's database", 'For `source = "database"`.')] = None
    # Additions to the contract's table, for a server whose clock is not the site's, for privacy, and for logs whose
    # columns PaperCut does not document.
    timezone: Annotated[
        str,
        AfterValidator(lambda value: values.timezone(value) if value else value),
        Words(
            "Time zone of the PaperCut server's clock, where it is not the site's",
            "Its IANA name (a container often has UTC). For jobs read from then on.",
            example="UTC",
        ),
    ] = ""
    keep_months: Annotated[
        int,
        Field(ge=0, le=1200),
        Words(
            "Keep who printed what",
            "Older jobs lose username and document; their sums, member ids and companies stay. 0: for ever.",
            unit="months",
        ),
    ] = 0
    document_names: Annotated[
        Literal["full", "short", "off"],
        Words(
            "What is kept of a document's name", choices=choices(full="all of it", short="20 characters", off="nothing")
        ),
    ] = "full"
    cost_column: Annotated[
        OptionalLine,
        Words(
            "Column of the cost",
            "Its name in the header, or its number from 1 where a print log has no header (date and time are field 1, "
            "also where a tab parts them). Without one, costs found by their look stand in statements and are never "
            "evidence.",
        ),
    ] = ""
    columns: Annotated[
        tuple[tuple[str, str], ...],
        BeforeValidator(values.job_columns),
        Words(
            "Headers in another language",
            "Tables of `[jobs.columns]`: a CSV header's own words with what they are. Known headers: English, German, "
            "French, Spanish, Italian, Dutch, Portuguese, Polish, Bulgarian. They may be "
            f"{', '.join(values.JOB_COLUMNS)}.",
            example='Aika = "Time"',
        ),
    ] = ()

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone that PaperCut writes times in, None where it is the site's."""
        return ZoneInfo(self.timezone) if self.timezone else None


class ScriptsSection(Section):
    about = About("Hand-over files", "What the relay writes and PaperCut's side reads.")
    home: Annotated[Path, BeforeValidator(values.folder_from_folder), Words("Folder of the hand-over files")] = Path(
        "/opt/papercut-officernd"
    )
    max_age_hours: Annotated[
        int, Field(ge=1, le=24 * 31), Words("An older directory is refused by the user source", unit="hours")
    ] = 36


class LedgerSection(Section):
    about = About("Ledger", "The relay's own books.")
    url: Annotated[
        SecretStr,
        Words(
            "Where the ledger is kept",
            "SQLite, or PostgreSQL (`postgresql+psycopg://`). With a password in it: `url_file` or `url_env`.",
        ),
    ] = SecretStr("sqlite:///{state_dir}/ledger.db")
    # An addition to the contract's table: where the daily copies of the ledger lie.
    copies_dir: Annotated[
        OptionalPath,
        Words(
            "Folder of the ledger's daily copies",
            "This site's own, and best on another disk ([Money](MONEY.md#copies-of-the-ledger)). Empty: "
            "`ledger-copies` below `state_dir`.",
        ),
    ] = None


class ConsoleSection(Section):
    about = About("Console", f"The web page of `{commands.named('serve')}`.")
    listen: Annotated[
        str,
        AfterValidator(values.listen),
        Words("Address and port", "Beyond loopback a password is required.", example="127.0.0.1:9480"),
    ] = "127.0.0.1:9480"
    password_hash: Annotated[
        SecretStr | None, Words("File of the console's passwords", f"`{commands.named('password')}` makes it.")
    ] = None
    # Additions to the contract's table: the https address of the proxy in front, how dates and amounts are written, and
    # the secret that OfficeRnD signs its webhooks with.
    public_url: Annotated[
        str,
        AfterValidator(values.public_url),
        Words("Https address of the proxy in front of the console", example="https://print.example.com"),
    ] = ""
    locale: Annotated[
        str,
        AfterValidator(values.locale),
        Words(
            "How the console writes dates and amounts, and the language for a browser that asks for none of ours",
            example="de_DE",
        ),
    ] = "en_GB"
    webhook_secret: Annotated[
        SecretStr | None,
        Words("Secret of OfficeRnD's webhook to `/hooks/officernd`", "Without it the address does not exist."),
    ] = None


class MembersPageSection(Section):
    about = About(
        "The members' own page",
        "Where members see what they printed and what was billed, and get a print PIN. Off while `listen` is empty.",
    )
    listen: Annotated[
        str,
        AfterValidator(values.optional_listen),
        Words(
            "Address and port",
            "Empty: off. Never the console's; beyond loopback `public_url` is required.",
            example="127.0.0.1:9481",
        ),
    ] = ""
    public_url: Annotated[
        str,
        AfterValidator(values.public_url),
        Words(
            "Https address of the proxy in front of it", "Not the console's.", example="https://printing.example.com"
        ),
    ] = ""
    help: Annotated[
        str,
        AfterValidator(values.help_text),
        Words(
            "How to print here", "A sentence, or the address of a page.", example="Add the printer North, then print."
        ),
    ] = ""


class NotifySection(Section):
    about = About("Messages", "Who is told when something has to be seen to ([Messages](NOTIFY.md)).")
    urls: Annotated[
        SecretStr | None,
        AfterValidator(values.addresses),
        Words("File of addresses", "Apprise addresses, one a line: `mailto://`, `slack://`, `msteams://` ..."),
    ] = None
    on: Annotated[
        tuple[str, ...],
        BeforeValidator(values.occasions),
        Words(
            "What is told",
            choices=choices(
                failed="a daily run failed",
                stopped="no money moves, such as after PaperCut was restored",
                held="money is held, or a safety limit held changes to people back",
                in_doubt="a fee or an adjustment is in doubt",
                missed="no run since yesterday; told by `serve`",
                logins="many logins are refused",
                directory="the answers for PaperCut are old",
            ),
        ),
    ] = values.OCCASIONS
    ping_url: Annotated[
        SecretStr | None,
        AfterValidator(values.ping_url),
        Words("File of the ping address", "Called at start (`/start`), success and failure (`/fail`) of a daily run."),
    ] = None
    monthly_report: Annotated[bool, Words("Send the month's sums to the same addresses")] = False


class Settings(Section):
    """The whole of `relay.toml`; attribute names are the contract's sections and keys."""

    path: Path
    site: SiteSection
    papercut: PaperCutSection
    officernd: OfficeRnDSection
    signin: SigninSection
    members: MembersSection
    safety: SafetySection
    fees: FeesSection
    print: PrintSection
    top_up: TopUpSection
    included: IncludedSection
    schedule: ScheduleSection
    jobs: JobsSection
    scripts: ScriptsSection
    ledger: LedgerSection
    console: ConsoleSection
    members_page: MembersPageSection
    notify: NotifySection

    @property
    def own_groups(self) -> tuple[str, ...]:
        """Return the groups of PaperCut that the relay makes and fills by itself, beside those of companies."""
        members = self.members
        return (members.individual_group, members.everyone_group, members.unlinked_group, self.print.blocked_group)

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
