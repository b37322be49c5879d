"""Sync windows: schedules and time zones that mean something, and windows that leave a moment for changes."""

import heapq
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from syncramp.check.findings import Finding
from syncramp.check.remedies import form
from syncramp.check.values import members, show, sound
from syncramp.check.zones import zone_findings
from syncramp.spec.scheduling import SyncWindow, WindowKind
from syncramp.spec.structure import window_of

PLACE = "spec.syncWindows"
_BEGIN, _END = datetime(2028, 1, 1, tzinfo=UTC), datetime(2029, 2, 1, tzinfo=UTC)
"""What is looked at: more than a year with a 29 February, and always the same one, because a verdict on a document
must not depend on when it is asked for. The minute of a schedule is one number, so a window opens 9,528 times at
most, which 16 windows that are always open take seconds for, and all others next to nothing.
"""
_LONGEST = timedelta(hours=744)
"""Of a window, by the schema."""


def window_findings(data: Mapping[str, Any], refused: Collection[str]) -> Iterator[Finding]:
    """What is wrong with ``spec.syncWindows``.

    :param data: a document with its defaults.
    :param refused: paths that the schema has refused; windows with one of them are not judged.
    """
    given = members(data.get("spec")).get("syncWindows")
    windows = list(sound(PLACE, given, refused))
    found = [finding for path, window in windows for finding in _alone(path, window)]
    yield from found
    if isinstance(given, list) and given and not found and len(windows) == len(given):
        yield from _together([window_of(window) for _, window in windows])


def _alone(path: str, window: Mapping[str, Any]) -> Iterator[Finding]:
    yield from zone_findings(f"{path}.timeZone", window["timeZone"])
    place, schedule = f"{path}.schedule", window["schedule"]
    try:
        CronSim(schedule, _BEGIN)
    except CronSimError as error:
        reason = f"is no schedule of cron: {str(error)[0].lower()}{str(error)[1:]}"
        yield Finding(place, reason, form(place, ""), show(place, schedule))


def _together(windows: list[SyncWindow]) -> Iterator[Finding]:
    """Windows that never let anything be added: whoever wrote them wants a suspended document or other schedules."""
    if _leave_room(windows):
        return
    shut = [place for place, one in enumerate(windows) if one.kind is WindowKind.DENY and not _leave_room([one])]
    for place in shut:
        yield Finding(
            f"{PLACE}[{place}]", "is always open, so changes wait for ever", "shorten it, or suspend instead"
        )
    if not shut:
        remedy = "shorten a window of kind Deny, or lengthen one of kind Allow"
        yield Finding(PLACE, "leave no moment for changes in a whole year", remedy)


def _leave_room(windows: list[SyncWindow]) -> bool:
    """Whether there is a moment in a year at which growth may go.

    The openings of all windows are walked in their order. Between two of them what is open can only end, so it is
    enough to know how long the windows of each kind that were opened so far stay open.
    """
    always = not any(window.kind is WindowKind.ALLOW for window in windows)
    until = {WindowKind.ALLOW: _END if always else _BEGIN, WindowKind.DENY: _BEGIN}
    before = _BEGIN
    openings = heapq.merge(*map(_openings, windows))
    for at, kind, end in chain(openings, [(_END, WindowKind.ALLOW, _END)]):
        if max(before, until[WindowKind.DENY]) < min(at, until[WindowKind.ALLOW]):
            return True
        before, until[kind] = max(before, at), max(until[kind], end)
    return False


def _openings(window: SyncWindow) -> Iterator[tuple[datetime, WindowKind, datetime]]:
    """When a window opens and ends in the year that is looked at; what began before and lasts into it is among it."""
    zone = ZoneInfo(window.time_zone)
    for start in CronSim(window.schedule, (_BEGIN - _LONGEST).astimezone(zone)):
        at = start.astimezone(UTC)
        if at >= _END:
            return
        yield at, window.kind, at + window.duration
