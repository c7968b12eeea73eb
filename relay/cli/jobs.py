"""Commands about print jobs: import and statements."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from relay.cli import terminal
from relay.cli.app import OUTSIDE, command, format_asked_for, open_for, recorded
from relay.errors import EXIT_DONE
from relay.foreign import visible

if TYPE_CHECKING:
    from relay.jobs.statement.forms import Format


@command()
def jobs() -> int:
    """Import print-job costs not yet seen."""
    from relay import jobs as room

    with open_for(writes=True) as site:
        done = recorded(site, "jobs", lambda: room.import_jobs(site))
        OUTSIDE.answer(
            done.as_json(), lambda _: terminal.jobs_imported(terminal.output(), done.text(), done.exit_code != 0)
        )
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
@click.option("--all-sites", is_flag=True, help="Every site of the ledger, and what they come to.")
def statement(month: str | None, member: str | None, company: str | None, format_: Any, all_sites: bool) -> int:
    """Who printed what, what was billed, what is open."""
    from relay import jobs as room
    from relay import sites

    written: Format = format_asked_for(format_)
    with open_for() as site:
        width = terminal.output().width if sys.stdout.isatty() else None  # a file has names and sentences whole
        if all_sites:
            several = sites.statements(site, month=month, member=member, company=company)
            _write(sites.render(several, written, width), written)
            return EXIT_DONE
        made = room.statement(
            site.settings, site.database, month=month, member=member, company=company, clock=site.clock
        )
        _write(room.render(made, written, width=width), written)
        return EXIT_DONE


def _write(told: str, written: str) -> None:
    """Write a statement: for a person what can be seen, into a file as it is, or Windows doubles the ends of lines."""
    click.echo(visible(told) if written == "text" else told.encode(), nl=False)
