"""What is asked of PaperCut and of its files on this machine, in the order of asking.

What ends our own account comes last."""

from __future__ import annotations

import re
import secrets
from functools import partial
from typing import Any

from relay.papercut import keys
from relay.papercut.wire import JAVA_PREFIX
from relay.probe import files
from relay.probe.model import Asked, ProbeQuestion, asks, not_asked
from relay.probe.papercut_calls import NIL, NOBODY, OWN_ACCOUNT
from relay.probe.record import without_names
from relay.probe.unanswered import Unanswered

_ENCODING = re.compile(rb"^<\?xml[^>]*encoding=[\"']([\w-]+)[\"']")
_LONGEST_PIN = 12
RECOMMENDED_PAGE = 1000  # a cap, if there is one, is not below what PaperCut itself recommends
OWN = "on an account of our own, with --write: "
LOG = "by our user source's own log"

QUESTIONS: list[ProbeQuestion] = []
_asks = partial(asks, QUESTIONS, "papercut")
_not_asked = partial(not_asked, "papercut")


def _wrong_token(asked: Asked) -> tuple[int, str]:
    return asked.papercut("getTotalUsers", token=secrets.token_urlsafe(12)).must_not()


def _has(asked: Asked, key: str) -> bool:
    """Return whether PaperCut answers a property of some user at all; the value is not looked at."""
    return asked.papercut("getUserProperty", asked.papercut.some_user, key).fault is None


@_asks("Which fault code has a wrong token?", "a call with a made-up token")
def wrong_token_code(asked: Asked) -> int:
    return _wrong_token(asked)[0]


@_asks("What does the fault of a wrong token say?", "a call with a made-up token")
def wrong_token_text(asked: Asked) -> str:
    return without_names(JAVA_PREFIX.sub("", _wrong_token(asked)[1]))


@_asks("Do fault texts begin with a Java class?", "a property of an account that is not there")
def fault_class_prefix(asked: Asked) -> bool:
    text = asked.papercut("getUserProperty", NOBODY, keys.EMAIL).must_not()[1]
    return JAVA_PREFIX.match(text) is not None


@_asks("Are strings answered as <string>?", "a config key that does not exist")
def typed_strings(asked: Asked) -> bool:
    reply = asked.papercut("getConfigValue", "officernd.relay.probe")
    reply.must()
    return b"<string>" in reply.body or b"<string/>" in reply.body


@_asks("What becomes of offsets sent as strings?", "a list asked for with them")
def stringly_ints(asked: Asked) -> str:
    reply = asked.papercut("listUserAccounts", "0", "10")
    if reply.fault:
        return "fault"
    if not asked.papercut.users:
        raise Unanswered("there is no account to be listed")
    if reply.value:
        raise Unanswered("PaperCut took numbers sent as strings for numbers")
    return "empty_list"


@_asks("Is <nil/> accepted?", "a config key of that name")
def nil(asked: Asked) -> str:
    return "refuse" if asked.papercut("getConfigValue", NIL).fault else "blank"


@_asks("How is text beyond ASCII written?", "full names of some accounts; none is kept")
def charset(asked: Asked) -> str:
    for value, reply in asked.papercut.properties(keys.DETAILS["full_name"]):
        if value.isascii():
            continue
        declared = _ENCODING.match(reply.body)
        if reply.body.isascii():
            return "numeric"
        named = declared.group(1).decode().lower() if declared else "utf-8"
        if named in ("utf-8", "iso-8859-1"):
            return named
        raise Unanswered(f"answers are written in {named}")
    raise Unanswered("no account that was looked at has a letter beyond ASCII in its name")


@_asks("TRUE or true?", "the property restricted of some accounts")
def boolean_spelling(asked: Asked) -> str:
    for value, _ in asked.papercut.properties(keys.RESTRICTED):
        if value.lower() in ("true", "false"):
            return "upper" if value.isupper() else "lower"
    raise Unanswered("restricted is neither TRUE nor true")


