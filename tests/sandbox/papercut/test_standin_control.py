"""The stand-in's own addresses, and PaperCut's health interface, over HTTP."""

from __future__ import annotations

import pytest
import requests

from tests.support.fake_programs import auth_program, user_source


@pytest.fixture
def sandbox(papercut):
    """sandbox("print", user="ann") posts; sandbox("state") gets: (status, JSON)."""

    def ask(path, *, query=None, **body):
        url = f"{papercut.url}/sandbox/{path}"
        answer = requests.post(url, json=body, timeout=10) if body else requests.get(url, params=query, timeout=10)
        return answer.status_code, answer.json()

    return ask


# -- /sandbox


def test_a_restart_reads_security_properties_again(papercut, sandbox):
    """After the installer has put our folder into it; the stand-in's world stays."""
    file = papercut.state.data_dir / "server" / "security.properties"
    file.write_text(file.read_text() + "\nsecurity.custom-executable.allowed-directory-list=/ours\n")
    assert papercut.state.security["security.custom-executable.allowed-directory-list"] != "/ours"
    assert requests.post(f"{papercut.url}/sandbox/restart", json={}, timeout=10).json() == {"done": True}
    assert papercut.state.security["security.custom-executable.allowed-directory-list"] == "/ours"


def test_a_job_is_printed_by_a_login_or_a_name(papercut, sandbox, tmp_path):
    """What an operator does with curl."""
    program = auth_program(tmp_path / "auth")
    program.answers({"ann@example.com/right": {"out": "OK\nann_example.com\n"}})
    papercut.use_programs(auth=program.path)
    status, answer = sandbox(
        "print", login=["ann@example.com", "right"], printer="Colour", pages=3, colour_pages=1, document="Zoë.pdf"
    )
    assert (status, answer["job"]["document"], answer["job"]["cost"]) == (200, "Zoë.pdf", 0.45)
    assert (answer["user"]["username"], answer["user"]["balance"]) == ("ann_example.com", -7.45)
    assert sandbox("print", login=["ann@example.com", "wrong"])[1] == {
        "error": "the popup refused ann@example.com: refused"
    }
    assert sandbox("print", user="bob_example.com", cost=2)[1]["user"]["balance"] == -2.0


def test_a_copy_at_a_device(papercut, sandbox):
    """POST /sandbox/print with "kind": "copy"."""
    answer = sandbox("print", kind="copy", login=["reception", "front desk"], pages=4)[1]
    assert (answer["job"]["kind"], answer["job"]["cost"], answer["user"]["balance"]) == ("COPY", 0.4, -0.4)
    assert sandbox("print", kind="print", user="reception")[1]["job"]["kind"] == "PRINT"


def test_a_login_alone(papercut, sandbox):
    """POST /sandbox/popup"""
    assert sandbox("popup", username="reception", password="front desk")[1] == {
        "ok": True,
        "username": "reception",
        "reason": "",
        "asked_program": False,
        "account": True,
    }
    assert sandbox("popup", username="reception", password="x")[1]["reason"] == "wrong_password"


def test_a_refund(papercut, sandbox):
    """POST /sandbox/refund"""
    job = papercut.print_job(user="bob_example.com", pages=10)
    assert sandbox("refund", job=job.job_id, amount=0.4)[1]["refunded"] == 0.4
    assert sandbox("refund", job=job.job_id, amount=5)[0] == 400
    assert sandbox("refund", amount=5)[1] == {"error": "job is missing"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("print", {"user": "nobody"}),
        ("print", {"user": "ann_example.com", "pages": "3"}),
        ("print", {"user": "ann_example.com", "pages": True}),
        ("print", {"user": "ann_example.com", "page": 3}),
        ("print", {"login": ["ann"]}),
        ("print", {"kind": "scan", "user": "ann_example.com"}),
        ("print", {"kind": "copy", "user": "ann_example.com", "document": "plan.pdf"}),
        ("print", {"user": "ann_example.com", "printer": "None"}),
        ("account", {"name": " "}),
        ("account", {"name": "Acme", "balance": "1"}),
        ("fault", {"method": "x", "kind": "explode"}),
        ("fault", {"method": "x", "kind": "call"}),
        ("switches", {"no_such": True}),
        ("switches", {"typed_strings": "yes"}),
        ("switches", {"charset": "utf-16"}),
        ("settings", {"no_such": True}),
        ("settings", {"admin_password": "x"}),
        ("settings", {"delete_missing_users": "yes"}),
        ("nightly", {"now": True}),
    ],
)
def test_what_cannot_be_meant_is_400_with_a_sentence(papercut, sandbox, path, body):
    """Nothing is guessed."""
    status, answer = sandbox(path, **body)
    if path == "nightly":  # the sync fails: no program
        assert "no custom program" in answer["error"]
    assert (status, list(answer)) == (400, ["error"])
    assert papercut.state.jobs == []


