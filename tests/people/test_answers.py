"""Answers to doubts, who is meant, explanations and readiness: what a person says and is told."""

from __future__ import annotations

import io
import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from papercut_scripts import audit
from relay import money, people
from relay.accounts import meant
from relay.cli import plan_view as render
from relay.errors import RelayError, UsageError
from relay.people.sync import remembered
from relay.people.world import Link
from relay.remedy import Remedy
from relay.stored_accounts import accounts_of
from tests.support.people_site import Make, PeopleSite, small_organisation

PEOPLE = [
    ("Ann Lee", "office@acme.example", "Acme"),
    ("Bo Ray", "office@acme.example", "Acme"),
    ("Cy Day", "cy@x.example", ""),
    ("Di Fox", "", ""),
]
ANN, BO, CY, DI = (f"64d0000000000000000000{number:02x}" for number in range(1, 5))


@pytest.fixture
def one(site: Make) -> PeopleSite:
    return site(organisation=small_organisation(PEOPLE))


def say(site: PeopleSite, what: str, **words: object):
    return getattr(people, what)(site.context, **words)


def codes(site: PeopleSite) -> list[str]:
    return [warning.code for warning in site.plan().warnings]


# -- doubts and their answers


def test_a_shared_address_is_answered_by_giving_each_a_name(one: PeopleSite) -> None:
    one.sync_twice()
    assert set(one.state.users) == {"reception", "cy_x.example"}
    assert codes(one) == ["no_email", "shared_email", "shared_email"]
    say(one, "link", member=ANN, username="office_acme.example", new=True)
    answer = say(one, "link", member=BO, username="bo", new=True)
    assert answer.as_json()["member_id"] == BO and answer.remedies == (Remedy("sync"),)
    one.sync_twice()
    assert {"office_acme.example", "bo"} <= set(one.state.users)
    assert one.members_of("Acme") == {"office_acme.example", "bo"}
    assert codes(one) == ["no_email"]
    assert [one.state.users[name].email for name in ("office_acme.example", "bo")] == ["office@acme.example", ""]


def test_both_of_a_shared_address_log_in_by_username(site: Make) -> None:
    one = site(starts=True, organisation=small_organisation(PEOPLE))
    say(one, "link", member=ANN, username="ann", new=True)
    say(one, "link", member=BO, username="bo", new=True)
    one.sync_twice()
    for username in ("ann", "bo"):
        login = one.pair.papercut.popup_login(username, "Secret-1")
        assert login.ok and login.username == username, login


def test_the_suggested_commands_give_each_another_name(one: PeopleSite) -> None:
    asked = [item.remedies[0] for item in one.plan().warnings if item.code == "shared_email"]
    assert [remedy.action for remedy in asked] == ["link_new", "link_new"]
    assert {remedy.arguments[0] for remedy in asked} == {ANN, BO}
    assert len({remedy.arguments[1] for remedy in asked}) == 2


def test_two_accounts_are_answered_by_link_or_not_same(one: PeopleSite) -> None:
    one.state.add_user("cy", email="cy@x.example", balance=-1.0)
    one.state.add_user("cy2", email="CY@x.example")
    assert "two_accounts" in codes(one)
    say(one, "not_same", member="cy@x.example", username="cy2")
    assert "two_accounts" not in codes(one)
    one.sync_twice()
    assert "cy" in one.members_of("[OfficeRnD Members]")
    assert one.members_of("UNLINKED_MEMBERS_TO_OFFICERND") == {"cy2"}


def test_a_wrong_link_is_undone_and_never_made_again_by_itself(one: PeopleSite) -> None:
    one.state.add_user("printer", email="cy@x.example")
    one.sync_twice()
    assert "printer" in one.members_of("[OfficeRnD Members]")
    answer = say(one, "unlink", who="cy@x.example")
    assert (answer.subject_id, answer.name) == (CY, "printer")
    one.sync_twice()
    assert one.members_of("UNLINKED_MEMBERS_TO_OFFICERND") == {"printer"}
    assert "cy_x.example" in one.members_of("[OfficeRnD Members]")
    say(one, "link", member=CY, username="printer")
    one.sync_twice()
    assert "printer" in one.members_of("[OfficeRnD Members]")
    assert one.members_of("UNLINKED_MEMBERS_TO_OFFICERND") == {"cy_x.example"}


