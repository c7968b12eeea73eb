"""The control endpoint: another process drives the sandbox, a web page cannot."""

from __future__ import annotations

import json

import pytest
import requests

from relay.sandbox.officernd import OfficeRnDStandIn, OfficeRnDSwitches
from relay.sandbox.organisation import make_organisation


def done(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_state(api, standin, new_fee):
    """State tells calls, counts, fees and switches; no secret and no password."""
    api.post("/fees", new_fee())
    state = done(api.control("state"))
    assert state["calls"]["POST /fees"] == 1
    assert state["counts"]["members"] == 120
    assert state["fees"][0]["name"] == new_fee()["name"]
    assert state["switches"]["default_limit"] == 50
    text = json.dumps(state)
    assert standin.relay_application.client_secret not in text
    assert "password" not in {key for fee in state["fees"] for key in fee}


def test_faults(api, new_fee, standin):
    """A fault over HTTP is the same fault."""
    done(api.control("fault", {"route": "POST /fees", "kind": "lost_after", "times": 2}))
    assert done(api.control("state"))["faults"][0]["times"] == 2
    with pytest.raises(requests.ConnectionError):
        api.post("/fees", new_fee())
    assert done(api.control("fault", {"clear": True})) == {"waiting": 0}
    assert api.post("/fees", new_fee()).status_code == 201
    assert len(standin.fees()) == 2


def test_a_late_effect(api, new_fee, standin, clock):
    """Any call brings what is due, those of the sandbox too."""
    done(api.control("fault", {"route": "POST /fees", "kind": "late", "seconds": 5}))
    with pytest.raises(requests.ConnectionError):
        api.post("/fees", new_fee())
    assert done(api.control("state"))["late"] == 1
    clock.move(seconds=5)
    assert done(api.control("state"))["late"] == 0
    assert len(standin.fees()) == 1


def test_switches(api, switches):
    """Switches are set by name; sets are lists in JSON."""
    done(api.control("switches", {"end_of_list": "null", "bare_lists": ["plans"], "latency_s": 0}))
    assert (switches.end_of_list, switches.bare_lists) == ("null", frozenset({"plans"}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"no_such": 1}, "there is no switch no_such; known are account_follows_email, bare_lists"),
        ({"reads_a_minute": "5"}, "the switch reads_a_minute takes int, not '5'"),
        ({"rate_headers": 1}, "the switch rate_headers takes bool, not 1"),
        ({"latency_s": True}, "the switch latency_s takes float, not True"),
        ({"end_of_list": "none"}, "the switch end_of_list takes absent or null, not none"),
    ],
)
def test_bad_switches(api, switches, values, message):
    """A wrong switch is told, and the good ones beside it are not set."""
    answer = api.control("switches", {"default_limit": 7, **values})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)
    assert switches == OfficeRnDSwitches()


def test_staff(api, standin, new_fee, organisation):
    """Staff's work over HTTP: members, companies, memberships, fees, accounts, bill run, lock date."""
    member = done(api.control("member", {"do": "add", "name": "Nora", "email": "n@x.example", "password": "Right-123"}))
    assert api.post("/auth/signin", {"email": "n@x.example", "password": "Right-123"}).status_code == 200
    done(api.control("member", {"do": "change", "id": member["_id"], "status": "former"}))
    assert api.get(f"/members/{member['_id']}").json()["status"] == "former"
    done(api.control("account", {"email": "n@x.example", "portal_access": False}))
    assert api.post("/auth/signin", {"email": "n@x.example", "password": "Right-123"}).status_code == 403
    done(api.control("account", {"email": "n@x.example", "password": "Other-123"}))
    assert api.post("/auth/signin", {"email": "n@x.example", "password": "Other-123"}).status_code == 200
    done(api.control("member", {"do": "remove", "id": member["_id"]}))
    assert api.get(f"/members/{member['_id']}").status_code == 404
    assert api.get("/members", email="n@x.example").json()["results"] == []
    company = done(api.control("company", {"do": "add", "name": "A & B"}))
    plan = organisation.plan("HOT").id
    made = done(api.control("membership", {"do": "add", "plan": plan, "company": company["_id"]}))
    done(api.control("membership", {"do": "change", "id": made["_id"], "calculatedStatus": "expired"}))
    done(api.control("membership", {"do": "remove", "id": made["_id"]}))
    done(api.control("company", {"do": "change", "id": company["_id"], "name": "B & A"}))
    done(api.control("company", {"do": "remove", "id": company["_id"]}))
    assert api.get(f"/companies/{company['_id']}").status_code == 404
    fee = done(api.control("fee", {"do": "add", "source": "portal", **new_fee()}))
    done(api.control("fee", {"do": "rename", "id": fee["_id"], "name": "By hand"}))
    assert api.get(f"/fees/{fee['_id']}").json()["name"] == "By hand"
    done(api.control("fee", {"do": "waive", "id": fee["_id"]}))
    assert done(api.control("state"))["fees"][0]["waived"] is True
    done(api.control("fee", {"do": "remove", "id": fee["_id"]}))
    assert done(api.control("lock", {"before": "2026-11-02"})) == {"locked_before": "2026-11-02"}
    assert api.post("/fees", new_fee()).status_code == 500
    done(api.control("lock", {"before": None}))
    api.post("/fees", new_fee())
    assert len(done(api.control("bill-run", {"until": "2026-11-30"}))["invoices"]) == 1
    done(api.control("tokens", {"revoke": True}))
    assert api.get("/members").status_code == 401


