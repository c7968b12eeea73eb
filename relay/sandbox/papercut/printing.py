"""Print jobs and copies: price, verdict, charge, counters and the job log.

The hook of a print script runs in `script_runner` where one is set (a callable from `JobFacts` to `ScriptVerdict`, for
example real Rhino); without one the script is skipped and the job says so. Source: PaperCut manual on charging,
restricted users and importing jobs.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from relay.sandbox.papercut import faults, popup, print_log
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.state import (
    SECURITY_SCRIPTS,
    TEMPLATE_PRINTER,
    JobRecord,
    PaperCutState,
    Printer,
    SharedAccountRecord,
    User,
)

PRINT = "PRINT_USAGE"


@dataclass(frozen=True)
class JobFacts:
    """What a print script may know of a job. Costs are in the main unit, `pages` count every copy."""

    username: str
    full_name: str
    email: str
    balance: float
    restricted: bool
    groups: tuple[str, ...]
    server: str
    printer: str
    document: str
    pages: int
    colour_pages: int
    copies: int
    sheets: int
    duplex: bool
    grayscale: bool
    paper_size: str
    cost: float
    client: str
    client_running: bool
    web_print: bool


@dataclass(frozen=True)
class ScriptVerdict:
    """What the script did: None leaves the fact as it was. `log` is for the operator's eyes."""

    allowed: bool = True
    reason: str = ""
    cost: float | None = None
    comment: str = ""
    username: str = ""
    account: str = ""
    log: tuple[str, ...] = ()


@dataclass(frozen=True)
class SentJob:
    """What somebody sends: `copies` of a document of `pages` pages.

    `login` (name, password) goes through the popup first; `user` alone is somebody whose identity is settled (blank:
    whom the popup remembers for `client`). `printer` is `server\\name` or a name; blank is the first one. `account`
    charges a shared account; `cost` overrides the price.
    """

    user: str = ""
    login: tuple[str, str] | None = None
    printer: str = ""
    pages: int = 1
    colour_pages: int = 0
    copies: int = 1
    duplex: bool = False
    document: str = "document.pdf"
    paper_size: str = "A4"
    client: str = "laptop"
    client_running: bool = True
    web_print: bool = False
    account: str = ""
    comment: str = ""
    cost: float | None = None
    kind: Literal["PRINT", "COPY"] = "PRINT"


_SENT, _FACTS, _LOGGED = ({entry.name for entry in fields(one)} for one in (SentJob, JobFacts, JobRecord))
# What the facts take over from what was sent, and the job log from the facts: a script may change who pays how much.
_AS_SENT = (_SENT & _FACTS) - {"printer", "pages", "colour_pages", "cost"}
_AS_TOLD = (_FACTS & _LOGGED) - {"username", "cost"}


class PrintRefused(Exception):
    """A job that never got as far as the job log: no login, no such user or printer."""


def print_job(state: PaperCutState, **job: Any) -> JobRecord:
    """Print a job, given as the fields of SentJob, and return its line in the job log, printed or denied.

    Raises PrintRefused, and the faults 262 and 283.
    """
    sent = SentJob(**job)
    if sent.pages < 1 or sent.copies < 1 or not 0 <= sent.colour_pages <= sent.pages:
        raise PrintRefused("a job has at least one page and copy, and no more colour pages than pages")
    user = _identity(state, sent)
    with state.lock:
        queue = find_printer(state, sent.printer)
        facts = _facts(state, state.user(user), queue, sent)
        runs = sent.kind == "PRINT" and state.security.get(SECURITY_SCRIPTS, "Y").upper() == "Y"
        runner = state.script_runner if runs else None
    # The script runs without the lock: it may take its time, and may ask the stand-in something.
    said = runner(facts) if runner is not None else ScriptVerdict()
    with state.lock:
        return _log_and_charge(state, sent, facts, said, queue, ran=runner is not None)


def copy_job(state: PaperCutState, **job: Any) -> JobRecord:
    """Copy at a device and return the line in the job log; arguments and errors are those of `print_job`.

    A copy is charged like a print. It meets no print script, has no document and no computer, and stands in the job log
    (so in the database) but in neither of the print-log files. Source: corrections on PaperCut's logs.
    """
    return print_job(state, **job, document="", client="", client_running=False, kind="COPY")


def _identity(state: PaperCutState, sent: SentJob) -> str:
    """Return who prints: by a login, by name, or remembered for the computer."""
    if sent.login is not None:
        verdict = popup.login(state, *sent.login, client_address=sent.client)
        if not verdict.ok:
            raise PrintRefused(f"the popup refused {sent.login[0]}: {verdict.reason}")
        return verdict.username
    if sent.user:
        return sent.user
    with state.lock:
        remembered = state.sessions.get(sent.client, "")
    if not remembered:
        raise PrintRefused(f"nobody is logged in at {sent.client or 'the device'}")
    return remembered


