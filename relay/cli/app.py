"""What every command shares: the options before it, its settings, its site, the way its answer is printed.

With --json, standard output is one JSON object and nothing else; progress and logs go to standard error.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from relay import __version__
from relay.cli import terminal
from relay.cli.remedies import worded
from relay.clock import Clock
from relay.config import Settings, find, load
from relay.errors import EXIT_DONE, UsageError
from relay.foreign import visible, visible_json
from relay.private_files import make_private_folder
from relay.progress import Progress


@dataclass
class Outside:
    """What the operator asked for before the command: settings file, JSON, verbosity."""

    config: str | None = None
    json: bool = False
    verbose: bool = False
    command: str = ""
    currency: str = "EUR"  # of a failure before the settings could be read

    def settings(self) -> Settings:
        settings = load(find(self.config))
        self.currency = settings.site.currency
        log_to_file(settings)
        return settings

    def progress(self) -> Progress:
        return terminal.TerminalProgress()

    def answer(self, value: Mapping[str, Any], show: Callable[[Any], None]) -> None:
        """Print the answer, its sentences with their commands: as one JSON object, or by `show` for a person."""
        told = worded(value)
        if self.json:
            click.echo(visible_json(json.dumps(told, indent=2, ensure_ascii=False, default=str)))
        else:
            show(told)

    def answer_in_lines(self, value: Mapping[str, Any], lines: Iterable[str]) -> None:
        """Print the answer: as one JSON object, or these lines for a person."""
        self.answer(value, lambda _: click.echo(visible("\n".join(lines))))


OUTSIDE = Outside()


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let --config, --json and --verbose stand behind the command too, where people type them."""

    @click.option("--config", "late_config", metavar="FILE", hidden=True)
    @click.option("--json", "late_json", is_flag=True, hidden=True)
    @click.option("--verbose", "late_verbose", is_flag=True, hidden=True)
    @wraps(command)
    def with_common(*args: Any, late_config: str | None, late_json: bool, late_verbose: bool, **rest: Any) -> Any:
        set_outside(late_config or OUTSIDE.config, late_json or OUTSIDE.json, late_verbose or OUTSIDE.verbose)
        return command(*args, **rest)

    return with_common


def format_asked_for(format_: Any) -> Any:
    """Return how an answer is written: --json is JSON. Raises UsageError where --format asks for something else."""
    source = click.get_current_context().get_parameter_source("format_")
    if OUTSIDE.json and format_ != "json" and source is not ParameterSource.DEFAULT:
        raise UsageError(f"--json and --format {format_} ask for two answers: leave one of them out.")
    return "json" if OUTSIDE.json else format_


def set_outside(config_file: str | None, as_json: bool, verbose: bool) -> None:
    OUTSIDE.config, OUTSIDE.json, OUTSIDE.verbose = config_file, as_json, verbose
    root = logging.getLogger("relay")
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    if not root.handlers:
        root.addHandler(logging.NullHandler())  # what happened goes to the file; a person gets sentences
    if verbose and not any(type(handler) is logging.StreamHandler for handler in root.handlers):
        root.addHandler(logging.StreamHandler())


# The commands as `--help` shows them, by what somebody is about to do.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Try it": ("demo", "sandbox"),
    "Set up": ("init", "check", "bundle", "password", "notify", "probe"),
    "Every day": ("run", "status", "serve", "statement", "jobs"),
    "People": ("plan", "sync", "explain", "link", "unlink", "not-same", "pin", "erase"),
    "Money": ("settle", "top-up", "approve", "resolve", "discrepancies", "journal", "rebuild"),
}


class Commands(click.Group):
    """The commands, noting which one was asked for: its options may be what is wrong."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in groups; one that stands in none comes last."""
        grouped = {name for names in GROUPS.values() for name in names}
        groups = {**GROUPS, "More": tuple(name for name in self.list_commands(ctx) if name not in grouped)}
        width = max(map(len, self.commands), default=0)
        for title, names in groups.items():
            found = [(name, self.commands[name]) for name in names if name in self.commands]
            if found:
                with formatter.section(title):
                    formatter.write_dl([(name.ljust(width), one.get_short_help_str(limit=150)) for name, one in found])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        OUTSIDE.command = name or ""
        return name, found, rest


class NewFile(click.Path):
    """A file that a command is to write: its folder has to be there, or all that is put into it is made in vain."""

    name = "file"

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(str(super().convert(value, param, ctx)))
        if not path.absolute().parent.is_dir():
            self.fail(f"There is no folder {path.absolute().parent}, and none is made.", param, ctx)
        return path


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
    set_outside(config_file, as_json or OUTSIDE.json, verbose or OUTSIDE.verbose)
    if context.invoked_subcommand is None:
        OUTSIDE.answer_in_lines({"help": context.get_help()}, [context.get_help()])


def command(**attributes: Any) -> Callable[[Callable[..., Any]], click.Command]:
    def decorate(function: Callable[..., Any]) -> click.Command:
        return cli.command(cls=SeveralValues, **attributes)(common_options(function))

    return decorate


@contextmanager
def open_for(writes: bool = False) -> Iterator[Any]:
    """Open the site for a command; one that writes holds the site's lock from before the ledger is opened."""
    settings = OUTSIDE.settings()
    from relay.lock import site_lock
    from relay.site import open_site

    lock = site_lock(settings.site.state_dir) if writes else nullcontext()
    with lock, open_site(settings, Clock(), OUTSIDE.progress()) as site:
        yield site


def recorded(site: Any, kind: str, work: Callable[[], Any]) -> Any:
    from relay.run import recorded

    return recorded(site, kind, work)


def answer_doubt(work: Callable[[Any], Any]) -> int:
    """Do a person's answer to a question under the lock and tell what it changed."""
    with open_for(writes=True) as site:
        done = work(site)
        OUTSIDE.answer(done.as_json(), lambda told: click.echo(visible(told["message"])))
        return EXIT_DONE


def parse_date(text: str | None) -> Any:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date such as 2026-11-23.") from None


def say(text: str) -> None:
    """Tell a person a line: on standard output, or on standard error where that belongs to the JSON answer."""
    click.echo(visible(text), err=OUTSIDE.json)


def log_to_file(settings: Settings) -> None:
    """Keep what happened in `state_dir/logs/relay.log`; a log that cannot be written never stops a run."""
    from relay.log_files import RotatingLog

    root = logging.getLogger("relay")
    if any(isinstance(handler, RotatingLog) for handler in root.handlers):
        return
    folder = settings.site.state_dir / "logs"
    try:
        make_private_folder(folder)
    except OSError:
        return
    handler = RotatingLog(folder / "relay.log", largest=5_000_000, kept=5)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s %(message)s"))
    root.addHandler(handler)
