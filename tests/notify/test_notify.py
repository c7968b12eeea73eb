"""Messages and pings one by one: what is told, to whom, what is never told, and that no run waits for it."""

from __future__ import annotations

import gzip
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import insert, select, update

from relay import cli, http, jobs, notify, people
from relay import run as story
from relay.alerts import alerts
from relay.errors import ConfigError, LedgerError, RelayError
from relay.language import lazy
from relay.money.ledger import tables
from relay.notify import addresses, causes
from relay.open_items import open_items
from relay.people import logins
from tests.support.lying_server import Write, lying, whole
from tests.support.mailbox import Mailbox, section
from tests.support.money_world import Site
from tests.support.settings_example import example_settings, written_settings

SECRET = "T1KEN-VERY-SECRET"


class Parts:
    """What each part of a run does: an exit code and an answer, or an error that it raises."""

    def __init__(self) -> None:
        self.sync: Any = {}

    def __call__(self, *_: Any, **__: Any) -> Any:
        if isinstance(self.sync, Exception):
            raise self.sync
        answer = self.sync
        return type("Done", (), {"exit_code": 3 if answer.get("refused") else 0, "as_json": lambda _self: answer})()


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    made = Parts()
    monkeypatch.setattr(people, "sync", made)
    monkeypatch.setattr(jobs, "remember_people", lambda *_: None)
    return made


@pytest.fixture
def site(tmp_path: Path, box: Mailbox, parts: Parts) -> Site:
    url = f"sqlite:///{tmp_path}/ledger.db"
    return Site(tmp_path, {"notify": box.settings(tmp_path), "scripts": {"home": str(tmp_path / "home")}}, url=url)


def hold(site: Site, name: str) -> None:
    row = {"site": "hq", "member_id": name, "code": "opening", "username": name, "amount": 2_500_000, "reason": "why"}
    with site.database.begin() as connection:
        connection.execute(insert(tables.holds).values(**row, at=site.clock.now(), ended_at=None))


# -- one message for one cause


def test_a_failed_run_is_told_once_a_day_and_when_it_is_over(site: Site, box: Mailbox, parts: Parts) -> None:
    parts.sync = RelayError("OfficeRnD cannot be reached.")
    for _ in range(3):
        story.run(site.context)
        notify.watch(site)
        site.clock.move(hours=1)
    assert box.titles == ["hq: the daily run failed"]
    assert "OfficeRnD cannot be reached." in box.messages[0][1]
    site.clock.move(hours=21)
    story.run(site.context)
    parts.sync = {}
    story.run(site.context)
    notify.watch(site)
    assert box.titles[1:] == ["hq: the daily run failed", "hq: resolved: the daily run failed"]
    assert [ping.partition("?")[0] for ping in box.pings[-4:]] == ["/p/start", "/p/fail", "/p/start", "/p"]


def test_a_run_that_breaks_is_told_too(site: Site, box: Mailbox, parts: Parts) -> None:
    parts.sync = LedgerError("The disk is full.")
    with pytest.raises(LedgerError):
        story.run(site.context)
    assert box.titles == ["hq: the daily run failed"] and "The disk is full." in box.messages[0][1]
    assert box.pings[-1] == "/p/fail?a=1"


