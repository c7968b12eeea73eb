"""`papercut-relay` and `python -m relay`: what starts the command line."""

import os
import signal
import sys
from typing import NoReturn

_STOPPED = b"Stopped by Ctrl+C before anything was done.\n"
_STOPPED_JSON = b'{"error": {"code": "interrupted", "message": "Stopped by Ctrl+C before anything was done."}}\n'


def _leave(*_: object) -> NoReturn:
    """Leave at once: an interrupted import is nothing that Python could tell in a sentence."""
    if "--json" in sys.argv:
        os.write(1, _STOPPED_JSON)
    os.write(2, _STOPPED)
    os._exit(1)


def main() -> NoReturn:
    """Read the command line's modules, which takes a part of a second, and start it."""
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not in the background of a shell
    if is_heard:
        signal.signal(signal.SIGINT, _leave)
    from relay.cli import main as run

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
