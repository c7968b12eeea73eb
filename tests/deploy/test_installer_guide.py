"""The installation guide names every switch of the installer, every kind of change, and no file that is not there."""

from __future__ import annotations

import re

import pytest

from relay.installer import __main__ as installer
from relay.installer import places, plan, properties, tokens
from tests.support.repository import DEPLOY

GUIDE = (DEPLOY / "docs" / "INSTALL.md").read_text(encoding="utf-8")


def test_every_switch_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        installer.main(["--help"])
    switches = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {
        "--help",
        "--verbose",
        "--wait",
        "--jython-jar",
    }
    told = set(re.findall(r"--[a-z-]+", GUIDE))
    assert switches <= told, switches - told


def test_every_key_that_is_touched_is_named() -> None:
    for key in (
        plan.USER_SOURCE_KEY,
        plan.AUTH_KEY,
        plan.CALLERS_KEY,
        tokens.KEY,
        properties.FOLDER_LIST,
        places.OLD_AGENT_SERVICE,
    ):
        assert key in GUIDE, key
