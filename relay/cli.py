"""The command line: arguments in, one call of a room, its answer out. The only place that prints.

With --json, standard output is one JSON object and nothing else; progress and logs go to standard error. Rooms are
imported by the command that needs them, so that --help answers at once and reads no settings.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from relay import __version__, amounts, config, terminal
from relay.clock import Clock
from relay.errors import EXIT_DONE, EXIT_FAILED, ConfigError, RelayError, UsageError
from relay.progress import Progress

log = logging.getLogger(__name__)


@dataclass
class Outside:
    """What the operator asked for before the command: settings file, JSON, verbosity."""

    config: str | None = None
    json: bool = False
    verbose: bool = False
    command: str = ""
    currency: str = "EUR"  # of a failure before the settings could be read

    def settings(self) -> config.Settings:
        settings = config.load(config.find(self.config))
        self.currency = settings.site.currency
        log_to_file(settings)
        return settings

    def progress(self) -> Progress:
        return terminal.TerminalProgress()

    def answer(self, value: Mapping[str, Any], show: Callable[[], None]) -> None:
        """Print the answer: as one JSON object, or by `show` for a person."""
        if self.json:
            click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
        else:
            show()


OUTSIDE = Outside()


def _common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let --config, --json and --verbose stand behind the command too, where people type them."""

    @click.option("--config", "late_config", metavar="FILE", hidden=True)
    @click.option("--json", "late_json", is_flag=True, hidden=True)
    @click.option("--verbose", "late_verbose", is_flag=True, hidden=True)
    @wraps(command)
    def with_common(*args: Any, late_config: str | None, late_json: bool, late_verbose: bool, **rest: Any) -> Any:
        _set_outside(late_config or OUTSIDE.config, late_json or OUTSIDE.json, late_verbose or OUTSIDE.verbose)
        return command(*args, **rest)

    return with_common


def _set_outside(config_file: str | None, as_json: bool, verbose: bool) -> None:
    OUTSIDE.config, OUTSIDE.json, OUTSIDE.verbose = config_file, as_json, verbose
    root = logging.getLogger("relay")
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    if not root.handlers:
        root.addHandler(logging.NullHandler())  # what happened goes to the file; a person gets sentences
    if verbose and not any(type(handler) is logging.StreamHandler for handler in root.handlers):
        root.addHandler(logging.StreamHandler())


class Commands(click.Group):
    """The commands, noting which one was asked for: its options may be what is wrong."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        OUTSIDE.command = name or ""
        return name, found, rest


class SeveralValues(click.Command):
    """A command whose repeatable options take several values: --allow A B is --allow A --allow B."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeatable = {name for option in self.params if getattr(option, "multiple", False) for name in option.opts}
        spread: list[str] = []
        option, has_value = "", False
        for word in args:
            if word.startswith("-"):
                option, equals, _ = word.partition("=")
                has_value = bool(equals)
            elif has_value and option in repeatable:
                spread.append(option)
            else:
                has_value = True
            spread.append(word)
        return super().parse_args(ctx, spread)


@click.group(
    cls=Commands,
    name="papercut-relay",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config", "config_file", metavar="FILE", help="Settings file; else $PAPERCUT_RELAY_CONFIG, else ./relay.toml."
)
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object on standard output.")
@click.option("--verbose", is_flag=True, help="Tell more on standard error, tracebacks included.")
@click.version_option(__version__, prog_name="papercut-relay")
@click.pass_context
def cli(context: click.Context, config_file: str | None, as_json: bool, verbose: bool) -> None:
    """Join OfficeRnD and PaperCut MF: members print with their OfficeRnD login, and what they print is billed through
    OfficeRnD, to the cent, once.

    Try everything without either system: papercut-relay demo
    """
    _set_outside(config_file, as_json or OUTSIDE.json, verbose or OUTSIDE.verbose)
    if context.invoked_subcommand is None:
        OUTSIDE.answer({"help": context.get_help()}, lambda: click.echo(context.get_help()))


def command(**attributes: Any) -> Callable[[Callable[..., Any]], click.Command]:
    def decorate(function: Callable[..., Any]) -> click.Command:
        return cli.command(cls=SeveralValues, **attributes)(_common_options(function))

    return decorate


