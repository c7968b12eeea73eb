"""Groups, quotas, printers, keys and the methods that are not acted out."""

from __future__ import annotations

from xmlrpc.client import Fault

import pytest

from tests.sandbox.papercut.conftest import code_of

# -- groups


def test_the_group_list_shows_the_built_in_groups_by_their_api_names(papercut, api):
    """papercut-server-api 1.8: `!!All Users!!` and `!!Internal Users!!`"""
    assert api.listUserGroups("sesame", 0, 9) == ["!!All Users!!", "!!Internal Users!!", "Acme"]
    assert api.isGroupExists("sesame", "!!All Users!!") is True
    assert api.isGroupExists("sesame", "acme") is False
    assert api.getGroupMembers("sesame", "!!Internal Users!!", 0, 9) == ["reception"]
    assert api.getGroupMembers("sesame", "!!All Users!!", 1, 1) == ["bob_example.com"]
    del papercut.state.users["reception"]
    assert api.listUserGroups("sesame", 0, 9) == ["!!All Users!!", "Acme"]


def test_a_removed_group_is_gone(api):
    """papercut-server-api 1.4: 263 and 280"""
    assert api.removeGroup("sesame", "Acme") is True
    assert api.isGroupExists("sesame", "Acme") is False
    assert code_of(api.removeGroup, "Acme") == 263
    assert code_of(api.getGroupMembers, "Acme", 0, 1) == 263
    assert code_of(api.getGroupMembers, "", 0, 1) == 280
    assert code_of(api.addUserToGroup, "ann_example.com", "Acme") == 263


def test_quotas_are_read_as_a_struct(api, post):
    """papercut-server-api 1.3: QuotaAmount, QuotaPeriod, QuotaMaxAccumulation"""
    assert api.getGroupQuota("sesame", "Acme") == {
        "QuotaAmount": 0.0,
        "QuotaPeriod": "NONE",
        "QuotaMaxAccumulation": 0.0,
    }
    assert api.setGroupQuota("sesame", "Acme", 30.0, "MONTHLY", 45.0) is True
    assert list(api.getGroupQuota("sesame", "Acme").values()) == [30.0, "MONTHLY", 45.0]


def test_an_unknown_period_is_told_in_these_words(api):
    """papercut-server-api 1.4: code 295, seen on a real server"""
    with pytest.raises(Fault) as refused:
        api.setGroupQuota("sesame", "Acme", 30.0, "never", 0.0)
    assert refused.value.faultCode == 295
    assert refused.value.faultString == (
        "java.lang.Exception: The supplied schedule period 'never' is invalid or unsupported."
    )
    assert code_of(api.setGroupQuota, "Acme", -1.0, "DAILY", 0.0) == 257
    assert code_of(api.setGroupQuota, "Acme", 1, "DAILY", 0.0) == 0


# -- printers


def test_the_printer_list_starts_with_the_template(api):
    """papercut-server-api 1.5: `server\\printer`, and a row `!!template printer!!`"""
    assert api.listPrinters("sesame", 0, 9) == ["!!template printer!!", "print01\\Colour"]
    assert api.listPrinters("sesame", 1, 1) == ["print01\\Colour"]


def test_printers_have_their_faults(api):
    """papercut-server-api 1.4: 281 to 285"""
    assert code_of(api.getPrinterCostSimple, "", "Colour") == 281
    assert code_of(api.getPrinterCostSimple, "print01", "") == 282
    assert code_of(api.getPrinterCostSimple, "print01", "Mono") == 283
    assert code_of(api.getPrinterCostSimple, "print02", "Colour") == 284
    assert code_of(api.deletePrinter, "print02", "[All Printers]") == 284
    assert code_of(api.setPrinterProperty, "print01", "Colour", "cost-model", "FREE") == 285
    assert code_of(api.getPrinterProperty, "print01", "Colour", "colour") == 261
    assert code_of(api.setPrinterProperty, "print01", "Colour", "printer-id", "1") == 261
    assert code_of(api.setPrinterCostSimple, "print01", "Colour", -0.5) == 257
    assert code_of(api.setPrinterCostSimple, "print01", "Colour", 1) == 0


