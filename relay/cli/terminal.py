"""What a person sees on a terminal: progress on standard error, tables on standard output. Decides nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from relay import foreign
from relay.counted import counted
from relay.errors import EXIT_DONE, EXIT_FAILED, EXIT_IN_DOUBT, EXIT_LOCKED, EXIT_REFUSED, EXIT_USAGE
from relay.progress import Phase, Progress

REFUSED_STYLE = "bold red"
SEVERITY_STYLES = {"error": REFUSED_STYLE, "warning": "bold yellow", "info": "bold blue"}
NOTHING_NEXT = "Nothing is to be done: the daily run goes on from here."
FEW_PEOPLE = 5  # of one kind, on a screen
OUTCOMES = {
    EXIT_DONE: "done",
    EXIT_FAILED: "failed",
    EXIT_USAGE: "settings refused",
    EXIT_REFUSED: "refused or held",
    EXIT_IN_DOUBT: "in doubt",
    EXIT_LOCKED: "another run was under way",
}


class _Bar(Phase):
    def __init__(self, bars: Bars, task: Any) -> None:
        self._bars = bars
        self._task = task

    def advance(self, steps: int = 1) -> None:
        self._bars.advance(self._task, steps)


class TerminalProgress(Progress):
    """Bars on a terminal, plain lines elsewhere; always on standard error, so that answers stay clean."""

    def __init__(self, *, lines: bool = True) -> None:
        self._console = _Screen(stderr=True, highlight=False, markup=False)
        self._lines = lines

    @contextmanager
    def phase(self, title: str, total: int | None = None) -> Iterator[Phase]:
        if not self._console.is_terminal:
            yield Phase()
            return
        bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),  # a line of 80 columns holds the longest title beside it
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        with bars:
            yield _Bar(bars, bars.add_task(title, total=total))

    def line(self, text: str) -> None:
        if self._lines:
            self._console.print(plain(text), soft_wrap=True)


def plain(value: str, style: str = "") -> Text:
    """Return a text without markup, and without anything that a terminal would obey."""
    return Text(foreign.visible(value), style=style)


class _Screen(Console):
    """A console that nothing from outside can give an order, however it is printed."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else foreign.visible(segment.text)
            yield segment if text == segment.text else segment._replace(text=text)


