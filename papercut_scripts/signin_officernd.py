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
    if not person["email"]:
        return strategy.Verdict(strategy.ABSTAIN, "no_email")
    token = token_cache.Token(attempt.home, attempt.settings)
    try:
        used = token.get(attempt.deadline)
        answer = _signin(attempt, used, password)
        clause = _token_clause(answer)
        if clause and not token.known_answer(clause):
            answer = _signin(attempt, token.renew(used, attempt.deadline), password)
            if _token_clause(answer) == clause:
                token.learn(clause)
    except Unreachable as error:
        return strategy.Verdict(strategy.UNAVAILABLE, "unreachable", "{0}".format(error))
    return _verdict(answer, person["email"])


def _signin(attempt, token, password):
    settings = attempt.settings
    body = json.dumps({"email": attempt.person["email"], "password": password})
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


def _token_clause(answer):
    """Return what a 401 says where it speaks of the application's token, else ""."""
    if answer.status != 401:
        return ""
    said = answer.body[:2000].decode("utf-8", "replace") + " " + answer.headers.get("www-authenticate", "")
    message = _field(answer, "message")
    said = (message if message else said).lower()[:200]
    return said if any(word in said for word in TOKEN_WORDS) else ""


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
