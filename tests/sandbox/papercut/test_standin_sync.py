"""The native sync: which program is started how, and what its answers do to users and groups."""

from __future__ import annotations

import os
import stat
import sys
from xmlrpc.client import Fault

import pytest

from relay.sandbox.papercut import PaperCutStandIn, security, sync
from tests.sandbox.papercut.conftest import code_of
from tests.support.fake_programs import user_source

LONG = "user-source.update-user-details-card-id"
FOLDERS = "security.custom-executable.allowed-directory-list"


@pytest.fixture
def source(papercut, tmp_path):
    program = user_source(tmp_path / "programs")
    papercut.use_programs(user_source=program.path)
    return program


def answer_everybody(source, **extra):
    source.answers(
        {
            "all-users": "ann_example.com\tAnn Lee\tann@example.com\tAcme\tSofia\n"
            "BOB_example.com\tBob Ray\tbob@example.com\n"
            "zoe_example.com\tZoë Ört\tzoe@example.com\tSalt & Pepper\tSofia\n",
            "group-member-names Acme": "zoe_example.com\nann_example.com\n",
            **extra,
        }
    )


def run(papercut, api, method="performUserAndGroupSyncAdvanced", arguments=(False, True)):
    assert getattr(api, method)("sesame", *arguments) is True
    papercut.tasks.join()
    return api.getTaskStatus()


# -- order, arguments, environment


def test_a_full_sync_asks_for_all_users_and_then_for_every_listed_group(papercut, api, source):
    """papercut-server-api 3.2: all-users, then group-member-names per listed group; the first argument is `-`"""
    papercut.state.add_group("Zeta")
    answer_everybody(source, **{"group-member-names Zeta": "bob_example.com\n"})
    assert run(papercut, api)["completed"] is True
    assert source.commands() == ["all-users", "group-member-names Acme", "group-member-names Zeta"]
    assert all(entry["argv"][0] == "-" for entry in source.asked())
    assert api.listUserAccounts("sesame", 0, 9) == [
        "ann_example.com",
        "bob_example.com",
        "reception",
        "zoe_example.com",
    ]
    assert api.getGroupMembers("sesame", "Acme", 0, 9) == ["ann_example.com", "zoe_example.com"]
    assert api.getUserProperty("sesame", "zoe_example.com", "full-name") == "Zoë Ört"
    assert api.getUserProperty("sesame", "zoe_example.com", "internal") == "FALSE"


def test_the_other_group_call_is_a_switch(papercut, api, source):
    """papercut-server-api 3.2.2: group-members, whose records may be bare usernames"""
    papercut.state.switches.set("group_call", "group-members")
    answer_everybody(source, **{"group-members Acme": "zoe_example.com\tZoë\tzoe@example.com\nbob_example.com\n"})
    run(papercut, api)
    assert source.commands() == ["all-users", "group-members Acme"]
    assert api.getGroupMembers("sesame", "Acme", 0, 9) == ["bob_example.com", "zoe_example.com"]


def test_get_prefixed_commands_are_a_switch(papercut, api, source):
    """papercut-server-api 3.2: commands with and without `get-`"""
    papercut.state.switches.set("command_spelling", "get_prefix")
    source.answers({"get-all-users": "ann_example.com\n", "get-group-member-names Acme": ""})
    run(papercut, api)
    assert source.commands() == ["get-all-users", "get-group-member-names Acme"]


def test_chosen_groups_are_imported_by_their_members(papercut, api, source):
    """papercut-server-api 3.2: group-members when the admin has limited the import"""
    papercut.state.settings.import_groups = ("Acme",)
    answer_everybody(source, **{"group-members Acme": "zoe_example.com\tZoë\n"})
    run(papercut, api)
    assert source.commands() == ["group-members Acme", "group-member-names Acme"]


