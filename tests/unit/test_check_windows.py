"""Sync windows that mean something: schedules, time zones, and a moment that is left for changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cronsim import CronSim
from hypothesis import event, given, settings
from hypothesis import strategies as st

from support.documents import findings, minimal, said
from syncramp.check.windows import _leave_room
from syncramp.spec.scheduling import SyncWindow, WindowKind

FIRST = "spec.syncWindows[0]"
ALWAYS = "is always open, so changes wait for ever"
NEVER = "leave no moment for changes in a whole year"


def window(kind: str, schedule: str, duration: str, zone: str = "UTC") -> dict[str, Any]:
    return {"kind": kind, "schedule": schedule, "duration": duration, "timeZone": zone}


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([window("Deny", "0 8 * * MON-FRI", "10h", "Europe/Paris")], set()),
        ([window("Deny", "0 * * * *", "59m")], set()),
        ([window("Deny", "0 * * * *", "1h")], {(FIRST, ALWAYS)}),
        ([window("Deny", "0 0 * * *", "24h"), window("Deny", "30 12 * * *", "1m")], {(FIRST, ALWAYS)}),
        ([window("Deny", "0 0 1 * *", "743h")], set()),
        ([window("Deny", "0 0 1 * *", "744h")], {(FIRST, ALWAYS)}),
        ([window("Allow", "0 0 29 2 *", "1h")], set()),
        ([window("Allow", "0 0 29 2 *", "1h"), window("Deny", "0 0 1 * *", "743h")], {("spec.syncWindows", NEVER)}),
        ([window("Allow", "0 8 * * *", "1h"), window("Deny", "0 7 * * *", "2h")], {("spec.syncWindows", NEVER)}),
        ([window("Allow", "0 8 * * *", "1h"), window("Deny", "0 7 * * *", "119m")], set()),
        ([window("Allow", "0 8 * * *", "1h"), window("Deny", "0 7 * * *", "2h", "Asia/Tokyo")], set()),
        ([window("Allow", "0 0 * * *", "24h"), window("Allow", "0 1 * * *", "1h")], set()),
        (
            [window("Allow", "0 8 * * *", "1h"), window("Deny", "30 * * * *", "1h")],
            {("spec.syncWindows[1]", ALWAYS)},
        ),
        ([], set()),
    ],
)
def test_windows_leave_a_moment_for_changes(windows: list[dict[str, Any]], expected: set[tuple[str, str]]) -> None:
    assert said(minimal({"spec.syncWindows": windows})) == expected


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ("60 * * * *", "is no schedule of cron: bad minute"),
        ("0 24 * * *", "is no schedule of cron: bad hour"),
        ("0 0 30 2 *", "is no schedule of cron: bad day-of-month"),
        ("0 0 * 13 *", "is no schedule of cron: bad month"),
        ("0 0 * * 8", "is no schedule of cron: bad day-of-week"),
        ("0 0 * * SUNDAY", "is no schedule of cron: bad day-of-week"),
    ],
)
def test_a_schedule_that_cron_does_not_know_is_told_with_the_field(schedule: str, sentence: str) -> None:
    (found,) = findings(minimal({"spec.syncWindows": [window("Deny", schedule, "1h")]}))
    assert (found.path, found.reason, found.value) == (f"{FIRST}.schedule", sentence, f'"{schedule}"')
    assert found.remedy.startswith("write one minute, hour, day of the month")


@pytest.mark.parametrize("schedule", ["* * * * *", "*/5 * * * *", "0,30 * * * *", "0 0 0 1 1 *", "0  8 * * *"])
def test_a_window_opens_at_most_once_an_hour_by_five_fields(schedule: str) -> None:
    (found,) = findings(minimal({"spec.syncWindows": [window("Deny", schedule, "1m")]}))
    assert found.path == f"{FIRST}.schedule"
    assert "should match" in found.reason


def test_a_time_zone_that_does_not_exist_is_told_with_the_one_that_is_near() -> None:
    (found,) = findings(minimal({"spec.syncWindows": [window("Deny", "0 8 * * *", "1h", "Europe/Pariss")]}))
    assert (found.path, found.reason) == (f"{FIRST}.timeZone", "is no time zone")
    assert found.remedy == "did you mean Europe/Paris?"


@pytest.mark.parametrize("value", [None, 5, "Deny", [None], [5], [{}], [{"kind": "Deny"}], {"kind": "Deny"}])
def test_windows_of_a_wrong_shape_are_left_to_the_schema(value: Any) -> None:
    assert all(
        "should match" in found.reason or found.path for found in findings(minimal({"spec.syncWindows": value}))
    )


WINDOWS = st.builds(
    SyncWindow,
    st.sampled_from(WindowKind),
    st.builds(
        "{} {} * * {}".format, st.integers(0, 59), st.sampled_from(["*", "8", "0-11", "*/6"]), st.sampled_from("*1")
    ),
    st.builds(timedelta, minutes=st.integers(1, 40 * 60)),
)


def goes(windows: list[SyncWindow], moment: datetime) -> bool:
    """Whether changes go at a moment: asked of each window by its last start before it."""

    def opened(window: SyncWindow) -> bool:
        start = next(CronSim(window.schedule, moment + timedelta(minutes=1), reverse=True))
        return start <= moment < start + window.duration

    kinds = {window.kind for window in windows if opened(window)}
    allowed = WindowKind.ALLOW in kinds or all(window.kind is WindowKind.DENY for window in windows)
    return allowed and WindowKind.DENY not in kinds


@settings(max_examples=50, deadline=None)
@given(st.lists(WINDOWS, min_size=1, max_size=3), st.lists(st.integers(0, 14 * 24 * 60), min_size=1, max_size=20))
def test_where_changes_go_at_a_moment_there_is_room_for_them(windows: list[SyncWindow], minutes: list[int]) -> None:
    moments = [datetime(2028, 3, 1, tzinfo=UTC) + timedelta(minutes=minute) for minute in minutes]
    event(f"room: {_leave_room(windows)}")
    assert _leave_room(windows) or not any(goes(windows, moment) for moment in moments)