def test_not_same_of_the_present_link_undoes_it(one: PeopleSite) -> None:
    one.sync_twice()
    say(one, "not_same", member=CY, username="cy_x.example")
    plan = one.plan()
    assert (plan.users["unlink"], plan.users["create"]) == (1, 1)


def test_somebody_without_address_gets_the_name_that_a_person_gives(one: PeopleSite) -> None:
    say(one, "link", member=DI, username="di.fox", new=True)
    one.sync_twice()
    assert one.state.users["di.fox"].full_name == "Di Fox"


def test_an_account_deleted_by_hand_comes_back_by_link(one: PeopleSite) -> None:
    one.sync_twice()
    one.state.delete_user(one.state.users["cy_x.example"])
    one.sync_twice()
    say(one, "link", member=CY, username="cy_x.example")
    one.sync_twice()
    assert "cy_x.example" in one.state.users


def test_a_company_may_be_given_an_older_group(site: Make) -> None:
    one = site(organisation=small_organisation([("Ann Lee", "ann@x.example", "IT Admins")]))
    one.state.add_group("IT Admins", {"reception"})
    one.sync_twice()
    assert "group_older" in codes(one) and "ann_x.example" not in one.members_of("IT Admins")
    say(one, "link", member="it admins", username="group:IT Admins")
    one.sync_twice()
    assert one.members_of("IT Admins") == {"reception", "ann_x.example"}
    assert "group_older" not in codes(one)
    company = one.organisation.companies[0].id
    say(one, "unlink", who=company)
    assert one.plan().is_empty  # the group is ours by now


@pytest.mark.parametrize(
    ("member", "username", "error", "match"),
    [
        (CY, "reception", RelayError, "is an internal user"),
        (CY, "a@b", UsageError, "cannot be a PaperCut username"),
        (CY, "x" * 51, UsageError, "at most 50 characters"),
        (CY, "boss", RelayError, "not_ours"),
        ("reception", "cy", RelayError, "is not a member in OfficeRnD"),
        ("office@acme.example", "cy", RelayError, "several members"),
        ("f" * 24, "cy", RelayError, "Neither OfficeRnD nor PaperCut knows"),
        ("Nowhere Ltd", "group:Acme", RelayError, "no company"),
        ("Acme", "group:[OfficeRnD Members]", UsageError, "cannot be a company's group"),
    ],
)
def test_answers_that_cannot_be_meant_are_refused_with_a_reason(
    one: PeopleSite, member: str, username: str, error: type[RelayError], match: str
) -> None:
    one.configure({"members": {"not_ours": ["boss"]}})
    with pytest.raises(error, match=match):
        say(one, "link", member=member, username=username)
    assert one.papercut.writes == 0
    if error is UsageError:  # exit 2 is seen without asking either system
        assert not one.asked and not one.pair.officernd.calls


def test_an_account_is_linked_to_one_member_only(one: PeopleSite) -> None:
    one.sync_twice()
    with pytest.raises(RelayError) as refused:
        say(one, "link", member=ANN, username="cy_x.example")
    assert [(remedy.action, *remedy.arguments) for remedy in refused.value.remedies] == [("unlink", CY)]
    with pytest.raises(RelayError, match="not linked"):
        say(one, "unlink", who=DI)


def test_a_pin_is_shown_once_and_revoked(one: PeopleSite) -> None:
    one.sync_twice()
    issued = say(one, "issue_pin", who="cy_x.example")
    assert issued.name in issued.sentence and issued.subject_id == CY
    assert "no longer works" in say(one, "revoke_pin", who=CY).sentence
    assert "had no" in say(one, "revoke_pin", who=CY).sentence
    with pytest.raises(RelayError, match="is not a member"):
        say(one, "issue_pin", who="reception")


# -- explain


def why(site: PeopleSite, who: str) -> list[str]:
    return [cause["message"] for cause in say(site, "explain", who=who).as_json()["why_not"]]


