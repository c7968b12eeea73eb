"""The law of money as a table, and the product compared with the law's executable model over random arguments.

Every row of `explain_cases.csv` is one reading: the wallet before, the difference, the change of the job counter, the
job log's word (costs and rows, empty: no log), the setting (`both`: the row holds under either), and what must come of
it. Amounts there are in units of the currency; a bucket that is not named is empty. The results were computed by
`reference_model.py` and worked out by hand; the last column says what the row shows.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

import pytest

from relay.money.decide.allowance import top_up_amount
from relay.money.decide.due import OwedChange, due
from relay.money.decide.evidence import Reading, judge_adjustment
from relay.money.decide.explain import Buckets, Explained, LoggedJobs, Uncounted, draw, explain, fill, opened
from tests.support import reference_model as law

MANY = 100_000
POLICIES: tuple[Uncounted, ...] = ("hold", "bill")
DEBTS = ("opening", "owed", "disputed")
MONDAY = date(2024, 1, 1)  # day 0 of the model, whose weeks begin with days 0, 7, 14
SIZES = (0, 1, 2, 3, 9_999, law.COIN, law.COIN + 1, 35_000, 1_000_000, 1_000_001, 3_000_000, 5_000_000)  # they meet


class Case(NamedTuple):
    before: Buckets
    difference: int
    jobs: int
    known: LoggedJobs | None
    policies: tuple[Uncounted, ...]
    then: Explained
    shows: str


def micros(units: str) -> int:
    value = Decimal(units).scaleb(6)
    assert value == int(value), f"{units} is finer than a micro"
    return int(value)


def wallet(text: str) -> Buckets:
    """Return "owed -3 allowance 4" as buckets; "-" is an empty wallet."""
    words = [] if text == "-" else text.split()
    return Buckets(**{name: micros(units) for name, units in zip(words[::2], words[1::2], strict=True)})


def case(row: dict[str, Any]) -> Case:
    known = LoggedJobs(micros(row["costs"]), int(row["rows"])) if row["costs"] else None
    policies = tuple(policy for policy in POLICIES if row["uncounted"] in (policy, "both"))
    doubt: Any = "" if row["doubt"] == "-" else row["doubt"]
    inferred = {"yes": True, "no": False}[row["inferred"]]
    then = Explained(wallet(row["after"]), micros(row["printed"]), micros(row["outside"]), doubt, inferred)
    return Case(wallet(row["before"]), micros(row["difference"]), int(row["jobs"]), known, policies, then, row["shows"])


with (Path(__file__).parent / "explain_cases.csv").open(encoding="utf-8", newline="") as file:
    CASES = [case(row) for row in csv.DictReader(file)]


def the_law_on(
    before: Buckets, difference: int, jobs: int, known: LoggedJobs | None, uncounted: Uncounted
) -> Explained:
    """Return the model's answer in the product's words."""
    known_there = law.Known(*known) if known else None
    said = law.explain(law.Buckets(*before), difference, jobs, known_there, uncounted)
    doubt: Any = said.doubt
    return Explained(Buckets(*said.after), said.printed, said.outside, doubt, said.inferred)


# ---- the table


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.shows)
def test_a_reading_is_explained_as_the_table_says(case: Case) -> None:
    assert case.policies
    for uncounted in case.policies:
        assert explain(case.before, case.difference, case.jobs, case.known, uncounted) == case.then


def test_the_table_is_what_the_model_says() -> None:
    wrong = []
    for row in CASES:
        for uncounted in row.policies:
            said = the_law_on(row.before, row.difference, row.jobs, row.known, uncounted)
            if said != row.then:
                wrong.append((row.shows, uncounted, said))
    assert wrong == []


def test_the_table_has_each_question_once_and_every_answer() -> None:
    asked = Counter((*row[:4], uncounted) for row in CASES for uncounted in row.policies)
    assert [question for question, times in asked.items() if times > 1] == []
    assert len(CASES) >= 300
    assert len({row.shows for row in CASES}) == len(CASES)
    assert {(row.then.doubt, row.then.inferred) for row in CASES} == {
        ("", False),
        ("", True),
        ("counter_fell", False),
        ("uncounted", False),
        ("beyond_costs", False),
    }


# ---- random arguments


def size(random: Random) -> int:
    """Return an amount >= 0 that often meets another one, or is a micro beside it."""
    return random.choice(SIZES) if random.random() < 0.8 else random.randrange(10_000_000)


def signed(random: Random) -> int:
    return size(random) * random.choice((-1, 1))


def some_wallet(random: Random) -> Buckets:
    return Buckets(-size(random), -size(random), -size(random), size(random), size(random))


Question = tuple[Buckets, int, int, LoggedJobs | None, Uncounted]


def questions(seed: int, count: int) -> Iterator[Question]:
    """Yield arguments of `explain`; the difference often is, or nearly is, what the known costs say."""
    random = Random(seed)
    for _ in range(count):
        known = LoggedJobs(signed(random), random.choice((0, 1, 1, 2, 3))) if random.random() < 0.7 else None
        difference = -known.costs if known and random.random() < 0.5 else 0
        difference += signed(random) if random.random() < 0.8 else 0
        jobs = random.choice((-2, -1, 0, 0, 1, 1, 2, 3))
        yield some_wallet(random), difference, jobs, known, random.choice(POLICIES)


def test_explain_says_what_the_model_says() -> None:
    answers: Counter[tuple[str, bool]] = Counter()
    for question in questions(1, MANY):
        told = explain(*question)
        assert told == the_law_on(*question), question
        answers[told.doubt, told.inferred] += 1
    assert len(answers) == 5 and min(answers.values()) > 1_000, f"the arguments miss a branch: {answers}"


def test_what_is_explained_adds_up_and_keeps_its_signs() -> None:
    """Whatever the reading: no micro appears or goes, no bucket has the wrong sign, nothing is disputed unsaid."""
    for question in questions(2, MANY // 4):
        before, difference, jobs, known, uncounted = question
        after, printed, outside, doubt, inferred = explain(*question)
        change = after.less(before)
        assert printed + outside == difference, question
        assert sum(change) - printed - outside == 0, question
        assert after.wallet == before.wallet + difference, question
        assert after.is_sound, question
        assert change.opening >= 0, question  # no reading makes a debt older than the link
        assert change.allowance <= 0, question  # only a top-up gives
        assert printed <= 0 or (known is not None and known.costs < 0), question  # a known refund
        assert change.disputed >= min(0, outside), question  # nothing is disputed that is explained
        assert (change.disputed < 0 or outside < 0) <= bool(doubt), question
        assert not (doubt and inferred), question
        assert not (inferred and outside), question
        if uncounted == "bill":
            assert doubt in ("", "counter_fell"), question
        if jobs < 0:
            assert (printed, doubt) == (0, "counter_fell"), question


def test_a_credit_pays_and_a_charge_uses_up_in_the_order_given() -> None:
    before = Buckets(opening=-1, owed=-2, disputed=-3, allowance=4, own=5)
    assert fill(before, 0, ("owed",)) == before
    assert fill(before, 4, ("disputed", "opening", "owed")) == before._replace(disputed=0, opening=0)
    assert fill(before, 4, ("owed", "disputed")) == before._replace(owed=0, disputed=-1)
    assert fill(before, 4, ()) == before._replace(own=9)
    assert fill(before, 9, ("opening", "owed")) == before._replace(opening=0, owed=0, own=11)
    assert draw(before, 0, ("own",), "owed") == before
    assert draw(before, 6, ("allowance", "own"), "owed") == before._replace(allowance=0, own=3)
    assert draw(before, 6, ("own", "allowance"), "owed") == before._replace(own=0, allowance=3)
    assert draw(before, 12, ("allowance", "own"), "owed") == before._replace(allowance=0, own=0, owed=-5)
    assert draw(before, 6, (), "disputed") == before._replace(disputed=-9)


@pytest.mark.parametrize(
    ("balance", "buckets"),
    [(0, Buckets()), (-1, Buckets(opening=-1)), (1, Buckets(own=1)), (-7_035_000, Buckets(opening=-7_035_000))],
)
def test_an_account_is_opened_with_its_balance(balance: int, buckets: Buckets) -> None:
    assert opened(balance) == buckets
    assert buckets.is_sound and buckets.wallet == balance


@pytest.mark.parametrize("name", Buckets._fields)
def test_a_bucket_of_the_wrong_sign_is_not_sound(name: str) -> None:
    wrong, right = (1, -1) if name in DEBTS else (-1, 1)
    assert not Buckets(**{name: wrong}).is_sound
    assert Buckets(**{name: right}).is_sound


# ---- what is due


def day_of(number: int, every: str) -> date:
    """Return a day of the model as a date of the same period: of its months of 30 days only the first 28 are used."""
    if every != "month":
        return MONDAY + timedelta(days=number)
    months, rest = divmod(number, 30)
    assert rest < 28
    return date(2024 + months // 12, months % 12 + 1, rest + 1)


def test_due_says_what_the_model_says() -> None:
    """A yen is a hundred times as many micros as a cent, and makes everything a hundred times as large."""
    random = Random(3)
    billed: Counter[tuple[str, bool]] = Counter()
    for _ in range(MANY):
        every: Literal["day", "week", "month"] = random.choice(("day", "week", "month"))
        days = range(31) if every != "month" else [day for day in range(100) if day % 30 < 28]
        changes = [
            law.Change(random.choice(days), size(random) if random.random() < 0.3 else -size(random))
            for _ in range(random.randrange(6))
        ]
        today, minimum = random.choice(days), size(random)
        currency, times = random.choice((("EUR", 1), ("JPY", 100)))
        dated = [OwedChange(day_of(change.day, every), change.owed * times) for change in changes]
        told = due(dated, day_of(today, every), every, minimum * times, currency)
        said = law.due(changes, today, every, minimum) * times
        assert told == said, f"{dated} {today} {every} {minimum} {currency}"
        billed[every, told > 0] += 1
    assert len(billed) == 6 and min(billed.values()) > 1_000, f"the arguments miss a branch: {billed}"


def debts(text: str) -> list[OwedChange]:
    """Return "2025-01-31 -5 2025-02-01 2" as journal lines on `owed`."""
    words = text.split()
    return [
        OwedChange(date.fromisoformat(day), micros(units)) for day, units in zip(words[::2], words[1::2], strict=True)
    ]


@pytest.mark.parametrize(
    ("changes", "today", "every", "minimum", "currency", "billed"),
    [
        # a fraction of last month makes nothing due; next month the whole is (the model's own cases)
        ("2025-01-30 -7.035 2025-01-31 7.03 2025-02-01 -1", "2025-02-01", "month", "0.01", "EUR", "0"),
        ("2025-01-30 -7.035 2025-01-31 7.03 2025-02-01 -2", "2025-03-01", "month", "0.01", "EUR", "2"),
        ("2025-01-02 -4.99 2025-02-02 -0.001 2025-03-02 -0.001", "2025-03-05", "month", "5", "EUR", "0"),
        ("2025-01-02 -4.99 2025-02-02 -0.001 2025-03-02 -1", "2025-03-05", "month", "5", "EUR", "5.99"),
        # months end where the calendar says
        ("2025-01-31 -5", "2025-01-31", "month", "0.01", "EUR", "0"),
        ("2025-01-31 -5", "2025-02-01", "month", "0.01", "EUR", "5"),
        ("2025-02-28 -5", "2025-02-28", "month", "0.01", "EUR", "0"),
        ("2025-02-28 -5", "2025-03-01", "month", "0.01", "EUR", "5"),
        ("2024-02-28 -5", "2024-02-29", "month", "0.01", "EUR", "0"),
        ("2024-02-29 -5", "2024-03-01", "month", "0.01", "EUR", "5"),
        ("2025-12-31 -5", "2026-01-01", "month", "0.01", "EUR", "5"),
        ("2025-03-01 -5", "2025-03-31", "month", "0.01", "EUR", "0"),
        ("2024-03-15 -5", "2025-03-14", "month", "0.01", "EUR", "5"),
        # once a coin of it is old, this month's debt is billed with it
        ("2025-01-31 -0.01 2025-02-10 -5", "2025-02-10", "month", "0.01", "EUR", "5.01"),
        ("2025-01-31 -0.009999 2025-02-10 -5", "2025-02-10", "month", "0.01", "EUR", "0"),
        ("2025-01-31 -0.005 2025-02-10 -5.004", "2025-03-01", "month", "0.01", "EUR", "5"),
        # what was paid this month paid the oldest part
        ("2025-01-31 -5 2025-02-10 -5 2025-02-11 5", "2025-02-12", "month", "0.01", "EUR", "0"),
        ("2025-01-31 -5 2025-02-10 -5 2025-02-11 4.98", "2025-02-12", "month", "0.01", "EUR", "5.02"),
        ("2025-01-31 -5 2025-02-10 -5 2025-02-11 5", "2025-03-01", "month", "0.01", "EUR", "5"),
        ("2025-01-31 -5 2025-02-10 5", "2025-03-01", "month", "0.01", "EUR", "0"),
        # weeks begin on Monday, also across the year
        ("2025-03-16 -5", "2025-03-17", "week", "0.01", "EUR", "5"),
        ("2025-03-17 -5", "2025-03-23", "week", "0.01", "EUR", "0"),
        ("2026-12-28 -5", "2027-01-03", "week", "0.01", "EUR", "0"),
        ("2027-01-03 -5", "2027-01-04", "week", "0.01", "EUR", "5"),
        # a day's debt is due at once; never more than whole coins, never below the minimum
        ("2025-03-17 -5", "2025-03-17", "day", "0.01", "EUR", "5"),
        ("2025-03-17 -5.019999", "2025-03-17", "day", "0.01", "EUR", "5.01"),
        ("2025-03-17 -4.999999", "2025-03-17", "day", "5", "EUR", "0"),
        ("2025-03-17 -5", "2025-03-17", "day", "5", "EUR", "5"),
        ("2025-03-17 -5.005", "2025-03-17", "day", "5.005", "EUR", "0"),
        ("2025-03-17 -0.009999", "2025-03-17", "day", "0", "EUR", "0"),
        ("", "2025-03-17", "day", "0", "EUR", "0"),
        # yen have no cents, dinars have mils
        ("2025-01-31 -7.9", "2025-02-01", "month", "0", "JPY", "7"),
        ("2025-01-31 -0.999999 2025-02-01 -7", "2025-02-01", "month", "0", "JPY", "0"),
        ("2025-01-31 -7.0359", "2025-02-01", "month", "0", "KWD", "7.035"),
    ],
)
def test_what_is_due(changes: str, today: str, every: Any, minimum: str, currency: str, billed: str) -> None:
    told = due(debts(changes), date.fromisoformat(today), every, micros(minimum), currency)
    assert told == micros(billed)


# ---- the other decisions


def test_a_top_up_is_what_the_model_says() -> None:
    random = Random(4)
    modes: tuple[Literal["add", "reset"], ...] = ("add", "reset")
    for _ in range(MANY):
        buckets, amount, mode = some_wallet(random), size(random), random.choice(modes)
        asked = f"{buckets} {amount} {mode}"
        assert top_up_amount(buckets, amount, mode) == law.top_up(law.Buckets(*buckets), amount, mode), asked


def judged_by_the_law(before: Reading, now: Reading, amount: int, known: LoggedJobs | None) -> str:
    """Return the law's word on a balance that is a double on PaperCut's side: what it says within one micro of it."""
    known_there = law.Known(*known) if known else None
    then = law.Reading(before.balance, before.jobs)
    said = {
        law.judge_adjustment(then, law.Reading(now.balance + off, now.jobs), amount, known_there) for off in (-1, 0, 1)
    }
    decided = said - {"unknown"}
    assert len(decided) <= 1, "the amount is smaller than what a double's rounding may hide"
    return decided.pop() if decided else "unknown"


def test_a_lost_adjustment_is_judged_as_the_model_judges() -> None:
    random = Random(5)
    verdicts: Counter[str] = Counter()
    for _ in range(MANY):
        jobs, amount = random.choice((-1, 0, 0, 1, 2)), signed(random)
        amount += law.COIN if amount >= 0 else -law.COIN
        known = LoggedJobs(signed(random), random.choice((jobs, jobs, 0, 1, 2, 3))) if random.random() < 0.7 else None
        before = Reading(signed(random), 7)
        change = random.choice((0, amount, amount, signed(random))) + random.choice((-2, -1, 0, 0, 0, 1, 2))
        if known is not None and random.random() < 0.7:
            change -= known.costs
        now = Reading(before.balance + change, 7 + jobs)
        told = judge_adjustment(before, now, amount, known)
        assert told == judged_by_the_law(before, now, amount, known), f"{before} {now} {amount} {known}"
        verdicts[told] += 1
    assert min(verdicts[word] for word in ("there", "absent", "unknown")) > 1_000, verdicts
