"""Commands about people: plan, sync, answers to doubts, explain, PINs."""

from __future__ import annotations

import click

from relay.cli import terminal
from relay.cli.app import OUTSIDE, answer_doubt, cli, command, common_options, open_for, recorded
from relay.cli.remedies import sentence
from relay.errors import UsageError


@command()
@click.option("--full", is_flag=True, help="Show every change and every question; without it, about one screen.")
def plan(full: bool) -> int:
    """Read both systems and show what a sync would change, with the plan's hash. Writes nothing."""
    from relay import people
    from relay.cli import plan_view as render

    with open_for() as site:
        made = people.make_plan(site)
        OUTSIDE.answer(made.as_json(), lambda told: render.show_plan(terminal.output(), told, full=full))
        return made.exit_code


@command()
@click.option("--expect", metavar="HASH", help="Apply only the plan with this hash, as `plan` showed it.")
@click.option("--allow", multiple=True, metavar="CODE", help="Lift one named safety limit, for this run only.")
@click.option("--incremental", is_flag=True, help="Only what changed since the last sync.")
@click.option("--member", metavar="WHO", help="One person, now.")
def sync(expect: str | None, allow: tuple[str, ...], incremental: bool, member: str | None) -> int:
    """Bring PaperCut's people and groups in line with OfficeRnD. WRITES."""
    from relay import people
    from relay.cli import plan_view as render

    if member is not None and (incremental or expect is not None):
        what = "--incremental" if incremental else "--expect"
        raise UsageError(f"--member brings one person now, and {what} speaks of everybody: leave one of them out.")
    with open_for(writes=True) as site:
        done = recorded(
            site, "sync", lambda: people.sync(site, expect=expect, allow=allow, incremental=incremental, member=member)
        )
        OUTSIDE.answer(done.as_json(), lambda told: render.show_plan(terminal.output(), told))
        return int(done.exit_code)


@command()
@click.argument("member")
@click.argument("username")
@click.option("--new", is_flag=True, help="PaperCut has no account of that name yet: make one.")
def link(member: str, username: str, new: bool) -> int:
    """Say that MEMBER of OfficeRnD is the PaperCut account USERNAME.

    A name that PaperCut does not have is refused, with names like it and what would stay behind. With a company for
    MEMBER: group:NAME is its group, account:NAME a shared account that it pays for.
    """
    from relay import people

    return answer_doubt(lambda site: people.link(site, member=member, username=username, new=new))


@command()
@click.argument("who")
def unlink(who: str) -> int:
    """Say that the link of WHO, or of account:NAME, is wrong; the next sync links anew or asks."""
    from relay import people

    return answer_doubt(lambda site: people.unlink(site, who))


@command(name="not-same")
@click.argument("member")
@click.argument("username")
def not_same(member: str, username: str) -> int:
    """Say that MEMBER is not the PaperCut account USERNAME, so that they are never linked."""
    from relay import people

    return answer_doubt(lambda site: people.not_same(site, member=member, username=username))


@command()
@click.argument("who")
def explain(who: str) -> int:
    """Why this e-mail, username, member id or full name may or may not print, with each rule's verdict.

    Tells the last login too, and the last refusal with its reason.
    """
    from relay import people

    with open_for() as site:
        told = people.explain(site, who)
        lines = [sentence(line.message, line.remedies) for line in told.lines]
        OUTSIDE.answer_in_lines(told.as_json(), lines)
        return int(told.exit_code)


@command()
@click.argument("who")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the member id among the runs.")
def erase(who: str, reason: str) -> int:
    """Take name, address and documents out of what is stored of WHO, who is no longer linked. WRITES.

    WHO is a member id, username, e-mail address or full name. The journal keeps the member id, sums and references.
    Refused while they are linked, owe something or have a movement open.
    """
    from relay.erase import erase as take_out

    return answer_doubt(lambda site: recorded(site, "erase", lambda: take_out(site, who, reason=reason)))


@cli.group(no_args_is_help=False)
def pin() -> None:
    """A print PIN for people without a portal password."""


@pin.command(name="issue")
@click.argument("who")
@common_options
def pin_issue(who: str) -> int:
    """Make a print PIN for WHO; it is shown once and kept as a hash."""
    from relay import people

    return answer_doubt(lambda site: people.issue_pin(site, who))


@pin.command(name="revoke")
@click.argument("who")
@common_options
def pin_revoke(who: str) -> int:
    """Make the print PIN of WHO worthless."""
    from relay import people

    return answer_doubt(lambda site: people.revoke_pin(site, who))
