"""Files, keys and hooks that somebody else may have written: each reader answers by its own words.

Cases as in `test_foreign_bytes`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from papercut_scripts import auth_program, brake, handover, pace, signin_pin, user_source, verifier
from relay import config, passwords, sealed, web
from relay.config import Settings
from relay.console.audit import Audit
from relay.console.first_hour import FirstHourWords
from relay.console.gate import EndedSessions
from relay.console.webhooks import Hooks, WebhookRefused
from relay.errors import ConfigError, RelayError
from relay.installer import properties
from relay.money.decide.witness import Witness, notes_of, witness_of
from relay.officernd.client import OfficeRnD
from relay.papercut import wire
from relay.papercut.client import PaperCut
from relay.people import logins, ready
from relay.people.act import pins, publish
from tests.fuzz.test_foreign_bytes import CASES as MANY
from tests.fuzz.test_foreign_bytes import VALUES, mutated, told
from tests.support.papercut_site import sample_directory
from tests.support.settings_example import example_settings, raw_settings
from tests.support.still_clock import StillClock

CASES = settings(MANY, max_examples=int(os.environ.get("FUZZ_CASES", "25")))  # each writes files
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")  # no zone is further ahead
JSON = VALUES.map(lambda value: json.dumps(value).encode())
DEEP = st.sampled_from([b"[" * 5_000, b'{"a":' * 3_000, b"9" * 5000, b"[1e999]", b'"\\ud83d"'])
ANYTHING = st.binary(max_size=200) | JSON | DEEP


def like(**fields: Any) -> st.SearchStrategy[bytes]:
    """A JSON object of these fields, some of them with anything in them."""
    kept = {name: st.just(value) | VALUES for name, value in fields.items()}
    return st.fixed_dictionaries({}, optional=kept).map(lambda value: json.dumps(value).encode())


# -- state of the relay ------------------------------------------------------------------------------------------------

READERS: dict[str, tuple[str, bytes, Callable[[Settings, Path], Any]]] = {
    "ended_sessions": ("ended", b'{"a": 1.5}', lambda _, file: EndedSessions(file).is_ended("b")),
    "first_hour": (
        "first_hour.json",
        b'{"begun": "2026-11-24T09:00:00+00:00"}',
        lambda _, file: FirstHourWords(file.parent).when("begun"),
    ),
    "readiness": (
        "state/readiness.json",
        b'{"synced_at": "2026-11-24T09:00:00+00:00", "people": {"no_email": ["a"]}, "left_out": {"a": ["b", "c"]}}',
        lambda made, _: ready.readiness(made).as_json(),
    ),
    "token": (
        "state/officernd_token.json",
        b'{"about": "x", "token": "t", "expires_at": 9}',
        lambda made, _: OfficeRnD(made, StillClock())._token._load(),
    ),
    "audit": (
        "console.log",
        b'{"at": "2026-11-24T09:00:00+00:00", "who": "ann", "action": "login", "outcome": "done"}\n',
        lambda _, file: Audit(file.parent, StillClock()).last_logins(),
    ),
    "auth_log": (
        "home/logs/auth.log",
        b'{"time": "2026-11-24T09:00:00+00:00", "verdict": "rejected", "username": "ann", "who": "x", '
        b'"reason": "unknown"}\n',
        lambda made, _: read_logins(made.scripts.home),
    ),
    "session_key": ("session_key", b"x" * 64, lambda _, file: long_enough(web.session_key(file.parent))),
    "secret": ("secrets/papercut_token", b"token-of-papercut\n", lambda made, file: settings_of(file)),
    "pin": (
        f"home/{signin_pin.FOLDER}/one",
        b'{"format": 1, "member_id": "m1", "salt": "00", "rounds": 9, "hash": "00", "source": ""}',
        lambda made, _: list(pins._kept(made.scripts.home / signin_pin.FOLDER)),
    ),
}


def read_logins(home: Path) -> None:
    """Read the log for everybody who asks: each moment can be compared and shown in any zone."""
    for at in (*logins.last_accepted(home).values(), *(one.at for one in logins.of_person(home, "ann", 9))):
        assert at.astimezone(KIRITIMATI) - NOW == at - NOW
    logins.bulk_failures(home, NOW)
    json.dumps(logins.latest(home).as_json())
    trace = logins.last_login(home, "ann")
    assert trace is None or json.dumps(trace.as_json())


def long_enough(key: str) -> None:
    assert len(key) >= 32


def settings_of(secret: Path) -> None:
    found = told(lambda: config.parse(raw_settings(secret.parents[1]), secret.parents[1] / "relay.toml", {}))
    assert isinstance(found, (Settings, ConfigError))


@pytest.mark.parametrize("name", list(READERS))
@CASES
@given(data=st.data())
def test_a_file_that_the_relay_kept(made: Settings, name: str, data: st.DataObject) -> None:
    where, example, read = READERS[name]
    contents = ANYTHING | mutated(example) | st.tuples(mutated(example), ANYTHING).map(b"\n".join)
    content = data.draw(contents | like(**json.loads(example)) if example.startswith(b"{") else contents)
    file = Path(made.path).parent / where
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_bytes(content)
    file.chmod(0o600)
    read(made, file)
    file.unlink()


@CASES
@given(
    content=(st.binary(max_size=200) | JSON).map(lambda raw: raw.decode("utf-8", "replace"))
    | like(ann={"role": "look", "hash": "x"}).map(bytes.decode)
)
def test_a_file_of_passwords(content: str) -> None:
    found = told(lambda: passwords.read_users(content))
    assert isinstance(found, (dict, ConfigError))


@CASES
@given(content=ANYTHING | like(format=1, kdf="scrypt", cost=2, salt="00", sealed="x"))
def test_a_sealed_package(content: bytes) -> None:
    assert isinstance(told(lambda: sealed.open_(content, "correct horse battery")), ConfigError)


# -- PaperCut's machine ------------------------------------------------------------------------------------------------

_SECURITY = (
    b"# PaperCut\r\nsecurity.print-and-device.script.enabled=Y\r\n"
    b"security.custom-executable.allowed-directory-list=C:\\\\x;\\\r\n   C:\\\\y\r\n"
)


@CASES
@given(data=st.binary(max_size=300) | mutated(_SECURITY), entry=st.text(min_size=1, max_size=20), windows=st.booleans())
def test_the_file_of_security(data: bytes, entry: str, windows: bool) -> None:
    """Whatever stands there is read, and what is put in stands in it afterwards; nothing else of the file is lost."""
    keys = properties.keys(data)
    properties.entries(data)
    properties.has_entry(data, entry, windows)
    for key in keys:
        properties.value(data, key)
    if entry.strip() == entry and entry.isprintable() and ";" not in entry and "," not in entry:
        written = properties.with_entry(data, entry, windows)
        assert properties.has_entry(written, entry, windows)
        assert set(keys) <= set(properties.keys(written))


def xml(value: Any) -> str:
    if isinstance(value, bool):
        return f"<boolean>{int(value)}</boolean>"
    if isinstance(value, int):
        return f"<int>{value}</int>"
    if isinstance(value, float):
        return f"<double>{value}</double>"
    if isinstance(value, list):
        return "<array><data>" + "".join(f"<value>{xml(one)}</value>" for one in value) + "</data></array>"
    if isinstance(value, dict):
        members = (
            f"<member><name>{clean(name)}</name><value>{xml(one)}</value></member>" for name, one in value.items()
        )
        return f"<struct>{''.join(members)}</struct>"
    return clean(str(value))


def clean(text: str) -> str:
    kept = "".join(one for one in text if one.isprintable())
    return etree.tostring(_element(kept), encoding="unicode")[3:-4] if kept else ""


def _element(text: str) -> Any:
    element = etree.Element("a")
    element.text = text
    return element


CALLS: dict[str, Callable[[PaperCut], Any]] = {
    "usernames": lambda one: one.usernames(),
    "groups": lambda one: one.groups(),
    "printers": lambda one: one.printers(),
    "properties": lambda one: one.user_properties("ann", ["email", "balance"]),
    "reading": lambda one: one.account_reading("ann"),
    "balance": lambda one: one.balance("ann"),
    "quota": lambda one: one.group_quota("g"),
    "account": lambda one: one.shared_account("a"),
    "notes": lambda one: one.shared_account_notes("a"),
    "task": lambda one: one.task_status(),
    "jobs": lambda one: one.jobs_printed(),
    "cost": lambda one: one.printer_cost("s", "p"),
    "version": lambda one: one.version(),
    "adjust": lambda one: one.adjust_balance("ann", 1, "x"),
}


@pytest.mark.parametrize("name", list(CALLS))
@CASES
@given(values=st.lists(VALUES | st.lists(st.text(max_size=8), max_size=4) | st.just("1"), min_size=1, max_size=4))
def test_what_papercut_says(made: Settings, name: str, values: list[Any]) -> None:
    """Every call, answered by values of any type and depth, one after the other."""
    answers = iter([*values, *([] for _ in range(20))])

    class Session:
        def post(self, *_: Any, **__: Any) -> Any:
            value = f"<value>{xml(next(answers, []))}</value>"
            body = f"<methodResponse><params><param>{value}</param></params></methodResponse>"
            return type("Answer", (), {"status_code": 200, "content": body.encode()})

        def get(self, *_: Any, **__: Any) -> Any:
            return type("Answer", (), {"status_code": 200, "content": json.dumps(next(answers, [])).encode()})

    client = PaperCut(made, StillClock())
    client._http.close()
    client._http = Session()  # type: ignore[assignment]
    found = told(lambda: CALLS[name](client))
    assert not isinstance(found, wire.Unreadable)


@CASES
@given(
    notes=st.text(max_size=60)
    | like(site="hq", ledger="l", number=1, mark="m").map(bytes.decode)
    | DEEP.map(bytes.decode)
)
def test_the_notes_of_the_witness(notes: str) -> None:
    found = witness_of(notes)
    assert found is None or witness_of(notes_of(found)) == found or isinstance(found, Witness)


# -- hand-over files ---------------------------------------------------------------------------------------------------

SETTINGS = {
    "format": 1, "organization": "acme", "api_url": "http://127.0.0.1:9/api", "token_url": "http://127.0.0.1:9/token",
    "ca_file": "", "proxy": "", "client_id": "c", "client_secret_file": "/nowhere", "method": "officernd",
    "offline_hours": 1, "max_age_hours": 36, "log_folder": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = example_settings(tmp_path_factory.mktemp("published"))
    publish.publish(sample_directory(), site, record_fields=5, now=datetime.now(UTC))
    publish.publish_programs(site, now=NOW)
    return Path(site.scripts.home)


@CASES
@given(data=st.data())
def test_a_login_over_settings_and_state_of_any_kind(published: Path, data: st.DataObject) -> None:
    """Everything that the login reads, one file of it spoiled: never let in, never more than one sentence."""
    generation = published / "directory" / (published / "directory" / "CURRENT").read_text().strip()
    shard = generation / handover.shard(generation.name, "ann.lee@example.com")
    email = "ann.lee@example.com"
    files: dict[Path, st.SearchStrategy[bytes]] = {
        published / "settings.json": like(**SETTINGS) | mutated((published / "settings.json").read_bytes()),
        published / "state" / "token.json": like(access_token="t", obtained=1, renew_at=2, owner="x", renewals=[]),
        published / "state" / "failures": ANYTHING | mutated(b"0123456789abcdef 1764000000\n"),
        published / "state" / "pace": ANYTHING | mutated(b"0.5 0.7"),
        shard: mutated(shard.read_bytes()),
    }
    file = data.draw(st.sampled_from(list(files)))
    before = file.read_bytes() if file.exists() else None
    out: list[bytes] = []
    said: list[str] = []
    typed = iter([f"{email}\n".encode(), b"Secret-1\n"])
    try:
        file.write_bytes(data.draw(files[file]))
        auth_program.serve(lambda: str(published), lambda limit: next(typed, b""), out.append, said.append, 0.5)
    finally:
        file.unlink()
        if before is not None:
            file.write_bytes(before)
    assert (b"ERROR\n", 1) == (b"".join(out), len(said)), said


@CASES
@given(data=st.data())
def test_a_spoiled_generation_is_never_answered_from(published: Path, data: st.DataObject) -> None:
    generation = published / "directory" / (published / "directory" / "CURRENT").read_text().strip()
    file = generation / "all-users"
    right = file.read_bytes()
    spoiled = data.draw(mutated(right))
    out: list[bytes] = []
    try:
        file.write_bytes(spoiled)
        code = user_source.serve(
            lambda: str(published), lambda: ["-", "all-users"], lambda _: b"", out.append, lambda _: None
        )
    finally:
        file.write_bytes(right)
    assert (code == 0) is (spoiled == right) and (code == 0 or b"".join(out) == b"")


@CASES
@given(content=ANYTHING | like(format=1, member_id="m1", salt="00", rounds=9, hash="00"))
def test_a_kept_password_opens_nothing_by_being_odd(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(verifier.path(folder, "m1"))
        file.write_bytes(content)
        stored = verifier.load(folder, "m1")
        assert stored is None or not _matches(stored)


def _matches(stored: dict[str, Any]) -> bool:
    try:
        return bool(verifier.matches("Secret-1", stored))
    except Exception as error:  # the chain of sign-ins takes any of them for "unavailable"
        assert isinstance(error, (ValueError, TypeError, OverflowError, AttributeError, KeyError)), error
        return False


@CASES
@given(content=ANYTHING | mutated(b"0123456789abcdef 1764000000\n"))
def test_counters_of_the_brake_and_the_pace(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as home:
        state = Path(home, "state")
        state.mkdir()
        for name in ("failures", "pace", "salt"):
            (state / name).write_bytes(content)
        key = brake.person_key(home, "ann")
        for _ in range(brake.LIMIT):
            brake.count_failure(home, key)
        assert brake.is_on(home, key)
        assert 0 <= pace.typical_s(home) <= 10


# -- hooks -------------------------------------------------------------------------------------------------------------


@CASES
@given(
    header=st.text(max_size=60) | mutated(b"t=1764000000,signature=00").map(lambda raw: raw.decode("latin-1")),
    body=ANYTHING,
)
def test_a_hook_that_nobody_signed(header: str, body: bytes) -> None:
    with pytest.raises(WebhookRefused):
        Hooks().take("hook-secret", header, body, 1764000000.0)


@CASES
@given(body=ANYTHING | like(event="member.updated", eventType="x", data={}))
def test_a_hook_of_any_shape_that_is_signed(body: bytes) -> None:
    right = hmac.new(b"hook-secret", body + b".1764000000", hashlib.sha256).hexdigest()
    assert Hooks().take("hook-secret", f"t=1764000000,signature={right}", body, 1764000000.0) in (True, False)


def test_what_is_told_of_an_error_is_a_sentence() -> None:
    """`told` itself: another error than our own is a failure of the test above it."""
    with pytest.raises(RecursionError):
        told(lambda: (_ for _ in ()).throw(RecursionError()), (RelayError,))
