"""The fees plan, the words on invoices and transactions, the allowance, the reports of `status`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import money
from relay.accounts import LinkedAccount
from relay.errors import Refused
from relay.money.act import fees_plan
from relay.money.decide import reference, wording
from relay.money.decide.allowance import TopUp, allowance_of, decide_top_up, take_back
from relay.money.decide.bill import Bill, Share
from relay.money.decide.explain import Buckets
from relay.money.decide.movement import Movement
from relay.money.decide.wallet import Wallet
from relay.money.report import status as reports
from relay.officernd.model import Membership
from relay.officernd.named import named
from tests.support.money_world import PLAN, Site, refuse

NOW = datetime(2025, 3, 12, 6, 30, tzinfo=UTC)
DAY = date(2025, 3, 12)
ANN = LinkedAccount("m1", "ann", NOW, company_id="c1", company_name="Acme", full_name="Ann Lee")


# -- the fees plan ---------------------------------------------------------------------------------------------------


def test_the_plan_is_found_by_code_id_or_name() -> None:
    plans = [
        replace(PLAN, id="1", name="Print", code="PRINT-BW"),
        replace(PLAN, id="2", name="print-bw"),
        replace(PLAN, id="3"),
    ]
    assert [plan.id for plan in named(plans, "PRINT-BW")] == ["1"]  # a code goes before a name
    assert [plan.id for plan in named(plans, "2")] == ["2"]
    assert [plan.id for plan in named(plans, " papercut fees")] == ["3"]
    assert named(plans, "none") == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"interval_length": "month"}, "instead of once"),
        ({"interval_length": ""}, "instead of once"),
        ({"locations": ("elsewhere",)}, "location"),
        ({"requires_approval": True}, "approval"),
    ],
)
def test_a_plan_that_cannot_be_billed_on_stops_with_the_steps(site: Site, change: dict[str, Any], words: str) -> None:
    site.officernd.catalogue = [replace(PLAN, **change)]
    site.person("ann", prints=1.0)
    with pytest.raises(Refused, match=words) as refused:
        site.settle()
    assert refused.value.code == "fees_plan"
    assert site.remote_writes() == 0


def test_a_plan_for_this_location_among_others_is_right() -> None:
    assert fees_plan.faults([replace(PLAN, locations=("a", "b"))], PLAN.name, "b") == []


def test_two_plans_of_one_name_are_refused(site: Site) -> None:
    site.officernd.catalogue = [PLAN, replace(PLAN, id="2")]
    with pytest.raises(Refused, match="2 plans"):
        site.settle()


def test_a_missing_plan_is_made_when_it_is_needed(site: Site) -> None:
    site.officernd.catalogue = []
    site.person("ann")
    assert (site.settle().exit_code, site.remote_writes()) == (0, 0)
    site.prints("ann", 1.0)
    assert "does not exist yet" in site.settle(dry_run=True).movements[0].note
    assert (site.settle().exit_code, len(site.officernd.catalogue), site.balance("ann")) == (0, 1, 0)


def test_a_plan_that_may_not_be_made_is_told_with_the_steps(site: Site) -> None:
    site.officernd.catalogue = []
    site.officernd.may_create_plans = False
    site.person("ann", prints=1.0)
    with pytest.raises(Refused, match="does not let the relay make it"):
        site.settle()
    assert site.settle(dry_run=True).exit_code == 0


# -- words -----------------------------------------------------------------------------------------------------------


def bill(name: str = "Ann Lee", shares: int = 1) -> Bill:
    person = replace(ANN, full_name=name)
    return Bill("m1" if shares == 1 else "", "c1", False, tuple(Share(person, 1, 3) for _ in range(shares)))


def test_the_fees_name_tells_who_what_and_the_reference() -> None:
    assert wording.fee_name(bill(), "REF", DAY, "summary", "Acme") == "Printing up to 2025-03-12, Ann Lee, 3 jobs [REF]"
    assert wording.fee_name(bill(), "REF", DAY, "none", "Acme") == "Printing [REF]"
    assert wording.fee_name(bill(), "REF", DAY, "jobs", "Acme", "a.pdf 0.20").endswith(", a.pdf 0.20 [REF]")
    assert wording.fee_name(bill(), "REF", DAY, "jobs", "Acme").endswith("3 jobs [REF]")
    assert wording.fee_name(bill(shares=2), "REF", DAY, "summary", "Acme") == (
        "Printing up to 2025-03-12, Acme, 2 people, 6 jobs [REF]"
    )


@pytest.mark.parametrize(
    "document",
    [
        "PRF-250313-4HW0PZ-7QK2M9FA",
        "x [prf\u2010250313-4hw0pz-7qk2m9fa].pdf",
        "a" * 112 + " PRF-250313-4HW0PZ-7QK2M9FABB",
    ],
)
def test_no_document_can_pass_for_a_fee(document: str) -> None:
    """Somebody could name one like the reference of tomorrow's fee, which is then believed to be sent already."""
    own = reference.make("fee", "hq", "m1", DAY, "4HW0PZ")
    name = wording.fee_name(bill(), own, DAY, "jobs", "Acme", document)
    assert [own] == reference.find(name)


@given(st.text(max_size=400), st.text(max_size=600))
def test_the_reference_survives_any_name(name: str, jobs: str) -> None:
    made = reference.make("fee", "hq", "m1", DAY, "4HW0PZ")
    text = wording.fee_name(bill(name), made, DAY, "jobs", "Acme", jobs)
    assert text.endswith(f"[{made}]") and made in reference.find(text)
    assert len(text) <= wording.NAME_LENGTH and not any(ord(character) < 32 for character in text)


