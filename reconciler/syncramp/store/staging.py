"""Facts become rows: the import's side of the store.

A partition is staged in pages of one transaction each: rows of new and changed entries, a mark in ``dirty`` for
each, and the id counter. An unchanged entry is recognised by its digest and writes nothing. Values of link attributes
cannot be resolved while they stream (a group may come before its members), so they wait as 64-bit hashes of their DNs
in a temporary table until ``resolve`` runs after the last partition.

The proof ends the partition in one transaction: only a complete one counts who was absent. Until it arrives the
partition says ``complete = 0``, so a run that is killed in the middle of an import leaves nothing that could be
mistaken for a whole read.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pyroaring import BitMap

from syncramp.model.facts import Entry, Links, Proof
from syncramp.model.state import Origin
from syncramp.store.database import Database
from syncramp.store.heirs import inherit
from syncramp.store.marks import MARK, marking
from syncramp.store.packing import digest, pack, unpack
from syncramp.store.principals import PRINCIPALS, keep_principals
from syncramp.store.resolution import GONE, SPILL, resolve

__all__ = ["GONE", "PAGE", "PAGE_LINKS", "Staging"]

PAGE = 1000
"""Entries in one transaction."""
PAGE_LINKS = 100_000
"""DNs waiting in memory at most; 8 bytes each once they are hashed."""

_SPILLED = "INSERT INTO spill VALUES (?, ?, ?)"
_BEFORE = "SELECT guid, kind, dn, attrs FROM entries WHERE absent = 0 AND id IN ({})"
_KNOWN = "SELECT guid, id, digest, partition, absent, dn_hash FROM entries WHERE source = ? AND guid IN ({})"
_ENTRY = """INSERT INTO entries (id, source, guid, partition, kind, dn, dn_hash, digest, attrs, absent)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"""
_CHANGED = """UPDATE entries SET partition = ?, kind = ?, dn = ?, dn_hash = ?, digest = ?, attrs = ?, absent = 0
              WHERE id = ?"""
_ALL_DIRTY = marking("SELECT id, ? FROM entries WHERE source = ?")
_WAKE = marking("SELECT object, ? FROM unresolved WHERE dn_hash IN ({})")
_RULES = "UPDATE sources SET rules = ?, version = ?, wanted = ? WHERE id = ?"
_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_NEXT_ID = "SELECT value FROM meta WHERE key = 'next_id'"
_COUNT_IDS = "INSERT INTO meta VALUES ('next_id', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_PRESENT = "SELECT id FROM entries WHERE partition = ? AND absent < ?"
_MISSED = "UPDATE entries SET absent = absent + 1 WHERE id = ?"
_BEGIN = "UPDATE partitions SET complete = 0, reason = '' WHERE id = ?"
_PROVEN = "UPDATE partitions SET complete = ?, entries = ?, expected = ?, reason = ? WHERE id = ?"
_READ = """UPDATE sources SET read = 1 WHERE id = ? AND read = 0
           AND NOT EXISTS (SELECT 1 FROM partitions p WHERE p.source = sources.id AND p.complete = 0)"""
_PASSED = "UPDATE entries SET partition = ? WHERE partition = ?"


class Staging:
    """The entries, links and proofs of every source.

    :param database: the store.
    :param key: the 64-bit key under which a DN is compared (``source.dn.key``).
    """

    def __init__(self, database: Database, key: Callable[[str], int]) -> None:
        self._database = database
        self._key = key
        for statement in (*SPILL, PRINCIPALS):
            database.run(statement)

    def source_id(self, name: str) -> int:
        """The number of a source; it is given one when it is new."""
        self._database.run("INSERT INTO sources (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
        return int(self._database.value("SELECT id FROM sources WHERE name = ?", (name,)))

    def stage(
        self,
        source: int,
        partition: str,
        facts: Iterable[Entry | Links | Proof],
        changed: Origin = Origin.NONE,
        wanted: frozenset[str] = frozenset(),
    ) -> Proof | None:
        """Take in one partition.

        :param changed: what may ask for other attributes than the last time, as ``rules_changed``.
        :param wanted: the attributes that are asked for now.
        :returns: its proof; None when the stream ended without one.
        """
        stage = _Partition(self._database, self._key, source, self._partition_id(source, partition))
        if changed is not Origin.NONE:
            stage.compare(changed, wanted)
        for fact in facts:
            if isinstance(fact, Proof):
                stage.prove(fact)
                return fact
            stage.add(fact)
        stage.flush()
        return None

    def fail(self, source: int, partition: str, reason: str) -> None:
        """Note that a partition could not be read to its end."""
        self._database.run(_PROVEN, (0, None, None, reason, self._partition_id(source, partition)))

    def open_source(self, source: int, partitions: Sequence[str]) -> list[str]:
        """The source answered: these are its partitions; one whose name is only spelled otherwise is the same.

        :returns: partitions of earlier runs that it does not name any more; each is to be failed or retired.
        """
        self._database.run("UPDATE sources SET failure = NULL WHERE id = ?", (source,))
        known = self._database.all("SELECT name FROM partitions WHERE source = ? ORDER BY id", (source,))
        named = {name.lower(): name for name in partitions}
        unnamed = [name for (name,) in known if name not in partitions]
        for name in unnamed:
            if name.lower() in named:
                self.retire(source, name, named[name.lower()])
        return [name for name in unnamed if name.lower() not in named]

    def retire(self, source: int, partition: str, heir: str) -> None:
        """Forget a partition; its entries pass to another one, which sees or misses them like its own."""
        old, new = self._partition_id(source, partition), self._partition_id(source, heir)
        with self._database.transaction():
            self._database.run(_PASSED, (new, old))
            self._database.run("DELETE FROM partitions WHERE id = ?", (old,))

    def fail_source(self, source: int, reason: str) -> None:
        """Note that a source could not be read at all."""
        self._database.run("UPDATE sources SET failure = ? WHERE id = ?", (reason, source))

    def _partition_id(self, source: int, name: str) -> int:
        add = "INSERT INTO partitions (source, name, complete, reason) VALUES (?, ?, 0, '') ON CONFLICT DO NOTHING"
        self._database.run(add, (source, name))
        return int(self._database.value("SELECT id FROM partitions WHERE source = ? AND name = ?", (source, name)))

    def incomplete(self) -> dict[int, str]:
        """Sources that are not proven, with the reason: of the source, or of its first part that is not."""
        rows = self._database.all("SELECT source, name, reason FROM partitions WHERE complete = 0 ORDER BY id DESC")
        found = {source: reason or f"the import of {name} did not end" for source, name, reason in rows}
        found.update(self._database.all("SELECT id, failure FROM sources WHERE failure IS NOT NULL"))
        return found

    def dropped(self, names: Sequence[str]) -> frozenset[int]:
        """Sources that were read once and are none of these."""
        known = self._database.all("SELECT id, name FROM sources")
        return frozenset(identity for identity, name in known if name not in names)

    def rules_changed(self, source: int, rules: bytes, version: int) -> Origin:
        """What changed of the rules since the entries of a source were synchronised: nothing, the release or the
        document.

        :param rules: the digest of what the document says.
        :param version: of the built-in rules.
        """
        known, before = self._rules(source)
        if (known, before) == (rules, version):
            return Origin.NONE
        released = before != version and (known == rules or before is None)
        return Origin.UPGRADE if released else Origin.CONFIGURATION

    def mark_rules(self, source: int, rules: bytes, version: int, wanted: Iterable[str] = ()) -> Origin:
        """Every entry of a source is dirty when its rules are not those it was synchronised with.

        :param wanted: the attributes that these rules ask for.
        :returns: what changed, as ``rules_changed``.
        """
        origin, before = self.rules_changed(source, rules, version), self._rules(source)[1]
        if origin is not Origin.NONE:
            with self._database.transaction():
                self._database.run(_RULES, (rules, version, " ".join(sorted(wanted)), source))
                self._database.run(_ALL_DIRTY, (origin, source))
                if before is not None and before != version:
                    self._database.run(_META, ("upgrade", f"{before} {version}"))
        return origin

    def _rules(self, source: int) -> tuple[bytes | None, int | None]:
        return tuple(self._database.one("SELECT rules, version FROM sources WHERE id = ?", (source,)) or (None, None))

    def upgrade(self) -> tuple[int, int] | None:
        """The versions of the built-in rules before and after the last upgrade; None: there was none."""
        kept = self._database.value("SELECT value FROM meta WHERE key = 'upgrade'")
        if kept is None:
            return None
        before, after = map(int, kept.split())
        return before, after

    def mark_read(self, source: int) -> None:
        """Note, once for all, that an import of a source was complete in every part."""
        self._database.run(_READ, (source,))

    def never_read(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of these sources of which no import was ever complete."""
        read = {name for (name,) in self._database.all("SELECT name FROM sources WHERE read = 1")}
        return tuple(name for name in names if name not in read)

    def inherit(self, sources: Sequence[int]) -> int:
        """Identities whose own source does not show them any more follow their GUID; before ``resolve``.

        :param sources: the sources of the document.
        :returns: how many moved.
        """
        return inherit(self._database, sources)

    def resolve(self) -> int:
        """Turn the spilled DNs into bitmaps of ids, after every partition is staged.

        :returns: how many values named nothing that was ever read.
        """
        return resolve(self._database)


