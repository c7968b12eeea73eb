"""Users over the API: listing, properties, making, renaming, deleting, looking up; every fault with its code."""

from __future__ import annotations

import pytest

from tests.sandbox.papercut.conftest import code_of

NAMES = ["ann_example.com", "bob_example.com", "reception"]


def test_lists_are_sorted_paged_from_zero_and_empty_beyond_the_end(papercut, api):
    """papercut-server-api 1.8: 0-based offset, shorter page at the end, empty beyond it"""
    assert api.listUserAccounts("sesame", 0, 1000) == NAMES
    assert api.listUserAccounts("sesame", 1, 1) == NAMES[1:2]
    assert api.listUserAccounts("sesame", 2, 5) == NAMES[2:]
    assert api.listUserAccounts("sesame", 3, 5) == []
    assert api.listUserAccounts("sesame", -1, 5) == []
    assert api.getTotalUsers("sesame") == 3
    papercut.state.switches.set("page_limit", 2)
    assert api.listUserAccounts("sesame", 0, 1000) == NAMES[:2]


def test_names_are_found_in_any_case_and_blanks_around(api):
    """papercut-server-api 1.8: usernames are stored lower-case"""
    assert api.isUserExists("sesame", " ANN_Example.com ") is True
    assert api.isUserExists("sesame", "ann") is False
    assert api.getUserProperty("sesame", "Ann_Example.com", "email") == "ann@example.com"


def test_an_unknown_and_a_blank_user_have_their_codes(api):
    """papercut-server-api 1.4: 262 and 259"""
    for method in ("getUserAccountBalance", "getUserGroups", "getUserOverdraftMode", "deleteExistingUser"):
        assert code_of(getattr(api, method), "nobody") == 262
        assert code_of(getattr(api, method), " ") == 259


# -- properties


@pytest.mark.parametrize(
    ("name", "value", "back"),
    [
        ("balance", "12.5", "12.5"),
        ("primary-card-number", "123", "123"),
        ("secondary-card-number", "456", "456"),
        ("department", "Sales & Co", "Sales & Co"),
        ("disabled-print", "TRUE", "TRUE"),
        ("email", "new@example.com", "new@example.com"),
        ("full-name", "Zoë", "Zoë"),
        ("notes", "a\nb", "a\nb"),
        ("office", "HQ", "HQ"),
        ("print-stats.job-count", "7", "7"),
        ("print-stats.page-count", "70", "70"),
        ("net-stats.data-mb", "1.5", "1.5"),
        ("net-stats.time-hours", "2.0", "2.0"),
        ("restricted", "true", "TRUE"),
        ("home", '"\\\\server\\ann"', '"\\\\server\\ann"'),
        ("username-alias", "annie", "annie"),
        ("overdraft-amount", "5.25", "5.25"),
        ("dont-hold-jobs-in-release-station", "TRUE", "TRUE"),
        ("dont-apply-printer-filter-rules", "TRUE", "TRUE"),
        ("printer-cost-adjustment-rate-percent", "50", "50.0"),
        ("dont-archive", "TRUE", "TRUE"),
        ("auto-release-jobs", "FALSE", "FALSE"),
        ("delegated-users", "bob_example.com", "bob_example.com"),
        ("delegated-groups", "Acme", "Acme"),
        ("unauthenticated", "FALSE", "FALSE"),
    ],
)
def test_properties_that_are_read_and_written(api, name, value, back):
    """papercut-server-api 1.6: names exactly, values always strings"""
    assert api.setUserProperty("sesame", "ann_example.com", name, value) is True
    assert api.getUserProperty("sesame", "ann_example.com", name) == back


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("internal", "FALSE"),
        ("account-selection.mode", "AUTO_CHARGE_TO_PERSONAL_ACCOUNT"),
        ("account-selection.can-charge-personal", "TRUE"),
        ("account-selection.can-charge-shared-from-list", "FALSE"),
        ("account-selection.can-charge-shared-by-pin", "FALSE"),
        ("other-emails", ""),
        ("auto-shared-account", ""),
        ("default-shared-account", ""),
    ],
)
def test_properties_that_are_only_read(api, name, value):
    """papercut-server-api 1.6"""
    assert api.getUserProperty("sesame", "ann_example.com", name) == value
    assert code_of(api.setUserProperty, "ann_example.com", name, "x") == 261


@pytest.mark.parametrize("name", ["password", "card-pin"])
def test_properties_that_are_only_written(api, name):
    """papercut-server-api 1.6: reading card-pin is refused"""
    assert code_of(api.getUserProperty, "reception", name) == 261
    assert api.setUserProperty("sesame", "reception", name, "1234") is True


