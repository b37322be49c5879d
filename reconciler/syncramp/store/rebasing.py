"""Entries and values follow a container or an entry that was renamed.

A directory tells that a container has another name, and nothing of what lies below it: every entry there has another
DN from then on. Active Directory does not tell either who names such an entry in an attribute (``manager``): it keeps
references, and shows their DN of the moment, or nothing once that entry is deleted. Other servers keep the text, so
there a value stays what it is.

What was told in the same read is as it was at that moment. It is changed here only if its old name is nobody's by
now: then it was read before the other one was renamed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pyroaring import BitMap

from syncramp.model.state import GONE, Origin
from syncramp.model.tracking import OF_ACTIVE_DIRECTORY
from syncramp.store.database import Database
from syncramp.store.entry_rows import mark_of, wake
from syncramp.store.marks import MARK
from syncramp.store.mentions import NAMES, Mentions
from syncramp.store.moves import Moves
from syncramp.store.packing import pack, unpack
from syncramp.store.told import Told

_PARTITIONS = "SELECT id, source, tracking FROM partitions ORDER BY id"
_CONTAINERS = "SELECT guid, partition, dn FROM containers WHERE source = ?"
_RENAMED = "UPDATE containers SET dn = ?, dn_hash = ? WHERE source = ? AND guid = ?"
_NAMES = "SELECT id, dn FROM entries WHERE partition = ?"
_ENTRIES = "SELECT id, partition, kind, dn, attrs FROM entries WHERE id IN ({})"
_ALL = "SELECT id, attrs FROM entries WHERE source = ?"
_NOW = "SELECT id, source, dn FROM entries WHERE id IN ({})"
_LIVING = "SELECT dn_hash FROM entries WHERE absent < ? AND dn_hash IN ({})"
_CHANGED = "UPDATE entries SET dn = ?, dn_hash = ?, digest = ?, attrs = ? WHERE id = ?"
_REWRITTEN = "UPDATE entries SET digest = ?, attrs = ? WHERE id = ?"
_PAGE = 1000


class Renames:
    """Old DN -> new DN of containers, of one source."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = {old.lower(): (old, new) for old, new in pairs if old != new}

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def names(self) -> list[str]:
        """How the end of a DN below one of them reads."""
        return [f",{old}" for old, _ in self._pairs.values()]

    def below(self, dn: str) -> tuple[str, str] | None:
        """The innermost of them that a DN lies below, and the DN that it has now."""
        lowered = dn.lower()
        if not any(old in lowered for old in self._pairs):
            return None
        place = dn.find(",")
        while place >= 0:
            above = dn[place + 1 :]
            if not _escaped(dn, place) and (pair := self._pairs.get(above.lower())):
                return pair[0], dn[: place + 1] + pair[1]
            place = dn.find(",", place + 1)
        return None


def _escaped(dn: str, place: int) -> bool:
    before = dn[:place]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def rebase(database: Database, key: Callable[[str], int], moves: Moves, told: Mapping[int, Told]) -> None:
    """Bring names up to date, before links are resolved; whoever is renamed here is added to the moves."""
    partitions = {partition: (source, tracking) for partition, source, tracking in database.all(_PARTITIONS)}
    for source in sorted({source for source, _ in partitions.values()}):
        own = {partition: tracking for partition, (of, tracking) in partitions.items() if of == source}
        _Rebasing(database, key, source, own, told).run(moves)


