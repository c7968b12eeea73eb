"""PaperCut's external database, written along: what a report reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from relay.sandbox.papercut import PaperCutStandIn
from relay.sandbox.papercut.database import ExternalDatabase

BILLABLE = """
    select l.printer_usage_log_id, l.usage_date, u.user_name, p.printer_name, a.account_name, l.usage_cost,
           l.total_pages, l.job_comment
    from tbl_printer_usage_log l
    join tbl_user u on u.user_id = l.used_by_user_id
    join tbl_printer p on p.printer_id = l.printer_id
    join tbl_account a on a.account_id = l.charged_to_account_id
    where l.usage_allowed = 'Y' and l.printed = 'Y' and l.refunded = 'N'
    order by l.printer_usage_log_id
"""


@pytest.fixture
def papercut(tmp_path, clock):
    url = f"sqlite:///{tmp_path / 'papercut.db'}"
    with PaperCutStandIn(data_dir=tmp_path, clock=clock, timezone="Europe/Sofia", database_url=url) as server:
        state = server.state
        state.add_user("ann", balance=-7.0)
        state.add_user("bob")
        state.add_printer("print01", "Colour", page_cost=0.1)
        state.add_shared_account("Studio\\Photo")
        yield server


def ask(papercut, query):
    with closing(sqlite3.connect(papercut.state.data_dir / "papercut.db")) as connection:
        return connection.execute(query).fetchall()


def test_a_billable_job_is_found_by_the_usual_query(papercut):
    """papercut-print-scripts 5.1: usage_allowed, printed, refunded; times local"""
    job = papercut.print_job(user="ann", pages=3, comment="c")
    papercut.print_job(user="bob", account="Studio\\Photo")
    first, second = ask(papercut, BILLABLE)
    assert first == (job.job_id, "2026-11-23 10:00:00.000000", "ann", "Colour", "ann", job.cost, 3, "c")
    assert second[4] == "Studio"
    papercut.refund(job.job_id)
    assert len(ask(papercut, BILLABLE)) == 1


@pytest.mark.parametrize(("marked", "printed"), [(False, "N"), (True, "Y")])
def test_a_copy_is_a_job_of_another_type(papercut, marked, printed):
    """papercut-print-scripts 5.1: one table for both; `printed` is asked of prints only"""
    papercut.state.switches.set("copies_marked_printed", marked)
    papercut.print_job(user="ann")
    papercut.copy_job(user="ann", pages=2)
    rows = ask(papercut, "select job_type, usage_allowed, printed, usage_cost from tbl_printer_usage_log order by 1")
    assert rows == [("COPY", "Y", printed, 0.2), ("PRINT", "Y", "Y", 0.1)]


def test_denied_jobs_have_their_reason(papercut):
    """papercut-print-scripts 5.1: denied_reason"""
    papercut.state.user("bob").disabled = True
    papercut.print_job(user="bob")
    assert ask(papercut, BILLABLE) == []
    assert ask(papercut, "select usage_allowed, printed, denied_reason from tbl_printer_usage_log") == [
        ("N", "N", "USER_DISABLED")
    ]


def test_money_is_in_the_transaction_table(papercut):
    """papercut-print-scripts 5.1: tbl_account_transaction"""
    job = papercut.print_job(user="ann", pages=2)
    papercut.state.transact(papercut.state.user("ann"), 7.2, "PRT-1", kind="ADJUST")
    rows = ask(
        papercut,
        "select t.transaction_type, t.amount, t.balance, t.txn_comment, t.usage_log_id, a.account_name, a.balance "
        "from tbl_account_transaction t join tbl_account a using (account_id) order by 1 desc",
    )
    assert rows == [
        ("PRINT_USAGE", -0.2, -7.2, "", job.job_id, "ann", 0.0),
        ("ADJUST", 7.2, 0.0, "PRT-1", None, "ann", 0.0),
    ]


def test_users_are_renamed_and_softly_deleted(papercut):
    """papercut-server-api 1.8: tbl_user has a `deleted` flag"""
    state = papercut.state
    state.rename_user(state.user("ann"), "ann.lee")
    state.delete_user(state.user("bob"))
    assert ask(papercut, "select user_name, deleted from tbl_user order by 1") == [("ann.lee", "N"), ("bob", "Y")]


def test_shared_accounts_have_a_row_each_before_anybody_prints(papercut):
    """papercut-print-scripts 5.1: tbl_account, with the name of a sub-account apart"""
    state = papercut.state
    state.add_shared_account("Office", balance=1.5)
    state.rename_shared_account(state.shared_accounts["Office"], "Bureau")
    rows = ask(papercut, "select account_name, sub_name, balance from tbl_account where account_type = 'SHARED'")
    assert sorted(rows) == [("Bureau", "", 1.5), ("Studio", "Photo", 0.0)]


AMOUNTS = "select amount from tbl_account_transaction order by account_transaction_id"


def test_a_copy_that_lags_shows_everything_in_order_and_later(papercut, clock):
    """papercut-print-scripts 5.2: what is not in the database yet may have happened all the same"""
    papercut.state.switches.set("database_lag", 60)
    ann = papercut.state.user("ann")
    papercut.state.transact(ann, 1.0, "first", kind="ADJUST")
    clock.move(seconds=30)
    papercut.state.transact(ann, 2.0, "second", kind="ADJUST")
    clock.move(seconds=29)
    papercut.catch_up()
    assert ask(papercut, AMOUNTS) == []
    clock.move(seconds=1)
    papercut.catch_up()
    assert ask(papercut, AMOUNTS) == [(1.0,)]
    assert ask(papercut, "select balance from tbl_account where account_name = 'ann'") == [(-6.0,)]
    papercut.state.switches.set("database_lag", 10)  # the second must not be overtaken by the third
    papercut.state.transact(ann, 4.0, "third", kind="ADJUST")
    assert ask(papercut, AMOUNTS) == [(1.0,), (2.0,)]
    clock.move(seconds=10)
    papercut.catch_up()
    assert ask(papercut, AMOUNTS) == [(1.0,), (2.0,), (4.0,)]


def test_a_copy_that_lags_until_it_is_released(papercut):
    """papercut-print-scripts 5.2: jobs and users lag as well; turning the switch back releases too"""
    papercut.state.switches.set("database_lag", -1)
    papercut.print_job(user="ann")
    papercut.state.add_user("zoe")
    papercut.catch_up()
    assert ask(papercut, BILLABLE) == ask(papercut, "select * from tbl_user where user_name = 'zoe'") == []
    papercut.release_database()
    assert len(ask(papercut, BILLABLE)) == 1
    papercut.print_job(user="zoe")
    assert len(ask(papercut, BILLABLE)) == 1
    papercut.state.switches.set("database_lag", 0)
    papercut.catch_up()
    assert len(ask(papercut, BILLABLE)) == 2


def test_a_stand_in_that_starts_again_has_a_new_copy(papercut):
    """What was kept back is not lost, but no longer kept back."""
    papercut.state.switches.set("database_lag", -1)
    papercut.print_job(user="ann")
    papercut.stop()
    assert ask(papercut, BILLABLE) == []
    papercut.start()
    assert len(ask(papercut, BILLABLE)) == 1


def test_a_restore_is_a_restore_of_this_database(papercut):
    """papercut-server-api 4: what came after the backup is in no table any more"""
    papercut.print_job(user="ann")
    papercut.state.delete_user(papercut.state.user("bob"))
    held = papercut.backup()
    tables = ("tbl_user", "tbl_account", "tbl_printer", "tbl_printer_usage_log", "tbl_account_transaction")
    before = {table: ask(papercut, f"select * from {table} order by 1") for table in tables}
    papercut.print_job(user="ann", account="Studio\\Photo")
    papercut.state.add_user("zoe")
    papercut.state.rename_user(papercut.state.user("ann"), "ann.lee")
    papercut.restore(held)
    assert {table: ask(papercut, f"select * from {table} order by 1") for table in tables} == before
    papercut.refund(papercut.state.jobs[0].job_id)
    assert ask(papercut, "select refunded from tbl_printer_usage_log") == [("Y",)]


def test_what_was_there_before_is_written_too_and_nothing_after(tmp_path, clock):
    """A stand-in may be filled before it starts."""
    server = PaperCutStandIn(data_dir=tmp_path, clock=clock)
    server.state.add_user("ann")
    server.state.add_printer("s", "p", page_cost=1.0)
    server.print_job(user="ann")
    database = ExternalDatabase(f"sqlite:///{tmp_path / 'papercut.db'}", server.state)
    assert len(ask(server, BILLABLE)) == 1
    assert len(ask(server, "select * from tbl_account_transaction")) == 1
    database.close()
    server.print_job(user="ann")
    assert len(ask(server, BILLABLE)) == 1
