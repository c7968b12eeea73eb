# -*- coding: utf-8 -*-
"""What has another name in Python 2 (Jython) than in 3; imported where it is used, since Jython may lack parts."""

from __future__ import absolute_import, division, print_function, unicode_literals

import sys

OLD = sys.version_info[0] == 2


def xmlrpc():
    if OLD:
        import xmlrpclib  # novm

        return xmlrpclib
    import xmlrpc.client  # novm

    return xmlrpc.client


def character(number):
    return unichr(number) if OLD else chr(number)  # novm # noqa: F821


def ask(question):
    return raw_input(question) if OLD else input(question)  # novm # noqa: F821
