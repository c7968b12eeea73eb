"""Erasing a person: what names them goes, and the books add up as before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from relay import held_files, money
from relay.database import metadata, reading
from relay.erase import erase
from relay.errors import RelayError, UnsafePlan, UsageError
from relay.jobs import tables as jobs
from relay.money.ledger import records
from relay.people.decide import cards
from relay.run import recorded
from tests.support.bean_check import complaints
from tests.support.money_world import Site

pytestmark = pytest.mark.windows

WHY = "asked for it"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, {})


@pytest.fixture
def gone(site: Site) -> str:
    """Ann Lee, who was billed, whose balance is zero, and who has left; Bob is still there."""
    ann = site.person("ann.lee")
    site.person("bob")
    for name in ("ann.lee", "bob"):
        site.prints(name, 2.5)
    site.settle()
    with site.database.begin() as connection:
        connection.execute(
            insert(jobs.people).values(
                site="hq", username="ann.lee", since=site.clock.now(), member_id=ann, company_id="c",
                company_name="Acme", full_name="Ann Lee",
            )
        )  # fmt: skip
    site.relink("ann.lee", standing="gone", cards_written=cards.digest(ann, "0042"))
    return ann


def stored(site: Site) -> str:
    with reading(site.database) as connection:
        return "\n".join(
            json.dumps(dict(row), default=str)
            for table in metadata.sorted_tables
            for row in connection.execute(select(table)).mappings()
        ).lower()


@pytest.mark.parametrize("who", ["ann.lee", "ANN.LEE@example.com", "Ann Lee"])
def test_nothing_that_names_the_person_is_left_and_the_books_add_up(site: Site, gone: str, who: str) -> None:
    before = money.journal(site.context).render("beancount")
    told = erase(site.context, who, reason=WHY)
    assert told.member_id == gone
    left = stored(site)
    assert [word for word in ("ann.lee", "ann lee", cards.digest(gone, "0042")) if word in left] == []
    assert "bob" in left
    after = money.journal(site.context).render("beancount")
    assert before.replace('"ann.lee"', f'"erased-{gone}"') == after
    assert complaints(after) == []
    assert site.settle().exit_code == 0


def test_a_second_time_changes_nothing(site: Site, gone: str) -> None:
    erase(site.context, gone, reason=WHY)
    before = site.ledger_rows()
    assert erase(site.context, gone, reason=WHY).rows == {}
    assert site.ledger_rows() == before


def test_lines_of_the_logs_that_name_the_person_go(site: Site, gone: str) -> None:
    folder = site.settings.site.state_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"who": "eve", "action": "approve", "subject": "ann.lee"}),
        json.dumps({"who": "eve", "action": "approve", "subject": "joann.lees"}),
        f"2026-11-30 INFO fee for {gone}",
        "half a line",
    ]
    (folder / "console.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert erase(site.context, "ann.lee", reason=WHY).lines == {"console.log": 2}
    kept = (folder / "console.log").read_text(encoding="utf-8").splitlines()
    assert kept == [lines[1], lines[3]]


def linked(site: Site) -> None:
    site.relink("ann.lee", standing="active")


def owing(site: Site) -> None:
    site.relink("ann.lee", standing="active")
    site.prints("ann.lee", 0.004)
    site.settle()
    site.relink("ann.lee", standing="gone")


@pytest.mark.parametrize("make", [linked, owing])
def test_it_is_refused_while_linked_or_owing(site: Site, gone: str, make: Any) -> None:
    make(site)
    before = stored(site)
    with pytest.raises(UnsafePlan) as refused:
        erase(site.context, gone, reason=WHY)
    assert (refused.value.exit_code, refused.value.code, stored(site)) == (3, "not_erasable", before)


def test_who_is_not_known_or_several_is_a_wrong_question(site: Site, gone: str) -> None:
    for who in ("nobody", ""):
        with pytest.raises(UsageError):
            erase(site.context, who, reason=WHY)
    with pytest.raises(UsageError):
        erase(site.context, gone, reason=" ")


@pytest.mark.parametrize("folder", ["state", "programs"])
def test_no_line_is_taken_out_while_another_program_writes(
    site: Site, gone: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process adds a line: rewriting the file meanwhile would lose it."""
    monkeypatch.setattr(held_files, "PATIENCE_S", 0)
    settings = site.settings
    logs = (settings.site.state_dir if folder == "state" else settings.scripts.home) / "logs"
    logs.mkdir(parents=True)
    log = logs / "auth.log"
    log.write_text("ann.lee was here\n", encoding="utf-8")
    take = (
        "filelock.FileLock(sys.argv[1]).acquire()" if folder == "state" else "compat.Lock(sys.argv[1], 0).__enter__()"
    )
    code = (
        f"import sys, filelock; from papercut_scripts import compat; held = {take}; print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(logs / "auth.log.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(RelayError, match="erase once more"):
            erase(site.context, "ann.lee", reason=WHY)
        assert log.read_text(encoding="utf-8") == "ann.lee was here\n"
        other.communicate("\n")
    assert erase(site.context, gone, reason=WHY).lines == {"auth.log": 1}


def test_the_reason_is_kept_among_the_runs_also_after_a_second_time(site: Site, gone: str) -> None:
    for _ in range(2):
        recorded(site.context, "erase", lambda: erase(site.context, gone, reason=WHY))
    with reading(site.database) as connection:
        kept = [run.summary for run in records.last_runs(connection, "hq", 9) if run.kind == "erase"]
    assert [(one["member_id"], one["reason"]) for one in kept] == [(gone, WHY)] * 2
