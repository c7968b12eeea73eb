"""Accounts that staff renamed in PaperCut: the same sync follows them, with everything that hangs on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from relay import jobs, money
from relay.database import metadata, reading
from relay.money.ledger.store import Ledger
from relay.people.decide.renames import follow_hand_renames
from relay.people.world import Link, World
from relay.stored_accounts import linked_accounts, people_links
from tests.support.people_site import Make, PeopleSite, small_organisation
from tests.support.people_values import account, linked, member, settings_for, world

EVERYONE = "[OfficeRnD Members]"
ANN, BO = "ann@example.com", "bo@example.com"


def followed(folder: Path, made: World, **readings: tuple[int, int]) -> dict[str, str]:
    """Return the usernames of the links by member id, after the renames were followed."""
    made = replace(made, memory=replace(made.memory, readings=readings))
    memory = follow_hand_renames(made, settings_for(folder)).memory
    return {member_id: link.username for member_id, link in memory.links.items()}


def two(*accounts: object, **links: Link) -> World:
    """Return a world of Ann and Bo, each linked and seen with an address of their own."""
    known = {
        "m1": linked("m1", "ann", email=ANN, account_email=ANN, display_name="Ann Lee"),
        "m2": linked("m2", "bo", email=BO, account_email=BO, display_name="Bo Ray"),
        **links,
    }
    names = [one.username for one in accounts]
    return world(
        [member(1, "Ann Lee", ANN), member(2, "Bo Ray", BO)], accounts, links=known.values(), groups={EVERYONE: names}
    )


@pytest.mark.parametrize("name", ["aa", "ann.lee", "zz"])
def test_a_renamed_account_keeps_its_link_whatever_its_name_sorts_before(tmp_path: Path, name: str) -> None:
    made = two(account(name, email=ANN, jobs=4), account("bo", email=BO, jobs=0))
    assert followed(tmp_path, made, m1=(0, 3)) == {"m1": name, "m2": "bo"}


def test_two_that_swap_names_and_a_chain_of_names(tmp_path: Path) -> None:
    swapped = two(account("bo", email=ANN, jobs=0), account("ann", email=BO, jobs=0))
    assert followed(tmp_path, swapped) == {"m1": "bo", "m2": "ann"}
    chain = two(account("bo", email=ANN, jobs=0), account("bob", email=BO, jobs=0))
    assert followed(tmp_path, chain) == {"m1": "bo", "m2": "bob"}


def test_addresses_swapped_in_officernd_are_no_renames(tmp_path: Path) -> None:
    made = two(account("ann", email=ANN, jobs=0), account("bo", email=BO, jobs=0))
    swapped = replace(
        made, officernd=replace(made.officernd, members={"m1": member(1, "Ann", BO), "m2": member(2, "Bo", ANN)})
    )
    assert followed(tmp_path, swapped) == {"m1": "ann", "m2": "bo"}
    # Killed after the links were stored: each link has the new address and its account the old one.
    intended = {
        "m1": linked("m1", "ann", email=BO, account_email=ANN),
        "m2": linked("m2", "bo", email=ANN, account_email=BO),
    }
    memory = replace(swapped.memory, links=intended)
    assert followed(tmp_path, replace(swapped, memory=memory)) == {"m1": "ann", "m2": "bo"}


def test_an_account_with_the_address_that_is_another_one_is_not_the_renamed_one(tmp_path: Path) -> None:
    bo = account("bo", email=BO, jobs=0)
    debt = two(bo)
    accounts = {**debt.papercut.accounts, "annie": account("annie", email=ANN, balance=-9_000_000, jobs=40)}
    another = replace(debt, papercut=replace(debt.papercut, accounts=accounts))
    assert followed(tmp_path, another, m1=(0, 3))["m1"] == "ann"
    fell = two(account("annie", email=ANN, jobs=2), bo)
    assert followed(tmp_path, fell, m1=(0, 3))["m1"] == "ann"
    same = {**debt.papercut.accounts, "annie": account("annie", email=ANN, balance=-9_000_000, jobs=3)}
    equal = replace(debt, papercut=replace(debt.papercut, accounts=same))
    assert followed(tmp_path, equal, m1=(-9_000_000, 3))["m1"] == "annie"


def test_a_twin_made_under_the_old_name_is_not_the_account(tmp_path: Path) -> None:
    """PaperCut's nightly sync makes an account of the old name, with the same address, before the relay looks."""
    made = two(account("ann", email=ANN, jobs=0), account("annie", email=ANN, jobs=3), account("bo", email=BO, jobs=0))
    assert followed(tmp_path, made, m1=(0, 3))["m1"] == "annie"


def test_somebody_without_address_is_followed_by_name_within_our_groups(tmp_path: Path) -> None:
    link = linked("m1", "ann", display_name="Ann Lee")
    made = two(account("lee", full_name="Ann  LEE", jobs=1), account("bo", email=BO, jobs=0), m1=link)
    made = replace(made, officernd=replace(made.officernd, members={"m1": member(1, "Ann Lee", "")}))
    assert followed(tmp_path, made)["m1"] == "lee"
    outside = replace(made, papercut=replace(made.papercut, groups={}))
    assert followed(tmp_path, outside, m1=(0, 1))["m1"] == "ann"


