# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

The format of the hand-over files, for the relay that writes them and for the programs that read them. It renders and
verifies bytes and finds files; it must not decide who may print.

A generation is a folder below `directory/`; `directory/CURRENT` names the one in force. Every file of it begins with
one line that says what it is and how it sums up, so that a reader sees by the one file it opens that this file
is half copied, corrupt, of another version, in the wrong place, or old. A question opens one or two small files,
whatever the number of members: people stand in shards by the hash of their name.

    all-users                 every record, ready to be printed
    all-groups                every listed group, one a line
    groups/<hash>             records of one group
    people/<prefix>           an empty line, then lines of two kinds: `=` login, username; `+` everything about one user
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import time

from papercut_scripts import compat

FORMAT = 1
MAGIC = "papercut-officernd-directory"
READY = "ready"
RENAMING = "renaming"  # a rename is under way: neither the old nor the new name may be answered

SEPARATOR = "\x1f"  # between the items of one field; no name holds a control character
RECORD = (
    "username",
    "full_name",
    "email",
    "department",
    "office",
    "primary_card",
    "other_emails",
    "secondary_card",
    "alias",
    "home",
)  # Source: PaperCut CustomSynAndAuthentication README, "user record"
FACTS = ("username", "standing", "member_id", "reason", "signin_email", "groups", "logins") + RECORD[1:]


class Doubt(Exception):
    """The question cannot be answered with certainty; the message is one sentence for an operator."""


class NotListed(Doubt):
    """The directory is sound and knows no such user or group."""


class VerifiedFile(object):
    """One verified file: its body as bytes, and what its first line says."""

    def __init__(self, body, generation, published, stale_after, record_fields, state):
        self.body = body
        self.generation = generation
        self.published = published
        self.stale_after = stale_after
        self.record_fields = record_fields
        self.state = state

    def is_stale(self):
        return time.time() > self.stale_after


# --- rendering and verifying ---


def render(generation, name, body, published, stale_after, record_fields, state=READY):
    """Return the bytes of one file: the line that vouches for it, then `body`. Times are seconds since 1970."""
    fields = (MAGIC, FORMAT, generation, name, published, stale_after, record_fields, state, len(body))
    said = "\t".join(["{0}".format(field) for field in fields]).encode("utf-8")
    return said + b"\t" + _sum(said, body) + b"\n" + body


def _sum(said, body):
    return compat.sha256_hex(said + b"\n" + body).encode("ascii")


def verify(data, generation, name):
    """Return the `File` in `data`, or raise Doubt with the sentence that says why it cannot be trusted."""
    line, end, body = data.partition(b"\n")
    fields = line.decode("utf-8", "replace").split("\t")
    if not end or fields[0] != MAGIC:
        raise Doubt("The hand-over file {0} is no directory file: run `papercut-relay sync`.".format(name))
    if fields[1:2] != ["{0}".format(FORMAT)]:
        raise Doubt(
            "The hand-over file {0} is of another version than this program: "
            "bring both to the same release and run `papercut-relay sync`.".format(name)
        )
    if len(fields) != 10 or fields[2] != generation or fields[3] != name:
        raise Doubt("The hand-over file {0} stands in the wrong place: run `papercut-relay sync`.".format(name))
    said, _, checksum = line.rpartition(b"\t")
    if fields[8] != "{0}".format(len(body)) or checksum != _sum(said, body):
        raise Doubt("The hand-over file {0} is half copied or damaged: run `papercut-relay sync`.".format(name))
    return VerifiedFile(body, generation, int(fields[4]), int(fields[5]), int(fields[6]), fields[7])


def new_generation(stamp, users):
    """Return a name for a generation that is not yet there; its last character is the width of its shards."""
    width = 1 if users <= 4000 else 2
    return "{0}-{1}-{2}".format(stamp, compat.random_hex(3), width)


def shards(generation):
    """Return the names of all shards of a generation, in order."""
    width = int(generation[-1])
    return ["people/{0:0{1}x}".format(number, width) for number in range(16**width)]


def shard(generation, name):
    """Return the name of the shard that holds a username or another login."""
    return "people/" + compat.sha256_hex(name.encode("utf-8"))[: int(generation[-1])]


