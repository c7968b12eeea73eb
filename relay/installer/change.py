# -*- coding: utf-8 -*-
"""What every change of this machine has in common."""

from __future__ import absolute_import, division, print_function, unicode_literals


class Change(object):
    """One change. `kind` and `subject` name it in the journal; describe(), is_done() and make(journal) are its own."""

    def before(self, journal):
        """Return what was there, for the way back; None for nothing."""

    def after(self):
        """Return what will be there, as far as the way back asks for it."""

    @staticmethod
    def undo(entry, context):
        """Take it back as the journal's entry tells, and return what stayed, "" for nothing worth telling."""
        return ""
