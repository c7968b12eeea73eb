"""Which methods there are, what they take, and how a call is checked before it runs.

A signature is written as "username:s adjustment:d comment:s account:s?": s string, i int, d double, b boolean, [s] list
of strings, [[s,s]] list of pairs; `?` marks what may be left off at the end. Types are exact, as with Apache XML-RPC's
look-up by reflection. Source: web-services notes 1.3 and 1.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from relay.sandbox.late import LateEffects
from relay.sandbox.papercut import faults
from relay.sandbox.papercut.backups import Backup
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.injection import Injector
from relay.sandbox.papercut.state import PaperCutState
from relay.sandbox.papercut.switches import PaperCutSwitches
from relay.sandbox.papercut.tasks import TaskSlot
from relay.sandbox.papercut.wire import NIL

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Context:
    """The server that a call reaches. `state.lock` is held while a method runs, unless it starts programs.

    `backups` are those that were given a name.
    """

    state: PaperCutState
    tasks: TaskSlot
    late: LateEffects
    faults: Injector
    backups: dict[str, Backup] = field(default_factory=dict)

    def catch_up(self) -> None:
        """Do what is due by the clock; whatever call arrives does it first."""
        self.late.run_due()
        self.state.recorder.catch_up()


@dataclass(frozen=True)
class Method:
    """One method: its kinds in order, how many must be there, whether it changes anything."""

    name: str
    kinds: tuple[str, ...]
    required: int
    writes: bool
    starts_programs: bool
    function: Callable[..., Any] | None


METHODS: dict[str, Method] = {}


def method(name: str, signature: str = "", *, writes: bool = False, starts_programs: bool = False) -> Callable[[F], F]:
    """Register the function below as `api.<name>`; without a value it answers boolean 1, as void methods do."""

    kinds = [part.partition(":")[2] for part in signature.split()]
    required = sum(not kind.endswith("?") for kind in kinds)
    assert name not in METHODS, name
    assert all(kind.endswith("?") for kind in kinds[required:]), name

    def register(function: F) -> F:
        plain = tuple(kind.rstrip("?") for kind in kinds)
        METHODS[name] = Method(name, plain, required, writes, starts_programs, function)
        return function

    return register


def not_simulated(*names: str) -> None:
    """Register methods that PaperCut has and the stand-in does not act out: a clear fault, whatever the arguments."""
    for name in names:
        METHODS[name] = Method(name, (), 0, True, False, None)


MISREAD = object()  # what `checked` says of numbers sent as strings: the call is misread, not refused


def checked(found: Method, arguments: list[Any], switches: PaperCutSwitches) -> Any:
    """Return the arguments as the function takes them, or MISREAD. Raises the fault for wrong numbers or types."""
    if found.function is None:
        return arguments
    if not found.required <= len(arguments) <= len(found.kinds):
        raise no_such_method(found.name, switches, arguments)
    misread = False
    taken = []
    for kind, argument in zip(found.kinds, arguments, strict=False):
        if argument is NIL and switches.nil == "blank":
            argument = {"s": "", "i": 0, "d": 0.0, "b": False}.get(kind, [])
        if kind == "d" and type(argument) is int and switches.int_for_double == "accept":
            argument = float(argument)
        if kind == "i" and type(argument) is str and _is_list(found) and switches.stringly_ints == "empty_list":
            misread = True
        elif not _fits(kind, argument):
            raise no_such_method(found.name, switches, arguments)
        taken.append(argument)
    return MISREAD if misread else taken


def call(context: Context, found: Method, arguments: list[Any]) -> Any:
    """Run a method with its checked arguments and return what goes onto the wire. Raises ApiFault."""
    if found.function is None:
        raise ApiFault(faults.GENERAL, f"{found.name} is not simulated by this stand-in.")
    if found.starts_programs:
        answer = found.function(context, *arguments)
    else:
        with context.state.lock:
            answer = found.function(context, *arguments)
    return True if answer is None else answer


def no_such_method(name: str, switches: PaperCutSwitches, arguments: list[Any]) -> ApiFault:
    """Return the fault for a name, a number of arguments or types that no method has."""
    kinds = ", ".join(_kind_of(argument) for argument in arguments)
    return ApiFault(switches.unknown_name_code, f"java.lang.NoSuchMethodException: {name}({kinds})", plain=True)


def _is_list(found: Method) -> bool:
    return found.kinds[-2:] == ("i", "i") or found.name == "listUserSharedAccounts"


def _fits(kind: str, argument: Any) -> bool:
    if kind == "[s]":
        return type(argument) is list and all(type(item) is str for item in argument)
    if kind == "[[s,s]]":
        return type(argument) is list and all(_fits("[s]", pair) and len(pair) == 2 for pair in argument)
    return type(argument) is {"s": str, "i": int, "d": float, "b": bool}[kind]


def _kind_of(argument: Any) -> str:
    names = {str: "String", int: "Integer", float: "Double", bool: "Boolean", list: "Vector", dict: "Hashtable"}
    return (
        f"java.{'util' if type(argument) in (list, dict) else 'lang'}.{names[type(argument)]}"
        if (type(argument) in names)
        else repr(argument)
    )


def page(items: list[str], offset: int, limit: int, switches: PaperCutSwitches) -> list[str]:
    """Return one page of a list; beyond its end an empty one."""
    if offset < 0 or limit < 0:
        return []
    if switches.page_limit:
        limit = min(limit, switches.page_limit)
    return items[offset : offset + limit]