def _facts(state: PaperCutState, owner: User, queue: Printer, sent: SentJob) -> JobFacts:
    price = price_of(queue, sent.pages, sent.colour_pages, duplex=sent.duplex) * sent.copies
    if owner.cost_rate_percent >= 0:
        price *= owner.cost_rate_percent / 100
    return JobFacts(
        username=owner.username,
        full_name=owner.full_name,
        email=owner.email,
        balance=owner.total(),
        restricted=owner.restricted,
        groups=tuple(state.groups_of(owner.username)),
        server=queue.server,
        printer=queue.name,
        pages=sent.pages * sent.copies,
        colour_pages=sent.colour_pages * sent.copies,
        sheets=((sent.pages + 1) // 2 if sent.duplex else sent.pages) * sent.copies,
        grayscale=sent.colour_pages == 0,
        cost=price if sent.cost is None else sent.cost,
        **{name: getattr(sent, name) for name in _AS_SENT},
    )


def _log_and_charge(
    state: PaperCutState, sent: SentJob, facts: JobFacts, said: ScriptVerdict, queue: Printer, *, ran: bool
) -> JobRecord:
    user = state.user(said.username or facts.username)
    shared = _shared_account(state, said.account or sent.account)
    price = facts.cost if said.cost is None else said.cost
    job = JobRecord(
        job_id=state.new_id(),
        at=state.clock.now(),
        username=user.username,
        cost=price,
        account=shared.name if shared else user.username,
        comment="\n".join(text for text in (sent.comment, said.comment) if text),
        script="ran" if ran else "skipped",
        kind=sent.kind,
        **{name: getattr(facts, name) for name in _AS_TOLD},
    )
    job.denied_reason = _denied(state, user, shared, queue, price, said)
    job.printed = not job.denied_reason
    if job.denied_reason:
        job.cost = 0.0
        state.note(f'Job of "{user.username}" on {queue.server}\\{queue.name} was denied: {job.denied_reason}', "WARN")
    state.jobs.append(job)
    state.recorder.job(job)
    if job.printed:
        _charge(state, user, shared, price, job)
        if sent.kind == "PRINT" or state.switches.copies_counted:
            _count(user, queue, job)
        state.recorder.user(user)
        if sent.kind == "PRINT":
            print_log.write(state, job)
    return job


def _count(user: User, queue: Printer, job: JobRecord) -> None:
    user.job_count += 1
    user.page_count += job.pages
    queue.job_count += 1
    queue.page_count += job.pages


def _denied(
    state: PaperCutState,
    user: User,
    shared: SharedAccountRecord | None,
    queue: Printer,
    price: float,
    said: ScriptVerdict,
) -> str:
    if not said.allowed:
        return said.reason or "PRINT_SCRIPT"
    if queue.disabled:
        return "PRINTER_DISABLED"
    if user.disabled:
        return "USER_DISABLED"
    if price < 0:
        return "NEGATIVE_COST"
    if shared is not None:
        if shared.disabled:
            return "ACCOUNT_DISABLED"
        limit = shared.overdraft_amount if shared.overdraft_mode == "individual" else 0.0
        return "ACCOUNT_LIMIT" if shared.restricted and shared.balance - price < -limit else ""
    # Only restricted users are stopped at zero, or at minus their overdraft.
    if user.restricted and price > 0 and user.total() - price < -state.overdraft_of(user):
        return "INSUFFICIENT_CREDIT"
    return ""


def _charge(state: PaperCutState, user: User, shared: SharedAccountRecord | None, price: float, job: JobRecord) -> None:
    if price == 0:
        return
    if shared is not None:
        state.transact_shared(shared, -price, "", kind=PRINT, job_id=job.job_id)
        return
    account = state.settings.first_account()
    state.transact(user, -price, "", kind=PRINT, by="[system]", account=account, job_id=job.job_id)


def refund(state: PaperCutState, job_id: int, amount: float | None = None, comment: str = "") -> JobRecord:
    """Give a job's price back, wholly or `amount` of it. Raises PrintRefused for a job that cost nothing (more)."""
    with state.lock:
        job = next((job for job in state.jobs if job.job_id == job_id), None)
        if job is None:
            raise PrintRefused(f"there is no job {job_id}")
        back = job.cost - job.refunded if amount is None else amount
        if back <= 0 or job.refunded + back > job.cost + 1e-9:
            raise PrintRefused(f"job {job_id} cost {job.cost:g}, {job.refunded:g} of it was given back already")
        job.refunded += back
        text = comment or f"Refund of {job.document}"
        if job.account == job.username:
            user, account = state.user(job.username), state.settings.first_account()
            state.transact(user, back, text, kind="REFUND", by="admin", account=account, job_id=job_id)
        else:
            state.transact_shared(_must_have(state, job.account), back, text, kind="REFUND", job_id=job_id)
        state.recorder.job(job)
        return job


def find_printer(state: PaperCutState, name: str) -> Printer:
    """Return the queue of `server\\name` or of a name that only one server has; blank is the first queue."""
    if not name:
        if not state.printers:
            raise PrintRefused("the stand-in has no printer")
        return next(iter(state.printers.values()))
    server, backslash, queue = name.partition("\\")
    found = [
        printer
        for printer in state.printers.values()
        if (printer.server, printer.name) == (server, queue) or (not backslash and printer.name == name)
    ]
    if len(found) != 1:
        raise ApiFault(faults.PRINTER_NOT_FOUND, f'Printer "{name}" could not be found.')
    return found[0]


def price_of(printer: Printer, pages: int, colour_pages: int, *, duplex: bool) -> float:
    """Return the price of one copy: mono and colour pages by their price, less the discount for duplex."""
    colour = printer.page_cost if printer.colour_page_cost is None else printer.colour_page_cost
    price = (pages - colour_pages) * printer.page_cost + colour_pages * colour
    return price * (1 - printer.duplex_discount_percent / 100) if duplex else price


def _shared_account(state: PaperCutState, name: str) -> SharedAccountRecord | None:
    return _must_have(state, name) if name else None


def _must_have(state: PaperCutState, name: str) -> SharedAccountRecord:
    found = state.shared_accounts.get(name)
    if found is None:
        raise state.unlisted(f'Shared account "{name}" could not be found.')
    return found


def process_job(state: PaperCutState, details: str) -> JobRecord:
    """Log and charge a job described as `user=ann,server=s,printer=p,...` without filters, popups or scripts.

    Raises the general fault for a missing user, server or printer and for figures that are none, 262 and 283.
    """
    facts = _read_details(state, details)
    missing = [name for name in ("user", "server", "printer") if not facts.get(name)]
    if missing:
        raise ApiFault(faults.GENERAL, f"Job details lack {', '.join(missing)}.")
    pages = _whole(facts, "total-pages", 1)
    colour = _whole(facts, "total-color-pages", 0)
    copies = _whole(facts, "copies", 1)
    duplex = facts.get("duplex", "").upper() in ("TRUE", "Y")
    with state.lock:
        user = state.user(facts["user"])
        queue = state.printers.get((facts["server"], facts["printer"]))
        if queue is None:
            queue = state.add_printer(facts["server"], facts["printer"])
        price = _price(facts) if facts.get("cost") else price_of(queue, pages, colour, duplex=duplex)
        shared = _shared_account(state, facts.get("shared-account", ""))
        job = JobRecord(
            state.new_id(),
            _moment(state, facts.get("time", "")),
            user.username,
            queue.server,
            queue.name,
            facts.get("document-name", ""),
            pages,
            colour,
            copies,
            (pages + 1) // 2 if duplex else pages,
            duplex,
            facts.get("grayscale", "").upper() in ("TRUE", "Y") or colour == 0,
            facts.get("paper-size-name", "A4"),
            facts.get("client-machine", "") or facts.get("client-ip", ""),
            price,
            shared.name if shared else user.username,
            facts.get("comment", ""),
        )
        state.jobs.append(job)
        state.recorder.job(job)
        _charge(state, user, shared, price, job)
        _count(user, queue, job)
        print_log.write(state, job)
        return job


def _read_details(state: PaperCutState, details: str) -> dict[str, str]:
    facts = {}
    for pair in next(csv.reader([details], doublequote=True), []):
        name, equals, value = pair.partition("=")
        if not equals:
            raise ApiFault(faults.GENERAL, f"Job detail {pair!r} is no name=value pair.")
        facts[name.strip()] = value.strip()
    return facts


def _whole(facts: dict[str, str], name: str, default: int) -> int:
    text = facts.get(name, "")
    if text and not text.isdecimal():
        raise ApiFault(faults.GENERAL, f"Job detail {name} is no whole number: {text!r}.")
    return int(text) if text else default


def _price(facts: dict[str, str]) -> float:
    try:
        return float(facts["cost"])
    except ValueError:
        raise ApiFault(faults.GENERAL, f"Job detail cost is no number: {facts['cost']!r}.") from None


def _moment(state: PaperCutState, text: str) -> datetime:
    if not text:
        return state.clock.now()
    try:
        local = datetime.strptime(text, "%Y%m%dT%H%M%S")
    except ValueError:
        raise ApiFault(faults.GENERAL, f"Job detail time is no yyyyMMddTHHmmss: {text!r}.") from None
    return local.replace(tzinfo=state.zone).astimezone(UTC)


def is_template(server: str, printer: str) -> bool:
    """Return whether an address means [Template Printer]."""
    return printer in (TEMPLATE_PRINTER, "[Template Printer]") and server in ("", TEMPLATE_PRINTER)
