"""Imports of PaperCut's logs: every row once, however often and however broken the files are read."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import event

from relay import jobs, plain_files
from relay import run as story
from relay.jobs.importing import keeps_from
from tests.support.jobs_site import JobsSite, jobs_site, print_log_row, totals

pytestmark = pytest.mark.windows

CSV_HEADER = (
    "Time,User,Pages,Copies,Printer,Document Name,Client,Paper Size,Language,Height,Width,Duplex,Grayscale,Size,Cost\n"
)


def codes(result: object) -> list[str]:
    return [finding.code for finding in result.findings]  # type: ignore[attr-defined]


def test_a_print_log_becomes_jobs_with_member_and_company(site: JobsSite) -> None:
    site.link("ann", company="Acme")
    site.append(print_log_row(), print_log_row(user="BOB", account="bob", cost="1.00"))
    result = site.import_jobs()
    assert (2, 2, 0, 0) == (result.counts.read, result.counts.new, result.counts.known, result.counts.set_aside)
    assert 0 == result.exit_code
    bob, ann = sorted(site.rows(), key=lambda row: row["member_id"])
    assert datetime(2026, 11, 23, 7, 15, 30, tzinfo=UTC) == ann["at"]
    assert date(2026, 11, 23) == ann["business_day"]
    assert ("member-ann", "company-Acme", "Acme") == (ann["member_id"], ann["company_id"], ann["company_name"])
    assert (3, 1, 350_000, "logged", False) == (
        ann["pages"], ann["colour_pages"], ann["cost"], ann["basis"], ann["certain"],
    )  # fmt: skip
    assert ("bob", "", "") == (bob["username"], bob["member_id"], bob["account"])


def test_the_documented_nine_fields_are_enough(site: JobsSite) -> None:
    """Without the undocumented fields a job has one copy and no known cost."""
    site.append("\t".join(print_log_row().split("\t")[:9]) + "\n")
    result = site.import_jobs()
    (row,) = site.rows()
    assert (1, None, "unknown", False) == (row["copies"], row["cost"], row["basis"], row["certain"])
    assert ["job_costs_estimated"] == codes(result)


def test_a_second_import_reads_nothing_and_changes_nothing(site: JobsSite) -> None:
    site.append(*[print_log_row(document=f"{number}.pdf") for number in range(50)])
    site.import_jobs()
    before = site.rows()
    again = site.import_jobs()
    assert (0, 0, 0, 0) == (again.counts.read, again.counts.new, again.counts.known, again.counts.bytes_read)
    assert before == site.rows()


def test_reading_goes_on_where_it_stopped_and_equal_rows_are_different_jobs(site: JobsSite) -> None:
    site.append(print_log_row(), print_log_row())
    assert 2 == site.import_jobs().counts.new
    site.append(print_log_row(), print_log_row(document="B.pdf"))
    result = site.import_jobs()
    assert (2, 2) == (result.counts.read, result.counts.new)
    assert (4, 12, 1_400_000) == totals(site.rows())


def test_a_file_that_was_replaced_is_read_again_and_counted_once(site: JobsSite) -> None:
    path = site.append(print_log_row(), print_log_row(), print_log_row(document="B.pdf"))
    site.import_jobs()
    path.write_text(print_log_row(document="First.pdf") + path.read_text())
    result = site.import_jobs()
    assert (4, 1, 3) == (result.counts.read, result.counts.new, result.counts.known)
    assert 4 == len(site.rows())


def test_a_line_being_written_waits_until_it_is_whole(site: JobsSite) -> None:
    row = print_log_row()
    site.append(print_log_row(document="A.pdf"), row[:40])
    assert (1, 0) == (site.import_jobs().counts.new, len(site.set_aside()))
    site.append(row[40:])
    assert 1 == site.import_jobs().counts.new
    assert 2 == len(site.rows())


def test_a_line_that_was_never_finished_is_kept_aside_until_somebody_finishes_it(site: JobsSite) -> None:
    row = print_log_row()
    site.append(row[:40], day="2026_11_20")
    first = site.import_jobs()
    assert (1, ["job_file_unread", "job_rows_set_aside"]) == (first.counts.set_aside, codes(first))
    assert "cut off" in site.set_aside()[0]["reason"]
    assert (0, ["job_file_unread"]) == ((again := site.import_jobs()).counts.set_aside, codes(again))
    site.append(row[40:], day="2026_11_20")
    assert 1 == site.import_jobs().counts.new
    assert [] == site.set_aside()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("rubbish\n", "1 of the 9 fields"),
        (print_log_row(time="soon"), "not a date and time"),
        (print_log_row(pages="many"), "not a number of pages"),
        (print_log_row(pages="2", colour="3"), "3 colour pages of 2"),
        (print_log_row(user=""), "names no user"),
        (print_log_row(time="2026-11-23\x00 9:15:30 AM"), "not a date and time"),
        (print_log_row(user="u" * 300), "username is longer"),
        ("x" * 70_000 + "\n", "longer than 64 KiB"),
    ],
)
def test_a_row_that_cannot_be_read_is_kept_aside_and_the_rest_goes_on(site: JobsSite, row: str, reason: str) -> None:
    site.append(print_log_row(), row, print_log_row(document="B.pdf"))
    result = site.import_jobs()
    assert (3, 2, 1) == (result.counts.read, result.counts.new, result.counts.set_aside)
    (aside,) = site.set_aside()
    assert reason in aside["reason"]
    assert len(print_log_row()) == aside["position"]
    assert "1 row could not be read" in result.findings[0].message
    assert 0 == result.exit_code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encodings_and_line_ends_of_every_system(site: JobsSite, encoding: str, line_end: str) -> None:
    bom = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    text = print_log_row(document="Größe.pdf") + print_log_row(document="B.pdf")
    site.log().write_bytes(bom + text.replace("\n", line_end).encode(encoding))
    assert 2 == site.import_jobs().counts.new
    assert {"Größe.pdf", "B.pdf"} == {row["document"] for row in site.rows()}
    tail = print_log_row(document="C.pdf").replace("\n", line_end)
    with site.log().open("ab") as file:
        file.write(tail.encode("utf-8" if encoding == "utf-8-sig" else encoding))
    assert 1 == site.import_jobs().counts.new


def test_an_import_that_dies_at_any_statement_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and the place where reading stopped are one commit."""
    monkeypatch.setattr("relay.jobs.sources.logs.ROWS_AT_ONCE", 3)
    halves = set()
    for deadly in range(1, 40, 2):
        folder = tmp_path / str(deadly)
        folder.mkdir()
        site = jobs_site(folder)
        site.append(*[print_log_row(document=f"{number // 2}.pdf") for number in range(9)], "rubbish\n")
        left = deadly

        def die(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        event.listen(site.database, "before_cursor_execute", die)
        with contextlib.suppress(KeyboardInterrupt):
            site.import_jobs()
        event.remove(site.database, "before_cursor_execute", die)
        halves.add(len(site.rows()))
        site.import_jobs()
        assert (9, 27, 3_150_000) == totals(site.rows())
        assert 1 == len(site.set_aside())
        site.database.dispose()
    assert {0, 3, 6, 9} == halves, "some died before, some between, some after"


def test_the_company_is_the_one_of_the_time_of_the_job(site: JobsSite) -> None:
    """Ann moves from Acme to Beta after an import; what she printed before it stays Acme's, and so does her name."""
    site.link("ann", company="Acme")
    site.append(print_log_row())
    site.import_jobs()
    site.append(print_log_row(document="late.pdf", time="2026-11-23 9:59:00 AM"))
    site.clock.move(hours=1)
    site.link("ann", company="Beta")
    site.import_jobs()
    site.append(print_log_row(document="new.pdf", time="2026-11-23 11:30:00 AM"))
    site.import_jobs()
    assert {"Offer.pdf": "Acme", "late.pdf": "Acme", "new.pdf": "Beta"} == {
        row["document"]: row["company_name"] for row in site.rows()
    }


def test_jobs_of_an_account_become_the_members_when_it_is_linked(site: JobsSite) -> None:
    site.append(print_log_row())
    site.import_jobs()
    assert "" == site.rows()[0]["member_id"]
    site.clock.move(hours=1)
    site.link("ann", company="Acme")
    site.import_jobs()
    assert ("member-ann", "Acme") == (site.rows()[0]["member_id"], site.rows()[0]["company_name"])


def test_a_renamed_account_keeps_its_jobs(site: JobsSite) -> None:
    site.link("ann", "m1", "Acme")
    site.append(print_log_row())
    site.import_jobs()
    site.clock.move(hours=1)
    site.link("ann.lee", "m1", "Acme")
    site.append(print_log_row(user="ann.lee", time="2026-11-23 11:30:00 AM"))
    site.import_jobs()
    assert ["m1", "m1"] == [row["member_id"] for row in site.rows()]


def test_shared_accounts_are_told_apart_from_the_persons_own(site: JobsSite) -> None:
    site.append(print_log_row(account="Projects\\Alpha"), print_log_row(account="ANN"), print_log_row(account=""))
    site.import_jobs()
    assert ["", "", "Projects\\Alpha"] == sorted(row["account"] for row in site.rows())


@pytest.mark.parametrize(("setting", "kept"), [("full", "A very long name of a document.pdf"), ("off", "")])
def test_document_names_are_kept_as_the_setting_lets(tmp_path: Path, setting: str, kept: str) -> None:
    site = jobs_site(tmp_path, jobs={"document_names": setting})
    site.append(
        print_log_row(document="A very long name of a document.pdf"), print_log_row(pages="x", document="Secret")
    )
    site.import_jobs()
    assert kept == site.rows()[0]["document"]
    assert ("Secret" in site.set_aside()[0]["text"]) == (setting == "full")


def test_short_document_names_are_short(tmp_path: Path) -> None:
    site = jobs_site(tmp_path, jobs={"document_names": "short"})
    site.append(print_log_row(document="A very long name of a document.pdf"))
    site.import_jobs()
    assert "A very long name of…" == site.rows()[0]["document"]


@pytest.mark.parametrize("setting", ["short", "off"])
@pytest.mark.parametrize("document", ["Redundancy\tMr 'Smith'.docx", "\tSmith", 'a\t"Smith', "\t'Smith\\"])
def test_a_row_kept_aside_keeps_no_document_either(tmp_path: Path, setting: str, document: str) -> None:
    """A tab in the document's name moves the rest of it to where the number of pages stands."""
    site = jobs_site(tmp_path, jobs={"document_names": setting})
    site.append(print_log_row(document=document))
    result = site.import_jobs()
    assert 1 == result.counts.set_aside
    assert "Smith" not in result.text() + str(site.set_aside())
    assert "a field is not a number of pages" in result.text()


def test_a_cost_column_named_later_corrects_the_jobs_that_are_there(tmp_path: Path) -> None:
    site = jobs_site(tmp_path)
    row = print_log_row(cost="A4\t12")  # an amount without a fraction cannot be told by its look
    site.append(row)
    site.import_jobs()
    assert None is site.rows()[0]["cost"]
    site = jobs_site(tmp_path, jobs={"cost_column": "12"})
    result = site.import_jobs()
    assert (0, 1, 1) == (result.counts.new, result.counts.known, result.counts.changed)
    assert (1, 3, 12_000_000) == totals(site.rows())


def test_logs_that_somebody_removed_are_told_and_quiet_weeks_are_not(site: JobsSite) -> None:
    first = site.append(print_log_row())
    site.import_jobs()
    first.unlink()
    site.clock.move(days=10)
    second = site.append(print_log_row(time="2026-12-03 09:15:30"), day="2026_12_03")
    assert ["job_days_lost"] == codes(site.import_jobs())
    for _ in range(40):  # nobody prints, and PaperCut deletes what is older than its days
        site.clock.move(days=1)
        assert [] == codes(site.import_jobs())
    second.unlink()
    site.append(print_log_row(time="2027-01-12 09:15:30"), day="2027_01_12")
    assert [] == codes(site.import_jobs())


# -- CSV -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def csv_site(tmp_path: Path) -> JobsSite:
    return jobs_site(tmp_path, jobs={"source": "csv"})


def test_a_server_with_another_clock_is_told_so(tmp_path: Path) -> None:
    """A container writes UTC: the job is after midnight at the site, so it is of the next business day."""
    site = jobs_site(tmp_path, jobs={"timezone": "UTC"})
    site.append(print_log_row(time="2026-11-23 10:30:00 PM"))
    site.import_jobs()
    (row,) = site.rows()
    assert (row["at"], row["business_day"]) == (datetime(2026, 11, 23, 22, 30, tzinfo=UTC), date(2026, 11, 24))


def test_a_server_west_of_its_site_still_writes_the_log_of_yesterday(tmp_path: Path) -> None:
    """It is the 24th in Sofia and the 23rd where the server stands: a line there is being written, not cut off."""
    site = jobs_site(tmp_path, jobs={"timezone": "America/New_York"})
    site.clock.moment = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    site.append(print_log_row(time="2026-11-23 08:59:00 PM")[:40])
    assert ([], 0) == (codes(result := site.import_jobs()), result.counts.set_aside)


def csv_log(site: JobsSite, text: str, day: str = "2026-11-23") -> Path:
    path = site.folder / f"papercut-print-log-{day}.csv"
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)
    return path


