"""Syncs between the daily ones: what changed since, one person now; the same end as a full sync, with few calls."""

from __future__ import annotations

from datetime import timedelta

import pytest

from relay.errors import RelayError
from relay.people.memory import snapshot
from relay.people.sync import FULL_READ_EVERY
from tests.support.people_site import Make, PeopleSite, small_organisation

EVERYONE = "[OfficeRnD Members]"
PEOPLE = [
    ("Ann Lee", "ann@acme.example", "Acme"),
    ("Bo Ray", "bo@acme.example", "Acme"),
    ("Cy Day", "cy@x.example", ""),
]


@pytest.fixture
def settled(site: Make) -> PeopleSite:
    one = site(organisation=small_organisation(PEOPLE))
    one.sync_twice()
    return one


def ids(site: PeopleSite) -> dict[str, str]:
    return {record["name"]: record["_id"] for record in site.pair.officernd.state.members}


def test_an_unchanged_world_costs_a_handful_of_reads_and_no_write(settled: PeopleSite) -> None:
    settled.connect()
    generation, before = settled.generation(), settled.pair.officernd.calls.total()
    result = settled.sync(incremental=True)
    assert result.applied and result.plan.changes == ()
    assert settled.papercut.writes == 0
    assert "getUserProperties" not in settled.asked
    assert settled.pair.officernd.calls.total() - before < 10
    assert settled.generation() != generation  # the directory's age is renewed


def test_a_newcomer_is_made_by_the_new_user_event_without_a_native_sync(settled: PeopleSite) -> None:
    settled.pair.officernd.state.add_member("Di Fox", "di@x.example")
    settled.connect()
    result = settled.sync(incremental=True)
    assert result.plan.users["create"] == 1
    assert settled.asked["addNewUser"] == 1
    assert settled.asked["performUserAndGroupSyncAdvanced"] == 0
    assert "di_x.example" in settled.members_of(EVERYONE)
    settled.sync_twice()


def test_a_newcomer_in_a_new_company_and_a_rename_and_a_leaver_end_as_in_a_full_sync(settled: PeopleSite) -> None:
    office = settled.pair.officernd.state
    company = office.add_company("Brand New")["_id"]
    office.add_member("Di Fox", "di@x.example", company=company)
    office.change_member(ids(settled)["Ann Lee"], name="Ann Leigh")
    office.change_member(ids(settled)["Bo Ray"], status="former")
    office.change_company(next(iter(office.companies))["_id"], name="Acme & Sons")
    settled.connect()
    assert settled.sync(incremental=True).exit_code == 0
    assert settled.asked["performUserAndGroupSyncAdvanced"] == 0
    assert settled.members_of("Brand New") == {"di_x.example"}
    assert settled.state.users["ann_acme.example"].full_name == "Ann Leigh"
    assert settled.members_of("Acme & Sons") == {"ann_acme.example"} and "Acme" not in settled.state.groups
    assert settled.state.users["bo_acme.example"].disabled
    assert settled.sync_twice().plan.changes == ()


def test_somebody_deleted_by_hand_is_not_carried_back_at_night(settled: PeopleSite) -> None:
    settled.state.delete_user(settled.state.users["cy_x.example"])
    result = settled.sync(incremental=True)
    assert [warning.code for warning in result.plan.warnings] == ["deleted_by_hand"]
    settled.pair.papercut.nightly_sync()
    assert "cy_x.example" not in settled.state.users


def test_what_is_acted_on_is_read_again_first(settled: PeopleSite) -> None:
    """A card that somebody got since the last sync survives an update of that person."""
    settled.state.config["user-source.update-user-details-card-id"] = "Y"
    settled.sync()
    settled.state.users["ann_acme.example"].primary_card = "new card"
    settled.pair.officernd.state.change_member(ids(settled)["Ann Lee"], name="Ann Leigh")
    settled.sync(incremental=True)
    settled.pair.papercut.nightly_sync()
    assert settled.state.users["ann_acme.example"].primary_card == "new card"


def test_where_papercut_takes_cards_every_echo_is_fresh(settled: PeopleSite) -> None:
    settled.state.config["user-source.update-user-details-card-id"] = "Y"
    settled.sync()
    settled.state.users["cy_x.example"].primary_card = "given at noon"
    settled.sync(incremental=True)
    settled.pair.papercut.nightly_sync()
    assert settled.state.users["cy_x.example"].primary_card == "given at noon"


def test_a_group_that_is_not_ours_keeps_who_joined_it_since(settled: PeopleSite) -> None:
    settled.state.add_group("Chess", {"ann_acme.example"})
    settled.sync()
    settled.state.groups["Chess"].members.add("bo_acme.example")
    settled.sync(incremental=True)
    settled.pair.papercut.nightly_sync()
    assert settled.members_of("Chess") == {"ann_acme.example", "bo_acme.example"}


