"""Each step of the set-up against the stand-ins, with wrong answers: what is told, where, and what stays as it was."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay import checks, config
from relay.installer import places
from relay.officernd import token
from relay.people.decide.guard import let_in_unproven
from relay.setup import document, people
from relay.setup.values import Walk
from relay.setup.walk import BY_ID, STEPS, first_open, submit
from tests.support.settings_example import example_settings
from tests.support.setup_site import SetupSite, setup_site


def unused_url() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def test_right_answers_stand_at_once_and_leave_nothing_to_ask(site: SetupSite) -> None:
    walk = site.walk()
    assert first_open(walk) is None
    assert walk.answers["officernd.location"] == site.pair.organisation.locations[0].id
    assert [] == list(site.folder.iterdir()), "something was written before the summary"


@pytest.mark.parametrize("step", [step.id for step in STEPS])
def test_nothing_answered_is_told_at_each_question_that_needs_one(step: str, site: SetupSite) -> None:
    before = [one.id for one in STEPS[: [one.id for one in STEPS].index(step)]]
    walk = site.walk(*before) if before else Walk()
    asked = BY_ID[step].questions(site.bench, walk)
    needed = {q.name for q in asked if not q.optional}
    walk, outcome = submit(site.bench, walk, BY_ID[step], dict.fromkeys(needed, ""))
    assert needed <= set(outcome.problems)
    assert step not in walk.done


@pytest.mark.parametrize(
    ("step", "name", "value", "told"),
    [
        ("language", "site.timezone", "Europe/Nowhere", "not an IANA time zone"),
        ("language", "site.currency", "EURO", "not an ISO 4217 currency"),
        ("language", "print.language", "xx", "not one of English"),
        ("language", "site.name", "a/b", "short name of letters"),
        ("password", "console.name", "nora field", "letters, digits"),
        ("password", "console.password", "short", "at least 10"),
        ("schedule", "schedule.daily_at", "7.30", "time of day"),
        ("schedule", "schedule.sync_every_minutes", 9999, "less than or equal"),
        ("schedule", "site.state_dir", f"{__file__}/state", "may not write"),
        ("balances", "top_up.amount", "lots", "amount"),
        ("balances", "top_up.amount", "1.005", "more decimal places"),
        ("balances", "safety.max_removals_percent", 101, "less than or equal"),
        ("balances", "fees.opening_balances", "perhaps", "not one of Waits"),
    ],
)
def test_what_a_value_may_be_is_told_at_its_question(
    step: str, name: str, value: Any, told: str, site: SetupSite
) -> None:
    walk, outcome = site.try_(step, **{name.replace(".", "__"): value})
    assert [name] == list(outcome.problems) and told in outcome.problems[name].text
    assert outcome.problems[name].seen_here and step not in walk.done
    right = next(q.default for q in BY_ID[step].questions(site.bench, walk) if q.name == name)
    again = {name.replace(".", "__"): right} if name not in site.answers[step] else {}
    assert site.try_(step, walk, **again)[1].problems == {}, "a right answer does not mend it"


def test_what_the_summary_shows_says_what_was_answered(site: SetupSite) -> None:
    walk = site.walk(top_up__amount="5.00", safety__max_fee="50.00", fees__bill_to="member", fees__every="week")
    told = " ".join(f"{fact.label}: {fact.text}." for facts in walk.facts.values() for fact in facts)
    for words in ("5.00 EUR every month", "at most 50.00 EUR", "every week, for the member to pay", "at 07:30", "nora"):
        assert words in told, words


# -- OfficeRnD --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "at", "told"),
    [
        ({"officernd__organization": "acmee"}, "officernd.organization", "no organisation 'acmee'"),
        ({"officernd__organization": "ac me"}, "officernd.organization", "short name"),
        ({"officernd__client_id": "nobody"}, "officernd.client_secret", "does not accept this client ID"),
        ({"officernd__client_secret": "wrong"}, "officernd.client_secret", "does not accept this client ID"),
        ({"signin__client_secret": "wrong"}, "signin.client_secret", "does not accept this client ID"),
        ({"officernd__location": "Nowhere"}, "officernd.location", "no location 'Nowhere'"),
        ({"officernd__location": ""}, "officernd.location", "Choose the location"),
        ({"officernd__api_url": "http://example.com/api"}, "officernd.api_url", "https://"),
    ],
)
def test_officernd_wrong_answers(change: dict[str, str], at: str, told: str, site: SetupSite) -> None:
    walk, outcome = site.try_("officernd", **change)
    assert [at] == list(outcome.problems)
    assert told in outcome.problems[at].text
    assert "officernd" not in walk.done


def test_officernd_that_cannot_be_reached(site: SetupSite) -> None:
    url = unused_url()
    _, outcome = site.try_("officernd", officernd__token_url=url + "/oauth/token")
    assert "cannot be reached" in outcome.problems["officernd.api_url"].text


@pytest.mark.parametrize("lacking", sorted(token.BASIC_SCOPES | token.FEE_SCOPES))
def test_each_missing_scope_is_named_alone(lacking: str, site: SetupSite) -> None:
    _, outcome = site.try_("officernd", **site.application_without(lacking))
    problem = outcome.problems["officernd.client_id"]
    assert problem.copy == (lacking,)
    assert "tick this line" in problem.does and "Developer Tools" in problem.does


def test_several_missing_scopes_are_named_each(site: SetupSite) -> None:
    lacking = {"flex.community.fees.create", "flex.community.fees.read", "flex.community.companies.read"}
    _, outcome = site.try_("officernd", **site.application_without(*lacking))
    assert set(outcome.problems["officernd.client_id"].copy) == lacking


def test_a_forgotten_permission_for_fees_is_found_without_waiting(tmp_path: Path) -> None:
    """The endpoint gives out five tokens a minute; what is most often forgotten must not cost a minute."""
    with setup_site(tmp_path) as site:
        _, outcome = site.try_("officernd", **site.application_without("flex.community.fees.create"))
        assert outcome.problems["officernd.client_id"].copy == ("flex.community.fees.create",)
        assert site.clock.slept_s == 0


def test_without_billing_fewer_permissions_do(site: SetupSite) -> None:
    lacking = site.application_without("flex.community.fees.create", "flex.community.fees.read")
    walk = Walk({"fees.managed_in": "papercut"})
    walk, outcome = site.try_("officernd", walk, **lacking)
    assert outcome.problems == {}
    walk, outcome = site.try_("fees", walk, fees__managed_in="officernd")
    assert set(outcome.problems["fees.managed_in"].copy) == token.FEE_SCOPES


def test_the_login_application_lacks_its_permission_or_is_the_first_one(site: SetupSite) -> None:
    made = site.pair.officernd.add_application("login", {"flex.community.members.read"})
    given = {"signin__client_id": made.client_id, "signin__client_secret": made.client_secret}
    _, outcome = site.try_("officernd", **given)
    assert outcome.problems["signin.client_id"].copy == ("flex.user.auth.signin",)
    first = site.pair.officernd.relay_application
    given = {"signin__client_id": first.client_id, "signin__client_secret": first.client_secret}
    _, outcome = site.try_("officernd", **given)
    assert "first application again" in outcome.problems["signin.client_id"].text


def test_no_secret_is_told(site: SetupSite) -> None:
    walk, outcome = site.try_("officernd", signin__client_secret="do-not-tell")
    assert "do-not-tell" not in f"{walk!r} {outcome!r}"
    walk, outcome = site.try_("papercut", papercut__auth_token="do-not-tell")
    assert "do-not-tell" not in f"{walk!r} {outcome!r}"


# -- PaperCut ---------------------------------------------------------------------------------------------------------


def test_papercut_wrong_answers(site: SetupSite) -> None:
    _, outcome = site.try_("papercut", papercut__url=unused_url())
    assert "cannot be reached" in outcome.problems["papercut.url"].text
    _, outcome = site.try_("papercut", papercut__url=site.pair.officernd.url)
    assert "no PaperCut web services" in outcome.problems["papercut.url"].text
    _, outcome = site.try_("papercut", papercut__url="papercut")
    assert outcome.problems["papercut.url"].seen_here
    _, outcome = site.try_("papercut", papercut__auth_token="wrong")
    assert "does not accept this token" in outcome.problems["papercut.auth_token"].text
    _, outcome = site.try_("papercut", papercut__install_dir="/usr")
    assert "not the folder of a PaperCut server" in outcome.problems["papercut.install_dir"].text


def test_a_caller_who_is_not_allowed_gets_the_address_to_add(site: SetupSite) -> None:
    site.pair.papercut.state.config["auth.webservices.allowed-addresses"] = "10.9.8.7"
    walk, outcome = site.try_("papercut")
    problem = outcome.problems["papercut.url"]
    assert problem.copy == ("127.0.0.1",) and "Allowed XML Web Services callers" in problem.does
    site.pair.papercut.state.config["auth.webservices.allowed-addresses"] = "127.0.0.1"
    assert site.try_("papercut", walk)[1].problems == {}


def test_papercut_is_found_and_what_its_programs_lack_is_told(site: SetupSite) -> None:
    site.pair.papercut.state.config["auth.source.custom-program"] = ""
    walk, outcome = site.try_("papercut")
    assert walk.answers["papercut.install_dir"] == str(site.pair.folder / "papercut")
    assert any("does not ask our program" in fact.text for fact in outcome.facts if fact.kind == "warn")


def test_a_token_is_made_beside_the_ones_that_are_there(site: SetupSite) -> None:
    state, seen = site.pair.papercut.state, list[str]()
    folder = site.pair.folder / "papercut"
    tool = folder / "server" / "bin" / "linux-x64" / "server-command"
    tool.parent.mkdir(parents=True)
    tool.write_text("")

    def run(command: list[str]) -> tuple[int, str]:
        seen.extend(command)
        if command[1] == "set-config":
            state.config[command[2]] = command[3]
        return 0, state.config.get(command[2], "")

    bench = replace(site.bench, run=run, system="linux")
    given = {**site.answers["papercut"], "papercut.auth_token": "make"}
    walk, outcome = submit(bench, Walk(), BY_ID["papercut"], given)
    assert outcome.problems == {}
    made = walk.answers["papercut.auth_token"]
    stored = state.config["auth.webservices.auth-token"]
    assert site.token in stored and made in stored
    for kept in (made, site.token):
        assert not any(kept in word for word in seen), "a token that stays stood in the arguments of a process"


def test_where_no_token_can_be_made_it_says_so(site: SetupSite) -> None:
    _, outcome = site.try_("papercut", papercut__auth_token="make")
    assert "No token could be made" in outcome.problems["papercut.auth_token"].text


# -- people -----------------------------------------------------------------------------------------------------------


def test_everybody_is_accounted_for(site: SetupSite) -> None:
    walk = site.walk("language", "officernd", "papercut")
    for change in ({}, {"members.statuses": ("active", "former")}, {"members.plans": site.pair_plans()[:1]}):
        counted = people.tally(site.bench, walk.with_answers(change))
        assert counted is not None
        assert counted.people.all == len(site.pair.organisation.members)
        assert counted.at_once + counted.people.waits + counted.people.refused == counted.people.all


def test_who_may_print_wrong_answers(site: SetupSite) -> None:
    walk = site.walk("language", "officernd", "papercut")
    _, outcome = site.try_("who", walk, members__statuses=("lead",), members__plans=("Nothing",))
    assert "no plan 'Nothing'" in outcome.problems["members.plans"].text
    _, outcome = site.try_("who", walk, members__locations=("Nowhere",))
    assert "no location 'Nowhere'" in outcome.problems["members.locations"].text
    _, outcome = site.try_("who", walk, members__statuses=("sleeping",))
    assert "not one of active" in outcome.problems["members.statuses"].text
    none = sorted({"lead", "pending", "not_approved"} - {m.status for m in site.pair.organisation.members})
    _, outcome = site.try_("who", walk, members__statuses=(none[0],))
    assert "Nobody would be able to print" in outcome.problems["members.statuses"].text


def test_names_become_ids(site: SetupSite) -> None:
    walk = site.walk("language", "officernd", "papercut")
    place = site.pair.organisation.locations[0]
    walk, outcome = site.try_("who", walk, members__locations=(place.name.upper(),))
    assert walk.answers["members.locations"] == (place.id,) and not outcome.problems


def test_a_changed_earlier_answer_opens_what_builds_on_it(site: SetupSite) -> None:
    walk = site.walk()
    same, _ = site.try_("officernd", walk)
    assert first_open(same) is None
    other, _ = site.try_("officernd", walk, officernd__location=site.pair.organisation.locations[1].name)
    assert {step.id for step in STEPS} - other.done == {"who", "guard", "fees"}


def test_the_set_up_counts_whom_check_counts_after_the_first_sync(site: SetupSite) -> None:
    """Accounts that print without ever having logged in: foreseen from the plan, then counted in PaperCut itself."""
    walk = site.walk(print__guard="blocked")
    counted = people.tally(site.bench, walk)
    assert counted is not None and counted.unproven
    written = document.write(site.bench, walk, site.folder / "relay.toml")
    from relay.people import sync
    from relay.progress import Progress
    from relay.site import open_site

    settings = config.load(written.settings, {})
    with open_site(settings, site.clock, Progress()) as opened:
        assert sync(opened).exit_code == 0
    found = [
        finding
        for finding in checks.run_checks(settings, clock=site.clock, progress=Progress()).findings
        if finding.code == "print_without_login"
    ]
    assert [f"{counted.unproven} accounts"] == [finding.subject for finding in found]


def test_whom_the_print_script_lets_pass(tmp_path: Path) -> None:
    groups = {"[OfficeRnD Members]": ["Ann"], "UNLINKED_MEMBERS_TO_OFFICERND": ["old", "spare"], "Desk": ["reception"]}
    everybody = ["ann", "old", "spare", "reception", "guest"]

    def let_in(**printing: Any) -> list[str]:
        return let_in_unproven(everybody, groups, example_settings(tmp_path, print=printing))

    assert let_in(guard="members") == []
    assert let_in(guard="members", exceptions=["group:Desk", "spare"]) == ["reception", "spare"]
    assert let_in(guard="blocked") == ["guest", "reception"]
    assert let_in(guard="off") == ["guest", "old", "reception", "spare"]


# -- fees -------------------------------------------------------------------------------------------------------------


def test_the_fees_plan(site: SetupSite) -> None:
    walk = site.walk("language", "officernd", "papercut")
    recurring = next(plan for plan in walk.known.officernd.plans if plan.interval_length != "once")  # type: ignore[union-attr]
    _, outcome = site.try_("fees", walk, fees__plan=recurring.name)
    assert "instead of once" in outcome.problems["fees.plan"].text
    _, outcome = site.try_("fees", walk, fees__plan="Nothing of the kind")
    fact = outcome.facts[-1]
    assert not outcome.problems and fact.kind == "warn" and "Billing > Plans" in fact.text
    _, outcome = site.try_("fees", walk, fees__managed_in="papercut", fees__plan="Nothing of the kind")
    assert not outcome.problems and "nobody is billed" in outcome.facts[0].text


@pytest.mark.parametrize("url", ["127.0.0.1:{port}", "http://127.0.0.1:{port}"])
def test_an_address_without_its_scheme_is_understood(url: str, site: SetupSite) -> None:
    port = site.pair.papercut.url.rpartition(":")[2]
    walk, outcome = site.try_("papercut", site.walk("language", "officernd"), papercut__url=url.format(port=port))
    assert not outcome.problems and walk.answers["papercut.url"] == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("typed", "meant"), [("sofia", "Europe/Sofia"), ("EUROPE/SOFIA", "Europe/Sofia"), ("new york", "America/New_York")]
)
def test_a_zone_and_a_currency_are_taken_as_they_are_meant(typed: str, meant: str, site: SetupSite) -> None:
    walk, outcome = site.try_("language", site__timezone=typed, site__currency="eur")
    assert not outcome.problems
    assert (walk.answers["site.timezone"], walk.answers["site.currency"]) == (meant, "EUR")


def test_what_is_wrong_is_told_in_the_order_of_the_questions(site: SetupSite) -> None:
    before = site.walk("language", "officernd", "papercut")
    _, outcome = site.try_(
        "balances", before, top_up__amount="-3", safety__max_fee="", safety__max_removals_percent=101
    )
    assert list(outcome.problems) == ["top_up.amount", "safety.max_fee", "safety.max_removals_percent"]


def test_programs_that_read_another_folder_are_told_of(site: SetupSite, tmp_path: Path) -> None:
    before = site.walk("language", "officernd", "papercut")
    programs = Path(places.program_folder(str(before.answers["papercut.install_dir"])))
    programs.mkdir(parents=True)
    (programs / "officernd_home.txt").write_text(f"{tmp_path}/theirs\n")
    (offered,) = (one for one in BY_ID["schedule"].questions(site.bench, before) if one.name == "scripts.home")
    assert offered.default == f"{tmp_path}/theirs"
    _, outcome = site.try_("schedule", before, scripts__home=str(tmp_path / "ours"))
    told = outcome.facts[-1]
    assert not outcome.problems and told.kind == "warn" and f"name {tmp_path}/theirs as the folder" in told.text
    _, outcome = site.try_("schedule", before, scripts__home=f"{tmp_path}/theirs")
    assert len(outcome.facts) == 1


def test_a_papercut_that_is_down_is_told_without_the_settings_words(site: SetupSite) -> None:
    before = site.walk("language", "officernd")
    site.pair.papercut.stop()
    _, outcome = site.try_("papercut", before)
    site.pair.papercut.start()
    problem = outcome.problems["papercut.url"]
    assert "cannot be reached" in problem.text and "Application Server" in problem.does


def test_nobody_ticked_is_told_at_the_boxes(site: SetupSite) -> None:
    _, outcome = site.try_("who", site.walk("language", "officernd", "papercut"), members__statuses=())
    assert outcome.problems["members.statuses"].text == "Tick at least one."
