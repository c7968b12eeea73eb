"""Nine languages: each says everything, with the same places and its own plural forms."""

from __future__ import annotations

import re
from typing import Any

import pytest
from babel import Locale

from relay.jobs.statement import billed
from relay.members_page.texts import LANGUAGES, Texts, read
from tests.members_page.conftest import ANN, WORD
from tests.support.visitor import Visitor

PLACE = re.compile(r"{(\w+)}")


def forms(sentence: Any) -> list[str]:
    return list(sentence.values()) if isinstance(sentence, dict) else [sentence]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    english, own = read("en"), read(language)
    assert list(english) == list(own)
    for key, sentence in own.items():
        assert isinstance(sentence, dict) is isinstance(english[key], dict), key
        wanted = set(PLACE.findall(" ".join(forms(english[key]))))
        assert wanted == set(PLACE.findall(" ".join(forms(sentence)))), key
        assert all(form.strip() == form and form for form in forms(sentence)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_has_the_forms_of_its_language(language: str) -> None:
    """A million has a form of its own in Romance languages; nobody prints that much."""
    wanted = {Locale.parse(LANGUAGES[language][1]).plural_form(count) for count in range(200)} | {"other"}
    for key, sentence in read(language).items():
        if isinstance(sentence, dict):
            assert wanted == set(sentence), key


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("pl", ["1 strona", "2 strony", "5 stron", "12 stron", "22 strony", "0 stron", "112 stron"]),
        ("bg", ["1 страница", "2 страници", "5 страници", "12 страници", "22 страници", "0 страници", "112 страници"]),
        ("fr", ["1 page", "2 pages", "5 pages", "12 pages", "22 pages", "0 page", "112 pages"]),
        ("en", ["1 page", "2 pages", "5 pages", "12 pages", "22 pages", "0 pages", "112 pages"]),
    ],
)
def test_counts_are_told_as_the_language_counts(language: str, told: list[str]) -> None:
    assert told == [Texts(language)("pages", count=count) for count in (1, 2, 5, 12, 22, 0, 112)]


def test_every_part_of_a_fee_has_words_of_its_own() -> None:
    assert {f"term_{code}" for code in billed.MEANING} | {"term_other"} == {
        key for key in read("en") if key.startswith("term_")
    }
    assert "Other" == Texts("en").term("of a later release")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("pt-BR", "pt"),
        ("pl", "pl"),
        ("ja, bg;q=0.3", "bg"),
        ("ja", "en"),
        ("", "en"),
        ("*", "en"),
        ("<script>", "en"),
        ("de;q=x", "en"),
    ],
)
def test_the_browsers_language_is_spoken(stranger: Visitor, header: str, language: str) -> None:
    page = stranger.get("/login", headers={"Accept-Language": header})
    assert f'<html lang="{language}">' in page.text and read(language)["login_lead"].split("'")[0] in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_switch_goes_before_the_browser_and_stays(page: Any, language: str) -> None:
    somebody = Visitor(page.test_client())
    assert 302 == somebody.get(f"/language/{language}").status_code
    somebody.log_in(ANN, WORD)
    answer = somebody.get("/", headers={"Accept-Language": "en"})
    assert 200 == answer.status_code and f'<html lang="{language}">' in answer.text
    assert read(language)["pin_once"].split("'")[0] in answer.text


@pytest.mark.parametrize("code", ["xx", "EN", "..", "en%0d%0aSet-Cookie:x=1", "<b>"])
def test_a_language_that_there_is_not_is_nothing(stranger: Visitor, code: str) -> None:
    assert 404 == stranger.get(f"/language/{code}").status_code
