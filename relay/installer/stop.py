# -*- coding: utf-8 -*-
"""The one error of the installer."""

from __future__ import absolute_import, division, print_function, unicode_literals


class InstallStop(Exception):
    """The installation cannot go on; the message is one sentence for the operator. What was done stays written down."""

    def __init__(self, message, code=1):
        Exception.__init__(self, message)
        self.message = message
        self.code = code
