"""Live mode in a real Rhino with a real Jython: who logs in at a shared computer pays, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from relay.people.act import publish
from relay.people.directory import DirectoryUser
from relay.sandbox import rhino
from tests.support.papercut_site import NOW, Site, sample_directory
from tests.support.print_script import inputs_of
from tests.support.settings_example import example_settings
from tests.support.signin_server import SigninServer
from tests.support.tools import JYTHON_JARS, RHINO_JAR, need

JYTHON = JYTHON_JARS[0]
CROWD = [
    DirectoryUser(
        f"user{number}",
        email=f"user{number}@example.com",
        member_id=f"{number:024x}",
        logins=(f"user{number}@example.com",),
    )
    for number in range(20)
]


@pytest.fixture(scope="module", params=["class loader", "class path"])
def kiosk(
    request: pytest.FixtureRequest, server: SigninServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kiosk]:
    """A site in live mode: Jython in a class loader that the script makes, or on the server's own class path."""
    need("rhino", "jython")
    own_loader = request.param == "class loader"
    realm = server.realm(f"live{len(server.realms)}")
    realm.passwords = {user.email: f"Pass-{user.username}!é" for user in CROWD}
    settings = example_settings(
        tmp_path_factory.mktemp("live"),
        officernd={"api_url": realm.api_url, "token_url": realm.token_url},
        print={"live_users": ["Kiosk"], "live_jython": str(JYTHON) if own_loader else ""},
    )
    publish.publish(sample_directory(*CROWD), settings, record_fields=5, now=datetime.now(UTC))
    publish.publish_programs(settings, now=NOW)
    options = ("-Dpython.import.site=false", "-Dpython.cachedir.skip=true")
    with rhino.Host(RHINO_JAR, class_path=() if own_loader else JYTHON_JARS, options=options) as host:
        yield Kiosk(host, Site(settings, realm))


class Kiosk:
    def __init__(self, host: rhino.Host, site: Site) -> None:
        self._host, self.site = host, site
        self.script = site.home / "print_hook.js"

    def print(
        self,
        answers: dict[str, object],
        *,
        username: str = "kiosk",
        client: bool = True,
        sandbox: bool = False,
        analysed: bool = True,
        maps: bool = True,
        **job: object,
    ) -> list[list[Any]]:
        request = {
            "script": str(self.script),
            "hook": "printJobHook",
            "inputs": inputs_of(username, job, client=client, analysed=analysed),
            "answers": answers,
            "sandbox": sandbox,
            "wrap": True,
            "formsAreMaps": maps,
        }
        done = self._host.run(request)
        assert "error" not in done, done
        return done["calls"]


def form(user: DirectoryUser, password: str = "") -> dict[str, str]:
    return {"name": user.email, "password": password or f"Pass-{user.username}!é"}


def effects(calls: list[list[Any]]) -> list[list[Any]]:
    return [call for call in calls if call[0] != "client"]


@pytest.mark.parametrize("maps", [True, False])
def test_the_job_goes_to_who_logs_in(kiosk: Kiosk, maps: bool) -> None:
    calls = kiosk.print({"promptForForm": form(CROWD[3])}, maps=maps)
    assert calls[0][1] == "promptForForm"
    assert calls[0][2].count('<input type="password" name="password"') == 1 and "€1.20" in calls[0][2]
    assert [call[1:] for call in effects(calls)][0] == ["changeUser", "user3"]
    assert [call[1] for call in effects(calls)] == ["changeUser", "addComment"]
    assert kiosk.site.log("auth")[-1]["username"] == "user3"


def test_twenty_jobs_at_once_go_to_twenty_people(kiosk: Kiosk) -> None:
    """Through set and exec a shared interpreter gave every second job to somebody else; a function object does not."""
    before = len(kiosk.site.signin.token_calls)
    with ThreadPoolExecutor(20) as pool:
        done = list(pool.map(lambda user: kiosk.print({"promptForForm": form(user)}), CROWD * 3))
    assert [effects(calls)[0] for calls in done] == [["job", "changeUser", user.username] for user in CROWD * 3]
    assert len(kiosk.site.signin.token_calls) <= max(1, before)


