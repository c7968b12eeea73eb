"""PaperCut's external database as a source of jobs: read-only, by any SQLAlchemy dialect.

New rows come by their id; the rows of the last weeks are read again, since refunds, denials and late rows change what
is there. Columns that a server does not have are left out; only what identifies and counts a job is needed.

Source: public PaperCut report queries and SavaPage's PaperCut classes (table and column names); PaperCut manual, data
access (external database only, read-only use).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.types import TypeDecorator

from relay import amounts, database, language
from relay.config import Settings
from relay.finding import Finding
from relay.jobs.job import LARGEST_COST, LARGEST_COUNT, Batch, Cursor, Job, SetAside, UnreadableRow
from relay.jobs.sources import reading
from relay.jobs.sources.columns import kind_of
from relay.jobs.sources.source import KnownJobs, NoSource
from relay.jobs.tables import NAME
from relay.language import lazy

FILE = "tbl_printer_usage_log"
ROWS_AT_ONCE = 5_000
WINDOW_DAYS = 35  # refunds are asked for within days or weeks
_VERSION = "database 2"
_CONNECT_S = 10

_NEEDED = ("printer_usage_log_id", "usage_date", "used_by_user_id", "printer_id", "total_pages")
_COLUMNS = (
    *_NEEDED, "usage_cost", "total_color_pages", "total_sheets", "copies", "duplex", "gray_scale", "document_name",
    "job_type", "usage_allowed", "printed", "cancelled", "refunded", "charged_to_account_id",
)  # fmt: skip
_PERSONAL_TYPES = ("USER", "PERSONAL")  # "USER", "USER-001": a person's own account
_FIRST, _LAST = datetime(reading.FIRST_YEAR, 1, 1), datetime(reading.LAST_YEAR, 12, 31)
_LATEST = timedelta(days=31)  # after now; what a wrong clock wrote is later
_SET = ("Y", "YES", "T", "TRUE", "1")


class _TextTime(TypeDecorator[Any]):
    """A date and time that SQLite keeps as text, which may be none: it is read as the logs' times are."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value


def opened(settings: Settings, now: datetime) -> PaperCutDatabase:
    """Return the configured database. Raises NoSource where there is none that could be opened."""
    try:
        engine = _engine(settings)
    except UnreadableRow as why:
        raise NoSource(_finding("job_database_not_opened", str(why))) from None
    return PaperCutDatabase(engine, settings.jobs.zone or ZoneInfo(settings.site.timezone), now)


