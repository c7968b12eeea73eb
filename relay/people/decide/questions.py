"""What is asked or told about people, one group a kind: what many of one kind are called, and the one explanation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question: its title for one and for several ("{count}" stands in it), and what it means."""

    one: str
    many: str
    meaning: str

    def title(self, count: int) -> str:
        return self.one if count == 1 else self.many.format(count=f"{count:,}")


_NO_NAME = (
    "No account name follows from the rule, so one is proposed from the person's name: take it, change it, or put it "
    "right in OfficeRnD and look again."
)

KINDS: Mapping[str, Kind] = {
    # Answered by a person: these come first, in this order.
    "two_members": Kind(
        "1 account may belong to either of two people",
        "{count} accounts may belong to either of two people",
        "Say whose it is. Nothing is guessed, and the account stays as it is until then.",
    ),
    "two_accounts": Kind(
        "1 person may have several accounts",
        "{count} people may have several accounts",
        "Only one can be theirs. It keeps its balance and history; the others go to a group of their own.",
    ),
    "shared_email": Kind(
        "1 person shares an e-mail address with somebody",
        "{count} people share an e-mail address with somebody",
        "PaperCut and the login tell people apart by their address, so nothing is guessed. Give each an account name "
        "of their own, or put the addresses right in OfficeRnD and look again.",
    ),
    "no_email": Kind(
        "1 person has no e-mail address that works", "{count} people have no e-mail address that works", _NO_NAME
    ),
    "no_username": Kind("1 person has no account name", "{count} people have no account name", _NO_NAME),
    "username_unusable": Kind(
        "1 account name in OfficeRnD cannot be used", "{count} account names in OfficeRnD cannot be used", _NO_NAME
    ),
    "name_taken": Kind(
        "1 account name is taken by somebody else",
        "{count} account names are taken by somebody else",
        "The person gets the name with an ending. If the account is theirs after all, say so before the next sync.",
    ),
    "internal_user": Kind(
        "1 account is an internal user of PaperCut",
        "{count} accounts are internal users of PaperCut",
        "PaperCut checks their passwords itself and never asks OfficeRnD. Rename or delete the account in PaperCut, or "
        "say that it is not theirs.",
    ),
    "deleted_by_hand": Kind(
        "1 account was deleted in PaperCut",
        "{count} accounts were deleted in PaperCut",
        "It stays deleted, and the person cannot print, until you say that it is to be made again.",
    ),
    "answer_unusable": Kind(
        "1 answer cannot be followed",
        "{count} answers cannot be followed",
        "The account that was named belongs to somebody else, is internal, or is not ours to touch. Name another.",
    ),
    "answer_waits": Kind(
        "1 answer waits for you",
        "{count} answers wait for you",
        "It takes an account away from somebody, so no scheduled run does it: bring people in line yourself.",
    ),
    "group_older": Kind(
        "1 company has the name of a group that PaperCut had before",
        "{count} companies have the name of a group that PaperCut had before",
        "An older group may give rights, such as printing free of charge. If it is not the company's own, the company "
        "gets another name.",
    ),
    # Told only.
    "at_in_username": Kind(
        "1 login name has an @",
        "{count} login names have an @",
        "PaperCut cuts a login name at the @, so nobody can log in with it. Rename the account in PaperCut; the relay "
        "follows.",
    ),
    "disabled_by_hand": Kind(
        "1 person may print but is switched off in PaperCut",
        "{count} people may print but are switched off in PaperCut",
        "Somebody switched printing off there by hand, and it stays so. Switch it on there if that is no longer meant.",
    ),
    "email_elsewhere": Kind(
        "1 address is kept out of PaperCut",
        "{count} addresses are kept out of PaperCut",
        "Another account there holds the address already.",
    ),
    "card_taken": Kind(
        "1 card number belongs to two people",
        "{count} card numbers belong to two people",
        "It was not written. Correct one of the two in OfficeRnD.",
    ),
    "card_occupied": Kind(
        "1 account has another card already",
        "{count} accounts have another card already",
        "Somebody else put it there, so it was left.",
    ),
    "card_unusable": Kind(
        "1 card number cannot be used", "{count} card numbers cannot be used", "Correct it in OfficeRnD."
    ),
    "pin_unusable": Kind("1 print PIN cannot be used", "{count} print PINs cannot be used", "Correct it in OfficeRnD."),
    "waiting_for_balance": Kind(
        "1 account is to be deleted and waits",
        "{count} accounts are to be deleted and wait",
        "An account with money on it, or money under way, is never deleted.",
    ),
    "group_name_taken": Kind(
        "1 company gets another group name",
        "{count} companies get other group names",
        "The name is taken by another group.",
    ),
    "connector_group": Kind(
        "1 group of OfficeRnD's own connector is left empty",
        "{count} groups of OfficeRnD's own connector are left empty",
        "Remove each from PaperCut's group list when no printer or quota refers to it.",
    ),
    "group_name_unusable": Kind(
        "1 group cannot be handled",
        "{count} groups cannot be handled",
        "Its name has a control character. Remove it from PaperCut's group list.",
    ),
    "unknown_setting": Kind(
        "1 setting names something that OfficeRnD does not have",
        "{count} settings name something that OfficeRnD does not have",
        "It admits nobody. Correct the settings.",
    ),
}


def kind_of(code: str) -> Kind:
    """Return the words of a kind; one without words of its own is called by its code."""
    name = code.replace("_", " ")
    return KINDS.get(code) or Kind(f"1 {name}", f"{{count}} {name}", "")


def in_order(codes: Iterable[str]) -> list[str]:
    """Return codes in the order of the table, unknown ones last."""
    order = list(KINDS)
    return sorted(codes, key=lambda code: order.index(code) if code in KINDS else len(order))


def in_groups(warnings: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return questions (as JSON) by code: what asks for an answer first, unknown kinds last."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for warning in warnings:
        found.setdefault(str(warning["code"]), []).append(warning)
    return {code: found[code] for code in in_order(found)}
