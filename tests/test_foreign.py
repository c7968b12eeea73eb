"""Text from outside on a terminal, in JSON and on a page: seen, and obeyed by nobody."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from relay import foreign
from relay.cli import terminal
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.errors import RelayError
from tests.support.settings_example import example_settings

NASTY = [
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "a\rb",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\u200bhidden",
    "\ufeff",
    "\x7f",
    "\u2028",
    "\ud800",
]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_what_cannot_be_seen_is_written_out(text: str) -> None:
    seen = foreign.visible(text)
    assert seen.isprintable() and "\\" in seen
    assert foreign.visible(seen) == seen
    assert RelayError(text).message.isprintable()


@pytest.mark.parametrize("text", ["Ann Lee", "Jürgen Müller-Østergård", "بهار\u200cنو", "👩\u200d💻", "a\nb"])
def test_names_of_people_stay_as_they_are(text: str) -> None:
    assert text == foreign.visible(text)


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_json_keeps_its_meaning(text: str) -> None:
    told = foreign.visible_json(json.dumps({"name": text, "other": "ü"}, ensure_ascii=False))
    assert told.isprintable() and {"name": text, "other": "ü"} == json.loads(told)


def test_what_is_shown_of_a_text_ends() -> None:
    assert 300 == len(foreign.shown("x" * 100_000))
    assert "a b" == foreign.shown("a\r\n\n b")


@pytest.mark.parametrize("text", [*NASTY, "[bold]x[/]", "[/]", "[link=http://evil.example]x[/link]"], ids=ascii)
def test_a_table_on_a_terminal_obeys_no_name(text: str) -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, markup=False, width=200)
    console.print(terminal.table("Held", ["user"], [[text]]))
    assert foreign.visible(text).strip() in written.getvalue()
    assert "evil.example\x1b" not in written.getvalue() and "\x1b]8" not in written.getvalue()


@pytest.mark.parametrize("text", NASTY[:-1], ids=ascii)
def test_a_page_shows_it_too(tmp_path: Path, text: str) -> None:
    place = Desk(example_settings(tmp_path))
    try:
        rendered = make_app(place).jinja_env.from_string("<b>{{ name }}</b>").render(name=text)
    finally:
        place.close()
    assert rendered.isprintable() and "\\" in rendered
