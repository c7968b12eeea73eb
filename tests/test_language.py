"""Messages: English to everybody who does not ask, whole through a store, and in the reader's language where shown."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from gettext import NullTranslations

import pytest
from flask import Flask, render_template_string

from relay import language
from relay.errors import RelayError
from relay.language import (
    Language,
    Message,
    amount,
    capital,
    day,
    joined,
    lazy,
    moment,
    month,
    nlazy,
    number,
    told_all,
    told_any,
)
from relay.web import speak_languages


class Shouted(NullTranslations):
    """A language that is English with its words turned round a colon, so that every template is seen to be asked."""

    def gettext(self, message: str) -> str:
        return f"<{message}>"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return f"<{one if count == 1 else many}>"


@pytest.fixture
def shouting() -> Iterator[None]:
    language.speak(Language("de", Shouted(), "de"))
    yield
    language.speak(None)


NAMES = ("Ann", "Ben", "Cem")
LEFT = lazy("%(name)s has left.", name="Ann")


def test_a_message_is_its_english_text() -> None:
    assert "Ann has left." == LEFT and isinstance(LEFT, str)
    assert '{"a": "Ann has left."}' == json.dumps({"a": LEFT})
    assert "100 % of it" == lazy("100 % of it") == lazy("%(part)s of it", part=lazy("100 %"))
    assert "1 job" == nlazy("%(num)s job", "%(num)s jobs", 1) and "1,200 jobs" == nlazy(
        "%(num)s job", "%(num)s jobs", 1200
    )
    assert "12.50 EUR" == amount("12.50", "EUR")
    assert "Not now." == lazy("%(what)s.", what=capital(lazy("not now")))


def test_a_message_is_said_where_it_is_shown(shouting: None) -> None:
    assert "<Ann has left.>" == language.translated(LEFT) == language.gettext("%(it)s", it=LEFT)[1:-1]
    assert "<1.200 jobs>" == language.translated(nlazy("%(num)s job", "%(num)s jobs", 1200))
    assert "12,50\xa0€" == language.translated(amount("12.50", "EUR"))
    assert "−6,155\xa0€" == language.translated(amount("-6.155", "EUR")), "as on every page, and never rounded"
    assert "<<Ann has left.>>" == language.translated(lazy("%(what)s", what=LEFT))


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ("en_US", "1,200 jobs cost €7.00."),
        ("fr_FR", "1\u202f200 jobs cost 7,00\xa0€."),  # there is no French, so the site reads English
        ("de_DE", "1,200 jobs cost €7.00."),
    ],
)
def test_an_english_page_writes_as_the_site_does_and_nothing_else_does(site: str, told: str) -> None:
    sentence = nlazy("%(num)s job costs %(price)s.", "%(num)s jobs cost %(price)s.", 1200, price=amount("7.00", "EUR"))
    with language.speaking(language.ENGLISH.as_of(site)):
        assert language.translated(sentence) == told
    assert language.translated(sentence) == "1,200 jobs cost 7.00 EUR."


def test_days_and_numbers_are_written_in_the_reader_s_way(shouting: None) -> None:
    """Also in May, which is a word of its own in English: no catalogue is asked for a month."""
    at = datetime(2026, 5, 4, 22, 30, tzinfo=UTC)
    told = (day(at.date()), month(at.date()), moment(at, "Europe/Sofia"), number(Decimal("7.7")))
    assert told == ("4 May 2026", "May 2026", "5 May 2026, 01:30 (Europe/Sofia)", "7.7")
    german = ["04.05.2026", "Mai 2026", "<05.05.2026, 01:30 (Europe/Sofia)>", "7,7"]
    assert german == [language.translated(one) for one in told]
    assert german == [
        language.translated(one)
        for one in language.unkept(json.loads(json.dumps(language.kept({"it": list(told)}))))["it"]
    ]


def test_a_list_of_names_is_told_with_commas(shouting: None) -> None:
    assert ("Ann", "Ann and Ben", "Ann, Ben and Cem") == (told_all("Ann"), told_all("Ann", "Ben"), told_all(*NAMES))
    assert ("Ann or Ben", "Ann, Ben or Cem") == (told_any("Ann", "Ben"), told_any(*NAMES))
    assert "<<Ann, Ben> and Cem>" == language.translated(told_all(*NAMES))


def test_a_name_is_no_sentence(shouting: None) -> None:
    """What comes from outside stays as it is, whatever it looks like."""
    assert "<Done>" == language.translated(lazy("%(name)s", name="Done"))
    assert "<<Ann has left.> %(name)s>" == language.translated(joined(LEFT, "%(name)s"))


def test_messages_are_joined_without_what_is_empty(shouting: None) -> None:
    assert "Ann has left. Now" == joined(LEFT, "", "Now") and "" == joined("", "")
    assert "a; 50 %" == joined("a", "50 %", by="; ")
    assert "<<Ann has left.>; <Why?>>" == language.translated(joined(LEFT, lazy("Why?"), by="; "))


def test_an_error_keeps_its_message_and_shows_nothing_hidden(shouting: None) -> None:
    error = RelayError(lazy("%(name)s has left.", name="A\x1b[2J"))
    assert "A\\x1b[2J has left." == error.message
    assert "<A\\x1b[2J has left.>" == language.translated(error.message)
    assert "<So: <A\\x1b[2J has left.>>" == language.translated(lazy("So: %(why)s", why=error))


def test_a_store_gives_messages_back_and_keeps_their_english_text(shouting: None) -> None:
    answer = {
        "error": {"code": "gone", "message": lazy("%(what)s Twice.", what=LEFT)},
        "notes": [LEFT, "plain", nlazy("%(num)s job", "%(num)s jobs", 2)],
        "rows": [{"of": 3, "told": LEFT}],
    }
    stored = json.loads(json.dumps(language.kept(answer)))
    assert (
        "Ann has left. Twice." == stored["error"]["message"] and ["Ann has left.", "plain", "2 jobs"] == stored["notes"]
    )
    back = language.unkept(stored)
    assert answer == back
    assert "<<Ann has left.> Twice.>" == language.translated(back["error"]["message"])
    assert ["<Ann has left.>", "<2 jobs>"] == [language.translated(back["notes"][n]) for n in (0, 2)]
    assert "<Ann has left.>" == language.translated(back["rows"][0]["told"])
    assert LEFT.forms == pickle.loads(pickle.dumps(LEFT)).forms  # noqa: S301 - our own


def test_a_page_says_every_message_that_it_shows(shouting: None) -> None:
    app = Flask(__name__)
    speak_languages(app, lambda: "en_GB")
    hidden = lazy("%(name)s", name="<b>\u202e")
    with app.test_request_context():
        shown = render_template_string(
            '{{ told }} {{ _("So: %(why)s", why=told) }} {{ hidden }}', told=LEFT, hidden=hidden
        )
    assert "&lt;Ann has left.&gt; <So: &lt;Ann has left.&gt;> &lt;&lt;b&gt;\\u202e&gt;" == shown


def test_nothing_is_nothing_in_every_language() -> None:
    """The empty text is the head of a catalogue, with its dates and its programs."""
    with language.speaking(language.named("de")):
        assert ["", "", ""] == [language.translated(one) for one in (lazy(""), joined("", ""), Message(""))]
