# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

Strategy `officernd`: the member's own password, checked by OfficeRnD's `POST /auth/signin` with an application that may
do nothing else.

Source: OfficeRnD reference, AuthController_signIn: 200 with `_id` (of the user), `email`, `name`, `image`; its other
POSTs answer 201. What a wrong password answers is not documented; so only a 200 or 201 with the right e-mail accepts,
and only what can be nothing but a verdict about the login rejects. All else is *unavailable*: a page of a proxy or of
another server, and OfficeRnD's own words about a path, an organisation or a right, say nothing about the password.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import json
import re

from papercut_scripts import compat, exchange, pace, strategy, token_cache
from papercut_scripts.exchange import Unreachable

FALLBACK = False
REASONS = {
    "wrong_password": "OfficeRnD did not accept the password",
    "no_email": "OfficeRnD knows no e-mail for the person, so there is no portal password",
    "unreachable": "OfficeRnD could not be reached",
    "refused_to_say": "OfficeRnD gave no verdict",
    "another_server": "a proxy or another server answered instead of OfficeRnD ([officernd] api_url and proxy)",
    "nonsense": "OfficeRnD's answer made no sense",
}
ACCEPTED = (200, 201)
REJECTED = (400, 401)
REJECTED_IN_WORDS = (403, 404)  # what a wrong address or a missing right answers too
TOKEN_WORDS = ("token", "jwt", "bearer", "scope", "unauthorized access")
ABOUT_THE_PERSON = re.compile(
    r"\b(members?|users?(?! agent)|passwords?|e-?mails?|accounts?|credentials?|portal access)\b"
)
ABOUT_THE_PLACE = re.compile(r"\borgani[sz]ations?\b|^cannot [a-z]+ /")
ADDRESS = re.compile(r"(?:https?:/|/)[^\s]*")
PROXY_SCHEMES = ("basic", "digest", "negotiate", "ntlm", "kerberos")  # of another server: OfficeRnD's is a bearer


def check(attempt, password):
    person = attempt.person
    if person is None:
        return strategy.LoginVerdict(strategy.ABSTAIN, "unknown")
    email = person["signin_email"] or person["email"]
    if not email:
        return strategy.LoginVerdict(strategy.ABSTAIN, "no_email")
    attempt.asked = True
    token = token_cache.Token(attempt.home, attempt.settings)
    try:
        used = token.get(attempt.deadline)
        answer = _signin(attempt, used, email, password)
        if _speaks_of_the_token(answer) and token.may_be_renewed(used):
            answer = _signin(attempt, token.renew(used, attempt.deadline), email, password)
    except Unreachable as error:
        return strategy.LoginVerdict(strategy.UNAVAILABLE, "unreachable", "{0}".format(error))
    return _verdict(answer, email)


def _signin(attempt, token, email, password):
    settings = attempt.settings
    started = compat.monotonic()
    body = json.dumps({"email": email, "password": password})
    answer = exchange.post(
        "{0}/organizations/{1}/auth/signin".format(settings["api_url"].rstrip("/"), settings["organization"]),
        [
            ("Authorization", "Bearer " + token),
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
            ("User-Agent", "papercut-officernd"),
        ],
        body.encode("ascii"),
        attempt.deadline,
        settings["ca_file"],
        settings["proxy"],
    )
    pace.remember(attempt.home, compat.monotonic() - started)
    return answer


def _speaks_of_the_token(answer):
    """Return whether a 401 is about the application's token, as far as its words can tell."""
    if answer.status != 401 or _is_of_another_server(answer):
        return False
    said = _field(answer, "message") or answer.body[:2000].decode("utf-8", "replace")
    said = (said + " " + answer.headers.get("www-authenticate", "")).lower()
    return any(word in said for word in TOKEN_WORDS)


def _verdict(answer, email):
    status = "{0}".format(answer.status)
    if _is_of_another_server(answer):
        return strategy.LoginVerdict(strategy.UNAVAILABLE, "another_server", status)
    if _is_about_the_login(answer):
        return strategy.LoginVerdict(strategy.REJECT, "wrong_password", status)
    if answer.status not in ACCEPTED:
        return strategy.LoginVerdict(strategy.UNAVAILABLE, "refused_to_say", status)
    if _field(answer, "email").strip().lower() != email.strip().lower():
        return strategy.LoginVerdict(
            strategy.UNAVAILABLE, "nonsense", status + " without the e-mail that was asked for"
        )
    return strategy.LoginVerdict(strategy.ACCEPT, "password")


def _is_of_another_server(answer):
    """Return whether a refusal is a page, or asks for a login of its own: that of a proxy or of another server."""
    if answer.status in ACCEPTED:
        return False
    scheme = answer.headers.get("www-authenticate", "").strip().lower().split(" ")[0]
    page = "html" in answer.headers.get("content-type", "").lower() or answer.body.lstrip()[:1] == b"<"
    return page or scheme in PROXY_SCHEMES or "proxy-authenticate" in answer.headers


def _is_about_the_login(answer):
    """Return whether a refusal is one of this member with this password."""
    said = _field(answer, "message").strip().lower()
    if ABOUT_THE_PLACE.search(said):
        return False
    return answer.status in REJECTED or (
        answer.status in REJECTED_IN_WORDS and ABOUT_THE_PERSON.search(ADDRESS.sub(" ", said)) is not None
    )


def _field(answer, name):
    try:
        value = json.loads(answer.body.decode("utf-8"))[name]
    except compat.ANY_ERROR:  # no JSON, another shape, or nested without end
        return ""
    if isinstance(value, list):
        value = " ".join([item for item in value if isinstance(item, type(""))])
    return value if isinstance(value, type("")) else ""
