"""The one table of what no document says: each question, how it is asked, and which switch of a stand-in it sets.

Every switch of the two stand-ins that stands for a doubt is here, those too that cannot be asked from outside. The
order is the order of asking; what ends our own account comes last.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from relay.officernd.model import prices_include_tax
from relay.papercut import keys
from relay.papercut.wire import JAVA_PREFIX
from relay.probe import files
from relay.probe.model import Asked, ProbeQuestion, System
from relay.probe.officernd_calls import NO_ID, json_of, rows_of, speaks_of_a_token
from relay.probe.papercut_calls import NIL, NOBODY, OWN_ACCOUNT
from relay.probe.record import without_names
from relay.probe.unanswered import Unanswered

_ENCODING = re.compile(rb"^<\?xml[^>]*encoding=[\"']([\w-]+)[\"']")
_LONGEST_PIN = 12
RECOMMENDED_PAGE = 1000  # a cap, if there is one, is not below what PaperCut itself recommends


# -- PaperCut, reading


def _wrong_token(asked: Asked) -> tuple[int, str]:
    return asked.papercut("getTotalUsers", token=secrets.token_urlsafe(12)).must_not()


def _wrong_token_text(asked: Asked) -> str:
    return without_names(JAVA_PREFIX.sub("", _wrong_token(asked)[1]))


def _class_prefix(asked: Asked) -> bool:
    text = asked.papercut("getUserProperty", NOBODY, keys.EMAIL).must_not()[1]
    return JAVA_PREFIX.match(text) is not None


def _typed_strings(asked: Asked) -> bool:
    reply = asked.papercut("getConfigValue", "officernd.relay.probe")
    reply.must()
    return b"<string>" in reply.body or b"<string/>" in reply.body


def _stringly_ints(asked: Asked) -> str:
    reply = asked.papercut("listUserAccounts", "0", "10")
    if reply.fault:
        return "fault"
    if not asked.papercut.users:
        raise Unanswered("there is no account to be listed")
    if reply.value:
        raise Unanswered("PaperCut took numbers sent as strings for numbers")
    return "empty_list"


def _nil(asked: Asked) -> str:
    return "refuse" if asked.papercut("getConfigValue", NIL).fault else "blank"


def _charset(asked: Asked) -> str:
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


def _boolean_spelling(asked: Asked) -> str:
    for value, _ in asked.papercut.properties(keys.RESTRICTED):
        if value.lower() in ("true", "false"):
            return "upper" if value.isupper() else "lower"
    raise Unanswered("restricted is neither TRUE nor true")


def _balance_digits(asked: Asked) -> int:
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


def _page_limit(asked: Asked) -> int:
    total = asked.papercut("getTotalUsers").must()
    listed = len(asked.papercut("listUserAccounts", 0, total + 1).must())
    if listed < total:
        return listed
    if total <= RECOMMENDED_PAGE:
        raise Unanswered(f"there are not more than {RECOMMENDED_PAGE} accounts, and all came in one list")
    return 0


def _task_message(asked: Asked) -> str:
    status = asked.papercut("getTaskStatus").must()
    if isinstance(status, dict) and str(status.get("message", "")).strip():
        return "lines"
    raise Unanswered("no task has left a message")


def _star(asked: Asked) -> bool:
    callers = [entry.strip() for entry in asked.papercut("getConfigValue", keys.CALLERS).must().split(",")]
    if callers != ["*"]:
        raise Unanswered("the list of allowed callers is not * alone")
    return True


def _blank_account(asked: Asked) -> str:
    if not asked.papercut.several_accounts:
        raise Unanswered("[papercut] personal_account is empty: there is one personal account")
    return "refuse" if asked.papercut("getUserAccountBalance", asked.papercut.some_user).fault else "first"


def _refused(method: str, *parameters: str) -> Callable[[Asked], bool]:
    """Return what asks whether PaperCut answers `method` about some user at all; the value is not looked at."""
    return lambda asked: asked.papercut(method, asked.papercut.some_user, *parameters).fault is None


# -- PaperCut, on our own account


def _int_for_double(asked: Asked) -> str:
    reply = asked.papercut("adjustUserAccountBalance", OWN_ACCOUNT, 0, "papercut-relay probe")
    return "refuse" if reply.fault else "accept"


def _add_existing(asked: Asked) -> str:
    return "fault" if asked.papercut("addNewUser", OWN_ACCOUNT).fault else "ok"


def _pin_length(asked: Asked) -> int:
    for length in range(1, _LONGEST_PIN + 1):
        pin = "".join(secrets.choice("123456789") for _ in range(length))
        fault = asked.papercut("setUserProperty", OWN_ACCOUNT, "card-pin", pin).fault
        if fault is None:
            return length
        if fault[0] != 273:
            raise Unanswered(f"PaperCut refused a PIN of {length} digits for another reason (code {fault[0]})")
    raise Unanswered(f"PaperCut takes no PIN of up to {_LONGEST_PIN} digits")


def _atomic(asked: Asked) -> bool:
    pairs = [[keys.NOTES, "papercut-relay probe"], ["officernd-no-property", "x"]]
    asked.papercut("setUserProperties", OWN_ACCOUNT, pairs).must_not()
    return bool(asked.papercut("getUserProperty", OWN_ACCOUNT, keys.NOTES).must() == "")


def _membership(asked: Asked) -> str:
    groups = [
        name for name in asked.papercut("listUserGroups", 0, 50).must() if not name.startswith((keys.BUILT_IN, "["))
    ]
    if not groups:
        raise Unanswered("there is no group of a directory")
    if asked.papercut("addUserToGroup", OWN_ACCOUNT, groups[0]).fault:
        return "refuse"
    asked.papercut("removeUserFromGroup", OWN_ACCOUNT, groups[0])
    return "until_sync"


def _revives(asked: Asked) -> bool:
    card = "probe-" + secrets.token_hex(6)
    asked.papercut("setUserProperty", OWN_ACCOUNT, keys.DETAILS["primary_card"], card).must()
    asked.papercut.remove_own()
    asked.papercut.make_own()
    return bool(asked.papercut("getUserProperty", OWN_ACCOUNT, keys.DETAILS["primary_card"]).must() == card)


# -- PaperCut, by files of this machine


def _group_call(asked: Asked) -> str:
    commands = {command.removeprefix("get-") for command in asked.files.commands()}
    called = commands & {"group-member-names", "group-members"}
    if len(called) != 1:
        raise Unanswered("our log has no call about a group's members" if not called else "our log has both calls")
    return called.pop()


def _command_spelling(asked: Asked) -> str:
    spelt = {
        command.startswith("get-")
        for command in asked.files.commands()
        if command.endswith(("all-users", "all-groups"))
    }
    if len(spelt) != 1:
        raise Unanswered("our log has no call for all users")
    return "get_prefix" if spelt.pop() else "plain"


def _program_form(asked: Asked) -> str:
    asked.files.queries  # noqa: B018 - it raises Unanswered where no program of ours was ever started
    value = asked.papercut("getConfigValue", keys.USER_SOURCE).must()
    return "path" if re.search(r"[/\\]", value) else "name"


def _separator(asked: Asked) -> str:
    value = asked.files.folder_list()
    for mark in (";", ","):
        if mark in value:
            return mark
    raise Unanswered("one folder is listed at most")


def _marker_language(asked: Asked) -> str:
    rows = asked.files.print_log_rows()
    if files.clock_of(rows) != "local":
        raise Unanswered("the print log writes the time without a marker of its own")
    return files.marker_language(rows)


def _csv_header(asked: Asked) -> str:
    header = asked.files.csv_log().header
    named = next((name for name in header if re.search(r"cost|price|amount", name, re.I)), "")
    if named or len(header) == files.COLUMNS:
        return named
    if len(header) > files.COLUMNS:
        return header[files.COLUMNS]
    raise Unanswered("its header is of a form that is not known")


def _csv_comma(asked: Asked) -> bool:
    log = asked.files.csv_log()
    return bool(log.header[-1]) and all(row.rstrip().endswith(",") for row in log.rows)


def _csv_language(asked: Asked) -> str:
    language = files.FIRST_COLUMNS.get(asked.files.csv_log().header[0])
    if language is None:
        raise Unanswered("its header is of no language that is known here")
    return language


# -- OfficeRnD, reading


def _rate(name: str) -> Callable[[Asked], int]:
    def ask(asked: Asked) -> int:
        told = asked.officernd.first_page.headers.get(f"x-ratelimit-limit-read-{name}", "")
        if not told.isdecimal():
            raise Unanswered("the answer carries no such header")
        return int(told)

    return ask


def _default_limit(asked: Asked) -> int:
    shown = len(rows_of(json_of(asked.officernd.first_page)))
    total = asked.officernd.read("members/count").get("total", 0)
    if shown >= total:
        raise Unanswered("there are too few members to tell")
    return shown


def _end_of_list(asked: Asked) -> str:
    for resource in ("locations", "plans", "members"):
        page = asked.officernd.read(resource, _limit="50")
        if isinstance(page, dict) and not page.get("cursorNext"):
            return "null" if "cursorNext" in page else "absent"
    raise Unanswered("every list that was asked is bare or longer than a page")


def _bare_lists(asked: Asked) -> list[str]:
    found = []
    for resource in ("members", "companies", "memberships", "plans", "locations", "fees"):
        answer = asked.officernd.get(resource, _limit="1")
        if answer.status_code == 200 and isinstance(json_of(answer), list):
            found.append(resource)
    return found


def _membership_filters(asked: Asked) -> list[str]:
    """Return those filters that the list takes; any that it does not know is a 400."""
    taken = []
    for name in ("company", "location", "member", "plan", "status"):
        answer = asked.officernd.get("memberships", _limit="1", **{name: "approved" if name == "status" else NO_ID})
        if answer.status_code not in (200, 400):
            raise Unanswered(f"GET /memberships with a filter answered HTTP {answer.status_code}")
        if answer.status_code == 200:
            taken.append(name)
    return taken


def _missing_email(asked: Asked) -> str:
    for member in asked.officernd.some_members:
        if not member.get("email"):
            return "absent" if "email" not in member else "null" if member["email"] is None else "empty"
    raise Unanswered("every member that was looked at has an e-mail address")


def _empty_properties(asked: Asked) -> str:
    for member in asked.officernd.some_members:
        if not member.get("properties"):
            return "absent" if "properties" not in member else "object"
    raise Unanswered("every member that was looked at has custom properties")


def _token_error_shape(asked: Asked) -> str:
    answer = asked.officernd.ask_token("flex.papercut.probe.read")
    if answer.status_code == 200:
        raise Unanswered("a scope that does not exist was granted")
    body = json_of(answer)
    return "envelope" if isinstance(body, dict) and "statusCode" in body else "oauth"


def _fee_count(asked: Asked) -> str:
    plain = asked.officernd.get("fees/count")
    if plain.status_code == 404:
        return "absent"
    if plain.status_code != 200:
        raise Unanswered(f"GET /fees/count answered HTTP {plain.status_code}")
    filtered = asked.officernd.get("fees/count", member=NO_ID)
    if filtered.status_code == 400:
        return "plain"
    total = json_of(plain).get("total")
    if not total:
        raise Unanswered("there is no fee to be counted")
    return "ignoring" if json_of(filtered).get("total") == total else "filtered"


def _membership_count(asked: Asked) -> str:
    plain = asked.officernd.get("memberships/count")
    if plain.status_code == 404:
        return "absent"
    filtered = asked.officernd.get("memberships/count", member=NO_ID)
    if plain.status_code != 200 or filtered.status_code != 200:
        raise Unanswered("the count is there and refuses a filter")
    if not json_of(plain).get("total") or json_of(plain) != json_of(filtered):
        raise Unanswered("there is no membership to be counted, or the count takes filters")
    return "ignoring"


def _signin_unknown(asked: Asked) -> int:
    status = asked.officernd.refused_signin.status_code
    if status not in (400, 401, 403, 404):
        raise Unanswered(f"a sign-in of nobody answered HTTP {status}")
    return status


def _signin_like_token(asked: Asked) -> bool:
    answer = asked.officernd.refused_signin
    if answer.status_code != 401:
        raise Unanswered("a sign-in of nobody is not answered by a 401")
    return speaks_of_a_token(answer)


def _billing(asked: Asked) -> str:
    status = asked.officernd.get("billing-settings").status_code
    if status not in (200, 404):
        raise Unanswered(f"GET /billing-settings answered HTTP {status}")
    return "present" if status == 200 else "absent"


def _prices_with_tax(asked: Asked) -> bool:
    told = prices_include_tax(asked.officernd.read("billing-settings"))
    if told is not None:
        return told
    raise Unanswered("no field of the billing settings says it in words that are known")


def _unknown_slug(asked: Asked) -> int:
    return asked.officernd.get("members", slug="papercut-relay-probe-nobody", _limit="1").status_code


def _integrations(asked: Asked) -> int:
    token = asked.officernd.token_for("flex.settings.integrations.read")
    return asked.officernd.get("integrations", token=token).status_code


def _papercut(
    name: str, text: str, how: str, ask: Callable[[Asked], Any], *, switch: bool = True, writes: bool = False
) -> ProbeQuestion:
    return ProbeQuestion("papercut", name, text, how, ask, name if switch else "", writes)


def _officernd(name: str, text: str, how: str, ask: Callable[[Asked], Any], *, switch: bool = True) -> ProbeQuestion:
    return ProbeQuestion("officernd", name, text, how, ask, name if switch else "")


def _not_asked(system: System, why: str, **texts: str) -> tuple[ProbeQuestion, ...]:
    """Return questions that no call from here can answer; the keyword is the switch."""
    return tuple(ProbeQuestion(system, name, text, why, None, name) for name, text in texts.items())


OWN = "on an account of our own, with --write: "
LOG = "by our user source's own log"

QUESTIONS: tuple[ProbeQuestion, ...] = (
    _papercut(
        "wrong_token_code",
        "Which fault code has a wrong token?",
        "a call with a made-up token",
        lambda a: _wrong_token(a)[0],
    ),
    _papercut(
        "wrong_token_text",
        "What does the fault of a wrong token say?",
        "a call with a made-up token",
        _wrong_token_text,
    ),
    _papercut(
        "fault_class_prefix",
        "Do fault texts begin with a Java class?",
        "a property of an account that is not there",
        _class_prefix,
    ),
    _papercut("typed_strings", "Are strings answered as <string>?", "a config key that does not exist", _typed_strings),
    _papercut(
        "stringly_ints", "What becomes of offsets sent as strings?", "a list asked for with them", _stringly_ints
    ),
    _papercut("nil", "Is <nil/> accepted?", "a config key of that name", _nil),
    _papercut("charset", "How is text beyond ASCII written?", "full names of some accounts; none is kept", _charset),
    _papercut("boolean_spelling", "TRUE or true?", "the property restricted of some accounts", _boolean_spelling),
    _papercut(
        "balance_digits",
        "How many digits has the property balance?",
        "balances of some accounts; none is kept",
        _balance_digits,
    ),
    _papercut(
        "unknown_name_code",
        "Which fault code has an unknown method?",
        "a method that does not exist",
        lambda a: a.papercut("officerndProbe").must_not()[0],
    ),
    _papercut("page_limit", "Is the length of a list capped?", "all accounts in one list", _page_limit),
    _papercut(
        "unlisted_fault_code",
        "Which fault code has a shared account that is not there?",
        "a property of one",
        lambda a: a.papercut("getSharedAccountProperty", NOBODY, "disabled").must_not()[0],
    ),
    _papercut(
        "old_card_names",
        "Is card-number still a property?",
        "whether some account has it",
        _refused("getUserProperty", "card-number"),
    ),
    _papercut(
        "readable_pin",
        "Can card-pin be read?",
        "whether it is refused; the value is not kept",
        _refused("getUserProperty", "card-pin"),
    ),
    _papercut(
        "user_groups_with_built_in",
        f"Does getUserGroups name {keys.ALL_USERS}?",
        "the groups of some account; none is kept",
        lambda a: keys.ALL_USERS in a.papercut("getUserGroups", a.papercut.some_user).must(),
    ),
    _papercut("task_message", "Has the status of a task a text?", "the status of the last task", _task_message),
    _papercut("star_allows_every_caller", "Does * allow every caller?", "the list of allowed callers", _star),
    _papercut(
        "blank_account_name",
        "What is the balance without an account's name?",
        "where several personal accounts are on",
        _blank_account,
    ),
    _papercut(
        "health_bad_key_status",
        "What does the health interface answer to a wrong key?",
        "a call with a made-up key",
        lambda a: a.papercut.health_status(secrets.token_urlsafe(12)),
    ),
    _papercut("group_call", "Which call does a sync make for a group's members?", LOG, _group_call),
    _papercut("command_spelling", "all-users or get-all-users?", LOG, _command_spelling),
    _papercut("nightly_sync_at", "When is the nightly sync?", LOG, lambda a: files.nightly_hour(a.files.queries)),
    _papercut(
        "program_form",
        "Are our programs started by path or by name?",
        LOG + " and PaperCut's key",
        _program_form,
        switch=False,
    ),
    _papercut("allow_list_separator", "What separates the folders in security.properties?", "by that file", _separator),
    _papercut(
        "print_log_time",
        "How does the print log write the time?",
        "by the newest files",
        lambda a: files.clock_of(a.files.print_log_rows()),
    ),
    _papercut(
        "print_log_cost",
        "Has the print log fields after the tenth?",
        "by the newest files",
        lambda a: max(map(len, a.files.print_log_rows())) > 10,
    ),
    _papercut("print_log_language", "Whose markers does the print log write?", "by the newest files", _marker_language),
    _papercut(
        "csv_banner",
        "Does a line stand above the header of the daily CSV?",
        "by the newest file",
        lambda a: a.files.csv_log().has_banner,
    ),
    _papercut("csv_language", "In which language is the daily CSV's header?", "by the newest file", _csv_language),
    _papercut("csv_cost_header", "What is the cost column of the daily CSV called?", "by its header", _csv_header),
    _papercut("csv_trailing_comma", "Do rows of the daily CSV end in a comma?", "by its rows", _csv_comma),
    _papercut(
        "int_for_double", "Is an int taken for a double?", OWN + "an adjustment of 0", _int_for_double, writes=True
    ),
    _papercut(
        "add_existing_user",
        "What does addNewUser say for an account that is there?",
        OWN + "adding it again",
        _add_existing,
        writes=True,
    ),
    _papercut(
        "pin_minimum_length", "How long must a PIN be?", OWN + "PINs of growing length", _pin_length, writes=True
    ),
    _papercut(
        "set_properties_atomic",
        "Does a wrong property undo the right ones before it?",
        OWN + "its notes",
        _atomic,
        writes=True,
    ),
    _papercut(
        "membership_by_api",
        "May an account be put into a directory's group?",
        OWN + "in and out of one",
        _membership,
        writes=True,
    ),
    _papercut(
        "recreate_revives",
        "Does an account made again have its card again?",
        OWN + "removed and made again",
        _revives,
        writes=True,
    ),
    *_not_asked(
        "papercut",
        "only a caller that is not allowed, or the administrator's password, could tell",
        access_denied_code="Which fault code has a caller that is not allowed?",
        admin_password_is_token="Is the administrator's password a token?",
        cidr_in_allowed_addresses="Is address/prefix understood in the list of callers?",
    ),
    *_not_asked(
        "papercut",
        "it would take a second account, a group or a task, and touch more than one account of our own",
        unique_email="Is an e-mail that another account has refused?",
        unique_card="Is a card that another account has refused?",
        busy_task="What becomes of a second task?",
        add_group_task_s="How long does addNewGroup take?",
        sync_task_s="How long does a sync take?",
        failed_task_completed="Does a failed task end as completed?",
        add_unknown_group="What becomes of a group that the source does not know?",
        initial_restriction="Which of two groups decides on restriction?",
    ),
    *_not_asked(
        "papercut",
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
    ),
    *_not_asked(
        "papercut",
        "only a login through PaperCut's own page could tell: see the installer's --proof",
        auth_timeout_s="How long may a login take?",
        auth_stdin_stays_open="Does the login program's input stay open?",
        auth_program_receives="Is the login program given what was typed?",
        internal_users_reach_auth_program="Are internal users sent to the login program?",
        log_of_clean_refusal="Does a refusal leave a line in server.log?",
    ),
    *_not_asked(
        "papercut",
        "only a change of security.properties or of PaperCut's keys could tell, and logins hang on them",
        allow_list_enforced="Is the list of folders enforced?",
        allow_list_covers_subfolders="Does a listed folder cover those below it?",
        custom_program="Does PaperCut take our programs by path, by name or both?",
    ),
    *_not_asked(
        "papercut",
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
    ),
    _officernd("reads_a_minute", "How many reads a minute are allowed?", "the headers of one list", _rate("minute")),
    _officernd("reads_a_day", "How many reads a day are allowed?", "the headers of one list", _rate("day")),
    _officernd(
        "rate_headers",
        "Do answers carry the limits?",
        "the headers of one list",
        lambda a: "x-ratelimit-limit-read-minute" in a.officernd.first_page.headers,
    ),
    _officernd(
        "default_limit",
        "How long is a page without a limit?",
        "members asked without one; none is kept",
        _default_limit,
    ),
    _officernd("end_of_list", "How does a list end?", "lists that fit on one page", _end_of_list),
    _officernd("bare_lists", "Which lists are bare arrays?", "one record of each list", _bare_lists),
    _officernd(
        "membership_filters",
        "What may memberships be filtered by?",
        "each filter, with nobody's id",
        _membership_filters,
    ),
    _officernd("missing_email", "How does a member without e-mail look?", "some members; none is kept", _missing_email),
    _officernd(
        "empty_properties",
        "How does a member without properties look?",
        "some members; none is kept",
        _empty_properties,
    ),
    _officernd("token_error_shape", "How is a token refused?", "a scope that does not exist", _token_error_shape),
    _officernd("fee_count", "What does the count of fees take?", "the count, and once with nobody's id", _fee_count),
    _officernd(
        "membership_count", "Are memberships counted?", "the count, and once with nobody's id", _membership_count
    ),
    _officernd(
        "signin_unknown_email",
        "How is a sign-in of nobody refused?",
        "one sign-in of a made-up address",
        _signin_unknown,
    ),
    _officernd(
        "signin_refusal_like_bad_token", "Does that read like a bad token?", "the same answer", _signin_like_token
    ),
    _officernd("billing_settings", "Are there billing settings?", "one read", _billing),
    _officernd("prices_include_tax", "Are prices with tax?", "a field of the billing settings", _prices_with_tax),
    _officernd(
        "unknown_slug",
        "How is an unknown organisation answered?",
        "a list of a made-up one",
        _unknown_slug,
        switch=False,
    ),
    _officernd(
        "integrations", "Can integrations be read?", "one read, where the scope is granted", _integrations, switch=False
    ),
    *_not_asked(
        "officernd",
        "it would take many calls or a full minute's allowance, and hold up the site",
        writes_a_minute="How many writes a minute are allowed?",
        writes_a_day="How many writes a day are allowed?",
        tokens_a_minute="How many tokens a minute are allowed?",
        write_rate_headers="Do answers to writes carry the limits?",
        retry_after="Does a 429 say when to come back?",
        cursors="What does a write between two pages do?",
        list_lag_s="How late is a new fee in the lists?",
    ),
    *_not_asked(
        "officernd",
        "only a change of members, memberships or plans could tell, and a probe changes nothing in OfficeRnD",
        properties_on_put="Does PUT replace or merge properties?",
        membership_bumps_member="Does a changed membership move the member's modifiedAt?",
        plans_can_be_created="Can a plan be made?",
        account_follows_email="Does a sign-in follow a changed address?",
    ),
    *_not_asked(
        "officernd",
        "only a fee could tell, and somebody would be billed for it",
        fee_makes_drop_in="Does a fee turn a contact into a drop-in?",
        coins_switch_in="Where is shouldUseCoins read?",
        coins_shown_as="What does a fee show that coins pay in part?",
        recurring_plan_for_fee="Is a fee of a recurring plan refused?",
        plan_at_other_location="Is a plan of another location refused?",
        negative_price="May a fee be negative?",
        company_of_fee="Is the company of a member's fee filled in?",
        fee_update_fields="What may be changed of a fee?",
        fee_price_digits="Is a stored price rounded?",
        waived_shown_as="How does a waived fee look?",
        lock_applies_to="What does a billing lock date forbid?",
    ),
    *_not_asked(
        "officernd",
        "only a member's own password could tell",
        signin_status="What does a right password answer?",
        signin_wrong_password="How is a wrong password refused?",
        signin_no_password="How is somebody refused who has made no password?",
        signin_portal_access_off="How is somebody refused whose access is off?",
        signin_sso_only="How is somebody refused who signs in elsewhere?",
        signin_admits_admins="Does an administrator pass?",
        signin_email_case_sensitive="Does the case of an address matter?",
        signin_lockout_after="After how many failures is an account locked?",
        signin_lockout_minutes="For how long?",
        signin_lockout_status="How is a locked account refused?",
        organisation_is_sso_only="Is the password login off for all?",
    ),
    *_not_asked(
        "officernd",
        "webhooks come to serve, and tell of themselves there",
        webhook_fields="Which names do webhooks use?",
        webhook_attempts="How often is a webhook sent?",
        webhook_delay_s="How late does a webhook come?",
        webhook_duplicate_every="Does a webhook come twice?",
        webhook_lose_every="Does a webhook get lost?",
        webhook_reorder="Do webhooks come out of order?",
    ),
)
