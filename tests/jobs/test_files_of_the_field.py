"""Files as running servers write them: clocks and markers of every language, commas, quotes, headers, code pages."""

from __future__ import annotations

import contextlib
import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.config.values import JOB_COLUMNS
from relay.jobs.job import UnreadableRow
from relay.jobs.sources import headers, reading
from relay.jobs.sources.halves import half_of
from tests.support.jobs_site import JobsSite, jobs_site, print_log_row

HEADER = "Time,User,Pages,Copies,Printer,Document Name,Client,Paper Size,Language,Height,Width,Duplex,Grayscale,Size"
BANNER = "PaperCut Print Logger - http://www.papercut.com/\n"


def csv_row(document: str = "Offer.pdf", tail: str = "", **changes: str) -> str:
    time = changes.get("time", "2026-11-23 09:15:30")
    size = changes.get("size", "19kb")
    return f"{time},ann,3,2,Colour,{document},LAPTOP-7,A4,PCL6,297,210,NOT DUPLEX,GRAYSCALE,{size}{tail}\n"


@pytest.fixture
def csv_site(tmp_path: Path) -> JobsSite:
    return jobs_site(tmp_path, jobs={"source": "csv"})


def write_csv(site: JobsSite, text: str, encoding: str = "utf-8", day: str = "2026-11-23") -> None:
    path = site.folder / f"papercut-print-log-{day}.csv"
    path.write_bytes(text.encode(encoding))


def moments(site: JobsSite) -> list[str]:
    return sorted(f"{row['at']:%H:%M}" for row in site.rows())


# -- clocks ----------------------------------------------------------------------------------------------------------

EVENING = datetime(2026, 11, 23, 19, 15, 30, tzinfo=UTC)  # 21:15:30 in Sofia


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-23 21:15:30",
        "2026-11-23 9:15:30 PM",
        "2026-11-23\t9:15:30 PM",
        "2026-11-23\t21:15:30",
        "2026-11-23\t9:15:30 p",
        "2026-11-23 9:15:30 p",
        "2026-11-23 9:15:30 \u0441\u043b.\u043e\u0431.",
        "2026-11-23 9:15:30\u202fnachm.",
        "2026-11-23 9:15:30\u00a0p.\u00a0m.",
        "2026-11-23 9:15:30 \u4e0b\u5348",
        "\u0662\u0660\u0662\u0666-\u0661\u0661-\u0662\u0663 \u0669:\u0661\u0665:\u0663\u0660 \u0645",
    ],
)
def test_each_reading_of_the_manuals_format_is_the_same_moment(site: JobsSite, time: str) -> None:
    site.append(print_log_row(time=time))
    assert (1, 0) == ((result := site.import_jobs()).counts.new, result.counts.set_aside)
    (row,) = site.rows()
    assert (EVENING, "ann", "print01", 350_000) == (row["at"], row["username"], row["server"], row["cost"])


def test_a_tab_in_the_time_moves_no_named_cost_column(tmp_path: Path) -> None:
    """[jobs] cost_column counts as the manual does: date and time are field 1."""
    site = jobs_site(tmp_path, jobs={"cost_column": "11"})
    site.append(print_log_row(time="2026-11-23\t9:15:30 AM"))
    site.import_jobs()
    assert [(350_000, True)] == [(row["cost"], row["certain"]) for row in site.rows()]


def test_every_marker_of_cldr_is_known_or_left_to_the_rows() -> None:
    """Whole and abbreviated; a word that two languages use for opposite halves is in neither table."""
    halves: dict[str, set[str]] = {}
    for name in ("bg", "de", "en", "es", "fr", "it", "nl", "pt", "pl", "zh", "ja", "ko", "ar", "el", "hu", "vi", "fi"):
        for words in Locale.parse(name).day_periods.values():
            for width, half in itertools.product(("abbreviated", "wide"), ("am", "pm")):
                if half in words.get(width, {}):
                    halves.setdefault(words[width][half], set()).add(half)
    assert len(halves) > 25
    assert {"ip."} == {word for word, meant in halves.items() if {half_of(word)} != meant}
    assert None is half_of("ip."), "Finnish for the afternoon, Inari Sami for the morning"


UNKNOWN = ("\u2020ante", "\u2020post")


def test_unknown_markers_are_told_apart_by_the_order_of_the_rows(site: JobsSite) -> None:
    """The afternoon's word is learnt in one file and holds in one that has only mornings."""
    morning, evening = UNKNOWN
    site.append(print_log_row(time=f"2026-11-22 8:00:00 {morning}"), day="2026_11_22")
    site.append(
        *(print_log_row(time=f"2026-11-23 {time}") for time in (f"9:15:30 {morning}", f"11:59:00 {morning}")),
        *(print_log_row(time=f"2026-11-23 {time}") for time in (f"12:10:00 {evening}", f"3:00:00 {evening}")),
    )
    assert (5, 0) == ((result := site.import_jobs()).counts.new, result.counts.set_aside)
    assert ["06:00", "07:15", "09:59", "10:10", "13:00"] == moments(site)


