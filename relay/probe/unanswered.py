"""What a site does not answer."""

from __future__ import annotations


class Unanswered(Exception):
    """The site did not tell; the message is a clause that says why and holds nothing of the site."""
