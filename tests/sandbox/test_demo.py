"""The demo keeps every promise that it tells of."""

from __future__ import annotations

from pathlib import Path

from relay.progress import Progress
from relay.sandbox import demo


def test_the_day_is_told_and_every_promise_is_kept(tmp_path: Path) -> None:
    told: list[str] = []
    story = demo.tell(members=30, keep=tmp_path / "kept", say=told.append, progress=Progress())
    assert story.exit_code == 0, story.promises
    assert len(story.promises) == 6 and all(story.promises.values())
    text = "\n".join(told)
    assert "2.00 EUR -> -1.00 EUR" in text and "-1.00 EUR -> 0.00 EUR" in text
    assert "with a wrong password: refused" in text
    assert (tmp_path / "kept" / "relay.toml").exists()


def test_a_promise_that_is_not_kept_is_a_failure() -> None:
    story = demo.Story(promises={"one": True, "two": False})
    assert story.exit_code == 1
    assert story.as_json()["ok"] is False
