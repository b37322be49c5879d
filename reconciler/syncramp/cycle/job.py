"""What a run is given: a document, its sources, the endpoint, the store, a clock, and somebody who listens."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from pyroaring import BitMap

from syncramp.errors import Stopped
from syncramp.events import Event, Listener
from syncramp.model.approvals import Waiting
from syncramp.model.circumstances import Circumstances
from syncramp.model.report import RunReport, WireReport
from syncramp.model.seams import AnchorWriter, DirectoryTarget, Endpoint, Fence, GroupsReader, OutsideMetric, Source
from syncramp.model.values import Kind
from syncramp.model.written import Side
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import EndpointOverrides, Mode, SyncConfig, WritebackGroups
from syncramp.store.exports import Exports
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store

if TYPE_CHECKING:
    from syncramp.cycle.meter import Meter
    from syncramp.cycle.phases import Phase


@dataclass(frozen=True, slots=True)
class Pace:
    """How the export talks to the endpoint."""

    objects_per_call: int = 30
    """``spec.target.endpoint.objectsPerCall``."""
    parallel: int = 4
    """Calls in flight; with the tenant's throttle more would only wait."""
    patience: float = 900.0
    """Seconds after the intent of a call in which its tries may begin: three windows of the service's throttle."""
    call_timeout: float = 600.0
    """Seconds after which a try has arrived or never will: the service may take five minutes, its own client waits
    ten."""
    lost_answers: int = 3
    """How often a call is sent until it is answered; every call is written so that repetition converges."""
    reference_tries: int = 3
    """How often links are sent again after the service did not know their target yet."""

    @classmethod
    def of(cls, settings: EndpointOverrides) -> Self:
        """The pace that a document asks for.

        An answer may be given up early, but the call travels as long as ever: the deadline only grows.
        """
        travels = max(cls().call_timeout, settings.call_timeout.total_seconds())
        return cls(objects_per_call=settings.objects_per_call, call_timeout=travels)


def _wait(stop: threading.Event, seconds: float) -> bool:
    return stop.wait(seconds)


def _ignore(event: Event) -> None:
    """Nobody listens."""


def _keep_nothing(waiting: Sequence[Waiting], now: float) -> None:
    """The store of the run is the document's own."""


@dataclass(slots=True)
class Weighed:
    """In how many groups those are who would come to security groups, as the last plan of a run saw it."""

    members: int = 0
    """Who were looked at."""
    heaviest: int = 0
    """The most groups at a sign-in, of those who may come."""
    unknown: int = 0
    """Of whom that cannot be asked."""


@dataclass(frozen=True, slots=True)
class Writeback:
    """What the other direction needs beside the run it goes with."""

    config: WritebackGroups
    main: Store
    """What is known of the directories and of the tenant: who the groups of the cloud are, and their members."""
    ledger: Store
    """What is known of the directory as a target: the same tables as of the tenant."""
    target: DirectoryTarget
    refused: BitMap = field(default_factory=BitMap)
    """Ids in the ledger of what the directory refused in earlier slices of the same export."""
    propose: Callable[[Sequence[Waiting], float], None] = _keep_nothing
    """As ``Job.propose``, of the ledger."""
    weighed: Weighed = field(default_factory=Weighed)
    graph: GroupsReader | None = None
    """Who tells of groups of the cloud; None: the read-back alone."""


@dataclass(frozen=True, slots=True)
class Direction:
    """Where a run gets what should be, and how it sees what is, where that differs by what is written to."""

    names: Callable[["Job"], Sequence[str]]
    """Names of the sources in the store."""
    read: Callable[["Job", RunReport, "Phase"], None]
    """Take in what the sources say."""
    compare: Callable[["Job", Exports, RunReport, "Meter"], int]
    """Take in what the target holds, and judge what it should hold; how many objects of it are not ours."""
    confirm: Callable[["Job", Exports, RunReport, "Phase"], object]
    """Look at the target again after the export."""
    known: Callable[["Job", Snapshot, Circumstances], Circumstances]
    """What else is known that decides what may be sent; before the ramps."""
    around: Callable[["Job", Snapshot, Circumstances], Circumstances]
    """What else decides what may be sent, and may have to be asked for; after the ramps."""
    answered: Callable[["Job"], None]
    """Something was answered: what must be kept of it at once, in the run's thread."""
    tenant: bool
    """The target is the tenant: it is looked at before anything is sent, and adopted when it is first met."""
    only: Kind | None = None
    """What is written is of this kind alone: others in the store are who may be a member. None: of every kind."""


