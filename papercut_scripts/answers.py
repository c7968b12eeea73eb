# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

The user source's answers: given the folder of hand-over files and a query, the bytes that PaperCut is to read, or
Doubt.

Source: PaperCut CustomSynAndAuthentication README and its C and Perl providers (which turn the two arguments of
is-user-in-group round); FIELD report HexaSpaceRND (spellings without `get-`, group-members in a full sync).
"""

from __future__ import absolute_import, division, print_function, unicode_literals

from papercut_scripts import compat, handover
from papercut_scripts.handover import Doubt, NotListed

MAX_LINE = 4096


def answer(home, query, read_line):
    """Return the answer in bytes to a query such as ["-", "group-members", "Acme"], and a note for the log.

    `read_line(limit)` gives a line of standard input and is called only where the command takes one.
    """
    words = list(query)
    if words and _command(words[0]) not in COMMANDS:
        words = words[1:]  # the placeholder for options that PaperCut puts first
    name = _command(words[0]) if words else ""
    if name not in COMMANDS:
        raise Doubt(
            "Usage: officernd-user-source - COMMAND [ARGUMENTS], with one of the commands {0}.".format(
                ", ".join(sorted(COMMANDS))
            )
        )
    function, count = COMMANDS[name]
    by_argument = function is _user_details and len(words) == 2  # not documented, but it costs nothing
    if len(words) - 1 != count and not by_argument:
        raise Doubt("The command {0} takes {1} arguments, not {2}.".format(name, count, len(words) - 1))
    directory = handover.DirectoryInForce(home)
    if function is _user_details:
        return _user_details(directory, words[1].strip() if by_argument else _username(read_line))
    return function(directory, *words[1:]), ""


def _command(word):
    return word[4:] if word.startswith("get-") else word


def _username(read_line):
    try:
        line = read_line(MAX_LINE)
    except compat.TimeOut:
        raise Doubt("No username came on standard input.")
    try:
        return line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise Doubt("The username on standard input is not UTF-8.")


def _is_valid(directory):
    directory.read(lambda generation: "all-users")
    return b"Y\n"


def _all_users(directory):
    found = _settled(directory.fresh("all-users"))
    if not found.body:
        raise Doubt("The directory lists nobody, which would read as if all had left: run `papercut-relay sync`.")
    return found.body


def _all_groups(directory):
    return directory.fresh("all-groups").body


def _group_members(directory, group):
    return _settled(directory.group(group)).body


def _group_member_names(directory, group):
    lines = _settled(directory.group(group)).body.split(b"\n")[:-1]
    return b"".join([line.partition(b"\t")[0] + b"\n" for line in lines])


def _user_details(directory, username):
    facts, found = directory.person(username)
    answer = handover.record(_known(facts, username), found.record_fields).encode("utf-8")
    return answer, "the directory is older than allowed" if found.is_stale() else ""


def _is_user_in_group(directory, first, second):
    """Take the reading in which one argument is a listed group and the other a known user."""
    groups = directory.groups()
    verdicts = set()
    for group, username in ((first, second), (second, first)):
        facts, _ = directory.person(username) if group in groups else (None, None)
        if facts is not None:
            verdicts.add(group in _known(facts, username)["groups"])
    if len(verdicts) == 1:
        return b"Y\n" if verdicts.pop() else b"N\n"
    if verdicts:
        raise Doubt(
            "{0} and {1} are both a user and a group, and the two readings differ.".format(
                handover.quoted(first), handover.quoted(second)
            )
        )
    raise NotListed(
        "The directory knows no user and group in {0} and {1}.".format(handover.quoted(first), handover.quoted(second))
    )


def _settled(found):
    if found.state != handover.READY:
        raise Doubt("An account is being renamed at this moment: ask again when `papercut-relay sync` is done.")
    return found


def _known(facts, username):
    if facts is None:
        raise NotListed("The directory knows no user {0}.".format(handover.quoted(username)))
    if facts["standing"] == handover.RENAMING:
        raise Doubt("The account {0} is being renamed at this moment: ask again.".format(handover.quoted(username)))
    return facts


COMMANDS = {
    "is-valid": (_is_valid, 0),
    "all-users": (_all_users, 0),
    "all-groups": (_all_groups, 0),
    "user-details": (_user_details, 0),
    "group-members": (_group_members, 1),
    "group-member-names": (_group_member_names, 1),
    "is-user-in-group": (_is_user_in_group, 2),
}
