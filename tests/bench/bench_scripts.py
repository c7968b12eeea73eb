"""What a login and a query cost, as ratios to a bare interpreter start: `python -m tests.bench.bench_scripts [ROUNDS]`.

Variants take turns within each round, so that a noisy machine hits all alike; medians. Not a test: nothing here fails.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from relay.config import Settings
from relay.people.act import publish
from relay.people.directory import DirectoryUser, directory_of
from relay.sandbox import rhino
from tests.support.jvm import TUNED
from tests.support.papercut_site import NOW, SCRIPTS
from tests.support.settings_example import example_settings
from tests.support.signin_server import PASSWORD, SigninServer
from tests.support.tools import JYTHON_JARS, JYTHON_PATH, RHINO_JAR

CPYTHON = [sys.executable, "-E", "-s", "-S"]
JYTHON = ["java", *TUNED, "-cp", JYTHON_PATH, "org.python.util.jython"]
LOGIN = f"user1@example.com\n{PASSWORD}\n".encode()


def published(folder: Path, members: int, server: SigninServer) -> Settings:
    """Publish a site with `members` people, fifty to a company."""
    folder.mkdir()
    realm = server.realm(folder.name)
    settings = example_settings(
        folder,
        officernd={"api_url": realm.api_url, "token_url": realm.token_url},
        print={"live_users": ["kiosk"], "live_jython": str(JYTHON_JARS[0])},
    )
    people = [
        DirectoryUser(
            f"user{number}",
            f"Full Name {number}",
            f"user{number}@example.com",
            groups=(f"Company {number // 50}", "[OfficeRnD Members]"),
            member_id=f"{number:024x}",
            logins=(f"user{number}@example.com",),
        )
        for number in range(members)
    ]
    started = time.perf_counter()
    publish.publish(directory_of(people), settings, record_fields=5, now=datetime.now(UTC))
    publish.publish_programs(settings, now=NOW)
    print(f"published {members:>7} people in {time.perf_counter() - started:6.2f} s")
    return settings


def run(command: list[str], home: Path, stdin: bytes = b"") -> float:
    """Return how long one process took, in milliseconds."""
    started = time.perf_counter()
    environment = {**os.environ, "OFFICERND_HOME": str(home), "LC_ALL": "C.UTF-8"}
    subprocess.run(command, input=stdin, stdout=subprocess.DEVNULL, check=True, env=environment)
    return (time.perf_counter() - started) * 1000


def table(title: str, bare: str, rounds: int, variants: dict[str, Callable[[], float]]) -> None:
    """Run all variants `rounds` times in turns and print their medians beside `bare`, the first of them."""
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):  # the first round warms up and is not counted
        for name, variant in variants.items():
            took_ms = variant()
            if number:
                taken[name].append(took_ms)
    base = statistics.median(taken[bare])
    print(f"\n{title}")
    for name, values in taken.items():
        middle = statistics.median(values)
        print(f"  {name:<52} {middle:8.1f} ms   x{middle / base:.2f}")


def programs(interpreter: list[str], small: Path, large: Path, bare: list[str]) -> dict[str, Callable[[], float]]:
    source, auth = str(SCRIPTS / "user_source.py"), str(SCRIPTS / "auth_program.py")
    company = ["-", "is-user-in-group", "Company 0", "user1"]
    return {
        "bare start": lambda: run(bare, small),
        "user source, one question, 50 people": lambda: run([*interpreter, source, *company], small),
        "user source, one question, 100,000 people": lambda: run([*interpreter, source, *company], large),
        "user source, all-users, 50 people": lambda: run([*interpreter, source, "-", "all-users"], small),
        "user source, all-users, 100,000 people": lambda: run([*interpreter, source, "-", "all-users"], large),
        "auth, local OfficeRnD, 50 people": lambda: run([*interpreter, auth], small, LOGIN),
        "auth, local OfficeRnD, 100,000 people": lambda: run([*interpreter, auth], large, LOGIN),
    }


def jython_archive(folder: Path, home: Path) -> dict[str, Callable[[], float]]:
    """Return the launcher without and with its class-data archive, in folders of their own."""
    variants: dict[str, Callable[[], float]] = {}
    for name in ("without archive", "with archive"):
        place = folder / name
        place.mkdir()
        for path in (*SCRIPTS.glob("*.py"), SCRIPTS / "jython.sh"):
            (place / path.name).write_bytes(path.read_bytes())
        (place / "officernd-auth").write_bytes((SCRIPTS / "jython.sh").read_bytes())
        if name == "with archive":
            subprocess.run(["sh", str(place / "jython.sh"), "--make-archive"], check=True, stdout=subprocess.DEVNULL)
        command = ["sh", str(place / "officernd-auth")]
        variants[f"launcher, {name}"] = lambda command=command: run(command, home, LOGIN)
    return variants


def many_at_once(home: Path, count: int = 200) -> None:
    """Start `count` logins at once and tell the slowest by its own clock."""
    log = home / "logs" / "auth.log"
    log.unlink(missing_ok=True)
    environment = {**os.environ, "OFFICERND_HOME": str(home)}
    started = time.perf_counter()
    running = []
    for number in range(count):
        with tempfile.TemporaryFile() as lines:
            lines.write(f"user{number % 50}\n{PASSWORD}\n".encode())
            lines.seek(0)
            command = [*CPYTHON, str(SCRIPTS / "auth_program.py")]
            running.append(subprocess.Popen(command, stdin=lines, stdout=subprocess.DEVNULL, env=environment))
    for program in running:
        program.wait()
    took_s = time.perf_counter() - started
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    accepted = sum(entry["verdict"] == "accepted" for entry in entries)
    slowest = max(entry["ms"] for entry in entries)
    print(f"\n{count} logins at once: {accepted} accepted in {took_s:.1f} s, the slowest {slowest} ms by its own clock")


def hook(home: Path, rounds: int) -> None:
    """Measure the print script in Rhino, and live mode through a class loader of its own."""
    inputs = {
        "job": {"username": "user1", "isAnalysisComplete": True, "cost": 1.2, "totalPages": 3, "totalColorPages": 0},
        "user": {"username": "user1", "balance": 0, "groups": ["Company 0"]},
        "client": {"isRunning": True},
    }
    plain = {"script": str(home / "print_hook.js"), "hook": "printJobHook", "inputs": inputs, "wrap": True}
    kiosk = {name: {**part, "username": "kiosk"} if name != "client" else part for name, part in inputs.items()}
    form = {"promptForForm": {"name": "user1", "password": PASSWORD}}
    live = {**plain, "inputs": kiosk, "answers": form, "sandbox": False}
    with rhino.Host(RHINO_JAR) as host:
        for name, request in (("print hook", plain), ("live mode", live)):
            taken = [host.run(request)["us"] / 1000 for _ in range(rounds * 5)]
            later = statistics.median(taken[1:])
            print(f"  {name:<52} first {taken[0]:8.1f} ms, later {later:6.2f} ms")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as name, SigninServer() as server:
        folder = Path(name)
        small = published(folder / "small", 50, server).scripts.home
        large = published(folder / "large", 100_000, server).scripts.home
        table("CPython", "bare start", rounds, programs(CPYTHON, small, large, [*CPYTHON, "-c", "pass"]))
        many_at_once(small)
        if not all(path.exists() for path in (*JYTHON_JARS, RHINO_JAR)):
            print("\nJython and Rhino are not installed: apt-get install default-jdk jython rhino libbcpkix-java")
            return
        bare = folder / "bare.py"
        bare.write_text("pass\n")
        variants = programs(JYTHON, small, large, [*JYTHON, str(bare)])
        table("Jython", "bare start", max(2, rounds // 3), {**variants, **jython_archive(folder, small)})
        print("\nRhino")
        hook(small, rounds)


if __name__ == "__main__":
    main()