CSV_ROW = (
    '2026-11-23 09:15:30,ann,3,2,Colour,"Offer, final.pdf",LAPTOP-7,A4,PCL6,297,210,DUPLEX,GRAYSCALE,120kb,0.7000\n'
)


def test_a_daily_csv_becomes_jobs(csv_site: JobsSite) -> None:
    """Pages are those of one copy; a title may stand above the header."""
    csv_log(csv_site, "PaperCut Print Logger,http://www.papercut.com/\n" + CSV_HEADER + CSV_ROW)
    result = csv_site.import_jobs()
    assert (1, 1, 0) == (result.counts.read, result.counts.new, result.counts.set_aside)
    (row,) = csv_site.rows()
    assert ("Offer, final.pdf", 6, 2, 0, True, 700_000) == (
        row["document"], row["pages"], row["copies"], row["colour_pages"], row["duplex"], row["cost"],
    )  # fmt: skip
    assert not row["certain"], "this CSV does not say which account paid"


def test_csv_headers_vary_and_so_does_their_order(csv_site: JobsSite) -> None:
    csv_log(
        csv_site,
        "Username;Printer Name;Total Printed Pages;Date;Cost (EUR);Charged To;Copies\n"
        "ann;Colour;6;2026-11-23 09:15;1,25;ann;2\n",
    )
    csv_site.import_jobs()
    (row,) = csv_site.rows()
    assert (6, 1_250_000, True) == (row["pages"], row["cost"], row["certain"])


