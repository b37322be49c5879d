"""What groups should be in the directory: entries of the ledger that changed become desired objects.

A group that is written gets its payload. One that is not, and is in the directory, stays as it is: the document does
not ask for it any more, or it can still come back in the cloud; one that is not there does not come. One that was
deleted for good in the cloud should not be there any more, and what becomes of it is the plan's.

Who may be a member is there, and is never written (``store.present``).
"""

from collections.abc import Sequence
from uuid import UUID

from pyroaring import BitMap

from syncramp.collector import collector_paused
from syncramp.cycle.job import Job, written_back
from syncramp.cycle.phases import Phase
from syncramp.cycle.writeback.importing import ATTRIBUTES, CLOUD, REASON, UNKNOWN
from syncramp.model.cloud import CloudGroup, CloudState
from syncramp.model.desire import Desired, Staged
from syncramp.model.holds import Hold
from syncramp.model.packing import unpack
from syncramp.model.report import RunReport
from syncramp.model.state import GONE, Cause
from syncramp.model.values import Attributes, Kind
from syncramp.store.present import Present
from syncramp.writeback.payload import marked, payload

MEMBERS_UNKNOWN = "nobody has shown its members yet"


def judge(job: Job, report: RunReport, phase: Phase) -> None:
    """Bring the desired state of the ledger up to date with every entry that is marked.

    :raises Stopped: the run was asked to stop; what is still marked waits for the next one.
    """
    objects, flow = job.store.objects, _Flow(job)
    objects.judge_again(complete=True)
    phase.total = objects.dirty_count(flow.sources)
    objects.anchors.begin(phase.total)
    objects.contest.begin(phase.total)
    with collector_paused():
        _judge(job, flow, phase)
        if again := objects.anchors.settle() + objects.contest.settle():
            phase.total += again
            _judge(job, flow, phase)
    report.violations = objects.violations.counts(flow.sources)
    report.violation_samples = {
        code: list(objects.violations.samples(code, flow.sources)) for code in report.violations
    }


def _judge(job: Job, flow: "_Flow", phase: Phase) -> None:
    for page in job.store.objects.dirty_pages(flow.sources):
        job.go_on()
        flow.take(page)
        phase.advance(objects=len(page))


class _Flow:
    def __init__(self, job: Job) -> None:
        writeback = written_back(job)
        self._job, self._config = job, writeback.config
        self._schema = writeback.target.attributes
        self._present = Present(job.store.database)
        self._cloud = job.store.staging.source_id(CLOUD)
        self.sources = sorted({self._cloud, job.store.staging.source_id(writeback.config.source)})

    def take(self, page: Sequence[Staged]) -> None:
        """What the entries of a page should be in the directory."""
        groups = [one for one in page if one.entry.kind is Kind.GROUP]
        there = self._job.store.objects.pinned_anchors([one.id for one in groups])
        self._hold({one.id: _held(one) for one in groups if one.id in there or not _reason(one)})
        rows = [self._group(one) if one.entry.kind is Kind.GROUP else _person(one) for one in page]
        people = [one.id for one in page if one.entry.kind is not Kind.GROUP]
        self._job.store.objects.desire(rows, lambda: self._acknowledge(people))

    def _acknowledge(self, people: Sequence[int]) -> None:
        left = self._present.acknowledge(people)
        self._job.store.observations.forget(left, self._job.clock())

    def _hold(self, held: dict[int, tuple[Hold, str] | None]) -> None:
        """Before anything is desired: what is killed in between adds nobody."""
        for hold in (Hold.NOT_WRITTEN, Hold.MEMBERS_UNKNOWN):
            kept = {one: found[1] for one, found in held.items() if found is not None and found[0] is hold}
            self._job.store.unwritten.drop(hold, [one for one in held if one not in kept])
            self._job.store.unwritten.keep(hold, kept)

    def _group(self, staged: Staged) -> Desired:
        group = _group_of(staged)
        anchor = marked(group.object_id).lower()
        if staged.absent >= GONE:
            return Desired(staged.id, staged.source, Kind.GROUP, anchor, None, Cause.DELETED)
        if _reason(staged):
            cause = Cause.OUT_OF_SCOPE
            return Desired(staged.id, staged.source, Kind.GROUP, anchor, None, cause, undecided=True)
        made: Attributes = payload(group, self._config, self._schema)
        return Desired(staged.id, staged.source, Kind.GROUP, anchor, made)


def _person(staged: Staged) -> Desired:
    anchor = str(UUID(bytes_le=staged.entry.guid))
    if staged.absent >= GONE:
        return Desired(staged.id, staged.source, Kind.USER, anchor, None, Cause.DELETED)
    return Desired(staged.id, staged.source, Kind.USER, anchor, {})


def _group_of(staged: Staged) -> CloudGroup:
    told = staged.entry.attributes
    members = None if UNKNOWN in told else BitMap()
    object_id = str(UUID(bytes_le=staged.entry.guid))
    return CloudGroup(staged.id, object_id, unpack(told[ATTRIBUTES][0]), CloudState.LIVE, 0.0, members, 0)


def _reason(staged: Staged) -> str:
    return staged.entry.attributes[REASON][0].decode()


def _held(staged: Staged) -> tuple[Hold, str] | None:
    """Why nobody new comes into a group; None: nothing keeps them out."""
    reason = _reason(staged)
    if staged.absent >= GONE:
        return None
    if reason:
        return Hold.NOT_WRITTEN, reason
    return (Hold.MEMBERS_UNKNOWN, MEMBERS_UNKNOWN) if UNKNOWN in staged.entry.attributes else None
