"""What comes to the product from Windows itself: its empty device, shells that send text, its clock, Ctrl+Break."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

if os.name != "nt":
    pytest.skip("this is Windows' own", allow_module_level=True)

from relay import config, passwords, web
from relay.installer import places, windows
from relay.setup import basics
from tests.support.settings_example import written_settings

pytestmark = pytest.mark.windows
LIMIT_S = 120
RELAY = [sys.executable, "-m", "relay"]


def test_the_empty_device_is_nobody() -> None:
    """Python takes NUL for a terminal: a scheduled task would be asked, and `demo > NUL` would never end."""
    with open(os.devnull, encoding="ascii") as nothing:
        assert nothing.isatty() and not places.is_terminal(nothing)
    assert not places.is_terminal(None)


@pytest.mark.parametrize("sent", ["ä geheim Wort", "\ufeffä geheim Wort", b"\x84 geheim Wort"], ids=repr)
def test_a_password_is_the_same_from_every_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: str | bytes
) -> None:
    """UTF-8, UTF-8 with PowerShell's mark, and what `echo` of cmd.exe sends: the code page of consoles."""
    file = written_settings(tmp_path)
    line = (sent.encode() if isinstance(sent, str) else sent) + b"\r\n"
    done = subprocess.run(
        [*RELAY, "--config", str(file), "password", "ann"], input=line, capture_output=True, timeout=LIMIT_S, check=True
    )
    assert b"ann may now use the console" in done.stdout
    secret = config.load(file, {}).console.password_hash
    assert secret is not None
    assert passwords.verify(passwords.read_users(secret.get_secret_value()), "ann", "ä geheim Wort") is not None


def test_words_of_a_windows_tool_are_shown_in_its_own_letters() -> None:
    said = "import sys; sys.stdout.buffer.write('Zugriff für Ärzte verweigert'.encode('oem'))"
    assert places.run([sys.executable, "-c", said]) == (0, "Zugriff für Ärzte verweigert")


def test_the_set_up_offers_the_time_zone_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(windows, "registry_values", lambda key: {"timezonekeyname": "W. Europe Standard Time"})
    assert basics.local_zone() == "Europe/Berlin"
    monkeypatch.setattr(windows, "registry_values", lambda key: {})
    assert basics.local_zone() == ""


def test_windows_has_its_time_zone_where_it_is_looked_for() -> None:
    assert windows.registry_values(basics.WINDOWS_ZONE)


def test_the_installer_out_of_a_zip_file_tells_to_unpack_it(tmp_path: Path) -> None:
    """Windows shows a ZIP as a folder and starts the one file that was clicked, out of a folder of its own."""
    alone = tmp_path / "Temp1_päckage & co.zip"
    alone.mkdir()
    shutil.copy(ROOT / "deploy" / "installer.bat", alone)
    done = subprocess.run(
        f'cmd /d /s /c ""{alone / "installer.bat"}" --dry-run"',
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 2 and b"Extract All" in done.stderr, done


def test_ctrl_break_ends_the_console() -> None:
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)}
    try:
        over = web.ended_by_signal()
        signal.raise_signal(signal.SIGBREAK)
        assert over.is_set()
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