def test_a_run_that_may_not_begin_is_told_too(site: Site, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others may write the hand-over files nothing is done at all, every day anew."""

    def refuse(home: Path) -> None:
        raise RelayError("Others may write the hand-over files.")

    monkeypatch.setattr(people, "refuse_open", refuse)
    for _ in range(2):
        with pytest.raises(RelayError):
            story.run(site.context)
    assert box.titles == ["hq: the daily run failed"] and "hand-over files" in box.messages[0][1]


def test_a_clock_that_was_set_back_is_told_until_it_is_right(site: Site, box: Mailbox) -> None:
    """A schedule that asks whether a run is due gets no for an answer, and nobody else would say why."""
    story.run(site.context, if_due=True)
    site.clock.jump(minutes=-4)
    assert story.run(site.context, if_due=True).exit_code == 0
    assert open_items(site.database, site.settings).alerts == (), "as much as time servers correct"
    site.clock.jump(hours=-2)
    calls = len(site.papercut.calls)
    for _ in range(2):
        result = story.run(site.context, if_due=True)
        assert (result.exit_code, result.due, len(site.papercut.calls)) == (0, False, calls)
    (alert,) = open_items(site.database, site.settings).alerts
    assert alert.kind == "clock" and "this computer's clock" in alert.message
    assert box.titles == ["hq: the daily run waits for the clock"]
    site.clock.jump(hours=2, minutes=5)
    notify.watch(site)
    assert open_items(site.database, site.settings).alerts == ()
    assert box.titles[1:] == ["hq: resolved: the daily run waits for the clock"]


def test_a_limit_that_holds_people_back_is_told_as_held(site: Site, box: Mailbox, parts: Parts) -> None:
    parts.sync = {"refused": [{"code": "max_removals_percent", "message": "40 of 100 would lose printing."}]}
    story.run(site.context)
    assert box.titles == ["hq: changes to people were held back"] and "40 of 100" in box.messages[0][1]
    assert [line.text for line in open_items(site.database, site.settings).lines()] == [
        "A safety limit held back changes to people: 40 of 100 would lose printing."
    ]


def test_the_message_tells_what_status_tells(site: Site, box: Mailbox) -> None:
    hold(site, "ann")
    notify.watch(site)
    (line,) = open_items(site.database, site.settings).lines()
    assert box.messages[0][0] == "hq: money is held" and box.messages[0][1].startswith(
        line.text.replace("2.50 EUR", "€2.50")
    )
    hold(site, "bo")
    notify.watch(site)
    assert len(box.messages) == 1, "more of the same is no new cause"


def test_a_message_speaks_the_language_of_the_site(tmp_path: Path, box: Mailbox, parts: Parts) -> None:
    """Also what was found in an earlier run, which the ledger keeps in English with what it is made of."""
    sections = {
        "notify": box.settings(tmp_path), "scripts": {"home": str(tmp_path / "home")}, "console": {"locale": "de_AT"},
    }  # fmt: skip
    site = Site(tmp_path, sections, url=f"sqlite:///{tmp_path}/ledger.db")
    hold(site, "ann")
    parts.sync = RelayError(lazy("OfficeRnD has no organisation %(organization)s: correct [officernd] organization.",
                                 organization="acme"))  # fmt: skip
    story.run(site.context)
    assert sorted(box.titles) == ["hq: Geld ist angehalten", "hq: der Tageslauf ist gescheitert"]
    told = dict(box.messages)
    assert "OfficeRnD hat keine Organisation acme" in told["hq: der Tageslauf ist gescheitert"]
    assert "1 Person mit angehaltenen Beträgen" in told["hq: Geld ist angehalten"]
    assert "€\xa02,50" in told["hq: Geld ist angehalten"] and "2.50" not in told["hq: Geld ist angehalten"]
    with site.database.connect() as connection:
        kept = set(connection.execute(select(alerts.c.message)).scalars())
    assert any("OfficeRnD has no organisation acme" in one for one in kept) and not any("Geld" in one for one in kept)
    site.clock.move(hours=25)
    parts.sync = {}
    story.run(site.context)
    over = next(body for title, body in box.messages if title == "hq: erledigt: der Tageslauf ist gescheitert")
    assert (
        "OfficeRnD hat keine Organisation acme" in over and "Es begann am " in over and " Uhr (Europe/Sofia)." in over
    )


def test_what_is_not_chosen_is_not_told(site: Site, box: Mailbox) -> None:
    site.configure(notify={"on": ["failed"]})
    hold(site, "ann")
    notify.watch(site)
    assert box.messages == [] and open_items(site.database, site.settings).counts()["held"] == 1


def test_two_who_look_at_the_same_time_tell_it_once(site: Site, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The console's process looks in the middle of the run's look."""
    hold(site, "ann")
    claim = notify.telling._claim

    def late(*arguments: Any) -> bool:
        monkeypatch.setattr(notify.telling, "_claim", claim)
        notify.watch(site)
        return claim(*arguments)

    monkeypatch.setattr(notify.telling, "_claim", late)
    notify.watch(site)
    assert box.titles == ["hq: money is held"]


def test_a_site_that_never_ran_is_not_missed(site: Site, box: Mailbox) -> None:
    site.clock.move(days=3)
    notify.watch(site)
    assert box.messages == []


def test_what_nobody_took_is_told_at_the_next_look(site: Site, box: Mailbox) -> None:
    hold(site, "ann")
    box.refuses = True
    notify.watch(site)
    box.refuses = False
    notify.watch(site)
    notify.watch(site)
    assert box.titles == ["hq: money is held"]
    with site.database.begin() as connection:
        connection.execute(update(tables.holds).values(ended_at=site.clock.now()))
    box.refuses = True
    notify.watch(site)
    assert open_items(site.database, site.settings).counts()["held"] == 0
    box.refuses = False
    notify.watch(site)
    notify.watch(site)
    assert box.titles[1:] == ["hq: resolved: money is held"]


# -- no run waits or breaks


def test_a_service_that_hangs_is_left_behind(site: Site, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "PING_S", 0.2)
    monkeypatch.setattr(addresses.Post.__init__, "__defaults__", (0.2,))
    hold(site, "ann")
    box.hangs = True
    began = time.monotonic()
    assert story.run(site.context).exit_code == 0
    assert time.monotonic() - began < 30  # the mailbox hangs for a minute


def test_whatever_goes_wrong_in_telling_stays_there(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: Any) -> Any:
        raise RecursionError("deep")

    monkeypatch.setattr(causes, "standing", wrong)
    assert story.run(site.context).exit_code == 0
    notify.watch(site)


# -- addresses are secrets


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"slack://{SECRET}/B/C", "slack://"),
        (f"discord://{SECRET}/x", "discord://"),
        (f"tgram://12:{SECRET}/1", "tgram://"),
        (f"ntfy://{SECRET}", "ntfy://"),
        (f"mailto://ann:{SECRET}@mail.example.com", "mailto://mail.example.com"),
        (f"jsons://ann:{SECRET}@in.example.com/{SECRET}", "jsons://in.example.com"),
        (f"json://[{SECRET}", "an address"),
    ],
)
def test_an_address_is_told_by_its_scheme(url: str, told: str) -> None:
    assert addresses.shown(url) == told


