"""The installation package: complete, the same twice, without a secret in clear, and installable as it stands."""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from relay import __version__, bundle, config, own_wheel, sealed
from relay.errors import ConfigError, RelayError, UsageError
from tests.support.settings_example import SECRET_FILES, raw_settings, write_secrets

PHRASE = "correct horse battery"


def site(folder: Path, text: str = "", **sections: dict[str, Any]) -> config.Settings:
    """Return settings whose file is `text` after the example's sections."""
    write_secrets(folder)
    raw = raw_settings(folder, **sections)
    (folder / "relay.toml").write_text("# our own words\n" + tomlkit.dumps(raw) + text)
    return config.load(folder / "relay.toml", {"LEDGER_URL": "postgresql+psycopg://relay:pw@db/ledger"})


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_package_holds_everything_and_no_secret(tmp_path: Path) -> None:
    settings = site(tmp_path)
    lines = bundle.make_bundle(settings, tmp_path / "out.zip")
    files = unpacked(tmp_path / "out.zip")
    for name in (
        "installer.bat",
        "install.sh",
        "docs/README.md",
        "docs/INSTALL.md",
        "docs/MOVING.md",
        "CHECKLIST.txt",
        "relay.toml",
        "package.json",
        "launcher-64.exe",
        "installer/__main__.py",
        "services/task.xml",
        "services/relay.timer",
        "papercut_scripts/auth_program.py",
        f"wheels/{own_wheel.wheel_name()}",
    ):
        assert name in files, name
    everything = b"".join(files.values())
    for secret in SECRET_FILES.values():
        assert secret.encode() not in everything
    assert any("3 secrets are NOT in it" in line for line in lines)
    assert files["installer.bat"].count(b"\r\n") == files["installer.bat"].count(b"\n")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.getinfo("install.sh").external_attr >> 16 == 0o755


