"""The set-up on a terminal: asked, answered wrongly, asked again, gone back to, written at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import pytest
from click import Abort
from click.testing import CliRunner, Result

from relay import config
from relay.cli import app
from relay.cli import setup as terminal
from relay.errors import RelayError, UsageError
from relay.setup import document
from relay.setup.values import Option, Prompt
from tests.support.setup_site import PASSWORD, SetupSite

CHOICES = (Option("active", "Active"), Option("drop-in", "Drop-in"))


@pytest.mark.parametrize(
    ("kind", "text", "held"),
    [
        ("many", "1, 2", ("active", "drop-in")),
        ("many", "drop-in", ("drop-in",)),
        ("many", "", ()),
        ("one", "2", "drop-in"),
        ("one", "3", "3"),
        ("money", "2,50", "2.50"),
        ("number", "15", 15),
        ("text", " 12", " 12"),
        ("secret", "", "before"),
        ("many", "-", ()),
        ("text", "-", ""),
    ],
)
def test_what_is_typed_becomes_what_settings_hold(kind: str, text: str, held: object) -> None:
    choices = CHOICES if kind in ("many", "one") else ()
    assert terminal.from_text(Prompt("a.b", kind, "A", choices=choices, optional=True), text, "before") == held  # type: ignore[arg-type]


def test_a_number_is_one() -> None:
    with pytest.raises(UsageError, match="whole number"):
        terminal.from_text(Prompt("a.b", "number", "A"), "many")


def answered(site: SetupSite, *, wrong: bool, back: bool) -> Sequence[str]:
    """Return what somebody types, line by line; "" takes what is offered."""
    officernd = site.answers["officernd"]
    first = [
        officernd["officernd.organization"],
        officernd["officernd.client_id"],
        officernd["officernd.client_secret"],
        officernd["signin.client_id"],
        officernd["signin.client_secret"],
        officernd["officernd.location"],
    ]
    urls = [officernd["officernd.api_url"], officernd["officernd.token_url"], ""]
    lines = ["", "Mars/Base" if wrong else "Europe/Sofia", "", ""]
    lines += ["Europe/Sofia"] if wrong else []
    lines += ["<", "", "", "", ""] if back else []
    lines += [*first[:2], "wrong", *first[3:], *urls, "", first[2]] if wrong else [*first, *urls]
    # With nothing known yet the location is asked for as a text; tried, it is one of a list.
    lines += [site.pair.papercut.url, site.token, str(site.pair.folder / "papercut"), ""]
    lines += ["", "", "", ""]  # who
    lines += ["", ""]  # the print script
    lines += ["", "", "", ""]  # fees
    lines += ["", "", "", "", "", ""]  # balances
    lines += ["nora", *(["short", "short", PASSWORD, "mistyped"] if wrong else []), PASSWORD, PASSWORD]
    lines += ["", "", "state", str(site.pair.home)]  # schedule
    return lines


def init(site: SetupSite, lines: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.chdir(site.folder)
    monkeypatch.delenv("PAPERCUT_RELAY_CONFIG", raising=False)
    return CliRunner().invoke(
        app.cli, ["init", "--more"], input="\n".join(lines) + "\n", catch_exceptions=False, standalone_mode=False
    )


@pytest.mark.parametrize(("wrong", "back"), [(False, False), (True, False), (False, True)])
def test_from_the_first_question_to_the_settings(
    wrong: bool, back: bool, site: SetupSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = init(site, [*answered(site, wrong=wrong, back=back), "yes"], monkeypatch)
    assert done.return_value == 0, done.output[-3000:]
    settings = config.load(site.folder / "relay.toml", {})
    assert settings.papercut.auth_token.get_secret_value() == site.token
    assert "Nothing has been written yet" in done.output
    assert site.token not in done.output and PASSWORD not in done.output
    if wrong:
        assert "not an IANA time zone" in done.output and "does not accept this client ID" in done.output
        assert "Use at least 10" in done.output and "The two differ" in done.output


@pytest.mark.parametrize(
    ("answered_lines", "how"), [(0, KeyboardInterrupt), (9, Abort), (22, KeyboardInterrupt), (99, Abort)]
)
def test_leaving_at_any_question_says_so_and_writes_nothing(
    answered_lines: int, how: type[BaseException], site: SetupSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = list(answered(site, wrong=False, back=False))[:answered_lines]
    asked = click.prompt

    def prompt(*words: Any, **how_asked: Any) -> Any:
        if not lines:
            raise how
        return asked(*words, **how_asked)

    def counted(*words: Any, **how_asked: Any) -> Any:
        typed = prompt(*words, **how_asked)
        lines.pop(0)
        return typed

    monkeypatch.setattr(click, "prompt", counted)
    with pytest.raises(RelayError, match=r"^Stopped\. Nothing was written\.") as left:
        init(site, list(lines), monkeypatch)
    assert left.value.exit_code == 1 and left.value.remedies
    assert list(site.folder.iterdir()) == []


def test_no_wrong_answer_is_a_dead_end(site: SetupSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may be to blame is asked for again with it, and Enter does not repeat an answer that cannot be right."""
    lines = list(answered(site, wrong=False, back=False))
    right = lines[5:7]  # the first application
    lines[5:7] = ["wrong", "wrong"]
    lines[13:13] = right
    assert lines[19:23] == ["", "", "", ""]
    lines[20:23] = ["Atlantis", "", "", ""]  # no location of that name; then Enter: all of them
    lines[lines.index("nora") + 3] = "7:30"
    done = init(site, [*lines, "yes"], monkeypatch)
    assert done.return_value == 0, done.output[-3000:]
    settings = config.load(site.folder / "relay.toml", {})
    assert settings.members.locations == () and settings.schedule.daily_at.hour == 7
    assert "! Not known" in done.output.partition("Check your answers")[2], "a warning is missing in the summary"


def test_what_was_typed_is_offered_again_after_going_back(site: SetupSite, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = list(answered(site, wrong=False, back=False))
    # In OfficeRnD's step, after the first application's secret, one step back; then only Enter up to there.
    lines[7:7] = ["<", "", "", "", "", "", "", ""]
    done = init(site, [*lines, "yes"], monkeypatch)
    assert done.return_value == 0, done.output[-3000:]


def test_the_summary_leads_to_a_step_and_back_again(site: SetupSite, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = list(answered(site, wrong=False, back=False))
    changed = ["no", "77", "7", "5.00", "", "", "", "", ""]  # balances and limits, and no step after it
    back = ["<", "<", "<", *[""] * 6, *[""] * 4]  # from the summary to the daily run, to the password, to the balances
    done = init(site, [*lines, *changed, *back, "yes"], monkeypatch)
    assert done.return_value == 0, done.output[-3000:]
    assert config.load(site.folder / "relay.toml", {}).top_up.amount == 5_000_000
    assert done.output.count("Type yes, a number from 1 to 9") == 2
    assert done.output.count("Check your answers") == 3


def test_a_folder_that_cannot_be_written_is_told_before_the_first_question(
    site: SetupSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "can_be_made", lambda _: False)
    with pytest.raises(UsageError, match="may not write in"):
        init(site, [], monkeypatch)


def test_settings_that_are_there_are_spoken_of_first(site: SetupSite, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.folder / "relay.toml").write_text("# mine")
    with pytest.raises(UsageError, match="stays as it is"):
        init(site, ["n"], monkeypatch)
    assert (site.folder / "relay.toml").read_text() == "# mine"
