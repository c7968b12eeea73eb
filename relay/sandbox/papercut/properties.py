"""The properties that users, shared accounts and printers have on the API: exactly these names, always strings.

Source: ServerCommandProxy's lists (1.6 and 1.7 of the web-services notes); booleans are spelled as the switch says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from relay.sandbox.papercut import faults
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.state import PaperCutState, Printer, SharedAccountRecord, User
from relay.sandbox.papercut.wire import java_double

Read = Callable[[PaperCutState, Any], str]
Write = Callable[[PaperCutState, Any, str], None]


@dataclass(frozen=True)
class Property:
    """How one property is read and written; None where PaperCut refuses it."""

    read: Read | None
    write: Write | None


def read(table: dict[str, Property], state: PaperCutState, thing: Any, name: str) -> str:
    """Return a property's text. Raises the faults 260 and 261."""
    found = _named(table, state, name)
    if found.read is None:
        raise ApiFault(faults.PROPERTY_INVALID, f'Property "{name}" cannot be read.')
    return found.read(state, thing)


def write(table: dict[str, Property], state: PaperCutState, thing: Any, name: str, value: str) -> None:
    """Set a property. Raises 260 and 261, and the property's own fault for a bad value."""
    found = _named(table, state, name)
    if found.write is None:
        raise ApiFault(faults.PROPERTY_INVALID, f'Property "{name}" cannot be set.')
    found.write(state, thing, value)


def write_pairs(table: dict[str, Property], state: PaperCutState, thing: Any, pairs: list[list[str]]) -> None:
    """Set several properties in order; a bad one undoes those before it where the switch says so."""
    before = {name: getattr(thing, name) for name in thing.__slots__}
    try:
        for name, value in pairs:
            write(table, state, thing, name, value)
    except ApiFault:
        if state.switches.set_properties_atomic:
            for name, value in before.items():
                setattr(thing, name, value)
        raise


def _named(table: dict[str, Property], state: PaperCutState, name: str) -> Property:
    if not name.strip():
        raise ApiFault(faults.PROPERTY_NAME_BLANK, "The property name may not be blank.")
    if table is USER and name == "card-number" and state.switches.old_card_names:
        name = "primary-card-number"
    if table is USER and name == "card-pin" and state.switches.readable_pin:
        return Property(lambda state, user: user.pin, _set_pin)
    if table is PRINTER and name == state.switches.unauthenticated_property:
        return _flag("unauthenticated")
    found = table.get(name)
    if found is None and table is PRINTER and name.startswith("advanced-config."):
        return _extra(name)
    if found is None:
        raise ApiFault(faults.PROPERTY_INVALID, f'Property "{name}" is not valid.')
    return found


# -- kinds of values


def spell(state: PaperCutState, value: bool) -> str:
    text = "TRUE" if value else "FALSE"
    return text if state.switches.boolean_spelling == "upper" else text.lower()


def _truth(name: str, value: str) -> bool:
    if value.strip().lower() not in ("true", "false"):
        raise ApiFault(faults.GENERAL, f'"{value}" is no value for {name}: TRUE or FALSE is expected.')
    return value.strip().lower() == "true"


