"""The console over both stand-ins, and somebody in front of it who may do everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from relay import config, passwords
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.sandbox.pair import Pair
from tests.support.quick_clock import QuickClock
from tests.support.visitor import PASSWORD, Visitor


class PairConsole:
    """`settings` are lines of `relay.toml` beside those that the pair writes by itself. It soon gives a request up."""

    def __init__(self, folder: Path, settings: str, **pair: Any) -> None:
        self.pair = Pair(folder, **pair).start()
        text = self.pair.config_file.read_text(encoding="utf-8").replace(
            "[officernd]\n", "[officernd]\ntimeout_s = 3\n"
        )
        self.pair.config_file.write_text(text + settings, encoding="utf-8")
        passwords.set_password(self.pair.config_file, "ann", "money", PASSWORD)
        self.desk = Desk(config.load(self.pair.config_file), QuickClock())
        self.somebody = Visitor(make_app(self.desk).test_client())
        self.somebody.log_in("ann")

    def close(self) -> None:
        self.desk.works.finish(30)
        self.desk.close()
        self.pair.stop()
