"""When a group begins to fill: it does not before it can be finished."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine, links
from support.filled import (
    LARGE,
    OTHER,
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
    newcomers,
    others_wait,
    reasons,
    rooms,
    waits,
)
from syncramp.errors import CallFailed
from syncramp.model.holds import Hold
from syncramp.model.ramps import Phase
from syncramp.spec.failsafe import Failsafe
from syncramp.spec.ramps import RampPolicy, Soak, Step
from syncramp.spec.types import ApprovalMode, EndpointOverrides, WriteBudget


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


def test_as_many_groups_begin_as_the_ramp_says(engine: Engine) -> None:
    policy = RampPolicy("built-in", (Step(20),), (), groups_per_cycle=2)
    engine.config = replace(engine.config, ramps=(replace(policy, name="mine"),))

    def mine(group, begun):
        return replace(room, ramp="mine") if (room := large(group, begun)) else None

    with rooms(mine):
        report, _ = engine.run()
    assert (members(engine, LARGE), members(engine, OTHER)) == (12, 12) and report.settled


def test_a_group_that_cannot_be_finished_in_this_slice_begins_with_the_next_one(engine: Engine, clock: Clock) -> None:
    engine.config = replace(engine.config, interval=timedelta(seconds=55))
    with rooms(large):
        first = engine.sync(once=True)
        assert (members(engine, LARGE), members(engine, OTHER)) == (None, None)
        assert reasons(first)[0] == "12 links take about 6s, and 5s of the slice are left"
        assert first.sliced and agrees(first)
        done = engine.sync()
    assert members(engine, LARGE) == 12 and agrees(done)


def test_what_no_slice_has_time_for_makes_no_export_endless(engine: Engine, clock: Clock) -> None:
    engine.config = replace(
        engine.config,
        interval=timedelta(minutes=5),
        target=replace(engine.config.target, writes=WriteBudget(1_000_000, 100, 4)),
    )
    with rooms(large):
        report = engine.sync()
    assert (members(engine, LARGE), members(engine, OTHER)) == (None, None)
    assert not report.sliced and report.slices == 1
    assert all(reason.startswith("12 links take about 10m") for reason in reasons(report))


def phase(engine: Engine) -> Phase:
    with engine.store() as store:
        return store.ramp_states.all()["mine"].phase


def test_a_group_that_no_slice_has_time_for_is_held_and_what_to_do_is_told(engine: Engine, clock: Clock) -> None:
    policy = RampPolicy("mine", (Step(20),), (), min_members=5)
    writes = replace(engine.config.target, writes=WriteBudget(1_000_000, 100, 4))
    engine.config = replace(engine.config, ramps=(policy,), interval=timedelta(minutes=5), target=writes)
    report = engine.sync()
    assert (members(engine, LARGE), members(engine, OTHER), members(engine, SMALL)) == (None, None, 3)
    assert report.holds == {Hold.RAMP.value: 2 + 24} and report.slices == 1 and agrees(report)
    assert report.hold_samples[Hold.RAMP.value][0].detail == (
        "12 links take about 10m02s, and a slice lasts 5m00s: raise spec.interval or writes.linksPerFiveMinutes"
    )
    assert phase(engine) is Phase.COMPLETE, "no step waits for them"
    engine.config = replace(engine.config, interval=timedelta(minutes=11))
    phases = []
    for _ in range(3):
        clock.now += 900.0
        engine.run()
        phases.append(phase(engine))
    assert phases == [Phase.GROWING, Phase.GROWING, Phase.COMPLETE], "now the ceiling proves itself with them"
    assert (members(engine, LARGE), members(engine, OTHER)) == (12, 12)


def test_newcomers_of_a_whole_group_do_not_wait_for_a_slice_that_never_comes(engine: Engine) -> None:
    engine.config = replace(engine.config, interval=timedelta(seconds=1))
    engine.source.members[guid(OTHER)] = []
    with rooms(others_wait):
        for _ in range(8):
            engine.run()
    with rooms(lambda group, begun: newcomers(group, begun) if "101" in group.dn else None):
        there = []
        for _ in range(4):
            report, _ = engine.run()
            there.append(members(engine, LARGE))
            assert not reasons(report)
    assert there == [0, 4, 8, 12], "each run begins with removals, and one goes on where the last one was"


def test_newcomers_of_a_whole_group_wait_for_the_next_slice_if_it_has_time_for_them(
    engine: Engine, clock: Clock
) -> None:
    with rooms(others_wait):
        engine.run()
    engine.config = replace(engine.config, interval=timedelta(seconds=12))
    engine.source.add(user(13))
    with rooms(lambda group, begun: newcomers(group, begun) if "101" in group.dn else waits(group, begun)):
        report = engine.sync(once=True)
        assert members(engine, LARGE) is None and report.sliced
        engine.sync()
    assert members(engine, LARGE) == 12


def test_what_was_sent_lately_takes_room_in_the_throttle(engine: Engine, clock: Clock) -> None:
    """Ten links fit in five minutes, and the small group got three of them just now."""
    engine.source.members[guid(LARGE)] = list(map(user_dn, range(1, 10)))
    engine.source.members[guid(OTHER)] = []
    writes = WriteBudget(1_000_000, 100, 10)
    interval, target = timedelta(seconds=200), replace(engine.config.target, writes=writes)
    engine.config = replace(engine.config, interval=interval, target=target)
    with rooms(others_wait):
        engine.run()
    with rooms(large):
        report, _ = engine.run()
        assert members(engine, LARGE) is None and reasons(report)[0].startswith("9 links take about 4m")
        assert report.sliced, "a slice that begins when the window is empty has time for it"
        clock.now += 301
        engine.run()
    assert members(engine, LARGE) == 9


def test_a_group_does_not_begin_while_a_member_may_or_may_not_be_in_the_cloud(
    engine: Engine, clock: Clock, ramp: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service fails at one object alone: whether it was made is not known."""
    provision, failing = engine.cloud.provision, [True]

    def fail_at_seven(objects, patience=0.0):
        if failing and any(name(engine, obj) == 7 for obj in objects):
            raise CallFailed("the service failed")
        return provision(objects, patience)

    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    engine.cloud.provision = fail_at_seven  # type: ignore[method-assign]
    report, _ = engine.run()
    assert report.objects.in_doubt == 1 and (members(engine, LARGE), members(engine, SMALL)) == (None, 3)
    assert set(reasons(report)) == {"it is not known whether 1 new member came to be in the cloud"}
    failing.clear()
    clock.now += 10_000.0
    engine.run()
    assert members(engine, LARGE) == 12


