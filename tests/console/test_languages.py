"""The console in other languages: each catalogue is complete, each page goes through it, and none opens a hole."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from flask import Flask, render_template_string
from jinja2 import nodes
from lxml import html

from relay import language
from relay.cli import catalogue
from relay.console.app import make_app
from relay.web import speak_languages
from tests.console.conftest import MakeDesk
from tests.support.other_language import BRACKETED, outside, words
from tests.support.visitor import Visitor

TEMPLATES = Path(language.__file__).parent / "console" / "templates"
OTHERS = [code for code in language.codes() if code != language.SOURCE]
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


# -- each catalogue ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def searched() -> tuple[set[Any], str]:
    """Every sentence of the code, and what the search for them warned of."""
    with contextlib.redirect_stderr(io.StringIO()) as warned:
        return {message for _, message in catalogue.found()}, warned.getvalue()


@pytest.fixture
def sentences(searched: tuple[set[Any], str]) -> set[Any]:
    return searched[0]


def test_the_catalogues_find_every_sentence_and_warn_of_none(searched: tuple[set[Any], str]) -> None:
    """The finder of sentences warns of what is put together, and overlooks a call deep within another one."""
    found, warned = searched
    assert "" == warned
    assert set() == written() - {form for one in found for form in ((one,) if isinstance(one, str) else one)}


def written() -> set[str]:
    """Return the sentences that stand in calls of the code, read as Python reads it."""
    found = set()
    for file in catalogue.ROOT.rglob("*.py"):
        if not {"installer", "sandbox"} & set(file.parts):
            calls = (node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Call))
            marked = (call for call in calls if getattr(call.func, "id", "") in catalogue.KEYWORDS)
            first = (form for call in marked for form in call.args[:2] if isinstance(form, ast.Constant))
            found |= {str(form.value) for form in first if isinstance(form.value, str) and form.value}
    return found


@pytest.fixture(params=OTHERS)
def texts(request: pytest.FixtureRequest) -> Catalog:
    with language.file_of(request.param).open("rb") as file:
        return read_po(file, locale=request.param, abort_invalid=True)


def of(texts: Catalog) -> Iterator[tuple[Message, tuple[str, ...], tuple[str, ...]]]:
    """Yield each sentence with its English forms and those of the language."""
    for message in texts:
        if message.id:
            given = message.string if isinstance(message.string, tuple) else (message.string,)
            yield message, message.id if isinstance(message.id, tuple) else (message.id,), given


def test_a_catalogue_has_exactly_the_sentences_of_the_code(texts: Catalog, sentences: set[Any]) -> None:
    """Run `python -m relay.cli.catalogue` after a change of a sentence, then translate what is new."""
    known = {message.id for message, _, _ in of(texts)}
    assert (set(), set()) == (sentences - known, known - sentences)
    assert not texts.obsolete


def test_every_sentence_is_translated(texts: Catalog) -> None:
    untold = [message.id for message, _, given in of(texts) if message.fuzzy or not all(given)]
    assert [] == untold
    forms = {len(given) for message, _, given in of(texts) if isinstance(message.id, tuple)}
    assert {texts.num_plurals} == forms


def test_a_translation_has_the_values_and_the_markup_of_its_sentence(texts: Catalog) -> None:
    """A singular may do without its count; a tag that the English has not would be markup of somebody else."""
    for message, english, given in of(texts):
        for form in given:
            assert values(form) <= set().union(*map(values, english)), message.id
            assert values(form) | {"num"} >= values(english[-1]), message.id
            assert tags(form) == tags(english[-1]), message.id
            assert form.strip() == form and "\n" not in form, message.id


def values(text: str) -> set[str]:
    """Return the names of the values in a sentence; all are named, and a percent sign alone is none."""
    found = re.findall(r"%\((\w+)\)s", text)
    if found:
        text % dict.fromkeys(found, "")  # raises for what is not a value either
    return set(found)


def tags(text: str) -> Counter[str]:
    return Counter(re.findall(r"<[^>]*>", text))


def test_a_language_begins_as_one_file_and_speaks_as_far_as_it_is_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_desk: MakeDesk, sentences: set[Any]
) -> None:
    """What LANGUAGES.md says, done: a file, some sentences with three plural forms, English for the rest."""
    shutil.copytree(language.file_of("de").parent.parent, tmp_path / "de")
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    monkeypatch.setattr(catalogue, "found", lambda: (("relay/code.py", one) for one in sentences))
    for cached in (language.codes, language.named):
        cached.cache_clear()
    try:
        catalogue.main(["pl"])
        begun = catalogue.read("pl")
        begun.get("Today").string = "Dzisiaj"
        begun.get("%(num)s person").string = ("%(num)s osoba", "%(num)s osoby", "%(num)s osób")
        language.file_of("pl").write_bytes(catalogue.text(begun))
        assert ("en", "de", "pl") == language.codes()
        page = Visitor(make_app(make_desk()).test_client()).get("/people", headers={"Accept-Language": "pl"}).text
        assert 'lang="pl"' in page and "Dzisiaj" in page and "Settings" in page
        with language.speaking(language.named("pl")):
            people = [language.ngettext("%(num)s person", "%(num)s people", count) for count in (1, 2, 5, 22)]
        assert ["1 osoba", "2 osoby", "5 osób", "22 osoby"] == people
    finally:
        for cached in (language.codes, language.named):
            cached.cache_clear()


# -- every template ----------------------------------------------------------------------------------------------------

SHOWN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt", "data-title")
# What is the same in every language: names of products, of what is typed, and of units.
AS_IT_IS = re.compile(r"<code[^>]*>.*?</code>|PaperCut|OfficeRnD|CSV|&\w+;|papercut-relay", re.DOTALL)
UNTOLD: frozenset[str] = frozenset()


def templates() -> list[str]:
    return sorted(str(file.relative_to(TEMPLATES)) for file in TEMPLATES.rglob("*.html"))


def environment() -> jinja2.Environment:
    app = Flask(__name__, template_folder=str(TEMPLATES))
    speak_languages(app, lambda: "en_GB")
    return app.jinja_env


def literal(source: str) -> str:
    """Return what of a template is written as it stands, with a mark where something is put in."""
    env = environment()
    parts, depth = [], 0
    for _, token, value in env.lex(source):
        if token in ("block_begin", "variable_begin"):
            parts.append("\x00")
            depth += 1
        elif token in ("block_end", "variable_end"):
            depth -= 1
        elif token == "data" and not depth:
            parts.append(value)
    return "".join(parts)


def untold(source: str) -> list[str]:
    """Return the words of a template that no catalogue is asked for."""
    source = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", "\x00", source, flags=re.DOTALL)
    text = re.sub(r'\saria-[a-z]+="[^"]*"(?=\x00)', "", literal(source))  # a macro's
    attributes = re.findall(rf'\s(?:{"|".join(SHOWN_ATTRIBUTES)})="([^"]*)"', text)
    text = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", text, flags=re.DOTALL)
    shown = re.sub(r"<[^>]*>", "\n", AS_IT_IS.sub("", text))
    lines = [*shown.splitlines(), *(AS_IT_IS.sub("", attribute) for attribute in attributes)]
    return [line.strip("\x00 ") for line in lines if re.search(r"[A-Za-z]", line)]


@pytest.mark.parametrize("name", [name for name in templates() if name not in UNTOLD])
def test_every_word_of_a_template_is_in_the_catalogues(name: str) -> None:
    assert [] == untold((TEMPLATES / name).read_text(encoding="utf-8"))


def test_a_bare_word_is_seen() -> None:
    assert ["Fee"] == untold('<p class="x">{% if a %}Fee{% endif %} {{ _("Member") }} {% trans %}So{% endtrans %}</p>')
    assert ["Pages"] == untold('<nav aria-label="Pages">{{ name }}</nav>')
    assert [] == untold('<input type="text"><code>papercut-relay check</code>')


@pytest.mark.parametrize("name", templates())
def test_what_a_template_calls_safe_stands_in_it(name: str) -> None:
    """`_` marks its sentence as markup: what it is given must be written there, never come from somewhere."""
    tree = environment().parse((TEMPLATES / name).read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext", "ngettext"):
            told = call.args[: 2 if call.node.name == "ngettext" else 1]
            assert all(isinstance(one, nodes.Const) for one in told), (name, call.lineno)


# -- every page --------------------------------------------------------------------------------------------------------


def test_a_page_speaks_what_the_browser_asks_for(make_desk: MakeDesk) -> None:
    visitor = Visitor(make_app(make_desk()).test_client())
    german = html.fromstring(visitor.get("/people", headers=GERMAN).text)
    assert "de" == german.get("lang") and "Heute" == german.xpath("//nav//a[@href='/']")[0].text_content()
    assert "en" == visitor.page("/people").get("lang")
    assert "en" == html.fromstring(visitor.get("/people", headers={"Accept-Language": "da"}).text).get("lang")


def test_where_the_browser_names_none_the_site_does(make_desk: MakeDesk) -> None:
    visitor = Visitor(make_app(make_desk(console={"locale": "de_AT"})).test_client())
    assert "de" == visitor.page("/people").get("lang")
    english = html.fromstring(visitor.get("/people", headers={"Accept-Language": "en-US"}).text)
    assert "en" == english.get("lang")


@pytest.mark.parametrize(
    ("code", "site", "locale"),
    [("de", "de_AT", "de_AT"), ("de", "en_GB", "de"), ("en", "de_DE", "en_GB"), ("en", "en_US", "en_US"),
     ("en", "fr_FR", "fr_FR"), ("de", "fr_FR", "de")],
)  # fmt: skip
def test_dates_and_amounts_are_of_the_page_s_language(code: str, site: str, locale: str) -> None:
    assert locale == language.named(code).as_of(site).locale


def test_nothing_outside_a_page_is_translated(make_desk: MakeDesk) -> None:
    """Not what the schedule writes after a German page was made in the same thread."""
    Visitor(make_app(make_desk()).test_client()).get("/", headers=GERMAN)
    assert language.spoken() is None
    assert "1 page" == language.ngettext("%(num)s page", "%(num)s pages", 1)


# -- no hole -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "named", lambda code: BRACKETED)


def test_what_is_put_into_a_sentence_stays_text(in_brackets: None) -> None:
    """A name is no markup and hides nothing, neither in a sentence nor where it looks like one of a catalogue."""
    app = Flask(__name__)
    speak_languages(app, lambda: "en_GB")
    page = (
        '{{ _("<b>%(name)s</b> has left.", name=name) }}{{ name|translated }}'
        "{% trans name=name %}{{ name }} may print.{% endtrans %}"
        '{{ ngettext("%(num)s of %(name)s", "%(num)s of %(name)s", 2000, name=name) }}'
    )
    with app.test_request_context():
        app.preprocess_request()
        shown = render_template_string(page, name="<script>%(name)s\u202e%")
    hidden = "&lt;script&gt;%(name)s"
    assert 4 == shown.count(hidden) and "<script>" not in shown
    assert "⟦<b>" in shown and "⟦2,000 of" in shown
    assert 4 == shown.count("\\u202e")


@pytest.mark.parametrize("role", ["look", "operate"])
def test_a_language_gives_no_rights(make_desk: MakeDesk, role: str) -> None:
    visitor = Visitor(make_app(make_desk(with_passwords=True)).test_client())
    visitor.log_in(f"{role}er")
    for headers in ({}, GERMAN):
        assert 403 == visitor.post("/run", headers=headers).status_code
    assert "Berechtigung" in visitor.post("/run", headers=GERMAN).text


FOREIGN = {"PaperCut", "OfficeRnD", "http", "https", "moneyer", "operateer", "looker"}


def test_every_word_of_a_page_went_through_a_catalogue(make_desk: MakeDesk, in_brackets: None) -> None:
    place = make_desk(with_passwords=True)
    visitor = Visitor(make_app(place).test_client())
    visitor.log_in("moneyer")
    own = FOREIGN | set(re.findall(r"[A-Za-z]{2,}", place.settings.site.name))
    paths = ("/", "/people", "/review", "/money", "/runs", "/audit", "/checks", "/users", "/nowhere", "/login")
    for path in paths:
        page = html.fromstring(visitor.get(path).text)
        assert ("ja", []) == (page.get("lang"), sorted(words(outside(page)) - own)), path


def test_a_word_outside_of_the_brackets_is_seen() -> None:
    page = html.fromstring('<div title="⟦Own⟧"><p>⟦All of ⟦this⟧⟧ but this</p> <i aria-label="Pages"></i></div>')
    assert {"but", "this", "Pages"} == words(outside(page))
