"""Commands that need no settings: the demo and the stand-ins."""

from __future__ import annotations

from pathlib import Path

import click

from relay.cli import terminal
from relay.cli.app import OUTSIDE, command, say
from relay.foreign import visible


@command()
@click.option(
    "--members",
    type=click.IntRange(1, 200_000),
    metavar="N",
    default=500,
    show_default=True,
    help="Size of the organisation.",
)
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep everything the demo made in DIR.")
def demo(members: int, keep: Path | None) -> int:
    """A member's day through the real code, against two stand-ins on this machine. Needs no settings."""
    from relay.sandbox import demo as story

    answer = story.tell(members=members, keep=keep, say=say, progress=terminal.TerminalProgress(lines=False))
    OUTSIDE.answer(answer.as_json(), lambda _: terminal.output().print(answer.table()))
    return answer.exit_code


@command()
@click.option(
    "--members",
    type=click.IntRange(1, 200_000),
    metavar="N",
    default=500,
    show_default=True,
    help="Size of the organisation.",
)
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
    "--write-config", type=click.Path(path_type=Path), metavar="DIR", help="Write a ready relay.toml into DIR."
)
@click.option(
    "--like",
    "record",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Answer as the site of this field record, which papercut-relay probe writes.",
)
def sandbox(
    members: int,
    seed: int,
    papercut_port: int,
    officernd_port: int,
    filling: str,
    write_config: Path | None,
    record: Path | None,
) -> int:
    """Keep a stand-in PaperCut and a stand-in OfficeRnD running until Ctrl+C."""
    from relay.sandbox import serve

    return serve.keep_running(
        members=members,
        seed=seed,
        papercut_port=papercut_port,
        officernd_port=officernd_port,
        filling=filling,
        folder=write_config,
        record=record,
        announce=lambda facts, lines: OUTSIDE.answer(facts, lambda _: click.echo(visible("\n".join(lines)))),
    )
