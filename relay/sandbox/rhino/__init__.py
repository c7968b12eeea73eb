"""Print scripts in a real Rhino, PaperCut's own script engine: one Java process that runs hooks on request.

Needs Java and Rhino's jar, and says None where they are missing. It decides nothing about jobs: what a script did comes
back as calls. Source: papercut-print-scripts 1.1 to 1.7.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relay.sandbox.papercut.printing import JobFacts, ScriptVerdict

JARS = ("/usr/share/java/js.jar", "/usr/share/java/rhino.jar")  # where Debian's package puts it
JAR_ENVIRONMENT = "RHINO_JAR"
SOURCE = Path(__file__).with_name("PrintHost.java")
AGREES: Mapping[str, Any] = {
    "promptPrintCancel": "PRINT",
    "promptOKCancel": "OK",
    "promptYesNo": "YES",
    "promptOK": "OK",
}


def find_rhino() -> Path | None:
    """Return Rhino's jar where it, and a Java that compiles, are on this machine."""
    jar = next((path for path in (os.environ.get(JAR_ENVIRONMENT, ""), *JARS) if path and Path(path).is_file()), "")
    return Path(jar) if jar and shutil.which("java") and shutil.which("javac") else None


class Host:
    """A running Rhino. `run` may be called from several threads; the process ends with `close` or with ours."""

    def __init__(self, jar: Path, *, class_path: Sequence[Path] = (), options: Sequence[str] = ()) -> None:
        path = os.pathsep.join(str(item) for item in (jar, *class_path))
        quick = ("-Xlog:disable", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # it starts in half the time
        self._process = subprocess.Popen(
            ["java", *quick, *options, "-cp", path, str(SOURCE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._ids = itertools.count()
        self._write = threading.Lock()
        self._arrived = threading.Condition()
        self._answers: dict[int, dict[str, Any]] = {}
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def run(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Run one hook once and return {"calls": [["job", "addComment", "..."], ...], "error": ..., "us": 700}.

        `request`: script (path), hook, inputs {"job": {...}, "user": {..., "groups": [...]}, "client": {...}}, answers
        by questionID or prompt, sandbox (default true), wrap (strings and booleans come as Java objects), formsAreMaps.
        """
        assert self._process.stdin is not None
        with self._write:
            number = next(self._ids)
            self._process.stdin.write(json.dumps({**request, "id": number}) + "\n")
            self._process.stdin.flush()
        with self._arrived:
            self._arrived.wait_for(lambda: number in self._answers or self._ended)
            if number not in self._answers:
                raise RuntimeError("the Rhino process has ended")
            return self._answers.pop(number)

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            with self._arrived:
                self._answers[int(answer["id"])] = answer
                self._arrived.notify_all()
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()


def script_runner(script: Path, answers: Mapping[str, Any] = AGREES, *, wrap: bool = False) -> Runner | None:
    """Return a function that runs `printJobHook` of `script` for a job as PaperCut does, or None without Java or Rhino.

    `answers` is what the person at the client clicks, by prompt or questionID; a prompt without one times out. With
    `wrap` the script meets Java objects where PaperCut gives it strings and booleans of its own.
    """
    jar = find_rhino()
    if jar is None:
        return None
    return Runner(Host(jar), script, answers, wrap)


class Runner:
    """`printJobHook` of one script as a function from job to verdict; `close` ends its process."""

    def __init__(self, host: Host, script: Path, answers: Mapping[str, Any], wrap: bool) -> None:
        self._host = host
        self._request = {"script": str(script), "hook": "printJobHook", "answers": dict(answers), "wrap": wrap}
        self.close = host.close

    def __call__(self, facts: JobFacts) -> ScriptVerdict:
        # Once with what is known at once, once after the analysis. Source: papercut-print-scripts 1.2.
        verdict = verdict_of(self._host.run({**self._request, "inputs": inputs_of(facts, analysed=False)}))
        if not verdict.allowed:
            return verdict
        return verdict_of(self._host.run({**self._request, "inputs": inputs_of(facts, analysed=True)}))


def inputs_of(facts: JobFacts, *, analysed: bool) -> dict[str, Any]:
    """Return what a script is given for a job; pages and price are there only after the analysis."""
    job: dict[str, Any] = {
        "username": facts.username,
        "documentName": facts.document,
        "printerName": facts.printer,
        "fullPrinterName": f"{facts.server}\\{facts.printer}",
        "clientMachineOrIP": facts.client,
        "jobSourceName": "WEB_PRINT" if facts.web_print else facts.client,
        "isWebPrintJob": facts.web_print,
        "isAnalysisComplete": analysed,
        "date": 0,
    }
    if analysed:
        job |= {
            "cost": facts.cost,
            "totalPages": facts.pages,
            "totalColorPages": facts.colour_pages,
            "totalGrayscalePages": facts.pages - facts.colour_pages,
            "totalSheets": facts.sheets,
            "copies": facts.copies,
            "isColor": not facts.grayscale,
            "isGrayscale": facts.grayscale,
            "isDuplex": facts.duplex,
            "paperSizeName": facts.paper_size,
        }
    user = {
        "username": facts.username,
        "fullName": facts.full_name,
        "email": facts.email,
        "balance": facts.balance,
        "groups": list(facts.groups),
    }
    return {
        "job": job,
        "user": user,
        "client": {"isRunning": facts.client_running},
        "printer": {"printerName": facts.printer},
    }


def verdict_of(answer: Mapping[str, Any]) -> ScriptVerdict:
    """Return what the calls of a run mean for the job. An error of the script stops nothing: the job goes on."""
    verdict: dict[str, Any] = {"log": []}
    for target, name, *values in answer["calls"]:
        if (target, name) == ("job", "cancel"):
            verdict |= {"allowed": False, "reason": "PRINT_SCRIPT"}
        elif (target, name) == ("job", "cancelAndLog"):
            verdict |= {"allowed": False, "reason": values[0]}
        elif (target, name) == ("job", "addComment"):
            verdict["comment"] = "\n".join(text for text in (verdict.get("comment"), values[0]) if text)
        elif (target, name) == ("job", "setCost"):
            verdict["cost"] = values[0]
        elif (target, name) == ("job", "changeUser"):
            verdict["username"] = values[0]
        elif (target, name) == ("job", "chargeToSharedAccount"):
            verdict["account"] = values[0]
        else:
            verdict["log"].append(f"{target}.{name}: {values[0] if values else ''}")
    if answer.get("error"):
        verdict["log"].append(f"error: {answer['error']}")
    verdict["log"] = tuple(verdict["log"])
    return ScriptVerdict(**verdict)
