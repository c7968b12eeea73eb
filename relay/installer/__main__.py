# -*- coding: utf-8 -*-
"""`python installer`: the story from top to bottom. The only module here that talks to the operator.

Exit codes: 0 done, 1 something failed (what was done is written down, run again or --uninstall), 2 usage or package,
3 refused.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import sys

_folder = os.path.dirname(os.path.abspath(__file__))
_package = os.path.dirname(_folder)
if __package__ in (None, ""):  # started as a folder: make it the package that its modules import each other from
    sys.path[0:1] = [_package]  # not the folder itself, whose names would stand before the library's
    __package__ = str(os.path.basename(_folder))
    __import__(__package__)

import argparse  # noqa: E402

from papercut_scripts import audit, compat  # noqa: E402

from . import changes, config, files, held, library, places, plan, program_form, proof, pythons, running  # noqa: E402
from . import facts as facts_  # noqa: E402
from . import tokens  # noqa: E402
from .journal import InstallJournal  # noqa: E402
from .settings import OwnToken  # noqa: E402
from .stop import InstallStop  # noqa: E402


def main(arguments=None, package=_package, run=places.run):
    """Do what the command line says and return the exit code."""
    options = _options(arguments)
    os.umask(0o022)
    try:
        if options.uninstall:
            _need_rights(options, package, " --uninstall")
            return uninstall(options, package, run)
        facts = facts_.Facts(options, package, run)
        if options.proof:
            _need_rights(options, package, " --proof")
            return prove(facts)
        return install(facts)
    except InstallStop as stop:
        _say("")
        _say(stop.message)
        return stop.code
    except config.PaperCutUnreachable as error:
        _say("{0}: start the Application Server, then run this again.".format(error))
        return 1
    except EnvironmentError as error:
        _say(
            "The system refused {0}: {1}. Run this as an administrator; it goes on where it was.".format(
                error.filename or "a file", error.strerror or error
            )
        )
        return 1
    except KeyboardInterrupt:
        _say("Stopped. Run the installer again to go on, or with --uninstall to take everything back.")
        return 1


def install(facts):
    """Show every change, ask once, make them, and tell what is left to a person."""
    options = facts.options
    journal = InstallJournal(facts.places.undo)
    _say("PaperCut: {0}   account: {1}".format(facts.papercut, facts.account))
    started = journal.find("run", "install")
    if started is not None and not started.after["finished"]:
        _say("An earlier run was interrupted; this one goes on where it was.")
    for sentence in facts_.warnings(facts):
        _say("Note: " + sentence)
    planned = plan.changes(facts, journal)
    todo = [change for change in planned if not change.is_done()]
    for number, change in enumerate(todo, 1):
        _say("{0:3}. {1}".format(number, change.describe()))
    if not todo:
        _say("Nothing has to be changed.")
    if options.dry_run:
        _say("Nothing was changed.")
        return 0
    if todo:
        _need_rights(options, facts.package, "")
    if todo and not _agreed(options, "Make these changes?"):
        _say("Nothing was changed.")
        return 0
    if todo or started is None or not started.after["finished"]:
        if facts.windows and not facts.about["site_server"]:
            running.stop(facts.places, facts.run)  # Windows replaces no program that runs
        compat.make_private_folder(journal.folder)
        files.restrict(journal.folder, 0o700, "")  # old tokens will stand in it
        journal.note("run", "install", _header(facts), {"finished": False})
        for change in planned:
            if change.is_done():
                continue
            number = todo.index(change) + 1 if change in todo else len(todo)
            _say("  {0} of {1}  {2}".format(number, len(todo), change.subject))
            changes.carry_out(change, journal)
        for change in planned:
            if isinstance(change, (library.Library, library.Runtime)):
                change.remove_older()
        journal.note("run", "install", None, {"finished": True})
    _restart(facts, bool(todo))
    if todo and plan.has_console(facts):
        _start_console(facts)
    _say("")
    _say("Left to you:")
    for number, sentence in enumerate(plan.by_hand(facts), 1):
        _say("{0:3}. {1}".format(number, sentence))
    if facts.wants_setup:
        _set_up(facts)
    elif not facts.about["site_server"] and not options.without_relay:
        _say("Then, one after the other{0}:".format(_NEW_WINDOW if facts.windows else ""))
        for words in ("check", "plan", "sync"):
            _say("     papercut-relay " + words)
        _say("     {0} --proof    (a real login, right and wrong)".format(_again(facts.system, facts.package)))
    return 0


_NEW_WINDOW = ", in a new window, since this one does not know the command yet"


def _again(system, package):
    """Return how this installer is started, as it can be typed from anywhere."""
    if system == places.WINDOWS:
        return '"{0}"'.format(os.path.join(package, "installer.bat"))
    return "sudo sh '{0}'".format(os.path.join(package, "install.sh").replace("'", "'\\''"))


def _need_rights(options, package, switch):
    if facts_.lacks_rights(options):
        how = "in a terminal that was opened as Administrator" if options.system == places.WINDOWS else "as root"
        raise InstallStop(
            "Nothing was changed, since that takes an administrator. Start it {0}: {1}{2}".format(
                how, _again(options.system, package), switch
            )
        )


_SET_UP = {"": "serve", "y": "serve", "yes": "serve", "t": "init"}


def _set_up(facts):
    """Open the set-up for somebody who sits here; else say how."""
    _say("")
    _say("The relay is installed and has no settings yet. The set-up asks for them and tries each answer at once.")
    is_here = not facts.options.yes and places.is_terminal(sys.stdin)
    question = "Start it now: a page in this machine's browser (y), here in the terminal (t), or later (n)? [Y/t/n] "
    word = _SET_UP.get(_ask(question).lower()) if is_here else None
    if word is None:
        _say("To start it{0}, in the terminal or as a page:".format(_NEW_WINDOW if facts.windows else ""))
        _say("     papercut-relay init")
        _say("     papercut-relay serve")
        return
    if facts.windows and word == "serve":
        _open_when_there(*places.CONSOLE)
    places.show([facts.places.program(), word])
    if plan.has_console(facts) and facts.places.console_again():
        _say("From now on the console runs by itself, at http://{0}:{1}/".format(*places.CONSOLE))


def _open_when_there(host, port):
    """Open the set-up's page in the browser once somebody answers there."""
    import socket
    import threading
    import time

    def look():
        for _ in range(120):
            try:
                socket.create_connection((host, port), 1).close()
            except EnvironmentError:
                time.sleep(0.5)
                continue
            os.startfile("http://{0}:{1}/".format(host, port))
            return

    watcher = threading.Thread(target=look)
    watcher.daemon = True
    watcher.start()


