"""OfficeRnD's webhooks: is this call really theirs, fresh and new? A hook is only a hint to read, never the truth.

Source: officernd/webhooks-demo (header `officernd-signature: t=SECONDS,signature=HEX`; what is signed is the raw body,
a dot and the time, HMAC-SHA256 with the hook's secret). Retries and order are not documented: late, doubled and
reordered calls are all harmless, because nothing of their content is used.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import OrderedDict

from relay import json_text

TOLERANCE_S = 300
REMEMBERED = 2000
# What may change who may print or who pays; other events are answered and not followed.
# `team` and `office` are what v1 calls companies and locations.
FOLLOWED = ("member.", "company.", "team.", "office.", "membership.", "pass.", "checkin.", "fee.")


class WebhookRefused(Exception):
    """A call that is not believed; the sentence goes to the log, not to the caller."""


class Hooks:
    """Remembers the calls it has seen, so that a doubled or replayed one is told from a new one."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self.accepted = 0
        self.refused = 0

    def take(self, secret: str, header: str, body: bytes, now_s: float) -> bool:
        """Return whether a call is a reason to read OfficeRnD again. Raises WebhookRefused if not theirs, or old."""
        try:
            moment, sent = _parts(header)
            if abs(now_s - moment) > TOLERANCE_S:
                raise WebhookRefused("a webhook was too old or from the future")
            right = hmac.new(secret.encode(), body + b"." + str(moment).encode(), hashlib.sha256).hexdigest()
            if not hmac.compare_digest(right.encode(), sent.lower().encode("utf-8", "replace")):
                raise WebhookRefused("a webhook had a wrong signature")
        except WebhookRefused:
            self.refused += 1
            raise
        with self._lock:
            if right in self._seen:
                return False
            self._seen[right] = None
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        self.accepted += 1
        return _event(body).startswith(FOLLOWED)


def _parts(header: str) -> tuple[int, str]:
    values = dict(part.strip().partition("=")[::2] for part in header.split(","))
    moment, sent = values.get("t", ""), values.get("signature", "")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 13) or not sent:
        raise WebhookRefused("a webhook had no usable signature")
    return int(moment), sent


def _event(body: bytes) -> str:
    """Return the name of a hook's event, "" where it has none: whatever shape the body has, it is answered."""
    try:
        payload = json_text.parsed(body)
    except ValueError:
        return ""
    events = payload if isinstance(payload, list) else [payload]
    names = [event.get("eventType") or event.get("event") for event in events if isinstance(event, dict)]
    return next((name for name in names if isinstance(name, str) and name.startswith(FOLLOWED)), "")
