"""In which language a page speaks: English, which stands in the code, or one of the catalogues beside it.

A language is one file, `console/locale/LANGUAGE/LC_MESSAGES/console.po`; it is read as it is, no step of a build comes
between. A sentence of a room is a `Message`: English wherever it is stored, compared or printed, and said in the
reader's language where a page shows it. Nothing here marks a text as safe markup, `relay.web` does so for what stands
in a template.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path, PurePath
from string import ascii_letters
from types import MappingProxyType
from typing import Any, Self, TypeAlias
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parent / "console" / "locale"
SOURCE = "en"
_FILE = Path("LC_MESSAGES", "console.po")


@dataclass(frozen=True)
class Language:
    """One language: its code ("de"), what turns English sentences into it, and how dates and amounts look ("de_AT")."""

    code: str
    texts: NullTranslations
    locale: str

    def as_of(self, site_locale: str) -> Language:
        """Return the language with dates and amounts as a site wishes, where that is of this language.

        A site whose language has no catalogue reads English, and still its own dates.
        """
        own = site_locale.partition("_")[0]
        is_own = own == self.code or (self.code == SOURCE and own not in codes())
        return replace(self, locale=site_locale) if is_own else self


ENGLISH = Language(SOURCE, NullTranslations(), "en_GB")

_spoken: ContextVar[Language | None] = ContextVar("language", default=None)


@cache
def codes() -> tuple[str, ...]:
    """Return every language there is, English first."""
    return (SOURCE, *sorted(folder.name for folder in FOLDER.iterdir() if (folder / _FILE).is_file()))


def file_of(code: str) -> Path:
    return FOLDER / code / _FILE


@cache
def named(code: str) -> Language:
    """Return one of `codes`, its catalogue read at the first call."""
    if code == SOURCE:
        return ENGLISH
    from babel.messages.mofile import write_mo  # not for the command line, which needs neither
    from babel.messages.pofile import read_po

    binary = io.BytesIO()
    with file_of(code).open("rb") as file:
        write_mo(binary, read_po(file, locale=code))
    binary.seek(0)
    return Language(code, GNUTranslations(binary), code)


def spoken() -> Language | None:
    """Return the language of the page that is being made, None outside of one."""
    return _spoken.get()


def of_site(locale: str) -> Language:
    """Return the language of a site's locale ("de_AT"), English where there is no catalogue of it."""
    code = locale.partition("_")[0]
    return named(code if code in codes() else SOURCE).as_of(locale)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language for the `with` block."""
    before = _spoken.get()
    _spoken.set(language)
    try:
        yield
    finally:
        _spoken.set(before)


def speak(language: Language | None) -> None:
    """Say in which language this thread goes on."""
    _spoken.set(language)


def N_(message: str) -> str:  # noqa: N802 - the name that every tool for catalogues knows
    """Mark a sentence for the catalogues, where it stands in a table; it is translated when it is shown."""
    return message


def marked(one: str, many: str) -> tuple[str, str]:
    """Mark the two forms of a sentence with a count for the catalogues, where they stand in a table."""
    return one, many


class Message(str):
    """A sentence in English, with all that it takes to say it in another language: its forms and their values.

    It is its English text to everybody who does not ask. `forms` are one template, or two and `num` to choose by.
    """

    forms: tuple[str, ...]
    values: Mapping[str, Any]

    def __new__(cls, text: str, forms: tuple[str, ...] = (), values: Mapping[str, Any] = MappingProxyType({})) -> Self:
        made = super().__new__(cls, text)
        made.forms, made.values = forms or (text,), {name: _value(value) for name, value in values.items()}
        return made

    def with_text(self, change: Callable[[str], str]) -> Message:
        """Return the same sentence with its English text, and every text in it, changed."""
        values = {name: change(value) if type(value) is str else value for name, value in self.values.items()}
        inner = {name: value.with_text(change) for name, value in self.values.items() if isinstance(value, Message)}
        return Message(change(self), self.forms, {**values, **inner})

    def said(self, language: Language | None) -> str:
        """Return the sentence in a language, its amounts and dates as people write them; None: as it stands."""
        if language is None or not self:  # "" is the catalogue's own head
            return str(self)
        if self.forms[0] in _WRITTEN:
            return _WRITTEN[self.forms[0]](self.values, language.locale)
        if len(self.forms) == 1:
            return filled(language.texts.gettext(self.forms[0]), self.values)
        one, many = self.forms
        return filled(language.texts.ngettext(one, many, self.values["num"]), self.values)


def money(amount: Decimal, currency: str, locale: str) -> str:
    """Return an amount as people write it: "−€7.00"; what is finer than a coin as fine as it is, never rounded away."""
    from babel import numbers  # here and below: not for the command line, which is English

    exact = amount == round(amount, numbers.get_currency_precision(currency))
    told = numbers.format_currency(amount, currency, locale=locale, decimal_quantization=exact)
    return str(told).replace("-", "\N{MINUS SIGN}")


def _say_money(values: Mapping[str, Any], locale: str) -> str:
    return money(Decimal(values["amount"]), values["currency"], locale)


def _say_number(values: Mapping[str, Any], locale: str) -> str:
    from babel import numbers

    return str(numbers.format_decimal(values["number"], locale=locale, decimal_quantization=False))


def _say_capital(values: Mapping[str, Any], locale: str) -> str:
    told = str(shown(values["text"]))
    return told[:1].upper() + told[1:]


def _say_day(values: Mapping[str, Any], locale: str) -> str:
    from babel import dates

    return str(dates.format_date(date.fromisoformat(values["day"]), "medium", locale=locale))


def _say_month(values: Mapping[str, Any], locale: str) -> str:
    from babel import dates

    return str(dates.format_skeleton("yMMMM", date.fromisoformat(values["day"]), locale=locale))


# Messages that are no sentence of a catalogue, by what stands in the place of their template.
_MONEY, _NUMBER, _CAPITAL, _DAY, _MONTH = "¤", "#.#", "Aa", "yMMMd", "yMMMM"
_WRITTEN: Mapping[str, Callable[[Mapping[str, Any], str], str]] = {
    _MONEY: _say_money, _NUMBER: _say_number, _CAPITAL: _say_capital, _DAY: _say_day, _MONTH: _say_month,
}  # fmt: skip

# What a sentence may be given. Money, dates and moments are made a message first, by `amount`, `day`, `month` and
# `moment`, so that everybody reads them in their own way; the type keeps a Decimal or a date out of every sentence.
Value: TypeAlias = str | int | PurePath | BaseException


def _value(value: Value) -> str | int:
    """Return what is kept of a value: a whole number, a message, or text that is the same in every language."""
    if isinstance(value, BaseException) and value.args and isinstance(value.args[0], Message):
        return value.args[0]
    return value if isinstance(value, str) or type(value) is int else str(value)


def lazy(template: str, /, **values: Value) -> Message:
    """Return a sentence that is said where it is shown: `lazy("%(name)s has left.", name=name)`.

    A value may be a message itself; any other text is somebody's own, and stays as it is in every language.
    """
    return Message(_plainly(template, values), (template,), values)


def _plainly(template: str, values: Mapping[str, Any]) -> str:
    return template % values if values else template


def nlazy(one: str, many: str, num: int, /, **values: Value) -> Message:
    """Return a sentence with a count, `%(num)s`, in the form that the count asks for."""
    text = _plainly(one if num == 1 else many, {"num": f"{num:,}", **values})
    return Message(text, (one, many), {"num": num, **values})


def amount(text: str, currency: str) -> Message:
    """Return an amount of money, "12.50", as it is told: "12.50 EUR", and on a page as people write it there."""
    return Message(f"{text} {currency}", (_MONEY,), {"amount": text, "currency": currency})


def number(value: Decimal) -> Message:
    """Return a number with a point, such as a percentage, as it is told: "7.7"."""
    return Message(str(value), (_NUMBER,), {"number": str(value)})


def day(value: date) -> Message:
    """Return a date as it is told: "24 Nov 2026", and on a page in that language's way."""
    return Message(f"{value.day} {value:%b %Y}", (_DAY,), {"day": value.isoformat()})


