"""What the two clients share: bounded answers, the sorting of transport failures, and the bounded repetition of reads.

Whatever a server sends, an answer ends: by its size, also unpacked, and by the time that the whole of it may take.

Nothing here knows PaperCut or OfficeRnD, and nothing above the clients sees `requests`.
"""

from __future__ import annotations

import errno
import http.client
import io
import ipaddress
import math
import random
import ssl
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import certifi
import requests
import urllib3
import urllib3.connection
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from relay.clock import Clock
from relay.errors import RateLimited, RemoteError
from relay.language import lazy

Answer = TypeVar("Answer")

READ_ATTEMPTS = 4
READ_TOTAL_S = 75.0  # a minute's rate limit can be sat out once
BACKOFF_FIRST_S = 0.5
MOST_BYTES = 6_000_000  # of one answer, unpacked: what a page of fifty records never has, and a reader can hold
_PIECE = 65536
_LIBRARY_S = 10.0  # for an answer to a library that sets no time of its own

monotonic_s = time.monotonic  # a test puts a clock of its own here


class TooMuch(requests.RequestException):
    """An answer that is longer than any that was asked for; its text is a clause."""


class _Timed(io.RawIOBase):
    """A socket's answer that must be over by a moment, however it is dripped."""

    def __init__(self, raw: io.RawIOBase, settimeout: Callable[[float], None], limit_s: float | None) -> None:
        self._raw = raw
        self._settimeout = settimeout
        self._left = 2 * MOST_BYTES  # whatever the framing around a body: lines and trailers have no bound of their own
        self._end_s = None if limit_s is None else monotonic_s() + limit_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._end_s is not None:
            left_s = self._end_s - monotonic_s()
            if left_s <= 0:
                raise TimeoutError(lazy("the whole answer took too long"))
            self._settimeout(left_s)
        count: int | None = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise TooMuch(lazy("its answer has no end"))
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedAnswer(http.client.HTTPResponse):
    """An answer whose time-out counts from the request to its last byte, and not between two bytes."""

    def __init__(self, sock: Any, *rest: Any, **named: Any) -> None:
        super().__init__(sock, *rest, **named)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Timed(raw, sock.settimeout, sock.gettimeout()))


class _Plain(urllib3.connection.HTTPConnection):
    response_class = _TimedAnswer


class _Secure(urllib3.connection.HTTPSConnection):
    response_class = _TimedAnswer


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS = {"http": _PlainPool, "https": _SecurePool}


class _Session(requests.Session):
    """A session that reads every answer itself, within its bounds, follows no redirect and heeds no environment."""

    def __init__(self) -> None:
        super().__init__()
        self.headers["Accept-Encoding"] = "gzip"
        self.trust_env = False  # the scheduler's environment and a .netrc must not change where money goes

    def get_redirect_target(self, _: requests.Response) -> None:
        """Tell of none: to see where one leads, `requests` would read its body without any bound."""

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        answer = super().send(request, **{**how, "stream": True, "allow_redirects": False})
        try:
            answer._content = _body(answer)
            answer._content_consumed = True  # type: ignore[attr-defined]
        finally:
            answer.close()
        return answer


class _LibrarySession(_Session):
    """What a library gets that asks `requests` for a session, or for one exchange."""

    ca_file: Path | None = None
    proxy = ""

    def __init__(self) -> None:
        super().__init__()
        self.mount("https://", _Adapter(_context(self.ca_file, True) if self.ca_file else None, 1))
        self.mount("http://", _Adapter(None, 1))

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        proxy = proxy_towards(request.url or "", self.proxy)
        proxies = {"https": proxy, "http": proxy} if proxy else {}
        return super().send(request, **{**how, "proxies": proxies, "timeout": how.get("timeout") or _LIBRARY_S})


def bound_libraries(*, ca_file: Path | None, proxy: str) -> None:
    """Give what every library of this process asks by `requests` the bounds of ours: there is no other way to them.

    `ca_file` is trusted beside the public authorities, and `proxy` is the way to what is not near.
    """
    bound = type("BoundSession", (_LibrarySession,), {"ca_file": ca_file, "proxy": proxy})
    requests.Session = requests.sessions.Session = bound  # type: ignore[misc, assignment]


def proxy_towards(url: str, proxy: str) -> str:
    """Return the proxy on the way to an address, "" where it is near: a private IP address, or a name without a dot."""
    host = urlsplit(url).hostname or ""
    try:
        return "" if ipaddress.ip_address(host).is_private else proxy
    except ValueError:
        return proxy if "." in host else ""


