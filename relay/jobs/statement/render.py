"""How a statement looks: text for a terminal, CSV with one line a job, JSON for programs.

Everything that came from elsewhere (names, documents) is escaped for where it goes; amounts are written with the
currency's digits. Pure.
"""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from relay import amounts, spreadsheet
from relay.counted import counted
from relay.jobs.statement.figures import PrintedJob, Tally, sheets_of
from relay.jobs.statement.model import MEANING, FeeLine, PersonLine, Statement
from relay.language import joined, lazy

# -- CSV -------------------------------------------------------------------------------------------------------------

CSV_COLUMNS = (
    "time", "business_day", "kind", "state", "username", "member_id", "name", "company_id", "company", "server",
    "printer", "account", "document", "pages", "colour_pages", "copies", "sheets", "duplex", "cost", "refunded",
    "basis", "fee",
)  # fmt: skip


def as_csv(statement: Statement) -> str:
    """Return one line a job, oldest first; text that a spreadsheet would run as a formula begins with an apostrophe."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(CSV_COLUMNS)
    for job, line in statement.jobs:
        values = _job_json(job, line, statement)
        rows.writerow([spreadsheet.cell(values[name]) for name in CSV_COLUMNS])
    return out.getvalue()


# -- JSON ------------------------------------------------------------------------------------------------------------


def as_json(statement: Statement) -> str:
    return json.dumps(json_of(statement), ensure_ascii=False, indent=1) + "\n"


def json_of(statement: Statement) -> dict[str, Any]:
    """Return a statement as plain values; amounts are strings with the currency's digits."""
    money = _money(statement.currency)
    return {
        "site": statement.site,
        "currency": statement.currency,
        "month": statement.month,
        "from": statement.first.isoformat(),
        "to": statement.last.isoformat(),
        "of": statement.scope,
        "made_at": statement.made_at,
        "totals": {
            **_tally_json(statement.total, money),
            "printed": money(statement.printed),
            "billed": money(statement.billed),
            "price": money(statement.price),
            "open": money(sum(line.open for line in statement.people)),
            "equal": statement.printed == statement.billed,
        },
        "steps": [{"code": step.code, "what": step.what, "amount": money(step.amount)} for step in statement.steps],
        "people": [_person_json(line, statement) for line in statement.people],
        "not_members": [_person_json(line, statement) for line in statement.strangers],
        "companies": [
            {
                "company_id": company.company_id,
                "company": company.name,
                "people": len(company.members),
                "jobs": company.tally.jobs,
                "pages": company.tally.pages,
                "printed": money(company.tally.net),
                "billed": money(company.billed),
                "open": money(company.open),
            }
            for company in statement.companies
        ],
        "shared_accounts": [
            {"account": account, **_tally_json(tally, money), "printed": money(tally.net)}
            for account, tally in statement.shared.items()
        ],
        "days": [{"day": day, **_tally_json(tally, money)} for day, tally in by_day(statement).items() if tally.jobs],
        "printers": [{"printer": name, **_tally_json(tally, money)} for name, tally in by_printer(statement)],
        "month_before": _tally_json(statement.before, money),
        "jobs": [_job_json(job, line, statement) for job, line in statement.jobs],
        "included": [
            {
                "payer_id": line.payer_id,
                "name": line.name,
                "period": line.period,
                "amount": money(line.amount),
                "used": money(line.used),
            }
            for line in statement.included
        ],
        "notes": list(statement.notes),
    }


def _person_json(line: PersonLine, statement: Statement) -> dict[str, Any]:
    money = _money(statement.currency)
    person, figures = line.person, line.tally
    return {
        "username": person.username,
        "member_id": person.member_id,
        "name": person.name,
        "company_id": person.company_id,
        "company": person.company_name,
        **_tally_json(figures, money),
        "printed": money(figures.net),
        "billed": money(line.billed),
        "open": money(line.open),
        "not_billed": {code: money(amount) for code, amount in line.uncovered.items()},
        "fees": [_fee_json(fee, money) for fee in line.fees],
        "pending_fees": [
            {"reference": item.reference, "business_day": item.business_day.isoformat(), "amount": money(item.amount)}
            for item in line.pending
        ],
    }


def _fee_json(line: FeeLine, money: Callable[[int], str]) -> dict[str, Any]:
    return {
        "reference": line.fee.reference,
        "fee_id": line.fee.fee_id,
        "business_day": line.fee.business_day.isoformat(),
        "amount": money(line.fee.amount),
        "price": money(line.fee.price),
        "company_id": line.fee.company_id,
        "jobs": len(line.jobs),
        "terms": [
            {"code": code, "what": MEANING[code], "amount": money(amount)} for code, amount in line.terms.items()
        ],
    }


