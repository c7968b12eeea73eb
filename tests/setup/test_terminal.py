"""The set-up on a terminal: asked, answered wrongly, asked again, gone back to, written at the end."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from click.testing import CliRunner, Result

from relay import config
from relay.cli import app
from relay.cli import setup as terminal
from relay.errors import UsageError
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
    ],
)
def test_what_is_typed_becomes_what_settings_hold(kind: str, text: str, held: object) -> None:
    choices = CHOICES if kind in ("many", "one") else ()
    assert terminal.from_text(Prompt("a.b", kind, "A", choices=choices), text, "before") == held  # type: ignore[arg-type]


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
    lines += [*first[:2], "wrong", *first[3:], *urls, first[2]] if wrong else [*first, *urls]
    # With nothing known yet the location is asked for as a text; tried, it is one of a list.
    lines += [site.pair.papercut.url, site.token, str(site.pair.folder / "papercut"), ""]
    lines += ["", "", "", ""]  # who
    lines += ["", ""]  # the print script
    lines += ["", "", "", ""]  # fees
    lines += ["", "", "", "", "", ""]  # balances
    lines += ["nora", *(["short", PASSWORD] if wrong else [PASSWORD])]
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
        assert "no IANA time zone" in done.output and "does not accept this client ID" in done.output
        assert "Take at least 10" in done.output


def test_leaving_before_the_end_writes_nothing(site: SetupSite, monkeypatch: pytest.MonkeyPatch) -> None:
    from click import Abort

    with pytest.raises(Abort):
        init(site, answered(site, wrong=False, back=False), monkeypatch)  # the last question is not answered
    assert not (site.folder / "relay.toml").exists() and not (site.folder / "secrets").exists()


def test_settings_that_are_there_are_spoken_of_first(site: SetupSite, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.folder / "relay.toml").write_text("# mine")
    with pytest.raises(UsageError, match="stays as it is"):
        init(site, ["n"], monkeypatch)
    assert (site.folder / "relay.toml").read_text() == "# mine"
