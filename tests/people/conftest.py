"""A site between the two stand-ins, with the real clients and the real user source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from relay.people.decide.matching import Matching, match
from relay.people.decide.rules import judge, make_rules
from relay.people.world import World
from tests.support.people_site import PeopleSite, answer_in_process
from tests.support.people_values import NOW, settings_for


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., PeopleSite]]:
    """Return a maker of running sites: site(members=20, filling="old-connector"). Programs start with `starts=True`."""
    made: list[PeopleSite] = []

    def make(*, starts: bool = False, **options: object) -> PeopleSite:
        if not starts:
            monkeypatch.setattr("relay.sandbox.papercut.sync.ask_user_source", answer_in_process)
        made.append(PeopleSite(tmp_path / f"site{len(made)}", **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def matched(tmp_path: Path):
    def run(made: World, rule: str = "email_underscore", not_ours: tuple[str, ...] = ()) -> Matching:
        settings = settings_for(tmp_path, members={"username": rule, "not_ours": not_ours})
        rules = make_rules(settings, made.officernd, NOW)
        verdicts = {one.id: judge(one, rules) for one in made.officernd.members.values()}
        return match(made, verdicts, settings.members)

    return run
