"""The desired state: what each entry should be in the cloud.

Entries marked in ``dirty`` are handed out in pages; what the rules make of them comes back as ``Desired`` rows, and
the page's marks are taken away in the same transaction, so that a killed synchronise goes on where it stood. An
object whose anchor or presence changed marks those that refer to it.

Two rules of identity are kept here, because they need every other object: an anchor belongs to one object, and the
anchor and the kind of an object the cloud knows never change.

What could not be told of an entry is no change (``store.keeping``).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from syncramp.model.desire import Desired, Staged
from syncramp.model.state import Cause, Origin
from syncramp.model.values import Kind
from syncramp.store.anchors import Anchors
from syncramp.store.contest import Contest
from syncramp.store.database import Database
from syncramp.store.entries import entries, staged
from syncramp.store.found import forget_changed
from syncramp.store.fresh import Fresh, Marked, mark_rows, object_rows, payload_rows, reference_rows
from syncramp.store.keeping import age, kept
from syncramp.store.keys import write_keys
from syncramp.store.marks import MARK, causes_of, marking
from syncramp.store.packing import digest, pack
from syncramp.store.returning import hand_over
from syncramp.store.violations import Violations

PAGE = 1_000
"""Entries in one transaction. With 250 or 500 of them each of 30,000 plain users costs 5 µs more, with 2,000 nothing
less."""


class _Settled(NamedTuple):
    """A row with the anchor it may use, its hold, and its packed payload with the digest."""

    row: Desired
    anchor: str | None
    hold: str
    packed: bytes | None
    digest: bytes | None


_AGAIN = """INSERT INTO dirty (id) SELECT id FROM objects WHERE hold != ''
            UNION SELECT object FROM refs WHERE leaving = 1
            UNION SELECT id FROM objects WHERE unread = 1
            ON CONFLICT DO NOTHING"""

_ALL = "INSERT INTO dirty (id) SELECT id FROM entries WHERE true ON CONFLICT DO NOTHING"

_DIRTY_PAGE = """SELECT e.id, e.source, e.guid, e.kind, e.dn, e.attrs, e.absent, d.cause,
                 CASE WHEN o.id IS NULL THEN 0 ELSE 1 END
                 FROM dirty d CROSS JOIN entries e LEFT JOIN objects o ON o.id = d.id
                 WHERE e.id = d.id AND (e.source IN ({}){}) ORDER BY d.id
                 LIMIT ?"""
"""CROSS JOIN: SQLite begins with the marks. Otherwise it would take every entry of a source for each page."""
_ADDED_TO = """ OR EXISTS (SELECT 1 FROM joined j CROSS JOIN entries m
                WHERE j.object = d.id AND m.id = j.entry AND m.source IN ({}))"""
"""Asked of one mark at a time: a list of all who are joined would be made anew for each page."""
_DIRTY_COUNT = "SELECT COUNT(*) FROM dirty d CROSS JOIN entries e WHERE e.id = d.id AND e.source IN ({})"
_NEVER_CAME = """SELECT o.id, o.source, o.kind, o.anchor FROM objects o JOIN entries e ON e.id = o.id
                 WHERE o.digest IS NOT NULL AND o.acked IS NULL AND o.doubt = 0
                 AND o.id > ? AND e.source NOT IN ({0})
                 AND NOT EXISTS (SELECT 1 FROM joined j JOIN entries m ON m.id = j.entry
                 WHERE j.object = o.id AND m.source IN ({0})) ORDER BY o.id LIMIT ?"""
_CLEAN = "DELETE FROM dirty WHERE id {}"
_TARGETS = """SELECT e.dn_hash, CASE WHEN o.acked IS NOT NULL OR o.doubt = 1 THEN o.anchor END,
              e.id, e.source, e.guid, e.kind, e.dn, e.attrs, e.absent
              FROM entries e LEFT JOIN objects o ON o.id = e.id
              WHERE e.dn_hash IN ({}) ORDER BY e.absent, o.anchor IS NULL, e.source DESC, e.id DESC"""
_NEW_USERS = """SELECT e.id, e.source, e.guid, e.kind, e.dn, e.attrs, e.absent, o.anchor
                FROM objects o JOIN entries e ON e.id = o.id
                WHERE o.digest IS NOT NULL AND o.acked IS NULL AND o.kind = 'User' AND e.source IN ({})"""
_OBJECTS = """SELECT id, anchor, kind, digest, acked, doubt, source, cause, hold, unread, origin
              FROM objects WHERE id {}"""
_PINNED = """SELECT id, anchor FROM objects
             WHERE (acked IS NOT NULL OR doubt = 1) AND anchor IS NOT NULL AND id IN ({})"""
_OBJECT = """INSERT INTO objects (id, source, anchor, kind, digest, cause, hold, unread, origin, doubt, confirmed)
             VALUES {}
             ON CONFLICT (id) DO UPDATE SET source = excluded.source, anchor = excluded.anchor,
             kind = CASE WHEN objects.acked IS NULL AND objects.doubt = 0 THEN excluded.kind ELSE objects.kind END,
             digest = excluded.digest, cause = excluded.cause, hold = excluded.hold, unread = excluded.unread,
             origin = excluded.origin"""
_NEW_OBJECT = """INSERT INTO objects (id, source, anchor, kind, digest, origin, cause, hold, unread, doubt, confirmed)
                 VALUES (?, ?, ?, ?, ?, ?, '', '', 0, 0, 0)"""
"""Of whom nothing was known: nobody is held, in doubt or confirmed."""
_PAYLOAD = """INSERT INTO payload (id, desired) VALUES {} ON CONFLICT (id) DO UPDATE SET
              acked = COALESCE(payload.acked,
                  (SELECT payload.desired FROM objects o WHERE o.id = payload.id AND o.acked IS NOT NULL)),
              desired = excluded.desired"""
_REFERENCES = "SELECT object, attribute, target, leaving FROM refs WHERE object {}"
_REFERENCE = "INSERT INTO refs (object, attribute, target, leaving) VALUES {}"
_NO_REFERENCE = "DELETE FROM refs WHERE object = ? AND attribute = ?"
_UNRESOLVED = "SELECT dn_hash, object, fresh FROM unresolved WHERE object IN ({})"
_WAITS = "INSERT INTO unresolved (dn_hash, object, fresh) VALUES (?, ?, ?)"
_WAITS_NO_MORE = "DELETE FROM unresolved WHERE dn_hash = ? AND object = ?"
_DEPENDENTS = marking("SELECT DISTINCT object, ? FROM refs WHERE target = ?")


class Objects:
    """The desired side of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.anchors = Anchors(database)
        self.contest = Contest(database)
        self.violations = Violations(database)

    def dirty_count(self, sources: Sequence[int]) -> int:
        """How many entries of these sources wait to be synchronised."""
        return sum(row[0] for row in self._database.among(_DIRTY_COUNT, sources))

    def judge_again(self, *, complete: bool) -> None:
        """Dirty in every run: what is held, what keeps a reference, and what cannot be read.

        :param complete: every source of the run was read completely.
        """
        self._database.run(_AGAIN)
        if complete:
            age(self._database)

    def judge_all(self) -> None:
        """Every entry is dirty; why one is already stays."""
        self._database.run(_ALL)

    def dirty_pages(self, sources: Sequence[int], *, joined: bool = False) -> Iterator[Sequence[Staged]]:
        """Entries to synchronise, a page at a time, until none is marked; each page must be given to ``desire``.

        Entries of other sources keep their marks, and their objects stay what they are.

        :param joined: also those of other sources whose objects are made of entries of these.
        """
        for page in self.dirty_rows(sources, joined=joined):
            yield [staged(row) for row in page]

    def dirty_rows(self, sources: Sequence[int], *, joined: bool = False) -> Iterator[Sequence[Marked]]:
        """The same as they stand in the store: an entry is unpacked for whom its rules look at."""
        among = ",".join("?" * len(sources))
        query, given = _DIRTY_PAGE.format(among, ""), tuple(sources)
        if joined:
            query, given = _DIRTY_PAGE.format(among, _ADDED_TO.format(among)), (*sources, *sources)
        while rows := self._database.all(query, (*given, PAGE)):
            yield list(map(Marked._make, rows))

    def withdraw(self, sources: Sequence[int]) -> Iterator[int]:
        """What is made of entries of other sources alone, and surely never came, is not wanted any more. Its entries
        stay marked, so it is judged again when the document names their source again.

        :param sources: those of the document.
        :returns: how many, page by page; each is one transaction.
        """
        query, last = _NEVER_CAME.format(",".join("?" * len(sources))), 0
        while rows := self._database.all(query, (last, *sources, *sources, PAGE)):
            last = rows[-1][0]
            page = [
                Desired(identity, source, Kind(kind), anchor or "", None, Cause.OUT_OF_SCOPE)
                for identity, source, kind, anchor in rows
            ]
            marks = [(row.id, int(Origin.CONFIGURATION)) for row in page]
            self.desire(page, partial(self._database.run_many, MARK, marks))
            yield len(page)

    def targets(self, keys: Sequence[int]) -> dict[int, tuple[Staged, str]]:
        """Entries by the keys of their DNs, living or not; if two sources show one, the one that holds the anchor.

        :returns: each with the anchor under which the cloud knows it, which stays whatever its entry says now; empty
            if the cloud does not know it.
        """
        found: dict[int, tuple[Staged, str]] = {}
        for key, pinned, *row in self._database.among(_TARGETS, keys):
            if key not in found:
                found[key] = staged(row), pinned or ""
        return found

    def new_users(self, sources: Sequence[int]) -> Iterator[tuple[Staged, str | None]]:
        """Users of these sources who should be in the cloud and are not known to be there, with their anchor."""
        query = _NEW_USERS.format(",".join("?" * len(sources)))
        for *row, anchor in self._database.stream(query, sources) if sources else ():
            yield staged(row), anchor

    def entries_of(self, ids: Iterable[int]) -> list[Staged]:
        """The entries of a page of ids, in their order."""
        return list(entries(self._database, list(ids)).values())

    def pinned_anchor(self, identity: int) -> str | None:
        """The anchor under which the cloud knows an object; it stays, whatever its entry says now."""
        return self.pinned_anchors([identity]).get(identity)

    def pinned_anchors(self, ids: Sequence[int]) -> dict[int, str]:
        """The same of several; of those among them that the cloud knows."""
        return dict(self._database.among(_PINNED, ids))

    def desire(
        self, page: Sequence[Desired], also: Callable[[], object] | None = None, fresh: Sequence[Fresh] = ()
    ) -> None:
        """Take in what the rules made of a page of dirty entries; one transaction.

        :param also: what else is done in it, when all rows are there.
        :param fresh: others of the page, of which nothing was known and whose anchors nobody else has.
        """
        ids = [row.id for row in page]
        with self._database.transaction():
            before = {row[0]: row for row in self._database.among(_OBJECTS, ids)}
            causes = causes_of(self._database, ids)
            decided = self._take(kept(self._database, page), page, list(before))
            settled = self._settle(decided, before)
            forget_changed(self._database, {each.row.id: each.packed for each in settled})
            changed = list(_changed_payloads(settled, before))
            write_keys(
                self._database, [identity for identity, _ in changed if identity in before and before[identity][5]]
            )
            self._database.insert_many(_PAYLOAD, changed)
            self._database.insert_many(_OBJECT, _changed_objects(settled, before, causes))
            self._replace_references(decided, list(before))
            self._come(fresh)
            self._database.run_among(_CLEAN, sorted((*ids, *(one.id for one in fresh))))
            self._database.run_many(_DEPENDENTS, _moved(settled, before, causes))
            if also is not None:
                also()

    def _come(self, fresh: Sequence[Fresh]) -> None:
        self.contest.want(mark_rows(fresh))
        self._database.insert_many(_PAYLOAD, payload_rows(fresh))
        self._database.insert_many(_NEW_OBJECT, object_rows(fresh))
        self._database.insert_many(_REFERENCE, reference_rows(fresh))

    def _take(self, decided: Sequence[Desired], page: Sequence[Desired], known: Sequence[int]) -> Sequence[Desired]:
        """The rows without values that belong to others; what is kept back of them is written down.

        :param known: ids of those of which there was something before; of others nothing needs to be looked up.
        """
        unjudged = {row.id for row in page if row.undecided}
        as_they_are = frozenset(row.id for row in decided if row.id in unjudged and row.attributes is not None)
        taken = self.contest.take(decided, as_they_are, known)
        self.violations.write(taken, as_they_are, known)
        return taken

    def _settle(self, page: Sequence[Desired], before: dict[int, Any]) -> list[_Settled]:
        """Each row with the anchor it may use, its hold, and its packed payload."""
        owners = self.anchors.owners([row.anchor for row in page])
        settled, heirs = [], {}
        for row in sorted(page, key=attrgetter("source")):
            anchor, hold = _pin(row, before.get(row.id))
            owner = owners.get(row.anchor)
            if owner and owner[1] != row.id and anchor == row.anchor:
                if _goes_before(owner, row):
                    taken = f"its source anchor {row.anchor} belongs to another object"
                    anchor, hold = None, taken if row.attributes is not None else ""
                else:
                    self.anchors.release(owner[1])
                    heirs[owner[1]] = row.id
            if anchor is not None:
                owners[anchor] = (anchor, row.id, b"taken", None, 0, row.source)
            packed = pack(row.attributes) if row.attributes is not None else None
            settled.append(_Settled(row, anchor, hold, packed, digest(packed) if packed is not None else None))
        hand_over(self._database, heirs)
        return settled

    def _replace_references(self, page: Sequence[Desired], known: Sequence[int]) -> None:
        """Write what differs: nearly always all or nothing.

        :param known: as in ``_take``.
        """
        named = {
            (row.id, name, target, int(name in row.leaving))
            for row in page
            for name, target in row.references.items()
        }
        waits = {
            (key, row.id): int(name in row.unread) for row in page for name, key in row.unresolved.items()
        }  # two attributes may name the same DN
        waiting = {(*place, fresh) for place, fresh in waits.items()}
        had = {tuple(row) for row in self._database.among(_REFERENCES, known)}
        waited = {tuple(row) for row in self._database.among(_UNRESOLVED, known)}
        self._database.run_many(_NO_REFERENCE, (row[:2] for row in had - named))
        self._database.insert_many(_REFERENCE, sorted(named - had))
        self._database.run_many(_WAITS_NO_MORE, (row[:2] for row in waited - waiting))
        self._database.run_many(_WAITS, sorted(waiting - waited))


