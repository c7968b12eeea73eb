"""The fees plan: `check`, its fix and billing say the same of every catalogue, and who follows `check` can bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from relay.checks import cloud, model
from relay.errors import Refused
from relay.money.act import fees_plan
from relay.money.act.by_plan import by_plan
from relay.money.books import opened
from relay.officernd.model import Plan
from relay.officernd.named import named
from relay.people.decide.rules import plan_ids
from relay.progress import Progress
from tests.support.money_world import PLAN, Site

WANTED = PLAN.name
TWINS = (replace(PLAN, id="a", name="PaperCut Fees"), replace(PLAN, id="b", name="PAPERCUT FEES"))
CASES = {
    "as written": ([PLAN], ""),
    "another case": ([replace(PLAN, name="papercut fees")], ""),
    "one has the code, another the name": (
        [replace(PLAN, id="a", name="Print", code=WANTED), replace(PLAN, id="b")],
        "",
    ),
    "the id of one is the name of another": ([replace(PLAN, id=WANTED, name="Print"), replace(PLAN, id="b")], ""),
    "none": ([], "fees_plan_missing"),
    "only another": ([replace(PLAN, name="Print")], "fees_plan_missing"),
    "two that differ in case": (list(TWINS), "fees_plan_twice"),
    "two of one code": ([replace(plan, code=WANTED) for plan in TWINS], "fees_plan_twice"),
    "fees wait for an approval": ([replace(PLAN, requires_approval=True)], "fees_plan_approval"),
    "no interval": ([replace(PLAN, interval_length="")], "fees_plan_recurring"),
    "every month": ([replace(PLAN, interval_length="month")], "fees_plan_recurring"),
    "elsewhere": ([replace(PLAN, locations=("elsewhere",))], "fees_plan_elsewhere"),
}


def checked(site: Site) -> model.CheckedSite:
    return model.CheckedSite(site.settings, site.clock, Progress(), officernd=site.officernd)  # type: ignore[arg-type]


def codes(site: Site) -> list[str]:
    return [found.code for found in cloud.plans(checked(site)) if found.code.startswith("fees_plan")]


def bills(site: Site) -> bool:
    site.person("ann", prints=1.0)
    try:
        site.settle()
    except Refused as refused:
        assert refused.code == "fees_plan" and site.remote_writes() == 0
        return False
    return len(site.officernd.held_fees) == 1


@pytest.mark.parametrize(("plans", "code"), CASES.values(), ids=list(CASES))
def test_check_and_billing_agree(site: Site, plans: Sequence[Plan], code: str) -> None:
    site.officernd.catalogue = list(plans)
    assert codes(site) == ([code] if code else [])
    assert bills(site) is (code in ("", fees_plan.MISSING)), "what is only missing is made by billing"


@pytest.mark.parametrize(("plans", "code"), CASES.values(), ids=list(CASES))
def test_the_fix_makes_a_plan_only_where_none_is_meant(site: Site, plans: Sequence[Plan], code: str) -> None:
    site.officernd.catalogue = list(plans)
    if code in ("", fees_plan.MISSING):
        cloud.make_fees_plan(checked(site), [])
    else:
        with pytest.raises(Refused):
            cloud.make_fees_plan(checked(site), [])
    assert len(site.officernd.catalogue) - len(plans) == (code == fees_plan.MISSING)
    assert codes(site) == ([code] if code not in ("", fees_plan.MISSING) else [])


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("HD", {"1"}),
        ("1", {"1"}),
        ("hot desk", {"1"}),
        ("hd", {"1"}),
        ("Flex", {"2", "3"}),
        ("Lab", set()),
        (" ", set()),
    ],
)
def test_one_word_means_the_same_plans_to_the_check_the_rules_and_the_top_up(
    site: Site, word: str, meant: set[str]
) -> None:
    hot = Plan("1", "Hot Desk ", "HD", interval_length="month")
    twins = (replace(hot, id="2", name="FLEX", code=""), replace(hot, id="3", name="flex", code="F"))
    plans = site.officernd.catalogue = [PLAN, hot, *twins]
    row = {"plan": word.strip() or "-", "amount": "1.00"}
    site.configure(members={"plans": [row["plan"]]}, top_up={"plan": [row]}, included={"plan": [row]})
    found = [one.message.split()[0] for one in cloud.plans(checked(site)) if one.code == "rule_unknown"]
    assert found == ([] if meant else ["[members]", "[[top_up.plan]]", "[[included.plan]]"])
    assert {plan.id for plan in named(plans, word)} == meant
    assert plan_ids([word], plans) == (meant or {word})
    with opened(site.context, writes=False) as books:
        assert set(by_plan(books, books.settings.top_up.plan)[0]) == meant


def test_a_plan_is_never_made_under_an_id(site: Site) -> None:
    """The plan of that id was deleted, or is of another organisation: its tax and account are nobody's to guess."""
    site.configure(fees={"plan": "64c0000000000000000000ff"})
    assert codes(site) == [fees_plan.GONE]
    assert not bills(site)
    with pytest.raises(
        Refused, match="is the id of no plan in OfficeRnD. Nothing was billed. Write the name or the id"
    ):
        cloud.make_fees_plan(checked(site), [])
    assert site.officernd.catalogue == [PLAN]


@pytest.mark.parametrize("plan", TWINS)
def test_naming_one_of_two_by_its_id_lets_billing_go_on(plan: Plan) -> None:
    assert fees_plan.faults(TWINS, plan.id, "here") == []
    assert named(TWINS, plan.id) == [plan]
