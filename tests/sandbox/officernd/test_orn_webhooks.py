"""Webhooks: registered, signed, delivered, and as unreliable as the switches say."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from relay.sandbox.officernd.webhooks import Deliveries, post, signature


@pytest.fixture
def post_box(standin):
    """Take the deliveries of the stand-in by hand: what would be posted, in order."""
    standin.webhooks.stop()
    received: list[tuple[str, bytes, dict[str, str]]] = []
    answers = [200]

    def send(url, body, headers):
        received.append((url, body, headers))
        return answers[0]

    standin.webhooks = Deliveries(standin.state, send)
    standin.webhooks.received, standin.webhooks.answers = received, answers
    return standin.webhooks


def register(api, *events, **fields):
    body = {"url": "http://127.0.0.1:9/hook", "eventTypes": list(events), "description": "relay", **fields}
    answer = api.post("/webhooks", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_create_list_delete(api):
    """officernd-api 5: POST answers one object with _id and secret; list, get and delete exist."""
    hook = register(api, "member.updated")
    assert len(hook["secret"]) >= 16
    assert [row["_id"] for row in api.get("/webhooks").json()["results"]] == [hook["_id"]]
    assert api.get(f"/webhooks/{hook['_id']}").status_code == 200
    assert api.delete(f"/webhooks/{hook['_id']}").status_code == 200
    assert api.get("/webhooks").json()["results"] == []
    assert api.post("/webhooks", {"url": "ftp://x", "eventTypes": []}).json()["message"] == [
        "url must be a URL address"
    ]
    assert api.post("/webhooks", {"events": []}).status_code == 400


def test_signature_and_payload(api, standin, post_box):
    """officernd-api 5: HMAC-SHA256 over raw body, a dot and the seconds; event, eventType, data.object, previous."""
    hook = register(api, "member.updated")
    member = standin.organisation.login_samples(1)[0].member
    standin.state.change_member(member.id, name="Ünal & Söhne")
    post_box.flush()
    ((url, body, headers),) = post_box.received
    assert url == hook["url"]
    seconds = int(standin.state.now_s())
    digest = hmac.new(hook["secret"].encode(), body + f".{seconds}".encode(), hashlib.sha256).hexdigest()
    assert headers["officernd-signature"] == f"t={seconds},signature={digest}"
    told = json.loads(body)
    assert (told["event"], told["eventType"]) == ("member.updated", "member.updated")
    assert told["data"]["object"]["name"] == "Ünal & Söhne"
    assert told["data"]["previousAttributes"] == {"name": member.name}
    assert told["createdAt"] == standin.state.now_text()


def test_signature_of_another_tool():
    """officernd-api 5: t=<unix seconds>,signature=<hex>; the digest was made with `openssl dgst -hmac`."""
    digest = "8332bacf46670c96fc7a2137266fb92beb8447063d7c58fb6c8104f4f6a0da0c"
    assert signature("secret", b'{"a":1}', 1700000000) == f"t=1700000000,signature={digest}"


def test_events(api, standin, post_box, new_fee):
    """officernd-api 5: created, updated, removed of members, companies, fees, memberships, invoices; what was asked."""
    register(
        api,
        *(f"{name}.{what}" for name in ("member", "company", "fee") for what in ("created", "updated", "removed")),
        *("membership.created", "invoice.created", "pass.created"),
    )
    register(api, "member.created", isEnabled=False)
    member = standin.state.add_member("New")
    standin.state.remove_member(member["_id"])
    company = standin.state.add_company("New Co")
    standin.state.change_company(company["_id"], name="Newer Co")
    standin.state.remove_company(company["_id"])
    fee = api.post("/fees", new_fee()).json()
    standin.waive_fee(fee["_id"])
    api.delete(f"/fees/{fee['_id']}")
    made = standin.state.add_membership(standin.organisation.plan("HOT").id, company=new_fee()["company"])
    standin.state.change_membership(made["_id"], calculatedStatus="expired")
    standin.state.add_pass(new_fee()["member"])
    api.post("/fees", new_fee())
    standin.bill_run(date(2026, 11, 30))
    post_box.flush()
    assert [event for event, _ in post_box.delivered] == [
        *("member.created", "member.removed", "company.created", "company.updated", "company.removed"),
        *("fee.created", "fee.updated", "fee.removed", "membership.created"),
        *("pass.created", "fee.created", "invoice.created", "fee.updated"),
    ]
    assert b"_waived" not in b"".join(body for _, body, _ in post_box.received)


def deliver(api, standin, post_box, names):
    for name in names:
        standin.state.add_member(name)
    post_box.flush()
    return [json.loads(body)["data"]["object"]["name"] for _, body, _ in post_box.received]


@pytest.mark.parametrize(
    ("switch", "value", "delivered"),
    [("webhook_duplicate_every", 2, "abbcdd"), ("webhook_lose_every", 3, "abd"), ("webhook_reorder", True, "dcba")],
)
def test_a_delivery_is_no_promise(api, standin, switches, post_box, switch, value, delivered):
    """officernd-api 5: duplicates must be expected, at most once, in no order."""
    register(api, "member.created")
    switches.change({switch: value})
    assert deliver(api, standin, post_box, "abcd") == list(delivered)


def test_attempts(api, standin, switches, post_box):
    """officernd-api 5: whether a refused delivery is tried again is unknown."""
    register(api, "member.created")
    post_box.answers[0] = 500
    assert deliver(api, standin, post_box, "a") == ["a"]
    switches.webhook_attempts = 3
    assert deliver(api, standin, post_box, "b") == ["a", "b", "b", "b"]


def test_names_of_old_hooks(api, standin, switches, post_box):
    """officernd-api 5 and 2.5: hooks registered under v1 name their fields office, team, calculatedStatus."""
    register(api, "member.updated")
    switches.webhook_fields = "v1"
    standin.state.change_member(standin.organisation.login_samples(1)[0].member.id, status="former")
    post_box.flush()
    told = json.loads(post_box.received[0][1])["data"]
    assert {"office", "team", "calculatedStatus"} <= set(told["object"])
    assert told["previousAttributes"] == {"calculatedStatus": "active"}


def test_nothing_leaves_this_machine():
    """The sandbox posts to loopback only; anything else counts as no answer."""
    assert post("https://hooks.example/x", b"{}", {}) == 0


def test_posted_by_itself(api, standin, switches):
    """While the server runs events are posted by a thread; one that nobody takes counts as no answer."""
    received = threading.Event()
    bodies = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()
            received.set()

        def log_message(self, format, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            register(api, "member.created", url=f"http://127.0.0.1:{server.server_port}/hook")
            switches.webhook_delay_s = 0.01
            standin.state.add_member("Posted")
            assert received.wait(10)
        finally:
            server.shutdown()
            thread.join()
    assert json.loads(bodies[0])["data"]["object"]["name"] == "Posted"
    assert post(f"http://127.0.0.1:{server.server_port}/hook", b"{}", {}) == 0
