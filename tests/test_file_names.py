"""Nothing outside chooses a file's name: people, companies, printers and sites are called as they like.

Windows has names of its own (CON, aux.txt), takes trailing dots and blanks away, writes into a stream behind a colon,
and most programs there end at 260 characters.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from relay import people
from relay import run as story
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.installer import library
from relay.installer.stop import InstallStop
from tests.support.people_site import PeopleSite, answer_in_process, small_organisation
from tests.support.settings_example import example_settings
from tests.support.still_clock import StillClock
from tests.support.visitor import Visitor

pytestmark = pytest.mark.windows
PLAIN = re.compile(r"(?!(con|prn|aux|nul|com\d|lpt\d)(\.|$))[a-z0-9._-]{0,90}[a-z0-9_-]", re.IGNORECASE)
DEVICES = ["CON", "aux.txt", "NUL", "com1.log", "LPT9", "PRN.", "nul .css"]
ELSEWHERE = ["a:b", "C:\\x", "..\\..\\up", "../../up", "dot.", "dots...", "blank ", "a|b?*<>"]
HOSTILE = [*DEVICES, *ELSEWHERE, "Ä" * 120, "x" * 190]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PeopleSite]:
    """People, companies, a site and a printer of such names."""
    monkeypatch.setattr("relay.sandbox.papercut.sync.ask_user_source", answer_in_process)
    people = [(name, f"{number}@x.example", name.strip()) for number, name in enumerate(HOSTILE)]
    people += [("Con", "con@x.example", ""), ("Aux", "aux.txt@x.example", ""), ("Nul", "nul@nul", "")]
    made = PeopleSite(
        tmp_path,
        organisation=small_organisation(people),
        settings={"site": {"name": "aux.txt"}, "jobs": {"cost_column": "11"}, "safety": {"settling_s": 0}},
    )
    made.state.add_printer("print01", "COM1: Büro. ", page_cost=0.1)
    yield made
    made.stop()


def test_a_day_of_such_people_makes_plain_names_alone(site: PeopleSite, tmp_path: Path) -> None:
    """A run with its sync, PINs, prints, a settle, a copy of the ledger, and statements to download."""
    assert story.run(site.context).exit_code == 0
    for member in site.organisation.members[:5]:
        people.issue_pin(site.context, member.id)
    for username in list(site.state.users):
        site.pair.papercut.print_job(user=username, printer="COM1: Büro. ", document="CON")
    story.run(site.context)
    assert site.pair.officernd.fees()
    found = {path.name for path in tmp_path.rglob("*")}
    assert len(found) > 40
    assert [name for name in found if not PLAIN.fullmatch(name)] == []
    place = Desk(site.settings, site.clock)
    visitor = Visitor(make_app(place).test_client())
    for name in ["", *HOSTILE]:
        answer = visitor.get(f"/statements.csv?company={quote(name.strip())}")
        _, _, told = answer.headers["Content-Disposition"].partition("filename=")
        assert PLAIN.fullmatch(told.strip('"')), told
    place.close()


@pytest.mark.parametrize("name", [*DEVICES, *ELSEWHERE])
def test_a_wheel_with_such_a_name_is_refused(tmp_path: Path, name: str) -> None:
    wheel = tmp_path / "some-1.0-py3-none-any.whl"
    for inside in (name, f"some/{name}", f"some-1.0.data/purelib/{name}/x.py"):
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(zipfile.ZipInfo(inside), "x")
        with pytest.raises(InstallStop, match="leads out of it"):
            library.unpack(str(wheel), str(tmp_path / "lib"))
    assert not (tmp_path / "lib").exists() or not any((tmp_path / "lib").rglob("x*"))


@pytest.mark.parametrize("name", DEVICES)
def test_no_address_opens_a_device(tmp_path: Path, name: str) -> None:
    """The static files, whose names come from the address; a console that were opened so would wait for a keyboard."""
    place = Desk(example_settings(tmp_path), StillClock())
    visitor = Visitor(make_app(place).test_client())
    for path in (name, f"fonts/{name}", f"{name}/x", f"..\\{name}"):
        assert visitor.get(f"/static/{quote(path)}").status_code == 404, path
    place.close()