@dataclass
class PaperCutDatabase:
    """The usage log of one server. `now` bounds the window that is read again."""

    engine: sa.Engine
    zone: ZoneInfo
    now: datetime
    findings: list[Finding] = field(default_factory=list)
    oldest_day: date | None = None
    read_day: date | None = None  # rows do not go with a day's file
    _after: datetime | None = None  # the row before, which tells the two passes of a doubled hour apart
    _last_at: datetime | None = None  # of any row that could be read, in this import or before

    def batches(self, known: KnownJobs) -> Iterator[Batch]:
        """Yield the window that is read again, then what is new. A database that fails is a finding."""
        try:
            with self.engine.connect() as connection:
                yield from self._batches(connection, known.cursors().get(FILE))
        except DBAPIError as error:
            self.findings.append(_finding("job_database_failed", database.reason(error)[:200]))
        except UnreadableRow as why:
            self.findings.append(_finding("job_database_unknown", str(why)))
        finally:
            self.engine.dispose()

    def _batches(self, connection: sa.Connection, cursor: Cursor | None) -> Iterator[Batch]:
        tables = _Tables.of(connection)
        last_id = cursor.offset if cursor is not None and cursor.reader == _VERSION else 0
        self._last_at = cursor.last_at if cursor is not None and last_id else None
        if last_id:
            since = (self.now - timedelta(days=WINDOW_DAYS)).astimezone(self.zone).replace(tzinfo=None)
            again = sa.and_(tables.log.c.printer_usage_log_id <= last_id, tables.log.c.usage_date >= since)
            for rows in _partitions(connection, tables.jobs(again)):
                yield self._batch(rows, last_id, restarted=False)
        else:
            plausible = tables.log.c.usage_date.between(_FIRST, _LAST)
            first = connection.execute(sa.select(sa.func.min(tables.log.c.usage_date)).where(plausible)).scalar()
            with contextlib.suppress(UnreadableRow):  # a row that is told when it is read
                self.oldest_day = _local_time(first).date() if first is not None else None
        newer = tables.log.c.printer_usage_log_id > last_id
        fresh = last_id == 0
        for rows in _partitions(connection, tables.jobs(newer)):
            last_id = int(rows[-1]["printer_usage_log_id"])
            yield self._batch(rows, last_id, restarted=fresh)
            fresh = False

    def _batch(self, rows: Sequence[sa.RowMapping], last_id: int, *, restarted: bool) -> Batch:
        jobs: list[Job] = []
        aside: list[SetAside] = []
        for row in rows:
            try:
                job = _job(row, self.zone, self._after)
                if job.at > self.now + _LATEST:
                    raise UnreadableRow(lazy("it is dated %(day)s, long after today", day=language.day(job.at.date())))
                self._after = self._last_at = job.at
                jobs.append(job)
            except UnreadableRow as why:
                aside.append(
                    SetAside(
                        FILE,
                        int(row["printer_usage_log_id"]),
                        why.reason,
                        reading.clean(str(row["document_name"] or ""), NAME),
                    )
                )
        settled = tuple(int(row["printer_usage_log_id"]) for row in rows) if not restarted else ()
        return Batch(jobs, [job.base for job in jobs], aside, self._cursor(last_id), restarted, settled)

    def _cursor(self, last_id: int) -> Cursor:
        return Cursor(FILE, last_id, "", _VERSION, self._last_at)


@dataclass(frozen=True)
class _Tables:
    """PaperCut's tables with the columns that this server has."""

    log: sa.Table
    user: sa.Table
    printer: sa.Table
    account: sa.Table
    transaction: sa.Table | None

    @classmethod
    def of(cls, connection: sa.Connection) -> _Tables:
        """Look which columns there are. Raises UnreadableRow when one is missing that identifies or counts a job."""
        there = sa.inspect(connection)
        metadata = sa.MetaData()

        def table(name: str, needed: tuple[str, ...], wanted: tuple[str, ...] = ()) -> sa.Table:
            if not there.has_table(name):
                raise UnreadableRow(lazy("it has no table %(name)s", name=name))
            found = {column["name"].lower(): column["type"] for column in there.get_columns(name)}
            if connection.dialect.name == "sqlite" and "usage_date" in found:
                found["usage_date"] = _TextTime()
            missing = [column for column in needed if column not in found]
            if missing:
                raise UnreadableRow(
                    lazy("its table %(name)s has no column %(columns)s", name=name, columns=", ".join(missing))
                )
            columns = (sa.Column(column, found[column]) for column in (*needed, *wanted) if column in found)
            return sa.Table(name, metadata, *columns)

        transaction = None
        if there.has_table("tbl_account_transaction"):
            wanted = ("usage_log_id", "amount", "is_credit", "usage_log_type")
            transaction = table("tbl_account_transaction", (), wanted)
        return cls(
            table("tbl_printer_usage_log", _NEEDED, _COLUMNS[len(_NEEDED) :]),
            table("tbl_user", ("user_id", "user_name")),
            table("tbl_printer", ("printer_id", "printer_name"), ("server_name",)),
            table("tbl_account", ("account_id", "account_name"), ("sub_name", "account_type")),
            transaction
            if transaction is not None and {"usage_log_id", "amount"} <= set(transaction.c.keys())
            else None,
        )

    def jobs(self, where: Any) -> sa.Select[Any]:
        """Return the query for jobs with their user, printer and account, by id."""
        log, account = self.log, self.account

        def column(table: sa.Table, name: str) -> Any:
            return table.c[name].label(name) if name in table.c else sa.literal(None).label(name)

        source = log.outerjoin(self.user, log.c.used_by_user_id == self.user.c.user_id)
        source = source.outerjoin(self.printer, log.c.printer_id == self.printer.c.printer_id)
        account_columns = [sa.literal(None).label(name) for name in ("account_name", "sub_name", "account_type")]
        if "charged_to_account_id" in log.c:
            source = source.outerjoin(account, log.c.charged_to_account_id == account.c.account_id)
            account_columns = [column(account, name) for name in ("account_name", "sub_name", "account_type")]
        given_back = self._given_back() if "refunded" in log.c else sa.literal(None)
        # A date that no calendar of Python's has would end the whole reading: it comes as none.
        dated = sa.case((log.c.usage_date.between(_FIRST, _LAST), log.c.usage_date), else_=None)
        return (
            sa.select(
                dated.label("usage_date"),
                *(column(log, name) for name in _COLUMNS if name != "usage_date"),
                self.user.c.user_name.label("user_name"),
                column(self.printer, "server_name"),
                self.printer.c.printer_name.label("printer_name"),
                *account_columns,
                given_back.label("given_back"),
            )
            .select_from(source)
            .where(where)
            .order_by(log.c.printer_usage_log_id)
        )

    def _given_back(self) -> Any:
        """Return what PaperCut gave back for a job.

        Its credits, where a column tells them, whatever sign their amounts have; else the transactions that add to an
        account. A number of the log of internet use is none of a job.
        """
        transaction = self.transaction
        if transaction is None:
            return sa.literal(None)
        columns = transaction.c
        amount: Any = columns.amount
        credit: Any = amount > 0
        if "is_credit" in columns:
            amount = sa.func.abs(amount)
            credit = sa.func.upper(sa.func.trim(sa.cast(columns.is_credit, sa.String))).in_(_SET)
        of_job: Any = columns.usage_log_id == self.log.c.printer_usage_log_id
        if "usage_log_type" in columns:
            kind = sa.func.upper(sa.cast(columns.usage_log_type, sa.String))
            of_job = sa.and_(of_job, sa.or_(kind.is_(None), kind.not_like("%NET%")))
        return sa.select(sa.func.sum(amount)).where(of_job, credit).scalar_subquery()


