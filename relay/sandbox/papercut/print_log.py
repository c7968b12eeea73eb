"""PaperCut's own files about jobs: the tab-delimited print log of a day, and the CSV of day, month and all time.

Source: PaperCut manual on data access (fields 1 to 9 and the tenth), PaperCut Print Logger's columns for the CSV as
seen in public files and on a server; what is not known is a switch. The files of a month and of all time hold the same
rows as those of the days.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from pathlib import Path

from relay.probe.files import MARKERS
from relay.sandbox.papercut.state import JobRecord, PaperCutState
from relay.sandbox.papercut.switches import PaperCutSwitches

_BANNER = "PaperCut Print Logger - http://www.papercut.com/\n"
_CSV_COLUMNS = {
    "en": "Time,User,Pages,Copies,Printer,Document Name,Client,Paper Size,Language,Height,Width,Duplex,Grayscale,Size",
    "es": (
        "Hora,Usuario,Páginas,Copias,Impresora,Nombre del documento,Cliente,Tamaño de papel,Idioma,Altura,Anchura,"
        "Dúplex,Escala de grises,Tamaño"
    ),
    "de": (
        "Zeit,Benutzer,Seiten,Kopien,Drucker,Dokumentname,Client,Papierformat,Sprache,Höhe,Breite,Duplex,Graustufen,"
        "Größe"
    ),
    "bg": (
        "Час,Потребител,Страници,Копия,Принтер,Име на документ,Клиент,Размер на хартията,Език,Височина,Ширина,"
        "Двустранно,Сива скала,Размер"
    ),
}
_CODE_PAGES = {"en": "utf-8", "es": "cp1252", "de": "cp1252", "bg": "cp1251"}


def write(state: PaperCutState, job: JobRecord) -> None:
    """Append one printed job to its day's files, and to the CSV of its month and of all time. The caller holds the
    lock."""
    at = job.at.astimezone(state.zone)
    logs = state.data_dir / "server" / "logs"
    folder, name = logs / "csv", "papercut-print-log"
    _append_text(state, logs / "print-logs" / f"printlog_{at:%Y_%m_%d}.log", job, at)
    _append_csv(state, folder / "daily" / f"{name}-{at:%Y-%m-%d}.csv", job, at)
    _append_csv(state, folder / "monthly" / f"{name}-{at:%Y-%m}.csv", job, at)
    _append_csv(state, folder / f"{name}-all-time.csv", job, at)


def _time(switches: PaperCutSwitches, at: datetime) -> str:
    if switches.print_log_time == "24h":
        return f"{at:%Y-%m-%d %H:%M:%S}"
    space = "\t" if switches.print_log_time == "12h_tab" else " "
    return f"{at:%Y-%m-%d}{space}{at.hour % 12 or 12}:{at:%M:%S}{_marker(switches, at)}"


def _marker(switches: PaperCutSwitches, at: datetime) -> str:
    """Return what stands after a time of the 12-hour clock, with the blank before it: a narrow one in newer Java."""
    morning = at.hour < 12
    if switches.print_log_time == "a_p":
        return " a" if morning else " p"
    if switches.print_log_time != "local":
        return " AM" if morning else " PM"
    words = MARKERS.get(switches.print_log_language, ("xa", "xb"))
    return "\u202f" + words[0 if morning else 1]


def _document(switches: PaperCutSwitches, job: JobRecord) -> str:
    return job.document.encode("ascii", "replace").decode() if switches.document_ascii else job.document


def _append_text(state: PaperCutState, path: Path, job: JobRecord, at: datetime) -> None:
    fields = [
        job.server,
        job.printer,
        job.username,
        job.account,
        job.client,
        _document(state.switches, job),
        str(job.pages),
        str(job.colour_pages),
        str(job.copies),
    ]
    if state.switches.print_log_cost:
        fields += [
            f"{job.cost:.{state.switches.log_cost_digits}f}",
            job.paper_size,
            "Y" if job.duplex else "N",
            "Y" if job.grayscale else "N",
            job.comment,
        ]
    row = "\t".join(re.sub(r"[\t\r\n]+", " ", field) for field in fields)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{_time(state.switches, at)}\t{row}\n")


def _append_csv(state: PaperCutState, path: Path, job: JobRecord, at: datetime) -> None:
    switches = state.switches
    cost = switches.csv_cost_header
    path.parent.mkdir(parents=True, exist_ok=True)
    text = ""
    if not path.exists():
        banner = _BANNER if switches.csv_banner else ""
        text = f"{banner}{_CSV_COLUMNS[switches.csv_language]}{f',{cost}' if cost else ''}\n"
    before = [
        f"{at:%Y-%m-%d %H:%M:%S}",
        job.username,
        str(job.pages // job.copies if job.copies else job.pages),
        str(job.copies),
        job.printer,
    ]
    after = [
        job.client,
        job.paper_size,
        "",
        "",
        "",
        "DUPLEX" if job.duplex else "NOT DUPLEX",
        "GRAYSCALE" if job.grayscale else "NOT GRAYSCALE",
        f"{19 * job.pages}kb",
        *([f"{job.cost:.{switches.log_cost_digits}f}"] if cost else []),
        *([""] if switches.csv_trailing_comma else []),
    ]
    document = _document(switches, job)
    if switches.csv_stray_quotes:
        row = f'{_row(before)},{document} "{job.printer}, last",{_row(after)}\n'
    else:
        row = _row([*before, document, *after]) + "\n"
    with path.open("ab") as file:
        file.write((text + row).encode(_CODE_PAGES[switches.csv_language], "replace"))


def _row(fields: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()
