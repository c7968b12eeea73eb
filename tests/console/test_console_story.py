"""Whole stories through the pages, on both stand-ins: first sync, a settled day, questions, settings, hostile names."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from relay import money, people
from relay.console import figures
from relay.counted import counted
from relay.sandbox.organisation import make_organisation
from relay.stored_accounts import linked_accounts
from tests.support.pair_console import PairConsole
from tests.support.visitor import PAGES, text

HOSTILE = '"><script>alert(1)</script>{{ 7*7 }}{% raise %}\u202e<img src=x onerror=1>' + "W" * 200
FORBIDDEN = re.compile(r"\b(movements?|generations?|hash|in doubt|papercut-relay (?!password|serve))", re.IGNORECASE)


class Story(PairConsole):
    """Both stand-ins, the console over them, and somebody who clicks."""

    def __init__(self, folder: Path, **pair: Any) -> None:
        super().__init__(folder, '\n[safety]\nsettling_s = 0\nlist_lag_s = 0\n[top_up]\namount = "2.00"\n', **pair)

    def desk_username(self, email: str) -> str:
        directory = self.desk.directory()
        assert directory is not None
        return next(user.username for user in directory.users if user.email == email)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A site whose organisation has a hostile person and company, brought over by clicking."""
    made = make_organisation(40, 1)
    first = next(m for m in made.members if m.status == "active" and m.email and m.company)
    made = replace(
        made,
        members=tuple(replace(m, name=HOSTILE) if m.id == first.id else m for m in made.members),
        companies=tuple(replace(c, name=HOSTILE[::-1]) if c.id == first.company else c for c in made.companies),
    )
    found = Story(tmp_path, members=40, organisation=made, filling="old-connector")
    try:
        yield found
    finally:
        found.close()


def before_the_first_sync_every_page_says_what_to_do(story: Story) -> None:
    first = story.somebody.page("/")
    assert "Nobody has been brought over" in text(first)
    assert {str(path) for path in first.xpath("//nav//a/@href")} <= set(PAGES), "the menu has a page that no test opens"
    for page in PAGES:
        story.somebody.page(page)
    assert "Nobody here yet" in text(story.somebody.page("/people"))
    assert "Nothing to review yet" in text(story.somebody.page("/review"))


def look_then_do_exactly_that(story: Story) -> None:
    after = story.click("/review", "Look at both systems")
    assert "This would happen" in text(after)
    with story.desk.database.connect() as connection:
        assert [] == linked_accounts(connection, "hq")
    page = text(story.somebody.page("/review"))
    assert "can no longer print" in page and "Nobody's balance changes" in page
    assert "1 person has no e-mail address that works" in page and "Use this one" in page
    assert "may print, " not in page and re.search(r"40 members: \d+ have an account, .* need an answer \(", page)
    done = text(story.click("/review", "Do exactly this"))
    assert "[OfficeRnD Members]" not in text(story.somebody.page("/people"))
    assert "Done:" in done
    assert "This was done" in text(story.somebody.page("/review"))
    story.click("/review", "Look again")
    assert "nothing would change" in text(story.somebody.page("/review"))


def questions_are_answered_and_ticked_off(story: Story) -> None:
    page = story.somebody.page("/review")
    asked = int(page.xpath("//h2[@id='questions']")[0].text.split()[0])
    (nameless,) = page.xpath("//input[@name='pick']/@value")
    directory = story.desk.directory()
    assert directory is not None and asked == 3
    taken = directory.users[0].username
    refused = story.click("/review", "Use this one", **{f"name-{nameless}": taken})
    assert "1 name cannot be used" in text(refused) and f"PaperCut already has an account {taken}" in text(refused)
    assert [taken] == refused.xpath(f"//input[@name='name-{nameless}']/@value"), "what was typed stays"
    story.click("/review", "Use this one")
    for start in ("Yes, ", "Make the account "):
        (button,) = story.somebody.page("/review").xpath("//td//button[starts-with(., $start)]", start=start)
        story.click("/review", button.text_content().strip())
    page = story.somebody.page("/review")
    assert "Look again (3 answers since)" in text(page) and 3 == len(page.xpath("//tr[@class='done']"))
    assert page.xpath("//h2[@id='questions']")[0].text.startswith("0 questions: who is who? 3 answered.")
    assert "Do exactly this" not in text(page), "the list does not know the answers"
    story.somebody.post("/review/undo", {"member": nameless})
    assert "Look again (2 answers since)" in text(story.somebody.page("/review"))
    again = story.somebody.post("/review/undo", {"member": nameless})
    assert "already been acted on or taken back" in text(story.somebody.page(again.location))
    story.click("/review", "Look again (2 answers since)")
    page = story.somebody.page("/review")
    assert "1 question: who is who?" in text(page) and "1 new person" in text(page)
    story.click("/review", "Do exactly this")