@pytest.mark.parametrize(
    ("command", "body", "message"),
    [
        ("member", {"do": "sell", "id": "x"}, "do must be add, change or remove, not 'sell'"),
        ("member", {"do": "change", "id": "nobody"}, "nobody is missing or not known"),
        ("member", {"id": "x"}, "do is missing or not known"),
        ("member", {"do": "add"}, "OfficeRnDState.add_member() missing 1 required positional argument: 'name'"),
        ("fee", {"do": "pay", "id": "x"}, "do must be add, rename, waive or remove, not 'pay'"),
        ("fault", {"route": "GET /", "kind": "flood"}, "there is no fault flood; known are lost_after"),
        ("bill-run", {"until": "soon"}, "Invalid isoformat string: 'soon'"),
        ("tokens", {}, 'the body must be {"revoke": true}'),
    ],
)
def test_mistakes(api, command, body, message):
    """A wrong request is a 400 that says what is wrong."""
    answer = api.control(command, body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)


def test_not_json(api, standin):
    """A form, a list and an unknown command are refused."""
    url = f"{standin.url}/sandbox"
    assert api.session.post(f"{url}/lock", data={"before": "2026-01-01"}, timeout=10).status_code == 400
    assert api.session.post(f"{url}/lock", json=[1], timeout=10).status_code == 400
    assert api.session.post(f"{url}/nothing", json={}, timeout=10).status_code == 404
    assert api.session.get(f"{url}/lock", timeout=10).status_code == 404


def test_only_loopback_names(api, standin):
    """A web page that points a name of its own at this machine gets nothing."""
    answer = api.session.get(f"{standin.url}/sandbox/state", headers={"Host": "evil.example"}, timeout=10)
    assert answer.status_code == 403


def test_stop_and_start_again(organisation):
    """A stopped stand-in is really gone, and comes back on its port with what it remembers."""
    standin = OfficeRnDStandIn(organisation)
    standin.start()
    port, url = standin.port, f"{standin.url}/sandbox/state"
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(url, timeout=10).status_code == 200
        standin.state.add_member("Late")
        standin.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=10)
        standin.start()
        try:
            assert standin.port == port
            assert session.get(url, timeout=10).json()["counts"]["members"] == 121
        finally:
            standin.stop()


def test_latency(api, switches):
    """officernd-api 2.3 (about 120 ms observed): latency is a switch; the client's own patience shows it."""
    switches.latency_s = 0.5
    with pytest.raises(requests.Timeout):
        api.session.get(f"{api.base}/members", timeout=0.05)


def test_no_dead_switch():
    """Every switch is read somewhere outside the list of switches."""
    from pathlib import Path

    import relay.sandbox.officernd as room

    folder = Path(room.__file__).parent
    sources = "".join(path.read_text("utf-8") for path in folder.glob("*.py") if path.name != "switches.py")
    limits = {f"{family}s_a_{window}" for family in ("read", "write") for window in ("minute", "day")}
    unread = {name for name in OfficeRnDSwitches().as_json() if f".{name}" not in sources}
    assert unread == limits, "the four limits are read by a name that is put together"


def test_empty_organisation():
    """An organisation without anybody answers empty lists."""
    with OfficeRnDStandIn(make_organisation(0)) as standin:
        assert standin.state.members.get("x") is None
        assert len(standin.state.locations) == 1


def test_many_at_once(api, standin, new_fee):
    """Eight connections at once: every fee is made once, every id is another, every call is counted."""
    from concurrent.futures import ThreadPoolExecutor

    def make(_):
        return requests.post(f"{api.base}/fees", json=new_fee(), headers=api.session.headers, timeout=10).json()["_id"]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(80)))
    assert len(set(made)) == 80
    assert {fee["_id"] for fee in standin.fees()} == set(made)
    assert standin.calls["POST /fees"] == 80