@pytest.mark.parametrize(
    ("header", "value"), [("Cost Center", "Sales"), ("Cost per page", "0.05"), ("Charge type", "job")]
)
def test_not_everything_that_begins_with_cost_is_one(csv_site: JobsSite, header: str, value: str) -> None:
    csv_log(csv_site, f"Time,User,Printer,Pages,{header},Cost (EUR)\n2026-11-23 09:15:30,ann,Colour,6,{value},0.30\n")
    csv_site.import_jobs()
    assert [300_000] == [row["cost"] for row in csv_site.rows()]


def test_a_cost_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    site = jobs_site(tmp_path, jobs={"source": "csv", "cost_column": "Kosten"})
    csv_log(site, CSV_HEADER + CSV_ROW)
    assert "'Kosten'" in site.import_jobs().findings[0].message


def test_date_and_time_may_be_two_columns(csv_site: JobsSite) -> None:
    csv_log(csv_site, "Date,Time,User,Printer,Pages\n2026-11-23,9:15:30 PM,ann,Colour,3\n")
    csv_site.import_jobs()
    assert datetime(2026, 11, 23, 19, 15, 30, tzinfo=UTC) == csv_site.rows()[0]["at"]


def test_csv_reading_goes_on_with_the_header_of_the_files_beginning(csv_site: JobsSite) -> None:
    csv_log(csv_site, CSV_HEADER + CSV_ROW)
    csv_site.import_jobs()
    csv_log(csv_site, CSV_ROW.replace("09:15", "10:15"))
    assert 1 == csv_site.import_jobs().counts.new