# -- without settings --------------------------------------------------------------------------------------------


@command()
@click.option(
    "--members", type=click.IntRange(1, 200_000), default=500, show_default=True, help="Size of the organisation."
)
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep everything the demo made in DIR.")
def demo(members: int, keep: Path | None) -> int:
    """A member's day through the real code, against two stand-ins on this machine. Needs no settings."""
    from relay.sandbox import demo as story

    answer = story.tell(members=members, keep=keep, say=_say, progress=terminal.TerminalProgress(lines=False))
    OUTSIDE.answer(answer.as_json(), lambda: terminal.output().print(answer.table()))
    return answer.exit_code


@command()
@click.option(
    "--members", type=click.IntRange(1, 200_000), default=500, show_default=True, help="Size of the organisation."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same organisation.")
@click.option("--papercut-port", type=click.IntRange(0, 65535), default=0, help="0: a free one.")
@click.option("--officernd-port", type=click.IntRange(0, 65535), default=0, help="0: a free one.")
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
def sandbox(
    members: int, seed: int, papercut_port: int, officernd_port: int, filling: str, write_config: Path | None
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
        announce=lambda facts, lines: OUTSIDE.answer(facts, lambda: click.echo("\n".join(lines))),
    )


# -- people ------------------------------------------------------------------------------------------------------


@command()
def plan() -> int:
    """Read both systems and show what a sync would change, with the plan's hash. Writes nothing."""
    from relay import people
    from relay.people import render

    with _site() as site:
        made = people.make_plan(site)
        OUTSIDE.answer(made.as_json(), lambda: render.show_plan(terminal.output(), made.as_json()))
        return made.exit_code


@command()
@click.option("--expect", metavar="HASH", help="Apply only the plan with this hash, as `plan` showed it.")
@click.option("--allow", multiple=True, metavar="CODE", help="Lift one named safety limit, for this run only.")
@click.option("--incremental", is_flag=True, help="Only what changed since the last sync.")
@click.option("--member", metavar="WHO", help="One person, now.")
def sync(expect: str | None, allow: tuple[str, ...], incremental: bool, member: str | None) -> int:
    """Bring PaperCut's people and groups in line with OfficeRnD. WRITES."""
    from relay import people
    from relay.people import render

    with _site(writes=True) as site:
        done = _recorded(
            site,
            "sync",
            lambda: people.sync(site, expect=expect, allow=allow, incremental=incremental, member=member),
        )
        OUTSIDE.answer(done.as_json(), lambda: render.show_plan(terminal.output(), done.as_json()))
        return done.exit_code


@command()
@click.argument("member")
@click.argument("username")
def link(member: str, username: str) -> int:
    """Say that MEMBER of OfficeRnD is the PaperCut account USERNAME.

    With a company for MEMBER: group:NAME is its group, account:NAME a shared account that it pays for.
    """
    from relay import people

    return _answer_doubt(lambda site: people.link(site, member=member, username=username))


@command()
@click.argument("who")
def unlink(who: str) -> int:
    """Say that the link of WHO, or of account:NAME, is wrong; the next sync links anew or asks."""
    from relay import people

    return _answer_doubt(lambda site: people.unlink(site, who))


@command(name="not-same")
@click.argument("member")
@click.argument("username")
def not_same(member: str, username: str) -> int:
    """Say that MEMBER is not the PaperCut account USERNAME, so that they are never linked."""
    from relay import people

    return _answer_doubt(lambda site: people.not_same(site, member=member, username=username))


@command()
@click.argument("who")
def explain(who: str) -> int:
    """Why this e-mail, username or member id may or may not print, with each rule's verdict."""
    from relay import people

    with _site() as site:
        told = people.explain(site, who)
        OUTSIDE.answer(told.as_json(), lambda: click.echo(told.text()))
        return int(told.exit_code)


@cli.group(no_args_is_help=False)
def pin() -> None:
    """A print PIN for people without a portal password."""


@pin.command(name="issue")
@click.argument("who")
@_common_options
def pin_issue(who: str) -> int:
    """Make a print PIN for WHO; it is shown once and kept as a hash."""
    from relay import people

    return _answer_doubt(lambda site: people.issue_pin(site, who))


@pin.command(name="revoke")
@click.argument("who")
@_common_options
def pin_revoke(who: str) -> int:
    """Make the print PIN of WHO worthless."""
    from relay import people

    return _answer_doubt(lambda site: people.revoke_pin(site, who))


# -- money -------------------------------------------------------------------------------------------------------


@command()
@click.option("--dry-run", is_flag=True, help="Compute and show, write nothing anywhere.")
@click.option("--allow", multiple=True, metavar="CODE", help="Lift one named limit, for this run only.")
def settle(dry_run: bool, allow: tuple[str, ...]) -> int:
    """Recover, bill negative balances, adjust them, verify. WRITES."""
    from relay import money

    return _money("Settle", "settle", money.settle, dry_run, allow=allow)


@command(name="top-up")
@click.option("--dry-run", is_flag=True, help="Compute and show, write nothing anywhere.")
@click.option("--allow", multiple=True, metavar="CODE", help="Lift one named limit, for this run only.")
def top_up(dry_run: bool, allow: tuple[str, ...]) -> int:
    """Add the periodic balances that are due. WRITES."""
    from relay import money

    return _money("Top-up", "top_up", money.top_up, dry_run, allow=allow)


def _money(title: str, kind: str, work: Callable[..., Any], dry_run: bool, **options: Any) -> int:
    from relay import jobs

    with _site(writes=not dry_run) as site:
        if not dry_run:
            options["jobs"] = jobs.JobLog(site)

        def call() -> Any:
            return work(site, dry_run=dry_run, **options)

        done = call() if dry_run else _recorded(site, kind, call)
        OUTSIDE.answer(done.as_json(), lambda: terminal.money_result(terminal.output(), title, done.as_json()))
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
def resolve(reference: str, as_: str, reason: str) -> int:
    """Settle the effect in doubt by a person's word."""
    from relay import money

    return _answer_doubt(lambda site: money.resolve(site, reference, as_=as_, reason=reason))


@command()
@click.argument("who", required=False)
@click.option("--held", "code", metavar="CODE", help="Everybody who is held for this reason, instead of WHO.")
@click.option("--as", "as_", type=click.Choice(["bill", "forgive", "credit", "continue"]), required=True)
@click.option("--amount", default="", metavar="AMOUNT", help="Only so much; what a restored PaperCut has forgotten.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the movement.")
@click.option("--yes", is_flag=True, help="With --held: do not ask.")
def approve(who: str | None, code: str | None, as_: str, amount: str, reason: str, yes: bool) -> int:
    """Release what is held of WHO: opening balances, unexplained debts, proposed credits; or answer a stop.

    WHO is an e-mail address, username, member id or reference, the code of a stop, or the site's name for its stops.
    """
    from relay import money

    if code is not None:
        return _approve_all(who, code, as_, amount, reason, yes)
    if who is None:
        raise UsageError("Say whose: an e-mail address, username or stop, or --held CODE for all held for one reason.")
    return _answer_doubt(lambda site: money.approve(site, who, as_=as_, reason=reason, amount=amount))


@command()
@click.option("--since", metavar="DATE", help="YYYY-MM-DD; else the whole ledger.")
def discrepancies(since: str | None) -> int:
    """Costs - refunds + top-ups against fees and balances; every cent matched, pending or explained."""
    from relay import jobs, money

    with _site() as site:
        found = money.discrepancies(site, since=_date(since), jobs=jobs.JobLog(site, imports=False))
        OUTSIDE.answer(found.as_json(), lambda: click.echo(found.text()))
        return int(found.exit_code)


@command()
@click.option("--since", metavar="DATE", help="From this business day on, YYYY-MM-DD; else the whole journal.")
@click.option("--format", "format_", type=click.Choice(["csv", "json", "beancount"]), default="csv", show_default=True)
def journal(since: str | None, format_: str) -> int:
    """Every entry of the money journal: why each balance is what it is. Asks neither system."""
    from relay import money

    with _site() as site:
        told = money.journal(site, since=_date(since)).render("json" if OUTSIDE.json else format_)
        click.echo(told.encode(), nl=False)  # as it is: Windows would double the line ends of CSV
        return EXIT_DONE


@command()
@click.option("--dry-run", is_flag=True, help="Compute and show, write nothing anywhere.")
def rebuild(dry_run: bool) -> int:
    """Take the fees that OfficeRnD holds into a lost or outdated ledger; writes to neither system."""
    from relay import money

    with _site(writes=not dry_run) as site:
        found = money.rebuild(site, dry_run=dry_run)
        OUTSIDE.answer(found.as_json(), lambda: click.echo(found.text()))
        return int(found.exit_code)


# -- jobs --------------------------------------------------------------------------------------------------------


@command()
def jobs() -> int:
    """Import print-job costs not yet seen."""
    from relay import jobs as room

    with _site(writes=True) as site:
        done = _recorded(site, "jobs", lambda: room.import_jobs(site))
        OUTSIDE.answer(done.as_json(), lambda: click.echo(done.text()))
        return int(done.exit_code)


@command()
@click.option("--month", metavar="YYYY-MM", help="Else the current month.")
@click.option("--member", metavar="WHO", help="One person.")
@click.option("--company", metavar="NAME", help="One company.")
@click.option("--format", "format_", type=click.Choice(["text", "csv", "json", "html"]), default="text")
def statement(month: str | None, member: str | None, company: str | None, format_: str) -> int:
    """Who printed what, what was billed, what is open."""
    from relay import jobs as room

    with _site() as site:
        made = room.statement(
            site.settings, site.database, month=month, member=member, company=company, clock=site.clock
        )
        width = terminal.output().width if sys.stdout.isatty() else None  # a file has names and sentences whole
        told = room.render(made, "json" if OUTSIDE.json else format_, width=width)
        # What goes into a file is written as it is: Windows would double the line ends of CSV.
        click.echo(told if format_ == "text" and not OUTSIDE.json else told.encode(), nl=False)
        return EXIT_DONE


# -- the whole ---------------------------------------------------------------------------------------------------


@command()
@click.option("--if-due", is_flag=True, help="Do nothing when the business day is already done.")
@click.option("--allow", multiple=True, metavar="CODE", help="Lift one named limit, for this run only.")
def run(if_due: bool, allow: tuple[str, ...]) -> int:
    """The scheduled job: recover, sync, settle, top-up, jobs, report. WRITES."""
    settings = OUTSIDE.settings()
    from relay import run as story
    from relay.site import open_site

    with open_site(settings, Clock(), OUTSIDE.progress()) as site:
        done = story.run(site, if_due=if_due, allow=allow)
        OUTSIDE.answer(_whole(done.as_json()), lambda: terminal.run_result(terminal.output(), done.as_json()))
        return done.exit_code


@command()
def status() -> int:
    """Last runs, open movements, next due time, who cannot log in yet."""
    from relay import run as story

    with _site() as site:
        told = story.status(site)
        OUTSIDE.answer(told, lambda: terminal.status(terminal.output(), told))
        return EXIT_DONE


@command()
@click.option("--fix", multiple=True, metavar="CODE", help="Fix this finding. WRITES.")
@click.option("--fix-all", is_flag=True, help="Fix everything that can be fixed from here. WRITES.")
def check(fix: tuple[str, ...], fix_all: bool) -> int:
    """Every precondition: what is wrong, who is hit, what the fix would do."""
    from relay import checks

    settings = OUTSIDE.settings()
    if fix or fix_all:
        from relay.lock import site_lock

        with site_lock(settings.site.state_dir):
            done = checks.apply_fixes(
                settings, "all" if fix_all else fix, clock=Clock(), progress=OUTSIDE.progress(), say=_say
            )
    else:
        done = checks.run_checks(settings, clock=Clock(), progress=OUTSIDE.progress())
    OUTSIDE.answer(done.as_json(), lambda: terminal.findings(terminal.output(), done.as_json()))
    return int(done.exit_code)


@command()
@click.option("--listen", metavar="ADDRESS:PORT", help="Else [console] listen.")
def serve(listen: str | None) -> int:
    """The console and the schedule in one long-lived process."""
    from relay.console import server

    return int(server.serve(OUTSIDE.settings(), listen=listen, say=_say))


@command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["look", "operate", "money"]),
    default="money",
    show_default=True,
    help="What NAME may do: look, work on people too, decide on money too.",
)
@click.option("--remove", is_flag=True, help="Take the login away.")
def password(name: str, role: str, remove: bool) -> int:
    """Give NAME a password for the console, or change it. Asked for, or read from standard input."""
    from relay.console import passwords

    settings_file = config.find(OUTSIDE.config)
    if remove:
        told = passwords.remove(settings_file, name)
    else:
        passwords.check_name(name)
        typed = (
            click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().rstrip("\r\n")
        )
        told = passwords.set_password(settings_file, name, role, typed)
    OUTSIDE.answer({"name": name, "file": str(told.file), "users": told.users}, lambda: click.echo(told.text()))
    return EXIT_DONE


