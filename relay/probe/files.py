"""What files on this machine tell of PaperCut: our programs' own log, security.properties, the job logs. Reads only."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from relay import json_text, plain_files
from relay.checks.server import install_dir
from relay.config import Settings
from relay.installer import places, properties
from relay.probe.unanswered import Unanswered

ROWS = 200
COLUMNS = 14  # of a CSV log without a cost
FIRST_COLUMNS = {"Time": "en", "Hora": "es", "Zeit": "de", "Час": "bg"}
# The words of both halves of a day as Java's older locale data gives them, by language.
MARKERS = {
    "bg": ("пр.об.", "сл.об."),
    "de": ("vorm.", "nachm."),
    "es": ("a. m.", "p. m."),
    "el": ("π.μ.", "μ.μ."),
    "hu": ("de.", "du."),
}
_24H = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?$")
_12H = re.compile(r"\d{4}-\d\d-\d\d[ T]\d{1,2}:\d\d(:\d\d)? [AaPp][Mm]$")
_A_P = re.compile(r"\d{4}-\d\d-\d\d[ T]\d{1,2}:\d\d(:\d\d)? [aApP]$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d$")


@dataclass(frozen=True)
class CsvLog:
    """A daily CSV log: whether a line stands above its header, the header's names, and some rows as they stand."""

    has_banner: bool
    header: list[str]
    rows: list[str]


class ServerFiles:
    """The files of one site, as far as they are on this machine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = settings.scripts.home

    @cached_property
    def papercut(self) -> Path:
        """Return PaperCut's folder. Raises Unanswered where it is not here."""
        folder = install_dir(self._settings)
        if folder is None:
            raise Unanswered("PaperCut's folder is not on this machine")
        return folder

    @cached_property
    def queries(self) -> list[tuple[datetime, list[str]]]:
        """Return what PaperCut asked our user source, oldest first: [(local time, ["-", "all-users"]), ...].

        Raises Unanswered where nothing was asked yet.
        """
        zone = ZoneInfo(self._settings.site.timezone)
        found = []
        for path in sorted((self._home / "logs").glob("user_source.log*"), reverse=True):
            if path.suffix == ".lock":
                continue
            for line in plain_files.text(path, errors="replace").splitlines():
                try:
                    read = json_text.parsed(line)
                    words = str(read["query"]).split()
                    moment = json_text.moment(read["time"]).astimezone(zone)
                except (ValueError, KeyError, TypeError):
                    continue
                if words and words[-1] != "is-valid":
                    found.append((moment, words))
        if not found:
            raise Unanswered("PaperCut has not asked our user source yet")
        return found

    def commands(self) -> Counter[str]:
        """Return how often each command was asked, as it was spelt."""
        return Counter(words[1] if words[0] == "-" and len(words) > 1 else words[0] for _, words in self.queries)

    def folder_list(self) -> str:
        """Return the value of the list of allowed folders. Raises Unanswered where there is none."""
        path = Path(places.security_file(str(self.papercut)))
        if not path.is_file():
            raise Unanswered("there is no security.properties")
        return properties.value(plain_files.content(path), properties.FOLDER_LIST) or ""

    def print_log_rows(self) -> list[list[str]]:
        """Return rows of the newest daily print logs, cut at tabs. Raises Unanswered where there are none."""
        logs = sorted((self.papercut / "server" / "logs" / "print-logs").glob("printlog_*.log"))
        rows: list[list[str]] = []
        for path in reversed(logs[-5:]):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            rows += [line.split("\t") for line in lines if re.match(r"\d{4}-\d\d-\d\d", line)][: ROWS - len(rows)]
        if not rows:
            raise Unanswered("there is no print log with rows")
        return rows

    def csv_log(self) -> CsvLog:
        """Return the newest daily CSV log with rows. Raises Unanswered where there is none."""
        logs = sorted((self.papercut / "server" / "logs" / "csv" / "daily").glob("*.csv"))
        for path in reversed(logs[-5:]):
            lines = _decoded(path.read_bytes()).splitlines()
            start = next((number for number, line in enumerate(lines) if line.count(",") >= 5), None)
            if start is not None and len(lines) > start + 1:
                header = [name.strip().strip('"') for name in lines[start].split(",")]
                return CsvLog(start > 0, header, lines[start + 1 : start + 1 + ROWS])
        raise Unanswered("there is no daily CSV log with rows")


def _decoded(data: bytes) -> str:
    """Return a log's text: UTF-8, else the code page that reads its first word as one that is known."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pages = (data.decode(page, "replace") for page in ("cp1251", "cp1252"))
        texts = list(pages)
        return next(
            (text for text in texts if FIRST_COLUMNS.keys() & set(re.findall(r"\w+(?=,)", text[:400]))), texts[-1]
        )


def marker_language(rows: list[list[str]]) -> str:
    """Return the language whose words for morning and afternoon a print log writes. Raises Unanswered if none fits."""
    markers = {re.sub(r"^\S+\s+\S+\s+", "", row[0]).strip().casefold() for row in rows}
    for language, words in MARKERS.items():
        if markers <= set(words):
            return language
    raise Unanswered("its marker is of no language that is known here")


def clock_of(rows: list[list[str]]) -> str:
    """Return how a print log writes the time: 24h, 12h (AM and PM), 12h_tab, a_p, or local for another marker."""
    kinds = Counter(_clock_of(row) for row in rows)
    if len(kinds) > 1:
        raise Unanswered("its rows write the time in more than one way")
    return next(iter(kinds))


def _clock_of(row: list[str]) -> str:
    if _DATE.match(row[0]):
        return "12h_tab"
    for pattern, kind in ((_24H, "24h"), (_12H, "12h"), (_A_P, "a_p")):
        if pattern.match(row[0]):
            return kind
    return "local"


def nightly_hour(queries: list[tuple[datetime, list[str]]]) -> str:
    """Return the hour at which all users were asked for on most nights, "00:55". Raises Unanswered without a habit."""
    starts: Counter[str] = Counter()
    for day_and_time in {
        moment.strftime("%Y-%m-%d %H:%M") for moment, words in queries if any("all-users" in word for word in words)
    }:
        starts[day_and_time[11:]] += 1
    if starts:
        hour, nights = starts.most_common(1)[0]
        if nights >= 2:
            return hour
    raise Unanswered("there are not two nights with a sync at the same hour in our log yet")
