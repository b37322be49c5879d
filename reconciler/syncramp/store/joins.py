"""Who is joined with whom: the keys of entries, and the entries that add to the object of another one.

``join_keys`` holds what each entry is joined by, ``joined`` what came of it: an entry and the object it adds to; 0
for an entry that is no part of the object that has its id. Whoever loses or wins a key marks those who share it, in
the same transaction, so a run that is killed between the keys and the objects loses nothing.

A document without joins leaves both tables empty, and nothing here is asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.model.desire import Staged
from syncramp.model.state import Origin
from syncramp.model.values import Kind
from syncramp.store.database import Database
from syncramp.store.entries import entries, staged
from syncramp.store.marks import MARK, causes_of, marking

PAGE = 1000

_ANY = "SELECT EXISTS (SELECT 1 FROM join_keys) OR EXISTS (SELECT 1 FROM joined)"
_MARKED = """SELECT e.id, e.source, e.guid, e.kind, e.dn, e.attrs, e.absent FROM dirty d CROSS JOIN entries e
             WHERE e.id = d.id AND d.id > ? AND e.source IN ({}) ORDER BY d.id LIMIT ?"""
_SEEDS = """SELECT id FROM dirty WHERE EXISTS (SELECT 1 FROM join_keys WHERE entry = dirty.id)
            OR EXISTS (SELECT 1 FROM joined WHERE entry = dirty.id)
            OR EXISTS (SELECT 1 FROM joined WHERE object = dirty.id)"""
_KNOWN = "SELECT id, kind FROM objects WHERE (acked IS NOT NULL OR doubt = 1) AND id IN ({})"
_KEYS = "SELECT entry, key_hash FROM join_keys WHERE entry IN ({})"
_HOLDERS = "SELECT DISTINCT entry FROM join_keys WHERE key_hash IN ({})"
_OBJECT_OF = "SELECT entry, object FROM joined WHERE entry IN ({})"
_PARTS_OF = "SELECT entry, object FROM joined WHERE object IN ({})"
_ADD_KEY = "INSERT INTO join_keys (key_hash, entry) VALUES (?, ?)"
_TAKE_KEY = "DELETE FROM join_keys WHERE key_hash = ? AND entry = ?"
_MARK_HOLDERS = marking("SELECT DISTINCT entry, ? FROM join_keys WHERE key_hash = ?")
_MARK_REFERRERS = marking("SELECT DISTINCT object, ? FROM refs WHERE target = ?")
_PART = "DELETE FROM joined WHERE entry = ?"
_JOIN = "INSERT INTO joined (entry, object) VALUES (?, ?)"
_NO_OBJECT = "UPDATE objects SET digest = NULL, cause = 'Joined', hold = '' WHERE id = ?"
"""At once, so that the anchor is free whatever is synchronised first; the rest goes when the entry is."""


@dataclass(slots=True)
class Neighbours:
    """Entries that have to do with each other."""

    keys: dict[int, set[int]] = field(default_factory=dict)
    """Every entry, with its keys."""
    objects: dict[int, int] = field(default_factory=dict)
    """Those that are joined: the object they add to, or 0."""


class Joins:
    """The joining side of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def any(self) -> bool:
        """Something is joined, or could be."""
        return bool(self._database.value(_ANY))

    def marked(self, sources: Sequence[int]) -> Iterator[Sequence[Staged]]:
        """Entries of these sources that are to be synchronised, a page at a time; they stay marked."""
        query, last = _MARKED.format(",".join("?" * len(sources))), 0
        while rows := self._database.all(query, (last, *sources, PAGE)):
            last = rows[-1][0]
            yield [staged(row) for row in rows]

    def rekey(self, keys: Mapping[int, frozenset[int]]) -> None:
        """Take in the keys of entries, and mark whoever shares one that came or went; one transaction."""
        had: dict[int, set[int]] = {}
        for entry, key in self._database.among(_KEYS, list(keys)):
            had.setdefault(entry, set()).add(key)
        added = [(key, entry) for entry, now in keys.items() for key in now - had.get(entry, set())]
        taken = [(key, entry) for entry, before in had.items() for key in before - keys[entry]]
        if not added and not taken:
            return
        causes = self._causes(list(keys))
        with self._database.transaction():
            self._database.run_many(_MARK_HOLDERS, [(causes[entry], key) for key, entry in (*added, *taken)])
            self._database.run_many(_TAKE_KEY, taken)
            self._database.run_many(_ADD_KEY, added)

    def seeds(self) -> BitMap:
        """Marked entries that may be joined, or are."""
        return BitMap(row[0] for row in self._database.stream(_SEEDS))

    def neighbours(self, ids: Iterable[int]) -> Neighbours:
        """Everybody who shares a key with one of these, directly or over others, or was one object with it."""
        found, looked_up = Neighbours(), set[int]()
        new = BitMap(ids)
        while new:
            page = list(new)
            found.keys.update({identity: set() for identity in page})
            for entry, key in self._database.among(_KEYS, page):
                found.keys[entry].add(key)
            unseen = {key for entry in page for key in found.keys[entry]} - looked_up
            looked_up |= unseen
            near = BitMap(row[0] for row in self._database.among(_HOLDERS, list(unseen)))
            for query in (_OBJECT_OF, _PARTS_OF):
                for entry, identity in self._database.among(query, page):
                    found.objects[entry] = identity
                    near |= BitMap([entry, identity or entry])
            new = near - BitMap(found.keys)
        return found

    def entries(self, ids: Sequence[int]) -> dict[int, Staged]:
        """Entries by their ids."""
        return entries(self._database, ids)

    def known(self, ids: Sequence[int]) -> dict[int, Kind]:
        """Objects that are, or may be, in the cloud, with their kinds."""
        return {identity: Kind(kind) for identity, kind in self._database.among(_KNOWN, ids)}

    def objects_of(self, ids: Sequence[int]) -> dict[int, int]:
        """Entry -> the object it adds to, or 0; of those among these that are joined."""
        return dict(self._database.among(_OBJECT_OF, ids))

    def parts_of(self, ids: Sequence[int]) -> dict[int, list[int]]:
        """Object -> the other entries that it is made of; of those among these that have any."""
        parts: dict[int, list[int]] = {}
        for entry, identity in self._database.among(_PARTS_OF, ids):
            parts.setdefault(identity, []).append(entry)
        return parts

    def settle(self, before: Mapping[int, int], now: Mapping[int, int], again: Iterable[int]) -> None:
        """Write down who is joined; one transaction.

        :param before: entry -> object, as ``Neighbours.objects``.
        :param now: the same as it should be.
        :param again: objects to synchronise although nothing changed in who they are made of.
        """
        changed = [entry for entry in before.keys() | now.keys() if before.get(entry) != now.get(entry)]
        touched = {*changed, *(found.get(entry, 0) for entry in changed for found in (before, now))} - {0}
        causes = self._strongest(before, now, [*touched, *again])
        with self._database.transaction():
            self._database.run_many(_PART, [(entry,) for entry in changed])
            self._database.run_many(_JOIN, [(entry, now[entry]) for entry in changed if entry in now])
            self._database.run_many(_NO_OBJECT, [(entry,) for entry in changed if now.get(entry)])
            self._database.run_many(MARK, [(identity, causes[identity]) for identity in {*touched, *again}])
            self._database.run_many(_MARK_REFERRERS, [(causes[identity], identity) for identity in touched])

    def _causes(self, ids: Sequence[int]) -> dict[int, int]:
        """Why entries are marked; one that is not is touched by those that are."""
        return {**dict.fromkeys(ids, int(Origin.SOURCE)), **causes_of(self._database, ids)}

    def _strongest(self, before: Mapping[int, int], now: Mapping[int, int], ids: Iterable[int]) -> dict[int, int]:
        """Why objects are to be synchronised: of the reasons of all that they are made of, the strongest."""
        pairs = [pair for found in (before, now) for pair in found.items()]
        marked = causes_of(self._database, list({one for pair in pairs for one in pair}.union(ids)))
        found: dict[int, int] = {}
        for pair in pairs:
            strongest = max(marked.get(one, 0) for one in pair)
            for one in pair:
                found[one] = max(found.get(one, 0), strongest)
        return {one: found.get(one) or marked.get(one) or int(Origin.SOURCE) for one in ids}
