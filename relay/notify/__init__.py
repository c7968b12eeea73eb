"""Telling somebody: what is worth a message, each cause once a day at most, and that it is over.

A run tells at its end, the console's process looks in between. What was told stands with the ledger, so that both
share it. Nothing here ever breaks a run, and none waits for it longer than a few seconds.
"""

from relay.notify.addresses import try_addresses
from relay.notify.telling import run_began, run_broke, run_ended, watch

__all__ = ["run_began", "run_broke", "run_ended", "try_addresses", "watch"]