def test_somebody_who_may_print_is_explained_by_every_word_for_them(one: PeopleSite) -> None:
    one.sync_twice()
    for who in (CY, "cy_x.example", "CY@x.example"):
        told = say(one, "explain", who=who)
        facts = told.as_json()
        assert (facts["member_id"], facts["username"], facts["may_print"], facts["can_log_in"]) == (
            CY,
            "cy_x.example",
            True,
            True,
        )
        assert [rule["rule"] for rule in facts["rules"]] == ["statuses", "email"]
        assert facts["last_sync"] and facts["directory"] == {"standing": "active", "reason": ""}
        assert json.loads(json.dumps(facts)) == facts
        assert any(line.message.startswith("Can log in") for line in told.lines)


def test_reasons_name_the_rule_the_account_and_the_next_command(one: PeopleSite) -> None:
    assert why(one, CY) == ["there is no PaperCut account yet"]
    assert say(one, "explain", who=CY).as_json()["why_not"][0]["remedies"][0]["action"] == "sync"
    one.sync_twice()
    assert why(one, DI)[0] == "OfficeRnD holds no e-mail address"
    assert say(one, "explain", who=ANN).as_json()["doubts"][0]["remedies"][0]["arguments"] == [ANN, ""]
    assert why(one, "reception") == [
        "OfficeRnD does not know them",
        "reception is an internal user, whose password PaperCut never asks OfficeRnD for",
    ]
    one.pair.officernd.state.change_member(CY, status="former")
    assert why(one, CY) == ["the status former is not one of active"]
    one.sync_twice()
    assert why(one, CY) == [
        "the status former is not one of active",
        "printing is switched off for the account in PaperCut",
        "the print script refuses the group [OfficeRnD Not Allowed]",
        "the list that PaperCut was given says excluded: the status former is not one of active",
    ]
    one.pair.officernd.state.remove_member(CY)
    assert why(one, "cy_x.example")[0] == "they are no longer in OfficeRnD"


def test_an_account_deleted_by_hand_is_explained(one: PeopleSite) -> None:
    one.sync_twice()
    one.state.delete_user(one.state.users["cy_x.example"])
    one.sync()
    assert why(one, CY) == ["the account cy_x.example was deleted in PaperCut"]
    (cause,) = say(one, "explain", who=CY).as_json()["why_not"]
    assert cause["remedies"] == [Remedy("sync_member", (CY,)).as_json()]


def test_the_last_login_and_the_last_refusal_are_told(one: PeopleSite) -> None:
    """PaperCut logs neither."""
    one.sync_twice()
    home = str(one.settings.scripts.home)
    log = [("verdict", "accepted"), ("reason", "password"), ("username", "cy_x.example"), ("who", "")]
    audit.write(home, "auth", log)
    audit.write(home, "auth", [("verdict", "rejected"), ("reason", "wrong_password"), *log[2:]])
    told = say(one, "explain", who=CY)
    trace = told.as_json()["last_login"]
    assert trace["accepted_at"] and (trace["refused"]["verdict"], trace["refused"]["reason"]) == (
        "rejected",
        "wrong_password",
    )
    when = datetime.fromisoformat(trace["accepted_at"]).astimezone(ZoneInfo(one.settings.site.timezone))
    lines = [line.message for line in told.lines]
    assert f"Last login: {when:%Y-%m-%d %H:%M}" in lines, "as the site's people read times"
    assert any(line.endswith("because OfficeRnD did not accept the password") for line in lines)
    assert say(one, "explain", who=DI).as_json()["last_login"] is None


def stops(site: PeopleSite, who: str = CY) -> list[str]:
    """Return what `explain` says may stop somebody, with whoever reads it on a terminal."""
    told = say(site, "explain", who=who)
    lines = [line.message for line in told.lines]
    hints = [hint["message"] for hint in told.as_json()["hints"]]
    assert [line[4:] for line in lines if line.startswith("  - ")][-len(hints) or len(lines) :] == hints
    return hints


