"""A rehearsal as a chart: its first ramp with ceilings, soaks, pauses and holds, and the groups of all others."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from syncramp.model.forecast import Point, StepForecast
from syncramp.model.ramps import PauseReason, Phase, RampState
from syncramp.rehearsal.course import Course, Moment
from syncramp.report.chart import Chart

Seen = tuple[Moment, RampState]
"""A run, and the ramp after it."""


def chart_of(course: Course, document: str) -> Chart | None:
    """What became of the ramp that began first.

    :returns: None where no group followed one.
    """
    if not course.ramps:
        return None
    ramp, until = course.ramps[0], course.moments[-1].ended
    seen = [(moment, moment.states[ramp]) for moment in course.moments if ramp in moment.states]
    others = {
        group.name: [
            (moment.at, each.members)
            for moment in course.moments
            for each in moment.groups
            if each.name == group.name
        ]
        for group in course.moments[-1].groups
        if group.ramp not in ("", ramp)
    }
    title = f"{document}: ramp {ramp}, a rehearsal on {course.people:,} made people"
    return Chart(title, list(_steps(seen)), list(_points(seen, ramp)), until, list(_held(seen, until)), others)


def _points(seen: Sequence[Seen], ramp: str) -> Iterator[Point]:
    for moment, state in seen:
        largest = max((group.members for group in moment.groups if group.ramp == ramp), default=0)
        yield Point(moment.at, state.ceiling, largest, moment.report.links.acknowledged)


def _steps(seen: Sequence[Seen]) -> Iterator[StepForecast]:
    runs = [list(run) for _, run in groupby(seen, key=lambda each: (each[1].step, _pauses(each[1])))]
    begins = [run[0][0].at for run in runs] + [None]
    for run, after in zip(runs, begins[1:], strict=True):
        state = run[-1][1]
        grown = next((each.soaked_from for _, each in run if each.soaked_from is not None), None)
        yield StepForecast(state.step + 1, state.ceiling, run[0][0].at, after, _pauses(state), grown)


def _pauses(state: RampState) -> bool:
    return state.pause is PauseReason.STEP


def _held(seen: Sequence[Seen], until: float) -> Iterator[tuple[float, float]]:
    ends = [moment.at for moment, _ in seen[1:]] + [until]
    spans = [(moment.at, end, state.phase is Phase.HOLDING) for (moment, state), end in zip(seen, ends, strict=True)]
    for held, run in groupby(spans, key=lambda span: span[2]):
        if held:
            together = list(run)
            yield together[0][0], together[-1][1]
