"""What single gates heed beside the comparison of a number with its limits."""

from dataclasses import replace
from decimal import Decimal

from support.gated import BEFORE, BEGAN, DAY, HOUR, NOW, RUN, WINDOW, cycles, judged, measures, rows
from syncramp.model.measures import Measure, Measured, Measures, Unconfirmed
from syncramp.model.ramps import Verdict
from syncramp.spec.ramps import Metric

# --- RemovalLatency ------------------------------------------------------------------------------------------------


def waiting(age: float, number: int = 1) -> list[Measured]:
    return rows(Measure.REMOVAL_WAITING, [age], weight=number)


def test_somebody_who_is_still_in_counts_as_long_as_they_wait() -> None:
    of = [cycles(), rows(Measure.REMOVAL_LATENCY, [60.0] * 20)]
    told = judged(Metric.REMOVAL_LATENCY, measures(*of, waiting(1801.0)))
    assert (told.verdict, told.value) == (Verdict.FAILED, 1801.0)
    assert "the oldest of those that wait after 30m01s" in told.sentence
    assert judged(Metric.REMOVAL_LATENCY, measures(*of, waiting(1800.0))).verdict is Verdict.PASSED
    assert judged(Metric.REMOVAL_LATENCY, measures(*of, waiting(0.0, number=0))).value == 60.0


def test_somebody_who_waits_too_long_needs_no_other_samples_to_fail() -> None:
    assert judged(Metric.REMOVAL_LATENCY, measures(waiting(1801.0))).verdict is Verdict.FAILED
    assert judged(Metric.REMOVAL_LATENCY, measures(waiting(1800.0))).verdict is Verdict.INCONCLUSIVE


def test_who_waited_in_an_earlier_run_and_waits_no_more_does_not_count() -> None:
    of = rows(Measure.REMOVAL_WAITING, [9000.0]), [Measured(NOW - 60.0, RUN, Measure.REMOVAL_WAITING, 0.0, 0)]
    assert judged(Metric.REMOVAL_LATENCY, measures(*of)).value is None


def test_one_removal_that_took_more_than_four_hours_pauses_the_ramp() -> None:
    for took, aborts in ((4 * HOUR, False), (4 * HOUR + 1, True)):
        quick = rows(Measure.REMOVAL_LATENCY, [60.0] * 99)
        told = judged(Metric.REMOVAL_LATENCY, measures(cycles(), quick, rows(Measure.REMOVAL_LATENCY, [took])))
        assert (told.verdict, told.aborts) == ((Verdict.FAILED, True) if aborts else (Verdict.PASSED, False))
    assert judged(Metric.REMOVAL_LATENCY, measures(waiting(4 * HOUR + 1))).aborts


def test_where_runs_are_rare_one_removal_may_take_as_long_as_the_limit_says() -> None:
    limits = {"hold": Decimal(6 * 3600), "abort": Decimal(12 * 3600)}
    for took, aborts in ((12 * HOUR, False), (12 * HOUR + 1, True)):
        of = measures(cycles(), rows(Measure.REMOVAL_LATENCY, [60.0] * 99), rows(Measure.REMOVAL_LATENCY, [took]))
        assert judged(Metric.REMOVAL_LATENCY, of, **limits).aborts is aborts


# --- errors and throttling -----------------------------------------------------------------------------------------


def test_links_are_counted_since_the_step_began_and_not_since_the_window() -> None:
    of = measures(
        rows(Measure.LINKS_TAKEN, [900.0], BEGAN + 1),
        rows(Measure.LINKS_TAKEN, [90.0]),
        rows(Measure.LINKS_TAKEN, [9000.0], BEGAN - 1),
        refused=10,
    )
    told = judged(Metric.LINK_ERRORS, of)
    assert (told.value, told.samples) == (1.0, 1000)
    assert judged(Metric.LINK_ERRORS, measures(refused=1)).value == 100.0


def test_twenty_refused_objects_are_never_too_many() -> None:
    def of(refused: float) -> Measures:
        sent = rows(Measure.OBJECTS_SENT, [100.0]), rows(Measure.OBJECTS_REFUSED, [refused])
        return measures(rows(Measure.OBJECTS_SENT, [9.0] * 4, BEFORE), *sent, rows(Measure.EXPORTS, [20]))

    few, many = judged(Metric.OBJECT_ERRORS, of(20)), judged(Metric.OBJECT_ERRORS, of(21))
    assert (few.verdict, few.value) == (Verdict.PASSED, 20.0)
    assert "no more than 20 are never judged" in few.sentence
    assert (many.verdict, many.aborts) == (Verdict.FAILED, True)


def test_what_is_refused_every_day_is_no_failure_of_a_ramp() -> None:
    usual = rows(Measure.OBJECTS_SENT, [100.0] * 5, BEFORE), rows(Measure.OBJECTS_REFUSED, [30.0] * 5, BEFORE)
    sent = rows(Measure.OBJECTS_SENT, [1000.0]), rows(Measure.OBJECTS_REFUSED, [300.0])
    of = measures(cycles(4, BEFORE), *usual, *sent, rows(Measure.EXPORTS, [20]))
    told = judged(Metric.OBJECT_ERRORS, of)
    assert (told.verdict, told.value, told.baseline) == (Verdict.PASSED, 0.0, 30.0)


