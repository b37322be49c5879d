"""Limits of the failsafe: percentages are exact, have a floor, and can be halved."""

from dataclasses import fields
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from syncramp.spec.failsafe import DeleteLimits, Failsafe, share

PERCENT = st.decimals(min_value=0, max_value=100, places=4)


@given(PERCENT, st.integers(0, 10**7), st.integers(0, 1000), st.integers(0, 10**7))
def test_a_number_is_more_than_the_share_if_it_is_more_than_the_percentage_and_than_the_floor(
    percent: Decimal, whole: int, floor: int, number: int
) -> None:
    more = number > Fraction(percent) * whole / 100 and number > floor
    assert (number > share(percent, whole, floor)) == more


def test_a_tenth_of_a_percent_of_fifty_thousand_is_fifty() -> None:
    assert share(Decimal("0.1"), 50_000, 0) == 50
    assert share(Decimal("0.1"), 49_999, 0) == 49
    assert share(Decimal("0.1"), 50_000, 51) == 51


def test_every_limit_can_be_halved() -> None:
    whole, half = Failsafe(), Failsafe().halved()
    assert half.deletes == DeleteLimits(250, Decimal(5), 25, 10, 50, 12)
    assert half.creates.percent == Decimal("0.05")
    for group in fields(Failsafe):
        before, after = getattr(whole, group.name), getattr(half, group.name)
        numbers = (
            [(before, after)]
            if isinstance(before, int)
            else [(getattr(before, each.name), getattr(after, each.name)) for each in fields(before)]
        )
        assert all(0 < one < other for other, one in numbers)