def _body(answer: requests.Response) -> bytes:
    """Return an answer's body unpacked. Raises RequestException, TooMuch for what has no end."""
    packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in ("", "identity", "gzip", "x-gzip"):
        raise TooMuch(lazy("its answer is packed in a way that was not asked for"))
    unpack = zlib.decompressobj(wbits=31) if "gzip" in packed else None
    body = bytearray()
    try:
        for piece in answer.raw.stream(_PIECE, decode_content=False):
            body += unpack.decompress(piece, MOST_BYTES + 1 - len(body)) if unpack else piece
            if len(body) > MOST_BYTES:
                raise TooMuch(lazy("its answer is longer than %(most_bytes)s MB", most_bytes=MOST_BYTES // 1000000))
    except zlib.error as error:
        raise requests.exceptions.ContentDecodingError(error) from None
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from None
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError) as error:  # lengths that are none
        raise requests.exceptions.ChunkedEncodingError(error) from None
    return bytes(body)


class _Adapter(HTTPAdapter):
    """Keep-alive connections, `connections` at most, that trust exactly what the context trusts."""

    def __init__(self, context: ssl.SSLContext | None, connections: int) -> None:
        self._context = context
        super().__init__(pool_connections=connections, pool_maxsize=connections, pool_block=True, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def session(
    *, connections: int, ca_file: Path | None = None, public_too: bool = True, proxy: str = ""
) -> requests.Session:
    """Return a session with at most `connections` connections that reads nothing from the environment.

    `ca_file` is trusted beside the public authorities, or instead of them with `public_too=False`.
    Raises OSError where `ca_file` cannot be read or holds no certificate.
    """
    made = _Session()
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
class TransportFailure:
    """A transport failure: did the request certainly not arrive, is TLS the reason, and why, as a clause.

    `is_final`: the same request would be answered in the same way.
    """

    not_sent: bool
    tls: bool
    why: str
    is_final: bool = False


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


def failure(error: requests.RequestException) -> TransportFailure:
    """Return what a `requests` exception means for the caller.

    Only a failure before any byte of the request could leave is `not_sent`; everything else may have had its effect.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) and cause.reason in _HANDSHAKE for cause in causes):
        return TransportFailure(True, True, _tls_reason(causes))
    for cause in causes:
        if isinstance(cause, TooMuch):
            return TransportFailure(False, False, str(cause), is_final=True)
    if isinstance(error, requests.ConnectTimeout):
        return TransportFailure(True, False, lazy("no connection in time"))
    if isinstance(error, requests.exceptions.ProxyError):
        return TransportFailure(True, False, lazy("the proxy does not let us through"))
    for cause in causes:
        if isinstance(cause, urllib3.exceptions.NameResolutionError):
            return TransportFailure(True, False, lazy("its name is not known here"))
        if isinstance(cause, urllib3.exceptions.NewConnectionError):
            scarce = any(isinstance(one, OSError) and one.errno in (errno.EMFILE, errno.ENFILE) for one in causes)
            short = lazy("this account may not open more files and connections at once")
            return TransportFailure(True, False, short if scarce else lazy("the connection is refused"))
    if isinstance(error, requests.Timeout):
        return TransportFailure(False, False, lazy("no answer in time"))
    return TransportFailure(False, False, lazy("the connection broke before the answer"))


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
            return str(cause.verify_message).rstrip(".") or lazy("the certificate is not accepted")
    return lazy("the TLS connection could not be made")


def retry_after_s(answer: requests.Response) -> float:
    """Return the Retry-After of an answer in seconds, 0 where there is none that can be read."""
    try:
        told_s = float(answer.headers.get("Retry-After", "0"))
    except ValueError:
        return 0.0
    return max(0.0, told_s) if math.isfinite(told_s) else 0.0


def may_repeat(error: RemoteError, attempt: int, elapsed_s: float, delay_s: float) -> bool:
    """Return whether a read that failed with `error` at its `attempt`-th try (from 1) is worth another one."""
    return error.transient and attempt < READ_ATTEMPTS and elapsed_s + delay_s <= READ_TOTAL_S


def delay_s(error: RemoteError, attempt: int, jitter: float) -> float:
    """Return how long to wait before the next try: the server's word, else doubling, spread by `jitter` (0 to 1)."""
    if isinstance(error, RateLimited) and error.retry_after_s > 0:
        return error.retry_after_s
    return float(BACKOFF_FIRST_S * 2 ** (attempt - 1) * (0.5 + jitter / 2))


def repeat_read(call: Callable[[], Answer], clock: Clock) -> Answer:
    """Return what `call` answers, repeated within bounds while it fails in a passing way; writes never come here."""
    started = clock.monotonic_s()
    attempt = 1
    while True:
        try:
            return call()
        except RemoteError as error:
            wait_s = delay_s(error, attempt, random.random())
            if not may_repeat(error, attempt, clock.monotonic_s() - started, wait_s):
                raise
            clock.sleep(wait_s)
            attempt += 1
