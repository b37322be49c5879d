"""Who a value of a link attribute names: by the hash of a DN, or by GUID.

Two sorted arrays (hash, id) of 12 bytes an entry find a DN by bisection, so that nothing but the arrays and a page of
groups is in memory, however many entries there are. Up to 400,000 a dictionary beside them finds it three times as
fast: 1,000,000 links of 300,000 people take 0.6 s and 30 MB so, where they took 1.5 s. GUIDs are found by bisection
of their two halves. Where few values are looked up, as after a delta, only those are asked for, and the arrays hold
nothing else.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from struct import iter_unpack
from typing import Any

from syncramp.model.state import GONE
from syncramp.store.database import Database
from syncramp.store.moves import tracked
from syncramp.store.principals import stand_ins

FEW = 20_000
"""Values that are asked for one by one, some 3 µs each; the arrays of 300,000 entries take 1 s."""

HELD = 400_000
"""Entries up to which a dictionary finds them."""

_DNS = "SELECT dn_hash, id, absent FROM entries WHERE absent < ? ORDER BY dn_hash, absent, source DESC, id DESC"
_SOME_DNS = "SELECT dn_hash, id, absent, source FROM entries WHERE absent < ? AND dn_hash IN ({})"
_GUIDS = "SELECT guid, id, absent, source FROM entries WHERE absent < ? ORDER BY guid, absent, source DESC, id DESC"
_SOME_GUIDS = "SELECT guid, id, absent, source FROM entries WHERE source = ? AND absent < ? AND guid IN ({})"
_OWNERS = """SELECT id FROM objects
             WHERE anchor IS NOT NULL AND (digest IS NOT NULL OR acked IS NOT NULL OR doubt = 1)
             AND id IN ({})"""


class Names:
    """What values name when everything is staged.

    :param dns: hashes of DNs that are looked up; None: any.
    :param guids: GUIDs that are looked up; None: any.
    """

    def __init__(self, database: Database, dns: set[int] | None, guids: set[bytes] | None) -> None:
        self._database, self._dns, self._guids = database, dns, guids

    @property
    def complete(self) -> bool:
        """Any value can be looked up."""
        return self._dns is None

    @cached_property
    def dns(self) -> DnIndex:
        """By DN."""
        if self._dns is None:
            return DnIndex(self._database, self._database.stream(_DNS, (GONE,)))
        rows = self._database.among(_SOME_DNS, sorted(self._dns), (GONE,))
        return DnIndex(self._database, (row[:3] for row in sorted(rows, key=_order)))

    @cached_property
    def foreign(self) -> dict[int, int]:
        """By the hash of the DN of a foreign security principal."""
        return stand_ins(self._database, self._dns, trusted=tracked(self._database))

    @cached_property
    def guids(self) -> GuidIndex:
        """By GUID."""
        if self._guids is None:
            return GuidIndex(self._database, self._database.stream(_GUIDS, (GONE,)))
        guids, rows = sorted(self._guids), []
        for (source,) in self._database.all("SELECT id FROM sources"):
            rows.extend(self._database.among(_SOME_GUIDS, guids, (source, GONE)))
        return GuidIndex(self._database, sorted(rows, key=_order))

    def look_up(self, chunk: bytes) -> tuple[array[int], array[int], set[int]]:
        """Those who have these DNs, those whom foreign security principals stand for, and hashes of neither."""
        found, unknown = self.dns.look_up(numbers(chunk))
        if not unknown or not self.foreign:
            return found, array("I"), unknown
        principals = unknown & self.foreign.keys()
        return found, array("I", {self.foreign[mark] for mark in principals}), unknown - principals


class DnIndex:
    """Hash of a DN -> entry.

    :param rows: hash, id and absence, sorted; of two with one DN, the one that was seen last counts, and of two that
        are there the one the cloud knows.
    """

    def __init__(self, database: Database, rows: Iterable[Any]) -> None:
        hashes, ids = array("q"), array("I")
        twins: dict[int, int] = {}
        last = 0
        for dn_hash, identity, absent in rows:
            if not hashes or hashes[-1] != dn_hash:
                hashes.append(dn_hash)
                ids.append(identity)
                last = absent
            elif absent == last:
                twins[identity] = twins[ids[-1]] = len(ids) - 1
        for (identity,) in database.among(_OWNERS, list(twins)):
            ids[twins[identity]] = identity
        self._hashes, self._ids = hashes, ids
        self._held = dict(zip(hashes, ids, strict=True)) if len(hashes) <= HELD else None

    def look_up(self, values: Collection[int]) -> tuple[array[int], set[int]]:
        """The entries that values name, and the values that name nobody."""
        if self._held is not None:
            return self._in_held(self._held, values)
        hashes, ids, end = self._hashes, self._ids, len(self._hashes)
        found, unknown = array("I"), set[int]()
        for value in values:
            place = bisect_left(hashes, value)
            if place < end and hashes[place] == value:
                found.append(ids[place])
            else:
                unknown.add(value)
        return found, unknown

    def _in_held(self, held: Mapping[int, int], values: Collection[int]) -> tuple[array[int], set[int]]:
        try:
            return array("I", map(held.__getitem__, values)), set()
        except KeyError:
            unknown = {value for value in values if value not in held}
        return array("I", [held[value] for value in values if value not in unknown]), unknown


class GuidIndex:
    """GUID -> entry. Of several sources with one GUID, that of the group itself counts; among others as of DNs.

    :param rows: GUID, id, absence and source, sorted.
    """

    def __init__(self, database: Database, rows: Iterable[Any]) -> None:
        self._high, self._low, self._ids = array("Q"), array("Q"), array("I")
        self._twins: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        last, row = None, (0, 0, 0)
        for guid, identity, absent, source in rows:
            before, row = row, (absent, identity, source)
            if guid != last:
                self._high.append(int.from_bytes(guid[:8]))
                self._low.append(int.from_bytes(guid[8:]))
                self._ids.append(identity)
            else:
                self._twins.setdefault((self._high[-1], self._low[-1]), [before]).append(row)
            last = guid
        several = [identity for twins in self._twins.values() for _, identity, _ in twins]
        owners = {identity for (identity,) in database.among(_OWNERS, several)}
        for twins in self._twins.values():
            twins.sort(key=lambda twin: (twin[0], twin[1] not in owners))

    def look_up(self, guids: bytes, source: int) -> tuple[array[int], set[bytes]]:
        """The entries that GUIDs of 16 bytes name in a group of a source, and those that name nobody."""
        high, low, ids, end = self._high, self._low, self._ids, len(self._high)
        found, unknown = array("I"), set[bytes]()
        for first, second in iter_unpack(">QQ", guids):
            place = bisect_left(high, first)
            if place < end and high[place] == first and low[place] != second:  # GUIDs that begin alike
                place = bisect_left(low, second, place, bisect_right(high, first))
            if place == end or high[place] != first or low[place] != second:
                unknown.add(first.to_bytes(8) + second.to_bytes(8))
            elif self._twins and (first, second) in self._twins:
                found.append(self._chosen((first, second), source))
            else:
                found.append(ids[place])
        return found, unknown

    def _chosen(self, guid: tuple[int, int], source: int) -> int:
        twins = self._twins[guid]
        return next((identity for _, identity, own in twins if own == source), twins[0][1])

    def several(self) -> Collection[Sequence[tuple[int, int, int]]]:
        """For each GUID that several sources have: absence, id and source of each."""
        return self._twins.values()


def _order(row: Any) -> tuple[Any, int, int, int]:
    """By what they are found; who was seen last, of the later source, and the newer one come first."""
    return row[0], row[2], -row[3], -row[1]


def numbers(data: bytes) -> array[int]:
    """Hashes of 8 bytes."""
    found = array("q")
    found.frombytes(data)
    return found


def pieces(data: bytes | None) -> set[bytes]:
    """GUIDs of 16 bytes."""
    return {data[start : start + 16] for start in range(0, len(data), 16)} if data else set()