def test_a_document_name_with_a_line_end_is_one_record(csv_site: JobsSite) -> None:
    csv_log(csv_site, CSV_HEADER + CSV_ROW.replace("Offer, final", "two\nlines") + CSV_ROW)
    result = csv_site.import_jobs()
    assert (2, 0) == (result.counts.new, result.counts.set_aside)
    assert "two lines.pdf" in {row["document"] for row in csv_site.rows()}


def test_a_quote_that_opens_nothing_concerns_one_row_only(csv_site: JobsSite) -> None:
    """Two such rows would even fit together as one record that swallows the rows between them."""
    open_quote = CSV_ROW.replace('"Offer, final.pdf"', '"Offer')
    rows = [open_quote, CSV_ROW, CSV_ROW.replace("ann", "bob"), open_quote, CSV_ROW.replace("ann", "cleo")]
    csv_log(csv_site, CSV_HEADER + "".join(rows))
    result = csv_site.import_jobs()
    assert (5, 0) == (result.counts.new, result.counts.set_aside)
    assert ["Offer, final.pdf"] * 3 + ['"Offer'] * 2 == sorted(
        (row["document"] for row in csv_site.rows()), reverse=True
    )


def test_a_record_whose_end_may_still_be_written_waits(csv_site: JobsSite) -> None:
    csv_log(csv_site, CSV_HEADER + CSV_ROW[: CSV_ROW.index("final")] + "\n")
    assert (0, 0) == ((result := csv_site.import_jobs()).counts.new, result.counts.set_aside)
    csv_site.clock.move(days=1)
    assert 1 <= csv_site.import_jobs().counts.set_aside


