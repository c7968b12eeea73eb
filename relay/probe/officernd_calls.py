"""OfficeRnD's API asked the way no client should: without a limit, by an unknown filter, for nobody. Only reads."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import requests

from papercut_scripts import signin_officernd
from papercut_scripts.token_cache import SCOPE as SIGNIN_SCOPE
from relay import json_text
from relay.clock import Clock
from relay.config import Settings
from relay.officernd.client import records_of
from relay.officernd.token import TokenSource, open_session
from relay.private_files import read_private
from relay.probe.unanswered import Unanswered

PAGE = 50
PAGES = 10  # of members that are looked through for what some of them show
NO_ID = "0" * 24
NOBODY = "nobody@papercut-relay-probe.invalid"


class OfficeRnDCalls:
    """Raw calls to one organisation."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        section = settings.officernd
        self._settings = settings
        self._api = f"{section.api_url}/organizations"
        self._slug = section.organization
        self._timeout_s = section.timeout_s
        self._http = open_session(section)
        self._token = TokenSource(settings, clock, self._http)

    def get(self, path: str, *, slug: str = "", token: str = "", **query: str) -> requests.Response:
        """Return the answer to a read, whatever its status. Raises Unanswered for none, or one that asks to wait."""
        url = f"{self._api}/{slug or self._slug}/{path}".rstrip("/")
        headers = {"Authorization": f"Bearer {token or self._token.get()}", "Accept": "application/json"}
        # A parameter with a sign in its name is given as _limit for $limit.
        parameters = {
            f"${name[1:]}" if name.startswith("_") and name != "_id" else name: v for name, v in query.items()
        }
        return self._exchange("GET", url, headers=headers, params=parameters)

    def read(self, path: str, **query: str) -> Any:
        """Return a read's JSON. Raises Unanswered for everything but a 200."""
        answer = self.get(path, **query)
        if answer.status_code != 200:
            raise Unanswered(f"GET /{path} answered HTTP {answer.status_code}")
        return json_of(answer)

    def close(self) -> None:
        self._http.close()

    def ask_token(self, scope: str, *, signin: bool = False) -> requests.Response:
        section = self._settings.signin if signin else self._settings.officernd
        secret = (
            read_private(self._settings.signin.client_secret_file).strip()
            if signin
            else self._settings.officernd.client_secret.get_secret_value()
        )
        form = {
            "grant_type": "client_credentials",
            "client_id": section.client_id,
            "client_secret": secret,
            "scope": scope,
        }
        return self._exchange("POST", self._settings.officernd.token_url, data=form)

    def token_for(self, scope: str, *, signin: bool = False) -> str:
        """Return a token with one scope. Raises Unanswered where the application was not granted it."""
        answer = self.ask_token(scope, signin=signin)
        token = json_of(answer).get("access_token") if answer.status_code == 200 else None
        if not isinstance(token, str):
            raise Unanswered(f"the application is not granted {scope}")
        return token

    @cached_property
    def refused_signin(self) -> requests.Response:
        """The answer to a sign-in of nobody."""
        if self._settings.signin.method != "officernd":
            raise Unanswered("[signin] method is not officernd")
        token = self.token_for(SIGNIN_SCOPE, signin=True)
        return self._exchange(
            "POST",
            f"{self._api}/{self._slug}/auth/signin",
            json={"email": NOBODY, "password": "not-A-passw0rd"},
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        )

    @cached_property
    def first_page(self) -> requests.Response:
        """The answer to the list of members, asked without a limit."""
        answer = self.get("members")
        if answer.status_code != 200:
            raise Unanswered(f"GET /members answered HTTP {answer.status_code}")
        return answer

    @cached_property
    def some_members(self) -> list[dict[str, Any]]:
        """Return the members of the first pages."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        for _ in range(PAGES):
            page = self.read("members", _limit=str(PAGE), **cursor)
            found += rows_of(page)
            following = page.get("cursorNext") if isinstance(page, dict) else None
            if not following:
                break
            cursor = {"_cursorNext": following}
        return found

    def _exchange(self, method: str, url: str, **how: Any) -> requests.Response:
        try:
            answer = self._http.request(method, url, timeout=self._timeout_s, allow_redirects=False, **how)
        except requests.RequestException:
            raise Unanswered("no answer came") from None
        if answer.status_code == 429:
            raise Unanswered("OfficeRnD asked us to wait; probe again in a minute")
        return answer


def json_of(answer: requests.Response) -> Any:
    try:
        return json_text.parsed(answer.content)
    except ValueError:
        raise Unanswered("the answer was no JSON") from None


def rows_of(page: Any) -> list[dict[str, Any]]:
    """Return the records of a page. Raises Unanswered."""
    rows = records_of(page)
    if rows is None:
        raise Unanswered("the answer was no page of records")
    return rows


def speaks_of_a_token(answer: requests.Response) -> bool:
    said = str(json_of(answer).get("message", "")).lower() if answer.content else ""
    return any(word in said for word in signin_officernd.TOKEN_WORDS)
