"""The line through measured calls: what it finds, and what few or odd measurements do to it."""

import random
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.ramp.latency import CALL, FULL, LINK, TAIL, LatencyModel, Timed, fitted, paced
from syncramp.spec.types import WriteBudget

CALLS = st.builds(
    Timed,
    links=st.integers(0, 20_000).map(float),
    seconds=st.floats(0, 600),
    weight=st.floats(0, 1_000),
)


def _measured(call: float, link: float, number: int = 200, seed: int = 1) -> list[Timed]:
    chance = random.Random(seed)
    sizes = [chance.randint(1, most) for most in (100, FULL) for _ in range(number // 2)]
    return [Timed(size, (call + link * size) * chance.uniform(0.9, 1.1)) for size in sizes]


def test_nothing_measured_is_a_guess_and_says_so() -> None:
    model = fitted([])
    assert (model.call, model.link, model.tail, model.calls) == (CALL, LINK, TAIL, 0)
    assert "guess" in model.source


@pytest.mark.parametrize(("call", "link"), [(0.5, 0.0005), (5.0, 0.01), (20.0, 0.0)])
def test_the_line_of_many_calls_is_found(call: float, link: float) -> None:
    model = fitted(_measured(call, link))
    for links in (100, 5_000, FULL):
        assert model.seconds(links) == pytest.approx(call + link * links, rel=0.05, abs=0.2)
    assert model.calls == 200
    assert "guess" not in model.source


def test_a_few_small_calls_do_not_foretell_a_full_one() -> None:
    model = fitted([Timed(10, 1.0), Timed(11, 9.0), Timed(12, 17.0)])  # alone: 8 seconds for a link
    assert model.seconds(FULL) < 2 * LatencyModel().seconds(FULL)
    assert "mostly a guess" in model.source


def test_calls_that_a_stalled_service_kept_hardly_bend_the_line() -> None:
    usual = _measured(1.0, 0.001)
    model = fitted([*usual, *[Timed(9_000, 300.0)] * 6])
    assert model.seconds(FULL) == pytest.approx(16.0, rel=0.1)


def test_a_weight_counts_as_so_many_calls() -> None:
    once = [Timed(10, 1.0, 3.0), Timed(9_000, 30.0, 2.0)]
    each = [Timed(10, 1.0)] * 3 + [Timed(9_000, 30.0)] * 2
    assert fitted(once).seconds(FULL) == pytest.approx(fitted(each).seconds(FULL))
    assert fitted(once).calls == fitted(each).calls == 5


def test_the_slowest_of_twenty_is_measured_from_twenty_calls_on() -> None:
    nineteen = [Timed(1_000, 2.0)] * 19
    assert fitted(nineteen).tail == TAIL
    slow = fitted([Timed(1_000, 2.0)] * 90 + [Timed(1_000, 8.0)] * 10)
    assert slow.slow(1_000) == pytest.approx(8.0, rel=0.01)


@given(st.lists(CALLS, max_size=12))
def test_no_measurement_makes_time_run_backwards(calls: list[Timed]) -> None:
    model = fitted(calls)
    assert model.call >= 0
    assert model.link >= 0
    assert model.tail >= 1
    assert isfinite(model.slow(FULL))


def test_larger_calls_than_measured_are_reckoned_and_that_is_told() -> None:
    assert "reckoned" in fitted([Timed(100, 1.0, 50.0)]).source
    assert "reckoned" not in fitted([Timed(FULL, 9.0, 50.0)]).source


def test_the_calls_of_one_group_follow_each_other() -> None:
    model = LatencyModel(1.0, 0.01)
    assert model.export(0, 100) == 0
    assert model.export(100, 100) == 2.0
    assert model.export(250, 100) == 2 * 2.0 + 1.5


def test_our_share_of_the_throttle_goes_at_once_and_the_next_waits_five_minutes() -> None:
    writes = WriteBudget(share=50, links_per_five_minutes=1_000)
    assert [paced(links, writes) for links in (0, 500, 501, 1_000, 1_001)] == [0, 0, 300, 300, 600]
