"""The stand-in's methods against the reference: names, the order of arguments, types, and what is answered.

`methods.txt` is papercut-server-api 1.5, a method a line, in the reference's own names: `?` may be left off, `ok` is
void, which is boolean 1 on the wire. It is the only table of its kind: the stand-in's own signatures are held to it.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from relay.sandbox.papercut.dispatch import METHODS

TABLE = [
    re.fullmatch(r"(\w+)\((.*)\) (\S+)", line).groups()  # type: ignore[union-attr]
    for line in Path(__file__).with_name("methods.txt").read_text(encoding="utf-8").splitlines()
]
ROWS = {
    name: ([part.rpartition(" ")[::2] for part in parameters.split(", ") if part], answer)
    for name, parameters, answer in TABLE
}

# The reference's word -> what the stand-in's code calls it, where it is another one.
SAME = {
    "cardId": "card",
    "redactUserData": "redact",
    "resetBy": "by",
    "accountName": "account",
    "leaveRemaining": "remaining",
    "withPopupConfirmation": "confirm",
    "chargeToPersonal": "charge_personal",
    "chargePersonalWhenShared": "charge_personal",
    "allowPersonal": "personal",
    "allowList": "from_list",
    "allowPin": "pin",
    "allowPrintAsOther": "as_other",
    "defaultShared": "default",
    "ignoreAccountMode": "ignore_mode",
    "deleteNonExistentUsers": "delete",
    "updateUserDetails": "update",
    "jobDetails": "details",
    "newPassword": "password",
}
ANSWERS: dict[Any, str] = {type(None): "ok", bool: "b", str: "s", int: "i", float: "d", list[str]: "[s]"}
ACTED_OUT = [name for name, method in METHODS.items() if method.function is not None]


def own_name(name: str) -> str:
    return SAME.get(name) or re.sub("([A-Z])", r"_\1", name).lower()


def test_every_method_of_the_reference_is_there_and_no_other() -> None:
    """papercut-server-api 1.5: the proxies know these methods and no others."""
    assert set(METHODS) == set(ROWS)
    assert len(TABLE) == len(ROWS)


@pytest.mark.parametrize("name", ACTED_OUT)
def test_a_method_takes_what_the_reference_says(name: str) -> None:
    """papercut-server-api 1.5: names, order and types of the arguments, and which may be left off."""
    method, (wanted, _) = METHODS[name], ROWS[name]
    assert method.function is not None
    taken = list(inspect.signature(method.function).parameters)[1:]
    assert taken == [own_name(parameter) for parameter, _ in wanted]
    assert list(method.kinds) == [kind.rstrip("?") for _, kind in wanted]
    assert method.required == sum(not kind.endswith("?") for _, kind in wanted)


@pytest.mark.parametrize("name", ACTED_OUT)
def test_a_method_answers_what_the_reference_says(name: str) -> None:
    """papercut-server-api 1.5 and 1.3: void methods answer boolean 1."""
    function = METHODS[name].function
    assert function is not None
    answered = get_type_hints(function)["return"]
    kind = "struct" if getattr(answered, "__origin__", None) is dict else ANSWERS[answered]
    wanted = ROWS[name][1]
    assert kind == wanted or {kind, wanted} == {"ok", "b"}
