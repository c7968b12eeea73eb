"""Whatever stands in foreign bytes, a reader answers by its own words: never by an unexpected error.

Some cases each by default; `FUZZ_CASES=2000` in `.ci/run`, `FUZZ_CASES=100000` for a night.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import random
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from responses.matchers import header_matcher, urlencoded_params_matcher

from papercut_scripts import auth_program, user_source
from relay import cli
from relay.config import Settings
from relay.errors import RelayError, UsageError
from relay.officernd import token
from relay.officernd.client import OfficeRnD
from relay.papercut import wire
from relay.people.memory import snapshot
from relay.probe.record import read_record
from tests.support.settings_example import example_settings, raw_settings, write_secrets
from tests.support.still_clock import StillClock

ASKED = int(os.environ.get("FUZZ_CASES", "60"))
CASES = settings(
    max_examples=ASKED,
    derandomize=ASKED <= 2000,  # what CI tries is the same every time; a longer search looks for what is new
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
NAMES = (
    "_id", "id", "name", "email", "status", "office", "location", "company", "team", "member", "properties", "price",
    "date", "issueDate", "plan", "rangeStart", "cursorNext", "results", "count", "quantity", "code", "timezone",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.0, -0.0, 0.1 + 0.2, 1e308, -5e-324, math.nan, math.inf)
TEXTS = (
    "", " ", "\0", "0", "-1", "1e999", "12,50", "NaN", "true", "null", "\u202eabc", "e\u0301", "\U0001f5a8", "\u0661",
    "64c000000000000000000001", "2026-11-24", "2026-02-30", "2026-11-24T09:00:00.000Z", "9999-12-31T23:59:59-14:00",
    "2026-11-24T09:00:00", "0001-01-01T00:00:00+14:00",
    "ann.lee@example.com", "EUR", "Europe/Sofia", "A" * 300, "../../x", "line\r\nline", "<b>&amp;", "%s{0}", "once",
)  # fmt: skip
ALPHABETS = (range(32, 127), range(0x250), range(0x20, 0xD800), range(0xE000, 0x110000))


def seeded(make: Callable[[random.Random], Any]) -> st.SearchStrategy[Any]:
    """What `make` makes of chance. Hypothesis draws but the seed: to draw every part takes it 20 times longer."""
    return st.binary(min_size=8, max_size=8).map(lambda seed: make(random.Random(seed)))


def some_text(chance: random.Random) -> str:
    if chance.random() < 0.4:
        return chance.choice(TEXTS)
    letters = chance.choice(ALPHABETS)
    return "".join(map(chr, chance.choices(letters, k=chance.randrange(31))))


def some_value(chance: random.Random, depth: int = 3) -> Any:
    """A value of JSON, of any type, some of them as they come from OfficeRnD."""
    match chance.randrange(9 if depth else 7):
        case 0:
            return chance.choice([None, True, False])
        case 1:
            return chance.choice(NUMBERS)
        case 2:
            return chance.choice([chance.randint(-300, 300), chance.getrandbits(100), chance.uniform(-1e6, 1e6)])
        case 7:
            return [some_value(chance, depth - 1) for _ in range(chance.randrange(5))]
        case 8:
            return {some_text(chance): some_value(chance, depth - 1) for _ in range(chance.randrange(5))}
    return some_text(chance)


def some_record(chance: random.Random) -> dict[str, Any]:
    return {name: some_value(chance) for name in chance.sample(NAMES, chance.randrange(11))}


VALUES = seeded(some_value)
RECORDS = seeded(some_record)


@st.composite
def mutated(draw: Callable[..., Any], *examples: bytes) -> bytes:
    """An example with a few bytes changed, left out, or put in."""
    found = bytearray(draw(st.sampled_from(examples)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(found))))
        found[at : at + draw(st.integers(0, 5))] = draw(st.binary(max_size=6))
    return bytes(found)


@pytest.fixture(scope="module")
def folder() -> Any:
    with tempfile.TemporaryDirectory() as made:
        write_secrets(Path(made))
        yield Path(made)


def ends_as_agreed(*words: str) -> None:
    """A command ends with an exit code of the contract and a sentence; "unexpected" is what it must never say."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    said = out.getvalue() + err.getvalue()
    assert ended.value.code in (0, 1, 2, 3, 4, 5) and "nexpected error" not in said and "Traceback" not in said, said


def told(work: Callable[[], Any], own: tuple[type[Exception], ...] = (RelayError,)) -> Any:
    """Return what `work` returns, or the error of its own that it ends with, which says something."""
    try:
        return work()
    except own as error:
        assert str(error).strip()
        return error


# -- files --


@CASES
@given(data=st.data())
def test_settings(folder: Path, data: st.DataObject) -> None:
    text = tomlkit.dumps(raw_settings(folder)).encode()
    content = data.draw(st.binary(max_size=200) | mutated(text))
    file = folder / "fuzzed.toml"
    file.write_bytes(content)
    ends_as_agreed("--config", str(file), "--json", "journal", "--since", "2026-13-01")


@CASES
@given(
    section=st.sampled_from(sorted(raw_settings(Path()))),
    key=st.sampled_from(NAMES) | st.text(max_size=12),
    value=VALUES,
)
def test_values_of_settings(folder: Path, section: str, key: str, value: Any) -> None:
    found = told(lambda: example_settings(folder, **{section: {key: value}}))
    assert isinstance(found, Settings) or found.problems


