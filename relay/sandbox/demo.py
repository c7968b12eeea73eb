"""The demo: a member's first days through the real code, then a month of work, told with the figures that came out.

REST, XML-RPC, started programs, files and the ledger are the product's own; only the two servers are stand-ins, and the
clock is moved, so that a month takes seconds.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from relay import amounts, config, money
from relay.clock import Clock
from relay.config import Settings
from relay.errors import EXIT_DONE, EXIT_FAILED, UsageError
from relay.held_files import scratch_folder
from relay.people.decide.everybody import sentence
from relay.progress import Progress
from relay.run import run
from relay.sandbox import dialog, history, rhino
from relay.sandbox import folder as folders
from relay.sandbox.organisation import LoginSample
from relay.sandbox.pair import Pair
from relay.sandbox.papercut.printing import JobFacts, ScriptVerdict
from relay.site import Site, open_site

DAYS = 30
TOP_UP = "2.00"
NOON = timedelta(hours=5)  # after the morning's work
DOCUMENT = "Offer.pdf"
FIRST_SETTINGS = f"""
[top_up]
amount = "{TOP_UP}"

[print]
confirm_above = "1.00"

[jobs]
cost_column = "11"
"""
LATER_SETTINGS = """
[[included.plan]]
plan = "OFFICE"
amount = "3.00"
"""
Say = Callable[[str], None]
Stay = Callable[[Path], object]


@dataclass
class Story:
    """What happened, step by step: (step, what, figure); `held` says whether every promise of the demo was kept."""

    members: Mapping[str, Any] = field(default_factory=dict)
    steps: list[tuple[str, str, str]] = field(default_factory=list)
    promises: dict[str, bool] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        return EXIT_DONE if all(self.promises.values()) else EXIT_FAILED

    def as_json(self) -> dict[str, Any]:
        return {
            "members": self.members,
            "steps": [{"step": step, "what": what, "figure": figure} for step, what, figure in self.steps],
            "promises": self.promises,
            "seconds": round(self.seconds, 1),
            "ok": self.exit_code == EXIT_DONE,
        }


def tell(
    *, members: int, keep: Path | None, say: Say, progress: Progress, stay: Stay | None = None, days: int = DAYS
) -> Story:
    """Play it for an organisation of `members` and tell it by `say`; everything lies in `keep` or vanishes.

    `stay` is called with the settings' file at the end, while both stand-ins still run; what it says comes last.
    """
    if keep is not None and (keep / folders.SETTINGS).exists():
        raise UsageError(f"{keep} holds settings already, and the demo begins with a new folder: name another one.")
    story = Story()
    started_s = time.monotonic()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(scratch_folder("demo")))
        clock = history.clock_before(days)
        pair = stack.enter_context(Pair(folder, members=members, clock=clock))
        people, companies = len(pair.organisation.members), len(pair.organisation.companies)
        say(
            f"A made-up organisation of {people} members in {companies} companies, a stand-in "
            f"OfficeRnD at {pair.officernd.url} and an empty stand-in PaperCut at {pair.papercut.url}."
        )
        _Telling(story, pair, clock, say, progress).tell(days)
        clock.move_to_present()
        if keep:
            say(f"Everything is kept in {keep}.")
        story.seconds = time.monotonic() - started_s
        say(f"Told in {story.seconds:.1f} s." + ("" if story.exit_code == EXIT_DONE else " " + _broken(story)))
        if stay is not None:
            stay(pair.config_file)
    return story


def _broken(story: Story) -> str:
    return f"NOT as promised: {', '.join(name for name, held in story.promises.items() if not held)}."


class _Telling:
    """The days of the demo in their order; `step` tells and keeps one thing that happened."""

    def __init__(self, story: Story, pair: Pair, clock: history.MovedClock, say: Say, progress: Progress) -> None:
        self.story, self.pair, self.clock, self.say, self.progress = story, pair, clock, say, progress
        self.who: LoginSample = pair.logins(1)[0]
        self.currency = pair.organisation.currency

    def tell(self, days: int) -> None:
        _append(self.pair.config_file, FIRST_SETTINGS)
        with ExitStack() as stack:
            settings = self._settings(days)
            past = history.mornings(settings, Clock(), days)
            host = rhino.script_runner(settings.scripts.home / "print_hook.js")
            script = _Watched(host) if host is not None else None
            if host is not None:
                stack.callback(host.close)
            self.pair.papercut.state.script_runner = script
            site = stack.enter_context(open_site(settings, self.clock, self.progress))
            self._first_morning(site, past[0])
            username, owed = self._noon(site, past[0] + NOON, script)
            self._next_morning(site, past[1], username, owed)
            self._once_more(site, username)
        self.pair.papercut.state.script_runner = None
        _append(self.pair.config_file, LATER_SETTINGS)
        with open_site(self._settings(days), self.clock, self.progress) as site:
            self._month(site, past[1:])

    def step(self, name: str, what: str, figure: str) -> None:
        self.story.steps.append((name, what, figure))
        self.say(f"  {name:<12} {what}: {figure}" if figure else f"  {name:<12} {what}")

    def _settings(self, days: int) -> Settings:
        return history.settings_then(config.load(self.pair.config_file), days)

    def _money(self, micros: int) -> str:
        return amounts.with_currency(micros, self.currency)

    def _first_morning(self, site: Site, moment: datetime) -> None:
        self.clock.move_to(moment)
        self.say(f"\n{moment:%A} {moment.day} {moment:%B}: the first daily run brings the people over.")
        began_s = time.monotonic()
        answer = run(site).as_json()
        sync = answer["sync"]
        self.story.members = sync["everybody"]
        for line in textwrap.wrap(sentence(sync["everybody"]), dialog.WIDTH):
            self.say(f"  {line}")
        users, groups = sync["users"]["create"], sync["groups"]["create"]
        self.step("sync", f"accounts made, in {groups} groups, in {time.monotonic() - began_s:.1f} s", str(users))
        self.step("top-up", f"everybody has this month's {TOP_UP}, once", str(len(answer["top_up"]["movements"])))
        self.story.promises["people are created"] = users > 0
        counted = sync["everybody"]
        self.story.promises["everybody is accounted for"] = counted["members"] == len(self.pair.organisation.members)

    def _noon(self, site: Site, moment: datetime, script: _Watched | None) -> tuple[str, int]:
        """Log in and print; return the username and the balance afterwards, micros."""
        self.clock.move_to(moment)
        self.say("\nNoon: a member prints.")
        who, papercut = self.who, self.pair.papercut
        right = papercut.popup_login(who.email, who.password)
        wrong = papercut.popup_login(who.email, who.password + "?")
        self.step("popup", f"{who.email} with the right password", f"OK, as {right.username}")
        self.step("popup", "the same with a wrong password", "refused" if not wrong.ok else "let in")
        self.story.promises["the right password logs in"] = right.ok
        self.story.promises["a wrong password does not"] = not wrong.ok
        before = site.papercut.balance(right.username)
        job = papercut.print_job(
            login=(who.email, who.password), printer="Colour", pages=24, colour_pages=9, document=DOCUMENT
        )
        after = site.papercut.balance(right.username)
        if script is not None:
            self.step("print script", "run by Rhino, PaperCut's own engine, asks before the job is released", "")
        else:
            self.step("print script", "asks before the job is released (a picture: no Java with Rhino here)", "")
        for line in dialog.drawn((script and script.asked) or dialog.PICTURE):
            self.say(f"    {line}")
        self.step("print", "24 pages, 9 of them in colour", self._money(amounts.from_double(job.cost)))
        self.step("balance", "before and after the job", f"{self._money(before)} -> {self._money(after)}")
        return right.username, after

    def _next_morning(self, site: Site, moment: datetime, username: str, owed: int) -> None:
        self.clock.move_to(moment)
        self.say("\nNext morning: what the top-up did not cover becomes a fee.")
        movements = run(site).as_json()["settle"]["movements"]
        fees = [item for item in movements if item["kind"] == "fee"]
        settled = site.papercut.balance(username)
        held = self.pair.officernd.fees()
        companies = {item.id: item.name for item in self.pair.organisation.companies}
        for fee in held:
            payer = companies.get(str(fee.get("company")), "the member")
            self.step("fee", f"in OfficeRnD, paid by {payer}", f"{fee['price']:.2f} {self.currency}")
            self.say(f"    {fee['name']}")
        self.step("balance", "adjusted by exactly the fee", f"{self._money(owed)} -> {self._money(settled)}")
        self.story.promises["one fee of what was owed"] = len(fees) == len(held) == 1 and fees[0]["state"] == "posted"
        self.story.promises["the balance is zero"] = settled == 0

    def _once_more(self, site: Site, username: str) -> None:
        self.say("\nThe same run once more.")
        before, settled = len(self.pair.officernd.fees()), site.papercut.balance(username)
        answer = run(site).as_json()
        changes = len(answer["sync"]["changes"])
        movements = len(answer["settle"]["movements"]) + len(answer["top_up"]["movements"])
        after = len(self.pair.officernd.fees())
        figure = f"{changes}, {movements}, still {after}"
        self.step("second run", "changes to people, movements of money, fees in OfficeRnD", figure)
        self.story.promises["a second run changes nothing"] = (
            changes == movements == 0 and before == after and site.papercut.balance(username) == settled
        )

    def _month(self, site: Site, past: Sequence[datetime]) -> None:
        self.say("\nA month of work, in which private offices have 3.00 of printing included.")
        printed = history.play(self.pair, site, self.clock, past)
        held = self.pair.officernd.fees()
        total = sum(amounts.from_double(fee["price"]) for fee in held)
        self.step("since then", f"print jobs on {len(past)} working days", str(printed))
        self.step("since then", f"fees in OfficeRnD, {len(held)} of them", self._money(total))
        books = money.discrepancies(site).as_json()
        unmatched = [row for row in books["equations"] if not row["holds"]]
        self.step("books", "the ledger, PaperCut and OfficeRnD compared, every cent", _verdict(unmatched))
        self.story.promises["every cent matches"] = not unmatched


def _verdict(unmatched: Sequence[Mapping[str, Any]]) -> str:
    return "all four equations hold" if not unmatched else f"{', '.join(row['name'] for row in unmatched)} differ"


def _append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(text)


class _Watched:
    """A print script whose last question is kept: the title and the text that the person at the client saw."""

    def __init__(self, runner: rhino.Runner) -> None:
        self._runner = runner
        self.asked: tuple[str, ...] = ()

    def __call__(self, facts: JobFacts, /) -> ScriptVerdict:
        verdict = self._runner(facts)
        for line in verdict.log:
            called, _, text = line.partition(": ")
            if called == "client.promptPrintCancel":
                self.asked = dialog.of_html(text)
        return verdict
