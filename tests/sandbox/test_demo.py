"""The demo keeps every promise that it tells of, accounts for everybody, and ends where it is told to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relay.cli.failure import main
from relay.errors import UsageError
from relay.progress import Progress
from relay.sandbox import demo, dialog, rhino


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[demo.Story, str, Path, list[Path]]:
    """Return the story of a small organisation, what was said, where it was kept, and what `stay` was called with."""
    kept, lines, stayed = tmp_path_factory.mktemp("demo") / "kept", list[str](), list[Path]()
    story = demo.tell(
        members=30, keep=kept, say=lines.append, progress=Progress(), stay=lambda file: stayed.append(file), days=8
    )
    return story, "\n".join(lines), kept, stayed


def test_the_days_are_told_and_every_promise_is_kept(told: tuple[demo.Story, str, Path, list[Path]]) -> None:
    story, text, kept, stayed = told
    assert story.exit_code == 0, story.promises
    assert len(story.promises) == 8
    assert "2.00 EUR -> -1.00 EUR" in text and "-1.00 EUR -> 0.00 EUR" in text
    assert "with a wrong password: refused" in text
    assert "all four equations hold" in text
    assert stayed == [kept / "relay.toml"] and stayed[0].exists()


def test_everybody_is_accounted_for(told: tuple[demo.Story, str, Path, list[Path]]) -> None:
    story, text, _, _ = told
    everybody = story.as_json()["members"]
    assert everybody["members"] == 30
    assert everybody["get_account"] + everybody["need_answer"] + everybody["may_not_print"] == 30
    assert f"30 members: {everybody['get_account']} get an account, {everybody['need_answer']} need" in text


def test_the_print_scripts_question_is_shown(told: tuple[demo.Story, str, Path, list[Path]]) -> None:
    _, text, _, _ = told
    assert "+-- Before this prints ---" in text and "Print “Offer.pdf”?" in text and "[ Print ]   [ Cancel ]" in text


@pytest.mark.needs("rhino")
def test_the_picture_of_the_question_is_what_the_script_asks(told: tuple[demo.Story, str, Path, list[Path]]) -> None:
    """Where Java is missing the demo shows a picture; it must not differ from what Rhino says."""
    _, text, _, _ = told
    assert rhino.find_rhino() is not None
    for line in dialog.drawn(dialog.PICTURE):
        assert line in text


def test_a_folder_with_settings_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("# ours\n")
    with pytest.raises(UsageError, match="name another"):
        demo.tell(members=5, keep=tmp_path, say=print, progress=Progress())
    assert [path.name for path in tmp_path.iterdir()] == ["relay.toml"]


def test_a_promise_that_is_not_kept_is_a_failure() -> None:
    story = demo.Story(promises={"one": True, "two": False})
    assert story.exit_code == 1
    assert story.as_json()["ok"] is False


@pytest.mark.parametrize("words", [["--json"], ["--no-console"], []])
def test_without_a_terminal_it_does_not_stay(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts get their prompt back: with the option, with JSON, and whenever standard output is no terminal."""
    given = []

    def tell(**arguments: object) -> demo.Story:
        given.append(arguments["stay"])
        return demo.Story()

    monkeypatch.setattr(demo, "tell", tell)
    with pytest.raises(SystemExit) as ended:
        main(["demo", *words])
    assert (ended.value.code, given) == (0, [None])
    printed = capsys.readouterr().out
    assert json.loads(printed)["ok"] is True if "--json" in words else printed == ""


def test_on_a_terminal_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def tell(**arguments: object) -> demo.Story:
        given.append(arguments["stay"])
        return demo.Story()

    monkeypatch.setattr(demo, "tell", tell)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with pytest.raises(SystemExit):
        main(["demo"])
    assert given != [None] and callable(given[0])
