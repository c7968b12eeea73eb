"""A published print script in a real Rhino, to be run again and again on made-up jobs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relay.people.act import print_script
from relay.sandbox import rhino
from tests.support.settings_example import example_settings

BLOCKED, UNLINKED, EVERYONE = "[OfficeRnD Not Allowed]", "UNLINKED_MEMBERS_TO_OFFICERND", "[OfficeRnD Members]"
MEMBER = ("Acme", EVERYONE)
PERSON = ("[Individual Member]", EVERYONE)


class Script:
    """A published script that can be run again and again on made-up jobs."""

    def __init__(self, host: rhino.Host, folder: Path, wrap: bool) -> None:
        self._host, self._folder, self._wrap = host, folder, wrap
        self.path = folder / "print_hook.js"
        self.publish()

    def publish(self, **sections: dict[str, Any]) -> None:
        self.path.write_text(print_script.render(example_settings(self._folder, **sections)))
        os.utime(self.path, ns=(0, hash(str(sections)) % 10**15))

    def break_it(self, old: str, new: str) -> None:
        text = self.path.read_text()
        assert old in text
        self.path.write_text(text.replace(old, new))

    def run(
        self,
        *,
        groups: tuple[str, ...] = MEMBER,
        answers: Mapping[str, object] | None = None,
        client: bool = True,
        balance: float = 0.0,
        username: str = "ann",
        hook: str = "printJobHook",
        analysed: bool = True,
        user: Mapping[str, object] | None = None,
        runs: int = 1,
        **job: object,
    ) -> list[list[Any]]:
        """Return the calls of the last of `runs` runs, all of which must be the same; "log" and errors included."""
        inputs = inputs_of(username, job, groups=groups, client=client, balance=balance, analysed=analysed)
        inputs["user"] |= user or {}
        request = {"script": str(self.path), "hook": hook, "inputs": inputs, "answers": dict(answers or {})}
        request["wrap"] = self._wrap
        done = [self._host.run(request) for _ in range(runs)]
        assert "error" not in done[0], done[0]
        assert all(run["calls"] == done[0]["calls"] for run in done)
        calls: list[list[Any]] = done[0]["calls"]
        return calls


def inputs_of(
    username: str,
    job: Mapping[str, object],
    *,
    groups: tuple[str, ...] = (),
    client: bool = True,
    balance: float = 0.0,
    analysed: bool = True,
) -> dict[str, dict[str, object]]:
    """Return what a hook is given: three pages for 1.20 unless `job` says otherwise."""
    facts: dict[str, object] = {"username": username, "documentName": "plan.pdf", "isAnalysisComplete": analysed}
    facts |= {"fullPrinterName": "srv\\hp", "date": 1764000000000}
    if analysed:
        facts |= {"cost": 1.2, "totalPages": 3, "totalColorPages": 0}
    return {
        "job": facts | job,
        "user": {"username": username, "balance": balance, "groups": list(groups)},
        "client": {"isRunning": client},
    }


def names(calls: list[list[Any]]) -> list[str]:
    return [f"{call[0]}.{call[1]}" for call in calls]


def said(calls: list[list[Any]], name: str) -> str:
    """Return the first text of the one call of that name."""
    (call,) = [call for call in calls if f"{call[0]}.{call[1]}" == name]
    return str(call[2])
