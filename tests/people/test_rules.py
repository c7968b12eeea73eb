"""Member Management: who may print, and what each rule said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from relay.officernd.model import CheckIn, Member, Membership, Pass, Plan
from relay.people.decide.rules import email_outcome, judge, make_rules, plan_ids, unknown_settings
from relay.people.world import World
from tests.support.people_values import ELSEWHERE, HERE, NOW, member, settings_for, world

HOT = Plan("p1", "Hot Desk", "HOT")
DESK = Plan("p2", "Dedicated Desk", "DESK")


def verdict(folder: Path, one: Member, world_: World | None = None, **members: object) -> tuple[bool, str]:
    made = world_ or world([one], companies={"c1": "Acme"})
    found = judge(one, make_rules(settings_for(folder, members=members), made.officernd, NOW))
    return found.admitted, found.reason


@pytest.mark.parametrize("status", ["former", "pending", "contact", "not_approved", "drop-in", "lead", ""])
def test_only_the_statuses_of_the_settings_are_admitted(tmp_path: Path, status: str) -> None:
    admitted, reason = verdict(tmp_path, member(status=status))
    assert not admitted
    assert reason == f"the status {status or 'none'} is not one of active"


def test_the_default_admits_who_is_active(tmp_path: Path) -> None:
    assert verdict(tmp_path, member()) == (True, "")


def test_a_second_status_is_admitted_when_it_is_named(tmp_path: Path) -> None:
    assert verdict(tmp_path, member(status="drop-in"), statuses=["active", "drop-in"]) == (True, "")


def test_the_members_own_location_counts_before_the_companys(tmp_path: Path) -> None:
    assert verdict(tmp_path, member(location=HERE), locations=[HERE])[0]
    assert verdict(tmp_path, member(location=ELSEWHERE, company="c1"), locations=[HERE]) == (
        False,
        "the location Plovdiv is not admitted",
    )


def test_without_an_own_location_the_companys_counts(tmp_path: Path) -> None:
    one = member(location="", company="c1")
    assert verdict(tmp_path, one, locations=[HERE])[0]
    away = world([one], companies={"c1": "Acme"}, company_location=ELSEWHERE)
    assert not verdict(tmp_path, one, away, locations=[HERE])[0]


def with_plans(*memberships: Membership, members: tuple[Member, ...]) -> World:
    return world(members, companies={"c1": "Acme"}, memberships=memberships, plans=[HOT, DESK])


def active(number: int, **fields: str) -> Membership:
    return Membership(f"s{number}", "", calculated_status="active", **fields)


def test_a_plan_on_a_company_covers_all_its_members(tmp_path: Path) -> None:
    ann, bo = member(1, company="c1"), member(2, "Bo", company="c2")
    made = with_plans(active(1, company="c1", plan="p1"), members=(ann, bo))
    assert verdict(tmp_path, ann, made, plans=["HOT"])[0]
    assert not verdict(tmp_path, bo, made, plans=["HOT"])[0]


def test_a_plan_on_one_member_covers_only_that_one(tmp_path: Path) -> None:
    ann, bo = member(1, company="c1"), member(2, "Bo", company="c1")
    made = with_plans(active(1, company="c1", member="m1", plan="p1"), members=(ann, bo))
    assert verdict(tmp_path, ann, made, plans=["p1"])[0]
    assert verdict(tmp_path, bo, made, plans=["p1"]) == (
        False,
        "no active membership of an admitted plan covers the member",
    )


@pytest.mark.parametrize("state", ["not_started", "expired", "not_approved", ""])
def test_a_membership_that_is_not_active_admits_nobody(tmp_path: Path, state: str) -> None:
    ann = member(company="c1")
    made = with_plans(Membership("s1", "", company="c1", plan="p1", calculated_status=state), members=(ann,))
    assert not verdict(tmp_path, ann, made, plans=["HOT"])[0]


def test_somebody_without_company_is_not_covered_by_a_membership_without_one(tmp_path: Path) -> None:
    ann = member()
    made = with_plans(active(1, plan="p1"), members=(ann,))
    assert not verdict(tmp_path, ann, made, plans=["HOT"])[0]


def test_another_plan_does_not_admit(tmp_path: Path) -> None:
    ann = member(company="c1")
    made = with_plans(active(1, company="c1", plan="p2"), members=(ann,))
    assert not verdict(tmp_path, ann, made, plans=["HOT"])[0]
    assert verdict(tmp_path, ann, made, plans=["HOT", "DESK"])[0]


def test_an_excluded_address_is_shut_out_in_any_case(tmp_path: Path) -> None:
    admitted, reason = verdict(tmp_path, member(email="Ann@Example.com"), exclude_emails=["ann@example.COM"])
    assert (admitted, reason) == (False, "the address is in exclude_emails")
    assert verdict(tmp_path, member(email=""), exclude_emails=["ann@example.com"])[0]


def test_every_rule_that_is_set_has_its_word(tmp_path: Path) -> None:
    ann = member(status="former", location=ELSEWHERE)
    made = with_plans(members=(ann,))
    settings = settings_for(
        tmp_path, members={"locations": [HERE], "plans": ["HOT"], "exclude_emails": ["bo@example.com"]}
    )
    outcomes = judge(ann, make_rules(settings, made.officernd, NOW)).outcomes
    assert [(one.rule, one.passed) for one in outcomes] == [
        ("statuses", False),
        ("locations", False),
        ("plans", False),
        ("exclude_emails", True),
    ]


def guests(ann: Member, *, passes: tuple[Pass, ...] = (), checkins: tuple[CheckIn, ...] = ()) -> World:
    made = world([ann])
    return replace(made, officernd=replace(made.officernd, passes=passes, checkins=checkins))


@pytest.mark.parametrize(
    ("first", "last", "admitted"),
    [
        ("2026-11-23T00:00:00.000Z", "2026-11-23T00:00:00.000Z", True),
        ("2026-11-01", "", True),
        ("", "2026-11-23", True),
        ("2026-11-24", "2026-11-30", False),
        ("2026-11-01", "2026-11-22", False),
    ],
)
def test_a_pass_of_today_admits_whatever_the_status(tmp_path: Path, first: str, last: str, admitted: bool) -> None:
    ann = member(status="contact")
    made = guests(ann, passes=(Pass("x", "m1", "", "active", first, last),))
    assert verdict(tmp_path, ann, made, admit_passes=True)[0] is admitted
    assert not verdict(tmp_path, ann, made)[0]


def test_a_check_in_of_today_at_this_site_admits(tmp_path: Path) -> None:
    ann = member(status="contact")
    here = guests(ann, checkins=(CheckIn("x", "m1", HERE, "2026-11-23T07:00:00Z", "2026-11-23T08:00:00Z"),))
    away = guests(ann, checkins=(CheckIn("x", "m1", ELSEWHERE, "2026-11-23T07:00:00Z"),))
    assert verdict(tmp_path, ann, here, admit_checkins=True)[0]
    assert not verdict(tmp_path, ann, away, admit_checkins=True)[0]


@pytest.mark.parametrize(
    ("name", "pattern", "meant"),
    [
        ("Acme Contact & Billing", "* Contact & Billing", True),
        ("ACME  contact & billing", "* Contact & Billing", True),
        ("Ann Lee", "* Contact & Billing", False),
        ("Room 4", "room ?", True),
        ("Room 14", "room ?", False),
        ("[Desk]", "[desk]", True),
        ("D", "[desk]", False),
        ("Ann Lee", "Ann", False),
        ("Ann.Lee", "Ann?Lee", True),
    ],
)
def test_members_that_are_no_people_are_left_out_by_name(tmp_path: Path, name: str, pattern: str, meant: bool) -> None:
    admitted, reason = verdict(tmp_path, member(name=name), exclude_names=["Nobody", pattern])
    assert (admitted, reason) == (not meant, f"the name matches {pattern!r} in exclude_names" if meant else "")


def test_a_guest_whose_address_is_excluded_stays_out(tmp_path: Path) -> None:
    ann = member(status="contact", email="ann@example.com")
    made = guests(ann, passes=(Pass("x", "m1"),))
    assert not verdict(tmp_path, ann, made, admit_passes=True, exclude_emails=["ann@example.com"])[0]


def test_plans_and_locations_that_do_not_exist_are_told(tmp_path: Path) -> None:
    made = with_plans(members=(member(),))
    settings = settings_for(tmp_path, members={"plans": ["HOT", "p2", "HAT"], "locations": [HERE, "nowhere"]})
    assert unknown_settings(settings, made.officernd) == [("plans", "HAT"), ("locations", "nowhere")]


def test_an_address_that_is_missing_or_none_is_told() -> None:
    assert email_outcome(member(email="")).text == "OfficeRnD holds no e-mail address"
    assert not email_outcome(member(email="nobody")).passed
    assert email_outcome(member(email=" ann@example.com ")).passed


def test_a_plan_is_meant_by_its_id_or_its_code_and_one_without_a_code_by_no_empty_word() -> None:
    plans = [HOT, Plan("p3", "Bare", "")]
    assert plan_ids(["HOT", "p3", ""], plans) == {"p1", "p3", ""}
