"""Everybody in OfficeRnD is accounted for once, and a name is proposed for who has no address."""

from __future__ import annotations

import ast
from pathlib import Path

from relay.people.decide import questions
from relay.people.decide.everybody import account_for, left_out, sentence
from relay.people.decide.plan import SyncPlan, plan
from relay.people.decide.usernames import person_name
from tests.support.people_values import NOW, account, linked, member, settings_for, world


def planned(folder: Path, *members: object, accounts: object = (), **more: object) -> SyncPlan:
    made = world(members, accounts, companies={"c1": "Acme"}, **more)  # type: ignore[arg-type]
    return plan(made, settings_for(folder), NOW)


def test_everybody_is_counted_once(tmp_path: Path) -> None:
    made = planned(
        tmp_path,
        member(1, "Ann Lee"),
        member(2, "Bo Chan", email=""),
        member(3, "Cy Day", "one@example.com"),
        member(4, "Di Eck", "one@example.com"),
        member(5, "Ed Fox", status="former"),
        member(6, "Flo Gun", email="", company="c1"),
        member(7, "Gil Hay"),
        accounts=[account("ann", email="ann.lee@example.com"), account("flo")],
        links=[linked("m6", "flo")],
    )
    told = made.as_json()["everybody"]
    assert told == {
        "members": 7,
        "have_account": 2,  # also who was linked by a word, without an address
        "get_account": 1,
        "need_answer": 3,
        "may_not_print": 1,
        "because": {"need_answer": {"held_by_a_doubt": 2, "without_email": 1}, "may_not_print": {"statuses": 1}},
    }
    assert sentence(told) == (
        "7 members: 2 have an account, 1 gets an account, 3 need an answer (2 with an account or an address that may "
        "be somebody else's, 1 without an e-mail address that works), 1 may not print (because of their status)."
    )
    assert sentence(account_for(planned(tmp_path).decisions).as_json()) == "0 members."


def test_who_waits_for_an_account_is_told_with_the_reason(tmp_path: Path) -> None:
    """Deleted in PaperCut, or without a name for an account: the address is no reason for either."""
    people = [member(1, "Ann Lee"), member(2, "Bo Chan")]
    made = world(people, links=[linked("m1", "ann")])
    settings = settings_for(tmp_path, members={"username": "property:printName"})
    waits = left_out(plan(made, settings, NOW).decisions)
    assert {member_id: (kind, str(why)) for member_id, (kind, why) in waits.items()} == {
        "m1": ("without_account", "the account ann was deleted in PaperCut"),
        "m2": ("without_account", "the custom property printName is empty"),
    }


def test_a_question_names_person_company_and_what_papercut_holds(tmp_path: Path) -> None:
    held = account("bo", email="bo@example.com", full_name="Bo C", balance=-3_200_000)
    (asked,) = planned(
        tmp_path,
        member(2, "Bo Chan", "bo@example.com", company="c1"),
        accounts=[held, account("bo2", email="bo@example.com")],
    ).warnings
    assert (asked.facts["name"], asked.facts["company"]) == ("Bo Chan", "Acme")
    assert asked.facts["held"] == [
        {"username": "bo", "full_name": "Bo C", "email": "bo@example.com", "balance": "-3.20"},
        {"username": "bo2", "full_name": "", "email": "", "balance": "0.00"} | {"email": "bo@example.com"},
    ]


def test_proposed_names_are_free_and_each_is_somebodys_alone(tmp_path: Path) -> None:
    nameless = [member(number, "Émile Ferrant", email="") for number in (1, 2)]
    other = member(3, "x", "emile.ferrant@elsewhere.example")
    made = planned(tmp_path, *nameless, other, accounts=[account("emile.ferrant")])
    proposed = [one.remedies[0].arguments for one in made.warnings if one.code == "no_email"]
    names = {name for _, name in proposed}
    assert [member_id for member_id, _ in proposed] == ["m1", "m2"]
    assert len(names) == 2 and all(name.startswith("emile.ferrant-") for name in names)
    assert planned(tmp_path, member(1, " ", email="")).warnings[0].remedies[0].arguments == ("m1", "")


def test_a_name_is_proposed_without_accents_and_signs_that_papercut_refuses() -> None:
    assert person_name(member(1, "Dóra Kisvári")) == "dora.kisvari"
    assert person_name(member(1, "ann@home  Łee/x")) == "ann.home.łee_x"


def asked() -> set[str]:
    """Return the codes of every question and remark that the people room makes."""
    folder, codes = Path(questions.__file__).parent, set()
    for name in ("matching.py", "decisions.py"):
        for node in ast.walk(ast.parse((folder / name).read_text(encoding="utf-8"))):
            called = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if isinstance(node, ast.Call) and called in ("warn", "_warn", "doubt", "Question"):
                words = [item.value for item in node.args[:2] if isinstance(item, ast.Constant)]
                codes.update(word for word in words[:1] if isinstance(word, str))
    return codes


def test_every_question_has_words_of_its_own() -> None:
    assert len(asked()) > 12
    assert [code for code in sorted(asked()) if code not in questions.KINDS] == []
    for code, kind in questions.KINDS.items():
        assert kind.title(1) and "1,200" in kind.title(1_200) and kind.meaning.endswith("."), code
