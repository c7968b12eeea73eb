"""Every name from outside is hostile, and every table, page, file and log is read: nothing is obeyed or endless."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_string
from email.header import decode_header
from email.message import Message
from pathlib import Path

import pytest
from lxml import html

from relay import cli, config, passwords, spreadsheet
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.members_page.app import make_app as make_members_page
from relay.members_page.place import Place
from relay.notify.addresses import Post
from relay.papercut import keys
from relay.run import run
from tests.support.people_site import PeopleSite, small_organisation
from tests.support.settings_example import example_settings, write_secret
from tests.support.visitor import PASSWORD, Visitor

FORMULA = '=HYPERLINK("http://evil.example");@x\t+1'
MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}[link=http://evil.example]x[/link]"
HIDDEN = "\x9b2J\u202egnp\u2066\u200b\u2028\x85\U000e0041A\u200d"
ESCAPES = "\x1b]8;;http://evil.example\x1b\\x\x1b]0;t\x07"  # XML, and so PaperCut, can carry none of them
FORGED = '2026-11-24 * "forged"'
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0041]|A\u200d")
MARK, WORD, SHOWN = "Ω", "ж ", 300


def theirs(what: str, length: int = 500) -> str:
    """A name that OfficeRnD, or a job, may have."""
    return f"{FORMULA}{what}{ESCAPES}{HIDDEN}\r\n{FORGED}{MARKUP}{MARK * length}{WORD * (length > 99) * 2500}"


def papercuts(what: str, length: int = 500) -> str:
    """A name that PaperCut may tell."""
    return f"{FORMULA}{what}{HIDDEN}\n{FORGED}{MARKUP}{MARK * length}".replace("\t", " ").replace("\n", " ")


def judge(text: str, longest: int = SHOWN) -> None:
    """Nothing of a name is obeyed, hidden, longer than it may be, or at the beginning of a line."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    assert [] == [ascii(one) for one in OBEYED.findall(text)]
    assert max((len(one) for one in re.findall(rf"{MARK}+|g{{9,}}|y{{9,}}", text)), default=0) <= longest
    assert max(map(len, re.findall(rf"(?:{WORD.strip()}\s)+", text)), default=0) <= longest
    assert not [line for line in re.split("[\n\x85\u2028]", text) if line.startswith(FORGED[:10] + " *")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeopleSite]:
    people = [
        (theirs("ann"), "ann@acme.example", theirs("company")),
        (theirs("ben"), "ben@acme.example", ""),
        ("Cy", f"cy{'y' * 400}@acme.example", ""),
    ]
    small = small_organisation(people)
    told = {theirs("property"): theirs("value"), "Card": WORD * 400}
    organisation = replace(
        small,
        locations=tuple(replace(one, name=theirs("location")) for one in small.locations),
        plans=tuple(
            one if one.interval == "once" else replace(one, name=theirs("plan"), code=theirs("code"))
            for one in small.plans
        ),
        members=tuple(replace(one, properties=told) for one in small.members),
    )
    site = PeopleSite(
        tmp_path_factory.mktemp("hostile"),
        organisation=organisation,
        settings={
            "jobs": {"cost_column": "11"},
            "safety": {"settling_s": 0},
            "top_up": {"amount": "0.50"},
            "members": {"card_property": "Card"},
        },
    )
    state, printer = site.state, papercuts("printer", 60)
    details = {name: papercuts(name) for name in ("full_name", "department", "office", "notes")}
    state.add_user("stray", email="stray@x.example", **details)
    state.add_user("ann.old", email="ann@acme.example", full_name=papercuts("ann"), balance=-3.5)
    state.add_user("ghost" + "g" * 295)
    state.add_user("words " + WORD * 140 + "x", email=f"{WORD * 400}@x.example", notes=WORD * 400)
    state.add_printer("print01", printer, page_cost=0.10)
    state.add_group(papercuts("group", 90), ["stray"])
    state.add_shared_account(papercuts("shared", 60))
    state.config[keys.CALLERS] = f"127.0.0.1,{WORD * 400}"
    assert 0 == run(site.context).exit_code
    job = {"printer": printer, "pages": 30, "document": theirs("document", 20)}
    site.pair.papercut.print_job(login=("ben@acme.example", "Secret-1"), **job)
    site.pair.papercut.print_job(user="stray", **job)
    site.pair.papercut.print_job(user="stray", account=papercuts("shared", 60), **job)
    assert 0 == run(site.context).exit_code
    passwords.set_password(site.pair.config_file, "moneyer", "money", PASSWORD)
    yield site
    site.stop()


