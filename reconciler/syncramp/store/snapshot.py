"""What the plan and the export read: what differs, and the memberships.

Narrow rows come in the order of their anchors, the wide ones follow in pages where they are needed
(``store.states``). So a plan over 300,000 objects holds one page of them.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from pyroaring import BitMap

from syncramp.model.sizes import GroupSize
from syncramp.model.state import Membership, ObjectState, Origin
from syncramp.model.values import Kind
from syncramp.model.wire import AnchorType, LinkOperation, ReferenceChange, changes_by_source
from syncramp.store.anchored import Anchored
from syncramp.store.cloud_references import references
from syncramp.store.database import Database
from syncramp.store.departed import departed_since
from syncramp.store.heirs import knows_others
from syncramp.store.newcomers import Newcomer, newcomers
from syncramp.store.packing import unpack_bitmap
from syncramp.store.referring import Referring
from syncramp.store.returning import lost_with_members, restoring
from syncramp.store.standing import Standing
from syncramp.store.states import HEADS, ROWS, WHOLE, Page, in_order

PAGE = 500
FEW = 5_000
"""Objects whose rows are asked for by id, and put in order here; of more of them all rows are looked at."""

_DIFFERS = """ WHERE CASE WHEN digest IS NULL THEN acked IS NOT NULL OR doubt = 1
               ELSE acked IS NULL OR acked != digest OR doubt = 1 OR hold != '' END"""
_DIFFERING = ROWS + _DIFFERS + " ORDER BY COALESCE(anchor, ''), id"
"""COALESCE keeps SQLite from walking the index of anchors, and asking for each row, when nearly none differs."""
_NEW = HEADS + _DIFFERS + " ORDER BY COALESCE(anchor, ''), id"
_STATES = ROWS + " WHERE id {}"
_WHOLE = WHOLE + " WHERE o.id {}"
_MARKS = "SELECT mark FROM uniques WHERE object IN ({})"
_MEMBERSHIPS = """SELECT o.id, o.source, o.anchor, e.dn, o.hold, o.acked, l.members, l.lost, c.sure, c.possible,
                  c.found, c.drifted
                  FROM objects o JOIN entries e ON e.id = o.id
                  LEFT JOIN links l ON l.id = o.id AND l.attribute = 'member'
                  LEFT JOIN cloud_links c ON c.id = o.id
                  WHERE o.kind = 'Group' AND o.digest IS NOT NULL AND o.anchor IS NOT NULL"""
_MEMBERS = "SELECT id, members FROM links WHERE attribute = 'member'"
_ANSWERED = """SELECT ids FROM batches WHERE state = 'Answered'
               AND run = (SELECT run FROM batches ORDER BY seq DESC LIMIT 1)"""
_ANCHORS = "SELECT id, anchor FROM objects WHERE id {}"
_NAMES = "SELECT o.id, o.anchor, e.dn FROM objects o JOIN entries e ON e.id = o.id WHERE o.id IN ({})"
_SIZES = """SELECT e.dn, o.digest IS NOT NULL AND o.anchor IS NOT NULL, o.acked IS NOT NULL, l.members,
                   c.sure
            FROM objects o JOIN entries e ON e.id = o.id
            LEFT JOIN links l ON l.id = o.id AND l.attribute = 'member' LEFT JOIN cloud_links c ON c.id = o.id
            WHERE o.kind = 'Group' AND ((o.digest IS NOT NULL AND o.anchor IS NOT NULL) OR o.acked IS NOT NULL)"""
_REFERENCES = "SELECT object, target FROM refs WHERE object {}"
_ALL_REFERENCES = "SELECT object, target FROM refs ORDER BY object"
_ADDED = """SELECT j.object FROM joined j JOIN entries e ON e.id = j.entry WHERE j.object != 0 AND e.source = ?"""

_COMING = "SELECT id, origin FROM objects WHERE acked IS NULL AND digest IS NOT NULL AND origin NOT IN (?, ?)"
_UNMANAGED = """SELECT s.name, COUNT(*) FROM objects o JOIN entries e ON e.id = o.id JOIN sources s ON s.id = e.source
                WHERE o.acked IS NOT NULL AND e.source NOT IN ({0}) AND o.source NOT IN ({0}) GROUP BY s.name"""
_LOOSE = """SELECT COUNT(*) FROM refs r CROSS JOIN objects o CROSS JOIN entries e WHERE r.leaving = 1
            AND o.id = r.target AND e.id = r.object AND o.acked IS NULL AND o.doubt = 0 AND e.source IN ({})"""
"""CROSS JOIN: SQLite begins with the references that stay for somebody who leaves, and not with every entry."""


class Snapshot:
    """A view of the store; nobody writes to it while a plan is made."""

    def __init__(self, database: Database) -> None:
        self._database = database
        standing = self._standing = Standing(database)
        self.desired = standing.desired
        """Ids of objects that should be in the cloud."""
        self.departing = standing.departing
        """Ids of objects that may be in the cloud and should not be."""
        self.in_cloud = standing.in_cloud
        """Ids of objects that are known to be in the cloud."""
        self._references = references(database)
        self._anchored = Anchored(database)
        self.referable = self._references.living
        """Ids of written-back groups that the cloud has: groups refer to them by what it calls them."""
        self.linkable = self.desired | self.referable
        """Ids of whoever may be a member of a group."""
        self.keeping = self._bitmap("SELECT DISTINCT object FROM contested")
        """Ids of objects that want a value of somebody else: in its place they keep what they have."""
        self.in_doubt = standing.in_doubt
        """Ids of objects of which a call was sent and its answer is not known."""
        self._absent, self._coming, self._differing = standing.absent, standing.coming, standing.differing
        self._joined = self._bitmap("SELECT entry FROM joined")
        """Ids of entries that add to the object of another one, or are no part of their own."""

    def differing(self) -> Iterator[ObjectState]:
        """Objects whose desired state is not known to be in the cloud, in the order of their anchors.

        Names and values are read when they are asked for, so nobody may write meanwhile.
        """
        for page in self._pages(new=False):
            yield from page.states()

    def differing_pages(self) -> Iterator[Page]:
        """The same, in pages, of which nobody looks at a state as long as all are new."""
        return self._pages(new=2 * len(self._coming & self._differing) > len(self._differing))

    def _pages(self, *, new: bool) -> Iterator[Page]:
        """:param new: most of them are, so their heads are enough."""
        few = len(self._differing) <= FEW
        rows = self._few() if few else self._database.stream(_NEW if new else _DIFFERING)
        while page := list(islice(rows, PAGE)):
            yield Page(self._database, page, heads=new and not few)

    def _few(self) -> Iterator[Any]:
        rows = self._database.among(_STATES, self._differing.to_array())
        return iter(sorted(rows, key=lambda row: (row[3] or "", row[0])))

    def owners(self, others: BitMap) -> Iterator[ObjectState]:
        """Objects that are, or may be, in the cloud: those that differ, and of others those who have a value that
        one that differs wants. Some may not: values are compared by their marks.
        """
        differing, there = self._differing, self.in_cloud | self.departing
        rest = (others & there) - differing
        if rest and differing:
            rest &= self.keeping | self._wanting(self._numbers(_MARKS, differing))
        return self.states((differing & there) | rest if differing else BitMap())

    def claimants(self, marks: BitMap) -> Iterator[ObjectState]:
        """Objects that differ and want a unique value with one of these marks; some may want none."""
        return self.states((self._wanting(marks) | self.keeping) & self._differing)

    def _wanting(self, marks: BitMap) -> BitMap:
        return self._numbers("SELECT object FROM uniques WHERE mark IN ({})", marks)

    def _numbers(self, sql: str, values: BitMap) -> BitMap:
        return BitMap([row[0] for row in self._database.among(sql, values.to_array())])

    def states(self, ids: Iterable[int]) -> Iterator[ObjectState]:
        """Objects by id, in the order given; a page of them is read at once."""
        for page in self.pages(ids):
            yield from page.states()

    def pages(self, ids: Iterable[int]) -> Iterator[Page]:
        """The same, in pages."""
        ordered = array("I", ids)
        for start in range(0, len(ordered), PAGE):
            wanted = ordered[start : start + PAGE]
            page = Page(self._database, in_order(self._database.among(_WHOLE, wanted), wanted), whole=True)
            page.read()
            yield page

    def newcomers(self, ids: Sequence[int]) -> Iterator[Newcomer]:
        """Those of a page of objects of which nothing was ever sent, and nothing is to be told, in any order."""
        return newcomers(self._database, ids)

    def state(self, identity: int) -> ObjectState | None:
        """One object, its name and references read as well: who tells of it does so when the store is closed."""
        state = next(self.states([identity]), None)
        _ = state and (state.dn, state.references)
        return state

    def memberships(self, also: Collection[int] = ()) -> Iterator[Membership]:
        """Groups whose members in the cloud are not surely the desired ones, in the order of their anchors.

        :param also: ids of groups that are wanted whatever their members are.
        """
        groups = (self.groups_ever() & self.desired).to_array()
        ordered = array("I", (row[0] for row in sorted(self._database.among(_ANCHORS, groups), key=itemgetter(1))))
        for start in range(0, len(ordered), PAGE):
            page = ordered[start : start + PAGE]
            rows = {row[0]: row for row in self._database.among(_MEMBERSHIPS + " AND o.id IN ({})", page)}
            for identity in page:
                if identity not in also and self._is_whole(rows[identity]):
                    continue
                membership = self._membership(rows[identity])
                if identity in also or not (membership.desired == membership.sure == membership.possible):
                    yield membership

    def _is_whole(self, row: Any) -> bool:
        """A group that surely has whom it should have, seen at the bytes of its members. Nearly all are; of some that
        are these bytes were written otherwise, and they are looked at value by value.
        """
        members, sure, possible = row[6], row[8], row[9]
        if members is None or not members == sure == possible:
            return False
        ids = unpack_bitmap(members)
        return ids.issubset(self.linkable) and ids.isdisjoint(self._joined)

    def large(self, least: int) -> BitMap:
        """Groups that may have so many members, or more: so many entries are named by them."""
        rows = self._database.stream(_MEMBERS)
        return BitMap([identity for identity, packed in rows if len(unpack_bitmap(packed)) >= least])

    def groups(self, ids: BitMap) -> Iterator[Membership]:
        """Those of these groups that should be in the cloud, in ascending order of their ids."""
        wanted = ids.to_array()
        for start in range(0, len(wanted), PAGE):
            page = wanted[start : start + PAGE]
            yield from map(self._membership, sorted(self._database.among(_MEMBERSHIPS + " AND o.id IN ({})", page)))

    def stuck(self) -> BitMap:
        """Objects that should be in the cloud and do not come by themselves: their create is held by a conflict, or
        was refused in the last run that sent something.
        """
        tried = BitMap.union(BitMap(), *(unpack_bitmap(row[0]) for row in self._database.all(_ANSWERED)))
        refused = (tried & self.desired) - self.in_cloud - self.in_doubt
        return refused | self._bitmap("SELECT id FROM objects WHERE hold != '' AND acked IS NULL")

    def departed(self, ids: BitMap, since: float) -> dict[int, BitMap]:
        """Group -> members whose link was surely there after a moment (seconds since the epoch) and went."""
        return departed_since(self._database, ids, since)

    def membership(self, identity: int) -> Membership | None:
        """One group that should be in the cloud."""
        row = self._database.one(_MEMBERSHIPS + " AND o.id = ?", (identity,))
        return self._membership(row) if row else None

    def members(self, identity: int) -> BitMap:
        """Members that a group should have; none of one that should not be in the cloud."""
        membership = self.membership(identity)
        return membership.desired if membership else BitMap()

    def _membership(self, row: Any) -> Membership:
        identity, source, anchor, dn, hold, acked, packed, missing, sure, possible, found, drifted = row
        members, lost = self._objects(unpack_bitmap(packed)), self._objects(unpack_bitmap(missing))
        known = unpack_bitmap(possible)
        return Membership(
            id=identity,
            source=source,
            anchor=anchor,
            dn=dn,
            hold=hold,
            desired=members & self.linkable,
            sure=unpack_bitmap(sure),
            possible=known,
            derived=known & (self.departing & (members | lost | self._absent) | self._kept(members)),
            in_cloud=acked is not None,
            lost=lost,
            drifted=unpack_bitmap(drifted),
            found=(unpack_bitmap(found) & known) - (members & self.linkable),
        )

    def _kept(self, members: BitMap) -> BitMap:
        """Written-back groups whose links stay, or went with them."""
        return self._references.silent & members | self._references.gone

    def _objects(self, entries: BitMap) -> BitMap:
        """The objects of entries: nearly always those with the same ids."""
        joined = entries & self._joined
        if not joined:
            return entries
        rows = self._database.among("SELECT object FROM joined WHERE object != 0 AND entry IN ({})", list(joined))
        return (entries - joined) | BitMap(row[0] for row in rows)

    def anchors(self, ids: BitMap) -> Iterator[str]:
        """The anchors of objects, in ascending order of their ids."""
        return (anchor for _, anchor in self.named(ids))

    def named(self, ids: BitMap) -> Iterator[tuple[int, str]]:
        """Objects with their anchors, in ascending order of their ids."""
        theirs = self._references.anchors
        for page, anchors in self._anchored.pages(ids):
            if theirs:
                yield from (
                    (identity, theirs.get(identity, anchor)) for identity, anchor in zip(page, anchors, strict=True)
                )
            else:
                yield from zip(page, anchors, strict=True)

    def references_to(self, ids: BitMap, operation: LinkOperation) -> Iterator[ReferenceChange]:
        """Changes of links to objects, in ascending order of their ids.

        What was written back the service knows by its own anchor alone.
        """
        theirs = self._references.anchors
        for page, anchors in self._anchored.pages(ids):
            if theirs and not theirs.keys().isdisjoint(page):
                for identity, anchor in zip(page, anchors, strict=True):
                    by = AnchorType.CLOUD if identity in theirs else AnchorType.SOURCE
                    yield ReferenceChange(theirs.get(identity, anchor), operation, by)
            else:
                yield from changes_by_source(anchors, operation)

    def forget_anchors(self) -> None:
        """Nobody asks for anchors for now: those of all objects, once they were read, take some megabytes."""
        self._anchored.forget()

    def names(self, ids: BitMap) -> Iterator[tuple[str, str]]:
        """The anchors and DNs of objects, in ascending order of their ids; a page of them in memory."""
        numbers = ids.to_array()
        for start in range(0, len(numbers), PAGE):
            page = list(numbers[start : start + PAGE])
            for identity, anchor, name in sorted(self._database.among(_NAMES, page)):
                yield self._references.anchors.get(identity, anchor) or "", name

    def sizes(self) -> Iterator[GroupSize]:
        """Every group that should be in the cloud or is there, with its members here and there."""
        for name, wanted, there, packed, sure in self._database.stream(_SIZES):
            members = self._objects(unpack_bitmap(packed)) & self.linkable if wanted else BitMap()
            yield GroupSize(name, len(members), len(unpack_bitmap(sure)), desired=bool(wanted), in_cloud=bool(there))

    def groups_ever(self) -> BitMap:
        """Ids of all objects that are, or were, groups."""
        return self._standing.of_kind(Kind.GROUP)

    def of_sources(self, sources: Iterable[int]) -> BitMap:
        """Ids of all objects that are made of entries of some sources."""
        found = BitMap()
        for source in sources:
            found |= self._bitmap("SELECT id FROM objects WHERE source = ?", (source,))
            found |= self._bitmap(_ADDED, (source,))
        return found

    def referring(self, ids: BitMap) -> Referring:
        """Every single reference of these objects."""
        few = len(ids) <= FEW
        rows = (
            sorted(self._database.among(_REFERENCES, ids.to_array()))
            if few
            else self._database.stream(_ALL_REFERENCES)
        )
        return Referring(rows, ids)

    def created_since(self, moment: float) -> dict[int, float]:
        """Objects whose create was answered after a moment (seconds since the epoch), with that time."""
        return dict(self._database.all("SELECT id, acked_at FROM objects WHERE acked_at > ?", (moment,)))

    def restoring(self, since: float) -> BitMap:
        """Objects whose create brings back what was deleted after a moment (seconds since the epoch)."""
        return restoring(self._database, since)

    def returning(self, since: float) -> dict[int, BitMap]:
        """Group -> members whose link was lost when they were deleted after a moment (seconds since the epoch)."""
        return lost_with_members(self._database, since)

    def coming(self) -> dict[Origin, BitMap]:
        """Objects that are not known to be in the cloud and should be, by why they come; without the directory's."""
        found: dict[Origin, BitMap] = {}
        rows = self._database.stream(_COMING, (int(Origin.NONE), int(Origin.SOURCE))) if self._coming else ()
        for identity, origin in rows:
            found.setdefault(Origin(origin), BitMap()).add(identity)
        return found

    def loose_references(self, sources: Sequence[int]) -> int:
        """References of these sources that were kept while their target was leaving the cloud, and it is gone."""
        return sum(row[0] for row in self._database.among(_LOOSE, sources))

    def unmanaged(self, sources: Sequence[int]) -> dict[str, int]:
        """Objects that are known to be in the cloud, by the names of all other sources than these."""
        if not knows_others(self._database, sources):
            return {}
        others = _UNMANAGED.format(",".join("?" * len(sources)))
        return dict(self._database.all(others, (*sources, *sources)))

    def counts(self) -> dict[str, int]:
        """Objects that are known to be in the cloud, by kind."""
        return self._standing.kinds()

    def confirmations(self) -> dict[int, int]:
        """How many of them are unconfirmed (0), confirmed (1) and confirmed with differences (2)."""
        return self._standing.confirmations()

    def _bitmap(self, sql: str, parameters: Sequence[Any] = ()) -> BitMap:
        return BitMap(self._database.numbers(sql, parameters))
