"""What the two clients share: sessions, the sorting of transport failures, and the bounded repetition of reads.

Nothing here knows PaperCut or OfficeRnD, and nothing above the clients sees `requests`.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter

from relay.clock import Clock
from relay.errors import RateLimited, RemoteError

Answer = TypeVar("Answer")

READ_ATTEMPTS = 4
READ_TOTAL_S = 75.0  # a minute's rate limit can be sat out once
BACKOFF_FIRST_S = 0.5


class _Adapter(HTTPAdapter):
    """Keep-alive connections, `connections` at most, that trust exactly what the context trusts."""

    def __init__(self, context: ssl.SSLContext | None, connections: int) -> None:
        self._context = context
        super().__init__(pool_connections=connections, pool_maxsize=connections, pool_block=True, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)


def session(
    *, connections: int, ca_file: Path | None = None, public_too: bool = True, proxy: str = ""
) -> requests.Session:
    """Return a session with at most `connections` connections that reads nothing from the environment.

    `ca_file` is trusted beside the public authorities, or instead of them with `public_too=False`.
    Raises OSError where `ca_file` cannot be read or holds no certificate.
    """
    made = requests.Session()
    made.trust_env = False  # the scheduler's environment and a .netrc must not change where money goes
    context = _context(ca_file, public_too) if ca_file else _public_context()
    if ca_file and not public_too:
        made.verify = str(ca_file)  # else `requests` adds the public authorities to the context by itself
    made.mount("https://", _Adapter(context, connections))
    made.mount("http://", _Adapter(None, connections))
    if proxy:
        made.proxies = {"https": proxy, "http": proxy}
    return made


@lru_cache(maxsize=1)
def _public_context() -> ssl.SSLContext:
    """Return the context that trusts the public authorities; reading them all is most of what a session costs."""
    return ssl.create_default_context(cafile=certifi.where())


def _context(ca_file: Path, public_too: bool) -> ssl.SSLContext:
    # A file has to be named from the start: without one the system's own authorities are loaded.
    context = ssl.create_default_context(cafile=certifi.where() if public_too else str(ca_file))
    if public_too:
        context.load_verify_locations(cafile=str(ca_file))
    return context


@dataclass(frozen=True, slots=True)
class Failure:
    """A transport failure: did the request certainly not arrive, is TLS the reason, and why, as a clause."""

    not_sent: bool
    tls: bool
    why: str


# What can only be said before the first byte of a request has left; any other TLS failure may come with the answer.
_HANDSHAKE = frozenset(
    {
        "CERTIFICATE_VERIFY_FAILED",
        "HTTP_REQUEST",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)


def failure(error: requests.RequestException) -> Failure:
    """Return what a `requests` exception means for the caller.

    Only a failure before any byte of the request could leave is `not_sent`; everything else may have had its effect.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) and cause.reason in _HANDSHAKE for cause in causes):
        return Failure(True, True, _tls_reason(causes))
    if isinstance(error, requests.ConnectTimeout):
        return Failure(True, False, "no connection in time")
    if isinstance(error, requests.exceptions.ProxyError):
        return Failure(True, False, "the proxy does not let us through")
    for cause in causes:
        if isinstance(cause, urllib3.exceptions.NameResolutionError):
            return Failure(True, False, "its name is not known here")
        if isinstance(cause, urllib3.exceptions.NewConnectionError):
            return Failure(True, False, "the connection is refused")
    if isinstance(error, requests.Timeout):
        return Failure(False, False, "no answer in time")
    return Failure(False, False, "the connection broke before the answer")


def _causes(error: BaseException | None) -> Any:
    seen: set[int] = set()
    queue = [error]
    while queue:
        current = queue.pop()
        if current is None or id(current) in seen or not isinstance(current, BaseException):
            continue
        seen.add(id(current))
        yield current
        queue.extend([current.__cause__, current.__context__, getattr(current, "reason", None)])
        queue.extend(argument for argument in current.args if isinstance(argument, BaseException))


def _tls_reason(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return str(cause.verify_message).rstrip(".") or "the certificate is not accepted"
    return "the TLS connection could not be made"


def retry_after_s(answer: requests.Response) -> float:
    """Return the Retry-After of an answer in seconds, 0 where there is none that can be read."""
    try:
        return max(0.0, float(answer.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0


def may_repeat(error: RemoteError, attempt: int, elapsed_s: float, delay_s: float) -> bool:
    """Return whether a read that failed with `error` at its `attempt`-th try (from 1) is worth another one."""
    return error.transient and attempt < READ_ATTEMPTS and elapsed_s + delay_s <= READ_TOTAL_S


def delay_s(error: RemoteError, attempt: int, jitter: float) -> float:
    """Return how long to wait before the next try: the server's word, else doubling, spread by `jitter` (0 to 1)."""
    if isinstance(error, RateLimited) and error.retry_after_s > 0:
        return error.retry_after_s
    return float(BACKOFF_FIRST_S * 2 ** (attempt - 1) * (0.5 + jitter / 2))


def repeat_read(call: Callable[[], Answer], clock: Clock, jitter: Callable[[], float] = random.random) -> Answer:
    """Return what `call` answers, repeated within bounds while it fails in a passing way; writes never come here."""
    started = clock.monotonic_s()
    attempt = 1
    while True:
        try:
            return call()
        except RemoteError as error:
            wait_s = delay_s(error, attempt, jitter())
            if not may_repeat(error, attempt, clock.monotonic_s() - started, wait_s):
                raise
            clock.sleep(wait_s)
            attempt += 1
