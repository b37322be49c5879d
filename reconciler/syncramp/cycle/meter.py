"""What one run measures as it goes, and keeps when it ends, however it ends.

Seconds are of the job's clock. Calls that the service put off are no sample of how long it takes: they count for the
throttle. Of additions to groups of ramps the last answer in the run counts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.cycle.writeback.measuring import note, see
from syncramp.errors import SyncrampError
from syncramp.model.measures import CallTime, Measure, Measured, Traffic, percentile
from syncramp.model.plan import Plan
from syncramp.model.report import ExportLatency, RunReport
from syncramp.model.stretch import Stretch
from syncramp.model.wire import Result
from syncramp.plan.members import membership_change
from syncramp.store.exports import Exports
from syncramp.store.intents import Item
from syncramp.store.ramp_links import LinkAnswers
from syncramp.store.snapshot import Snapshot

Lazy = Callable[[], Snapshot]
"""A snapshot looks at every object, and most runs end without a question to it."""


class Meter:
    """The measurements of one run; used by its thread alone.

    :param clock: seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.began = clock()
        self.plan: Plan | None = None
        """None: the run came to none."""
        self.read_back: int | None = None
        """Objects that the first read-back showed; None: it was one of everything, or there was none."""
        self.calls: list[CallTime] = []
        """Those that carried links."""
        self.seconds: list[float] = []
        """Of all calls of the export that were answered, and not put off."""
        self.sent: dict[int, BitMap] = {}
        """Group that follows a ramp -> members that were added, or tried to be."""
        self.acknowledged: dict[int, BitMap] = {}
        self.refused: dict[int, BitMap] = {}
        self._ramps: dict[int, str] = {}
        self._stretch = Stretch()

    @property
    def ramps(self) -> Mapping[int, str]:
        """Group -> the ramp it follows."""
        return self._ramps

    @property
    def ramp_seconds(self) -> float:
        """In which links of ramps were on their way, or waited for room."""
        return self._stretch.total(self._clock())

    def follow(self, plan: Plan) -> None:
        """The plan that the run follows, with the ramps that groups follow."""
        self.plan = plan
        self._ramps = {group: room.ramp for group, room in plan.around.ramps.items() if room.ramp}

    def begins(self, batch: Iterable[Item]) -> None:
        """A batch is to be sent, and may have to wait for room."""
        if self._grows(batch):
            self._stretch.begin(self._clock())

    def ends(self, batch: Iterable[Item]) -> None:
        """It was answered, or it was not sent."""
        if self._grows(batch):
            self._stretch.end(self._clock())

    def _grows(self, batch: Iterable[Item]) -> bool:
        return bool(self._ramps) and any(item.adds and item.id in self._ramps for item in batch)

    def answered(self, item: Item, result: Result) -> None:
        """The service said what became of the links of one group."""
        if item.adds and item.id in self._ramps:
            _widen(self.sent, item)
            _narrow(self.refused, item)
            if result is Result.APPLIED:
                _widen(self.acknowledged, item)
            elif result is Result.REFUSED:
                _widen(self.refused, item)


def _widen(links: dict[int, BitMap], item: Item) -> None:
    links[item.id] = links.get(item.id, BitMap()) | item.adds


def _narrow(links: dict[int, BitMap], item: Item) -> None:
    links[item.id] = links.get(item.id, BitMap()) - item.adds


def keep(job: Job, view: Lazy, exports: Exports, report: RunReport, meter: Meter) -> None:
    """Tell what a run measured, and write down what one that exports did, as far as it came; what the store does not
    take is not kept.
    """
    traffic, calls = job.endpoint.traffic(), [(seconds, 1) for seconds in meter.seconds]
    report.throttled = traffic.throttled
    report.export_latency = ExportLatency(len(calls), percentile(calls, 50), percentile(calls, 95))
    if not report.sends:
        return
    with suppress(SyncrampError):
        now = job.clock()
        values = {**_values(job, report, meter, traffic, now), **_links(meter)}
        rows = [Measured(now, report.run, name, value, 1, ramp) for (name, ramp), value in values.items()]
        rows += _waiting(job, report, meter, view, now)
        timed = [replace(call, at=now, run=report.run) for call in meter.calls]
        seen = see(job, report, meter.acknowledged, meter.plan is not None, now) if job.direction else None
        if seen:
            rows, timed = [*rows, *seen.rows], seen.calls
        answers = LinkAnswers(
            report.run, now, meter.ramps, meter.acknowledged, meter.refused, lambda group: view().members(group)
        )
        job.store.samples.keep(exports, rows, timed, answers)
        if seen:
            note(job, seen)


def _values(
    job: Job, report: RunReport, meter: Meter, traffic: Traffic, now: float
) -> dict[tuple[Measure, str], float]:
    """Of the tenant."""
    objects = report.objects
    values: dict[Measure, float] = {
        Measure.RAMP_SECONDS: meter.ramp_seconds,
        Measure.CALLS: traffic.calls,
        Measure.THROTTLED: traffic.throttled,
        Measure.THROTTLED_PIECE: traffic.longest,
        Measure.EXPORTS: report.calls,
        Measure.OBJECTS_SENT: objects.acknowledged + objects.refused + objects.in_doubt,
        Measure.OBJECTS_REFUSED: objects.refused,
    }
    if not (report.failure or job.stop.is_set()):  # what broke off early was not quick
        values[Measure.CYCLE] = now - meter.began - meter.ramp_seconds
    if meter.read_back is not None:
        values[Measure.READ_BACK] = meter.read_back
    return {(name, ""): value for name, value in values.items()}


def _links(meter: Meter) -> dict[tuple[Measure, str], float]:
    """Of each ramp of which something went."""
    counted = {
        Measure.LINKS_SENT: meter.sent,
        Measure.LINKS_TAKEN: meter.acknowledged,
        Measure.LINKS_REFUSED: meter.refused,
    }
    values: dict[tuple[Measure, str], float] = {}
    for name, links in counted.items():
        for group, members in links.items():
            key = name, meter.ramps[group]
            values[key] = values.get(key, 0.0) + len(members)
    return values


def _waiting(job: Job, report: RunReport, meter: Meter, snapshot: Lazy, now: float) -> list[Measured]:
    """Since when the oldest revocation waits that the plan let go; of none the weight is 0."""
    if meter.plan is None:
        return []
    since = list(_let_go(job, meter.plan, snapshot))
    oldest = max(0.0, now - min(since, default=now))
    return [Measured(now, report.run, Measure.REMOVAL_WAITING, oldest, len(since))]


def _let_go(job: Job, plan: Plan, snapshot: Lazy) -> Iterator[float]:
    """Since when each revocation is wanted that nothing held, and that was not answered all the same."""
    for (identity, seen), members in job.store.revocations.waiting().items():
        if members is None:
            goes = identity in plan.lanes.disables
        else:
            membership = snapshot().membership(identity) if identity in plan.lanes.removals else None
            change = membership_change(membership, plan.around) if membership else None
            goes = change is not None and bool(change.removes & members)
        if goes:
            yield seen
