"""Reports of slices, one after the other, as one."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from syncramp.cycle.results import LASTING
from syncramp.model.plan import Sample
from syncramp.model.report import SAMPLES, PhaseReport, RunReport, Tally

Counts = Mapping[str, Mapping[str, int]]


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


def along(report: RunReport, taken: RunReport) -> RunReport:
    """The report of a run with what it took away before it had a plan.

    :param taken: of that only what was sent.
    """
    if report.digest:
        return add(replace(taken, slices=report.slices - 1, full=report.full), report)
    return replace(
        report,
        objects=taken.objects,
        links=taken.links,
        done=taken.done,
        calls=taken.calls,
        writes=taken.writes,
        errors=taken.errors,
        error_samples=taken.error_samples,
        phases=[*report.phases, *taken.phases],
    )


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
