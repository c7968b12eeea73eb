# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

Strategy `offline`: while OfficeRnD cannot be reached, the password that it accepted last, for `signin.offline_hours`
and only as long as the directory says active. Off by default: it keeps a slow hash of each password on this machine.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import time

from papercut_scripts import compat, strategy, verifier

FALLBACK = True
REASONS = {"offline_wrong": "OfficeRnD could not be reached and the password was not the one last accepted"}
FOLDER = os.path.join("state", "offline")
CLOCK_SLACK_S = 60


def check(attempt, password):
    hours = attempt.settings["offline_hours"]
    if not hours:
        return strategy.LoginVerdict(strategy.ABSTAIN)
    folder = os.path.join(attempt.home, FOLDER)
    stored = verifier.load(folder, attempt.person["member_id"]) if attempt.person is not None else None
    if stored is not None and not -CLOCK_SLACK_S <= time.time() - stored["made"] <= hours * 3600:
        forget(attempt)
        stored = None
    matches = verifier.matches(password, stored)
    if stored is None:
        return strategy.LoginVerdict(strategy.ABSTAIN)
    if matches:
        return strategy.LoginVerdict(strategy.ACCEPT, "offline")
    # Final, and counted by the brake: an outage must not be the time to guess at the stored hash.
    return strategy.LoginVerdict(strategy.REJECT, "offline_wrong")


def remember(attempt, password):
    """Keep a password that OfficeRnD has just accepted."""
    if attempt.settings["offline_hours"]:
        verifier.store(os.path.join(attempt.home, FOLDER), attempt.person["member_id"], password)


def forget_if_known(attempt, password):
    """Drop a kept password that OfficeRnD has just rejected: it was changed there."""
    folder = os.path.join(attempt.home, FOLDER)
    stored = verifier.load(folder, attempt.person["member_id"])
    if stored is not None and verifier.matches(password, stored):
        forget(attempt)


def forget(attempt):
    compat.remove_quietly(verifier.path(os.path.join(attempt.home, FOLDER), attempt.person["member_id"]))