def test_the_user_source_is_given_no_environment(papercut, api, source, monkeypatch):
    """papercut-server-api 3.1: `user-source.env-vars` is not known to exist"""
    monkeypatch.setenv("OFFICERND_HOME", "/somewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    papercut.state.config["auth.source.env-vars"] = "OFFICERND_HOME=/there"
    answer_everybody(source)
    run(papercut, api)
    environment = set(source.asked()[0]["environment"])
    assert not environment & {"OFFICERND_HOME", "PYTHONPATH", "HOME", "LANG", "LC_ALL"} - {"LC_CTYPE"}


@pytest.mark.skipif(os.name == "nt", reason="a script needs an interpreter there")
def test_anything_but_a_py_file_is_started_directly(papercut, api, tmp_path):
    """papercut-server-api 3.1: the executables' names"""
    program = user_source(tmp_path / "programs")
    executable = program.folder / "user_source"
    executable.write_text(f"#!{sys.executable} -Es\n" + program.path.read_text(), encoding="utf-8")
    papercut.use_programs(user_source=executable)
    answer_everybody(program)
    assert "Permission denied" in run(papercut, api)["message"]
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    run(papercut, api)
    assert "zoe_example.com" in papercut.state.users


# -- security.properties


def test_programs_outside_the_listed_folders_are_not_started(papercut, api, source, tmp_path):
    """papercut-print-scripts 4: allowed-directory-list, `;`-separated; subfolders are a switch"""
    answer_everybody(source)
    state = papercut.state
    for listed in ("", str(tmp_path), str(source.folder) + "x", "programs"):
        state.security[FOLDERS] = listed
        assert FOLDERS in run(papercut, api)["message"]
    assert source.asked() == []
    state.security[FOLDERS] = f"/nowhere;{source.folder}"
    assert "completed" in run(papercut, api)["message"]
    state.security[FOLDERS] = str(tmp_path)
    state.switches.set("allow_list_covers_subfolders", True)
    assert "completed" in run(papercut, api)["message"]
    state.security[FOLDERS] = f"/nowhere,{source.folder}"
    state.switches.set("allow_list_covers_subfolders", False)
    state.switches.set("allow_list_separator", ",")
    assert "completed" in run(papercut, api)["message"]
    state.security[FOLDERS] = ""
    state.switches.set("allow_list_enforced", False)
    assert "completed" in run(papercut, api)["message"]


@pytest.mark.parametrize(
    ("switch", "takes_path", "takes_name"),
    [("path_or_name", True, True), ("name_only", False, True), ("path_only", True, False)],
)
def test_programs_by_path_or_by_name(papercut, api, source, switch, takes_path, takes_name):
    """corrections, custom programs: the newest manual has a name typed in, one older site used full paths"""
    answer_everybody(source)
    state = papercut.state
    state.switches.set("custom_program", switch)
    for value, taken in ((str(source.path), takes_path), (source.path.name, takes_name)):
        state.config["user-source.custom-program"] = value
        assert ("completed" in run(papercut, api)["message"]) == taken, value
    papercut.use_programs(user_source=source.path)
    assert "completed" in run(papercut, api)["message"]


def test_a_path_out_of_the_listed_folder_is_seen_through(papercut, api, source, tmp_path):
    """papercut-print-scripts 4"""
    (tmp_path / "other").mkdir()
    papercut.state.security[FOLDERS] = str(tmp_path / "other")
    papercut.state.config["user-source.custom-program"] = f"{tmp_path}/other/../programs/user_source.py"
    assert FOLDERS in run(papercut, api)["message"]


def test_a_bare_name_is_searched_in_the_listed_folders(papercut, api, source):
    """papercut-server-api 3.1: PaperCut searches the listed folders for them"""
    answer_everybody(source)
    papercut.state.config["user-source.custom-program"] = "user_source.py"
    assert "completed" in run(papercut, api)["message"]


def test_security_properties_is_read_at_start_only(papercut, source, tmp_path):
    """papercut-print-scripts 4: application-server restart needed"""
    path = security.path_in(papercut.state.data_dir)
    assert str(source.folder) in path.read_text(encoding="utf-8")
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(str(source.folder), "C:\\\\Program Files\\\\PaperCut MF"), encoding="utf-8")
    assert papercut.state.security[FOLDERS] == str(source.folder)
    papercut.stop()
    papercut.start()
    assert papercut.state.security[FOLDERS] == "C:\\Program Files\\PaperCut MF"
    assert "# Directories from which" in path.read_text(encoding="utf-8")


