"""What the print script says to members: in every language, in a site's own words, and no more than the site needs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from relay import print_texts
from relay.config import SECTIONS
from relay.errors import ConfigError
from relay.people.act import print_script
from tests.support.print_script import BLOCKED, MEMBER, PERSON, UNLINKED, Script, names, said
from tests.support.settings_example import example_settings

LANGUAGES = print_texts.LANGUAGES
OTHERS = tuple(LANGUAGES)[1:]

# What "3 pages" and its like are in each language: the number, and the word that must follow it.
PAGES = {
    "en": {0: "pages", 1: "page", 2: "pages", 5: "pages", 21: "pages", 101: "pages"},
    "de": {0: "Seiten", 1: "Seite", 2: "Seiten", 21: "Seiten", 101: "Seiten"},
    "fr": {0: "page", 1: "page", 2: "pages", 21: "pages"},
    "es": {0: "páginas", 1: "página", 2: "páginas", 21: "páginas"},
    "it": {0: "pagine", 1: "pagina", 2: "pagine", 21: "pagine"},
    "nl": {0: "pagina's", 1: "pagina", 2: "pagina's", 21: "pagina's"},
    "pt": {0: "páginas", 1: "página", 2: "páginas", 21: "páginas"},
    "pl": {
        0: "stron", 1: "strona", 2: "strony", 4: "strony", 5: "stron", 11: "stron", 12: "stron", 14: "stron",
        21: "stron", 22: "strony", 25: "stron", 100: "stron", 101: "stron", 102: "strony", 112: "stron", 122: "strony",
    },
    "bg": {0: "страници", 1: "страница", 2: "страници", 5: "страници", 21: "страници", 101: "страници"},
}  # fmt: skip


def table(path: Path) -> dict[str, Any]:
    """Return the texts of a published script."""
    found = re.search(r"var TEXTS = (\{.*?\n\});", path.read_text(), re.DOTALL)
    assert found
    texts: dict[str, Any] = json.loads(found[1])
    return texts


def each_text(texts: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, form) for name, text in texts.items() for form in ([text] if isinstance(text, str) else text.values())
    ]


def test_the_settings_offer_each_language_that_has_texts() -> None:
    told = SECTIONS["print"].model_fields["language"]
    assert set(LANGUAGES) == set(told.annotation.__args__)  # type: ignore[union-attr]
    files = {path.stem for path in Path(print_texts.__file__).parent.glob("*.json")}
    assert files == set(OTHERS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_text_in_each_form_with_the_same_places(language: str) -> None:
    """Also what `contact` relies on: who is sent to the front desk is sent there in one sentence."""
    texts, english = dict(print_texts.table(language)), print_texts.table("en")
    assert list(texts) == list(english)
    for name, text in texts.items():
        assert isinstance(text, str) == isinstance(english[name], str), name
        if not isinstance(text, str):
            assert tuple(text) == print_texts.forms(language), name
    for name, text in each_text(texts):
        assert set(re.findall(r"\{(\w+)\}", text)) == print_texts.places(name), name
        assert text == text.strip() and '"' not in text
    for name in ("unlinked", "blocked", "error"):
        assert str(texts[name]).endswith(str(texts["ask_desk"]))


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_left_in_english(language: str) -> None:
    same = {
        name
        for name, text in each_text(dict(print_texts.table(language)))
        if any(text == other for _, other in each_text(dict(print_texts.table("en"))))
    }
    assert same <= {"login_name", "pages", "document_named"}  # "E-mail", the French "pages", and quotation marks


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_published_script_carries_one_language(script: Script, language: str) -> None:
    script.publish(print={"language": language})
    text = script.path.read_text()
    assert text.isascii()
    for other in LANGUAGES:
        title = json.dumps(print_texts.table(other)["login_refused"])
        assert (title in text) == (other == language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_member_is_told(script: Script, language: str) -> None:
    """Refusal, price, payer and question, each as the language's table has it and with nothing left open."""
    texts = print_texts.table(language)
    script.publish(print={"language": language})
    refused = said(script.run(groups=(UNLINKED,)), "client.sendMessage")
    assert refused == texts["unlinked"]
    shown = said(script.run(groups=PERSON), "client.sendMessage")
    assert str(texts["whole_member"]).replace("{rest}", "€1.20") in shown
    calls = script.run(cost=7.0, balance=2.0, documentName="Büro <1>.pdf", answers={"promptPrintCancel": "PRINT"})
    question = calls[0][2]
    named = str(texts["document_named"]).replace("{name}", "Büro &lt;1&gt;.pdf")
    assert question.endswith("<br><br>" + str(texts["ask"]).replace("{document}", named) + "</html>")
    part = str(texts["part_company"]).replace("{covered}", "€2.00").replace("{rest}", "€5.00")
    assert part in question and "{" not in question
    cancelled = script.run(cost=7.0, answers={"promptPrintCancel": "CANCEL"})
    assert said(cancelled, "job.cancelAndLog") == texts["cancelled"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals(script: Script, language: str) -> None:
    """The word after the number, in the price and in the colour question."""
    script.publish(print={"language": language, "colour_question": True})
    for count, word in PAGES[language].items():
        shown = said(script.run(totalPages=count), "client.sendMessage")
        assert shown.startswith(f"{count} {word}, ")
        if count:
            calls = script.run(totalPages=count, totalColorPages=count, answers={"promptForChoice": "CANCEL"})
            assert re.search(rf"\b{count} {word}\b", calls[0][2].partition("<br><br>")[2])


# --- the document's name ---


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ("plan.pdf", "Print “plan.pdf”?"),
        ("", "Print this document?"),
        (None, "Print this document?"),
        ("  \n\t ", "Print this document?"),
        ("two\r\nlines.pdf", "Print “two lines.pdf”?"),
        ("invoice\u202efdp.exe", "Print “invoice fdp.exe”?"),
        ("{price} {after}", "Print “{price} {after}”?"),
        ("<b>x</b>", "Print “&lt;b&gt;x&lt;/b&gt;”?"),
        ("a" * 60, f"Print “{'a' * 60}”?"),
        ("a" * 61, f"Print “{'a' * 60}…”?"),
        ("a" * 59 + "😀😀", f"Print “{'a' * 59}…”?"),
    ],
)
def test_the_documents_name_in_the_question(script: Script, document: str | None, shown: str) -> None:
    calls = script.run(cost=7.0, documentName=document, answers={"promptPrintCancel": "PRINT"}, runs=2)
    assert calls[0][2].endswith(f"<br><br>{shown}</html>")


