"""One call of PaperCut's web services, and what its answer means: the transport of the client beside it.

A read is repeated within bounds; a write is sent once. Every fault, broken answer and lost one becomes an error of
ours, sorted by what the caller may do next.

Source: PaperCut manual, XML Web Services; PaperCutExamples wiki (fault codes); HexaSpaceRND field report (access-denied
text).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import requests

from relay import errors, foreign, http
from relay.clock import Clock
from relay.config import Settings
from relay.language import N_, lazy
from relay.papercut import wire
from relay.papercut.wire import Value
from relay.progress import Progress

SYSTEM = "PaperCut"
MOST_NAMES = 200_000  # of one list, which has to end
MOST_PAGES = 2_000
LONGEST_NAME = foreign.LONGEST  # PaperCut's own columns end at 255 characters
PAGE = 1000  # the size that PaperCut's own proxy calls efficient
ACCESS_DENIED = "Your IP address is not allowed"

_NOT_FOUND_CODES = {262, 263, 283, 284}
_CONFLICT_CODES = {267, 268, 272}
# Before 19.2 only the text tells, and the codes of several faults are not published.
_NOT_FOUND_TEXT = re.compile(r"not found|does(?: not|n't) exist|unknown (?:user|group|printer|account)|no such", re.I)
_AUTH_TEXT = re.compile(r"access denied|token|authenticat|not authori[sz]ed|unauthori[sz]ed", re.I)
_CONFLICT_TEXT = re.compile(r"already (?:exists|in use|used)|not unique|duplicate", re.I)

Item = TypeVar("Item")


class WebServices:
    """How one server is called. May be used from several threads; `connections` calls are under way at most."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        section = settings.papercut
        self._section = section
        self._clock = clock
        self._token = section.auth_token.get_secret_value()
        self._lock = threading.Lock()
        self.writes = 0
        parts = urlsplit(section.url)
        self.address = f"{parts.scheme}://{parts.netloc}"
        try:
            # With a certificate of its own the server is pinned: no public authority may speak for it.
            self._http = http.session(connections=section.connections, ca_file=section.ca_file, public_too=False)
        except OSError as error:
            if section.ca_file is None:  # the system's own refusal, such as too many open files
                raise
            why = error.strerror or error
            wrong = lazy(
                "%(ca_file)s holds no certificate that can be read (%(why)s); "
                "export PaperCut's certificate as PEM there",
                ca_file=section.ca_file,
                why=why,
            )
            raise errors.ConfigError([errors.Problem(wrong, "papercut", "ca_file", str(settings.path))]) from None

    def in_parallel(
        self,
        one: Callable[[str], Item],
        items: Sequence[str],
        progress: Progress | None = None,
        title: str = N_("Asking PaperCut"),
    ) -> Iterable[Item]:
        """Return `one(item)` for every item in order, at most `connections` at once; the first failure ends it."""
        results: list[Item] = []
        with (
            (progress or Progress()).phase(title, len(items)) as phase,
            ThreadPoolExecutor(self._section.connections) as pool,
        ):
            futures = [pool.submit(one, item) for item in items]
            try:
                for future in futures:
                    results.append(future.result())
                    phase.advance()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return results

    def _pages(self, method: str, parameters: tuple[Value, ...]) -> list[str]:
        """Return a whole list page by page, until an empty page; a server may cap a page below what is asked."""
        names: list[str] = []
        for _ in range(MOST_PAGES):
            page = self._texts(method, *parameters, len(names), PAGE)
            if not page:
                return names
            if names and page[0] == names[0]:
                raise self._bad(method, lazy("sent its first page again"))
            if any(len(name) > LONGEST_NAME for name in page):
                raise self._bad(method, lazy("gave a name that is longer than any it can store"))
            names.extend(page)
            if len(names) > MOST_NAMES:
                break
        raise self._bad(method, lazy("gave a list without end"))

    def _paired(self, names: Sequence[str], values: list[str], method: str) -> dict[str, str]:
        if len(names) != len(values):
            raise self._bad(
                method, lazy("gave %(values)s values for %(names)s names", values=len(values), names=len(names))
            )
        return dict(zip(names, values, strict=True))

    def _texts(self, method: str, *parameters: Value) -> list[str]:
        value = self._read(method, *parameters)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._bad(method, lazy("gave no list of texts"))
        return cast(list[str], value)

    def _text(self, method: str, *parameters: Value) -> str:
        value = self._read(method, *parameters)
        if not isinstance(value, str):
            raise self._bad(method, lazy("gave no text"))
        return value

    def _int(self, method: str, *parameters: Value) -> int:
        value = self._read(method, *parameters)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._bad(method, lazy("gave no whole number"))
        return value

    def _bool(self, method: str, *parameters: Value) -> bool:
        value = self._read(method, *parameters)
        if not isinstance(value, bool):
            raise self._bad(method, lazy("gave neither yes nor no"))
        return value

    def _decimal(self, value: Any, method: str) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite():
            raise self._bad(method, lazy("gave %(value)s instead of an amount", value=self._quoted(value)))
        # Through a double: PaperCut computes in doubles, and may write out all their digits.
        return Decimal(repr(float(value)))

    def _quoted(self, value: Any, length: int = 40) -> str:
        """Return the beginning of a value that cannot be meant, as a sentence shows it."""
        return repr(foreign.without(str(value), self._token)[:length])

    def _bad(self, method: str, what: str) -> errors.BadAnswer:
        return errors.BadAnswer(
            lazy(
                "PaperCut %(what)s in answer to %(method)s; nothing was changed, look at server.log and try again.",
                what=what,
                method=method,
            ),
            system=SYSTEM,
            operation=method,
        )

    def _read(self, method: str, *parameters: Value) -> Any:
        return self._repeat(method, (self._token, *parameters))

    def _repeat(self, method: str, parameters: tuple[Value, ...]) -> Any:
        return http.repeat_read(lambda: self._exchange(method, parameters, writes=False), self._clock)

    def _write(self, method: str, *parameters: Value) -> Any:
        with self._lock:
            self.writes += 1
        return self._exchange(method, (self._token, *parameters), writes=True)

    def _exchange(self, method: str, parameters: tuple[Value, ...], *, writes: bool) -> Any:
        """Do exactly one exchange and translate whatever comes back."""
        where: dict[str, Any] = {"system": SYSTEM, "operation": method}
        try:
            body = wire.call(f"api.{method}", parameters)
        except ValueError:
            raise errors.Refused(
                lazy(
                    "%(method)s was not sent to PaperCut: a text in it has a control character that XML cannot carry.",
                    method=method,
                ),
                **where,
            ) from None
        try:
            answer = self._http.post(
                self._section.url,
                data=body,
                headers={"Content-Type": "text/xml; charset=utf-8"},
                timeout=self._section.timeout_s,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise self._transport(error, method, writes) from None
        if answer.status_code != 200:
            raise self._http_status(answer.status_code, method, writes)
        try:
            return wire.answer(answer.content, self._token)
        except wire.Fault as fault:
            raise _fault(fault.fault_code, fault.fault_string, method, self.address) from None
        except wire.Unreadable as error:
            if writes:
                raise self._lost(method, lazy("an unreadable answer (%(error)s)", error=error)) from None
            raise errors.BadAnswer(
                lazy(
                    "PaperCut at %(address)s sent an unreadable answer to %(method)s (%(error)s); is [papercut] url "
                    "right?",
                    address=self.address,
                    method=method,
                    error=error,
                ),
                transient=True,
                **where,
            ) from None

    def _transport(self, error: requests.RequestException, method: str, writes: bool) -> errors.RemoteError:
        failed = http.failure(error)
        where: dict[str, Any] = {"system": SYSTEM, "operation": method}
        told = {"address": self.address, "why": failed.why, "method": method}
        if failed.tls:
            return errors.NotSent(
                lazy(
                    "PaperCut's certificate at %(address)s is not accepted (%(why)s): use the name that stands in "
                    "it, and set [papercut] ca_file to the certificate.",
                    **told,
                ),
                code="tls",
                **where,
            )
        if failed.not_sent:
            return errors.NotSent(
                lazy(
                    "PaperCut cannot be reached at %(address)s (%(why)s): is the Application Server running, and "
                    "is [papercut] url right?",
                    **told,
                ),
                transient=not writes,
                **where,
            )
        if writes:
            return self._lost(method, failed.why)
        return errors.BadAnswer(
            lazy(
                "PaperCut at %(address)s did not answer %(method)s (%(why)s); nothing was changed, try again.", **told
            ),
            code="no_answer",
            transient=not failed.is_final,
            **where,
        )

    def _http_status(self, status: int, method: str, writes: bool) -> errors.RemoteError:
        where: dict[str, Any] = {"system": SYSTEM, "operation": method, "status": status}
        if status in (401, 403):
            return errors.AuthFailed(
                lazy(
                    "Something in front of PaperCut at %(address)s refuses us (HTTP %(status)s); allow this machine.",
                    address=self.address,
                    status=status,
                ),
                **where,
            )
        if 300 <= status < 500:
            return errors.Refused(
                lazy(
                    "%(url)s has no PaperCut web services (HTTP %(status)s): correct [papercut] url.",
                    url=self._section.url,
                    status=status,
                ),
                **where,
            )
        if writes:
            return self._lost(method, f"HTTP {status}")
        return errors.BadAnswer(
            lazy(
                "PaperCut at %(address)s failed on %(method)s (HTTP %(status)s); look at server.log and try again.",
                address=self.address,
                method=method,
                status=status,
            ),
            transient=True,
            **where,
        )

    def _lost(self, method: str, why: str) -> errors.OutcomeUnknown:
        return errors.OutcomeUnknown(
            lazy(
                "PaperCut's answer to %(method)s was lost (%(why)s): it may or may not have happened, so it is looked "
                "up and never sent again blindly.",
                method=method,
                why=why,
            ),
            system=SYSTEM,
            operation=method,
        )


def _fault(code: int, text: str, method: str, address: str) -> errors.Refused:
    where: dict[str, Any] = {"system": SYSTEM, "operation": method, "status": code}
    if ACCESS_DENIED in text:
        return errors.AuthFailed(
            lazy(
                "PaperCut at %(address)s does not allow web-service calls from this machine: add its address at "
                "Options > Advanced > Security > Allowed XML Web Services callers.",
                address=address,
            ),
            code="caller_not_allowed",
            **where,
        )
    if code in _NOT_FOUND_CODES or _NOT_FOUND_TEXT.search(text):
        return errors.NotFound(
            lazy("PaperCut does not know what %(method)s was asked for: %(text)s", method=method, text=text), **where
        )
    if code in _CONFLICT_CODES or _CONFLICT_TEXT.search(text):
        return errors.Conflict(lazy("PaperCut refused %(method)s: %(text)s", method=method, text=text), **where)
    if not 258 <= code <= 290 and _AUTH_TEXT.search(text):  # those codes have meanings of their own
        return errors.AuthFailed(
            lazy(
                "PaperCut at %(address)s does not accept the web-services token (%(text)s): compare [papercut] "
                "auth_token_file with the config key auth.webservices.auth-token.",
                address=address,
                text=text,
            ),
            code="token_refused",
            **where,
        )
    return errors.Refused(
        lazy(
            "PaperCut refused %(method)s: %(why)s (code %(code)s); look at its application log, then run again.",
            method=method,
            why=text.rstrip(".") or lazy("no reason given"),
            code=code,
        ),
        **where,
    )
