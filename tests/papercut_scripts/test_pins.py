"""A PIN is shown once, opens the login of its member alone, and can be taken away."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from papercut_scripts import verifier
from relay.errors import RelayError
from relay.people.act import pins
from tests.support.papercut_site import ANN, BOB, NOMAIL, Site, log_in

pytestmark = pytest.mark.windows


def test_an_issued_pin_opens_the_login_of_its_member_alone(site: Site) -> None:
    pin = pins.issue_pin(site.home, NOMAIL.member_id)
    assert re.fullmatch(r"\d{4} \d{4}", pin)
    assert log_in(site, "no.mail", pin) == b"OK\nno.mail\n"
    assert log_in(site, "no.mail", pin.replace(" ", "")) == b"OK\nno.mail\n"
    assert log_in(site, ANN.username, pin) == b"ERROR\n"


def test_a_new_pin_replaces_the_old_one(site: Site) -> None:
    old = pins.issue_pin(site.home, BOB.member_id)
    new = pins.issue_pin(site.home, BOB.member_id)
    assert log_in(site, BOB.username, old) == b"ERROR\n"
    assert log_in(site, BOB.username, new) == f"OK\n{BOB.username}\n".encode()


def test_a_revoked_pin_opens_nothing(site: Site) -> None:
    pin = pins.issue_pin(site.home, NOMAIL.member_id)
    assert pins.pin_issued(site.home, NOMAIL.member_id) is not None
    assert pins.revoke_pin(site.home, NOMAIL.member_id) is True
    assert pins.revoke_pin(site.home, NOMAIL.member_id) is False
    assert pins.pin_issued(site.home, NOMAIL.member_id) is None
    assert log_in(site, "no.mail", pin) == b"ERROR\n"


def test_only_a_slow_hash_is_kept_and_only_for_its_owner(site: Site) -> None:
    pin = pins.issue_pin(site.home, ANN.member_id).replace(" ", "")
    path = Path(verifier.path(str(site.home / "pins"), ANN.member_id))
    assert all(pin.encode() not in data for data in site.files().values())
    stored = verifier.load(str(site.home / "pins"), ANN.member_id)
    assert stored is not None and stored["rounds"] >= 200_000
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_two_pins_differ_and_so_do_their_hashes(site: Site) -> None:
    first = pins.issue_pin(site.home, ANN.member_id)
    one = verifier.load(str(site.home / "pins"), ANN.member_id)
    assert pins.issue_pin(site.home, ANN.member_id) != first
    two = verifier.load(str(site.home / "pins"), ANN.member_id)
    assert one and two and one["salt"] != two["salt"] and one["hash"] != two["hash"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "pins").write_text("in the way")
    with pytest.raises(RelayError, match="PIN cannot be written") as caught:
        pins.issue_pin(tmp_path, ANN.member_id)
    assert caught.value.code == "hand_over"
