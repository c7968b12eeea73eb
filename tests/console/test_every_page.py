"""Every page of the console over both stand-ins, in another language: no English is left, nothing is untranslated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from gettext import GNUTranslations

import pytest
from lxml import html

from relay import language
from relay.language import Language
from relay.sandbox.organisation import make_organisation
from tests.console.test_console_story import Story
from tests.support.other_language import BRACKETED, names_of, outside, words
from tests.support.visitor import PAGES

ASKED = ("/nowhere", "/people/one?who=nobody", "/people/why?who=nobody@nowhere.example", "/statements?month=never",
         "/settings?section=safety")  # fmt: skip
OWN = {"ann", "Offer", "pdf", "print_hook", "print", "hook", "js"}  # who works here, and what was printed

REFERENCE = re.compile(r"PR[A-Z]-[0-9A-Z-]+")


class Recorded(GNUTranslations):
    """The German catalogue, which notes what it is asked for and has not."""

    unknown: set[str]

    def gettext(self, message: str) -> str:
        found = super().gettext(message)
        self._note(message, message in self._catalog)  # type: ignore[attr-defined]
        return found

    def ngettext(self, one: str, many: str, count: int) -> str:
        self._note(one, (one, 0) in self._catalog)  # type: ignore[attr-defined]
        return super().ngettext(one, many, count)

    def _note(self, message: str, known: bool) -> None:
        if not known:
            self.unknown.add(message)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A site that has been worked with: people and questions, fees and money that waits, checks, a job, a PIN."""
    found = Story(
        tmp_path_factory.mktemp("site"), members=40, organisation=make_organisation(40, 1), filling="old-connector"
    )
    try:
        found.click("/checks", "Check now")
        found.click("/review", "Look at both systems")
        found.click("/review", "Do exactly this")
        login = found.pair.logins(1)[0]
        found.pair.papercut.popup_login(login.email, login.password)
        found.pair.papercut.popup_login(login.email, "wrong")
        found.pair.papercut.print_job(
            login=(login.email, login.password), printer="Colour", pages=24, colour_pages=9, document="Offer.pdf"
        )
        found.click("/money", "See what is due", 0)
        found.click("/", "Do the daily run now")
        found.click("/money", "Compare every cent")
        found.click(f"/people/one?who={login.email}", "Make the PIN")
        found.click("/review", "Look again")
        found.pair.officernd.fault("GET /members", "error", times=-1)
        found.click("/review", "Look again")
        found.pair.officernd.faults.clear()
        yield found
    finally:
        found.close()


def addresses(story: Story) -> list[str]:
    whom = [login.email for login in story.pair.logins(1)]
    whom += [member.email for member in story.pair.organisation.members if member.status != "active" and member.email][
        :3
    ]
    return [
        *PAGES,
        *ASKED,
        *(f"/people/one?who={email}" for email in whom),
        *(f"/people/why?who={email}" for email in whom),
        *(f"/statements?member={email}" for email in whom[:1]),
        *(f"/work/{work.id}" for work in story.desk.works.all()),
        *(f"/runs/{number}" for number in range(1, 9)),
    ]


def every_page(story: Story) -> Iterator[tuple[str, html.HtmlElement]]:
    for path in addresses(story):
        answer = story.somebody.get(path, headers={"Accept-Language": "de"})
        assert answer.status_code in (200, 400, 404), (path, answer.status_code)
        yield path, html.fromstring(answer.text)