def test_an_address_that_two_links_claim_moves_nobody(tmp_path: Path) -> None:
    both = {
        "m1": linked("m1", "ann", email=ANN, account_email=ANN),
        "m2": linked("m2", "bo", email=ANN, account_email=ANN),
    }
    assert followed(tmp_path, two(account("annie", email=ANN, jobs=0), **both)) == {"m1": "ann", "m2": "bo"}


# -- between the stand-ins -------------------------------------------------------------------------------------------


def many(count: int) -> list[tuple[str, str, str]]:
    return [(f"Person {n:03}", f"p{n:03}@acme.example", f"Acme {n % 3}" if n % 2 else "") for n in range(count)]


def people_of(site: PeopleSite) -> dict[str, str]:
    """Return the usernames of the linked accounts, by the name of their person."""
    with reading(site.database) as connection:
        return {one.full_name: one.username for one in linked_accounts(connection, site.settings.site.name)}


def links_of(site: PeopleSite) -> dict[str, tuple[object, int]]:
    with reading(site.database) as connection:
        rows = connection.execute(people_links.select()).mappings()
        return {row["member_id"]: (row["linked_at"], row["opening_balance"]) for row in rows}


def prints(site: PeopleSite, username: str, cost: float) -> None:
    user = site.state.users[username]
    site.state.transact(user, -cost, "a job", kind="PRINTER_USAGE")
    user.job_count += 1


def rename(site: PeopleSite, old: str, new: str) -> None:
    site.state.rename_user(site.state.users[old], new)


def swap(site: PeopleSite, one: str, other: str) -> None:
    rename(site, one, "for.a.moment")
    rename(site, other, one)
    rename(site, "for.a.moment", other)


def prices(site: PeopleSite) -> list[float]:
    return sorted(fee["price"] for fee in site.pair.officernd.state.fees)


def tell(site: PeopleSite) -> None:
    """Do what follows a sync in a run: remember for the job log whose account is whose."""
    jobs.remember_people(site.database, site.settings.site.name, site.clock.now())


def test_three_hundred_renamed_on_one_evening(site: Make) -> None:
    """A third owes, some have a movement under way, some swapped names, some have left: nothing is lost or held."""
    count = 300
    one = site(organisation=small_organisation(many(count)), settings={"officernd": {"requests_per_minute": 100_000}})
    one.state.add_user("p299_acme.example", email="p299@acme.example", balance=-7.0, job_count=2)  # older than the link
    one.sync_twice()
    tell(one)
    first = money.settle(one.context)
    assert [item.code for item in first.held] == ["opening_balance"]
    names = [f"p{n:03}_acme.example" for n in range(count)]
    for number, name in enumerate(names):
        if number % 3 == 0:
            prints(one, name, 1.0)
    one.pair.papercut.faults.add("adjustUserAccountBalance", "fault", times=4)
    half_done = money.settle(one.context)
    waiting = Ledger(one.database, one.settings.site.name, one.clock).open_movements()
    assert waiting and half_done.exit_code in (1, 3, 4)
    for number, name in enumerate(names):
        if number % 3 == 1:
            prints(one, name, 2.0)
    leaver = people_of(one)["Person 004"]
    one.pair.officernd.state.change_member(
        next(row["_id"] for row in one.pair.officernd.state.members if row["name"] == "Person 004"), status="former"
    )
    before = links_of(one)

    swapped = {"p000_acme.example": "p001_acme.example", "p010_acme.example": "p011_acme.example"}
    for name, other in swapped.items():
        swap(one, name, other)
    untouched = {*swapped, *swapped.values()}
    for number, name in enumerate(names):
        if name not in untouched:
            rename(one, name, f"{'zz' if number % 2 else 'aa'}.{number:03}")

    plan = one.plan()
    assert plan.refused == () and not plan.stops
    assert {warning.code for warning in plan.warnings} == set()
    one.sync_twice()
    tell(one)
    assert links_of(one) == before
    found = people_of(one)
    assert (found["Person 000"], found["Person 001"]) == ("p001_acme.example", "p000_acme.example")
    assert (found["Person 005"], found["Person 006"]) == ("zz.005", "aa.006")
    assert found["Person 004"] == "aa.004" and leaver not in one.state.users
    assert one.state.users["aa.004"].disabled

    last = money.settle(one.context)
    assert last.exit_code == 0, last.as_json()
    assert [(item.account.username, item.code) for item in last.held] == [("zz.299", "opening_balance")]
    assert prices(one) == [1.0] * 100 + [2.0] * 100
    assert {name: user.total() for name, user in one.state.users.items() if user.total()} == {"zz.299": -7.0}
    assert money.settle(one.context).movements == ()