def test_what_may_stop_somebody_whom_the_rules_let_print(one: PeopleSite) -> None:
    one.sync_twice()
    home, account = str(one.settings.scripts.home), one.state.users["cy_x.example"]
    who = [("username", "cy_x.example"), ("who", "")]
    assert stops(one)[0].startswith("No login of theirs is on record. At the login window they type the e-mail address")
    audit.write(home, "auth", [("verdict", "rejected"), ("reason", "wrong_password"), *who])
    assert "was refused, because OfficeRnD did not accept the password. They choose a new password" in stops(one)[0]
    (hint, *_) = say(one, "explain", who=CY).as_json()["hints"]
    assert hint["remedies"] == [Remedy("issue_pin", (CY,), "to let them print now").as_json()]
    audit.write(home, "auth", [("verdict", "accepted"), ("reason", "password"), *who])
    account.restricted, account.balance = False, -2.5
    assert stops(one) == []
    account.restricted = True
    assert stops(one) == ["PaperCut restricts the account, and its balance is -2.50 EUR: it may refuse a job."]
    account.overdraft_amount = 10.0
    assert stops(one) == [], "the overdraft of their own is told nowhere else"
    account.overdraft_amount, account.balance = 0.0, 3.0
    assert stops(one) == []


def test_a_part_of_a_name_is_answered_with_who_is_alike(one: PeopleSite) -> None:
    one.sync_twice()
    with pytest.raises(UsageError, match="Alike: Cy Day <cy@x.example>") as refused:
        people.explain(one.context, "dáy")
    assert (refused.value.exit_code, refused.value.code) == (2, "who_unknown")


def test_explaining_writes_nothing(one: PeopleSite) -> None:
    one.sync_twice()
    one.connect()
    before = {path: path.read_bytes() for path in one.settings.scripts.home.rglob("*") if path.is_file()}
    say(one, "explain", who=CY)
    assert one.papercut.writes == 0 and one.pair.officernd.writes == 0
    assert before == {path: path.read_bytes() for path in one.settings.scripts.home.rglob("*") if path.is_file()}


def test_the_stricter_guard_and_what_is_not_ours_are_explained(one: PeopleSite) -> None:
    one.state.add_user("boss")
    one.configure({"print": {"guard": "members"}, "members": {"not_ours": ["boss"]}})
    reasons = why(one, "boss")
    assert "the account boss is listed in [members] not_ours" in reasons
    assert "the print script refuses anybody who is not in [OfficeRnD Members]" in reasons


def test_who_is_spared_by_name_or_group_is_not_said_to_be_refused(one: PeopleSite) -> None:
    one.state.add_user("boss")
    one.state.add_user("clerk")
    one.state.add_group("Desk", ["clerk"])
    one.configure({"print": {"guard": "members", "exceptions": ["BOSS", "group:Desk"]}})
    for who in ("boss", "clerk"):
        assert not [cause for cause in why(one, who) if "print script" in cause]


def test_an_address_shared_with_somebody_whom_the_rules_refuse_is_no_doubt(one: PeopleSite) -> None:
    one.configure({"members": {"exclude_names": ["Bo*"]}})
    assert {item.member_id for item in one.plan().changes if item.action == "create"} == {ANN, CY}
    assert say(one, "explain", who=ANN).as_json()["doubts"] == []
    assert why(one, ANN) == ["there is no PaperCut account yet"]


def test_any_doubt_of_the_last_sync_is_explained_until_it_is_answered(one: PeopleSite) -> None:
    one.state.add_user("cy1", email="cy@x.example")
    one.state.add_user("cy2", email="CY@x.example")
    one.sync_twice()
    assert why(one, CY) == ["the accounts cy1, cy2 could all be theirs"]
    say(one, "not_same", member=CY, username="cy2")
    assert why(one, CY) == ["there is no PaperCut account yet"]


# -- readiness


def test_readiness_tells_who_cannot_log_in_yet_without_asking_anybody(one: PeopleSite) -> None:
    assert people.readiness(one.settings).synced_at is None
    one.sync_twice()
    one.state.users["cy_x.example"].disabled = True
    one.sync()
    calls = dict(one.asked)
    told = people.readiness(one.settings)
    assert told.as_json() == {
        "without_email": ["Di Fox: OfficeRnD holds no e-mail address"],
        "without_account": [],
        "held_by_a_doubt": [
            "Ann Lee: the address office@acme.example belongs to several members",
            "Bo Ray: the address office@acme.example belongs to several members",
        ],
        "switched_off": ["cy_x.example: printing was switched off by hand"],
    }
    assert dict(one.asked) == calls


def test_readiness_of_a_deleted_account(one: PeopleSite) -> None:
    one.sync_twice()
    one.state.delete_user(one.state.users["cy_x.example"])
    one.sync()
    assert people.readiness(one.settings).as_json()["without_account"] == [
        "Cy Day: the account cy_x.example was deleted in PaperCut"
    ]


