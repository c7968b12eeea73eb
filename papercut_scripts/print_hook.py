# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server by Jython 2.7 (and under CPython in tests), standard library only.

Live mode's side of the print script: checks a login that was typed into a form at print time, by the same code as the
auth program. Called by many jobs at once: it keeps no state in this module, takes one JSON text and gives one back,
and must never end the process, which is PaperCut's.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import json

from papercut_scripts import auth_program


def checker(folder):
    """Return the function that checks a login against the hand-over files in `folder`.

    It maps '{"name": "ann@example.com", "password": "…"}' to '{"username": "ann_example.com", "verdict": "accepted"}';
    verdict is accepted, rejected or unavailable, username is "" for the last two. Only a text that is no such question
    raises.
    """

    def check(question):
        """Check one login within the auth program's time."""
        typed = json.loads(question)
        outcome = auth_program.check_typed(folder, typed["name"], typed["password"])
        accepted = outcome.verdict == auth_program.login.ACCEPTED
        answer = {"verdict": outcome.verdict, "username": outcome.username if accepted else ""}
        return json.dumps(answer, sort_keys=True)

    return check
