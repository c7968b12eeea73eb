"""Both stand-ins as somebody finds them who sets up a site, and what he would answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from relay.clock import Clock
from relay.sandbox.officernd.switches import RELAY_SCOPES, OfficeRnDSwitches
from relay.sandbox.pair import Pair
from relay.setup.values import TrialResult, Walk, Workbench
from relay.setup.walk import BY_ID, STEPS, submit

PASSWORD = "correct horse battery"


class Impatient(Clock):
    """The real clock, on which nobody waits; it remembers how long somebody would have."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


class SetupSite:
    """The two systems, a folder for the settings, and the answers that are right."""

    def __init__(self, folder: Path, pair: Pair) -> None:
        self.pair = pair
        self.folder = folder / "site"
        self.folder.mkdir()
        (folder / "scratch").mkdir()
        self.clock = Impatient()
        self.bench = Workbench(
            self.folder,
            folder / "scratch",
            clock=self.clock,
            defaults={"papercut.install_dir": str(pair.folder / "papercut")},
        )
        self.token = pair.papercut.state.config["auth.webservices.auth-token"]
        self.answers: dict[str, dict[str, Any]] = {
            "language": {"print.language": "en", "site.timezone": "Europe/Sofia", "site.currency": "EUR"},
            "officernd": {
                "officernd.organization": pair.organisation.slug,
                "officernd.client_id": pair.officernd.relay_application.client_id,
                "officernd.client_secret": pair.officernd.relay_application.client_secret,
                "signin.client_id": pair.officernd.signin_application.client_id,
                "signin.client_secret": pair.officernd.signin_application.client_secret,
                "officernd.location": pair.organisation.locations[0].name,
                "officernd.api_url": pair.officernd.api_url,
                "officernd.token_url": pair.officernd.token_url,
            },
            "papercut": {"papercut.url": pair.papercut.url, "papercut.auth_token": self.token},
            "who": {},
            "guard": {"print.guard": "members"},
            "fees": {},
            "balances": {},
            "password": {"console.name": "nora", "console.password": PASSWORD},
            "schedule": {"site.state_dir": "state", "scripts.home": str(pair.home)},
        }

    def walk(self, *steps: str, **changes: Any) -> Walk:
        """Return the walk after these steps with the right answers, `changes` by names with __ for the dot."""
        walk = Walk()
        for step in steps or [one.id for one in STEPS]:
            walk, outcome = self.try_(step, walk, **changes)
            assert not outcome.problems, (step, outcome.problems)
        return walk

    def try_(self, step: str, walk: Walk | None = None, **changes: Any) -> tuple[Walk, TrialResult]:
        given = dict(self.answers[step])
        names = {question.name for question in BY_ID[step].questions(self.bench, walk or Walk())}
        for name, value in changes.items():
            if name.replace("__", ".") in names:
                given[name.replace("__", ".")] = value
        return submit(self.bench, walk or Walk(), BY_ID[step], given)

    def pair_plans(self) -> tuple[str, ...]:
        """Return the ids of the plans that somebody has."""
        return tuple(dict.fromkeys(membership.plan for membership in self.pair.organisation.memberships))

    def application_without(self, *scopes: str) -> dict[str, str]:
        """Make an application that lacks some permissions, and return how it is named."""
        made = self.pair.officernd.add_application("lacking", RELAY_SCOPES - set(scopes))
        return {"officernd__client_id": made.client_id, "officernd__client_secret": made.client_secret}

    def write_answers(self, text: str = "", leave_out: Sequence[str] = ()) -> Path:
        """Write a file of the right answers, with secrets beside it."""
        flat = {name: value for answers in self.answers.values() for name, value in answers.items()}
        sections: dict[str, list[str]] = {}
        for name, value in flat.items():
            if name in leave_out:
                continue
            section, _, key = name.partition(".")
            line = f'{key} = "{value}"'
            if name.endswith(("secret", "token", "password")):
                file = self.folder / f"{section}.{key}"
                file.write_text(str(value))
                file.chmod(0o600)
                line = f'{key}_file = "{file.name}"'
            sections.setdefault(section, []).append(line)
        answers = self.folder / "answers.toml"
        answers.write_text(
            "\n".join(f"[{section}]\n" + "\n".join(lines) for section, lines in sections.items()) + f"\n{text}"
        )
        return answers


@contextmanager
def setup_site(
    folder: Path, *, members: int = 40, filling: str = "old-connector", **switches: Any
) -> Iterator[SetupSite]:
    with Pair(
        folder / "pair", members=members, filling=filling, officernd_switches=OfficeRnDSwitches(**switches)
    ) as pair:
        yield SetupSite(folder, pair)