@_asks("How many digits has the property balance?", "balances of some accounts; none is kept")
def balance_digits(asked: Asked) -> int:
    """Java never ends a double in two digits of which the last is a zero; a format of fixed digits does."""
    fractions = [value.partition(".")[2] for value, _ in asked.papercut.properties(keys.BALANCE)]
    lengths = {len(fraction) for fraction in fractions}
    if any("E" in fraction or len(fraction) == 1 for fraction in fractions) or len(lengths) > 1:
        return -1
    if lengths == {0}:
        return 0
    if lengths and any(fraction.endswith("0") for fraction in fractions):
        return lengths.pop()
    raise Unanswered("no balance that was looked at tells digits that are cut from digits that are not there")


@_asks("Which fault code has an unknown method?", "a method that does not exist")
def unknown_name_code(asked: Asked) -> int:
    return asked.papercut("officerndProbe").must_not()[0]


@_asks("Is the length of a list capped?", "all accounts in one list")
def page_limit(asked: Asked) -> int:
    total = asked.papercut("getTotalUsers").must()
    listed = len(asked.papercut("listUserAccounts", 0, total + 1).must())
    if listed < total:
        return listed
    if total <= RECOMMENDED_PAGE:
        raise Unanswered(f"there are not more than {RECOMMENDED_PAGE} accounts, and all came in one list")
    return 0


@_asks("Which fault code has a shared account that is not there?", "a property of one")
def unlisted_fault_code(asked: Asked) -> int:
    return asked.papercut("getSharedAccountProperty", NOBODY, "disabled").must_not()[0]


@_asks("Is card-number still a property?", "whether some account has it")
def old_card_names(asked: Asked) -> bool:
    return _has(asked, "card-number")


@_asks("Can card-pin be read?", "whether it is refused; the value is not kept")
def readable_pin(asked: Asked) -> bool:
    return _has(asked, "card-pin")


@_asks(f"Does getUserGroups name {keys.ALL_USERS}?", "the groups of some account; none is kept")
def user_groups_with_built_in(asked: Asked) -> bool:
    return keys.ALL_USERS in asked.papercut("getUserGroups", asked.papercut.some_user).must()


@_asks("Has the status of a task a text?", "the status of the last task")
def task_message(asked: Asked) -> str:
    status = asked.papercut("getTaskStatus").must()
    if isinstance(status, dict) and str(status.get("message", "")).strip():
        return "lines"
    raise Unanswered("no task has left a message")


@_asks("Does * allow every caller?", "the list of allowed callers")
def star_allows_every_caller(asked: Asked) -> bool:
    callers = [entry.strip() for entry in asked.papercut("getConfigValue", keys.CALLERS).must().split(",")]
    if callers != ["*"]:
        raise Unanswered("the list of allowed callers is not * alone")
    return True


@_asks("What is the balance without an account's name?", "where several personal accounts are on")
def blank_account_name(asked: Asked) -> str:
    if not asked.papercut.several_accounts:
        raise Unanswered("[papercut] personal_account is empty: there is one personal account")
    return "refuse" if asked.papercut("getUserAccountBalance", asked.papercut.some_user).fault else "first"


@_asks("What does the health interface answer to a wrong key?", "a call with a made-up key")
def health_bad_key_status(asked: Asked) -> int:
    return asked.papercut.health_status(secrets.token_urlsafe(12))


@_asks("Which call does a sync make for a group's members?", LOG)
def group_call(asked: Asked) -> str:
    commands = {command.removeprefix("get-") for command in asked.files.commands()}
    called = commands & {"group-member-names", "group-members"}
    if len(called) != 1:
        raise Unanswered("our log has no call about a group's members" if not called else "our log has both calls")
    return called.pop()


@_asks("all-users or get-all-users?", LOG)
def command_spelling(asked: Asked) -> str:
    spelt = {
        command.startswith("get-")
        for command in asked.files.commands()
        if command.endswith(("all-users", "all-groups"))
    }
    if len(spelt) != 1:
        raise Unanswered("our log has no call for all users")
    return "get_prefix" if spelt.pop() else "plain"


@_asks("When is the nightly sync?", LOG)
def nightly_sync_at(asked: Asked) -> Any:
    return files.nightly_hour(asked.files.queries)