def group_file(group):
    """Return the name of a group's file."""
    return "groups/" + compat.sha256_hex(group.encode("utf-8"))[:32]


def person_line(facts):
    """Return a person's line in a shard: `facts` maps every name of FACTS to text, the two lists already joined."""
    return "+" + "\t".join([facts[name] for name in FACTS]) + "\n"


def login_line(login, username):
    return "={0}\t{1}\n".format(login, username)


def person_facts(line):
    """Return what a person's line says: texts by the names of FACTS, `groups` and `logins` as lists."""
    facts = dict(zip(FACTS, line[1:].split("\t")))
    if len(facts) != len(FACTS):
        raise Doubt("A line of the directory is damaged: run `papercut-relay sync`.")
    for name in ("groups", "logins"):
        facts[name] = facts[name].split(SEPARATOR) if facts[name] else []
    return facts


def record(facts, fields):
    """Return a user record of 5 or 10 fields with its line end."""
    return "\t".join([facts[name] for name in RECORD[:fields]]) + "\n"


# --- reading ---


class DirectoryInForce(object):
    """The generation in force, for the length of one question."""

    def __init__(self, home):
        self._folder = os.path.join(home, "directory")
        self._seen = {}
        self.generation = self._current()

    def read(self, locate):
        """Return the verified file that `locate(generation)` names; who raced with a publication asks twice."""
        try:
            return self._read(locate(self.generation))
        except Doubt:
            generation = self._current()
            if generation == self.generation:
                raise
            self.generation = generation
            return self._read(locate(generation))

    def fresh(self, name):
        """Return the file `name`, unless it is too old to speak for who is there and who is not."""
        found = self.read(lambda generation: name)
        if found.is_stale():
            raise Doubt(
                "The directory is of {0}, older than allowed: find out why `papercut-relay sync` fails.".format(
                    time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(found.published))
                )
            )
        return found

    def group(self, name):
        """Return a listed group's fresh file, or raise NotListed."""
        if name not in self.groups():
            raise NotListed("The directory lists no group named {0}.".format(quoted(name)))
        return self.fresh(group_file(name))

    def groups(self):
        """Return the names of all listed groups; the list must be fresh."""
        return self.fresh("all-groups").body.decode("utf-8").split("\n")[:-1]

    def person(self, login):
        """Return the facts of whom a username, e-mail or alias in any case means, and the file they stand in.

        Nobody: (None, file of the place where they would stand).
        """
        login = login.strip().lower()
        line, found = self._line("=", login.replace("\t", " ").replace("\n", " "))
        if line is None:
            return None, found
        username = line.split("\t")[1]
        line, found = self._line("+", username)
        if line is None:
            raise Doubt(
                "The directory names {0} and does not hold it: run `papercut-relay sync`.".format(quoted(username))
            )
        return person_facts(line), found

    def _line(self, kind, key):
        found = self.read(lambda generation: shard(generation, key))
        start = found.body.find("\n{0}{1}\t".format(kind, key).encode("utf-8"))
        if start < 0:
            return None, found
        return found.body[start + 1 : found.body.index(b"\n", start + 1)].decode("utf-8"), found

    def _current(self):
        try:
            name = compat.read_file(os.path.join(self._folder, "CURRENT")).decode("utf-8", "replace").strip()
        except compat.ANY_ERROR:
            raise Doubt(
                "There is no readable directory in {0}: run `papercut-relay sync`, "
                "as the account that runs PaperCut.".format(self._folder)
            )
        if name[-1:] not in ("1", "2") or name.strip("-0123456789abcdefTZ"):
            raise Doubt("The file directory/CURRENT is damaged: run `papercut-relay sync`.")
        return name

    def _read(self, name):
        path = os.path.join(self._folder, self.generation, *name.split("/"))
        if path not in self._seen:
            try:
                data = compat.read_file(path)
            except compat.ANY_ERROR:
                raise Doubt(
                    "The hand-over file {0} is missing or cannot be read: run `papercut-relay sync`.".format(name)
                )
            self._seen[path] = verify(data, self.generation, name)
        return self._seen[path]


def quoted(text):
    """Return text in quotation marks for a sentence, without control characters."""
    return '"' + "".join([character if ord(character) >= 32 else "?" for character in text]) + '"'