@pytest.mark.parametrize(
    "words",
    [
        "plan --full", "status", "explain ann@acme.example", "explain ben@acme.example", "explain stray", "statement",
        "statement --member ben@acme.example", "statement --format html", "statement --all-sites", "discrepancies",
        "journal --format beancount", "settle --dry-run", "jobs", "check", "--json plan",
        "approve --held opening_balance --as bill --reason x",
    ],
)  # fmt: skip
def test_a_terminal_obeys_no_name(house: PeopleSite, words: str) -> None:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit):
        cli.main(["--config", str(house.pair.config_file), *words.split()])
    for stream in (out, err):
        told = stream.buffer.getvalue().decode()  # type: ignore[attr-defined]
        judge(told, 1000 if "--json" in words else SHOWN)  # a program gets names whole
        assert "nexpected error" not in told


@pytest.mark.parametrize("command", ["statement", "journal"])
def test_a_spreadsheet_runs_no_name(house: PeopleSite, command: str) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit):
        cli.main(["--config", str(house.pair.config_file), command, "--format", "csv"])
    told = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    judge(told)
    harmless(told)


def harmless(told: str) -> None:
    """However a program splits the file, no cell of it begins as a formula does."""
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(told), delimiter=delimiter):
            for cell in row:
                number = re.fullmatch(r"-?[\d.]+", cell)
                assert number or not cell.lstrip(' "').startswith(("=", "+", "-", "@")), (delimiter, ascii(cell)[:80])


def test_no_page_obeys_a_name(house: PeopleSite) -> None:
    desk = Desk(config.load(house.pair.config_file, {}), house.clock)
    try:
        app = make_app(desk)
        visitor = Visitor(app.test_client())
        assert 302 == visitor.log_in("moneyer").status_code
        found = [
            rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and "<" not in rule.rule
        ]
        ann = house.organisation.members[0].id
        runs = [f"/runs/{number}" for number in range(1, 12)]
        found += [*runs, f"/people/one?who={ann}", f"/people/why?who={ann}", "/people/one?who=stray", "/people?q=cyyy"]
        read = 0
        for path in found:
            answer = visitor.get(path, headers={"Accept-Language": "de" if read % 2 else "en"})
            assert answer.status_code < 500, (path, answer.text[-300:])
            kind = answer.headers.get("Content-Type", "")
            if not kind.startswith(("text/", "application/json")):
                continue
            read += 1
            judge(answer.text)
            if "csv" in kind:
                harmless(answer.text.removeprefix("\ufeff"))
            if "html" in kind and answer.text:
                page = html.fromstring(answer.text)
                assert [] == page.xpath(
                    "//img[@src='x']|//script[contains(., 'alert')]|//a[starts-with(@href, 'http://evil')]"
                )
        assert read > 20
    finally:
        desk.close()


def test_the_members_page_obeys_no_name(house: PeopleSite) -> None:
    app = make_members_page(Place(lambda: house.settings, house.database, house.clock))
    visitor = Visitor(app.test_client())
    assert 302 == visitor.log_in("ben@acme.example", "Secret-1").status_code
    told = visitor.get("/").text
    assert MARK in told
    judge(told)


def test_no_log_obeys_a_name(house: PeopleSite) -> None:
    logs = [*(house.folder / "state" / "logs").glob("*.log"), *(house.folder / "home" / "logs").glob("*.log")]
    assert len(logs) >= 2
    for log in logs:
        judge(Path(log).read_bytes().decode())


def test_a_cell_is_short_and_on_one_line() -> None:
    told = spreadsheet.cell(theirs("x"))
    assert len(told) <= SHOWN + 3 and "\n" not in told
    judge(told)


def test_a_message_carries_no_order_to_whoever_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an e-mail: one subject, no header of a stranger's, no markup; and whatever else Apprise makes of it."""
    sent: list[Message] = []

    class Server:
        def __init__(self, *_: object, **__: object) -> None: ...

        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *_, **__: None

        def sendmail(self, _from: str, _to: object, content: str) -> None:
            sent.append(message_from_string(content))

    monkeypatch.setattr("smtplib.SMTP", Server)
    url = "mailto://user:word@mail.example?from=relay@mail.example&to=desk@mail.example\n"
    post = Post(example_settings(tmp_path, notify={"urls_file": write_secret(tmp_path / "urls", url)}))
    title = f"hq: {theirs('title', 20)}\r\nBcc: evil@evil.example\r\n\r\n<b>body</b>"
    assert [True] == [one.sent for one in post.send(title, f"Line one\n{theirs('body')}")]
    (mail,) = sent
    assert mail["Bcc"] is None and "desk@mail.example" in mail["To"] and 1 == len(mail.get_all("Subject", []))
    told = [str(part.get_payload(decode=True), "utf-8") for part in mail.walk() if not part.is_multipart()]
    subject = "".join(
        text if isinstance(text, str) else text.decode(code or "ascii") for text, code in decode_header(mail["Subject"])
    )
    for text in (*told, subject):
        assert [] == [ascii(one) for one in OBEYED.findall(text)]
        assert "<script" not in text and "<img" not in text or "html" not in mail.get_content_type()
    for part in mail.walk():
        if part.get_content_type() == "text/html":
            page = html.fromstring(str(part.get_payload(decode=True), "utf-8"))
            assert [] == page.xpath("//script|//img|//b")
