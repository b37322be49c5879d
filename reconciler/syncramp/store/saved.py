"""State snapshots: what of a store cannot be read back from the tenant, in and out of it.

Who is ours, and so may be deleted when the directory has it no more; into which groups a deleted object comes back;
what people approved; how far ramps are. Everything else an import and an adoption bring back.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from syncramp.model.saved import Restored, Saved, SavedApproval, SavedDelete, SavedHead, SavedObject
from syncramp.model.values import Kind
from syncramp.store.adoption import Adoptions, Departed
from syncramp.store.database import Database
from syncramp.store.runs import Runs
from syncramp.store.saved_ramps import RestoringRamps, saved_ramps

PAGE = 500

_OURS = """FROM objects o JOIN entries e ON e.id = o.id JOIN sources s ON s.id = e.source
           WHERE o.anchor IS NOT NULL AND (o.acked IS NOT NULL OR o.doubt = 1) ORDER BY o.anchor"""
_OBJECTS = f"SELECT o.anchor, o.kind, s.name, e.guid, e.dn {_OURS}"
_DELETES = "SELECT anchor, groups, at FROM ever_deleted ORDER BY anchor"
_APPROVALS = """SELECT digest, class, hold, given, until, "by", changes, links, marks FROM approvals
                WHERE LENGTH(marks) > 0 ORDER BY given, digest, "by" """
_REMEMBER = """INSERT INTO ever_deleted (anchor, groups, at) VALUES (?, ?, ?) ON CONFLICT (anchor) DO NOTHING"""
_GIVE = """INSERT INTO approvals (digest, class, hold, given, until, "by", changes, links, marks)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_GIVEN = 'SELECT 1 FROM approvals WHERE digest = ? AND given = ? AND "by" = ?'
_GROUPS = "SELECT anchor FROM objects WHERE kind = 'Group' AND acked IS NOT NULL AND anchor IN ({})"
_OURS_TO_CHANGE = """UPDATE cloud_links SET found = NULL WHERE found IS NOT NULL
                     AND id IN (SELECT id FROM objects WHERE anchor IN ({}))"""


def head_of(database: Database, identity: dict[str, str]) -> SavedHead:
    """What a snapshot of this store is of."""
    last, adoption = Runs(database).last(), Adoptions(database).read()
    return SavedHead(
        identity,
        last.id if last else 0,
        last.ended if last else None,
        adoption.as_json() if adoption else None,
    )


def saved(database: Database) -> Iterator[Saved]:
    """Everything that a snapshot holds, in an order of its own; same store, same rows."""
    yield from saved_ramps(database, f"SELECT o.id {_OURS}")
    for anchor, kind, source, guid, dn in database.stream(_OBJECTS):
        yield SavedObject(anchor, kind, source, guid.hex(), dn)
    yield from (SavedDelete(*row) for row in database.stream(_DELETES))
    for digest, part, hold, given, until, by, changes, links, marks in database.stream(_APPROVALS):
        yield SavedApproval(digest, part, hold, given, until, by, changes, links, marks.hex())


class Restoring:
    """A snapshot comes into a store that was just made anew by an adoption.

    :param sources: name -> number of the sources of the document.
    :param unread: names of those that were not read completely: who seems to have left them may be there.
    :param now: seconds since the epoch.
    """

    def __init__(
        self, database: Database, sources: dict[str, int], now: float, unread: frozenset[str] = frozenset()
    ) -> None:
        self.restored = Restored()
        self.ramps = RestoringRamps(database)
        self._database = database
        self._adoptions = Adoptions(database)
        self._sources = sources
        self._unread = unread
        self._now = now

    def take(self, rows: Iterable[Saved]) -> Restored:
        """Take in what is still true of it; a second time changes nothing."""
        rest = iter(rows)
        while page := list(islice(rest, PAGE)):
            self.ramps.take(page)
            self._objects([row for row in page if isinstance(row, SavedObject)])
            deletes = [row for row in page if isinstance(row, SavedDelete)]
            self._database.run_many(_REMEMBER, deletes)
            self.restored.deletes += len(deletes)
            for row in page:
                if isinstance(row, SavedApproval):
                    self._approve(row)
        self.ramps.end(self.restored)
        return self.restored

    def _objects(self, objects: Sequence[SavedObject]) -> None:
        if not objects:
            return
        self.restored.ours += len(objects)
        by_anchor = {one.anchor: one for one in objects}
        orphans = self._adoptions.orphans(list(by_anchor))
        wanted = set(self._adoptions.wanted(list(by_anchor)))
        gone = [by_anchor[anchor] for anchor in sorted(orphans.keys() - wanted)]
        self._depart([one for one in gone if orphans[one.anchor][0] == one.kind])
        groups = [anchor for (anchor,) in self._database.among(_GROUPS, list(by_anchor))]
        self._database.run_among(_OURS_TO_CHANGE, groups)
        self.restored.groups += len(groups)

    def _depart(self, gone: Sequence[SavedObject]) -> None:
        for one in gone:
            if one.source not in self._sources or one.source in self._unread:
                told = self.restored.unread if one.source in self._unread else self.restored.lost_sources
                told[one.source] = told.get(one.source, 0) + 1
        ours = [
            Departed(one.anchor, Kind(one.kind), self._sources[one.source], one.dn, bytes.fromhex(one.guid))
            for one in gone
            if one.source in self._sources and one.source not in self._unread
        ]
        if ours:
            self._adoptions.own_departed(ours, found=False)
        self.restored.departed += len(ours)

    def _approve(self, row: SavedApproval) -> None:
        if row.until <= self._now or self._database.one(_GIVEN, (row.digest, row.given, row.by)) is not None:
            return
        self._database.run(_GIVE, (*row[:-1], bytes.fromhex(row.marks)))
        self.restored.approvals += 1
