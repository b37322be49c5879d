"""A group that its ramp lets have all members gets them in one go."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine, links
from support.filled import (
    LARGE,
    OTHER,
    PEOPLE,
    SMALL,
    Clock,
    agrees,
    filling,
    fills,
    group_dn,
    large,
    large_groups,
    members,
    name,
    others_wait,
    reasons,
    rooms,
    waits,
)
from support.model import Crash
from syncramp.errors import AnotherRunActive
from syncramp.model.holds import Hold
from syncramp.spec.ramps import RampPolicy, Step
from syncramp.store.database import opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    return large_groups(tmp_path, clock)


@pytest.fixture
def ramp() -> Iterator[None]:
    with rooms(large):
        yield


def test_a_group_is_created_and_filled_in_calls_that_follow_each_other(engine: Engine, ramp: None) -> None:
    report, _ = engine.run()
    assert agrees(report)
    assert (members(engine, LARGE), members(engine, OTHER)) == (12, None), "one group begins in a run"
    calls = [[(name(engine, obj), len(links(obj))) for obj in call] for call in engine.cloud.calls]
    assert calls[-5:] == [[(LARGE, 0)], [(LARGE, 4)], [(LARGE, 4)], [(LARGE, 4)], [(SMALL, 3)]]
    assert (report.objects.left, report.links.left) == (1, 12)
    assert reasons(report) == ["as many groups of the ramp built-in began in this run as fill.groupsPerCycle says"]
    assert not report.sliced, "no later slice of the same export changes that"
    assert not filling(engine), "and it is over"
    engine.run()
    assert members(engine, OTHER) == 12
    assert engine.run()[0].settled


def test_a_fill_that_began_goes_on_beyond_the_end_of_the_slice(engine: Engine, clock: Clock) -> None:
    with rooms(others_wait):
        engine.run()
    engine.config = replace(engine.config, interval=timedelta(seconds=70))
    clock.call = 30.0
    engine.source.members[guid(SMALL)].append(user_dn(4))
    with rooms(large):
        report, _ = engine.run()
    assert members(engine, LARGE) == 12 and members(engine, SMALL) == 3
    assert report.sliced and agrees(report) and report.links.left == 12 + 1


def test_a_fill_that_takes_a_whole_slice_more_makes_way_for_removals_and_goes_on(
    engine: Engine, clock: Clock
) -> None:
    with rooms(others_wait):
        engine.run()
    engine.config = replace(engine.config, interval=timedelta(seconds=45))
    clock.call = 50.0
    with rooms(large):
        report, _ = engine.run()
        assert report.sliced and agrees(report) and members(engine, LARGE) == 4, "the create and one call of links"
        assert filling(engine) == {engine.anchor(group(LARGE))}
        engine.source.members[guid(SMALL)].remove(user_dn(1))
        before, clock.call = len(engine.cloud.calls), 40.0
        engine.run()
    calls = [[(name(engine, obj), len(links(obj))) for obj in call] for call in engine.cloud.calls[before:]]
    assert calls == [[(SMALL, 1)], [(LARGE, 4)], [(LARGE, 4)]], "who leaves first, then the rest of the fill"
    assert members(engine, LARGE) == 12 and not filling(engine)


def test_a_killed_run_resumes_first_what_it_had_begun(engine: Engine, clock: Clock) -> None:
    def die() -> None:
        raise Crash

    clock.then[8] = die  # five calls of objects, the create, and the second one of links
    with rooms(lambda group, begun: waits(group, begun) if "101" in group.dn else large(group, begun)):
        with pytest.raises(Crash):
            engine.run()
    assert 0 < members(engine, OTHER) < 12
    assert filling(engine) == {engine.anchor(group(OTHER))}
    before = len(engine.sent)
    with rooms(large):
        engine.run()
    sent = [name(engine, obj) for obj in engine.sent[before:] if links(obj)]
    assert sent == [OTHER] * 2 + [LARGE] * 3 + [SMALL], "it takes no place among those that begin"
    assert (members(engine, LARGE), members(engine, OTHER)) == (12, 12) and not filling(engine)


def test_while_a_call_may_be_under_way_nothing_of_a_begun_group_is_sent(
    engine: Engine, clock: Clock, ramp: None
) -> None:
    def die() -> None:
        raise Crash

    engine.pace = replace(engine.pace, patience=60.0, call_timeout=100.0)
    clock.then[8] = die
    with pytest.raises(Crash):
        engine.run()
    before = len(engine.sent)
    report, _ = engine.run()
    assert LARGE not in [name(engine, obj) for obj in engine.sent[before:]]
    assert report.holds[Hold.CALL_UNDER_WAY.value] == 8
    assert engine.anchor(group(LARGE)) in filling(engine)


def test_the_mark_is_durable_before_the_first_call(engine: Engine, ramp: None) -> None:
    marked = []

    def fault(moment: str) -> None:
        if moment == "before":
            marked.append(filling_of(engine))

    engine.cloud.fault = fault
    engine.run()
    of_calls = list(zip([name(engine, call[0]) for call in engine.cloud.calls], marked, strict=True))
    assert of_calls and all(engine.anchor(group(LARGE)) in begun for number, begun in of_calls if number == LARGE)


def filling_of(engine: Engine) -> set[str]:
    """As another process sees it."""
    with closing(opened(engine.path)) as other:
        return {row[0] for row in other.all("SELECT anchor FROM ramp_groups WHERE filling = 1")}


def test_a_run_that_lost_the_store_begins_nothing(engine: Engine) -> None:
    with engine.store() as store:
        _, token = store.runs.begin(1.0)
        exports = store.exports(1, token, 1.0)
        store.runs.begin(2.0)
        for write in (
            lambda: store.filling.begin("a", exports.check_fence),
            lambda: store.filling.end(["a"], exports.check_fence),
        ):
            with pytest.raises(AnotherRunActive):
                write()


def test_a_group_that_nobody_wants_any_more_fills_no_longer(engine: Engine, clock: Clock, ramp: None) -> None:
    clock.then[8] = engine.stop.set
    engine.run()
    engine.stop.clear()
    assert filling(engine)
    del engine.source.entries[guid(LARGE)]
    engine.run()
    engine.run()
    assert not filling(engine)


def test_a_group_with_refused_links_goes_on_and_others_begin_beside_it(engine: Engine, ramp: None) -> None:
    engine.cloud.refuse = lambda obj: "no" if name(engine, obj) == LARGE and len(links(obj)) == 4 and refusing else ""
    refusing = [True]
    report, _ = engine.run()
    assert agrees(report) and report.links.refused == 12
    assert filling(engine) == {engine.anchor(group(LARGE))}
    report, _ = engine.run()
    assert (members(engine, LARGE), members(engine, OTHER)) == (0, 12)
    refusing.clear()
    engine.run()
    assert members(engine, LARGE) == 12 and not filling(engine)


def test_a_group_comes_before_one_that_it_is_nested_in(engine: Engine) -> None:
    engine.config = replace(engine.config, ramps=(RampPolicy("mine", (Step(20),), (), groups_per_cycle=9),))
    engine.source.members[guid(LARGE)] = [group_dn(OTHER)]
    with rooms(lambda group, begun: replace(fills(group, begun), ramp="mine")):
        report, _ = engine.run()
    assert report.settled
    first = [name(engine, obj) for obj in engine.sent if name(engine, obj) in (LARGE, OTHER)]
    assert first == sorted(first, reverse=True)


def test_a_stop_ends_a_fill_and_the_next_run_goes_on(engine: Engine, clock: Clock, ramp: None) -> None:
    clock.then[8] = engine.stop.set
    report, _ = engine.run()
    assert 0 < members(engine, LARGE) < 12 and agrees(report)
    assert filling(engine) == {engine.anchor(group(LARGE))}
    engine.stop.clear()
    engine.run()
    assert members(engine, LARGE) == 12 and not filling(engine)


def test_a_group_that_was_gone_in_the_cloud_gets_back_what_it_had(engine: Engine, ramp: None) -> None:
    """Also while it waits: those who were there are no growth."""
    engine.run()
    engine.cloud.vanish(engine.anchor(group(LARGE)))
    engine.cloud.forgets = True  # type: ignore[attr-defined]
    engine.source.add(group(LARGE, description="new"), user(13))
    engine.source.members[guid(LARGE)].append(user_dn(13))
    engine.cloud._log.clear()  # the read-back does not show yet that it is gone
    with rooms(lambda group, begun: waits(group, begun) if "101" in group.dn else None):
        engine.run()
        engine.run()
    anchor = engine.anchor(group(LARGE))
    assert engine.cloud.links[anchor] == {engine.anchor(user(number)) for number in PEOPLE}