# -- failures


@pytest.mark.parametrize(
    ("configured", "message"), [("", "no custom program is configured"), ("missing.py", "missing.py")]
)
def test_no_program_is_a_failed_sync(papercut, api, source, configured, message):
    """papercut-server-api 3.5: on any error nothing changes"""
    papercut.state.config["user-source.custom-program"] = configured and str(source.folder / configured)
    status = run(papercut, api)
    assert status["completed"] is True
    assert message in status["message"]
    assert papercut.tasks.failed()
    assert len(papercut.state.users) == 3


def test_a_non_zero_exit_is_a_failed_sync_with_the_programs_words(papercut, api, source):
    """papercut-server-api 3.2: else error text on stderr and non-zero"""
    status = run(papercut, api)
    assert status["message"].splitlines()[-1] == (
        "Synchronization failed: all-users ended with exit code 1: not known: all-users"
    )
    assert "Synchronization failed" in (papercut.state.data_dir / "server/logs/server.log").read_text(encoding="utf-8")
    assert len(papercut.state.users) == 3
    papercut.state.switches.set("failed_task_completed", False)
    run(papercut, api)
    assert api.getTaskStatus()["completed"] is False


def test_an_empty_answer_is_a_failed_sync(papercut, api, source):
    """papercut-server-api 3.5: nobody was deleted"""
    source.answers({"all-users": "\n", "group-member-names Acme": ""})
    assert "no users" in run(papercut, api, "performUserAndGroupSyncAdvanced", (True, True))["message"]
    assert len(papercut.state.users) == 3
    papercut.state.switches.set("empty_answer_fails", False)
    run(papercut, api, "performUserAndGroupSyncAdvanced", (True, True))
    assert list(papercut.state.users) == ["reception"]


def test_a_program_that_hangs_is_ended(papercut, api, tmp_path):
    """papercut-server-api 8.3: time-out unknown"""
    program = user_source(tmp_path / "slow")
    program.path.write_text("import sys, time\nsys.stdout.write('ann_example.com')\ntime.sleep(60)\n", encoding="utf-8")
    papercut.use_programs(user_source=program.path)
    papercut.state.switches.set("user_source_timeout_s", 0.2)
    assert "did not answer within 0.2 s" in run(papercut, api)["message"]


def test_an_unknown_group_is_left_as_it_is_and_an_empty_answer_empties_it(papercut, api, source):
    """papercut-server-api 3.5"""
    papercut.state.add_group("Gone", ["bob_example.com"])
    answer_everybody(source, **{"group-member-names Acme": ""})
    assert 'Group "Gone" was left as it is' in run(papercut, api)["message"]
    assert api.getGroupMembers("sesame", "Gone", 0, 9) == ["bob_example.com"]
    assert api.getGroupMembers("sesame", "Acme", 0, 9) == []


# -- who is deleted


def test_the_plain_sync_deletes_the_missing_where_the_setting_is_on(papercut, api, source):
    """papercut-server-api 1.8: performUserAndGroupSync uses the admin's settings, "delete" included"""
    source.answers({"all-users": "ann_example.com\tAnn\n", "group-member-names Acme": "ann_example.com\n"})
    run(papercut, api, "performUserAndGroupSync", ())
    assert "bob_example.com" in papercut.state.users
    papercut.state.settings.delete_missing_users = True
    run(papercut, api, "performUserAndGroupSync", ())
    assert sorted(papercut.state.users) == ["ann_example.com", "reception"]


