"""OfficeRnD's API v2 in OfficeRnD's own nouns: translate, decide nothing.

Every list is read to its end and checked against its count; a short or empty list is an error, never a departure.
Reads are repeated within bounds; a write is sent once, and a lost answer to it is `OutcomeUnknown`. A 500 that names a
broken business rule is a definite refusal.

Source: OfficeRnD developer reference v2 (authentication, building queries, the resources' pages) and the public test
plans of its memberships endpoints (error envelope, strict parameters, 500 for business rules).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import requests

from relay import errors, foreign, http, json_text
from relay.clock import Clock
from relay.config import Settings
from relay.language import lazy
from relay.officernd import model
from relay.officernd.token import TokenSource, open_session, unreachable
from relay.progress import OnePhase, Progress

SYSTEM = "OfficeRnD"
PAGE = 50  # larger pages are refused
MOST_RECORDS = 100_000  # of one list: more than any organisation has, and a list has to end
MOST_PAGES = MOST_RECORDS // PAGE
MOST_BARREN = (
    3  # pages that brought nothing new: a record moves now and then, a list that only repeats itself has no end
)
MANY, WINDOWS = 2000, 8  # lists longer than this are read in so many windows of time
LISTS = {
    "members": lazy("members"),
    "companies": lazy("companies"),
    "memberships": lazy("memberships"),
    "plans": lazy("plans"),
    "locations": lazy("locations"),
    "passes": lazy("passes"),
    "checkins": lazy("checkins"),
    "fees": lazy("fees"),
}
DATED = ("members", "companies")  # lists that can be filtered by modifiedAt
CONNECTIONS = 4  # several lists are read at once; the rate limit binds long before this does
_RATE_WINDOW_S = 60.0
_GENERIC_500 = {"", "internal server error", "internal error", "server error", "unexpected error"}


class Identified(Protocol):
    @property
    def id(self) -> str: ...


Record = TypeVar("Record", bound=Identified)


class Contradiction(errors.BadAnswer):
    """A list tells a record twice and not alike: it may have been changed while we read, once."""


def records_of(page: Any) -> list[dict[str, Any]] | None:
    """Return the records of a page, None where it is none. Some lists answer a bare array.

    Source: developer reference, building queries.
    """
    found = page.get("results") if isinstance(page, dict) else page
    return found if isinstance(found, list) and all(isinstance(record, dict) for record in found) else None


class OfficeRnD:
    """One organisation. May be used from several threads; all of them share the rate limit and the token."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        section = settings.officernd
        self._section = section
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: deque[float] = deque()
        self._base = f"{section.api_url}/organizations/{section.organization}"
        try:
            self._http = open_session(section, CONNECTIONS)
        except OSError as error:
            if section.ca_file is None:  # the system's own refusal, such as too many open files
                raise
            why = error.strerror or error
            wrong = lazy(
                "%(ca_file)s holds no certificate that can be read (%(why)s); put the proxy's certificate there as PEM",
                ca_file=section.ca_file,
                why=why,
            )
            raise errors.ConfigError([errors.Problem(wrong, "officernd", "ca_file", str(settings.path))]) from None
        self._token = TokenSource(settings, clock, self._http)

    # -- people and catalogue ------------------------------------------------------------------------------------

    def organization(self) -> model.Organization:
        return self._one("", "", model.organization)

    def members(self, modified_since: str | None = None, *, progress: Progress | None = None) -> list[model.Member]:
        """Return all members, or those modified at or after an ISO time.

        Without a time an empty answer is refused: no organisation that prints has no member.
        """
        found = self._all("members", model.member, _modified(modified_since), progress=progress)
        if not found and modified_since is None:
            raise errors.BadAnswer(
                lazy(
                    "OfficeRnD lists no member at all for %(organization)s; nothing was changed: check "
                    "[officernd] organization and the application's rights.",
                    organization=self._section.organization,
                ),
                system=SYSTEM,
                operation="GET /members",
            )
        return found

    def member(self, member_id: str) -> model.Member:
        return self._one("members", member_id, model.member)

    def members_by_email(self, email: str) -> list[model.Member]:
        return self._all("members", model.member, {"email": email})

    def companies(self, modified_since: str | None = None, *, progress: Progress | None = None) -> list[model.Company]:
        return self._all("companies", model.company, _modified(modified_since), progress=progress)

    def company(self, company_id: str) -> model.Company:
        return self._one("companies", company_id, model.company)

    def memberships(self, *, progress: Progress | None = None) -> list[model.Membership]:
        """Return all memberships: this list knows no filter by time, so it is always read whole."""
        return self._all("memberships", model.membership, progress=progress)

    def plans(self) -> list[model.Plan]:
        return self._all("plans", model.plan, counted=False)

    def prices_include_tax(self) -> bool | None:
        """Return whether the organisation's prices are with tax; None where OfficeRnD does not say so."""
        try:
            return model.prices_include_tax(self._read("billing-settings", {}))
        except (errors.NotFound, errors.Refused):
            return None

    def locations(self) -> list[model.Location]:
        return self._all("locations", model.location, counted=False)

    def passes(self) -> list[model.Pass]:
        return self._all("passes", model.pass_, counted=False)

    def checkins(self, day: date) -> list[model.CheckIn]:
        """Return the check-ins that began on a calendar day."""
        filters = {"start[$gte]": model.issue_date(day), "start[$lt]": model.issue_date(day + timedelta(days=1))}
        return self._all("checkins", model.checkin, filters, counted=False)

    # -- fees ----------------------------------------------------------------------------------------------------

    def fees(
        self,
        *,
        plan: str = "",
        member: str = "",
        company: str = "",
        issued_from: date | None = None,
        issued_to: date | None = None,
    ) -> list[model.RemoteFee]:
        """Return the fees that match, both dates included."""
        filters = {"plan": plan, "member": member, "company": company}
        filters = {key: value for key, value in filters.items() if value}
        if issued_from:
            filters["issueDate[$gte]"] = model.issue_date(issued_from)
        if issued_to:
            filters["issueDate[$lt]"] = model.issue_date(issued_to + timedelta(days=1))
        return self._all("fees", model.fee, filters, counted=False)

    def counted_fees(self, *, plan: str, issued_from: date | None = None) -> model.CountedFees:
        """Return the fees of a plan from a date on, read to the end and compared with how many OfficeRnD counts.

        Where no count is to be had, the list is no proof of what is not in it. Raises BadAnswer where list and count
        disagree twice. Source: developer reference v2, fees (GET /fees/count takes the list's filters).
        """
        filters = {"plan": plan}
        if issued_from:
            filters["issueDate[$gte]"] = model.issue_date(issued_from)
        try:
            is_counted = self._count("fees", filters) is not None
        except errors.AuthFailed:
            raise
        except errors.Refused:  # a count that knows no filter: the whole list is compared with it
            found = self._all("fees", model.fee)
            chosen = [fee for fee in found if fee.plan == plan and (not issued_from or fee.issue_date >= issued_from)]
            return model.CountedFees(tuple(chosen), True)
        return model.CountedFees(tuple(self._all("fees", model.fee, filters, counted=is_counted)), is_counted)

    def fee(self, fee_id: str) -> model.RemoteFee:
        return self._one("fees", fee_id, model.fee)

    def create_fee(self, fee: model.NewFee) -> str:
        """Create a fee, once, and return its id.

        Raises NotSent (nothing happened). Whatever else it raises (Refused, RateLimited, OutcomeUnknown) says nothing
        certain: look the fee up by the reference in its name. OfficeRnD has no idempotency key, so this is never
        repeated here.
        """
        body: dict[str, Any] = {
            "name": fee.name,
            "issueDate": model.issue_date(fee.issue_date),
            "location": fee.location,
            "plan": fee.plan,
            # JSON has one kind of number; a price of at most nine significant digits survives it unchanged.
            "price": float(fee.price),
            "quantity": 1,
            "isPersonal": fee.is_personal,
        }
        if fee.member:
            body["member"] = fee.member
        if fee.company:
            body["company"] = fee.company
        # Coins are of the query: it is no field of the body.
        return self._created("fees", body, {"shouldUseCoins": "true"} if fee.use_coins else {})

    def create_plan(self, name: str) -> model.Plan:
        """Make a one-off plan. Raises Refused or NotFound where the API does not offer it: then it is made by hand."""
        body = {"name": name, "type": "service", "intervalLength": "once", "intervalCount": 1, "price": 0}
        plan_id = self._created("plans", body, {})
        return self._one("plans", plan_id, model.plan)

    # -- lists ---------------------------------------------------------------------------------------------------

    def _all(
        self,
        resource: str,
        translate: Callable[[Mapping[str, Any]], Record],
        filters: Mapping[str, str] | None = None,
        *,
        counted: bool = True,
        progress: Progress | None = None,
    ) -> list[Record]:
        """Return every record of a list; one that does not agree with its count twice is refused."""
        filters = dict(filters or {})
        for last_try in (False, True):
            total = self._count(resource, filters) if counted else None
            is_long = total is not None and total > MANY and resource in DATED and not filters
            try:
                if total is not None and is_long and not last_try:
                    records = self._windows(resource, translate, total, progress)
                else:
                    records = self._pages(resource, translate, filters, total, progress)
            except Contradiction:
                if last_try:
                    raise
                continue
            if len({identifier.lower() for identifier in records}) < len(records):  # some databases see no case
                raise self._bad(f"GET /{resource}", lazy("with two ids that differ by capital letters alone"))
            if total is None or len(records) == total:
                return list(records.values())
            if last_try:
                raise errors.BadAnswer(
                    lazy(
                        "OfficeRnD lists %(records)s %(resource)s but counts %(total)s; nothing was changed, try again "
                        "in a few minutes.",
                        records=len(records),
                        resource=resource,
                        total=total,
                    ),
                    system=SYSTEM,
                    operation=f"GET /{resource}",
                )
        raise AssertionError("unreachable")

    def _windows(
        self, resource: str, translate: Callable[[Mapping[str, Any]], Record], total: int, progress: Progress | None
    ) -> dict[str, Record]:
        """Return every record of a long list, read in several windows of `modifiedAt` at once.

        Cursors chain the pages of one list, so that only several lists can be read side by side. The windows are
        halved by their counts; a record that moves from one to another meanwhile shows in the total.
        """
        first, last = datetime(2000, 1, 1, tzinfo=UTC), self._clock.now() + timedelta(days=1)
        windows = [(first, last, total)]
        for _ in range(4 * WINDOWS):
            if len(windows) >= WINDOWS:
                break
            start, end, count = largest = max(windows, key=lambda window: window[2])
            middle = start + (end - start) / 2
            older = self._count(resource, _between(start, middle))
            if older is None or end - start < timedelta(seconds=2):
                break
            windows.remove(largest)
            halves = ((start, middle, older), (middle, end, count - older))
            windows.extend(window for window in halves if window[2] > 0)
        with (
            (progress or Progress()).phase(
                lazy("Reading OfficeRnD %(resource)s", resource=LISTS[resource]), total
            ) as phase,
            ThreadPoolExecutor(CONNECTIONS) as pool,
        ):
            parts = [
                pool.submit(self._pages, resource, translate, _between(start, end), count, OnePhase(phase))
                for start, end, count in windows
            ]
            records: dict[str, Record] = {}
            for record in (record for part in parts for record in part.result().values()):
                self._put(records, record, f"GET /{resource}")
            return records

    def _put(self, records: dict[str, Record], record: Record, where: str) -> None:
        """Put a record among those that were read. Raises Contradiction where it is told in two ways."""
        if records.setdefault(record.id, record) != record:
            raise self._bad(where, lazy("with a record that stands there twice and not alike"), Contradiction)

    def _count(self, resource: str, filters: Mapping[str, str]) -> int | None:
        """Return the number of records, None where the list has no count of its own."""
        try:
            answer = self._read(f"{resource}/count", filters)
        except errors.NotFound:
            return None
        total = answer.get("total") if isinstance(answer, Mapping) else None
        if isinstance(total, bool) or not isinstance(total, int) or not 0 <= total <= MOST_RECORDS:
            raise self._bad(f"GET /{resource}/count", lazy("without a total"))
        return total

    def _pages(
        self,
        resource: str,
        translate: Callable[[Mapping[str, Any]], Record],
        filters: Mapping[str, str],
        total: int | None,
        progress: Progress | None,
    ) -> dict[str, Record]:
        """Return every record by its id; a record that moves between pages while we read counts once."""
        most = MOST_RECORDS if total is None else 2 * total + 10 * PAGE  # some may be added while we read
        records: dict[str, Record] = {}
        parameters: dict[str, Any] = {**filters, "$limit": PAGE}
        cursors: set[str] = set()
        barren = 0
        where = f"GET /{resource}"
        with (progress or Progress()).phase(
            lazy("Reading OfficeRnD %(resource)s", resource=LISTS[resource]), total
        ) as phase:
            while True:
                page = self._read(resource, parameters)
                results = records_of(page)
                if results is None:
                    raise self._bad(where, lazy("that is not a page of records"))
                known = len(records)
                for record in results:
                    self._put(records, self._translated(resource, translate, record), where)
                barren += len(records) == known
                phase.advance(len(results))
                cursor = page.get("cursorNext") if isinstance(page, dict) else None
                if not cursor:
                    return records
                if not isinstance(cursor, str) or cursor in cursors or not results:
                    raise self._bad(where, lazy("whose pages lead in a circle"))
                cursors.add(cursor)
                if len(cursors) > MOST_PAGES or len(records) > most or barren > MOST_BARREN:
                    raise self._bad(where, lazy("whose pages have no end"))
                parameters["$cursorNext"] = cursor

    def _one(self, resource: str, identifier: str, translate: Callable[[Mapping[str, Any]], Record]) -> Record:
        """Return one record; the organisation is the one without a resource, and its id is not known before."""
        answer = self._read(_place(resource, identifier) if resource else "", {})
        if not isinstance(answer, dict):
            raise self._bad(f"GET /{resource}", lazy("that is not a record"))
        record = self._translated(resource, translate, answer)
        if resource and record.id != identifier:
            raise self._bad(f"GET /{resource}", lazy("with a record other than the one that was asked for"))
        return record

    def _translated(
        self, resource: str, translate: Callable[[Mapping[str, Any]], Record], record: Mapping[str, Any]
    ) -> Record:
        try:
            return translate(record)
        except (ValueError, ArithmeticError, TypeError, AttributeError, RecursionError) as error:
            why = foreign.shown(str(error), *self._token.secrets)
            raise self._bad(f"GET /{resource}", lazy("with a record that cannot be read (%(why)s)", why=why)) from None

    def _bad(self, operation: str, what: str, kind: type[errors.BadAnswer] = errors.BadAnswer) -> errors.BadAnswer:
        return kind(
            lazy(
                "OfficeRnD sent an answer to %(operation)s %(what)s; nothing was changed, try again in a few minutes.",
                operation=operation,
                what=what,
            ),
            system=SYSTEM,
            operation=operation,
        )

    # -- the one exchange ----------------------------------------------------------------------------------------

    def _read(self, path: str, parameters: Mapping[str, Any]) -> Any:
        answer = http.repeat_read(lambda: self._exchange("GET", path, None, parameters), self._clock)
        try:
            return json_text.parsed(answer.content)
        except ValueError:
            raise self._bad(f"GET /{path}", lazy("that is not JSON")) from None

    def _created(self, path: str, body: Mapping[str, Any], parameters: Mapping[str, str]) -> str:
        answer = self._exchange("POST", path, body, parameters)
        try:
            identifier = json_text.parsed(answer.content)["_id"]
        except (ValueError, KeyError, TypeError):
            identifier = None
        if not model.is_id(identifier):
            raise self._lost("POST", path, lazy("an unreadable answer"))
        return identifier

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None, parameters: Mapping[str, Any]
    ) -> requests.Response:
        """Do one exchange, for a read with one renewal of the token on a 401, and translate whatever goes wrong.

        A write is sent once, whatever the answer says of it; its 401 renews the token for whoever looks and asks next.
        """
        token = self._token.get()
        for renewed in (False, True):
            answer = self._send(method, path, body, parameters, token)
            if answer.status_code == 401 and not renewed:
                # A revoked token and a missing scope look alike.
                if method == "GET":
                    token = self._token.renew(token)
                    continue
                with suppress(errors.RemoteError):  # what became of the write is for its own answer to say
                    self._token.renew(token)
            if answer.status_code in (200, 201, 204):
                return answer
            raise self._refusal(method, path, answer, token)
        raise AssertionError("unreachable")

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, parameters: Mapping[str, Any], token: str
    ) -> requests.Response:
        self._wait_for_rate_limit()
        try:
            return self._http.request(
                method,
                f"{self._base}/{path}".rstrip("/"),
                params=dict(parameters) or None,
                json=body,
                headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
                timeout=self._section.timeout_s,
                allow_redirects=False,  # a token is never carried to another place
            )
        except requests.RequestException as error:
            raise self._transport(error, method, path) from None

    def _wait_for_rate_limit(self) -> None:
        """Wait until one more request keeps us within requests_per_minute in any sliding minute."""
        while True:
            with self._lock:
                now_s = self._clock.monotonic_s()
                while self._sent and now_s - self._sent[0] >= _RATE_WINDOW_S:
                    self._sent.popleft()
                if len(self._sent) < self._section.requests_per_minute:
                    self._sent.append(now_s)
                    return
                wait_s = _RATE_WINDOW_S - (now_s - self._sent[0])
            self._clock.sleep(wait_s)

    def _transport(self, error: requests.RequestException, method: str, path: str) -> errors.RemoteError:
        failed = http.failure(error)
        reads = method == "GET"
        where: dict[str, Any] = {"system": SYSTEM, "operation": f"{method} /{path}"}
        if failed.not_sent:
            return unreachable(failed, self._section.api_url, "api_url", transient=reads, **where)
        if not reads:
            return self._lost(method, path, failed.why)
        return errors.BadAnswer(
            lazy(
                "OfficeRnD did not answer %(method)s /%(path)s (%(why)s); nothing was changed, try again.",
                method=method,
                path=path,
                why=failed.why,
            ),
            code="no_answer",
            transient=not failed.is_final,
            **where,
        )

    def _lost(self, method: str, path: str, why: str) -> errors.OutcomeUnknown:
        return errors.OutcomeUnknown(
            lazy(
                "OfficeRnD's answer to %(method)s /%(path)s was lost (%(why)s): it may or may not have happened, so it "
                "is looked up and never sent again blindly.",
                method=method,
                path=path,
                why=why,
            ),
            system=SYSTEM,
            operation=f"{method} /{path}",
        )

    def _refusal(self, method: str, path: str, answer: requests.Response, token: str) -> errors.RemoteError:
        """Return the error that an answer other than success means, sorted by what the caller may do next."""
        status = answer.status_code
        said = _message(answer, token, *self._token.secrets).rstrip(".")
        told: dict[str, str | int] = {
            "method": method,
            "path": path,
            "status": status,
            "said": said or f"HTTP {status}",
        }
        where: dict[str, Any] = {"system": SYSTEM, "operation": f"{method} /{path}", "status": status}
        if status == 429:
            return errors.RateLimited(
                lazy(
                    "OfficeRnD's rate limit is reached; try again in a minute, or lower [officernd] "
                    "requests_per_minute."
                ),
                retry_after_s=http.retry_after_s(answer),
                transient=method == "GET",
                **where,
            )
        if status in (401, 403):
            return errors.AuthFailed(
                lazy(
                    "OfficeRnD refuses the relay's application on %(method)s /%(path)s (HTTP %(status)s): check that "
                    "it still exists and has the scopes that docs/SETUP.md lists.",
                    **told,
                ),
                **where,
            )
        if status == 500 and said == "Organization not found":
            return errors.Refused(
                lazy(
                    "OfficeRnD has no organisation %(organization)s: correct [officernd] organization.",
                    organization=repr(self._section.organization),
                ),
                code="organization_not_found",
                **where,
            )
        if status > 500 or status == 500 and said.lower() in _GENERIC_500:
            if method != "GET":
                return self._lost(method, path, f"HTTP {status}")
            return errors.BadAnswer(
                lazy(
                    "OfficeRnD failed on %(method)s /%(path)s (HTTP %(status)s); nothing was changed, try again later.",
                    **told,
                ),
                transient=True,
                **where,
            )
        if 300 <= status < 400:
            return errors.Refused(
                lazy(
                    "OfficeRnD sends %(method)s /%(path)s elsewhere (HTTP %(status)s): check [officernd] api_url and "
                    "organization.",
                    **told,
                ),
                **where,
            )
        if status == 404:
            return errors.NotFound(lazy("OfficeRnD does not know %(method)s /%(path)s (%(said)s).", **told), **where)
        kind = errors.Conflict if status == 409 else errors.Refused
        return kind(lazy("OfficeRnD refused %(method)s /%(path)s: %(said)s.", **told), **where)


def _place(resource: str, identifier: str) -> str:
    """Return the path of one record."""
    return f"{resource}/{quote(identifier, safe='')}"


def _between(start: datetime, end: datetime) -> dict[str, str]:
    return {"modifiedAt[$gte]": model.moment(start), "modifiedAt[$lt]": model.moment(end)}


def _modified(since: str | None) -> dict[str, str]:
    return {"modifiedAt[$gte]": since} if since else {}


def _message(answer: requests.Response, *secrets: str) -> str:
    """Return the envelope's message, several of them joined; "" where the answer is not OfficeRnD's."""
    try:
        message = json_text.parsed(answer.content).get("message", "")
        if isinstance(message, list):
            message = "; ".join(str(part) for part in message)
        return foreign.shown(str(message or ""), *secrets)
    except (ValueError, AttributeError, RecursionError):
        return ""