def test_a_group_that_nobody_can_be_in_yet_is_not_created_empty(engine: Engine, ramp: None) -> None:
    engine.cloud.refuse = lambda obj: "no" if obj.kind == "User" else ""
    report, _ = engine.run()
    assert (members(engine, LARGE), members(engine, SMALL)) == (None, 0) and not filling(engine)
    assert set(reasons(report)) == {"nobody who is to come is in the cloud"}


def test_a_group_does_not_begin_that_claims_what_another_object_still_has(engine: Engine) -> None:
    engine.source.add(user(1, mail="desk@example.com"))
    with rooms(others_wait):
        engine.run()
    engine.source.add(user(1), group(LARGE, mail="desk@example.com"))
    engine.cloud.refuse = lambda obj: "no" if obj.kind == "User" else ""
    with rooms(large):
        report, _ = engine.run()
    assert (members(engine, LARGE), members(engine, OTHER)) == (None, 12), "it takes no place either"
    assert agrees(report) and engine.anchor(group(LARGE)) not in filling(engine)


def test_members_whose_create_is_refused_keep_no_group_back(engine: Engine, ramp: None) -> None:
    engine.cloud.refuse = lambda obj: "no" if name(engine, obj) == 7 else ""
    report, _ = engine.run()
    assert members(engine, LARGE) == 11 and agrees(report)
    assert not filling(engine), "who is not in the cloud comes as a newcomer"
    engine.cloud.refuse = lambda obj: ""
    with rooms(newcomers):
        engine.run()
    assert members(engine, LARGE) == 12