@pytest.mark.skipif(os.name == "nt", reason="a name is text there")
def test_a_file_name_of_any_bytes_is_read(csv_site: JobsSite) -> None:
    """A folder copied from Windows may have names that are no text here."""
    with open(os.path.join(os.fsencode(csv_site.folder), b"B\xfcro-2026-11-23.csv"), "wb") as file:
        file.write((CSV_HEADER + CSV_ROW + "rubbish\n").encode())
    result = csv_site.import_jobs()
    assert (1, 1) == (result.counts.new, result.counts.set_aside)
    assert result.text().encode()
    assert (0, 0) == ((again := csv_site.import_jobs()).counts.read, again.counts.bytes_read)


def test_a_row_dated_long_after_its_own_log_is_kept_aside(site: JobsSite) -> None:
    site.append(print_log_row(time="2062-11-23 09:15:30"), print_log_row(time="2026-11-24 00:00:01"))
    site.import_jobs()
    assert [(2026, 11, 24)] == [(day.year, day.month, day.day) for day in (row["business_day"] for row in site.rows())]
    assert ["it is dated 23 Nov 2062, long after its own log"] == [row["reason"] for row in site.set_aside()]


def test_a_header_that_is_still_written_is_waited_for(csv_site: JobsSite) -> None:
    text = "PaperCut Print Logger - http://www.papercut.com\n" + CSV_HEADER + CSV_ROW
    csv_log(csv_site, text[:70])
    assert ([], 0) == (codes(result := csv_site.import_jobs()), result.exit_code)
    csv_log(csv_site, text[70:])
    assert 1 == csv_site.import_jobs().counts.new


def test_a_csv_without_a_header_is_an_error_with_its_name(csv_site: JobsSite) -> None:
    csv_log(csv_site, CSV_ROW)
    result = csv_site.import_jobs()
    assert (["job_log_no_header"], 1) == (codes(result), result.exit_code)


def test_a_header_that_stands_there_again_is_no_row(csv_site: JobsSite) -> None:
    csv_log(csv_site, CSV_HEADER + CSV_ROW + CSV_HEADER + CSV_ROW.replace("09:15:30", "09:16:30"))
    result = csv_site.import_jobs()
    assert (result.counts.new, codes(result)) == (2, [])
    csv_log(csv_site, CSV_HEADER + CSV_ROW.replace("09:15:30", "09:17:30"))
    assert (1, []) == ((result := csv_site.import_jobs()).counts.new, codes(result))


@pytest.mark.parametrize("text", ["<html>no log</html>", (CSV_HEADER + CSV_ROW).replace("\r", "").replace("\n", "\r")])
def test_a_file_of_a_past_day_without_one_line_end_is_no_silence(csv_site: JobsSite, text: str) -> None:
    csv_log(csv_site, text)
    assert ([], 0) == (codes(result := csv_site.import_jobs()), result.exit_code)  # its first line may still be written
    csv_site.clock.move(days=2)
    assert (["job_log_no_header"], 1) == (codes(result := csv_site.import_jobs()), result.exit_code)


@pytest.mark.parametrize("row", [CSV_ROW.replace("Offer, final", "bare\rreturn"), '"a\r"b",\r\n'])
def test_a_carriage_return_within_a_row_stops_nothing(csv_site: JobsSite, row: str) -> None:
    csv_log(csv_site, row + CSV_HEADER + row + CSV_ROW)
    assert 1 <= csv_site.import_jobs().counts.new


