"""Fees, balances and limits: the plan that fees are made on, what members get, what was owed before. Writes nothing."""

from __future__ import annotations

from dataclasses import replace

from relay import amounts
from relay.errors import RelayError
from relay.language import capital, joined, lazy, nlazy
from relay.money.act import fees_plan
from relay.officernd.client import OfficeRnD
from relay.officernd.named import named
from relay.setup import cloud, trial
from relay.setup.values import AnswerProblem, Fact, Option, Prompt, SetupStep, TrialResult, Walk, Workbench

_EVERY = {"day": lazy("every day"), "week": lazy("every week"), "month": lazy("every month")}
_PERIODS = tuple(Option(value, label) for value, label in _EVERY.items())
# What puts a plan right where it has just been typed, instead of what stands in the settings.
_ADVICE = {
    fees_plan.GONE: lazy("write the name of a plan into this field"),
    "fees_plan_twice": lazy("write the id of the right one into this field"),
    "fees_plan_recurring": lazy(
        "name a one-off plan in this field, or make one: in OfficeRnD open Billing > Plans, add a one-off plan of type "
        "Service with that name, available at this location and without approval"
    ),
}


def _fees_questions(workbench: Workbench, walk: Walk) -> tuple[Prompt, ...]:
    return (
        Prompt(
            "fees.managed_in",
            "one",
            lazy("Who bills what is printed?"),
            choices=(
                Option(
                    "officernd",
                    lazy("OfficeRnD, on the members' invoices"),
                    lazy("What is owed in PaperCut becomes a fee."),
                ),
                Option("shadow", lazy("Nobody yet: only show what would be billed"), lazy("Good for the first weeks.")),
                Option("papercut", lazy("Nobody"), lazy("What people print is counted in PaperCut, and stays there.")),
            ),
            default="officernd",
        ),
        Prompt(
            "fees.plan",
            "text",
            lazy("Plan for the fees in OfficeRnD"),
            lazy("Its name or code. It must be billed once, and not each month."),
            (),
            "PaperCut Fees",
            suggestions=_once(walk),
        ),
        Prompt(
            "fees.bill_to",
            "one",
            lazy("Who pays"),
            choices=(
                Option("company", lazy("The member's company"), lazy("Members without a company pay themselves.")),
                Option("member", lazy("The member")),
            ),
            default="company",
        ),
        Prompt("fees.every", "one", lazy("Billed"), choices=_PERIODS, default="day"),
    )


def _once(walk: Walk) -> tuple[str, ...]:
    side = walk.known.officernd
    return tuple(plan.name for plan in side.plans if plan.interval_length == "once") if side else ()


def _try_fees(workbench: Workbench, walk: Walk) -> TrialResult:
    if walk.answers["fees.managed_in"] == "papercut":
        return TrialResult(facts=(Fact(lazy("Fees"), lazy("nobody is billed"), ""),), known=walk.known)
    settings = trial.settings(workbench, walk.answers)
    try:
        plans = OfficeRnD(settings, workbench.clock).plans()
    except RelayError as error:
        if error.code != "scope_missing":
            return TrialResult({"fees.plan": AnswerProblem(error.message)}, (), walk.known)
        try:
            problem = cloud.scopes_problem(settings, workbench)
        except RelayError as other:
            problem = AnswerProblem(other.message)
        return TrialResult({"fees.managed_in": problem}, (), walk.known)
    known = (
        replace(walk.known, officernd=replace(walk.known.officernd, plans=tuple(plans)))
        if (walk.known.officernd)
        else walk.known
    )
    wanted = settings.fees.plan
    wrong = fees_plan.faults(plans, wanted, settings.officernd.location)
    whose = lazy("the member's company") if settings.fees.bill_to == "company" else lazy("the member")
    how = lazy("billed") if settings.fees.managed_in == "officernd" else lazy("only computed, nothing is written,")
    billed = (
        Fact(
            lazy("Printing"),
            lazy("%(how)s %(every)s, for %(whose)s to pay", how=how, every=_EVERY[settings.fees.every], whose=whose),
            "",
        ),
    )
    if wrong and wrong[0].code == fees_plan.MISSING:
        text = lazy(
            "OfficeRnD has no plan “%(wanted)s” yet. The first billing tries to make it; where OfficeRnD does not let "
            "it: %(by_hand)s.",
            wanted=wanted,
            by_hand=fees_plan.BY_HAND,
        )
        return TrialResult({}, (*billed, Fact(lazy("Plan"), text, "warn", (wanted,))), known)
    if wrong:
        what = joined(*(fault.text for fault in wrong), by="; ")
        advice = capital(_ADVICE.get(wrong[0].code, fees_plan.ADVICE[wrong[0].code]))
        problem = AnswerProblem(lazy("%(what)s.", what=what), lazy("%(what)s.", what=advice))
        return TrialResult({"fees.plan": problem}, (), known)
    (plan,) = named(plans, wanted)
    return TrialResult({}, (*billed, Fact(lazy("Plan"), lazy("%(name)s, found in OfficeRnD", name=plan.name))), known)


