"""Files of the job source of which not one row could be read: the error that says so, with an example.

Such a file is no file with a bad row, it is one that is not understood: none of its jobs is in statements, and nothing
else would tell. Reads the ledger's database only.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from relay import language
from relay.finding import Finding
from relay.jobs import store
from relay.jobs.job import SetAside
from relay.language import joined, lazy

CODE = "job_file_unread"
KEPT_DAYS = 30  # how long PaperCut keeps its logs. Source: PaperCut manual, data access
_NAMED = 3


def unread_files(connection: Connection, site: str, source: str, now: datetime) -> list[Finding]:
    """Return an error for each file of the last 30 days of which no row could ever be read; of many, the latest."""
    found = store.unread_files(connection, site, source, now - timedelta(days=KEPT_DAYS))
    return [unread(example, rows, len(found) - 1) for example, rows in found[:_NAMED]]


def unread(example: SetAside, rows: int, others: int = 0) -> Finding:
    """Return the error for a file of which none of `rows` rows could be read."""
    facts: dict[str, language.Value] = {
        "rows": rows,
        "file": example.file,
        "text": repr(example.text),
        "reason": example.reason,
    }
    quoted = lazy(
        "None of the %(rows)s rows of %(file)s could be read, such as %(text)s (%(reason)s), so none of its jobs is "
        "known.",
        **facts,
    )
    plain = lazy(
        "None of the %(rows)s rows of %(file)s could be read (%(reason)s), so none of its jobs is known.", **facts
    )
    more = lazy("The same is true of %(others)s more.", others=others) if others else ""
    advice = lazy(
        "Compare them with the columns that PaperCut documents: a header in another language is "
        "named in [jobs.columns]; where rows have another form, send us one."
    )
    return Finding(CODE, "error", example.file, joined(quoted if example.text else plain, more, advice))