def test_the_advanced_sync_overrides_both_settings(papercut, api, source):
    """papercut-server-api 1.8: ...Advanced(delete, update) overrides both"""
    papercut.state.settings.delete_missing_users = True
    source.answers({"all-users": "ann_example.com\tAnn New\n", "group-member-names Acme": ""})
    run(papercut, api, "performUserAndGroupSyncAdvanced", (False, False))
    assert "bob_example.com" in papercut.state.users
    assert papercut.state.user("ann_example.com").full_name == "Ann Lee"
    run(papercut, api, "performUserAndGroupSyncAdvanced", (True, True))
    assert sorted(papercut.state.users) == ["ann_example.com", "reception"]
    assert papercut.state.user("ann_example.com").full_name == "Ann New"


def test_the_nightly_sync_never_deletes(papercut, source, clock):
    """papercut-server-api 3.5: delete acts only on Synchronize Now"""
    papercut.state.settings.delete_missing_users = True
    source.answers({"all-users": "ann_example.com\tAnn\nnew_example.com\tNew\n", "group-member-names Acme": ""})
    papercut.nightly_sync()
    assert sorted(papercut.state.users) == ["ann_example.com", "bob_example.com", "new_example.com", "reception"]
    since = clock.now()
    papercut.state.switches.set("nightly_sync_at", "02:30")
    clock.move(days=1)
    assert papercut.run_due(since) == ["DAILY 2026-11-24", "sync 2026-11-24"]


# -- records


def test_short_records_touch_no_card_and_long_ones_do(papercut, api, source):
    """papercut-server-api 3.1 and 3.3: `user-source.update-user-details-card-id`; field order"""
    record = "bob_example.com\tBob\tbob@example.com\tD\tO\t1111\tb@x.org\t2222\tbobby\t\\\\srv\\bob\t9876\n"
    source.answers({"all-users": record, "group-member-names Acme": ""})
    run(papercut, api)
    bob = papercut.state.user("bob_example.com")
    assert (bob.full_name, bob.email, bob.department, bob.office) == ("Bob", "bob@example.com", "D", "O")
    assert (bob.primary_card, bob.alias) == ("4711", "")
    api.setConfigValue("sesame", LONG, "Y")
    run(papercut, api)
    assert (bob.primary_card, bob.other_emails, bob.secondary_card, bob.alias) == ("1111", "b@x.org", "2222", "bobby")
    assert (bob.home, bob.pin) == ("\\\\srv\\bob", "9876")


def test_blank_fields_wipe_or_keep_by_switch(papercut, api, source):
    """papercut-server-api 3.3 and 8.5: an empty card field is an invitation to blank the card"""
    api.setConfigValue("sesame", LONG, "Y")
    switches = papercut.state.switches
    bob = papercut.state.user("bob_example.com")
    bob.department = "Sales"
    source.answers({"all-users": "bob_example.com\tBob\t\t\t\t\t\t\t\t\n", "group-member-names Acme": ""})
    switches.set("blank_details_wipe", False)
    switches.set("blank_cards_wipe", False)
    run(papercut, api)
    assert (bob.email, bob.department, bob.primary_card) == ("bob@example.com", "Sales", "4711")
    switches.set("blank_cards_wipe", True)
    run(papercut, api)
    assert (bob.email, bob.department, bob.primary_card) == ("bob@example.com", "Sales", "")
    switches.set("blank_details_wipe", True)
    run(papercut, api)
    assert (bob.full_name, bob.email, bob.department) == ("Bob", "", "")


def test_missing_fields_keep_what_is_there_unless_switched(papercut, api, source):
    """papercut-server-api 3.3: missing trailing fields are legal"""
    api.setConfigValue("sesame", LONG, "Y")
    source.answers({"all-users": "bob_example.com\tBobby\n", "group-member-names Acme": ""})
    run(papercut, api)
    bob = papercut.state.user("bob_example.com")
    assert (bob.full_name, bob.email, bob.primary_card) == ("Bobby", "bob@example.com", "4711")
    papercut.state.switches.set("missing_fields_wipe", True)
    run(papercut, api)
    assert (bob.full_name, bob.email, bob.primary_card) == ("Bobby", "", "")


