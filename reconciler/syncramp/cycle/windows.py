"""What the sync windows of the document let go in this run."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.model.report import WindowReport
from syncramp.schedule.windows import verdict, why_shut
from syncramp.spec.scheduling import SyncWindow


def windows_now(job: Job) -> WindowReport:
    """Whether growth may go at this moment, and until when that is so."""
    return windows_at(job.config.scheduling.windows, job.clock())


def windows_at(windows: Sequence[SyncWindow], now: float) -> WindowReport:
    """Whether growth may go at a moment, in seconds since the epoch, and until when that is so."""
    if not windows:
        return WindowReport()
    found = verdict(windows, datetime.fromtimestamp(now, UTC))
    return WindowReport(found.open, found.until.timestamp() if found.until else None, why_shut(found))


def begun(job: Job) -> BitMap:
    """Groups whose fill was begun by an earlier run and is not over."""
    return BitMap(group for group in job.store.filling.begun().values() if group is not None)
