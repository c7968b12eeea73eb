# -*- coding: utf-8 -*-
"""Making changes and taking them back: nothing is changed but through `carry_out`, which writes the journal first."""

from __future__ import absolute_import, division, print_function, unicode_literals

from . import held
from .change import Change
from .files import File, Folder, ListedFolder, Tree
from .sealed_secrets import SealedSecrets
from .services import OldAgent, ScheduledStart, SearchPath
from .settings import ConfigKey, OwnToken


def carry_out(change, journal):
    """Make a change that is not made yet, with the journal written before it; return whether there was one to make."""
    if change.is_done():
        return False
    journal.note(change.kind, change.subject, change.before(journal), change.after())
    change.make(journal)
    return True


KINDS = {
    kind.kind: kind
    for kind in (
        Folder,
        File,
        Tree,
        ListedFolder,
        ConfigKey,
        OwnToken,
        OldAgent,
        ScheduledStart,
        SearchPath,
        SealedSecrets,
    )
}
KINDS["scheduled"] = KINDS["run"] = Change  # lines that ask for no way back


def undo_all(context, say):
    """Take back every change of the journal, the last one first; `say` gets what stayed.

    What we made and left, such as the ledger, stays written down as ours: a later installation, and its purge,
    would else take it for somebody's.

    `context` has journal, config (PaperCut's keys), run (commands) and purge (whether data goes too).
    """
    left = []
    for entry in _backwards(context.journal.entries()):
        told = KINDS[entry.kind].undo(entry, context)
        if told:
            say(told)
        if _is_ours_and_there(entry):
            left.insert(0, entry)
        else:
            context.journal.undone(entry)
    context.journal.keep_only([entry for entry in left if _is_ours_and_there(entry)])  # a folder goes after its files


def _backwards(entries):
    """Return the last entry first, but our token after PaperCut's keys: they may be written with it."""
    found = entries[::-1]
    keys = [number for number, entry in enumerate(found) if entry.kind == ConfigKey.kind]
    for number, entry in enumerate(found):
        if entry.kind == OwnToken.kind and keys and number < keys[-1]:
            found.insert(keys[-1], found.pop(number))
            break
    return found


def _is_ours_and_there(entry):
    is_path = entry.kind in (Folder.kind, File.kind, SealedSecrets.kind)
    return is_path and entry.before is None and held.exists(entry.subject)
