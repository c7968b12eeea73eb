# -*- coding: utf-8 -*-
"""Which PaperCut versions may be installed into: pure rules, shared with `check`.

Source: PaperCut 22.1.1 upgrade checklist (custom programs need security.properties); vendor bulletins of August 2026
(24.1.10, 25.0.13 and 26.0.5 close holes that are exploited in the wild).
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import re

FOLDER_LIST_SINCE = (22, 1, 1)
SAFE_SINCE = {24: (24, 1, 10), 25: (25, 0, 13), 26: (26, 0, 5)}

GOOD, UNKNOWN, HOLES, TOO_OLD = "good", "unknown", "holes", "too_old"


def parse(text):
    """Return the version in a text such as "25.0.13 (Build 75001)" as a tuple of three numbers, None without one."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text or "")
    return tuple(int(part or 0) for part in match.groups()) if match else None


def verdict(version):
    """Return GOOD, HOLES (works, but is attacked), TOO_OLD (keeps its settings elsewhere) or UNKNOWN for None."""
    if version is None:
        return UNKNOWN
    if version < FOLDER_LIST_SINCE:
        return TOO_OLD
    if version[0] < min(SAFE_SINCE) or version < SAFE_SINCE.get(version[0], version):
        return HOLES
    return GOOD


# What an operator has to know about a version, "" for a good one.
SENTENCES = {
    GOOD: "",
    UNKNOWN: "The version of PaperCut could not be read: compare it by hand (About page) with 24.1.10, 25.0.13 and "
    "26.0.5; older ones have security holes that are being exploited.",
    HOLES: "PaperCut %(name)s has security holes that are being exploited: update to 24.1.10, 25.0.13, 26.0.5 or "
    "newer.",
    TOO_OLD: "PaperCut %(name)s is older than 22.1.1: it keeps the settings for custom programs elsewhere and has "
    "security holes that are being exploited; update PaperCut first.",
}


def sentence(version):
    """Return the sentence about a version, with its number."""
    name = ".".join(["{0}".format(part) for part in version]) if version else ""
    return SENTENCES[verdict(version)] % {"name": name}
