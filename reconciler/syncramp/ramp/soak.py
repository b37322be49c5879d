"""How long a ceiling has proven itself, and when that can be long enough.

A soak is measured from the moment at which nothing more fits under the ceiling. It has up to three parts, and all of
them must be over: hours, runs that exported something, and whole business days. A business day is Monday to Friday
from 08:00 to 18:00 on the clocks of a time zone; it counts when all of it lies within the soak, because a change that
nobody worked with proves nothing. Nights in which clocks are put forward or back make a day shorter or longer, and
never a business day another one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from syncramp.spec.ramps import Soak

OPENS, CLOSES = time(8), time(18)
"""A business day; the hours in which people of most organisations would notice."""
SATURDAY = 5
"""The first day of a weekend, as ``date.weekday`` counts."""


@dataclass(frozen=True, slots=True)
class Soaked:
    """How far a soak is."""

    wanted: Soak
    elapsed: float
    """Seconds."""
    cycles: int
    business_days: int

    @property
    def over(self) -> bool:
        """Every part of it is."""
        return (
            self.elapsed >= self.wanted.duration.total_seconds()
            and self.cycles >= self.wanted.cycles
            and self.business_days >= self.wanted.business_days
        )

    def as_json(self) -> Mapping[str, Any]:
        """As reports and the history tell it."""
        return {
            "elapsed": self.elapsed,
            "duration": self.wanted.duration.total_seconds(),
            "cycles": self.cycles,
            "wantedCycles": self.wanted.cycles,
            "businessDays": self.business_days,
            "wantedBusinessDays": self.wanted.business_days,
        }


def soaked(wanted: Soak, since: float | None, now: float, cycles: int, zone: str) -> Soaked:
    """How far a soak is.

    :param since: since when nothing more fits (seconds since the epoch); None: something does.
    :param now: seconds since the epoch.
    :param cycles: runs since then that exported something.
    :param zone: an IANA time zone.
    """
    if since is None or now <= since:
        return Soaked(wanted, 0.0, cycles if since is not None else 0, 0)
    return Soaked(wanted, now - since, cycles, business_days(since, now, zone))


def earliest(wanted: Soak, since: float, zone: str, next_cycle: float = 0.0) -> float:
    """The earliest moment at which a soak can be over (seconds since the epoch).

    :param next_cycle: when the runs that are still missing can have been made, if any are.
    """
    return max(
        since + wanted.duration.total_seconds(), _end_of_business_day(since, wanted.business_days, zone), next_cycle
    )


def business_days(since: float, until: float, zone: str) -> int:
    """How many whole business days lie between two moments (seconds since the epoch)."""
    count = 0
    for _, closes in _following(since, zone):
        if closes > until:
            return count
        count += 1
    return count


def _end_of_business_day(since: float, wanted: int, zone: str) -> float:
    if not wanted:
        return since
    for number, (_, closes) in enumerate(_following(since, zone), 1):
        if number == wanted:
            return closes
    return float("inf")  # beyond the calendar


def _following(since: float, zone: str) -> Iterator[tuple[float, float]]:
    """When business days that begin at a moment or after it open and close."""
    clocks = ZoneInfo(zone)
    day = datetime.fromtimestamp(since, clocks).date()
    while day < date.max:
        opens = datetime.combine(day, OPENS, clocks).timestamp()
        if day.weekday() < SATURDAY and opens >= since:
            yield opens, datetime.combine(day, CLOSES, clocks).timestamp()
        day += timedelta(days=1)
