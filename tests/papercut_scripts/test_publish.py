"""What the relay publishes can be read back, is complete before it is in force, and belongs to its owner alone."""

from __future__ import annotations

import json
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from papercut_scripts import compat, verifier
from relay.config import Settings
from relay.errors import RelayError
from relay.people.act import publish
from relay.people.directory import DirectoryUser, directory_of
from tests.support.papercut_site import ANN, BOB, NOW, sample_directory
from tests.support.settings_example import example_settings

pytestmark = pytest.mark.windows


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return example_settings(tmp_path)


def current(settings: Settings) -> Path:
    root = settings.scripts.home / "directory"
    return root / (root / "CURRENT").read_text().strip()


def test_what_is_published_is_read_back_whole(settings: Settings) -> None:
    """Every field, standing, login and group comes back, also groups without a member."""
    directory = sample_directory()
    name = publish.publish(directory, settings, record_fields=5, now=NOW)
    assert publish.current_directory(settings.scripts.home) == directory
    assert current(settings).name == name


def test_a_home_without_a_directory_is_none(tmp_path: Path) -> None:
    assert publish.current_directory(tmp_path) is None


def test_a_damaged_directory_is_an_error_and_not_nobody(settings: Settings) -> None:
    """A reader that took a broken directory for an empty one would plan everybody anew."""
    publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    (current(settings) / "people" / "3").write_bytes(b"")
    with pytest.raises(RelayError, match="people/3"):
        publish.current_directory(settings.scripts.home)


@pytest.mark.parametrize("users", [0, 1, 300, 4001])
def test_any_number_of_people(settings: Settings, users: int) -> None:
    directory = directory_of(
        DirectoryUser(f"user{number}", f"User {number}", groups=(f"Group {number % 7}",), logins=(f"u{number}@x.org",))
        for number in range(users)
    )
    publish.publish(directory, settings, record_fields=5, now=NOW)
    assert publish.current_directory(settings.scripts.home) == directory


def test_the_last_three_generations_are_kept(settings: Settings) -> None:
    names = [
        publish.publish(sample_directory(), settings, record_fields=5, now=NOW + timedelta(minutes=minute))
        for minute in range(5)
    ]
    kept = sorted(path.name for path in (settings.scripts.home / "directory").iterdir() if path.is_dir())
    assert kept == names[-3:]


def test_two_publications_in_one_second_are_two_generations(settings: Settings) -> None:
    first = publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    second = publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    assert first != second
    assert current(settings).name == second


