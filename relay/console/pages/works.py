"""One piece of long work: its progress while it goes on, live or by asking again, and what it came to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, render_template, stream_with_context, url_for

from relay.console import results
from relay.console.gate import desk
from relay.console.work import Work
from relay.language import N_, gettext, translated

page = Blueprint("works", __name__)

LISTENERS = threading.BoundedSemaphore(6)  # each holds a thread of the server; who comes later asks again instead
LONGEST_S = 120.0
BEAT_S = 10.0

ONWARD = {
    "plan": ("review.show", N_("Look through the list")),
    "sync": ("review.show", N_("Back to Review")),
    "settle": ("money.show", N_("Back to Money")),
    "settle_look": ("money.show", N_("Back to Money")),
    "top_up": ("money.show", N_("Back to Money")),
    "top_up_look": ("money.show", N_("Back to Money")),
    "differences": ("money.differences", N_("See the differences")),
    "check": ("checks.show", N_("See the findings")),
    "fix": ("checks.show", N_("See the findings")),
    "preview": ("settings.preview", N_("See what would change")),
    "jobs": ("statements.show", N_("See the statements")),
}


@page.get("/work/<work_id>")
def show(work_id: str) -> str:
    work = _found(work_id)
    endpoint, text = ONWARD.get(work.kind, ("today.show", N_("Back to Today")))
    return render_template(
        "work.html",
        work=work,
        summary=results.summary(work, desk().formats),
        onward=[(url_for(endpoint), text)],
        hide_work=True,
    )


@page.get("/work/<work_id>/state")
def state(work_id: str) -> dict[str, Any]:
    return _state(_found(work_id))


@page.get("/work/<work_id>/events")
def events(work_id: str) -> Response:
    """Send the state whenever it changes, for as long as one answer may take; the browser then asks again."""
    work, works, clock = _found(work_id), desk().works, desk().clock
    if not LISTENERS.acquire(blocking=False):
        abort(503, gettext("Too many pages are watching at once; this one asks again by itself."))

    def stream() -> Iterator[str]:
        try:
            until_s, version = clock.monotonic_s() + LONGEST_S, -1
            while clock.monotonic_s() < until_s:
                now = works.wait(work, version, BEAT_S)
                if now == version:
                    yield ": still here\n\n"  # also how a closed browser is noticed
                    continue
                version = now
                yield f"data: {json.dumps(_state(work), ensure_ascii=False)}\n\n"
                if work.is_over:
                    return
                clock.sleep(0.2)  # many small steps become few pictures
        finally:
            LISTENERS.release()

    answer = Response(stream_with_context(stream()), mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"  # a proxy in front must not save it up
    return answer


def _state(work: Work) -> dict[str, Any]:
    return {
        "state": work.state,
        "steps": [{**vars(step), "title": translated(step.title)} for step in list(work.steps)],
        "lines": [translated(line) for line in work.lines[-1:]],
    }


def _found(work_id: str) -> Work:
    work = desk().works.find(work_id)
    if work is None:
        abort(404)
    return work
