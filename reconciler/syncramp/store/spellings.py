"""What the values of large groups were when they were resolved last, so that only what changed is looked up.

A row has a mark of each value's spelling beside the key of the DN that it spells (``source.spellings``), and a digest
of the members that came of it. Only while the group still has these members do the keys say what the members are; any
other change of them (``settling``, ``heirs``) makes all be looked up once more. It is written in the transaction of
the members.

In a delta it is known what became of every entry since (``moves``). So a key that was there and is there names whom
it named, unless it is among the DNs of which something became. The others, and what came and what went, are looked
up; if what is left of the members is not as many as there are keys left, two keys named one, and all is looked up.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from syncramp.model.alike import ends
from syncramp.store.database import Database
from syncramp.store.links import Value
from syncramp.store.names import numbers
from syncramp.store.settling import News

_KEPT = """SELECT v.marks, v.keys FROM spellings v JOIN entries e ON e.id = v.id
           WHERE e.source = (SELECT source FROM partitions WHERE id = ?) AND e.guid = ? AND v.attribute = ?"""
_ALONE = """SELECT s.entry, s.attribute FROM spill s JOIN spellings v ON v.id = s.entry AND v.attribute = s.attribute
            GROUP BY s.entry, s.attribute HAVING COUNT(*) = 1"""
_TOLD = """SELECT s.partition, s.kind, s.hashes, s.guids, v.keys, v.digest, l.members, l.unresolved, l.named, l.unread
           FROM spill s JOIN spellings v ON v.id = s.entry AND v.attribute = s.attribute
           JOIN links l ON l.id = s.entry AND l.attribute = s.attribute WHERE s.entry = ? AND s.attribute = ?"""
_KEEP = """INSERT INTO spellings (id, attribute, marks, keys, digest) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (id, attribute) DO UPDATE
           SET marks = excluded.marks, keys = excluded.keys, digest = excluded.digest"""
FEW, MANY = 5_000, 20
"""Values of a group, and keys that are looked for one after the other among so many: 4 ms each among 250,000."""
_FORGET = "DELETE FROM spellings WHERE id = ? AND attribute = ?"
_WITH_DN = "SELECT id FROM entries WHERE dn_hash IN ({})"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the values of a group."""

    fresh: Collection[int]
    """Keys that are looked up."""
    away: Collection[int]
    """Keys whose members are none, unless they are looked up again."""
    before: int
    """How many keys there were."""


def spelled(database: Database, partition: int, guid: bytes, attribute: str) -> bytes:
    """Marks of values of a group as they were told last, and then their keys; empty: nothing is kept."""
    marks, keys = database.one(_KEPT, (partition, guid, attribute)) or (b"", b"")
    return bytes(marks) + bytes(keys)


def changes(database: Database, found: News, deltas: Collection[int]) -> dict[tuple[int, str], Change]:
    """Groups that were told whole, and of which little has to be looked up.

    :param deltas: partitions that told changes only, and were proven.
    """
    changed: dict[tuple[int, str], Change] = {}
    for group in database.all(_ALONE) if deltas and not found.many else ():
        for partition, kind, hashes, guids, keys, digest, *row in database.all(_TOLD, tuple(group)):
            if partition in deltas and kind == 0 and not guids and digest == _digest(row):
                changed[tuple(group)] = _change(numbers(keys), numbers(hashes), found.marks)
    return changed


def _change(old: array[int], new: array[int], marks: Collection[int]) -> Change:
    """Of a large group that changed little, only what lies between its ends is looked at; a name that it had twice
    then makes all of it be looked up.
    """
    first, last = ends(old, new)
    came, went = set(new[first : len(new) - last]), set(old[first : len(old) - last])
    if len(old) < FEW or len(came) + len(went) + len(marks) > MANY:
        return _changed(set(old), set(new), set(marks))
    moved = {mark for mark in marks if mark in old}
    fresh = {key for key in came - went if key not in old} | {mark for mark in moved if mark in new}
    return Change(fresh, {key for key in went - came if key not in new} | moved, len(old))


def _changed(old: set[int], new: set[int], marks: set[int]) -> Change:
    moved = old & marks
    return Change(new - old | moved & new, old - new | moved, len(old))


def without(database: Database, value: Value, change: Change, found: News) -> bool:
    """Take the members away whose keys went, or may name another one.

    :returns: exactly they are gone, and the others stand for a key each.
    """
    if value.members != value.named or len(value.members) + value.missing != change.before:
        return False
    away = set(change.away)
    named = [identity for (identity,) in database.among(_WITH_DN, sorted(away))]
    for identity in [*named, *(identity for identity, who in found.who.items() if who.mark in away)]:
        value.discard(identity)
    value.unresolved -= away
    value.lost.clear()
    return len(value.members) + value.missing == change.before - len(away)


def keep(
    database: Database, values: Iterable[tuple[int, str, Value]], told: Mapping[tuple[int, str], tuple[bytes, bytes]]
) -> None:
    """Note of what values the members came, in a transaction of the caller.

    :param told: marks and keys of those that were told so; of the others nothing is kept.
    """
    rows, others = [], []
    for entry, attribute, value in values:
        if (entry, attribute) in told:
            members, unresolved, _, named, unread = value.packed()
            digest = _digest((members, unresolved, named, unread))
            rows.append((entry, attribute, *told[entry, attribute], digest))
        else:
            others.append((entry, attribute))
    database.run_many(_FORGET, others)
    database.run_many(_KEEP, rows)


def _digest(row: Sequence[Any]) -> bytes:
    """Of the columns of a value that say who the members are."""
    parts = [b"-" if part is None else b"+%d:%b" % (len(part), part) for part in row]
    return blake2b(b"".join(parts), digest_size=16).digest()
