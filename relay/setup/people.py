"""Who may print, counted over both systems as they are now, and whom the print script stops. Decides nothing itself:
the sync's own plan is asked what it would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from relay.config import Settings
from relay.language import lazy, nlazy
from relay.people.decide.everybody import ANSWERS, RULES, Everybody, account_for, reasons
from relay.people.decide.guard import let_in_unproven
from relay.people.decide.plan import SyncPlan, plan
from relay.people.decide.rules import home_location, judge, make_rules
from relay.people.world import Memory, OfficeRnDSide, PaperCutSide, World
from relay.setup import trial
from relay.setup.cloud import by_name
from relay.setup.values import AnswerProblem, Fact, Option, Prompt, SetupStep, TrialResult, Walk, Workbench

STATUSES = (
    ("active", lazy("Active"), lazy("has a running membership")),
    ("drop-in", lazy("Drop-in"), lazy("comes for the day, without a membership")),
    ("pending", lazy("Pending"), lazy("the membership has not started yet")),
    ("not_approved", lazy("Not approved"), lazy("waits for your approval in OfficeRnD")),
    ("former", lazy("Former"), lazy("has left")),
    ("contact", lazy("Contact"), lazy("known to you, not a member")),
    ("lead", lazy("Lead"), lazy("has only enquired")),
)


@dataclass(frozen=True)
class Forecast:
    """What the first sync would make of everybody. `loses` are the accounts of PaperCut that could no longer print."""

    people: Everybody
    loses: tuple[str, ...]
    unknown: int
    unproven: int

    @property
    def at_once(self) -> int:
        return self.people.get + self.people.have

    @property
    def admitted(self) -> int:
        return self.at_once + self.people.waits

    @property
    def waiting(self) -> list[str]:
        return reasons(self.people.need_answer, ANSWERS)

    @property
    def may_not(self) -> list[str]:
        return reasons(self.people.may_not, RULES)


def tally(workbench: Workbench, walk: Walk) -> Forecast | None:
    """Return how many people the answers admit and what the first sync would make of them; None before both answer."""
    officernd = walk.known.officernd
    if officernd is None:
        return None
    papercut = walk.known.papercut or PaperCutSide({}, {})
    settings = trial.settings(workbench, walk.answers)
    made = plan(World(officernd, papercut, Memory()), settings, workbench.clock.now())
    return _tally(made, settings, papercut)


def _tally(made: SyncPlan, settings: Settings, papercut: PaperCutSide) -> Forecast:
    matching = made.decisions.matching
    members = made.directory.members_of()
    groups = {**papercut.groups, **{name: frozenset(u.username for u in users) for name, users in members.items()}}
    loses = [name for name in matching.known if not papercut.accounts[name].disabled]
    return Forecast(
        account_for(made.decisions),
        tuple(sorted(loses)),
        len(matching.unlinked),
        len(let_in_unproven(papercut.accounts, groups, settings)),
    )


def _who_questions(workbench: Workbench, walk: Walk) -> tuple[Prompt, ...]:
    side = walk.known.officernd
    return (
        Prompt("members.statuses", "many", lazy("Members who are"), choices=_status_choices(side), default=("active",)),
        Prompt(
            "members.locations",
            "many",
            lazy("At these locations"),
            lazy("None chosen: at all of them."),
            _location_choices(workbench, walk, side),
            optional=True,
        ),
        Prompt(
            "members.plans",
            "many",
            lazy("Only on these plans"),
            lazy("None chosen: all plans, and people without one. A plan of a company covers its members."),
            _plan_choices(workbench, walk, side),
            optional=True,
        ),
        Prompt(
            "members.exclude_emails",
            "many",
            lazy("Never these e-mail addresses"),
            lazy("Separated by blanks or commas."),
            optional=True,
            more=True,
        ),
    )


def _status_choices(side: OfficeRnDSide | None) -> tuple[Option, ...]:
    found = Counter(member.status for member in side.members.values()) if side else Counter[str]()
    return tuple(Option(value, label, told, str(found[value])) for value, label, told in STATUSES)


def _location_choices(workbench: Workbench, walk: Walk, side: OfficeRnDSide | None) -> tuple[Option, ...]:
    if side is None:
        return ()
    passing = _passing(workbench, walk, side, locations=(), plans=())
    homes = {company.id: company.location for company in side.companies.values()}
    found = Counter(home_location(side.members[member_id], homes) for member_id in passing)
    return tuple(
        Option(one.id, one.name, "", lazy("%(count)s of the above", count=found[one.id]))
        for one in sorted(side.locations.values(), key=lambda one: one.name.casefold())
    )


def _plan_choices(workbench: Workbench, walk: Walk, side: OfficeRnDSide | None) -> tuple[Option, ...]:
    """Return the plans that somebody has; a plan for single fees is nobody's membership."""
    if side is None:
        return ()
    held = {membership.plan for membership in side.memberships}
    return tuple(
        Option(one.id, one.name, "", str(len(_passing(workbench, walk, side, plans=(one.id,)))))
        for one in sorted(side.plans, key=lambda one: one.name.casefold())
        if one.id in held
    )


def _passing(workbench: Workbench, walk: Walk, side: OfficeRnDSide, **rules: tuple[str, ...]) -> list[str]:
    """Return the ids of members whom the answers admit, with some rules replaced."""
    answers = {**walk.answers, **{f"members.{name}": value for name, value in rules.items()}}
    if trial.problems(answers, workbench.folder, {name for name in answers if name.startswith("members.")}):
        return []
    made = make_rules(trial.settings(workbench, answers), side, workbench.clock.now())
    return [member.id for member in side.members.values() if judge(member, made).admitted]


