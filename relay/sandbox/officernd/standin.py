"""The OfficeRnD stand-in as one object: start it, use it, stop it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from relay.clock import Clock
from relay.sandbox.connections import HOST
from relay.sandbox.officernd import control, fees
from relay.sandbox.officernd.answers import ApiAnswer
from relay.sandbox.officernd.api import Api, Request
from relay.sandbox.officernd.faults import Faults, Kind, RouteFault
from relay.sandbox.officernd.server import Server
from relay.sandbox.officernd.state import OfficeRnDState
from relay.sandbox.officernd.switches import RELAY_SCOPES, SIGNIN_SCOPES, Application, OfficeRnDSwitches
from relay.sandbox.officernd.table import Record
from relay.sandbox.officernd.tokens import Tokens
from relay.sandbox.officernd.webhooks import Deliveries
from relay.sandbox.organisation import Organisation


class OfficeRnDStandIn:
    """OfficeRnD's v2 API and token endpoint for one made-up organisation, on a loopback port.

    with OfficeRnDStandIn(make_organisation(50)) as officernd:
        officernd.api_url, officernd.token_url, officernd.relay_application.client_id, …

    `state` is what it remembers (take `state.lock` for more than one step); `fault` makes calls go wrong; `calls`
    counts them by route. Client ids and secrets follow from the organisation, so a restart keeps them.
    """

    def __init__(
        self,
        organisation: Organisation,
        *,
        port: int = 0,
        switches: OfficeRnDSwitches | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.organisation = organisation
        self.switches = switches or OfficeRnDSwitches()
        self.state = OfficeRnDState(organisation, self.switches, clock or Clock())
        self.faults = Faults()
        self.tokens = Tokens(self.switches)
        self.api = Api(self.state, self.tokens, self.faults)
        self.webhooks = Deliveries(self.state)
        self.relay_application = self.add_application("relay", RELAY_SCOPES)
        self.signin_application = self.add_application("signin", SIGNIN_SCOPES)
        self._port = port
        self._server: Server | None = None

    # -- life

    def start(self) -> OfficeRnDStandIn:
        assert self._server is None, "the stand-in is running already"
        self._server = Server(self._port, self._respond)
        self._port = self._server.port
        self._server.start()
        self.webhooks.start()
        return self

    def stop(self) -> None:
        """Stop serving and close every connection. What it remembers stays, and `start` takes the same port again.

        What would have come late never comes.
        """
        if self._server is not None:
            self.webhooks.stop()
            self._server.stop()
            self._server = None
        self.api.late.drop()

    def __enter__(self) -> OfficeRnDStandIn:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- where it is

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v2"

    @property
    def token_url(self) -> str:
        return f"{self.url}/oauth/token"

    # -- what happened

    @property
    def calls(self) -> Counter[str]:
        """Calls by route: "GET /members", "POST /fees", "DELETE /fees/{id}", "POST /oauth/token"."""
        return self.api.calls

    @property
    def reads(self) -> int:
        return self.api.reads

    @property
    def writes(self) -> int:
        return self.api.writes

    def fees(self) -> list[Record]:
        """Return every fee as the state holds it, the oldest first."""
        with self.state.lock:
            return list(self.state.fees)

    # -- what to do to it

    def add_application(self, name: str, scopes: Iterable[str]) -> Application:
        """Make an application; its id and secret follow from the organisation and the name."""
        client_id = f"{self.organisation.slug}-{name}"
        secret = hashlib.sha256(f"{self.organisation.id}/{name}".encode()).hexdigest()[:40]
        return self.tokens.add(Application(client_id, secret, frozenset(scopes)))

    def fault(self, route: str, kind: Kind, **how: Any) -> RouteFault:
        """Make the next call of `route` go wrong, e.g. `fault("POST /fees", "lost_after", times=2)`."""
        return self.faults.add(RouteFault(route, kind, **how))

    def catch_up(self) -> None:
        """Do what is due by the clock, as the next call would: the effects that come late."""
        self.api.late.run_due()

    def revoke_tokens(self) -> None:
        """Make every token given out so far a bad one."""
        with self.state.lock:
            self.tokens.revoke_all()

    def bill_run(self, until: date) -> list[Record]:
        """Run the billing: every open fee issued up to `until` goes on an invoice. Returns the invoices."""
        return fees.bill_run(self.state, until)

    def add_fee(self, *, source: str = "admin", **body: Any) -> Record:
        """Make a fee as something other than the relay does: staff, the portal, OfficeRnD's own connector.

        `body` is as in `POST /fees`: name, issueDate, location, plan, price, member, company. Raises `ErrorResponse`.
        """
        with self.state.lock:
            return fees.create_fee(self.state, body, use_coins=None, source=source)

    def rename_fee(self, identity: str, name: str) -> Record:
        """Put another text on the invoice line, as staff do by hand."""
        with self.state.lock:
            return self.state.change(self.state.fees, identity, {"name": name})

    def waive_fee(self, identity: str) -> Record:
        """Keep a fee and never bill it, as staff do by hand."""
        with self.state.lock:
            return self.state.change(self.state.fees, identity, {"_waived": True})

    def delete_fee(self, identity: str) -> Record:
        """Delete a fee as staff do in OfficeRnD's pages. Raises KeyError."""
        with self.state.lock:
            return self.state.remove(self.state.fees, identity)

    def _respond(self, request: Request) -> ApiAnswer:
        if request.target.startswith(control.PREFIX):
            self.catch_up()
            return control.answer(self.api, self.webhooks, request)
        answer = self.api.answer(request)
        return replace(answer, wait_s=answer.wait_s + self.switches.latency_s)
