"""What became of entries since links were resolved last.

A delta tells a group only when its own values change. Who of its members went, came back or has another name is
known from the members themselves: it is noted in the transaction that writes them, and waits in the store for
``resolution`` at the end of the import. A run that is killed in between leaves the notes to the next one.

While every part is read in full nothing is noted: all groups are told again.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pyroaring import BitMap

from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack_bitmap

_TRACKED = "SELECT 1 FROM partitions WHERE watermark IS NOT NULL LIMIT 1"
_ARRIVED = "SELECT ids FROM arrivals WHERE partition = ?"
_ARRIVE = """INSERT INTO arrivals (partition, ids) VALUES (?, ?)
             ON CONFLICT (partition) DO UPDATE SET ids = excluded.ids"""
_NOTE = """INSERT INTO moves (partition, what, guid, entry, dn) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (partition, what, guid) DO NOTHING"""
_NOTED = """SELECT partition, what, guid, entry, dn FROM moves WHERE what NOT IN ('Returned', 'Doubted')
            ORDER BY partition, what, guid"""
_GONE = "SELECT guid FROM moves WHERE partition = ? AND what IN ('Gone', 'Missed') AND guid IN ({})"
_CLEARED = ("DELETE FROM arrivals", "DELETE FROM moves WHERE what NOT IN ('Returned', 'Doubted')")
_RETURNED = "DELETE FROM moves WHERE what = 'Returned' AND partition = ?"


class Move(StrEnum):
    """What can become of an entry or a container."""

    RENAMED = "Renamed"
    """An entry has another DN than ``dn``."""
    CONTAINER = "Container"
    """A container has another DN than ``dn``."""
    GONE = "Gone"
    """The directory said that it was deleted."""
    DOUBTED = "Doubted"
    """It was called gone in a read that is not proven yet (``doubts``); ``dn``: what it was before."""
    MISSED = "Missed"
    """Full reads did not see it, and enough of them."""
    RETURNED = "Returned"
    """It was gone, or absent once, and was told again."""


class Note(NamedTuple):
    """One of these; the first one of a kind stays, so ``dn`` is the name that the last import knew."""

    what: Move
    guid: bytes
    entry: int = 0
    """0: no entry that was ever read."""
    dn: str = ""


@dataclass
class Moves:
    """All of them."""

    arrived: BitMap = field(default_factory=BitMap)
    """Entries that came or came back."""
    renamed: dict[int, str] = field(default_factory=dict)
    """Entry -> DN before."""
    containers: list[tuple[int, bytes, str]] = field(default_factory=list)
    """Partition, GUID and DN before."""
    gone: BitMap = field(default_factory=BitMap)
    """Entries of which the directory said so."""
    missed: BitMap = field(default_factory=BitMap)
    departed: set[bytes] = field(default_factory=set)
    """GUIDs of what the directory said to be gone."""

    def __bool__(self) -> bool:
        return bool(self.arrived or self.renamed or self.containers or self.gone or self.missed or self.departed)


def tracked(database: Database) -> bool:
    """Some part of a source tells only changes the next time."""
    return database.one(_TRACKED) is not None


def arrive(database: Database, partition: int, ids: Collection[int]) -> None:
    """Entries came, or came back."""
    if ids:
        before = unpack_bitmap(database.value(_ARRIVED, (partition,)))
        database.run(_ARRIVE, (partition, pack_bitmap(before | BitMap(ids))))


def note(database: Database, partition: int, notes: Iterable[Note]) -> None:
    """Keep what became of entries."""
    database.run_many(_NOTE, [(partition, *one) for one in notes])


def departed(database: Database, partition: int, guids: Sequence[bytes]) -> set[bytes]:
    """Those of these that went since links were resolved last."""
    return {guid for (guid,) in database.among(_GONE, guids, (partition,))}


def noted(database: Database) -> Moves:
    """What became of entries since links were resolved last."""
    moves = Moves()
    for (ids,) in database.all("SELECT ids FROM arrivals"):
        moves.arrived |= unpack_bitmap(ids)
    for partition, what, guid, entry, dn in database.all(_NOTED):
        if what == Move.RENAMED:
            moves.renamed.setdefault(entry, dn)
        elif what == Move.CONTAINER:
            moves.containers.append((partition, guid, dn))
        elif what == Move.MISSED:
            moves.missed.add(entry)
        else:
            moves.departed.add(guid)
            if entry:
                moves.gone.add(entry)
    return moves


def clear(database: Database, proven: Iterable[int]) -> None:
    """Links are resolved.

    :param proven: partitions whose read came to a proof; of the others a delta tells the same again, and asks again
        who came back.
    """
    for statement in _CLEARED:
        database.run(statement)
    database.run_many(_RETURNED, [(partition,) for partition in proven])