def has_transaction(settings: Settings, reference: str) -> bool | None:
    """Return whether PaperCut's transactions hold a comment with this reference; None where they cannot be read."""
    comments = sa.Table("tbl_account_transaction", sa.MetaData(), sa.Column("txn_comment", sa.String))
    try:
        engine = _engine(settings)
        try:
            with engine.connect() as connection:
                # Brackets mean something to some dialects, so they are looked at here.
                like = comments.c.txn_comment.contains(reference, autoescape=True)
                found = connection.execute(sa.select(comments.c.txn_comment).where(like)).scalars()
                return any(f"[{reference}]" in comment for comment in found)
        finally:
            engine.dispose()
    except (DBAPIError, UnreadableRow):
        return None


def _engine(settings: Settings) -> sa.Engine:
    """Return an engine that only reads. Raises UnreadableRow with half a sentence, never with the URL's password."""
    if settings.jobs.database_url is None:
        raise UnreadableRow(lazy("[jobs] database_url_file names no database"))
    try:
        url = settings.jobs.database_url.get_secret_value()
        bounded = (
            {"connect_timeout": _CONNECT_S} if sa.make_url(url).get_backend_name() in ("postgresql", "mysql") else {}
        )
        engine = sa.create_engine(url, hide_parameters=True, connect_args=bounded)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError):
        raise UnreadableRow(
            lazy("the URL in [jobs] database_url_file is not one that SQLAlchemy and an installed driver know")
        ) from None
    if engine.dialect.name == "postgresql":
        return engine.execution_options(postgresql_readonly=True)
    return engine


def _partitions(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Sequence[sa.RowMapping]]:
    """Yield the rows of a query, many at once, without holding them all."""
    result = connection.execution_options(stream_results=True, yield_per=ROWS_AT_ONCE).execute(query)
    yield from result.mappings().partitions()


