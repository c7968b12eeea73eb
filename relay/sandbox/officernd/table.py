"""Records of one resource: looked up by id or an indexed field, listed in the order of the ids.

Records are plain dicts as the API answers them and are never changed in place: a change puts a new dict. So an answer
may be written out while another thread goes on. It knows nothing of OfficeRnD's rules.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any

Record = dict[str, Any]


class Table:
    """`version` grows with every change, so that a list once filtered can be kept until then."""

    def __init__(self, name: str, indexed: Iterable[str] = ()) -> None:
        self.name = name
        self.version = 0
        self._records: dict[str, Record] = {}
        self._ids: list[str] = []
        self._indexes: dict[str, dict[Any, set[str]]] = {field: {} for field in indexed}

    @property
    def indexed(self) -> frozenset[str]:
        """The fields that `find` looks up without reading every record."""
        return frozenset(self._indexes)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter([self._records[identity] for identity in self._ids])

    def __contains__(self, identity: object) -> bool:
        return identity in self._records

    def __getitem__(self, identity: str) -> Record:
        return self._records[identity]

    def get(self, identity: str) -> Record | None:
        return self._records.get(identity)

    def put(self, record: Record) -> None:
        """Add `record`, or put it in the place of the one with its `_id`."""
        identity = record["_id"]
        old = self._records.get(identity)
        if old is None:
            if not self._ids or identity > self._ids[-1]:
                self._ids.append(identity)
            else:
                insort(self._ids, identity)
        self._records[identity] = record
        for field, index in self._indexes.items():
            if old is not None and old.get(field) != record.get(field):
                index[old.get(field)].discard(identity)
            index.setdefault(record.get(field), set()).add(identity)
        self.version += 1

    def remove(self, identity: str) -> Record:
        """Remove and return the record. Raises KeyError."""
        record = self._records.pop(identity)
        del self._ids[bisect_left(self._ids, identity)]
        for field, index in self._indexes.items():
            index[record.get(field)].discard(identity)
        self.version += 1
        return record

    def find(self, **equal: Any) -> list[Record]:
        """Return the records with these values, in the order of the ids, through an index where there is one."""
        indexed = [self._indexes[field].get(value, set()) for field, value in equal.items() if field in self._indexes]
        if not indexed:
            return [record for record in self if all(record.get(field) == value for field, value in equal.items())]
        fewest: set[str] = min(indexed, key=lambda found: len(found))
        rows = [self._records[identity] for identity in sorted(fewest)]
        return [record for record in rows if all(record.get(field) == value for field, value in equal.items())]