def test_without_an_earlier_sync_everything_is_read(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    assert one.sync(incremental=True).plan.users["create"] == 3
    assert one.asked["performUserAndGroupSyncAdvanced"] == 1


def test_after_a_day_and_a_half_everything_is_read_again(settled: PeopleSite) -> None:
    taken = snapshot.load(settled.settings)
    office = settled.pair.officernd.state
    office.remove_member(ids(settled)["Cy Day"])
    assert settled.sync(incremental=True).plan.users["remove"] == 0  # a deletion shows in no list of changes
    assert snapshot.load(settled.settings).full_at == taken.full_at
    later = settled.clock.now() + FULL_READ_EVERY + timedelta(minutes=1)
    settled.clock.now = lambda: later  # type: ignore[method-assign]
    assert settled.sync(incremental=True).plan.users["remove"] == 1


def test_a_damaged_snapshot_costs_a_full_read_and_nothing_else(settled: PeopleSite) -> None:
    (settled.settings.site.state_dir / snapshot.NAME).write_text("{")
    settled.connect()
    assert settled.sync(incremental=True).plan.changes == ()
    assert settled.asked["getUserProperties"] > 0


def test_the_snapshot_is_for_its_owner_only_and_comes_back_whole(settled: PeopleSite) -> None:
    path = settled.settings.site.state_dir / snapshot.NAME
    assert path.stat().st_mode & 0o077 == 0
    taken = snapshot.load(settled.settings)
    assert {member.name for member in taken.officernd.members.values()} == {"Ann Lee", "Bo Ray", "Cy Day"}
    assert taken.papercut.accounts["ann_acme.example"].department == "Acme"
    assert taken.papercut.groups["Acme"] == {"ann_acme.example", "bo_acme.example"}
    assert taken.cursor == max(record["modifiedAt"] for record in settled.pair.officernd.state.members)


def test_a_limit_holds_here_too(site: Make) -> None:
    one = site(organisation=small_organisation([(f"P{n}", f"p{n}@x.example", "") for n in range(20)]))
    one.sync_twice()
    for member_id in list(ids(one).values())[:3]:
        one.pair.officernd.state.change_member(member_id, status="former")
    writes, generation = one.papercut.writes, one.generation()
    held = one.sync(incremental=True)
    assert (held.exit_code, held.applied) == (3, False)
    assert one.papercut.writes == writes and one.generation() == generation


def test_a_listed_group_that_nobody_answers_about_does_not_stop_a_newcomer(site: Make) -> None:
    """PaperCut asks about every listed group when it makes one account; a group not ours is never answered."""
    one = site(organisation=small_organisation(PEOPLE), settings={"members": {"not_ours": ["group:Staff"]}})
    one.state.add_group("Staff", {"reception"})
    one.sync_twice()
    one.pair.officernd.state.add_member("Di Fox", "di@x.example")
    assert one.sync(incremental=True).failures == ()
    assert "di_x.example" in one.members_of(EVERYONE)
    assert one.members_of("Staff") == {"reception"}


# -- one person now


def test_one_person_is_brought_and_everybody_else_stays(settled: PeopleSite) -> None:
    office = settled.pair.officernd.state
    visitor = office.add_member("Di Fox", "di@x.example")["_id"]
    office.add_member("Ed Orr", "ed@x.example")
    office.change_member(ids(settled)["Ann Lee"], status="former")
    settled.connect()
    result = settled.sync(member=visitor)
    assert [(change.action, change.username) for change in result.plan.changes if change.username] == [
        ("create", "di_x.example")
    ]
    assert "di_x.example" in settled.state.users and "ed_x.example" not in settled.state.users
    assert not settled.state.users["ann_acme.example"].disabled
    assert "ann_acme.example" in settled.members_of(EVERYONE)
    assert settled.asked["performUserAndGroupSyncAdvanced"] == 0
    settled.sync_twice()
    assert settled.state.users["ann_acme.example"].disabled and "ed_x.example" in settled.state.users


@pytest.mark.parametrize("who", ["di@x.example", " DI@x.example ", "id"])
def test_the_person_is_found_by_address_or_id(settled: PeopleSite, who: str) -> None:
    visitor = settled.pair.officernd.state.add_member("Di Fox", "di@x.example")["_id"]
    settled.sync(member=visitor if who == "id" else who)
    assert "di_x.example" in settled.state.users


def test_a_linked_person_is_found_by_username(settled: PeopleSite) -> None:
    settled.pair.officernd.state.change_member(ids(settled)["Ann Lee"], name="Ann Leigh")
    settled.sync(member="ann_acme.example")
    assert settled.state.users["ann_acme.example"].full_name == "Ann Leigh"


def test_somebody_whose_account_was_deleted_by_hand_is_brought_back_when_asked_for(settled: PeopleSite) -> None:
    settled.state.delete_user(settled.state.users["cy_x.example"])
    settled.sync()
    settled.sync(member="cy@x.example")
    assert "cy_x.example" in settled.state.users
    settled.sync_twice()


def test_nobody_is_an_error_with_a_next_step(settled: PeopleSite) -> None:
    with pytest.raises(RelayError, match="Neither OfficeRnD nor PaperCut knows 'nobody@x.example'"):
        settled.sync(member="nobody@x.example")
    with pytest.raises(RelayError, match="is not a member in OfficeRnD"):
        settled.sync(member="reception")


def test_before_any_sync_one_person_can_be_brought(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    one.sync(member="bo@acme.example")
    assert set(one.state.users) == {"reception", "bo_acme.example"}
    one.sync_twice()


def test_checked_in_today_admits_a_visitor_at_the_desk(site: Make) -> None:
    one = site(
        organisation=small_organisation(PEOPLE), settings={"members": {"admit_checkins": True, "admit_passes": True}}
    )
    one.sync_twice()
    office = one.pair.officernd.state
    visitor = office.add_member("Di Fox", "di@x.example", status="contact")["_id"]
    one.sync(member=visitor)
    assert "di_x.example" not in one.state.users
    location = one.organisation.locations[0].id
    start = one.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    office.add(office.checkins, {"member": visitor, "location": location, "start": start, "end": None})
    one.sync(member=visitor)
    assert "di_x.example" in one.state.users