def try_them(folder: Path, capsys: pytest.CaptureFixture[str], **values: Any) -> tuple[int, dict[str, Any], str]:
    file = written_settings(folder, notify=values)
    with pytest.raises(SystemExit) as ended:
        cli.main(["--config", str(file), "--json", "notify", "--test"])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), json.loads(shown.out), shown.out + shown.err


def test_each_address_is_tried(tmp_path: Path, box: Mailbox, capsys: pytest.CaptureFixture[str]) -> None:
    code, told, shown = try_them(tmp_path, capsys, **box.settings(tmp_path))
    assert (code, box.titles) == (0, ["hq: test message"])
    assert told["addresses"] == [{"address": "json://127.0.0.1", "line": 2, "sent": True, "why": ""}]
    bad = box.settings(tmp_path, f"nosuch://{SECRET}", f"json://127.0.0.1:9/{SECRET}")
    code, told, shown = try_them(tmp_path, capsys, **bad)
    assert code == 1 and [one["sent"] for one in told["addresses"]] == [True, False, False]
    assert [one["address"] for one in told["addresses"]] == ["json://127.0.0.1", "nosuch://", "json://127.0.0.1"]
    assert SECRET not in shown and "secret-path" not in shown


def test_without_addresses_there_is_nothing_to_try(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told, _ = try_them(tmp_path, capsys)
    assert code == 2 and "urls_file" in told["error"]["message"]


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    wrong = section(tmp_path, f"mailto://x\n{SECRET}\n", f"ftp://{SECRET}", on=["failed", "sometimes"])
    with pytest.raises(ConfigError) as told:
        example_settings(tmp_path, notify=wrong)
    text = str(told.value)
    assert len(told.value.problems) == 3 and "line 2" in text and "'sometimes'" in text and SECRET not in text


# -- the month


def test_the_months_report_comes_once(site: Site, box: Mailbox) -> None:
    site.configure(notify={"monthly_report": True, "on": []})
    story.run(site.context)
    story.run(site.context)
    assert box.titles == ["hq: printing in October 2026"]
    site.clock.move(days=10)
    story.run(site.context)
    assert box.titles == ["hq: printing in October 2026", "hq: printing in November 2026"]


# -- logins


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("refused", "people_of", "accepted", "minutes", "found"),
    [
        (10, 5, 0, 3, True),
        (9, 5, 0, 3, False),
        (10, 4, 0, 3, False),
        (10, 5, 9, 1, True),
        (10, 5, 10, 1, False),
        (10, 5, 0, 7, False),  # never ten within one hour
    ],
)
def test_what_many_is(tmp_path: Path, refused: int, people_of: int, accepted: int, minutes: int, found: bool) -> None:
    log = tmp_path / "logs" / "auth.log"
    log.parent.mkdir()
    lines = [("accepted", number) for number in range(accepted)] + [("rejected", n % people_of) for n in range(refused)]
    start = NOW - timedelta(minutes=minutes * len(lines))
    log.write_text(
        "".join(
            json.dumps(
                {"time": (start + timedelta(minutes=minutes * n)).isoformat(), "verdict": verdict, "who": f"k{who}"}
            )
            + "\n"
            for n, (verdict, who) in enumerate(lines)
        )
    )
    assert (logins.bulk_failures(tmp_path, NOW) is not None) == found
    assert logins.bulk_failures(tmp_path, NOW + timedelta(days=3)) is None


