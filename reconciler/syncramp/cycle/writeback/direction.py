"""From the cloud to a directory: what the other direction of a run reads, looks at and compares.

The domain controller of the run is chosen before anything is read, because its schema says what can be written.
"""

from collections.abc import Sequence
from dataclasses import replace

from syncramp.cycle.job import Direction, Job, written_back
from syncramp.cycle.meter import Meter
from syncramp.cycle.phases import Phase, phase
from syncramp.cycle.writeback.importing import import_groups
from syncramp.cycle.writeback.intake import take_in
from syncramp.cycle.writeback.judging import judge
from syncramp.cycle.writeback.limiting import known_as_heavy, limit
from syncramp.cycle.writeback.observing import observe
from syncramp.model.circumstances import Circumstances
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.model.written import Side
from syncramp.spec.types import DriftMode
from syncramp.store.exports import Exports
from syncramp.store.snapshot import Snapshot
from syncramp.writeback.ledger import BY_HAND, CLOUD, NO_BIN

HORIZON = "directory_horizon"
"""A fact in the ledger: what the domain controller of the next run must cover."""


def keep_horizon(job: Job) -> None:
    """What was written until now; the domain controller of the next run must have it."""
    if (written := written_back(job).target.written()) is not None:
        job.store.runs.set_flag(HORIZON, written.hex())


def _names(job: Job) -> Sequence[str]:
    return [CLOUD, written_back(job).config.source]


def _read(job: Job, report: RunReport, current: Phase) -> None:
    kept = job.store.runs.flag(HORIZON)
    pinned = written_back(job).target.pin(bytes.fromhex(kept) if kept else None)
    keep_horizon(job)
    if report.written:
        report.written.server, report.written.note = pinned.server, pinned.note
    take_in(job, current)
    import_groups(job, report, current)


def _compare(job: Job, exports: Exports, report: RunReport, meter: Meter) -> int:
    """What the groups should be, and then what the directory holds of them.

    :returns: 0: what carries no mark of a group of ours is nobody's concern.
    """
    if job.full:
        job.store.observations.forget_cookie()
        job.store.objects.judge_all()
    with phase("synchronise", report, job.listen, unit="entry") as current:
        judge(job, report, current)
    with phase("look", report, job.listen, unit="group") as current:
        observe(job, exports, report, current)
    return 0


def _known(job: Job, snapshot: Snapshot, around: Circumstances) -> Circumstances:
    other = written_back(job)
    return replace(
        around,
        side=Side.DIRECTORY,
        probation=BY_HAND,
        keeps_edits=other.config.drift is DriftMode.REPORT,
        unwritten=job.store.unwritten.all(),
        undeletable="" if other.target.recycle_bin else NO_BIN,
        too_heavy=known_as_heavy(job.store),
    )


TO_DIRECTORY = Direction(
    names=_names,
    read=_read,
    compare=_compare,
    confirm=observe,
    known=_known,
    around=limit,
    answered=keep_horizon,
    tenant=False,
    only=Kind.GROUP,
)
"""From the cloud to a directory."""
