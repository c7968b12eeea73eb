"""Settings, secrets and answers in every form in which an editor or a shell of Windows writes them."""

from __future__ import annotations

import os
import threading
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import tomlkit

from papercut_scripts import compat, exchange
from papercut_scripts.token_cache import Token
from relay import config, passwords, written_files
from relay.console import settings_file
from relay.errors import ConfigError
from relay.setup import answers_file
from tests.support.settings_example import SECRET_FILES, raw_settings, write_secrets

pytestmark = pytest.mark.windows
# The encoding by Python's name, after its mark; Notepad's four, and PowerShell 5's `>` (as utf-16-le).
FORMS = {
    "UTF-8": (b"", "utf-8"),
    "UTF-8 with BOM": (b"\xef\xbb\xbf", "utf-8"),
    "UTF-16 LE": (b"\xff\xfe", "utf-16-le"),
    "UTF-16 BE": (b"\xfe\xff", "utf-16-be"),
}


@pytest.fixture(params=[(form, end) for form in FORMS for end in ("\n", "\r\n")], ids=lambda given: repr(given)[1:-1])
def form(request: pytest.FixtureRequest) -> SimpleNamespace:
    """How a file is written: `bytes_of(text)`."""
    (mark, encoding), end = FORMS[request.param[0]], request.param[1]
    return SimpleNamespace(bytes_of=lambda text: mark + text.replace("\n", end).encode(encoding), end=end)


def settings_in(folder: Path, form: SimpleNamespace) -> Path:
    """Write settings and all their secrets in a form."""
    write_secrets(folder)
    for name, value in SECRET_FILES.items():
        (folder / "secrets" / name).write_bytes(form.bytes_of(value + "\n"))
    path = folder / "relay.toml"
    raw = raw_settings(folder, members={"individual_group": "Bürogäste"})
    path.write_bytes(form.bytes_of("# Büro\n" + tomlkit.dumps(raw)))
    return path


def test_settings_and_secrets_are_read_in_every_form(tmp_path: Path, form: SimpleNamespace) -> None:
    settings = config.load(settings_in(tmp_path, form), {})
    assert settings.members.individual_group == "Bürogäste"
    assert settings.papercut.auth_token.get_secret_value() == "token-of-papercut"
    assert settings.officernd.client_secret.get_secret_value() == "secret-of-relay"


def test_the_login_program_reads_its_secret_in_every_form(
    tmp_path: Path, form: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config.load(settings_in(tmp_path, form), {})
    sent: list[bytes] = []

    def post(url: str, headers: object, body: bytes, *more: object) -> None:
        sent.append(body)
        raise exchange.Unreachable("this is enough")

    monkeypatch.setattr(exchange, "post", post)
    published = {
        "token_url": "http://127.0.0.1:1", "organization": "acme", "client_id": "signin", "ca_file": "", "proxy": "",
        "client_secret_file": str(settings.signin.client_secret_file),
    }  # fmt: skip
    with pytest.raises(exchange.Unreachable, match="this is enough"):
        Token(str(tmp_path), published)._call(1.0, [])
    assert b"client_secret=secret-of-signin&" in sent[0]


def test_answers_are_read_in_every_form(tmp_path: Path, form: SimpleNamespace) -> None:
    file, secret = tmp_path / "answers.toml", tmp_path / "secret"
    secret.write_bytes(form.bytes_of("hush\n"))
    secret.chmod(0o600)
    file.write_bytes(form.bytes_of('[officernd]\nclient_secret_file = "secret"\nlocation = "Südkai"\n'))
    assert answers_file.read(file, {}) == ({"officernd.client_secret": "hush", "officernd.location": "Südkai"}, {})


def test_what_the_console_saves_keeps_the_line_ends(tmp_path: Path, form: SimpleNamespace) -> None:
    path = settings_in(tmp_path, form)
    settings_file.save(
        settings_file.draft(config.load(path), {"schedule.daily_at": "06:15"}), path, tmp_path / "copies"
    )
    passwords.set_password(path, "ann", "money", "a long enough password")
    content = path.read_bytes()
    assert content.count(b"\r\n") == (content.count(b"\n") if form.end == "\r\n" else 0)
    saved = tomllib.loads(content.decode("utf-8"))
    assert (saved["schedule"]["daily_at"], saved["console"]["password_hash_file"]) == ("06:15", passwords.DEFAULT_FILE)
    assert "# Büro" in content.decode("utf-8")


def test_a_new_file_has_the_line_ends_of_this_system() -> None:
    assert written_files.for_editors("# Büro\n") == f"# Büro{os.linesep}"


@pytest.mark.skipif(os.name != "nt", reason="POSIX lets an open file be read and replaced")
def test_windows_reads_settings_that_are_being_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a moment nobody else may open the file, and then everybody."""
    import _winapi

    path = tmp_path / "relay.toml"
    path.write_text("# Büro\n", encoding="utf-8")
    monkeypatch.setattr(compat, "READ_RETRY_S", 60.0)  # of a busy machine
    alone = _winapi.CreateFile(str(path), _winapi.GENERIC_READ, 0, 0, _winapi.OPEN_EXISTING, 0, 0)
    threading.Timer(0.2, _winapi.CloseHandle, [alone]).start()
    assert written_files.read(path) == "# Büro\n"


def test_a_file_in_a_code_page_is_told_what_to_do_with(tmp_path: Path) -> None:
    path = settings_in(tmp_path, SimpleNamespace(bytes_of=lambda text: text.encode("cp1252")))
    with pytest.raises(ConfigError, match=r"it is not UTF-8 text: save it with the encoding UTF-8\."):
        config.load(path, {})
    for use in (lambda: config.text_of(path), lambda: passwords.set_password(path, "ann", "money", "p" * 20)):
        with pytest.raises(ConfigError, match="save it with the encoding UTF-8"):
            use()


@pytest.mark.parametrize("folder", [r"C:\Program Files\PaperCut MF", r"C:\Users\relay", r"C:\temp\new"])
def test_a_windows_path_in_double_quotes_is_told_how_to_write(tmp_path: Path, folder: str) -> None:
    path = settings_in(tmp_path, SimpleNamespace(bytes_of=str.encode))
    plain = path.read_text()
    for key, line in (("install_dir", f'install_dir = "{folder}"'), ("auth_token", f'auth_token_file = "{folder}"')):
        text = plain.replace('auth_token_file = "secrets/papercut_token"', line)
        path.write_text(text + ('auth_token_file = "secrets/papercut_token"\n' if "auth" not in line else ""))
        with pytest.raises(ConfigError) as caught:
            config.load(path, {})
        assert written_files.PATH_ADVICE in caught.value.message, key
    path.write_text(plain.replace('auth_token_file = "', f"install_dir = '{folder}'\nauth_token_file = \""))
    assert str(config.load(path, {}).papercut.install_dir).endswith(folder)


def test_answers_with_such_a_path_are_told_so_too(tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text('[papercut]\ninstall_dir = "C:\\Program Files"\n')
    with pytest.raises(ConfigError, match="in single quotes"):
        answers_file.read(tmp_path / "answers.toml", {})
