"""PaperCut's external database, as far as job costs need it: the same jobs, transactions, users and printers as rows.

A `Recorder` of the state. Tables and columns are PaperCut's own, read-only to everybody else; amounts are doubles.
Source: public PaperCut report queries and SavaPage's PaperCut classes (print-scripts notes 5.1). Not for production
data: the stand-in owns the tables and makes them where they are missing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from relay.sandbox.papercut.state import Job, Printer, SharedAccount, State, Transaction, User

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
)


def _flag(value: bool) -> str:
    return "Y" if value else "N"


class ExternalDatabase:
    """Writes through to a database at an SQLAlchemy `url`. Times are the server's local ones, without a zone.

    A user's personal account has the user's id.
    """

    def __init__(self, url: str, state: State) -> None:
        self._state = state
        self._engine = sa.create_engine(url)
        metadata.create_all(self._engine)
        with state.lock:
            for user in state.users.values():
                self.user(user)
            for account in state.shared_accounts.values():
                self.account(account)
            for printer in state.printers.values():
                self.printer(printer)
            for job in state.jobs:
                self.job(job)
            for transaction in state.transactions:
                self.transaction(transaction)
            state.recorder = self

    def close(self) -> None:
        """Let go of the database; the state no longer writes to it."""
        self._state.forget_recorder()
        self._engine.dispose()

    def user(self, user: User, *, deleted: bool = False) -> None:
        self._put(
            users,
            user_id=user.user_id,
            user_name=user.username,
            full_name=user.full_name,
            email=user.email,
            department=user.department,
            office=user.office,
            card_number=user.primary_card,
            internal=_flag(user.internal),
            deleted=_flag(deleted),
            modified_date=self._local(self._state.clock.now()),
        )
        self._put(
            accounts,
            account_id=user.user_id,
            account_name=user.username,
            sub_name="",
            account_type="USER",
            balance=user.total(),
        )

    def account(self, account: SharedAccount) -> None:
        parent, _, sub = account.name.partition("\\")
        self._put(
            accounts,
            account_id=account.account_id,
            account_name=parent,
            sub_name=sub,
            account_type="SHARED",
            balance=account.balance,
        )

    def printer(self, printer: Printer) -> None:
        self._put(
            printers,
            printer_id=printer.printer_id,
            server_name=printer.server,
            printer_name=printer.name,
            display_name=f"{printer.server}\\{printer.name}",
            physical_printer_id=printer.printer_id,
            printer_type="PRINTER",
        )

    def job(self, job: Job) -> None:
        state = self._state
        printer = state.printers.get((job.server, job.printer))
        user_id = self._user_id(job.username)
        account = user_id if job.account == job.username else self._shared(job.account)
        self._put(
            jobs,
            printer_usage_log_id=job.job_id,
            usage_date=self._local(job.at),
            printer_id=printer.printer_id if printer else None,
            used_by_user_id=user_id,
            charged_to_account_id=account,
            assoc_with_account_id=account,
            usage_cost=job.cost,
            total_pages=job.pages,
            total_color_pages=job.colour_pages,
            duplex_pages=job.pages if job.duplex else 0,
            total_sheets=job.sheets,
            copies=job.copies,
            paper_size=job.paper_size,
            duplex=_flag(job.duplex),
            gray_scale=_flag(job.grayscale),
            document_name=job.document[:255],
            client_machine=job.client[:255],
            job_type=job.kind,
            job_comment=job.comment[:255],
            usage_allowed=_flag(job.printed),
            printed=_flag(job.printed and (job.kind == "PRINT" or state.switches.copies_marked_printed)),
            cancelled=_flag(False),
            refunded=_flag(job.refunded > 0),
            denied_reason=job.denied_reason or None,
        )

    def transaction(self, transaction: Transaction) -> None:
        username = transaction.username
        self._put(
            transactions,
            account_transaction_id=transaction.transaction_id,
            transaction_date=self._local(transaction.at),
            transacted_by=transaction.by,
            transaction_type=transaction.kind,
            amount=transaction.amount,
            balance=transaction.balance,
            txn_comment=transaction.comment,
            account_id=self._user_id(username) if username else self._shared(transaction.account),
            usage_log_id=transaction.job_id or None,
        )

    def _shared(self, name: str) -> int:
        account = self._state.shared_accounts.get(name)
        return account.account_id if account else 0

    def _user_id(self, username: str) -> int:
        user = self._state.users.get(username) or self._state.deleted.get(username)
        return user.user_id if user else 0

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._state.zone).replace(tzinfo=None)

    def _put(self, table: sa.Table, **values: Any) -> None:
        key = next(iter(table.primary_key.columns))
        with self._engine.begin() as connection:
            found = connection.execute(sa.update(table).where(key == values[key.name]).values(**values))
            if found.rowcount == 0:
                connection.execute(sa.insert(table).values(**values))
