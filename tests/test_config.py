from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from datetime import date, time
from pathlib import Path

import pytest

from relay import config
from relay.errors import ConfigError
from tests.support.settings_example import example_settings, raw_settings, write_secrets

pytestmark = pytest.mark.windows


def problems(folder: Path, **sections: dict[str, object]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        example_settings(folder, **sections)
    return [str(problem) for problem in caught.value.problems]


def test_every_default_of_the_contract_holds(tmp_path: Path) -> None:
    settings = example_settings(tmp_path)
    assert settings.papercut.url == "http://127.0.0.1:9191/rpc/api/xmlrpc"
    assert (settings.papercut.connections, settings.papercut.timeout_s) == (4, 30)
    assert (settings.officernd.requests_per_minute, settings.officernd.timeout_s) == (300, 30)
    assert (settings.signin.method, settings.signin.offline_hours) == ("officernd", 0)
    assert settings.members.statuses == ("active",)
    assert settings.members.individual_group == "[Individual Member]"
    assert settings.members.unlinked_group == "UNLINKED_MEMBERS_TO_OFFICERND"
    assert (settings.members.departed, settings.members.rename, settings.members.restricted) == (
        "disable",
        "never",
        "leave",
    )
    assert (settings.safety.max_removals_percent, settings.safety.max_changes_percent, settings.safety.from_users) == (
        10,
        30,
        20,
    )
    assert (settings.safety.max_fee, settings.safety.max_run_total) == (200_000_000, 2_000_000_000)
    assert (settings.fees.managed_in, settings.fees.plan, settings.fees.minimum) == (
        "officernd",
        "PaperCut Fees",
        10_000,
    )
    assert (settings.print.guard, settings.print.confirm_above, settings.print.on_error) == (
        "blocked",
        5_000_000,
        "allow",
    )
    assert (settings.top_up.amount, settings.top_up.is_on) == (0, False)
    assert (settings.schedule.daily_at, settings.schedule.sync_every_minutes) == (time(7, 30), 15)
    assert (settings.jobs.source, settings.scripts.max_age_hours) == ("print_logs", 36)
    assert settings.ledger_url == f"sqlite:///{(tmp_path / 'state').as_posix()}/ledger.db"
    assert settings.console.listen == "127.0.0.1:9480"


def test_all_problems_are_told_at_once_each_with_its_place(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        site={"timezone": "Mars/Base", "currency": "EURO"},
        papercut={"connections": "4", "timeout_s": 0},
        officernd={"api_url": "http://example.com"},
        fees={"every": "yearly", "minimum": 0.05, "pln": "x"},
        schedule={"daily_at": "7:30"},
        sections={"a": 1},
        top_up={"plan": [{"plan": 1}]},
    )
    places = [
        "[site] timezone:",
        "[site] currency:",
        "[papercut] connections:",
        "[papercut] timeout_s:",
        "[officernd] api_url:",
        "[fees] every:",
        "[fees] minimum:",
        "[fees] pln: is not a setting; did you mean plan?",
        "[schedule] daily_at:",
        "[sections]",
        "[top_up] plan.0.plan:",
        "[top_up] plan.0.amount:",
    ]
    assert len(places) == len(told)
    for place in places:
        assert any(place in problem for problem in told), place
    assert "must be day, week or month" in "\n".join(told)


def test_a_wrong_key_hides_no_contradiction_of_its_section(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        members={"statuses": ["activ"], "unlinked_group": "[Individual Member]", "x": 1},
        fees={"grouping": "company", "bill_to": "member", "minimum": "0.005", "x": 1},
        console={"listen": "0.0.0.0:9480", "x": 1},
        jobs={"source": "database", "cost_column": 5},
        ledger={"url": "mysql://h/d", "x": 1},
    )
    places = [
        "[members] statuses:",
        "[members] unlinked_group:",
        "[members] x:",
        "[fees] bill_to:",
        "[fees] minimum: has more decimal places",
        "[fees] x:",
        "[console] password_hash_file:",
        "[console] x:",
        "[jobs] database_url_file:",
        "[jobs] cost_column:",
        "[ledger] url:",
        "[ledger] x:",
    ]
    assert len(places) == len(told), told
    for place in places:
        assert any(place in problem for problem in told), place


@pytest.mark.parametrize("section", ["site", "papercut", "officernd", "signin"])
def test_what_names_a_site_an_account_or_a_secret_is_required(tmp_path: Path, section: str) -> None:
    write_secrets(tmp_path)
    raw = raw_settings(tmp_path)
    raw.pop(section)
    with pytest.raises(ConfigError) as caught:
        config.parse(raw, tmp_path / "relay.toml", {})
    assert {problem.section for problem in caught.value.problems} == {section}
    assert any("is required" in problem.clause or "is missing" in problem.clause for problem in caught.value.problems)


def test_a_secret_in_the_file_is_refused_without_being_repeated(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    raw = raw_settings(tmp_path, officernd={"client_secret": "tell-nobody"})
    raw["officernd"].pop("client_secret_file")
    with pytest.raises(ConfigError) as caught:
        config.parse(raw, tmp_path / "relay.toml", {})
    assert "client_secret_file" in caught.value.message
    assert "tell-nobody" not in caught.value.message


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no modes: tests/windows opens a file by its access list")
def test_a_secret_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    (tmp_path / "secrets" / "papercut_token").chmod(0o640)
    with pytest.raises(ConfigError) as caught:
        config.parse(raw_settings(tmp_path), tmp_path / "relay.toml", {})
    assert "chmod 600" in caught.value.message
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "is empty"), (b"a\nb\n", "on one line"), (b"\xff\xfe\x00", "not UTF-8")]
)
def test_a_secret_file_holds_one_secret(tmp_path: Path, content: bytes, sentence: str) -> None:
    write_secrets(tmp_path)
    file = tmp_path / "secrets" / "officernd_signin_secret"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        config.parse(raw_settings(tmp_path), tmp_path / "relay.toml", {})


