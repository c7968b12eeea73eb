"""The tables of the jobs room: what was printed, how far each source is read, what could not be read, who was who when.

Every table has the site, since several sites may share one ledger. Money is micros. Everything here can be read again
from PaperCut as long as PaperCut keeps it, except `jobs_people`, which only this room remembers.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Integer, String, Table, Text

from relay.database import Moment, metadata

NAME = 255  # PaperCut's own limit for names of users, printers, accounts and documents

jobs = Table(
    "jobs_log",
    metadata,
    Column("site", String(40), primary_key=True),
    # "20261123T081530.9f86d081884c7d65.1" from a file, "#000000004711" from PaperCut's database: keys of one source
    # ascend with time, so that an import always appends.
    Column("key", String(64), primary_key=True),
    Column("source", String(12), nullable=False),
    Column("at", Moment, nullable=False),
    Column("business_day", Date, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("username", String(NAME), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("company_id", String(40), nullable=False),
    Column("company_name", Text, nullable=False),
    Column("server", String(NAME), nullable=False),
    Column("printer", String(NAME), nullable=False),
    Column("account", String(NAME), nullable=False),  # "": the person's own
    Column("document", String(NAME), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("colour_pages", Integer, nullable=True),  # NULL here and below: the source does not say
    Column("is_colour", Boolean, nullable=True),
    Column("copies", Integer, nullable=False),
    Column("sheets", Integer, nullable=True),
    Column("duplex", Boolean, nullable=True),
    Column("cost", BigInteger, nullable=True),
    # "logged" by PaperCut; "estimated" from the printer's price; "unknown".
    Column("basis", String(10), nullable=False),
    Column("certain", Boolean, nullable=False),  # the row proves what it cost whom
    Column("state", String(10), nullable=False),
    Column("refunded", BigInteger, nullable=False),
    CheckConstraint("basis IN ('logged', 'estimated', 'unknown')", name="job_basis"),
    CheckConstraint("(cost IS NULL) = (basis = 'unknown')", name="job_basis_means_cost"),
    CheckConstraint("state IN ('printed', 'refunded', 'denied')", name="job_state"),
    CheckConstraint("pages >= 0 AND copies >= 0 AND refunded >= 0 AND (cost IS NULL OR cost >= 0)", name="job_figures"),
    Index("jobs_log_by_day", "site", "business_day"),
    Index("jobs_log_by_member", "site", "member_id", "at"),
    sqlite_with_rowid=False,
)

# How far each file is read; for the database, one row that holds the highest row id in `offset`.
readings = Table(
    "jobs_readings",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("source", String(12), primary_key=True),
    Column("file", String(NAME), primary_key=True),
    Column("offset", BigInteger, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("reader", String(NAME), nullable=False),  # version and settings of the reader: another one reads again
    Column("last_at", Moment, nullable=True),
)

set_aside = Table(
    "jobs_set_aside",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("source", String(12), primary_key=True),
    Column("file", String(NAME), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

# Whose account was whose, and which company paid, from `since` on: what a job's member and company are decided by.
people = Table(
    "jobs_people",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("username", String(NAME), primary_key=True),
    Column("since", Moment, primary_key=True),
    Column("member_id", String(40), nullable=False),
    Column("company_id", String(40), nullable=False),
    Column("company_name", Text, nullable=False),
    Column("full_name", Text, nullable=False),
)

prices = Table(
    "jobs_prices",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("server", String(NAME), primary_key=True),
    Column("printer", String(NAME), primary_key=True),
    Column("per_page", BigInteger, nullable=False),
    Column("read_at", Moment, nullable=False),
)

imports = Table(
    "jobs_imports",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("source", String(12), primary_key=True),
    Column("covers_from", Moment, nullable=False),  # every job from here on is known, as far as the source tells jobs
    Column("last_at", Moment, nullable=False),
    # Jobs up to here are those of the source that was used before; NULL where there was none.
    Column("takes_over_at", Moment, nullable=True),
)
