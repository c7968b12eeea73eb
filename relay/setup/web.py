"""The set-up as web pages for this machine alone, behind a code that stands in the terminal.

One visit at a time: the answers live in this process and nowhere else, and no secret comes back to the page. Every page
works without script.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, redirect, render_template, request, session, url_for
from werkzeug.exceptions import HTTPException

from relay import __version__, amounts
from relay.config import is_loopback
from relay.errors import RelayError
from relay.language import gettext, lazy
from relay.setup import document, people
from relay.setup.basics import PASSWORD
from relay.setup.values import AnswerProblem, Prompt, SetupStep, TrialResult, Walk, Workbench
from relay.setup.walk import BY_ID, STEPS, first_open, left_open, submit
from relay.web import is_proxied, keep_sessions, protect_forms, speak_languages, why_not_our_form, with_headers

TRIES = 8
PATIENCE_S = 30.0
LEAVING_S = 2.0
NEW_PASSWORD, AGAIN = "console.password", "console.again"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is easily taken for another


class Visit:
    """The one set-up under way: its code, how often it was guessed, and how far it has come."""

    def __init__(self, workbench: Workbench, target: Path) -> None:
        self.workbench, self.target = workbench, target
        self.code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(2))
        self.wrong = 0
        self.walk = Walk()
        self.problems: dict[str, TrialResult] = {}  # of each step, until it stands
        self.turns = Counter[str]()  # how often each step was answered: a page that is older is overtaken
        self.written: document.Written | None = None
        self.lock = threading.Lock()
        self._handed_over = threading.Event()

    @property
    def is_over(self) -> bool:
        return self.written is not None

    def hand_over(self) -> None:
        """Say that the console is shown now: whoever waits for it is sent there."""
        self._handed_over.set()

    def wait_for_console(self) -> None:
        self._handed_over.wait(PATIENCE_S)

    def leave(self) -> str:
        """End the visit, once what is being written is written, and return what it leaves behind."""
        self.lock.acquire(timeout=LEAVING_S)
        return document.left(self.walk) if self.written is None else f"Settings  {self.written.settings}"

    def opens(self, typed: str) -> bool:
        """Return whether this is the code; after too many wrong ones none is."""
        with self.lock:
            if self.wrong >= TRIES:
                return False
            plain = "".join(typed.upper().replace("-", "").split())
            right = hmac.compare_digest(plain.encode("utf-8", "replace"), self.code.replace("-", "").encode())
            self.wrong += not right
            return right

    def try_(self, step: SetupStep, given: dict[str, Any]) -> TrialResult:
        with self.lock:
            self.walk, outcome = submit(self.workbench, self.walk, step, given)
            self.problems[step.id] = outcome
            self.turns[step.id] += 1
            return outcome


def make_setup_app(visit: Visit) -> Flask:
    """Return the WSGI application of one set-up."""
    console = Path(__file__).parents[1] / "console"
    app = Flask(__name__, static_folder=str(console / "static"), template_folder=str(console / "templates"))
    keep_sessions(app, secrets.token_bytes(32), "relay_setup", secure=False)
    app.config["MAX_CONTENT_LENGTH"] = 200_000
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    pages = _Pages(visit)
    speak_languages(app, lambda: "")
    protect_forms(app)
    app.before_request(pages.check)
    app.after_request(with_headers)
    app.context_processor(pages.common)
    app.register_error_handler(HTTPException, pages.failed)
    app.add_url_rule("/", "start", pages.start)
    app.add_url_rule("/code", "code", pages.code, methods=["GET", "POST"])
    app.add_url_rule("/step/<step_id>", "step", pages.step, methods=["GET", "POST"])
    app.add_url_rule("/summary", "summary", pages.summary)
    app.add_url_rule("/file", "file", pages.file)
    app.add_url_rule("/write", "write", pages.write, methods=["POST"])
    return app


class _Pages:
    def __init__(self, visit: Visit) -> None:
        self.visit = visit

    # -- who may come in

    def check(self) -> Any:
        """Let in who asks on this machine, under its own name, with the code; a form needs its token too."""
        host = urlsplit(f"//{request.host}").hostname
        if not (is_loopback(host) and is_loopback(request.remote_addr)) or is_proxied(request):
            abort(403, gettext("The set-up is shown on the computer itself only. Open this page there."))
        if request.endpoint == "static":
            return None
        if self.visit.is_over and request.endpoint != "write":
            self.visit.wait_for_console()
            return redirect("/")
        if request.method == "POST" and (problem := why_not_our_form()):
            abort(400, problem)
        if request.endpoint != "code" and not session.get("in"):
            return redirect(url_for("code"))
        return None

    def code(self) -> Any:
        problem = ""
        if request.method == "POST":
            if self.visit.opens(request.form.get("code", "")[:40]):
                session.clear()
                session["in"] = True
                return redirect(url_for("start"))
            problem = lazy("That is not the code that stands in the terminal.")
        if self.visit.wrong >= TRIES:
            problem = lazy(
                "Too many wrong codes: this one no longer works. Press Ctrl+C in the terminal and start the "
                "console again; it prints a new one."
            )
        return render_template("setup/code.html", problem=problem), 401 if problem else 200

    # -- pages

    def common(self) -> dict[str, Any]:
        return {"steps": STEPS, "done": self.visit.walk.done, "version": __version__, "site": gettext("Set-up")}

    def start(self) -> Any:
        step = first_open(self.visit.walk)
        return redirect(url_for("step", step_id=step.id) if step else url_for("summary"))

    def step(self, step_id: str) -> Any:
        step = BY_ID.get(step_id)
        if step is None:
            abort(404)
        if not self._may_open(step):
            return redirect(url_for("start"))
        if request.method == "GET":
            return self._page(step)
        if request.form.get("turn", turn := str(self.visit.turns[step.id])) != turn:
            return self._page(step, overtaken=True), 409
        if request.form.get("do") == "without_billing":
            self.visit.walk = self.visit.walk.with_answers({"fees.managed_in": "papercut"})
        given = self._given(step)
        if request.form.get("do") == "count":
            with self.visit.lock:
                walk = self.visit.walk.with_answers(given)
            return self._page(step, walk)
        if (mistyped := _mistyped(step)) is not None:
            self.visit.problems[step.id] = mistyped
            self.visit.walk = left_open(self.visit.walk, step, {"console.name": given["console.name"]})
            return self._page(step), 422
        if self.visit.try_(step, given).problems:
            return self._page(step), 422
        return redirect(url_for("start"))

    def _may_open(self, step: SetupStep) -> bool:
        """Return whether everything before a step stands: its questions and counts are made of that."""
        return all(one.id in self.visit.walk.done for one in STEPS[: STEPS.index(step)])

    def _page(self, step: SetupStep, walk: Walk | None = None, overtaken: bool = False) -> str:
        bench, place = self.visit.workbench, STEPS.index(step)
        walk = walk or self.visit.walk
        outcome = self.visit.problems.get(step.id, TrialResult())
        asked = step.questions(bench, walk)
        names = {question.name for question in asked}
        return render_template(
            "setup/step.html",
            step=step,
            overtaken=overtaken,
            turn=self.visit.turns[step.id],
            place=place + 1,
            before=STEPS[place - 1] if place else None,
            asked=[question for question in asked if not question.more],
            more=[question for question in asked if question.more],
            now={question.name: walk.answers.get(question.name, question.default) for question in asked},
            kept={
                question.name
                for question in asked
                if question.kind == "secret" and question.name in walk.answers and question.name not in outcome.problems
            },
            problems=outcome.problems,
            elsewhere={name: problem for name, problem in outcome.problems.items() if name not in names},
            labels={question.name: question.label for question in asked},
            facts=walk.facts.get(step.id, ()),
            tally=people.tally(bench, walk) if step.id in ("who", "guard") and not outcome.problems else None,
        )

    def _given(self, step: SetupStep) -> dict[str, Any]:
        """Return what the form answers, as the settings hold it; an empty secret leaves the one that is there."""
        given: dict[str, Any] = {}
        for question in step.questions(self.visit.workbench, self.visit.walk):
            value = _from_form(question)
            if question.kind == "secret" and not value and question.name in self.visit.walk.answers:
                continue
            given[question.name] = value
        return given

    def summary(self) -> Any:
        if first_open(self.visit.walk) is not None:
            return redirect(url_for("start"))
        return self._summary()

    def _summary(self, problem: str = "") -> Any:
        return render_template(
            "setup/summary.html",
            walk=self.visit.walk,
            problem=problem,
            exists=self.visit.target.exists(),
            target=self.visit.target.absolute(),
        )

    def file(self) -> Any:
        if first_open(self.visit.walk) is not None:
            return redirect(url_for("start"))
        made = document.document(self.visit.workbench, self.visit.walk)
        return render_template("setup/file.html", text=made.text, secrets=list(made.secrets), target=self.visit.target)

    def write(self) -> Any:
        visit = self.visit
        with visit.lock:
            if first_open(visit.walk) is not None:
                return redirect(url_for("start"))
            if visit.written is None:
                try:
                    replace = request.form.get("replace") == "yes"
                    visit.written = document.write(visit.workbench, visit.walk, visit.target, replace=replace)
                except RelayError as error:
                    return self._summary(error.message), 409
        return render_template("setup/done.html", written=visit.written)

    def failed(self, error: HTTPException) -> Any:
        status = error.code or 500
        if status < 400:
            return error
        told = {404: lazy("There is nothing at this address.")}.get(status, error.description or "")
        return render_template("setup/code.html", problem=told, only=True), status


def _mistyped(step: SetupStep) -> TrialResult | None:
    """Return what is wrong with a new password that is not typed twice the same: nothing else can try it."""
    if step.id != PASSWORD.id or request.form.get(NEW_PASSWORD, "") == request.form.get(AGAIN, ""):
        return None
    return TrialResult(
        {NEW_PASSWORD: AnswerProblem(lazy("The two passwords differ. Type both again."), seen_here=True)}
    )


def _from_form(question: Prompt) -> Any:
    if question.kind == "many":
        if question.choices:
            return tuple(request.form.getlist(question.name))
        return tuple(request.form.get(question.name, "").replace(",", " ").replace(";", " ").split())
    text = request.form.get(question.name, "").strip()
    if question.kind == "number":
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text
    if question.kind == "money":
        return amounts.typed(text)
    return text
