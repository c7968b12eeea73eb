"""The user source answers PaperCut's every question from the hand-over files, or says nothing and why."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from papercut_scripts import answers, handover
from relay.people.act import publish
from relay.people.directory import DirectoryUser, directory_of
from tests.support.papercut_site import ANN, SCRIPTS, Site, run_program, sample_directory

ANN_5 = "ann.lee_example.com\tÄnn Lee\tAnn.Lee@Example.com\tAcme & Söhne\tHQ\n"
ANN_10 = ANN_5[:-1] + "\t4711\tann@home.example\t4712\tannie\t\\\\server\\ann\n"
COMPANY = "Acme & Söhne"
Damage = Callable[[Site], object]


def ask(site: Site, *words: str, stdin: str = "") -> str:
    return answers.answer(str(site.home), ["-", *words], lambda limit: stdin.encode()[:limit])[0].decode()


def test_all_users_are_listed_whatever_their_standing(site: Site) -> None:
    """Somebody missing from the list would read as having left."""
    lines = ask(site, "all-users").splitlines(keepends=True)
    assert ANN_5 in lines
    assert sorted(line.split("\t")[0] for line in lines) == [user.username for user in sample_directory().users]
    assert all(line.count("\t") == 4 for line in lines)
    assert ask(site, "get-all-users").splitlines(keepends=True) == lines


def test_long_records_have_ten_fields(site: Site) -> None:
    publish.publish(sample_directory(), site.settings, record_fields=10, now=datetime.now(UTC))
    lines = ask(site, "all-users").splitlines(keepends=True)
    assert ANN_10 in lines
    assert all(line.count("\t") == 9 for line in lines)
    assert ask(site, "get-user-details", stdin="annie\n") == ANN_10


def test_the_name_of_one_user_may_come_as_an_argument_too(site: Site) -> None:
    """Documented is standard input; nobody has shown a captured call."""
    assert ask(site, "get-user-details", ANN.username) == ask(site, "get-user-details", stdin=f"{ANN.username}\n")
    with pytest.raises(handover.Doubt, match="takes 0 arguments, not 2"):
        ask(site, "get-user-details", ANN.username, "more")


def test_an_internal_user_is_echoed_in_its_group_and_nowhere_else(site: Site) -> None:
    """No sync takes it out of the group, and none makes a second account of it."""
    assert ask(site, "group-member-names", "Staff") == "frontdesk\n"
    assert "frontdesk" not in ask(site, "all-users")
    with pytest.raises(handover.NotListed):
        ask(site, "get-user-details", stdin="frontdesk")


def test_a_user_and_a_group_of_the_same_name(site: Site) -> None:
    """Where both readings are possible and differ, nothing is answered."""
    directory = directory_of([DirectoryUser("red", groups=("blue",)), DirectoryUser("blue")], ["red", "blue"])
    publish.publish(directory, site.settings, record_fields=5, now=datetime.now(UTC))
    with pytest.raises(answers.Doubt, match="two readings"):
        ask(site, "is-user-in-group", "red", "blue")
    assert ask(site, "is-user-in-group", "red", "red") == "N\n"


QUESTIONS = [
    (("is-valid",), ""),
    (("all-users",), ""),
    (("all-groups",), ""),
    (("group-members", COMPANY), ""),
    (("group-member-names", COMPANY), ""),
    (("is-user-in-group", COMPANY, ANN.username), ""),
    (("get-user-details",), "annie\n"),
]


def _current(site: Site) -> Path:
    return site.home / "directory" / "CURRENT"


def _generation(site: Site) -> Path:
    return _current(site).with_name(_current(site).read_text().strip())


def _files(site: Site) -> list[Path]:
    return [path for path in _generation(site).rglob("*") if path.is_file()]


def _every_file(change: Callable[[bytes], bytes]) -> Damage:
    def damage(site: Site) -> None:
        for path in _files(site):
            path.write_bytes(change(path.read_bytes()))

    return damage


def _remove_files(site: Site) -> None:
    for path in _files(site):
        path.unlink()


def _files_of_another_generation(site: Site) -> None:
    here = _generation(site)
    publish.publish(sample_directory(), site.settings, record_fields=5, now=datetime.now(UTC))
    shutil.rmtree(_generation(site))
    shutil.copytree(here, _generation(site))


def _with_another_sum(data: bytes) -> bytes:
    """Return it with a digit changed in the first line, where the age and the number of fields stand."""
    head, _, body = data.partition(b"\n")
    fields = head.split(b"\t")
    fields[5] = b"9" + fields[5][1:]
    return b"\t".join(fields) + b"\n" + body


def _with_a_flipped_bit(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[-2 if data.count(b"\n") > 1 else -1] ^= 4
    return bytes(changed)


DAMAGES: dict[str, Damage] = {
    "no home": lambda site: shutil.rmtree(site.home),
    "no CURRENT": lambda site: _current(site).unlink(),
    "CURRENT names nothing": lambda site: _current(site).write_text("20200101T000000Z-abcdef-1\n"),
    "CURRENT is empty": lambda site: _current(site).write_text(""),
    "CURRENT points elsewhere": lambda site: _current(site).write_text("../../1"),
    "half copied": _every_file(lambda data: data[:-3]),
    "grown": _every_file(lambda data: data + b"x\n"),
    "emptied": _every_file(lambda data: b""),
    "another version": _every_file(lambda data: data.replace(b"directory\t1\t", b"directory\t2\t", 1)),
    "another file kind": _every_file(lambda data: data.replace(b"papercut-officernd-directory", b"something-else", 1)),
    "another digit in the first line": _every_file(_with_another_sum),
    "a flipped bit in the body": _every_file(_with_a_flipped_bit),
    "another generation": _files_of_another_generation,
    "files missing": _remove_files,
}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0][0])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_directory_answers_nothing(site: Site, damage: Damage, question: tuple[tuple[str, ...], str]) -> None:
    damage(site)
    with pytest.raises(answers.Doubt) as caught:
        ask(site, *question[0], stdin=question[1])
    assert "papercut-relay sync" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0][0])
def test_the_age_limit(site: Site, question: tuple[tuple[str, ...], str]) -> None:
    """An old directory cannot say who is missing or who is in a group; about one person it still can."""
    published = datetime.now(UTC) - timedelta(hours=36, seconds=5)
    publish.publish(sample_directory(), site.settings, record_fields=5, now=published)
    if question[0][0] in ("get-user-details", "is-valid"):
        answer, note = answers.answer(str(site.home), ["-", *question[0]], lambda limit: question[1].encode())
        assert answer
        assert bool(note) == (question[0][0] == "get-user-details")
        return
    with pytest.raises(answers.Doubt, match="older than allowed"):
        ask(site, *question[0], stdin=question[1])


def test_just_within_the_age_limit(site: Site) -> None:
    published = datetime.now(UTC) - timedelta(hours=35, minutes=59)
    publish.publish(sample_directory(), site.settings, record_fields=5, now=published)
    assert ask(site, "all-users")


def test_an_empty_directory_is_not_answered_as_if_all_had_left(site: Site) -> None:
    publish.publish(directory_of([]), site.settings, record_fields=5, now=datetime.now(UTC))
    with pytest.raises(answers.Doubt, match="nobody"):
        ask(site, "all-users")


def test_a_reader_that_races_with_publications_finds_the_new_generation(site: Site) -> None:
    reader = handover.DirectoryInForce(str(site.home))
    for _ in range(4):
        publish.publish(sample_directory(), site.settings, record_fields=5, now=datetime.now(UTC))
    facts, _ = reader.person("annie")
    assert facts["username"] == ANN.username
    assert reader.generation == _generation(site).name


@pytest.mark.parametrize("folder", ["papercut_scripts", "a folder with blanks", "json", "v1.2-ü"])
def test_the_program_runs_as_a_plain_file_in_a_folder_of_any_name(site: Site, tmp_path: Path, folder: str) -> None:
    copy = tmp_path / "copies" / folder
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    done = run_program("user_source", "-", "group-members", COMPANY, folder=copy)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, f"admin\n{ANN_5}", b"")


def test_the_program_refuses_with_one_sentence_and_exit_1(site: Site) -> None:
    done = run_program("user_source", "-", "get-user-details", stdin=b"nobody\n")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b'The directory knows no user "nobody".\n'


def test_the_program_does_not_wait_for_the_end_of_its_input(site: Site) -> None:
    command = [sys.executable, str(SCRIPTS / "user_source.py"), "-", "user-details"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin and program.stdout
        program.stdin.write(b"annie\n")
        program.stdin.flush()
        assert program.stdout.read().decode() == ANN_5
    assert program.returncode == 0


def test_the_program_does_not_wait_for_ever_for_its_input(site: Site) -> None:
    code = (
        "import sys; from papercut_scripts import user_source as u;"
        "u.INPUT_S = 0.4; sys.argv = ['u', '-', 'user-details']; u.main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=SCRIPTS.parent,
    ) as program:
        assert program.stdout and program.stderr
        assert (program.stdout.read(), program.stderr.read()) == (b"", b"No username came on standard input.\n")
        assert program.wait(60) == 1
    assert site.log("user_source")[0]["exit"] == 1


def test_every_question_is_logged(site: Site) -> None:
    run_program("user_source", "-", "group-members", COMPANY)
    run_program("user_source", "-", "group-members", "nobody")
    first, second = site.log("user_source")
    assert (first["query"], first["exit"], first["bytes"]) == (
        f"- group-members {COMPANY}",
        0,
        len(ANN_5.encode()) + len("admin\n"),
    )
    assert (second["exit"], second["bytes"], second["note"]) == (1, 0, 'The directory lists no group named "nobody".')
    assert abs(datetime.fromisoformat(first["time"]).timestamp() - time.time()) < 60
