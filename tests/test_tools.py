"""A tool that is missing is a skip with its name, on CI a failure, and never in the way where it is there."""

from __future__ import annotations

import pytest

from tests.support import tools


@pytest.fixture(autouse=True)
def two_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "TOOLS", {"hammer": lambda: True, "anvil": lambda: False})


def test_a_missing_tool_skips_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    tools.need("hammer")
    with pytest.raises(pytest.skip.Exception, match="^anvil is not here"):
        tools.need("hammer", "anvil")


def test_on_ci_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    tools.need("hammer")
    with pytest.raises(pytest.fail.Exception, match="^anvil is not here"):
        tools.need("anvil")