@_asks("Are our programs started by path or by name?", LOG + " and PaperCut's key", switch=False)
def program_form(asked: Asked) -> str:
    asked.files.queries  # noqa: B018 - it raises Unanswered where no program of ours was ever started
    value = asked.papercut("getConfigValue", keys.USER_SOURCE).must()
    return "path" if re.search(r"[/\\]", value) else "name"


@_asks("What separates the folders in security.properties?", "by that file")
def allow_list_separator(asked: Asked) -> str:
    value = asked.files.folder_list()
    for mark in (";", ","):
        if mark in value:
            return mark
    raise Unanswered("one folder is listed at most")


@_asks("How does the print log write the time?", "by the newest files")
def print_log_time(asked: Asked) -> Any:
    return files.clock_of(asked.files.print_log_rows())


@_asks("Has the print log fields after the tenth?", "by the newest files")
def print_log_cost(asked: Asked) -> bool:
    return max(map(len, asked.files.print_log_rows())) > 10


@_asks("Whose markers does the print log write?", "by the newest files")
def print_log_language(asked: Asked) -> str:
    rows = asked.files.print_log_rows()
    if files.clock_of(rows) != "local":
        raise Unanswered("the print log writes the time without a marker of its own")
    return files.marker_language(rows)


@_asks("Does a line stand above the header of the daily CSV?", "by the newest file")
def csv_banner(asked: Asked) -> bool:
    return asked.files.csv_log().has_banner


@_asks("In which language is the daily CSV's header?", "by the newest file")
def csv_language(asked: Asked) -> str:
    language = files.FIRST_COLUMNS.get(asked.files.csv_log().header[0])
    if language is None:
        raise Unanswered("its header is of no language that is known here")
    return language


@_asks("What is the cost column of the daily CSV called?", "by its header")
def csv_cost_header(asked: Asked) -> str:
    header = asked.files.csv_log().header
    named = next((name for name in header if re.search(r"cost|price|amount", name, re.I)), "")
    if named or len(header) == files.COLUMNS:
        return named
    if len(header) > files.COLUMNS:
        return header[files.COLUMNS]
    raise Unanswered("its header is of a form that is not known")


@_asks("Do rows of the daily CSV end in a comma?", "by its rows")
def csv_trailing_comma(asked: Asked) -> bool:
    log = asked.files.csv_log()
    return bool(log.header[-1]) and all(row.rstrip().endswith(",") for row in log.rows)


@_asks("Is an int taken for a double?", OWN + "an adjustment of 0", writes=True)
def int_for_double(asked: Asked) -> str:
    reply = asked.papercut("adjustUserAccountBalance", OWN_ACCOUNT, 0, "papercut-relay probe")
    return "refuse" if reply.fault else "accept"


@_asks("What does addNewUser say for an account that is there?", OWN + "adding it again", writes=True)
def add_existing_user(asked: Asked) -> str:
    return "fault" if asked.papercut("addNewUser", OWN_ACCOUNT).fault else "ok"


@_asks("How long must a PIN be?", OWN + "PINs of growing length", writes=True)
def pin_minimum_length(asked: Asked) -> int:
    for length in range(1, _LONGEST_PIN + 1):
        pin = "".join(secrets.choice("123456789") for _ in range(length))
        fault = asked.papercut("setUserProperty", OWN_ACCOUNT, "card-pin", pin).fault
        if fault is None:
            return length
        if fault[0] != 273:
            raise Unanswered(f"PaperCut refused a PIN of {length} digits for another reason (code {fault[0]})")
    raise Unanswered(f"PaperCut takes no PIN of up to {_LONGEST_PIN} digits")


@_asks("Does a wrong property undo the right ones before it?", OWN + "its notes", writes=True)
def set_properties_atomic(asked: Asked) -> bool:
    pairs = [[keys.NOTES, "papercut-relay probe"], ["officernd-no-property", "x"]]
    asked.papercut("setUserProperties", OWN_ACCOUNT, pairs).must_not()
    return bool(asked.papercut("getUserProperty", OWN_ACCOUNT, keys.NOTES).must() == "")


