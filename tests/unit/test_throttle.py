"""The window of five minutes: never more than the budget in any of them."""

from hypothesis import given
from hypothesis import strategies as st

from syncramp.endpoint.throttle import WINDOW, Window


def test_what_fits_goes_at_once_and_the_rest_waits_for_the_window_to_move() -> None:
    window = Window(100)
    assert window.delay(60, 0.0) == 0.0
    window.spend(60, 0.0)
    assert window.delay(40, 10.0) == 0.0
    window.spend(40, 10.0)
    assert window.delay(60, 20.0) == WINDOW - 20
    assert window.delay(61, 20.0) == WINDOW - 10
    assert window.delay(60, WINDOW) == 0.0


def test_a_batch_larger_than_the_budget_goes_through_an_empty_window() -> None:
    window = Window(10)
    assert window.delay(30, 0.0) == 0.0
    window.spend(30, 0.0)
    assert window.delay(1, 1.0) == WINDOW - 1


@given(st.integers(1, 50), st.lists(st.tuples(st.integers(1, 30), st.floats(0, 200)), max_size=40))
def test_in_no_five_minutes_more_is_spent_than_the_budget_or_one_batch(budget, steps) -> None:
    window, now, spent = Window(budget), 0.0, []
    for writes, pause in steps:
        now += pause + window.delay(writes, now + pause)
        window.spend(writes, now)
        spent.append((now, writes))
    for start, _ in spent:
        inside = [writes for moment, writes in spent if start <= moment < start + WINDOW - 1e-6]
        assert sum(inside) <= max(budget, inside[0])
