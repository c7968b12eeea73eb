"""The pages' own words, amounts, moments and charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest
from flask import Flask, render_template_string
from lxml import html

from relay import charts, errors
from relay.charts import Bar
from relay.cli import terminal
from relay.console import words
from relay.console.work import Work
from relay.formats import Formats
from relay.money.decide.movement import KINDS
from relay.people.decide.decisions import Action
from relay.web import speak_languages
from tests.support.settings_example import example_settings


@dataclass(frozen=True)
class Line:
    reference: str
    fee_reference: str | None
    waits_for_fee: bool
    username: str = "ann_acme.example"
    member_id: str = "m1"


def test_a_lost_fee_is_a_question_that_a_front_desk_can_answer() -> None:
    line = Line("PRF-261123-1-7QK2M9FA", "PRF-261123-1-7QK2M9FA", True)
    asked = words.question(line, "Ann Lee", "Acme Ltd", "€7.00")
    assert "Open Acme Ltd in OfficeRnD, One-off fees: is there a line of €7.00 that ends in 7QK2M9FA?" == asked.text


def test_a_lost_adjustment_is_looked_up_in_papercut() -> None:
    line = Line("PRF-261123-1-7QK2M9FA/2", "PRF-261123-1-7QK2M9FA", False)
    asked = words.question(line, "Ann Lee", "Acme Ltd", "€7.00")
    assert "Open Ann Lee (ann_acme.example) in PaperCut" in asked.text and "ends in 7QK2M9FA/2?" in asked.text


def test_every_kind_of_movement_and_action_of_a_plan_has_its_words() -> None:
    """A page that meets one without words would not be shown at all."""
    assert set(words.WORDS["kind"]) == set(KINDS)
    assert set(words.WORDS["action"]) == set(get_args(Action))


def test_an_exit_code_is_told_alike_by_a_work_a_run_and_the_terminal() -> None:
    code_of = {name: value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert set(terminal.OUTCOMES) == set(code_of.values())
    assert set(words.WORDS["exit"]) == {str(code) for code in code_of.values()}
    app = Flask("relay.console")
    speak_languages(app, lambda: "en_GB")
    app.jinja_env.globals["WORDS"] = words.WORDS
    page = (
        '{% from "parts.html" import exit_badge, work_badge with context %}'
        "{{ exit_badge(work.exit_code) }}|{{ work_badge(work) }}"
    )
    at = datetime(2026, 11, 23, tzinfo=UTC)
    with app.test_request_context():
        for code in code_of.values():
            work = Work("1", "run", "Daily run", "ann", at, state="done", exit_code=code)
            run, same = render_template_string(page, work=work).split("|")
            assert run == same.strip()


# -- formats ----------------------------------------------------------------------------------------------------------


def formats(tmp_path: Path, locale: str, **site: str) -> Formats:
    return Formats(example_settings(tmp_path, console={"locale": locale}, site=site))


@pytest.mark.parametrize(
    ("locale", "currency", "value", "told"),
    [
        ("en_GB", "EUR", 7_000_000, "€7.00"),
        ("en_GB", "EUR", "-12.50", "−€12.50"),
        ("en_GB", "EUR", 35_000, "€0.035"),
        ("de_DE", "EUR", "1234.50", "1.234,50\xa0€"),
        ("en_GB", "JPY", 500_000_000, "JP¥500"),
        ("en_GB", "HUF", 7_500_000, "HUF7.5"),  # a currency that is commonly written without its coins
        ("en_GB", "EUR", None, ""),
        ("en_GB", "EUR", "n/a", "n/a"),
    ],
)
def test_amounts(tmp_path: Path, locale: str, currency: str, value: object, told: str) -> None:
    assert told == formats(tmp_path, locale, currency=currency).money(value)


def test_moments_are_the_site_s(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
    shown = formats(tmp_path, "en_GB", timezone="Europe/Sofia")
    assert "24 Nov 2026, 00:30" == shown.time(moment)
    assert "24 Nov 2026" == shown.day(moment.isoformat())
    assert "23 Nov 2026" == shown.day("2026-11-23")
    assert "in 2 hours" == shown.ago(moment, datetime(2026, 11, 23, 20, 30, tzinfo=UTC))
    assert "soon" == shown.day("soon")


# -- charts -----------------------------------------------------------------------------------------------------------


def test_a_chart_is_readable_without_seeing_it() -> None:
    bars = [Bar("1", 0, "0", "1 Nov"), Bar("", 3, "3", "2 Nov"), Bar("", 1, "1", "3 Nov")]
    figure = html.fromstring(str(charts.figure("Pages <i>", bars)))
    assert "Pages <i>: figures on 2 of 3 days, the most on 2 Nov: 3" == figure.find("svg").get("aria-label")
    assert ["3 Nov", "1", "2 Nov", "3"] == [cell.text for cell in figure.xpath(".//table//tr/*")]
    assert 2 == len(figure.xpath(".//rect"))


def test_an_empty_chart_says_so() -> None:
    text = str(charts.figure("Pages", [Bar("", 0, "0", "1 Nov")]))
    assert "Nothing yet" in text and "<table" not in text
    assert "Nothing yet" in str(charts.figure("Pages", []))


def test_a_name_cannot_break_out_of_a_chart() -> None:
    text = str(charts.figure("t", [Bar('"><script>', 1, "<b>", date(2026, 1, 1).isoformat())]))
    assert "<script>" not in text and "<b>" not in text
