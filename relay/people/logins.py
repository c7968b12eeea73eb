"""What the auth program's own log tells about one person: the last accepted login, the last refusal and why.

PaperCut logs a clean refusal nowhere, so this is the only trace of it. Reads `logs/auth.log` and its rotated
predecessors; writes nothing.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from papercut_scripts import audit, brake, login
from relay import json_text, plain_files
from relay.language import lazy
from relay.remedy import Remedies, Remedy, as_json

# A stable word of the log -> what it means, as a clause after "The login was refused because".
REASONS: Mapping[str, str] = {
    **{word: lazy(clause) for word, clause in login.reasons().items()},
    "braked": lazy(
        "there had been %(limit)s failures within %(window_s)s minutes; it ends by itself",
        limit=brake.LIMIT,
        window_s=brake.WINDOW_S // 60,
    ),
    "unknown": lazy("nobody in the directory has that name"),
    "departed": lazy("the person has left"),
    "excluded": lazy("the member rules do not admit the person"),
    "unlinked": lazy("the PaperCut account is not linked to an OfficeRnD member"),
    "renaming": lazy("the account was being renamed at that moment"),
    "empty": lazy("the name or the password was empty"),
    "too_long": lazy("the name or the password was longer than 4096 bytes"),
    "not_utf8": lazy("what came was not UTF-8 text"),
    "busy": lazy("another login of the same person was still being checked"),
    "time_out": lazy("it took longer than PaperCut waits"),
    "directory": lazy("there was no usable directory"),
    "home_open": lazy("other accounts may write into the folder of the hand-over files"),
    "failed": lazy("the auth program failed"),
}

# What puts a reason right, where something does. The argument is whom the login was of.
_REMEDIES: Mapping[str, Remedy] = {
    "no_pin": Remedy("issue_pin", ("",)),
    "no_email": Remedy("issue_pin", ("",)),
    "directory": Remedy("sync"),
    "home_open": Remedy("check"),
}

HOUR = timedelta(hours=1)
MANY, MANY_PEOPLE = 10, 5  # refused logins within an hour, and of how many people, that are no coincidence


@dataclass(frozen=True, slots=True)
class RefusedLogin:
    """One refused login. `verdict` is rejected or unavailable, `reason` a word of REASONS, `meaning` its clause."""

    at: datetime
    verdict: str
    reason: str
    meaning: str
    detail: str
    remedies: Remedies = ()


@dataclass(frozen=True, slots=True)
class LoginTrace:
    """The last accepted login (None: never by this log) and the last refusal, whichever came later."""

    accepted_at: datetime | None
    refused: RefusedLogin | None

    def as_json(self) -> dict[str, object]:
        refused = self.refused
        return {
            "accepted_at": self.accepted_at.isoformat() if self.accepted_at else None,
            "refused": refused
            and {
                "at": refused.at.isoformat(),
                "verdict": refused.verdict,
                "reason": refused.reason,
                "meaning": refused.meaning,
                "remedies": as_json(refused.remedies),
            },
        }


def last_login(home: Path, who: str) -> LoginTrace | None:
    """Return the trace of a username, or of a name as somebody typed it; None where the log knows nothing of it.

    `home` is `scripts.home`. A name that nobody has is found too: the log holds a keyed hash of what was typed.
    """
    wanted = who.strip().lower()
    # Only read: a key made here could belong to an account whose files the auth program may not open.
    key = brake.person_key(str(home), wanted) if (Path(home) / "state" / "key").exists() else ""
    accepted: datetime | None = None
    refused: RefusedLogin | None = None
    for line in _newest_first(Path(home) / "logs" / "auth.log", (wanted, *filter(None, [key]))):
        if wanted != line.get("username") and (not key or key != line.get("who")):
            continue
        if line.get("verdict") == "accepted":
            accepted = accepted or line["at"]
        elif refused is None:
            refused = _refusal(line)
        if accepted and refused:
            break
    return LoginTrace(accepted, refused) if accepted or refused else None


@dataclass(frozen=True, slots=True)
class Accepted:
    at: datetime
    username: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The last accepted login of anybody (None: never by this log), and the last refusal after it."""

    accepted: Accepted | None = None
    refused: RefusedLogin | None = None

    def as_json(self) -> dict[str, str | None]:
        return {
            "accepted_at": self.accepted.at.isoformat() if self.accepted else None,
            "refused_at": self.refused.at.isoformat() if self.refused else None,
        }


def latest(home: Path) -> Latest:
    """Return what the log of `scripts.home` tells last: somebody who logged in, and who was refused since."""
    refused: RefusedLogin | None = None
    for line in _newest_first(Path(home) / "logs" / "auth.log"):
        if line.get("verdict") == "accepted":
            return Latest(Accepted(line["at"], str(line.get("username", ""))), refused)
        refused = refused or _refusal(line)
    return Latest(None, refused)