def test_newcomers_of_a_whole_group_take_no_place(engine: Engine) -> None:
    with rooms(large):
        engine.run()
        engine.run()
    engine.source.add(user(13), group(100))
    for number in (LARGE, OTHER, 100):
        engine.source.members.setdefault(guid(number), []).append(user_dn(13))

    def mixed(group, begun):
        return newcomers(group, begun) if group.in_cloud else fills(group, begun)

    with rooms(mixed):
        engine.run()
    assert (members(engine, LARGE), members(engine, OTHER), members(engine, 100)) == (13, 13, 1)


def test_a_group_of_which_something_waits_for_a_person_is_not_begun(engine: Engine, ramp: None) -> None:
    """Its create is approved before anybody can approve its members; it is not created empty meanwhile."""
    engine.config = replace(engine.config, approval=ApprovalMode.MANUAL)
    for _ in range(3):
        report, _ = engine.run()
        assert members(engine, LARGE) in (None, 12), "never a part of it"
        engine.approve()
    assert members(engine, LARGE) == 12 and agrees(report)


@pytest.mark.parametrize(("new", "there"), [(1, 121), (2, 1)])
def test_a_few_who_joined_since_a_group_was_approved_do_not_keep_it_back(
    engine: Engine, ramp: None, new: int, there: int
) -> None:
    """Somebody joins a large group in every run, and nobody approves as fast."""
    everybody = [user_dn(number) for number in range(201, 322 + new)]
    engine.source.add(*map(user, range(201, 322 + new)))
    engine.cloud.max_links = 200
    engine.source.members[guid(LARGE)] = everybody[:1]
    engine.settle()
    engine.config = replace(engine.config, approval=ApprovalMode.MANUAL)
    engine.source.members[guid(LARGE)] = everybody[:121]
    engine.run()
    engine.approve()
    engine.source.members[guid(LARGE)] = everybody
    report, _ = engine.run()
    assert members(engine, LARGE) == there and agrees(report)


def test_why_a_group_of_which_something_waits_is_not_begun_is_told(engine: Engine, clock: Clock) -> None:
    engine.source.members[guid(LARGE)] = [user_dn(1)]
    engine.settle()
    engine.config = replace(engine.config, failsafe=Failsafe(effective_adds=5))
    clock.now += 25 * 3600
    engine.source.members[guid(LARGE)] += [group_dn(OTHER), user_dn(2)]
    with rooms(large):
        report, _ = engine.run()
    assert members(engine, LARGE) == 1
    assert reasons(report) == ["not all of it may go: 1 addition waits (EffectiveGrowth)"]


def test_new_members_can_be_named_before_a_group_begins(engine: Engine, clock: Clock) -> None:
    """The service needs a while until it knows them; waiting in the middle would leave a part of the group there."""
    with rooms(others_wait):
        engine.run()
    endpoint = EndpointOverrides(visibility_delay=timedelta(seconds=0.2))
    engine.config = replace(engine.config, target=replace(engine.config.target, endpoint=endpoint))
    clock.call, engine.cloud.max_links = 0.0, 20
    engine.source.add(user(13))
    engine.source.members[guid(LARGE)].append(user_dn(13))
    before = len(engine.sent)
    with rooms(large):
        engine.run()
    sent = [(name(engine, obj), len(links(obj))) for obj in engine.sent[before:]]
    assert sent == [(13, 0), (LARGE, 0), (LARGE, 13)]


def test_a_group_that_waits_for_a_later_step_does_not_hold_the_step_of_one_that_it_is_nested_in(
    engine: Engine, clock: Clock
) -> None:
    steps = (Step(3, Soak(timedelta(hours=1))), Step(20))
    engine.config = replace(engine.config, ramps=(RampPolicy("mine", steps, (), min_members=3),))
    engine.source.members[guid(LARGE)] = [user_dn(1), user_dn(2), group_dn(OTHER)]
    for _ in range(6):
        clock.now += 3600.0
        report, _ = engine.run()
    assert (members(engine, LARGE), members(engine, OTHER)) == (3, 12) and report.settled
