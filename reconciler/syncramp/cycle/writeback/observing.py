"""Observe: what the directory holds of the groups that are written to it."""

from syncramp.cycle.job import Job
from syncramp.cycle.meter import Meter
from syncramp.cycle.phases import Phase
from syncramp.model.report import RunReport
from syncramp.store.exports import Exports


def observe(job: Job, exports: Exports, report: RunReport, phase: Phase, meter: Meter | None = None) -> None:
    """Bring what is known of the directory up to date."""
