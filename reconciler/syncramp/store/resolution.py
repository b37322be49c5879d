"""DNs become members, after every partition is staged.

Two sorted arrays (hash, id) of 12 bytes an entry find a DN by bisection: 1,000,000 DNs take some 4 s, and nothing but
the arrays and one group is in memory.

Somebody who is moved while a directory is read is read under one DN and named as a member under another. Such a
value resolves to nothing, and looks like a member that left and a stranger that came. So the values of a group that
name nobody are kept beside its members: while there is one among them that was not there before, who is missing from
the group is perhaps only moved, and is kept as ``lost``. The next import reads both names anew: it finds the member
again, or the value is no longer new and the member is gone.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from pyroaring import BitMap

from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack_bitmap
from syncramp.store.principals import stand_ins

GONE = 2
"""Absent from this many complete imports in a row: the entry is gone."""

_LIVING = "SELECT dn_hash, id, absent FROM entries WHERE absent < ? ORDER BY dn_hash, absent, source DESC, id DESC"
_OWNERS = """SELECT id FROM objects
             WHERE anchor IS NOT NULL AND (digest IS NOT NULL OR acked IS NOT NULL OR doubt = 1)
             AND id IN ({})"""
_KEPT = "SELECT members, unresolved, lost FROM links WHERE id = ? AND attribute = ?"
_LINKS = """INSERT INTO links (id, attribute, members, unresolved, lost) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (id, attribute) DO UPDATE SET
            members = excluded.members, unresolved = excluded.unresolved, lost = excluded.lost"""


def resolve(database: Database) -> int:
    """Turn the spilled DNs into bitmaps of ids.

    :returns: how many values name nothing that was ever read.
    """
    hashes, ids = _index(database)
    foreign = stand_ins(database, GONE)
    missing = 0
    for entry, attribute, chunks in _spilled(database):
        members, unresolved = _look_up(chunks, hashes, ids, foreign)
        missing += len(unresolved)
        _keep(database, entry, attribute, members, unresolved)
    database.run("DELETE FROM spill")
    return missing


def _index(database: Database) -> tuple[array[int], array[int]]:
    hashes, ids = array("q"), array("I")
    twins: dict[int, int] = {}
    last = 0
    for dn_hash, identity, absent in database.stream(_LIVING, (GONE,)):
        if not hashes or hashes[-1] != dn_hash:  # of two with one DN, the one that was seen last counts
            hashes.append(dn_hash)
            ids.append(identity)
            last = absent
        elif absent == last:
            twins[identity] = twins[ids[-1]] = len(ids) - 1
    for (identity,) in database.among(_OWNERS, list(twins)):  # of two that are there, the one the cloud knows
        ids[twins[identity]] = identity
    return hashes, ids


def _spilled(database: Database) -> Iterator[tuple[int, str, list[bytes]]]:
    for entry, attribute in database.all("SELECT DISTINCT entry, attribute FROM spill ORDER BY entry, attribute"):
        rows = database.all("SELECT hashes FROM spill WHERE entry = ? AND attribute = ?", (entry, attribute))
        yield entry, attribute, [row[0] for row in rows]


def _look_up(
    chunks: Sequence[bytes], hashes: array[int], ids: array[int], foreign: Mapping[int, int]
) -> tuple[BitMap, array[int]]:
    """The members that the values name, and the values that name nobody, sorted."""
    found, unknown, end = array("I"), set[int](), len(hashes)
    for chunk in chunks:
        for value in _numbers(chunk):
            place = bisect_left(hashes, value)
            if place < end and hashes[place] == value:
                found.append(ids[place])
            elif value in foreign:
                found.append(foreign[value])
            else:
                unknown.add(value)
    return BitMap(found), array("q", sorted(unknown))


def _keep(database: Database, entry: int, attribute: str, members: BitMap, unresolved: array[int]) -> None:
    before = database.one(_KEPT, (entry, attribute))
    lost = _lost(before[0], before[1], members, unresolved) if before else BitMap()
    kept = pack_bitmap(members), unresolved.tobytes(), pack_bitmap(lost) if lost else b""
    if before is None or tuple(before) != kept:
        database.run(_LINKS, (entry, attribute, *kept))


def _lost(had: bytes, knew: bytes, members: BitMap, unresolved: array[int]) -> BitMap:
    """Who was a member, is none now, and may be the one that a new value names."""
    missing = unpack_bitmap(had) - members
    if missing and not set(_numbers(knew)).issuperset(unresolved):
        return missing
    return BitMap()


def _numbers(data: bytes) -> array[int]:
    numbers = array("q")
    numbers.frombytes(data)
    return numbers
