"""Print PINs for people without a portal password: issued once, kept as salted slow hashes beside the hand-over files.

The auth program reads them by `signin_pin.py`. A PIN belongs to a member id, so it survives a rename; whether it opens
anything is decided at each login by the directory.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from papercut_scripts import compat, signin_pin, verifier
from relay.errors import RelayError


def issue_pin(home: Path, member_id: str) -> str:
    """Give a member a new PIN in place of an earlier one and return it, "4821 9053": it cannot be read again.

    `home` is `scripts.home`. Raises RelayError (`hand_over`) when it cannot be written; the earlier PIN still holds.
    """
    assert member_id, "a PIN belongs to a member id"
    pin = "".join(secrets.choice("0123456789") for _ in range(signin_pin.DIGITS))
    try:
        verifier.store(str(Path(home) / signin_pin.FOLDER), member_id, pin)
    except OSError as error:
        raise RelayError(
            f"The PIN cannot be written below {home} ({error.strerror or error}): run this as the account that owns "
            "the folder.",
            code="hand_over",
        ) from error
    half = signin_pin.DIGITS // 2
    return f"{pin[:half]} {pin[half:]}"


def revoke_pin(home: Path, member_id: str) -> bool:
    """Take a member's PIN away; return whether there was one."""
    path = Path(verifier.path(str(Path(home) / signin_pin.FOLDER), member_id))
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise RelayError(
            f"The PIN file {path} cannot be removed ({error.strerror or error}): it still opens the login.",
            code="hand_over",
        ) from error
    compat.sync_folder(str(path.parent))
    return True


def pin_issued(home: Path, member_id: str) -> datetime | None:
    """Return when the member's PIN was issued, None where there is none."""
    stored = verifier.load(str(Path(home) / signin_pin.FOLDER), member_id)
    return datetime.fromtimestamp(stored["made"], UTC) if stored else None
