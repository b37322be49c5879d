"""Slices: a long export is several runs, one after the other, and each of them reads the directories again.

300,000 creates take hours at the pace of a tenant's throttle. Somebody who leaves meanwhile does not wait for their
end: an export lasts for one slice at most (``spec.interval``), and the next run begins with disables and removals.
It goes on so until nothing is left because of the time, or something ends it: a stop, a failure, or a slice in which
nothing moved.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from syncramp.cycle.deadline import absolve, blame
from syncramp.cycle.job import Job
from syncramp.cycle.results import LASTING
from syncramp.cycle.run import run
from syncramp.errors import Stopped, SyncrampError
from syncramp.events import Note
from syncramp.model.plan import Sample
from syncramp.model.report import SAMPLES, PhaseReport, RunReport, Tally
from syncramp.words import count

Counts = Mapping[str, Mapping[str, int]]


def run_all(job: Job, *, once: bool = False) -> RunReport:
    """Make as many runs as the export has slices.

    :param once: one slice, whatever is left.
    :returns: what they did together; of one run its own report.
    :raises SyncrampError: as ``run``, of the first run. What ends a later one stands in ``RunReport.failure``.
    """
    total, _ = run(job)
    first, latest = total.run, total
    while latest.sliced and not once and not job.stop.is_set():
        job.listen(Note("info", _told(total)))
        refused = len(job.refused)
        latest = _next(replace(job, full=False))
        total = add(total, latest)
        total.removal_latency = job.store.revocations.latency(first, latest.run, job.clock())
        if not (latest.done or latest.links.acknowledged or len(job.refused) > refused):
            break
    return total


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


def add(total: RunReport, latest: RunReport) -> RunReport:
    """Two slices, one after the other, as one report.

    What was acknowledged adds up. Everything else a later plan had before it again, so its word counts; one that came
    to no plan says nothing but how it ended.
    """
    if not latest.digest:
        return replace(
            total,
            slices=total.slices + 1,
            phases=_phases(total, latest),
            writeback=_other(total, latest),
            **_failure(latest),
        )
    return replace(
        latest,
        objects=_tally(total.objects, latest.objects),
        links=_tally(total.links, latest.links),
        counts=_sum(total.done, latest.counts),
        done=_sum(total.done, latest.done),
        slices=total.slices + 1,
        anchors_written=total.anchors_written + latest.anchors_written,
        calls=total.calls + latest.calls,
        writes=total.writes + latest.writes,
        throttled=total.throttled + latest.throttled,
        full=total.full,
        warnings=dict(_lasting(total) + Counter(latest.warnings)),
        warning_samples=_samples(total, latest),
        skipped=dict(Counter(total.skipped) + Counter(latest.skipped)),
        phases=_phases(total, latest),
        writeback=_other(total, latest),
    )


def _other(total: RunReport, latest: RunReport) -> RunReport | None:
    """The other direction, in which each slice has a part, too."""
    if total.writeback is None or latest.writeback is None:
        return latest.writeback or total.writeback
    return add(total.writeback, latest.writeback)


def _failure(report: RunReport) -> dict[str, Any]:
    return {
        "failure": report.failure,
        "failure_reason": report.failure_reason,
        "failure_family": report.failure_family,
        "retry_at": report.retry_at,
    }


def _tally(before: Tally, after: Tally) -> Tally:
    done = before.acknowledged
    return replace(after, expected=after.expected + done, acknowledged=after.acknowledged + done)


def _sum(one: Counts, other: Counts) -> dict[str, dict[str, int]]:
    verbs = (*one, *(verb for verb in other if verb not in one))
    return {verb: dict(Counter(one.get(verb, {})) + Counter(other.get(verb, {}))) for verb in verbs}


def _lasting(total: RunReport) -> Counter[str]:
    """Warnings that no later run repeats."""
    return Counter({text: number for text, number in total.warnings.items() if text in LASTING})


def _samples(total: RunReport, latest: RunReport) -> dict[str, list[Sample]]:
    before = {text: samples for text, samples in total.warning_samples.items() if text in LASTING}
    texts = (*before, *(text for text in latest.warning_samples if text not in before))
    return {text: [*before.get(text, ()), *latest.warning_samples.get(text, ())][:SAMPLES] for text in texts}


def _phases(total: RunReport, latest: RunReport) -> list[PhaseReport]:
    phases = {phase.name: phase for phase in total.phases}
    for phase in latest.phases:
        known = phases.get(phase.name, PhaseReport(phase.name, 0.0, started=phase.started))
        seconds = round(known.seconds + phase.seconds, 3)
        phases[phase.name] = PhaseReport(
            phase.name, seconds, known.objects + phase.objects, known.links + phase.links, known.started
        )
    return list(phases.values())