@pytest.mark.parametrize(
    ("kind", "amount", "words"),
    [
        ("fee", 1, "Billed through OfficeRnD"),
        ("top_up", 1, "Member balance"),
        ("top_up", -1, "taken back"),
        ("forgiveness", 1, "Forgiven"),
        ("credit", -1, "Refund"),
        ("restoration", 1, "Brought back after PaperCut was restored"),
        ("included", 1, "Included"),
    ],
)
def test_the_comment_is_short_and_carries_the_reference(kind: Any, amount: int, words: str) -> None:
    movement = Movement("PRF-250312-4HW0PZ-7QK2M9FA/12", kind, "m1", "ann", "c1", amount * 10**15, "EUR", DAY, 1)
    text = wording.comment(movement)
    assert words in text and text.endswith(f"[{movement.reference}]") and len(text) < 255
    assert "-" not in text.split("EUR")[0].split(":")[1]


# -- allowance -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("membership", "amount"),
    [
        (Membership("1", member="m1", plan="p1", calculated_status="active"), 7),
        (Membership("1", company="c1", plan="p1", calculated_status="active"), 7),
        (Membership("1", company="c1", member="m2", plan="p1", calculated_status="active"), 5),
        (Membership("1", member="m1", plan="p1", calculated_status="expired"), 5),
        (Membership("1", member="m1", plan="p9", calculated_status="active"), 5),
        (Membership("1", plan="p1", calculated_status="active"), 5),
    ],
)
def test_a_plan_covers_its_member_or_its_companys_members(membership: Membership, amount: int) -> None:
    assert allowance_of(ANN, [membership], {"p1": 7}, 5) == amount
    assert (
        allowance_of(
            replace(ANN, company_id=""), [Membership("1", plan="p1", calculated_status="active")], {"p1": 7}, 5
        )
        == 5
    )


def wallet(**buckets: int) -> Wallet:
    return replace(Wallet.empty(ANN), buckets=Buckets(**buckets))


def decided(busy: bool = False, mode: Any = "add", given: int = 5_000_000, **buckets: int) -> TopUp | str | None:
    return decide_top_up(ANN, wallet(**buckets), given, busy=busy, mode=mode)


def test_a_top_up_waits_for_open_movements_and_for_no_debt() -> None:
    assert decided() == TopUp(ANN, 5_000_000)
    assert decided(owed=-9_000_000, opening=-1, disputed=-1) == TopUp(ANN, 5_000_000)
    assert decided(allowance=2_000_000, own=9) == TopUp(ANN, 5_000_000)
    assert "still open" in str(decided(busy=True))


def test_a_reset_lets_what_is_left_expire_and_touches_nothing_else() -> None:
    assert decided(mode="reset", owed=-4_000_000, own=8_000_000) == TopUp(ANN, 5_000_000)
    assert decided(mode="reset", allowance=2_000_000) == TopUp(ANN, 3_000_000, 2_000_000)
    assert decided(mode="reset", allowance=5_000_000) == TopUp(ANN, 0, 5_000_000)
    assert decided(mode="reset", allowance=8_000_000) == TopUp(ANN, 0, 5_000_000)  # the amount was lowered


@pytest.mark.parametrize("standing", ["excluded", "departed"])
def test_who_is_not_active_or_has_no_allowance_gets_nothing(standing: str) -> None:
    assert decide_top_up(replace(ANN, standing=standing), wallet(), 5, busy=False, mode="add") is None
    assert decided(given=0) is None


def test_only_our_unused_allowance_is_taken_back() -> None:
    leaver = replace(ANN, standing="departed")

    def taken(**buckets: int) -> int:
        back = take_back(leaver, wallet(**buckets), "EUR")
        assert back is None or (back.account, back.expires) == (leaver, -back.amount)
        return 0 if back is None else back.amount

    assert taken(allowance=2_005_000, own=9_000_000) == -2_000_000
    assert taken(allowance=2_000_000, owed=-500_000) == -1_500_000
    assert taken(allowance=2_000_000, owed=-2_000_001) == taken(own=9_000_000) == taken() == 0
    assert take_back(ANN, wallet(allowance=2_000_000), "EUR") is None


# -- reports ---------------------------------------------------------------------------------------------------------


def test_status_tells_runs_holds_and_open_movements(site: Site) -> None:
    member = site.person("old", -5.0)
    site.settle()
    now = site.clock.now()
    money.record_run(
        site.database, "hq", "settle", started=now, ended=now, exit_code=1, answer={"error": {"code": "x"}}
    )
    (run,) = money.last_runs(site.database, "hq")
    assert (run["kind"], run["exit_code"], run["error"]) == ("settle", 1, {"code": "x"})
    (hold,) = money.held(site.database, site.settings)
    assert (hold["username"], hold["member_id"], hold["amount"], hold["code"]) == (
        "old",
        member,
        "5.00",
        "opening_balance",
    )
    assert money.open_movements(site.database, site.settings) == []

    site.prints("old", 1.0)
    site.faults.always = refuse
    site.settle()
    (movement,) = money.open_movements(site.database, site.settings)
    assert (movement["state"], movement["stage"], movement["amount"]) == ("failed", "failed", "1.00")
    assert reports.members_with_open_movements(site.database, "hq") == {member}