def test_one_unknown_marker_beside_all_rows_is_decided_by_the_turn_of_the_day(site: JobsSite) -> None:
    site.append(
        *(print_log_row(time=f"2026-11-23 {time} ??") for time in ("9:15:30", "11:50:00", "1:10:00", "4:00:00"))
    )
    site.import_jobs()
    assert ["07:15", "09:50", "11:10", "14:00"] == moments(site)


def test_a_word_beside_hours_over_12_says_nothing(site: JobsSite) -> None:
    site.append(*(print_log_row(time=f"2026-11-23 {time} Uhr") for time in ("09:15:30", "14:00:00")))
    site.import_jobs()
    assert ["07:15", "12:00"] == moments(site)


def test_what_no_row_decides_is_set_aside_and_quoted_until_one_does(site: JobsSite) -> None:
    morning, evening = UNKNOWN
    site.append(print_log_row(time=f"2026-11-23 9:15:30 {morning}"))
    result = site.import_jobs()
    assert (0, 1) == (result.counts.new, result.counts.set_aside)
    assert f"'09:15:30 {morning}' may be in the morning or in the afternoon" in result.text()
    assert 0 == site.import_jobs().counts.set_aside, "told once"
    site.append(print_log_row(time=f"2026-11-23 1:15:30 {evening}"))
    assert (2, 0) == ((result := site.import_jobs()).counts.new, result.counts.set_aside)
    assert (["07:15", "11:15"], []) == (moments(site), site.set_aside())


@pytest.mark.parametrize(
    "time",
    [
        "0001-01-01 09:15:30",
        "2026-11-23 24:00:00",
        "2026-02-30 09:15:30",
        "99999-11-23 09:15:30",
        "9999-12-31 23:59:59",
        "2026-11-23 0:15:30 AM",
    ],
)
def test_a_date_that_no_calendar_has_is_one_row_less(site: JobsSite, time: str) -> None:
    site.append(print_log_row(time=time), print_log_row())
    assert (1, 1) == ((result := site.import_jobs()).counts.new, result.counts.set_aside)