def test_pages_beyond_all_measure_are_kept_aside(csv_site: JobsSite) -> None:
    csv_log(csv_site, CSV_HEADER + CSV_ROW.replace(",3,2,", ",9999999,9999999,"))
    assert 1 == csv_site.import_jobs().counts.set_aside


def test_a_copy_of_a_days_file_is_not_read(csv_site: JobsSite) -> None:
    path = csv_log(csv_site, CSV_HEADER + CSV_ROW)
    (csv_site.folder / "Copy of papercut-print-log-2026-11-23.csv").write_text(path.read_text() + CSV_ROW)
    result = csv_site.import_jobs()
    assert (1, ["job_log_twice"]) == (result.counts.new, codes(result))


# -- places, days, sources -------------------------------------------------------------------------------------------


def test_no_place_is_a_warning_a_wrong_one_an_error(tmp_path: Path) -> None:
    site = jobs_site(tmp_path, jobs={"path": ""})
    assert (["job_log_not_configured"], 0) == (codes(result := site.import_jobs()), result.exit_code)
    site = jobs_site(tmp_path, jobs={"path": str(tmp_path / "nowhere")})
    assert (["job_log_missing"], 1) == (codes(result := site.import_jobs()), result.exit_code)
    site = jobs_site(tmp_path, jobs={"path": ""}, papercut={"install_dir": str(tmp_path)})
    assert (["job_log_missing"], 0) == (codes(result := site.import_jobs()), result.exit_code)


def test_the_place_below_papercuts_own_folder(tmp_path: Path) -> None:
    site = jobs_site(tmp_path, jobs={"path": ""}, papercut={"install_dir": str(tmp_path / "papercut")})
    logs = tmp_path / "papercut" / "server" / "logs" / "print-logs"
    logs.mkdir(parents=True)
    (logs / "printlog_2026_11_23.log").write_text(print_log_row())
    assert 1 == site.import_jobs().counts.new


def test_source_none_reads_nothing(tmp_path: Path) -> None:
    site = jobs_site(tmp_path, jobs={"source": "none"})
    site.append(print_log_row())
    assert (0, ()) == ((result := site.import_jobs()).counts.read, result.findings)


def test_days_deleted_before_they_were_read_are_a_finding(site: JobsSite) -> None:
    """PaperCut keeps 30 days; an import after 40 days must say that ten may be missing, once."""
    site.append(print_log_row())
    site.import_jobs()
    site.log().unlink()
    site.clock.move(days=40)
    site.append(print_log_row(time="2026-12-20 9:00:00 AM"), day="2026_12_20")
    result = site.import_jobs()
    assert ["job_days_lost"] == codes(result)
    assert "between 23 Nov 2026 and 20 Dec 2026" in result.findings[0].message
    assert [] == codes(site.import_jobs())


def test_another_source_takes_over_without_counting_twice(tmp_path: Path) -> None:
    site = jobs_site(tmp_path)
    site.append(print_log_row())
    site.import_jobs()
    site = jobs_site(tmp_path, jobs={"source": "csv"})
    csv_log(site, CSV_HEADER + CSV_ROW + CSV_ROW.replace("09:15", "10:15"))
    result = site.import_jobs()
    assert (1, 1, ["job_source_changed"]) == (result.counts.new, result.counts.known, codes(result))
    assert [] == codes(site.import_jobs())


def test_going_back_to_the_first_source_counts_nothing_twice(tmp_path: Path) -> None:
    """Print logs, then the CSV for a while, then print logs again, whose files tell that while too."""
    site = jobs_site(tmp_path)
    site.append(print_log_row())
    site.import_jobs()
    site = jobs_site(tmp_path, jobs={"source": "csv"})
    csv_log(site, CSV_HEADER + CSV_ROW.replace("09:15", "10:15"))
    site.clock.move(hours=3)
    site.import_jobs()
    site = jobs_site(tmp_path)
    site.clock.move(hours=6)
    site.append(print_log_row(time="2026-11-23 10:15:30 AM"), print_log_row(time="2026-11-23 1:00:00 PM"))
    result = site.import_jobs()
    assert (1, 1, ["job_source_changed"]) == (result.counts.new, result.counts.known, codes(result))
    assert 3 == len(site.rows())


