"""What limits growth in a directory beside its ramp: groups made in one run, and in how many groups members are."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from support.build import guid
from support.ramped import membership
from support.written_engine import WrittenEngine, written_back
from syncramp.cycle.job import Job
from syncramp.cycle.job import written_back as other_of
from syncramp.cycle.writeback.both import directed
from syncramp.cycle.writeback.limiting import MOST_TOKENS, known_as_heavy, limit
from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Hold
from syncramp.model.ramps import GroupPhase, Room
from syncramp.model.state import ObjectState
from syncramp.model.values import Kind
from syncramp.plan.members import membership_change
from syncramp.store.snapshot import Snapshot

GROUP, SECURITY = 0x8, 0x8 - 0x80000000


@dataclass
class View:
    """Groups by their groupType, and members by their number."""

    types: Mapping[int, int] = field(default_factory=dict)
    in_cloud: BitMap = field(default_factory=BitMap)
    asked: list[int] = field(default_factory=list)

    @property
    def desired(self) -> BitMap:
        return BitMap(self.types)

    def states(self, ids: Iterable[int]) -> Iterator[ObjectState]:
        for one in ids:
            desired = {"groupType": self.types[one]}
            yield ObjectState(one, 1, Kind.GROUP, f"group_{one}", "", desired, None, False, frozenset(), None, "")

    def named(self, ids: BitMap) -> Iterator[tuple[int, str]]:
        for one in ids:
            self.asked.append(one)
            yield one, f"group_{one}" if one in self.types else str(UUID(bytes_le=guid(one)))


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    engine = WrittenEngine(tmp_path / "store.db")
    engine.config = replace(engine.config, writeback=written_back(creates_per_cycle=3))
    engine.employ(*range(100, 200))
    with engine.store() as store:
        yield directed(engine.job(store))


def limited(job: Job, view: View, rooms: Mapping[int, Room], **more: Any) -> Circumstances:
    return limit(job, cast("Snapshot", view), Circumstances(ramps=rooms), **more)


def room(*admitted: int, **more: Any) -> Room:
    return Room("writeback", BitMap(admitted), **{"phase": GroupPhase.GROWING, **more})


def weighs(job: Job, number: int, groups: int) -> None:
    cast("Any", other_of(job).target).heavy[guid(number)] = groups


def test_so_many_groups_are_made_in_a_run_and_those_that_were_known_first_come_first(job: Job) -> None:
    view = View(dict.fromkeys(range(1, 9), GROUP), in_cloud=BitMap([2]))
    rooms = {number: room(100, 101) for number in (1, 2, 4, 5, 6)}
    found = limited(job, view, rooms).ramps
    assert {number for number, one in found.items() if one.absent} == {5, 6, 7, 8}, "1, 3 and 4 are made"
    assert (found[5].admitted, found[5].waiting, found[5].phase) == (BitMap(), 2, GroupPhase.ABSENT)
    assert found[5].hold is Hold.RAMP
    assert found[5].reason == "3 groups are made in one run (groupCreatesPerCycle), and 7 are to be made"
    assert (found[1], found[2]) == (rooms[1], rooms[2])


def test_a_group_that_its_ramp_does_not_make_yet_takes_no_place(job: Job) -> None:
    view = View(dict.fromkeys(range(1, 6), GROUP))
    rooms = {1: room(absent=True, reason="it does not fit"), **{number: room(100) for number in range(2, 6)}}
    found = limited(job, view, rooms).ramps
    assert {number for number, one in found.items() if one.absent} == {1, 5}
    assert found[1].reason == "it does not fit"


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_never_more_groups_are_made_in_a_run_and_never_fewer_than_may_be(
    wanted: set[int], there: set[int], waits: set[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("syncramp.cycle.writeback.limiting._too_heavy", lambda *_: {})
        patch.setattr("syncramp.cycle.writeback.limiting.written_back", lambda _: _Three())
        view = View(dict.fromkeys(wanted, GROUP), BitMap(there))
        rooms = {one: room(absent=True) for one in waits & wanted - there}
        found = limited(cast("Job", _Planning()), view, rooms).ramps
    made = {one for one in wanted - there if one not in found or not found[one].absent}
    assert len(made) == min(3, len(wanted - there - waits))


class _Three:
    config = written_back(creates_per_cycle=3)


class _Planning:
    exports = False


def test_who_is_in_too_many_groups_stays_out_of_security_groups_alone(job: Job) -> None:
    view = View({1: GROUP, 2: SECURITY, 3: SECURITY}, in_cloud=BitMap([1, 2, 3]))
    weighs(job, 101, MOST_TOKENS)
    weighs(job, 102, MOST_TOKENS - 1)
    rooms = {1: room(100, 101), 2: room(101, 102), 3: room(103)}
    around = limited(job, view, rooms)
    assert around.too_heavy == {2: BitMap([101])}
    weighed = other_of(job).weighed
    assert (weighed.members, weighed.heaviest, weighed.unknown) == (3, MOST_TOKENS - 1, 0)
    assert view.asked == [101, 102, 103], "of a distribution group nobody is looked at"
    change = membership_change(replace(membership(2, desired=(101, 102)), sure=BitMap()), around)
    assert change is not None and change.adds == BitMap([102])
    assert [(held.hold, held.adds) for held in change.held] == [(Hold.TOKENS, BitMap([101]))]


def test_each_security_group_of_a_run_counts_for_the_next_one(job: Job) -> None:
    """Who is in 998 comes into two of them, however many groups are made in this run."""
    view = View({2: SECURITY, 3: SECURITY, 4: SECURITY, 5: GROUP}, in_cloud=BitMap())
    weighs(job, 101, MOST_TOKENS - 2)
    rooms = {group: room(101, 102) for group in (2, 3, 4, 5)}
    assert limited(job, view, {**rooms, 5: room(101, 102, absent=True)}).too_heavy == {4: BitMap([101])}
    assert other_of(job).weighed.heaviest == MOST_TOKENS - 1


def test_the_limit_is_one_of_the_function_and_not_of_the_document(job: Job) -> None:
    view = View({2: SECURITY}, in_cloud=BitMap([2]))
    weighs(job, 101, 12)
    assert limited(job, view, {2: room(101, 102)}, most_tokens=12).too_heavy == {2: BitMap([101])}
    assert limited(job, view, {2: room(101, 102)}, most_tokens=13).too_heavy == {}


def test_of_whom_it_cannot_be_asked_is_counted_and_comes(job: Job) -> None:
    cast("Any", other_of(job).target).people.discard(guid(101))
    view = View({2: SECURITY}, in_cloud=BitMap([2]))
    assert limited(job, view, {2: room(101, 102)}).too_heavy == {}
    assert (other_of(job).weighed.members, other_of(job).weighed.unknown) == (2, 1)


def test_groups_that_are_written_themselves_sign_in_nowhere(job: Job) -> None:
    view = View({1: GROUP, 2: SECURITY}, in_cloud=BitMap([1, 2]))
    limited(job, view, {2: room(1, 101)})
    assert other_of(job).weighed.members == 1


def test_each_plan_is_weighed_anew(job: Job) -> None:
    view = View({2: SECURITY}, in_cloud=BitMap([2]))
    weighs(job, 101, 950)
    limited(job, view, {2: room(101)})
    assert other_of(job).weighed.heaviest == 950
    limited(job, view, {2: room()})
    assert (other_of(job).weighed.members, other_of(job).weighed.heaviest) == (0, 0)


def test_whom_a_run_kept_out_is_known_to_the_ramp_of_the_next_one(job: Job) -> None:
    view = View({2: SECURITY}, in_cloud=BitMap([2]))
    weighs(job, 101, MOST_TOKENS)
    assert known_as_heavy(job.store) == {}
    limited(job, view, {2: room(101, 102)})
    assert known_as_heavy(job.store) == {2: BitMap([101])}
    limited(replace(job, sends=False), view, {2: room()})
    assert known_as_heavy(job.store) == {2: BitMap([101])}, "a plan keeps nothing"
    limited(job, view, {2: room()})
    assert known_as_heavy(job.store) == {}


def test_nothing_is_asked_while_nothing_may_be_sent(job: Job) -> None:
    view = View({2: SECURITY})
    around = Circumstances(adoption="nothing is known", ramps={2: room(101)})
    assert limit(job, cast("Snapshot", view), around) is around
    assert view.asked == []
