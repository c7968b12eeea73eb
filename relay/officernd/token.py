"""The relay's token for OfficeRnD: one for all processes of a site, kept in a private file, renewed once on a 401.

The token endpoint allows about five calls a minute whether they succeed or fail, so a token is asked for once in its
life, not once in a process.

Source: OfficeRnD developer reference, authentication (client credentials, form body, about 3599 s); OfficeRnD_MCP
(five calls a minute, a request without scope is refused).
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

import requests

from relay import http, json_text, plain_files
from relay.clock import Clock
from relay.config import Settings
from relay.config.sections import OfficeRnDSection
from relay.errors import AuthFailed, BadAnswer, NotSent, RateLimited, Refused, RemoteError
from relay.language import lazy
from relay.private_files import make_private_folder, write_private

SYSTEM = "OfficeRnD"
OPERATION = "token"  # of every error of this endpoint
EARLY_S = 120  # a token is not used in the last minutes of its life, so that no long run meets its end
FILE_NAME = "officernd_token.json"

# What every command needs. Source: the scope pattern flex.<area>.<resource>.<action>; `.read` covers list, get, count.
SHORTEST_S = EARLY_S + 60.0  # one that is said to be over at once is tried all the same, and refused where it is
LONGEST_S = 86_000  # a token of a longer life is asked for again all the same
_TOKEN = re.compile(r"[!-~]{1,8000}")
BASIC_SCOPES = frozenset(
    {
        "flex.community.members.read",
        "flex.community.companies.read",
        "flex.community.memberships.read",
        "flex.billing.plans.read",
        "flex.space.locations.read",
        "flex.settings.organization.read",
    }
)
FEE_SCOPES = frozenset({"flex.community.fees.read", "flex.community.fees.create"})
PASS_SCOPES = frozenset({"flex.space.passes.read"})
CHECKIN_SCOPES = frozenset({"flex.community.checkins.read"})


def scopes(settings: Settings) -> frozenset[str]:
    """Return what these settings need and no more: one scope that is not granted spoils the whole token."""
    wanted = set(BASIC_SCOPES)
    if settings.fees.managed_in != "papercut":
        wanted |= FEE_SCOPES
    if settings.members.admit_passes:
        wanted |= PASS_SCOPES
    if settings.members.admit_checkins:
        wanted |= CHECKIN_SCOPES
    return frozenset(wanted)


class TokenSource:
    """Gives the token that all threads and processes of this site share."""

    def __init__(self, settings: Settings, clock: Clock, session: requests.Session) -> None:
        section = settings.officernd
        self._section = section
        self._clock = clock
        self._http = session
        self._scope = " ".join(sorted(scopes(settings)))
        self._file = settings.site.state_dir / FILE_NAME
        self._lock = threading.Lock()
        self._token = ""
        self._expires_at_s = 0.0
        # Another application, other scopes or another secret need another token.
        about = "\n".join((section.token_url, section.client_id, section.client_secret.get_secret_value(), self._scope))
        self._about = hashlib.sha256(about.encode()).hexdigest()

    @property
    def secrets(self) -> tuple[str, str]:
        """The application's secret and the token in force: no text that the cloud sends may tell them."""
        return self._section.client_secret.get_secret_value(), self._token

    def get(self) -> str:
        """Return a token that is good for some minutes, from memory, from the file, or new."""
        with self._lock:
            if not self._is_good():
                self._load()
            if not self._is_good():
                self._ask()
            return self._token

    def renew(self, refused: str) -> str:
        """Return another token than the `refused` one; threads refused at the same time ask once."""
        with self._lock:
            if self._token == refused:
                self._load()
            if self._token == refused or not self._is_good():
                self._ask()
            return self._token

    def _is_good(self) -> bool:
        now_s = self._clock.now().timestamp()
        # The upper bound catches a clock that was wrong when the token was stored.
        return bool(self._token) and now_s < self._expires_at_s - EARLY_S and self._expires_at_s - now_s < 86_400

    def _load(self) -> None:
        try:
            stored = plain_files.json_value(self._file)
            if stored["about"] == self._about:
                self._token, self._expires_at_s = str(stored["token"]), float(stored["expires_at"])
        except (OSError, ValueError, KeyError, TypeError):
            return

    def _ask(self) -> None:
        answer = http.repeat_read(self._request, self._clock)
        try:
            self._token = _usable(answer["access_token"])
            life_s = min(max(SHORTEST_S, float(answer.get("expires_in", 3599))), LONGEST_S)
            self._expires_at_s = self._clock.now().timestamp() + life_s
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise BadAnswer(
                lazy("%(token_url)s gave no token; is [officernd] token_url right?", token_url=self._section.token_url),
                system=SYSTEM,
                operation=OPERATION,
            ) from None
        stored = {"about": self._about, "token": self._token, "expires_at": self._expires_at_s}
        try:
            make_private_folder(self._file.parent)
            write_private(self._file, json.dumps(stored))
        except OSError:
            return  # the token still serves this process; the ledger will tell that the folder cannot be written

    def _request(self) -> Any:
        return exchange(self._http, self._section, self._scope)