def a_plan_that_is_no_longer_true_is_not_applied(story: Story) -> None:
    answer = story.somebody.post("/review/apply", {"expect": "0" * 16})
    assert story.desk.works.finish(60)
    assert "Something changed" in text(story.somebody.page(answer.location))
    page = text(story.somebody.page("/review"))
    assert "This list is out of date." in page and "safety limit" not in page
    assert 400 == story.somebody.post("/review/apply", {"expect": "x", "allow": "max_fee"}).status_code


def a_person_is_found_and_told_of(story: Story) -> None:
    login = story.pair.logins(1)[0]
    story.pair.papercut.popup_login(login.email, login.password)
    story.pair.papercut.popup_login(login.email, "wrong")
    assert story.desk_username(login.email) in text(story.somebody.page(f"/people?find={login.email}"))
    assert "Nobody found" in text(story.somebody.page("/people?find=zzzz"))
    assert "OfficeRnD did not accept the password" in text(story.somebody.page(f"/people/one?who={login.email}"))
    assert "can log in and print" in text(story.somebody.page(f"/people/why?who={login.email}"))
    assert "Nobody found" in text(story.somebody.page("/people/one?who=../../etc/passwd"))


def a_pin_is_shown_once(story: Story) -> None:
    who = f"/people/one?who={story.pair.logins(1)[0].email}"
    shown = text(story.click(who, "Make the PIN"))
    pin = re.search(r"\d{4} \d{4}", shown)
    assert pin and "not shown again" in shown
    assert pin[0] not in text(story.somebody.page(who)) and "print PIN of" in text(story.somebody.page(who))
    assert pin[0] not in text(story.somebody.page("/"))
    assert "no longer works" in text(story.click(who, "Take it away"))


def a_day_is_settled_by_clicking(story: Story) -> None:
    login = story.pair.logins(1)[0]
    story.pair.papercut.print_job(
        login=(login.email, login.password), printer="Colour", pages=24, colour_pages=9, document="Offer.pdf"
    )
    story.click("/money", "See what is due", 0)
    page = text(story.somebody.page("/money"))
    assert "€3.00 for 1 person" in page and "gets fees of €3.00 in OfficeRnD" in page
    assert "Fees: 1 fee billed, €3.00 in all." in text(story.click("/", "Do the daily run now"))
    assert "€3.00" in text(story.somebody.page("/"))
    assert 1 == len(story.pair.officernd.fees())
    again = text(story.click("/", "Do the daily run now"))
    assert "Fees: No fees billed." in again and 1 == len(story.pair.officernd.fees())
    assert "Offer.pdf" in text(story.somebody.page(f"/people/one?who={login.email}"))
    assert "Offer.pdf" in text(story.somebody.page(f"/statements?member={login.email}"))
    csv = story.somebody.get("/statements.csv")
    assert "attachment" in csv.headers["Content-Disposition"] and "Offer.pdf" in csv.text


