"""Measures of ramps, made so that a gate finds what a test wants it to find."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from syncramp.model.measures import CallTime, Measure, Measured, Measures, Told
from syncramp.model.ramps import Judgement
from syncramp.ramp.findings import LEAST_CALLS, LEAST_CYCLES
from syncramp.ramp.gates import judge
from syncramp.spec.ramps import BUILT_IN_STEPS, UNITS, Gate, Metric, RampPolicy, built_in_gates, written_gates

NOW = 10_000_000.0
DAY = 86_400.0
HOUR = 3600.0
BEGAN, WINDOW = NOW - 2 * DAY, NOW - DAY
"""The step began two days ago, and its soak anew one day ago."""
BEFORE = BEGAN - DAY
INTERVAL = timedelta(minutes=30)
GATES = {gate.metric: gate for gate in built_in_gates(INTERVAL)}
GATES[Metric.EXPORT_LATENCY_P50] = Gate(Metric.EXPORT_LATENCY_P50, Decimal(30), Decimal(120))
GATES |= {gate.metric: gate for gate in written_gates()}
GATES[Metric.TOKENS] = Gate(Metric.TOKENS, Decimal(900), Decimal(1000))
GATES[Metric.EXTERNAL] = Gate(Metric.EXTERNAL, Decimal(5), Decimal(50), "tickets")
RUN = 90
"""The run that judges."""


def rows(name: Measure, values: Sequence[float], at: float = NOW - HOUR, weight: int = 1) -> list[Measured]:
    """One measurement of each of as many runs, the last one at this moment."""
    first = RUN - len(values)
    return [
        Measured(at - len(values) + 1 + number, first + number, name, value, weight)
        for number, value in enumerate(values)
    ]


def cycles(number: int = LEAST_CYCLES, at: float = NOW - HOUR) -> list[Measured]:
    return rows(Measure.CYCLE, [60.0] * number, at)


def measures(*parts: Sequence[Measured], **other: object) -> Measures:
    kept = sorted((row for part in parts for row in part), key=lambda row: row.at)
    return replace(Measures(WINDOW, BEGAN, kept, run=RUN), **other)


def judged(metric: Metric, of: Measures, **limits: Decimal | None) -> Judgement:
    policy = RampPolicy("big", BUILT_IN_STEPS, (replace(GATES[metric], **limits),))
    (told,) = judge(policy, of, NOW)
    assert (told.metric, told.unit) == (metric.value, UNITS[metric].value)
    assert told.sentence
    return told


def removals(value: float) -> Measures:
    return measures(cycles(), rows(Measure.REMOVAL_LATENCY, [value] * 20))


def durations(value: float) -> Measures:
    return measures(rows(Measure.CYCLE, [value] * LEAST_CYCLES))


def latencies(value: float) -> Measures:
    return measures(calls=[CallTime(NOW - HOUR, RUN - 1, 15_000, 1, value, LEAST_CALLS)])


def links_refused(percent: float) -> Measures:
    return measures(rows(Measure.LINKS_TAKEN, [10_000 - 100 * percent]), refused=int(100 * percent))


def objects_refused(points: float) -> Measures:
    """One percent is usual."""
    usual = [rows(Measure.OBJECTS_SENT, [1000.0] * 4, BEFORE), rows(Measure.OBJECTS_REFUSED, [10.0] * 4, BEFORE)]
    sent, refused = rows(Measure.OBJECTS_SENT, [10_000.0]), rows(Measure.OBJECTS_REFUSED, [100 + 100 * points])
    return measures(cycles(4, BEFORE), *usual, sent, refused, rows(Measure.EXPORTS, [LEAST_CALLS]))


def throttled(percent: float) -> Measures:
    return measures(rows(Measure.CALLS, [10_000]), rows(Measure.THROTTLED, [100 * percent]))


def lags(value: float) -> Measures:
    return measures(rows(Measure.CONFIRM_LAG, [value], weight=100))


def read_backs(factor: float) -> Measures:
    usual = rows(Measure.READ_BACK, [100.0] * 4, BEFORE)
    return measures(cycles(4, BEFORE), usual, rows(Measure.READ_BACK, [100 * factor] * 4))


def disagreements(runs: float) -> Measures:
    return measures(rows(Measure.DISAGREEMENT, [0.0, *[7.0] * int(runs)]))


def directory_latencies(value: float) -> Measures:
    return measures(calls=[CallTime(NOW - HOUR, RUN - 1, 500, 1, value, 1)])


def replication(value: float) -> Measures:
    return measures(rows(Measure.REPLICATION, [9e6, value], weight=3))


def tokens(value: float) -> Measures:
    return measures(rows(Measure.TOKENS, [value, 2.0], weight=4))


def shares(value: float) -> Measures:
    return measures(rows(Measure.SHARE, [value] * LEAST_CYCLES))


def seconds(runs: float) -> Measures:
    return measures(rows(Measure.SECOND, [0.0, *[7.0] * int(runs)]))


def told(value: float) -> Measures:
    return measures(outside={"tickets": Told(value)})


VALUES: Mapping[Metric, Callable[[float], Measures]] = {
    Metric.REMOVAL_LATENCY: removals,
    Metric.CYCLE_DURATION: durations,
    Metric.EXPORT_LATENCY_P50: latencies,
    Metric.EXPORT_LATENCY_P95: latencies,
    Metric.LINK_ERRORS: links_refused,
    Metric.OBJECT_ERRORS: objects_refused,
    Metric.THROTTLE: throttled,
    Metric.CONFIRM_LAG: lags,
    Metric.READ_BACK: read_backs,
    Metric.MEMBER_COUNT: disagreements,
    Metric.EXTERNAL: told,
    Metric.AD_LATENCY: directory_latencies,
    Metric.CONVERGED: replication,
    Metric.VALUE_ERRORS: links_refused,
    Metric.TOKENS: tokens,
    Metric.WRITEBACK_SHARE: shares,
    Metric.COUNT_AGREES: seconds,
}
ABOVE = (
    dict.fromkeys(Metric, Decimal("0.01"))
    | {Metric.CONFIRM_LAG: Decimal(1), Metric.MEMBER_COUNT: Decimal(1)}
    | {Metric.COUNT_AGREES: Decimal(1)}
)
"""The next value that can be measured."""
