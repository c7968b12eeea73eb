"""What a check says: findings, what would put them right, and the answer of `papercut-relay check`.

Plain values; nothing here reads or writes a system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from relay.clock import Clock
from relay.config import Settings
from relay.errors import EXIT_DONE, EXIT_FAILED
from relay.finding import Finding
from relay.officernd.client import OfficeRnD
from relay.papercut.client import PaperCut
from relay.progress import Progress

Need = Literal["papercut", "officernd"] | None


@dataclass(frozen=True)
class CheckResult:
    """Every finding, the worst first; `ok` when none is an error. `passed` says what was looked at and is right."""

    findings: tuple[Finding, ...]
    passed: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return all(finding.severity != "error" for finding in self.findings)

    @property
    def exit_code(self) -> int:
        return EXIT_DONE if self.ok else EXIT_FAILED

    def as_json(self) -> dict[str, Any]:
        found = [finding.as_json() for finding in self.findings]
        return {"findings": found, "ok": self.ok, "passed": list(self.passed)}


@dataclass
class CheckedSite:
    """What the checks look at. A client is None until its system has been reached; `health` is PaperCut's own word."""

    settings: Settings
    clock: Clock
    progress: Progress
    papercut: PaperCut | None = None
    officernd: OfficeRnD | None = None
    health: dict[str, Any] = field(default_factory=dict)

    def has(self, needed: Need) -> bool:
        return needed is None or (self.papercut if needed == "papercut" else self.officernd) is not None

    @property
    def reached_papercut(self) -> PaperCut:
        assert self.papercut is not None
        return self.papercut

    @property
    def reached_officernd(self) -> OfficeRnD:
        assert self.officernd is not None
        return self.officernd


@dataclass(frozen=True)
class Fix:
    """How findings of one code are put right, all of them at once.

    `in_all` is False for what a person has to choose by name (printers); `warning` says what cannot be taken back.
    """

    code: str
    apply: Callable[[CheckedSite, list[Finding]], None]
    in_all: bool = True
    warning: str = ""


@dataclass(frozen=True)
class Check:
    """One precondition to look at; `passes` says what it means to find nothing at all.

    `needs` is the system that has to answer before anything can be looked at.
    """

    look: Callable[[CheckedSite], Iterator[Finding]]
    passes: str
    needs: Need = None
    fixes: tuple[Fix, ...] = ()
