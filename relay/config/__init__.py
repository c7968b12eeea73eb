"""`relay.toml` as one frozen value: every key checked, all problems told at once, no type guessed.

Money values become integer micros (see `relay/amounts.py`).
"""

from relay.config.loading import find, is_there, load, parse, text_of
from relay.config.secrets import SECRETS
from relay.config.sections import SECTIONS, SafetySection, Settings
from relay.config.values import is_loopback

__all__ = [
    "SECRETS",
    "SECTIONS",
    "SafetySection",
    "Settings",
    "find",
    "is_loopback",
    "is_there",
    "load",
    "parse",
    "text_of",
]
