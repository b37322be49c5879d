"""How long a ceiling has proven itself: hours, runs, and whole business days on the clocks of a time zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.ramp.soak import business_days, earliest, soaked
from syncramp.spec.ramps import Soak

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati")
HOUR = 3600.0


def at(text: str, zone: str = "Europe/Berlin") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2026-03-02T08:00", "2026-03-02T18:00", 1),
        ("2026-03-02T08:00:01", "2026-03-02T18:00", 0),
        ("2026-03-02T08:00", "2026-03-02T17:59:59", 0),
        ("2026-03-06T17:00", "2026-03-09T09:00", 0),
        ("2026-03-06T17:00", "2026-03-09T18:00", 1),
        ("2026-03-02T00:00", "2026-03-09T00:00", 5),
        ("2026-03-02T12:00", "2026-03-02T11:00", 0),
    ],
    ids=["exactly one", "begun late", "ended early", "a weekend", "the Monday after it", "a week", "backwards"],
)
def test_a_business_day_counts_when_all_of_it_lies_within(since: str, until: str, days: int) -> None:
    assert business_days(at(since), at(until), "Europe/Berlin") == days


def test_a_business_day_is_one_of_the_time_zone() -> None:
    since, until = at("2026-03-02T08:00", "UTC"), at("2026-03-02T18:00", "UTC")
    assert {zone: business_days(since, until, zone) for zone in ZONES[:3]} == {
        "UTC": 1,
        "Europe/Berlin": 0,
        "America/New_York": 0,
    }


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"], ids=["put forward", "put back"])
def test_clocks_that_change_on_a_sunday_move_the_monday_by_an_hour_and_lose_no_day(day: str) -> None:
    saturday = at(day) - 24 * HOUR
    monday = at(day) + (23 if day.startswith("2026-03") else 25) * HOUR
    assert earliest(Soak(business_days=1), saturday, "Europe/Berlin") == monday + 18 * HOUR
    assert business_days(saturday, monday + 18 * HOUR, "Europe/Berlin") == 1


def test_a_soak_is_over_when_every_part_of_it_is() -> None:
    wanted = Soak(timedelta(hours=24), cycles=3, business_days=1)
    friday = at("2026-03-06T12:00")
    monday = at("2026-03-09T18:00")
    assert soaked(wanted, friday, monday, 3, "Europe/Berlin").over
    assert not soaked(wanted, friday, monday - 1, 3, "Europe/Berlin").over
    assert not soaked(wanted, friday, monday, 2, "Europe/Berlin").over
    assert not soaked(Soak(timedelta(days=4)), friday, monday, 3, "Europe/Berlin").over
    assert soaked(wanted, friday, monday, 3, "Europe/Berlin").as_json() == {
        "elapsed": monday - friday,
        "duration": 86400.0,
        "cycles": 3,
        "wantedCycles": 3,
        "businessDays": 1,
        "wantedBusinessDays": 1,
    }


def test_what_has_not_begun_has_not_soaked() -> None:
    assert not soaked(Soak(timedelta(seconds=1)), None, at("2026-03-09T18:00"), 5, "UTC").over
    assert soaked(Soak(cycles=1), None, 0.0, 5, "UTC").cycles == 0


def test_the_earliest_end_is_that_of_the_last_part() -> None:
    since = at("2026-03-02T08:00", "UTC")
    assert earliest(Soak(timedelta(hours=24)), since, "UTC") == since + 24 * HOUR
    assert earliest(Soak(timedelta(hours=24), business_days=3), since, "UTC") == since + 58 * HOUR
    assert earliest(Soak(timedelta(hours=24)), since, "UTC", since + 99 * HOUR) == since + 99 * HOUR
    assert earliest(Soak(), since, "UTC") == since


moments = st.integers(1_577_836_800, 2_051_222_400).map(float)
"""From 2020 to 2035."""


@given(since=moments, days=st.integers(0, 12), hours=st.integers(0, 200), zone=st.sampled_from(ZONES))
def test_a_soak_is_over_at_its_earliest_moment_and_not_before(since: float, days: int, hours: int, zone: str) -> None:
    wanted = Soak(timedelta(hours=hours), business_days=days)
    end = earliest(wanted, since, zone)
    assert soaked(wanted, since, end, 0, zone).over
    assert end == since or not soaked(wanted, since, end - 1, 0, zone).over


@given(since=moments, first=st.integers(0, 10**6), second=st.integers(0, 10**6), zone=st.sampled_from(ZONES))
def test_business_days_of_two_spells_are_never_more_than_those_of_both(
    since: float, first: int, second: int, zone: str
) -> None:
    middle, end = since + first, since + first + second
    apart = business_days(since, middle, zone) + business_days(middle, end, zone)
    assert apart <= business_days(since, end, zone) <= apart + 1
