"""The set-up's nouns as plain values: a question, an answer's problem, a fact that was found, a step, how far one is.

Answers are kept under the names that they will have in `relay.toml` ("officernd.client_id"), as TOML holds them, so
that nothing has to be translated at the end. Two have no place there: the name and the password for the console.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from relay.clock import Clock
from relay.installer import places
from relay.people.world import OfficeRnDSide, PaperCutSide
from relay.progress import Progress

Kind = Literal["text", "address", "secret", "one", "many", "money", "number", "time"]
Answers = Mapping[str, Any]

OWN = frozenset({"console.name", "console.password"})
SECRETS = frozenset({"papercut.auth_token", "officernd.client_secret", "signin.client_secret"})


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers to choose from; `count` is what it stands for now, such as how many members."""

    value: str
    label: str
    told: str = ""
    count: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing to be answered. `more`: asked for only when somebody wants it, as its default nearly always holds.

    An answer that is one of the `suggestions` but for its case, or for what stands before its last "/", is meant so.
    """

    name: str
    kind: Kind
    label: str
    help: str = ""
    choices: tuple[Option, ...] = ()
    default: Any = ""
    optional: bool = False
    more: bool = False
    suggestions: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """What is wrong with an answer: a sentence, what to do about it, and texts to be copied on the way.

    `seen_here`: it was found without asking either system. `also`: other questions whose answers may be to blame.
    """

    text: str
    does: str = ""
    copy: tuple[str, ...] = ()
    seen_here: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """What was found while trying: `kind` is good, warn, or "" for neither."""

    label: str
    text: str
    kind: Literal["good", "warn", ""] = "good"
    copy: tuple[str, ...] = ()


@dataclass(frozen=True)
class SystemsSeen:
    """What both systems said when the answers were tried; None where that was not yet possible."""

    officernd: OfficeRnDSide | None = None
    papercut: PaperCutSide | None = None
    version: str = ""
    token_made: bool = False  # in PaperCut, where it stays whatever becomes of the set-up


@dataclass(frozen=True)
class TrialResult:
    """What trying a step's answers came to: problems by question, facts, and answers that were found on the way."""

    problems: Mapping[str, AnswerProblem] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    known: SystemsSeen = field(default_factory=SystemsSeen)
    found: Answers = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Walk:
    """How far a set-up has come: answers, what is known, the steps that stand, and what each of them found."""

    answers: Answers = field(default_factory=dict, repr=False)
    known: SystemsSeen = field(default_factory=SystemsSeen, repr=False)
    done: frozenset[str] = frozenset()
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    tried: bool = False  # nothing is asked of a system before somebody has answered something

    def answer(self, name: str, default: Any = "") -> Any:
        return self.answers.get(name, default)

    def with_answers(self, answers: Answers) -> Walk:
        return replace(self, answers={**self.answers, **answers})


@dataclass(frozen=True)
class Workbench:
    """What trying needs: the folder that the settings go to, a private one for tokens, the clock, this machine."""

    folder: Path
    scratch: Path
    clock: Clock = field(default_factory=Clock)
    progress: Progress = field(default_factory=Progress)
    system: str = places.SYSTEM
    run: Callable[..., tuple[int, str]] = places.run
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SetupStep:
    """One subject. `try_` is only called with answers that are well formed; `rests_on` names the steps it builds on."""

    id: str
    title: str
    heading: str
    lead: str
    questions: Callable[[Workbench, Walk], tuple[Prompt, ...]]
    try_: Callable[[Workbench, Walk], TrialResult]
    rests_on: tuple[str, ...] = ()