@pytest.mark.parametrize("name", ["pin", "card-number", "card-number2", "disabled-net", "Email", "x"])
def test_other_names_are_refused(api, name):
    """papercut-server-api 1.4 and 1.6: 261; old names are gone"""
    assert code_of(api.getUserProperty, "ann_example.com", name) == 261
    assert code_of(api.setUserProperty, "ann_example.com", name, "1") == 261
    assert code_of(api.getUserProperties, "ann_example.com", ["email", name]) == 261


def test_old_card_names_and_a_readable_pin_are_switches(papercut, api):
    """papercut-server-api 1.6"""
    papercut.state.switches.set("old_card_names", True)
    papercut.state.switches.set("readable_pin", True)
    papercut.state.user("bob_example.com").pin = "9999"
    assert api.getUserProperty("sesame", "bob_example.com", "card-number") == "4711"
    assert api.getUserProperty("sesame", "bob_example.com", "card-pin") == "9999"
    assert api.setUserProperty("sesame", "bob_example.com", "card-pin", "8888") is True


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("", "x", 260),
        ("balance", "lots", 275),
        ("balance", "1,5", 275),
        ("balance", "NaN", 275),
        ("overdraft-amount", "-1", 264),
        ("overdraft-amount", "", 264),
        ("printer-cost-adjustment-rate-percent", "-5", 265),
        ("home", "/home/ann", 266),
        ("username-alias", "bob_example.com", 267),
        ("email", "BOB@example.com", 268),
        ("email", "no address", 269),
        ("password", "secret", 270),
        ("card-pin", "12ab", 271),
        ("card-pin", "12", 273),
        ("restricted", "yes", 257),
        ("print-stats.job-count", "-1", 257),
        ("primary-card-number", "4711", 257),
    ],
)
def test_bad_values_have_their_codes(api, name, value, code):
    """papercut-server-api 1.4"""
    assert code_of(api.setUserProperty, "ann_example.com", name, value) == code


def test_a_blank_password_is_refused(api):
    """papercut-server-api 1.4: 258"""
    assert code_of(api.setUserProperty, "reception", "password", "") == 258
    assert code_of(api.addNewInternalUser, "new", "", "", "", "", "") == 258


def test_booleans_are_spelled_as_the_switch_says(papercut, api):
    """papercut-server-api 1.3: upper-case in PaperCut's own sample, lower-case in its texts"""
    assert api.getUserProperties("sesame", "reception", ["internal", "restricted", "dont-archive"]) == [
        "TRUE",
        "FALSE",
        "FALSE",
    ]
    papercut.state.switches.set("boolean_spelling", "lower")
    assert api.getUserProperties("sesame", "reception", ["internal", "restricted"]) == ["true", "false"]


def test_balances_as_text_have_javas_or_fixed_digits(papercut, api):
    """papercut-server-api 1.3: property values are always strings, also for numbers"""
    papercut.state.user("ann_example.com").balance = 0.1 + 0.2
    assert api.getUserProperty("sesame", "ann_example.com", "balance") == "0.30000000000000004"
    papercut.state.switches.set("balance_digits", 2)
    assert api.getUserProperty("sesame", "ann_example.com", "balance") == "0.30"


def test_several_properties_in_one_call_keep_their_order(api):
    """papercut-server-api 1.5: same order"""
    names = ["email", "balance", "full-name"]
    assert api.getUserProperties("sesame", "ann_example.com", names) == ["ann@example.com", "-7.0", "Ann Lee"]
    assert api.setUserProperties("sesame", "ann_example.com", [["office", "A"], ["department", "B"]]) is True
    assert api.getUserProperties("sesame", "ann_example.com", ["office", "department"]) == ["A", "B"]
    assert code_of(api.setUserProperties, "ann_example.com", [["office"]]) == 0


@pytest.mark.parametrize(("atomic", "office"), [(False, "new"), (True, "")])
def test_a_bad_pair_leaves_the_good_ones_before_it_or_not(papercut, api, atomic, office):
    """papercut-server-api 1.5"""
    papercut.state.switches.set("set_properties_atomic", atomic)
    assert code_of(api.setUserProperties, "ann_example.com", [["office", "new"], ["email", "bad"]]) == 269
    assert api.getUserProperty("sesame", "ann_example.com", "office") == office


@pytest.mark.parametrize(("name", "value"), [("email", "bob@example.com"), ("primary-card-number", "4711")])
def test_uniqueness_is_a_switch(papercut, api, name, value):
    """papercut-server-api 1.4: 268 was seen; for cards no code is known"""
    papercut.state.switches.set("unlisted_fault_code", 299)
    assert code_of(api.setUserProperty, "ann_example.com", name, value) == (268 if name == "email" else 299)
    papercut.state.switches.set("unique_email", False)
    papercut.state.switches.set("unique_card", False)
    assert api.setUserProperty("sesame", "ann_example.com", name, value) is True