def prove(facts):
    """Prove a real login; return 0 only when both ways were seen."""
    if not proof.is_synced(facts.home):
        raise InstallStop("Nobody can log in before the first sync: run papercut-relay plan and sync, then this.", 3)
    programs = [(key, places.program(facts.papercut, name, facts.system)) for name, _, key, _ in plan.PROGRAMS]
    asked = proof.source_is_asked(facts.home) or facts.about["site_server"]
    if not asked and not program_form.settle(
        facts, programs, InstallJournal(facts.places.undo), _say, min(facts.options.wait, program_form.LIMIT_S)
    ):
        _say(
            "Note: PaperCut has not asked our user source yet: see Options > User/Group Sync > Primary sync source, "
            "and that the Application Server was restarted."
        )
    return 0 if proof.login(facts.home, facts.url.split("/rpc/")[0], _say, facts.options.wait) else 1


def uninstall(options, package, run):
    """Take back everything that the journal tells, the last first."""
    journal = InstallJournal(places.Places(options.system, options.root).undo)
    if not journal.exists():
        journal.forget()  # an empty one, of a run that was killed before its first change
        _say("Nothing is installed that this installer knows of.")
        return 0
    started = journal.find("run", "install")
    context = Undo(journal, options, started.before if started else {}, run)
    for entry in reversed(journal.entries()):
        if entry.kind not in ("run", "scheduled"):
            _say("  take back: {0} {1}".format(entry.kind, entry.subject))
    if options.purge:
        _say("With --purge the data goes too: settings, secrets, hand-over files, and the LEDGER of what was billed.")
    here = places.Places(options.system, options.root)
    at_work = running.found(here.relay, options.system, run)
    if at_work:
        _say("Running now: {0}.".format(", ".join(at_work)))
    if options.dry_run or not _agreed(options, "Take all this back?"):
        _say("Nothing was changed.")
        return 0
    running.stop(here, run)
    stayed = []
    if options.purge and started:
        _note_set_ups_token(context, started.before["token_file"])
    elif options.purge and held.is_file(os.path.join(os.path.dirname(here.settings()), "secrets", "papercut_token")):
        stayed.append(
            "the secret of PaperCut's token {0} goes now, and an earlier uninstall has left the token: take it out of "
            "{1} in the config editor if it is there".format(tokens.NAME, tokens.KEY)
        )
    changes.undo_all(context, stayed.append)
    for sentence in stayed:
        _say("  " + sentence)
    _say(
        "PaperCut keeps the relay's shared account (officernd-relay, or what [safety] witness names): delete it there "
        "if no relay is to work on this server any more."
    )
    _say(
        "Everything {0}is as it was. Restart the Application Server: {1}.".format(
            "else " if stayed else "", places.RESTART[options.system]
        )
    )
    return 0


def _note_set_ups_token(context, token_file):
    """Write down the token that the set-up has added to PaperCut's, so that it is taken out with all the rest."""
    ours = held.read_secret(token_file)
    if not ours or context.journal.find(OwnToken.kind, tokens.KEY):
        return
    now = context.config.get(tokens.KEY)
    left = tokens.without_token(now, tokens.NAME)
    if ours in tokens.values(now) and ours not in tokens.values(left):
        context.journal.note(OwnToken.kind, tokens.KEY, {"value": left}, {"value": now, "name": tokens.NAME})


