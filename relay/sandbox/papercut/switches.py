"""What is not known about a real PaperCut, as named switches; the product has to work in every position.

Each switch says where the doubt stands (sections of the notes on PaperCut's server API and print scripts) and why its
default was chosen: the more plausible reading, and between equals the stricter one. What an administrator sets on
PaperCut's own screens is no doubt; that is `Settings` in `state`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_type_hints


@dataclass
class PaperCutSwitches:
    """One stand-in's positions; may be changed while it runs (`set` checks the value)."""

    # -- transport and callers
    admin_password_is_token: bool = False
    """papercut-server-api 1.2: whether the admin's password still is a token; newer texts name only the key."""
    wrong_token_code: int = 257
    """papercut-server-api 1.2: code of the fault for a wrong token; the general code, as no other fits."""
    wrong_token_text: str = "Invalid authentication token supplied."
    """papercut-server-api 1.2: text of that fault; no witness wrote one down."""
    access_denied_code: int = 257
    """papercut-server-api 1.2: code of the refused caller; its text is known."""
    star_allows_every_caller: bool = True
    """papercut-server-api 1.2: whether `*` is accepted as an allowed address; the sister key for admins uses it."""
    cidr_in_allowed_addresses: bool = False
    """papercut-server-api 1.2: whether `10.0.0.0/8` is understood; only address/netmask is documented."""

    # -- wire
    fault_class_prefix: bool = True
    """papercut-server-api 1.4: `java.lang.Exception: ` before fault texts; the one full text reported has it."""
    typed_strings: bool = False
    """papercut-server-api 1.3: strings as `<string>`; every witness saw them untyped."""
    stringly_ints: Literal["empty_list", "fault"] = "empty_list"
    """papercut-server-api 1.3: offsets sent as strings; an empty list without a fault was seen."""
    int_for_double: Literal["refuse", "accept"] = "refuse"
    """papercut-server-api 1.3: an int where a double is due; the refusal was seen."""
    nil: Literal["refuse", "blank"] = "refuse"
    """papercut-server-api 1.3: `<nil/>`; Apache XML-RPC 2.0 has none."""
    charset: Literal["utf-8", "iso-8859-1", "numeric"] = "utf-8"
    """papercut-server-api 1.3: how text beyond ASCII is written; PaperCut is sold in every alphabet."""
    boolean_spelling: Literal["upper", "lower"] = "upper"
    """papercut-server-api 1.3: TRUE or true in property values; PaperCut's own sample writes upper case."""
    balance_digits: int = -1
    """papercut-server-api 1.3: digits of `balance` as a property; -1 is Java's own text of a double (0.1, 1.0E-4)."""
    unknown_name_code: int = 0
    """papercut-server-api 1.4: code for an unknown method, arity or type; 0 is Apache XML-RPC's own."""
    page_limit: int = 0
    """papercut-server-api 1.8: cap on the length of a list page; 0 is none. 1000 is only recommended."""

    # -- users and balances
    unlisted_fault_code: int = 257
    """papercut-server-api 1.4: code where the known list has none: name taken, shared account missing, task busy."""
    add_existing_user: Literal["ok", "fault"] = "ok"
    """papercut-server-api 8.1: addNewUser for a name that is there; it is only the new-user event."""
    unique_email: bool = True
    """papercut-server-api 1.4: an e-mail that another user has is refused (268); seen for internal users."""
    unique_card: bool = True
    """papercut-server-api 1.4: a card that another user has is refused; no code is known, so the unlisted one."""
    old_card_names: bool = False
    """papercut-server-api 1.6: `card-number` as another name of the primary card; gone from today's list."""
    readable_pin: bool = False
    """papercut-server-api 1.6: reading `card-pin`; refused on the one server that was asked."""
    pin_minimum_length: int = 4
    """papercut-server-api 1.4: below this a PIN is too short (273); the figure is not known."""
    set_properties_atomic: bool = False
    """papercut-server-api 1.5: whether a bad pair undoes the good ones before it; a plain loop is more plausible."""
    recreate_revives: bool = False
    """papercut-server-api 1.8: delete and create again brings balance and card back; new-user rules say no."""
    user_groups_with_built_in: bool = True
    """papercut-server-api 1.8: whether getUserGroups names `!!All Users!!`; callers must bear it."""
    blank_account_name: Literal["refuse", "first"] = "refuse"
    """papercut-server-api 1.8: no account name while several personal accounts are on; old proxies say it is needed."""
    comment_length: int = 255
    """papercut-print-scripts 5.1: the comment column holds 255; longer ones are cut."""
    initial_restriction: Literal["unrestricted_wins", "restricted_wins"] = "unrestricted_wins"
    """papercut-server-api 1.8: groups that disagree about restriction; two manual pages against one article."""
    membership_by_api: Literal["until_sync", "refuse"] = "until_sync"
    """papercut-server-api 1.8: addUserToGroup on a directory group; the sync mirrors the source and undoes it."""

    # -- tasks and native sync
    busy_task: Literal["fault", "replace"] = "fault"
    """papercut-server-api 1.8: a second background task while one runs; one slot, so it cannot be told apart."""
    add_group_task_s: float = 0.0
    """papercut-server-api 1.5: how long addNewGroup holds the task slot, on the stand-in's clock."""
    sync_task_s: float = 0.0
    """papercut-server-api 1.8: how long a sync holds it at least."""
    task_message: Literal["lines", "blank"] = "lines"
    """papercut-server-api 1.8: texts of getTaskStatus are not known; blank proves that nobody parses them."""
    failed_task_completed: bool = True
    """papercut-server-api 1.8: a failed task ends as completed with a message; false leaves it uncompleted."""
    add_unknown_group: Literal["nothing", "empty_group"] = "nothing"
    """papercut-server-api 1.5: addNewGroup for a group that the source does not know."""
    group_call: Literal["group-member-names", "group-members"] = "group-member-names"
    """papercut-server-api 3.2.2: which call a sync makes; the README's, against one log of MF 22."""
    is_user_in_group_order: Literal["group_user", "user_group"] = "group_user"
    """papercut-server-api 3.2.1: README, Go and Python against C and Perl."""
    details_input: Literal["stdin", "argument"] = "stdin"
    """papercut-server-api 3.2: where get-user-details finds the name; the README's way."""
    command_spelling: Literal["plain", "get_prefix"] = "plain"
    """papercut-server-api 3.2: `all-users` or `get-all-users`; older providers know both."""
    blank_details_wipe: bool = True
    """papercut-server-api 3.3: a blank name, e-mail, department or office wipes the stored one."""
    blank_cards_wipe: bool = True
    """papercut-server-api 3.3: a blank card, other e-mail, alias or home wipes the stored one."""
    missing_fields_wipe: bool = False
    """papercut-server-api 3.3: fields that a record leaves off at its end; older providers print two or three."""
    empty_answer_fails: bool = True
    """papercut-server-api 3.5: an empty all-users is a failed sync; seen once."""
    source_meets_internal: Literal["leave", "convert"] = "leave"
    """papercut-server-api 3.5: a source user with an internal user's name; the two are documented as kept apart."""
    joins_groups_on_demand: bool = True
    """papercut-server-api 3.2: whether is-user-in-group makes a member at once or only sets initial settings."""
    nightly_sync_at: str = "00:55"
    """corrections, custom programs: the hour that a knowledge-base article names, local time."""

    # -- programs and logins
    user_source_timeout_s: float = 60.0
    """papercut-server-api 8.3: how long a query may take."""
    auth_timeout_s: float = 10.0
    """papercut-server-api 3.4: how long a login may take."""
    auth_stdin_stays_open: bool = True
    """papercut-server-api 3.4: no end of file after the two lines; seen."""
    allow_list_enforced: bool = True
    """papercut-print-scripts 4: `security.custom-executable.allowed-directory-list`; since 22.1.1."""
    custom_program: Literal["path_or_name", "name_only", "path_only"] = "path_or_name"
    """corrections, custom programs: what the two keys may hold; the newest manual names a name, one site used paths."""
    allow_list_separator: str = ";"
    """papercut-print-scripts 4: separator of several folders."""
    allow_list_covers_subfolders: bool = False
    """papercut-print-scripts 8.4: whether a listed folder covers those below it."""
    auth_program_receives: Literal["typed", "username"] = "typed"
    """papercut-print-scripts 3.3: what was typed, or the username that PaperCut found by e-mail first."""
    internal_users_reach_auth_program: bool = False
    """papercut-print-scripts 3.3: documented as no; one report was unsure."""
    log_of_clean_refusal: bool = False
    """papercut-server-api 3.4: whether a clean ERROR leaves a line in server.log; none was seen."""

    # -- printers, jobs, logs
    unauthenticated_property: str = ""
    """papercut-server-api 1.7: printer property that shows "Unauthenticated printer"; no name is known, so none."""
    print_log_time: Literal["24h", "12h", "12h_tab", "a_p", "local"] = "12h"
    """corrections: field 1 of the print log; the manual's `yyyy-MM-dd\\th:mm:ss a/p` can be read so."""
    print_log_language: str = "bg"
    """corrections: whose markers "local" writes, as Java names the language; "xx" is one that nobody knows."""
    document_ascii: bool = False
    """corrections: document names reduced to 7-bit ASCII in logs and database; one witness."""
    csv_banner: bool = True
    """corrections: a line of the program's own above the header; seen in three public files."""
    csv_trailing_comma: bool = True
    """corrections: rows end in a comma, so that they have a field more than the header; seen in three public files."""
    csv_language: Literal["en", "es", "de", "bg"] = "en"
    """corrections: the header in the server's language, in its ANSI code page; seen in Spanish."""
    csv_stray_quotes: bool = False
    """corrections: document names with quotes of their own, not doubled and not quoted as a whole; seen."""
    print_log_cost: bool = True
    """papercut-print-scripts 8.6: whether the fields after the tenth carry the cost."""
    log_cost_digits: int = 4
    """papercut-print-scripts 8.6: digits of a cost in both logs; prices finer than a cent would be lost with two."""
    csv_cost_header: str = "Cost"
    """papercut-print-scripts 8.6: header of the cost column of the daily CSV; blank leaves the column out."""
    copies_counted: bool = True
    """papercut-print-scripts 5.2: whether print-stats count a copy; it lies in the one table that they sum up."""
    copies_marked_printed: bool = False
    """papercut-print-scripts 5.1: `printed` of a copy's row; PaperCut's own queries ask it of type PRINT only."""
    database_amounts: Literal["signed", "unsigned"] = "signed"
    """corrections: whether a charge's `amount` is below zero; `is_credit` tells it in both positions."""
    database_lag: float = 0.0
    """papercut-print-scripts 5.2: seconds by which the database lags; a reporting copy may, PaperCut's own does not.

    -1 keeps everything back until it is released (`PaperCutStandIn.release_database`) or the switch is turned.
    """
    health_bad_key_status: int = 401
    """papercut-server-api 5: HTTP status for a bad health key."""

    def set(self, name: str, value: Any) -> None:
        """Put one switch into position. Raises ValueError for an unknown name or a value of another kind."""
        hints = get_type_hints(type(self))
        if name not in {entry.name for entry in fields(self)}:
            raise ValueError(f"there is no switch {name!r}")
        kind = hints[name]
        choices = get_args(kind)
        if choices:
            if value not in choices:
                raise ValueError(f"switch {name} is one of {', '.join(map(repr, choices))}, not {value!r}")
        elif kind is float and type(value) is int:
            value = float(value)
        elif type(value) is not kind:
            raise ValueError(f"switch {name} takes a {kind.__name__}, not {value!r}")
        setattr(self, name, value)