@_asks("May an account be put into a directory's group?", OWN + "in and out of one", writes=True)
def membership_by_api(asked: Asked) -> str:
    groups = [
        name for name in asked.papercut("listUserGroups", 0, 50).must() if not name.startswith((keys.BUILT_IN, "["))
    ]
    if not groups:
        raise Unanswered("there is no group of a directory")
    if asked.papercut("addUserToGroup", OWN_ACCOUNT, groups[0]).fault:
        return "refuse"
    asked.papercut("removeUserFromGroup", OWN_ACCOUNT, groups[0])
    return "until_sync"


@_asks("Does an account made again have its card again?", OWN + "removed and made again", writes=True)
def recreate_revives(asked: Asked) -> bool:
    card = "probe-" + secrets.token_hex(6)
    asked.papercut("setUserProperty", OWN_ACCOUNT, keys.DETAILS["primary_card"], card).must()
    asked.papercut.remove_own()
    asked.papercut.make_own()
    return bool(asked.papercut("getUserProperty", OWN_ACCOUNT, keys.DETAILS["primary_card"]).must() == card)


QUESTIONS += _not_asked(
    "only a caller that is not allowed, or the administrator's password, could tell",
    access_denied_code="Which fault code has a caller that is not allowed?",
    admin_password_is_token="Is the administrator's password a token?",
    cidr_in_allowed_addresses="Is address/prefix understood in the list of callers?",
)
QUESTIONS += _not_asked(
    "it would take a second account, a group or a task, and touch more than one account of our own",
    unique_email="Is an e-mail that another account has refused?",
    unique_card="Is a card that another account has refused?",
    busy_task="What becomes of a second task?",
    add_group_task_s="How long does addNewGroup take?",
    sync_task_s="How long does a sync take?",
    failed_task_completed="Does a failed task end as completed?",
    add_unknown_group="What becomes of a group that the source does not know?",
    initial_restriction="Which of two groups decides on restriction?",
)
QUESTIONS += _not_asked(
    "only a sync that brings somebody could tell, and a sync is never started by a probe",
    is_user_in_group_order="Which comes first in is-user-in-group?",
    details_input="Where does get-user-details find the name?",
    blank_details_wipe="Does a blank name or department wipe the stored one?",
    blank_cards_wipe="Does a blank card wipe the stored one?",
    missing_fields_wipe="Do fields that are left off wipe the stored ones?",
    empty_answer_fails="Is an empty answer a failed sync?",
    source_meets_internal="What becomes of an internal account with a source user's name?",
    joins_groups_on_demand="Does a user made on demand join groups at once?",
    user_source_timeout_s="How long may a query take?",
)
QUESTIONS += _not_asked(
    "only a login through PaperCut's own page could tell: see the installer's --proof",
    auth_timeout_s="How long may a login take?",
    auth_stdin_stays_open="Does the login program's input stay open?",
    auth_program_receives="Is the login program given what was typed?",
    internal_users_reach_auth_program="Are internal users sent to the login program?",
    log_of_clean_refusal="Does a refusal leave a line in server.log?",
)
QUESTIONS += _not_asked(
    "only a change of security.properties or of PaperCut's keys could tell, and logins hang on them",
    allow_list_enforced="Is the list of folders enforced?",
    allow_list_covers_subfolders="Does a listed folder cover those below it?",
    custom_program="Does PaperCut take our programs by path, by name or both?",
)
QUESTIONS += _not_asked(
    "the web services do not show jobs, transactions or how a printer is set up",
    comment_length="How long may a comment be?",
    unauthenticated_property="Which property shows an unauthenticated printer?",
    log_cost_digits="How many digits has a cost in the logs?",
    copies_counted="Do the counters count copies?",
    copies_marked_printed="Is a copy marked as printed?",
    database_lag="Does the database lag?",
    database_amounts="Are the amounts of the database signed?",
    document_ascii="Are document names reduced to ASCII?",
    csv_stray_quotes="Do document names in the CSV hold quotes of their own?",
)