def test_more_than_ten_minutes_of_throttling_without_a_break_hold_a_ramp() -> None:
    for seconds, verdict in ((600.0, Verdict.PASSED), (600.1, Verdict.FAILED)):
        of = measures(rows(Measure.CALLS, [1000]), rows(Measure.THROTTLED_PIECE, [seconds, 0.0]))
        told = judged(Metric.THROTTLE, of)
        assert (told.verdict, told.aborts) == (verdict, False)


# --- ConfirmLag and MemberCountAgrees ------------------------------------------------------------------------------


def test_links_that_no_read_back_shows_count_with_the_runs_they_waited_so_far() -> None:
    shown = rows(Measure.CONFIRM_LAG, [0.0], weight=10)
    late = measures(shown, unconfirmed=[Unconfirmed(NOW - HOUR, RUN - 2, 1)])
    told = judged(Metric.CONFIRM_LAG, late)
    assert (told.verdict, told.value, told.samples) == (Verdict.FAILED, 2.0, 11)
    many = rows(Measure.CONFIRM_LAG, [0.0], weight=19)
    assert judged(Metric.CONFIRM_LAG, replace(late, rows=many)).value == 0.0


def test_one_link_that_no_read_back_showed_for_a_day_pauses_the_ramp() -> None:
    shown = rows(Measure.CONFIRM_LAG, [0.0], weight=1000)
    for age, aborts in ((DAY, False), (DAY + 1, True)):
        told = judged(Metric.CONFIRM_LAG, measures(shown, unconfirmed=[Unconfirmed(NOW - age, RUN, 1)]))
        assert told.aborts is aborts


def test_a_step_whose_links_are_all_confirmed_passes_in_a_window_in_which_none_was_sent() -> None:
    """Or a window that begins anew once nothing more fits would wait for ever."""
    earlier = rows(Measure.CONFIRM_LAG, [3.0], WINDOW - 1, weight=100)
    told = judged(Metric.CONFIRM_LAG, measures(earlier))
    assert (told.verdict, told.value, told.samples) == (Verdict.PASSED, 0.0, 100)
    waits = measures(earlier, unconfirmed=[Unconfirmed(NOW - HOUR, RUN - 3, 1)])
    assert judged(Metric.CONFIRM_LAG, waits).value == 3.0
    before = rows(Measure.CONFIRM_LAG, [0.0], BEGAN - 1, weight=100)
    assert judged(Metric.CONFIRM_LAG, measures(before)).verdict is Verdict.INCONCLUSIVE


def test_only_runs_in_a_row_up_to_the_last_one_disagree() -> None:
    of = measures(rows(Measure.DISAGREEMENT, [1.0, 1.0, 1.0, 1.0, 0.0, 2.0, 3.0]))
    told = judged(Metric.MEMBER_COUNT, of)
    assert (told.value, told.samples) == (2.0, 7)
    assert "3 links differ" in told.sentence and "2 runs" in told.sentence


def test_runs_that_disagreed_before_the_window_are_counted_along_and_prove_nothing_alone() -> None:
    earlier = rows(Measure.DISAGREEMENT, [1.0, 1.0, 1.0], WINDOW - 1)
    assert judged(Metric.MEMBER_COUNT, measures(earlier)).verdict is Verdict.INCONCLUSIVE
    assert judged(Metric.MEMBER_COUNT, measures(earlier, rows(Measure.DISAGREEMENT, [1.0]))).value == 4.0


# --- the baseline --------------------------------------------------------------------------------------------------


def test_the_week_before_the_step_is_usual_and_without_it_the_last_week() -> None:
    def of(before: int) -> Measures:
        earlier = rows(Measure.READ_BACK, [100.0] * before, BEFORE)
        return measures(cycles(before, BEFORE), earlier, rows(Measure.READ_BACK, [400.0] * 5))

    told = judged(Metric.READ_BACK, of(4))
    assert (told.verdict, told.baseline, told.value) == (Verdict.FAILED, 100.0, 4.0)
    told = judged(Metric.READ_BACK, of(3))
    assert (told.verdict, told.baseline, told.value) == (Verdict.PASSED, 400.0, 1.0)


def test_what_is_older_than_a_week_before_the_step_is_not_usual() -> None:
    old = BEGAN - 7 * DAY - 60.0
    of = measures(cycles(4, old), rows(Measure.READ_BACK, [1000.0] * 4, old), rows(Measure.READ_BACK, [90.0] * 4))
    assert judged(Metric.READ_BACK, of).baseline == 90.0


def test_a_few_changes_after_a_quiet_week_are_not_many_times_of_nothing() -> None:
    def of(changed: float) -> Measures:
        return measures(
            cycles(4, BEFORE), rows(Measure.READ_BACK, [0.0] * 4, BEFORE), rows(Measure.READ_BACK, [changed] * 4)
        )

    assert judged(Metric.READ_BACK, of(60.0)).verdict is Verdict.PASSED
    assert judged(Metric.READ_BACK, of(61.0)).verdict is Verdict.FAILED
