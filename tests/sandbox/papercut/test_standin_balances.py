"""Balances over the API: transactions, overdraft, several personal accounts, shared accounts."""

from __future__ import annotations

import pytest

from relay.sandbox.papercut.properties import SHARED_ACCOUNT
from tests.sandbox.papercut.conftest import call, code_of


def test_an_adjustment_is_a_transaction_with_its_comment(papercut, api, clock):
    """papercut-server-api 1.8: adjust is a transaction with a comment"""
    assert api.adjustUserAccountBalance("sesame", "ann_example.com", 7.0, "PRT-1 printing") is True
    assert api.getUserAccountBalance("sesame", "ann_example.com") == 0.0
    (entry,) = papercut.state.transactions_of("ann_example.com")
    assert (entry.amount, entry.balance, entry.comment, entry.kind) == (7.0, 0.0, "PRT-1 printing", "ADJUST")
    assert (entry.at, entry.by, entry.account) == (clock.now(), "[api]", "Default")


def test_a_long_comment_is_cut(papercut, api):
    """papercut-print-scripts 5.1: txn_comment (255)"""
    api.adjustUserAccountBalance("sesame", "ann_example.com", 1.0, "x" * 300)
    assert papercut.state.transactions[0].comment == "x" * 255
    papercut.state.switches.set("comment_length", 10)
    api.adjustUserAccountBalance("sesame", "ann_example.com", 1.0, "y" * 300)
    assert papercut.state.transactions[1].comment == "y" * 10


def test_an_admin_adjustment_goes_through_whatever_the_overdraft(papercut, api):
    """papercut-server-api 1.8: admin adjustments always go through"""
    papercut.state.user("ann_example.com").restricted = True
    assert api.adjustUserAccountBalance("sesame", "ann_example.com", -1000.0, "") is True
    assert api.getUserAccountBalance("sesame", "ann_example.com") == -1007.0


def test_if_available_answers_false_instead_of_overdrawing(papercut, api):
    """papercut-server-api 1.8: the atomic form"""
    user = papercut.state.user("bob_example.com")
    user.balance = 5.0
    assert api.adjustUserAccountBalanceIfAvailable("sesame", "bob_example.com", -5.5, "c") is False
    assert api.adjustUserAccountBalanceIfAvailable("sesame", "bob_example.com", -5.0, "c") is True
    assert api.adjustUserAccountBalanceIfAvailable("sesame", "bob_example.com", 1.0, "c") is True
    assert api.adjustUserAccountBalanceIfAvailableLeaveRemaining("sesame", "bob_example.com", -0.5, 0.75, "c") is False
    assert api.adjustUserAccountBalanceIfAvailableLeaveRemaining("sesame", "bob_example.com", -0.25, 0.75, "c") is True
    user.restricted = True
    user.overdraft_mode, user.overdraft_amount = "individual", 2.0
    assert api.adjustUserAccountBalanceIfAvailable("sesame", "bob_example.com", -2.75, "c") is True
    assert api.adjustUserAccountBalanceIfAvailable("sesame", "bob_example.com", -0.01, "c") is False
    assert len(papercut.state.transactions) == 4


def test_set_leads_exactly_to_the_wanted_balance_and_is_a_transaction(papercut, api):
    """papercut-server-api 1.8: setUserAccountBalance is also a transaction"""
    papercut.state.user("ann_example.com").balance = -14.63  # adding 3.47 + 14.63 misses 3.47
    assert api.setUserAccountBalance("sesame", "ann_example.com", 3.47, "set") is True
    assert api.getUserAccountBalance("sesame", "ann_example.com") == 3.47
    assert papercut.state.transactions[0].kind == "SET"
    assert api.setUserProperty("sesame", "ann_example.com", "balance", "1.1") is True
    assert api.getUserAccountBalance("sesame", "ann_example.com") == 1.1
    assert papercut.state.transactions[1].kind == "SET"


