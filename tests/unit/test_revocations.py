"""How long it took to take something away: from the import that first showed it to the answer of the service."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from support.build import group, guid, user, user_dn
from support.clock import Clock
from support.engine import Engine, crashing
from support.model import Crash
from syncramp.model.report import RemovalLatency
from syncramp.source import dn
from syncramp.store.revocations import KEPT_SECONDS, Revocations
from syncramp.store.store import Store

PEOPLE = range(1, 9)
HOUR = 3600.0


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000.0)


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    made = Engine(tmp_path / "state.db", clock=clock)
    made.source.add(*map(user, PEOPLE), group(101))
    made.source.members[guid(101)] = list(map(user_dn, PEOPLE))
    made.settle()
    return made


def disable(engine: Engine, *numbers: int) -> None:
    engine.source.add(*(user(number, userAccountControl="514") for number in numbers))


def refuse_all(engine: Engine) -> None:
    engine.cloud.refuse = lambda obj: "no"


def refuse_nothing(engine: Engine) -> None:
    engine.cloud.refuse = lambda obj: ""


def test_a_run_without_removals_has_no_latency(engine: Engine) -> None:
    assert engine.run()[0].removal_latency == RemovalLatency()


def test_what_is_refused_waits_and_is_measured_from_when_it_was_first_seen(engine: Engine, clock: Clock) -> None:
    disable(engine, 1)
    engine.source.members[guid(101)].remove(user_dn(2))
    refuse_all(engine)
    engine.run()
    clock.now += HOUR
    latency = engine.run()[0].removal_latency
    assert (latency.count, latency.p50, latency.waiting, latency.oldest) == (0, None, 2, HOUR)
    refuse_nothing(engine)
    clock.now += HOUR
    latency = engine.run()[0].removal_latency
    assert latency == RemovalLatency(2, 2 * HOUR, 2 * HOUR, 2 * HOUR, 0, None)


def test_what_is_held_waits_too(engine: Engine, clock: Clock) -> None:
    engine.source.complete = False
    disable(engine, 1)
    engine.source.members[guid(101)].remove(user_dn(2))
    report, _ = engine.run()
    assert report.holds == {"SourceIncomplete": 2}
    assert report.removal_latency.waiting == 2
    clock.now += HOUR
    engine.source.complete = True
    assert engine.settle().removal_latency.max == HOUR


def test_what_is_not_wanted_any_more_is_forgotten(engine: Engine, clock: Clock) -> None:
    disable(engine, 1)
    engine.source.members[guid(101)].remove(user_dn(2))
    refuse_all(engine)
    engine.run()
    engine.source.add(user(1))
    engine.source.members[guid(101)].append(user_dn(2))
    clock.now += HOUR
    assert engine.run()[0].removal_latency == RemovalLatency()


def test_wanted_again_counts_from_anew(engine: Engine, clock: Clock) -> None:
    test_what_is_not_wanted_any_more_is_forgotten(engine, clock)
    refuse_nothing(engine)
    disable(engine, 1)
    latency = engine.run()[0].removal_latency
    assert (latency.count, latency.max) == (1, 0.0)


def test_members_of_one_group_wait_each_for_itself(engine: Engine, clock: Clock) -> None:
    refuse_all(engine)
    for number in (1, 2, 3):
        engine.source.members[guid(101)].remove(user_dn(number))
        engine.run()
        clock.now += HOUR
    refuse_nothing(engine)
    latency = engine.run()[0].removal_latency
    assert latency == RemovalLatency(3, 2 * HOUR, 3 * HOUR, 3 * HOUR, 0, None)


def test_a_group_that_is_answered_in_part_waits_in_part(engine: Engine, clock: Clock) -> None:
    engine.cloud.max_links = 2
    engine.source.members[guid(101)] = []
    answers = iter([""])
    engine.cloud.refuse = lambda obj: next(answers, "no")
    latency = engine.run()[0].removal_latency
    assert (latency.count, latency.waiting) == (2, 6)


def test_the_delete_of_an_object_ends_the_wait_of_its_disable(engine: Engine) -> None:
    disable(engine, 1)
    refuse_all(engine)
    engine.run()
    refuse_nothing(engine)
    engine.source.add(user(1, userAccountControl="514", isCriticalSystemObject="TRUE"))
    report, _ = engine.run()
    assert report.counts == {"Delete": {"User": 1}}
    assert report.removal_latency == RemovalLatency()


@pytest.mark.parametrize("seed", range(10))
def test_a_kill_at_any_point_keeps_the_moment_of_the_first_sight(engine: Engine, clock: Clock, seed: int) -> None:
    luck = random.Random(seed)
    disable(engine, 1, 2)
    engine.source.members[guid(101)] = engine.source.members[guid(101)][4:]
    refuse_all(engine)
    engine.run()
    refuse_nothing(engine)
    for _ in range(3):
        clock.now += HOUR
        with suppress(Crash), crashing(lambda: luck.random() < 0.05):
            engine.run()
    clock.now += 1.0
    engine.settle()
    with engine.store() as store:
        sql = "SELECT value, SUM(weight) FROM samples WHERE name = 'removalLatency' GROUP BY value"
        times = dict(store.database.all(sql))
    first, again = {HOUR, 2 * HOUR, 3 * HOUR, 3 * HOUR + 1.0}, {0.0, 1.0}
    assert set(times) <= first | again, "what was answered to a run that was killed is sent once more"
    assert sum(number for seconds, number in times.items() if seconds in first) == 6


# --- the numbers ----------------------------------------------------------------------------------------------------


@contextmanager
def revocations(path: Path) -> Iterator[Revocations]:
    store = Store(path, dn.key)
    try:
        yield store.revocations
    finally:
        store.close()


@settings(max_examples=25)
@given(st.dictionaries(st.integers(0, 50), st.integers(1, 20), min_size=1))
def test_percentiles_are_those_of_all_samples(
    tmp_path_factory: pytest.TempPathFactory, times: dict[int, int]
) -> None:
    with revocations(tmp_path_factory.mktemp("s") / "state.db") as kept:
        first = 1
        for seconds, number in times.items():
            members = BitMap(range(first, first + number))
            kept.note(BitMap(), {seconds + 1: members}, 100.0 - seconds)
            kept.taken(seconds + 1, members, 100.0, 7)
            first += number
        told = kept.latency(7, 7, 100.0)
    flat = sorted(seconds for seconds, number in times.items() for _ in range(number))
    p50, p95 = (flat[-(-percent * len(flat) // 100) - 1] for percent in (50, 95))
    assert told == RemovalLatency(len(flat), p50, p95, flat[-1], 0, None)


def test_samples_are_kept_for_a_week(tmp_path: Path) -> None:
    with revocations(tmp_path / "state.db") as kept:
        kept.note(BitMap([1]), {}, 0.0)
        kept.taken(1, None, 1.0, 1)
        kept.note(BitMap(), {}, KEPT_SECONDS)
        assert kept.latency(1, 1, KEPT_SECONDS).count == 1
        kept.note(BitMap(), {}, KEPT_SECONDS + 2.0)
        assert kept.latency(1, 1, KEPT_SECONDS).count == 0


def test_a_clock_that_goes_back_gives_no_negative_time(tmp_path: Path) -> None:
    with revocations(tmp_path / "state.db") as kept:
        kept.note(BitMap([1, 2]), {}, 100.0)
        kept.taken(1, None, 50.0, 1)
        told = kept.latency(1, 1, 50.0)
    assert told == RemovalLatency(1, 0.0, 0.0, 0.0, 1, 0.0)
