"""How long it takes to fill a group: by its calls, and by what is left of our share of the throttle."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.filled import Clock, large_groups, others_wait, rooms
from syncramp.cycle.filling import Pacing
from syncramp.ramp.latency import LatencyModel, paced
from syncramp.spec.types import WriteBudget

SLOW = LatencyModel(call=2.0, link=0.5)
WIDE = WriteBudget(1_000_000, 100, 1_000_000)


def test_calls_follow_each_other_and_the_last_one_carries_the_rest() -> None:
    assert Pacing(10, WIDE, SLOW).duration(25, 1000.0) == 2 * 7.0 + (2.0 + 2.5)
    assert Pacing(10, WIDE, SLOW).duration(0, 1000.0) == 0.0


def test_what_does_not_fit_into_our_share_waits_five_minutes() -> None:
    pacing = Pacing(10, WriteBudget(1_000_000, 50, 40), SLOW)
    assert pacing.duration(20, 1000.0) == 2 * 7.0
    assert pacing.duration(30, 1000.0) == 300.0 + 7.0
    assert pacing.duration(20, 1000.0, [(900.0, 1, 20)]) == 200.0 + 2 * 7.0
    assert pacing.duration(20, 1000.0, [(700.0, 1, 20), (1001.0, 1, 20)]) == 2 * 7.0, "of these five minutes alone"


def test_objects_take_room_too() -> None:
    pacing = Pacing(10, WriteBudget(4, 50, 1_000_000), SLOW)
    assert pacing.duration(30, 1000.0) == 300.0 + 7.0
    assert pacing.duration(10, 1000.0, [(990.0, 2, 0)]) == 290.0 + 7.0


@given(
    st.integers(1, 500),
    st.integers(1, 500),
    st.integers(1, 50),
    st.integers(1, 200),
    st.lists(st.tuples(st.floats(0, 300), st.integers(1, 5), st.integers(0, 60)), max_size=5),
)
def test_more_links_take_longer_and_what_was_sent_never_makes_it_shorter(
    links: int, more: int, in_call: int, budget: int, sent: list[tuple[float, int, int]]
) -> None:
    pacing = Pacing(in_call, WriteBudget(1_000_000, 100, budget), SLOW)
    free, earlier = pacing.duration(links, 300.0), sorted(sent)
    assert SLOW.export(links, in_call) <= free + 1e-6
    assert free <= pacing.duration(links + more, 300.0) + 1e-6
    assert free <= pacing.duration(links, 300.0, earlier) + 1e-6
    if budget % in_call == 0:
        assert paced(links, pacing.budget) <= free + 1e-6, "five minutes for each share after the first"


def test_the_pace_is_that_of_the_calls_that_runs_measured(tmp_path: Path) -> None:
    clock = Clock(call=50.0)
    engine = large_groups(tmp_path, clock)
    with engine.store() as store:
        assert Pacing.of(engine.job(store), 4).duration(4, 0.0) == pytest.approx(LatencyModel().seconds(4))
    with rooms(others_wait):
        engine.run()
    for number in range(4, 12):
        engine.source.members[b"\0" * 15 + b"g"] = engine.source.members[b"\0" * 15 + b"e"][:number]
        with rooms(others_wait):
            engine.run()
    with engine.store() as store:
        assert 20.0 < Pacing.of(engine.job(store), 4).duration(4, 0.0) < 60.0