@given(st.text(max_size=40) | st.from_regex(r"\d{1,5}-\d\d?-\d\d?[ \t]\d\d?:\d\d(:\d\d)? ?\w{0,6}", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_a_time_is_read_or_unreadable_and_nothing_else(text: str) -> None:
    with contextlib.suppress(UnreadableRow):
        assert reading.FIRST_YEAR <= reading.stamp(text).local.year <= reading.LAST_YEAR


# -- CSV -------------------------------------------------------------------------------------------------------------


def test_rows_that_end_in_a_comma_have_no_field_more(csv_site: JobsSite) -> None:
    write_csv(csv_site, f"{BANNER}{HEADER}\n{csv_row(tail=',')}{csv_row(size='', tail=',')}")
    assert (2, 0) == ((result := csv_site.import_jobs()).counts.new, result.counts.set_aside)
    assert [6, 6] == [row["pages"] for row in csv_site.rows()]


@pytest.mark.parametrize(
    "document",
    [
        'My "best" offer.pdf',
        'Offer "final, signed".pdf',
        '"Offer',
        'Offer"',
        '"Offer, "final", v2.pdf"',
        "Offer, unquoted, v2.pdf",
        '"a","b".pdf',
    ],
)
@pytest.mark.parametrize("tail", ["", ","])
def test_stray_quotes_in_a_document_name_cost_nobody_a_row(csv_site: JobsSite, document: str, tail: str) -> None:
    write_csv(csv_site, f"{HEADER}\n{csv_row(document, tail)}")
    assert (1, 0) == ((result := csv_site.import_jobs()).counts.new, result.counts.set_aside)
    (row,) = csv_site.rows()
    assert ("ann", 6, 2, False, 0) == (row["username"], row["pages"], row["copies"], row["duplex"], row["colour_pages"])
    assert document.strip('"')[:1] == row["document"].strip('"')[:1]


HEADERS = {
    "de": ("Zeit,Benutzer,Seiten,Kopien,Drucker,Dokumentname,Client,Papierformat,Kosten", "cp1252"),
    "fr": ("Heure,Utilisateur,Pages,Copies,Imprimante,Nom du document,Client,Format de papier,Co\u00fbt", "cp1252"),
    "es": ("Hora,Usuario,P\u00e1ginas,Copias,Impresora,Nombre del documento,Cliente,Tama\u00f1o,Costo", "cp1252"),
    "it": ("Ora,Utente,Pagine,Copie,Stampante,Nome documento,Client,Formato carta,Costo", "utf-8"),
    "nl": ("Tijd,Gebruiker,Pagina's,Kopie\u00ebn,Printer,Documentnaam,Client,Papierformaat,Kosten", "cp1252"),
    "pt": ("Hora,Usu\u00e1rio,P\u00e1ginas,C\u00f3pias,Impressora,Nome do documento,Cliente,Papel,Custo", "cp1252"),
    "pl": ("Czas,U\u017cytkownik,Strony,Kopie,Drukarka,Nazwa dokumentu,Klient,Papier,Koszt", "cp1250"),
    "bg": (
        "\u0427\u0430\u0441,\u041f\u043e\u0442\u0440\u0435\u0431\u0438\u0442\u0435\u043b,"
        "\u0421\u0442\u0440\u0430\u043d\u0438\u0446\u0438,\u041a\u043e\u043f\u0438\u044f,"
        "\u041f\u0440\u0438\u043d\u0442\u0435\u0440,\u0418\u043c\u0435 \u043d\u0430 "
        "\u0434\u043e\u043a\u0443\u043c\u0435\u043d\u0442,A,B,\u0426\u0435\u043d\u0430",
        "cp1251",
    ),
    "en": ("Time,User,Pages,Copies,Printer,Document Name,Client,Paper Size,Charged Cost", "cp1252"),
}


@pytest.mark.parametrize("language", list(HEADERS))
def test_headers_in_the_languages_of_the_popups(csv_site: JobsSite, language: str) -> None:
    header, encoding = HEADERS[language]
    document = {"pl": "Za\u017c\u00f3\u0142\u0107.pdf", "bg": "\u041e\u0444\u0435\u0440\u0442\u0430.pdf"}.get(
        language, "Gr\u00f6\u00dfe.pdf"
    )
    write_csv(csv_site, f"{header}\n2026-11-23 09:15:30,ann,3,2,Colour,{document},PC,A4,0.70,\n", encoding)
    assert (1, 0) == ((result := csv_site.import_jobs()).counts.new, result.counts.set_aside)
    (row,) = csv_site.rows()
    assert (document, 6, 700_000) == (row["document"], row["pages"], row["cost"])


def test_headers_in_any_other_language_are_named_in_the_settings(tmp_path: Path) -> None:
    named = {
        "Aika": "Time",
        "K\u00e4ytt\u00e4j\u00e4": "user",
        "Sivut": "Pages",
        "Tulostin": "Printer",
        "Hinta": "Cost",
    }
    header, row = "AIKA,K\u00e4ytt\u00e4j\u00e4,Sivut,Tulostin,Hinta", "2026-11-23 09:15:30,ann,3,Colour,0.15"
    site = jobs_site(tmp_path, jobs={"source": "csv"})
    write_csv(site, f"{header}\n{row}\n", "cp1252")
    assert ["job_log_no_header"] == [finding.code for finding in site.import_jobs().findings]
    site = jobs_site(tmp_path, jobs={"source": "csv", "columns": named})
    assert 1 == site.import_jobs().counts.new
    assert [(3, 150_000)] == [(row["pages"], row["cost"]) for row in site.rows()]


def test_every_name_that_the_settings_may_give_is_a_column() -> None:
    assert [] == [name for name in JOB_COLUMNS if headers.column_of(name, {}) is None]


# -- folders ---------------------------------------------------------------------------------------------------------


def test_a_folder_without_a_daily_file_names_what_is_there(csv_site: JobsSite) -> None:
    (csv_site.folder / "papercut-print-log-2026-11.csv").write_text(f"{HEADER}\n{csv_row()}")
    (csv_site.folder / "papercut-print-log-all-time.csv").write_text(f"{HEADER}\n{csv_row()}")
    result = csv_site.import_jobs()
    assert (["job_log_no_file"], 1, 0) == ([one.code for one in result.findings], result.exit_code, result.counts.new)
    assert "papercut-print-log-2026-11.csv, papercut-print-log-all-time.csv" in result.text()


def test_another_sources_files_are_told_by_the_setting_that_reads_them(site: JobsSite) -> None:
    write_csv(site, f"{HEADER}\n{csv_row()}")
    assert 'set [jobs] source = "csv"' in site.import_jobs().text()


def test_daily_files_below_the_named_folder_are_read_and_sums_of_months_are_not(csv_site: JobsSite) -> None:
    for name in ("daily/papercut-print-log-2026-11-23.csv", "monthly/papercut-print-log-2026-11.csv"):
        path = csv_site.folder / name
        path.parent.mkdir()
        path.write_text(f"{HEADER}\n{csv_row()}")
    (csv_site.folder / "papercut-print-log-all-time.csv").write_text(f"{HEADER}\n{csv_row()}")
    result = csv_site.import_jobs()
    assert (1, ["job_log_elsewhere"], 0) == (
        result.counts.new,
        [one.code for one in result.findings if one.severity != "info" and "cost" not in one.code],
        result.exit_code,
    )
