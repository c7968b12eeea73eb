# -*- coding: utf-8 -*-
"""The installer for the PaperCut machine: shows what it will change, writes down how to undo it, does it, proves it.

Runs under CPython 3.9+ and Jython 2.7 with the standard library and `papercut_scripts` beside it; it must not import
anything else of the relay, since nothing is installed yet when it starts. In the installation package this folder is
named `installer`; it is started as `python installer`.
"""
