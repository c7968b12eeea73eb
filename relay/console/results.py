"""What a finished work came to, in a few plain sentences for the page that shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay.console import remedies, words
from relay.console.work import Work
from relay.formats import Formats
from relay.language import gettext, joined, marked, ngettext


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence; `kind` is good, warn, bad or "" for neither."""

    kind: str
    text: str


@dataclass(frozen=True)
class Done:
    """An answer of the console's own, in the form that works keep."""

    fields: Mapping[str, Any]
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return dict(self.fields)


def summary(work: Work, formats: Formats) -> list[Told]:
    """Return what `work` came to; [] where its own page tells it."""
    answer = work.answer or {}
    if work.state != "done":
        return []
    if work.kind == "run":
        return _run(answer, formats)
    if work.kind in ("check", "fix"):
        return _findings(answer)
    if work.kind == "look":
        problems = {"PaperCut": answer["papercut_problem"], "OfficeRnD": answer["officernd_problem"]}
        return [
            Told("bad" if problem else "good", problem or gettext("%(name)s answers.", name=name))
            for name, problem in problems.items()
        ]
    return told(work.kind, answer, formats)


def told(kind: str, answer: Mapping[str, Any], formats: Formats) -> list[Told]:
    """Return what one command came to, by its answer; [] for one that answered with an error alone."""
    if not answer or set(answer) == {"error"}:
        return []
    if kind in ("plan", "sync"):
        return _people(answer, is_plan=kind == "plan")
    if kind in ("settle", "settle_look", "top_up", "top_up_look"):
        return _money(answer, formats, kind.removesuffix("_look"), is_look=kind.endswith("_look"))
    return [_jobs(answer)] if kind == "jobs" else []


def _people(answer: Mapping[str, Any], *, is_plan: bool) -> list[Told]:
    told = [Told("warn", words.refusal(refusal)[0]) for refusal in answer.get("refused", [])]
    failures = answer.get("failures", [])
    told += [Told("bad", failure.get("message", "")) for failure in failures[:5]]
    done = counted(answer)
    if failures:
        text = ngettext(
            "%(num)s change of these failed and is tried again by the next sync: %(what)s.",
            "%(num)s changes of these failed and are tried again by the next sync: %(what)s.",
            len(failures),
            what=done,
        )
        told.append(Told("warn", text))
    elif is_plan:
        nothing = gettext("Everybody is in place; nothing would change.")
        told.append(Told("", gettext("This would happen: %(what)s.", what=done) if done else nothing))
    elif answer.get("applied"):
        nothing = gettext("Everybody was already in place.")
        told.append(Told("good", gettext("Done: %(what)s.", what=done) if done else nothing))
    else:
        told.append(Told("warn", gettext("Nothing was changed.")))
    if asked := sum(1 for warning in answer.get("warnings", []) if remedies.answers(warning.get("remedies", ()))):
        told.append(Told("", ngettext(*_ASKED, asked)))
    return told


_ASKED = marked("%(num)s question left open: nothing was guessed.", "%(num)s questions left open: nothing was guessed.")
# What a plan or a sync did, a count each, in this order.
_COUNTED: Mapping[str, tuple[str, str]] = {
    "create": marked("%(num)s new person", "%(num)s new people"),
    "adopt": marked("%(num)s account taken over as it is", "%(num)s accounts taken over as they are"),
    "update": marked("%(num)s account changed", "%(num)s accounts changed"),
    "rename": marked("%(num)s account renamed", "%(num)s accounts renamed"),
    "unlink": marked("%(num)s account unlinked", "%(num)s accounts unlinked"),
    "remove": marked("%(num)s person taken away", "%(num)s people taken away"),
    "group_create": marked("%(num)s new group", "%(num)s new groups"),
    "group_remove": marked("%(num)s empty group taken away", "%(num)s empty groups taken away"),
    "group_membership_changes": marked("%(num)s group with other members", "%(num)s groups with other members"),
}


def counted(answer: Mapping[str, Any]) -> str:
    """Return "12 new people, 3 accounts changed": the counts of a plan or a sync that are not zero."""
    counts = answer.get("users", {}) | {f"group_{name}": count for name, count in answer.get("groups", {}).items()}
    return ", ".join(ngettext(*forms, counts[name]) for name, forms in _COUNTED.items() if counts.get(name))


