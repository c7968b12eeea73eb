"""Commands that need no settings: the demo and the stand-ins."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sys
from pathlib import Path
from typing import Any

import click

from relay import config
from relay.cli import terminal
from relay.cli.app import OUTSIDE, command, say
from relay.installer import places

_MEMBERS = click.option(
    "--members",
    type=click.IntRange(1, 200_000),
    metavar="N",
    default=500,
    show_default=True,
    help="Size of the organisation.",
)


@command()
@_MEMBERS
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep everything the demo made in DIR.",
)
@click.option("--no-console", is_flag=True, help="End after the story, for scripts; so it does without a terminal.")
def demo(members: int, keep: Path | None, no_console: bool) -> int:
    """A member's first days and a month of work through the real code, against two stand-ins on this machine.

    Needs no settings. On a terminal it ends with the console on that month, until Ctrl+C.
    """
    from relay.sandbox import demo as story

    stays = not no_console and not OUTSIDE.json and places.is_terminal(sys.stdout)
    progress = terminal.TerminalProgress(lines=False)
    answer = story.tell(members=members, keep=keep, say=say, progress=progress, stay=_show_console if stays else None)
    OUTSIDE.answer(answer.as_json(), lambda _: None)
    return answer.exit_code


def _show_console(settings_file: Path) -> None:
    """Keep the console running over the demo's site until Ctrl+C, with a made-up user who may do everything."""
    from relay import passwords
    from relay.console import server

    password = secrets.token_urlsafe(9)
    passwords.set_password(settings_file, "demo", "money", password)
    settings = config.load(settings_file)
    say("\nLook at it: the console on this month, while this window stays open.")
    say(f"Log in as demo with the password {password}")
    server.serve(settings, listen=_free(settings.console.listen), say=say)


def _free(address: str) -> str:
    """Return a loopback address to listen at: this one, or one with a free port where another program has it."""
    host, _, port = address.rpartition(":")
    for wanted in (int(port), 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, wanted))
            return f"{host}:{probe.getsockname()[1]}"
    return address


@command()
@_MEMBERS
@click.option(
    "--seed", type=int, metavar="S", default=1, show_default=True, help="The same seed makes the same organisation."
)
@click.option("--papercut-port", type=click.IntRange(0, 65535), metavar="P", default=0, help="0: a free one.")
@click.option("--officernd-port", type=click.IntRange(0, 65535), metavar="P", default=0, help="0: a free one.")
@click.option(
    "--papercut",
    "filling",
    type=click.Choice(["empty", "old-connector"]),
    default="empty",
    show_default=True,
    help="Start PaperCut empty, or as OfficeRnD's own connector leaves it.",
)
@click.option(
    "--write-config",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a ready relay.toml into DIR.",
)
@click.option(
    "--like",
    "record",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Answer as the site of this field record, which papercut-relay probe writes.",
)
@click.option(
    "--history",
    "days",
    type=click.IntRange(0, 400),
    metavar="DAYS",
    default=0,
    help="First play the past DAYS: members print, and the real daily run bills them.",
)
def sandbox(**world: Any) -> int:
    """Keep a stand-in PaperCut and a stand-in OfficeRnD running until Ctrl+C.

    Started again on the same DIR, an edited relay.toml stays, and what belongs to the world that has ended is set
    aside.
    """
    from relay.sandbox import serve

    progress = terminal.TerminalProgress(lines=False)
    return serve.keep_running(serve.SandboxWorld(**world), progress, OUTSIDE.answer_in_lines)