@CASES
@given(content=st.binary(max_size=300) | mutated(b'[site]\nname = "hq"\n[papercut]\nmake_token = true\n'))
def test_answers_for_a_set_up(folder: Path, content: bytes) -> None:
    file = folder / "answers.toml"
    file.write_bytes(content)
    ends_as_agreed("--config", str(folder / "new.toml"), "init", "--answers", str(file))


@CASES
@given(content=st.binary(max_size=200) | RECORDS.map(lambda value: json.dumps(value).encode()))
def test_a_field_record(folder: Path, content: bytes) -> None:
    file = folder / "record.json"
    file.write_bytes(content)
    found = told(lambda: read_record(file))
    assert isinstance(found, UsageError) or found.keys() == {"papercut", "officernd"}


@CASES
@given(content=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps({"format": 1, "members": value}).encode()))
def test_a_snapshot(made: Settings, content: bytes) -> None:
    made.site.state_dir.mkdir(exist_ok=True)
    snapshot._path(made).write_bytes(content)
    assert snapshot.load(made) is None


# -- answers of the two systems --

_XML = (
    b"<?xml version='1.0'?><methodResponse><params><param><value><array><data><value><double>-7.5</double></value>"
    b"</data></array></value></param></params></methodResponse>",
    b"<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>262</int>"
    b"</value></member></struct></value></fault></methodResponse>",
)


@CASES
@given(body=st.binary(max_size=300) | mutated(*_XML))
def test_an_xml_rpc_answer(body: bytes) -> None:
    found = told(lambda: wire.answer(body), (wire.Fault, wire.Unreadable))
    assert found is None or isinstance(found, (bool, int, float, str, list, dict, wire.Fault, wire.Unreadable))


READS: dict[str, Callable[[OfficeRnD], Any]] = {
    "members": lambda one: one.members(),
    "companies": lambda one: one.companies(),
    "plans": lambda one: one.plans(),
    "memberships": lambda one: one.memberships(),
    "fees": lambda one: one.fees(member="m1"),
    "locations": lambda one: one.locations(),
}


def asks_for_a_token(server: responses.RequestsMock, made: Settings, **answer: Any) -> None:
    (made.site.state_dir / token.FILE_NAME).unlink(missing_ok=True)  # a good one of the case before is not asked for
    form = {"grant_type": "client_credentials", "client_id": "relay", "client_secret": "secret-of-relay"}
    form["scope"] = " ".join(sorted(token.scopes(made)))
    server.add(responses.POST, made.officernd.token_url, match=[urlencoded_params_matcher(form)], **answer)


@pytest.mark.parametrize("name", list(READS))
@CASES
@given(data=st.data())
def test_a_list_of_officernd(made: Settings, name: str, data: st.DataObject) -> None:
    rows = st.lists(RECORDS, max_size=3)
    body = data.draw(
        st.binary(max_size=200)
        | rows.map(lambda found: json.dumps({"results": found, "cursorNext": None}).encode())
        | VALUES.map(lambda value: json.dumps(value).encode())
    )
    with responses.RequestsMock() as server:
        asks_for_a_token(server, made, json={"access_token": "t1", "expires_in": 3600})
        with_it = [header_matcher({"Authorization": "Bearer t1"})]
        server.add(responses.GET, re.compile("http://127.0.0.1:9999/.*"), body=body, match=with_it)
        found = told(lambda: READS[name](OfficeRnD(made, StillClock())))
    assert isinstance(found, RelayError) or all(one.id for one in found)


@CASES
@given(value=VALUES, kind=st.sampled_from(["access_token", "expires_in", "token_type"]))
def test_a_token(made: Settings, value: Any, kind: str) -> None:
    body = json.dumps({"access_token": "t1", "expires_in": 3600} | {kind: value})
    with responses.RequestsMock() as server:
        asks_for_a_token(server, made, body=body)
        found = told(lambda: token.TokenSource(made, StillClock(), requests.Session()).get())
    assert isinstance(found, RelayError) or re.fullmatch("[!-~]+", found)  # what a header may hold


# -- what PaperCut gives the two programs --

_HAND_OVER = ("settings.json", "directory/CURRENT", "state/token.json")


def _lines(given_: bytes) -> Callable[[int], bytes]:
    waiting = [given_]

    def read_line(limit: int) -> bytes:
        end = waiting[0].find(b"\n") + 1 or len(waiting[0])
        line, waiting[0] = waiting[0][: min(end, limit)], waiting[0][min(end, limit) :]
        return line

    return read_line


@CASES
@given(typed=st.binary(max_size=80), name=st.sampled_from(_HAND_OVER), content=st.binary(max_size=120))
def test_a_login(typed: bytes, name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as home:
        file = Path(home, name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        out: list[bytes] = []
        said: list[str] = []
        auth_program.serve(lambda: home, _lines(typed), out.append, said.append, 5)
    assert (b"".join(out), len(said)) == (b"ERROR\n", 1)


@CASES
@given(
    words=st.lists(
        st.text(max_size=20) | st.sampled_from(["-", "all-users", "get-user-details", "is-user"]), max_size=5
    ),
    content=st.binary(max_size=120),
)
def test_a_query_of_the_user_source(words: list[str], content: bytes) -> None:
    with tempfile.TemporaryDirectory() as home:
        file = Path(home, "directory", "CURRENT")
        file.parent.mkdir()
        file.write_bytes(content)
        out: list[bytes] = []
        said: list[str] = []
        code = user_source.serve(lambda: home, lambda: words, _lines(b""), out.append, said.append)
    assert code == 1 and len(said) == 1 and b"".join(out) == b"" and "Error)" not in said[0], said