# -- making, renaming, deleting


def test_internal_users_are_made_with_all_fields_in_order(papercut, api):
    """papercut-server-api 1.5: username, password, fullName, email, cardId, pin, sendEmail?"""
    assert api.addNewInternalUser("sesame", "Guest1", "pw", "Guest One", "g1@example.com", "99", "4321") is True
    guest = papercut.state.user("guest1")
    assert (guest.full_name, guest.email, guest.primary_card, guest.pin) == (
        "Guest One",
        "g1@example.com",
        "99",
        "4321",
    )
    assert guest.internal and guest.password == "pw"
    assert api.addNewInternalUser("sesame", "guest2", "pw", "", "", "", "", False) is True


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("", "pw", "", "", "", ""), 259),
        (("a@b", "pw", "", "", "", ""), 257),
        (("a/b", "pw", "", "", "", ""), 257),
        (("a\\b", "pw", "", "", "", ""), 257),
        (("x" * 51, "pw", "", "", "", ""), 257),
        (("Reception", "pw", "", "", "", ""), 298),
        (("new", "pw", "", "ann@example.com", "", ""), 268),
        (("new", "pw", "", "ann", "", ""), 269),
        (("new", "pw", "", "", "4711", ""), 298),
        (("new", "pw", "", "", "", "abc"), 271),
        (("new", "pw", "", "", "", "1"), 273),
    ],
)
def test_internal_users_that_cannot_be(papercut, api, arguments, code):
    """papercut-server-api 1.4 and 1.8: no `/`, `\\` or `@`, at most 50 characters, the name free"""
    papercut.state.switches.set("unlisted_fault_code", 298)
    assert code_of(api.addNewInternalUser, *arguments) == code
    assert "new" not in papercut.state.users


def test_pin_length_is_a_switch(papercut, api):
    """papercut-server-api 1.4: 273"""
    papercut.state.switches.set("pin_minimum_length", 6)
    assert code_of(api.setUserProperty, "ann_example.com", "card-pin", "12345") == 273


def test_a_rename_keeps_everything(papercut, api):
    """papercut-server-api 1.8: email, card, balance, groups and print history stay attached"""
    papercut.print_job(user="ann_example.com", pages=2)
    before = api.getUserProperties("sesame", "ann_example.com", ["email", "balance", "print-stats.job-count"])
    assert api.renameUserAccount("sesame", "ann_example.com", "Ann.Lee_New.com") is True
    assert api.isUserExists("sesame", "ann_example.com") is False
    assert api.getUserProperties("sesame", "ann.lee_new.com", ["email", "balance", "print-stats.job-count"]) == before
    assert api.getGroupMembers("sesame", "Acme", 0, 9) == ["ann.lee_new.com"]
    assert [job.username for job in papercut.state.jobs] == ["ann.lee_new.com"]
    assert len(papercut.state.transactions_of("ann.lee_new.com")) == 1
    assert api.listUserAccounts("sesame", 0, 1) == ["ann.lee_new.com"]
    assert code_of(api.renameUserAccount, "nobody", "x") == 262
    assert code_of(api.renameUserAccount, "reception", "BOB_example.com") == 257
    assert code_of(api.renameUserAccount, "reception", "") == 259


def test_a_deleted_user_is_off_the_list_and_the_history_stays(papercut, api):
    """papercut-server-api 1.8: soft delete; redaction blanks personal data"""
    papercut.print_job(user="ann_example.com", pages=2)
    assert api.deleteExistingUser("sesame", "ann_example.com") is True
    assert api.isUserExists("sesame", "ann_example.com") is False
    assert api.getGroupMembers("sesame", "Acme", 0, 9) == []
    assert len(papercut.state.jobs) == len(papercut.state.transactions) == 1
    assert papercut.state.deleted["ann_example.com"].full_name == "Ann Lee"
    assert api.deleteExistingUser("sesame", "bob_example.com", True) is True
    assert papercut.state.deleted["bob_example.com"].full_name == ""


def test_reapplied_settings_give_the_credit_of_the_groups_again(papercut, api):
    """papercut-server-api 1.8: on demand only"""
    papercut.state.groups["Acme"].initial_credit = 10.0
    assert api.reapplyInitialUserSettings("sesame", "ann_example.com") is True
    assert api.getUserAccountBalance("sesame", "ann_example.com") == 3.0


