"""What limits growth in the directory beside the ramp."""

from syncramp.cycle.job import Job
from syncramp.model.circumstances import Circumstances
from syncramp.store.snapshot import Snapshot


def limit(job: Job, snapshot: Snapshot, around: Circumstances) -> Circumstances:
    """The circumstances with what may not grow now."""
    return around
