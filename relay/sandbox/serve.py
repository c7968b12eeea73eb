"""Keeps both stand-ins running for `papercut-relay sandbox`, until Ctrl+C or a termination signal."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from relay.errors import EXIT_DONE, UsageError
from relay.sandbox.like import like
from relay.sandbox.pair import Pair
from relay.shell import quoted


def keep_running(
    *,
    members: int,
    seed: int,
    papercut_port: int,
    officernd_port: int,
    filling: str,
    folder: Path | None,
    record: Path | None = None,
    announce: Callable[[dict[str, Any], list[str]], None],
) -> int:
    """Start both, tell by `announce` where they are, and wait; everything lies in `folder` or a temporary one.

    With `record`, a field record, they answer as the site that it was taken from.
    """
    likeness = like(record) if record else None
    over = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: over.set())
    with tempfile.TemporaryDirectory(prefix="papercut-sandbox-") as temporary:
        pair = Pair(
            folder or Path(temporary),
            members=members,
            seed=seed,
            filling=filling,
            papercut_port=papercut_port,
            officernd_port=officernd_port,
            papercut_switches=likeness.papercut if likeness else None,
            officernd_switches=likeness.officernd if likeness else None,
        )
        try:
            pair.start()
        except OSError as error:
            raise UsageError(
                f"The stand-ins cannot start ({error.strerror or error}): choose other ports, or 0 for free ones, and "
                "a folder that can be written."
            ) from None
        try:
            facts = {
                "papercut_url": pair.papercut.url,
                "officernd_api_url": pair.officernd.api_url,
                "officernd_token_url": pair.officernd.token_url,
                "config": str(pair.config_file),
                "members": len(pair.organisation.members),
                "seed": seed,
                "like": str(record) if record else None,
                "not_known": list(likeness.unknown) if likeness else [],
            }
            lines = [
                f"PaperCut   {pair.papercut.url}",
                f"OfficeRnD  {pair.officernd.api_url}",
                f"Settings   {pair.config_file}",
                f"Logins     {pair.folder / 'README.txt'}",
                *([f"Answers    as the site of {record}"] if record else []),
                *(f"Left as it is: {problem}." for problem in (likeness.unknown if likeness else ())),
                "",
                f"Try, in another terminal: papercut-relay --config {quoted(str(pair.config_file))} plan",
                "Ctrl+C ends both.",
            ]
            announce(facts, lines)
            while not over.wait(1):  # a bare wait cannot be interrupted on Windows
                pass
        finally:
            pair.stop()
    return EXIT_DONE
