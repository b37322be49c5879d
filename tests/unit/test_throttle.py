"""The windows of five minutes: never more than the budget in any of them, and less when the service pushes back."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from syncramp.endpoint.throttle import (
    LEAST,
    ONE_PUSH,
    WINDOW,
    Pressure,
    TenantWindows,
    Throttle,
    Timing,
    Window,
    windows_of,
)
from syncramp.simulator.latency import Clock
from syncramp.spec.types import WriteBudget

ALL = WriteBudget(100, 100, 1000)


def test_what_fits_goes_at_once_and_the_rest_waits_for_the_window_to_move() -> None:
    window = Window()
    assert window.delay(60, 100, 0.0) == 0.0
    window.spend(60, 0.0)
    assert window.delay(40, 100, 10.0) == 0.0
    window.spend(40, 10.0)
    assert window.delay(60, 100, 20.0) == WINDOW - 20
    assert window.delay(61, 100, 20.0) == WINDOW - 10
    assert window.delay(60, 100, WINDOW) == 0.0


def test_a_batch_larger_than_the_budget_goes_through_an_empty_window() -> None:
    window = Window()
    assert window.delay(30, 10, 0.0) == 0.0
    window.spend(30, 0.0)
    assert window.delay(1, 10, 1.0) == WINDOW - 1


@given(st.integers(1, 50), st.lists(st.tuples(st.integers(1, 30), st.floats(0, 200)), max_size=40))
def test_in_no_five_minutes_more_is_spent_than_the_budget_or_one_batch(budget, steps) -> None:
    window, now, spent = Window(), 0.0, []
    for writes, pause in steps:
        now += pause + window.delay(writes, budget, now + pause)
        window.spend(writes, now)
        spent.append((now, writes))
    for start, _ in spent:
        inside = [writes for moment, writes in spent if start <= moment < start + WINDOW - 1e-6]
        assert sum(inside) <= max(budget, inside[0])


def test_links_wait_for_their_own_budget_and_take_nothing_from_that_of_the_objects() -> None:
    windows = TenantWindows()
    assert windows.take(1, 1000, ALL, 0.0) == 0.0
    assert windows.take(1, 1, ALL, 10.0) == WINDOW - 10
    assert windows.take(99, 0, ALL, 20.0) == 0.0
    assert windows.take(1, 0, ALL, 30.0) == WINDOW - 30


def test_what_does_not_fit_spends_nothing_of_either_budget() -> None:
    windows = TenantWindows()
    windows.take(0, 1000, ALL, 0.0)
    for _ in range(10):
        assert windows.take(50, 1, ALL, 1.0) > 0
    assert windows.take(100, 0, ALL, 2.0) == 0.0


def test_the_budget_is_halved_at_each_push_down_to_a_sixteenth_and_comes_back_in_time() -> None:
    pressure, now = Pressure(), 0.0
    assert pressure.level(now) == 1.0
    for expected in (1 / 2, 1 / 4, 1 / 8, LEAST, LEAST):
        pressure.push(now)
        assert abs(pressure.level(now) - expected) < 0.02
        now += ONE_PUSH
    assert pressure.level(now + 2 * WINDOW) > LEAST + 0.19
    assert pressure.level(now + 20 * WINDOW) == 1.0


def test_calls_that_are_pushed_back_together_halve_the_budget_once() -> None:
    pressure = Pressure()
    assert pressure.push(100.0)
    assert not pressure.push(100.0 + ONE_PUSH - 1)
    assert abs(pressure.level(129.0) - 0.5) < 0.01


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1000)), max_size=30))
def test_the_level_never_leaves_its_bounds_and_never_falls_without_a_push(steps) -> None:
    pressure, now, before = Pressure(), 0.0, 1.0
    for pushes, pause in steps:
        now += pause
        assert LEAST <= before <= pressure.level(now) <= 1.0
        if pushes:
            pressure.push(now)
        before = pressure.level(now)


def test_what_waits_for_no_room_is_counted_and_the_rest_waits_the_longer() -> None:
    windows = TenantWindows()
    windows.spend(150, 10, 0.0)
    assert windows.take(1, 0, ALL, 1.0) == WINDOW - 1
    assert windows.take(0, 991, ALL, 1.0) == WINDOW - 1
    assert windows.take(1, 991, ALL, WINDOW) == 0.0


def test_a_push_leaves_half_of_the_room() -> None:
    windows = TenantWindows()
    assert windows.push(0.0) == 0.5
    assert windows.push(1.0) is None
    assert windows.take(50, 0, ALL, 1.0) == 0.0
    assert windows.take(1, 0, ALL, 2.0) > 0


def test_two_runs_on_one_tenant_share_what_was_spent_and_keep_to_their_own_budgets() -> None:
    stop = threading.Event()
    one = Throttle(windows_of("A"), WriteBudget(100, 100), stop, print)
    other = Throttle(windows_of("a"), WriteBudget(100, 50), stop, print)
    elsewhere = Throttle(windows_of("B"), WriteBudget(100, 100), stop, print)
    assert one.reserve(45, 0, wait=False)
    assert not other.reserve(10, 0, wait=False)
    assert other.reserve(5, 0, wait=False)
    assert one.reserve(50, 0, wait=False)
    assert elsewhere.reserve(100, 0, wait=False)


def test_on_a_virtual_clock_the_wait_for_room_passes_at_once() -> None:
    clock = Clock(lambda: 1_790_000_000.0, virtual=True)
    timing = Timing(clock, clock.rest)
    throttle = Throttle(TenantWindows(), ALL, threading.Event(), lambda text: None, timing)
    assert all(throttle.reserve(40, 0, wait=True) for _ in range(5))
    assert clock.skipped == 2 * WINDOW


def test_a_push_is_told_once() -> None:
    told: list[str] = []
    throttle = Throttle(TenantWindows(), ALL, threading.Event(), told.append)
    throttle.push_back()
    throttle.push_back()
    assert told == ["the service pushes back: 50% of our share of the tenant's throttle is used from now on"]
