"""Tables: order of ids, indexes that follow every change, versions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.sandbox.officernd.instants import parse_instant
from relay.sandbox.officernd.table import Table

operations = st.lists(
    st.tuples(st.sampled_from(("put", "remove")), st.integers(0, 9), st.sampled_from(("a", "b", None))), max_size=40
)


@settings(max_examples=100, deadline=None)
@given(operations)
def test_same_as_a_dict(steps):
    """Whatever is put and removed, listing and finding say what a plain dict would."""
    table, model = Table("things", ("colour",)), {}
    for what, number, colour in steps:
        identity, version = str(number), table.version
        if what == "put":
            record = {"_id": identity, "colour": colour}
            table.put(record)
            model[identity] = record
        elif identity in model:
            assert table.remove(identity) == model.pop(identity)
        else:
            with pytest.raises(KeyError):
                table.remove(identity)
            continue
        assert table.version == version + 1
    assert list(table) == [model[identity] for identity in sorted(model)]
    for colour in ("a", "b", None):
        wanted = [model[identity] for identity in sorted(model) if model[identity]["colour"] == colour]
        assert table.find(colour=colour) == wanted
        assert table.find(_id="3", colour=colour) == [row for row in wanted if row["_id"] == "3"]
    assert len(table) == len(model)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T08:09:10Z", "2026-01-31T08:09:10.000Z"),
        ("2026-01-31T08:09:10.123456Z", "2026-01-31T08:09:10.123Z"),
        ("2026-01-31T08:09:10+02:00", "2026-01-31T06:09:10.000Z"),
        ("2026-01-31T08:09:10", "2026-01-31T08:09:10.000Z"),
    ],
)
def test_instants(text, instant):
    """officernd-api 2.4: dates are ISO UTC, date-only means midnight UTC."""
    assert parse_instant(text) == instant


@pytest.mark.parametrize("text", ["", "31.01.2026", "20260131", "2026-02-30", None, 5, "2026-01-31T25:00"])
def test_no_instants(text):
    """officernd-api 2.2: anything else is no ISO 8601 date."""
    with pytest.raises(ValueError):
        parse_instant(text)
