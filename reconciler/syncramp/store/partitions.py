"""Facts become rows: one partition of a source while it is read.

It is staged in pages of one transaction each: rows of new and changed entries (``entry_rows``), a mark in ``dirty``
for each, containers, and what was deleted. Values of link attributes cannot be resolved while they stream (a group
may come before its members), so they wait (``spill``) until ``resolution`` runs after the last partition.

The proof ends the partition in one transaction: only a complete one counts who was absent, and only a full one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pyroaring import BitMap

from syncramp.model.facts import Container, Entry, Evidence, Fact, Gone, LinkChange, Links, Proof, Restart
from syncramp.model.proofs import Accepted, Doubt, Observed, Verdict
from syncramp.model.state import GONE, Origin
from syncramp.model.values import Kind
from syncramp.store.container_rows import ContainerRows
from syncramp.store.containers import Containers
from syncramp.store.database import Database
from syncramp.store.doubts import believe, put_back
from syncramp.store.entry_rows import NOBODY, EntryRows
from syncramp.store.first_import import FirstImport
from syncramp.store.imports import forget_import
from syncramp.store.marks import MARK
from syncramp.store.moves import Move, Note, note, tracked
from syncramp.store.muster import Muster
from syncramp.store.packing import size_of
from syncramp.store.spill import Spill
from syncramp.store.told import Told
from syncramp.store.verdicts import accepted_of, expire, forget_verdict, keep_verdict, take

PAGE = 4000
"""Entries in one transaction, some 5 MB. GUIDs come in no order, so each transaction changes most of their index:
with 1,000 an entry of a first import of 100,000 costs 3 µs more."""
PAGE_BYTES = 16 * 1024 * 1024
"""Of attributes of entries waiting in memory at most; people may have photographs of 100 kB."""
PAGE_LINKS = 100_000
"""Values of links waiting in memory at most; 8 or 16 bytes each."""
PROVEN = "UPDATE partitions SET complete = ?, entries = ?, expected = ?, reason = ? WHERE id = ?"
"""What is proven of a partition; of one without a proof, too."""
_PENDING = "UPDATE partitions SET pending = ?, tracking = ?, asked = ?, missed = ? WHERE id = ?"
HORIZON = "UPDATE partitions SET horizon = COALESCE(?, horizon) WHERE id = ?"
_PRESENT = "SELECT id FROM entries WHERE id < ? AND partition = ? AND absent < ?"
_ABSENT = "SELECT id, kind, dn, absent, guid FROM entries WHERE id IN ({})"
_ANEW = "UPDATE partitions SET watermark = NULL, pending = NULL WHERE id = ?"
"""What comes may be older than what is there, and no delta would tell the newer again."""
_FULL_NEXT = "UPDATE partitions SET watermark = NULL WHERE id = ?"
"""What an account does not see any more, only a full read can tell."""
_MISSED = "UPDATE entries SET absent = absent + 1 WHERE id = ?"
_BEGIN = "UPDATE partitions SET complete = 0, reason = '', pending = NULL WHERE id = ?"

_Telling = Entry | Gone | Container
_TELLING = (Entry, Gone, Container)


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
    guid: bytes


class PartitionStage:
    """One partition while it is staged: a page in memory, and a bitmap of who was seen.

    :param places: as of :class:`Spill`.
    :param first: knows whether anybody can have been read before.
    """

    def __init__(
        self,
        database: Database,
        key: Callable[[str], int],
        source: int,
        partition: int,
        places: Iterator[int],
        first: FirstImport,
    ) -> None:
        self._database, self._key, self._source, self._partition = database, key, source, partition
        self._tracked = tracked(database)
        self._muster = Muster(database, partition)
        self._first = first
        self._rows = EntryRows(database, key, source, partition, self._muster, first, tracked=self._tracked)
        self._containers = ContainerRows(database, key, source, partition)
        self._spill = Spill(database, key, partition, places)
        self._page: dict[bytes, _Telling] = {}
        self._bytes = 0
        """Of the attributes of entries in the page."""
        self._reads: Callable[[Kind, str], bool] = _everything
        self.told = Told()
        self._judge: Judge = _as_told
        with database.transaction():
            database.take_turn(source)
            put_back(database, key, partition)
            forget_import(database, partition)
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
        self._rows.compare(origin, wanted)

    def judge(self, judge: Judge, wanted: frozenset[str], parent: Callable[[str], str]) -> None:
        """What the source proves is judged by what was known before.

        :param wanted: the attributes that are asked for.
        :param parent: what a DN lies in.
        """
        self._judge = judge
        self._muster = self._rows.muster = Muster(self._database, self._partition, wanted, parent)

    def watch(self, containers: Containers) -> None:
        """Find out which containers were renamed."""
        self._rows.containers = containers

    def limit(self, reads: Callable[[Kind, str], bool]) -> None:
        """Not everything is asked for: who stands elsewhere and is not seen is no witness of having left.

        :param reads: tells what is, as ``Source.reads``.
        """
        self._reads = reads

    def add(self, fact: Fact) -> None:
        """Take in one fact that is no proof."""
        if isinstance(fact, _TELLING):
            before = self._page.get(fact.guid)
            if before is not None and not (type(fact) is Entry and type(before) is Entry):
                self.flush()  # what is told of one entry counts in its order
            self._page[fact.guid] = fact
            if type(fact) is Entry:
                self._bytes += size_of(fact.attributes)
        elif isinstance(fact, Links):
            if self._spill.add(fact):
                self._muster.link(fact.attribute)
        elif isinstance(fact, LinkChange):
            self._spill.change(fact)
        elif isinstance(fact, Restart):
            self._restart()
        if self._full() or self._spill.waiting >= PAGE_LINKS:
            self.flush()

    def add_entries(self, entries: Sequence[Entry]) -> None:
        """Take in some entries, as ``add`` each of them."""
        page = {entry.guid: entry for entry in entries}
        if len(page) < len(entries) or not page.keys().isdisjoint(self._page):
            for entry in entries:
                self.add(entry)
            return
        self._page.update(page)
        self._bytes += sum([size_of(entry.attributes) for entry in entries])
        if self._full():
            self.flush()

    def _full(self) -> bool:
        return len(self._page) >= PAGE or self._bytes >= PAGE_BYTES

    def _restart(self) -> None:
        self.flush()
        with self._database.transaction():
            self._spill.restart()
            self._database.run(_ANEW, (self._partition,))
        self._muster.restart()
        self._rows.first = NOBODY
        self.told = Told()

    def flush(self) -> None:
        """One transaction: entries, dirty marks, counter and the values of links."""
        if not self._page and not self._spill:
            return
        page, self._page, self._bytes = self._page, {}, 0
        with self._database.transaction():
            self._database.take_turn(self._source)
            ids = self._write(page)
            ids.update(self._rows.ids_of([guid for guid in self._spill.groups() if guid not in ids]))
            self._spill.write(ids)
            self._muster.flush()

    def _write(self, page: dict[bytes, _Telling]) -> dict[bytes, int]:
        entries = {guid: fact for guid, fact in page.items() if isinstance(fact, Entry)}
        ids = self._rows.write(entries) if entries else {}
        self.told.seen.update(ids.values())
        if len(entries) == len(page):
            return ids
        self._containers.write([fact for fact in page.values() if isinstance(fact, Container)])
        self.told.containers.update(guid for guid, fact in page.items() if isinstance(fact, Container))
        gone = [guid for guid, fact in page.items() if isinstance(fact, Gone)]
        self.told.seen.difference_update(BitMap(self._rows.delete(gone)))
        return ids

    def prove(self, proof: Proof, asked: str = "") -> Proof:
        """The end of the partition: who was absent, and what was lost, counts only when all of it is proven.

        :param asked: digest of what was asked for.
        :returns: the proof as it is judged: complete only if it is fresh and permitted, too.
        """
        self.flush()
        with self._database.transaction():
            self._database.take_turn(self._source)
            self._first.look()
            missed = [] if proof.delta else self._missed()
            accepted = accepted_of(self._database, self._partition)
            verdict = self._judge(proof, self._observed(proof, missed), accepted)
            self.told.everything, self.told.delta = verdict.proven and not proof.delta, verdict.proven and proof.delta
            if verdict.proven:
                self._believe(proof, missed, asked)
            else:
                self._doubt(proof, verdict)
            self._database.run(HORIZON, (proof.horizon, self._partition))
            if verdict.taken:
                take(self._database, self._partition, accepted)
            elif verdict.proven:
                expire(self._database, self._partition, accepted)
            keep_verdict(self._database, self._partition, verdict)
            judged = verdict.applied(proof)
            told = int(judged.complete), judged.entries, judged.expected, verdict.told
            self._database.run(PROVEN, (*told, self._partition))
        return judged

    def _believe(self, proof: Proof, missed: Sequence[Missed], asked: str) -> None:
        self._miss(missed)
        if not proof.delta:
            self._mark_containers()
            self._containers.keep_only(self.told.containers)
        self._muster.keep(delta=proof.delta, seen=self.told.seen)
        believe(self._database, self._partition)
        again = sum(each.asked and not each.absent for each in missed)
        self._database.run(_PENDING, (proof.watermark, proof.tracking, asked, again, self._partition))

    def _doubt(self, proof: Proof, verdict: Verdict) -> None:
        """Who was called gone and what was lost is there as before."""
        self._muster.put_back(verdict.unread)
        put_back(self._database, self._key, self._partition)
        if proof.delta and verdict.doubt is Doubt.NOT_PERMITTED:
            self._database.run(_FULL_NEXT, (self._partition,))

    def _observed(self, proof: Proof, missed: Sequence[Missed]) -> Observed:
        if proof.delta:
            return self._muster.told(proof)
        new = [(each.id, each.kind, each.dn) for each in missed if each.asked and not each.absent]
        return self._muster.seen(new, lambda: (dn for _, dn in self._living()))

    def _mark_containers(self) -> None:
        if self._rows.containers is not None:
            found = self._rows.containers.found(self._living)
            self._database.run_many(MARK, [(identity, Origin.CONTAINER) for identity in found])

    def _living(self) -> Iterator[tuple[int, str]]:
        rows = self._database.stream("SELECT id, dn FROM entries WHERE partition = ?", (self._partition,))
        return ((identity, dn) for identity, dn in rows if identity in self.told.seen)

    def _missed(self) -> Sequence[Missed]:
        """Who was not seen; whoever came in this read was, and a first one looks at nobody."""
        there = self._database.numbers(_PRESENT, (self._rows.first, self._partition, GONE))
        return [
            Missed(identity, Kind(kind), dn, absent, self._reads(Kind(kind), dn), guid)
            for identity, kind, dn, absent, guid in self._database.among(
                _ABSENT, list(BitMap(there) - self.told.seen)
            )
        ]

    def _miss(self, missed: Sequence[Missed]) -> None:
        """Of whom nobody asked for it is noted once, so that another source can take them over (``heirs``); it never
        adds up to a proof.
        """
        counted = [each for each in missed if each.asked or not each.absent]
        self._database.run_many(_MISSED, [(each.id,) for each in counted])
        self._database.run_many(MARK, [(each.id, Origin.SOURCE) for each in counted if each.asked])
        if self._tracked:
            gone = [Note(Move.MISSED, each.guid, each.id) for each in counted if each.absent + 1 >= GONE]
            note(self._database, self._partition, gone)


def _everything(kind: Kind, dn: str) -> bool:
    return True


def _as_told(proof: Proof, seen: Observed, accepted: Accepted) -> Verdict:
    """What the source says is all there is."""
    complete = Evidence(proof.complete, reason=proof.reason)
    return Verdict(complete, proof.fresh, proof.permitted)