def output(*, error: bool = False) -> Console:
    """Return the console for answers: as wide as the terminal, 120 columns where there is none.

    `error`: on standard error, for what is no answer.
    """
    file = sys.stderr if error else sys.stdout
    return _Screen(file=file, highlight=False, markup=False, width=None if file.isatty() else 120)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> Table:
    """Return a table of plain texts; the columns named in `right` are aligned to the right."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(plain(cell) for cell in row))
    return made


def refusals(console: Console, refused: Sequence[Mapping[str, Any]]) -> None:
    """Tell each safety limit that holds or refuses something, with the way to lift it once."""
    for item in refused:
        console.print(plain(f"Held by {item['code']}: {item['message']}", style=REFUSED_STYLE))


def _movements(title: str, movements: Sequence[Mapping[str, Any]], *, with_kind: bool = False) -> Table:
    columns = ["reference", *(["kind"] if with_kind else []), "user", "amount", "state", "note"]
    rows = []
    for one in movements:
        kind = [one["kind"].replace("_", " ")] if with_kind else []
        amount, state = f"{one['amount']} {one['currency']}", one["state"].replace("_", " ")
        rows.append([one["reference"], *kind, one["username"], amount, state, one["note"] or ""])
    return table(title, columns, rows, right=["amount"])


def money_result(console: Console, title: str, answer: Mapping[str, Any]) -> None:
    """Show the answer of `settle` or `top-up`: what was done, what is held and why, what is in doubt."""
    movements = answer["movements"]
    if movements:
        console.print(_movements(title, movements, with_kind=True))
    else:
        waits = answer["held"] or answer["refused"] or "error" in answer
        console.print(f"{title}: no money moved." if waits else f"{title}: nothing to do.")
    if answer["held"]:
        rows = [[item["username"], item["amount"], item["reason"]] for item in answer["held"]]
        console.print(table("Held", ["user", "amount", "why, and what to do"], rows, right=["amount"]))
    refusals(console, answer["refused"])
    for note in answer.get("notes", ()):
        console.print(note, markup=False)
    if "error" in answer:
        console.print(plain(answer["error"]["message"], style=REFUSED_STYLE))
    fees = f"Total of fees: {answer['total']}. " if title == "Settle" else ""
    console.print(f"{fees}In doubt: {answer['in_doubt']}.")
    console.print(plain(_next_with_money([answer])), soft_wrap=True)


def _next_with_money(answers: Sequence[Mapping[str, Any]]) -> str:
    """Return what to do after a settle, a top-up or a whole run: the most urgent first."""
    if any(answer["in_doubt"] for answer in answers):
        return "Next: look whether what is in doubt is there; papercut-relay status names each, and what answers it."
    if any("error" in answer or answer["refused"] for answer in answers):
        return "Next: put right what is said above, then run it again; nothing is done twice."
    from relay.money.decide.remedies import answers_to

    for code in sorted({held["code"] for answer in answers for held in answer["held"]}):
        if said := answers_to(code):
            how = f"papercut-relay approve --held {code} --as {'|'.join(said)} --reason TEXT"
            return f"Next: decide on what is held: {how}."
    return NOTHING_NEXT


def held(console: Console, answer: Mapping[str, Any]) -> None:
    """Show whom and how much a word on everybody held for a reason is about, and who pays what by it."""
    rows = [[one["name"], one["username"], one["payer"], one["since"][:10], one["amount"]] for one in answer["people"]]
    columns = ["person", "account", "who pays", "since", "amount"]
    console.print(table(f"Held for {answer['held']}", columns, rows, right=["amount"]))
    people = counted(len(rows), "person is", "people are")
    payers = "" if answer["as"] != "bill" else f" {len(answer['payers'])} pay for it."
    console.print(plain(f"{people} held for {answer['held']}, {answer['total']} in all.{payers}"))


_SUMS = {
    "opening": "on the accounts when they were linked",
    "printed": "printed",
    "elsewhere": "paid in, refunded or changed in PaperCut",
    "top_ups": "top-ups",
    "included": "included printing",
    "forgiven": "forgiven",
    "credits": "taken back for credits",
    "fees": "billed through OfficeRnD",
    "unsettled": "since the last settle",
    "balance": "on the accounts now",
    "difference": "difference",
}
_STATES = {
    "unmatched": "Does not match: look at these",
    "pending": "Not over yet",
    "explained": "Different, and explained",
}


def discrepancies(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the two-way report: the sums, the four comparisons, then every difference by how it stands."""
    currency, fees = answer["currency"], answer["fees"]
    sums = [[title, answer["site"][name]] for name, title in _SUMS.items()]
    console.print(table(f"{len(answer['people'])} accounts, in {currency}", ["what", "sum"], sums, right=["sum"]))
    rows = [
        [
            f"{row['name']}: {' against '.join(row['sides'])}",
            row["ours"] or "none",
            row["theirs"] or "none",
            "" if row["holds"] else row["difference"] or "unknown",
            "not compared" if not row["compared"] else "holds" if row["holds"] else "does not hold",
        ]
        for row in answer["equations"]
    ]
    columns = ["comparison", "our books", "the other side", "difference", "result"]
    console.print(table("Comparisons", columns, rows, right=columns[1:4]))
    for state, title in _STATES.items():
        lines = [[one["subject"], one["amount"], one["message"]] for one in answer["lines"] if one["state"] == state]
        if lines:
            console.print(table(title, ["who or what", "amount", "what it is"], lines, right=["amount"]))
    console.print(f"{fees['matched']:,} of {counted(fees['total'], 'fee')} match.")
    if not answer["lines"]:
        console.print("Every cent is matched. Nothing is to be done.")
        if not all(row["compared"] for row in answer["equations"]):
            console.print("No job log tells costs, so what was printed stands on the balances alone.")
    elif any(line["state"] == "unmatched" for line in answer["lines"]):
        console.print("Next: look at what does not match; papercut-relay explain WHO tells of one person.")
    else:
        console.print("Nothing is to be done: what is not over yet ends with the next papercut-relay settle.")


