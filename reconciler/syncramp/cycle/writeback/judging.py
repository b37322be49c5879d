"""Judge: what each group of the cloud should be in the directory."""

from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase
from syncramp.model.report import RunReport


def judge(job: Job, report: RunReport, phase: Phase) -> None:
    """Judge what changed."""
