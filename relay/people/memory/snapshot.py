"""The world as the last sync left it, in one private file: what an incremental sync starts from.

It is a cache: losing it costs one full read and nothing else. Nothing here decides anything.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from relay import json_text, plain_files
from relay.config import Settings
from relay.officernd import model
from relay.officernd.model import Company, Location, Member, Organization
from relay.people.world import Account, OfficeRnDSide, PaperCutSide, World, without_pin
from relay.private_files import make_private_folder, write_private

log = logging.getLogger(__name__)

FAR_AHEAD = timedelta(days=7)
FORMAT = 3  # 3: members without the day when they began
NAME = "people.json"


@dataclass(frozen=True)
class Snapshot:
    """Both systems as they were read last; `full_at` is when both were last read whole."""

    full_at: datetime
    officernd: OfficeRnDSide
    papercut: PaperCutSide

    @property
    def cursor(self) -> str:
        """Return the newest `modifiedAt` seen: OfficeRnD's own clock, so that ours may go wrong. "" for none.

        One that lies far ahead is nobody's clock, and would hide every change until then.
        """
        stamps = [one.modified_at for one in self.officernd.members.values()]
        stamps += [one.modified_at for one in self.officernd.companies.values()]
        latest = model.moment(self.full_at + FAR_AHEAD)
        return max((stamp for stamp in stamps if stamp <= latest), default="")


def save(settings: Settings, world: World, papercut: PaperCutSide, *, full_at: datetime) -> None:
    """Keep a world for the next incremental sync, without the members' print PINs."""
    side = world.officernd
    key = settings.signin.pin_property
    members = {member_id: without_pin(one, key) for member_id, one in side.members.items()}
    content = {
        "format": FORMAT,
        "full_at": full_at.isoformat(),
        "organization": asdict(side.organization),
        "members": _rows(members, Member),
        "companies": _rows(side.companies, Company),
        "locations": _rows(side.locations, Location),
        "accounts": _rows(papercut.accounts, Account),
        "groups": {name: sorted(members) for name, members in papercut.groups.items()},
        "record_fields": papercut.record_fields,
    }
    try:
        make_private_folder(settings.site.state_dir)
        write_private(_path(settings), json.dumps(content, ensure_ascii=False, separators=(",", ":")))
    except OSError as error:  # the sync itself is done
        log.warning("the snapshot of people cannot be kept (%s): %s", error.strerror, _path(settings))


def load(settings: Settings) -> Snapshot | None:
    """Return the last snapshot, None where there is none that can be used."""
    try:
        content = plain_files.json_value(_path(settings))
        if content["format"] != FORMAT:
            return None
        return Snapshot(
            json_text.moment(content["full_at"]),
            OfficeRnDSide(
                Organization(**content["organization"]),
                _values(content["members"], Member),
                _values(content["companies"], Company),
                _values(content["locations"], Location),
            ),
            PaperCutSide(
                _values(content["accounts"], Account),
                {name: frozenset(members) for name, members in content["groups"].items()},
                content["record_fields"],
            ),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the snapshot of people cannot be used (%s): everything is read again", type(error).__name__)
        return None


def _path(settings: Settings) -> Path:
    return settings.site.state_dir / NAME


def _rows(values: Mapping[str, Any], kind: type[Any]) -> list[list[Any]]:
    names = [field.name for field in fields(kind)]
    return [[getattr(value, name) for name in names] for value in values.values()]


def _values(rows: list[list[Any]], kind: Callable[..., Any]) -> dict[str, Any]:
    """Return values by their first field, which is the key of every kind kept here."""
    return {row[0]: kind(*row) for row in rows}
