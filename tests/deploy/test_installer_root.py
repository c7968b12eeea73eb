"""Root installs in a folder that PaperCut's account owns, and that account attacks: each test is one of its attacks."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from relay.installer import __main__ as installer
from relay.installer import files, held, owners, places
from relay.installer.stop import InstallStop
from tests.support.machine import Machine

pytestmark = pytest.mark.needs("second-account")
OURS = "server/custom/officernd"
TOOL = "server/bin/linux-x64/server-command"


@pytest.fixture(scope="module")
def account() -> Iterator[pwd.struct_passwd]:
    """An account of this machine, as PaperCut's is one."""
    name = f"pctest{uuid.uuid4().hex[:8]}"
    subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", "--user-group", name], check=True)
    yield pwd.getpwnam(name)
    subprocess.run(["userdel", name], check=True, capture_output=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may enter, as pytest's own are not."""
    path = Path(tempfile.mkdtemp(prefix="installer-root-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def site(open_folder: Path, package: Path, account: pwd.struct_passwd, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose PaperCut folder is its account's, as after PaperCut's own installation."""
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr(files, "compile_all", lambda folder: None)
    machine = Machine(open_folder, package).use(monkeypatch)
    give_to(account, machine.papercut)
    return machine


def give_to(account: pwd.struct_passwd, path: Path) -> None:
    for place in [path, *path.rglob("*")]:
        os.lchown(place, account.pw_uid, account.pw_gid)


class Precious:
    """A folder and file of root's that the account may not read, and how they are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "precious"
        self.folder.mkdir(mode=0o700)
        self.file = self.folder / "shadow"
        self.file.write_text("root:secret\n")
        self.file.chmod(0o600)
        (self.folder / "auth_program.py").write_text("# root's own\n")
        self._before = self._picture()

    def _picture(self) -> dict[str, object]:
        places = [self.folder, *sorted(self.folder.rglob("*"))]
        return {
            str(path): (oct(path.stat().st_mode), path.stat().st_uid, path.is_file() and path.read_bytes())
            for path in places
        }

    def look_again(self) -> None:
        self._before = self._picture()

    def is_untouched(self) -> bool:
        return self._picture() == self._before


@pytest.fixture
def precious(open_folder: Path) -> Precious:
    return Precious(open_folder)


def test_the_account_owns_what_it_shall_and_root_the_programs(site: Machine, account: pwd.struct_passwd) -> None:
    before = site.picture()
    assert site.install() == 0
    program = site.papercut / OURS / "officernd-auth"
    assert program.stat().st_uid == 0 and program.parent.stat().st_gid == account.pw_gid
    home, secrets = site.root / "opt/papercut-officernd", site.root / "opt/papercut-officernd-relay/settings/secrets"
    for folder in (home, secrets):
        assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (account.pw_uid, 0o700)
    for file in (secrets / "officernd_secret", secrets.parent / "relay.toml"):  # the console changes settings too
        assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (account.pw_uid, 0o600)
    assert secrets.parent.stat().st_uid == account.pw_uid and secrets.parent.parent.stat().st_uid == 0
    assert site.security.stat().st_uid == account.pw_uid, "a file keeps its owner"
    assert site.uninstall("--purge") == 0
    assert site.picture() == before


def test_a_server_command_that_the_account_has_replaced_is_never_started_as_root(
    site: Machine, account: pwd.struct_passwd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("sys.stdin", None)
    tool = site.papercut / TOOL
    tool.parent.mkdir(parents=True)
    witness = site.papercut / "who.txt"
    tool.write_text(f'#!/bin/sh\nid -u >>"{witness}"\nid -G >>"{witness}"\ncat /dev/null\n')
    tool.chmod(0o755)
    give_to(account, site.papercut)
    arguments = ["--papercut", str(site.papercut), "--root", str(site.root), "--yes", "--without-relay", "--url", "x:"]
    installer.main(arguments, str(site.package))
    seen = set(witness.read_text().split("\n")) - {""}
    assert seen == {str(account.pw_uid), str(account.pw_gid)}, "as the account, with no group of root's"


def test_a_program_of_roots_in_a_folder_of_the_accounts_is_the_accounts(
    open_folder: Path, account: pwd.struct_passwd
) -> None:
    """The file is root's, but the account may exchange its name."""
    folder = open_folder / "theirs"
    folder.mkdir()
    program = folder / "program"
    shutil.copy("/usr/bin/id", program)
    assert places.run([str(program), "-u"])[1].strip() == "0"
    os.chown(folder, account.pw_uid, account.pw_gid)
    assert owners.who_may_change(str(program)) == account.pw_uid
    assert places.run([str(program), "-u"])[1].strip() == str(account.pw_uid)
    link = open_folder / "link"
    link.symlink_to(program)
    assert places.run([str(link), "-u"])[1].strip() == str(account.pw_uid)
    os.chown(folder, 0, 0)
    folder.chmod(0o777)
    code, said = places.run([str(program), "-u"])
    assert code == 126 and "others than administrators may change" in said


@pytest.mark.parametrize("name", ["security.properties.officernd-new", "security.properties.officernd-new-1"])
def test_a_temporary_put_there_before_is_no_way_to_roots_files(
    site: Machine, precious: Precious, account: pwd.struct_passwd, name: str
) -> None:
    (site.security.parent / name).symlink_to(precious.file)
    os.lchown(site.security.parent / name, account.pw_uid, account.pw_gid)
    assert site.install() == 0
    assert precious.is_untouched()
    assert not site.security.is_symlink() and b"officernd" in site.security.read_bytes()


def during(monkeypatch: pytest.MonkeyPatch, attack: Callable[[], None]) -> None:
    """Let the account be quick: it attacks before and after every call with which rights are given or names made."""
    for module, name in ((os, "fchmod"), (os, "fchown"), (os, "fsync"), (os, "mkdir"), (os, "rename")):
        real = getattr(module, name)

        def watched(*arguments: object, real: Callable[..., object] = real, **named: object) -> object:
            attack()
            done = real(*arguments, **named)
            attack()
            return done

        monkeypatch.setattr(module, name, watched)


def test_a_temporary_exchanged_while_root_works_is_no_way_to_roots_files(
    site: Machine, precious: Precious, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_rename, seen = os.rename, []

    def attack() -> None:
        for path in site.security.parent.glob("security.properties.officernd-new*"):
            if not path.is_symlink():
                seen.append(path)
                real_rename(path, site.papercut / f"stolen{len(seen)}")
                path.symlink_to(precious.file)

    during(monkeypatch, attack)
    site.install()
    assert seen, "the attack was made"
    assert precious.is_untouched()
    monkeypatch.undo()


@pytest.mark.parametrize("place", [OURS, "server/custom", "server"])
@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_link_in_place_of_a_folder_is_no_way_to_roots_files(
    site: Machine, precious: Precious, account: pwd.struct_passwd, place: str, command: str, tmp_path: Path
) -> None:
    assert site.install() == 0
    newer = tmp_path / "newer"
    shutil.copytree(site.package, newer)
    (newer / "papercut_scripts/auth_program.py").write_text("# newer\n")
    site.package = newer
    folder = site.papercut / place
    folder.rename(site.papercut / "away")
    if place != OURS:  # what the installer would look for is there
        shutil.copytree(site.papercut / "away", precious.folder / "copy", symlinks=True)
        precious.look_again()
        folder.symlink_to(precious.folder / "copy")
    else:
        folder.symlink_to(precious.folder)
    os.lchown(folder, account.pw_uid, account.pw_gid)
    code = site.install() if command == "install" else site.uninstall("--purge")
    assert precious.is_untouched()
    assert code in (0, 1)


def test_the_folder_exchanged_while_root_works_in_it_is_no_way_to_roots_files(
    site: Machine, precious: Precious, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, made = site.papercut / OURS, []
    real_rename = os.rename

    def attack() -> None:
        if ours.is_dir() and not ours.is_symlink():
            made.append(1)
            real_rename(ours, site.papercut / f"away{len(made)}")
            ours.symlink_to(precious.folder)

    during(monkeypatch, attack)
    site.install()
    site.uninstall("--purge")
    monkeypatch.undo()
    assert made and precious.is_untouched()


@pytest.mark.parametrize("kind", ["symlink", "hard link"])
def test_a_secret_that_leads_elsewhere_is_never_told_to_papercut(
    site: Machine, precious: Precious, kind: str, account: pwd.struct_passwd
) -> None:
    assert site.install() == 0
    token = site.root / "opt/papercut-officernd-relay/settings/secrets/papercut_token"
    token.unlink()
    (os.symlink if kind == "symlink" else os.link)(precious.file, token)
    precious.look_again()
    site.install()
    site.uninstall("--purge")
    assert "root:secret" not in str(site.keys.values)
    assert precious.file.read_text() == "root:secret\n" and precious.is_untouched()


def test_a_queue_in_place_of_a_file_does_not_hold_root_up(site: Machine) -> None:
    site.security.unlink()
    os.mkfifo(site.security)
    with pytest.raises(InstallStop, match="is no file"):
        held.read(str(site.security))


def test_links_of_roots_own_are_followed(open_folder: Path, account: pwd.struct_passwd) -> None:
    """/home may lie on another disk; a link of the account's own is another matter."""
    (open_folder / "disk/home").mkdir(parents=True)
    (open_folder / "home").symlink_to("disk/home")
    (open_folder / "disk/home/file").write_bytes(b"here")
    assert held.read(str(open_folder / "home/file")) == b"here"
    os.lchown(open_folder / "home", account.pw_uid, account.pw_gid)
    with pytest.raises(InstallStop, match="a link that others than root may have made"):
        held.read(str(open_folder / "home/file"))


@pytest.mark.needs("system-python")
def test_a_python_in_a_private_folder_is_refused_before_anything_is_changed(
    site: Machine, precious: Precious, account: pwd.struct_passwd, capsys: pytest.CaptureFixture[str]
) -> None:
    """PaperCut's account could not start the programs, and nobody could log in any more."""
    python = precious.folder / "python3"
    python.symlink_to("/usr/bin/python3")
    assert places.can_start(account.pw_name, ["/usr/bin/python3"])
    assert not places.can_start(account.pw_name, [str(python)])
    before = site.picture()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places.Places, "_at", lambda self, path: str(site.root) + path)  # a real one, in its own folder
        arguments = ["--papercut", str(site.papercut), "--python", str(python), "--yes"]
        assert installer.main(arguments, str(site.package), site.run) == 2
    assert "cannot start" in capsys.readouterr().out
    assert site.picture() == before
