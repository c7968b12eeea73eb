"""Commands about money: settle, top-up, a person's words, and the books."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from relay.cli import terminal
from relay.cli.app import OUTSIDE, answer_doubt, command, format_asked_for, open_for, parse_date, recorded
from relay.errors import EXIT_DONE, UsageError
from relay.foreign import visible
from relay.installer import places

_DRY_RUN = click.option("--dry-run", is_flag=True, help="Compute and show, write nothing anywhere.")
_ALLOW = click.option("--allow", multiple=True, metavar="CODE", help="Lift one named limit, for this run only.")


@command()
@_DRY_RUN
@_ALLOW
def settle(dry_run: bool, allow: tuple[str, ...]) -> int:
    """Recover, bill negative balances, adjust them, verify. WRITES."""
    from relay import money

    return _money("Settle", "settle", money.settle, dry_run, allow=allow)


@command(name="top-up")
@_DRY_RUN
@_ALLOW
def top_up(dry_run: bool, allow: tuple[str, ...]) -> int:
    """Add the periodic balances that are due. WRITES."""
    from relay import money

    return _money("Top-up", "top_up", money.top_up, dry_run, allow=allow)


def _money(title: str, kind: str, work: Callable[..., Any], dry_run: bool, **options: Any) -> int:
    from relay import jobs

    with open_for(writes=not dry_run) as site:
        if not dry_run:
            options["jobs"] = jobs.JobLog(site)

        def call() -> Any:
            return work(site, dry_run=dry_run, **options)

        done = call() if dry_run else recorded(site, kind, call)
        OUTSIDE.answer(done.as_json(), lambda told: terminal.money_result(terminal.output(), title, told))
        return int(done.exit_code)


@command()
@click.argument("reference")
@click.option(
    "--as",
    "as_",
    type=click.Choice(["posted", "not-sent", "none"]),
    required=True,
    help="Is the effect there? none: the fee stands and nothing is to be adjusted.",
)
@click.option("--reason", required=True, metavar="TEXT", help="How you know; kept with the movement.")
def resolve(reference: str, as_: Any, reason: str) -> int:
    """Settle the effect in doubt by a person's word."""
    from relay import money

    return answer_doubt(lambda site: money.resolve(site, reference, as_=as_, reason=reason))


@command()
@click.argument("who", required=False)
@click.option("--held", "code", metavar="CODE", help="Everybody who is held for this reason, instead of WHO.")
@click.option(
    "--as",
    "as_",
    type=click.Choice(["bill", "forgive", "credit", "continue"]),
    help="What is to happen with it; continue: answers a stop.",
)
@click.option("--amount", default="", metavar="AMOUNT", help="Only so much; what a restored PaperCut has forgotten.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with the movement. Needed with --as.")
@click.option("--yes", is_flag=True, help="With --held: do not ask.")
@click.option("--undo", is_flag=True, help="Take back what was said and no settle has carried out yet.")
def approve(who: str | None, code: str | None, as_: Any, amount: str, reason: str, yes: bool, undo: bool) -> int:
    """Release what is held of WHO: opening balances, unexplained debts, proposed credits; or answer a stop.

    WHO is an e-mail address, username, member id or reference, the code of a stop, or the site's name for its stops.
    """
    from relay import money

    if undo:
        return _undo(who, code, bool(as_ or amount or reason))
    if as_ is None or not reason.strip():
        raise UsageError("Say what is to happen and why: --as bill|forgive|credit|continue --reason TEXT.")
    if code is not None:
        return _approve_all(who, code, as_, amount, reason, yes)
    if who is None:
        raise UsageError("Say whose: an e-mail address, username or stop, or --held CODE for all held for one reason.")
    return answer_doubt(lambda site: money.approve(site, who, as_=as_, reason=reason, amount=amount))


def _undo(who: str | None, code: str | None, has_more: bool) -> int:
    from relay import money

    if (who is None) is (code is None) or has_more:
        raise UsageError("--undo takes WHO or --held CODE, and neither --as, --amount nor --reason.")

    def take_back(site: Any) -> Any:
        if who is not None and who in money.STOP_ANSWERS:
            return money.withdraw(site, (), stop=who)
        return money.withdraw(site, money.decided(site, code=code or "", who=who or ""))

    return answer_doubt(take_back)


@command()
@click.option("--since", metavar="DATE", help="YYYY-MM-DD; else the whole ledger.")
def discrepancies(since: str | None) -> int:
    """Costs - refunds + top-ups against fees and balances; every cent matched, pending or explained."""
    from relay import jobs, money

    with open_for() as site:
        found = money.discrepancies(site, since=parse_date(since), jobs=jobs.JobLog(site, imports=False))
        OUTSIDE.answer(found.as_json(), lambda told: terminal.discrepancies(terminal.output(), told))
        return int(found.exit_code)


@command()
@click.option("--since", metavar="DATE", help="From this business day on, YYYY-MM-DD; else the whole journal.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "json", "beancount"]),
    default="csv",
    show_default=True,
    help="For a spreadsheet, a program, or Beancount to check.",
)
def journal(since: str | None, format_: Any) -> int:
    """Every entry of the money journal: why each balance is what it is. Asks neither system."""
    from relay import money

    written = format_asked_for(format_)
    with open_for() as site:
        told = money.journal(site, since=parse_date(since)).render(written)
        click.echo(told.encode(), nl=False)  # as it is: Windows would double the line ends of CSV
        return EXIT_DONE


@command()
@_DRY_RUN
def rebuild(dry_run: bool) -> int:
    """Take the fees that OfficeRnD holds into a lost or outdated ledger; writes to neither system."""
    from relay import money

    with open_for(writes=not dry_run) as site:
        found = money.rebuild(site, dry_run=dry_run)
        after = "settle --dry-run, which shows what would be billed now" if not dry_run else "rebuild, which does this"
        OUTSIDE.answer(
            found.as_json(), lambda told: click.echo(visible(f"{told['message']}\nNext: papercut-relay {after}."))
        )
        return int(found.exit_code)


def _approve_all(who: str | None, code: str, as_: Any, amount: str, reason: str, yes: bool) -> int:
    """Show everybody who is held for a reason, ask, and give the word on exactly what was shown."""
    from relay import money

    if who is not None or amount:
        raise UsageError("--held CODE speaks of everybody and of all of it: leave WHO and --amount out.")
    with open_for() as site:
        shown = money.held_for(site, code, as_)
    terminal.held(terminal.output(error=True), shown.as_json(as_))
    if not yes:
        if not places.is_terminal(sys.stdin):
            raise UsageError("Nothing was approved: look at the list, then say the same with --yes.")
        if not click.confirm(f"{as_.capitalize()} all of it?", err=True):
            OUTSIDE.answer_in_lines({"held": code, "as": as_, "people": []}, ["Nothing was approved."])
            return EXIT_DONE
    return answer_doubt(lambda site: money.approve_all(site, shown, as_=as_, reason=reason))
