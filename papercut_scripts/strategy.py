# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

What a way to check a login is. Each stands in a file of its own with three names:

    FALLBACK    True where it is asked only after another one was unavailable
    REASONS     {word: clause}: what each reason means that a login may be refused for, "the login was refused because"
    check(attempt, password) -> LoginVerdict

Accept and reject are final; abstain asks the next in the chain; unavailable asks only fallbacks further down. A
strategy is asked for strangers too, with `attempt.person` None: then it does the same local work, sends nothing, and
abstains. Where what was typed is not of its kind, it abstains without a reason.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

ACCEPT = "accept"
REJECT = "reject"
ABSTAIN = "abstain"
UNAVAILABLE = "unavailable"


class Attempt(object):
    """One login to check: who it would be, and with what."""

    def __init__(self, home, settings, person, deadline):
        self.home = home
        self.settings = settings
        self.person = person  # the facts of an active member, None for everybody else
        self.asked = False  # whether anybody was asked over the network
        self.deadline = deadline  # a moment of compat.monotonic() by which the answer must be there


class LoginVerdict(object):
    def __init__(self, kind, reason="", detail=""):
        self.kind = kind
        self.reason = reason  # a stable word, one of REASONS where the login may be refused for it
        self.detail = detail  # for the log; holds nothing that was typed
