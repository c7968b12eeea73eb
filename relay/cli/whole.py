"""Commands about the whole site: run, status, check, serve, password, bundle, probe."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from relay import config
from relay.cli import terminal
from relay.cli.answers import whole
from relay.cli.app import OUTSIDE, NewFile, command, open_for, say
from relay.cli.remedies import sentence
from relay.clock import Clock
from relay.errors import EXIT_DONE, EXIT_FAILED, UsageError
from relay.installer import places
from relay.lock import is_served

TURN_POLL_S = 5.0
AFTER_SETUP_S = 15.0


@command()
@click.option("--if-due", is_flag=True, help="Do nothing when the business day is already done.")
@click.option(
    "--if-begun",
    is_flag=True,
    help="For a scheduler: do nothing on a new site before its first sync, nor on the day of it.",
)
@click.option("--allow", multiple=True, metavar="CODE", help="Lift one named limit, for this run only.")
def run(if_due: bool, if_begun: bool, allow: tuple[str, ...]) -> int:
    """The scheduled job: recover, sync, settle, top-up, jobs, report. WRITES."""
    from relay import run as story

    with open_for() as site:
        done = story.run(site, if_due=if_due, if_begun=if_begun, allow=allow)
        OUTSIDE.answer(whole(done.as_json()), lambda told: terminal.run_result(terminal.output(), told))
        return done.exit_code


@command()
@click.option("--all-sites", is_flag=True, help="A line for every site of the ledger instead.")
def status(all_sites: bool) -> int:
    """Last runs, what is open, next due time, who cannot log in yet."""
    from relay import run as story
    from relay import sites

    with open_for() as site:
        if all_sites:
            OUTSIDE.answer(
                {"sites": [one.as_json() for one in sites.status(site.settings, site.database, site.clock)]},
                lambda told: terminal.sites(terminal.output(), told),
            )
            return EXIT_DONE
        OUTSIDE.answer(story.status(site), lambda told: terminal.status(terminal.output(), told))
        return EXIT_DONE


@command()
@click.option("--test", is_flag=True, required=True, help="Send a test message to every address of [notify] urls_file.")
def notify(test: bool) -> int:
    """Try the addresses that messages go to; only their schemes and servers are told."""
    from relay.notify import try_addresses

    tried = try_addresses(OUTSIDE.settings())
    lines = [f"line {one.line}, {one.address}: " + ("sent" if one.sent else f"NOT sent, {one.why}") for one in tried]
    is_whole = all(one.sent for one in tried)
    lines.append(
        "Nothing is to be done."
        if is_whole
        else "Next: put right what was not sent, in the file of addresses, then try again."
    )
    OUTSIDE.answer_in_lines({"addresses": [one.as_json() for one in tried]}, lines)
    return EXIT_DONE if is_whole else EXIT_FAILED


@command()
@click.option("--fix", multiple=True, metavar="CODE", help="Fix this finding. WRITES.")
@click.option("--fix-all", is_flag=True, help="Fix everything that can be fixed from here. WRITES.")
def check(fix: tuple[str, ...], fix_all: bool) -> int:
    """Every precondition: what is wrong, who is hit, what the fix would do."""
    from relay import checks

    if fix and fix_all:
        raise UsageError("--fix names what to fix and --fix-all is everything: leave one of them out.")
    settings = OUTSIDE.settings()
    if fix or fix_all:
        from relay.lock import site_lock

        with site_lock(settings.site.state_dir):
            done = checks.apply_fixes(
                settings, "all" if fix_all else fix, clock=Clock(), progress=OUTSIDE.progress(), say=say
            )
    else:
        done = checks.run_checks(settings, clock=Clock(), progress=OUTSIDE.progress())
    OUTSIDE.answer(done.as_json(), lambda told: terminal.findings(terminal.output(), told))
    return int(done.exit_code)


@command()
@click.option("--listen", metavar="ADDRESS:PORT", help="Else [console] listen.")
@click.option(
    "--wait", is_flag=True, help="For a service: wait for settings, and while another serve works for this site."
)
def serve(listen: str | None, wait: bool) -> int:
    """The console, the schedule and, where a secret is set for them, webhooks in one long-lived process. Without
    settings (none named, none found) it is the set-up, as a page for this computer behind a code that it prints."""
    if wait:
        _wait_for_turn(config.find(OUTSIDE.config), Clock())
    from relay.console import server

    if not config.is_there(OUTSIDE.config):
        from relay.cli.setup import workbench

        target = config.find(OUTSIDE.config)
        with workbench(target) as bench:
            return int(server.serve_setup(target, bench, listen=listen, say=say))
    return int(server.serve(OUTSIDE.settings(), listen=listen, say=say))


def _wait_for_turn(target: Path, clock: Clock) -> None:
    """Return once there are settings and nobody serves their site."""
    if not target.exists():
        say(f"Waiting for settings in {target}.")
        while not target.exists():
            clock.sleep(TURN_POLL_S)
        clock.sleep(AFTER_SETUP_S)  # the set-up that has written them becomes the console first
    while is_served(config.load(target).site.state_dir):
        clock.sleep(TURN_POLL_S)


@command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["look", "operate", "money"]),
    show_default="money",
    help="What NAME may do: look, work on people too, decide on money too.",
)
@click.option("--remove", is_flag=True, help="Take the login away.")
def password(name: str, role: str | None, remove: bool) -> int:
    """Give NAME a password for the console, or change it. Asked for, or read from standard input."""
    from relay import passwords

    if remove and role:
        raise UsageError("--remove takes the login away, so that it has no role: leave --role out.")
    settings_file = config.find(OUTSIDE.config)
    passwords.read_settings(settings_file)  # before a password is asked for in vain
    if remove:
        told = passwords.remove(settings_file, name)
    else:
        passwords.check_name(name)
        typed = (
            click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
            if places.is_terminal(sys.stdin)
            else _sent_line()
        ).rstrip("\r\n")
        if not typed:
            raise UsageError("No password came on standard input: send it there as a line, or run this in a terminal.")
        told = passwords.set_password(settings_file, name, role or "money", typed)
    OUTSIDE.answer_in_lines({"name": name, "file": str(told.file), "users": told.users}, [told.text()])
    return EXIT_DONE


def _sent_line() -> str:
    """Return the first line of standard input, whichever shell sends it: Python would read it in another code page."""
    line = getattr(sys.stdin, "buffer", sys.stdin).readline()
    return str(places.text_of(line)) if isinstance(line, bytes) else str(line)


@command()
@click.option("--out", required=True, type=NewFile(), metavar="ZIP", help="The file to write.")
@click.option("--platform", metavar="TAG", help="Add the dependencies' wheels for it, such as win_amd64.")
@click.option("--with-secrets", is_flag=True, help="Add the secrets, encrypted by a pass phrase that is asked for.")
@click.option("--site-server", is_flag=True, help="Only what a PaperCut site server needs.")
def bundle(out: Path, platform: str | None, with_secrets: bool, site_server: bool) -> int:
    """Make the installation package for the PaperCut machine, with its settings. Without settings (none named, none
    found) it is one whose installer opens the set-up."""
    from relay import bundle as room

    if site_server and (with_secrets or platform):
        what = "--with-secrets" if with_secrets else "--platform"
        raise UsageError(f"A site server gets neither secrets nor the relay's programs: leave {what} out.")
    settings = OUTSIDE.settings() if with_secrets or config.is_there(OUTSIDE.config) else None
    phrase = click.prompt("Pass phrase", hide_input=True, confirmation_prompt=True, err=True) if with_secrets else None
    lines = room.make_bundle(
        settings, out, platform=platform, with_secrets=with_secrets, pass_phrase=phrase, site_server=site_server
    )
    OUTSIDE.answer_in_lines({"out": str(out), "lines": lines}, lines)
    return EXIT_DONE


@command()
@click.option("--out", required=True, type=NewFile(), metavar="FILE", help="The field record to write.")
@click.option("--write", is_flag=True, help="Also ask on a PaperCut account of its own, removed again. WRITES.")
def probe(out: Path, write: bool) -> int:
    """Ask PaperCut and OfficeRnD what no document says, and write it down without names, addresses or amounts."""
    from contextlib import nullcontext

    from relay import probe as room
    from relay.lock import site_lock

    settings = OUTSIDE.settings()
    for line in room.plan_of(settings, write=write):
        say(line)
    if write and places.is_terminal(sys.stdin) and not OUTSIDE.json and not click.confirm("Go on?"):
        return EXIT_DONE
    with site_lock(settings.site.state_dir) if write else nullcontext():
        done = room.ask(settings, write=write, clock=Clock(), progress=OUTSIDE.progress())
    done.record.write(out)
    told = {"out": str(out), **done.record.as_json()}
    if done.failures:
        told["error"] = {"code": "not_asked", "message": " ".join(done.failures)}
    lines = [sentence(line.message, line.remedies) for line in done.lines(out)]
    OUTSIDE.answer_in_lines(told, lines)
    return EXIT_FAILED if done.failures else EXIT_DONE
