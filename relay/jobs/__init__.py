"""Print-job costs: what is behind each fee. Sources, the jobs table, statements, and what prints silently free.

Reads PaperCut's logs or database and the ledger; changes nothing in either system and decides nothing about money.
"""

from relay.jobs.evidence import JobLog, fee_detail
from relay.jobs.findings import free_printing_findings, source_findings
from relay.jobs.importing import ImportResult, import_jobs, remember_people
from relay.jobs.statement.forms import render
from relay.jobs.statement.making import month_days, statement
from relay.jobs.statement.model import Statement
from relay.jobs.statement.queries import count_between, last_prints
from relay.jobs.unread import unread_files

__all__ = [
    "ImportResult",
    "JobLog",
    "Statement",
    "count_between",
    "fee_detail",
    "free_printing_findings",
    "import_jobs",
    "last_prints",
    "month_days",
    "remember_people",
    "render",
    "source_findings",
    "statement",
    "unread_files",
]
