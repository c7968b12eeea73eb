"""Whole syncs between the two stand-ins, with the real user source; a second run changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from relay.database import reading
from relay.errors import BadAnswer, NotSent, Refused, RelayError, UsageError
from relay.people.act import apply
from relay.people.act.publish import current_directory
from relay.people.memory.links import last_sync
from relay.stored_accounts import linked_accounts
from tests.support.people_site import Make, Organisation, PeopleSite, small_organisation

INDIVIDUAL, EVERYONE = "[Individual Member]", "[OfficeRnD Members]"
UNLINKED, BLOCKED = "UNLINKED_MEMBERS_TO_OFFICERND", "[OfficeRnD Not Allowed]"
PEOPLE = [
    ("Ann Lee", "ann@acme.example", "Acme"),
    ("Bo Ray", "bo@acme.example", "Acme"),
    ("Cy Day", "cy@x.example", ""),
]


def links_of(site) -> dict[str, object]:
    with reading(site.database) as connection:
        return {link.username: link for link in linked_accounts(connection, site.settings.site.name)}


def member_id(site, name: str) -> str:
    return next(one["_id"] for one in site.pair.officernd.state.members if one["name"] == name)


def settled(site: Make, organisation: Organisation | None = None, **settings: dict[str, Any]) -> PeopleSite:
    """Return a site that has synced once."""
    one = site(organisation=organisation or small_organisation(PEOPLE), settings=settings)
    assert one.sync().exit_code == 0
    return one


def test_a_first_sync_into_an_empty_papercut(site: Make) -> None:
    one = site(starts=True, organisation=small_organisation(PEOPLE))
    first = one.sync_twice()
    assert first.exit_code == 0 and first.applied
    assert first.plan.users["create"] == 3
    ann = one.state.users["ann_acme.example"]
    assert (ann.full_name, ann.email, ann.department, ann.office) == (
        "Ann Lee",
        "ann@acme.example",
        "Acme",
        one.organisation.locations[0].name,
    )
    assert not ann.internal and not ann.disabled
    assert one.members_of("Acme") == {"ann_acme.example", "bo_acme.example"}
    assert one.members_of(INDIVIDUAL) == {"cy_x.example"}
    assert one.members_of(EVERYONE) == {"ann_acme.example", "bo_acme.example", "cy_x.example"}
    assert one.state.users["reception"].internal
    link = links_of(one)["ann_acme.example"]
    assert (link.opening_balance, link.company_name, link.full_name, link.is_active) == (0, "Acme", "Ann Lee", True)


def test_a_first_sync_into_a_server_of_the_old_connector_loses_nothing(site: Make) -> None:
    one = site(starts=True, members=120, filling="old-connector")
    before = {name: (user.balance, user.primary_card, user.internal) for name, user in one.state.users.items()}
    unlinked = one.members_of("[Users not linked to OfficeRnD]")
    first = one.sync_twice()
    assert first.plan.users["adopt"] > 20 and first.plan.users["create"] > 0 and first.plan.users["remove"] > 0
    for name, held in before.items():
        user = one.state.users[name]
        assert (user.balance, user.primary_card, user.internal) == held
    assert unlinked <= one.members_of(UNLINKED)
    assert one.members_of("[Users not linked to OfficeRnD]") == set()
    links = links_of(one)
    adopted = {change.username for change in first.plan.changes if change.action == "adopt"}
    assert {links[name].opening_balance for name in adopted} == {
        round(before[name][0] * 100) * 10_000 for name in adopted
    }
    assert {links[name].opening_jobs for name in adopted} == {one.state.users[name].job_count for name in adopted}
    for change in first.plan.changes:
        if change.action == "remove":
            assert one.state.users[change.username].disabled
            assert change.username in one.members_of(BLOCKED)


def test_the_native_sync_is_only_asked_for_without_deleting(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    one.sync_twice()
    writes = list(one.pair.papercut.faults.recent_writes)
    assert [values for method, values in writes if method == "performUserAndGroupSyncAdvanced"] == [[False, True]]
    assert not {method for method, _ in writes} & {"performUserAndGroupSync", "performGroupSync"}


def test_an_unchanged_sync_renews_the_hand_over_files_and_writes_nothing_remote(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    one.sync_twice()
    before = one.generation()
    (one.pair.home / "settings.json").unlink()
    writes = one.papercut.writes
    assert one.sync().applied
    assert one.generation() != before
    assert (one.pair.home / "settings.json").exists()
    assert one.papercut.writes == writes


def test_papercuts_own_nightly_sync_changes_nothing(site: Make) -> None:
    one = site(members=60, filling="old-connector")
    one.state.add_group("Chess", {"reception", "cleaner"})
    one.sync_twice()
    before = {name: set(group.members) for name, group in one.state.groups.items()}
    users = {name: repr(user) for name, user in one.state.users.items()}
    one.pair.papercut.nightly_sync()
    assert {name: set(group.members) for name, group in one.state.groups.items()} == before
    assert {name: repr(user) for name, user in one.state.users.items()} == users
    assert one.members_of("Chess") == {"reception", "cleaner"}


def test_only_the_plan_that_was_read_is_applied(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    seen = one.plan().hash
    one.pair.officernd.state.add_member("Di Fox", "di@x.example")
    writes, home = one.papercut.writes, one.pair.home
    refused = one.sync(expect=seen)
    assert (refused.exit_code, refused.applied) == (3, False)
    assert [item["code"] for item in refused.as_json()["refused"]] == ["plan_changed"]
    assert one.papercut.writes == writes and not (home / "directory").exists()
    assert one.sync(expect=one.plan().hash).exit_code == 0


def test_a_plan_writes_nothing_anywhere(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    one.plan()
    assert one.papercut.writes == 0 and one.pair.officernd.writes == 0
    assert not (one.pair.home / "directory").exists()
    assert links_of(one) == {}


def test_who_leaves_is_disabled_and_who_returns_is_enabled(site: Make) -> None:
    one = settled(site)
    ann = member_id(one, "Ann Lee")
    one.state.users["ann_acme.example"].balance = -2.0
    one.pair.officernd.state.change_member(ann, status="former")
    gone = one.sync_twice()
    assert gone.plan.users["remove"] == 1
    user = one.state.users["ann_acme.example"]
    assert user.disabled and user.balance == -2.0
    assert one.members_of(BLOCKED) == {"ann_acme.example"} and "ann_acme.example" not in one.members_of(EVERYONE)
    assert links_of(one)["ann_acme.example"].standing == "excluded"
    one.pair.officernd.state.change_member(ann, status="active")
    one.sync_twice()
    assert not one.state.users["ann_acme.example"].disabled
    assert one.members_of("Acme") == {"ann_acme.example", "bo_acme.example"}


def test_who_was_disabled_by_hand_is_not_enabled_on_return(site: Make) -> None:
    one = settled(site)
    ann = member_id(one, "Ann Lee")
    one.state.users["ann_acme.example"].disabled = True
    one.pair.officernd.state.change_member(ann, status="former")
    one.sync_twice()
    one.pair.officernd.state.change_member(ann, status="active")
    one.sync_twice()
    assert one.state.users["ann_acme.example"].disabled


def test_who_was_enabled_on_return_is_not_enabled_against_an_administrators_will_later(site: Make) -> None:
    one = settled(site)
    ann = member_id(one, "Ann Lee")
    for status in ("former", "active"):
        one.pair.officernd.state.change_member(ann, status=status)
        one.sync_twice()
    one.state.users["ann_acme.example"].disabled = True
    one.sync_twice()
    assert one.state.users["ann_acme.example"].disabled


def test_deletion_waits_for_the_money_and_the_same_name_comes_back(site: Make) -> None:
    one = settled(site, members={"departed": "delete"})
    one.state.users["ann_acme.example"].balance = -2.0
    for name in ("Ann Lee", "Bo Ray"):
        one.pair.officernd.state.change_member(member_id(one, name), status="former")
    first = one.sync_twice()
    assert "bo_acme.example" not in one.state.users
    assert one.state.users["ann_acme.example"].disabled
    assert "waiting_for_balance" in {item.code for item in first.plan.warnings}
    one.state.users["ann_acme.example"].balance = -0.004  # less than a coin is never billed
    one.sync_twice()
    assert "ann_acme.example" not in one.state.users
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), status="active")
    one.sync_twice()
    assert not one.state.users["ann_acme.example"].disabled


def test_a_departed_member_may_be_kept(site: Make) -> None:
    one = settled(site, members={"departed": "keep"})
    one.pair.officernd.state.remove_member(member_id(one, "Ann Lee"))
    one.sync_twice()
    assert not one.state.users["ann_acme.example"].disabled
    assert one.members_of(BLOCKED) == {"ann_acme.example"}


def test_a_company_that_is_renamed_takes_its_group_along(site: Make) -> None:
    one = settled(site)
    company = next(iter(one.pair.officernd.state.companies))["_id"]
    one.pair.officernd.state.change_company(company, name="Acme & Sons")
    one.sync_twice()
    assert "Acme" not in one.state.groups
    assert one.members_of("Acme & Sons") == {"ann_acme.example", "bo_acme.example"}
    assert one.state.users["ann_acme.example"].department == "Acme & Sons"
    assert links_of(one)["ann_acme.example"].company_name == "Acme & Sons"


def test_an_address_change_renames_the_account_where_the_settings_say_so(site: Make) -> None:
    one = settled(site, members={"rename": "follow_email"})
    one.state.users["ann_acme.example"].balance = 4.5
    one.state.users["ann_acme.example"].primary_card = "77"
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), email="ann.lee@acme.example")
    first = one.sync_twice()
    assert first.plan.users["rename"] == 1
    assert "ann_acme.example" not in one.state.users
    user = one.state.users["ann.lee_acme.example"]
    assert (user.balance, user.primary_card, user.email) == (4.5, "77", "ann.lee@acme.example")
    assert one.members_of("Acme") == {"ann.lee_acme.example", "bo_acme.example"}
    directory = current_directory(one.pair.home)
    assert {item.standing for item in directory.users} == {"active"}


def test_cards_are_written_through_the_api_and_the_servers_key_stays(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE), settings={"members": {"card_property": "card"}})
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), properties={"card": "0042"})
    one.sync_twice()
    assert one.state.users["ann_acme.example"].primary_card == "0042"
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), properties={"card": "0043"})
    one.sync_twice()  # a number of our own is replaced
    assert one.state.users["ann_acme.example"].primary_card == "0043"
    one.state.users["ann_acme.example"].primary_card = "by hand"
    asked = one.sync_twice()
    assert one.state.users["ann_acme.example"].primary_card == "by hand"
    assert "card_occupied" in {question.code for question in asked.plan.warnings}
    assert one.state.key("user-source.update-user-details-card-id") == "N"


def test_a_card_given_out_during_the_sync_stays(site: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    section = {"members": {"card_property": "card", "card_field": "secondary"}}
    one = site(organisation=small_organisation(PEOPLE), settings=section)
    one.sync_twice()
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), properties={"card": "0042"})
    account, inner = one.state.users["ann_acme.example"], apply._Work.write_card

    def meanwhile(work: Any, *arguments: Any) -> None:
        account.secondary_card = "by hand"
        inner(work, *arguments)

    monkeypatch.setattr(apply._Work, "write_card", meanwhile)
    one.sync()
    assert account.secondary_card == "by hand"


@pytest.mark.parametrize("long_records", ["N", "Y"])
def test_no_field_of_an_adopted_account_is_blanked(site: Make, long_records: str) -> None:
    one = site(organisation=small_organisation([*PEOPLE, ("Di Fox", "di@x.example", "")]))
    one.state.config["user-source.update-user-details-card-id"] = long_records
    one.state.add_user(
        "annie",
        email="ann@acme.example",
        primary_card="1",
        secondary_card="2",
        other_emails="o@x.example",
        alias="al",
        home="\\\\srv\\a",
        notes="n",
        pin="1234",
    )
    one.sync_twice()
    one.pair.papercut.nightly_sync()
    user = one.state.users["annie"]
    assert (user.primary_card, user.secondary_card, user.other_emails) == ("1", "2", "o@x.example")
    assert (user.alias, user.home, user.notes, user.pin) == ("al", "\\\\srv\\a", "n", "1234")


@pytest.mark.parametrize(
    ("rule", "restricted", "mode", "amount"),
    [("leave", False, "default", 0.0), ("no", False, "default", 0.0), ("overdraft:12.50", True, "individual", 12.5)],
)
def test_new_accounts_are_restricted_as_the_settings_say_and_adopted_ones_are_left(
    site: Make, rule: str, restricted: bool, mode: str, amount: float
) -> None:
    one = site(organisation=small_organisation(PEOPLE), settings={"members": {"restricted": rule}})
    one.state.add_user("annie", email="ann@acme.example", restricted=True)
    one.sync_twice()
    user = one.state.users["bo_acme.example"]
    assert (user.restricted, user.overdraft_mode, user.overdraft_amount) == (restricted, mode, amount)
    assert one.state.users["annie"].restricted and one.state.users["annie"].overdraft_mode == "default"


def test_a_foreign_name_is_never_taken(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    one.state.add_user("ann_acme.example", internal=True, password="x" * 8)
    one.state.add_user("bo_acme.example", email="somebody@else.example")
    first = one.sync_twice()
    assert [item.code for item in first.plan.warnings] == ["name_taken", "name_taken"]
    assert one.state.users["ann_acme.example"].internal
    assert one.members_of(UNLINKED) == {"bo_acme.example"}
    assert len(one.members_of("Acme")) == 2


def test_an_unlinked_account_comes_back_when_officernd_learns_of_it(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    one.state.add_user("cleaner", email="clean@x.example", balance=3.0)
    one.sync_twice()
    assert one.members_of(UNLINKED) == {"cleaner"}
    one.pair.officernd.state.add_member("Clean Er", "clean@x.example")
    one.sync_twice()
    assert one.members_of(UNLINKED) == set()
    assert "cleaner" in one.members_of(EVERYONE)
    assert links_of(one)["cleaner"].opening_balance == 3_000_000


def test_an_account_deleted_by_hand_is_not_carried_back(site: Make) -> None:
    one = settled(site)
    with one.state.lock:
        one.state.delete_user(one.state.users["ann_acme.example"])
    result = one.sync_twice()
    assert [item.code for item in result.plan.warnings] == ["deleted_by_hand"]
    one.pair.papercut.nightly_sync()
    assert "ann_acme.example" not in one.state.users
    assert "ann_acme.example" not in links_of(one)


# -- limits and refusals


def leave(site, count: int) -> None:
    for record in list(site.pair.officernd.state.members)[:count]:
        site.pair.officernd.state.change_member(record["_id"], status="former")


def many(count: int):
    return small_organisation([(f"P{n}", f"p{n}@x.example", "Acme" if n % 2 else "") for n in range(count)])


@pytest.mark.parametrize(("leaving", "exit_code"), [(2, 0), (3, 3)])
def test_removals_are_held_above_the_limit_and_joiners_go_on(site: Make, leaving: int, exit_code: int) -> None:
    one = settled(site, many(20))
    leave(one, leaving)
    one.pair.officernd.state.add_member("New One", "new@x.example")
    result = one.sync()
    assert result.exit_code == exit_code and result.applied
    assert "new_x.example" in one.state.users
    assert sum(user.disabled for user in one.state.users.values()) == (leaving if not exit_code else 0)


def test_held_removals_alone_write_nothing_at_all_until_they_are_allowed(site: Make) -> None:
    one = settled(site, many(20))
    leave(one, 3)
    writes, generation = one.papercut.writes, one.generation()
    held = one.sync()
    assert (held.exit_code, held.applied) == (3, False)
    assert held.as_json()["refused"][0]["code"] == "max_removals_percent"
    assert one.papercut.writes == writes and one.generation() == generation
    assert one.sync(allow=("max_removals_percent",)).exit_code == 0
    assert sum(user.disabled for user in one.state.users.values()) == 3


@pytest.mark.parametrize(("changing", "exit_code"), [(6, 0), (7, 3)])
def test_too_many_changes_refuse_the_whole(site: Make, changing: int, exit_code: int) -> None:
    one = settled(site, many(20))
    for record in list(one.pair.officernd.state.members)[:changing]:
        one.pair.officernd.state.change_member(record["_id"], name="New " + record["name"])
    one.pair.officernd.state.add_member("New One", "new@x.example")
    writes, generation = one.papercut.writes, one.generation()
    result = one.sync()
    assert (result.exit_code, result.applied) == (exit_code, not exit_code)
    if exit_code:
        assert one.papercut.writes == writes and one.generation() == generation
        assert one.sync(allow=("max_changes_percent",)).exit_code == 0
    assert one.sync_twice().plan.changes == ()


def test_an_unknown_limit_is_a_usage_error(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    with pytest.raises(UsageError):
        one.sync(allow=("max_everything",))


# -- reads that cannot be the truth


def nothing_written(site, error: type[RelayError], match: str = ".") -> None:
    writes, generation = site.papercut.writes, site.generation()
    with pytest.raises(error, match=match) as caught:
        site.sync()
    assert caught.value.exit_code == 1
    assert site.papercut.writes == writes and site.generation() == generation


def another_organisation(one: PeopleSite) -> None:
    with one.database.begin() as connection:
        connection.exec_driver_sql("UPDATE people_sites SET organization_id = 'other'")


def a_member_left_out(one: PeopleSite) -> None:
    whole = one.officernd.members
    one.officernd.members = lambda *a, **k: whole(*a, **k)[1:]  # type: ignore[method-assign]


def no_companies(one: PeopleSite) -> None:
    one.officernd.companies = lambda *a, **k: []  # type: ignore[method-assign]


def an_emptied_papercut(one: PeopleSite) -> None:
    with one.state.lock:
        for name in [name for name, user in one.state.users.items() if not user.internal][:11]:
            one.state.delete_user(one.state.users[name])


@pytest.mark.parametrize(
    ("spoil", "error", "match"),
    [
        (another_organisation, RelayError, "another|linked with other"),
        (a_member_left_out, BadAnswer, "leaves out"),
        (no_companies, BadAnswer, "leaves out"),
        (lambda one: one.configure({"members": {"plans": ["HOT"]}}), BadAnswer, "no membership"),
        (an_emptied_papercut, BadAnswer, "only 9 of the 20"),
    ],
)
def test_what_cannot_be_the_truth_is_refused(site: Make, spoil: Any, error: type[RelayError], match: str) -> None:
    one = settled(site, many(20))
    spoil(one)
    nothing_written(one, error, match)


@pytest.mark.parametrize("system", ["papercut", "officernd"])
def test_a_system_that_is_down_is_told_and_nothing_is_written(site: Make, system: str) -> None:
    one = settled(site)
    getattr(one.pair, system).stop()
    one.connect()
    nothing_written(one, NotSent)
    getattr(one.pair, system).start()


def test_a_page_of_papercut_that_fails_refuses_the_whole(site: Make) -> None:
    one = settled(site)
    one.pair.papercut.faults.add("getUserProperties", "fault", code=257, text="database is locked")
    nothing_written(one, Refused)


# -- writes that fail


def test_a_lost_answer_is_decided_by_looking(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE), settings={"members": {"card_property": "card"}})
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), properties={"card": "0042"})
    for method in ("performUserAndGroupSyncAdvanced", "addNewGroup", "setUserProperties"):
        one.pair.papercut.faults.add(method, "lost_after")
    one.sync_twice()
    assert one.state.users["ann_acme.example"].primary_card == "0042"


def test_a_refused_change_is_a_failure_of_that_change_and_the_next_sync_mends_it(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    one.pair.papercut.faults.add("addNewGroup", "fault", containing="Acme", text="no", times=2)
    first = one.sync()
    assert first.exit_code == 1 and first.applied
    assert first.as_json()["error"]["code"] == "changes_failed"
    assert [item["subject"] for item in first.as_json()["failures"]] == ["Acme"]
    assert "ann_acme.example" in one.state.users
    with reading(one.database) as connection:
        assert last_sync(connection, "hq") is None
    one.sync_twice()


def test_a_rename_whose_answer_is_lost_is_seen_and_followed(site: Make) -> None:
    one = settled(site, members={"rename": "follow_email"})
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), email="new@acme.example")
    one.pair.papercut.faults.add("renameUserAccount", "lost_after")
    one.sync_twice()
    assert "new_acme.example" in links_of(one)


def test_a_refused_rename_leaves_the_old_name_in_force_and_is_tried_again(site: Make) -> None:
    one = settled(site, members={"rename": "follow_email"})
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), email="new@acme.example")
    one.pair.papercut.faults.add("renameUserAccount", "fault", text="no")
    assert one.sync().exit_code == 1
    names = {item.username for item in current_directory(one.pair.home).users}
    assert "ann_acme.example" in names and "new_acme.example" not in names
    one.sync_twice()
    assert "new_acme.example" in one.state.users


def test_a_task_of_somebody_else_is_waited_for(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))
    one.pair.papercut.tasks.start("backup", lambda report: None, hold_s=0.2)
    one.sync_twice()


def test_a_task_that_slips_in_between_is_waited_for(site: Make) -> None:
    one = site(organisation=small_organisation(PEOPLE))

    def slip_in(method: str, arguments: list) -> None:
        one.pair.papercut.tasks.start("backup", lambda report: None, hold_s=0.1)

    one.pair.papercut.faults.add("addNewGroup", "call", after=1, function=slip_in)
    one.sync_twice()


def test_an_account_whose_making_outlasts_the_time_out_is_waited_for(site: Make) -> None:
    """PaperCut asks about every listed group when it makes one account; with hundreds of them that takes long."""
    one = settled(site)
    one.configure({"papercut": {"timeout_s": 1}})
    one.pair.officernd.state.add_member("Di Fox", "di@x.example")
    one.pair.papercut.faults.add("addNewUser", "delay", delay_s=1.5)
    assert one.sync(incremental=True).failures == ()
    assert "di_x.example" in one.state.users


# -- both positions of the doubts about PaperCut


@pytest.mark.parametrize(
    ("switch", "value"),
    [
        ("blank_details_wipe", False),
        ("group_call", "group-members"),
        ("joins_groups_on_demand", False),
        ("user_groups_with_built_in", False),
        ("boolean_spelling", "lower"),
        ("busy_task", "replace"),
        ("task_message", "blank"),
        ("add_existing_user", "fault"),
        ("recreate_revives", True),
        ("source_meets_internal", "convert"),
        ("unique_email", False),
        ("set_properties_atomic", True),
        ("page_limit", 2),
        ("typed_strings", True),
        ("charset", "iso-8859-1"),
        ("fault_class_prefix", False),
        ("wrong_token_code", 300),
    ],
)
def test_both_positions_of_what_is_not_known(site: Make, switch: str, value: object) -> None:
    one = site(organisation=small_organisation(PEOPLE), settings={"members": {"departed": "delete"}})
    one.state.switches.set(switch, value)
    one.state.add_user("bo_acme.example", email="bo@acme.example", department="Old", balance=1.0)
    one.sync_twice()
    for name in ("Ann Lee", "Bo Ray"):
        one.pair.officernd.state.change_member(member_id(one, name), company=None)
    one.sync_twice()
    assert one.state.users["ann_acme.example"].department == ""
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), status="former")
    one.sync_twice()
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), status="active")
    one.sync_twice()
    assert one.members_of(INDIVIDUAL) == {"ann_acme.example", "bo_acme.example", "cy_x.example"}


@pytest.mark.parametrize(
    ("switch", "value"),
    [
        ("membership_count", "absent"),
        ("end_of_list", "null"),
        ("missing_email", "null"),
        ("missing_email", "empty"),
        ("empty_properties", "object"),
        ("bare_lists", ["plans", "locations", "companies"]),
        ("default_limit", 20),
        ("rate_headers", False),
    ],
)
def test_both_positions_of_what_is_not_known_of_officernd(site: Make, switch: str, value: object) -> None:
    one = site(organisation=small_organisation([*PEOPLE, ("No Mail", "", "Acme")]))
    one.pair.officernd.switches.change({switch: value})
    one.sync_twice()
    one.pair.officernd.state.change_member(member_id(one, "Ann Lee"), company=None)
    one.sync_twice()
    assert one.members_of(INDIVIDUAL) == {"ann_acme.example", "cy_x.example"}


# -- bad data

BAD = [
    ("Tab\tbed\r\nName", "tab@x.example", "Tab\tbed\nCompany"),
    ("  Spaces   everywhere ", " Spaces@X.example ", "  Spaces   everywhere "),
    ("Zero\u200bWidth \u202eOverride", "zero@x.example", "Café"),
    ("Compósed", "jürgen@bücher.example", "CAFE\u0301"),
    ("Plus", "plus+print@x.example", "[All Users]"),
    ('Quo"te', "o'brien@x.example", "!!All Users!!"),
    ("Slash", "a/b@x.example", "x" * 300),
    ("Twin", "a_b@x.example", "x" * 300 + "y"),
    ("田中", '"quo ted"@x.example', "Smith & Sons <GmbH>"),
    ("", "nameless@x.example", "[OfficeRnD Members]"),
    ("Long", "l" * 60 + "@" + "d" * 60 + ".example", "UNLINKED_MEMBERS_TO_OFFICERND"),
    ("Nobody", "no address", "Nobody's"),
]


@pytest.mark.parametrize("long_records", ["N", "Y"])
def test_bad_data_is_handled_or_told_and_corrupts_no_record(site: Make, long_records: str) -> None:
    one = site(starts=True, organisation=small_organisation(BAD))
    one.state.config["user-source.update-user-details-card-id"] = long_records
    first = one.sync_twice()
    one.pair.papercut.nightly_sync()
    assert one.sync().plan.changes == ()
    users = {name: user for name, user in one.state.users.items() if not user.internal}
    assert len(users) == 11
    assert users["tab_x.example"].full_name == "Tab bed Name" and users["tab_x.example"].department == "Tab bed Company"
    assert users["zero_x.example"].full_name == "ZeroWidth Override"
    assert {"plus+print_x.example", "jürgen_bücher.example", "o'brien_x.example", "a_b_x.example"} <= set(users)
    assert len([name for name in users if name.startswith("a_b_x.example")]) == 2
    assert users["nameless_x.example"].full_name == "nameless@x.example"
    groups = set(one.state.groups)
    assert len(groups) == 12  # eleven companies and everyone
    assert all(len(name) <= 100 and name.isprintable() and not name.startswith("!!") for name in groups)
    assert {"no_email", "name_taken", "group_name_taken"} <= {item.code for item in first.plan.warnings}
