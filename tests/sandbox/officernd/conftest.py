"""A running stand-in, and a client that is nothing but `requests`: what it sends is what the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from relay.sandbox.officernd import Application, OfficeRnDStandIn, OfficeRnDSwitches
from relay.sandbox.organisation import Organisation, make_organisation
from tests.support.still_clock import StillClock


class Caller:
    """Calls the stand-in with a bearer of one application."""

    def __init__(self, standin: OfficeRnDStandIn) -> None:
        self.standin = standin
        self.base = f"{standin.api_url}/organizations/{standin.organisation.slug}"
        self.session = requests.Session()
        self.session.trust_env = False

    def token(self, application: Application, scope: str | None = None, **form: str) -> requests.Response:
        fields = {
            "grant_type": "client_credentials",
            "client_id": application.client_id,
            "client_secret": application.client_secret,
            "scope": " ".join(sorted(application.scopes)) if scope is None else scope,
            **form,
        }
        return self.session.post(self.standin.token_url, data=fields, timeout=10)

    def sign_on(self, application: Application, scope: str | None = None) -> None:
        answer = self.token(application, scope)
        assert answer.status_code == 200, answer.text
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str = "", **how: Any) -> requests.Response:
        return self.session.request(method, self.base + path, timeout=10, allow_redirects=False, **how)

    def get(self, path: str = "", **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self.call("POST", path, json=body, params=query)

    def put(self, path: str, body: Any) -> requests.Response:
        return self.call("PUT", path, json=body)

    def delete(self, path: str) -> requests.Response:
        return self.call("DELETE", path)

    def control(self, command: str, body: Any = None) -> requests.Response:
        url = f"{self.standin.url}/sandbox/{command}"
        if body is None:
            return self.session.get(url, timeout=10)
        return self.session.post(url, json=body, timeout=10)


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return make_organisation(120, seed=5)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(datetime(2026, 11, 2, 12, 0, tzinfo=UTC))


@pytest.fixture
def switches() -> OfficeRnDSwitches:
    return OfficeRnDSwitches()


@pytest.fixture
def standin(organisation: Organisation, switches: OfficeRnDSwitches, clock: StillClock) -> Iterator[OfficeRnDStandIn]:
    with OfficeRnDStandIn(organisation, switches=switches, clock=clock) as running:
        yield running


@pytest.fixture
def api(standin: OfficeRnDStandIn) -> Iterator[Caller]:
    """A caller that holds a token of an application with every scope there is."""
    every = {route.scope for route in routes()} - {""}
    caller = Caller(standin)
    caller.sign_on(standin.add_application("everything", every))
    yield caller
    caller.session.close()


@pytest.fixture
def bare(standin: OfficeRnDStandIn) -> Iterator[Caller]:
    """A caller without a token."""
    caller = Caller(standin)
    yield caller
    caller.session.close()


@pytest.fixture
def new_fee(standin: OfficeRnDStandIn) -> Callable[..., dict[str, Any]]:
    """Return a function that makes the body of a good `POST /fees`; keywords change or (None) leave out fields."""
    member = standin.organisation.login_samples(1)[0].member

    def make(**fields: Any) -> dict[str, Any]:
        body = {
            "name": "Printing 2026-11-01 [hq-1]",
            "issueDate": "2026-11-01T00:00:00.000Z",
            "location": standin.organisation.locations[0].id,
            "plan": standin.organisation.plan("PaperCut Fees").id,
            "price": 7.03,
            "member": member.id,
            "company": member.company,
            **fields,
        }
        return {name: value for name, value in body.items() if value is not None}

    return make


def routes() -> Any:
    from relay.sandbox.officernd.resources import ROUTES

    return ROUTES