def test_every_sentence_of_every_page_is_translated(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page shows is asked of the catalogue, and the catalogue has it."""
    german = language.named("de")
    recorded = Recorded()
    recorded.unknown = set()
    recorded._catalog = german.texts._catalog  # type: ignore[attr-defined]
    recorded.plural = german.texts.plural  # type: ignore[attr-defined]
    monkeypatch.setattr(language, "named", lambda code: Language("de", recorded, "de"))
    for path, page in every_page(story):
        assert "de" == page.get("lang"), path
    own = names_of(story.pair) | OWN | words([story.pair.config_file])
    unknown = (message for message in recorded.unknown if words([re.sub(r"%\(\w+\)s", "", message)]) - own)
    assert [] == sorted(unknown)


def test_every_word_of_every_page_went_through_a_catalogue(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a language that is English in brackets, nothing is outside of them but names."""
    own = names_of(story.pair) | OWN | words([story.pair.config_file])
    monkeypatch.setattr(language, "named", lambda code: BRACKETED)
    left = {}
    for path, page in every_page(story):
        for text in outside(page):
            if words([REFERENCE.sub("", text)]) - own:
                left[" ".join(text.split())[:160]] = path
    assert {} == left


@pytest.mark.parametrize("scope", ["", "?member={email}", "?month=2024-02"])
def test_every_word_of_a_downloaded_statement_went_through_a_catalogue(
    story: Story, monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    own = names_of(story.pair) | OWN | {"EUR", "Colour", "Mono"}  # printers are called so
    monkeypatch.setattr(language, "named", lambda code: BRACKETED)
    answer = story.somebody.get("/statements.html" + scope.format(email=story.pair.logins(1)[0].email))
    page = html.fromstring(answer.get_data(as_text=True))
    left = [" ".join(text.split()) for text in outside(page) if words([REFERENCE.sub("", text)]) - own]
    assert "ja" == page.get("lang") and [] == left


def test_a_downloaded_statement_is_german_on_a_german_page(story: Story) -> None:
    told = story.somebody.get("/statements.html", headers={"Accept-Language": "de"}).get_data(as_text=True)
    page = html.fromstring(told)
    shown = " ".join(page.xpath("//main")[0].text_content().split())
    assert (
        "de" == page.get("lang") and "Vom Gedruckten zum Berechneten" in shown and "durch Gebühren berechnet" in shown
    )
    assert "Summe" in shown and "3,00" in shown and "3.00" not in shown


def test_a_german_page_reads_as_german(story: Story) -> None:
    """Amounts, counts and days are written as in German, and sentences of the rooms stand in it."""
    told = {path: " ".join(page.xpath("//main")[0].text_content().split()) for path, page in every_page(story)}
    assert "3,00 €" in told["/statements"] and "€3.00" not in told["/statements"]
    assert "Gedruckt, abzüglich Erstattungen" in told["/statements"]
    assert "Die Protokolle von PaperCut zeigen weder Erstattungen" in told["/statements"]
    assert "OfficeRnD scheiterte an GET /members (HTTP 500)" in told["/review"]
    assert "Die Kopien der Bücher" in told["/checks"]
    assert "Weder OfficeRnD noch PaperCut kennt" in told["/people/why?who=nobody@nowhere.example"]
    assert "„never“ ist kein Monat" in told["/statements?month=never"]


def test_a_fault_of_the_settings_is_told_in_german(story: Story) -> None:
    german = {"Accept-Language": "de"}
    form = {"here": ["fees.minimum", "print.exceptions"], "fees.minimum": "viel", "print.exceptions": "x"}
    answer = story.somebody.post("/settings", form, headers=german)
    assert 422 == answer.status_code
    assert "muss ein Betrag sein" in answer.text or "kein Betrag" in answer.text, answer.text[:3000]
    assert "in quotes" not in answer.text


def test_a_refusal_is_told_in_german_on_the_next_page(story: Story) -> None:
    german = {"Accept-Language": "de"}
    answer = story.somebody.post("/people/sync", {"who": ""}, headers=german)
    assert 400 == answer.status_code and "Es wurde nichts" in answer.text
    name = story.desk.directory().users[0].username  # type: ignore[union-attr]
    member = next(one for one in story.pair.organisation.members if not one.email)
    answer = story.somebody.post(
        "/people/answer", {"action": "link", "member": member.id, "username": name}, headers=german
    )
    shown = story.somebody.get(answer.location, headers=german).text
    assert "ist schon mit" in shown and "verknüpft" in shown
