"""Facts become rows: one partition of a source while it is read.

It is staged in pages of one transaction each: rows of new and changed entries, a mark in ``dirty`` for each, and the
id counter. An unchanged entry is recognised by its digest and writes nothing. Values of link attributes cannot be
resolved while they stream (a group may come before its members), so they wait as 64-bit hashes of their DNs in a
temporary table until ``resolution`` runs after the last partition.

The proof ends the partition in one transaction: only a complete one counts who was absent.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pyroaring import BitMap

from syncramp.model.facts import Entry, Evidence, Fact, Links, Proof, Restart
from syncramp.model.proofs import Accepted, Observed, Verdict
from syncramp.model.state import Origin
from syncramp.model.values import Kind
from syncramp.store.containers import Containers
from syncramp.store.database import Database
from syncramp.store.marks import MARK, marking
from syncramp.store.muster import Muster
from syncramp.store.packing import digest, pack, unpack
from syncramp.store.principals import keep_principals
from syncramp.store.resolution import GONE
from syncramp.store.verdicts import accepted_of, forget_verdict, keep_verdict, take

PAGE = 1000
"""Entries in one transaction."""
PAGE_LINKS = 100_000
"""DNs waiting in memory at most; 8 bytes each once they are hashed."""
PROVEN = "UPDATE partitions SET complete = ?, entries = ?, expected = ?, reason = ? WHERE id = ?"
"""What is proven of a partition; of one without a proof, too."""
_PENDING = "UPDATE partitions SET pending = ?, tracking = ?, asked = ?, missed = ? WHERE id = ?"
HORIZON = "UPDATE partitions SET horizon = COALESCE(?, horizon) WHERE id = ?"

_SPILLED = "INSERT INTO spill VALUES (?, ?, ?)"
_BEFORE = "SELECT guid, kind, dn, attrs FROM entries WHERE absent = 0 AND id IN ({})"
_KNOWN = "SELECT guid, id, digest, partition, absent, dn_hash FROM entries WHERE source = ? AND guid IN ({})"
_ENTRY = """INSERT INTO entries (id, source, guid, partition, kind, dn, dn_hash, digest, attrs, absent)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"""
_CHANGED = """UPDATE entries SET partition = ?, kind = ?, dn = ?, dn_hash = ?, digest = ?, attrs = ?, absent = 0
              WHERE id = ?"""
_WAKE = (
    marking("SELECT DISTINCT object, ? FROM unresolved WHERE dn_hash IN ({})"),
    marking(
        "SELECT DISTINCT r.object, ? FROM entries e CROSS JOIN refs r WHERE r.target = e.id AND e.dn_hash IN ({})"
    ),
)
"""Who names a DN that somebody has from now on: nobody had it, or somebody who perhaps leaves."""
_NEXT_ID = "SELECT value FROM meta WHERE key = 'next_id'"
_COUNT_IDS = "INSERT INTO meta VALUES ('next_id', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_PRESENT = "SELECT id, kind, dn, absent FROM entries WHERE partition = ? AND absent < ?"
_MISSED = "UPDATE entries SET absent = absent + 1 WHERE id = ?"
_BEGIN = "UPDATE partitions SET complete = 0, reason = '', pending = NULL WHERE id = ?"


Judge = Callable[[Proof, Observed, Accepted], Verdict]
"""What a source proves, what was seen, and what a person said -> what is proven."""


class Missed(NamedTuple):
    """An entry that was there and that a full read does not show."""

    id: int
    kind: Kind
    dn: str
    absent: int
    asked: bool
    """The source is asked for it."""


class PartitionStage:
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
        self._containers: Containers | None = None
        self._reads: Callable[[Kind, str], bool] = _everything
        self._judge: Judge = _as_told
        self._muster = Muster(database, partition)
        database.run(_BEGIN, (partition,))
        forget_verdict(database, partition)

    @property
    def partition(self) -> int:
        """Its number."""
        return self._partition

    def compare(self, origin: Origin, wanted: frozenset[str]) -> None:
        """From now on tell what the directory changed from what only other rules ask for.

        :param origin: what changed of the rules.
        :param wanted: the attributes that they ask for.
        """
        before = self._database.value("SELECT wanted FROM sources WHERE id = ?", (self._source,))
        self._origin, self._asked = origin, None if before is None else wanted.intersection(before.split())

    def judge(self, judge: Judge, wanted: frozenset[str], parent: Callable[[str], str]) -> None:
        """What the source proves is judged by what was known before.

        :param wanted: the attributes that are asked for.
        :param parent: what a DN lies in.
        """
        self._judge = judge
        self._muster = Muster(self._database, self._partition, wanted, parent)

    def watch(self, containers: Containers) -> None:
        """Find out which containers were renamed."""
        self._containers = containers

    def limit(self, reads: Callable[[Kind, str], bool]) -> None:
        """Not everything is asked for: who stands elsewhere and is not seen is no witness of having left.

        :param reads: tells what is, as ``Source.reads``.
        """
        self._reads = reads

    def add(self, fact: Fact) -> None:
        """Any fact but the proof."""
        if isinstance(fact, Entry):
            self._page[fact.guid] = fact
        elif isinstance(fact, Links):
            self._add_links(fact)
        elif isinstance(fact, Restart):
            self._muster.restart()
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
            if hashes:
                self._muster.link(fact.attribute)

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
            self._muster.flush()
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
        self._count([guid for guid, _ in new], [row[-1] for row in changed], ids)
        if self._containers is not None and arrived:
            self._arrive(known, changed, [ids[guid] for guid, _ in new])
        self._follow(known, changed)
        asked = self._only_asked([row[-1] for row in changed])
        self._database.run_many(_CHANGED, changed)
        self._database.run_many(
            MARK, [(ids[guid], self._origin if guid in asked else Origin.SOURCE) for guid in touched]
        )
        self._wake(arrived)
        self._seen.update(ids.values())
        return ids

    def _count(self, new: Sequence[bytes], changed: Sequence[int], ids: Mapping[bytes, int]) -> None:
        """Take the muster of a page, before what changed is written."""
        self._muster.count(self._page.values())
        for guid in new:
            self._muster.arrive(self._page[guid])
        for guid, _, _, packed in self._database.among(_BEFORE, changed):
            self._muster.change(ids[guid], unpack(packed), self._page[guid].attributes)

    def _follow(self, known: Mapping[bytes, Any], changed: Sequence[Any]) -> None:
        """Note who has another DN than before."""
        hashes = {row[1]: (row[5], row[4]) for row in known.values()}
        moved = [row[-1] for row in changed if row[3] != hashes[row[-1]][0] and hashes[row[-1]][1] < GONE]
        if self._containers is None or not moved:
            return
        for guid, _, dn, packed in self._database.among(_BEFORE, moved):
            entry, before = self._page[guid], unpack(packed)
            names = before.keys() | entry.attributes.keys() if self._origin is Origin.NONE else self._asked or before
            self._containers.move(
                known[guid][1],
                dn,
                entry.dn,
                {name: before[name] for name in names if name in before},
                {name: entry.attributes[name] for name in names if name in entry.attributes},
            )

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

    def _arrive(self, known: Mapping[bytes, Any], changed: Sequence[Any], new: Sequence[int]) -> None:
        hashes = {row[1]: (row[5], row[4]) for row in known.values()}
        moved = [row[-1] for row in changed if row[3] != hashes[row[-1]][0] or hashes[row[-1]][1]]
        for identity in (*new, *moved):
            self._containers.arrive(identity)  # type: ignore[union-attr]

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
            for wake in _WAKE:
                self._database.run(wake.format(",".join("?" * len(page))), (Origin.SOURCE, *page))

    def _ids_of(self, guids: Sequence[bytes]) -> dict[bytes, int]:
        return {row[0]: row[1] for row in self._database.among(_KNOWN, guids, (self._source,))}

    def prove(self, proof: Proof, asked: str = "") -> Proof:
        """The end of the partition: who was absent, and what was lost, counts only when all of it is proven.

        :param asked: digest of what was asked for.
        :returns: the proof as it is judged: complete only if it is fresh and permitted, too.
        """
        self.flush()
        with self._database.transaction():
            missed = [] if proof.delta else self._missed()
            accepted = accepted_of(self._database, self._partition)
            verdict = self._judge(proof, self._observed(proof, missed), accepted)
            if verdict.proven:
                self._believe(missed, delta=proof.delta)
                again = sum(each.asked and not each.absent for each in missed)
                self._database.run(_PENDING, (proof.watermark, proof.tracking, asked, again, self._partition))
            else:
                self._muster.put_back(verdict.unread)
            self._database.run(HORIZON, (proof.horizon, self._partition))
            if verdict.taken:
                take(self._database, self._partition, accepted)
            keep_verdict(self._database, self._partition, verdict)
            judged = replace(
                proof,
                complete=verdict.proven,
                reason=verdict.reason,
                fresh=verdict.fresh,
                permitted=verdict.permitted,
            )
            told = int(judged.complete), judged.entries, judged.expected, verdict.told
            self._database.run(PROVEN, (*told, self._partition))
        return judged

    def _believe(self, missed: Sequence[Missed], *, delta: bool) -> None:
        self._miss(missed)
        if not delta:
            self._mark_containers()
        self._muster.keep(delta=delta, seen=self._seen)

    def _observed(self, proof: Proof, missed: Sequence[Missed]) -> Observed:
        if proof.delta:
            return self._muster.told(proof)
        new = [(each.id, each.kind, each.dn) for each in missed if each.asked and not each.absent]
        return self._muster.seen(new, lambda: (dn for _, dn in self._living()))

    def _mark_containers(self) -> None:
        if self._containers is not None:
            found = self._containers.found(self._living)
            self._database.run_many(MARK, [(identity, Origin.CONTAINER) for identity in found])

    def _living(self) -> Iterator[tuple[int, str]]:
        rows = self._database.stream("SELECT id, dn FROM entries WHERE partition = ?", (self._partition,))
        return ((identity, dn) for identity, dn in rows if identity in self._seen)

    def _missed(self) -> Sequence[Missed]:
        """Who was not seen."""
        rows = self._database.all(_PRESENT, (self._partition, GONE))
        return [
            Missed(identity, Kind(kind), dn, absent, self._reads(Kind(kind), dn))
            for identity, kind, dn, absent in rows
            if identity not in self._seen
        ]

    def _miss(self, missed: Sequence[Missed]) -> None:
        """Of whom nobody asked for it is noted once, so that another source can take them over (``heirs``); it never
        adds up to a proof.
        """
        counted = [each for each in missed if each.asked or not each.absent]
        self._database.run_many(_MISSED, [(each.id,) for each in counted])
        self._database.run_many(MARK, [(each.id, Origin.SOURCE) for each in counted if each.asked])


def _everything(kind: Kind, dn: str) -> bool:
    return True


def _as_told(proof: Proof, seen: Observed, accepted: Accepted) -> Verdict:
    """What the source says is all there is."""
    complete = Evidence(proof.complete, reason=proof.reason)
    return Verdict(complete, proof.fresh, proof.permitted)