@command()
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="ZIP", help="The file to write.")
@click.option("--platform", metavar="TAG", help="Add the dependencies' wheels for it, such as win_amd64.")
@click.option("--with-secrets", is_flag=True, help="Add the secrets, encrypted by a pass phrase that is asked for.")
@click.option("--site-server", is_flag=True, help="Only what a PaperCut site server needs.")
def bundle(out: Path, platform: str | None, with_secrets: bool, site_server: bool) -> int:
    """Make the installation package for the PaperCut machine, with its settings."""
    from relay import bundle as room

    settings = OUTSIDE.settings()
    phrase = click.prompt("Pass phrase", hide_input=True, confirmation_prompt=True, err=True) if with_secrets else None
    lines = room.make_bundle(
        settings, out, platform=platform, with_secrets=with_secrets, pass_phrase=phrase, site_server=site_server
    )
    OUTSIDE.answer({"out": str(out), "lines": lines}, lambda: click.echo("\n".join(lines)))
    return EXIT_DONE


# -- shared ------------------------------------------------------------------------------------------------------


@contextmanager
def _site(writes: bool = False) -> Iterator[Any]:
    """Open the site for a command; one that writes holds the site's lock from before the ledger is opened."""
    settings = OUTSIDE.settings()
    from relay.lock import site_lock
    from relay.site import open_site

    if writes:
        with site_lock(settings.site.state_dir), open_site(settings, Clock(), OUTSIDE.progress()) as site:
            yield site
    else:
        with open_site(settings, Clock(), OUTSIDE.progress()) as site:
            yield site