class Reading(Protocol):
    """What an import needs of a job; one outside of a run has nothing else."""

    @property
    def config(self) -> SyncConfig: ...
    @property
    def sources(self) -> Sequence[tuple[Source, Ruleset]]: ...
    @property
    def store(self) -> Store: ...
    @property
    def listen(self) -> Listener: ...
    @property
    def clock(self) -> Callable[[], float]: ...
    @property
    def full(self) -> bool: ...

    def go_on(self) -> None:
        """:raises Stopped: it was asked to stop."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made."""

    config: SyncConfig
    sources: Sequence[tuple[Source, Ruleset]]
    endpoint: Endpoint
    store: Store
    sends: bool = True
    """False: the same run up to the plan; nothing is sent."""
    listen: Listener = _ignore
    clock: Callable[[], float] = time.time
    """Seconds since the epoch."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set from outside to end the run after its calls in flight."""
    pace: Pace = field(default_factory=Pace)
    wire: WireReport = field(default_factory=WireReport)
    """What is known of the wire; without a word about it nothing is sent."""
    writers: Mapping[str, AnchorWriter] = field(default_factory=dict)
    """By the name of a source: where anchors are written back before a create; empty where nobody asked for it."""
    refused: BitMap = field(default_factory=BitMap)
    """Ids of what the service refused in earlier slices of the same export: it goes behind the rest."""
    thorough: bool = False
    """Guards also look up how much there is where nothing counts, so that each can tell its limit."""

    propose: Callable[[Sequence[Waiting], float], None] = _keep_nothing
    """Where it is kept, too, what waits for an approval, and when that was found: a run on a copy of the document's
    own store tells it here.
    """

    rest: Callable[[threading.Event, float], bool] = _wait
    """How it waits for so many seconds, or for a stop; a virtual ``clock`` is put forward in place of waiting."""

    outside: Mapping[tuple[str, str], OutsideMetric] = field(default_factory=dict)
    """By ramp and gate: numbers of other systems that gates are judged by."""

    fence: Fence | None = None
    """The right to write to the tenant; None: only the store is ours."""

    full: bool = False
    """The tenant is read back from the beginning, and every entry is judged anew."""

    imported: bool = False
    """What importers proved since the last run, no longer ago than an interval, is not read again."""

    direction: Direction | None = None
    """None: from the directories to the tenant."""

    until: float | None = None
    """When its slice is over, in seconds since the epoch; None: an interval after its export began."""

    writeback: Writeback | None = None
    """The other direction, which goes with this run; None: the document asks for none."""

    def names(self) -> Sequence[str]:
        """Of its sources."""
        return self.direction.names(self) if self.direction else [source.name for source, _ in self.sources]

    @property
    def side(self) -> Side:
        """What it writes to."""
        return Side.CLOUD if self.direction is None or self.direction.tenant else Side.DIRECTORY

    @property
    def exports(self) -> bool:
        """Its run sends what its plan lets go."""
        return self.sends and self.config.mode is Mode.SYNC

    def may_send(self) -> None:
        """Looked at before each request that changes the tenant; also by the threads of an export.

        :raises FenceLost: the tenant is not ours any more.
        """
        if self.fence is not None:
            self.fence.check()

    def go_on(self) -> None:
        """Looked at before anything is sent; the export ends in a way of its own.

        :raises Stopped: the run was asked to stop.
        """
        if self.stop.is_set():
            raise Stopped("the run was stopped before it sent anything", remedy="the next run begins anew")


def written_back(job: Job) -> Writeback:
    """What the other direction needs, of a job that has it."""
    if job.writeback is None:
        raise LookupError("the job has no other direction")
    return job.writeback
