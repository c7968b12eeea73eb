"""The day of a sheet of paper: from `lp` to the line on the invoice, through everything that is real here.

Real are CUPS, the document's analysis, the auth program and the user source as processes, the print script in Rhino,
XML-RPC, REST, files and ledger; only the two servers are stand-ins.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relay import config, jobs
from relay.clock import Clock
from relay.progress import Progress
from relay.run import run
from relay.sandbox import rhino
from relay.sandbox.pair import Pair
from relay.site import open_site
from tests.support import print_system


@pytest.mark.needs("cups", "rhino")
def test_from_lp_to_the_invoice(tmp_path: Path) -> None:
    with Pair(tmp_path, members=12) as pair:
        with pair.config_file.open("a", encoding="utf-8") as file:
            file.write('\n[jobs]\ncost_column = "11"\n')
        settings = config.load(pair.config_file)
        with open_site(settings, Clock(), Progress()) as site:
            # Morning: the daily run brings the people over and publishes the print script.
            first = run(site).as_json()
            assert first["sync"]["users"]["create"] > 0
            runner = rhino.script_runner(settings.scripts.home / "print_hook.js")
            assert runner is not None
            pair.papercut.state.script_runner = runner
            try:
                with print_system.running(pair.papercut.url.removeprefix("http://"), "Colour") as cups:
                    _the_day(pair, site, cups)
            finally:
                runner.close()


def _the_day(pair: Pair, site: object, cups: print_system.PrintSystem) -> None:
    settings, papercut = site.settings, pair.papercut  # type: ignore[attr-defined]
    (member,) = pair.logins(1)
    desk = "desk-of-ann"  # where the computer's user is called ann, whoever sits there

    # Nobody has logged in at this computer: the job is not printed, and nobody is charged.
    refused = cups.lp("ann", title="Größe.pdf")
    assert not refused["printed"] and "nobody is logged in" in refused["error"]
    assert not papercut.popup_login(member.email, member.password + "?", client=desk).ok
    assert not cups.lp("ann", title="Größe.pdf")["printed"]

    # The popup takes OfficeRnD's password; the job is analysed, priced, passed by the print script and charged.
    login = papercut.popup_login(member.email, member.password, client=desk)
    assert login.ok
    printed = cups.lp("ann", "-n", "2", "-o", "sides=two-sided-long-edge", title="Größe.pdf")
    job = printed["job"]
    assert printed["printed"]
    assert (login.username, 6, 2, 2, 4, "Größe.pdf") == tuple(
        job[name] for name in ("username", "pages", "colour_pages", "copies", "sheets", "document")
    )
    assert "ran" == job["script"]
    price = 2 * (2 * 0.05 + 1 * 0.25) * 0.9
    assert price == pytest.approx(job["cost"])
    assert -price == pytest.approx(printed["user"]["balance"])
    logs = list((pair.folder / "papercut" / "server" / "logs" / "print-logs").iterdir())
    assert 1 == sum(path.read_text(encoding="utf-8").count("Größe.pdf") for path in logs)

    # The next run bills what is owed, once, and says for what.
    second = run(site).as_json()  # type: ignore[arg-type]
    (fee,) = [movement for movement in second["settle"]["movements"] if movement["kind"] == "fee"]
    assert ("posted", "0.63") == (fee["state"], fee["amount"])
    assert 1 == second["jobs"]["new"] and [] == second["jobs"]["findings"]
    (invoiced,) = pair.officernd.fees()
    assert 0.63 == invoiced["price"]
    assert "6 pages, 2 colour, 1 job" in invoiced["name"]
    assert 0 == site.papercut.balance(login.username)  # type: ignore[attr-defined]

    # The statement tells the sheet's whole story, to the cent.
    made = jobs.statement(settings, site.database, member=member.email, clock=Clock())  # type: ignore[attr-defined]
    told = json.loads(jobs.render(made, "json"))
    assert ("0.63", "0.63", "0.00", True) == tuple(
        told["totals"][name] for name in ("printed", "billed", "open", "equal")
    )
    (line,) = told["jobs"]
    assert (fee["reference"], "Größe.pdf", 4) == (line["fee"], line["document"], line["sheets"])
    assert [{"code": "jobs", "what": "print jobs", "amount": "0.63"}] == told["people"][0]["fees"][0]["terms"]

    # And a second run changes nothing.
    third = run(site).as_json()  # type: ignore[arg-type]
    assert ([], [], 0) == (third["sync"]["changes"], third["settle"]["movements"], third["jobs"]["new"])
    assert 1 == len(pair.officernd.fees())