def month(value: date) -> Message:
    """Return the month of a date: "November 2026"."""
    return Message(f"{value:%B %Y}", (_MONTH,), {"day": value.isoformat()})


def moment(value: datetime, timezone: str) -> Message:
    """Return a moment as it is told, with its zone: "24 Nov 2026, 07:30 (Europe/Sofia)"."""
    local = value.astimezone(ZoneInfo(timezone))
    time = f"{local:%H:%M}"
    return lazy("%(day)s, %(time)s (%(zone)s)", day=day(local.date()), time=time, zone=timezone)


def capital(text: str) -> Message:
    """Return a message that begins a sentence."""
    return Message(text[:1].upper() + text[1:], (_CAPITAL,), {"text": text})


def joined(*parts: str, by: str = " ") -> Message:
    """Return messages and other texts one after the other, without those that are empty."""
    told = [part for part in parts if part]
    if len(told) > len(ascii_letters):  # more than a sentence names, such as the problems of a whole file
        return Message(by.join(told))
    template = by.replace("%", "%%").join(f"%({letter})s" for letter in ascii_letters[: len(told)])
    return Message(by.join(told), (template,), dict(zip(ascii_letters, told, strict=False)))


def told_all(*names: str) -> str:
    """Return "Ann", "Ann and Ben", "Ann, Ben and Cem"."""
    *first, last = names
    return lazy("%(first)s and %(last)s", first=joined(*first, by=", "), last=last) if first else last


