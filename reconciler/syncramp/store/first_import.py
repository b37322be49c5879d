"""The first import of all: nobody is looked for by name or by GUID, and the indexes of both come last.

Hashes and GUIDs come in no order, so a page of entries changes most of what their indexes have, and each newcomer is
looked for among all others to learn that it is none of them. While nobody was read before this process, GUIDs have to
be compared with those of this read alone, whose hashes are in memory. Where one is there already, or there are many,
the index is made, and entries are looked for from then on. Until then whoever is looked for makes it, and the run
after one that was killed.

A store that other processes write to meanwhile keeps its index of GUIDs: who they read is seen there alone.
"""

from collections.abc import Collection

from syncramp.store.database import Database

GUIDS, NAMES = "entries_guid", "entries_dn_hash"
HELD = 400_000
"""Entries that are held in memory at most; a first import of more makes the index before its end."""
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
        self._seen = set[int]()
        """Hashes of GUIDs; 90 bytes each."""

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

    def newcomers(self, guids: Collection[bytes]) -> bool:
        """Are these, which differ, of nobody who was read? They are from then on."""
        if not self._open:
            return False
        marks = set(map(hash, guids))
        if len(marks) < len(guids) or len(self._seen) > HELD or not self._seen.isdisjoint(marks):
            self.look()
            return False
        self._seen |= marks
        return True

    def look(self) -> None:
        """Somebody is looked for by GUID."""
        if self._open:
            self._open, self._seen = False, set()
            self._make_guids()

    def end(self) -> None:
        """All is read. An index that was made in a transaction that failed is made here again."""
        self.look()
        self._make_guids()
        if not self._database.has_index(NAMES):
            self._database.run(_MAKE_NAMES)

    def _make_guids(self) -> None:
        if not self._database.has_index(GUIDS) and self._database.alone:
            self._database.run(_MAKE_GUIDS)
