"""Print PINs for people without a portal password, kept as salted slow hashes beside the hand-over files.

They are issued one by one, or taken from a custom property of OfficeRnD by each sync. The auth program reads them by
`signin_pin.py`. A PIN belongs to a member id, so it survives a rename; whether it opens anything is decided at each
login by the directory.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from papercut_scripts import compat, signin_pin, verifier
from relay import plain_files
from relay.errors import RelayError
from relay.held_files import remove, what_to_do
from relay.language import lazy
from relay.officernd.model import Member
from relay.people.world import HIDDEN, pin_of
from relay.progress import Phase, Progress

_OWNER = lazy("run this as the account that owns the folder")


def issue_pin(home: Path, member_id: str) -> str:
    """Give a member a new PIN in place of an earlier one and return it, "4821 9053": it cannot be read again.

    `home` is `scripts.home`. Raises RelayError (`hand_over`) when it cannot be written; the earlier PIN still holds.
    """
    assert member_id, "a PIN belongs to a member id"
    pin = "".join(secrets.choice("0123456789") for _ in range(signin_pin.DIGITS))
    try:
        verifier.store(str(Path(home) / signin_pin.FOLDER), member_id, pin)
    except OSError as error:
        what = what_to_do(error, _OWNER)
        raise RelayError(
            lazy(
                "The PIN cannot be written below %(home)s (%(strerror)s): %(what)s.",
                home=home,
                strerror=error.strerror or error,
                what=what,
            ),
            code="hand_over",
        ) from error
    half = signin_pin.DIGITS // 2
    return f"{pin[:half]} {pin[half:]}"


def revoke_pin(home: Path, member_id: str) -> bool:
    """Take a member's PIN away; return whether there was one."""
    path = Path(verifier.path(str(Path(home) / signin_pin.FOLDER), member_id))
    try:
        remove(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise RelayError(
            lazy(
                "The PIN file %(path)s cannot be removed (%(strerror)s) and still opens the login: %(what_to_do)s.",
                path=path,
                strerror=error.strerror or error,
                what_to_do=what_to_do(error, _OWNER),
            ),
            code="hand_over",
        ) from error
    compat.sync_folder(str(path.parent))
    return True


def follow_property(
    home: Path, key: str, members: Mapping[str, Member], active: Collection[str], progress: Progress
) -> None:
    """Make the PINs from OfficeRnD be those in the custom property `key`, "" for none; issued ones go before them.

    New ones are for the `active`. Where the property is hidden, having been read by an earlier sync, its PIN stays.
    Raises RelayError.
    """
    folder = Path(home) / signin_pin.FOLDER
    kept = {stored["member_id"]: stored for stored in _kept(folder)}
    wanted = {
        member_id: pin
        for member_id in {*active, *kept} & set(members)
        if (pin := pin_of(members[member_id], key)) and (member_id not in kept or kept[member_id].get("source"))
    }
    for member_id, stored in kept.items():
        hidden = member_id in members and HIDDEN + key in members[member_id].properties
        if stored.get("source") and member_id not in wanted and not (hidden and stored["source"] == key):
            revoke_pin(home, member_id)

    def keep(phase: Phase, member_id: str) -> None:
        stored = kept.get(member_id)
        if stored is None or stored["source"] != key or not verifier.matches(wanted[member_id], stored):
            verifier.store(str(folder), member_id, wanted[member_id], source=key)
        phase.advance()

    if not wanted:
        return
    try:
        # The hash is slow, and lets other threads run.
        with progress.phase("Comparing print PINs", len(wanted)) as phase, ThreadPoolExecutor() as pool:
            list(pool.map(partial(keep, phase), sorted(wanted)))
    except OSError as error:
        what = what_to_do(error, _OWNER)
        raise RelayError(
            lazy(
                "The PINs of %(key)s cannot be written below %(home)s (%(strerror)s): %(what)s.",
                key=key,
                home=home,
                strerror=error.strerror or error,
                what=what,
            ),
            code="hand_over",
        ) from error


def _kept(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield all verifiers; one that is damaged opens nothing, and is written anew where the property has its PIN."""
    for path in folder.glob("*"):
        try:
            stored = verifier.load(str(folder), plain_files.json_value(path)["member_id"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if stored is not None:
            yield stored


def source_of(home: Path, member_id: str) -> str | None:
    """Return the property that a member's PIN came from, "" for an issued one, None where there is none."""
    stored = verifier.load(str(Path(home) / signin_pin.FOLDER), member_id)
    return stored.get("source", "") if stored else None


def pin_issued(home: Path, member_id: str) -> datetime | None:
    """Return when the member's PIN was issued, None where there is none."""
    stored = verifier.load(str(Path(home) / signin_pin.FOLDER), member_id)
    return datetime.fromtimestamp(stored["made"], UTC) if stored else None
