"""`papercut-relay` and `python -m relay`: what starts the command line.

Until `main` listens to Ctrl+C only Python can answer it, with a traceback: so nothing is imported here that can wait.
"""

import os
import signal
import sys

_STOPPED = b"Stopped by Ctrl+C before anything was done.\n"
_STOPPED_JSON = b'{"error": {"code": "interrupted", "message": "Stopped by Ctrl+C before anything was done."}}\n'


def _leave(*_: object) -> None:
    """Leave at once: an interrupted import is nothing that Python could tell in a sentence."""
    if "--json" in sys.argv:
        os.write(1, _STOPPED_JSON)
    os.write(2, _STOPPED)
    os._exit(1)


def main() -> None:
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
