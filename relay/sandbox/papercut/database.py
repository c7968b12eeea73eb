"""PaperCut's external database, as far as job costs need it: the same jobs, transactions, users and printers as rows.

A `Recorder` of the state. Tables and columns are PaperCut's own, read-only to everybody else; amounts are doubles.
Source: public PaperCut report queries and SavaPage's PaperCut classes (print-scripts notes 5.1). Not for production
data: the stand-in owns the tables and makes them where they are missing.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from relay.sandbox.late import LateEffects
from relay.sandbox.papercut.state import (
    JobRecord,
    PaperCutState,
    Printer,
    Recorder,
    SharedAccountRecord,
    Transaction,
    User,
)

metadata = sa.MetaData()

_FLAG = sa.String(1)
_MONEY = sa.Float(53)

users = sa.Table(
    "tbl_user",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_name", sa.String(50), nullable=False),
    sa.Column("full_name", sa.String(255)),
    sa.Column("email", sa.String(255)),
    sa.Column("department", sa.String(255)),
    sa.Column("office", sa.String(255)),
    sa.Column("card_number", sa.String(100)),
    sa.Column("internal", _FLAG, nullable=False),
    sa.Column("deleted", _FLAG, nullable=False),
    sa.Column("modified_date", sa.DateTime),
)
accounts = sa.Table(
    "tbl_account",
    metadata,
    sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("account_name", sa.String(255), nullable=False),
    sa.Column("sub_name", sa.String(255)),
    sa.Column("account_type", sa.String(20), nullable=False),
    sa.Column("balance", _MONEY, nullable=False),
)
printers = sa.Table(
    "tbl_printer",
    metadata,
    sa.Column("printer_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("server_name", sa.String(255), nullable=False),
    sa.Column("printer_name", sa.String(255), nullable=False),
    sa.Column("display_name", sa.String(255)),
    sa.Column("physical_printer_id", sa.BigInteger),
    sa.Column("printer_type", sa.String(20)),
)
jobs = sa.Table(
    "tbl_printer_usage_log",
    metadata,
    sa.Column("printer_usage_log_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("usage_date", sa.DateTime, nullable=False),
    sa.Column("printer_id", sa.BigInteger),
    sa.Column("used_by_user_id", sa.BigInteger),
    sa.Column("charged_to_account_id", sa.BigInteger),
    sa.Column("assoc_with_account_id", sa.BigInteger),
    sa.Column("usage_cost", _MONEY, nullable=False),
    sa.Column("total_pages", sa.Integer, nullable=False),
    sa.Column("total_color_pages", sa.Integer, nullable=False),
    sa.Column("duplex_pages", sa.Integer, nullable=False),
    sa.Column("total_sheets", sa.Integer, nullable=False),
    sa.Column("copies", sa.Integer, nullable=False),
    sa.Column("paper_size", sa.String(50)),
    sa.Column("duplex", _FLAG, nullable=False),
    sa.Column("gray_scale", _FLAG, nullable=False),
    sa.Column("document_name", sa.String(255)),
    sa.Column("client_machine", sa.String(255)),
    sa.Column("job_type", sa.String(20), nullable=False),
    sa.Column("job_comment", sa.String(255)),
    sa.Column("usage_allowed", _FLAG, nullable=False),
    sa.Column("printed", _FLAG, nullable=False),
    sa.Column("cancelled", _FLAG, nullable=False),
    sa.Column("refunded", _FLAG, nullable=False),
    sa.Column("denied_reason", sa.String(50)),
)
transactions = sa.Table(
    "tbl_account_transaction",
    metadata,
    sa.Column("account_transaction_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("transaction_date", sa.DateTime, nullable=False),
    sa.Column("transacted_by", sa.String(255)),
    sa.Column("transaction_type", sa.String(30), nullable=False),
    sa.Column("amount", _MONEY, nullable=False),
    sa.Column("balance", _MONEY, nullable=False),
    sa.Column("txn_comment", sa.String(255)),
    sa.Column("account_id", sa.BigInteger, nullable=False),
    sa.Column("usage_log_id", sa.BigInteger),
    sa.Column("usage_log_type", sa.String(20)),
    sa.Column("is_credit", _FLAG, nullable=False),
)


Row = tuple[sa.Table, dict[str, Any]]


class ExternalDatabase(Recorder):
    """Writes through to a database at an SQLAlchemy `url`. Times are the server's local ones, without a zone.

    A user's personal account has the user's id.
    """

    def __init__(self, url: str, state: PaperCutState) -> None:
        self._state = state
        self._late = LateEffects(state.clock)
        self._lag_s = 0.0
        self._engine = sa.create_engine(url)
        metadata.create_all(self._engine)
        with state.lock:
            self._write(self._everything())
            state.recorder = self

    def close(self) -> None:
        """Let go of the database; the state no longer writes to it, and what was kept back is never written."""
        self._state.recorder = Recorder()
        self._late.drop()
        self._engine.dispose()

    def user(self, user: User, *, deleted: bool = False) -> None:
        self._record(self._user_rows(user, deleted=deleted))

    def account(self, account: SharedAccountRecord) -> None:
        self._record([_account_row(account)])

    def printer(self, printer: Printer) -> None:
        self._record([_printer_row(printer)])

    def job(self, job: JobRecord) -> None:
        self._record([self._job_row(job)])

    def transaction(self, transaction: Transaction) -> None:
        self._record([self._transaction_row(transaction)])

    def restored(self) -> None:
        """Hold what the state holds now and nothing else."""
        self._record(self._everything(), afresh=True)

    def catch_up(self) -> None:
        """Write what has been kept back long enough."""
        self._follow_switch()
        self._late.run_due()

    def release(self) -> None:
        """Write everything that was kept back."""
        self._late.run_all()

    def _record(self, rows: list[Row], *, afresh: bool = False) -> None:
        """Write rows as they are now: at once, or as late as the copy lags."""
        self._follow_switch()
        if self._lag_s == 0:
            self._write(rows, afresh=afresh)
        else:
            delay_s = math.inf if self._lag_s < 0 else self._lag_s
            self._late.add(delay_s, lambda: self._write(rows, afresh=afresh))

    def _follow_switch(self) -> None:
        """Catch up with everything when the lag becomes another, so that no change overtakes an older one."""
        lag_s = self._state.switches.database_lag
        if lag_s != self._lag_s:
            self._lag_s = lag_s
            self._late.run_all()

    def _everything(self) -> list[Row]:
        state = self._state
        return [
            *(row for user in state.deleted.values() for row in self._user_rows(user, deleted=True)),
            *(row for user in state.users.values() for row in self._user_rows(user)),
            *map(_account_row, state.shared_accounts.values()),
            *map(_printer_row, state.printers.values()),
            *map(self._job_row, state.jobs),
            *map(self._transaction_row, state.transactions),
        ]

    def _user_rows(self, user: User, *, deleted: bool = False) -> list[Row]:
        own = {
            "user_id": user.user_id,
            "user_name": user.username,
            "full_name": user.full_name,
            "email": user.email,
            "department": user.department,
            "office": user.office,
            "card_number": user.primary_card,
            "internal": _flag(user.internal),
            "deleted": _flag(deleted),
            "modified_date": self._local(self._state.clock.now()),
        }
        account = {
            "account_id": user.user_id,
            "account_name": user.username,
            "sub_name": "",
            "account_type": "USER",
            "balance": user.total(),
        }
        return [(users, own), (accounts, account)]

    def _job_row(self, job: JobRecord) -> Row:
        state = self._state
        printer = state.printers.get((job.server, job.printer))
        user_id = self._user_id(job.username)
        account = user_id if job.account == job.username else self._shared(job.account)
        values = {
            "printer_usage_log_id": job.job_id,
            "usage_date": self._local(job.at),
            "printer_id": printer.printer_id if printer else None,
            "used_by_user_id": user_id,
            "charged_to_account_id": account,
            "assoc_with_account_id": account,
            "usage_cost": job.cost,
            "total_pages": job.pages,
            "total_color_pages": job.colour_pages,
            "duplex_pages": job.pages if job.duplex else 0,
            "total_sheets": job.sheets,
            "copies": job.copies,
            "paper_size": job.paper_size,
            "duplex": _flag(job.duplex),
            "gray_scale": _flag(job.grayscale),
            "document_name": self._document(job)[:255],
            "client_machine": job.client[:255],
            "job_type": job.kind,
            "job_comment": job.comment[:255],
            "usage_allowed": _flag(job.printed),
            "printed": _flag(job.printed and (job.kind == "PRINT" or state.switches.copies_marked_printed)),
            "cancelled": _flag(False),
            "refunded": _flag(job.refunded > 0),
            "denied_reason": job.denied_reason or None,
        }
        return jobs, values

    def _transaction_row(self, transaction: Transaction) -> Row:
        username = transaction.username
        values = {
            "account_transaction_id": transaction.transaction_id,
            "transaction_date": self._local(transaction.at),
            "transacted_by": transaction.by,
            "transaction_type": transaction.kind,
            "amount": abs(transaction.amount)
            if self._state.switches.database_amounts == "unsigned"
            else transaction.amount,
            "balance": transaction.balance,
            "txn_comment": transaction.comment,
            "account_id": self._user_id(username) if username else self._shared(transaction.account),
            "usage_log_id": transaction.job_id or None,
            "usage_log_type": "PRINTER" if transaction.job_id else None,
            "is_credit": _flag(transaction.amount > 0),
        }
        return transactions, values

    def _document(self, job: JobRecord) -> str:
        ascii_only = self._state.switches.document_ascii
        return job.document.encode("ascii", "replace").decode() if ascii_only else job.document

    def _shared(self, name: str) -> int:
        account = self._state.shared_accounts.get(name)
        return account.account_id if account else 0

    def _user_id(self, username: str) -> int:
        user = self._state.users.get(username) or self._state.deleted.get(username)
        return user.user_id if user else 0

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._state.zone).replace(tzinfo=None)

    def _write(self, rows: list[Row], *, afresh: bool = False) -> None:
        """Put each row in the place of the one with its id, all in one transaction; `afresh` empties first."""
        with self._engine.begin() as connection:
            if afresh:
                for table in metadata.tables.values():
                    connection.execute(sa.delete(table))
            for table, values in rows:
                key = next(iter(table.primary_key.columns))
                found = connection.execute(sa.update(table).where(key == values[key.name]).values(**values))
                if found.rowcount == 0:
                    connection.execute(sa.insert(table).values(**values))


def _flag(value: bool) -> str:
    return "Y" if value else "N"


def _account_row(account: SharedAccountRecord) -> Row:
    parent, _, sub = account.name.partition("\\")
    values = {
        "account_id": account.account_id,
        "account_name": parent,
        "sub_name": sub,
        "account_type": "SHARED",
        "balance": account.balance,
    }
    return accounts, values


def _printer_row(printer: Printer) -> Row:
    values = {
        "printer_id": printer.printer_id,
        "server_name": printer.server,
        "printer_name": printer.name,
        "display_name": f"{printer.server}\\{printer.name}",
        "physical_printer_id": printer.printer_id,
        "printer_type": "PRINTER",
    }
    return printers, values
