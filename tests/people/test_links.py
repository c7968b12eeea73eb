"""What is remembered of people survives a new process, each site by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from relay import accounts, stored_accounts
from relay.database import open_database, reading
from relay.people.memory import links
from relay.people.world import CompanyGroup, Memory, Rename
from tests.support.people_values import NOW, linked, settings_for


@pytest.fixture
def database(tmp_path: Path):
    return open_database(settings_for(tmp_path))


def memory(database: Engine, site: str = "hq") -> Memory:
    with reading(database) as connection:
        return links.read_memory(connection, site)


def test_a_link_comes_back_as_it_was_and_replaces_the_earlier_one(database: Engine) -> None:
    first = linked("m1", "ann", opening_balance=-7_035_000, email="a@x.example", company_name="Acme & Søn")
    with database.begin() as connection:
        links.store_links(connection, "hq", [first, linked("m2", "bo")])
        links.store_links(connection, "hq", [replace(first, username="anna")])
    assert memory(database).links == {"m1": replace(first, username="anna"), "m2": linked("m2", "bo")}


def test_sites_know_nothing_of_each_other(database: Engine) -> None:
    with database.begin() as connection:
        links.store_links(connection, "hq", [linked("m1", "ann")])
        links.store_links(connection, "west", [linked("m1", "ann2")])
        links.remember_disabled(connection, "west", ["ann2"], NOW)
        links.replace_groups(connection, "west", [CompanyGroup("Acme", "c1", "acme")])
    assert memory(database).links == {"m1": linked("m1", "ann")}
    assert memory(database).disabled == frozenset() and memory(database).groups == {}
    assert memory(database, "west").disabled == {"ann2"}


def test_one_account_is_linked_once_unless_the_earlier_one_is_deleted(database: Engine) -> None:
    with database.begin() as connection:
        links.store_links(connection, "hq", [linked("m1", "ann", deleted_at=NOW), linked("m2", "ann")])
    with pytest.raises(IntegrityError), database.begin() as connection:
        links.store_links(connection, "hq", [linked("m3", "ann")])


def test_money_sees_who_stands_in_papercut(database: Engine) -> None:
    with database.begin() as connection:
        links.store_links(
            connection,
            "hq",
            [
                linked("m1", "zoe", display_name="Zoe", company_id="c1", company_name="Acme", location_id="l1"),
                linked("m2", "ann", standing="departed", opening_balance=-1),
                linked("m3", "gone", standing="gone"),
                linked("m4", "deleted", deleted_at=NOW),
                linked("m5", "reserved", linked_at=None),
            ],
        )
        found = stored_accounts.linked_accounts(connection, "hq")
    assert [(one.username, one.is_active, one.opening_balance) for one in found] == [
        ("ann", False, -1),
        ("zoe", True, 0),
    ]
    assert found[1] == accounts.LinkedAccount("m1", "zoe", NOW, 0, "c1", "Acme", "Zoe", "active", location_id="l1")


def test_answers_replace_each_other_by_kind(database: Engine) -> None:
    with database.begin() as connection:
        links.store_answer(connection, "hq", "link", "m1", "ann", NOW)
        links.store_answer(connection, "hq", "link", "m1", "anna", NOW)
        links.store_answer(connection, "hq", "not_same", "m1", "bo", NOW)
        links.store_answer(connection, "hq", "not_same", "m1", "cy", NOW)
        links.store_answer(connection, "hq", "not_same", "m1", "cy", NOW)
        links.store_answer(connection, "hq", "group", "c1", "Acme", NOW)
    found = memory(database)
    assert found.answers == {"m1": "anna"}
    assert found.denied == {("m1", "bo"), ("m1", "cy")}
    assert found.group_answers == {"c1": "Acme"}
    with database.begin() as connection:
        links.drop_answers(connection, "hq", "not_same", "m1", "bo")
        links.drop_answers(connection, "hq", "link", "m1")
    assert memory(database).denied == {("m1", "cy")} and memory(database).answers == {}


def test_a_finished_rename_takes_everything_along_and_a_failed_one_nothing(database: Engine) -> None:
    with database.begin() as connection:
        links.store_links(connection, "hq", [linked("m1", "ann"), linked("m2", "bo")])
        links.remember_disabled(connection, "hq", ["ann", "bo"], NOW)
        links.open_renames(connection, "hq", [Rename("ann", "anna", "m1"), Rename("bo", "bob", "m2")], NOW)
    assert set(memory(database).renames) == {Rename("ann", "anna", "m1"), Rename("bo", "bob", "m2")}
    with database.begin() as connection:
        links.close_rename(connection, "hq", Rename("ann", "anna", "m1"), done=True)
        links.close_rename(connection, "hq", Rename("bo", "bob", "m2"), done=False)
    found = memory(database)
    assert {link.username for link in found.links.values()} == {"anna", "bo"}
    assert found.disabled == {"anna", "bo"} and found.renames == ()


def test_groups_are_replaced_as_a_whole(database: Engine) -> None:
    with database.begin() as connection:
        links.replace_groups(connection, "hq", [CompanyGroup("Acme", "c1", "acme"), CompanyGroup("Old")])
        links.replace_groups(connection, "hq", [CompanyGroup("Acme", "c1", "acme", False)])
    assert memory(database).groups == {"Acme": CompanyGroup("Acme", "c1", "acme", False)}


def test_the_site_knows_its_organisation_and_its_last_sync(database: Engine) -> None:
    assert memory(database).organization_id == ""
    with database.begin() as connection:
        links.remember_site(connection, "hq", "o1", None)
        links.remember_site(connection, "hq", "o1", NOW + timedelta(hours=1))
        assert links.last_sync(connection, "hq") == NOW + timedelta(hours=1)
        assert links.last_sync(connection, "west") is None
    assert memory(database).organization_id == "o1"


def test_thousands_of_links_are_stored_at_once(database: Engine) -> None:
    many = [linked(f"m{number}", f"user{number}") for number in range(2_000)]
    with database.begin() as connection:
        links.store_links(connection, "hq", many)
        links.store_links(connection, "hq", many)
    assert len(memory(database).links) == 2_000
