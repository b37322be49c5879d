"""The whole engine around a directory and a cloud in memory: one call is one run on a store opened anew."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest

from support.build import SCOPE, config, guid, user_dn
from support.model import Crash, ListSource, ModelCloud, lost, no_fault
from support.postgresql import lose
from syncramp.cycle.adopting import adopt
from syncramp.cycle.job import Job, Pace
from syncramp.cycle.run import run
from syncramp.cycle.slices import run_all
from syncramp.errors import AnswerLost
from syncramp.events import Event
from syncramp.model.adoption import Findings
from syncramp.model.facts import Entry
from syncramp.model.plan import Plan
from syncramp.model.report import RunReport, WireReport
from syncramp.model.seams import AnchorWriter, Fence, OutsideMetric
from syncramp.model.wire import SyncObject
from syncramp.rules.own import own_rules
from syncramp.rules.ruleset import Ruleset
from syncramp.source import dn
from syncramp.spec.types import EndpointOverrides, SyncConfig
from syncramp.store.database import Database
from syncramp.store.store import Store


def _pace() -> Pace:
    return Pace(objects_per_call=3, parallel=1, patience=0.0, call_timeout=0.0, lost_answers=1)


@dataclass
class Engine:
    """A store on disk, sources and a cloud; every run opens the store anew."""

    path: Path
    cloud: ModelCloud = field(default_factory=ModelCloud)
    sources: Sequence[ListSource] = field(default_factory=lambda: [ListSource()])
    config: SyncConfig = field(
        default_factory=lambda: config(endpoint=EndpointOverrides(visibility_delay=timedelta()))
    )
    pace: Pace = field(default_factory=lambda: _pace())
    clock: Callable[[], float] = field(default=lambda: 0.0)
    events: list[Event] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    writers: Mapping[str, AnchorWriter] = field(default_factory=dict)
    outside: Mapping[tuple[str, str], OutsideMetric] = field(default_factory=dict)
    fence: Fence | None = None

    @property
    def source(self) -> ListSource:
        return self.sources[0]

    def run(
        self, *, sends: bool = True, full: bool = False, imported: bool = False, report: RunReport | None = None
    ) -> tuple[RunReport, Plan]:
        with self.store() as store:
            return run(replace(self.job(store, sends=sends), full=full, imported=imported), report)

    def adopt(self, *, records: bool = True, accepted: str = "") -> Findings:
        """An adoption; nothing is sent by it."""
        sent = len(self.cloud.calls)
        with self.store() as store:
            findings = adopt(self.job(store, sends=False), by="ada", records=records, accepted=accepted)
        assert len(self.cloud.calls) == sent
        return findings

    def lose_store(self) -> None:
        """The store is gone; the next run begins with an empty one."""
        lose(self.path)

    def sync(self, *, once: bool = False) -> RunReport:
        """As many runs as the export has slices."""
        with self.store() as store:
            return run_all(self.job(store), once=once)

    def job(self, store: Store, *, sends: bool = True) -> Job:
        """A run to be made on an open store."""
        return Job(
            self.config,
            [(source, self.rules(source.name)) for source in self.sources],
            self.cloud,
            store,
            sends,
            self.events.append,
            self.clock,
            self.stop,
            self.pace,
            WireReport(probed="2026-11-25T00:00:00Z", accepted=True),
            self.writers,
            outside=self.outside,
            fence=self.fence,
        )

    def rules(self, name: str) -> Ruleset:
        return Ruleset(
            (SCOPE,),
            self.config.source_anchor,
            name,
            own_rules(self.config, name),
            verified=self.config.target.verified_domains,
            joins=self.config.joins,
            declared=self.config.attributes,
            merges=self.config.merges,
            among=[source.name for source in self.sources],
        )

    def approve(self, by: str = "ada", valid: float = 259_200.0) -> int:
        """Somebody approves everything that waited in the last run, for so many seconds; how many sets that were."""
        with self.store() as store:
            waiting = [each for each in store.approvals.proposals() if each.waits]
            for each in waiting:
                store.approvals.give(each.digest, by, self.clock(), self.clock() + valid)
            return len(waiting)

    @contextmanager
    def store(self) -> Iterator[Store]:
        store = Store(self.path, dn.key)
        try:
            yield store
        finally:
            store.close()

    @property
    def sent(self) -> list[SyncObject]:
        """Every object of every call, in the order in which the cloud got them."""
        return [obj for call in self.cloud.calls for obj in call]

    def anchor(self, entry: Entry) -> str:
        """The source anchor of an entry of the first source."""
        return self.rules(self.source.name).anchor(entry)

    def leave(self, number: int) -> None:
        """Somebody vanishes from the directory, as AD does it: with the memberships."""
        self.source.entries.pop(guid(number))
        for members in self.source.members.values():
            if user_dn(number) in members:
                members.remove(user_dn(number))

    def lose(self, moment: str = "after") -> None:
        """A run whose first call is never answered: the cloud processed it, or (``before``) did not."""

        def fault(now: str) -> None:
            if now == moment:
                raise lost(now)

        self.cloud.fault = fault
        with pytest.raises(AnswerLost):
            self.run()
        self.cloud.fault = no_fault

    def settle(self, most: int = 10, *, approving: bool = False) -> RunReport:
        """Runs until nothing waits; or waits for a person, who approves it at once."""
        for _ in range(most):
            report, _ = self.run()
            if report.settled:
                return report
            if approving:
                self.approve()
        raise AssertionError(f"not settled after {most} runs: {report}")


def links(obj: SyncObject) -> list[tuple[str, str]]:
    """The member changes of an object on the wire: operation and anchor."""
    return [(change.operation.name, change.anchor) for change in obj.values.get("member", ())]


@contextmanager
def crashing(chance: Callable[[], bool]) -> Iterator[None]:
    """Transactions die now and then: before they begin, before they commit, or right after."""
    original = Database.transaction

    @contextmanager
    def transaction(self: Database, *, durable: bool = False) -> Iterator[None]:
        if chance():
            raise Crash
        with original(self, durable=durable):
            yield
            if chance():
                raise Crash
        if chance():
            raise Crash

    with patch.object(Database, "transaction", transaction):
        yield


def run_dying(engine: Engine, moments: int) -> None:
    """Runs that die, each of them one moment of a transaction later than the one before; some come to their end."""
    for moment in range(1, moments):
        passed = iter([False] * moment + [True] + [False] * 1000)
        with suppress(Crash), crashing(partial(next, passed)):
            engine.run()