@dataclass(frozen=True, slots=True)
class BulkFailures:
    """An hour in which many people's logins failed: the last of them, how many of how many people, how many got in."""

    until: datetime
    refused: int
    people: int
    accepted: int


def bulk_failures(home: Path, now: datetime) -> BulkFailures | None:
    """Return the last hour of the day behind us in which logins failed in bulk, None where there was none.

    In bulk: MANY or more, of MANY_PEOPLE or more, and more than were accepted. One person who has forgotten a password
    is none, nor is a busy morning with some mistakes.
    """
    recent: deque[tuple[datetime, str, bool]] = deque()
    found: BulkFailures | None = None
    for at, who, accepted in reversed(list(_attempts(home, now - timedelta(hours=25), now))):
        recent.append((at, who, accepted))
        while at - recent[0][0] > HOUR:
            recent.popleft()
        refused = [name for _, name, good in recent if not good]
        if (
            not accepted
            and len(refused) >= MANY
            and len(set(refused)) >= MANY_PEOPLE
            and len(refused) * 2 > len(recent)
        ):
            found = BulkFailures(at, len(refused), len(set(refused)), len(recent) - len(refused))
    return found


def _attempts(home: Path, since: datetime, now: datetime) -> Iterator[tuple[datetime, str, bool]]:
    """Yield who tried to log in and whether that was accepted, the latest first."""
    for line in _newest_first(Path(home) / "logs" / "auth.log"):
        at = line["at"]
        if at < since:
            return
        if line.get("verdict") in ("accepted", "rejected", "unavailable") and at <= now + timedelta(minutes=5):
            yield at, str(line.get("who") or line.get("username") or ""), line["verdict"] == "accepted"


_USERNAME = re.compile(r'"username": "(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """One try to log in; `refused` is a clause that says why it was refused, "" for an accepted one."""

    at: datetime
    refused: str = ""


def of_person(home: Path, username: str, count: int) -> list[LoginAttempt]:
    """Return a person's last logins and refusals, newest first, as far as the log of `scripts.home` goes back."""
    found: list[LoginAttempt] = []
    for line in _newest_first(Path(home) / "logs" / "auth.log", (username,)):
        if line.get("username") != username:
            continue
        accepted = line.get("verdict") == "accepted"
        found.append(LoginAttempt(line["at"], "" if accepted else _refusal(line).meaning))
        if len(found) == count:
            break
    return found


def last_accepted(home: Path) -> dict[str, datetime]:
    """Return when each username last logged in, as far as the log of `scripts.home` goes back."""
    found: dict[str, datetime] = {}
    seen: set[str] = set()
    for text in _lines(Path(home) / "logs" / "auth.log"):
        name = _USERNAME.search(text) if '"accepted"' in text else None
        if name is None or name[0] in seen:  # a log of years is read at once: each person's newest line is enough
            continue
        line = _parsed(text)
        if line is not None and line.get("verdict") == "accepted":
            seen.add(name[0])
            found.setdefault(str(line.get("username", "")), line["at"])
    return found


def _refusal(line: Mapping[str, Any]) -> RefusedLogin:
    reason = str(line.get("reason", ""))
    return RefusedLogin(
        line["at"],
        str(line.get("verdict", "")),
        reason,
        REASONS.get(reason, reason),
        str(line.get("detail", "")),
        (_REMEDIES[reason],) if reason in _REMEDIES else (),
    )


def _newest_first(path: Path, holding: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield the log's lines, the latest first; a line that was cut short by a crash is left out.

    Lines that hold none of `holding`, where anything is named, are not looked at: a search reads them all.
    """
    words = [json.dumps(word, ensure_ascii=False)[1:-1] for word in holding]
    for text in _lines(path):
        if words and not any(word in text for word in words):
            continue
        line = _parsed(text)
        if line is not None:
            yield line


def _lines(path: Path) -> Iterator[str]:
    for file in (path, *(path.with_name(f"{path.name}.{number}") for number in range(1, audit.KEPT + 1))):
        try:
            text = plain_files.text(file, errors="replace")
        except OSError:
            continue
        yield from reversed(text.split("\n"))


def _parsed(text: str) -> dict[str, Any] | None:
    """Return a line of the log, with its moment as `at`; None for what is none."""
    try:
        line: dict[str, Any] = json_text.parsed(text)
        return {**line, "at": json_text.moment(line["time"])}
    except (ValueError, KeyError, TypeError):
        return None
