"""PaperCut's web services asked the way no client should: with wrong tokens, untyped numbers, nil. Decides nothing.

Beside the client and not through it, because what is asked for is what a client hides: the bytes of an answer, and
the code and the full text of a fault.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import requests

from relay import foreign, http
from relay.config import Settings
from relay.errors import RemoteError, UsageError
from relay.papercut import keys, wire
from relay.papercut.wire import Value
from relay.probe.unanswered import Unanswered

OWN_ACCOUNT = "officernd-relay-probe"
MARK = "papercut-relay probe é"  # its full name: tells ours from somebody's, and holds a letter beyond ASCII
NOBODY = "officernd-relay-nobody"
NIL = "\u2205"  # stands for <nil/> in a call's parameters
SAMPLE = 40
_FAULT_TEXT = re.compile(rb"<name>faultString</name>\s*<value>\s*(?:<string>)?([^<]*)")


@dataclass(frozen=True)
class CallReply:
    """One answer: its bytes, and its value or its fault (code, text as it came)."""

    body: bytes
    value: Any = None
    fault: tuple[int, str] | None = None

    def must(self) -> Any:
        """Return the value. Raises Unanswered for a fault."""
        if self.fault:
            raise Unanswered(f"PaperCut refused the call (code {self.fault[0]})")
        return self.value

    def must_not(self) -> tuple[int, str]:
        """Return the fault. Raises Unanswered where the call went through."""
        if not self.fault:
            raise Unanswered("PaperCut did not refuse the call")
        return self.fault


class PaperCutCalls:
    """Raw calls to one server."""

    def __init__(self, settings: Settings) -> None:
        section = settings.papercut
        self._url = section.url
        self._timeout_s = section.timeout_s
        self._token = section.auth_token.get_secret_value()
        self._http = http.session(connections=1, ca_file=section.ca_file, public_too=False)
        self.several_accounts = bool(section.personal_account)
        self.own: str | None = None

    def __call__(self, method: str, *parameters: Value, token: str | None = None) -> CallReply:
        """Do one call, with the site's token or another one. Raises Unanswered for no answer that can be read."""
        return self._post(wire.call(f"api.{method}", (self._token if token is None else token, *parameters)))

    def _post(self, body: bytes) -> CallReply:
        body = body.replace(f"<string>{NIL}</string>".encode(), b"<nil/>")
        try:
            answer = self._http.post(
                self._url,
                data=body,
                headers={"Content-Type": "text/xml; charset=utf-8"},
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except requests.RequestException:
            raise Unanswered("no answer came") from None
        if answer.status_code != 200:
            raise Unanswered(f"the answer was HTTP {answer.status_code}")
        try:
            return CallReply(answer.content, wire.answer(answer.content, self._token))
        except wire.Fault as fault:
            found = _FAULT_TEXT.search(answer.content)
            text = unescape(found.group(1).decode("utf-8", "replace")) if found else fault.fault_string
            return CallReply(answer.content, None, (fault.fault_code, foreign.without(text, self._token).strip()))
        except wire.Unreadable:
            raise Unanswered("the answer was no XML-RPC") from None

    def close(self) -> None:
        self._http.close()

    def health_status(self, key: str) -> int:
        """Return the HTTP status of PaperCut's health interface for a key."""
        parts = urlsplit(self._url)
        try:
            answer = self._http.get(
                f"{parts.scheme}://{parts.netloc}/api/health",
                headers={"Authorization": key},
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except requests.RequestException:
            raise Unanswered("no answer came") from None
        return answer.status_code

    @cached_property
    def users(self) -> list[str]:
        """Return some accounts, ours first where there is one."""
        names: list[str] = self("listUserAccounts", 0, SAMPLE).must()
        return [*([self.own] if self.own else []), *(name for name in names if name != self.own)]

    @property
    def some_user(self) -> str:
        if not self.users:
            raise Unanswered("there is no account to ask about")
        return self.users[0]

    def properties(self, name: str) -> Iterator[tuple[str, CallReply]]:
        """Yield the value of a property of some users, with the answer that it came in."""
        for user in self.users:
            reply = self("getUserProperty", user, name)
            if isinstance(reply.value, str):
                yield reply.value, reply

    @contextmanager
    def own_account(self) -> Iterator[None]:
        """Keep one account of our own for the `with` block; it is gone afterwards, whatever happened.

        What an earlier probe left behind goes first. Raises UsageError where the name is somebody else's, RemoteError
        where the account cannot be made or does not go away.
        """
        if self("isUserExists", OWN_ACCOUNT).must():
            if self("getUserProperty", OWN_ACCOUNT, keys.DETAILS["full_name"]).must() != MARK:
                raise UsageError(
                    f"PaperCut has an account {OWN_ACCOUNT} that is not ours: rename it, then probe again."
                )
            self.remove_own()
        self.make_own()
        try:
            self.__dict__.pop("users", None)
            self.own = OWN_ACCOUNT
            yield
        finally:
            self.own = None
            self.remove_own()

    def make_own(self) -> None:
        made = self("addNewInternalUser", OWN_ACCOUNT, secrets.token_urlsafe(18) + "aA1!", MARK, "", "", "")
        if made.fault:
            raise _failed("could not be made", "switch internal users on, or probe without --write", made.fault[0])

    def remove_own(self) -> None:
        try:
            gone = self("deleteExistingUser", OWN_ACCOUNT)
            still_there = self("isUserExists", OWN_ACCOUNT).value is not False
        except Unanswered:
            raise _failed("may still be there", "delete it in PaperCut", None) from None
        if still_there:
            raise _failed("could not be removed", "delete it in PaperCut", gone.fault[0] if gone.fault else None)


def _failed(what: str, then: str, code: int | None) -> RemoteError:
    told = f" (fault {code})" if code is not None else ""
    return RemoteError(f"The probe's account {OWN_ACCOUNT} {what}{told}: {then}.", system="PaperCut")