def test_unusable_usernames_are_skipped(papercut, api, source):
    """papercut-server-api 1.8: at most 50 characters"""
    source.answers({"all-users": f"{'x' * 51}\tLong\n\tNobody\n{'y' * 50}\tFits\n", "group-member-names Acme": ""})
    run(papercut, api)
    assert "y" * 50 in papercut.state.users
    assert len(papercut.state.users) == 4


def test_windows_line_ends_are_understood(papercut, api, source):
    """papercut-server-api 3.3: a line ended by newline"""
    source.answers(
        {"all-users": "cy_example.com\tCy\tcy@example.com\r\n", "group-member-names Acme": "cy_example.com\r\n"}
    )
    run(papercut, api)
    assert papercut.state.user("cy_example.com").email == "cy@example.com"
    assert papercut.state.groups_of("cy_example.com") == ["Acme"]


def test_a_source_user_leaves_an_internal_user_alone_or_takes_it_over(papercut, api, source):
    """papercut-server-api 3.5 and 8.8: internal user with the same name"""
    source.answers({"all-users": "reception\tSomebody\tx@example.com\n", "group-member-names Acme": ""})
    assert "internal" in run(papercut, api)["message"]
    desk = papercut.state.user("reception")
    assert (desk.internal, desk.email) == (True, "desk@example.com")
    papercut.state.switches.set("source_meets_internal", "convert")
    run(papercut, api)
    assert (desk.internal, desk.email) == (False, "x@example.com")


# -- new users


def test_a_new_user_gets_the_credit_of_its_groups(papercut, api, source):
    """papercut-server-api 1.8: sum over the matching groups, All Users ignored if others match"""
    state = papercut.state
    state.groups["Acme"].initial_credit = 5.0
    state.add_group("Beta", initial_credit=2.5)
    state.all_users.initial_credit = 1.0
    answer_everybody(
        source, **{"all-users": "zoe_example.com\nliz_example.com\n", "group-member-names Beta": "zoe_example.com\n"}
    )
    run(papercut, api)
    assert state.user("zoe_example.com").balance == 7.5
    assert state.user("liz_example.com").balance == 1.0
    assert [entry.kind for entry in state.transactions_of("zoe_example.com")] == ["INITIAL"]
    assert state.user("ann_example.com").balance == -7.0


@pytest.mark.parametrize(("switch", "restricted"), [("unrestricted_wins", False), ("restricted_wins", True)])
def test_groups_that_disagree_about_restriction(papercut, api, source, switch, restricted):
    """papercut-server-api 1.8: the manual and an article disagree"""
    state = papercut.state
    state.switches.set("initial_restriction", switch)
    state.groups["Acme"].restricted = True
    state.add_group("Beta", restricted=False)
    answer_everybody(source, **{"group-member-names Beta": "zoe_example.com\n"})
    run(papercut, api)
    assert state.user("zoe_example.com").restricted is restricted


def test_add_new_user_asks_the_source_and_its_groups(papercut, api, source):
    """papercut-server-api 1.8 and 3.2: get-user-details with the name on stdin, then is-user-in-group"""
    papercut.state.add_group("Beta")
    answer_everybody(
        source,
        **{
            "get-user-details zoe_example.com": "zoe_example.com\tZoë\tzoe@example.com\n",
            "is-user-in-group Acme zoe_example.com": "Y\n",
            "is-user-in-group Beta zoe_example.com": "N\n",
        },
    )
    assert api.addNewUser("sesame", "zoe_example.com") is True
    assert source.commands() == [
        "get-user-details zoe_example.com",
        "is-user-in-group Acme zoe_example.com",
        "is-user-in-group Beta zoe_example.com",
    ]
    assert api.getGroupMembers("sesame", "Acme", 0, 9) == ["ann_example.com", "zoe_example.com"]
    assert papercut.state.user("zoe_example.com").internal is False
    assert code_of(api.addNewUser, "nobody") == 262