class _Rebasing:
    def __init__(
        self,
        database: Database,
        key: Callable[[str], int],
        source: int,
        partitions: Mapping[int, str | None],
        told: Mapping[int, Told],
    ) -> None:
        self._database, self._key, self._source = database, key, source
        self._partitions = partitions
        self._told = {partition: told.get(partition, Told()) for partition in partitions}
        self._follow = {
            partition
            for partition, tracking in partitions.items()
            if tracking in OF_ACTIVE_DIRECTORY and not self._told[partition].everything
        }
        """Partitions whose values follow."""
        self._owned: set[str] = set()

    def run(self, moves: Moves) -> None:
        rows = {guid: (partition, dn) for guid, partition, dn in self._database.all(_CONTAINERS, (self._source,))}
        renames = Renames(
            (old, rows[guid][1])
            for partition, guid, old in moves.containers
            if partition in self._partitions and guid in rows
        )
        leaves = dict(moves.renamed)
        if renames:
            self._owned = {dn.lower() for _, dn in self._containers(rows, renames)}
            for partition in self._partitions:
                if not self._told[partition].everything:
                    self._entries(partition, renames, moves)
        if (renames or leaves or moves.gone) and self._follow:
            leaves |= {one: moves.renamed[one] for one in moves.gone if one in moves.renamed}
            self._values(renames, self._leaves(leaves, moves.gone))

    def _leaves(self, renamed: Mapping[int, str], gone: BitMap) -> dict[str, str]:
        """Old DN -> new DN of entries; empty for those that were deleted."""
        rows = self._database.among(_NOW, list(gone | BitMap(renamed)))
        return {
            renamed.get(identity, dn): "" if identity in gone else dn
            for identity, source, dn in rows
            if source == self._source
        }

    def _containers(self, rows: Mapping[bytes, tuple[int, str]], renames: Renames) -> Iterator[tuple[bytes, str]]:
        """Those that lie below others; all of them, by GUID, as they are named now."""
        told = {guid for one in self._told.values() for guid in one.containers}
        for guid, (_, dn) in rows.items():
            found = renames.below(dn) if guid not in told else None
            if found is not None:
                self._database.run(_RENAMED, (found[1], self._key(found[1]), self._source, guid))
            yield guid, found[1] if found is not None else dn

    def _entries(self, partition: int, renames: Renames, moves: Moves) -> None:
        told = self._told[partition].seen
        found = {}
        for identity, dn in self._database.stream(_NAMES, (partition,)):
            below = renames.below(dn)
            if below is not None and not (identity in told and below[0].lower() in self._owned):
                found[identity] = below[1]
        ids = list(found)
        for start in range(0, len(ids), _PAGE):
            self._rename(ids[start : start + _PAGE], found, moves)

    def _rename(self, ids: Sequence[int], names: Mapping[int, str], moves: Moves) -> None:
        changed = []
        for identity, _, kind, before, packed in self._database.among(_ENTRIES, ids):
            attributes, dn = unpack(packed), names[identity]
            if "distinguishedname" in attributes:
                attributes["distinguishedname"] = (dn.encode(),)
                packed = pack(attributes)
            changed.append((dn, self._key(dn), mark_of(kind, dn, packed), packed, identity))
            moves.renamed.setdefault(identity, before)
        self._database.run_many(_CHANGED, changed)
        self._database.run_many(MARK, [(identity, Origin.CONTAINER) for identity in ids])
        wake(self._database, [row[1] for row in changed], Origin.CONTAINER)

    def _values(self, renames: Renames, leaves: Mapping[str, str]) -> None:
        mentions = Mentions(self._database, self._source)
        ids = mentions.holders(leaves) if leaves else set()
        if renames:
            ids |= self._holding([name.encode() for name in renames.names()])
        owned = self._owners(leaves)
        holders = sorted(ids)
        for start in range(0, len(holders), _PAGE):
            self._rewrite(holders[start : start + _PAGE], renames, leaves, owned, mentions)

    def _holding(self, names: Sequence[bytes]) -> set[int]:
        """Entries in which something names what lies below a container; every entry of the source is looked at."""
        rows = self._database.stream(_ALL, (self._source,))
        if len(names) == 1:
            name = names[0]
            return {identity for identity, packed in rows if name in packed}
        return {identity for identity, packed in rows if any(name in packed for name in names)}

    def _owners(self, dns: Iterable[str]) -> set[str]:
        """Those of some DNs that somebody has now."""
        hashes = {self._key(dn): dn for dn in dns}
        return {hashes[mark] for (mark,) in self._database.among(_LIVING, list(hashes), (GONE,))}

    def _rewrite(
        self, ids: Sequence[int], renames: Renames, leaves: Mapping[str, str], owned: set[str], mentions: Mentions
    ) -> None:
        changed, marks, rewritten = [], [], []
        for identity, partition, kind, dn, packed in self._database.among(_ENTRIES, ids):
            if partition not in self._follow:
                continue
            attributes, now = unpack(packed), identity in self._told[partition].seen
            origin = Origin.NONE
            for name in attributes.keys() & NAMES:
                values: Any = attributes[name]
                followed = [self._followed(value, renames, leaves, owned, now=now) for value in values]
                origin = max(origin, *(of for _, of in followed))
                attributes[name] = tuple(sorted({value for value, _ in followed if value}))
            if origin:
                attributes = {name: given for name, given in attributes.items() if given != ()}
                packed = pack(attributes)
                changed.append((mark_of(kind, dn, packed), packed, identity))
                marks.append((identity, origin))
                rewritten.append((identity, attributes))
        self._database.run_many(_REWRITTEN, changed)
        self._database.run_many(MARK, marks)
        mentions.add(rewritten)

    def _followed(
        self, value: bytes, renames: Renames, leaves: Mapping[str, str], owned: set[str], *, now: bool
    ) -> tuple[bytes, Origin]:
        """The value as it reads now, empty if it is gone, and why; no reason if it stays.

        :param now: it was told in this read.
        """
        dn = value.decode()
        if dn in leaves and leaves[dn] != dn:
            return (value, Origin.NONE) if now and dn in owned else (leaves[dn].encode(), Origin.SOURCE)
        below = renames.below(dn) if renames else None
        if below is None or (now and below[0].lower() in self._owned):
            return value, Origin.NONE
        return below[1].encode(), Origin.CONTAINER
