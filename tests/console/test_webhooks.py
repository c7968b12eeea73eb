"""A webhook is believed only with its signature, fresh and once; and it is only a hint."""

from __future__ import annotations

from typing import Any

import pytest

from relay.console.app import make_app
from relay.console.desk import Desk
from relay.console.webhooks import REMEMBERED, Hooks, WebhookRefused
from relay.sandbox.officernd.webhooks import payload, signature
from tests.console.conftest import HOOK_SECRET as SECRET
from tests.support.visitor import Visitor

BODY = b'{"eventType": "member.updated", "data": {"object": {"_id": "m1"}}}'
NOW = 1_795_420_800


def signed(body: bytes = BODY, seconds: int = NOW, secret: str = SECRET) -> str:
    return signature(secret, body, seconds)


def test_a_doubled_call_is_none() -> None:
    hooks = Hooks()
    assert [True, False] == [hooks.take(SECRET, signed(), BODY, NOW) for _ in range(2)]


def test_a_late_call_in_the_wrong_order_is_still_one() -> None:
    hooks = Hooks()
    assert hooks.take(SECRET, signed(seconds=NOW), BODY, NOW + 5)
    assert hooks.take(SECRET, signed(seconds=NOW - 100), BODY, NOW + 5)


@pytest.mark.parametrize(
    "header",
    ["", "t=,signature=", "signature=ab", f"t={NOW}", f"t={NOW},signature=é", "t=-1,signature=ab", "t=1e9,signature=ab",
     f"t={NOW},v1={'0' * 64}", f"t={NOW},signature={'0' * 64}"],
)  # fmt: skip
def test_what_is_not_signed_is_refused(header: str) -> None:
    hooks = Hooks()
    with pytest.raises(WebhookRefused):
        hooks.take(SECRET, header, BODY, NOW)
    assert 1 == hooks.refused


@pytest.mark.parametrize("away", [-301, 301])
def test_what_is_too_old_or_from_the_future_is_refused(away: int) -> None:
    with pytest.raises(WebhookRefused, match="too old"):
        Hooks().take(SECRET, signed(seconds=NOW + away), BODY, NOW)


def test_another_secret_or_body_is_refused() -> None:
    for header, body in ((signed(secret="other"), BODY), (signed(), BODY + b" ")):
        with pytest.raises(WebhookRefused, match="wrong signature"):
            Hooks().take(SECRET, header, body, NOW)


def test_memory_is_bounded() -> None:
    hooks = Hooks()
    for number in range(REMEMBERED + 5):
        body = b'{"eventType": "member.updated", "n": %d}' % number
        hooks.take(SECRET, signed(body), body, NOW)
    assert REMEMBERED == len(hooks._seen)


def test_the_stand_in_s_own_hooks_are_understood() -> None:
    import json

    for names in ("v1", "v2"):
        body = json.dumps(payload("membership.removed", {"_id": "m"}, {}, "now", names=names)).encode()
        assert Hooks().take(SECRET, signed(body), body, NOW)


def test_the_address_exists_only_with_a_secret(make_desk: Any) -> None:
    somebody = Visitor(make_app(make_desk()).test_client())
    assert 404 == somebody.client.post("/hooks/officernd", data=BODY, base_url=somebody.base).status_code


def test_a_call_wakes_the_schedule_and_needs_neither_session_nor_token(hooked: Desk, clock: Any) -> None:
    client = make_app(hooked).test_client()

    def call(header: str) -> int:
        return client.post(
            "/hooks/officernd", data=BODY, headers={"officernd-signature": header}, base_url="http://127.0.0.1:9480"
        ).status_code

    assert 400 == call("t=1,signature=ab")
    assert not hooked.wake.is_set()
    assert 204 == call(signed(seconds=int(clock.now().timestamp())))
    assert hooked.wake.is_set()
