"""Rights, services and the registry, asked of Windows itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if os.name != "nt":
    pytest.skip("this is Windows' own", allow_module_level=True)

import winreg

from relay.installer import places, windows
from relay.private_files import why_not_private, write_private
from relay.shell import quoted

pytestmark = pytest.mark.windows
EVERYBODY = "D:P(A;;FA;;;S-1-5-32-544)(A;;FR;;;S-1-1-0)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A secret below a folder whose name no code page of a console spells like the others."""
    folder = tmp_path / "Geschäft für Ärzte ß"
    folder.mkdir()
    found = folder / "sécret ü 100% %PATH%.txt"
    write_private(found, "hush")
    return found


def test_who_may_read_is_told_by_numbers(file: Path) -> None:
    windows.set_rights(str(file), EVERYBODY)
    assert windows.wide_readers(str(file)) == ["S-1-1-0"]
    why = why_not_private(file) or ""
    assert "ordinary users of this machine may read it" in why and f"icacls {quoted(str(file))} " in why
    assert places.restrict(str(file), "SYSTEM", owner_only=True, is_folder=False) == ""
    assert windows.wide_readers(str(file)) == []
    assert why_not_private(file) is None
    assert places.restrict(str(file.parent), "SYSTEM", owner_only=False) == ""


def test_what_cannot_be_asked_is_an_error_and_no_answer(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        windows.wide_readers(str(tmp_path / "none"))
    assert "none" not in places.restrict(str(tmp_path / "none"), "SYSTEM", owner_only=True)
    assert places.restrict(str(tmp_path / "none"), "SYSTEM", owner_only=True)


def test_accounts_have_numbers() -> None:
    assert windows.account_sid("LocalSystem") == windows.SYSTEM
    assert windows.account_sid(os.environ["USERNAME"]).startswith("S-1-5-")
    with pytest.raises(OSError):
        windows.account_sid("nobody of that name ü")
    assert windows.is_administrator()


@pytest.fixture
def registry(registry_alone: None) -> Iterator[Any]:
    """Put values below HKEY_LOCAL_MACHINE, for the length of a test."""
    made: list[str] = []

    def put(key: str, **values: Any) -> None:
        made.append(key)
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, key, 0, winreg.KEY_WRITE | winreg.KEY_WOW64_64KEY) as opened:
            for name, value in values.items():
                kind = winreg.REG_DWORD if isinstance(value, int) else winreg.REG_EXPAND_SZ
                winreg.SetValueEx(opened, name, 0, kind, value)

    yield put
    for key in made:
        winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, key, winreg.KEY_WOW64_64KEY)


def test_papercut_is_found_by_the_registry_and_its_service(registry: Any) -> None:
    assert places.server_account(places.WINDOWS, "") == "SYSTEM"
    registry("SOFTWARE\\PaperCut MF", InstallPath="D:\\Drücker Ärger\\PaperCut MF")
    registry(
        "SYSTEM\\CurrentControlSet\\Services\\PCAppServer",
        ImagePath='"E:\\Größe\\PaperCut MF\\server\\bin\\win\\pc-app.exe" //RS//PCAppServer',
        ObjectName="ACME\\drück.dienst",
        Start=2,
    )
    assert places.candidates(places.WINDOWS)[:2] == ["D:\\Drücker Ärger\\PaperCut MF", "E:\\Größe\\PaperCut MF"]
    assert places.server_account(places.WINDOWS, "") == "ACME\\drück.dienst"


def test_the_old_connectors_service_is_asked_by_its_number(registry: Any) -> None:
    assert places.old_agent_service(places.WINDOWS) is None
    registry("SYSTEM\\CurrentControlSet\\Services\\PaperCutCA", ImagePath="%ProgramFiles%\\papercutauth.exe", Start=4)
    assert places.old_agent_service(places.WINDOWS) == (False, "disabled")
    found = windows.service("PaperCutCA")
    assert found is not None and found.program == os.environ["PROGRAMFILES"] + "\\papercutauth.exe"