@pytest.mark.parametrize("method", ["adjustUserAccountBalance", "setUserAccountBalance"])
def test_an_amount_that_is_no_number_is_refused(papercut, post, method):
    """papercut-server-api 1.4: 275"""
    answer = post(call(f"api.{method}", "sesame", "ann_example.com", "<double>NaN</double>", ""))
    assert "<int>275</int>" in answer.text
    assert papercut.state.user("ann_example.com").balance == -7.0


def test_balances_move_by_card_and_by_group(papercut, api):
    """papercut-server-api 1.5"""
    state = papercut.state
    state.groups["Acme"].members.add("bob_example.com")
    assert api.adjustUserAccountBalanceByCardNumber("sesame", "4711", 2.0, "c") is True
    assert api.adjustUserAccountBalanceByCardNumber("sesame", "0", 2.0, "c") is False
    assert api.adjustUserAccountBalanceByCardNumber("sesame", "", 2.0, "c") is False
    assert api.adjustUserAccountBalanceByGroup("sesame", "Acme", 1.0, "c") is True
    assert (state.user("ann_example.com").balance, state.user("bob_example.com").balance) == (-6.0, 3.0)
    assert api.adjustUserAccountBalanceByGroupUpTo("sesame", "Acme", 5.0, 2.0, "c") is True
    assert (state.user("ann_example.com").balance, state.user("bob_example.com").balance) == (-1.0, 3.0)
    assert api.setUserAccountBalanceByGroup("sesame", "!!All Users!!", 9.0, "c") is True
    assert {user.balance for user in state.users.values()} == {9.0}
    assert code_of(api.adjustUserAccountBalanceByGroup, "Nowhere", 1.0, "c") == 263


def test_overdraft_modes(papercut, api):
    """papercut-server-api 1.5: `individual` or `default`; 264"""
    assert api.getUserOverdraftMode("sesame", "ann_example.com") == "default"
    assert api.setUserOverdraftMode("sesame", "ann_example.com", "individual") is True
    assert api.getUserOverdraftMode("sesame", "ann_example.com") == "individual"
    assert code_of(api.setUserOverdraftMode, "ann_example.com", "none") == 264


def test_an_account_name_that_is_none_is_refused(papercut, api):
    """papercut-server-api 1.8: account names belong to several personal accounts"""
    papercut.state.switches.set("unlisted_fault_code", 299)
    assert api.adjustUserAccountBalance("sesame", "ann_example.com", 1.0, "c", "Default") is True
    assert code_of(api.adjustUserAccountBalance, "ann_example.com", 1.0, "c", "Bonus") == 299


def test_several_personal_accounts_need_a_name(papercut, api):
    """papercut-server-api 1.4 and 1.8: 274; without a name the total of all is read"""
    papercut.state.settings.personal_accounts = ("Print", "Bonus")
    papercut.state.add_user("zoe", balance=4.0)
    assert code_of(api.adjustUserAccountBalance, "zoe", 1.0, "c") == 274
    assert code_of(api.setUserProperty, "zoe", "balance", "3") == 274
    assert code_of(api.adjustUserAccountBalance, "zoe", 1.0, "c", "Other") == 257
    assert api.adjustUserAccountBalance("sesame", "zoe", 1.5, "c", "Bonus") is True
    assert api.setUserAccountBalance("sesame", "zoe", 2.5, "c", "Print") is True
    assert api.getUserAccountBalance("sesame", "zoe", "Bonus") == 1.5
    assert api.getUserAccountBalance("sesame", "zoe", "Print") == 2.5
    assert api.getUserAccountBalance("sesame", "zoe") == 4.0
    assert api.getUserProperty("sesame", "zoe", "balance") == "4.0"
    papercut.print_job(user="zoe", pages=5)
    assert api.getUserAccountBalance("sesame", "zoe", "Print") == 2.0
    papercut.state.switches.set("blank_account_name", "first")
    assert api.adjustUserAccountBalance("sesame", "zoe", 1.0, "c") is True
    assert api.getUserAccountBalance("sesame", "zoe", "Print") == 3.0


