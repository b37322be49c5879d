"""What gates of groups that are written to a directory heed beside the comparison of a number with its limits."""

from dataclasses import replace

import pytest

from support.gated import BEGAN, GATES, HOUR, NOW, RUN, WINDOW, judged, measures, replication, rows, tokens
from syncramp.model.measures import CallTime, Measure
from syncramp.model.ramps import Verdict
from syncramp.ramp.gates import judge
from syncramp.ramp.wording import duration
from syncramp.spec.ramps import Metric, built_in_writeback

CALLS = [CallTime(NOW - HOUR, RUN - 1, 500, 1, 0.1, 1)]


def test_one_request_is_enough_to_judge_how_slow_a_controller_is() -> None:
    told = judged(Metric.AD_LATENCY, measures(calls=CALLS))
    assert (told.verdict, told.value, told.samples) == (Verdict.PASSED, 0.1, 1)
    assert "took at most 100ms (up to 500 links each); 500ms is allowed" in told.sentence
    slow = judged(Metric.AD_LATENCY, measures(calls=[*CALLS * 18, replace(CALLS[0], seconds=0.6)]))
    assert slow.verdict is Verdict.FAILED


def test_in_a_window_in_which_nobody_came_or_went_the_requests_of_the_step_count() -> None:
    """Or a window that begins anew once nothing more fits would wait for ever."""
    earlier = replace(CALLS[0], at=WINDOW - 1, seconds=0.6)
    assert judged(Metric.AD_LATENCY, measures(calls=[earlier])).verdict is Verdict.FAILED
    assert judged(Metric.AD_LATENCY, measures(calls=[earlier, *CALLS])).value == 0.1
    before = judged(Metric.AD_LATENCY, measures(calls=[replace(earlier, at=BEGAN - 1)]))
    assert (before.verdict, before.samples) == (Verdict.INCONCLUSIVE, 0)


def test_a_controller_that_is_overrun_pauses_the_ramp_however_quick_it_was() -> None:
    told = judged(Metric.AD_LATENCY, measures(rows(Measure.PUT_OFF, [0.0, 1.0, 0.0]), calls=CALLS))
    assert (told.verdict, told.aborts) == (Verdict.FAILED, True)
    assert "1 request with adminLimitExceeded, busy or unavailable" in told.sentence
    assert judged(Metric.AD_LATENCY, measures(rows(Measure.PUT_OFF, [1.0], WINDOW - 1), calls=CALLS)).samples == 1


def test_every_controller_that_has_what_was_written_is_converged() -> None:
    told = judged(Metric.CONVERGED, replication(0.0))
    assert (told.verdict, told.value, told.samples) == (Verdict.PASSED, 0.0, 3)
    assert "all of 3 writable domain controllers have what was written" in told.sentence


def test_a_controller_that_cannot_be_asked_lets_no_step_end_and_after_two_hours_pauses_it() -> None:
    def told(seconds: float, late: float = 0.0):
        lost = rows(Measure.UNREACHED, [seconds], weight=1)
        return judged(Metric.CONVERGED, measures(rows(Measure.REPLICATION, [late], weight=2), lost))

    assert (told(600.0).verdict, told(7200.0).verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert told(7201.0).aborts
    assert told(600.0, late=21_601.0).verdict is Verdict.FAILED, "another one is late enough"
    back = [*rows(Measure.UNREACHED, [9000.0], weight=1), *rows(Measure.UNREACHED, [0.0], NOW, weight=0)]
    assert judged(Metric.CONVERGED, measures(rows(Measure.REPLICATION, [0.0]), back)).verdict is Verdict.PASSED
    assert judged(Metric.CONVERGED, measures(rows(Measure.UNREACHED, [9000.0]))).aborts


def test_what_was_written_before_the_step_says_nothing_of_it() -> None:
    told = judged(Metric.CONVERGED, measures(rows(Measure.REPLICATION, [0.0], BEGAN - 1)))
    assert (told.verdict, told.sentence) == (Verdict.INCONCLUSIVE, "nothing was written to the directory yet")


def test_nobody_who_comes_to_a_security_group_is_measured_and_well() -> None:
    told = judged(Metric.TOKENS, measures(rows(Measure.TOKENS, [0.0, 0.0], weight=0)))
    assert (told.verdict, told.samples) == (Verdict.PASSED, 2)
    assert "nobody came to a security group in 2 runs" in told.sentence


def test_a_member_of_whom_nobody_knows_how_many_groups_they_are_in_lets_no_step_end() -> None:
    unknown = rows(Measure.TOKENS_UNKNOWN, [3.0])
    told = judged(Metric.TOKENS, replace(tokens(5.0), rows=[*tokens(5.0).rows, *unknown]))
    assert told.verdict is Verdict.INCONCLUSIVE
    known = [*unknown, *rows(Measure.TOKENS_UNKNOWN, [0.0], NOW)]
    assert judged(Metric.TOKENS, replace(tokens(5.0), rows=[*tokens(5.0).rows, *known])).verdict is Verdict.PASSED


def test_two_controllers_that_differ_hold_a_ramp_and_twice_in_a_row_pause_it() -> None:
    def told(*values: float):
        return judged(Metric.COUNT_AGREES, measures(rows(Measure.SECOND, values, weight=5)))

    assert [told(*values).verdict for values in ((0.0,), (4.0,), (4.0, 0.0))] == [
        Verdict.PASSED,
        Verdict.FAILED,
        Verdict.PASSED,
    ]
    assert (told(4.0).aborts, told(0.0, 4.0, 1.0).aborts) == (False, True)
    assert "two domain controllers count 1 member differently, for 2 runs in a row" in told(4.0, 1.0).sentence


def test_what_agreed_earlier_in_the_step_holds_in_a_window_in_which_nothing_grew() -> None:
    """Or a window that begins anew once nothing more fits would wait for ever."""
    assert judged(Metric.COUNT_AGREES, measures(rows(Measure.SECOND, [0.0], WINDOW - 1))).verdict is Verdict.PASSED
    assert judged(Metric.COUNT_AGREES, measures(rows(Measure.SECOND, [0.0], BEGAN - 1))).verdict is (
        Verdict.INCONCLUSIVE
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (0.501, "501ms"), (1.04, "1.04s"), (2, "2s"), (2.01, "2.01s"), (75, "75s")],
)
def test_a_duration_below_ten_seconds_is_told_finely(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_ramp_is_judged_by_its_own_gates_and_no_others() -> None:
    told = judge(built_in_writeback(), measures(), NOW)
    assert [one.metric for one in told] == [metric.value for metric in Metric if metric.directory]
    assert all(one.verdict is Verdict.INCONCLUSIVE and one.sentence for one in told)
    assert all(GATES[Metric(one.metric)].hold is not None for one in told)
