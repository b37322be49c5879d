"""The desired state: what each entry should be in the cloud.

Entries marked in ``dirty`` are handed out in pages; what the rules make of them comes back as ``Desired`` rows, and
the page's marks are taken away in the same transaction, so that a killed synchronise goes on where it stood. An
object whose anchor or presence changed marks those that refer to it.

Two rules of identity are kept here, because they need every other object: an anchor belongs to one object, and the
anchor and the kind of an object the cloud knows never change.

What could not be told of an entry is no change (``store.keeping``).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from syncramp.model.desire import Desired, Staged
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.store.database import Database
from syncramp.store.keeping import age, kept
from syncramp.store.packing import digest, pack, unpack
from syncramp.store.returning import hand_over

PAGE = 1000

_Settled = tuple[Desired, str | None, str, bytes | None]
"""A row with the anchor it may use, its hold and its packed payload."""

_AGAIN = """INSERT INTO dirty (id) SELECT id FROM objects WHERE hold != ''
            UNION SELECT object FROM refs WHERE leaving = 1
            UNION SELECT id FROM objects WHERE unread = 1
            ON CONFLICT DO NOTHING"""

_DIRTY_PAGE = """SELECT e.id, e.source, e.guid, e.kind, e.dn, e.attrs, e.absent
                 FROM dirty d JOIN entries e ON e.id = d.id WHERE e.source IN ({}) ORDER BY d.id LIMIT ?"""
_CLEAN = "DELETE FROM dirty WHERE id = ?"
_TARGET = """SELECT e.id, e.source, e.guid, e.kind, e.dn, e.attrs, e.absent
             FROM entries e LEFT JOIN objects o ON o.id = e.id
             WHERE e.dn_hash = ? ORDER BY e.absent, o.anchor IS NULL, e.id DESC LIMIT 1"""
_OBJECTS = "SELECT id, anchor, kind, digest, acked, doubt, cause FROM objects WHERE id IN ({})"
_OWNERS = "SELECT anchor, id, digest, acked, doubt FROM objects WHERE anchor IN ({})"
_PINNED = "SELECT anchor FROM objects WHERE id = ? AND (acked IS NOT NULL OR doubt = 1)"
_OBJECT = """INSERT INTO objects (id, source, anchor, kind, digest, cause, hold, unread, doubt, confirmed)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
             ON CONFLICT (id) DO UPDATE SET source = excluded.source, anchor = excluded.anchor,
             kind = CASE WHEN objects.acked IS NULL AND objects.doubt = 0 THEN excluded.kind ELSE objects.kind END,
             digest = excluded.digest, cause = excluded.cause, hold = excluded.hold, unread = excluded.unread"""
_PAYLOAD = """INSERT INTO payload (id, desired) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET
              acked = COALESCE(payload.acked,
                  (SELECT payload.desired FROM objects o WHERE o.id = payload.id AND o.acked IS NOT NULL)),
              desired = excluded.desired"""
_RELEASE = "UPDATE objects SET anchor = NULL WHERE id = ?"
_DEPENDENTS = "INSERT INTO dirty (id) SELECT object FROM refs WHERE target = ? ON CONFLICT DO NOTHING"


def staged(row: Sequence[Any]) -> Staged:
    """A row of an entry as the rules take it."""
    identity, source, guid, kind, dn, attributes, absent = row
    return Staged(identity, source, Entry(guid, Kind(kind), dn, unpack(attributes)), absent)  # type: ignore[arg-type]


class Objects:
    """The desired side of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def dirty_count(self, sources: Sequence[int]) -> int:
        """How many entries of these sources wait to be synchronised."""
        marked = "SELECT COUNT(*) FROM dirty d JOIN entries e ON e.id = d.id WHERE e.source IN ({})"
        return sum(row[0] for row in self._database.among(marked, sources))

    def judge_again(self, *, complete: bool) -> None:
        """Dirty in every run: what is held, what keeps a reference, and what cannot be read.

        :param complete: every source of the run was read completely.
        """
        self._database.run(_AGAIN)
        if complete:
            age(self._database)

    def dirty_pages(self, sources: Sequence[int]) -> Iterator[Sequence[Staged]]:
        """Entries to synchronise, a page at a time, until none is marked; each page must be given to ``desire``.

        Entries of other sources keep their marks, and their objects stay what they are.
        """
        query = _DIRTY_PAGE.format(",".join("?" * len(sources)))
        while rows := self._database.all(query, (*sources, PAGE)):
            yield [staged(row) for row in rows]

    def target(self, key: int) -> Staged | None:
        """The entry whose DN has this key, living or not; if two sources show it, the one that holds the anchor."""
        row = self._database.one(_TARGET, (key,))
        return staged(row) if row else None

    def pinned_anchor(self, identity: int) -> str | None:
        """The anchor under which the cloud knows an object; it stays, whatever its entry says now."""
        anchor: str | None = self._database.value(_PINNED, (identity,))
        return anchor

    def desire(self, page: Sequence[Desired]) -> None:
        """Take in what the rules made of a page of dirty entries; one transaction."""
        with self._database.transaction():
            decided = kept(self._database, page)
            before = {row[0]: row for row in self._database.among(_OBJECTS, [row.id for row in decided])}
            settled = self._settle(decided, before)
            self._database.run_many(_PAYLOAD, _changed_payloads(settled, before))
            self._database.run_many(_OBJECT, [_object_row(*entry) for entry in settled])
            self._replace_references(decided)
            self._database.run_many(_CLEAN, [(row.id,) for row in page])
            self._database.run_many(_DEPENDENTS, _moved(settled, before))

    def _settle(self, page: Sequence[Desired], before: dict[int, Any]) -> list[_Settled]:
        """Each row with the anchor it may use, its hold, and its packed payload."""
        owners = {row[0]: row for row in self._database.among(_OWNERS, [row.anchor for row in page])}
        settled, heirs = [], {}
        for row in page:
            anchor, hold = _pin(row, before.get(row.id))
            owner = owners.get(row.anchor)
            if owner and owner[1] != row.id and anchor == row.anchor:
                if any(owner[2:]):
                    anchor, hold = None, f"its source anchor {row.anchor} belongs to another object"
                else:
                    self._database.run(_RELEASE, (owner[1],))
                    heirs[owner[1]] = row.id
            if anchor is not None:
                owners[anchor] = (anchor, row.id, b"taken", None, 0)
            settled.append((row, anchor, hold, pack(row.attributes) if row.attributes is not None else None))
        hand_over(self._database, heirs)
        return settled

    def _replace_references(self, page: Sequence[Desired]) -> None:
        for row in page:
            self._database.run("DELETE FROM refs WHERE object = ?", (row.id,))
            self._database.run("DELETE FROM unresolved WHERE object = ?", (row.id,))
        self._database.run_many(
            "INSERT INTO refs (object, attribute, target, leaving) VALUES (?, ?, ?, ?)",
            [
                (row.id, name, target, int(name in row.leaving))
                for row in page
                for name, target in row.references.items()
            ],
        )
        self._database.run_many(
            "INSERT INTO unresolved (dn_hash, object, fresh) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(key, row.id, int(name in row.unread)) for row in page for name, key in row.unresolved.items()],
        )


