"""How long a refusal takes tells nobody who exists; and a folder that others may write decides nothing."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from papercut_scripts import auth_program, compat, login, pace
from relay.errors import RelayError
from relay.people.act import publish
from tests.support.papercut_site import Site
from tests.support.signin_server import PASSWORD


def outcome(site: Site, typed: str, password: str = "wrong-Passw0rd") -> login.Outcome:
    return login.check(str(site.home), typed, password, compat.monotonic() + 4.5)


def kept(site: Site, *milliseconds: int) -> None:
    (site.home / "state").mkdir(exist_ok=True)
    (site.home / "state" / "signin_ms").write_text("".join(f"{number}\n" for number in milliseconds))


@pytest.mark.parametrize("typed", ["nobody", "gone@example.com", "reception", "out@example.com"])
def test_a_refusal_without_a_call_waits_as_long_as_a_call_takes(
    site: Site, no_waiting: list[float], typed: str
) -> None:
    kept(site, 300, 350, 900)
    assert login.REJECTED == outcome(site, typed).verdict
    assert [0.35] == no_waiting and [] == site.signin.signins


def test_a_refusal_with_a_call_does_not_wait_and_is_measured(
    site: Site, no_waiting: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert login.REJECTED == outcome(site, "annie").verdict
    assert [] == no_waiting and 1 == len((site.home / "state" / "signin_ms").read_text().split())


def test_an_accepted_login_does_not_wait(site: Site, no_waiting: list[float]) -> None:
    assert login.ACCEPTED == outcome(site, "annie", PASSWORD).verdict
    assert [] == no_waiting


def test_a_braked_member_waits_as_a_stranger_does(site: Site, no_waiting: list[float]) -> None:
    for _ in range(12):
        outcome(site, "annie")
    assert "braked" == outcome(site, "annie").reason
    assert no_waiting and set(no_waiting) == {pace.typical_s(str(site.home))}


@pytest.mark.parametrize(
    ("milliseconds", "expected_s"),
    [([], 0.2), ([10, 20, 30], 0.2), ([500], 0.5), ([9000, 9000, 9000], 1.0), ([400, 1, 99999], 0.4)],
)
def test_the_wait_is_the_median_within_its_bounds(site: Site, milliseconds: list[int], expected_s: float) -> None:
    kept(site, *milliseconds)
    assert expected_s == pace.typical_s(str(site.home))


@pytest.mark.parametrize("content", ["", "x\n", "-5\n", "9" * 5000, "\u0663\n", "1e9\nnan\n"])
def test_what_is_kept_may_be_damaged(site: Site, content: str) -> None:
    kept(site)
    (site.home / "state" / "signin_ms").write_text(content)
    assert 0.2 == pace.typical_s(str(site.home))


def test_only_the_last_calls_count(site: Site) -> None:
    for _ in range(40):
        pace.remember(str(site.home), 0.5)
    for _ in range(pace.KEPT):
        pace.remember(str(site.home), 0.7)
    assert 0.7 == pace.typical_s(str(site.home))


def test_waiting_never_makes_an_answer_late(site: Site, no_waiting: list[float]) -> None:
    kept(site, 900)
    pace.wait(str(site.home), compat.monotonic() + 0.3)
    assert no_waiting[0] < 0.3 - pace.SPARE_S + 0.001


def test_no_wait_where_no_password_is_ever_asked_about(site: Site, no_waiting: list[float]) -> None:
    site.change_settings(method="pin")
    outcome(site, "nobody")
    assert [] == no_waiting


# -- the folder --------------------------------------------------------------------------------------------------------

posix = pytest.mark.skipif(os.name != "posix", reason="modes of folders as POSIX has them")


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722, 0o702])
def test_a_folder_that_others_may_write_decides_nobodys_login(site: Site, mode: int) -> None:
    site.home.chmod(mode)
    lines = io.BytesIO(f"annie\n{PASSWORD}\n".encode())
    out: list[bytes] = []
    auth_program.serve(lambda: str(site.home), lines.readline, out.append, lambda _: None)
    assert [b"ERROR\n"] == out and [] == site.signin.signins
    assert ("unavailable", "home_open") == (site.log("auth")[-1]["verdict"], site.log("auth")[-1]["reason"])
    with pytest.raises(RelayError, match="is not safe"):
        publish.refuse_open(site.home)


@posix
def test_a_folder_on_the_way_that_all_may_write_is_as_bad(tmp_path: Path) -> None:
    home = tmp_path / "shared" / "deep" / "home"
    home.mkdir(parents=True, mode=0o700)
    (tmp_path / "shared").chmod(0o777)
    assert "exchange it" in compat.why_open(str(home))
    (tmp_path / "shared").chmod(0o1777)
    assert "" == compat.why_open(str(home))
    (tmp_path / "shared").chmod(0o755)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open" / "link").symlink_to(home)
    assert "exchange it" in compat.why_open(str(tmp_path / "open" / "link"))


@posix
def test_every_link_on_the_way_is_looked_at(tmp_path: Path) -> None:
    """A link in a safe folder to one in an open folder, which leads to a safe folder again."""
    for name, mode in {"safe": 0o755, "open": 0o777, "end": 0o700}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    (tmp_path / "end" / "home").mkdir(mode=0o700)
    (tmp_path / "open" / "hop").symlink_to("../end")
    (tmp_path / "safe" / "home").symlink_to("../open/hop/home")
    assert f"exchange it, since they may write into {tmp_path / 'open'}" in compat.why_open(
        str(tmp_path / "safe" / "home")
    )
    (tmp_path / "open").chmod(0o1777)
    assert "" == compat.why_open(str(tmp_path / "safe" / "home"))
    (tmp_path / "round").symlink_to("round")
    assert "" == compat.why_open(str(tmp_path / "round"))  # nothing can be read there, which is told elsewhere


@posix
@pytest.mark.needs("root")
def test_a_folder_of_another_account_decides_nobodys_login(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    os.chown(site.home, 4712, -1)
    login = outcome(site, "annie")
    assert ("unavailable", "home_open") == (login.verdict, login.reason) and [] == site.signin.signins
    with pytest.raises(RelayError, match="belongs to another account") as told:
        publish.refuse_open(site.home)
    assert "home_open" == told.value.code
    os.chown(site.home, 0, -1)
    publish.refuse_open(site.home)


@posix
def test_a_folder_that_is_not_there_yet_is_judged_by_the_way(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    assert "" == compat.why_open(str(tmp_path / "shared" / "home"))
    (tmp_path / "shared").chmod(0o777)
    assert "exchange it" in compat.why_open(str(tmp_path / "shared" / "home"))