def test_a_publication_that_fails_leaves_the_old_one_in_force(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full in the middle: nothing half stands there, nothing new is in force."""
    name = publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    written: list[Path] = []
    write = publish._write_new

    def fails_late(path: Path, data: bytes) -> None:
        if len(written) == 7:
            raise OSError(28, "No space left on device")
        written.append(path)
        write(path, data)

    monkeypatch.setattr(publish, "_write_new", fails_late)
    with pytest.raises(RelayError, match="No space left on device") as caught:
        publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    assert caught.value.code == "hand_over"
    assert [path.name for path in (settings.scripts.home / "directory").iterdir() if path.is_dir()] == [name]
    assert current(settings).name == name


def test_a_publication_that_fails_beside_a_spoiled_pointer_says_what_failed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What names the directory in force is no UTF-8: it is still the full disk that is told, and nothing is left."""
    root = settings.scripts.home / "directory"
    root.mkdir(parents=True)
    (root / "CURRENT").write_bytes(b"caf\xe9\n")

    def fails(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish, "_write_new", fails)
    with pytest.raises(RelayError, match="No space left on device"):
        publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    assert [path.name for path in root.iterdir()] == ["CURRENT"]


def test_a_failure_after_the_change_leaves_the_new_directory_whole(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last flush fails when CURRENT already names the new generation: what is in force is never removed."""
    publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    write = compat.write_private

    def fails_at_the_end(path: str, data: bytes, durable: bool = False) -> None:
        write(path, data, durable)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(compat, "write_private", fails_at_the_end)
    with pytest.raises(RelayError, match="Input/output error"):
        publish.publish(sample_directory(), settings, record_fields=10, now=NOW)
    assert publish.current_directory(settings.scripts.home) == sample_directory()


def test_current_changes_only_when_all_files_are_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace
    seen: list[int] = []

    def watching(source: str, target: str) -> None:
        generation = Path(source).read_text().strip()
        files = [path for path in (Path(target).parent / generation).rglob("*") if path.is_file()]
        seen.append(len(files))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watching)
    publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    assert seen == [len([path for path in current(settings).rglob("*") if path.is_file()])]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps access lists, not modes")
def test_everything_belongs_to_its_owner_alone(settings: Settings) -> None:
    old = os.umask(0)
    try:
        publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
        publish.publish_programs(settings, now=NOW)
    finally:
        os.umask(old)
    for path in settings.scripts.home.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_control_characters_in_values_become_blanks(settings: Settings) -> None:
    """PaperCut's record has no way to write a TAB or a line end inside a field."""
    directory = directory_of([DirectoryUser("eve", "Eve\tthe\nFirst", department="a\x1fb")])
    publish.publish(directory, settings, record_fields=5, now=NOW)
    read = publish.current_directory(settings.scripts.home)
    assert read is not None
    assert (read.users[0].full_name, read.users[0].department) == ("Eve the First", "a b")


@pytest.mark.parametrize(
    "directory",
    [
        directory_of([DirectoryUser("e\tve")]),
        directory_of([DirectoryUser("eve", groups=("A\nB",))]),
        directory_of([], [""]),
    ],
)
def test_a_name_with_a_control_character_is_refused(settings: Settings, directory: object) -> None:
    with pytest.raises(RelayError, match="nothing was published"):
        publish.publish(directory, settings, record_fields=5, now=NOW)  # type: ignore[arg-type]
    assert not (settings.scripts.home / "directory").exists()


def test_the_settings_hold_the_path_of_the_secret_and_not_the_secret(settings: Settings) -> None:
    publish.publish_programs(settings, now=NOW)
    text = (settings.scripts.home / "settings.json").read_text()
    values = json.loads(text)
    assert Path(values["client_secret_file"]).read_text() == "secret-of-signin\n"
    assert "secret-of" not in text
    assert values["max_age_hours"] == 36 and values["offline_hours"] == 0 and values["proxy"] == ""


def test_a_login_that_two_people_share_means_neither(settings: Settings) -> None:
    directory = sample_directory(DirectoryUser("annie2", logins=(BOB.username, "only@example.com")))
    logins = publish._logins(directory)
    assert "shared@example.com" not in logins
    assert logins["annie"] == ANN.username
    assert logins[BOB.username] == BOB.username
    assert logins["only@example.com"] == "annie2"


@pytest.mark.parametrize("hours", [0, 8])
def test_a_write_that_was_killed_leaves_no_password_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The file that was to replace another one holds the same hash or token; one that is being written now stays."""
    settings = example_settings(tmp_path, signin={"offline_hours": hours})
    home, offline = settings.scripts.home, settings.scripts.home / "state" / "offline"
    publish.publish_programs(settings, now=NOW)

    def killed(*_: str) -> None:
        raise SystemExit

    def left_by_a_kill(age_s: int) -> set[Path]:
        before = set(home.rglob("*.tmp"))
        with monkeypatch.context() as patched:
            patched.setattr(compat, "replace", killed)
            with pytest.raises(SystemExit):
                verifier.store(str(offline), "m1", "Secret-1", rounds=1)
            for file in ("directory/CURRENT", "state/token.json", "settings.json"):
                (home / file).parent.mkdir(exist_ok=True)
                with pytest.raises(SystemExit):
                    compat.write_private(str(home / file), b"x")
        left = set(home.rglob("*.tmp")) - before
        for path in left:
            os.utime(path, (NOW.timestamp() - age_s,) * 2)
        return left

    old, new = left_by_a_kill(7200), left_by_a_kill(60)
    assert (len(old), len(new)) == (4, 4)
    publish.publish_programs(settings, now=NOW)
    assert set(home.rglob("*.tmp")) == {path for path in new if hours or path.parent != offline}
    assert offline.exists() is bool(hours)
