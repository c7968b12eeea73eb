"""A command that may open only so many files: one sentence, nothing half-written, the lock free, nothing twice."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from relay.people.act import publish
from relay.sandbox.pair import Pair
from tests.support.forked_relay import Ended, ForkedRelay

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="fork and limits on open files are not on this system")
Relay = Callable[..., Ended]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with Pair(tmp_path, members=4) as found:
        yield found


@pytest.fixture
def relay(pair: Pair, forked_relay: ForkedRelay) -> Relay:
    return partial(forked_relay, "--config", pair.config_file)


def generation(pair: Pair) -> str:
    """Return the directory in force, which must be whole, "" where there is none yet."""
    current = pair.home / "directory" / "CURRENT"
    if not current.exists():
        return ""
    name = current.read_text().strip()
    assert (pair.home / "directory" / name).is_dir()
    return name


def test_with_few_files_nothing_is_half_done(pair: Pair, relay: Relay) -> None:
    """Each command with one more open file than the time before, from none at all to enough; it says what is short."""
    for word in ("sync", "settle"):
        if word == "settle":
            login = pair.logins(1)[0]
            pair.papercut.print_job(
                login=(login.email, login.password), printer="Colour", pages=24, colour_pages=9, document="Offer.pdf"
            )
        for files in range(3, 60):
            answer = relay(word, files=files)
            generation(pair)
            if answer.code == 0:
                break
            told = answer.stderr.splitlines()[-1].strip()
            unread = told.startswith(("The settings file", "- "))  # the file, or secrets of it, a line each
            assert answer.code == (2 if unread else 1), (files, answer)
            assert any(why in told for why in ("open files", "open more files", "unable to open")), (files, answer)
            assert "Traceback" not in answer.stderr and "unexpected" not in told, (files, told)
            assert told.endswith((".", "?")) or told.startswith("- "), (files, told)
        assert answer.code == 0 and files > 8, "it never was too few"
    assert generation(pair)
    settled = relay("settle", "--json")
    assert (settled.code, json.loads(settled.stdout)["movements"]) == (0, [])
    assert [fee["price"] for fee in pair.officernd.fees()] == [3.0]
    assert json.loads(relay("plan", "--json").stdout)["changes"] == []


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.EMFILE, "open more files at once"),
        (errno.ENFILE, "open more files at once"),
        (errno.ENOSPC, "make room"),
        (errno.EACCES, "give the account"),
    ],
)
def test_what_to_do_follows_from_the_reason(number: int, what: str, tmp_path: Path) -> None:
    """A full disk is no matter of rights."""
    assert what in publish._unwritable(tmp_path, OSError(number, os.strerror(number))).message
