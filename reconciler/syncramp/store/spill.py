"""Values of link attributes wait here until every partition is read: a group may come before its members.

A whole value waits as 64-bit hashes of its DNs and as GUIDs, and so do values that were gained or lost; in the order
in which they were told. They end with the process: what it did not resolve is read again.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Callable, Iterator, Mapping

from syncramp.model.facts import LinkChange, Links
from syncramp.store.database import Database
from syncramp.store.principals import keep_principals

WHOLE, GAINED, LOST = 0, 1, 2
"""What values are, in the column ``kind``."""

_SPILLED = """INSERT INTO spill (partition, place, entry, attribute, kind, hashes, guids, marks)
              VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_VOID = "DELETE FROM spill WHERE partition = ?"


class Spill:
    """The values of one partition while it is read.

    :param key: the 64-bit key under which a DN is compared.
    :param places: counts up through all partitions of an import.
    """

    def __init__(self, database: Database, key: Callable[[str], int], partition: int, places: Iterator[int]) -> None:
        self._database, self._key, self._partition, self._places = database, key, partition, places
        self._rows: list[tuple[bytes, str, int, bytes, bytes, bytes]] = []
        self._chunks: dict[tuple[bytes, str], tuple[array[int], list[bytes]]] = {}
        self._principals: list[tuple[int, bytes]] = []
        self.waiting = 0
        """Values in memory that are to be written."""

    def add(self, fact: Links) -> bool:
        """A chunk of a whole value; only a value with its end is worth keeping.

        :returns: it is the end of a value that is not empty.
        """
        hashes, guids = self._chunks.setdefault((fact.guid, fact.attribute), (array("q"), []))
        self._take(fact, hashes)
        hashes.frombytes(fact.keys)
        guids.extend(fact.guids)
        if fact.final:
            del self._chunks[fact.guid, fact.attribute]
            self._rows.append((fact.guid, fact.attribute, WHOLE, hashes.tobytes(), b"".join(guids), fact.marks))
            self.waiting += len(hashes) + len(guids)
        return fact.final and bool(hashes or guids)

    def change(self, fact: LinkChange) -> None:
        """Values that came or went."""
        hashes = array("q")
        self._take(fact, hashes)
        kind = GAINED if fact.gained else LOST
        self._rows.append((fact.guid, fact.attribute, kind, hashes.tobytes(), b"".join(fact.guids), b""))
        self.waiting += len(hashes) + len(fact.guids)

    def _take(self, fact: Links | LinkChange, hashes: array[int]) -> None:
        hashes.extend(map(self._key, fact.dns))
        self._principals.extend((self._key(dn), sid) for dn, sid in fact.principals)

    def groups(self) -> set[bytes]:
        """Whose values wait in memory."""
        return {row[0] for row in self._rows}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def write(self, ids: Mapping[bytes, int]) -> None:
        """Write what waits in memory, in the transaction of its page.

        :param ids: of the entries; values of one that nobody knows say nothing.
        """
        self._database.run_many(
            _SPILLED,
            [
                (self._partition, next(self._places), ids[guid], attribute, *told)
                for guid, attribute, *told in self._rows
                if guid in ids
            ],
        )
        keep_principals(self._database, self._principals)
        self._rows.clear()
        self._principals.clear()
        self.waiting = 0

    def restart(self) -> None:
        """Nothing of this partition counts any more."""
        self._rows.clear()
        self._chunks.clear()
        self.waiting = 0
        self._database.run(_VOID, (self._partition,))