# -- looking up


def test_look_ups_answer_blank_for_nobody(papercut, api):
    """papercut-server-api 1.5: s, empty if none"""
    papercut.state.user("ann_example.com").alias = "Annie"
    assert api.lookUpUserNameByEmail("sesame", "ANN@example.com") == "ann_example.com"
    assert api.lookUpUserNameByCardNo("sesame", "4711") == "bob_example.com"
    assert api.lookUpUserNameByIDNo("sesame", "4711") == "bob_example.com"
    assert api.lookUpUserNameBySecondaryUserName("sesame", "annie") == "ann_example.com"
    assert api.lookUpUsersByFullName("sesame", "Ann Lee") == ["ann_example.com"]
    assert api.lookUpUserNameByEmail("sesame", "nobody@example.com") == ""
    assert api.lookUpUsersByFullName("sesame", "Nobody") == []


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("lookUpUserNameByIDNo", 276),
        ("lookUpUserNameBySecondaryUserName", 277),
        ("lookUpUsersByFullName", 278),
        ("lookUpUserNameByEmail", 279),
    ],
)
def test_blank_look_ups_have_their_codes(api, method, code):
    """papercut-server-api 1.4: ID, alias, full name, email blank"""
    assert code_of(getattr(api, method), " ") == code


# -- the rest


def test_group_names_of_a_user_with_or_without_the_built_in_one(papercut, api):
    """papercut-server-api 1.8: `!!All Users!!`"""
    assert api.getUserGroups("sesame", "ann_example.com") == ["!!All Users!!", "Acme"]
    papercut.state.switches.set("user_groups_with_built_in", False)
    assert api.getUserGroups("sesame", "ann_example.com") == ["Acme"]
    assert api.getUserGroups("sesame", "bob_example.com") == []


def test_printing_is_disabled_and_enabled(api):
    """papercut-server-api 1.5: disablePrintingForUser"""
    assert api.disablePrintingForUser("sesame", "ann_example.com", -1) is True
    assert api.getUserProperty("sesame", "ann_example.com", "disabled-print") == "TRUE"
    assert api.disablePrintingForUser("sesame", "ann_example.com", 0) is True
    assert api.getUserProperty("sesame", "ann_example.com", "disabled-print") == "FALSE"


def test_account_selection_is_read_back(papercut, api):
    """papercut-server-api 1.5 and 1.6: account-selection.mode"""

    def mode():
        return api.getUserProperty("sesame", "ann_example.com", "account-selection.mode")

    api.setUserAccountSelectionAutoChargePersonal("sesame", "ann_example.com", True)
    assert mode() == "CHARGE_TO_PERSONAL_ACCOUNT_WITH_CONFIRMATION"
    api.addNewSharedAccount("sesame", "Studio")
    api.setUserAccountSelectionAutoSelectSharedAccount("sesame", "ann_example.com", "Studio", False)
    assert mode() == "AUTO_CHARGE_TO_SHARED"
    assert api.getUserProperty("sesame", "ann_example.com", "auto-shared-account") == "Studio"
    assert code_of(api.setUserAccountSelectionAutoSelectSharedAccount, "ann_example.com", "None", False) == 257
    api.setUserAccountSelectionStandardPopup("sesame", "ann_example.com", True, True, False, False, False, "Studio")
    assert mode() == "SHOW_ACCOUNT_SELECTION_POPUP"
    assert api.getUserProperty("sesame", "ann_example.com", "default-shared-account") == "Studio"
    api.setUserAccountSelectionAdvancedPopup("sesame", "ann_example.com", True, False)
    assert mode() == "SHOW_ADVANCED_ACCOUNT_SELECTION_POPUP"


def test_counts_rights_and_cards(papercut, api):
    """papercut-server-api 1.5"""
    papercut.print_job(user="ann_example.com")
    assert api.resetUserCounts("sesame", "ann_example.com", "admin") is True
    assert api.getUserProperty("sesame", "ann_example.com", "print-stats.job-count") == "0"
    assert api.addAdminAccessUser("sesame", "ann_example.com") is True
    assert papercut.state.user("ann_example.com").admin
    assert api.removeAdminAccessUser("sesame", "ann_example.com") is True
    assert api.addAdminAccessGroup("sesame", "Acme") is True
    assert papercut.state.groups["Acme"].admin
    assert api.removeAdminAccessGroup("sesame", "Acme") is True
    assert not papercut.state.groups["Acme"].admin
    assert api.useCard("sesame", "nobody", "1") == "UNKNOWN_USER"
    assert api.useCard("sesame", "ann_example.com", "1") == "INVALID_CARD_NUMBER"
