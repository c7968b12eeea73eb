"""Print-job costs: what is behind each fee. Sources, the jobs table, statements, and what prints silently free.

Reads PaperCut's logs or database and the ledger; changes nothing in either system and decides nothing about money.
"""

from relay.jobs.importing import ImportResult, import_jobs

__all__ = ["ImportResult", "import_jobs"]
