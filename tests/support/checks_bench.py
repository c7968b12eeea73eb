"""A site between both stand-ins, and a way to check it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relay import checks, config
from relay.checks.model import CheckResult, Finding
from relay.config import Settings
from relay.installer import places
from relay.people.act import publish
from relay.people.directory import DirectoryUser, directory_of
from relay.progress import Progress
from relay.sandbox.officernd import OfficeRnDStandIn
from relay.sandbox.papercut import PaperCutStandIn
from tests.support.quick_clock import QuickClock
from tests.support.repository import SCRIPTS
from tests.support.settings_example import raw_settings, write_secrets

TOKEN = "sesame"


class Bench:
    """A site between two stand-ins; `settings` may be replaced before a check."""

    def __init__(self, folder: Path, papercut: PaperCutStandIn, officernd: OfficeRnDStandIn) -> None:
        self.folder = folder
        self.papercut = papercut
        self.officernd = officernd
        self.sections: dict[str, dict[str, Any]] = {
            "papercut": {"url": papercut.url, "install_dir": str(papercut.state.data_dir)},
            "officernd": {
                "organization": officernd.organisation.slug,
                "api_url": officernd.api_url,
                "token_url": officernd.token_url,
                "client_id": officernd.relay_application.client_id,
                "location": officernd.organisation.locations[0].id,
            },
            "signin": {"client_id": officernd.signin_application.client_id},
            "fees": {"tax_percent": "0"},
            "site": {"timezone": officernd.organisation.locations[0].timezone},
        }
        self.secrets = {
            "papercut_token": TOKEN,
            "officernd_secret": officernd.relay_application.client_secret,
            "officernd_signin_secret": officernd.signin_application.client_secret,
        }
        self.said: list[str] = []

    @property
    def settings(self) -> Settings:
        write_secrets(self.folder)
        for name, value in self.secrets.items():
            (self.folder / "secrets" / name).write_text(value, encoding="utf-8")
        return config.parse(raw_settings(self.folder, **self.sections), self.folder / "relay.toml", {})

    def change(self, section: str, **values: Any) -> None:
        self.sections.setdefault(section, {}).update(values)

    def check(self) -> CheckResult:
        return checks.run_checks(self.settings, clock=QuickClock(), progress=Progress())

    def fix(self, *codes: str) -> CheckResult:
        return checks.apply_fixes(
            self.settings, codes or "all", clock=QuickClock(), progress=Progress(), say=self.said.append
        )

    def find(self, code: str, result: CheckResult | None = None) -> Finding | None:
        return next((found for found in (result or self.check()).findings if found.code == code), None)

    def codes(self, result: CheckResult | None = None) -> set[str]:
        return {found.code for found in (result or self.check()).findings}

    def publish(self, *users: DirectoryUser, now: datetime | None = None) -> None:
        directory = directory_of(users or (DirectoryUser("ann_example.com", groups=("Acme",)),))
        settings, now = self.settings, now or datetime.now(UTC)
        publish.publish_programs(settings, now=now)
        publish.publish(directory, settings, record_fields=5, now=now)

    def install_programs(self) -> None:
        """Put launchers of the two programs where the installer puts them, and tell PaperCut."""
        state = self.papercut.state
        folder = Path(places.program_folder(str(state.data_dir)))
        folder.mkdir(parents=True)
        for key, name in {
            "user-source.custom-program": "officernd-user-source",
            "auth.source.custom-program": "officernd-auth",
        }.items():
            launcher = folder / name
            script = {"officernd-user-source": "user_source", "officernd-auth": "auth_program"}[name]
            home = self.settings.scripts.home
            launcher.write_text(
                f'#!/bin/sh\nexport OFFICERND_HOME="{home}"\nexec "{sys.executable}" -B "{SCRIPTS / script}.py" "$@"\n'
            )
            launcher.chmod(0o755)
            state.config[key] = str(launcher)
        self.papercut.use_programs(folder / "officernd-user-source", folder / "officernd-auth")
