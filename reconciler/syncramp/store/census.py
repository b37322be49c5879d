"""How much there is, for guards whose limits are percentages; asked only where something is counted."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from pyroaring import BitMap

from syncramp.model.values import Kind
from syncramp.store.cloud_references import reach
from syncramp.store.database import Database
from syncramp.store.packing import unpack, unpack_bitmap
from syncramp.store.snapshot import Snapshot

_NAMED = """SELECT o.id, o.kind, s.name, e.dn FROM objects o JOIN entries e ON e.id = o.id
            JOIN sources s ON s.id = o.source WHERE o.id IN ({})"""
_SIZES = """SELECT o.kind, s.name, COUNT(*) FROM objects o JOIN sources s ON s.id = o.source
            WHERE o.acked IS NOT NULL GROUP BY o.kind, s.name"""
_DNS = """SELECT e.dn FROM objects o JOIN entries e ON e.id = o.id JOIN sources s ON s.id = o.source
          WHERE o.acked IS NOT NULL AND s.name = ?"""
_PAYLOADS = """SELECT COALESCE(p.acked, p.desired) FROM payload p JOIN objects o ON o.id = p.id
               WHERE o.acked IS NOT NULL"""


class Census:
    """A view of the store.

    :param snapshot: the view that the plan is made of.
    :param only: objects of this kind alone are the target's, others are who may be a member; None: all are.
    """

    def __init__(self, database: Database, snapshot: Snapshot, only: Kind | None = None) -> None:
        self._database = database
        self._snapshot = snapshot
        self._only = only

    @property
    def in_cloud(self) -> BitMap:
        """Ids of objects that are known to be in the cloud."""
        return self._snapshot.in_cloud

    @cached_property
    def groups(self) -> BitMap:
        """Ids of all objects that are, or were, groups."""
        return self._snapshot.groups_ever()

    def named(self, ids: BitMap) -> Iterator[tuple[int, Kind, str, str]]:
        """Id, kind, name of the source and DN of objects, whether they are in the cloud still or not."""
        for identity, kind, source, dn in self._database.among(_NAMED, list(ids)):
            yield identity, Kind(kind), source, dn

    def sizes(self) -> Mapping[tuple[Kind, str], int]:
        """(Kind, name of the source) -> objects in the cloud."""
        return {
            (Kind(kind), source): number
            for kind, source, number in self._database.all(_SIZES)
            if self._only in (None, kind)
        }

    def dns(self, source: str) -> Iterator[str]:
        """The DNs of a source's objects in the cloud."""
        return (row[0] for row in self._database.stream(_DNS, (source,)))

    def links(self) -> int:
        """Memberships that the cloud possibly holds."""
        return sum(len(unpack_bitmap(row[0])) for row in self._database.stream("SELECT possible FROM cloud_links"))

    def members(self, groups: BitMap) -> Mapping[int, BitMap]:
        """Group -> members that the cloud possibly holds, also of groups that should leave it."""
        rows = self._database.among("SELECT id, possible FROM cloud_links WHERE id IN ({})", list(groups))
        return {group: unpack_bitmap(possible) for group, possible in rows}

    def having(self, attribute: str) -> int:
        """Objects in the cloud that have a value of an attribute."""
        return sum(attribute in unpack(row[0]) for row in self._database.stream(_PAYLOADS))

    def graph(self) -> tuple[Mapping[int, BitMap], Mapping[int, BitMap]]:
        """Group -> its members as they should be, and as the cloud surely has them; of a written-back group both are
        what the cloud says.
        """
        found = [each for each in map(self._snapshot.membership, self.groups) if each is not None]
        written = reach(self._database, self._snapshot.referable)
        return {each.id: each.desired for each in found} | written, {each.id: each.sure for each in found} | written
