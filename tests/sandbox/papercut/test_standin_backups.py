"""A server that is put back from a backup: what is gone, what stays, and what never comes."""

from __future__ import annotations

from xmlrpc.client import Fault

import pytest

WITNESS = "relay witness"


@pytest.fixture
def site(papercut, api):
    """A witness with notes, a group with a quota, a print, a card: something of everything."""
    api.addNewSharedAccount("sesame", WITNESS)
    api.setSharedAccountProperties("sesame", WITNESS, [["disabled", "TRUE"], ["notes", "7 abc"]])
    api.setGroupQuota("sesame", "Acme", 5.0, "MONTHLY", 0.0)
    papercut.print_job(user="ann_example.com", pages=3)
    return papercut


def seen(api):
    """What the relay can read of the server."""
    names = ["balance", "print-stats.job-count", "primary-card-number", "email"]
    users = api.listUserAccounts("sesame", 0, 99)
    return (
        {user: api.getUserProperties("sesame", user, names) for user in users},
        {
            name: api.getSharedAccountProperty("sesame", name, "notes")
            for name in api.listSharedAccounts("sesame", 0, 9)
        },
        {group: api.getGroupMembers("sesame", group, 0, 99) for group in api.listUserGroups("sesame", 0, 9)},
        api.getGroupQuota("sesame", "Acme"),
        api.getPrinterProperty("sesame", "print01", "Colour", "print-stats.job-count"),
        api.getConfigValue("sesame", "user-source.custom-program"),
    )


def change_everything(papercut, api):
    api.setSharedAccountProperty("sesame", WITNESS, "notes", "8 def")
    api.addNewSharedAccount("sesame", "Acme")
    api.adjustUserAccountBalance("sesame", "ann_example.com", 7.3, "fee")
    api.setUserProperty("sesame", "bob_example.com", "primary-card-number", "4712")
    api.renameUserAccount("sesame", "bob_example.com", "robert")
    api.deleteExistingUser("sesame", "reception")
    api.addNewInternalUser("sesame", "zoe", "secret", "Zoe", "", "", "", False)
    api.addUserToGroup("sesame", "zoe", "Acme")
    api.setGroupQuota("sesame", "Acme", 6.0, "DAILY", 0.0)
    api.setConfigValue("sesame", "user-source.custom-program", "/x")
    papercut.print_job(user="ann_example.com", pages=5)
    papercut.state.settings.default_overdraft = 9.0


def test_a_restore_brings_everything_back_and_may_be_done_twice(site, api):
    """papercut-server-api 4: the database is one piece"""
    before, transactions, jobs = seen(api), len(site.state.transactions), len(site.state.jobs)
    held = site.backup()
    for _ in range(2):
        change_everything(site, api)
        assert seen(api) != before
        site.restore(held)
        assert seen(api) == before
        assert (len(site.state.transactions), len(site.state.jobs)) == (transactions, jobs)
        assert site.state.settings.default_overdraft == 0.0
    assert api.isUserExists("sesame", "zoe") is False


def test_ids_are_given_out_a_second_time(site, api):
    """papercut-print-scripts 5.1: the next id is in the database too"""
    held = site.backup()
    lost = site.print_job(user="bob_example.com")
    site.restore(held)
    assert site.print_job(user="ann_example.com").job_id == lost.job_id


def test_files_survive_a_restore(site):
    """papercut-print-scripts 5.2: the print log knows jobs that the database has forgotten"""
    held = site.backup()
    site.print_job(user="bob_example.com")
    site.state.security["kept"] = "Y"
    site.restore(held)
    (log,) = (site.state.data_dir / "server" / "logs" / "print-logs").iterdir()
    assert len(log.read_text().splitlines()) == 2
    assert len(site.state.jobs) == 1
    assert site.state.security["kept"] == "Y"


def test_nobody_is_logged_in_and_nothing_late_comes_after_a_restore(site, api, clock):
    """The server was down: its memory and its open calls are gone."""
    held = site.backup()
    site.popup_login("reception", "front desk", client="laptop")
    site.faults.add("adjustUserAccountBalance", "late", times=2, delay_s=60)
    with pytest.raises(ConnectionError):
        api.adjustUserAccountBalance("sesame", "ann_example.com", 7.3, "fee")
    site.restore(held)
    clock.move(seconds=90)
    assert api.getUserAccountBalance("sesame", "ann_example.com") == -7.3
    assert (site.state.sessions, dict(site.writes).get("adjustUserAccountBalance")) == ({}, None)


def test_switches_and_faults_are_no_part_of_a_backup(site, api):
    """They are doubts and mishaps, not data."""
    held = site.backup()
    site.state.switches.set("boolean_spelling", "lower")
    site.faults.add("getTotalUsers", "fault", text="still there")
    site.restore(held)
    assert api.getSharedAccountProperty("sesame", WITNESS, "disabled") == "true"
    with pytest.raises(Fault, match="still there"):
        api.getTotalUsers("sesame")
