"""The settings that an operator may change in the console: their words, kinds, and how a form becomes TOML values.

The words of the form stand here and nowhere else; what a value may be is said by `relay/config.py` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, Literal

from werkzeug.datastructures import MultiDict

from relay import amounts
from relay.config import Settings
from relay.console.passwords import Role

Kind = Literal["choice", "many", "lines", "text", "number", "money", "switch", "amounts"]


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: its place, its words, its kind; `choices` are (value, label, explanation)."""

    section: str
    key: str
    kind: Kind
    label: str
    help: str = ""
    choices: tuple[tuple[str, str, str], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together; `role` may change them. `more`: shown when asked for."""

    id: str
    title: str
    lead: str
    role: Role
    fields: tuple[Field, ...]
    more: bool = False


_PERIODS = (("day", "every day", ""), ("week", "every week", ""), ("month", "every month", ""))

GROUPS: tuple[Group, ...] = (
    Group(
        "who",
        "Who may print",
        "The rules by which members of OfficeRnD get an account in PaperCut.",
        "operate",
        (
            Field(
                "members",
                "statuses",
                "many",
                "Members with the status",
                "",
                (
                    ("active", "active", ""),
                    ("drop-in", "drop-in", ""),
                    ("pending", "pending", ""),
                    ("not_approved", "not approved", ""),
                    ("contact", "contact", ""),
                    ("lead", "lead", ""),
                    ("former", "former", ""),
                ),
            ),
            Field("members", "locations", "many", "Only of these locations", "None chosen: all locations."),
            Field(
                "members",
                "plans",
                "many",
                "Only with one of these plans",
                "None chosen: all members. A plan of a company covers its members.",
            ),
            Field("members", "admit_passes", "switch", "Also whoever has a valid pass today"),
            Field("members", "admit_checkins", "switch", "Also whoever is checked in today"),
            Field("members", "exclude_emails", "lines", "Never these e-mail addresses", "One a line."),
            Field(
                "members",
                "departed",
                "choice",
                "When somebody leaves",
                "What they owe is billed in any case.",
                (
                    ("disable", "switch their printing off", "The account stays, with its history."),
                    ("delete", "delete the account", "Only once its balance is zero and nothing is open."),
                    ("keep", "leave the account as it is", ""),
                ),
            ),
            Field(
                "members",
                "rename",
                "choice",
                "When somebody's e-mail address changes",
                "",
                (
                    ("never", "the account keeps its name", ""),
                    ("follow_email", "the account is renamed", "Balance and history stay."),
                ),
            ),
            Field(
                "members",
                "not_ours",
                "lines",
                "Leave these accounts and groups of PaperCut alone",
                "One a line; a group as group:NAME.",
            ),
        ),
    ),
    Group(
        "fees",
        "Printing fees",
        "How what members owe in PaperCut reaches their invoices.",
        "money",
        (
            Field(
                "fees",
                "managed_in",
                "choice",
                "Fees",
                "",
                (
                    (
                        "officernd",
                        "Bill printing through OfficeRnD",
                        "Negative balances become fees, and the balances are put right.",
                    ),
                    (
                        "papercut",
                        "Do not manage printing fees inside OfficeRnD",
                        "Printing is free, or billed in PaperCut itself.",
                    ),
                    (
                        "shadow",
                        "Only compute and show them",
                        "Nothing is written to either system: good for the first weeks.",
                    ),
                ),
            ),
            Field(
                "fees",
                "plan",
                "text",
                "Plan for the fees in OfficeRnD",
                "Its name or code. It is made when it is missing.",
            ),
            Field(
                "fees",
                "bill_to",
                "choice",
                "Who pays",
                "",
                (
                    ("company", "the member's company", "Members without a company pay themselves."),
                    ("member", "the member", ""),
                ),
            ),
            Field(
                "fees",
                "grouping",
                "choice",
                "Lines on the invoice",
                "",
                (("person", "one for each person", ""), ("company", "one for each company", "")),
            ),
            Field("fees", "every", "choice", "Billed", "", _PERIODS),
            Field(
                "fees",
                "detail",
                "choice",
                "The line tells",
                "",
                (
                    ("none", "that it is for printing", ""),
                    ("summary", "who printed, and how many jobs", ""),
                    ("jobs", "each job", ""),
                ),
            ),
            Field(
                "fees",
                "issue_date",
                "choice",
                "The line is dated",
                "",
                (("run", "the day it is billed", ""), ("previous_day", "the day before", "")),
            ),
            Field(
                "fees",
                "opening_balances",
                "choice",
                "What was owed before this integration",
                "",
                (
                    ("hold", "waits until I decide for each person", ""),
                    ("bill", "is billed", ""),
                    ("forgive", "is forgiven", ""),
                ),
            ),
            Field(
                "fees",
                "uncounted",
                "choice",
                "When a balance falls and PaperCut counted no job",
                "Copiers whose jobs PaperCut does not count look like that, and so does a charge by hand.",
                (
                    ("hold", "it waits until I decide for each person", ""),
                    ("bill", "it is billed as printing", "For sites with copiers that PaperCut does not count."),
                ),
            ),
            Field("fees", "minimum", "money", "Smallest fee", "Less than this waits until there is more."),
            Field("fees", "use_coins", "switch", "Let OfficeRnD pay fees with coins first"),
        ),
    ),
    Group(
        "balance",
        "Member balance",
        "What members get to print with. Unused when the amount is 0.",
        "money",
        (
            Field("top_up", "amount", "money", "Each member gets"),
            Field("top_up", "every", "choice", "How often", "", _PERIODS),
            Field(
                "top_up",
                "mode",
                "choice",
                "What is left over",
                "",
                (("add", "stays: the amount is added", ""), ("reset", "goes: the balance is set to the amount", "")),
            ),
            Field(
                "top_up",
                "plan",
                "amounts",
                "Other amounts by plan",
                "One a line: plan = amount, such as HOTDESK = 5.00.",
            ),
        ),
    ),
    Group(
        "when",
        "When",
        "",
        "operate",
        (
            Field("schedule", "daily_at", "text", "Daily run at", "Time of day at the site, such as 07:30."),
            Field(
                "schedule",
                "sync_every_minutes",
                "number",
                "Look for new and changed members every … minutes",
                "Between the daily runs. 0: never.",
            ),
        ),
    ),
    Group(
        "printing",
        "At the printer",
        "What the print script does when somebody prints.",
        "operate",
        (
            Field(
                "print",
                "guard",
                "choice",
                "Who is refused",
                "",
                (
                    ("blocked", "whoever is not admitted or not known to OfficeRnD", ""),
                    ("members", "everybody who is not a member", "New members may have to wait for the next sync."),
                    ("off", "nobody", ""),
                ),
            ),
            Field("print", "confirm_above", "money", "Ask before jobs that cost more than", "Empty: never ask."),
            Field("print", "confirm_pages", "number", "Ask before jobs of more than … pages", "0: never ask."),
            Field("print", "exceptions", "lines", "Never refuse these", "Accounts one a line; a group as group:NAME."),
        ),
    ),
    Group(
        "login",
        "Login",
        "",
        "operate",
        (
            Field(
                "signin",
                "method",
                "choice",
                "Members log in with",
                "",
                (("officernd", "their OfficeRnD password", "A print PIN works too."), ("pin", "a print PIN only", "")),
            ),
            Field(
                "signin",
                "offline_hours",
                "number",
                "Hours that the last login counts while OfficeRnD cannot be reached",
                "0: nobody logs in meanwhile.",
            ),
        ),
        more=True,
    ),
    Group(
        "safety",
        "Safety limits",
        "Above them nothing happens by itself: you are asked.",
        "money",
        (
            Field("safety", "max_removals_percent", "number", "People taken away at once, percent"),
            Field("safety", "max_changes_percent", "number", "People changed at once, percent"),
            Field("safety", "max_fee", "money", "One fee"),
            Field("safety", "max_run_total", "money", "All fees of one run"),
            Field("safety", "max_top_ups", "money", "All balances added in one run", "Empty: 25.00 for each member."),
            Field("safety", "max_fees_per_person_day", "number", "Fees for one person and day", "0: no limit."),
        ),
        more=True,
    ),
)

FIELDS: Mapping[str, Field] = {field.name: field for group in GROUPS for field in group.fields}
ROLES: Mapping[str, Role] = {field.name: group.role for group in GROUPS for field in group.fields}


def shown(settings: Settings, field: Field) -> Any:
    """Return a setting's value as the form shows it: text, a list of texts, or a bool."""
    value = getattr(getattr(settings, field.section), field.key)
    if field.kind == "money":
        return "" if value is None else amounts.text(value, settings.site.currency)
    if field.kind == "amounts":
        return [f"{item.plan} = {amounts.text(item.amount, settings.site.currency)}" for item in value]
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value if isinstance(value, bool) else str(value)


def read_form(form: MultiDict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return (values as TOML holds them, problems) by field name, for the fields that the form carries.

    A field of switches and boxes says by `field.here` that it was shown, since an empty box is sent by no browser.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    here = set(form.getlist("here"))
    for name, field in FIELDS.items():
        if name not in here:
            continue
        text = form.get(name, "").strip()
        if field.kind == "switch":
            values[name] = text == "on"
        elif field.kind == "many":
            values[name] = [item for item in form.getlist(name) if item.strip()]
        elif field.kind == "lines":
            values[name] = [" ".join(line.split()) for line in form.get(name, "").splitlines() if line.strip()]
        elif field.kind == "number":
            if text.isascii() and text.isdigit() and len(text) < 10:
                values[name] = int(text)
            else:
                problems[name] = "must be a whole number"
        elif field.kind == "amounts":
            rows = [line.rpartition("=") for line in form.get(name, "").splitlines() if line.strip()]
            if all(plan.strip() and amount.strip() for plan, _, amount in rows):
                values[name] = [{"plan": plan.strip(), "amount": _point(amount)} for plan, _, amount in rows]
            else:
                problems[name] = "write each line as plan = amount"
        else:
            values[name] = _point(text) if field.kind == "money" else text
    return values, problems


def _point(text: str) -> str:
    """Return an amount with a point, as half of Europe types a comma."""
    text = text.strip()
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
