"""The auth program as PaperCut starts it: two lines in, a verdict out, exit 0 always."""

from __future__ import annotations

import subprocess
import sys

from tests.support.papercut_site import ANN, SCRIPTS, Site, run_program
from tests.support.signin_server import PASSWORD

OK = f"OK\n{ANN.username}\n".encode()


def log_in(site: Site, name: str, password: str) -> subprocess.CompletedProcess[bytes]:
    return run_program("auth_program", stdin=f"{name}\n{password}\n".encode())


def test_a_right_password(site: Site) -> None:
    done = log_in(site, "Ann.Lee@example.com", PASSWORD)
    assert (done.returncode, done.stdout, done.stderr) == (0, OK, b"")
    assert site.signin.signins == [{"email": ANN.email, "password": PASSWORD}]
    assert site.log("auth")[0]["verdict"] == "accepted"


def test_a_wrong_password(site: Site) -> None:
    done = log_in(site, "annie", "wrong")
    assert (done.returncode, done.stdout) == (0, b"ERROR\n")
    assert done.stderr.count(b"\n") == 1
    line = site.log("auth")[0]
    assert (line["verdict"], line["reason"], line["username"]) == ("rejected", "wrong_password", ANN.username)


def test_no_home_at_all(site: Site) -> None:
    done = run_program("auth_program", stdin=b"annie\nx\n", OFFICERND_HOME="/nonexistent")
    assert (done.returncode, done.stdout) == (0, b"ERROR\n")


def test_the_answer_does_not_wait_for_the_end_of_the_input(site: Site) -> None:
    command = [sys.executable, str(SCRIPTS / "auth_program.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin and program.stdout
        program.stdin.write(f"annie\n{PASSWORD}\n".encode())
        program.stdin.flush()
        assert program.stdout.read() == OK
    assert program.returncode == 0
