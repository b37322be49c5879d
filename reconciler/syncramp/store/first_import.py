"""The first import of all: nobody is looked for by name or by GUID, and the indexes of both come last.

Hashes and GUIDs come in no order, so a page of entries changes most of what their indexes have, and each newcomer is
looked for among all others to learn that it is none of them. While nobody was read before this process, GUIDs have to
be compared with those of this read alone: bitmaps of the first and the last 32 bits of each tell that a page has
nobody who was seen. Where both have those of one entry, it was seen, or looks like it; then the index is made, and
entries are looked for from then on. Until then whoever is looked for makes it, and the run after one that was killed.

A store that other processes write to meanwhile keeps its index of GUIDs: who they read is seen there alone.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Iterable

from pyroaring import BitMap

from syncramp.store.database import Database

GUIDS, NAMES = "entries_guid", "entries_dn_hash"
_ANYBODY = "SELECT 1 FROM entries LIMIT 1"
_DROP = "DROP INDEX IF EXISTS {}"
_MAKE_GUIDS = "CREATE UNIQUE INDEX entries_guid ON entries (source, guid)"
_MAKE_NAMES = "CREATE INDEX entries_dn_hash ON entries (dn_hash, absent, source)"


class FirstImport:
    """Of all sources and partitions of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = False
        """Nobody was read before this process, and the index of GUIDs is away."""
        self._seen = BitMap(), BitMap()

    def begin(self) -> None:
        """Before a partition is read."""
        if self._database.one(_ANYBODY) is not None:
            if not self._open:
                self._make_guids()
            return
        self._database.run(_DROP.format(NAMES))
        if self._database.alone:
            self._database.run(_DROP.format(GUIDS))
            self._open = not self._database.has_index(GUIDS)  # that of an older store is a part of its table

    def newcomers(self, guids: Iterable[bytes]) -> bool:
        """Are these, which differ, of nobody who was read? They are from then on."""
        if not self._open:
            return False
        words = array("I", b"".join(guids))
        first, last = words[::4], words[3::4]
        alike = BitMap(first) & self._seen[0], BitMap(last) & self._seen[1]
        if all(alike) and any(a in alike[0] and b in alike[1] for a, b in zip(first, last, strict=True)):
            self.look()
            return False
        self._seen[0].update(first)
        self._seen[1].update(last)
        return True

    def look(self) -> None:
        """Somebody is looked for by GUID."""
        if self._open:
            self._open, self._seen = False, (BitMap(), BitMap())
            self._make_guids()

    def end(self) -> None:
        """All is read."""
        self.look()
        if not self._database.has_index(NAMES):
            self._database.run(_MAKE_NAMES)

    def _make_guids(self) -> None:
        if not self._database.has_index(GUIDS) and self._database.alone:
            self._database.run(_MAKE_GUIDS)
