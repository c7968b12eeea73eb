# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

One login told from top to bottom: whom the typed name means, whether that person may print, the brake, the chain of
strategies. The auth program and the print script's live mode both come through here. It prints nothing.

    accepted      `username` is the account to go on with
    rejected      final; counted by the brake
    unavailable   nobody could tell; not counted
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os

from papercut_scripts import brake, compat, handover, pace, program_home, strategy

ACCEPTED = "accepted"
REJECTED = "rejected"
UNAVAILABLE = "unavailable"

# By `signin.method`. A PIN is tried first and only here, so that it never travels; the order is told in signin_pin.
CHAINS = {"officernd": ("signin_pin", "signin_officernd", "signin_offline"), "pin": ("signin_pin",)}
FALLBACK_S = 0.9  # kept back from the first strategies for those that are asked after an outage


class Outcome(object):
    """What came of a login, for the answer and for the log; `afterwards` is work to do when the answer is out."""

    def __init__(self, verdict, reason, username="", detail="", by=""):
        self.verdict = verdict
        self.reason = reason
        self.username = username  # whom the typed name means, also where the verdict is no
        self.key = ""
        self.detail = detail
        self.by = by
        self.stale = False
        self.failures = 0  # of all people, where it is time for an alert
        self.asked = False  # whether OfficeRnD was asked for a verdict
        self.afterwards = None


def check(folder, typed, password, deadline, chain=None):
    """Return the Outcome of a login with what was typed, by `deadline`, a moment of compat.monotonic().

    `chain` replaces the strategies that the settings name.
    """
    open_by = compat.why_open(folder)
    if open_by:  # whoever may write there decides who may log in
        return Outcome(UNAVAILABLE, "home_open", detail=open_by)
    try:
        settings = program_home.read_settings(folder)
        directory = handover.DirectoryInForce(folder)
        person, found = directory.person(typed)
    except handover.Doubt as doubt:
        return Outcome(UNAVAILABLE, "directory", detail="{0}".format(doubt))
    username = person["username"] if person else ""
    key = brake.person_key(folder, username or typed)
    try:
        outcome = _one_at_a_time(folder, settings, person, key, password, deadline, chain)
    except compat.TimeOut:
        outcome = Outcome(UNAVAILABLE, "busy")
    outcome.username, outcome.key, outcome.stale = username, key, found.is_stale()
    if outcome.verdict != ACCEPTED and not outcome.asked and settings["method"] == "officernd":
        pace.wait(folder, deadline)
    return outcome


def _one_at_a_time(folder, settings, person, key, password, deadline, chain):
    """Check under a lock of that person, so that a burst of guesses cannot outrun the brake."""
    locks = os.path.join(folder, "state", "attempts")
    try:
        compat.make_private_folder(locks)
    except compat.FILE_ERROR:  # the lock then does without its file
        pass
    with compat.Lock(os.path.join(locks, key[:3]), deadline - compat.monotonic() - FALLBACK_S):
        return _braked(folder, settings, person, key, password, deadline, chain)


def _braked(folder, settings, person, key, password, deadline, chain):
    if person and person["standing"] == handover.RENAMING:
        return Outcome(UNAVAILABLE, "renaming")
    if brake.is_on(folder, key):
        return Outcome(REJECTED, "braked")
    attempt = strategy.Attempt(
        folder, settings, person if person and person["standing"] == "active" else None, deadline
    )
    outcome = _ask(attempt, password, chain or _chain(settings["method"]))
    outcome.asked = attempt.asked
    if outcome.verdict == REJECTED:
        if person is None:
            outcome.reason = "unknown"
        elif attempt.person is None:
            outcome.reason, outcome.detail = person["standing"], person["reason"]
        outcome.failures = brake.count_failure(folder, key)
    elif outcome.verdict == ACCEPTED:
        brake.forgive(folder, key)
    return outcome


def _ask(attempt, password, chain):
    """Return what the chain of (name, strategy) says; strangers get through it without a call."""
    unavailable = None
    abstained = "no_strategy"
    last = attempt.deadline
    for name, one in chain:
        if unavailable is not None and not one.FALLBACK or unavailable is None and one.FALLBACK:
            continue
        attempt.deadline = last if one.FALLBACK else last - FALLBACK_S
        verdict = one.check(attempt, password)
        if verdict.kind == strategy.ACCEPT:
            return _with_afterwards(Outcome(ACCEPTED, verdict.reason, by=name), attempt, name, password)
        if verdict.kind == strategy.REJECT:
            outcome = Outcome(REJECTED, verdict.reason, detail=verdict.detail, by=name)
            return _with_afterwards(outcome, attempt, name, password)
        if verdict.kind == strategy.UNAVAILABLE:
            unavailable = unavailable or Outcome(UNAVAILABLE, verdict.reason, detail=verdict.detail, by=name)
        else:
            abstained = verdict.reason or abstained
    return unavailable or Outcome(REJECTED, abstained)


def reasons():
    """Return what each reason means that a strategy refuses a login for: {"wrong_pin": "the PIN was wrong"}."""
    told = {}
    for method in CHAINS:
        for _, one in _chain(method):
            told.update(one.REASONS)
    return told


def _with_afterwards(outcome, attempt, name, password):
    if name == "signin_officernd":
        from papercut_scripts import signin_offline

        work = signin_offline.remember if outcome.verdict == ACCEPTED else signin_offline.forget_if_known
        outcome.afterwards = lambda: work(attempt, password)
    return outcome


def _chain(method):
    """Yield the strategies of a method, each imported only when it is reached."""
    for name in CHAINS[method]:
        yield name, getattr(__import__("papercut_scripts." + name), name)