class Undo(object):
    """What an undo needs: the journal, the way to PaperCut's keys when one is asked for, the commands."""

    def __init__(self, journal, options, header, run):
        self.journal = journal
        self.run = run
        self.purge = options.purge
        self._options = options
        self._header = header
        self._config = None

    @property
    def config(self):
        if self._config is None:
            header = self._header
            found = (held.read_secret(header["token_file"]), self._options.token)
            tokens = [token for token in found if token]
            self._config = config.choose(
                self._options.system, header["papercut"], header["url"], tokens, header["ca_file"], self.run
            )
        return self._config

    def choose_again(self):
        """Look for the way to PaperCut's keys anew when one is asked for next."""
        self._config = None


def _header(facts):
    certificate = os.path.join(os.path.dirname(facts.settings), "certificates", "papercut.pem")
    return {
        "papercut": facts.papercut,
        "url": facts.url,
        "token_file": os.path.join(facts.secrets, "papercut_token"),
        "ca_file": certificate if os.path.isfile(certificate) else "",
    }


def _restart(facts, changed):
    options = facts.options
    if not changed:
        return
    commands = [] if options.root else places.restart_commands(facts.system)
    question = "Restart PaperCut's Application Server now?"
    if not commands or not (options.restart or (not options.yes and _agreed(options, question))):
        facts.left_to_do.insert(0, "Restart the Application Server: {0}.".format(places.RESTART[facts.system]))
        return
    for command in commands:
        code, said = facts.run(command)
        if code != 0:
            _say("{0} failed: {1}".format(" ".join(command), said.strip()))


def _start_console(facts):
    """Start the console's service in the version that is installed now."""
    for command in facts.places.console_again():
        code, said = facts.run(command)
        if code != 0:
            _say("The console was not started ({0}: {1}).".format(" ".join(command), said.strip()))
            return
    if not facts.places.console_again() and not facts.options.root:
        facts.left_to_do.append("The console starts with this machine. To have it now: papercut-relay serve")


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="installer", description="Installs the OfficeRnD relay on this PaperCut machine, and takes it back."
    )
    parser.add_argument("--dry-run", action="store_true", help="show every change, make none")
    parser.add_argument("--yes", action="store_true", help="do not ask (except for secrets given by files)")
    parser.add_argument("--uninstall", action="store_true", help="take everything back as recorded; data stays")
    parser.add_argument("--purge", action="store_true", help="with --uninstall: settings, secrets and ledger go too")
    parser.add_argument("--proof", action="store_true", help="watch a real login, right and wrong")
    parser.add_argument("--papercut", metavar="FOLDER", default="", help="PaperCut's folder, where it is not found")
    parser.add_argument("--url", default="", help="PaperCut's address; else the settings'")
    parser.add_argument("--token-file", metavar="FILE", default="", help="a web-services token that PaperCut accepts")
    parser.add_argument("--python", metavar="PATH", default="", help="the Python that PaperCut shall start")
    parser.add_argument("--jython-jar", metavar="JAR", default="", help="under Jython: the jar for the programs")
    parser.add_argument("--version", default="", help="PaperCut's version, where it cannot be read")
    parser.add_argument("--restart", action="store_true", help="restart the Application Server without asking")
    parser.add_argument("--accept-version", action="store_true", help="go on with a version older than 22.1.1")
    parser.add_argument("--leave-old-agent", action="store_true", help="do not stop OfficeRnD's own connector")
    parser.add_argument("--without-relay", action="store_true", help="only PaperCut's side; the relay is elsewhere")
    parser.add_argument("--without-schedule", action="store_true", help="no scheduler entry for the daily run")
    parser.add_argument("--without-console", action="store_true", help="no service for the console")
    parser.add_argument("--root", default="", metavar="FOLDER", help="a trial: put this before every folder of ours")
    parser.add_argument(
        "--wait", type=float, default=proof.LIMIT_S, metavar="S", help="with --proof: how long to watch"
    )
    options = parser.parse_args(arguments)
    options.system = places.SYSTEM
    options.token = facts_.read_secret(options.token_file) if options.token_file else ""
    options.say = _say
    options.ask = (lambda question: "") if options.yes else _ask
    options.ask_secret = _ask_secret(options)
    options.root = os.path.abspath(options.root) if options.root else ""
    return options


def _ask(question):
    try:
        return pythons.ask(question).strip()
    except EOFError:
        return ""


def _ask_secret(options):
    """Return a function that asks for a secret without showing it; unattended it reads one line of standard input."""

    def ask(question):
        if options.dry_run:
            return ""
        is_a_person = places.is_terminal(sys.stdin)
        if is_a_person and not options.yes:
            import getpass

            return getpass.getpass(str(question)).strip()
        if is_a_person:
            return ""
        return places.text_of(compat.read_line(4096)).strip()

    return ask


def _agreed(options, question):
    return options.yes or _ask(question + " [y/N] ").lower() in ("y", "yes")


def _say(text):
    """Tell the operator: what others named, or other programs said, moves no cursor and hides nothing."""
    lines = [audit.visible(line.expandtabs()) for line in text.replace("\r\n", "\n").split("\n")]
    compat.write_stdout(("\n".join(lines) + "\n").encode("utf-8"))


if __name__ == "__main__":
    sys.exit(main())