class _Partition:
    """One partition while it is staged: a page in memory, and a bitmap of who was seen."""

    def __init__(self, database: Database, key: Callable[[str], int], source: int, partition: int) -> None:
        self._database = database
        self._origin = Origin.NONE
        self._asked: frozenset[str] | None = None
        self._key = key
        self._source = source
        self._partition = partition
        self._seen = BitMap()
        self._page: dict[bytes, Entry] = {}
        self._links: list[tuple[bytes, str, bytes]] = []
        self._waiting: dict[tuple[bytes, str], array[int]] = {}
        self._principals: list[tuple[int, bytes]] = []
        self._hashed = 0
        database.run(_BEGIN, (partition,))

    def compare(self, origin: Origin, wanted: frozenset[str]) -> None:
        """From now on tell what the directory changed from what only other rules ask for.

        :param origin: what changed of the rules.
        :param wanted: the attributes that they ask for.
        """
        before = self._database.value("SELECT wanted FROM sources WHERE id = ?", (self._source,))
        self._origin, self._asked = origin, None if before is None else wanted.intersection(before.split())

    def add(self, fact: Entry | Links) -> None:
        if isinstance(fact, Entry):
            self._page[fact.guid] = fact
        else:
            self._add_links(fact)
        if len(self._page) >= PAGE or self._hashed >= PAGE_LINKS:
            self.flush()

    def _add_links(self, fact: Links) -> None:
        place = (fact.guid, fact.attribute)
        hashes = self._waiting.setdefault(place, array("q"))
        hashes.extend(map(self._key, fact.dns))
        self._principals.extend((self._key(dn), sid) for dn, sid in fact.principals)
        if fact.final:  # only a whole value is worth keeping
            self._links.append((*place, self._waiting.pop(place).tobytes()))
            self._hashed += len(hashes)

    def flush(self) -> None:
        """One transaction: entries, dirty marks, counter and the hashes of link values."""
        if not self._page and not self._links:
            return
        with self._database.transaction():
            ids = self._write_entries()
            ids.update(self._ids_of([guid for guid, _, _ in self._links if guid not in ids]))
            rows = [(ids[guid], attribute, hashes) for guid, attribute, hashes in self._links if guid in ids]
            self._database.run_many(_SPILLED, rows)
            keep_principals(self._database, self._principals)
        self._page.clear()
        self._links.clear()
        self._principals.clear()
        self._hashed = 0

    def _write_entries(self) -> dict[bytes, int]:
        known = {row[0]: row for row in self._database.among(_KNOWN, list(self._page), (self._source,))}
        ids = {guid: row[1] for guid, row in known.items()}
        new, changed, touched, arrived = [], [], [], []
        for guid, entry in self._page.items():
            attributes = pack(entry.attributes)
            mark = digest(pack({"kind": entry.kind.value, "dn": entry.dn, "attributes": attributes}))
            row = known.get(guid)
            if row and row[2] == mark and row[3] == self._partition and row[4] == 0:
                continue
            body = (self._partition, entry.kind.value, entry.dn, self._key(entry.dn), mark, attributes)
            if row:
                changed.append((*body, row[1]))
            else:
                new.append((guid, body))
            if row is None or row[5] != body[3] or row[4] >= GONE:
                arrived.append(body[3])
            touched.append(guid)
        ids.update(self._insert(new))
        asked = self._only_asked([row[-1] for row in changed])
        self._database.run_many(_CHANGED, changed)
        self._database.run_many(
            MARK, [(ids[guid], self._origin if guid in asked else Origin.SOURCE) for guid in touched]
        )
        self._wake(arrived)
        self._seen.update(ids.values())
        return ids

    def _only_asked(self, changed: Sequence[int]) -> set[bytes]:
        """GUIDs of entries that differ only because other attributes are asked for than before."""
        if self._origin is Origin.NONE:
            return set()
        found = set()
        for guid, kind, dn, packed in self._database.among(_BEFORE, changed):
            entry, before = self._page[guid], unpack(packed)
            names = before.keys() if self._asked is None else self._asked
            same = all(before.get(name) == entry.attributes.get(name) for name in names)
            if same and (kind, dn) == (entry.kind.value, entry.dn):
                found.add(guid)
        return found

    def _insert(self, new: Sequence[tuple[bytes, tuple[Any, ...]]]) -> Mapping[bytes, int]:
        if not new:
            return {}
        first = int(self._database.value(_NEXT_ID, default=1))
        ids = {guid: first + place for place, (guid, _) in enumerate(new)}
        self._database.run_many(_ENTRY, [(ids[guid], self._source, guid, *body) for guid, body in new])
        self._database.run(_COUNT_IDS, (str(first + len(new)),))
        return ids

    def _wake(self, dn_hashes: Sequence[int]) -> None:
        for start in range(0, len(dn_hashes), PAGE):
            page = dn_hashes[start : start + PAGE]
            self._database.run(_WAKE.format(",".join("?" * len(page))), (Origin.SOURCE, *page))

    def _ids_of(self, guids: Sequence[bytes]) -> dict[bytes, int]:
        return {row[0]: row[1] for row in self._database.among(_KNOWN, guids, (self._source,))}

    def prove(self, proof: Proof) -> None:
        """The end of the partition: who was absent counts only when the proof is complete."""
        self.flush()
        with self._database.transaction():
            if proof.complete:
                rows = self._database.all(_PRESENT, (self._partition, GONE))
                missed = [(identity,) for (identity,) in rows if identity not in self._seen]
                self._database.run_many(_MISSED, missed)
                self._database.run_many(MARK, [(identity, Origin.SOURCE) for (identity,) in missed])
            self._database.run(
                _PROVEN,
                (int(proof.complete), proof.entries, proof.expected, proof.reason, self._partition),
            )
