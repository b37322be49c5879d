"""What the sync windows of the document let go in this run."""

from datetime import UTC, datetime

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.model.report import WindowReport
from syncramp.schedule.windows import verdict, why_shut


def windows_now(job: Job) -> WindowReport:
    """Whether growth may go at this moment, and until when that is so."""
    windows = job.config.scheduling.windows
    if not windows:
        return WindowReport()
    found = verdict(windows, datetime.fromtimestamp(job.clock(), UTC))
    return WindowReport(found.open, found.until.timestamp() if found.until else None, why_shut(found))


def begun(job: Job) -> BitMap:
    """Groups whose fill was begun by an earlier run and is not over."""
    return BitMap(group for group in job.store.filling.begun().values() if group is not None)
