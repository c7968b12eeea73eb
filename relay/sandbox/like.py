"""Stand-ins that answer as a real site does: the switches of a field record, as `papercut-relay probe` writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relay.probe.record import read_record
from relay.sandbox.officernd import OfficeRnDSwitches
from relay.sandbox.papercut import PaperCutSwitches


@dataclass(frozen=True)
class Likeness:
    """Both stand-ins' switches, and the positions of the record that these stand-ins do not know."""

    papercut: PaperCutSwitches = field(default_factory=PaperCutSwitches)
    officernd: OfficeRnDSwitches = field(default_factory=OfficeRnDSwitches)
    unknown: tuple[str, ...] = ()


def like(path: Path) -> Likeness:
    """Return the switches that make the stand-ins answer as the site of a field record. Raises UsageError."""
    positions = read_record(path)
    found = Likeness()
    unknown = [
        *_turn(positions["papercut"], found.papercut.set),
        *_turn(positions["officernd"], lambda name, value: found.officernd.change({name: value})),
    ]
    return replace(found, unknown=tuple(unknown))


def _turn(positions: dict[str, Any], turn: Callable[[str, Any], None]) -> list[str]:
    """Turn each switch and return what another version of the stand-ins may have known."""
    unknown = []
    for name, value in positions.items():
        try:
            turn(name, value)
        except ValueError as error:
            unknown.append(str(error))
    return unknown
