"""Which PaperCut versions are good, have holes, or are too old."""

from __future__ import annotations

import pytest

from relay.installer import versions


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("22.0.9", versions.TOO_OLD),
        ("22.1.0 (Build 1)", versions.TOO_OLD),
        ("22.1.1", versions.HOLES),
        ("23.0.9 (Build 68000)", versions.HOLES),
        ("24.1.9", versions.HOLES),
        ("24.1.10", versions.GOOD),
        ("25.0.12", versions.HOLES),
        ("25.0.13", versions.GOOD),
        ("26.0.4", versions.HOLES),
        ("26.0.5", versions.GOOD),
        ("27.0", versions.GOOD),
        ("", versions.UNKNOWN),
        ("MF", versions.UNKNOWN),
    ],
)
def test_versions_are_judged(text: str, verdict: str) -> None:
    version = versions.parse(text)
    assert versions.verdict(version) == verdict
    assert bool(versions.sentence(version)) == (verdict != versions.GOOD)


def test_the_sentence_names_the_version_and_what_to_do() -> None:
    assert "PaperCut 24.1.9 has security holes" in versions.sentence((24, 1, 9))
    assert "update PaperCut first" in versions.sentence((22, 0, 9))
