"""The demo: a member's day through the real code, told with the figures that really came out.

REST, XML-RPC, started programs, files and the ledger are the product's own; only the two servers are stand-ins.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from relay import amounts, config
from relay.cli import terminal
from relay.clock import Clock
from relay.errors import EXIT_DONE, EXIT_FAILED
from relay.progress import Progress
from relay.run import run
from relay.sandbox import rhino
from relay.sandbox.pair import Pair
from relay.site import Site, open_site

TOP_UP = "2.00"
Say = Callable[[str], None]


@dataclass
class Story:
    """What happened, step by step: (step, what, figure); `held` says whether every promise of the demo was kept."""

    steps: list[tuple[str, str, str]] = field(default_factory=list)
    promises: dict[str, bool] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        return EXIT_DONE if all(self.promises.values()) else EXIT_FAILED

    def as_json(self) -> dict[str, Any]:
        return {
            "steps": [{"step": step, "what": what, "figure": figure} for step, what, figure in self.steps],
            "promises": self.promises,
            "seconds": round(self.seconds, 1),
            "ok": self.exit_code == EXIT_DONE,
        }

    def table(self) -> Table:
        return terminal.table("A member's day", ["step", "what", "figure"], self.steps, right=["figure"])


def tell(*, members: int, keep: Path | None, say: Say, progress: Progress) -> Story:
    """Play the day for an organisation of `members` and tell it by `say`; everything lies in `keep` or vanishes."""
    story = Story()
    started_s = time.monotonic()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="papercut-demo-")))
        pair = stack.enter_context(Pair(folder, members=members))
        people, companies = len(pair.organisation.members), len(pair.organisation.companies)
        say(
            f"A made-up organisation of {people} members in {companies} companies, a stand-in "
            f"OfficeRnD at {pair.officernd.url} and an empty stand-in PaperCut at {pair.papercut.url}."
        )
        with pair.config_file.open("a", encoding="utf-8") as file:
            file.write(f'\n[top_up]\namount = "{TOP_UP}"\n')
        settings = config.load(pair.config_file)
        runner = rhino.script_runner(settings.scripts.home / "print_hook.js")
        if runner is not None:
            stack.callback(runner.close)
        pair.papercut.state.script_runner = runner
        site = stack.enter_context(open_site(settings, Clock(), progress))
        _day(story, pair, site, say, script_runs=runner is not None)
        if keep:
            say(f"Everything is kept in {keep}.")
    story.seconds = time.monotonic() - started_s
    say(f"Told in {story.seconds:.1f} s.")
    return story


def _day(story: Story, pair: Pair, site: Site, say: Say, *, script_runs: bool) -> None:
    def step(name: str, what: str, figure: str) -> None:
        story.steps.append((name, what, figure))
        say(f"  {name:<12} {what}: {figure}")

    def money(micros: int) -> str:
        return f"{amounts.text(micros, currency)} {currency}"

    currency = site.settings.site.currency
    sample = pair.logins(1)[0]

    say("\nMorning: the daily run brings the people over.")
    began_s = time.monotonic()
    first = run(site).as_json()
    users, groups = first["sync"]["users"], first["sync"]["groups"]
    took_s = time.monotonic() - began_s
    step(
        "sync", f"{users['create']} users created in {groups['create']} groups, in {took_s:.1f} s", str(users["create"])
    )
    questions = len(first["sync"]["warnings"])
    step("sync", "doubts left as questions, nobody guessed", str(questions))
    story.promises["people are created"] = users["create"] > 0
    step("top-up", f"everybody has this month's {TOP_UP}, once", str(len(first["top_up"]["movements"])))

    say("\nNoon: a member prints.")
    right = pair.papercut.popup_login(sample.email, sample.password)
    wrong = pair.papercut.popup_login(sample.email, sample.password + "?")
    step("popup", f"{sample.email} with the right password", f"OK, as {right.username}")
    step("popup", "the same with a wrong password", "refused" if not wrong.ok else "let in")
    story.promises["the right password logs in"] = right.ok
    story.promises["a wrong password does not"] = not wrong.ok
    before = site.papercut.balance(right.username)
    job = pair.papercut.print_job(
        login=(sample.email, sample.password), printer="Colour", pages=24, colour_pages=9, document="Offer.pdf"
    )
    after = site.papercut.balance(right.username)
    if script_runs:
        step("print script", "ran in Rhino before the job was released", "allowed")
    else:
        step("print script", "needs Java with Rhino, which is not installed here", "skipped")
    step("print", "24 pages, 9 of them in colour", money(amounts.from_double(job.cost)))
    step("balance", "before and after the job", f"{money(before)} -> {money(after)}")

    say("\nNext morning: what the top-up did not cover becomes a fee.")
    second = run(site).as_json()
    fees = [item for item in second["settle"]["movements"] if item["kind"] == "fee"]
    settled = site.papercut.balance(right.username)
    held = pair.officernd.fees()
    for fee in held:
        payer = next((item.name for item in pair.organisation.companies if item.id == fee.get("company")), "the member")
        step("fee", f"in OfficeRnD: {fee['name']!r}, paid by {payer}", f"{fee['price']:.2f} {currency}")
    step("balance", "adjusted by exactly the fee", f"{money(after)} -> {money(settled)}")
    story.promises["one fee of what was owed"] = len(fees) == len(held) == 1 and fees[0]["state"] == "posted"
    story.promises["the balance is zero"] = settled == 0

    say("\nThe same run once more.")
    third = run(site).as_json()
    changes = len(third["sync"]["changes"])
    movements = len(third["settle"]["movements"]) + len(third["top_up"]["movements"])
    again = site.papercut.balance(right.username)
    still = f"{changes}, {movements}, still {len(held)}"
    step("second run", "changes to people, movements of money, fees in OfficeRnD", still)
    story.promises["a second run changes nothing"] = (
        changes == movements == 0 and len(pair.officernd.fees()) == len(held) and again == settled
    )
    say("")