def _recorded(site: Any, kind: str, work: Callable[[], Any]) -> Any:
    from relay.run import recorded

    return recorded(site, kind, work)


def _answer_doubt(work: Callable[[Any], Any]) -> int:
    """Do a person's answer to a question under the lock and tell what it changed."""
    with _site(writes=True) as site:
        done = work(site)
        OUTSIDE.answer(done.as_json(), lambda: click.echo(done.text()))
        return EXIT_DONE


def _approve_all(who: str | None, code: str, as_: Any, amount: str, reason: str, yes: bool) -> int:
    """Show everybody who is held for a reason, ask, and give the word on exactly what was shown."""
    from relay import money

    if who is not None or amount:
        raise UsageError("--held CODE speaks of everybody and of all of it: leave WHO and --amount out.")
    with _site() as site:
        shown = money.held_for(site, code, as_)
    click.echo(shown.text(), err=True)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("Nothing was approved: look at the list, then say the same with --yes.")
        if not click.confirm(f"Approve all of it --as {as_}?", err=True):
            OUTSIDE.answer({"held": code, "as": as_, "people": []}, lambda: click.echo("Nothing was approved."))
            return EXIT_DONE
    return _answer_doubt(lambda site: money.approve_all(site, shown, as_=as_, reason=reason))


