"""Sync windows: whether anything may be added now, and when that changes.

A window is open from each of its starts for its duration. A ``Deny`` window that is open wins over everything; where
the document names an ``Allow`` window, growth waits outside of all of them. Starts are those of Debian's cron in the
window's time zone: one in the hour that a clock put forward leaves out comes right after it, one in the hour that a
clock put back repeats comes in the first of the two. A duration is time that passes, whatever clocks show.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from syncramp.spec.durations import format_duration
from syncramp.spec.scheduling import SyncWindow, WindowKind

_SHIFT = timedelta(hours=3)
"""More than any clock is put forward or back (two hours, at the Antarctic station Troll): a search by what clocks
show begins so much before, because it may pass over an hour that comes twice."""
_FOREVER = timedelta(days=62)
"""A window whose starts follow each other without a gap for so long, two months of every day, is taken as open for
ever."""
_CHANGES = 500
"""Changes of single windows that are looked through for one of all of them; beyond them nobody plans."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether growth may go, by all windows of a document."""

    open: bool
    until: datetime | None = None
    """When that changes, in UTC; None: never, or beyond everything that is worth to be told."""
    by: SyncWindow | None = None
    """The window that is open and decides; None: no window is open, and the kind of those there are decides."""


def verdict(windows: Sequence[SyncWindow], now: datetime) -> Verdict:
    """What the windows say at a moment.

    :param windows: with schedules and zones that a check accepted.
    :param now: with a time zone.
    """
    now = now.astimezone(UTC)
    opens, by = _state(windows, now)
    return Verdict(opens, _until(windows, now, opens), by)


def next_opening(windows: Sequence[SyncWindow], after: datetime) -> datetime | None:
    """When growth that has to wait, now or later, is let go the next time; None: never, or it never waits."""
    found = verdict(windows, after)
    if found.open and found.until is not None:
        found = verdict(windows, found.until)
    return None if found.open else found.until


def told(window: SyncWindow) -> str:
    """A window in words, as a person recognises it in the document."""
    return f"{window.kind} {window.schedule!r} for {format_duration(window.duration)} ({window.time_zone})"


def why_shut(found: Verdict) -> str:
    """Why growth waits and until when, as a clause without a full stop; empty when it does not wait."""
    if found.open:
        return ""
    until = f" until {found.until:%Y-%m-%d %H:%M} UTC" if found.until else ""
    return f"the sync window {told(found.by)} is open{until}" if found.by else f"no sync window is open{until}"


def _state(windows: Sequence[SyncWindow], now: datetime) -> tuple[bool, SyncWindow | None]:
    for window in windows:
        if window.kind is WindowKind.DENY and _opened(window, now):
            return False, window
    allows = [window for window in windows if window.kind is WindowKind.ALLOW]
    by = next((window for window in allows if _opened(window, now)), None)
    return by is not None or not allows, by


def _opened(window: SyncWindow, now: datetime) -> datetime | None:
    """When the window that is open was opened; None: it is shut."""
    start = next(_starts_before(window, now), None)
    return start if start is not None and now < start + window.duration else None


def _until(windows: Sequence[SyncWindow], now: datetime, opens: bool) -> datetime | None:
    """When the state of all windows is another one; while one denies, nothing else is looked at."""
    by = _state(windows, now)[1]
    for _ in range(_CHANGES):
        deciding = windows if opens or by is None else [by]
        changes = [change for window in deciding if (change := _change(window, now)) is not None]
        if not changes:
            return None
        now = min(changes)
        state, by = _state(windows, now)
        if state is not opens:
            return now
    return None


def _change(window: SyncWindow, now: datetime) -> datetime | None:
    """When a window that is shut opens, or one that is open ends, though it may be opened anew before."""
    start = _opened(window, now)
    if start is None:
        return next(_starts_after(window, now), None)
    if window.schedule.split() == ["*"] * 5 and window.duration >= timedelta(minutes=1):
        return None
    end = start + window.duration
    for again in _starts_after(window, start):
        if again > end:
            break
        end = again + window.duration
        if again > now + _FOREVER:
            return None
    return end


def _starts_before(window: SyncWindow, now: datetime) -> Iterator[datetime]:
    """Starts up to a moment, and at it, the latest first."""
    found = _starts(window, now + _SHIFT + timedelta(minutes=1), reverse=True)
    return (start for start in found if start <= now)


def _starts_after(window: SyncWindow, now: datetime) -> Iterator[datetime]:
    """Starts after a moment, the earliest first."""
    return (start for start in _starts(window, now - _SHIFT, reverse=False) if start > now)


def _starts(window: SyncWindow, now: datetime, *, reverse: bool) -> Iterator[datetime]:
    local = now.astimezone(ZoneInfo(window.time_zone))
    return (start.astimezone(UTC) for start in CronSim(window.schedule, local, reverse=reverse))
