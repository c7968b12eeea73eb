"""Commands about print jobs: import and statements."""

from __future__ import annotations

import sys
from typing import Any

import click

from relay.cli import terminal
from relay.cli.app import OUTSIDE, command, open_for, recorded
from relay.errors import EXIT_DONE
from relay.foreign import visible


@command()
def jobs() -> int:
    """Import print-job costs not yet seen."""
    from relay import jobs as room

    with open_for(writes=True) as site:
        done = recorded(site, "jobs", lambda: room.import_jobs(site))
        OUTSIDE.answer(done.as_json(), lambda _: click.echo(visible(done.text())))
        return int(done.exit_code)


@command()
@click.option("--month", metavar="YYYY-MM", help="Else the current month.")
@click.option("--member", metavar="WHO", help="One person.")
@click.option("--company", metavar="NAME", help="One company.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "csv", "json", "html"]),
    default="text",
    show_default=True,
    help="How it is written.",
)
def statement(month: str | None, member: str | None, company: str | None, format_: Any) -> int:
    """Who printed what, what was billed, what is open."""
    from relay import jobs as room

    with open_for() as site:
        made = room.statement(
            site.settings, site.database, month=month, member=member, company=company, clock=site.clock
        )
        width = terminal.output().width if sys.stdout.isatty() else None  # a file has names and sentences whole
        told = room.render(made, "json" if OUTSIDE.json else format_, width=width)
        # What goes into a file is written as it is: Windows would double the line ends of CSV.
        click.echo(visible(told) if format_ == "text" and not OUTSIDE.json else told.encode(), nl=False)
        return EXIT_DONE
