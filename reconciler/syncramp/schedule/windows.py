"""Sync windows: whether anything may be added now, and when that changes.

A window is open from each of its starts for its duration. A ``Deny`` window that is open wins over everything; where
the document names an ``Allow`` window, growth waits outside of all of them. Starts are found by what clocks show in
the window's time zone. One in the hour that a clock put forward leaves out comes as much later; one in the hour that
a clock put back repeats comes in the first of the two, and in both if it comes every hour. A duration is time that
passes, whatever clocks show.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush, merge
from itertools import groupby, islice
from operator import itemgetter
from zoneinfo import ZoneInfo

from cronsim import CronSim

from syncramp.spec.durations import format_duration
from syncramp.spec.scheduling import SyncWindow, WindowKind
from syncramp.words import moment

_SHIFT = timedelta(hours=3)
"""More than any clock is put forward or back (two hours, at the Antarctic station Troll): so far what clocks show may
be out of order."""
_FOREVER = timedelta(days=32)
"""A window whose starts follow each other without a gap for more than a month is taken as open for ever."""
_CHANGES = 5_000
"""Openings and ends of single windows that are looked through for a change of all of them; beyond nobody plans."""

_HORIZON = timedelta(days=30 * 366)
"""Starts that are further away are none: the rarest, a 29 February, is eight years away at the most, and a calendar
ends with the year 9999."""

_Span = tuple[datetime, datetime | None]
"""From when until when a window is open without a gap; None: for ever."""
_Event = tuple[datetime, int, bool]
"""When which window opens or ends."""


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
    steps = _steps(windows, now)
    _, opens, by = next(steps)
    return Verdict(opens, next((at for at, state, _ in steps if state is not opens), None), by)


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
    until = f" until {moment(found.until)}" if found.until else ""
    return f"the sync window {told(found.by)} is open{until}" if found.by else f"no sync window is open{until}"


def _steps(windows: Sequence[SyncWindow], now: datetime) -> Iterator[tuple[datetime, bool, SyncWindow | None]]:
    """From now on, and from each moment on at which a window opens or ends: may growth go, and who says so."""
    opened = [False] * len(windows)
    started = False
    for at, events in groupby(islice(_events(windows, now), _CHANGES), key=itemgetter(0)):
        if at > now and not started:
            started = True
            yield (now, *_state(windows, opened))
        for _, number, opens in events:
            opened[number] = opens
        if at > now:
            yield (at, *_state(windows, opened))
    if not started:
        yield (now, *_state(windows, opened))


def _state(windows: Sequence[SyncWindow], opened: Sequence[bool]) -> tuple[bool, SyncWindow | None]:
    there = [window for window, opens in zip(windows, opened, strict=True) if opens]
    for window in there:
        if window.kind is WindowKind.DENY:
            return False, window
    bound = any(window.kind is WindowKind.ALLOW for window in windows)
    return bool(there) or not bound, next(iter(there), None)


def _events(windows: Sequence[SyncWindow], now: datetime) -> Iterator[_Event]:
    """What opens and ends, in order; of what is open now its opening comes first."""
    return merge(*(_of_window(number, window, now) for number, window in enumerate(windows)))


def _of_window(number: int, window: SyncWindow, now: datetime) -> Iterator[_Event]:
    for start, end in _spans(window, now):
        yield start, number, True
        if end is not None:
            yield end, number, False


def _spans(window: SyncWindow, now: datetime) -> Iterator[_Span]:
    """When the window is open from now on; starts that come before its end make it last longer."""
    starts = _starts(window, now - window.duration)
    since = next(starts, None)
    if since and window.schedule.split() == ["*"] * 5 and window.duration >= timedelta(minutes=1):
        yield since, None
        return
    while since is not None and since - now < _HORIZON:
        end, after = since + window.duration, next(starts, None)
        while after is not None and after <= end:
            end, after = after + window.duration, next(starts, None)
            if end > now + _FOREVER and after is not None and after <= end:
                yield since, None
                return
        if end > now:
            yield since, end
        since = after


def _starts(window: SyncWindow, since: datetime) -> Iterator[datetime]:
    """Starts in their order, from some hours before a moment on.

    The schedule is read without a zone. Two starts that clocks show far enough from each other are in order; those
    nearer wait in a heap.
    """
    zone, near = ZoneInfo(window.time_zone), list[tuple[float, datetime]]()
    folds = (0, 1) if window.schedule.split()[1].startswith("*") else (0,)
    for shown in CronSim(window.schedule, since.astimezone(zone).replace(tzinfo=None) - _SHIFT):
        while near and shown - near[0][1] > _SHIFT:
            yield datetime.fromtimestamp(heappop(near)[0], UTC)
        for start in {shown.replace(tzinfo=zone, fold=fold).timestamp() for fold in folds}:
            heappush(near, (start, shown))
    while near:
        yield datetime.fromtimestamp(heappop(near)[0], UTC)
