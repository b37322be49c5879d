"""Import: what the store of the tenant knows of groups of the cloud becomes facts of the ledger."""

from collections.abc import Sequence

from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase
from syncramp.model.report import RunReport


def import_groups(job: Job, report: RunReport, phase: Phase) -> None:
    """Take in what changed of the groups and of who may be a member."""


def meet(job: Job, guids: Sequence[bytes]) -> None:
    """Tell of members whom no group of the cloud named."""
