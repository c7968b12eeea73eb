"""The witness as a sync needs it: made by the first one, so that a backup taken after it shows, and looked at."""

from __future__ import annotations

from relay.money.act import witness
from relay.money.books import opened
from relay.site import Site


def standing(site: Site, *, answered: bool = False) -> dict[str, str]:
    """Return by code why no money of the site moves, as stored and as the witness shows now; writes nothing.

    With `answered` also what a word was given on that no settle has carried out yet.
    """
    if site.settings.fees.managed_in == "papercut":
        return {}
    with opened(site, writes=False) as books:
        stored = books.ledger.stops()
        _, seen = witness.look(books)
    over = {stop.code for stop in stored if stop.word is not None and not answered}
    found = [*stored, *([seen] if seen is not None else [])]
    return {stop.code: stop.message for stop in found if stop.code not in over}


def keep_witness(site: Site) -> bool:
    """Make the witness in PaperCut where there is none yet, and return whether that was done.

    Where PaperCut and the ledger disagree it is left as it is: the next settle tells.
    """
    if site.settings.fees.managed_in != "officernd":
        return False
    with opened(site, writes=True) as books:
        if witness.known(books).current.number or witness.look(books) != (None, None):
            return False
        witness.raise_number(books)
        return True
