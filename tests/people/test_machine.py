"""Random life of a site: people come, go, move and share addresses, runs are killed, answers are lost.

After every sync: nobody with money is gone, no card is blanked, nobody foreign is changed, PaperCut is what the
directory says, and a second sync plans nothing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Engine

from relay.database import open_database
from relay.people.act.publish import current_directory
from relay.people.act.verify import differences
from tests.support.people_direct import DirectSite, Killed
from tests.support.people_site import answer_in_process
from tests.support.people_values import settings_for

NUMBERS = st.integers(1, 6)
EMAILS = st.sampled_from(
    ["", "a@x.example", "a/b@x.example", "a_b@x.example", "B@x.example", "c@y.example", "no address"]
)
COMPANIES = st.integers(0, 3)
COMPANY_NAMES = st.sampled_from(["Acme", "ACME ", "Best & Co", "[All Users]", "IT Admins", "x" * 120, "Tab\tbed"])
STATUSES = st.sampled_from(["active", "active", "former", "contact"])
FAULTY = ("setUserProperties", "addNewGroup", "performUserAndGroupSyncAdvanced", "renameUserAccount", "syncGroup")
CARDS = ("primary_card", "secondary_card", "alias", "other_emails", "home", "notes", "pin")


@contextmanager
def shared() -> Iterator[tuple[Path, Engine]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch("relay.sandbox.papercut.sync.ask_user_source", answer_in_process),
        mock.patch.object(os, "fsync", lambda descriptor: None),
    ):
        database = open_database(settings_for(Path(folder)))
        yield Path(folder), database
        database.dispose()


class Life(RuleBasedStateMachine):
    """One site's life; the class is given its folder and ledger by the test below."""

    root: Path
    database: Engine

    @initialize(
        departed=st.sampled_from(["keep", "disable", "delete"]),
        rename=st.sampled_from(["never", "follow_email"]),
        username=st.sampled_from(["email_underscore", "email_local"]),
        long_records=st.booleans(),
        blank_wipes=st.booleans(),
    )
    def begin(self, departed: str, rename: str, username: str, long_records: bool, blank_wipes: bool) -> None:
        members = {"departed": departed, "rename": rename, "username": username, "card_property": "card"}
        self.site = DirectSite(self.root, self.database, members=members, safety={"from_users": 1000})
        state = self.site.state
        state.config["user-source.update-user-details-card-id"] = "Y" if long_records else "N"
        state.switches.set("blank_details_wipe", blank_wipes)
        state.add_user("admin", internal=True, email="c@y.example", primary_card="1")
        state.add_group("IT Admins", {"admin"})
        self.site.put_member(1, email="a@x.example")
        self.held: dict[int, Any] = {}

    # -- what happens in OfficeRnD

    @rule(number=NUMBERS, email=EMAILS, company=COMPANIES, status=STATUSES, card=st.sampled_from(["", "77", "1"]))
    def somebody_comes_or_changes(self, number: int, email: str, company: int, status: str, card: str) -> None:
        key = self.site.put_company(company, f"Company {company}") if company > 2 else self._company(company)
        self.site.put_member(number, email=email, company=key, status=status, properties={"card": card})

    @rule(number=NUMBERS)
    def somebody_leaves_or_returns(self, number: int) -> None:
        """The commonest change of all, so that money, deletion and return meet often."""
        member = self.site.officernd.people.get(f"64d00000000000000000{number:04x}")
        if member is not None:
            self.site.put_member(number, status="former" if member.status == "active" else "active")
            self.a_sync()

    def _company(self, number: int) -> str:
        key = f"64c00000000000000000{number:04x}"
        return key if key in self.site.officernd.firms else ""

    @rule(number=NUMBERS)
    def somebody_is_deleted(self, number: int) -> None:
        if len(self.site.officernd.people) > 1:
            self.site.officernd.people.pop(f"64d00000000000000000{number:04x}", None)

    @rule(number=st.integers(1, 2), name=COMPANY_NAMES)
    def a_company_comes_or_is_renamed(self, number: int, name: str) -> None:
        self.site.put_company(number, name)

    # -- what happens in PaperCut

    @rule(data=st.data(), cents=st.integers(-500, 500))
    def somebody_prints_or_pays(self, data: st.DataObject, cents: int) -> None:
        users = self.site.state.users
        mine = sorted(name for name, user in users.items() if not user.internal)
        if mine:
            users[data.draw(st.sampled_from(mine))].balance = cents / 100

    @rule(name=st.sampled_from(["a", "a_x.example", "a_b_x.example", "who"]), email=EMAILS, money=st.booleans())
    def an_account_is_made_by_hand(self, name: str, email: str, money: bool) -> None:
        state = self.site.state
        if name not in state.users and not any(email and user.email == email for user in state.users.values()):
            user = state.add_user(name, email=email, secondary_card=f"s-{name}", alias="", notes="by hand")
            user.balance = 1.25 if money else 0.0

    @rule(data=st.data())
    def an_account_is_deleted_by_hand(self, data: st.DataObject) -> None:
        state = self.site.state
        mine = sorted(name for name, user in state.users.items() if not user.internal)
        if len(mine) > 3:
            state.delete_user(state.users[data.draw(st.sampled_from(mine))])

    @rule(data=st.data())
    def printing_is_switched_by_hand(self, data: st.DataObject) -> None:
        user = self.site.state.users[data.draw(st.sampled_from(sorted(self.site.state.users)))]
        user.disabled = not user.disabled

    # -- what the relay does

    @rule(at=st.integers(1, 9), after=st.booleans())
    def a_sync_is_killed(self, at: int, after: bool) -> None:
        self._remember()
        with suppress(Killed):
            self.site.sync(self.site.papercut(at, after))
        self._nothing_is_lost()

    @rule(method=st.sampled_from(FAULTY), kind=st.sampled_from(["lost_after", "lost_before", "fault"]))
    def a_write_fails(self, method: str, kind: Any) -> None:
        self._remember()
        self.site.standin.faults.add(method, kind)
        self.site.sync()
        self.site.standin.faults.clear()
        self._nothing_is_lost()

    @rule()
    def an_incremental_sync(self) -> None:
        self._remember()
        assert self.site.sync(incremental=True).failures == ()
        self._nothing_is_lost()

    @precondition(lambda self: self.site.officernd.people)
    @rule(data=st.data())
    def one_person_now(self, data: st.DataObject) -> None:
        self._remember()
        member_id = data.draw(st.sampled_from(sorted(self.site.officernd.people)))
        assert self.site.sync(member=member_id).failures == ()
        self._nothing_is_lost()

    @rule()
    def a_sync(self) -> None:
        self._remember()
        result = self.site.sync()
        assert result.failures == () and result.exit_code == 0, result.failures
        self._nothing_is_lost()
        directory, found = current_directory(self.site.settings.scripts.home), self.site.read()
        wrong = differences(directory, found.accounts, found.groups)
        assert not wrong, wrong.sentences()
        assert not {user.username for user in directory.users} & {"admin"}
        papercut = self.site.papercut()
        again = self.site.sync(papercut)
        assert again.plan.changes == (), again.plan.changes
        assert papercut.writes == 0
        assert self.site.sync(incremental=True).plan.changes == ()

    # -- what always holds

    def _remember(self) -> None:
        self.held = {
            user.user_id: (user.username, user.balance, {name: getattr(user, name) for name in CARDS}, user.internal)
            for user in self.site.state.users.values()
        }
        self.admin = astuple(self.site.state.users["admin"])

    def _nothing_is_lost(self) -> None:
        users = {user.user_id: user for user in self.site.state.users.values()}
        for user_id, (username, balance, fields, internal) in self.held.items():
            user = users.get(user_id)
            if user is None:
                assert balance == 0, f"{username} is gone with {balance}"
                continue
            assert user.balance == balance and user.internal == internal
            for name, value in fields.items():
                assert getattr(user, name) == value or (name == "primary_card" and getattr(user, name)), (
                    username,
                    name,
                )
        assert astuple(self.site.state.users["admin"]) == self.admin
        assert "admin" in self.site.state.groups["IT Admins"].members

    @invariant()
    def usernames_are_what_papercut_accepts(self) -> None:
        if hasattr(self, "site"):
            assert all("@" not in name and len(name) <= 50 for name in self.site.state.users)


def test_whatever_happens_nothing_is_lost_and_a_second_sync_plans_nothing() -> None:
    with shared() as (root, database):
        Life.root, Life.database = root, database
        machine = Life.TestCase()
        machine.settings = settings(
            max_examples=int(os.environ.get("PEOPLE_EXAMPLES", "20")),
            stateful_step_count=25,
            deadline=None,
            derandomize="PEOPLE_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        machine.runTest()
