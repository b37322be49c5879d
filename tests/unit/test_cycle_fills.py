"""A group that its ramp lets have all members gets them in one go, or does not begin."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine, links
from support.filled import fills, newcomers, rooms, waits
from support.model import Crash
from syncramp.cycle.results import NOT_FILLED
from syncramp.errors import AnotherRunActive, CallFailed
from syncramp.model.holds import Hold
from syncramp.model.report import RunReport
from syncramp.model.wire import SyncObject
from syncramp.spec.failsafe import Failsafe
from syncramp.spec.ramps import RampPolicy, Step
from syncramp.spec.types import ApprovalMode, EndpointOverrides, WriteBudget

PEOPLE = range(1, 13)
LARGE, OTHER, SMALL = 101, 102, 103


@dataclass
class Clock:
    """Time passes with every call, and after each of them something may happen."""

    now: float = 1_000_000.0
    call: float = 10.0
    calls: int = 0
    then: dict[int, Callable[[], object]] = field(default_factory=dict)

    def __call__(self) -> float:
        return self.now

    def fault(self, moment: str) -> None:
        if moment == "after":
            self.now += self.call
            self.calls += 1
            self.then.pop(self.calls, lambda: None)()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    """Twelve people in two large groups, and some of them in a small one; a call carries four links."""
    made = Engine(tmp_path / "state.db", clock=clock)
    made.source.add(*map(user, PEOPLE), *map(group, (LARGE, OTHER, SMALL)))
    for number in (LARGE, OTHER):
        made.source.members[guid(number)] = list(map(user_dn, PEOPLE))
    made.source.members[guid(SMALL)] = list(map(user_dn, range(1, 4)))
    made.cloud.max_links = 4
    made.cloud.fault = clock.fault
    return made


def large(group, begun):
    """Both large groups may be filled; the small one follows no ramp."""
    return fills(group, begun) if "Group 103" not in group.dn else None


@pytest.fixture
def ramp() -> Iterator[None]:
    with rooms(large):
        yield


def name(engine: Engine, obj: SyncObject) -> int:
    """The number of the entry that an object is of."""
    anchors = {engine.anchor(entry): int.from_bytes(entry.guid) for entry in engine.source.entries.values()}
    return anchors[str(obj.values["SourceAnchor"])]


def group_dn(number: int) -> str:
    return group(number).dn


def members(engine: Engine, number: int) -> int | None:
    """How many the cloud has; None: the group is not there."""
    anchor = engine.anchor(group(number))
    return len(engine.cloud.links.get(anchor, ())) if anchor in engine.cloud.objects else None


def filling(engine: Engine) -> set[str]:
    with engine.store() as store:
        return set(store.filling.begun())


def reasons(report: RunReport) -> list[str]:
    return [sample.detail for sample in report.warning_samples.get(NOT_FILLED, [])]


def agrees(report: RunReport) -> bool:
    tallies = (report.objects, report.links)
    return all(
        min(each.acknowledged, each.held, each.left) >= 0
        and each.expected == each.acknowledged + each.held + each.refused + each.in_doubt + each.left
        for each in tallies
    )


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


def test_as_many_groups_begin_as_the_ramp_says(engine: Engine) -> None:
    policy = RampPolicy("built-in", (Step(20),), (), groups_per_cycle=2)
    engine.config = replace(engine.config, ramps=(replace(policy, name="mine"),))

    def mine(group, begun):
        return replace(room, ramp="mine") if (room := large(group, begun)) else None

    with rooms(mine):
        report, _ = engine.run()
    assert (members(engine, LARGE), members(engine, OTHER)) == (12, 12) and report.settled


def others_wait(group, begun):
    """The large groups wait, and others follow no ramp."""
    return waits(group, begun) if "Group 103" not in group.dn else None


def test_a_fill_that_began_goes_on_beyond_the_end_of_the_slice(engine: Engine, clock: Clock) -> None:
    with rooms(others_wait):
        engine.run()
    engine.config = replace(engine.config, interval=timedelta(seconds=45))
    clock.call = 30.0
    engine.source.members[guid(SMALL)].append(user_dn(4))
    with rooms(large):
        report, _ = engine.run()
    assert members(engine, LARGE) == 12 and members(engine, SMALL) == 3
    assert report.sliced and agrees(report) and report.links.left == 12 + 1


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
    engine.config = replace(engine.config, interval=timedelta(minutes=11))
    for _ in range(2):
        clock.now += 900.0
        engine.run()
    assert (members(engine, LARGE), members(engine, OTHER)) == (12, 12)


def test_newcomers_of_a_whole_group_do_not_wait_for_a_slice_that_never_comes(engine: Engine) -> None:
    engine.config = replace(engine.config, interval=timedelta(seconds=1))
    engine.source.members[guid(OTHER)] = []
    with rooms(others_wait):
        for _ in range(8):
            engine.run()
    with rooms(lambda group, begun: newcomers(group, begun) if "101" in group.dn else None):
        report, _ = engine.run()
    assert members(engine, LARGE) == 12 and not reasons(report)


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
    import sqlite3

    with sqlite3.connect(engine.path) as other:
        return {row[0] for row in other.execute("SELECT anchor FROM ramp_groups WHERE filling = 1")}


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


def test_a_group_that_nobody_wants_any_more_fills_no_longer(engine: Engine, clock: Clock, ramp: None) -> None:
    clock.then[8] = engine.stop.set
    engine.run()
    engine.stop.clear()
    assert filling(engine)
    del engine.source.entries[guid(LARGE)]
    engine.run()
    engine.run()
    assert not filling(engine)


def test_members_whose_create_is_refused_keep_no_group_back(engine: Engine, ramp: None) -> None:
    engine.cloud.refuse = lambda obj: "no" if name(engine, obj) == 7 else ""
    report, _ = engine.run()
    assert members(engine, LARGE) == 11 and agrees(report)
    assert not filling(engine), "who is not in the cloud comes as a newcomer"
    engine.cloud.refuse = lambda obj: ""
    with rooms(newcomers):
        engine.run()
    assert members(engine, LARGE) == 12


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


def test_a_group_comes_before_one_that_it_is_nested_in(engine: Engine) -> None:
    engine.config = replace(engine.config, ramps=(RampPolicy("mine", (Step(20),), (), groups_per_cycle=9),))
    engine.source.members[guid(LARGE)] = [group_dn(OTHER)]
    with rooms(lambda group, begun: replace(fills(group, begun), ramp="mine")):
        report, _ = engine.run()
    assert report.settled
    first = [name(engine, obj) for obj in engine.sent if name(engine, obj) in (LARGE, OTHER)]
    assert first == sorted(first, reverse=True)


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