def _pin(row: Desired, before: Any | None) -> tuple[str | None, str]:
    """The anchor and the hold of a row: what the cloud knows stays, and a difference holds the object."""
    if before is None or (before[4] is None and not before[5]):
        return row.anchor or None, ""
    if row.attributes is None:
        return before[1], ""
    if row.hold:
        return before[1], row.hold
    if before[1] != row.anchor:
        return before[1], f"its source anchor changed from {before[1]} to {row.anchor}"
    if before[2] != row.kind.value:
        return before[1], f"it was a {before[2]} and is now a {row.kind.value}"
    return before[1], ""


def _object_row(row: Desired, anchor: str | None, hold: str, packed: bytes | None) -> tuple[Any, ...]:
    mark = digest(packed) if packed is not None else None
    return (
        row.id,
        row.source,
        anchor,
        row.kind.value,
        mark,
        row.cause.value if row.cause else "",
        hold,
        int(row.again),
    )


def _changed_payloads(settled: Sequence[_Settled], before: dict[int, Any]) -> list[tuple[int, bytes]]:
    changed = []
    for row, _, _, packed in settled:
        old = before.get(row.id)
        if packed is not None and (old is None or old[3] != digest(packed)):
            changed.append((row.id, packed))
    return changed


def _moved(settled: Sequence[_Settled], before: dict[int, Any]) -> list[tuple[int]]:
    """Objects that came, went or changed their anchor: who refers to them must be synchronised again."""
    moved = []
    for row, anchor, _, packed in settled:
        old = before.get(row.id)
        if old is None:
            continue  # nothing can refer to it yet by id; who named its DN was woken when it was staged
        if (old[3] is None) != (packed is None) or old[1] != anchor:
            moved.append((row.id,))
    return moved
