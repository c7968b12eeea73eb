"""Who is logged in on the members' page. A session lives in this process; the browser has only its signed name.

So a session that is over opens nothing, whoever kept its cookie, and a restart ends them all.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

LONGEST_S = 4 * 3600
IDLE_S = 30 * 60
MOST = 5000
MOST_OF_ONE = 5


@dataclass
class Session:
    """One login of one member. `pin` is a new print PIN that waits to be shown, once."""

    member_id: str
    username: str
    born_s: float
    seen_s: float
    pin: str = ""


class Sessions:
    """All sessions, the one used longest ago first; more than may be push that one out."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, member_id: str, username: str, now_s: float) -> str:
        """Return the name of a new session."""
        name = secrets.token_urlsafe(24)
        with self._lock:
            for over in [name for name, one in self._sessions.items() if _is_over(one, now_s)]:
                del self._sessions[over]
            own = [name for name, one in self._sessions.items() if one.member_id == member_id]
            for pushed_out in own[: max(0, len(own) - MOST_OF_ONE + 1)]:
                del self._sessions[pushed_out]
            while len(self._sessions) >= MOST:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[name] = Session(member_id, username, now_s, now_s)
        return name

    def find(self, name: str, now_s: float) -> Session | None:
        """Return a session that is not over, and count it as used now."""
        with self._lock:
            session = self._sessions.pop(name, None)
            if session is None or _is_over(session, now_s):
                return None
            session.seen_s = now_s
            self._sessions[name] = session
            return session

    def end(self, name: str) -> None:
        with self._lock:
            self._sessions.pop(name, None)

    def take_pin(self, session: Session) -> str:
        """Return the new PIN that waits, and forget it."""
        with self._lock:
            pin, session.pin = session.pin, ""
            return pin


def _is_over(session: Session, now_s: float) -> bool:
    return now_s - session.born_s > LONGEST_S or now_s - session.seen_s > IDLE_S