def test_a_shared_account_is_made_once(papercut, api, sandbox):
    """POST /sandbox/account"""
    status, made = sandbox("account", name="Acme\\Projects", balance=-2)
    assert (status, made["balance"]) == (200, -2.0)
    assert api.getSharedAccountProperty("sesame", "Acme\\Projects", "account-id") == str(made["account_id"])
    assert sandbox("account", name="Acme\\Projects")[0] == 400
    sandbox("print", user="ann_example.com", pages=2, account="Acme\\Projects", cost=3)
    assert api.getSharedAccountAccountBalance("sesame", "Acme\\Projects") == -5.0


def test_faults_switches_and_settings_over_http(papercut, api, sandbox):
    """As in-process."""
    assert sandbox("fault", method="getTotalUsers", kind="fault", times=1, text="busy")[0] == 200
    with pytest.raises(Exception, match="busy"):
        api.getTotalUsers("sesame")
    sandbox("fault", method="*", kind="fault", times=0)
    assert sandbox("fault", clear=True)[1] == {"cleared": True}
    assert api.getTotalUsers("sesame") == 3
    assert sandbox("switches", add_group_task_s=3, charset="numeric")[1]["add_group_task_s"] == 3.0
    assert papercut.state.switches.charset == "numeric"
    answer = sandbox("settings", delete_missing_users=True, import_groups=["Acme"], default_overdraft=5)[1]
    assert (answer["delete_missing_users"], answer["import_groups"]) == (True, ["Acme"])
    assert papercut.state.settings.import_groups == ("Acme",)
    assert "admin_password" not in answer


def test_a_late_effect_over_http(papercut, api, sandbox, clock):
    """Any call brings what is due, those of the sandbox too."""
    sandbox("fault", method="adjustUserAccountBalance", kind="late", times=2, delay_s=5)
    with pytest.raises(ConnectionError):
        api.adjustUserAccountBalance("sesame", "ann_example.com", 1.0, "c")
    assert sandbox("state")[1]["late"] == 2
    clock.move(seconds=5)
    assert sandbox("state")[1]["late"] == 0
    assert sandbox("users", query={"username": "ann_example.com"})[1]["users"][0]["balance"] == -5.0


def test_a_backup_is_kept_under_a_name_and_put_back(papercut, api, sandbox):
    """POST /sandbox/backup and /sandbox/restore"""
    at = papercut.state.clock.now().isoformat()
    assert sandbox("backup", name="monday") == (200, {"name": "monday", "at": at})
    api.adjustUserAccountBalance("sesame", "ann_example.com", 7.0, "c")
    assert sandbox("restore", name="tuesday")[1] == {"error": "there is no backup 'tuesday', but 'monday'"}
    assert sandbox("restore", name="monday") == (200, {"name": "monday", "at": at})
    assert api.getUserAccountBalance("sesame", "ann_example.com") == -7.0
    assert sandbox("state")[1]["backups"] == {"monday": at}
    assert sandbox("backup", name=" ")[0] == 400


def test_a_database_that_lags_is_released_by_a_word(papercut, sandbox):
    """POST /sandbox/database"""
    released = []
    papercut.state.recorder.release = lambda: released.append(True)
    assert sandbox("database", release=True)[1] == {"released": True}
    assert sandbox("database", release="yes")[0] == 400
    assert released == [True]


def test_the_night_comes_when_told(papercut, sandbox, tmp_path):
    """POST /sandbox/nightly"""
    source = user_source(tmp_path / "source")
    source.answers({"all-users": "zoe_example.com\tZoë\n", "group-member-names Acme": "zoe_example.com\n"})
    papercut.use_programs(user_source=source.path)
    assert requests.post(papercut.url + "/sandbox/nightly", json={}, timeout=10).json() == {"done": True}
    assert papercut.state.groups_of("zoe_example.com") == ["Acme"]


