"""The witness's first moment: made by the first sync, so that a backup taken after it can be noticed."""

from __future__ import annotations

from relay.money.act import witness
from relay.money.books import opened
from relay.site import Site


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