@pytest.mark.parametrize("circle", [2, 3])
def test_addresses_exchanged_between_members_converge(site: Make, circle: int) -> None:
    one = site(organisation=small_organisation(many(6)))
    one.sync_twice()
    members = one.pair.officernd.state.members
    ids = [row["_id"] for row in members][:circle]
    addresses = [row["email"] for row in members][:circle]
    for member_id, address in zip(ids, [*addresses[1:], addresses[0]], strict=True):
        one.pair.officernd.state.change_member(member_id, email=address)
    one.sync_twice()
    held = [one.state.users[f"p{number:03}_acme.example"].email for number in range(circle)]
    assert held == [*addresses[1:], addresses[0]]


def test_who_exchanged_addresses_is_billed_after_the_very_sync_that_wrote_them(site: Make) -> None:
    """Money reads whose an account is by its address: a sync remembers the ones that it leaves behind."""
    one = site(organisation=small_organisation(many(6)))
    one.sync_twice()
    money.keep_witness(one.context)
    assert money.settle(one.context).exit_code == 0
    for number in range(2):
        prints(one, f"p{number:03}_acme.example", 1.0 + number)
    first, second = list(one.pair.officernd.state.members)[:2]
    ours = first["email"], second["email"]
    for row, address in ((first, ours[1]), (second, ours[0])):
        one.pair.officernd.state.change_member(row["_id"], email=address)
    assert one.sync().exit_code == 0
    assert money.settle(one.context).exit_code == 0
    assert prices(one) == [1.0, 2.0]


def test_nobody_is_linked_in_a_ledger_that_may_be_the_wrong_one(site: Make) -> None:
    """After the ledger was lost, what is owed is no opening debt: first it is rebuilt, then people are linked."""
    one = site(organisation=small_organisation(many(3)))
    one.sync_twice()
    money.keep_witness(one.context)
    name = "p000_acme.example"
    prints(one, name, 3.0)
    with one.database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    lost = one.sync()
    assert (lost.exit_code, [refusal.code for refusal in lost.refused]) == (3, ["ledger_lost"])
    assert not lost.applied and people_of(one) == {}
    assert [refusal.code for refusal in one.plan().refused] == ["ledger_lost"]
    money.rebuild(one.context)
    one.sync_twice()
    assert people_of(one)["Person 000"] == name
    assert [item.code for item in money.settle(one.context).held] == ["opening_balance"]


def test_a_second_relay_changes_nobody_until_somebody_says_that_it_is_the_only_one(site: Make) -> None:
    one = site(organisation=small_organisation(many(3)))
    one.sync_twice()
    money.keep_witness(one.context)
    with one.database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    one.configure({"site": {"name": "annex"}})
    one.pair.officernd.state.change_member(one.organisation.members[0].id, status="former")
    before, generation = repr(sorted(one.state.users.items())), one.generation()
    second = one.sync()
    assert (second.exit_code, second.applied) == (3, False)
    assert [refusal.code for refusal in second.refused] == ["second_relay"]
    assert "a second relay works on this server" in second.refused[0].message
    assert (repr(sorted(one.state.users.items())), one.generation()) == (before, generation), "nothing was written"
    assert [refusal.code for refusal in one.plan().refused] == ["second_relay"]
    assert money.settle(one.context).exit_code == 3
    money.approve(one.context, "second_relay", as_="continue", reason="the other one was switched off")
    assert one.sync().exit_code == 0


def test_accounts_younger_than_a_restored_backup_are_made_again(site: Make) -> None:
    one = site(organisation=small_organisation(many(3)))
    one.sync_twice()
    money.keep_witness(one.context)
    money.settle(one.context)
    backup = one.pair.papercut.backup()
    one.pair.officernd.state.add_member("New Here", "new@acme.example")
    one.sync_twice()
    name = people_of(one)["New Here"]
    prints(one, name, 3.0)
    money.settle(one.context)
    before = links_of(one)
    one.pair.papercut.restore(backup)
    assert name not in one.state.users
    again = one.sync()
    assert again.plan.users["create"] == 1 and not again.plan.warnings
    assert name in one.state.users and links_of(one) == before
    assert one.sync().plan.is_empty


def test_an_internal_user_under_a_links_name_is_a_question_and_no_rename(tmp_path: Path) -> None:
    made = two(
        account("ann", email="desk@example.com", internal=True, jobs=0),
        account("annie", email=ANN, jobs=0),
        account("bo", email=BO, jobs=0),
    )
    assert followed(tmp_path, made)["m1"] == "ann"


def test_without_an_address_and_a_name_nobody_is_looked_for(tmp_path: Path) -> None:
    nameless = linked("m1", "ann", email="", account_email="", display_name="")
    made = two(account("annie", full_name="Ann Lee", jobs=0), account("bo", email=BO, jobs=0), m1=nameless)
    made = replace(made, officernd=replace(made.officernd, members={}))
    assert followed(tmp_path, made)["m1"] == "ann"
