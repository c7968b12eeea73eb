"""The errors of the relay, sorted by what the caller may do next.

Clients translate every library exception into one of these; nothing above a client sees `requests` or `lxml`.
Each message is one sentence for an operator: what happened, to whom, what to do next. No secret enters it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from relay.foreign import visible
from relay.language import Message, joined, lazy
from relay.remedy import Remedies, as_json

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_IN_DOUBT = 4
EXIT_LOCKED = 5


class RelayError(Exception):
    """Anything that the relay tells an operator; `code` is the stable word for it in JSON answers."""

    code = "failed"
    exit_code = EXIT_FAILED

    def __init__(self, message: str, *, code: str | None = None, remedies: Remedies = ()) -> None:
        super().__init__(message.with_text(visible) if isinstance(message, Message) else visible(message))
        self.remedies = remedies
        if code is not None:
            self.code = code

    def as_json(self) -> dict[str, object]:
        """Return the error as a part of a JSON answer, with its remedies as values."""
        return {"code": self.code, "message": self.message, "remedies": as_json(self.remedies)}

    @property
    def message(self) -> str:
        told: str = self.args[0]
        return told


def unexpected(error: BaseException) -> RelayError:
    """Return what an operator is told of an error that nobody has thought of."""
    return RelayError(
        lazy(
            "An unexpected error stopped the command (%(name)s); what was begun is finished by the next "
            "run. Run it with --verbose and send the traceback to whoever looks after this server.",
            name=type(error).__name__,
        ),
        code="unexpected",
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the settings: a clause about `key` of `section`, "" where it is no one key's.

    `str` of it is the sentence with its place: "relay.toml: [fees] minimum: must be an amount".
    """

    clause: str
    section: str = ""
    key: str = ""
    file: str = ""
    remedies: Remedies = ()

    def __str__(self) -> str:
        return str(self.sentence)

    @property
    def sentence(self) -> str:
        place = f"[{self.section}] {self.key}".rstrip() if self.section else ""
        return joined(self.file, place, self.clause, by=": ")


class ConfigError(RelayError):
    """Settings or usage that cannot be accepted; carries *all* problems, each with its place."""

    code = "settings"
    exit_code = EXIT_USAGE

    def __init__(self, problems: Sequence[Problem | str], *, remedies: Remedies = ()) -> None:
        self.problems = tuple(Problem(one) if isinstance(one, str) else one for one in problems)
        remedies = remedies or tuple(dict.fromkeys(remedy for one in self.problems for remedy in one.remedies))
        told = [problem.sentence for problem in self.problems]
        if len(told) > 1:
            told = [lazy("%(count)s problems, nothing was done:", count=len(told)), *told]
        super().__init__(joined(*told, by="\n  - "), remedies=remedies)


class UsageError(ConfigError):
    """A command that names something that does not exist or cannot be meant."""

    code = "usage"

    def __init__(self, message: str, *, code: str | None = None, remedies: Remedies = ()) -> None:
        super().__init__([message], remedies=remedies)
        if code is not None:
            self.code = code


class AlreadyRunning(RelayError):
    code = "already_running"
    exit_code = EXIT_LOCKED


class UnsafePlan(RelayError):
    """A plan that a safety limit holds or refuses. `count` and `limit` are the figures that met."""

    code = "unsafe_plan"
    exit_code = EXIT_REFUSED

    def __init__(
        self, code: str, message: str, *, count: int | str = 0, limit: int | str = 0, remedies: Remedies = ()
    ) -> None:
        super().__init__(message, code=code, remedies=remedies)
        self.count = count
        self.limit = limit

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "count": self.count, "limit": self.limit}


class LedgerError(RelayError):
    """The ledger cannot be written, or holds something that must not be: stop, do not guess."""

    code = "ledger"


class RemoteError(RelayError):
    """One of the two systems did not do what was asked.

    `system` is "PaperCut" or "OfficeRnD", `operation` the call in that system's own words, `status` the HTTP status or
    the XML-RPC fault code where there is one, `transient` whether the same read may well work in a moment.
    """

    code = "remote"

    def __init__(
        self,
        message: str,
        *,
        system: str,
        operation: str = "",
        status: int | None = None,
        transient: bool = False,
        code: str | None = None,
        remedies: Remedies = (),
    ) -> None:
        super().__init__(message, code=code, remedies=remedies)
        self.transient = transient
        self.system = system
        self.operation = operation
        self.status = status


class NotSent(RemoteError):
    """The request certainly had no effect (no connection, TLS refused): it may be repeated."""

    code = "unreachable"


class RateLimited(RemoteError):
    """Refused for now, without effect; `retry_after_s` says when to come back."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_s: float = 0.0, **where: object) -> None:
        super().__init__(message, **where)  # type: ignore[arg-type]
        self.retry_after_s = retry_after_s


class Refused(RemoteError):
    """A definite no: nothing happened, and asking again as it stands will not help."""

    code = "refused"


class AuthFailed(Refused):
    """Token, secret, scope or caller address is not accepted."""

    code = "auth_failed"


class NotFound(Refused):
    code = "not_found"


class Conflict(Refused):
    """Something of that name or value is already there."""

    code = "conflict"


class OutcomeUnknown(RemoteError):
    """A write whose answer was lost or unreadable: look it up, never send it again blindly."""

    code = "outcome_unknown"


class BadAnswer(RemoteError):
    """A read that came back short, empty, contradictory or unreadable: it is an error, never a departure."""

    code = "bad_answer"
