"""Calls and time: when they may begin, how long they travel, and what a killed run leaves to the next one."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from support.build import config, guid, user, user_dn
from support.clock import Clock
from support.engine import Engine
from support.model import Crash, lost, no_fault, unavailable
from syncramp.cycle.job import Pace
from syncramp.errors import AnswerLost, EndpointUnavailable, StoreUnusable
from syncramp.events import Note
from syncramp.model.report import RunReport
from syncramp.spec.types import EndpointOverrides
from syncramp.store.database import opened


class Waiting(Event):
    """A stop that never comes: what waits for it moves the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert len(self.waits) < 5, "it waits for ever"
        self.waits.append(timeout or 0.0)
        self._clock.now += timeout or 0.0
        return False


@pytest.fixture(autouse=True)
def clock(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    made = Clock(1000.0)
    engine.clock = made
    engine.pace = Pace(objects_per_call=2, parallel=2)
    return made


def _under_way(path: Path) -> int:
    """Batches whose call was not answered, as another process sees them."""
    with closing(opened(path)) as database:
        return int(database.value("SELECT COUNT(*) FROM batches WHERE state = 'Sent'"))


def test_a_call_that_leaves_late_is_waited_out_from_when_it_may_have_left(engine, clock) -> None:
    """The service was busy, the request left long after its intent, and its process died."""
    engine.run()
    one = engine.anchor(user(1))
    engine.source.add(user(1, title="Clerk"))

    def busy_then_killed(moment: str) -> None:
        clock.now += engine.pace.patience - 1
        raise Crash

    engine.cloud.fault, engine.cloud.travels = busy_then_killed, lambda: True
    with pytest.raises(Crash):
        engine.run()
    engine.cloud.fault = no_fault
    engine.leave(1)
    engine.run()
    clock.now += engine.pace.call_timeout - 1
    report, _ = engine.run()
    assert report.holds == {"CallUnderWay": 1}, "a delete now would be undone by what travels"
    engine.cloud.arrive()
    assert one in engine.cloud.objects
    clock.now += 2
    assert engine.settle().settled
    assert one not in engine.cloud.objects


def test_no_try_begins_after_the_last_moment_of_its_intent(engine, clock) -> None:
    tries = []

    def slow(moment: str) -> None:
        tries.append(clock.now)
        clock.now += engine.pace.patience * 0.75
        raise lost(moment)

    engine.cloud.fault = slow
    engine.pace = Pace(objects_per_call=2, parallel=1, lost_answers=9)
    begin = clock.now
    with pytest.raises(AnswerLost):
        engine.run()
    assert tries == [begin, begin + engine.pace.patience * 0.75]


def test_a_lost_answer_holds_its_objects_for_the_time_of_one_call_from_the_last_try(engine, clock) -> None:
    engine.run()
    engine.source.add(user(1, title="Clerk"))
    engine.lose("before")
    clock.now += engine.pace.call_timeout - 1
    assert engine.run()[0].holds == {"CallUnderWay": 1}
    clock.now += 1
    assert engine.run()[0].settled


def test_a_service_that_stays_busy_longer_than_the_patience_leaves_nothing_in_doubt(engine, clock) -> None:
    def busy(moment: str) -> None:
        clock.now += engine.pace.patience
        raise unavailable()

    engine.cloud.fault = busy
    with pytest.raises(EndpointUnavailable):
        engine.run()
    engine.cloud.fault = no_fault
    report, _ = engine.run()
    assert report.settled and not report.holds


def test_a_machine_that_slept_between_intent_and_call_sends_nothing_and_leaves_nothing_in_doubt(
    engine, clock, monkeypatch
) -> None:
    from syncramp.cycle import flights

    original = flights.call

    def asleep(job, intent):
        clock.now = intent.last_try + 1
        return original(job, intent)

    monkeypatch.setattr(flights, "call", asleep)
    with pytest.raises(EndpointUnavailable):
        engine.run()
    assert not engine.cloud.calls
    monkeypatch.undo()
    assert engine.run()[0].settled


def test_a_long_wait_for_room_in_the_throttle_begins_when_every_call_was_answered(engine) -> None:
    """Were a call in flight, a kill in the wait would leave it in doubt for no reason."""
    asked, waits = [], []

    def room(wait: bool) -> bool:
        asked.append(wait)
        if wait:
            waits.append((len(engine.cloud.calls), _under_way(engine.path)))
        return wait or len(asked) == 1

    engine.cloud.room = room
    assert engine.run()[0].settled
    assert asked == [False, False, True, False, True]
    assert waits == [(1, 0), (2, 0)]


def test_a_stop_while_room_is_waited_for_sends_nothing_and_leaves_nothing_in_doubt(engine) -> None:
    engine.cloud.room = lambda wait: False
    report, _ = engine.run()
    assert (report.objects.left, report.objects.in_doubt) == (4, 0)
    assert not engine.cloud.calls
    assert _under_way(engine.path) == 0
    engine.cloud.room = lambda wait: True
    assert engine.run()[0].settled


@pytest.mark.parametrize("error", [0.0, 3600.0, -3600.0], ids=["right", "an hour ahead", "an hour behind"])
def test_who_was_created_under_a_clock_that_was_wrong_is_waited_for_no_longer_than_the_delay(
    engine, clock, error
) -> None:
    engine.config = config(endpoint=EndpointOverrides(visibility_delay=timedelta(seconds=30)))
    engine.source.members[guid(101)].clear()
    begin = clock.now
    clock.now = begin + error
    engine.run()
    clock.now = begin
    engine.source.members[guid(101)] = [user_dn(1)]
    engine.stop = Waiting(clock)
    assert engine.run()[0].links.acknowledged == 1
    assert engine.stop.waits == ([30.0] if error >= 0 else [])
    told = [event.text for event in engine.events if isinstance(event, Note)]
    assert told == ["waiting 30s until the service can refer to what is new"] * len(engine.stop.waits)


def _somebody_new_and_a_call_after_that(engine: Engine, clock: Clock, seconds: float) -> list[float]:
    """A run in which time passes between the create and the link; the waits it makes."""
    engine.config = config(endpoint=EndpointOverrides(visibility_delay=timedelta(seconds=30)))
    engine.source.add(user(2, title="Clerk"), user(4))
    engine.source.members[guid(101)].append(user_dn(4))
    engine.stop = Waiting(clock)

    def passes(moment: str) -> None:
        if moment == "after" and len(engine.cloud.calls) == 2:
            clock.now += seconds

    engine.cloud.calls.clear()
    engine.cloud.fault = passes
    report, _ = engine.run()
    assert report.settled and report.links.acknowledged == 1
    return engine.stop.waits


def test_a_clock_that_is_set_back_in_a_run_makes_no_wait_longer_than_the_delay(engine, clock) -> None:
    engine.run()
    clock.now += 3600
    assert _somebody_new_and_a_call_after_that(engine, clock, -1800.0) == [30.0]


def test_time_that_passed_with_other_calls_is_not_waited_for_again(engine, clock) -> None:
    clock.now += 3600
    engine.run()
    clock.now -= 3600
    assert _somebody_new_and_a_call_after_that(engine, clock, 40.0) == []


def test_a_run_that_fails_before_its_first_call_has_left_everything(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(job: object) -> None:
        raise StoreUnusable("no room on its disk")

    monkeypatch.setattr("syncramp.cycle.walk.begin_sending", full)
    report = RunReport()
    with pytest.raises(StoreUnusable):
        engine.run(report=report)
    assert report.objects.expected == report.objects.left > 0