def _ids(given: Collection[str], walk: Walk, kind: str) -> tuple[list[str], list[str]]:
    """Return (ids, unknown words) for locations or plans given as ids, codes or names."""
    side = walk.known.officernd
    assert side is not None
    records = list(side.locations.values()) if kind == "locations" else list(side.plans)
    known = {record.id for record in records}
    found = [by_name(value, records) for value in given]
    return found, [value for value in found if value not in known]


def _try_who(workbench: Workbench, walk: Walk) -> TrialResult:
    if walk.known.officernd is None:
        return TrialResult(
            {"members.statuses": AnswerProblem(lazy("OfficeRnD has not answered yet: connect it first."))}
        )
    problems, found = dict[str, AnswerProblem](), dict[str, object]()
    for kind in ("locations", "plans"):
        ids, unknown = _ids(walk.answer(f"members.{kind}", ()), walk, kind)
        found[f"members.{kind}"] = tuple(ids)
        if unknown:
            names = ", ".join(map(repr, unknown))
            text = (
                lazy("OfficeRnD has no location %(names)s.", names=names)
                if kind == "locations"
                else lazy("OfficeRnD has no plan %(names)s.", names=names)
            )
            problems[f"members.{kind}"] = AnswerProblem(text, lazy("Choose from the list, or write its name exactly."))
    if problems:
        return TrialResult(problems, (), walk.known)
    walk = walk.with_answers(found)
    counted = tally(workbench, walk)
    assert counted is not None
    if counted.admitted == 0:
        problems["members.statuses"] = AnswerProblem(
            lazy(
                "Nobody would be able to print: none of the %(all)s members passes all of these.",
                all=counted.people.all,
            ),
            lazy("Choose more statuses, or fewer plans and locations."),
        )
    return TrialResult(problems, tuple(_forecast_facts(counted)), walk.known, found)


def _forecast_facts(counted: Forecast) -> list[Fact]:
    facts = [
        Fact(
            lazy("May print"),
            lazy("%(admitted)s of %(all)s members", admitted=counted.admitted, all=counted.people.all),
            "",
        ),
        Fact(
            lazy("Get an account at once"),
            lazy(
                "%(at_once)s: %(new)s new, %(known)s known already",
                at_once=counted.at_once,
                new=counted.people.get,
                known=counted.people.have,
            ),
            "",
        ),
    ]
    facts += [Fact(lazy("Wait for an answer from you"), one, "") for one in counted.waiting]
    if counted.loses:
        text = nlazy(
            "%(num)s person who can print today would lose it, since these answers leave them out.",
            "%(num)s people who can print today would lose it, since these answers leave them out.",
            len(counted.loses),
        )
        facts.append(Fact(lazy("Would lose it"), text, "warn"))
    if counted.unknown:
        text = nlazy(
            "%(num)s account in PaperCut belongs to "
            "nobody whom OfficeRnD knows, until you say whose: such accounts wait in a group of their own.",
            "%(num)s accounts in PaperCut belong to "
            "nobody whom OfficeRnD knows, until you say whose: such accounts wait in a group of their own.",
            counted.unknown,
        )
        facts.append(Fact(lazy("Not known"), text, "warn"))
    return facts


WHO = SetupStep(
    "who",
    lazy("Who may print"),
    lazy("Who may print?"),
    lazy("The numbers are your members as OfficeRnD knows them now. Nobody's printing changes yet."),
    _who_questions,
    _try_who,
    rests_on=("officernd", "papercut"),
)


def _guard_questions(workbench: Workbench, walk: Walk) -> tuple[Prompt, ...]:
    with_answer = walk.with_answers({"print.guard": "blocked"})
    ready_to_count = not trial.problems(walk.answers, workbench.folder)
    counted = tally(workbench, with_answer) if ready_to_count else None
    lets_in = (
        nlazy(
            "Everybody with an account in PaperCut: %(num)s account would print without ever having logged in with "
            "OfficeRnD.",
            "Everybody with an account in PaperCut: %(num)s accounts would print without ever having logged in with "
            "OfficeRnD.",
            counted.unproven,
        )
        if counted
        else lazy("Everybody with an account in PaperCut.")
    )
    return (
        Prompt(
            "print.guard",
            "one",
            lazy("Who gets past the print script?"),
            choices=(
                Option(
                    "members",
                    lazy("Only members (recommended)"),
                    lazy("Whoever has not been brought over from OfficeRnD is refused, with a sentence that helps."),
                ),
                Option("blocked", lazy("Whoever PaperCut lets in"), lets_in),
            ),
            default="members",
        ),
        Prompt(
            "print.exceptions",
            "many",
            lazy("Never refuse these accounts"),
            lazy("For example the front desk's own; a group as group:NAME. Separated by blanks or commas."),
            optional=True,
            more=True,
        ),
    )


def _try_guard(workbench: Workbench, walk: Walk) -> TrialResult:
    if walk.answers["print.guard"] == "members":
        return TrialResult(
            facts=(Fact(lazy("Print script"), lazy("lets members pass, and nobody else"), ""),), known=walk.known
        )
    counted = tally(workbench, walk)
    count = counted.unproven if counted else 0
    text = nlazy(
        "%(num)s account could print without ever having logged in with OfficeRnD; nobody is billed for them.",
        "%(num)s accounts could print without ever having logged in with OfficeRnD; nobody is billed for them.",
        count,
    )
    return TrialResult(facts=(Fact(lazy("Print script"), text, "warn" if count else ""),), known=walk.known)


GUARD = SetupStep(
    "guard",
    lazy("Print script"),
    lazy("What does the print script ask?"),
    lazy("It runs inside PaperCut for every job that is sent to a printer."),
    _guard_questions,
    _try_guard,
    rests_on=("officernd", "papercut", "who"),
)
