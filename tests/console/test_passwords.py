"""Names, roles and hashes in one private file, and the command that writes it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from werkzeug.security import generate_password_hash

from relay import config, passwords
from relay.errors import ConfigError, UsageError
from relay.private_files import why_not_private
from tests.support.settings_example import example_settings, written_settings

pytestmark = pytest.mark.windows
LONG = "correct horse battery"


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    file = written_settings(tmp_path, "# ours\n")
    file.chmod(0o640)
    return file


def stored(settings_file: Path) -> str:
    secret = config.load(settings_file, {}).console.password_hash
    assert secret is not None
    return secret.get_secret_value()


def test_a_first_password_is_named_in_the_settings_and_checked(settings_file: Path) -> None:
    told = passwords.set_password(settings_file, "ann@acme.example", "operate", LONG)
    assert {"ann@acme.example": "operate"} == told.users
    users = passwords.read_users(stored(settings_file))
    found = passwords.verify(users, "ann@acme.example", LONG)
    assert found is not None and found.role == "operate"
    assert passwords.verify(users, "ann@acme.example", LONG + "?") is None
    assert passwords.verify(users, "bob", LONG) is None


def test_the_file_is_private_and_the_settings_keep_comments_and_mode(settings_file: Path) -> None:
    told = passwords.set_password(settings_file, "ann", "money", LONG)
    assert why_not_private(told.file) is None
    if os.name == "posix":
        assert 0o640 == stat.S_IMODE(settings_file.stat().st_mode)
    assert settings_file.read_text().startswith("# ours\n")
    assert LONG not in told.file.read_text()


def test_a_second_password_leaves_the_first(settings_file: Path) -> None:
    passwords.set_password(settings_file, "ann", "money", LONG)
    passwords.set_password(settings_file, "bob", "look", LONG)
    assert {"ann": "money", "bob": "look"} == passwords.set_password(settings_file, "bob", "look", LONG * 2).users
    users = passwords.read_users(stored(settings_file))
    assert passwords.verify(users, "bob", LONG) is None
    assert passwords.verify(users, "bob", LONG * 2) is not None


def test_a_new_password_or_role_ends_old_sessions(settings_file: Path) -> None:
    words = set()
    for role, password in (("money", LONG), ("look", LONG), ("look", LONG * 2)):
        passwords.set_password(settings_file, "ann", role, password)
        words.add(passwords.read_users(stored(settings_file))["ann"].fingerprint)
    assert 3 == len(words)


def test_the_last_login_is_not_taken_away(settings_file: Path) -> None:
    passwords.set_password(settings_file, "ann", "money", LONG)
    with pytest.raises(UsageError, match="only one"):
        passwords.remove(settings_file, "ann")
    passwords.set_password(settings_file, "bob", "money", LONG)
    assert {"bob": "money"} == passwords.remove(settings_file, "ann").users
    with pytest.raises(UsageError, match="has no password"):
        passwords.remove(settings_file, "ann")


@pytest.mark.parametrize("name", ["", " ", "../etc", "a" * 65, "ann\n", "ann lee", "-x"])
def test_what_is_no_name_is_refused(settings_file: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a login name"):
        passwords.set_password(settings_file, name, "money", LONG)


def test_a_short_password_is_refused_and_nothing_written(settings_file: Path) -> None:
    before = settings_file.read_text()
    with pytest.raises(UsageError, match="too short"):
        passwords.set_password(settings_file, "ann", "money", "123456789")
    assert before == settings_file.read_text()


def test_one_plain_scrypt_hash_is_the_operator() -> None:
    users = passwords.read_users(generate_password_hash(LONG, method="scrypt"))
    found = passwords.verify(users, "operator", LONG)
    assert found is not None and found.role == "money"


@pytest.mark.parametrize(
    "content",
    [
        "secret",
        "pbkdf2:sha256:1$x$" + "0" * 64,
        "{}x",
        '{"ann": {"role": "king", "hash": "scrypt:1:1:1$a$' + "0" * 64 + '"}}',
        '{"ann": {"role": "look", "hash": "plain"}}',
        '{"ann": 3}',
        "{[",
    ],
)
def test_other_content_is_refused_without_being_repeated(content: str) -> None:
    with pytest.raises(ConfigError) as caught:
        passwords.read_users(content)
    assert content not in caught.value.message


def test_settings_that_need_a_password_can_get_one(tmp_path: Path) -> None:
    """The command works on settings that are refused for want of exactly this password."""
    file = written_settings(tmp_path, console={"listen": "0.0.0.0:9480"})
    with pytest.raises(ConfigError) as refused:
        config.load(file, {})
    assert [remedy.action for remedy in refused.value.remedies] == ["password"]
    passwords.set_password(file, "ann", "money", LONG)
    assert "0.0.0.0:9480" == config.load(file, {}).console.listen


def test_a_public_address_needs_https_and_a_password(tmp_path: Path) -> None:
    wrong = {"http://x.example": "https", "https://x.example/sub": "alone", "https://x.example": "required"}
    for url, problem in wrong.items():
        with pytest.raises(ConfigError, match=problem):
            example_settings(tmp_path, console={"public_url": url})


def test_a_locale_must_exist(tmp_path: Path) -> None:
    assert "de_DE" == example_settings(tmp_path, console={"locale": "de_DE"}).console.locale
    with pytest.raises(ConfigError, match="not a locale"):
        example_settings(tmp_path, console={"locale": "klingon"})


def test_the_command_reads_standard_input(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    from relay import cli

    monkeypatch.setattr("sys.stdin", io.StringIO(LONG + "\n"))
    with pytest.raises(SystemExit) as left:
        cli.main(["--config", str(settings_file), "--json", "password", "ann", "--role", "look"])
    assert 0 == left.value.code
    told = json.loads(capsys.readouterr().out)
    assert {"ann": "look"} == told["users"]
    assert passwords.verify(passwords.read_users(stored(settings_file)), "ann", LONG) is not None