def _job_json(job: PrintedJob, line: PersonLine, statement: Statement) -> dict[str, Any]:
    money = _money(statement.currency)
    return {
        "time": job.at.astimezone(ZoneInfo(statement.timezone)).isoformat(),
        "business_day": job.business_day.isoformat(),
        "kind": job.kind,
        "state": job.state,
        "username": job.username,
        "member_id": job.member_id,
        "name": line.person.name,
        "company_id": job.company_id,
        "company": job.company_name,
        "server": job.server,
        "printer": job.printer,
        "account": job.account,
        "document": job.document,
        "pages": job.pages,
        "colour_pages": job.colour_pages,
        "copies": job.copies,
        "sheets": sheets_of(job.pages, job.copies, job.sheets, job.duplex),
        "duplex": job.duplex,
        "cost": None if job.cost is None else money(job.cost),
        "refunded": money(job.refunded),
        "basis": job.basis,
        "fee": line.fee_of.get(job.key, ""),
    }


def _tally_json(figures: Tally, money: Callable[[int], str]) -> dict[str, Any]:
    return {
        "jobs": figures.jobs,
        "pages": figures.pages,
        "colour_jobs": figures.colour_jobs,
        "colour_pages": figures.colour_pages,
        "colour_percent": figures.colour_percent,
        "sheets": figures.sheets,
        "sheets_saved": figures.sheets_saved,
        "cost": money(figures.cost),
        "refunded": money(figures.refunded),
        "denied_jobs": figures.denied,
        "estimated_jobs": figures.estimated,
        "unpriced_jobs": figures.unpriced,
    }


# -- text ------------------------------------------------------------------------------------------------------------


def as_text(statement: Statement, width: int | None = None) -> str:
    """Return a statement for a terminal: figures, people, the way to the fees, each fee, notes.

    Where a `width` is given, sentences are broken there, and names are cut until the tables fit; the other formats
    have them whole.
    """
    money = _money(statement.currency)
    whose = statement.scope or f"site {statement.site}"
    told = (f"Printing in {statement.month}: {whose}", "", figures_line(statement.total), month_line(statement), "")
    out = [line for text in told for line in _broken(text, width)]
    if statement.lines:
        rows = [
            (
                line.person.name or line.person.username,
                line.company if line.person.member_id else "(no member)",
                str(line.tally.jobs),
                str(line.tally.pages),
                money(line.tally.net),
                money(line.billed),
                money(line.open),
            )
            for line in statement.lines
        ]
        out += [
            *_columns(
                ("who", "company", "jobs", "pages", "printed", "billed", "open"), rows, left=2, cut=(0, 1), width=width
            ),
            "",
        ]
    for account, figures in statement.shared.items():
        out.append(f"Charged to the shared account {account}: {counted(figures.jobs, 'job')}, {money(figures.net)}")
    out += _step_lines(statement, width)
    fees = [(line, fee) for line in statement.people for fee in line.fees]
    if fees:
        out += ["", "Fees"]
    for line, fee in fees:
        out.append(f"  {fee.fee.business_day}  {line.person.name or line.person.username}  {money(fee.fee.amount)}")
        out += _broken(f"      [{fee.fee.reference}] {fee_terms(fee, money)}", width, indent=8)
    if statement.scope:
        out += ["", "Jobs", *_job_lines(statement, width)]
    if statement.notes:
        out += ["", *(line for note in statement.notes for line in _broken(f"Note: {note}", width, indent=6))]
    return "\n".join(line.rstrip() for line in out) + "\n"


def fee_terms(fee: FeeLine, money: Callable[[int], str]) -> str:
    """Return why a fee is what it is: "print jobs 0.90, covered by the member's balance (top-ups) -0.20"."""
    terms = [joined(MEANING[code], money(amount)) for code, amount in fee.terms.items()]
    return joined(*terms, by=", ") or lazy("no terms known")