def run_result(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the parts of a whole run, a line each."""
    if all(answer[name] is None for name in ("sync", "settle", "top_up", "jobs")):
        console.print(
            f"Nothing is due on business day {answer['business_day']}, and nothing was done: {answer['reason']}."
        )
        return
    console.print(f"Business day {answer['business_day']}")
    for name, title in (("sync", "People"), ("settle", "Fees"), ("top_up", "Top-ups"), ("jobs", "Print jobs")):
        part = answer[name]
        if part is None:
            continue
        if "error" in part and "movements" not in part:
            console.print(plain(f"{title}: {part['error']['message']}", style=REFUSED_STYLE))
        elif name == "sync":
            users = ", ".join(f"{count} {action}" for action, count in part["users"].items() if count)
            asked = counted(len(part["warnings"]), "question or warning", "questions or warnings")
            console.print(f"{title}: {users or 'nobody'}; {asked}.")
            refusals(console, part["refused"])
        elif name == "jobs":
            console.print(f"{title}: {part['new']} new.")
        else:
            posted = [Decimal(item["amount"]) for item in part["movements"] if item["state"] == "posted"]
            total = part["total"] if name == "settle" else sum(posted) or part["total"]  # that sums fees alone
            doubt = f"{len(part['held'])} held, {part['in_doubt']} in doubt"
            console.print(f"{title}: {len(posted)} posted, total {total}, {doubt}.")
            refusals(console, part["refused"])
            if "error" in part:
                console.print(plain(part["error"]["message"], style=REFUSED_STYLE))
    console.print(plain(_next_after_run(answer)), soft_wrap=True)


def _next_after_run(answer: Mapping[str, Any]) -> str:
    """Return what to do after a whole run: money first, then what stopped another part, then questions."""
    parts = [part for name in ("settle", "top_up") if (part := answer[name]) and "movements" in part]
    told = _next_with_money(parts)
    if told != NOTHING_NEXT:
        return told
    if any(part and ("error" in part or part.get("refused")) for part in (answer["sync"], answer["jobs"], *parts)):
        return "Next: put right what is said above, then run it again; nothing is done twice."
    if (answer["sync"] or {}).get("warnings"):
        return "Next: papercut-relay plan shows the questions, each with its answers."
    return NOTHING_NEXT


def jobs_imported(console: Console, text: str, failed: bool) -> None:
    """Show what an import of print jobs found, and what is next."""
    console.print(plain(text), soft_wrap=True)
    done = "Next: papercut-relay statement shows who printed what."
    console.print("Next: put right what is said above, then papercut-relay jobs again." if failed else done)


def _outcome(run: Mapping[str, Any]) -> str:
    return OUTCOMES.get(run["exit_code"], str(run["exit_code"]))


def status(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the site's state: each open question with its next step."""
    from relay.people.decide.everybody import ANSWERS

    console.print(f"Site {answer['site']}, business day {answer['business_day']}")
    next_due = datetime.fromisoformat(answer["next_due"])  # in the site's zone, as everything shown here

    def shown(moment: str) -> str:
        return datetime.fromisoformat(moment).astimezone(next_due.tzinfo).strftime("%Y-%m-%d %H:%M")

    console.print(
        "The daily run is due now." if answer["due"] else f"The next daily run is due {shown(answer['next_due'])}."
    )
    if answer["last_runs"]:
        rows = [
            [item["kind"].replace("_", "-"), shown(item["finished"]), _outcome(item)] for item in answer["last_runs"]
        ]
        console.print(table("Last runs", ["what", "when", "outcome"], rows))
    else:
        console.print("Nothing has run yet.")
    if answer["open"]["lines"]:
        console.print("Open:")
        for line in answer["open"]["lines"]:
            console.print(Padding(Text(line), (0, 0, 0, 4)))
    else:
        console.print("Nothing waits for a person.")
    for stop in answer["stops"]:
        console.print(plain(f"No money moves ({stop['code']}): {stop['message']}", style=REFUSED_STYLE))
    if answer["open_movements"]:
        console.print(_movements("Open movements", answer["open_movements"]))
    why = {**ANSWERS, "switched_off": "because printing was switched off in PaperCut"}
    for kind, people in answer["readiness"].items():
        if people:
            console.print(f"May print and cannot yet, {why[kind]}: {counted(len(people), 'person', 'people')}")
            for person in people[:FEW_PEOPLE]:
                console.print(plain(f"    {person}"), soft_wrap=True)
            if len(people) > FEW_PEOPLE:
                console.print(
                    f"    ... and {len(people) - FEW_PEOPLE} more; all of them with papercut-relay plan --full"
                )
    console.print(plain(_next_by_status(answer)), soft_wrap=True)


def _next_by_status(answer: Mapping[str, Any]) -> str:
    """Return what is to be done about what is open: money before questions."""
    if answer["stops"] or answer["open_movements"]:
        return "Next: answer what stops or waits above; each says how."
    if answer["held"]:
        return "Next: decide on the money that is held; papercut-relay settle --dry-run names whose, and why."
    if answer["open"]["questions"]:
        return "Next: answer the questions; papercut-relay plan shows each with its answers."
    if answer["open"]["lines"]:
        return "Next: see to what is open; papercut-relay check says what to put right."
    return NOTHING_NEXT if answer["last_runs"] else "Next: papercut-relay plan, which shows what a sync would do."


def sites(console: Console, answer: Mapping[str, Any]) -> None:
    """Show a line for every site of the ledger."""
    rows = []
    for one in answer["sites"]:
        run, billed, count = one["last_run"], one["billed"], one["open"]
        waiting = sum(value for name, value in count.items() if name != "lines")
        rows.append(
            [
                one["site"],
                datetime.fromisoformat(run["finished"]).strftime("%Y-%m-%d %H:%M UTC") if run else "never",
                _outcome(run) if run else "",
                f"{waiting:,}" if waiting else "",
                f"{billed['amount']} {billed['currency']}",
                one["version"],
            ]
        )
    columns = ["site", "last run", "outcome", "open", f"billed in {answer['sites'][0]['billed']['month']}", "version"]
    console.print(table("Sites of the ledger", columns, rows, right=["open", columns[4]]))
    waits = [row[0] for row in rows if row[3] or row[1] == "never"]
    done = "Nothing waits for a person at any site."
    console.print(plain(f"Next: papercut-relay status at {', '.join(waits)}." if waits else done), soft_wrap=True)


def findings(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the findings of `check`, the worst first, each with what its fix would do."""
    if not answer["findings"]:
        console.print("Everything is in order. Nothing is to be done.")
        return
    for item in answer["findings"]:
        console.print(
            Text.assemble((item["severity"], SEVERITY_STYLES.get(item["severity"], "bold")), f"  {item['code']}")
        )
        console.print(Padding(plain(item["message"]), (0, 0, 0, 4)))
        if item["fix"]:
            told = f"papercut-relay check --fix {item['fix']['code']}: {item['fix']['does']}"
            console.print(Padding(plain(told, style="italic"), (0, 0, 0, 4)))
    if any(item["severity"] != "info" for item in answer["findings"]):
        console.print("Next: put right what is said above, errors first; papercut-relay check looks again.")
    else:
        console.print("Nothing must be put right; these are to know.")