def _date(text: str | None) -> Any:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date such as 2026-11-23.") from None


def _say(text: str) -> None:
    """Tell a person a line: on standard output, or on standard error where that belongs to the JSON answer."""
    click.echo(text, err=OUTSIDE.json)


def log_to_file(settings: config.Settings) -> None:
    """Keep what happened in `state_dir/logs/relay.log`; a log that cannot be written never stops a run."""
    from logging.handlers import RotatingFileHandler

    root = logging.getLogger("relay")
    if any(isinstance(handler, RotatingFileHandler) for handler in root.handlers):
        return
    folder = settings.site.state_dir / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = RotatingFileHandler(folder / "relay.log", maxBytes=5_000_000, backupCount=5, encoding="utf-8")
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s %(message)s"))
    root.addHandler(handler)


def _let_no_name_stop_an_answer() -> None:
    """Write UTF-8 to a file or another program, also where Windows would not; a terminal shows what it can."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and leave with the contract's exit code; a failure is one sentence, never a traceback."""
    words = sys.argv[1:] if arguments is None else arguments
    _set_outside(None, "--json" in words, "--verbose" in words)
    OUTSIDE.command = ""
    logging.raiseExceptions = False
    _let_no_name_stop_an_answer()
    try:
        code = cli.main(args=words, prog_name="papercut-relay", standalone_mode=False)
        code = code if isinstance(code, int) else EXIT_DONE
    except click.exceptions.Exit as error:
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        # Click turns Ctrl+C into an Abort with it as the cause; a question that was left unanswered has none.
        if isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt):
            message = "Stopped by Ctrl+C; the next run finds what was under way and finishes it."
            code = _failed("interrupted", message, EXIT_FAILED)
        else:
            code = _failed("aborted", "Stopped; nothing more was done.", EXIT_FAILED)
    except click.ClickException as error:
        code = _failed("usage", _usage(error), ConfigError.exit_code)
    except RelayError as error:
        code = _failed(error.code, error.message, error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_FAILED
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        code = _failed(
            "system",
            f"The system refused a file or a connection{where}: {error.strerror or error}; put that right and run "
            "again.",
            EXIT_FAILED,
        )
    except Exception as error:
        log.exception("unexpected error")
        code = _failed(
            "unexpected",
            f"An unexpected error stopped the command ({type(error).__name__}); what was begun is finished by the next "
            "run. Run it with --verbose and send the traceback to whoever looks after this server.",
            EXIT_FAILED,
        )
    sys.exit(code)


def _usual_fields(command: str) -> dict[str, Any]:
    """Return the fields that a command's answer has even when it failed, so that a reader finds what it expects."""
    if command in ("plan", "sync"):
        users = dict.fromkeys(("create", "adopt", "update", "rename", "unlink", "remove", "unchanged"), 0)
        groups = dict.fromkeys(("create", "remove", "membership_changes", "unchanged"), 0)
        lists: dict[str, list[Any]] = {"changes": [], "warnings": [], "refused": []}
        return {"hash": None, "applied": False, "users": users, "groups": groups, **lists}
    if command in ("settle", "top-up"):
        return {"movements": [], "total": amounts.text(0, OUTSIDE.currency), "held": [], "in_doubt": 0, "refused": []}
    if command == "run":
        return {"business_day": None, "due": None, "sync": None, "settle": None, "top_up": None, "jobs": None}
    if command == "check":
        return {"findings": [], "ok": False}
    return {}


def _whole(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's answer in which a failed part has its command's usual fields, and the run its first failure."""
    whole = dict(answer)
    for name in ("sync", "settle", "top_up", "jobs"):
        part = answer[name]
        if part and "error" in part:
            whole[name] = {**_usual_fields(name.replace("_", "-")), **part}
            whole.setdefault("error", part["error"])
    return whole


def _usage(error: click.ClickException) -> str:
    where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "papercut-relay"
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message}{'' if message.endswith('?') else '.'} See: {where} --help"


def _failed(code: str, message: str, exit_code: int) -> int:
    if OUTSIDE.verbose:
        traceback.print_exc()
    if OUTSIDE.json:
        error = {"error": {"code": code, "message": message}}
        click.echo(json.dumps({**_usual_fields(OUTSIDE.command), **error}, indent=2, ensure_ascii=False))
    click.echo(message, err=True)
    return exit_code
