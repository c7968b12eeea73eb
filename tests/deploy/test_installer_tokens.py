"""The web-services token: added in each of the three shapes, never over another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relay.installer import held, tokens
from relay.sandbox.papercut.dispatch import tokens as accepted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", {"papercut-officernd": "new"}),
        ("plain", {"default": "plain", "papercut-officernd": "new"}),
        ('["a", "b"]', ["a", "b", "new"]),
        ('{"x": "1", "default": "2"}', {"x": "1", "default": "2", "papercut-officernd": "new"}),
        ('{"papercut-officernd": "old", "x": "1"}', {"papercut-officernd": "new", "x": "1"}),
        ("[no json", {"default": "[no json", "papercut-officernd": "new"}),
    ],
)
def test_ours_is_added_and_all_others_stay_good(before: str, after: object) -> None:
    made = tokens.with_token(before, tokens.NAME, "new")
    assert json.loads(made) == after
    assert list(json.loads(made)) == list(after)  # type: ignore[call-overload]
    assert set(accepted(before)) - {"old"} < set(accepted(made))


def test_taken_out_the_others_stay() -> None:
    assert tokens.without_token('{"default": "a", "papercut-officernd": "b"}', tokens.NAME) == '{"default": "a"}'
    assert tokens.without_token('{"papercut-officernd": "b"}', tokens.NAME) == ""
    assert tokens.without_token('["a", "b"]', tokens.NAME) == '["a", "b"]'
    assert tokens.without_token("plain", tokens.NAME) == "plain"


def test_values_reads_every_shape() -> None:
    assert tokens.values("") == []
    assert tokens.values(" plain ") == ["plain"]
    assert tokens.values('["a", "", 7]') == ["a"]
    assert tokens.values('{"x": "a"}') == ["a"]


def test_a_secret_that_is_no_text_opens_nothing_and_stops_nobody(tmp_path: Path) -> None:
    """It lies in a folder of PaperCut's account, which could else keep root from taking everything back."""
    file = tmp_path / "papercut_token"
    file.write_bytes(b"\xff\xfe\x00secret")
    assert held.read_secret(str(file)) == "\ufffd\ufffd\x00secret"
