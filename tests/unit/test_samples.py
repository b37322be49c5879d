"""What runs measure, whatever becomes of them, and how long it is kept."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import group, guid, user, user_dn
from support.clock import Clock
from support.engine import Engine
from support.model import lost
from syncramp.errors import AnchorMismatch, AnotherRunActive, AnswerLost, CallTimedOut
from syncramp.model.measures import KEPT_SECONDS, CallTime, Measure, Measured
from syncramp.source import dn
from syncramp.store.ramp_links import LinkAnswers
from syncramp.store.samples import Samples, in_buckets
from syncramp.store.store import Store

START = 1_000_000.0
CALL = 7.0
"""Seconds that a call takes."""
PEOPLE = range(1, 6)


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    made = Engine(tmp_path / "state.db", clock=clock)
    made.source.add(*map(user, PEOPLE), group(101))
    made.source.members[guid(101)] = list(map(user_dn, PEOPLE))

    def slow(moment: str) -> None:
        if moment == "before":
            clock.now += CALL

    made.cloud.fault = slow
    return made


def measured(engine: Engine, ask: Callable[[Samples], object]) -> object:
    with engine.store() as store:
        return ask(store.samples)


def values(engine: Engine) -> dict[str, float]:
    """Of the last run."""
    with engine.store() as store:
        rows = store.samples.rows(0.0)
    last = max((row.run for row in rows), default=0)
    return {row.name: row.value for row in rows if row.run == last}


def test_a_run_measures_its_seconds_its_calls_and_what_it_sent(engine: Engine) -> None:
    engine.cloud.counter.sent()  # of somebody before the run
    report, _ = engine.run()
    told = values(engine)
    assert told[Measure.CYCLE] == report.calls * CALL
    assert told[Measure.RAMP_SECONDS] == 0.0
    assert (told[Measure.CALLS], told[Measure.EXPORTS]) == (report.calls, report.calls)
    assert (told[Measure.OBJECTS_SENT], told[Measure.OBJECTS_REFUSED]) == (6, 0)
    assert (told[Measure.THROTTLED], told[Measure.THROTTLED_PIECE]) == (0, 0)


def test_a_run_that_sends_nothing_is_a_cycle_too_and_a_plan_is_none(engine: Engine) -> None:
    engine.run()
    engine.run(sends=False)
    first = values(engine)
    engine.run()
    second = values(engine)
    assert first[Measure.EXPORTS] > 0
    assert (second[Measure.CYCLE], second[Measure.EXPORTS]) == (0.0, 0)
    with engine.store() as store:
        assert sum(row.name == Measure.CYCLE for row in store.samples.rows(0.0)) == 2


def test_refused_objects_are_counted(engine: Engine) -> None:
    engine.cloud.refuse = lambda obj: "no" if obj.kind == "User" else ""
    engine.run()
    told = values(engine)
    assert (told[Measure.OBJECTS_SENT], told[Measure.OBJECTS_REFUSED]) == (6, 5)


def test_only_what_changed_since_the_last_run_is_a_read_back_to_compare_with(engine: Engine) -> None:
    engine.run()
    assert Measure.READ_BACK not in values(engine), "the first one is of everything"
    engine.run()
    assert values(engine)[Measure.READ_BACK] == 0
    for number in (1, 2):
        engine.cloud.vanish(engine.anchor(user(number)))
    engine.run()
    assert values(engine)[Measure.READ_BACK] == 2


def test_a_forgotten_cookie_gives_no_number_of_changes(engine: Engine) -> None:
    engine.run()
    engine.cloud.forgets_cookies = True
    engine.run()
    assert Measure.READ_BACK not in values(engine)


def test_calls_with_links_are_timed_and_others_are_not(engine: Engine) -> None:
    engine.run()
    with engine.store() as store:
        (call,) = store.samples.calls(0.0)
    assert (call.links, call.objects, call.weight) == (5, 1, 1)
    assert call.seconds == pytest.approx(CALL, rel=0.03)


def test_a_call_that_the_service_put_off_is_no_sample_of_its_seconds(engine: Engine) -> None:
    engine.cloud.pushes = lambda: 2
    report, _ = engine.run()
    told = values(engine)
    assert (told[Measure.CALLS], told[Measure.THROTTLED]) == (3 * report.calls, 2 * report.calls)
    assert measured(engine, lambda samples: samples.calls(0.0)) == []


def test_a_run_that_fails_keeps_what_it_measured_until_then(engine: Engine, clock: Clock) -> None:
    def fails(moment: str) -> None:
        clock.now += CALL
        raise lost(moment)

    engine.cloud.fault = fails
    with pytest.raises(AnswerLost):
        engine.run()
    told = values(engine)
    assert (told[Measure.EXPORTS], told[Measure.OBJECTS_SENT]) == (1, 3)
    assert Measure.CYCLE not in told, "it broke off early, so it was not quick"


def test_a_run_that_was_stopped_is_no_cycle(engine: Engine) -> None:
    def stops(moment: str) -> None:
        engine.stop.set()

    engine.cloud.fault = stops
    engine.run()
    assert Measure.CYCLE not in values(engine) and values(engine)[Measure.EXPORTS] == 1


def test_a_run_that_could_not_even_read_the_tenant_is_kept_and_is_no_cycle(engine: Engine) -> None:
    engine.run()
    engine.cloud.anchor_attribute = "another"
    with pytest.raises(AnchorMismatch):
        engine.run()
    told = values(engine)
    assert told[Measure.EXPORTS] == 0
    assert not {Measure.CYCLE, Measure.REMOVAL_WAITING, Measure.READ_BACK} & told.keys()


def test_a_removal_that_nothing_holds_and_that_was_not_answered_waits(engine: Engine, clock: Clock) -> None:
    engine.run()
    engine.source.members[guid(101)] = list(map(user_dn, (1, 2, 3)))
    engine.source.add(user(4, userAccountControl="514"))
    engine.cloud.refuse = lambda obj: "no"
    engine.run()
    clock.now += 1000.0
    engine.run()
    with engine.store() as store:
        row = store.samples.rows(0.0)[-1]
    assert (row.name, row.weight) == (Measure.REMOVAL_WAITING, 2), "one group, and one account"
    assert row.value >= 1000.0
    engine.cloud.refuse = lambda obj: ""
    engine.run()
    with engine.store() as store:
        row = store.samples.rows(0.0)[-1]
    assert (row.name, row.weight, row.value) == (Measure.REMOVAL_WAITING, 0, 0.0)


def test_a_removal_that_is_held_is_not_waited_for(engine: Engine, clock: Clock) -> None:
    engine.run()
    engine.source.members[guid(101)] = list(map(user_dn, (1, 2, 3)))
    engine.source.add(user(4, userAccountControl="514"))
    engine.source.complete = False
    report, _ = engine.run()
    assert report.holds == {"SourceIncomplete": 3}
    with engine.store() as store:
        assert len(store.revocations.waiting()) == 2
        row = store.samples.rows(0.0)[-1]
    assert (row.name, row.weight) == (Measure.REMOVAL_WAITING, 0)


@pytest.mark.parametrize("error", [CallTimedOut, AnswerLost])
def test_a_call_that_was_waited_for_in_vain_counts_and_one_that_broke_does_not(engine: Engine, error) -> None:
    engine.run()
    engine.source.add(user(6))
    engine.source.members[guid(101)].append(user_dn(6))
    before = len(measured(engine, lambda samples: samples.calls(0.0)))

    def fails(moment: str) -> None:
        if len(engine.cloud.calls[-1][0].values.get("member", ())) == 1:
            engine.clock.now += 300.0
            raise error("no answer came")

    engine.cloud.fault = lambda moment: fails(moment) if moment == "after" else None
    with pytest.raises(AnswerLost):
        engine.run()
    calls = measured(engine, lambda samples: samples.calls(0.0))[before:]
    assert [round(call.seconds / 300.0, 1) for call in calls] == ([1.0] if error is CallTimedOut else [])


def test_another_run_that_has_begun_keeps_this_one_from_writing(engine: Engine) -> None:
    with engine.store() as store:
        number, token = store.runs.begin(START)
        exports = store.exports(number, token, START)
        store.runs.begin(START)
        with pytest.raises(AnotherRunActive):
            store.samples.keep(exports, [Measured(START, 1, "x", 1.0)], [], LinkAnswers(1, START))
        assert store.samples.rows(0.0) == []


def test_what_is_measured_is_kept_for_eight_days(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db", dn.key)
    exports = store.exports(*store.runs.begin(START), START)
    keep = store.samples.keep
    keep(exports, [Measured(START, 1, "x", 1.0)], [CallTime(START, 1, 5, 1, 1.0)], LinkAnswers(1, START))
    keep(exports, [], [], LinkAnswers(1, START + KEPT_SECONDS))
    assert (len(store.samples.rows(0.0)), len(store.samples.calls(0.0))) == (1, 1)
    keep(exports, [], [], LinkAnswers(1, START + KEPT_SECONDS + 1.0))
    assert (store.samples.rows(0.0), store.samples.calls(0.0)) == ([], [])
    store.close()


def test_the_last_run_tells_whether_it_sent_anything_and_what_came_of_a_ramp(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db", dn.key)
    assert store.samples.last("a") == (False, 0)
    exports = store.exports(*store.runs.begin(START), START)

    def told(run: int, calls: float, **taken: float) -> None:
        rows = [Measured(START, run, Measure.EXPORTS, calls)]
        rows += [Measured(START, run, Measure.LINKS_TAKEN, value, 1, ramp) for ramp, value in taken.items()]
        store.samples.keep(exports, rows, [], LinkAnswers(run, START))

    told(1, 4.0, a=7.0, b=5.0)
    assert (store.samples.last("a"), store.samples.last("b"), store.samples.last("c")) == (
        (True, 7),
        (True, 5),
        (True, 0),
    )
    told(2, 0.0)
    assert store.samples.last("a") == (False, 0)
    store.close()


times = st.lists(
    st.builds(
        CallTime,
        st.just(START),
        st.just(1),
        st.integers(1, 15_000),
        st.integers(1, 1000),
        st.floats(0.002, 900.0),
        st.integers(1, 3),
    ),
    max_size=200,
)


@given(times)
def test_buckets_keep_every_call_and_tell_its_seconds_within_three_percent(calls: list[CallTime]) -> None:
    kept = in_buckets(calls)
    assert sum(call.weight for call in kept) == sum(call.weight for call in calls)
    assert len(kept) <= len(calls)
    ordered = sorted((call.seconds for call in calls for _ in range(call.weight)), reverse=True)
    told = sorted((call.seconds for call in kept for _ in range(call.weight)), reverse=True)
    assert all(abs(one - other) <= 0.026 * one + 0.001 for one, other in zip(ordered, told, strict=True))


def test_calls_that_are_about_the_same_are_one_row() -> None:
    calls = [CallTime(START, 1, 15_000, 30, 10.0 + number / 1000) for number in range(100)]
    (row,) = in_buckets(calls)
    assert row.weight == 100