def what_was_owed_before_waits_for_a_word(story: Story) -> None:
    held = money.held(story.desk.database, story.desk.settings)
    assert len(held) > 1
    before = len(story.pair.officernd.fees())
    chosen = held[0]
    page = text(story.somebody.page("/money"))
    assert chosen["name"] in page and chosen["payer"] in page
    assert "for anybody you have chosen" in text(story.click("/money", "Bill…"))
    confirm = story.click("/money", "Bill…", hold=str(chosen["id"]))
    euros = f"€{float(chosen['amount']):,.2f}"
    assert f"Bill {euros} owed by 1 person?" in text(confirm) and "1 payer gets a fee in OfficeRnD" in text(confirm)
    assert "Say why" in text(html.fromstring(story.somebody.post("/money/decide", {"said": "bill", "hold": "1"}).text))
    assert held == money.held(story.desk.database, story.desk.settings), "nothing is decided by looking"
    decided = story.click(confirm, f"Bill {euros}", reason="said on the phone")
    assert "Decided: 1 amount" in text(decided) and "said on the phone" in text(decided) and "ann, " in text(decided)
    assert "Taken back: 1 decision" in text(story.click(decided, "Undo"))
    assert "not left" not in text(decided) and len(held) == len(figures.undecided(story.desk))
    gone = story.somebody.post("/money/undo", {"hold": str(chosen["id"])})
    assert "Nothing is left to take back" in text(story.somebody.page(gone.location))
    assert "Nothing is left to take back" in story.desk.audit.last(1)[0]["outcome"]
    confirm = story.click("/money", "Bill…", hold=str(chosen["id"]))
    story.click(confirm, f"Bill {euros}", reason="said on the phone")
    assert len(held) - 1 == len(figures.undecided(story.desk))
    assert "billed" in text(story.click("/", "Do the daily run now"))
    assert before + 1 == len(story.pair.officernd.fees())
    left = money.held(story.desk.database, story.desk.settings)
    assert len(held) - 1 == len(left)
    everybody = story.click("/money", "Forgive…", everybody="1")
    assert f"owed by {counted(len(left), 'person')}?" in text(everybody) and "Nobody is billed." in text(everybody)
    story.click(everybody, everybody.xpath("//button[@class='first']")[0].text_content(), reason="paid in cash")
    story.click("/money", "Look again", 0)
    page = text(story.somebody.page("/money"))
    some = counted(len(left), "balance")
    assert re.search(rf"{some} (is|are) put right without a bill. As of", page) and "get fees" not in page
    done = text(story.click("/", "Do the daily run now"))
    assert "Fees: No fees billed." in done and f"Fees: {some} forgiven." in done
    assert [] == money.held(story.desk.database, story.desk.settings)


def a_lost_answer_becomes_a_question_and_an_answer(story: Story) -> None:
    login = story.pair.logins(2)[1]
    story.pair.papercut.print_job(login=(login.email, login.password), printer="Colour", pages=80)
    unreadable = lambda: story.pair.officernd.fault("GET /fees", "error", times=-1)  # noqa: E731
    story.pair.officernd.fault("POST /fees", "lost_after", action=unreadable)
    try:
        story.click("/money", "Look again", 0)
        story.click("/money", "Bill it now")
    finally:
        story.pair.officernd.faults.clear()
    assert "somebody must check whether it is there" in text(story.somebody.page("/"))
    tree = story.somebody.page("/money")
    assert re.search(r"is there a line of €\d+\.\d\d that ends in [0-9A-Z]{8}\?", text(tree)), text(tree)[:900]
    assert "Left as it is" in text(story.click("/money", "Cannot tell"))
    balance = story.pair.papercut.state.users[story.desk_username(login.email)].balance
    assert "Thank you" in text(story.click("/money", "Yes, it is there"))
    fees = len(story.pair.officernd.fees())
    story.click("/", "Do the daily run now")
    assert fees == len(story.pair.officernd.fees())
    assert balance < story.pair.papercut.state.users[story.desk_username(login.email)].balance
    assert "that nobody but you can answer" not in text(story.somebody.page("/money"))


def a_shared_account_is_billed_to_its_company(story: Story) -> None:
    story.pair.papercut.state.add_shared_account("Acme\\Projects")
    company = story.pair.organisation.companies[0]
    story.desk.now_under_lock(lambda site: people.link(site, member=company.id, username="account:Acme\\Projects"))
    login = story.pair.logins(1)[0]
    story.pair.papercut.print_job(
        login=(login.email, login.password), printer="Colour", pages=4, account="Acme\\Projects"
    )
    story.click("/money", "See what is due", 0)
    assert "account:Acme\\Projects" in text(story.somebody.page("/money"))
    story.click("/money", "Bill it now")
    tree = story.somebody.page("/money")
    (address,) = tree.xpath("//a[text()='Acme\\Projects (shared account)']/@href")
    assert "Acme\\Projects (shared account)" in text(story.somebody.page(address))
    assert story.pair.papercut.state.shared_accounts["Acme\\Projects"].balance == 0


