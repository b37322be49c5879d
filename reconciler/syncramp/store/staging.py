"""The import's side of the store: sources, their parts and what is proven of them, and the rules they were read by.

A part is staged by ``partitions``. Its proof ends it: until that arrives it says ``complete = 0``, so a run that is
killed in the middle of an import leaves nothing that could be mistaken for a whole read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from syncramp.model.facts import Fact, Proof
from syncramp.model.proofs import Accepted, Verdict
from syncramp.model.state import DELETED, GONE, Origin
from syncramp.model.values import Kind
from syncramp.store.containers import Containers
from syncramp.store.database import Database
from syncramp.store.doubts import put_back, put_back_all
from syncramp.store.first_import import FirstImport
from syncramp.store.heirs import inherit
from syncramp.store.imports import Import, forget_import, forget_imports, import_of, keep_import, take_links
from syncramp.store.known import KnownPartition, promote
from syncramp.store.marks import marking
from syncramp.store.muster import forget_muster
from syncramp.store.partitions import HORIZON, PROVEN, PartitionStage
from syncramp.store.resolution import resolve
from syncramp.store.temporary import RUN
from syncramp.store.told import Told
from syncramp.store.verdicts import accept, accepted_of, verdict_of

__all__ = ["DELETED", "GONE", "Staging"]

_ALL_DIRTY = marking("SELECT id, ? FROM entries WHERE source = ?")
_RULES = "UPDATE sources SET rules = ?, version = ?, wanted = ? WHERE id = ?"
_PARTS = "SELECT p.name FROM partitions p JOIN sources s ON s.id = p.source WHERE s.name = ? ORDER BY p.id"
_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_READ = """UPDATE sources SET read = 1 WHERE id = ? AND read = 0
           AND NOT EXISTS (SELECT 1 FROM partitions p WHERE p.source = sources.id AND p.complete = 0)"""
_PASSED = (
    "UPDATE entries SET partition = ? WHERE partition = ?",
    "UPDATE containers SET partition = ? WHERE partition = ?",
)


class Staging:
    """The entries, links and proofs of every source.

    :param database: the store.
    :param key: the 64-bit key under which a DN is compared (``source.dn.key``).
    """

    def __init__(self, database: Database, key: Callable[[str], int]) -> None:
        self._database = database
        self._key = key
        self._stages: dict[int, PartitionStage] = {}
        self._taken: dict[int, Told] = {}
        self._places = count()
        self._first = FirstImport(database)
        database.make_temporary(RUN)

    def source_id(self, name: str) -> int:
        """The number of a source; it is given one when it is new."""
        self._database.run("INSERT INTO sources (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
        return int(self._database.value("SELECT id FROM sources WHERE name = ?", (name,)))

    def begin(
        self,
        source: int,
        partition: str,
        changed: Origin = Origin.NONE,
        wanted: frozenset[str] = frozenset(),
        reads: Callable[[Kind, str], bool] | None = None,
        containers: Containers | None = None,
    ) -> PartitionStage:
        """Begin to take in one partition, perhaps beside others; until its proof it is not complete.

        :param changed: what may ask for other attributes than the last time, as ``rules_changed``.
        :param wanted: the attributes that are asked for now.
        :param reads: whether the source asks for a kind at a DN; None: it asks for everything.
        :param containers: finds those that were renamed; None: nobody looks for them.
        """
        number = self._partition_id(source, partition)
        self._first.begin()
        stage = PartitionStage(self._database, self._key, source, number, self._places, self._first)
        self._stages[number] = stage
        if changed is not Origin.NONE:
            stage.compare(changed, wanted)
        if reads is not None:
            stage.limit(reads)
        if containers is not None:
            stage.watch(containers)
        return stage

    def prove(self, stage: PartitionStage, proof: Proof, asked: str = "") -> Proof:
        """The end of a partition.

        :param asked: digest of what was asked for, as ``known``.
        :returns: the proof as it was judged.
        """
        return stage.prove(proof, asked)

    def stage(
        self,
        source: int,
        partition: str,
        facts: Iterable[Fact],
        changed: Origin = Origin.NONE,
        wanted: frozenset[str] = frozenset(),
        reads: Callable[[Kind, str], bool] | None = None,
        containers: Containers | None = None,
        asked: str = "",
    ) -> Proof | None:
        """Take in one partition at once, as ``begin`` and ``prove``.

        :returns: its proof; None when the stream ended without one.
        """
        stage = self.begin(source, partition, changed, wanted, reads, containers)
        for fact in facts:
            if isinstance(fact, Proof):
                return self.prove(stage, fact, asked)
            stage.add(fact)
        stage.flush()
        return None

    def known(self, source: int, partition: str, asked: str = "", *, full: bool = False) -> KnownPartition:
        """What is known of a partition, for whoever reads it again.

        :param asked: digest of what is asked for now (attributes, kinds, bases).
        :param full: everything is to be read.
        """
        number = self._partition_id(source, partition)
        return KnownPartition(self._database, number, asked, full=full, settle=lambda: self._flush(number))

    def _flush(self, partition: int) -> None:
        """What was told of a partition stands in the store."""
        if partition in self._stages:
            self._stages[partition].flush()

    def hold(self, source: int, partition: str) -> bool:
        """From now on this process alone reads a partition, though others may import beside it.

        :returns: False: another one does.
        """
        return self._database.hold_part(self._partition_id(source, partition))

    def keep(self, stage: PartitionStage, at: float, question: str, report: Mapping[str, Any]) -> None:
        """A partition that was proven waits for the next run, which goes on from there.

        :param at: when its read began, in seconds since the epoch.
        :param question: what it was read for.
        :param report: what that run tells of it, as plain data.
        """
        keep_import(self._database, stage.partition, Import(at, question, stage.told, report))

    def imported(self, source: int, partition: str) -> Import | None:
        """A partition that was read and proven before this run began, and that nothing was made of yet."""
        return import_of(self._database, self._partition_id(source, partition))

    def take_over(self, source: int, partition: str, found: Import) -> None:
        """Go on from what was imported, as if this run had read it."""
        number = self._partition_id(source, partition)
        take_links(self._database, number)
        self._taken[number] = found.told

    def verdict(self, source: int, partition: str) -> Verdict | None:
        """The three proofs of the last read of a partition; None: it did not come to its end."""
        return verdict_of(self._database, self._partition_id(source, partition))

    def parts(self, source: str) -> Sequence[str]:
        """The parts of a source that were read, in the order in which they were known."""
        rows = self._database.all(_PARTS, (source,))
        return [name for (name,) in rows]

    def accept(self, source: int, partition: str, accepted: Accepted) -> None:
        """A person says what is true of a partition, whatever the next read looks like."""
        accept(self._database, self._partition_id(source, partition), accepted)

    def accepted(self, source: int, partition: str) -> Accepted:
        """What a person said last of a partition."""
        return accepted_of(self._database, self._partition_id(source, partition))

    def fail(self, source: int, partition: str, reason: str, horizon: bytes | None = None) -> None:
        """Note that a partition could not be read to its end.

        :param horizon: what was seen of it up to then; None: nothing that was not seen before.
        """
        identity = self._partition_id(source, partition)
        with self._database.transaction():
            self._database.take_turn(source)
            put_back(self._database, self._key, identity)
            self._database.run(PROVEN, (0, None, None, reason, identity))
            self._database.run(HORIZON, (horizon, identity))

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
            for passed in _PASSED:
                self._database.run(passed, (new, old))
            forget_muster(self._database, old)
            forget_import(self._database, old)
            self._database.run("DELETE FROM partitions WHERE id = ?", (old,))

    def fail_source(self, source: int, reason: str) -> None:
        """Note that a source could not be read at all."""
        with self._database.transaction():
            put_back_all(self._database, self._key, source)
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
        released = before != version and (known == rules or (before is None and known is not None))
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
        """Turn the spilled DNs into bitmaps of ids, after every partition is staged; what was proven counts then.

        :returns: how many values named nothing that was ever read.
        """
        with self._database.transaction():
            self._first.end()
            told = self._taken | {partition: stage.told for partition, stage in self._stages.items()}
            missing = resolve(self._database, self._key, told)
            promote(self._database, [partition for partition, one in told.items() if one.proven])
            forget_imports(self._database)
        self._stages.clear()
        self._taken.clear()
        return missing