def test_add_new_user_in_its_other_ways(papercut, api, source):
    """papercut-server-api 3.2.1, 3.2: argument order, name as argument, membership only at the next sync"""
    switches = papercut.state.switches
    switches.set("is_user_in_group_order", "user_group")
    switches.set("details_input", "argument")
    switches.set("joins_groups_on_demand", False)
    papercut.state.groups["Acme"].initial_credit = 3.0
    source.answers({"get-user-details Zoe": "zoe\tZoë\n", "is-user-in-group zoe Acme": "Y\n"})
    assert api.addNewUser("sesame", "Zoe") is True
    assert source.asked()[0]["argv"] == ["-", "get-user-details", "Zoe"]
    assert papercut.state.user("zoe").balance == 3.0
    assert papercut.state.groups_of("zoe") == []


def test_add_new_user_for_a_name_that_is_there(papercut, api, source):
    """papercut-server-api 8.1: duplicate user"""
    assert api.addNewUser("sesame", "ANN_example.com") is True
    assert source.asked() == []
    papercut.state.switches.set("add_existing_user", "fault")
    with pytest.raises(Fault, match="already exists"):
        api.addNewUser("sesame", "ann_example.com")
    assert code_of(api.addNewUser, " ") == 259


def test_add_new_users_touches_no_existing_one_and_syncs_groups_only_if_it_added(papercut, api, source):
    """papercut-server-api 1.8"""
    answer_everybody(source)
    papercut.state.user("ann_example.com").full_name = "Ann by hand"
    run(papercut, api, "addNewUsers", ())
    assert papercut.state.user("ann_example.com").full_name == "Ann by hand"
    assert source.commands() == ["all-users", "group-member-names Acme"]
    run(papercut, api, "addNewUsers", ())
    assert source.commands()[2:] == ["all-users"]


def test_deleted_and_created_again_is_a_new_user(papercut, api, source):
    """papercut-server-api 1.8 and 8.6: new-user rules, not the old balance"""
    answer_everybody(source)
    api.deleteExistingUser("sesame", "ann_example.com")
    run(papercut, api)
    assert papercut.state.user("ann_example.com").balance == 0.0
    papercut.state.user("ann_example.com").balance = -2.0
    papercut.state.switches.set("recreate_revives", True)
    api.deleteExistingUser("sesame", "ann_example.com")
    run(papercut, api)
    assert papercut.state.user("ann_example.com").balance == -2.0


# -- groups one by one, and the task slot


def test_add_new_group_is_a_background_task_that_reads_the_members(papercut, api, source):
    """papercut-server-api 1.5 and 1.8"""
    answer_everybody(source, **{"group-member-names Salt & Pepper": "bob_example.com\n"})
    assert api.addNewGroup("sesame", "Salt & Pepper") is True
    papercut.tasks.join()
    assert api.getTaskStatus() == {"completed": True, "message": 'Group "Salt & Pepper" added.'}
    assert api.getGroupMembers("sesame", "Salt & Pepper", 0, 9) == ["bob_example.com"]
    assert code_of(api.addNewGroup, "") == 280


def test_add_new_group_for_a_group_that_the_source_does_not_know(papercut, api, source):
    """papercut-server-api 1.5: the caller must make sure the directory has it"""
    api.addNewGroup("sesame", "Nowhere")
    papercut.tasks.join()
    assert "could not be added" in api.getTaskStatus()["message"]
    assert api.isGroupExists("sesame", "Nowhere") is False
    papercut.state.switches.set("add_unknown_group", "empty_group")
    api.addNewGroup("sesame", "Nowhere")
    papercut.tasks.join()
    assert api.isGroupExists("sesame", "Nowhere") is True


