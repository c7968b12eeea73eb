"""The console over both stand-ins, and somebody in front of it who may do everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import html

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

    def click(self, page: str | html.HtmlElement, button: str, index: int = 0, **fields: str) -> html.HtmlElement:
        """Send the form on `page` whose button says `button`, follow, wait for the work, return the page after it.

        `page` is an address, or a page that is shown already.
        """
        tree = self.somebody.page(page) if isinstance(page, str) else page
        buttons = tree.xpath("//form[@method='post']//button[normalize-space()=$text]", text=button)
        assert buttons, (page, button, [b.text_content().strip() for b in tree.xpath("//button")])
        form = next(buttons[index].iterancestors("form"))
        data: dict[str, Any] = {}
        for name, value in form.form_values():
            data.setdefault(name, []).append(value)
        if buttons[index].get("name"):
            data[buttons[index].get("name")] = [buttons[index].get("value")]
        answer = self.somebody.post(form.get("action"), {**data, **fields}, csrf=data["csrf"][0])
        assert answer.status_code in (200, 302, 422), (button, answer.status_code, answer.text[:800])
        if answer.status_code != 302:
            return html.fromstring(answer.text)
        assert self.desk.works.finish(60)
        return self.somebody.page(answer.location.partition("#")[0])

    def close(self) -> None:
        self.desk.works.finish(30)
        self.desk.close()
        self.pair.stop()