def _goes_before(owner: Any, row: Desired) -> bool:
    """Does an anchor stay with its owner? What neither is nor may be in the cloud gives way to a source before."""
    _, _, desired, acked, doubt, source = owner
    return bool(acked or doubt or (desired and source <= row.source))


def _pin(row: Desired, before: Any | None) -> tuple[str | None, str]:
    """The anchor and the hold of a row: what the cloud knows stays, and a difference holds the object."""
    if before is None or (before[4] is None and not before[5]):
        return row.anchor or None, row.waits
    if row.attributes is None:
        return before[1], ""
    if row.hold:
        return before[1], row.hold
    if before[1] != row.anchor:
        return before[1], f"its source anchor changed from {before[1]} to {row.anchor}"
    if before[2] != row.kind.value:
        return before[1], f"it was a {before[2]} and is now a {row.kind.value}"
    return before[1], ""


def _changed_objects(
    settled: Sequence[_Settled], before: dict[int, Any], causes: dict[int, int]
) -> Iterator[tuple[Any, ...]]:
    for row, anchor, hold, _, mark in settled:
        cause = row.cause.value if row.cause else ""
        old = before.get(row.id)
        origin = _origin(row, mark, old, causes.get(row.id, Origin.SOURCE))
        now = (row.id, row.source, anchor, str(row.kind), mark, cause, hold, int(row.again), origin)
        if old is None or now != (old[0], old[6], *old[1:4], *old[7:]):
            yield *now, 0, 0  # neither in doubt nor confirmed


