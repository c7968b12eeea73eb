"""Keeps both stand-ins running for `papercut-relay sandbox`, until Ctrl+C or a termination signal."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relay import config, web
from relay.clock import Clock
from relay.errors import EXIT_DONE, UsageError
from relay.held_files import scratch_folder
from relay.progress import Progress
from relay.run import run
from relay.sandbox import history
from relay.sandbox.like import Likeness, like
from relay.sandbox.pair import Pair, typed_program
from relay.shell import quoted
from relay.site import open_site


@dataclass(frozen=True)
class SandboxWorld:
    """What is to run: everything lies in `folder`, or a temporary one.

    With `record`, a field record, the stand-ins answer as the site that it was taken from. With `days`, that long a
    past is played before, by the settings in `folder`.
    """

    members: int
    folder: Path | None
    seed: int = 1
    papercut_port: int = 0
    officernd_port: int = 0
    filling: str = "empty"
    record: Path | None = None
    days: int = 0


def keep_running(world: SandboxWorld, progress: Progress, announce: Callable[[dict[str, Any], list[str]], None]) -> int:
    """Start both, tell by `announce` where they are, and wait."""
    likeness = like(world.record) if world.record else Likeness()
    clock = history.clock_before(world.days) if world.days else None
    for port in (world.papercut_port, world.officernd_port):
        _check_free(port)  # before anything of an earlier world is set aside
    with scratch_folder("sandbox") as temporary:
        pair = Pair(
            world.folder or Path(temporary),
            members=world.members,
            seed=world.seed,
            filling=world.filling,
            papercut_port=world.papercut_port,
            officernd_port=world.officernd_port,
            papercut_switches=likeness.papercut,
            officernd_switches=likeness.officernd,
            clock=clock,
        )
        try:
            pair.start()
        except OSError as error:
            raise _cannot_start(error) from None
        try:
            past = _play(pair, clock, world, progress) if clock else None
            over = web.ended_by_signal()
            announce(_facts(pair, world, likeness, past), _lines(pair, world, likeness, past))
            while not over.wait(1):  # a bare wait cannot be interrupted on Windows
                pass
        finally:
            pair.stop()
    return EXIT_DONE


def _facts(pair: Pair, world: SandboxWorld, likeness: Likeness, past: dict[str, int] | None) -> dict[str, Any]:
    return {
        "papercut_url": pair.papercut.url,
        "officernd_api_url": pair.officernd.api_url,
        "officernd_token_url": pair.officernd.token_url,
        "config": str(pair.config_file),
        "members": len(pair.organisation.members),
        "seed": world.seed,
        "history": past,
        "like": str(world.record) if world.record else None,
        "not_known": list(likeness.unknown),
    }


def _lines(pair: Pair, world: SandboxWorld, likeness: Likeness, past: dict[str, int] | None) -> list[str]:
    return [
        f"PaperCut   {pair.papercut.url}",
        f"OfficeRnD  {pair.officernd.api_url}",
        f"Settings   {pair.config_file}",
        f"Logins     {pair.folder / 'README.txt'}",
        *pair.kept,
        *([f"Past       {world.days} days, {past['jobs']} print jobs, {past['fees']} fees"] if past else []),
        *([f"Answers    as the site of {world.record}"] if world.record else []),
        *(f"Left as it is: {problem}." for problem in likeness.unknown),
        "",
        f"Try, in another terminal: {typed_program()} --config {quoted(str(pair.config_file))} plan",
        "Ctrl+C ends both.",
    ]


def _check_free(port: int) -> None:
    """Raise UsageError where another program has a chosen port; 0 is a free one."""
    with socket.socket() as probe:
        if os.name == "posix":  # as the stand-ins listen: a port that was just given up is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise _cannot_start(error) from None


def _cannot_start(error: OSError) -> UsageError:
    return UsageError(
        f"The stand-ins cannot start ({error.strerror or error}): choose other ports, or 0 for free ones, and "
        "a folder that can be written."
    )


def _play(pair: Pair, clock: history.MovedClock, world: SandboxWorld, progress: Progress) -> dict[str, int]:
    """Play the past of the pair and bring its clock to the present; return what there is of it."""
    settings = history.settings_then(config.load(pair.config_file), world.days)
    past = history.mornings(settings, Clock(), world.days)
    jobs = 0
    if past:
        with open_site(settings, clock, progress) as site:
            clock.move_to(past[0])
            run(site)
            jobs = history.play(pair, site, clock, past, seed=world.seed)
    clock.move_to_present()
    return {"days": world.days, "jobs": jobs, "fees": len(pair.officernd.fees())}