FEES = SetupStep(
    "fees",
    lazy("Fees"),
    lazy("How is printing billed?"),
    lazy("Nothing is billed before you have started the first daily run."),
    _fees_questions,
    _try_fees,
    rests_on=("officernd",),
)


def _balance_questions(workbench: Workbench, walk: Walk) -> tuple[Prompt, ...]:
    unit = str(walk.answer("site.currency"))
    return (
        Prompt(
            "top_up.amount", "money", lazy("Free printing for each member"), lazy("0 for none."), (), "0.00", unit=unit
        ),
        Prompt("top_up.every", "one", lazy("How often"), choices=_PERIODS, default="month"),
        Prompt(
            "fees.opening_balances",
            "one",
            lazy("What was owed in PaperCut before"),
            choices=(
                Option("hold", lazy("Waits until I decide for each person"), lazy("Recommended.")),
                Option("bill", lazy("Is billed with the first run")),
                Option("forgive", lazy("Is forgiven")),
            ),
            default="hold",
        ),
        Prompt(
            "safety.max_fee",
            "money",
            lazy("One fee is at most"),
            lazy("Above a limit nothing is done; you are asked."),
            (),
            "200.00",
            unit=unit,
        ),
        Prompt("safety.max_run_total", "money", lazy("All fees of a day are at most"), "", (), "2000.00", unit=unit),
        Prompt("safety.max_removals_percent", "number", lazy("People taken away at once, percent"), "", (), 10),
    )


def _try_balances(workbench: Workbench, walk: Walk) -> TrialResult:
    side = walk.known.papercut
    if side is None:
        return TrialResult(known=walk.known)
    settings = trial.settings(workbench, walk.answers)
    currency, safety = settings.site.currency, settings.safety
    owed = [account.balance for account in side.accounts.values() if account.balance < 0]
    text = (
        nlazy("%(sum)s by %(num)s account", "%(sum)s by %(num)s accounts", len(owed), sum=_money(-sum(owed), currency))
        if owed
        else lazy("nothing")
    )
    words = {
        "hold": lazy("waits until you decide"),
        "bill": lazy("is billed with the first run"),
        "forgive": lazy("is forgiven"),
    }
    free = lazy(
        "%(amount)s %(every)s", amount=_money(settings.top_up.amount, currency), every=_EVERY[settings.top_up.every]
    )
    facts = (
        Fact(lazy("Free for each member"), free if settings.top_up.amount else lazy("nothing"), ""),
        Fact(lazy("Owed in PaperCut now"), text, ""),
        Fact(lazy("That money"), words[settings.fees.opening_balances], ""),
        Fact(lazy("One fee"), lazy("at most %(amount)s", amount=_money(safety.max_fee, currency)), ""),
        Fact(lazy("All fees of a day"), lazy("at most %(amount)s", amount=_money(safety.max_run_total, currency)), ""),
        Fact(
            lazy("Taken away at once"),
            lazy("at most %(max_removals_percent)s in 100 people", max_removals_percent=safety.max_removals_percent),
            "",
        ),
    )
    return TrialResult(facts=facts, known=walk.known)


def _money(micros: int, currency: str) -> str:
    return amounts.with_currency(micros, currency)


BALANCES = SetupStep(
    "balances",
    lazy("Balances and limits"),
    lazy("Balances and limits"),
    lazy("What members get for free, what becomes of old debts, and where the relay stops and asks."),
    _balance_questions,
    _try_balances,
    rests_on=("papercut",),
)
