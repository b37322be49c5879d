"""What a source was seen to hold, as far as scopes ask: who has a GUID, what lies at a DN, who is in a pilot group.

Who came to a pilot group or left it did not change: the group did. So the members of each are kept as they were when
entries were judged by them last, and who is not in both is marked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from syncramp.model.state import Origin
from syncramp.model.values import Kind
from syncramp.store.database import Database
from syncramp.store.marks import MARK
from syncramp.store.packing import pack_bitmap, unpack_bitmap

_SOURCE = "SELECT id FROM sources WHERE name = ?"
_NAMED = (
    "SELECT dn FROM containers WHERE source = ? AND guid = ?",
    "SELECT dn FROM entries WHERE source = ? AND guid = ? AND absent = 0",
)
_GROUP_BY_GUID = "SELECT id FROM entries WHERE source = ? AND guid = ? AND kind = ? AND absent = 0"
_GROUP_BY_DN = "SELECT id FROM entries WHERE source = ? AND dn_hash = ? AND kind = ? AND absent = 0"
_MEMBERS = "SELECT members, lost FROM links WHERE id = ? AND attribute = 'member'"
_GUIDS = "SELECT source, guid FROM entries WHERE id IN ({})"
_UNPROVEN = """SELECT 1 FROM sources s WHERE s.id = ? AND (s.failure IS NOT NULL OR EXISTS
               (SELECT 1 FROM partitions p WHERE p.source = s.id AND p.complete = 0))"""
_PLACES = (
    "SELECT dn FROM containers WHERE source = ?",
    "SELECT dn FROM entries WHERE source = ? AND absent = 0",
)
_CONTAINED = "SELECT 1 FROM containers WHERE source = ?"
_AT = (
    "SELECT 1 FROM containers WHERE source = ? AND dn_hash = ?",
    "SELECT 1 FROM entries WHERE source = ? AND dn_hash = ? AND absent = 0",
)
_JUDGED_BY = "SELECT name, members FROM pilots WHERE source = ?"
_KEEP = """INSERT INTO pilots (source, name, members) VALUES (?, ?, ?)
           ON CONFLICT (source, name) DO UPDATE SET members = excluded.members"""
_FORGET = "DELETE FROM pilots WHERE source = ? AND name = ?"


class Whereabouts:
    """The places of every source.

    :param key: the 64-bit key under which a DN is compared (``source.dn.key``).
    """

    def __init__(self, database: Database, key: Callable[[str], int]) -> None:
        self._database, self._key = database, key

    def of(self, source: str) -> "Holdings":
        """Those of one source, by its name; of one that was never read nothing is there."""
        identity = self._database.value(_SOURCE, (source,), default=0)
        return Holdings(self._database, self._key, identity)

    def follow(self, source: str, groups: Iterable[bytes | str]) -> int:
        """Mark who came to a pilot group, or left it, since this was asked last; one transaction.

        A group that is not there, or is empty, changes nothing.

        :param groups: the pilot groups of a source, by GUID or canonical DN.
        :returns: how many were marked.
        """
        held = self.of(source)
        marked = BitMap()
        with self._database.transaction():
            before = dict(self._database.all(_JUDGED_BY, (held.source,)))
            named = {group.hex() if isinstance(group, bytes) else group: group for group in groups}
            for name in before.keys() - named.keys():
                self._database.run(_FORGET, (held.source, name))
            for name, group in named.items():
                now = held.ids(group)
                if not now or pack_bitmap(now) == before.get(name):
                    continue
                marked |= now ^ unpack_bitmap(before.get(name))
                self._database.run(_KEEP, (held.source, name, pack_bitmap(now)))
            self._database.run_many(MARK, [(identity, Origin.SOURCE) for identity in marked])
        return len(marked)


@dataclass(frozen=True)
class Holdings:
    """What one source was seen to hold (``model.seams.Whereabouts``)."""

    _database: Database
    _key: Callable[[str], int]
    source: int
    """Its number; 0: it was never read."""

    def named(self, guid: bytes) -> str | None:
        """The canonical DN of the entry or container with a GUID; None: it is not there."""
        found = (self._database.value(query, (self.source, guid)) for query in _NAMED)
        return next(filter(None, found), None)

    @property
    def proven(self) -> bool:
        """Its last read was: everything that a scope names was there."""
        return self._database.one(_UNPROVEN, (self.source,)) is None

    def names(self) -> Iterator[str]:
        """The canonical DNs of all that is there."""
        for query in _PLACES:
            yield from (dn for (dn,) in self._database.stream(query, (self.source,)))

    def missing(self, dns: Sequence[str]) -> list[str]:
        """Those of some canonical DNs that nothing has; none where the source shows no containers at all."""
        if not dns or self._database.one(_CONTAINED, (self.source,)) is None:
            return []
        return [dn for dn in dns if not any(self._database.one(at, (self.source, self._key(dn))) for at in _AT)]

    def members(self, group: bytes | str) -> frozenset[bytes] | None:
        """GUIDs of the direct members of a group that are entries of this source; None: there is no such group."""
        ids = self.ids(group)
        if ids is None:
            return None
        # the source is looked at here: asked for in SQL, SQLite would go by it, through all of its entries
        found = self._database.among(_GUIDS, list(ids))
        return frozenset(guid for source, guid in found if source == self.source)

    def ids(self, group: bytes | str) -> BitMap | None:
        """Direct members of a group, of all sources; who may only have been moved is among them."""
        query = (_GROUP_BY_GUID, group) if isinstance(group, bytes) else (_GROUP_BY_DN, self._key(group))
        found = self._database.value(query[0], (self.source, query[1], Kind.GROUP.value))
        if found is None:
            return None
        row = self._database.one(_MEMBERS, (found,)) or (None, None)
        return unpack_bitmap(row[0]) | unpack_bitmap(row[1])
