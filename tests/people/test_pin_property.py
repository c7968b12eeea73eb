"""Print PINs from a custom property of OfficeRnD: what opens the login, what is kept of them, and when they go."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from papercut_scripts import auth_program, verifier
from relay import people
from relay.people.act import pins
from relay.remedy import Note, Remedy
from tests.support.people_site import Make, PeopleSite, small_organisation

PEOPLE = [("Ann Lee", "ann@x.example", ""), ("Bo Ray", "bo@x.example", ""), ("Cy Day", "cy@x.example", "")]
ANN, BO, CY = (f"64d0000000000000000000{number:02x}" for number in range(1, 4))
PIN, OTHER = "48219053", "70361529"


@pytest.fixture
def one(site: Make) -> PeopleSite:
    """Ann has a PIN in OfficeRnD."""
    made = site(organisation=small_organisation(PEOPLE), settings={"signin": {"pin_property": "pin"}})
    change(made, ANN, PIN)
    assert made.sync().exit_code == 0
    return made


def change(site: PeopleSite, member: str, pin: object) -> None:
    site.pair.officernd.state.change_member(member, properties={"pin": pin})


def opens(site: PeopleSite, username: str, pin: str) -> bool:
    lines = io.BytesIO(f"{username}\n{pin}\n".encode())
    out: list[bytes] = []
    auth_program.serve(lambda: str(site.settings.scripts.home), lines.readline, out.append, lambda text: None)
    return out == [f"OK\n{username}\n".encode()]


def say(site: PeopleSite, what: str, who: str) -> Any:
    return getattr(people, what)(site.context, who)


def stored(site: PeopleSite, member: str) -> Path:
    return Path(verifier.path(str(site.settings.scripts.home / "pins"), member))


def test_it_opens_the_login_of_its_member_alone_and_stands_nowhere(one: PeopleSite) -> None:
    assert opens(one, "ann_x.example", PIN) and opens(one, "ann_x.example", "4821 9053")
    assert not opens(one, "bo_x.example", PIN)
    folders = (one.settings.scripts.home, one.settings.site.state_dir)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert one.settings.site.state_dir / "people.json" in files
    assert [path for path in files if PIN.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("incremental", [False, True])
def test_it_follows_the_property(one: PeopleSite, incremental: bool) -> None:
    before = stored(one, ANN).read_bytes()
    assert one.sync(incremental=incremental).exit_code == 0
    assert stored(one, ANN).read_bytes() == before  # nothing new: nothing hashed again
    change(one, ANN, OTHER)
    change(one, BO, 12345670)  # a property may hold a number
    one.sync(incremental=incremental)
    assert opens(one, "ann_x.example", OTHER) and not opens(one, "ann_x.example", PIN)
    assert opens(one, "bo_x.example", "12345670")
    change(one, ANN, "")
    one.sync(incremental=incremental)
    assert not stored(one, ANN).exists() and stored(one, BO).exists()


def test_an_issued_one_goes_before_it(one: PeopleSite) -> None:
    issued = say(one, "issue_pin", ANN).name
    one.sync()
    assert opens(one, "ann_x.example", issued) and not opens(one, "ann_x.example", PIN)
    assert "clear it" not in say(one, "revoke_pin", ANN).sentence
    one.sync()
    assert opens(one, "ann_x.example", PIN)
    assert "came from pin in OfficeRnD: clear it there too" in say(one, "revoke_pin", ANN).sentence
    assert not opens(one, "ann_x.example", PIN)


def test_those_of_another_property_or_of_none_go_and_issued_ones_stay(one: PeopleSite) -> None:
    pins.issue_pin(one.settings.scripts.home, BO)
    one.configure({"signin": {"pin_property": "code"}})
    one.sync(incremental=True)
    assert not stored(one, ANN).exists() and stored(one, BO).exists()
    one.configure({"signin": {"pin_property": "pin"}})
    one.sync()
    assert opens(one, "ann_x.example", PIN)
    one.configure({"signin": {"pin_property": ""}})
    one.sync()
    assert not stored(one, ANN).exists() and stored(one, BO).exists()


@pytest.mark.parametrize("value", ["4821", "482190531", "password", "4821905x"])
def test_what_is_no_pin_is_a_warning_without_its_value(one: PeopleSite, value: str) -> None:
    change(one, ANN, value)
    result = one.sync()
    (warning,) = result.plan.warnings
    assert (warning.code, warning.subject) == ("pin_unusable", "ann_x.example")
    assert value not in warning.message
    assert not stored(one, ANN).exists()


def test_who_may_not_print_gets_none_and_who_has_left_loses_it(one: PeopleSite) -> None:
    one.pair.officernd.state.change_member(CY, status="former")
    change(one, CY, OTHER)
    one.pair.officernd.state.remove_member(ANN)
    one.sync(allow=["max_removals_percent"])
    assert not stored(one, CY).exists() and not stored(one, ANN).exists()


def test_a_refused_sync_touches_no_pin(one: PeopleSite) -> None:
    change(one, ANN, OTHER)
    before = stored(one, ANN).read_bytes()
    assert one.sync(expect="another").exit_code == 3
    assert stored(one, ANN).read_bytes() == before


def test_explain_tells_whether_somebody_has_one(one: PeopleSite) -> None:
    told = say(one, "explain", ANN)
    assert told.as_json()["print_pin"] == "property"
    assert ["with the print PIN" in line.message for line in told.lines].count(True) == 1
    assert say(one, "explain", BO).as_json()["print_pin"] is None
    one.configure({"signin": {"method": "pin"}})
    assert say(one, "explain", ANN).as_json()["can_log_in"] is True
    assert say(one, "explain", BO).as_json()["why_not"] == [
        Note("there is no print PIN to log in with", (Remedy("issue_pin", (BO,)),)).as_json()
    ]
