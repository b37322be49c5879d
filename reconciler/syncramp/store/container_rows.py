"""Containers become rows, by GUID, and it is noted which of them have another DN than before.

A directory that renames one says nothing of what lies below it: that follows at the end of the import (``rebasing``).
"""

from collections.abc import Callable, Collection, Sequence

from syncramp.model.facts import Container
from syncramp.store.database import Database
from syncramp.store.moves import Move, Note, note

_KNOWN = "SELECT guid, partition, dn FROM containers WHERE source = ? AND guid IN ({})"
_KEEP = """INSERT INTO containers (source, guid, partition, dn, dn_hash) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (source, guid) DO UPDATE SET
           partition = excluded.partition, dn = excluded.dn, dn_hash = excluded.dn_hash"""
_ALL = "SELECT guid FROM containers WHERE partition = ?"
_FORGET = "DELETE FROM containers WHERE source = ? AND guid = ?"


class ContainerRows:
    """The containers of one partition.

    :param key: the 64-bit key under which a DN is compared.
    """

    def __init__(self, database: Database, key: Callable[[str], int], source: int, partition: int) -> None:
        self._database, self._key, self._source, self._partition = database, key, source, partition

    def write(self, told: Sequence[Container]) -> None:
        """Containers that were told."""
        rows = self._database.among(_KNOWN, [one.guid for one in told], (self._source,))
        known = {guid: (partition, dn) for guid, partition, dn in rows}
        changed = [one for one in told if known.get(one.guid) != (self._partition, one.dn)]
        self._database.run_many(
            _KEEP, [(self._source, one.guid, self._partition, one.dn, self._key(one.dn)) for one in changed]
        )
        renamed = [
            (one.guid, known[one.guid][1]) for one in changed if known.get(one.guid, ("", one.dn))[1] != one.dn
        ]
        note(self._database, self._partition, [Note(Move.CONTAINER, guid, 0, before) for guid, before in renamed])

    def keep_only(self, told: Collection[bytes]) -> None:
        """Everything was told: the others are no more."""
        rows = self._database.all(_ALL, (self._partition,))
        self._database.run_many(_FORGET, [(self._source, guid) for (guid,) in rows if guid not in told])