def _money(answer: Mapping[str, Any], formats: Formats, command: str, *, is_look: bool) -> list[Told]:
    """Return what a billing (`settle`) or what is added to balances (`top_up`) came to, or would come to."""
    lines = answer.get("movements", [])
    told = [Told("bad", answer["error"]["message"])] if answer.get("error") else []
    told += [Told("warn", words.refusal(refusal)[0]) for refusal in answer.get("refused", [])]
    done = Counter((line["kind"], line["state"]) for line in lines)
    states = Counter(line["state"] for line in lines)
    count = done["fee" if command == "settle" else "top_up", "planned" if is_look else "posted"]
    text = ngettext(*_MAIN[command, is_look], count, total=formats.money(answer.get("total", "0")))
    if command == "settle" and not is_look and not count:
        text = gettext("No fees billed.")
    told.append(Told("good" if count and not is_look else "", text))
    for kind, (would, did) in _OTHERS.items():
        if count := done[kind, "posted"] + done[kind, "planned"]:
            told.append(Told("", ngettext(*would, count)) if is_look else Told("good", ngettext(*did, count)))
    told += [Told(how, ngettext(*forms, states[state])) for state, (how, forms) in _LEFT.items() if states[state]]
    if held := len(answer.get("held", [])):
        how, forms = _HELD[command]
        told.append(Told(how, ngettext(*forms, held)))
    return told + [Told("", note) for note in answer.get("notes", [])]


# A command, and whether it only looked -> how many fees or balances there are, or would be.
_MAIN: Mapping[tuple[str, bool], tuple[str, str]] = {
    ("settle", True): marked(
        "%(num)s fee would be made, %(total)s in all.", "%(num)s fees would be made, %(total)s in all."
    ),
    ("settle", False): marked("%(num)s fee billed, %(total)s in all.", "%(num)s fees billed, %(total)s in all."),
    ("top_up", True): marked("%(num)s balance would be added.", "%(num)s balances would be added."),
    ("top_up", False): marked("%(num)s balance added.", "%(num)s balances added."),
}

# What else a billing does: kind -> (what it would do, what it did).
_OTHERS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "included": (
        marked("%(num)s debt would be paid by included printing.", "%(num)s debts would be paid by included printing."),
        marked("%(num)s debt paid by included printing.", "%(num)s debts paid by included printing."),
    ),
    "restoration": (
        marked("%(num)s balance would be brought back.", "%(num)s balances would be brought back."),
        marked("%(num)s balance brought back.", "%(num)s balances brought back."),
    ),
    "forgiveness": (
        marked("%(num)s balance would be forgiven.", "%(num)s balances would be forgiven."),
        marked("%(num)s balance forgiven.", "%(num)s balances forgiven."),
    ),
    "credit": (
        marked("%(num)s refund would be taken back.", "%(num)s refunds would be taken back."),
        marked("%(num)s refund taken back.", "%(num)s refunds taken back."),
    ),
}

# What is not done yet, by the state of a line, and what is held -> how it is told.
_LEFT: Mapping[str, tuple[str, tuple[str, str]]] = {
    "failed": (
        "warn",
        marked(
            "%(num)s line could not be done; it is tried again next time.",
            "%(num)s lines could not be done; they are tried again next time.",
        ),
    ),
    "in_doubt": (
        "bad",
        marked("%(num)s line is in doubt: see the questions.", "%(num)s lines are in doubt: see the questions."),
    ),
}
_HELD: Mapping[str, tuple[str, tuple[str, str]]] = {
    "settle": ("warn", marked("%(num)s person waits for your decision.", "%(num)s people wait for your decision.")),
    "top_up": (
        "",
        marked(
            "%(num)s person gets theirs once what they owe is billed.",
            "%(num)s people get theirs once what they owe is billed.",
        ),
    ),
}


def _jobs(answer: Mapping[str, Any]) -> Told:
    count = int(answer.get("new", 0))
    return Told("good", ngettext("%(num)s new print job read.", "%(num)s new print jobs read.", count))


def _run(answer: Mapping[str, Any], formats: Formats) -> list[Told]:
    found: list[Told] = []
    for name, title in (
        ("sync", gettext("People")),
        ("settle", gettext("Fees")),
        ("top_up", gettext("Balances")),
        ("jobs", gettext("Print jobs")),
    ):
        part = answer.get(name) or {}
        if "error" in part and "movements" not in part and "users" not in part:
            found.append(Told("bad", joined(title, part["error"]["message"], by=": ")))
        else:
            found += [Told(one.kind, joined(title, one.text, by=": ")) for one in told(name, part, formats)]
    return found or [Told("", answer.get("reason") or gettext("Nothing was due."))]


def _findings(answer: Mapping[str, Any]) -> list[Told]:
    findings = answer.get("findings", [])
    errors = sum(1 for finding in findings if finding["severity"] == "error")
    if not findings:
        return [Told("good", gettext("Everything is in order."))]
    if errors:
        return [Told("bad", ngettext("%(num)s thing must be put right.", "%(num)s things must be put right.", errors))]
    text = ngettext(
        "%(num)s thing to know or to put right; nothing that stops printing.",
        "%(num)s things to know or to put right; nothing that stops printing.",
        len(findings),
    )
    return [Told("warn", text)]
