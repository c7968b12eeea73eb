"""A finding: one thing that an operator should know, as `check` and the import of print jobs tell it. A plain value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from relay.remedy import Remedies, as_json

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be, or that cannot be seen from here.

    `subject` is whom or what it hits, `message` one sentence with what to do; `does` is what `--fix CODE` would change,
    "" where it cannot be put right from here.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    does: str = ""
    remedies: Remedies = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "subject": self.subject,
            "message": self.message,
            "fix": {"code": self.code, "does": self.does} if self.does else None,
            "remedies": as_json(self.remedies),
        }
