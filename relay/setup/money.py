"""Fees, balances and limits: the plan that fees are made on, what members get, what was owed before. Writes nothing."""

from __future__ import annotations

from dataclasses import replace

from relay import amounts
from relay.errors import RelayError
from relay.money.act import fees_plan
from relay.officernd.client import OfficeRnD
from relay.setup import cloud, trial
from relay.setup.values import Choice, Fact, Outcome, Problem, Question, Step, Walk, Workbench

_PERIODS = (Choice("day", "every day"), Choice("week", "every week"), Choice("month", "every month"))


def _fees_questions(workbench: Workbench, walk: Walk) -> tuple[Question, ...]:
    return (
        Question(
            "fees.managed_in",
            "one",
            "Who bills what is printed?",
            choices=(
                Choice("officernd", "OfficeRnD, on the members' invoices", "What is owed in PaperCut becomes a fee."),
                Choice("shadow", "Nobody yet: only show what would be billed", "Good for the first weeks."),
                Choice("papercut", "Nobody", "What people print is counted in PaperCut, and stays there."),
            ),
            default="officernd",
        ),
        Question(
            "fees.plan",
            "text",
            "Plan for the fees in OfficeRnD",
            "Its name or code. It must be billed once, and not each month.",
            (),
            "PaperCut Fees",
            suggestions=_once(walk),
        ),
        Question(
            "fees.bill_to",
            "one",
            "Who pays",
            choices=(
                Choice("company", "The member's company", "Members without a company pay themselves."),
                Choice("member", "The member"),
            ),
            default="company",
        ),
        Question("fees.every", "one", "Billed", choices=_PERIODS, default="day"),
    )


def _once(walk: Walk) -> tuple[str, ...]:
    side = walk.known.officernd
    return tuple(plan.name for plan in side.plans if plan.interval_length == "once") if side else ()


def _try_fees(workbench: Workbench, walk: Walk) -> Outcome:
    if walk.answers["fees.managed_in"] == "papercut":
        return Outcome(facts=(Fact("Fees", "nobody is billed", ""),), known=walk.known)
    settings = trial.settings(workbench, walk.answers)
    try:
        plans = OfficeRnD(settings, workbench.clock).plans()
    except RelayError as error:
        if error.code != "scope_missing":
            return Outcome({"fees.plan": Problem(error.message)}, (), walk.known)
        try:
            problem = cloud.scopes_problem(settings, workbench)
        except RelayError as other:
            problem = Problem(other.message)
        return Outcome({"fees.managed_in": problem}, (), walk.known)
    known = (
        replace(walk.known, officernd=replace(walk.known.officernd, plans=tuple(plans)))
        if (walk.known.officernd)
        else walk.known
    )
    wanted, found = settings.fees.plan, fees_plan.find(plans, settings.fees.plan)
    whose = "the member's company" if settings.fees.bill_to == "company" else "the member"
    how = "billed" if settings.fees.managed_in == "officernd" else "only computed, nothing is written,"
    billed = (Fact("Printing", f"{how} every {settings.fees.every}, for {whose} to pay", ""),)
    if not found:
        text = (
            f"OfficeRnD has no plan “{wanted}” yet. The first billing tries to make it; where OfficeRnD does not let "
            f"it: {fees_plan.BY_HAND}."
        )
        return Outcome({}, (*billed, Fact("Plan", text, "warn", (wanted,))), known)
    wrong = fees_plan.faults(plans, wanted, settings.officernd.location)
    if wrong:
        advice = fees_plan.ADVICE[wrong[0].code].replace("[fees] plan", "this field").replace(", then run again", "")
        problem = Problem("; ".join(fault.text for fault in wrong) + ".", f"{advice[0].upper()}{advice[1:]}.")
        return Outcome({"fees.plan": problem}, (), known)
    return Outcome({}, (*billed, Fact("Plan", f"{found[0].name}, found in OfficeRnD")), known)


FEES = Step(
    "fees",
    "Fees",
    "How is printing billed?",
    "Nothing is billed before you have started the first daily run.",
    _fees_questions,
    _try_fees,
    rests_on=("officernd",),
)


def _balance_questions(workbench: Workbench, walk: Walk) -> tuple[Question, ...]:
    return (
        Question("top_up.amount", "money", "Free printing for each member", "0 for none.", (), "0.00"),
        Question("top_up.every", "one", "How often", choices=_PERIODS, default="month"),
        Question(
            "fees.opening_balances",
            "one",
            "What was owed in PaperCut before",
            choices=(
                Choice("hold", "Waits until I decide for each person", "Recommended."),
                Choice("bill", "Is billed with the first run"),
                Choice("forgive", "Is forgiven"),
            ),
            default="hold",
        ),
        Question(
            "safety.max_fee",
            "money",
            "One fee is at most",
            "Above a limit nothing is done; you are asked.",
            (),
            "200.00",
        ),
        Question("safety.max_run_total", "money", "All fees of a day are at most", "", (), "2000.00"),
        Question("safety.max_removals_percent", "number", "People taken away at once, percent", "", (), 10),
    )


def _try_balances(workbench: Workbench, walk: Walk) -> Outcome:
    side = walk.known.papercut
    if side is None:
        return Outcome(known=walk.known)
    settings = trial.settings(workbench, walk.answers)
    currency, safety = settings.site.currency, settings.safety
    owed = [account.balance for account in side.accounts.values() if account.balance < 0]
    text = f"{amounts.text(-sum(owed), currency)} {currency} by {len(owed)} accounts" if owed else "nothing"
    words = {"hold": "waits until you decide", "bill": "is billed with the first run", "forgive": "is forgiven"}
    free = f"{amounts.text(settings.top_up.amount, currency)} {currency} every {settings.top_up.every}"
    facts = (
        Fact("Free for each member", free if settings.top_up.amount else "nothing", ""),
        Fact("Owed in PaperCut now", text, ""),
        Fact("That money", words[settings.fees.opening_balances], ""),
        Fact("One fee", f"at most {amounts.text(safety.max_fee, currency)} {currency}", ""),
        Fact("All fees of a day", f"at most {amounts.text(safety.max_run_total, currency)} {currency}", ""),
        Fact("Taken away at once", f"at most {safety.max_removals_percent} in 100 people", ""),
    )
    return Outcome(facts=facts, known=walk.known)


BALANCES = Step(
    "balances",
    "Balances and limits",
    "Balances and limits",
    "What members get for free, what becomes of old debts, and where the relay stops and asks.",
    _balance_questions,
    _try_balances,
    rests_on=("papercut",),
)