def test_a_wrong_login_may_be_corrected(kiosk: Kiosk) -> None:
    wrong, right = form(CROWD[4], "nonsense-1"), form(CROWD[4])
    calls = kiosk.print({"officernd-login-1": wrong, "officernd-login-2": right})
    assert [call[4]["questionID"] for call in calls if call[1] == "promptForForm"] == [
        "officernd-login-1",
        "officernd-login-2",
    ]
    assert "not accepted" in calls[1][2] and "not accepted" not in calls[0][2]
    assert effects(calls)[0] == ["job", "changeUser", "user4"]


@pytest.mark.parametrize(
    "answers",
    [
        {"promptForForm": form(CROWD[5], "nonsense-2")},
        {"promptForForm": {"name": "nobody", "password": "nonsense-2"}},
        {"promptForForm": {"name": "", "password": ""}},
        {"promptForForm": {"name": "a\nb", "password": "c\nd"}},
        {"promptForForm": "CANCEL"},
        {"promptForForm": "TIMEOUT"},
        {},
    ],
)
def test_without_a_login_nothing_prints(kiosk: Kiosk, answers: dict[str, object]) -> None:
    calls = kiosk.print(answers)
    assert effects(calls) == [["job", "cancelAndLog", "Nobody logged in for this job, so it was not printed."]]
    assert len(calls) - 1 == (3 if isinstance(answers.get("promptForForm"), dict) else 1)


@pytest.mark.parametrize("way", [{"client": False}, {"isWebPrintJob": True}, {"jobSourceName": "EMAIL_PRINTING"}])
def test_without_a_client_nothing_prints(kiosk: Kiosk, way: dict[str, Any]) -> None:
    (call,) = kiosk.print({"promptForForm": form(CROWD[6])}, **way)
    assert call[:2] == ["job", "cancelAndLog"] and "not running" in call[2]


def test_before_the_analysis_nobody_is_asked(kiosk: Kiosk) -> None:
    assert kiosk.print({"promptForForm": form(CROWD[6])}, analysed=False) == []


def test_with_the_sandbox_on_a_generic_account_prints_nothing(kiosk: Kiosk) -> None:
    """A login that cannot be checked is refused, whatever `on_error` says."""
    calls = kiosk.print({"promptForForm": form(CROWD[7])}, sandbox=True)
    assert [call[1] for call in effects(calls)] == ["error", "cancelAndLog"]


def test_everybody_elses_jobs_are_not_touched(kiosk: Kiosk) -> None:
    calls = kiosk.print({"promptForForm": form(CROWD[8])}, username="ann")
    assert "promptForForm" not in json.dumps(calls) and "changeUser" not in json.dumps(calls)


def test_a_broken_directory_refuses_and_is_logged(kiosk: Kiosk) -> None:
    current = kiosk.site.home / "directory" / "CURRENT"
    text = current.read_text()
    current.write_text("")
    try:
        calls = kiosk.print({"promptForForm": form(CROWD[9])})
    finally:
        current.write_text(text)
    assert [call[1] for call in effects(calls)] == ["cancelAndLog"]
    assert kiosk.site.log("auth")[-1]["reason"] == "directory"


def test_no_password_is_written_anywhere(kiosk: Kiosk) -> None:
    written = b"".join(kiosk.site.files().values())
    for secret in [b"Pass-user", b"nonsense-"]:
        assert secret not in written


def test_live_mode_is_off_by_default(tmp_path: Path) -> None:
    publish.publish_programs(example_settings(tmp_path), now=NOW)
    assert '"live": null' in (tmp_path / "home" / "print_hook.js").read_text()