# --- whom to ask, and a site's own words ---


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", [UNLINKED, BLOCKED])
def test_whom_to_ask(script: Script, language: str, group: str) -> None:
    script.publish(print={"language": language, "contact": "Мария {price} <2>"})
    texts = print_texts.table(language)
    told = said(script.run(groups=(group,)), "client.sendMessage")
    assert told.endswith(str(texts["ask_contact"]).replace("{contact}", "Мария {price} <2>"))
    assert str(texts["ask_desk"]) not in told


def test_texts_of_the_sites_own(script: Script) -> None:
    own = {
        "blocked": "No printing for you.",
        "ask_desk": "Ask at the bar.",
        "pages": "{pages} × paper, {price}.",
        "colour_ask": {"one": "{colour} lonely page of {document}?"},
    }
    script.publish(print={"texts": own, "colour_question": True})
    assert said(script.run(groups=(BLOCKED,)), "job.cancelAndLog") == "No printing for you."
    assert said(script.run(groups=(UNLINKED,)), "job.cancelAndLog").endswith("cannot print. Ask at the bar.")
    assert said(script.run(totalPages=1), "client.sendMessage").startswith("1 × paper, €1.20.")
    assert "1 lonely page of “plan.pdf”?" in script.run(totalColorPages=1, answers={"promptForChoice": "CANCEL"})[0][2]
    assert "2 pages are in colour" in script.run(totalColorPages=2, answers={"promptForChoice": "CANCEL"})[0][2]
    assert names(script.run(groups=MEMBER, cost=0.0)) == ["job.addComment"]


def test_every_wrong_text_is_told_at_once(tmp_path: Path) -> None:
    own = {
        "hello": "?",
        "ask": "Print it?",
        "title": "It costs {price}",
        "balance": " ",
        "blocked": "No! " * 126,
        "pages": {"one": "{pages}, {price}", "few": "{pages}, {price}"},
        "cancelled": {"one": "No."},
    }
    with pytest.raises(ConfigError) as told:
        example_settings(tmp_path, print={"texts": own, "confirm_pages": -1})
    places = [str(problem).partition("[print")[2].partition(": ") for problem in told.value.problems]
    assert [(place, words.partition(";")[0]) for place, _, words in places] == [
        ("] confirm_pages", "must be greater than or equal to 0"),
        (".texts] hello", "is not a text of the print script"),
        (".texts] ask", "must name {document}"),
        (".texts] title", "cannot name {price}"),
        (".texts] balance", "must not be empty"),
        (".texts] blocked", "must have at most 500 characters"),
        (".texts] pages.few", "is not a form of this text in en"),
        (".texts] cancelled.one", "is not a form of this text in en"),
    ]


@pytest.mark.parametrize("texts", [{"ask": 5}, {"pages": {"one": []}}, ["ask"]])
def test_a_text_is_text(tmp_path: Path, texts: Any) -> None:
    with pytest.raises(ConfigError, match=r"\[print\] texts: "):
        example_settings(tmp_path, print={"texts": texts})


def test_own_texts_fit_their_language(tmp_path: Path) -> None:
    """Polish has three forms; the fourth that English has is none of them."""
    forms = {"one": "{pages} strona, {price}", "few": "{pages} strony, {price}", "many": "{pages} stron, {price}"}
    settings = example_settings(tmp_path, print={"language": "pl", "texts": {"pages": forms}})
    assert json.dumps(forms["few"]) in print_script.render(settings)
    with pytest.raises(ConfigError, match="it has one, few, many"):
        example_settings(tmp_path, print={"language": "pl", "texts": {"pages": {"other": "{pages}, {price}"}}})