def test_the_same_settings_make_the_same_package(tmp_path: Path) -> None:
    settings = site(tmp_path)
    for name in ("a.zip", "b.zip"):
        bundle.make_bundle(settings, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_settings_keep_their_words_and_get_marks_and_secret_files(tmp_path: Path) -> None:
    settings = site(
        tmp_path, ledger={"url_env": "LEDGER_URL"}, scripts={"home": "relative/home"}, site={"state_dir": "/srv/relay"}
    )
    (tmp_path / "papercut.pem").write_text("certificate")
    raw = tomlkit.parse((tmp_path / "relay.toml").read_text())
    raw["papercut"]["ca_file"] = "papercut.pem"  # type: ignore[index]
    (tmp_path / "relay.toml").write_text(tomlkit.dumps(raw))
    settings = config.load(tmp_path / "relay.toml", {"LEDGER_URL": "postgresql+psycopg://relay:pw@db/ledger"})
    lines = bundle.make_bundle(settings, tmp_path / "out.zip")
    files = unpacked(tmp_path / "out.zip")
    text = files["relay.toml"].decode()
    assert text.startswith("# our own words")
    read = tomllib.loads(text)
    assert read["papercut"]["auth_token_file"] == "secrets/papercut_token"
    assert read["papercut"]["ca_file"] == "certificates/papercut.pem"
    assert read["papercut"]["install_dir"] == "@INSTALL_DIR@"
    assert read["ledger"] == {"url_file": "secrets/ledger_url"}
    assert read["scripts"]["home"] == "@SCRIPTS_HOME@" and any("relative/home" in line for line in lines)
    assert read["site"]["state_dir"] == "/srv/relay"
    assert files["certificates/papercut.pem"] == b"certificate"
    about = json.loads(files["package.json"])
    assert about["state_dir"] == "/srv/relay" and about["scripts_home"] == ""
    assert {secret["file"] for secret in about["secrets"]} == {
        "secrets/papercut_token",
        "secrets/officernd_secret",
        "secrets/officernd_signin_secret",
        "secrets/ledger_url",
    }
    assert b"relay:pw@db" not in b"".join(files.values())


def test_folders_of_another_system_are_left_to_the_installer(tmp_path: Path) -> None:
    settings = site(tmp_path)
    lines = bundle.make_bundle(settings, tmp_path / "out.zip", platform="win_amd64", run=fetches())
    read = tomllib.loads(unpacked(tmp_path / "out.zip")["relay.toml"].decode())
    assert (read["site"]["state_dir"], read["scripts"]["home"]) == ("@STATE_DIR@", "@SCRIPTS_HOME@")
    assert any("means nothing there" in line for line in lines)


def fetches(commands: list[Sequence[str]] | None = None) -> Any:
    """Return a stand-in of pip that puts one wheel where it is told."""

    def run(command: Sequence[str]) -> tuple[int, str]:
        if commands is not None:
            commands.append(command)
        folder = Path(command[list(command).index("--dest") + 1])
        (folder / "click-8.4.2-py3-none-any.whl").write_bytes(b"wheel")
        return 0, ""

    return run


def test_a_named_platform_brings_its_wheels_and_what_only_windows_needs(tmp_path: Path) -> None:
    commands: list[Sequence[str]] = []
    lines = bundle.make_bundle(site(tmp_path), tmp_path / "out.zip", platform="win_amd64-3.12", run=fetches(commands))
    (command,) = commands
    words = list(command)
    assert words[words.index("--platform") + 1] == "win_amd64"
    assert words[words.index("--python-version") + 1] == "3.12"
    assert {"--require-hashes", "--no-deps"} <= set(words)
    assert "wheels/click-8.4.2-py3-none-any.whl" in unpacked(tmp_path / "out.zip")
    assert any("without internet" in line for line in lines)
    commands.clear()
    bundle.make_bundle(site(tmp_path), tmp_path / "out.zip", platform="manylinux2014_x86_64", run=fetches(commands))
    assert "manylinux_2_28_x86_64" in commands[0]
    windows, others = own_wheel.locked(windows=True), own_wheel.locked(windows=False)
    assert "tzdata==" in windows and "tzdata==" not in others and ";" not in windows
    for lock in (windows, others):
        named = [line for line in lock.splitlines() if not line.startswith(" ")]
        assert len(named) > 30 and all(re.fullmatch(r"[a-z0-9.-]+==[\w.]+ \\", line) for line in named), named
        assert "psycopg-binary==" in lock and len(re.findall("sha256:[0-9a-f]{64}", lock)) > 2 * len(named)
    assert unpacked(tmp_path / "out.zip")["requirements.lock"] == own_wheel.shared("requirements.lock")


def test_a_platform_without_wheels_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(RelayError, match="pip found no wheels for win_arm32 .*no matching distribution"):
        bundle.make_bundle(
            site(tmp_path),
            tmp_path / "out.zip",
            platform="win_arm32",
            run=lambda command: (1, "ERROR: no matching distribution\n"),
        )
    assert not (tmp_path / "out.zip").exists()


def test_secrets_leave_only_under_a_pass_phrase(tmp_path: Path) -> None:
    settings = site(tmp_path)
    for phrase in (None, ""):
        with pytest.raises(ConfigError, match="only under a pass phrase"):
            bundle.make_bundle(settings, tmp_path / "out.zip", with_secrets=True, pass_phrase=phrase)
    with pytest.raises(ConfigError, match="at least 12 characters"):
        bundle.make_bundle(settings, tmp_path / "out.zip", with_secrets=True, pass_phrase="short")
    assert not (tmp_path / "out.zip").exists()
    bundle.make_bundle(settings, tmp_path / "out.zip", with_secrets=True, pass_phrase=PHRASE)
    files = unpacked(tmp_path / "out.zip")
    assert sealed.open_(files["secrets.sealed"], PHRASE) == {
        f"secrets/{name}": value for name, value in SECRET_FILES.items()
    }
    assert not any(secret.encode() in b"".join(files.values()) for secret in SECRET_FILES.values())
    assert "pass phrase of the secrets at hand" in files["CHECKLIST.txt"].decode()


def test_the_checklist_names_what_no_program_can_do(tmp_path: Path) -> None:
    bundle.make_bundle(site(tmp_path), tmp_path / "out.zip")
    text = unpacked(tmp_path / "out.zip")["CHECKLIST.txt"].decode()
    for part in ("own connector OFF", "Print and Pay", "Custom Program", "Unauthenticated printer", "--proof"):
        assert part in text, part
    steps = text.partition("[ ]  1.")[2].partition("Everything back")[0]
    assert max(map(len, steps.splitlines())) <= 78, "it is printed"
    for command in (
        "sh install.sh --dry-run",
        "installer.bat --dry-run",
        "sh install.sh --proof",
        "papercut-relay check",
    ):
        assert command in text, "a command is never broken"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        bundle.make_bundle(site(tmp_path), tmp_path / "no" / "out.zip")


def test_without_pip_the_package_says_that_windows_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip._vendor.distlib", None)
    lines = bundle.make_bundle(site(tmp_path), tmp_path / "out.zip")
    assert any("cannot be installed on Windows" in line for line in lines)
    assert "launcher-64.exe" not in unpacked(tmp_path / "out.zip")


# -- the relay's own wheel


def test_pip_installs_the_wheel_and_it_can_make_a_package_again(tmp_path: Path) -> None:
    """An installed relay, without its source, makes the same package: its files and its wheel are in the wheel."""
    path = tmp_path / own_wheel.wheel_name()
    path.write_bytes(own_wheel.make_wheel())
    target = tmp_path / "prefix"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--ignore-installed",
            "--prefix",
            target,
            path,
        ],
        check=True,
    )
    packages = next(target.glob("lib/python*/site-packages"))
    settings = site(tmp_path)
    code = (
        "import sys; from pathlib import Path; from relay import bundle, config, own_wheel; import relay\n"
        "assert 'prefix' in relay.__file__, relay.__file__\n"
        "bundle.make_bundle(config.load(Path(sys.argv[1]), {}), Path(sys.argv[2]))\n"
        "print(own_wheel.metadata())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, settings.path, tmp_path / "again.zip"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(packages)},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    bundle.make_bundle(settings, tmp_path / "first.zip")
    first, again = unpacked(tmp_path / "first.zip"), unpacked(tmp_path / "again.zip")
    wheel = f"wheels/{own_wheel.wheel_name()}"
    assert unpacked_bytes(first.pop(wheel)) == unpacked_bytes(again.pop(wheel))
    assert first == again
    assert (target / "bin/papercut-relay").exists() or (target / "Scripts").exists()


def unpacked_bytes(data: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return set(archive.namelist())


def test_the_wheels_list_is_true_and_its_metadata_are_the_projects() -> None:
    with zipfile.ZipFile(io.BytesIO(own_wheel.make_wheel())) as wheel:
        assert wheel.testzip() is None
        names = set(wheel.namelist())
        record = wheel.read(f"papercut_officernd-{__version__}.dist-info/RECORD").decode().splitlines()
        metadata = wheel.read(f"papercut_officernd-{__version__}.dist-info/METADATA").decode()
    assert {line.rsplit(",", 2)[0].strip('"') for line in record} == names
    assert not any("__pycache__" in name for name in names)
    assert f"Version: {__version__}" in metadata and "Requires-Python: >=3.11" in metadata
    assert "Requires-Dist: requests" in metadata


def test_a_relay_that_was_never_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    monkeypatch.setattr(own_wheel, "_checkout", lambda: None)
    with pytest.raises(RelayError, match="pip install"):
        own_wheel.metadata()


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(RelayError, match="lacks its file no-such-file"):
        own_wheel.shared("no-such-file")


# -- sealed secrets


def test_what_is_sealed_opens_with_the_phrase_alone() -> None:
    data = sealed.seal({"secrets/x": "geheim ü"}, PHRASE, cost=2**10)
    assert b"geheim" not in data
    assert sealed.open_(data, PHRASE) == {"secrets/x": "geheim ü"}
    assert data != sealed.seal({"secrets/x": "geheim ü"}, PHRASE, cost=2**10), "salted"
    facts = json.loads(data)
    damaged = [
        b"",
        b"{}",
        b"[]",
        data[:-20],
        json.dumps({**facts, "salt": "zz"}).encode(),
        json.dumps({**facts, "format": 2}).encode(),
        json.dumps({**facts, "cost": 2**40}).encode(),
    ]
    for broken in damaged:
        with pytest.raises(ConfigError, match="does not open"):
            sealed.open_(broken, PHRASE)
    with pytest.raises(ConfigError, match="does not open"):
        sealed.open_(data, "another horse battery")


def test_the_installer_opens_them_by_pipes(tmp_path: Path) -> None:
    path = tmp_path / "secrets.sealed"
    path.write_bytes(sealed.seal({"secrets/x": "geheim"}, PHRASE, cost=2**10))
    command = [sys.executable, "-c", "import sys; from relay import sealed; sealed.main(sys.argv[1])", path]
    done = subprocess.run(command, input=f"{PHRASE}\r\n".encode(), capture_output=True, check=False)
    assert json.loads(done.stdout) == {"secrets/x": "geheim"}
    wrong = subprocess.run(command, input=b"wrong wrong wrong\n", capture_output=True, check=False)
    assert (wrong.returncode, wrong.stdout, wrong.stderr) == (1, b"", b"")