def test_secrets_come_from_the_environment_too(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    raw = raw_settings(tmp_path, papercut={"auth_token_env": "PC"}, ledger={"url_env": "DB"})
    raw["papercut"].pop("auth_token_file")
    settings = config.parse(raw, tmp_path / "relay.toml", {"PC": "from-outside", "DB": "postgresql+psycopg://u:p@h/d"})
    assert settings.papercut.auth_token.get_secret_value() == "from-outside"
    assert settings.ledger_url == "postgresql+psycopg://u:p@h/d"
    assert "from-outside" not in repr(settings)
    assert "u:p@h" not in repr(settings)
    with pytest.raises(ConfigError, match="no variable PC"):
        config.parse(raw, tmp_path / "relay.toml", {"DB": "sqlite://"})


@pytest.mark.parametrize(
    ("section", "key", "value", "sentence"),
    [
        ("ledger", "url", "postgresql+psycopg://u:secret@h/d", "url_file"),
        ("officernd", "proxy", "http://u:secret@proxy:3128", "proxy_file"),
        ("ledger", "url", "mysql://h/d", "must begin with sqlite:///"),
        ("signin", "client_secret_env", "X", "always a file"),
        ("signin", "client_secret", "secret", "always a file"),
        ("console", "listen", "0.0.0.0:9480", "password_hash_file"),
        ("print", "blocked_group", "[individual member]", "already the group of"),
        ("jobs", "source", "database", "database_url_file"),
        ("members", "statuses", ["activ"], "is not one of"),
        ("members", "username", "property:", "must be email_underscore, email_local or property:KEY"),
        ("members", "username", "email_local:x", "property:KEY"),
        ("members", "restricted", "overdraft", "must be leave, no or overdraft:AMOUNT"),
        ("members", "restricted", "overdraft:lots", "is not an amount"),
        ("signin", "offline_hours", -1, "greater than or equal to 0"),
        ("site", "name", "a/b", "short name"),
        ("papercut", "url", "ftp://x", "must be a URL"),
        ("papercut", "url", "http://x:port", "port"),
        ("safety", "max_fee", "-1", "negative"),
        ("safety", "max_fee", "2.001", "more decimal places than EUR"),
        ("safety", "max_top_ups", "2.001", "more decimal places than EUR"),
        ("top_up", "plan", [{"plan": "p", "amount": "0.005"}], "more decimal places than EUR"),
        ("members_page", "listen", "0.0.0.0:9481", "[members_page] public_url: is required"),
        ("members_page", "listen", "127.0.0.1:9480", "a port of its own"),
        ("members_page", "listen", "9481", "ADDRESS:PORT"),
        ("members_page", "public_url", "http://printing.example.com", "https"),
        ("members_page", "help", "one\ntwo", "one line"),
        ("print", "language", "xx", "must be en, de"),
        ("schedule", "daily_at", time(7, 30), "time of day in quotes"),
        ("schedule", "daily_at", "+7:30", "time of day in quotes"),
        ("schedule", "daily_at", "24:00", "time of day in quotes"),
        ("members", "locations", [""], "names nothing"),
        ("members", "not_ours", ["group:"], "names nothing"),
        ("members", "restricted", "overdraft:1.005", "more decimal places than EUR"),
        ("members", "username", "property: ", "property:KEY"),
        ("papercut", "url", "http://h:9191/x?y=z", "without blanks"),
        ("papercut", "url", " http://h:9191", "without blanks"),
        ("papercut", "auth_token_file", "a\0b", "must be the path of a file"),
        ("papercut", "install_dir", "a\0b", "control characters"),
        ("officernd", "proxy", "proxy:3128", "address of a proxy"),
        ("officernd", "proxy", "ftp://proxy:21", "address of a proxy"),
        ("ledger", "url", "sqlite:///", "does not name a file"),
        ("ledger", "url", "postgresql+psycopg://h/d?user=u&password=u:secret", "url_file"),
    ],
)
def test_contradictions_and_bad_values_name_the_way_out(
    tmp_path: Path, section: str, key: str, value: object, sentence: str
) -> None:
    told = problems(tmp_path, **{section: {key: value}})
    assert any(sentence in problem for problem in told), told
    assert not any("u:secret" in problem for problem in told)


@pytest.mark.parametrize("section", list(config.SECTIONS))
def test_no_type_of_toml_ends_in_anything_but_a_sentence(tmp_path: Path, section: str) -> None:
    write_secrets(tmp_path)
    for key in config.SECTIONS[section].model_fields:
        for value in (10**20, 1.5, float("nan"), True, date(2026, 1, 1), time(7, 30), "\0", [[]], {"a": 1}, [{"a": 1}]):
            raw = raw_settings(tmp_path)
            raw.setdefault(section, {})[key] = value
            with suppress(ConfigError):
                config.parse(raw, tmp_path / "relay.toml", {})


def test_the_place_of_a_wrong_secret_is_its_file_too(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, papercut={"auth_token_file": "secrets/none"})
    assert told.startswith(f"{tmp_path / 'relay.toml'}: [papercut] auth_token_file: there is no file")


@pytest.mark.parametrize("members", [{"card_property": "code"}, {"username": "property:code"}])
def test_a_pin_has_a_property_of_its_own(tmp_path: Path, members: dict[str, str]) -> None:
    assert "needs a property of its own" in problems(tmp_path, signin={"pin_property": "code"}, members=members)[0]
    assert example_settings(tmp_path, signin={"pin_property": "pin"}, members=members).signin.pin_property == "pin"


def test_grouping_by_company_contradicts_billing_the_member(tmp_path: Path) -> None:
    assert "contradict" in problems(tmp_path, fees={"grouping": "company", "bill_to": "member"})[0]


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    settings = example_settings(tmp_path, scripts={"home": "published"}, papercut={"ca_file": "ca.pem"})
    assert settings.scripts.home == tmp_path / "published"
    assert settings.papercut.ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("sqlite:///ledger.db", "sqlite:///{folder}/ledger.db"),
        ("sqlite:////var/lib/relay/ledger.db", "sqlite:///{root}var/lib/relay/ledger.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    ],
)
def test_a_ledger_file_counts_from_the_settings_wherever_a_command_is_started(
    tmp_path: Path, url: str, opened: str
) -> None:
    """A scheduler's working folder must not give the site a second ledger."""
    root = Path("/").absolute().as_posix()  # with its drive under Windows
    found = example_settings(tmp_path, ledger={"url": url}).ledger_url
    assert found == opened.format(folder=tmp_path.as_posix(), root=root)


def test_a_missing_or_broken_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no settings file"):
        config.load(tmp_path / "relay.toml")
    (tmp_path / "relay.toml").write_text("[site\n")
    with pytest.raises(ConfigError, match="is not valid TOML: .*line 1"):
        config.load(tmp_path / "relay.toml")


def test_a_file_saved_by_windows_notepad_is_read(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    text = (
        '[site]\r\nname = "hq"\r\n[papercut]\r\nurl = "http://127.0.0.1:9191"\r\n'
        'auth_token_file = "secrets/papercut_token"\r\n'
        '[officernd]\r\norganization = "acme"\r\nclient_id = "a"\r\n'
        'client_secret_file = "secrets/officernd_secret"\r\nlocation = "64b"\r\n'
        '[signin]\r\nclient_id = "b"\r\nclient_secret_file = "secrets/officernd_signin_secret"\r\n'
    )
    (tmp_path / "relay.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    settings = config.load(tmp_path / "relay.toml")
    assert settings.site.name == "hq"
    assert tomllib.loads(text)["site"]["name"] == settings.site.name


def test_the_file_is_found_by_option_then_environment_then_folder() -> None:
    assert config.find("a.toml", {"PAPERCUT_RELAY_CONFIG": "b.toml"}) == Path("a.toml")
    assert config.find(None, {"PAPERCUT_RELAY_CONFIG": "b.toml"}) == Path("b.toml")
    assert config.find(None, {}) == Path("relay.toml")


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("127.0.0.1.evil.example", False),
        ("10.0.0.1", False),
        ("", False),
        (None, False),
    ],
)
def test_only_this_machine_is_loopback(host: str | None, is_here: bool) -> None:
    assert is_here == config.is_loopback(host)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_the_defaults_are_accepted_in_every_currency(tmp_path: Path, currency: str) -> None:
    assert example_settings(tmp_path, site={"currency": currency}).site.currency == currency


@pytest.mark.parametrize("text", ["not an email", "ann", "ann@", "@acme.example", "ann lee@acme.example", ""])
def test_an_address_that_is_none_is_refused_in_exclude_emails(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"exclude_emails.*is not an e-mail address"):
        example_settings(tmp_path, members={"exclude_emails": ["bo@acme.example", text]})
    assert example_settings(tmp_path, members={"exclude_emails": ["Bo.O'Neil+1@acme.example"]})
