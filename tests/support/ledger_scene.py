"""A tenant's store and a ledger: what the cloud has, who is in the directory, and what the ledger makes of it.

A test says what the cloud and the directory show, imports and judges, and asks what the ledger wants.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

from pyroaring import BitMap

from support.build import config, guid
from support.cloud_groups import CONTAINER, object_id, writeback
from syncramp.cycle.job import Job, Writeback
from syncramp.cycle.phases import Phase
from syncramp.cycle.writeback.importing import import_groups
from syncramp.cycle.writeback.judging import judge
from syncramp.events import Event
from syncramp.model.cloud import CloudState, SeenGroup, Teller
from syncramp.model.desire import Desired
from syncramp.model.facts import Entry, Gone, Proof
from syncramp.model.report import RunReport
from syncramp.model.values import Kind, Value
from syncramp.model.written import WrittenReport
from syncramp.source import dn
from syncramp.spec.types import GroupKind, WritebackGroups
from syncramp.store.present import Present
from syncramp.store.store import Store
from syncramp.writeback.payload import ROWS

UNIFIED: dict[str, Value] = {"groupTypes": ("Unified",), "securityEnabled": False, "mailEnabled": True}
SECURITY: dict[str, Value] = {"groupTypes": (), "securityEnabled": True, "mailEnabled": False}
ALL = writeback(kinds=frozenset(GroupKind))


def in_cloud(number: int) -> str:
    """What the cloud calls the person of a number, as a member."""
    return f"user_{UUID(int=0xB000_0000_0000 + number)}"


def as_group(number: int) -> str:
    """The same of a group of the cloud."""
    return f"group_{object_id(number)}"


def anchor(number: int) -> str:
    """Under which the ledger writes a person."""
    return str(UUID(bytes_le=guid(number)))


@dataclass
class LedgerScene:
    """Both stores, opened."""

    main: Store
    ledger: Store
    asks: WritebackGroups = ALL
    schema: frozenset[str] = frozenset(row.name.lower() for row in ROWS)
    report: RunReport = field(default_factory=lambda: RunReport(sends=True))
    now: float = 0.0
    shown: dict[str, SeenGroup] = field(default_factory=dict)
    """What the cloud showed last of each group."""

    # What the directory and the cloud show

    def people(self, *entries: Entry, source: str = "corp") -> None:
        """Entries that are synchronised, and that the cloud knows."""
        number = self.main.staging.source_id(source)
        proof = Proof("all", True, len(entries), None, delta=True, watermark=b"1")
        self.main.staging.stage(number, "all", [*entries, proof])
        self.main.staging.resolve()
        for page in self.main.objects.dirty_pages([number]):
            self.main.objects.desire(
                [Desired(one.id, number, one.entry.kind, str(one.id), {"displayName": one.entry.dn}) for one in page]
            )
        ids = dict(self.main.database.all("SELECT guid, id FROM entries"))
        statement = "UPDATE objects SET acked = digest, cloud_anchor = ? WHERE id = ?"
        with self.main.database.transaction():
            self.main.database.run_many(statement, [(_called(entry), ids[entry.guid]) for entry in entries])

    def knows(self, entry: Entry, known: bool = True) -> None:
        """The cloud said, or never said, what it calls somebody."""
        statement = """UPDATE objects SET acked = digest, cloud_anchor = ?
                       WHERE id = (SELECT id FROM entries WHERE guid = ?)"""
        self.main.database.run(statement, (_called(entry) if known else None, entry.guid))

    def gone(self, *numbers: int, source: str = "corp") -> None:
        """The directory says that they are no more."""
        number = self.main.staging.source_id(source)
        facts = [*(Gone(guid(one)) for one in numbers), Proof("all", True, 0, None, delta=True, watermark=b"2")]
        self.main.staging.stage(number, "all", facts)
        self.main.staging.resolve()

    def cloud(
        self,
        number: int,
        members: Iterable[str] | None = None,
        attributes: dict[str, Value] | None = UNIFIED,
        state: CloudState = CloudState.LIVE,
    ) -> None:
        """A group, with all its members; None: nothing is said of them."""
        whole = None if members is None else tuple(members)
        seen = SeenGroup(attributes=attributes, state=state, whole=whole)
        self.shown[object_id(number)] = seen
        intake = self.main.cloud.intake
        with self.main.database.transaction():
            intake.observe({object_id(number): seen}, self.now, Teller.GRAPH)
            if not intake.complete(Teller.GRAPH):  # everything is asked for once more
                intake.begin(Teller.GRAPH)
                intake.observe(self.shown, self.now, Teller.GRAPH, ended=True)

    def lose_main(self) -> None:
        """The tenant's store is lost, and a new one begins."""
        self.main.close()
        self.shown.clear()
        self.main = _main(Path(f"{self.main.database.path}.new"))

    def go_back(self, work: Callable[[], None]) -> None:
        """Work that the tenant's store forgets: an old copy of it is put back."""
        path = Path(str(self.main.database.path))
        self.main.close()
        old = path.read_bytes()
        self.main = Store(path, dn.key)
        work()
        self.main.close()
        path.write_bytes(old)
        self.main = Store(path, dn.key)

    def reopen(self) -> None:
        """The process was killed, and another one begins."""
        main, ledger = self.main.database.path, self.ledger.database.path
        self.close()
        self.main, self.ledger = Store(main, dn.key), Store(ledger, dn.key)

    def close(self) -> None:
        """Both connections end."""
        self.main.close()
        self.ledger.close()

    def hard_delete(self, number: int) -> None:
        """A group is deleted for good."""
        self.shown.pop(object_id(number), None)
        self.main.cloud.hard_deleted(object_id(number), self.now)

    # What the ledger makes of it

    def job(self) -> Job:
        target = SimpleNamespace(attributes=self.schema)
        made = Writeback(self.asks, self.main, self.ledger, target)  # type: ignore[arg-type]
        return Job(config(), [], target, self.ledger, clock=lambda: self.now, writeback=made)  # type: ignore[arg-type]

    def run(self) -> None:
        """One import, judged."""
        self.main.runs.begin(self.now)
        self.report = RunReport(sends=True)
        self.report.written = WrittenReport(CONTAINER)
        import_groups(self.job(), self.report, Phase("import", _quiet, "object"))
        judge(self.job(), self.report, Phase("judge", _quiet, "object"))

    def acknowledge(self) -> None:
        """Everything that is wanted is in the directory."""
        self.ledger.database.run("UPDATE objects SET acked = digest WHERE digest IS NOT NULL")
        for group, wants in self.wants().items():
            packed = BitMap(wants).serialize()
            self.ledger.database.run("DELETE FROM cloud_links WHERE id = ?", (group,))
            self.ledger.database.run(
                "INSERT INTO cloud_links (id, sure, possible, observed) VALUES (?, ?, ?, ?)",
                (group, packed, packed, packed),
            )

    def wants(self) -> dict[int, BitMap]:
        """Group -> ids of members that it should have."""
        snapshot = self.ledger.snapshot()
        found = snapshot.groups(snapshot.desired | snapshot.in_cloud)
        return {one.id: one.desired for one in found}

    def members(self, number: int) -> list[str]:
        """The anchors of members that a group should have."""
        identity = self.id(number)
        return sorted(self.ledger.snapshot().anchors(self.wants()[identity]))

    def id(self, number: int) -> int:
        """The id of a group in the ledger."""
        return self.ledger.observations.ids([as_group(number)])[as_group(number)]

    def present(self) -> set[bytes]:
        """GUIDs of those who may be members, and live."""
        return set(Present(self.ledger.database).names(self.ledger.staging.source_id("corp")))

    def differing(self) -> list[tuple[Kind, bool]]:
        """Kinds of objects that a plan would look at, and whether they are wanted."""
        return [(state.kind, state.desired is not None) for state in self.ledger.snapshot().differing()]


def _called(entry: Entry) -> str:
    """The cloud anchor of somebody who is in the directory."""
    number = int.from_bytes(entry.guid)
    return in_cloud(number).capitalize() if entry.kind is Kind.USER else f"Group_{object_id(number)}"


def _quiet(event: Event) -> None:
    """Nobody listens."""


def _main(path: Path) -> Store:
    main = Store(path, dn.key)
    main.staging.source_id("corp")
    with main.database.transaction():
        main.cloud.intake.begin(Teller.GRAPH)
        main.cloud.intake.observe({}, 0.0, Teller.GRAPH, ended=True)
    return main


@contextmanager
def ledger_scene(folder: Path) -> Iterator[LedgerScene]:
    """Both stores, new."""
    scene = LedgerScene(_main(folder / "main.db"), Store(folder / "ledger.db", dn.key))
    try:
        yield scene
    finally:
        scene.close()
