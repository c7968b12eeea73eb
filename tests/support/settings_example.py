"""A complete small settings file for tests: written into a folder with its three secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomlkit

from relay import config

SECRET_FILES = {
    "papercut_token": "token-of-papercut",
    "officernd_secret": "secret-of-relay",
    "officernd_signin_secret": "secret-of-signin",
}


def raw_settings(folder: Path, **sections: dict[str, Any]) -> dict[str, Any]:
    """Return the settings as a TOML document's dict, with `sections` merged over the example's."""
    raw: dict[str, Any] = {
        "site": {"name": "hq", "timezone": "Europe/Sofia", "currency": "EUR", "state_dir": str(folder / "state")},
        "papercut": {"url": "http://127.0.0.1:9191", "auth_token_file": "secrets/papercut_token"},
        "officernd": {
            "organization": "acme",
            "api_url": "http://127.0.0.1:9999/api/v2",
            "token_url": "http://127.0.0.1:9999/oauth/token",
            "client_id": "relay",
            "client_secret_file": "secrets/officernd_secret",
            "location": "64b000000000000000000001",
        },
        "signin": {"client_id": "signin", "client_secret_file": "secrets/officernd_signin_secret"},
        "scripts": {"home": str(folder / "home")},
    }
    for name, values in sections.items():
        raw.setdefault(name, {}).update(values)
    return raw


def write_secrets(folder: Path) -> None:
    for name, value in SECRET_FILES.items():
        write_secret(folder / "secrets" / name, value + "\n")


def write_secret(file: Path, text: str) -> str:
    """Write a file that only its owner may read, and return its path as a setting names it."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return str(file)


def written_settings(folder: Path, head: str = "", **sections: dict[str, Any]) -> Path:
    """Write such settings with their secrets, `head` before them, and return their file."""
    write_secrets(folder)
    file = folder / "relay.toml"
    file.write_text(head + tomlkit.dumps(raw_settings(folder, **sections)), encoding="utf-8")
    return file


def example_settings(folder: Path, **sections: dict[str, Any]) -> config.Settings:
    """Return loaded settings whose files lie below `folder`: example_settings(tmp_path, fees={"every": "week"})."""
    write_secrets(folder)
    return config.parse(raw_settings(folder, **sections), folder / "relay.toml", {})
