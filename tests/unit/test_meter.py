"""What a run measures of the links of ramps while it goes."""

from pyroaring import BitMap

from support.clock import Clock
from syncramp.cycle.meter import Meter
from syncramp.endpoint.traffic import TrafficCounter
from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Hold
from syncramp.model.measures import Traffic
from syncramp.model.plan import Plan
from syncramp.model.ramps import Room
from syncramp.model.stretch import Stretch
from syncramp.model.wire import Operation, Result, SyncObject
from syncramp.store.intents import Item


def item(group: int, *adds: int, removes: tuple[int, ...] = ()) -> Item:
    return Item(group, SyncObject("Group", Operation.SET, {}), adds=BitMap(adds), removes=BitMap(removes))


def metered(clock: Clock) -> Meter:
    """Group 1 follows a ramp, group 2 none, and group 3 is only too large."""
    meter = Meter(clock)
    rooms = {1: Room("big", BitMap(), Hold.RAMP, ""), 3: Room("", BitMap(), Hold.TOO_MANY_MEMBERS, "")}
    meter.follow(Plan(around=Circumstances(ramps=rooms)))
    return meter


def test_seconds_of_ramps_are_those_in_which_their_links_are_on_their_way() -> None:
    clock = Clock(100.0)
    meter = metered(clock)
    one, other = [item(2, 5), item(1, 5)], [item(1, 6)]
    meter.begins(one)
    clock.now += 10
    meter.begins(other)
    clock.now += 10
    meter.ends(one)
    clock.now += 10
    meter.ends(other)
    clock.now += 100
    assert meter.ramp_seconds == 30.0
    meter.begins(other)
    clock.now += 1
    assert meter.ramp_seconds == 31.0, "also while they are under way"


def test_removals_and_groups_of_no_ramp_take_no_seconds_of_one() -> None:
    clock = Clock(100.0)
    meter = metered(clock)
    for batch in ([item(2, 5)], [item(3, 5)], [item(1, removes=(5,))]):
        meter.begins(batch)
        clock.now += 10
        meter.ends(batch)
    assert meter.ramp_seconds == 0.0


def test_of_the_answers_about_a_link_the_last_one_counts() -> None:
    meter = metered(Clock(100.0))
    meter.answered(item(1, 5, 6, 7), Result.REFUSED)
    meter.answered(item(1, 5), Result.APPLIED)
    meter.answered(item(1, 6), Result.UNKNOWN)
    meter.answered(item(2, 5), Result.REFUSED)
    meter.answered(item(1, removes=(9,)), Result.REFUSED)
    assert meter.sent == {1: BitMap([5, 6, 7])}
    assert meter.acknowledged == {1: BitMap([5])}
    assert meter.refused == {1: BitMap([7])}


def test_a_stretch_is_the_time_in_which_something_goes_on_at_all() -> None:
    stretch = Stretch()
    stretch.begin(0.0)
    stretch.begin(2.0)
    stretch.end(3.0)
    stretch.end(5.0)
    stretch.begin(10.0)
    stretch.end(12.0)
    stretch.begin(20.0)
    assert (stretch.total(24.0), stretch.longest(24.0)) == (5.0 + 2.0 + 4.0, 5.0)
    stretch.forget(24.0)
    assert (stretch.total(25.0), stretch.longest(25.0)) == (1.0, 1.0)


def test_a_piece_of_throttling_lasts_until_no_call_waits() -> None:
    clock = Clock(100.0)
    counter = TrafficCounter(clock)
    with counter.patience() as one:
        counter.sent()
        one()
        clock.now += 5
        with counter.patience() as other:
            counter.sent()
            other()
            counter.sent()
            other()
            clock.now += 5
    clock.now += 50
    with counter.patience():
        counter.sent()
        clock.now += 20
    assert counter.put_off() == 3
    assert counter.taken() == Traffic(4, 3, 10.0)
    assert counter.taken() == Traffic()
