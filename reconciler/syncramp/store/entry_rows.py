"""Entries become rows: a page of one partition at a time, in the transaction of that page.

An unchanged entry is recognised by its digest and writes nothing. What is written is marked in ``dirty``; who names a
DN that somebody has from now on is marked, too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from syncramp.model.facts import Entry
from syncramp.model.state import DELETED, GONE, Origin
from syncramp.store.containers import Containers
from syncramp.store.database import Database
from syncramp.store.doubts import doubt
from syncramp.store.first_import import FirstImport
from syncramp.store.marks import MARK, marking
from syncramp.store.mentions import Mentions
from syncramp.store.moves import Move, Note, arrive, departed, note
from syncramp.store.muster import Muster
from syncramp.store.packing import attributes_packed, digest, pack_sorted, unpack

_BEFORE = "SELECT guid, kind, dn, attrs FROM entries WHERE absent = 0 AND id IN ({})"
_KNOWN = (
    "SELECT guid, id, digest, partition, absent, dn_hash, dn, kind FROM entries WHERE source = ? AND guid IN ({})"
)
_ENTRY = """INSERT INTO entries (absent, id, source, guid, partition, kind, dn, dn_hash, digest, attrs)
            VALUES {}"""
_MARK_NEW = marking("SELECT id, ? FROM entries WHERE id BETWEEN ? AND ?")
_CHANGED = """UPDATE entries SET partition = ?, kind = ?, dn = ?, dn_hash = ?, digest = ?, attrs = ?, absent = 0
              WHERE id = ?"""
_DELETED = "UPDATE entries SET absent = ? WHERE id = ?"
_CONTAINER_GONE = "DELETE FROM containers WHERE source = ? AND partition = ? AND guid = ?"
_WAKE = (
    marking("SELECT DISTINCT object, ? FROM unresolved WHERE dn_hash IN ({})"),
    marking(
        "SELECT DISTINCT r.object, ? FROM entries e CROSS JOIN refs r WHERE r.target = e.id AND e.dn_hash IN ({})"
    ),
)
"""Who names a DN that somebody has from now on: nobody had it, or somebody who perhaps leaves."""
_ANY_NAMES = "SELECT EXISTS (SELECT 1 FROM refs) OR EXISTS (SELECT 1 FROM unresolved)"
_COUNT_IDS = """INSERT INTO meta VALUES ('next_id', CAST(? + 1 AS TEXT)) ON CONFLICT (key) DO UPDATE
                SET value = CAST(CAST(meta.value AS BIGINT) + ? AS TEXT)"""
"""First it is counted and then it is read: importers beside us wait for whoever counts."""
_NEXT_ID = "SELECT value FROM meta WHERE key = 'next_id'"
_PAGE = 1000
NOBODY = 1 << 32
"""Higher than any id."""


class Row(NamedTuple):
    """An entry that is known already."""

    guid: bytes
    id: int
    digest: bytes
    partition: int
    absent: int
    dn_hash: int
    dn: str
    kind: str


def mark_of(kind: str, dn: str, attributes: bytes) -> bytes:
    """The digest by which an entry is recognised."""
    return digest(pack_sorted((("attributes", attributes), ("dn", dn), ("kind", kind))))


def wake(database: Database, dn_hashes: Sequence[int], origin: Origin = Origin.SOURCE) -> None:
    """Mark who names one of these DNs; in a first import nobody does."""
    if not dn_hashes or not database.value(_ANY_NAMES):
        return
    for start in range(0, len(dn_hashes), _PAGE):
        page = dn_hashes[start : start + _PAGE]
        for statement in _WAKE:
            database.run(statement.format(",".join("?" * len(page))), (origin, *page))


class EntryRows:
    """The rows of one partition.

    :param key: the 64-bit key under which a DN is compared.
    :param muster: counts what is shown.
    :param first_import: knows whether anybody can have been read before.
    :param tracked: what became of entries is noted for those who are not told again.
    """

    def __init__(
        self,
        database: Database,
        key: Callable[[str], int],
        source: int,
        partition: int,
        muster: Muster,
        first_import: FirstImport,
        *,
        tracked: bool,
    ) -> None:
        self._database, self._key, self.muster = database, key, muster
        self._source, self._partition, self._tracked = source, partition, tracked
        self._mentions, self._first_import = Mentions(database, source), first_import
        self._origin = Origin.NONE
        self._asked: frozenset[str] | None = None
        self.containers: Containers | None = None
        self.first = NOBODY
        """The lowest id of those that came; higher ones are of them, or of other partitions."""

    def compare(self, origin: Origin, wanted: frozenset[str]) -> None:
        """From now on tell what the directory changed from what only other rules ask for."""
        before = self._database.value("SELECT wanted FROM sources WHERE id = ?", (self._source,))
        self._origin, self._asked = origin, None if before is None else wanted.intersection(before.split())

    def ids_of(self, guids: Sequence[bytes]) -> dict[bytes, int]:
        """Entries of this source that are known, by GUID."""
        return {guid: row.id for guid, row in self._known(guids).items()}

    def _known(self, guids: Sequence[bytes]) -> dict[bytes, Row]:
        if not guids:
            return {}
        self._first_import.look()
        return {row[0]: Row(*row) for row in self._database.among(_KNOWN, guids, (self._source,))}

    def write(self, page: Mapping[bytes, Entry]) -> dict[bytes, int]:
        """Entries that were told.

        :returns: their ids, by GUID.
        """
        if self._first_import.newcomers(page) or not (known := self._known(list(page))):
            return self._write_new(page)
        told = self._news(page, known)
        new = [(guid, body) for guid, body in told.items() if guid not in known]
        changed = [(*body, known[guid].id) for guid, body in told.items() if guid in known]
        arrived = [body[3] for guid, body in told.items() if _arrives(body, known.get(guid))]
        ids = {guid: row.id for guid, row in known.items()} | self._insert(new)
        self._count(page, known, [guid for guid, _ in new], [row[-1] for row in changed])
        self._watch(page, known, changed, [ids[guid] for guid, _ in new], bool(arrived))
        asked = self._only_asked(page, [row[-1] for row in changed])
        self._database.run_many(_CHANGED, changed)
        self._mentions.add((ids[guid], page[guid].attributes) for guid in told)
        self._note(page, known, told, ids)
        self._database.run_many(
            MARK, [(ids[guid], self._origin if guid in asked else Origin.SOURCE) for guid in told if guid in known]
        )
        wake(self._database, arrived)
        return ids

    def _write_new(self, page: Mapping[bytes, Entry]) -> dict[bytes, int]:
        """Entries of which nobody was there before: what ``write`` does, without what asks what was."""
        rows = [(guid, self._body(entry)) for guid, entry in page.items()]
        ids = self._insert(rows)
        self.muster.come(page.values())
        if self.containers is not None:
            self.containers.arrive(ids.values())
        if self._mentions.made:
            self._mentions.add((ids[guid], entry.attributes) for guid, entry in page.items())
        if self._tracked:
            arrive(self._database, self._partition, ids.values())
        wake(self._database, [body[3] for _, body in rows])
        return ids

    def _body(self, entry: Entry) -> tuple[Any, ...]:
        """The row of an entry, without what it is found by."""
        kind, dn, attributes = entry.kind.value, entry.dn, attributes_packed(entry.attributes)
        return self._partition, kind, dn, self._key(dn), mark_of(kind, dn, attributes), attributes

    def _news(self, page: Mapping[bytes, Entry], known: Mapping[bytes, Row]) -> dict[bytes, tuple[Any, ...]]:
        """The rows, without their ids, of entries that are not there as they are told."""
        told = {}
        for guid, entry in page.items():
            attributes = attributes_packed(entry.attributes)
            mark = mark_of(entry.kind.value, entry.dn, attributes)
            row = known.get(guid)
            if row and row.digest == mark and row.partition == self._partition and row.absent == 0:
                continue
            told[guid] = self._partition, entry.kind.value, entry.dn, self._key(entry.dn), mark, attributes
        return told

    def _count(
        self, page: Mapping[bytes, Entry], known: Mapping[bytes, Row], new: Sequence[bytes], changed: Sequence[int]
    ) -> None:
        """Take the muster of a page, before what changed is written."""
        self.muster.count(page.values())
        self.muster.arrive(page[guid] for guid in new)
        for guid, row in known.items():
            if row.absent >= GONE:
                self.muster.come_back(row.id, page[guid])
        for guid, _, _, packed in self._database.among(_BEFORE, changed):
            self.muster.change(known[guid].id, unpack(packed), page[guid].attributes)

    def _insert(self, new: Sequence[tuple[bytes, tuple[Any, ...]]]) -> dict[bytes, int]:
        if not new:
            return {}
        self._database.run(_COUNT_IDS, (len(new), len(new)))
        first = int(self._database.value(_NEXT_ID)) - len(new)
        self.first = min(self.first, first)
        ids = {guid: first + place for place, (guid, _) in enumerate(new)}
        self._database.insert_many(_ENTRY, [(0, ids[guid], self._source, guid, *body) for guid, body in new])
        self._database.run(_MARK_NEW, (Origin.SOURCE, first, first + len(new) - 1))
        return ids

    def _note(
        self,
        page: Mapping[bytes, Entry],
        known: Mapping[bytes, Row],
        touched: Iterable[bytes],
        ids: Mapping[bytes, int],
    ) -> None:
        """For whoever is not told again: who came, who came back, and who has another name."""
        came, notes = [], []
        back = [guid for guid, row in known.items() if row.absent >= GONE]
        gone_lately = departed(self._database, self._partition, back)
        for guid in touched:
            row = known.get(guid)
            if row is None or row.absent >= GONE or row.partition != self._partition:
                came.append(ids[guid])
            if row is not None and row.absent:  # a full read without it told its groups without it, too
                notes.append(Note(Move.RETURNED, guid, row.id))
            lately = row is not None and (row.absent < GONE or guid in gone_lately)
            if row is not None and lately and row.dn != page[guid].dn and self._tracked:
                notes.append(Note(Move.RENAMED, guid, row.id, row.dn))  # groups know it by the name before
        note(self._database, self._partition, notes)
        if self._tracked:
            arrive(self._database, self._partition, came)

    def delete(self, guids: Sequence[bytes]) -> list[int]:
        """The directory says that these are no more: entries of this partition, or containers.

        :returns: ids of those that were entries.
        """
        known = self._known(guids)
        rows = [row for row in known.values() if row.partition == self._partition]
        living = [row.id for row in rows if row.absent != DELETED]
        self.muster.leave([row.id for row in rows])
        there = [(row.guid, row.id, row.absent) for row in rows if row.absent != DELETED]
        doubt(self._database, self._source, self._partition, there, guids)
        self._database.run_many(_DELETED, [(DELETED, identity) for identity in living])
        self._database.run_many(MARK, [(identity, Origin.SOURCE) for identity in living])
        gone = {row.guid: row.id for row in rows}
        gone.update((guid, 0) for guid in guids if guid not in known)
        note(self._database, self._partition, [Note(Move.GONE, guid, identity) for guid, identity in gone.items()])
        forgotten = [(self._source, self._partition, guid) for guid in guids]
        self._database.run_many(_CONTAINER_GONE, forgotten)
        return [row.id for row in rows]

    def _watch(
        self,
        page: Mapping[bytes, Entry],
        known: Mapping[bytes, Row],
        changed: Sequence[Any],
        new: Sequence[int],
        arrived: bool,
    ) -> None:
        """Show the containers that may have been renamed who has another DN than before."""
        if self.containers is None:
            return
        rows = {row.id: row for row in known.values()}
        moved = [row[-1] for row in changed if row[3] != rows[row[-1]].dn_hash]
        if arrived:
            back = [row[-1] for row in changed if row[-1] not in moved and rows[row[-1]].absent]
            self.containers.arrive((*new, *moved, *back))
        moved = [identity for identity in moved if rows[identity].absent < GONE]
        for guid, _, dn, packed in self._database.among(_BEFORE, moved):
            entry, before = page[guid], unpack(packed)
            names = before.keys() | entry.attributes.keys() if self._origin is Origin.NONE else self._asked or before
            self.containers.move(
                known[guid].id,
                dn,
                entry.dn,
                {name: before[name] for name in names if name in before},
                {name: entry.attributes[name] for name in names if name in entry.attributes},
            )

    def _only_asked(self, page: Mapping[bytes, Entry], changed: Sequence[int]) -> set[bytes]:
        """GUIDs of entries that differ only because other attributes are asked for than before."""
        if self._origin is Origin.NONE:
            return set()
        found = set()
        for guid, kind, dn, packed in self._database.among(_BEFORE, changed):
            entry, before = page[guid], unpack(packed)
            names = before.keys() if self._asked is None else self._asked
            same = all(before.get(name) == entry.attributes.get(name) for name in names)
            if same and (kind, dn) == (entry.kind.value, entry.dn):
                found.add(guid)
        return found


def _arrives(body: Sequence[Any], row: Row | None) -> bool:
    """Has it a DN that nobody had, or somebody who perhaps leaves?"""
    return row is None or row.dn_hash != body[3] or row.absent >= GONE