# -- the terminal


def shown(answer: dict, *, full: bool = False) -> str:
    console = Console(file=io.StringIO(), width=160, highlight=False)
    render.show_plan(console, answer, full=full)
    return console.file.getvalue()


def test_a_plan_is_shown_with_reasons_questions_and_how_to_apply_it(one: PeopleSite) -> None:
    plan = one.plan()
    text = shown(plan.as_json())
    assert "1 to create" in text and "cy_x.example" in text and "shared_email" in text
    everybody = plan.as_json()["everybody"]
    assert f"{everybody['members']} members: " in text and "need an answer (" in text
    assert f"papercut-relay sync --expect {plan.hash}" in text
    applied = shown(one.sync().as_json())
    assert "Applied." in applied and "--expect" not in applied
    one.pair.officernd.state.change_member(CY, name="Cy Dayton")
    assert "Cy Day > Cy Dayton" in shown(one.plan().as_json())


def test_refusals_and_failures_are_shown() -> None:
    refused = {"code": "max_changes_percent", "message": "too many", "count": 9, "limit": 3}
    answer = {
        "hash": "x",
        "applied": False,
        "users": {"create": 0},
        "groups": {"create": 0},
        "changes": [],
        "warnings": [],
        "refused": [refused],
        "failures": [{"subject": "a", "message": "a was not renamed"}],
    }
    text = shown(answer)
    assert "max_changes_percent: too many" in text and "Failed: a was not renamed" in text


def test_a_long_plan_is_cut_and_says_so() -> None:
    changes = [
        {
            "action": "create",
            "username": f"u{number}",
            "member_id": "m",
            "reason": "r",
            "before": None,
            "after": {"email": ""},
        }
        for number in range(45)
    ]
    answer = {
        "hash": "x",
        "applied": False,
        "users": {},
        "groups": {},
        "changes": changes,
        "warnings": [],
        "refused": [],
    }
    assert "... and 25 more to create; all of them with --full" in shown(answer)
    assert "u44" in shown(answer, full=True) and "more to create" not in shown(answer, full=True)


def test_many_of_one_kind_hide_nothing_of_another() -> None:
    changes = [
        {"action": "adopt", "username": f"a{number}", "member_id": "m", "reason": "r", "before": None, "after": {}}
        for number in range(60)
    ]
    changes.append({**changes[0], "action": "remove", "username": "zoe"})
    warnings = [{"code": "no_email", "subject": "s", "message": f"question {number}"} for number in range(60)]
    warnings.append({"code": "two_accounts", "subject": "s", "message": "papercut-relay link m zoe " + "long " * 60})
    answer = {
        "hash": "x",
        "applied": False,
        "users": {},
        "groups": {},
        "changes": changes,
        "warnings": warnings,
        "refused": [],
    }
    text = shown(answer)
    assert text.index("zoe") < text.index("a0")
    assert "... and 57 more no_email" in text and "... and 41 more to adopt" in text
    assert "60 people have no e-mail address that works (no_email)." in text
    assert "\n  papercut-relay link m zoe " + "long " * 60 + "\n" in text
    assert "question 59" in shown(answer, full=True)


# -- answers are checked when given


CY_ACCOUNT = "cy_x.example"


def test_a_name_that_does_not_exist_is_refused_with_names_like_it(one: PeopleSite) -> None:
    one.sync_twice()
    one.state.users[CY_ACCOUNT].balance = -2.5
    one.state.add_user("cy.day")
    with pytest.raises(UsageError, match="cy.day") as refused:
        say(one, "link", member=CY, username="cy.dya")
    assert (refused.value.exit_code, refused.value.code) == (2, "no_such_account")
    assert [(remedy.action, *remedy.arguments) for remedy in refused.value.remedies] == [("link_new", CY, "cy.dya")]
    assert "balance of -2.50" in refused.value.message
    assert (one.plan().users["create"], one.plan().users["adopt"]) == (0, 0)
    with pytest.raises(UsageError, match="leave --new out"):
        say(one, "link", member=CY, username="cy.day", new=True)
    told = say(one, "link", member=CY, username="cy.dya", new=True)
    assert f"{CY_ACCOUNT} stays behind with its balance of -2.50 EUR" in told.sentence
    one.sync_twice()
    assert one.state.users["cy.dya"].email == "" and one.state.users[CY_ACCOUNT].balance == -2.5


