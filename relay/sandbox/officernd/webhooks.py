"""Webhooks: registered through the API, delivered signed, and as unreliably as the switches say.

Only loopback addresses are delivered to: the sandbox sends nothing to anybody else. Source: officernd-api 5.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from relay.sandbox.officernd.answers import bad_request
from relay.sandbox.officernd.bodies import Fields, checked
from relay.sandbox.officernd.records import shown
from relay.sandbox.officernd.state import API_USER, OfficeRnDState
from relay.sandbox.officernd.table import Record

FIELDS: Fields = {"url": "text", "eventTypes": "list", "description": "text", "isEnabled": "boolean"}
SIGNATURE = "officernd-signature"
TIMEOUT_S = 5
_V1_NAMES = {"location": "office", "company": "team", "status": "calculatedStatus", "issueDate": "date"}


def create_webhook(state: OfficeRnDState, body: dict[str, Any]) -> Record:
    """Register a hook and return it with its `_id` and `secret`."""
    values = checked(body, FIELDS, ("url", "eventTypes"))
    if urlsplit(values["url"]).scheme not in ("http", "https"):
        raise bad_request("url must be a URL address")
    record = {"isEnabled": True, "description": "", **values, "secret": secrets.token_hex(16)}
    return state.add(state.webhooks, record, by=API_USER)


def signature(secret: str, body: bytes, seconds: int) -> str:
    """Return the header's value: the raw body, a dot and the time, HMAC-SHA256 with the hook's secret, in hex."""
    digest = hmac.new(secret.encode(), body + b"." + str(seconds).encode(), hashlib.sha256).hexdigest()
    return f"t={seconds},signature={digest}"


def payload(event: str, record: Record, previous: dict[str, Any], created: str, *, names: str) -> dict[str, Any]:
    """Return what is posted; `names` "v1" spells the fields of `data.object` as old hooks do."""
    data = {"object": record, **({"previousAttributes": previous} if previous else {})}
    if names == "v1":
        data = {
            part: {_V1_NAMES.get(key, key): value for key, value in values.items()} for part, values in data.items()
        }
    return {"event": event, "eventType": event, "data": data, "createdAt": created}


@dataclass(frozen=True, slots=True)
class Delivery:
    url: str
    secret: str
    body: bytes
    event: str


Send = Callable[[str, bytes, dict[str, str]], int]


class Deliveries:
    """The events still to be delivered. `flush` delivers them; a background thread does so while the server runs."""

    def __init__(self, state: OfficeRnDState, send: Send | None = None) -> None:
        self._state = state
        self._send = send or post
        self._condition = threading.Condition()
        self._waiting: list[Delivery] = []
        self._count = 0
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.delivered: list[tuple[str, int]] = []  # (event, HTTP status; 0: no answer), for tests and the state page
        state.on_event = self._happened

    def start(self) -> None:
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=TIMEOUT_S * 2)

    def waiting(self) -> int:
        with self._condition:
            return len(self._waiting)

    def flush(self) -> None:
        """Deliver everything that waits, now and in this thread."""
        with self._condition:
            batch, self._waiting = self._waiting, []
        if self._state.switches.webhook_reorder:
            batch.reverse()
        for delivery in batch:
            self._deliver(delivery)

    def _happened(self, event: str, record: Record, previous: dict[str, Any]) -> None:
        """Queue an event for every hook that asked for it: lost and doubled ones are decided here, by count."""
        hooks = [hook for hook in self._state.webhooks if hook["isEnabled"] and event in hook["eventTypes"]]
        if not hooks:
            return
        switches = self._state.switches
        visible = shown(record, switches)
        value = payload(event, visible, previous, self._state.now_text(), names=switches.webhook_fields)
        body = json.dumps(value, ensure_ascii=False).encode()
        with self._condition:
            for hook in hooks:
                self._count += 1
                if switches.webhook_lose_every and self._count % switches.webhook_lose_every == 0:
                    continue
                twice = switches.webhook_duplicate_every and self._count % switches.webhook_duplicate_every == 0
                self._waiting.extend([Delivery(hook["url"], hook["secret"], body, event)] * (2 if twice else 1))
            self._condition.notify_all()

    def _deliver(self, delivery: Delivery) -> None:
        seconds = int(self._state.now_s())
        headers = {"Content-Type": "application/json", SIGNATURE: signature(delivery.secret, delivery.body, seconds)}
        for _ in range(max(1, self._state.switches.webhook_attempts)):
            status = self._send(delivery.url, delivery.body, headers)
            self.delivered.append((delivery.event, status))
            if 200 <= status < 300:
                break

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._stopping:
                    self._condition.wait()
                if self._waiting and not self._stopping:
                    self._condition.wait_for(lambda: self._stopping, timeout=self._state.switches.webhook_delay_s)
                if self._stopping:
                    return
            self.flush()


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post one event to a loopback address and return the status; 0 when there is no answer or it lies elsewhere."""
    if urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
        return 0
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException:
            return 0
        return answer.status_code