# -- shared accounts


def test_shared_accounts_have_balances_properties_and_access(papercut, api):
    """papercut-server-api 1.5 and 1.7"""
    assert api.addNewSharedAccount("sesame", "Studio") is True
    assert api.addNewSharedAccount("sesame", "Studio\\Photo") is True
    assert api.isSharedAccountExists("sesame", "Studio\\Photo") is True
    assert api.listSharedAccounts("sesame", 0, 9) == ["Studio", "Studio\\Photo"]
    assert api.adjustSharedAccountAccountBalance("sesame", "Studio", -2.5, "c") is True
    assert api.getSharedAccountAccountBalance("sesame", "Studio") == -2.5
    assert api.setSharedAccountAccountBalance("sesame", "Studio", 1.0, "c") is True
    assert api.getSharedAccountProperty("sesame", "Studio", "balance") == "1.0"
    assert api.addSharedAccountAccessUser("sesame", "Studio", "ann_example.com") is True
    assert api.addSharedAccountAccessGroup("sesame", "Studio\\Photo", "Acme") is True
    assert api.listUserSharedAccounts("sesame", "ann_example.com", 0, 9, True) == ["Studio", "Studio\\Photo"]
    assert api.listUserSharedAccounts("sesame", "bob_example.com", 0, 9) == []
    names = ["access-users", "invoice-option", "comment-option", "disabled", "pin", "notes", "restricted"]
    assert api.getSharedAccountProperties("sesame", "Studio", names) == [
        "ann_example.com",
        "NEVER_INVOICE",
        "NO_COMMENT",
        "FALSE",
        "",
        "",
        "FALSE",
    ]
    assert api.setSharedAccountProperty("sesame", "Studio", "invoice-option", "ALWAYS_INVOICE") is True
    assert api.setSharedAccountProperties("sesame", "Studio", [["notes", "n"], ["overdraft-amount", "5"]]) is True
    assert api.removeSharedAccountAccessUser("sesame", "Studio", "ann_example.com") is True
    assert api.removeSharedAccountAccessGroup("sesame", "Studio\\Photo", "Acme") is True
    assert api.setSharedAccountOverdraftMode("sesame", "Studio", "individual") is True
    assert api.getSharedAccountOverdraftMode("sesame", "Studio") == "individual"
    assert api.disableSharedAccount("sesame", "Studio", -1) is True
    assert api.getSharedAccountProperty("sesame", "Studio", "disabled") == "TRUE"
    assert api.renameSharedAccount("sesame", "Studio\\Photo", "Photo") is True
    assert api.deleteExistingSharedAccount("sesame", "Studio") is True
    assert api.listSharedAccounts("sesame", 0, 9) == ["Photo"]


def test_every_property_of_a_shared_account_is_read_and_the_rest_refused(papercut, api):
    """papercut-server-api 1.7: exactly these names, always strings; booleans as the switch spells them"""
    api.addNewSharedAccount("sesame", "Studio")
    number = str(papercut.state.shared_accounts["Studio"].account_id)
    api.setSharedAccountProperties("sesame", "Studio", [["notes", "a\nb"], ["disabled", "true"], ["balance", "-1.5"]])
    api.addSharedAccountAccessGroup("sesame", "Studio", "Acme")
    assert {name: api.getSharedAccountProperty("sesame", "Studio", name) for name in SHARED_ACCOUNT} == {
        "access-groups": "Acme",
        "access-users": "",
        "account-id": number,
        "balance": "-1.5",
        "comment-option": "NO_COMMENT",
        "disabled": "TRUE",
        "invoice-option": "NEVER_INVOICE",
        "notes": "a\nb",
        "overdraft-amount": "0.0",
        "pin": "",
        "restricted": "FALSE",
    }
    for name, code in (("", 260), ("email", 261), ("Notes", 261)):
        assert code_of(api.getSharedAccountProperty, "Studio", name) == code
        assert code_of(api.getSharedAccountProperties, "Studio", ["notes", name]) == code
        assert code_of(api.setSharedAccountProperty, "Studio", name, "x") == code
    for name, value, code in (("account-id", "1", 261), ("disabled", "Y", 257), ("overdraft-amount", "-1", 264)):
        assert code_of(api.setSharedAccountProperty, "Studio", name, value) == code