def told_any(*names: str) -> str:
    """Return "Ann", "Ann or Ben", "Ann, Ben or Cem"."""
    *first, last = names
    return lazy("%(first)s or %(last)s", first=joined(*first, by=", "), last=last) if first else last


def translated(message: str) -> str:
    """Return a text in the page's language where a catalogue has it, else as it is: what was marked, or is foreign."""
    language = _spoken.get()
    if isinstance(message, Message):
        return message.said(language)
    return language.texts.gettext(message) if language and message else message


def told(value: Any) -> Any:
    """Return a message in the page's language, all else as it is: what a page does with whatever it shows."""
    return translated(value) if isinstance(value, Message) else value


def gettext(message: str, /, **values: Value) -> str:
    """Return a sentence in the page's language, with its values: `gettext("%(name)s has left.", name=name)`.

    A whole number is written as people of that language read it.
    """
    return filled(translated(message), values)


def ngettext(one: str, many: str, count: int, /, **values: Value) -> str:
    """Return a sentence with a count in the form that the count asks for: `%(num)s` is the count."""
    language = _spoken.get() or ENGLISH
    return filled(language.texts.ngettext(one, many, count), {"num": count, **values})


def filled(text: str, values: Mapping[str, Any]) -> str:
    return text % {name: shown(value) for name, value in values.items()} if values else text


def shown(value: Any) -> Any:
    """Return what stands in a sentence for a value: a whole number or a message in the page's language."""
    if isinstance(value, Message):
        return translated(value)
    if type(value) is not int:
        return value
    language = _spoken.get()
    if language is None:
        return f"{value:,}"
    from babel import numbers

    return numbers.format_decimal(value, locale=language.locale)


class WordTable(Mapping[str, str]):
    """Words by key, each in the page's language when it is asked for. Its sentences are marked with `N_`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, key: str) -> str:
        return translated(self._texts[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


# -- keeping messages ------------------------------------------------------------------------------------------------

# Beside a text in JSON, under its own name with this behind it, stands what its message is made of.
_KEPT = "~"


def kept(value: Any) -> Any:
    """Return a JSON value in which every message within an object has beside it what it is made of.

    The texts stay as they are: `{"message": "Ann has left.", "message~": {"forms": ["%(name)s has left."], ...}}`.
    """
    if isinstance(value, Mapping):
        found = {str(key): kept(item) for key, item in value.items()}
        made = {f"{key}{_KEPT}": parts(item) for key, item in value.items()}
        return {**found, **{key: of for key, of in made.items() if of}}
    return [kept(item) for item in value] if isinstance(value, list | tuple) else value


def parts(value: Any) -> Any:
    """Return what a message, or the messages of a list, are made of, as JSON; None for any other value."""
    if isinstance(value, Message):
        is_plain = value.forms == (value,) and not value.values
        return True if is_plain else {"forms": list(value.forms), "values": kept(value.values)}
    if isinstance(value, list | tuple) and any(isinstance(item, Message) for item in value):
        return [parts(item) for item in value]
    return None


def unkept(value: Any) -> Any:
    """Return what `kept` was made from."""
    if isinstance(value, dict):
        plain = {key: unkept(item) for key, item in value.items() if not key.endswith(_KEPT)}
        return {key: whole(item, value.get(f"{key}{_KEPT}")) for key, item in plain.items()}
    return [unkept(item) for item in value] if isinstance(value, list) else value


def whole(text: Any, made_of: Any) -> Any:
    """Return the message that a text and its `parts` were, the text alone where there are none."""
    if isinstance(text, list) and isinstance(made_of, list):
        return [whole(*pair) for pair in zip(text, made_of, strict=True)]
    if isinstance(made_of, dict):
        return Message(text, tuple(made_of["forms"]), unkept(made_of["values"]))
    return Message(text) if made_of else text
