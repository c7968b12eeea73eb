"""What a finished work came to, in a few plain sentences for the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay.console import remedies, words
from relay.console.work import Work
from relay.formats import Formats


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
    if work.kind in ("plan", "sync", "settle", "settle_look", "top_up", "top_up_look", "jobs"):
        return told(work.kind, answer, formats)
    if work.kind == "run":
        return _run(answer, formats)
    if work.kind in ("check", "fix"):
        return _findings(answer)
    if work.kind == "look":
        return [
            Told("bad" if answer[f"{system}_problem"] else "good", answer[f"{system}_problem"] or f"{name} answers.")
            for system, name in (("papercut", "PaperCut"), ("officernd", "OfficeRnD"))
        ]
    return []


def told(kind: str, answer: Mapping[str, Any], formats: Formats) -> list[Told]:
    """Return what one command came to, by its answer; [] for one that answered with an error alone."""
    if not answer or set(answer) == {"error"}:
        return []
    if kind == "plan":
        return _people(answer, "would")
    if kind == "sync":
        return _people(answer, "did")
    if kind in ("settle", "settle_look"):
        return _money(answer, formats, "fee", kind == "settle_look")
    if kind in ("top_up", "top_up_look"):
        return _money(answer, formats, "top_up", kind == "top_up_look")
    return [Told("good", _jobs(answer))] if kind == "jobs" else []


def _people(answer: Mapping[str, Any], tense: str) -> list[Told]:
    counts = {**answer.get("users", {}), **{f"group_{k}": v for k, v in answer.get("groups", {}).items()}}
    told = []
    for refusal in answer.get("refused", []):
        told.append(Told("warn", words.LIMITS.get(refusal["code"], (refusal["message"], ""))[0]))
    failures = answer.get("failures", [])
    for failure in failures[:5]:
        told.append(Told("bad", failure.get("message", "")))
    done = counted(counts)
    if tense == "did" and answer.get("applied"):
        told.append(
            Told("warn" if failures else "good", f"Done: {done}." if done else "Everybody was in place already.")
        )
    elif tense == "did":
        told.append(Told("warn", "Nothing was changed."))
    else:
        told.append(Told("", f"This would happen: {done}." if done else "Everybody is in place; nothing would change."))
    if asked := sum(1 for warning in answer.get("warnings", []) if remedies.answers(warning.get("remedies", ()))):
        told.append(Told("", f"{words.plural(asked, 'question')} left open: nobody was guessed."))
    return told


def counted(counts: Mapping[str, int]) -> str:
    """Return "12 new people, 3 accounts changed": the counts of a plan or a sync that are not zero."""
    said = (
        ("create", "new person", "new people"),
        ("adopt", "account taken over as it is", "accounts taken over as they are"),
        ("update", "account changed", "accounts changed"),
        ("rename", "account renamed", "accounts renamed"),
        ("unlink", "account unlinked", "accounts unlinked"),
        ("remove", "person taken away", "people taken away"),
    )
    parts = [words.plural(counts[name], one, many) for name, one, many in said if counts.get(name)]
    groups = [
        words.plural(counts[name], one, many)
        for name, one, many in (
            ("group_create", "new group", "new groups"),
            ("group_remove", "empty group taken away", "empty groups taken away"),
            ("group_membership_changes", "group with other members", "groups with other members"),
        )
        if counts.get(name)
    ]
    return ", ".join([*parts, *groups])


def _money(answer: Mapping[str, Any], formats: Formats, kind: str, looking: bool) -> list[Told]:
    lines = answer.get("movements", [])
    told = []
    if error := answer.get("error"):
        told.append(Told("bad", error["message"]))
    for refusal in answer.get("refused", []):
        told.append(Told("warn", words.LIMITS.get(refusal["code"], (refusal["message"], ""))[0]))
    counts = {state: sum(1 for line in lines if line["state"] == state) for state in ("failed", "in_doubt")}
    counts |= {
        state: sum(1 for line in lines if line["state"] == state and line["kind"] == kind)
        for state in ("posted", "planned")
    }
    noun = ("fee", "fees") if kind == "fee" else ("balance", "balances")
    if looking:
        total = formats.money(answer["total"]) if kind == "fee" else ""
        what = words.plural(counts["planned"], *noun)
        told.append(Told("", f"{what} would be {'made, ' + total + ' in all' if total else 'added'}."))
    else:
        done = words.plural(counts["posted"], *noun)
        total = f", {formats.money(answer['total'])} in all" if kind == "fee" and counts["posted"] else ""
        told.append(
            Told("good" if counts["posted"] else "", f"{done} {'billed' if kind == 'fee' else 'added'}{total}.")
        )
    for other, thing, done in (
        ("included", "debt", "paid by included printing"),
        ("restoration", "balance", "brought back"),
        ("forgiveness", "balance", "forgiven"),
        ("credit", "refund", "taken back"),
    ):
        if found := sum(1 for line in lines if line["state"] in ("posted", "planned") and line["kind"] == other):
            be = " would be" if looking else ""
            told.append(Told("" if looking else "good", f"{words.plural(found, thing)}{be} {done}."))
    if counts["failed"]:
        told.append(Told("warn", f"{words.plural(counts['failed'], 'line')} could not be done; tried again next time."))
    if counts["in_doubt"]:
        told.append(
            Told("bad", f"{words.plural(counts['in_doubt'], 'line')} cannot be told from here: see the questions.")
        )
    if held := len(answer.get("held", [])):
        waits = "wait for your word" if kind == "fee" else "get theirs once what they owe is billed"
        told.append(Told("warn" if kind == "fee" else "", f"{words.plural(held, 'person')} {waits}."))
    told.extend(Told("", note) for note in answer.get("notes", []))
    return told


def _jobs(answer: Mapping[str, Any]) -> str:
    return f"{words.plural(int(answer.get('new', 0)), 'new print job')} read."


def _run(answer: Mapping[str, Any], formats: Formats) -> list[Told]:
    told: list[Told] = []
    for name, title in (("sync", "People"), ("settle", "Fees"), ("top_up", "Balances"), ("jobs", "Print jobs")):
        part = answer.get(name)
        if part is None:
            continue
        if "movements" not in part and "users" not in part and "error" in part:
            told.append(Told("bad", f"{title}: {part['error']['message']}"))
            continue
        if name == "sync":
            found = _people(part, "did")
        elif name == "jobs":
            found = [Told("good", _jobs(part))]
        else:
            found = _money(part, formats, "fee" if name == "settle" else "top_up", False)
        told.extend(Told(item.kind, f"{title}: {item.text}") for item in found)
    if not told:
        told.append(Told("", answer.get("reason") or "Nothing was due."))
    return told


def _findings(answer: Mapping[str, Any]) -> list[Told]:
    findings = answer.get("findings", [])
    errors = sum(1 for finding in findings if finding["severity"] == "error")
    if not findings:
        return [Told("good", "Everything is in order.")]
    if errors:
        return [Told("bad", f"{words.plural(errors, 'thing')} must be put right.")]
    return [
        Told("warn", f"{words.plural(len(findings), 'thing')} to know or to put right; nothing that stops printing.")
    ]