def figures_line(figures: Tally) -> str:
    """Return the figures of management and environment in one line."""
    parts: list[str] = [joined(counted(figures.jobs, "job"), counted(figures.pages, "page"), by=", ")]
    if figures.colour_percent is not None:
        parts.append(
            lazy(
                "%(colour)s of %(pages)s in colour (%(percent)s %%)",
                colour=figures.colour_pages,
                pages=figures.colour_known_pages,
                percent=figures.colour_percent,
            )
        )
    elif figures.colour_jobs:
        parts.append(lazy("%(jobs)s of the jobs in colour", jobs=figures.colour_jobs))
    if figures.sheet_pages:
        sheets = counted(figures.sheets, "sheet")
        parts.append(lazy("%(sheets)s, %(saved)s saved by duplex", sheets=sheets, saved=figures.sheets_saved))
    if figures.refunded_jobs:
        parts.append(lazy("%(jobs)s refunded", jobs=figures.refunded_jobs))
    if figures.denied:
        parts.append(lazy("%(jobs)s denied", jobs=figures.denied))
    return joined(*parts, by="; ")


def month_line(statement: Statement) -> str:
    """Return this month against the one before."""
    money = _money(statement.currency)
    before = statement.before
    change = statement.total.pages - before.pages
    percent = f" ({100 * change / before.pages:+.0f} %)" if before.pages else ""
    return (
        f"Month before: {counted(before.jobs, 'job')}, {counted(before.pages, 'page')}, {money(before.net)}; "
        f"pages {change:+d}{percent}, cost {'+' if statement.printed >= before.net else ''}"
        f"{money(statement.printed - before.net)}"
    )


def _broken(text: str, width: int | None, indent: int = 0) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=" " * indent) or [""] if width else [text]


def _step_lines(statement: Statement, width: int | None) -> list[str]:
    money = _money(statement.currency)
    longest = max(len(money(step.amount)) for step in statement.steps)
    rows = []
    for step in statement.steps:
        what, *more = _broken(step.what, width and width - longest - 2, indent=2)
        rows += [(what, money(step.amount)), *((line, "") for line in more)]
    return _columns(("", statement.currency), rows, left=1)


def _job_lines(statement: Statement, width: int | None) -> list[str]:
    money = _money(statement.currency)
    rows = [
        (
            f"{job.business_day}",
            job.username,
            job.printer,
            str(job.pages),
            ("~" if job.basis == "estimated" else "") + ("?" if job.cost is None else money(job.net)),
            job.state if job.state != "printed" else (line.fee_of.get(job.key) or (job.account and "shared account")),
            job.document,
        )
        for job, line in statement.jobs
    ]
    head = ("day", "user", "printer", "pages", "cost", "fee", "document")
    return _columns(head, rows, left=3, after=5, cut=(1, 2, 6), width=width)


_LEAST = 8  # characters that are left of a name


def _columns(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: int,
    after: int = 99,
    cut: Sequence[int] = (),
    width: int | None = None,
) -> list[str]:
    """Return rows as columns; the first `left` and those from `after` on to the left, the rest to the right.

    Those of `cut` give way, the widest first, until a line fits into `width`.
    """
    widths = [max(len(row[index]) for row in (head, *rows)) for index in range(len(head))]
    while width and sum(widths) + 2 * (len(widths) - 1) > width:
        widest = max(cut, key=widths.__getitem__, default=None)
        if widest is None or widths[widest] <= _LEAST:
            break
        widths[widest] -= 1

    def line(row: Sequence[str]) -> str:
        cells = [
            cell if len(cell) <= width else cell[: width - 1] + "…" for cell, width in zip(row, widths, strict=True)
        ]
        return "  ".join(
            cell.ljust(width) if index < left or index >= after else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )

    return [*([line(head)] if any(head[:1]) else []), *(line(row) for row in rows)]


# -- figures that charts and JSON share ------------------------------------------------------------------------------


def by_day(statement: Statement) -> dict[str, Tally]:
    """Return the figures of each day of the month, days without a job too."""
    found = {statement.first.replace(day=day).isoformat(): Tally() for day in range(1, statement.last.day + 1)}
    for job, _ in statement.jobs:
        if job.is_billed:
            found[job.business_day.isoformat()].add(job)
    return found


def by_printer(statement: Statement) -> list[tuple[str, Tally]]:
    """Return the figures of each printer, the dearest first; a server is named only where two have such a queue."""
    jobs = [job for job, _ in statement.jobs]
    servers: dict[str, set[str]] = {}
    for job in jobs:
        servers.setdefault(job.printer, set()).add(job.server)
    found: dict[str, Tally] = {}
    for job in jobs:
        name = job.printer if len(servers[job.printer]) == 1 else f"{job.server}\\{job.printer}"
        found.setdefault(name, Tally()).add(job)
    return sorted(found.items(), key=lambda item: (-item[1].net, -item[1].pages, item[0]))


def _money(currency: str) -> Callable[[int], str]:
    return lambda micros: amounts.text(micros, currency)
