"""Service, timer, plist, task and crontab: valid in the eyes of what reads them; the old connector stopped and back."""

from __future__ import annotations

import plistlib
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import etree

from relay.installer import places, plan, windows
from relay.installer.changes import carry_out, undo_all
from relay.installer.journal import InstallJournal
from relay.installer.services import OldAgent, ScheduledStart
from relay.installer.stop import InstallStop
from tests.support.repository import DEPLOY

TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def rendered(template: str, tmp_path: Path, system: str = places.LINUX, folder: str = 'Bür & "Co"%') -> bytes:
    where = places.Places(system)
    where.relay = str(tmp_path / folder) if not template.endswith("task.xml") else "C:\\Program Files\\Relay & Co"
    account = "SYSTEM" if system == places.WINDOWS else "root"
    facts = SimpleNamespace(
        package=str(DEPLOY),
        places=where,
        settings=where.relay + ("\\settings\\" if system == places.WINDOWS else "/settings/") + "relay.toml",
        windows=system == places.WINDOWS,
        account=account,
        home="/opt/papercut-officernd",
        state="/var/lib/papercut-officernd",
    )
    return plan.schedule_file(facts, template)


@pytest.mark.needs("systemd-analyze")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    relay = tmp_path / "Bür & Co"  # systemd itself refuses % and quotes in the name of a program
    relay.mkdir()
    (relay / "papercut-relay").write_text("#!/bin/sh\n")
    (relay / "papercut-relay").chmod(0o755)
    for template, name in (
        ("relay.service", "papercut-officernd.service"),
        ("relay.timer", "papercut-officernd.timer"),
        ("console.service", "papercut-officernd-console.service"),
    ):
        (tmp_path / name).write_bytes(rendered(template, tmp_path, folder=relay.name))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.glob("papercut-officernd*"))],
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "papercut-officernd" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_the_service_is_hardened_and_reaches_only_its_two_folders(tmp_path: Path) -> None:
    unit = rendered("relay.service", tmp_path).decode()
    for line in ("ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "PrivateTmp=yes"):
        assert line in unit.splitlines()
    assert 'ReadWritePaths="/opt/papercut-officernd" "/var/lib/papercut-officernd"' in unit
    assert "run --if-begun --if-due" in unit and "@" not in unit.replace("@system-service", "")


def test_the_consoles_service_may_write_the_settings_too_and_nothing_else(tmp_path: Path) -> None:
    unit, run = rendered("console.service", tmp_path).decode(), rendered("relay.service", tmp_path).decode()
    settings = plan._in_unit(str(tmp_path / 'Bür & "Co"%' / "settings"))
    assert f'ReadWritePaths="/opt/papercut-officernd" "/var/lib/papercut-officernd" "{settings}"' in unit
    assert unit.count("serve --wait") == 1 and "Restart=always" in unit
    hard = [line for line in run.splitlines() if line.startswith(("Protect", "Restrict", "Private", "Capab", "NoNew"))]
    assert hard and set(hard) <= set(unit.splitlines()), "no softer than the daily run's"


def test_the_console_is_a_service_of_every_system(tmp_path: Path) -> None:
    read = plistlib.loads(rendered("console.plist", tmp_path, places.MACOS))
    assert read["ProgramArguments"][3:] == ["serve", "--wait"] and read["KeepAlive"] is True
    assert read["Label"] == places.CONSOLE_LAUNCHD_NAME
    task = etree.fromstring(rendered("console-task.xml", tmp_path, places.WINDOWS))
    assert [child.tag.removeprefix(TASK) for child in task.find(f"{TASK}Triggers")] == ["BootTrigger", "TimeTrigger"]
    assert task.findtext(f"{TASK}Settings/{TASK}ExecutionTimeLimit") == "PT0S", "never ended by the scheduler"
    assert task.findtext(f"{TASK}Actions/{TASK}Exec/{TASK}Arguments").endswith("serve --wait")
    line = rendered("console-cron", tmp_path).decode().splitlines()[-1]
    assert line.startswith("@reboot root '") and "serve --wait" in line


@pytest.mark.parametrize("system", [places.WINDOWS, places.MACOS, places.LINUX])
def test_what_starts_the_console_ends_it_too(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places.Places, "_has_systemd", lambda self: True)
    where = places.Places(system)
    name = {
        places.WINDOWS: places.CONSOLE_TASK_NAME,
        places.MACOS: places.CONSOLE_LAUNCHD_NAME,
        places.LINUX: places.CONSOLE_UNIT_NAME,
    }[system]
    for commands in (where.console_commands(True), where.console_commands(False), where.console_again()):
        assert name in " ".join(commands[-1])
    assert any(name in " ".join(command) for command in where.end_commands())


def test_launchd_reads_the_plist(tmp_path: Path) -> None:
    read = plistlib.loads(rendered("launchd.plist", tmp_path, places.MACOS))
    relay = str(tmp_path / 'Bür & "Co"%')
    assert read["ProgramArguments"] == [
        f"{relay}/papercut-relay",
        "--config",
        f"{relay}/settings/relay.toml",
        "run",
        "--if-begun",
        "--if-due",
    ]
    assert read["Label"] == places.LAUNCHD_NAME and read["StartInterval"] == 300 and read["Umask"] == 0o077


def test_the_windows_task_has_the_structure_of_its_schema(tmp_path: Path) -> None:
    """The Task Scheduler minds the order: it refuses a task whose settings stand before its triggers."""
    data = rendered("task.xml", tmp_path, places.WINDOWS)
    assert data[:2] in (b"\xff\xfe", b"\xfe\xff"), "UTF-16 with its mark"
    task = etree.fromstring(data)
    assert task.tag == TASK + "Task"
    assert [child.tag.removeprefix(TASK) for child in task] == [
        "RegistrationInfo",
        "Triggers",
        "Principals",
        "Settings",
        "Actions",
    ]
    text = lambda path: task.findtext("/".join(TASK + part for part in path.split("/")))  # noqa: E731
    assert text("Principals/Principal/UserId") == "S-1-5-18"
    assert text("Triggers/TimeTrigger/Repetition/Interval") == "PT5M"
    assert text("Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert text("Actions/Exec/Command").startswith('"C:\\Program Files\\Relay & Co')
    assert task.find(f"{TASK}Actions").get("Context") == task.find(f"{TASK}Principals/{TASK}Principal").get("id")


def test_the_crontab_escapes_what_cron_and_the_shell_would_read(tmp_path: Path) -> None:
    line = rendered("cron", tmp_path).decode().splitlines()[-1]
    assert line.startswith("*/5 * * * * root '") and "\\%" in line
    assert line.endswith("run --if-begun --if-due >/dev/null 2>&1")


class Windows:
    """The service of the old connector, as `sc` changes it and Windows tells it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.running, self.start, self.fails = True, 2, False
        monkeypatch.setattr(places, "_service", self.service)

    def service(self, name: str) -> windows.Service:
        return windows.Service(self.running, self.start, f"{name}.exe", "LocalSystem")

    def run(self, command: list[str], typed: str = "") -> tuple[int, str]:
        if command[1] == "stop":
            self.running = False
        elif command[1] == "start":
            self.running = True
        elif command[1] == "config":
            if self.fails:
                return 5, "Access is denied."
            self.start = {"disabled": 4, "auto": 2}[command[-1]]
        return 0, ""


def context(journal: InstallJournal, run: Any) -> Any:
    return SimpleNamespace(journal=journal, run=run, purge=False)


def test_the_old_connector_is_stopped_and_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, journal = Windows(monkeypatch), InstallJournal(str(tmp_path / "undo"))
    state = places.old_agent_service(places.WINDOWS)
    change = OldAgent(state, machine.run)
    assert "deletes people it does not know" in change.describe()
    assert carry_out(change, journal)
    assert places.old_agent_service(places.WINDOWS) == (False, "disabled")
    assert not carry_out(OldAgent(state, machine.run), journal)
    said: list[str] = []
    undo_all(context(journal, machine.run), said.append)
    assert places.old_agent_service(places.WINDOWS) == (True, "auto")
    assert "is as it was" in said[0]


def test_an_old_connector_that_cannot_be_disabled_stops_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Windows(monkeypatch)
    machine.fails = True
    with pytest.raises(InstallStop, match="could not be disabled: Access is denied"):
        carry_out(OldAgent((True, "auto"), machine.run), InstallJournal(str(tmp_path / "undo")))


def test_the_schedule_is_told_once_and_taken_back(tmp_path: Path) -> None:
    journal, told = InstallJournal(str(tmp_path / "undo")), []

    def run(command: list[str], typed: str = "") -> tuple[int, str]:
        told.append(command)
        return (1, "no") if command == ["bad"] else (0, "")

    change = ScheduledStart([["on"]], [["off"]], run, journal)
    assert carry_out(change, journal) and not carry_out(change, journal)
    undo_all(context(journal, run), lambda text: None)
    assert told == [["on"], ["off"]]
    with pytest.raises(InstallStop, match="bad failed: no"):
        carry_out(ScheduledStart([["bad"]], [], run, journal), journal)