def row_of(site: PeopleSite, member: str) -> Link:
    return remembered(site.context).links[member]


def test_link_relink_and_back_changes_nothing(one: PeopleSite) -> None:
    one.sync_twice()
    one.state.add_user("other", balance=-9.0)
    one.sync_twice()
    one.state.users[CY_ACCOUNT].balance = -4.0
    before = row_of(one, CY)
    say(one, "link", member=CY, username="other")
    assert one.plan().users["adopt"] == 1
    say(one, "unlink", who=CY)
    say(one, "link", member=CY, username=CY_ACCOUNT)
    assert one.plan().is_empty
    one.sync_twice()
    assert row_of(one, CY) == before


@pytest.mark.parametrize("balance", [-4.0, 4.0])
def test_no_scheduled_run_takes_an_account_with_money_away(one: PeopleSite, balance: float) -> None:
    one.sync_twice()
    one.state.add_user("other")
    one.sync_twice()
    one.state.users[CY_ACCOUNT].balance = balance
    before = row_of(one, CY)
    for answer in ({"what": "link", "member": CY, "username": "other"}, {"what": "unlink", "who": CY}):
        say(one, **answer)
        held = one.sync(scheduled=True)
        assert "answer_waits" in [warning.code for warning in held.plan.warnings]
        assert row_of(one, CY) == before
        if balance < 0:
            assert money.settle(one.context).movements == ()  # nobody knows who is to pay it
    assert one.sync(expect=one.plan().hash).exit_code == 0
    assert row_of(one, CY).username != CY_ACCOUNT
    assert CY_ACCOUNT in one.members_of("UNLINKED_MEMBERS_TO_OFFICERND")


def test_a_scheduled_run_takes_an_account_without_money_away(one: PeopleSite) -> None:
    one.sync_twice()
    one.state.add_user("other")
    say(one, "link", member=CY, username="other")
    assert one.sync(scheduled=True).exit_code == 0
    assert row_of(one, CY).username == "other"


def test_everybody_is_named_alike_everywhere(one: PeopleSite) -> None:
    one.sync_twice()
    for word in (CY, CY.upper(), CY_ACCOUNT.upper(), "CY@x.example", " cy  DAY "):
        assert people.explain(one.context, word).facts["member_id"] == CY
        assert [found.member_id for found in meant(word, accounts_of(one.database, one.settings.site.name))] == [CY]
    assert people.explain(one.context, "di fox").facts["member_id"] == DI  # without an account
    assert say(one, "issue_pin", who="Di Fox").subject_id == DI
    for ask in ("explain", "issue_pin", "revoke_pin", "unlink"):
        for unknown in ("nobody", "no.body@x.example", "No Body", "f" * 24):
            with pytest.raises(UsageError) as refused:
                getattr(people, ask)(one.context, unknown)
            assert (refused.value.exit_code, refused.value.code) == (2, "who_unknown")


def test_a_name_of_two_people_is_asked_about(site: Make) -> None:
    one = site(organisation=small_organisation([("Ann Lee", "a@x.example", ""), ("ann lee", "b@x.example", "")]))
    one.sync_twice()
    with pytest.raises(UsageError, match="several people") as refused:
        people.explain(one.context, "Ann Lee")
    assert refused.value.code == "who_ambiguous"


# -- the list of what is asked


def asked(site: PeopleSite) -> list[str]:
    with site.database.connect() as connection:
        return sorted(one.code for one in people.open_questions(connection, site.settings.site.name))


def test_whoever_syncs_leaves_the_questions_for_everybody(one: PeopleSite) -> None:
    one.sync(scheduled=True)
    assert asked(one) == ["no_email", "shared_email", "shared_email"]
    say(one, "link", member=ANN, username="ann", new=True)
    assert asked(one) == ["no_email", "shared_email"], "an answer takes its question off at once"
    one.sync(scheduled=True, incremental=True)
    assert asked(one) == sorted(warning.code for warning in one.plan().warnings)


def test_a_refused_sync_leaves_its_questions_too(one: PeopleSite) -> None:
    assert one.sync(expect="another").exit_code == 3
    assert asked(one) == ["no_email", "shared_email", "shared_email"]
