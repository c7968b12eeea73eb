# -*- coding: utf-8 -*-
"""Changes of PaperCut's own config keys, each read back after it is written."""

from __future__ import absolute_import, division, print_function, unicode_literals

from . import tokens
from .change import Change
from .config import PaperCutUnreachable, for_tokens, needs_passing_token
from .stop import InstallStop


NOT_KEPT = "PaperCut did not keep {0}: set it at Options > Config Editor (Advanced) and run this again."


class ConfigKey(Change):
    """A key of PaperCut's config editor, written and read back."""

    kind = "config"

    def __init__(self, config, key, value, why):
        self.subject = key
        self._config = config
        self._value = value
        self._why = why

    def describe(self):
        now = self._config.get(self.subject)
        return "set PaperCut's {0} to {1} (now: {2}); {3}".format(self.subject, self._value, now or "empty", self._why)

    def is_done(self):
        return self._config.get(self.subject) == self._value

    def before(self, journal):
        return {"value": self._config.get(self.subject)}

    def after(self):
        return {"value": self._value}

    def make(self, journal):
        write_config(self._config, self.subject, self._value)

    @staticmethod
    def undo(entry, context):
        old, ours = entry.before["value"], entry.after["value"]
        now = context.config.get(entry.subject)
        if now == old:
            return ""
        if now != ours:
            return "left PaperCut's {0} as somebody has set it since".format(entry.subject)
        write_config(context.config, entry.subject, old)
        return ""


class OwnToken(Change):
    """Our own web-services token beside those of others; tried at once, with one that was there before."""

    kind = "token"
    subject = tokens.KEY

    def __init__(self, config, name, read_token):
        self._config = config
        self._name = name
        self._read_token = read_token  # its file may only come into being before this change is made

    def describe(self):
        told = "add the token {0} to PaperCut's {1}, beside those that are there".format(self._name, self.subject)
        if not needs_passing_token(self._config):
            return told
        return told + (
            "; none is there yet, so that server-command puts one in which others on this machine could see among its "
            "arguments, and ours replaces it at once"
        )

    def is_done(self):
        token = self._read_token()
        return bool(token) and token in tokens.values(self._config.get(self.subject))

    def before(self, journal):
        return {"value": self._config.get(self.subject)}

    def after(self):
        old = self._config.get(self.subject)
        return {"value": tokens.with_token(old, self._name, self._read_token()), "name": self._name}

    def make(self, journal):
        old, ours = self._config.get(self.subject), self._read_token()
        if not ours:
            raise InstallStop("There is no web-services token to add: name one with --token-file.")
        writer = for_tokens(self._config)
        new = tokens.with_token(old, self._name, ours)
        writer.set(self.subject, new)
        if _kept(writer) not in (None, new):
            raise InstallStop(NOT_KEPT.format(self.subject))
        for token in tokens.values(old)[:1] + [ours]:
            problem = writer.refuses(token)
            if problem:
                _put_back(self._config, writer, old)
                raise InstallStop(
                    "PaperCut did not accept the tokens after ours was added ({0}), so the old value is back: look at "
                    "{1} in the config editor.".format(problem, self.subject)
                )

    @staticmethod
    def undo(entry, context):
        before, after = entry.before["value"], entry.after["value"]
        try:
            now = context.config.get(entry.subject)
        except PaperCutUnreachable as error:
            if error.refused:  # our token is not accepted any more: it is out already
                return ""
            raise
        if now == before:
            return ""
        left = before if now == after else tokens.without_token(now, entry.after["name"])
        ours = [token for token in tokens.values(now) if token not in tokens.values(left)]
        # Not read back: the one who asks may be asking with the very token that this takes away.
        writer = for_tokens(context.config) if tokens.values(left) else context.config
        writer.set(entry.subject, left)
        context.choose_again()  # what was asked with our token is not answered any more
        if ours and not writer.refuses(ours[0]):
            raise InstallStop(
                "PaperCut did not take our token out of {0}: do it in the config editor.".format(entry.subject)
            )
        if now == after:
            return ""
        return "{0} has been changed since: only our own token was taken out".format(entry.subject)


def _put_back(config, writer, old):
    """Write the tokens that were there: as they were read, or by the token that they were written with."""
    way = writer if tokens.values(old) else config
    way.set(tokens.KEY, old)


def _kept(writer):
    """Return what the key of tokens holds now, None where the one that wrote it is not let in any more."""
    try:
        return writer.get(tokens.KEY)
    except PaperCutUnreachable:
        return None


def write_config(config, key, value):
    config.set(key, value)
    # server-command fails in silence, and an unknown key takes nothing: only what reads back is written.
    if config.get(key) != value:
        raise InstallStop(NOT_KEPT.format(key))
