# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

Strategy `officernd`: the member's own password, checked by OfficeRnD's `POST /auth/signin` with an application that may
do nothing else.

Source: OfficeRnD reference, AuthController_signIn: 200 with `_id` (of the user), `email`, `name`, `image`. What a wrong
password answers is not documented; so only a 200 with the right e-mail accepts, and only what can be nothing but a
verdict about the login rejects. All else is *unavailable*.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import json

from papercut_scripts import exchange, strategy, token_cache
from papercut_scripts.exchange import Unreachable

FALLBACK = False
REJECTED = (400, 401, 403, 404)
TOKEN_WORDS = ("token", "jwt", "bearer", "scope", "unauthorized access")


def check(attempt, password):
    person = attempt.person
    if person is None:
        return strategy.Verdict(strategy.ABSTAIN, "unknown")
    email = person["signin_email"] or person["email"]
    if not email:
        return strategy.Verdict(strategy.ABSTAIN, "no_email")
    token = token_cache.Token(attempt.home, attempt.settings)
    try:
        used = token.get(attempt.deadline)
        answer = _signin(attempt, used, email, password)
        if _speaks_of_the_token(answer) and token.may_be_renewed(used):
            answer = _signin(attempt, token.renew(used, attempt.deadline), email, password)
    except Unreachable as error:
        return strategy.Verdict(strategy.UNAVAILABLE, "unreachable", "{0}".format(error))
    return _verdict(answer, email)


def _signin(attempt, token, email, password):
    settings = attempt.settings
    body = json.dumps({"email": email, "password": password})
    return exchange.post(
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


def _speaks_of_the_token(answer):
    """Return whether a 401 is about the application's token, as far as its words can tell."""
    if answer.status != 401:
        return False
    said = _field(answer, "message") or answer.body[:2000].decode("utf-8", "replace")
    said = (said + " " + answer.headers.get("www-authenticate", "")).lower()
    return any(word in said for word in TOKEN_WORDS)


def _verdict(answer, email):
    status = "{0}".format(answer.status)
    if answer.status in REJECTED:
        return strategy.Verdict(strategy.REJECT, "wrong_password", status)
    if answer.status != 200:
        return strategy.Verdict(strategy.UNAVAILABLE, "refused_to_say", status)
    if _field(answer, "email").strip().lower() != email.strip().lower():
        return strategy.Verdict(strategy.UNAVAILABLE, "nonsense", "200 without the e-mail that was asked for")
    return strategy.Verdict(strategy.ACCEPT, "password")


def _field(answer, name):
    try:
        value = json.loads(answer.body.decode("utf-8"))[name]
    except (ValueError, KeyError, TypeError):
        return ""
    if isinstance(value, list):
        value = " ".join([item for item in value if isinstance(item, type(""))])
    return value if isinstance(value, type("")) else ""
