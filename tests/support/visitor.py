"""Somebody in front of the console, for tests: the test client with pages parsed and forms filled as they stand."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from tests.support.forms import form_token

LOCAL = "http://127.0.0.1:9480"
PUBLIC = "https://print.acme.example"
PASSWORD = "correct horse battery"
# Every page that shows what there is without being asked anything: those of the menu, and what compares both systems.
PAGES = (
    "/", "/people", "/review", "/money", "/money/differences", "/statements", "/settings", "/sites", "/runs", "/audit",
    "/checks", "/users", "/installation",
)  # fmt: skip


def text(page: html.HtmlElement) -> str:
    """Return what a page says, without its menu, blanks made one."""
    return " ".join(page.xpath("//main")[0].text_content().split())


class Visitor:
    """Somebody in front of the console: the test client with pages parsed and forms filled as they stand."""

    def __init__(self, client: FlaskClient, base: str = LOCAL, **environment: str) -> None:
        self.client, self.base, self.environment = client, base, environment

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(
            path, base_url=self.base, environ_overrides=dict(self.environment), buffered=True, **more
        )

    def page(self, path: str, status: int = 200) -> html.HtmlElement:
        answer = self.get(path)
        assert status == answer.status_code, (path, answer.status_code, answer.text[:500])
        return html.fromstring(answer.text)

    def csrf(self, path: str = "/") -> str:
        found = self.page(path).xpath("//input[@name='csrf']/@value")
        return str(found[0]) if found else ""

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, csrf: str | None = None, **more: Any
    ) -> TestResponse:
        token = self.token() if csrf is None else csrf
        return self.client.post(
            path, data={**(data or {}), "csrf": token}, base_url=self.base,
            environ_overrides=dict(self.environment), buffered=True, **more,
        )  # fmt: skip

    def token(self) -> str:
        return form_token(self.client, self.base)

    def log_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/login", {"name": name, "password": password}, csrf=self.csrf("/login"))
