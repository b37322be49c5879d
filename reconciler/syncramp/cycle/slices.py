"""Slices: a long export is several runs, one after the other, and each of them reads the directories again.

300,000 creates take hours at the pace of a tenant's throttle. Somebody who leaves meanwhile does not wait for their
end: an export lasts for one slice at most (``spec.interval``), and the next run begins with disables and removals.
It goes on so until nothing is left because of the time, or something ends it: a stop, a failure, or a slice in which
nothing moved.
"""

from dataclasses import replace

from syncramp.cycle.deadline import absolve, blame
from syncramp.cycle.job import Job
from syncramp.cycle.run import run
from syncramp.cycle.sums import add
from syncramp.errors import Stopped, SyncrampError
from syncramp.events import Note
from syncramp.model.report import RunReport
from syncramp.words import count


def run_all(job: Job, *, once: bool = False) -> RunReport:
    """Make as many runs as the export has slices.

    :param once: one slice, whatever is left.
    :returns: what they did together; of one run its own report.
    :raises SyncrampError: as ``run``, of the first run. What ends a later one stands in ``RunReport.failure``.
    """
    total, _ = run(job)
    first, latest = total.run, total
    while _is_sliced(latest) and not once and not job.stop.is_set():
        job.listen(Note("info", _told(total)))
        refused = _refused(job)
        latest = _next(replace(job, full=False))
        total = add(total, latest)
        total.removal_latency = job.store.revocations.latency(first, latest.run, job.clock())
        if not (_moved(latest) or _refused(job) > refused):
            break
    return total


def _is_sliced(report: RunReport) -> bool:
    """Something is left because of the time, in either direction."""
    return report.sliced or (report.writeback is not None and report.writeback.sliced)


def _moved(report: RunReport) -> bool:
    other = report.writeback
    return bool(report.done or report.links.acknowledged) or (other is not None and _moved(other))


def _refused(job: Job) -> int:
    """Of what was refused in the slices so far, in both directions."""
    return len(job.refused) + (len(job.writeback.refused) if job.writeback else 0)


def _next(job: Job) -> RunReport:
    report = RunReport()
    try:
        run(job, report)
    except Stopped:
        absolve(report)  # between two slices a stop is what it is within one: the rest is left
    except SyncrampError as error:
        blame(report, error)
    return report


def _told(total: RunReport) -> str:
    objects, links = total.objects, total.links
    return (
        f"slice {total.slices} is over: {count(objects.acknowledged, 'object')} and "
        f"{count(links.acknowledged, 'link')} acknowledged so far, {count(objects.left, 'object')} and "
        f"{count(links.left, 'link')} left; the directories are read again"
    )
