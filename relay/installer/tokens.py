# -*- coding: utf-8 -*-
"""PaperCut's web-services tokens: one text of three legal shapes, in which ours is added and never overwrites another.

Source: PaperCutExamples, InstallNewWebAuthToken: a plain text, a JSON list of texts, or a JSON object name -> token;
a plain text becomes the object's entry `default`.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import collections
import json

KEY = "auth.webservices.auth-token"
NAME = "papercut-officernd"


def read(text):
    """Return the value as "", a plain text, a list, or an ordered dict."""
    text = text.strip()
    if text[:1] in ("[", "{"):
        try:
            found = json.loads(text, object_pairs_hook=collections.OrderedDict)
        except ValueError:
            return text
        return found
    return text


def values(text):
    """Return every token in the value."""
    found = read(text)
    if isinstance(found, dict):
        found = list(found.values())
    elif not isinstance(found, list):
        found = [found] if found else []
    return [token for token in found if token and hasattr(token, "strip")]


def with_token(text, name, token):
    """Return the value with our token in it; an older one of ours is replaced, all others stay."""
    found = read(text)
    if isinstance(found, list):
        return json.dumps(found + [token])
    if not isinstance(found, dict):
        found = collections.OrderedDict([("default", found)] if found else [])
    found[name] = token
    return json.dumps(found)


def without_token(text, name):
    """Return the value without our token; a list holds no names, so that nothing can be taken out of it."""
    found = read(text)
    if isinstance(found, dict) and name in found:
        del found[name]
        return json.dumps(found) if found else ""
    return text
