"""Private files: whole or not there, readable by their owner alone, and never written through somebody's link."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from papercut_scripts import compat
from relay import passwords, private_files
from relay.errors import ConfigError
from tests.support.settings_example import written_settings

pytestmark = pytest.mark.windows
posix = pytest.mark.skipif(os.name != "posix", reason="links and owners as POSIX has them")

ACCOUNT = 65534
SECRET = "correct horse battery"


@pytest.fixture
def theirs() -> Iterator[Path]:
    """Return a folder of the service account."""
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, ACCOUNT, ACCOUNT)
    yield folder
    shutil.rmtree(folder)


def account_may_read(file: Path) -> bool:
    found = file.stat()
    return found.st_uid == ACCOUNT and stat.S_IMODE(found.st_mode) == 0o600


def owned(path: Path) -> Path:
    os.chown(path, ACCOUNT, ACCOUNT, follow_symlinks=False)
    return path


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)
    private_files.write_private(file, "new\n")
    assert (b"new\n", None) == (file.read_bytes(), private_files.why_not_private(file))
    assert [file] == list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        private_files.write_private(file, "new")
    assert ("old", [file]) == (file.read_text(), list(tmp_path.iterdir()))


@posix
def test_a_link_in_place_of_the_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    link = tmp_path / "secret"
    link.symlink_to(victim)
    private_files.write_private(link, "new")
    assert ("untouched", "new", False) == (victim.read_text(), link.read_text(), link.is_symlink())
    link.unlink()
    link.symlink_to(victim)
    with pytest.raises(FileExistsError):
        private_files.create_private(link)
    with pytest.raises(OSError):
        private_files.open_to_append(link)
    assert "untouched" == victim.read_text()


@posix
def test_the_way_out_of_an_open_file_can_be_pasted(tmp_path: Path) -> None:
    file = tmp_path / "the café's $secret"
    file.write_text("x")
    file.chmod(0o644)
    subprocess.run((private_files.why_not_private(file) or "").partition("run: ")[2], shell=True, check=True)
    assert private_files.why_not_private(file) is None


def test_temporary_names_cannot_be_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: set[str] = set()
    replace = private_files._replace

    def note(source: str, target: str, folder: int | None) -> None:
        names.add(source)
        replace(source, target, folder)

    monkeypatch.setattr(private_files, "_replace", note)
    for _ in range(20):
        private_files.write_private(tmp_path / "secret", "x")
    assert 20 == len(names) and not any(str(os.getpid()) in name.split(".")[2:] for name in names)


@posix
@pytest.mark.needs("root")
def test_root_leaves_the_file_to_the_owner_of_the_folder(theirs: Path) -> None:
    private_files.write_private(theirs / "one", "x")
    private_files.create_private(theirs / "two")
    os.close(private_files.open_to_append(theirs / "three"))
    private_files.make_private_folder(theirs / "deep" / "er")
    private_files.write_private(theirs / "deep" / "er" / "four", "x")
    compat.write_private(str(theirs / "five"), b"x")
    compat.make_private_folder(str(theirs / "six"))
    assert all(account_may_read(theirs / name) for name in ("one", "two", "three", "deep/er/four", "five"))
    assert {ACCOUNT} == {(theirs / name).stat().st_uid for name in ("deep", "deep/er", "six")}


@posix
@pytest.mark.needs("root")
def test_root_follows_no_link_of_the_account_on_the_way(theirs: Path, tmp_path: Path) -> None:
    (theirs / "secrets").symlink_to(tmp_path)
    owned(theirs / "secrets")
    for write in (
        lambda: private_files.write_private(theirs / "secrets" / "one", "x"),
        lambda: private_files.create_private(theirs / "secrets" / "one"),
        lambda: private_files.make_private_folder(theirs / "secrets" / "deep"),
    ):
        with pytest.raises(OSError):
            write()
    assert [] == list(tmp_path.iterdir())


@posix
@pytest.mark.needs("root")
def test_root_follows_its_own_links(theirs: Path, tmp_path: Path) -> None:
    (theirs / "secrets").symlink_to(tmp_path)
    private_files.write_private(theirs / "secrets" / "one", "x")
    assert "x" == (tmp_path / "one").read_text()


@posix
@pytest.mark.needs("root")
def test_a_race_for_the_folder_is_lost_by_the_account(theirs: Path, tmp_path: Path) -> None:
    """200 writes while the account exchanges folder and link all the time: nothing ever lands behind the link."""
    folder, link, spare = theirs / "secrets", theirs / "link", theirs / "spare"
    folder.mkdir()
    owned(folder)
    link.symlink_to(tmp_path)
    owned(link)
    over = threading.Event()

    def exchange() -> None:
        while not over.is_set():
            folder.rename(spare)
            link.rename(folder)
            folder.rename(link)
            spare.rename(folder)

    attacker = threading.Thread(target=exchange)
    attacker.start()
    written = 0
    try:
        for _ in range(200):
            try:
                private_files.write_private(theirs / "secrets" / "one", "x")
                written += 1
            except OSError:
                continue
    finally:
        over.set()
        attacker.join()
    assert [] == list(tmp_path.iterdir())
    assert written == 0 or account_may_read(folder / "one")


@posix
@pytest.mark.needs("root")
def test_a_pipe_in_place_of_a_secret_stops_nobody(theirs: Path) -> None:
    os.mkfifo(theirs / "pipe")
    with pytest.raises(OSError, match="no plain file"):
        private_files.read_private(theirs / "pipe")


@posix
@pytest.mark.needs("root")
class TestThePasswordCommandAsRoot:
    @pytest.fixture
    def settings_file(self, theirs: Path) -> Path:
        file = written_settings(theirs)
        for path in (file, *theirs.rglob("*")):
            owned(path)
        file.chmod(0o640)
        return file

    def test_the_account_can_read_what_was_written(self, settings_file: Path) -> None:
        told = passwords.set_password(settings_file, "ann", "money", SECRET)
        assert account_may_read(told.file)
        assert (ACCOUNT, 0o640) == (settings_file.stat().st_uid, stat.S_IMODE(settings_file.stat().st_mode))

    def test_a_planted_link_is_not_written_through(self, settings_file: Path, tmp_path: Path) -> None:
        victim = tmp_path / "victim"
        victim.write_text("untouched")
        passwords.set_password(settings_file, "ann", "money", SECRET)
        secrets_folder = settings_file.parent / "secrets"
        for name in ("console_password", f".console_password.{os.getpid()}.new"):
            (secrets_folder / name).unlink(missing_ok=True)
            (secrets_folder / name).symlink_to(victim)
            owned(secrets_folder / name)
        with pytest.raises(ConfigError):
            passwords.set_password(settings_file, "bob", "money", SECRET)
        (secrets_folder / "console_password").unlink()
        told = passwords.set_password(settings_file, "bob", "money", SECRET)
        assert "untouched" == victim.read_text() and account_may_read(told.file)

    def test_a_folder_of_another_account_is_left_alone(self, settings_file: Path, tmp_path: Path) -> None:
        victim = tmp_path / "shadow"
        victim.write_text("")
        with settings_file.open("a") as file:
            file.write(f'\n[console]\npassword_hash_file = "{victim}"\n')
        with pytest.raises(ConfigError, match="was not touched"):
            passwords.set_password(settings_file, "ann", "money", SECRET)
        assert "" == victim.read_text()
