"""PaperCut's one slot for background tasks, as getTaskStatus shows it.

Source: ServerCommandProxy: perform* and addNewGroup return at once; the status is that of the current or latest task.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from relay.sandbox.papercut.state import PaperCutState


class TaskFailed(Exception):
    """The work of a task could not be done; the text becomes the last line of its message."""


Report = Callable[[str], None]


class TaskSlot:
    """Runs one piece of work in its own thread. The slot stays taken for `hold_s` of the stand-in's clock at least."""

    def __init__(self, state: PaperCutState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._until_s = 0.0
        self._lines: list[str] = []
        self._failed = False
        self._done = True

    def start(self, title: str, work: Callable[[Report], None], *, hold_s: float = 0.0) -> None:
        """Begin `work` and return at once. Raises the unlisted fault while another task holds the slot."""
        with self._lock:
            before = self._thread
            if not self._completed() and self._state.switches.busy_task == "fault":
                raise self._state.unlisted("Another background task is still running.")
            lines: list[str] = []
            self._lines = lines
            self._done = False
            self._failed = False
            self._until_s = self._state.clock.monotonic_s() + hold_s
            self._thread = threading.Thread(
                target=self._run, args=(before, title, work, lines), name=f"papercut-task-{title}", daemon=True
            )
            self._thread.start()

    def _run(
        self, before: threading.Thread | None, title: str, work: Callable[[Report], None], lines: list[str]
    ) -> None:
        if before is not None:
            before.join()
        failed = False
        try:
            work(lines.append)
        except TaskFailed as error:
            failed = True
            lines.append(str(error))
            self._state.note(f"{title} failed: {error}", "ERROR")
        except BaseException:
            failed = True
            lines.append(f"{title} ended by an error of the stand-in")
            raise
        finally:
            with self._lock:
                if self._lines is lines:
                    self._failed = failed
                    self._done = True

    def _completed(self) -> bool:
        return self._done and self._state.clock.monotonic_s() >= self._until_s

    def status(self) -> dict[str, object]:
        """Return {"completed": bool, "message": "line\\nline"}, in this order."""
        switches = self._state.switches
        with self._lock:
            completed = self._completed() and not (self._failed and not switches.failed_task_completed)
            message = "" if switches.task_message == "blank" else "\n".join(self._lines)
        return {"completed": completed, "message": message}

    def failed(self) -> bool:
        """Return whether the latest task failed (in-process only; the API does not tell)."""
        with self._lock:
            return self._failed

    def join(self) -> None:
        """Wait for the thread of the latest task."""
        thread = self._thread
        if thread is not None:
            thread.join()
