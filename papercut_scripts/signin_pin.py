# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

Strategy `pin`: a print PIN issued by `papercut-relay pin issue`, or taken by a sync from a custom property of
OfficeRnD, for people without a portal password.

It stands before `officernd` in the chain: whoever has a PIN and types something of a PIN's shape is answered here,
right or wrong, so that no PIN travels to OfficeRnD. No OfficeRnD password has that shape, since its rule wants three
kinds of characters. Everybody else's password is passed on. Source of the rule: OfficeRnD reference,
AuthController_signUp.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os

from papercut_scripts import strategy, verifier

FALLBACK = False
REASONS = {
    "wrong_pin": "the PIN was wrong",
    "no_pin": "the person has no print PIN",
}
DIGITS = 8
FOLDER = "pins"


def check(attempt, password):
    pin = normal(password)
    if pin is None and attempt.settings["method"] != "pin":
        return strategy.LoginVerdict(strategy.ABSTAIN)
    stored = None
    if attempt.person is not None:
        stored = verifier.load(os.path.join(attempt.home, FOLDER), attempt.person["member_id"])
    matches = verifier.matches(pin or password, stored)
    if stored is None:
        return strategy.LoginVerdict(strategy.ABSTAIN, "no_pin")
    if matches:
        return strategy.LoginVerdict(strategy.ACCEPT, "pin")
    return strategy.LoginVerdict(strategy.REJECT, "wrong_pin")


def normal(text):
    """Return the digits of something of a PIN's shape, such as "4821 9053", else None."""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) == DIGITS and not digits.strip("0123456789"):
        return digits
    return None
