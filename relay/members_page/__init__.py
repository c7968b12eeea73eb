"""The page on which members see their own printing: `papercut-relay serve` shows it where `[members_page]` says so.

It has a listener, an application, sessions and a cookie of its own, and no route of the console. It knows one person at
a time, the one who logged in; it reads money and never writes it. What it writes are print PINs.
"""