def test_there_is_one_task_slot_and_a_group_holds_it(papercut, api, source, clock):
    """papercut-server-api 1.8: one slot only; addNewGroup holds it for a settable time"""
    papercut.state.switches.set("add_group_task_s", 3.0)
    papercut.state.switches.set("sync_task_s", 1.0)
    answer_everybody(source, **{"group-member-names Beta": ""})
    api.addNewGroup("sesame", "Beta")
    papercut.tasks.join()
    assert api.getTaskStatus()["completed"] is False
    with pytest.raises(Fault, match="background task"):
        api.addNewGroup("sesame", "Gamma")
    for method in ("performUserAndGroupSync", "performGroupSync", "addNewUsers"):
        with pytest.raises(Fault, match="background task"):
            getattr(api, method)("sesame")
    clock.move(seconds=3)
    assert api.getTaskStatus()["completed"] is True
    api.performGroupSync("sesame")
    papercut.tasks.join()
    assert api.getTaskStatus()["completed"] is False
    clock.move(seconds=1)
    assert api.getTaskStatus() == {"completed": True, "message": "Group synchronization completed."}


def test_a_busy_slot_may_take_the_next_task_by_switch(papercut, api, source):
    """papercut-server-api 1.8: two tasks cannot be told apart"""
    papercut.state.switches.set("busy_task", "replace")
    papercut.state.switches.set("add_group_task_s", 60.0)
    answer_everybody(source, **{"group-member-names Beta": "", "group-member-names Gamma": ""})
    api.addNewGroup("sesame", "Beta")
    api.addNewGroup("sesame", "Gamma")
    papercut.tasks.join()
    assert {"Beta", "Gamma"} <= set(papercut.state.groups)


def test_messages_may_be_blank(papercut, api, source):
    """papercut-server-api 1.8: text of messages unknown"""
    papercut.state.switches.set("task_message", "blank")
    answer_everybody(source)
    assert run(papercut, api) == {"completed": True, "message": ""}


def test_sync_group_reads_one_group_and_faults_on_failure(papercut, api, source):
    """papercut-server-api 1.5: syncGroup answers a boolean, faults on failure"""
    answer_everybody(source)
    papercut.state.add_group("Gone")
    papercut.state.add_user("zoe_example.com")
    assert api.syncGroup("sesame", "Acme") is True
    assert source.commands() == ["group-member-names Acme"]
    assert api.getGroupMembers("sesame", "Acme", 0, 9) == ["ann_example.com", "zoe_example.com"]
    assert code_of(api.syncGroup, "Gone") == 257
    assert code_of(api.syncGroup, "Never listed") == 263


def test_membership_by_api_lasts_until_the_next_sync(papercut, api, source):
    """papercut-server-api 1.8: sync mirrors the source"""
    answer_everybody(source, **{"group-member-names Acme": "ann_example.com\n"})
    assert api.addUserToGroup("sesame", "bob_example.com", "Acme") is True
    assert api.removeUserFromGroup("sesame", "ann_example.com", "Acme") is True
    assert api.getGroupMembers("sesame", "Acme", 0, 9) == ["bob_example.com"]
    api.performGroupSync("sesame")
    papercut.tasks.join()
    assert api.getGroupMembers("sesame", "Acme", 0, 9) == ["ann_example.com"]
    papercut.state.switches.set("membership_by_api", "refuse")
    with pytest.raises(Fault, match="directory"):
        api.addUserToGroup("sesame", "bob_example.com", "Acme")


def test_a_stand_in_that_stops_waits_for_its_task(tmp_path, clock):
    """papercut-server-api 1.8: tasks run in the background"""
    program = user_source(tmp_path / "programs")
    answer_everybody(program)
    with PaperCutStandIn(data_dir=tmp_path / "mf", token="sesame", clock=clock) as server:
        server.use_programs(user_source=program.path)
        server.state.add_group("Acme")
        server.tasks.start("sync", lambda report: sync.full_sync(server.state, delete=False, update=True))
    assert len(server.state.users) == 3