def test_the_doubled_hour_of_a_day_is_read_in_order(tmp_path: Path) -> None:
    site = jobs_site(tmp_path)
    times = ("2:50:00 AM", "3:10:00 AM", "3:50:00 AM", "3:05:00 AM", "3:55:00 AM", "4:10:00 AM")
    site.append(*[print_log_row(time=f"2026-10-25 {time}") for time in times], day="2026_10_25")
    site.import_jobs()
    hours = sorted(f"{row['at']:%H:%M}" for row in site.rows())
    assert ["00:10", "00:50", "01:05", "01:55", "02:10", "23:50"] == hours


def test_a_folder_that_cannot_be_listed_is_an_error_with_its_name(
    site: JobsSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert (["job_log_unreadable"], 1) == (codes(result := site.import_jobs()), result.exit_code)


def test_a_file_that_cannot_be_opened_does_not_stop_the_others(site: JobsSite, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = site.append(print_log_row(), day="2026_11_22")
    site.append(print_log_row())
    real = plain_files.opened

    def refuse(path: Path, largest: int) -> BinaryIO:
        if path == bad:
            raise PermissionError(13, "Permission denied")
        return real(path, largest)

    monkeypatch.setattr(plain_files, "opened", refuse)
    result = site.import_jobs()
    assert (1, ["job_log_unreadable"], 1) == (result.counts.new, codes(result), result.exit_code)


def test_a_job_of_next_year_shuts_out_no_other_source(tmp_path: Path) -> None:
    """The server's clock was wrong for one job."""
    before = jobs_site(tmp_path)
    before.append(print_log_row(time="2062-11-23 09:15:30"), day="2062_11_23")
    before.append(print_log_row())
    before.import_jobs()
    site = jobs_site(tmp_path, jobs={"source": "csv"})
    csv_log(site, CSV_HEADER + CSV_ROW + CSV_ROW.replace("09:15", "10:15"))
    assert (1, 1) == ((result := site.import_jobs()).counts.new, result.counts.known)


def test_a_company_counts_from_the_sync_that_saw_it(site: JobsSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only from the next import on: the fee for the jobs between them goes to the new company."""
    monkeypatch.setattr(story.money, "keep_witness", lambda site: False)  # PaperCut has nothing but prices here
    site.link("ann", company="Acme")
    site.append(print_log_row())
    site.import_jobs()
    site.clock.move(hours=1)

    def sync() -> jobs.ImportResult:
        site.link("ann", company="Beta")
        return jobs.ImportResult("none")  # as good an answer as a sync's

    story.recorded(site.context, "sync", sync)
    site.append(print_log_row(time="2026-11-23 1:00:00 PM"))
    site.clock.move(hours=20)
    site.import_jobs()
    assert ["Acme", "Beta"] == [row["company_name"] for row in site.rows()]


def test_old_jobs_lose_who_printed_what_and_keep_their_sums(tmp_path: Path) -> None:
    """Of today's month and the one before names are kept; reading an old log again brings nothing back."""
    site = jobs_site(tmp_path, jobs={"keep_months": 1})
    site.link("ann", company="Acme")
    site.append(print_log_row(time="2026-09-30 9:00:00 AM"), day="2026_09_30")
    site.append(print_log_row(time="2026-10-01 9:00:00 AM"), day="2026_10_01")
    site.import_jobs()
    site.append("no job at all\n", day="2026_09_30")
    site.import_jobs()
    rows = site.rows()
    assert [(bool(row["username"]), bool(row["document"]), row["pages"] > 0, row["member_id"]) for row in rows] == [
        (False, False, True, "member-ann"),
        (True, True, True, "member-ann"),
    ]
    site.clock.move(days=40)
    site.import_jobs()
    assert [(row["username"], row["document"]) for row in site.rows()] == [("", ""), ("", "")]
    assert [row["cost"] for row in site.rows()] == [row["cost"] for row in rows]
    assert [row["text"] for row in site.set_aside()] == [""]


@pytest.mark.parametrize(
    ("months", "first"), [(0, None), (1, date(2026, 10, 1)), (11, date(2025, 12, 1)), (12, date(2025, 11, 1))]
)
def test_names_are_kept_from_the_first_of_a_month_on(months: int, first: date | None) -> None:
    assert keeps_from(date(2026, 11, 23), months) == first
