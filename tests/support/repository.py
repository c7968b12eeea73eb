"""Where the folders of this repository are, for tests that read its files."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
RELAY = ROOT / "relay"
SCRIPTS = ROOT / "papercut_scripts"
DEPLOY = ROOT / "deploy"
DOCS = DEPLOY / "docs"