# -- what a service answers


def _answers(body: bytes) -> dict[str, bytes]:
    """Return what a service may answer with `body` where its own is read."""
    return {
        "elsewhere": whole(b"", b"Location: /stolen\r\n", b"307 Temporary Redirect"),
        "longer_than_any": whole(body),
        "a_bomb": whole(gzip.compress(body), b"Content-Encoding: gzip\r\n"),
        "headers_without_end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
        "no_http": b"hello\r\n\r\n",
    }


@pytest.mark.parametrize("name", list(_answers(b"")))
@pytest.mark.parametrize("way", ["message", "ping"])
def test_a_service_that_lies_is_left(
    tmp_path: Path, way: str, name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    elsewhere = "http://127.0.0.1:9"
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(variable, elsewhere)

    def reply(target: str, write: Write) -> None:
        asked.append(target)
        write(_answers(b"0" * (http.MOST_BYTES + 1))[name])
        raise OSError  # and it is closed

    with lying(reply) as address:
        json_address = address.replace("http:", "json:")
        notified = section(tmp_path, f"{json_address}/{SECRET}\n", f"{address}/{SECRET}\n")
        settings = example_settings(tmp_path, notify=notified)
        if way == "ping":
            addresses.ping(settings)
        else:
            assert [(one.sent, one.why) for one in addresses.try_addresses(settings)] == [(False, "it was not taken")]
    assert asked == [f"/{SECRET}"]
    assert [SECRET in record.getMessage() for record in caplog.records] == [False]


def test_what_a_library_asks_ends_even_where_it_sets_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    http.bound_libraries(ca_file=None, proxy="")
    now_s, is_timed = [0.0], threading.Event()

    def clock() -> float:
        is_timed.set()
        return now_s[0]

    monkeypatch.setattr(http, "monotonic_s", clock)

    def drip(_target: str, write: Write) -> None:
        write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        is_timed.wait(20)
        for _ in range(1000):
            now_s[0] += 1
            write(b"x")

    with lying(drip) as address, pytest.raises(requests.RequestException):
        requests.get(address)


@pytest.mark.parametrize("way", ["message", "ping"])
def test_a_message_leaves_the_building_by_the_proxy_of_officernd(tmp_path: Path, way: str) -> None:
    asked: list[str] = []

    def reply(target: str, write: Write) -> None:
        asked.append(target)
        write(whole(b"ok"))
        raise OSError  # and it is closed

    with lying(reply) as address:
        urls = f"json://hooks.example/{SECRET}\njson{address[4:]}/near\n"
        notified = section(tmp_path, urls, f"http://hooks.example/{SECRET}\n")
        settings = example_settings(tmp_path, notify=notified, officernd={"proxy": address})
        if way == "ping":
            addresses.ping(settings)
        else:
            assert [one.sent for one in addresses.try_addresses(settings)] == [True, True]
    far = [f"http://hooks.example/{SECRET}"]
    assert sorted(asked) == (far if way == "ping" else ["/near", *far])


@pytest.mark.parametrize(
    ("url", "is_near"),
    [
        ("http://127.0.0.1:1/x", True),
        ("https://10.1.2.3/x", True),
        ("http://[fd00::1]/x", True),
        ("http://mailhub/x", True),
        ("https://8.8.8.8/x", False),
        ("https://hooks.slack.com/x", False),
    ],
)
def test_what_is_near_is_asked_without_the_proxy(url: str, is_near: bool) -> None:
    assert http.proxy_towards(url, "http://proxy:3128") == ("" if is_near else "http://proxy:3128")
