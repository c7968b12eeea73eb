"""The settings folder of a sandbox that is started again: what was edited stays, the state of the old world goes aside.

The stand-ins remember nothing after they end. A ledger or hand-over files of before would know people, fees and
balances that no server has any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from relay import written_files
from relay.errors import UsageError

SETTINGS = "relay.toml"
OLD_WORLD = ("state", "home", "papercut", "programs")


def set_aside(folder: Path) -> tuple[str, ...]:
    """Move what belongs to an earlier world into a folder of its own; return what to tell of it, () for nothing."""
    if not (folder / SETTINGS).exists():
        return ()
    document = _read(folder / SETTINGS)
    named = [Path(str(document.get(section, {}).get(key, ""))) for section, key in _FOLDERS]
    outside = [path for path in named if path.is_absolute() and folder not in path.parents]
    inside = {folder / path for path in (*map(Path, OLD_WORLD), *named) if str(path) != "." and path not in outside}
    there = sorted(path for path in inside if path.exists())
    told = [f"{folder / SETTINGS} stays as you edited it; only addresses, ids and secrets of the stand-ins are new."]
    if there:
        before = next(path for path in (folder / f"before-{number}" for number in count(1)) if not path.exists())
        before.mkdir(mode=0o700)
        for path in there:
            path.rename(before / path.name)
        told.append(f"This is a new world: the ledger and the files of the one that has ended are in {before}.")
    told += [f"{path} lies elsewhere and still knows the world that has ended: move it away." for path in outside]
    return tuple(told)


_FOLDERS = (("site", "state_dir"), ("scripts", "home"))


def renewed(file: Path, fresh: str, locations: Mapping[str, object]) -> str:
    """Return the settings in `file` with what only the new stand-ins know, which `fresh` says; comments stay.

    The location stays too where the new organisation has it.
    """
    document, new = _read(file), tomlkit.parse(fresh).unwrap()
    for section, key in _OF_THE_STAND_INS:
        table = document.setdefault(section, tomlkit.table())
        if key == "location" and str(table.get(key)) in locations:
            continue
        table[key] = new[section][key]
    return tomlkit.dumps(document)


_OF_THE_STAND_INS = (
    ("papercut", "url"),
    ("papercut", "auth_token_file"),
    ("officernd", "organization"),
    ("officernd", "api_url"),
    ("officernd", "token_url"),
    ("officernd", "client_id"),
    ("officernd", "client_secret_file"),
    ("officernd", "location"),
    ("signin", "client_id"),
    ("signin", "client_secret_file"),
)


def _read(file: Path) -> Any:
    try:
        return tomlkit.parse(written_files.read(file))
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read as settings ({error}): correct it, or name another folder.") from None