def _job(row: sa.RowMapping, zone: ZoneInfo, after: datetime | None) -> Job:
    """Return the job of a row. Raises UnreadableRow."""
    local = _local_time(row["usage_date"])
    at = local if local.tzinfo is not None else reading.moment(local, zone, after)
    username = reading.name(str(row["user_name"] or ""), "username", NAME).lower()
    if not username:
        raise UnreadableRow(lazy("it names no user that PaperCut knows"))
    pages = _count(row["total_pages"], 0)
    colour = _count(row["total_color_pages"], None) if row["total_color_pages"] is not None else None
    grayscale = reading.flag(str(row["gray_scale"] or ""))
    cost = _money(row["usage_cost"])
    kind = kind_of(str(row["job_type"] or ""))
    denied = _is_denied(row, kind)
    given_back = _money(row["given_back"])
    refunded = bool(reading.flag(str(row["refunded"] or ""))) and not denied
    return Job(
        base=f"#{int(row['printer_usage_log_id']):015d}",  # Oracle's NUMBER is a Decimal here
        at=at.astimezone(zone),
        username=username,
        server=reading.name(str(row["server_name"] or ""), "server's name", NAME),
        printer=reading.name(str(row["printer_name"] or "?"), "printer's name", NAME),
        document=reading.clean(str(row["document_name"] or ""), NAME),
        pages=pages,
        copies=_count(row["copies"], 1),
        colour_pages=colour,
        is_colour=reading.is_colour(colour, pages, grayscale),
        sheets=_count(row["total_sheets"], None) if row["total_sheets"] is not None else None,
        duplex=reading.flag(str(row["duplex"] or "")),
        cost=0 if denied else cost,
        account=_shared_account(row),
        kind=kind,
        state="denied" if denied else "refunded" if refunded else "printed",
        refunded=min(cost or 0, given_back if given_back else cost or 0) if refunded else 0,
        certain=cost is not None and row["account_type"] is not None,
    )


def _local_time(value: Any) -> datetime:
    """Return when a job was, with or without a zone. Raises UnreadableRow."""
    if isinstance(value, str):
        return reading.local_time(value)
    if not isinstance(value, datetime):
        raise UnreadableRow(lazy("it has no date and time that a job can have"))
    return value


def _is_denied(row: sa.RowMapping, kind: str) -> bool:
    """Return whether a row is of a job that never came out.

    `printed` speaks of print jobs only: copies, scans and faxes have N there and count. Source: PaperCut's own report
    queries (`... OR job_type <> 'PRINT'`).
    """
    asked = ("usage_allowed", "printed") if kind == "print" else ("usage_allowed",)
    refused = any(reading.flag(str(row[name] or "")) is False for name in asked)
    return refused or bool(reading.flag(str(row["cancelled"] or "")))


def _shared_account(row: sa.RowMapping) -> str:
    """Return the shared account that was charged, "" for a person's own. Source: account_type in public queries."""
    kind = str(row["account_type"] or "USER").upper()
    if kind.startswith(_PERSONAL_TYPES):
        return ""
    parts = [str(row[name]).strip() for name in ("account_name", "sub_name") if row[name]]
    return reading.name("\\".join(part for part in parts if part), "account's name", NAME)


def _count(value: Any, default: Any) -> Any:
    if value is None:
        return default
    try:
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        number = -1
    if not 0 <= number <= LARGEST_COUNT:
        raise UnreadableRow(lazy("%(text)s is not a number of pages or copies", text=repr(str(value)[:40])))
    return number


def _money(value: Any) -> int | None:
    """Return an amount in micros; PaperCut keeps doubles, so that 0.1 + 0.2 must come out as 0.3."""
    if value is None:
        return None
    try:
        micros = amounts.from_decimal(value) if isinstance(value, Decimal) else amounts.from_double(float(value))
    except (ValueError, TypeError, OverflowError, ArithmeticError):
        micros = -1
    if not 0 <= micros <= LARGEST_COST:
        raise UnreadableRow(lazy("%(text)s is not a price", text=repr(str(value)[:40])))
    return micros


def _finding(code: str, why: str) -> Finding:
    return Finding(
        code,
        "error",
        "[jobs] database_url_file",
        lazy("PaperCut's database could not be read: %(why)s. No job was lost: correct it and import again.", why=why),
    )