def test_state_shows_counts_and_no_secret(papercut, api, sandbox):
    """GET /sandbox/state, users, jobs, transactions"""
    api.adjustUserAccountBalance("sesame", "ann_example.com", 1.0, "c")
    papercut.print_job(user="ann_example.com")
    papercut.state.user("ann_example.com").pin = "8642"
    status, state = sandbox("state")
    assert (status, state["users"], state["internal_users"], state["groups"]) == (200, 3, 1, {"Acme": 1})
    assert state["calls"] == state["writes"] == {"adjustUserAccountBalance": 1}
    assert state["switches"]["group_call"] == "group-member-names"
    assert [user["username"] for user in sandbox("users")[1]["users"]] == [
        "ann_example.com",
        "bob_example.com",
        "reception",
    ]
    (ann,) = sandbox("users", query={"username": "ANN_example.com"})[1]["users"]
    assert (ann["jobs"], ann["groups"], ann["balance"]) == (1, ["Acme"], -6.1)
    assert len(sandbox("jobs", query={"username": "ann_example.com"})[1]["jobs"]) == 1
    assert sandbox("jobs", query={"username": "bob_example.com"})[1]["jobs"] == []
    entries = sandbox("transactions")[1]["transactions"]
    assert [entry["kind"] for entry in entries] == ["ADJUST", "PRINT_USAGE"]
    assert entries[0]["at"] == "2026-11-23T08:00:00+00:00"
    everything = "".join(
        requests.get(f"{papercut.url}/sandbox/{path}", timeout=5).text
        for path in ("state", "users", "jobs", "transactions")
    )
    assert not any(secret in everything for secret in ("sesame", "front desk", "8642", '"admin"'))
    requests.post(papercut.url + "/sandbox/reset-counts", json={}, timeout=5)
    assert sandbox("state")[1]["calls"] == {}


def test_a_foreign_web_page_cannot_print(papercut):
    """A form or a simple cross-site request has another content type."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", None):
        answer = requests.post(
            papercut.url + "/sandbox/print",
            data='{"user": "ann_example.com"}',
            headers={"Content-Type": kind},
            timeout=5,
        )
        assert answer.status_code == 415
    assert papercut.state.jobs == []


def test_no_json_no_object_no_such_address(papercut):
    """404 and 400"""
    headers = {"Content-Type": "application/json"}
    assert requests.post(papercut.url + "/sandbox/print", data="{", headers=headers, timeout=5).status_code == 400
    assert requests.post(papercut.url + "/sandbox/print", json=[1], timeout=5).status_code == 400
    assert requests.post(papercut.url + "/sandbox/nothing", json={}, timeout=5).status_code == 404
    assert requests.get(papercut.url + "/sandbox/nothing", timeout=5).status_code == 404


# -- /api/health


@pytest.fixture
def health(papercut):
    papercut.state.config["health.api.key"] = "pulse"

    def ask(path, **headers):
        return requests.get(papercut.url + path, headers=headers or {"Authorization": "pulse"}, timeout=5)

    return ask


def test_the_key_goes_raw_into_the_header_or_the_query(papercut, health):
    """papercut-server-api 5: no scheme word; the answer to a bad key is not known"""
    assert health("/api/health").json()["applicationServer"]["systemInfo"]["version"].startswith("25.0.13 ")
    assert health("/api/health?Authorization=pulse", Authorization="").status_code == 200
    assert health("/api/health", Authorization="Bearer pulse").status_code == 401
    papercut.state.switches.set("health_bad_key_status", 403)
    assert health("/api/health", Authorization="").status_code == 403
    papercut.state.config["health.api.key"] = ""
    assert health("/api/health").status_code == 403


def test_status_addresses_answer_200_or_500(papercut, health):
    """papercut-server-api 5: {status, message}"""
    for path in ("status", "application-server/status?disk-threshold-mb=1024", "site-servers/status"):
        assert health("/api/health/" + path).json() == {"status": "OK", "message": "OK"}
    (printer,) = health("/api/health/printers").json()["printers"]
    assert health(f"/api/health/printers/{printer['id']}/status").status_code == 200
    papercut.state.printers[("print01", "Colour")].disabled = True
    assert health(f"/api/health/printers/{printer['id']}/status").status_code == 500
    assert health("/api/health/printers/1/status").status_code == 404
    assert health("/api/health/devices").json() == {"devices": []}
    assert health("/api/health/nothing").status_code == 404


def test_statistics(papercut, health, clock):
    """papercut-server-api 5: recent pages, held jobs"""
    papercut.print_job(user="ann_example.com", pages=4)
    assert health("/api/stats/held-jobs-count").json() == {"heldJobsCount": 0}
    assert health("/api/stats/recent-pages-count?minutes=60").json() == {"recentPagesCount": 4}
    clock.move(hours=2)
    assert health("/api/stats/recent-pages-count?minutes=60").json() == {"recentPagesCount": 0}
