"""Both programs behave by one table under CPython and Jython: what is answered, logged, and heard by OfficeRnD."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from relay.people.act import publish
from relay.people.directory import DirectoryUser, directory_of
from tests.support import table_driver
from tests.support.behaviour import AUTH, QUERIES, Login, Query, State
from tests.support.jvm import run_rows
from tests.support.papercut_site import sample_directory
from tests.support.settings_example import example_settings
from tests.support.signin_server import SigninServer

INTERPRETERS = ("cpython", "jython")


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One published home for each kind of directory; rows work on copies of them."""
    now = datetime.now(UTC)
    eve = DirectoryUser("eve", email="eve@example.com", groups=("Acme & Söhne",), standing="renaming")
    many = [
        DirectoryUser(
            f"user{number}",
            email=f"USER{number}@example.org",
            member_id=f"{number:024x}",
            logins=(f"user{number}@example.org",),
        )
        for number in range(4500)
    ]
    kinds = {
        "sample": (sample_directory(), 5, now),
        "long": (sample_directory(), 10, now),
        "stale": (sample_directory(), 5, now - timedelta(hours=37)),
        "renaming": (sample_directory(eve), 5, now),
        "many": (directory_of(many), 5, now),
    }
    found = {}
    for name, (directory, fields, moment) in kinds.items():
        settings = example_settings(tmp_path_factory.mktemp(name))
        publish.publish(directory, settings, record_fields=fields, now=moment)
        publish.publish_programs(settings, now=moment)
        found[name] = settings.scripts.home
    return found


@dataclass
class Ran:
    """What a row did, as plain values, so that two test processes can share one virtual machine's work."""

    result: dict[str, Any]
    log: list[dict[str, Any]]
    signins: list[dict[str, str]]
    token_calls: int
    home: str


Run = Callable[[str, Login | Query], Ran]


@pytest.fixture(scope="session")
def jython_rows(
    homes: dict[str, Path], server: SigninServer, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> dict[str, Ran]:
    """Run all rows of the table under Jython in one virtual machine; return what each did, by its name."""
    base = tmp_path_factory.getbasetemp()
    done = (base if worker_id == "master" else base.parent) / "jython_rows.json"
    with FileLock(f"{done}.lock"):
        if not done.exists():
            folder = tmp_path_factory.mktemp("jython")
            rows: list[Login | Query] = [*AUTH, *QUERIES]
            prepared = [_prepare(row, folder / f"{number}", homes, server) for number, row in enumerate(rows)]
            results = run_rows(folder, [values for _, values in prepared])
            table = {
                row.name: asdict(_ran(row, state, result))
                for row, (state, _), result in zip(rows, prepared, results, strict=True)
            }
            done.write_text(json.dumps(table))
    return {name: Ran(**values) for name, values in json.loads(done.read_text()).items()}


@pytest.fixture
def ran(request: pytest.FixtureRequest, homes: dict[str, Path], server: SigninServer, tmp_path: Path) -> Run:
    """Return what a row does under an interpreter."""

    def run(interpreter: str, row: Login | Query) -> Ran:
        if interpreter == "jython":
            rows: dict[str, Ran] = request.getfixturevalue("jython_rows")
            return rows[row.name]
        state, prepared = _prepare(row, tmp_path / f"{len(server.realms)}", homes, server)
        return _ran(row, state, table_driver.run_row(prepared))

    return run


def _prepare(
    row: Login | Query, target: Path, homes: dict[str, Path], server: SigninServer
) -> tuple[State, dict[str, Any]]:
    shutil.copytree(homes[row.directory], target)
    state = State(target, server.realm(f"row{len(server.realms)}"))
    state.settings(api_url=state.realm.api_url, token_url=state.realm.token_url)
    for setup in row.setup:
        setup(state)
    prepared: dict[str, Any] = {"home": str(target), "stdin": row.stdin.hex()}
    if isinstance(row, Login):
        return state, {**prepared, "program": "auth", "limit_s": row.limit_s or 60}
    return state, {**prepared, "program": "user_source", "words": list(row.words)}


def _ran(row: Login | Query, state: State, result: dict[str, Any]) -> Ran:
    log = state.home / "logs" / ("auth.log" if isinstance(row, Login) else "user_source.log")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return Ran(result, lines, state.realm.signins, len(state.realm.token_calls), str(state.home))


def test_the_table_names_each_row_once() -> None:
    names = [row.name for row in (*AUTH, *QUERIES)]
    assert len(names) == len(set(names)) and len(names) > 300


@pytest.mark.parametrize("interpreter", INTERPRETERS)
@pytest.mark.parametrize("row", AUTH, ids=lambda row: row.name)
def test_logins(interpreter: str, row: Login, ran: Run) -> None:
    did = ran(interpreter, row)
    line = did.log[0]
    assert (line["verdict"], line["reason"]) == (row.verdict, row.reason), line
    assert bytes.fromhex(did.result["out"]) == row.out
    assert bool(did.result["error"]) == (row.verdict != "accepted")
    assert line["username"] == row.username
    if row.limit_s is not None:
        assert did.result["ms"] < row.limit_s * 1000 + 2000
    if row.signins is not None:
        assert len(did.signins) == row.signins
    if row.tokens is not None:
        assert did.token_calls == row.tokens
    if row.by is not None:
        assert line["by"] == row.by
    assert line.items() >= row.log.items()
    if len(row.password.encode()) > 8:
        _assert_in_no_file(row.password, Path(did.home))
    if row.reason == "password":
        assert did.signins[-1]["password"] == row.password


@pytest.mark.parametrize("interpreter", INTERPRETERS)
@pytest.mark.parametrize("row", QUERIES, ids=lambda row: row.name)
def test_queries(interpreter: str, row: Query, ran: Run) -> None:
    did = ran(interpreter, row)
    line = did.log[0]
    if row.out is None:
        assert (did.result["code"], did.result["out"]) == (1, "")
        assert row.said in did.result["error"] and "\n" not in did.result["error"]
        assert (line["exit"], line["note"]) == (1, did.result["error"])
    else:
        assert (did.result["code"], did.result["error"]) == (0, "")
        assert bytes.fromhex(did.result["out"]).decode() == row.out
        assert (line["exit"], line["bytes"]) == (0, len(row.out.encode()))
    assert line["query"] == " ".join(row.words)


def _assert_in_no_file(password: str, home: Path) -> None:
    """Whatever was typed as a password, right or wrong, stands in nothing that was written meanwhile."""
    escaped = json.dumps(password)[1:-1].encode()
    for path in home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert password.encode() not in data and escaped not in data, path
