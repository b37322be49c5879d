"""Gates of ramps: every verdict of every gate, what is exactly at the limit, and what is too little to judge by."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.gated import (
    ABOVE,
    BEFORE,
    BEGAN,
    DAY,
    GATES,
    HOUR,
    INTERVAL,
    NOW,
    RUN,
    VALUES,
    WINDOW,
    cycles,
    judged,
    latencies,
    measures,
    rows,
)
from syncramp.model.measures import CallTime, Measure, Measured, Measures, Told, Unconfirmed
from syncramp.model.ramps import Verdict
from syncramp.ramp.gates import LOOKS, judge
from syncramp.spec.ramps import BUILT_IN_STEPS, Metric, RampPolicy, built_in


@pytest.mark.parametrize("metric", Metric)
def test_a_value_at_its_limit_passes_and_one_above_it_fails(metric: Metric) -> None:
    gate, of = GATES[metric], VALUES[metric]
    assert gate.hold is not None and gate.abort is not None
    passed = judged(metric, of(float(gate.hold)))
    assert (passed.verdict, passed.aborts, passed.value) == (Verdict.PASSED, False, float(gate.hold))
    for value in (gate.hold + ABOVE[metric], gate.abort):
        failed = judged(metric, of(float(value)))
        assert (failed.verdict, failed.aborts, failed.value) == (Verdict.FAILED, False, float(value))
        assert "holds the ramp" in failed.sentence
    aborted = judged(metric, of(float(gate.abort + ABOVE[metric])))
    assert (aborted.verdict, aborted.aborts) == (Verdict.FAILED, True)
    assert "pauses the ramp" in aborted.sentence
    assert (aborted.hold, aborted.abort) == (float(gate.hold), float(gate.abort))


@pytest.mark.parametrize("metric", Metric)
def test_what_was_not_measured_is_inconclusive_and_says_so(metric: Metric) -> None:
    told = judged(metric, measures())
    assert (told.verdict, told.aborts, told.samples) == (Verdict.INCONCLUSIVE, False, 0)


@pytest.mark.parametrize("metric", Metric)
def test_a_gate_without_limits_never_fails_once_it_is_measured(metric: Metric) -> None:
    worst = 4.0 if metric is Metric.REMOVAL_LATENCY else 90.0  # a removal of hours fails whatever the limits are
    assert judged(metric, VALUES[metric](worst), hold=None, abort=None).verdict is Verdict.PASSED


@pytest.mark.parametrize("metric", Metric)
def test_a_gate_with_one_limit_heeds_that_one(metric: Metric) -> None:
    value = float(GATES[metric].abort + ABOVE[metric])
    held = judged(metric, VALUES[metric](value), abort=None)
    assert (held.verdict, held.aborts) == (Verdict.FAILED, False)
    aborted = judged(metric, VALUES[metric](value), hold=None)
    assert (aborted.verdict, aborted.aborts) == (Verdict.FAILED, True)
    below = judged(metric, VALUES[metric](float(GATES[metric].abort)), hold=None)
    assert below.verdict is Verdict.PASSED


def few(metric: Metric, number: int) -> Measures:
    """All is well, as far as so few were measured."""
    match metric:
        case Metric.REMOVAL_LATENCY:
            return measures(cycles(number), rows(Measure.REMOVAL_LATENCY, [1.0]))
        case Metric.CYCLE_DURATION:
            return measures(cycles(number))
        case Metric.READ_BACK:
            return measures(cycles(9, BEFORE), rows(Measure.READ_BACK, [1.0] * number))
        case Metric.EXPORT_LATENCY_P50 | Metric.EXPORT_LATENCY_P95:
            return measures(calls=[CallTime(NOW - HOUR, RUN - 1, 5, 1, 1.0, number)])
        case Metric.THROTTLE:
            return measures(rows(Measure.CALLS, [number]))
    return measures(cycles(), rows(Measure.EXPORTS, [number]), rows(Measure.OBJECTS_SENT, [100.0]))


@pytest.mark.parametrize(
    ("metric", "least"),
    [
        (Metric.REMOVAL_LATENCY, 4),
        (Metric.CYCLE_DURATION, 4),
        (Metric.READ_BACK, 4),
        (Metric.EXPORT_LATENCY_P50, 20),
        (Metric.EXPORT_LATENCY_P95, 20),
        (Metric.THROTTLE, 20),
        (Metric.OBJECT_ERRORS, 20),
    ],
)
def test_too_few_samples_are_inconclusive_and_say_how_many_there_are(metric: Metric, least: int) -> None:
    told = judged(metric, few(metric, least - 1))
    assert told.verdict is Verdict.INCONCLUSIVE
    assert f"{least - 1} of {least}" in told.sentence
    enough = judged(metric, few(metric, least))
    assert enough.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "metric", [Metric.REMOVAL_LATENCY, Metric.CYCLE_DURATION, Metric.THROTTLE, Metric.CONFIRM_LAG]
)
def test_what_was_before_the_window_does_not_count(metric: Metric) -> None:
    of = VALUES[metric](float(GATES[metric].abort + 1))
    before = replace(of, rows=[replace(row, at=WINDOW - 1.0) for row in of.rows], began=WINDOW)
    assert judged(metric, before).verdict is Verdict.INCONCLUSIVE
    border = replace(of, rows=[replace(row, at=WINDOW) for row in of.rows])
    assert judged(metric, border).verdict is Verdict.FAILED


def test_calls_before_the_window_do_not_count() -> None:
    of = replace(latencies(500.0), calls=[CallTime(WINDOW - 1.0, 1, 5, 1, 500.0, 99)])
    assert judged(Metric.EXPORT_LATENCY_P95, of).verdict is Verdict.INCONCLUSIVE
    of = replace(of, calls=[CallTime(WINDOW, 1, 5, 1, 500.0, 99)])
    assert judged(Metric.EXPORT_LATENCY_P95, of).verdict is Verdict.FAILED


def test_the_ninety_fifth_percentile_leaves_out_the_slowest_twentieth() -> None:
    calls = [CallTime(NOW - HOUR, 1, 5, 1, seconds, weight) for seconds, weight in ((10.0, 19), (500.0, 1))]
    assert judged(Metric.EXPORT_LATENCY_P95, measures(calls=calls)).value == 10.0
    calls.append(CallTime(NOW - HOUR, 1, 5, 1, 400.0))
    assert judged(Metric.EXPORT_LATENCY_P95, measures(calls=calls)).value == 400.0
    assert judged(Metric.EXPORT_LATENCY_P50, measures(calls=calls)).value == 10.0


# --- external ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (None, Verdict.INCONCLUSIVE),
        (Told(None, "it does not know yet"), Verdict.INCONCLUSIVE),
        (Told(None, "no connection", failed=True), Verdict.ERROR),
        (Told(5.0), Verdict.PASSED),
        (Told(-3.0), Verdict.PASSED),
        (Told(5.1), Verdict.FAILED),
    ],
)
def test_a_number_from_outside(answer: Told | None, verdict: Verdict) -> None:
    outside = {"tickets": answer} if answer else {}
    told = judged(Metric.EXTERNAL, measures(outside=outside))
    assert (told.verdict, told.name) == (verdict, "tickets")
    if answer and answer.why:
        assert told.sentence == f"tickets: {answer.why}"


# --- all of them ---------------------------------------------------------------------------------------------------


def test_every_metric_has_a_gate_that_measures_it_and_every_gate_is_judged() -> None:
    assert set(LOOKS) == set(Metric)
    policy = built_in(INTERVAL)
    assert [one.metric for one in judge(policy, measures(), NOW)] == [gate.metric.value for gate in policy.gates]


numbers = st.floats(0, 1e5, allow_nan=False)
measurements = st.lists(
    st.builds(
        Measured,
        st.floats(BEGAN - 9 * DAY, NOW),
        st.integers(1, RUN),
        st.sampled_from(Measure),
        numbers,
        st.integers(0, 50),
    ),
    max_size=60,
)


@given(
    measurements,
    st.lists(
        st.builds(CallTime, st.floats(BEGAN, NOW), st.just(1), st.just(5), st.just(1), numbers, st.integers(1, 30)),
        max_size=5,
    ),
    st.lists(st.builds(Unconfirmed, st.floats(BEGAN, NOW), st.integers(1, RUN), st.integers(1, 9)), max_size=3),
    st.integers(0, 99),
)
def test_nothing_passes_without_samples_and_a_verdict_is_that_of_its_value(
    parts, calls, unconfirmed, refused
) -> None:
    of = measures(parts, calls=calls, unconfirmed=unconfirmed, refused=refused)
    policy = RampPolicy("big", BUILT_IN_STEPS, tuple(GATES.values()))
    for told in judge(policy, of, NOW):
        assert told.sentence and not told.sentence.endswith(".")
        if told.verdict is Verdict.PASSED:
            assert told.samples > 0 and told.value is not None
            assert told.value <= told.hold or "never judged" in told.sentence
        assert not told.aborts or told.verdict is Verdict.FAILED
