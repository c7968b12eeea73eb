"""What the installer knows of each system, with those systems' own answers put in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relay.installer import places, windows

AGENT = windows.Service(True, 2, "C:\\PaperCut MF\\providers\\papercutauth.exe", "LocalSystem")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Windows answers, by the name of the service or key."""
    known: dict[str, Any] = {}
    monkeypatch.setattr(places, "_service", known.get)
    monkeypatch.setattr(places, "_registry_values", lambda key: known.get(key, {}))
    return known


def test_windows_names_papercuts_folder_by_registry_service_and_default(asked: dict[str, Any]) -> None:
    program = '"E:\\PaperCut NG\\server\\bin\\win\\pc-app.exe" //RS//PCAppServer'
    asked["SOFTWARE\\PaperCut MF"] = {"installpath": "D:\\Drück Server\\PaperCut MF"}
    asked["PCAppServer"] = windows.Service(True, 2, program, "LocalSystem")
    environment = {"ProgramFiles": "C:\\Program Files", "ProgramFiles(x86)": "C:\\Program Files (x86)"}
    assert places.candidates(places.WINDOWS, environment) == [
        "D:\\Drück Server\\PaperCut MF",
        "E:\\PaperCut NG",
        "C:\\Program Files\\PaperCut MF",
        "C:\\Program Files\\PaperCut NG",
        "C:\\Program Files (x86)\\PaperCut MF",
        "C:\\Program Files (x86)\\PaperCut NG",
    ]


def test_the_servers_account_is_the_services(asked: dict[str, Any]) -> None:
    assert places.server_account(places.WINDOWS, "") == "SYSTEM"
    asked["PCAppServer"] = windows.Service(True, 2, "pc-app.exe", "ACME\\print.service")
    assert places.server_account(places.WINDOWS, "") == "ACME\\print.service"
    asked["PCAppServer"] = windows.Service(True, 2, "pc-app.exe", "LocalSystem")
    assert places.server_account(places.WINDOWS, "") == "SYSTEM"


def test_the_old_connectors_service_is_told_by_numbers(asked: dict[str, Any]) -> None:
    assert places.old_agent_service(places.WINDOWS) is None
    asked["PaperCutCA"] = AGENT
    assert places.old_agent_service(places.WINDOWS) == (True, "auto")
    asked["PaperCutCA"] = windows.Service(False, 4, AGENT.program, "LocalSystem")
    assert places.old_agent_service(places.WINDOWS) == (False, "disabled")
    assert places.old_agent_service(places.LINUX) is None


def test_the_old_connectors_program_is_found_below_providers(tmp_path: Path) -> None:
    assert places.old_agent_program(str(tmp_path)) == ""
    program = tmp_path / "providers" / "officernd" / "PaperCutAuth.exe"
    program.parent.mkdir(parents=True)
    program.touch()
    assert places.old_agent_program(str(tmp_path)) == str(program)


def test_linux_looks_at_the_account_papercut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passwd = tmp_path / "passwd"
    passwd.write_text("root:x:0:0::/root:/bin/sh\npapercut:x:1001:1001::/srv/papercut:/bin/sh\nbroken\n")
    assert places.accounts(str(passwd)) == [("root", "/root"), ("papercut", "/srv/papercut")]
    assert places.accounts(str(tmp_path / "no")) == []
    monkeypatch.setattr(places, "accounts", lambda: [("papercut", "/srv/papercut")])
    assert places.candidates(places.LINUX) == ["/srv/papercut", "/home/papercut", "/opt/papercut"]
    assert places.candidates(places.MACOS) == ["/Applications/PaperCut MF", "/Applications/PaperCut NG"]


