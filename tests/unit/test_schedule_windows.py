"""Sync windows: what they say at a moment, and until when; over clocks that are put forward and back, too."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncramp.schedule.windows import Verdict, next_opening, verdict, why_shut
from syncramp.spec.scheduling import SyncWindow, WindowKind

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def allow(schedule: str, duration: timedelta, zone: str = "UTC") -> SyncWindow:
    return SyncWindow(WindowKind.ALLOW, schedule, duration, zone)


def deny(schedule: str, duration: timedelta, zone: str = "UTC") -> SyncWindow:
    return SyncWindow(WindowKind.DENY, schedule, duration, zone)


NIGHT = allow("0 20 * * *", 10 * HOUR)
"""20:00 to 6:00."""
OFFICE = deny("0 8 * * 1-5", 10 * HOUR)
"""8:00 to 18:00, Monday to Friday."""
FREEZE = deny("0 0 24 12 *", 14 * 24 * HOUR)
"""Over Christmas."""


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        ([], "2026-11-26T12:00", Verdict(True)),
        ([NIGHT], "2026-11-26T12:00", Verdict(False, at("2026-11-26T20:00"))),
        ([NIGHT], "2026-11-26T20:00", Verdict(True, at("2026-11-27T06:00"), NIGHT)),
        ([NIGHT], "2026-11-27T05:59:59", Verdict(True, at("2026-11-27T06:00"), NIGHT)),
        ([NIGHT], "2026-11-27T06:00", Verdict(False, at("2026-11-27T20:00"))),
        ([OFFICE], "2026-11-26T12:00", Verdict(False, at("2026-11-26T18:00"), OFFICE)),
        ([OFFICE], "2026-11-26T18:00", Verdict(True, at("2026-11-27T08:00"))),
        ([OFFICE], "2026-11-27T18:00", Verdict(True, at("2026-11-30T08:00"))),  # a Friday
        ([NIGHT, FREEZE], "2026-12-23T22:00", Verdict(True, at("2026-12-24T00:00"), NIGHT)),
        ([NIGHT, FREEZE], "2026-12-24T22:00", Verdict(False, at("2027-01-07T00:00"), FREEZE)),
        ([NIGHT, FREEZE], "2027-01-07T00:00", Verdict(True, at("2027-01-07T06:00"), NIGHT)),
        ([allow("0 20 * * *", 24 * HOUR)], "2026-11-26T12:00", Verdict(True, None, allow("0 20 * * *", 24 * HOUR))),
        ([deny("* * * * *", HOUR)], "2026-11-26T12:00", Verdict(False, None, deny("* * * * *", HOUR))),
        ([NIGHT, deny("* * * * *", MINUTE)], "2026-11-26T21:00", Verdict(False, None, deny("* * * * *", MINUTE))),
        ([deny("* 8-17 * * *", MINUTE)], "2026-11-26T12:00:30",
         Verdict(False, at("2026-11-26T18:00"), deny("* 8-17 * * *", MINUTE))),
        ([allow("0 0 29 2 *", HOUR)], "2026-11-26T12:00", Verdict(False, at("2028-02-29T00:00"))),
    ],
)  # fmt: skip
def test_what_windows_say(windows: Sequence[SyncWindow], now: str, expected: Verdict) -> None:
    assert verdict(windows, at(now)) == expected


def test_windows_that_follow_each_other_are_one_time() -> None:
    windows = [allow("0 8 * * *", 4 * HOUR), allow("0 12 * * *", 4 * HOUR)]
    assert verdict(windows, at("2026-11-26T09:00")).until == at("2026-11-26T16:00")


@pytest.mark.parametrize(
    ("schedule", "day", "opens"),
    [
        ("30 2 * * *", "2026-03-29", "2026-03-29T01:30"),  # 2:30 is left out: an hour later, at 3:30
        ("0 3 * * *", "2026-03-29", "2026-03-29T01:00"),
        ("30 1 * * *", "2026-03-29", "2026-03-29T00:30"),
        ("30 2 * * *", "2026-10-25", "2026-10-25T00:30"),  # 2:30 comes twice: in the first one
        ("30 3 * * *", "2026-10-25", "2026-10-25T02:30"),
        ("0 20 * * *", "2026-07-01", "2026-07-01T18:00"),
        ("0 20 * * *", "2026-12-01", "2026-12-01T19:00"),
    ],
)
def test_a_window_opens_by_the_clock_of_its_zone(schedule: str, day: str, opens: str) -> None:
    window = allow(schedule, 20 * MINUTE, "Europe/Berlin")
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    found = verdict([window], midnight)
    assert found == Verdict(False, at(opens))
    assert verdict([window], at(opens)) == Verdict(True, at(opens) + 20 * MINUTE, window)
    assert not verdict([window], at(opens) - timedelta(seconds=1)).open


def test_a_window_that_is_open_while_clocks_are_put_back_lasts_as_long_as_always() -> None:
    window = allow("0 22 * * *", 8 * HOUR, "Europe/Berlin")  # from 22:00 until 5:00, which is eight hours
    found = verdict([window], at("2026-10-25T01:45"))  # 2:45 for the second time
    assert found == Verdict(True, at("2026-10-25T04:00"), window)


def test_a_window_that_opened_in_the_first_of_two_hours_is_open_in_the_second() -> None:
    window = allow("30 2 * * *", 2 * HOUR, "Europe/Berlin")
    assert verdict([window], at("2026-10-25T01:15")) == Verdict(True, at("2026-10-25T02:30"), window)


def test_starts_that_clocks_put_forward_bring_out_of_order_are_in_order() -> None:
    window = allow("0,30 2-3 * * *", 10 * MINUTE, "Europe/Berlin")
    assert verdict([window], at("2026-03-29T01:15")) == Verdict(False, at("2026-03-29T01:30"))
    assert verdict([window], at("2026-03-29T01:35")) == Verdict(True, at("2026-03-29T01:40"), window)


@pytest.mark.parametrize(
    ("windows", "after", "opening"),
    [
        ([], "2026-11-26T12:00", None),
        ([NIGHT], "2026-11-26T12:00", "2026-11-26T20:00"),
        ([NIGHT], "2026-11-26T21:00", "2026-11-27T20:00"),
        ([OFFICE], "2026-11-27T19:00", "2026-11-30T18:00"),
        ([deny("* * * * *", HOUR)], "2026-11-26T12:00", None),
    ],
)
def test_when_growth_is_let_go_the_next_time(windows: Sequence[SyncWindow], after: str, opening: str | None) -> None:
    assert next_opening(windows, at(after)) == (at(opening) if opening else None)


@pytest.mark.parametrize(
    ("windows", "now", "words"),
    [
        ([], "2026-11-26T12:00", ""),
        ([NIGHT], "2026-11-26T12:00", "no sync window is open until 2026-11-26 20:00 UTC"),
        ([OFFICE], "2026-11-26T12:00",
         "the sync window Deny '0 8 * * 1-5' for 10h (UTC) is open until 2026-11-26 18:00 UTC"),
        ([deny("* * * * *", HOUR)], "2026-11-26T12:00", "the sync window Deny '* * * * *' for 1h (UTC) is open"),
    ],
)  # fmt: skip
def test_why_growth_waits(windows: Sequence[SyncWindow], now: str, words: str) -> None:
    assert why_shut(verdict(windows, at(now))) == words


# --- whatever the windows are ---------------------------------------------------------------------------------------

SCHEDULES = st.sampled_from(
    ["0 20 * * *", "30 2 * * *", "*/20 * * * *", "15 * * * *", "0,30 1-3 * * *", "0 12 1,15 * 5", "0 0 L * *"]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll"])
WINDOWS = st.builds(
    SyncWindow,
    st.sampled_from(WindowKind),
    SCHEDULES,
    st.sampled_from([MINUTE, 20 * MINUTE, HOUR, 30 * HOUR]),
    ZONES,
)
CHANGES = [at("2026-03-08T07:00"), at("2026-03-29T01:00"), at("2026-10-25T01:00"), at("2026-11-01T06:00"),
           at("2026-04-04T15:00"), at("2026-10-03T15:30")]  # fmt: skip
MOMENTS = st.builds(
    lambda change, minutes: change + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(-2000, 2000)
)


@settings(max_examples=25)
@given(st.lists(WINDOWS, max_size=3), MOMENTS, st.lists(st.floats(0, 0.999), max_size=3))
def test_until_the_moment_that_is_told_nothing_changes_and_then_it_does(
    windows: Sequence[SyncWindow], now: datetime, parts: Sequence[float]
) -> None:
    found = verdict(windows, now)
    end = found.until or now + 40 * HOUR
    assert end > now
    for part in parts:
        assert verdict(windows, now + part * (end - now)).open is found.open
    if found.until is not None:
        assert verdict(windows, found.until).open is not found.open
        assert verdict(windows, found.until - timedelta(seconds=1)).open is found.open


@settings(max_examples=20)
@given(WINDOWS, MOMENTS)
def test_a_deny_window_is_open_exactly_when_an_allow_window_like_it_would_be(
    window: SyncWindow, now: datetime
) -> None:
    twin = SyncWindow(WindowKind.ALLOW, window.schedule, window.duration, window.time_zone)
    other = SyncWindow(WindowKind.DENY, window.schedule, window.duration, window.time_zone)
    assert verdict([twin], now).open is not verdict([other], now).open
    assert not verdict([twin, other], now).open


def test_windows_that_never_leave_a_moment_are_looked_through_no_further_than_a_calendar_goes() -> None:
    never = [deny("0 * * * *", HOUR), allow("0 0 29 2 *", HOUR)]
    assert next_opening(never, at("2026-11-26T12:00")) is None
