"""Durations as documents write them."""

from datetime import timedelta

import pytest

from syncramp.spec.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("30s", 30),
        ("1m30s", 90),
        ("1h", 3600),
        ("2h3m4s", 7384),
        ("90m", 5400),
        ("500ms", 0.5),
        ("1m1500ms", 61.5),
    ],
)
def test_a_duration_has_hours_minutes_seconds_and_parts_of_one(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", "30", "s", "1d", "1m1h", "-1s", "1.5s", "30s\n", " 30s", "500us", "٣s", "9" * 13 + "h", "9" * 5000 + "s"],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration|is longer than"):
        parse_duration(text)