@pytest.mark.parametrize(("atomic", "notes"), [(False, "n"), (True, "")])
def test_a_bad_pair_among_good_ones(papercut, api, atomic, notes):
    """papercut-server-api 1.5: as with users, whether the good pairs before it stay is not known"""
    papercut.state.switches.set("set_properties_atomic", atomic)
    api.addNewSharedAccount("sesame", "Studio")
    assert code_of(api.setSharedAccountProperties, "Studio", [["notes", "n"], ["disabled", "maybe"]]) == 257
    assert api.getSharedAccountProperty("sesame", "Studio", "notes") == notes


def test_a_renamed_shared_account_keeps_what_is_its_own(papercut, api):
    """papercut-server-api 1.5: the id stays, sub-accounts and history go along, who charges it still does"""
    for name in ("Studio", "Studio\\Photo", "Studios"):
        api.addNewSharedAccount("sesame", name)
    number = api.getSharedAccountProperty("sesame", "Studio\\Photo", "account-id")
    job = papercut.print_job(user="ann_example.com", account="Studio\\Photo")
    api.setUserAccountSelectionAutoSelectSharedAccount("sesame", "bob_example.com", "Studio", False)
    assert api.renameSharedAccount("sesame", "Studio", "Atelier") is True
    assert api.listSharedAccounts("sesame", 0, 9) == ["Atelier", "Atelier\\Photo", "Studios"]
    assert api.getSharedAccountProperty("sesame", "Atelier\\Photo", "account-id") == number
    assert api.getUserProperty("sesame", "bob_example.com", "auto-shared-account") == "Atelier"
    assert (job.account, papercut.state.transactions[0].account) == ("Atelier\\Photo",) * 2
    papercut.refund(job.job_id)
    assert api.getSharedAccountAccountBalance("sesame", "Atelier\\Photo") == 0.0


def test_shared_accounts_that_cannot_be(papercut, api):
    """papercut-server-api 1.4: codes for shared accounts are not known"""
    papercut.state.switches.set("unlisted_fault_code", 299)
    api.addNewSharedAccount("sesame", "Studio")
    assert code_of(api.getSharedAccountAccountBalance, "None") == 299
    assert code_of(api.addNewSharedAccount, "Studio") == 299
    assert code_of(api.addNewSharedAccount, "None\\Sub") == 299
    assert code_of(api.addNewSharedAccount, "") == 257
    assert code_of(api.addNewSharedAccount, "Studio\\") == 257
    assert api.addNewSharedAccount("sesame", "Studio\\Photo") is True
    assert code_of(api.addNewSharedAccount, "Studio\\Photo\\Wall") == 257
    assert code_of(api.renameSharedAccount, "Studio", "Studio") == 299
    assert code_of(api.renameSharedAccount, "Studio", " ") == 257
    assert code_of(api.renameSharedAccount, "Studio\\Photo", "None\\Photo") == 299
    api.addNewSharedAccount("sesame", "Other")
    assert code_of(api.renameSharedAccount, "Studio", "Other\\Studio") == 257
    assert code_of(api.renameSharedAccount, "Other", "Other\\Own") == 257
    assert api.listSharedAccounts("sesame", 0, 9) == ["Other", "Studio", "Studio\\Photo"]
    assert code_of(api.setSharedAccountProperty, "Studio", "balance", "x") == 275
    assert code_of(api.setSharedAccountProperty, "Studio", "access-users", "x") == 261
    assert code_of(api.setSharedAccountProperty, "Studio", "invoice-option", "MAYBE") == 257
    assert code_of(api.setSharedAccountOverdraftMode, "Studio", "x") == 264