def _number(value: str, code: int, what: str) -> float:
    if not re.fullmatch(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", value, re.ASCII):
        raise ApiFault(code, f'"{value}" is no valid {what}.')
    return float(value)


def _text(attribute: str) -> Property:
    def put(state: PaperCutState, thing: Any, value: str) -> None:
        setattr(thing, attribute, value)

    return Property(lambda state, thing: getattr(thing, attribute), put)


def _flag(attribute: str) -> Property:
    def put(state: PaperCutState, thing: Any, value: str) -> None:
        setattr(thing, attribute, _truth(attribute, value))

    return Property(lambda state, thing: spell(state, getattr(thing, attribute)), put)


def _count(attribute: str, *, writable: bool = True) -> Property:
    def put(state: PaperCutState, thing: Any, value: str) -> None:
        if not re.fullmatch(r"\d+", value.strip(), re.ASCII):
            raise ApiFault(faults.GENERAL, f'"{value}" is no whole number.')
        setattr(thing, attribute, int(value))

    return Property(lambda state, thing: str(getattr(thing, attribute)), put if writable else None)


def _extra(name: str, default: str = "") -> Property:
    def get(state: PaperCutState, thing: Any) -> str:
        return str((thing.extra or {}).get(name, default))

    def put(state: PaperCutState, thing: Any, value: str) -> None:
        if thing.extra is None:
            thing.extra = {}
        thing.extra[name] = value

    return Property(get, put)


def _extra_flag(name: str) -> Property:
    plain = _extra(name)
    assert plain.read and plain.write
    get, put = plain.read, plain.write
    return Property(
        lambda state, thing: spell(state, get(state, thing) == "true"),
        lambda state, thing, value: put(state, thing, "true" if _truth(name, value) else "false"),
    )


def _put_overdraft(state: PaperCutState, thing: Any, value: str) -> None:
    number = _number(value, faults.OVERDRAFT_INVALID, "overdraft amount")
    if number < 0:
        raise ApiFault(faults.OVERDRAFT_INVALID, f'"{value}" is no valid overdraft amount.')
    thing.overdraft_amount = number


_OVERDRAFT = Property(lambda state, thing: java_double(thing.overdraft_amount), _put_overdraft)


def balance_text(state: PaperCutState, value: float) -> str:
    digits = state.switches.balance_digits
    return java_double(value) if digits < 0 else f"{value:.{digits}f}"


# -- users


def check_email(state: PaperCutState, user: User | None, email: str) -> None:
    """Refuse an e-mail that is none (269) or that another user has (268)."""
    if not email:
        return
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise ApiFault(faults.EMAIL_INVALID, f'"{email}" is no valid email address.')
    if state.switches.unique_email:
        for other in state.users.values():
            if other is not user and other.email.lower() == email.lower():
                raise ApiFault(faults.EMAIL_NOT_UNIQUE, f'Email "{email}" is already in use.')


def check_card(state: PaperCutState, user: User | None, card: str) -> None:
    """Refuse a card number that another user has."""
    if card and state.switches.unique_card:
        for other in state.users.values():
            if other is not user and card in (other.primary_card, other.secondary_card):
                raise state.unlisted(f'Card number "{card}" is already in use.')


def check_pin(state: PaperCutState, pin: str) -> None:
    """Refuse a PIN that is no number (271) or too short (273)."""
    if pin and not pin.isdecimal():
        raise ApiFault(faults.PIN_INVALID, "The PIN is not valid.")
    if pin and len(pin) < state.switches.pin_minimum_length:
        raise ApiFault(faults.PIN_TOO_SHORT, "The PIN is too short.")


def _set_email(state: PaperCutState, user: User, value: str) -> None:
    check_email(state, user, value.strip())
    user.email = value.strip()


def _card(attribute: str) -> Property:
    def put(state: PaperCutState, user: User, value: str) -> None:
        check_card(state, user, value.strip())
        setattr(user, attribute, value.strip())

    return Property(lambda state, user: getattr(user, attribute), put)


def _set_pin(state: PaperCutState, user: User, value: str) -> None:
    check_pin(state, value.strip())
    user.pin = value.strip()


def _set_password(state: PaperCutState, user: User, value: str) -> None:
    if not user.internal:
        raise ApiFault(faults.PASSWORD_ONLY_INTERNAL, "The password can only be set on internal users.")
    if not value:
        raise ApiFault(faults.PASSWORD_BLANK, "The password may not be blank.")
    user.password = value


def _set_alias(state: PaperCutState, user: User, value: str) -> None:
    alias = value.strip()
    if alias:
        for other in state.users.values():
            if other is not user and alias.lower() in (other.alias.lower(), other.username):
                raise ApiFault(faults.ALIAS_NOT_UNIQUE, f'Alias "{alias}" is already in use.')
    user.alias = alias


def _set_home(state: PaperCutState, user: User, value: str) -> None:
    if value and not value.strip('"').startswith("\\\\"):
        raise ApiFault(faults.HOME_INVALID, f'"{value}" is no valid home directory path.')
    user.home = value


def _set_balance(state: PaperCutState, user: User, value: str) -> None:
    if user.accounts is not None:
        raise ApiFault(
            faults.SEVERAL_PERSONAL_ACCOUNTS,
            "The balance cannot be set this way while multiple personal accounts are enabled.",
        )
    wanted = _number(value, faults.BALANCE_INVALID, "balance")
    transaction_amount = wanted - user.balance
    state.transact(user, transaction_amount, "", kind="SET")
    user.balance = wanted


def _set_rate(state: PaperCutState, user: User, value: str) -> None:
    rate = _number(value, faults.COST_RATE_INVALID, "cost adjustment rate")
    if rate < 0:
        raise ApiFault(faults.COST_RATE_INVALID, f'"{value}" is no valid cost adjustment rate.')
    user.cost_rate_percent = rate


_SELECTION_PERSONAL = (
    "AUTO_CHARGE_TO_PERSONAL_ACCOUNT",
    "CHARGE_TO_PERSONAL_ACCOUNT_WITH_CONFIRMATION",
    "SHOW_ACCOUNT_SELECTION_POPUP",
    "SHOW_ADVANCED_ACCOUNT_SELECTION_POPUP",
)
_SELECTION_SHARED = ("SHOW_ACCOUNT_SELECTION_POPUP", "SHOW_ADVANCED_ACCOUNT_SELECTION_POPUP")


def _may(modes: tuple[str, ...]) -> Property:
    return Property(lambda state, user: spell(state, user.selection_mode in modes), None)


USER: dict[str, Property] = {
    "balance": Property(lambda state, user: balance_text(state, user.total()), _set_balance),
    "primary-card-number": _card("primary_card"),
    "secondary-card-number": _card("secondary_card"),
    "department": _text("department"),
    "disabled-print": _flag("disabled"),
    "email": Property(lambda state, user: user.email, _set_email),
    "full-name": _text("full_name"),
    "notes": _text("notes"),
    "office": _text("office"),
    "print-stats.job-count": _count("job_count"),
    "print-stats.page-count": _count("page_count"),
    "net-stats.data-mb": _extra("net-stats.data-mb", "0.0"),
    "net-stats.time-hours": _extra("net-stats.time-hours", "0.0"),
    "restricted": _flag("restricted"),
    "home": Property(lambda state, user: user.home, _set_home),
    "username-alias": Property(lambda state, user: user.alias, _set_alias),
    "overdraft-amount": _OVERDRAFT,
    "dont-hold-jobs-in-release-station": _extra_flag("dont-hold-jobs-in-release-station"),
    "dont-apply-printer-filter-rules": _extra_flag("dont-apply-printer-filter-rules"),
    "printer-cost-adjustment-rate-percent": Property(
        lambda state, user: java_double(user.cost_rate_percent), _set_rate
    ),
    "dont-archive": _extra_flag("dont-archive"),
    "auto-release-jobs": _extra_flag("auto-release-jobs"),
    "delegated-users": _extra("delegated-users"),
    "delegated-groups": _extra("delegated-groups"),
    "internal": Property(lambda state, user: spell(state, user.internal), None),
    "unauthenticated": _extra_flag("unauthenticated"),
    "password": Property(None, _set_password),
    "card-pin": Property(None, _set_pin),
    "account-selection.mode": Property(lambda state, user: user.selection_mode, None),
    "account-selection.can-charge-personal": _may(_SELECTION_PERSONAL),
    "account-selection.can-charge-shared-from-list": _may(_SELECTION_SHARED),
    "account-selection.can-charge-shared-by-pin": _may(_SELECTION_SHARED[1:]),
    "other-emails": Property(lambda state, user: user.other_emails, None),
    "auto-shared-account": Property(lambda state, user: user.auto_account, None),
    "default-shared-account": Property(_extra("default-shared-account").read, None),
}


# -- shared accounts


def _names(attribute: str) -> Property:
    return Property(lambda state, account: ",".join(sorted(getattr(account, attribute))), None)


def _set_account_balance(state: PaperCutState, account: SharedAccountRecord, value: str) -> None:
    wanted = _number(value, faults.BALANCE_INVALID, "balance")
    state.transact_shared(account, wanted - account.balance, "", kind="SET")
    account.balance = wanted


def _chosen(attribute: str, choices: tuple[str, ...]) -> Property:
    def put(state: PaperCutState, thing: Any, value: str) -> None:
        if value not in choices:
            raise ApiFault(faults.GENERAL, f'"{value}" is not one of {", ".join(choices)}.')
        setattr(thing, attribute, value)

    return Property(lambda state, thing: getattr(thing, attribute), put)


SHARED_ACCOUNT: dict[str, Property] = {
    "access-groups": _names("groups"),
    "access-users": _names("users"),
    "account-id": _count("account_id", writable=False),
    "balance": Property(lambda state, account: balance_text(state, account.balance), _set_account_balance),
    "comment-option": _chosen("comment_option", ("NO_COMMENT", "COMMENT_OPTIONAL", "COMMENT_REQUIRED")),
    "disabled": _flag("disabled"),
    "invoice-option": _chosen(
        "invoice_option", ("ALWAYS_INVOICE", "NEVER_INVOICE", "USER_CHOICE_ON", "USER_CHOICE_OFF")
    ),
    "notes": _text("notes"),
    "overdraft-amount": _OVERDRAFT,
    "pin": _text("pin"),
    "restricted": _flag("restricted"),
}


# -- printers


def _set_cost_model(state: PaperCutState, printer: Printer, value: str) -> None:
    models = ("SIMPLE", "AREA", "SIZE_TABLE", "SIZE_CATEGORY", "SIZE_DETAILED", "SIZE_LENGTH")
    if value not in models:
        raise ApiFault(faults.COST_MODEL_INVALID, f'Cost model type "{value}" is not valid.')
    printer.cost_model = value


PRINTER: dict[str, Property] = {
    "cost-model": Property(lambda state, printer: printer.cost_model, _set_cost_model),
    **{f"custom-field-{number}": _extra(f"custom-field-{number}") for number in range(1, 7)},
    "disabled": _flag("disabled"),
    "print-stats.job-count": _count("job_count", writable=False),
    "print-stats.page-count": _count("page_count", writable=False),
    "printer-id": _count("printer_id", writable=False),
}
