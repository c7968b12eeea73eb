"""What a finished work came to, in a few plain sentences for the page that shows it."""

from __future__ import annotations

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
    if work.kind in ("plan", "sync", "settle", "settle_look", "top_up", "top_up_look", "jobs"):
        return told(work.kind, answer, formats)
    if work.kind == "run":
        return _run(answer, formats)
    if work.kind in ("check", "fix"):
        return _findings(answer)
    if work.kind == "look":
        return [
            Told(
                "bad" if answer[f"{system}_problem"] else "good",
                answer[f"{system}_problem"] or gettext("%(name)s answers.", name=name),
            )
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
        told.append(Told("warn", words.refusal(refusal)[0]))
    failures = answer.get("failures", [])
    for failure in failures[:5]:
        told.append(Told("bad", failure.get("message", "")))
    done = counted(counts)
    if failures:
        told.append(
            Told(
                "warn",
                ngettext(
                    "%(num)s change of these failed and is tried again by the next sync: %(what)s.",
                    "%(num)s changes of these failed and are tried again by the next sync: %(what)s.",
                    len(failures),
                    what=done,
                ),
            )
        )
    elif tense == "did" and answer.get("applied"):
        told.append(
            Told(
                "good",
                gettext("Done: %(what)s.", what=done) if done else gettext("Everybody was already in place."),
            )
        )
    elif tense == "did":
        told.append(Told("warn", gettext("Nothing was changed.")))
    else:
        told.append(
            Told(
                "",
                gettext("This would happen: %(what)s.", what=done)
                if done
                else gettext("Everybody is in place; nothing would change."),
            )
        )
    if asked := sum(1 for warning in answer.get("warnings", []) if remedies.answers(warning.get("remedies", ()))):
        told.append(
            Told(
                "",
                ngettext(
                    "%(num)s question left open: nothing was guessed.",
                    "%(num)s questions left open: nothing was guessed.",
                    asked,
                ),
            )
        )
    return told


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


def counted(counts: Mapping[str, int]) -> str:
    """Return "12 new people, 3 accounts changed": the counts of a plan or a sync that are not zero."""
    return ", ".join(ngettext(*forms, counts[name]) for name, forms in _COUNTED.items() if counts.get(name))


def _money(answer: Mapping[str, Any], formats: Formats, kind: str, looking: bool) -> list[Told]:
    lines = answer.get("movements", [])
    told = []
    if error := answer.get("error"):
        told.append(Told("bad", error["message"]))
    for refusal in answer.get("refused", []):
        told.append(Told("warn", words.refusal(refusal)[0]))
    counts = {state: sum(1 for line in lines if line["state"] == state) for state in ("failed", "in_doubt")}
    counts |= {
        state: sum(1 for line in lines if line["state"] == state and line["kind"] == kind)
        for state in ("posted", "planned")
    }
    told.append(_main(counts, kind, looking, formats.money(answer.get("total", "0"))))
    for other, (would, did) in _OTHERS.items():
        if found := sum(1 for line in lines if line["state"] in ("posted", "planned") and line["kind"] == other):
            told.append(Told("", ngettext(*would, found)) if looking else Told("good", ngettext(*did, found)))
    if counts["failed"]:
        told.append(
            Told(
                "warn",
                ngettext(
                    "%(num)s line could not be done; it is tried again next time.",
                    "%(num)s lines could not be done; they are tried again next time.",
                    counts["failed"],
                ),
            )
        )
    if counts["in_doubt"]:
        told.append(
            Told(
                "bad",
                ngettext(
                    "%(num)s line is in doubt: see the questions.",
                    "%(num)s lines are in doubt: see the questions.",
                    counts["in_doubt"],
                ),
            )
        )
    if held := len(answer.get("held", [])):
        told.append(
            Told(
                "warn",
                ngettext("%(num)s person waits for your decision.", "%(num)s people wait for your decision.", held),
            )
            if kind == "fee"
            else Told(
                "",
                ngettext(
                    "%(num)s person gets theirs once what they owe is billed.",
                    "%(num)s people get theirs once what they owe is billed.",
                    held,
                ),
            )
        )
    told.extend(Told("", note) for note in answer.get("notes", []))
    return told


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


def _main(counts: Mapping[str, int], kind: str, looking: bool, total: str) -> Told:
    """Return how many fees or balances there are, or would be."""
    planned, posted = counts["planned"], counts["posted"]
    if looking and kind == "fee":
        return Told(
            "",
            ngettext(
                "%(num)s fee would be made, %(total)s in all.",
                "%(num)s fees would be made, %(total)s in all.",
                planned,
                total=total,
            ),
        )
    if looking:
        return Told("", ngettext("%(num)s balance would be added.", "%(num)s balances would be added.", planned))
    if kind != "fee":
        text = ngettext("%(num)s balance added.", "%(num)s balances added.", posted)
    elif posted:
        text = ngettext(
            "%(num)s fee billed, %(total)s in all.", "%(num)s fees billed, %(total)s in all.", posted, total=total
        )
    else:
        text = gettext("No fees billed.")
    return Told("good" if posted else "", text)


def _jobs(answer: Mapping[str, Any]) -> str:
    return ngettext("%(num)s new print job read.", "%(num)s new print jobs read.", int(answer.get("new", 0)))


def _run(answer: Mapping[str, Any], formats: Formats) -> list[Told]:
    told: list[Told] = []
    for name, title in (
        ("sync", gettext("People")),
        ("settle", gettext("Fees")),
        ("top_up", gettext("Balances")),
        ("jobs", gettext("Print jobs")),
    ):
        part = answer.get(name)
        if part is None:
            continue
        if "movements" not in part and "users" not in part and "error" in part:
            told.append(Told("bad", joined(title, part["error"]["message"], by=": ")))
            continue
        if name == "sync":
            found = _people(part, "did")
        elif name == "jobs":
            found = [Told("good", _jobs(part))]
        else:
            found = _money(part, formats, "fee" if name == "settle" else "top_up", False)
        told.extend(Told(item.kind, joined(title, item.text, by=": ")) for item in found)
    if not told:
        told.append(Told("", answer.get("reason") or gettext("Nothing was due.")))
    return told


def _findings(answer: Mapping[str, Any]) -> list[Told]:
    findings = answer.get("findings", [])
    errors = sum(1 for finding in findings if finding["severity"] == "error")
    if not findings:
        return [Told("good", gettext("Everything is in order."))]
    if errors:
        return [Told("bad", ngettext("%(num)s thing must be put right.", "%(num)s things must be put right.", errors))]
    return [
        Told(
            "warn",
            ngettext(
                "%(num)s thing to know or to put right; nothing that stops printing.",
                "%(num)s things to know or to put right; nothing that stops printing.",
                len(findings),
            ),
        )
    ]
