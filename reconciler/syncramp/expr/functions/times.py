"""Functions of time. A time is text, ``2026-11-25T18:00:00Z``: always UTC, whole seconds, and earlier is less.

There is no function for the time that it is now: the same entry must always become the same object.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from syncramp.expr.functions.table import Family, offered

FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
"""Windows FILETIME counts 100 ns from here (MS-DTYP 2.3.3)."""
NEVER = (0, -1, 2**63 - 1)
"""FILETIMEs that mean no time, accountExpires among others (MS-ADA1)."""
GENERALIZED = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,]\d+)?(Z|[+-]\d\d(?:\d\d)?)", re.ASCII
)
"""GeneralizedTime (RFC 4517 3.3.13)."""
ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))?", re.ASCII)
LETTERS: Mapping[str, Callable[[datetime], str]] = {
    "yyyy": lambda moment: f"{moment.year:04}",
    "yy": lambda moment: f"{moment.year % 100:02}",
    "MM": lambda moment: f"{moment.month:02}",
    "dd": lambda moment: f"{moment.day:02}",
    "HH": lambda moment: f"{moment.hour:02}",
    "mm": lambda moment: f"{moment.minute:02}",
    "ss": lambda moment: f"{moment.second:02}",
}
"""What a pattern may have, as .NET calls it."""
PATTERN = re.compile(r"yyyy|yy|MM|dd|HH|mm|ss|'[^']*'|[^A-Za-z']+")


@offered(
    Family.TIME,
    ("time('20261125180000.0Z')", "'2026-11-25T18:00:00Z'"),
    ("time('2026-11-25T20:00:00+02:00')", "'2026-11-25T18:00:00Z'"),
    ("time('2026-11-25')", "'2026-11-25T00:00:00Z'"),
)
def time(text: str) -> str:
    """A time from generalized time (whenCreated), from ISO 8601 or a day, or from a number that is a Windows FILETIME
    (pwdLastSet)."""
    return _shown(_moment(text))


@offered(Family.TIME, ("time(134085660000000000)", "'2025-11-25T17:40:00Z'"), name="time")
def _time_of_filetime(ticks: int) -> str:
    if ticks in NEVER:
        raise ValueError("it stands for no time: ask isNever() first")
    return _shown(FILETIME_EPOCH + timedelta(seconds=ticks // 10_000_000))


@offered(Family.TIME, ("isNever(9223372036854775807)", "true"))
def is_never(ticks: int) -> bool:
    """Whether a Windows FILETIME stands for no time, as accountExpires does."""
    return ticks in NEVER


@offered(Family.TIME, ("fileTime('2025-11-25T17:40:00Z')", "134085660000000000"))
def file_time(time_: str) -> int:
    """A time as Windows FILETIME."""
    return int((_moment(time_) - FILETIME_EPOCH).total_seconds()) * 10_000_000


@offered(Family.TIME, ("generalizedTime('2026-11-25T18:00:00Z')", "'20261125180000.0Z'"))
def generalized_time(time_: str) -> str:
    """A time as the directory and the cloud write it."""
    return re.sub("[-T:Z]", "", _shown(_moment(time_))) + ".0Z"


@offered(
    Family.TIME,
    ("formatTime('2026-11-25T18:00:00Z', 'dd.MM.yyyy HH:mm')", "'25.11.2026 18:00'"),
    ("formatTime('2026-11-25', \"yyyy'-W'\")", "'2026-W'"),
)
def format_time(time_: str, pattern: str) -> str:
    """A time by a pattern of yyyy, yy, MM, dd, HH, mm and ss; other letters stand between single quotes."""
    moment = _moment(time_)
    return "".join(LETTERS[part](moment) if part in LETTERS else part.strip("'") for part in _pattern(pattern))


@offered(Family.TIME, ("addDays('2026-11-25T18:00:00Z', 7)", "'2026-12-02T18:00:00Z'"))
def add_days(time_: str, days: int) -> str:
    """So many days of 24 hours later; earlier when it is less than 0."""
    return _shown(_moment(time_) + timedelta(days=days))


@offered(Family.TIME, ("addSeconds('2026-11-25T18:00:00Z', 90)", "'2026-11-25T18:01:30Z'"))
def add_seconds(time_: str, seconds: int) -> str:
    """So many seconds later; earlier when it is less than 0."""
    return _shown(_moment(time_) + timedelta(seconds=seconds))


@offered(Family.TIME, ("daysBetween('2026-11-25', '2026-12-02')", "7"))
def days_between(start: str, end: str) -> int:
    """Whole days from one time to another; less than 0 when the second is earlier."""
    passed = _moment(end) - _moment(start)
    return passed.days if passed >= timedelta() else -(-passed).days


def _moment(text: str) -> datetime:
    if found := GENERALIZED.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _offset(found[7])
    if not ISO.fullmatch(text):
        raise ValueError(f"{text!r} is no time")
    moment = datetime.fromisoformat(text.upper())
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).replace(microsecond=0)


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    distance = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5] or 0))
    return distance if zone[0] == "+" else -distance


def _shown(moment: datetime) -> str:
    return f"{moment.isoformat()[:19]}Z"


@lru_cache(maxsize=64)
def _pattern(pattern: str) -> tuple[str, ...]:
    parts = tuple(PATTERN.findall(pattern))
    if "".join(parts) != pattern:
        raise ValueError(f"{pattern!r} has a letter that stands for nothing")
    return parts
