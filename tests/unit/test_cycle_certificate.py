"""Days left on a certificate: what a run keeps of them, and when it begins to warn."""

from datetime import UTC, datetime, timedelta

import pytest

from syncramp.cycle.certificate import WARNING_DAYS, renewal_warning, stamp
from syncramp.events import Note

NOW = datetime(2026, 11, 25, 18, tzinfo=UTC)


def warned(**left: float) -> str:
    return renewal_warning(NOW + timedelta(**left), NOW.timestamp())


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ({"days": WARNING_DAYS + 1, "seconds": -1}, f"until 2026-12-26, {WARNING_DAYS} days are left: "),
        ({"days": 1, "hours": 23}, "until 2026-11-27, 1 day is left: "),
        ({"seconds": 1}, "0 days are left: "),
        ({"seconds": -1}, "until 2026-11-25, it has expired: "),
    ],
)
def test_a_warning_tells_the_whole_days_that_are_left(left: dict[str, float], told: str) -> None:
    assert told in warned(**left)
    assert "put it into the Secret" in warned(**left)


def test_there_is_no_warning_before_it_is_time_or_without_a_certificate() -> None:
    assert warned(days=WARNING_DAYS + 1) == ""
    assert renewal_warning(None, NOW.timestamp()) == ""


def test_a_run_keeps_the_date_and_warns_once(engine) -> None:
    engine.clock = NOW.timestamp
    engine.cloud.certificate_until = NOW + timedelta(days=WARNING_DAYS, hours=1)
    report, _ = engine.run()
    assert report.settled and report.certificate_valid_until == "2026-12-25T19:00:00Z"
    (note,) = [event for event in engine.events if isinstance(event, Note) and event.level == "warning"]
    assert note.text == warned(days=WARNING_DAYS, hours=1)


def test_a_run_that_signs_in_otherwise_keeps_no_date(engine) -> None:
    report, _ = engine.run()
    assert report.certificate_valid_until == stamp(None) == ""
    assert not [event for event in engine.events if isinstance(event, Note) and event.level == "warning"]
