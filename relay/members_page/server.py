"""The listener of the members' page, beside the console's in one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from relay import web
from relay.clock import Clock
from relay.config import Settings
from relay.members_page.app import make_app
from relay.members_page.gate import LARGEST_FORM
from relay.members_page.place import Place

THREADS = 24  # up to 16 of them may wait for a login


@contextmanager
def serving(
    settings: Callable[[], Settings], database: Engine, clock: Clock, over: threading.Event, say: Callable[[str], None]
) -> Iterator[None]:
    """Show the page for the `with` block where the settings name an address. Raises UsageError where it is taken."""
    section = settings().members_page
    if not section.listen:
        yield
        return
    with web.listening(section.listen, "The members' page", "[members_page] listen") as listening:
        app = make_app(Place(settings, database, clock))
        server = web.start(app, listening, over, "members' page", THREADS, 2 * LARGEST_FORM)
        say(f"Members   http://{section.listen}/" + (f" behind {section.public_url}" if section.public_url else ""))
        try:
            yield
        finally:
            server.close()