def test_prices_and_properties(papercut, api):
    """papercut-server-api 1.5 and 1.7; setPrinterProperties answers a boolean"""
    assert api.getPrinterCostSimple("sesame", "print01", "Colour") == 0.1
    assert api.setPrinterCostSimple("sesame", "print01", "Colour", 0.2) is True
    assert api.getPrinterCostSimple("sesame", "print01", "Colour") == 0.2
    names = ["cost-model", "disabled", "custom-field-1", "print-stats.job-count", "print-stats.page-count"]
    assert api.getPrinterProperties("sesame", "print01", "Colour", names) == ["SIMPLE", "FALSE", "", "0", "0"]
    assert api.setPrinterProperty("sesame", "print01", "Colour", "custom-field-1", "2nd floor") is True
    assert api.setPrinterProperties("sesame", "print01", "Colour", [["disabled", "TRUE"]]) is True
    assert api.setPrinterProperty("sesame", "print01", "Colour", "advanced-config.x", "Y") is True
    assert api.getPrinterProperty("sesame", "print01", "Colour", "advanced-config.x") == "Y"
    assert api.getPrinterProperty("sesame", "print01", "Colour", "printer-id").isdecimal()
    assert api.resetPrinterCounts("sesame", "print01", "Colour", "admin") is True


def test_the_template_gives_new_queues_their_price_and_flag(papercut, api):
    """papercut-print-scripts 3.1: settings on [Template Printer] apply to queues created later"""
    assert api.setPrinterCostSimple("sesame", "", "[Template Printer]", 0.07) is True
    assert api.getPrinterCostSimple("sesame", "!!template printer!!", "!!template printer!!") == 0.07
    papercut.state.template_printer.unauthenticated = True
    later = papercut.state.add_printer("print01", "Later")
    assert (later.page_cost, later.unauthenticated) == (0.07, True)
    assert papercut.state.printers[("print01", "Colour")].page_cost == 0.1


def test_the_unauthenticated_flag_shows_where_a_name_is_given_for_it(papercut, api):
    """papercut-server-api 1.7: no property name is known"""
    papercut.state.printers[("print01", "Colour")].unauthenticated = True
    assert code_of(api.getPrinterProperty, "print01", "Colour", "unauthenticated") == 261
    papercut.state.switches.set("unauthenticated_property", "unauthenticated")
    assert api.getPrinterProperty("sesame", "print01", "Colour", "unauthenticated") == "TRUE"


def test_printers_are_renamed_disabled_grouped_and_deleted(papercut, api):
    """papercut-server-api 1.5"""
    assert api.renamePrinter("sesame", "print01", "Colour", "print02", "Color") is True
    assert api.listPrinters("sesame", 1, 9) == ["print02\\Color"]
    assert api.disablePrinter("sesame", "print02", "Color", -1) is True
    assert api.getPrinterProperty("sesame", "print02", "Color", "disabled") == "TRUE"
    assert api.enablePrinter("sesame", "print02", "Color") is True
    assert api.addPrinterGroup("sesame", "print02", "Color", "Floor 2") is True
    assert api.setPrinterGroups("sesame", "print02", "Color", "A, B") is True
    assert papercut.state.printers[("print02", "Color")].groups == ["A", "B"]
    assert api.addPrinterAccessGroup("sesame", "print02", "Color", "Acme") is True
    assert api.removePrinterAccessGroup("sesame", "print02", "Color", "Acme") is True
    papercut.state.add_printer("print02", "Other")
    assert code_of(api.renamePrinter, "print02", "Other", "print02", "Color") == 257
    assert api.deletePrinter("sesame", "print02", "Other") is True
    assert api.deletePrinter("sesame", "print02", "[All Printers]") is True
    assert api.listPrinters("sesame", 1, 9) == []


# -- keys and the rest


def test_an_unknown_key_reads_blank(api):
    """papercut-server-api 1.8: blank if the key does not exist, which makes a wrong guess look like an unset key"""
    assert api.getConfigValue("sesame", "user.default-overdraft") == ""
    assert api.setConfigValue("sesame", "my.key", "value") is True
    assert api.getConfigValue("sesame", "my.key") == "value"
    assert api.getConfigValue("sesame", "auth.webservices.auth-token") == "sesame"
    assert code_of(api.setConfigValue, "", "x") == 257


def test_the_admin_password_can_be_changed(papercut, api):
    """papercut-server-api 1.5"""
    assert api.changeInternalAdminPassword("sesame", "new") is True
    assert papercut.state.settings.admin_password == "new"
    assert code_of(api.changeInternalAdminPassword, "") == 258


@pytest.mark.parametrize("method", ["runCommand", "generateAdHocReport", "batchImportUsers", "installLicense"])
def test_what_is_not_acted_out_says_so(api, method):
    """papercut-server-api 1.5: the names are known, the effects are not simulated"""
    with pytest.raises(Fault, match=f"{method} is not simulated by this stand-in"):
        getattr(api, method)("sesame")
    with pytest.raises(Fault, match="token"):
        getattr(api, method)("wrong")
