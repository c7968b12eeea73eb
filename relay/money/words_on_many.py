"""A word on many at once, and taking a word back: whom it is about is shown first, and exactly that is answered.

A held row's amount never changes (what has grown since is another row), so the rows' ids say whom and how much.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from relay import amounts
from relay.counted import counted
from relay.errors import UsageError
from relay.language import amount, joined, lazy, nlazy
from relay.money.decide.holds import RESTORED, Answer, Hold
from relay.money.decide.remedies import NO_WORD, answers_to
from relay.money.ledger import holds
from relay.money.ledger.payers import NamedAccount, named
from relay.money.ledger.store import Ledger, writing
from relay.money.words import DONE, WordResult, coins, given_reason, member_id_of, not_answerable
from relay.remedy import Remedy
from relay.site import Site


@dataclass(frozen=True, slots=True)
class HeldFor:
    """Held rows that a word is to be given on, and so exactly what it names; `code` "" where they were chosen singly.

    `named` tells whose the rows are and who pays, by member id.
    """

    code: str
    rows: tuple[Hold, ...]
    currency: str
    named: Mapping[str, NamedAccount] = field(default_factory=dict)

    @property
    def total(self) -> str:
        return self._sum(self.rows)

    @property
    def count(self) -> int:
        return len({row.member_id for row in self.rows})

    def as_json(self, as_: Answer) -> dict[str, object]:
        """Return whom and how much an answer is about, and who pays what by it."""
        payers: dict[str, list[Hold]] = {}
        for row in self.rows:
            payers.setdefault(self._payer(row, as_), []).append(row)
        return {
            "held": self.code,
            "as": as_,
            "people": [
                {
                    "username": row.username,
                    "name": self._name(row),
                    "payer": self._payer(row, as_),
                    "amount": self._sum([row]),
                    "since": _iso(row.since),
                }
                for row in self.rows
            ],
            "payers": [
                {
                    "payer": payer,
                    "count": len(found),
                    "names": sorted({self._name(row) for row in found}, key=str.casefold),
                    "amount": self._sum(found),
                }
                for payer, found in sorted(payers.items(), key=lambda one: one[0].casefold())
            ],
            "total": self.total,
        }

    def _name(self, row: Hold) -> str:
        return self.named[row.member_id].name if row.member_id in self.named else row.username

    def _payer(self, row: Hold, as_: Answer) -> str:
        if as_ != "bill":
            return "nobody"
        return self.named[row.member_id].payer if row.member_id in self.named else row.username

    def _sum(self, rows: Iterable[Hold]) -> str:
        return amounts.text(sum(coins(row.amount, self.currency) for row in rows), self.currency)


def held_for(site: Site, code: str, as_: Answer) -> HeldFor:
    """Return whom a word on everybody held for `code` is about. Raises UsageError where none can be answered so."""
    found = _open(site)
    rows = [row for row in found if row.code == code and row.code not in NO_WORD]
    if not rows:
        codes = sorted({row.code for row in found if row.code not in NO_WORD})
        known = lazy("held are: %(codes)s", codes=", ".join(codes)) if codes else lazy("nothing waits for a decision")
        raise UsageError(
            lazy("Nobody is held for %(code)s whom a decision could release; %(known)s.", code=repr(code), known=known)
        )
    if code == RESTORED:
        raise UsageError(
            lazy(
                "What a restored PaperCut has forgotten differs from person to person: name it for each of the "
                "%(count)s.",
                count=len(rows),
            ),
            remedies=(Remedy("approve_amount", ("", "forgive")),),
        )
    if as_ not in answers_to(rows[0].code):
        raise not_answerable("the people", as_, rows)
    return _held(site, code, rows)


def chosen(site: Site, ids: Collection[int], as_: Answer) -> HeldFor:
    """Return the rows with these ids that can be answered so; those over or decided, or that cannot be, are not."""
    undecided = [row for row in _open(site) if row.id in ids and row.word is None]
    return _held(site, "", [row for row in undecided if row.code != RESTORED and as_ in answers_to(row.code)])


def _open(site: Site) -> list[Hold]:
    """Return what is held, without the lease: somebody who only looks replaces no run."""
    with Ledger(site.database, site.name, site.clock).read() as connection:
        return holds.open_holds(connection, site.name)


def _held(site: Site, code: str, rows: Iterable[Hold]) -> HeldFor:
    shown = tuple(rows)
    accounts = named(site.database, site.settings, {row.member_id for row in shown})
    return HeldFor(code, shown, site.settings.site.currency, accounts)


def approve_all(site: Site, shown: HeldFor, *, as_: Answer, reason: str, by: str = "") -> WordResult:
    """Answer what was shown, row by row; one that is not the same any more, or was decided since, is left as it is."""
    reason = given_reason(reason)
    at = site.clock.now()  # one moment for all of them: they can be taken back together
    with writing(site) as ledger, ledger.write() as connection:
        now = {(row.id, row.amount, row.word): row for row in holds.open_holds(connection, site.name)}
        rows = [now[key] for row in shown.rows if (key := (row.id, row.amount, row.word)) in now]
        for row in rows:
            holds.add_word(connection, site.name, as_, reason, at, hold=row, amount=row.amount, by=by)
    given = HeldFor(shown.code, tuple(rows), shown.currency, shown.named)
    changed = len(shown.rows) - len(rows)
    told = lazy(
        "%(total)s of %(people)s (%(why)s) %(done)s by the next settle; until then approve --undo takes it back.",
        total=amount(given.total, given.currency),
        people=counted(len(rows), "person"),
        why=given.code or lazy("chosen"),
        done=DONE[as_],
    )
    instead = nlazy(
        "%(num)s has changed since it was shown and waits for another decision.",
        "%(num)s have changed since they were shown and wait for another decision.",
        changed,
    )
    return WordResult(
        joined(told, instead if changed else ""), given.as_json(as_) | {"at": _iso(at), "ids": [row.id for row in rows]}
    )


# -- taking back -----------------------------------------------------------------------------------------------------


def withdraw(site: Site, ids: Collection[int], *, by: str = "", stop: str = "") -> WordResult:
    """Take back the words on held rows, or on a stop, that no settle has carried out yet; they wait again.

    The word stays in the ledger, void, with who took it back. Raises UsageError where there is none any more.
    """
    void = lazy("taken back by %(by)s", by=by) if by else lazy("taken back")
    currency = site.settings.site.currency
    with writing(site) as ledger, ledger.write() as connection:
        rows = [row for row in holds.open_holds(connection, site.name) if row.id in ids and row.word is not None]
        stops = [one for one in holds.open_stops(connection, site.name) if one.code == stop and one.word]
        for word in (*(row.word for row in rows), *(one.word for one in stops)):
            assert word is not None
            holds.void_word(connection, word.id, void, site.clock.now())
    if not rows and not stops:
        raise UsageError(
            lazy("Nothing is left to take back: what was decided is carried out, or was taken back before."),
            remedies=(Remedy("status", (), lazy("to see what is open")),),
        )
    if stops:
        told = lazy("The answer to the stop %(stop)s is taken back.", stop=stop)
        return WordResult(told, {"withdrawn": stop, "people": []})
    given = _held(site, "", rows)
    return WordResult(
        lazy(
            "%(total)s of %(people)s is taken back and waits for a decision again.",
            total=amount(given.total, currency),
            people=counted(given.count, "person"),
        ),
        {"withdrawn": [row.id for row in rows], "people": given.as_json("forgive")["people"], "total": given.total},
    )


def decided(site: Site, *, code: str = "", who: str = "") -> tuple[int, ...]:
    """Return the ids of held rows with a word on them, of everybody held for `code`, or of the one person `who`."""
    member_id = member_id_of(site, who) if who else ""
    return tuple(
        row.id
        for row in _open(site)
        if row.word is not None and (row.code == code if code else row.member_id == member_id)
    )


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""