def open_session(section: OfficeRnDSection, connections: int = 1) -> requests.Session:
    """Return a session that goes the way to OfficeRnD which the settings name. Raises OSError for a bad certificate."""
    return http.session(connections=connections, ca_file=section.ca_file, proxy=section.proxy_url)


def exchange(
    session: requests.Session, section: OfficeRnDSection, scope: str, *, client_id: str = "", secret: str = ""
) -> Any:
    """Ask once for a token for `scope` and return the answer's JSON, None where it is none.

    The application is the relay's, or the one that `client_id` and `secret` name. Raises AuthFailed, with the code
    `scope_missing` or `secret_refused`, and what else keeps a token from being given.
    """
    where: dict[str, Any] = {"system": SYSTEM, "operation": OPERATION}
    try:
        answer = session.post(
            section.token_url,
            data={
                "grant_type": "client_credentials",
                "client_id": client_id or section.client_id,
                "client_secret": secret or section.client_secret.get_secret_value(),
                "scope": scope,
            },
            timeout=section.timeout_s,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        # Asking for a token changes nothing, so even a lost answer may be asked for again.
        raise unreachable(http.failure(error), section.token_url, "token_url", transient=True, **where) from None
    if answer.status_code != 200:
        raise _refusal(answer, section.token_url, scope, where)
    try:
        return json_text.parsed(answer.content)
    except ValueError:
        return None


def _refusal(answer: requests.Response, url: str, scope: str, where: dict[str, Any]) -> RemoteError:
    """Return the error that an answer other than success means."""
    status = answer.status_code
    where = {**where, "status": status}
    if status == 429:
        return RateLimited(
            lazy(
                "OfficeRnD's token endpoint allows about five calls a minute, and they are used up; try again in a "
                "minute."
            ),
            retry_after_s=http.retry_after_s(answer),
            transient=True,
            **where,
        )
    if status == 400 and b"scope" in answer.content.lower():
        return AuthFailed(
            lazy(
                "OfficeRnD gives no token: the relay's application lacks one of the scopes "
                "%(replace)s; add them at Settings > Developer Tools.",
                replace=scope.replace(" ", ", "),
            ),
            code="scope_missing",
            **where,
        )
    if status in (400, 401, 403):
        return AuthFailed(
            lazy(
                "OfficeRnD does not accept the relay's client id and secret: compare [officernd] client_id and "
                "client_secret_file with Settings > Developer Tools."
            ),
            code="secret_refused",
            **where,
        )
    if status >= 500:
        return BadAnswer(
            lazy(
                "OfficeRnD's token endpoint failed (HTTP %(status)s); nothing was changed, try again later.",
                status=status,
            ),
            transient=True,
            **where,
        )
    return Refused(
        lazy(
            "%(token_url)s is not a token endpoint (HTTP %(status)s): correct [officernd] token_url.",
            token_url=url,
            status=status,
        ),
        **where,
    )


def missing(scopes: Sequence[str], granted: Callable[[Sequence[str]], bool]) -> list[str]:
    """Return which of `scopes`, that are not granted together, are not granted; halves are asked for.

    One answer says only yes or no to a whole list, and the endpoint allows five a minute: a half that is granted
    needs no further question, and puts the blame on the other one unasked.
    """
    if len(scopes) == 1:
        return list(scopes)
    first, second = scopes[: len(scopes) // 2], scopes[len(scopes) // 2 :]
    if granted(first):
        return missing(second, granted)
    found = missing(first, granted)
    return found if granted(second) else found + missing(second, granted)


def _usable(token: object) -> str:
    """Return a token that a header can carry. Raises ValueError for any other value, and says nothing of it."""
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ValueError("no token")
    return token


def unreachable(failed: http.TransportFailure, address: str, key: str, *, transient: bool, **where: Any) -> NotSent:
    """Return the error for a request that certainly did not arrive at `address`, which [officernd] `key` names."""
    if failed.tls:
        return NotSent(
            lazy(
                "OfficeRnD's certificate at %(address)s is not accepted (%(why)s): if a company proxy opens TLS, put "
                "its certificate into [officernd] ca_file.",
                address=address,
                why=failed.why,
            ),
            code="tls",
            **where,
        )
    return NotSent(
        lazy(
            "OfficeRnD cannot be reached at %(address)s (%(why)s): check this machine's internet connection and "
            "[officernd] %(key)s and proxy.",
            address=address,
            why=failed.why,
            key=key,
        ),
        transient=transient,
        **where,
    )