@pytest.mark.parametrize(
    ("system", "path"),
    [
        (places.LINUX, "server/bin/linux-x64/server-command"),
        (places.MACOS, "server/bin/mac/server-command"),
        (places.WINDOWS, "server/bin/win/server-command.exe"),
    ],
)
def test_papercuts_own_command_is_found_on_each_system(tmp_path: Path, system: str, path: str) -> None:
    assert places.server_command(system, str(tmp_path)) == ""
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    assert places.server_command(system, str(tmp_path)) == str(tmp_path / path)
    assert places.is_papercut(str(tmp_path))


def test_windows_rights_leave_out_everybody_else_by_numbers_that_no_language_changes() -> None:
    administrators_and_system = "(A;OICI;FA;;;S-1-5-32-544)(A;OICI;FA;;;S-1-5-18)"
    assert windows.sddl(windows.SYSTEM, owner_only=True, is_folder=True) == "D:P" + administrators_and_system
    assert windows.sddl("S-1-5-21-7", owner_only=False, is_folder=False).endswith("(A;;FRFX;;;S-1-5-21-7)")
    assert windows.sddl("S-1-5-21-7", owner_only=True, is_folder=False).endswith("(A;;FA;;;S-1-5-21-7)")


def test_where_the_api_cannot_be_called_a_command_by_numbers_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[str]] = []

    def run(command: list[str]) -> tuple[int, str]:
        told.append(command)
        return len(told) - 1, "Zugriff verweigert\r\n"

    monkeypatch.setattr(windows, "has_api", lambda: False)
    monkeypatch.setattr(places, "run", run)
    assert places.restrict("C:\\x", "SYSTEM", owner_only=True) == ""
    rights = ["*S-1-5-32-544:(OI)(CI)F", "*S-1-5-18:(OI)(CI)F"]
    assert told == [["icacls", "C:\\x", "/inheritance:r", "/grant:r", *rights]]
    assert places.restrict("C:\\x\\f", "ACME\\print", owner_only=False, is_folder=False) == "Zugriff verweigert"
    assert told[1][-1] == "ACME\\print:RX"


def test_schedules_of_each_system() -> None:
    windows = places.Places(places.WINDOWS, environment={"ProgramFiles": "C:\\PF", "ProgramData": "C:\\PD"})
    assert windows.relay == "C:\\PF\\PaperCut OfficeRnD relay" and windows.home == "C:\\PD\\papercut-officernd"
    assert windows.schedule_commands(True)[0][:3] == ["schtasks", "/Create", "/F"]
    assert windows.schedule_commands(False)[0][:2] == ["schtasks", "/Delete"]
    macos = places.Places(places.MACOS)
    assert macos.schedule()[0][1] == "/Library/LaunchDaemons/com.papercut-officernd.relay.plist"
    assert macos.schedule_commands(True)[0][:3] == ["launchctl", "bootstrap", "system"]
    assert macos.schedule_commands(False)[0][1] == "bootout"


def test_a_linux_where_systemd_does_not_run_gets_a_crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folders lie on machines without it too, such as containers, where systemctl only fails."""
    linux = places.Places(places.LINUX)
    monkeypatch.setattr(places, "SYSTEMD", str(tmp_path / "run/systemd/system"))
    assert linux.schedule() == [("cron", "/etc/cron.d/papercut-officernd")]
    assert linux.schedule_commands(True) == []
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert [name for name, _ in linux.schedule()] == ["relay.service", "relay.timer"]
    assert ["systemctl", "enable", "--now", "papercut-officernd.timer"] in linux.schedule_commands(True)


def test_a_trial_root_takes_every_folder_and_no_command(tmp_path: Path) -> None:
    windows = places.Places(places.WINDOWS, root=str(tmp_path), environment={"ProgramFiles": "C:\\Program Files"})
    for path in (windows.relay, windows.home, windows.state, windows.undo):
        assert path.startswith(str(tmp_path))
    assert windows.schedule_commands(True) == []


def test_a_command_that_is_not_there_answers_127() -> None:
    assert places.run(["/no/such/command"])[0] == 127
    assert places.run(["cat"], "typed") == (0, "typed")