def settings_show_what_they_would_do(story: Story) -> None:
    form = story.somebody.page("/settings")
    csrf = form.xpath("//main//form//input[@name='csrf']/@value")[0]
    wrong = story.somebody.post(
        "/settings",
        {"here": ["fees.minimum", "members.statuses"], "fees.minimum": "free", "members.statuses": "active"},
        csrf=csrf,
    )  # fmt: skip
    assert 422 == wrong.status_code and "such as 12.50" in wrong.text and 'aria-invalid="true"' in wrong.text
    before = story.desk.settings.path.read_text()
    answer = story.somebody.post(
        "/settings",
        {"here": ["members.statuses"], "members.statuses": ["active", "former", "drop-in", "contact"]},
        csrf=csrf,
    )  # fmt: skip
    assert story.desk.works.finish(60)
    assert "/work/" in answer.location
    shown = text(story.somebody.page("/settings/preview"))
    assert re.search(r"[1-9]\d* more (people|person) may print, 0 fewer.*Newly allowed: [1-9]", shown)
    assert before == story.desk.settings.path.read_text()
    assert "Saved." in text(story.click("/settings/preview", "Save"))
    assert ("active", "former", "drop-in", "contact") == story.desk.settings.members.statuses
    assert "drop-in" in story.desk.settings.path.read_text()
    assert 409 == story.somebody.post("/settings/save").status_code
    assert "settings saved" in text(story.somebody.page("/"))


def fix_with_preview_and_look_again(story: Story) -> None:
    assert 400 == story.somebody.post("/checks/fix", {"code": "fees_plan_missing"}).status_code
    story.click("/checks", "Check now")
    tree = story.somebody.page("/checks")
    code = tree.xpath("//input[@name='code']/@value")[0]
    story.click("/checks", "Fix it")
    assert code not in story.somebody.page("/checks").xpath("//input[@name='code']/@value")


def every_cent_is_compared(story: Story) -> None:
    story.click("/money", "Compare every cent")
    told = text(story.somebody.page("/money/differences"))
    assert "The whole site" in told and "Our fees with OfficeRnD’s" in told


def package_is_downloaded_without_a_secret(story: Story) -> None:
    tree = story.somebody.page("/installation")
    assert story.desk.settings.papercut.url in text(tree)
    answer = story.somebody.post("/installation/package")
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        content = b"".join(package.read(name) for name in package.namelist())
    for secret in (story.pair.folder / "secrets").iterdir():
        assert secret.read_bytes().strip() not in content


def hostile_names_stay_text_on_every_page(story: Story) -> None:
    story.click("/review", "Look again")
    directory = story.desk.directory()
    assert directory is not None
    hostile = next(user for user in directory.users if "<script>" in user.full_name)
    own = [f"/people/one?who={hostile.member_id}", f"/people/why?who={hostile.member_id}"]
    asked = [f"/statements?member={hostile.username}", "/people?find=%3Cscript%3E", "/settings/preview"]
    for page in (*PAGES, *own, *asked):
        answer = story.somebody.get(page, follow_redirects=True)
        assert answer.status_code in (200, 400), page
        assert "<script>alert" not in answer.text and "<img src=x" not in answer.text and " 49 " not in answer.text, (
            page
        )


def no_page_speaks_of_inner_things(story: Story) -> None:
    for page in PAGES:
        found = FORBIDDEN.findall(text(story.somebody.page(page)))
        assert [] == found, (page, found)


def no_first_page_is_heavy(story: Story) -> None:
    for page in PAGES:
        assert len(story.somebody.get(page).data) < 100_000, page


def an_error_of_a_system_is_told_on_the_page(story: Story) -> None:
    story.pair.papercut.stop()
    try:
        failed = text(story.click("/review", "Look again"))
        assert "could not be done" in failed and "PaperCut" in failed
        assert "PaperCut" in text(story.click("/", "Ask both systems"))
        page = text(story.somebody.page("/"))
        assert "does not answer" in page
        assert page.index("PaperCut did not answer when it was last asked") < page.index("May print")
        assert "cannot be reached" in text(story.somebody.page("/people/why?who=ann"))
    finally:
        story.pair.papercut.start()


def test_the_story_of_a_site(story: Story) -> None:
    """From the empty console to a settled day and beyond; each step stands on the ones before it."""
    for step in (
        before_the_first_sync_every_page_says_what_to_do,
        look_then_do_exactly_that,
        questions_are_answered_and_ticked_off,
        a_plan_that_is_no_longer_true_is_not_applied,
        a_person_is_found_and_told_of,
        a_pin_is_shown_once,
        a_day_is_settled_by_clicking,
        what_was_owed_before_waits_for_a_word,
        a_lost_answer_becomes_a_question_and_an_answer,
        a_shared_account_is_billed_to_its_company,
        settings_show_what_they_would_do,
        fix_with_preview_and_look_again,
        every_cent_is_compared,
        package_is_downloaded_without_a_secret,
        hostile_names_stay_text_on_every_page,
        no_page_speaks_of_inner_things,
        no_first_page_is_heavy,
        an_error_of_a_system_is_told_on_the_page,
    ):
        step(story)