def _origin(row: Desired, mark: bytes | None, old: Any | None, cause: int) -> int:
    """Why what is desired is not what the cloud holds. What was not sent yet keeps the stronger reason.

    A departure keeps the one it has until the object is gone, or desired again; but for whom the directory really
    deletes meanwhile.
    """
    if old is None:
        return cause if mark is not None else Origin.NONE
    if mark == old[4] and not old[5]:
        return Origin.NONE
    if mark is None:
        left = old[3] is not None or (row.cause is not None and row.cause.gone)
        return _departure(row, cause) if left else int(old[10])
    return int(old[10]) if mark == old[3] else max(old[10], cause)


def _departure(row: Desired, cause: int) -> int:
    """Why an object leaves: the document, if it alone changed, or if the same entry would have stayed before."""
    if row.cause is not None and row.cause.gone:
        return Origin.SOURCE
    return Origin.CONFIGURATION if row.configured else cause


def _changed_payloads(settled: Sequence[_Settled], before: dict[int, Any]) -> Iterator[tuple[int, bytes]]:
    for row, _, _, packed, mark in settled:
        old = before.get(row.id)
        if packed is not None and (old is None or old[3] != mark):
            yield row.id, packed


def _moved(settled: Sequence[_Settled], before: dict[int, Any], causes: dict[int, int]) -> list[tuple[int, int]]:
    """Objects that came, went or changed their anchor, and why: who refers to them must be synchronised again."""
    moved = []
    for row, anchor, _, packed, _ in settled:
        old = before.get(row.id)
        if old is None:
            continue  # nothing can refer to it yet by id; who named its DN was woken when it was staged
        if (old[3] is None) != (packed is None) or old[1] != anchor:
            cause = causes.get(row.id, Origin.SOURCE)
            moved.append((_departure(row, cause) if packed is None else cause, row.id))
    return moved
