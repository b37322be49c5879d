"""What ramps are expected to do, as text and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from syncramp.model.forecast import Forecast, Foretold, GroupForecast, NearGate, StepForecast
from syncramp.ramp.wording import FORMATS
from syncramp.spec.ramps import Unit
from syncramp.words import clock, count, printable

VERSION = 1
GROUPS = 10
"""Groups that are named in a text."""
_STEP = "{:>4}  {:>9}  {:<16}  {:<16}  {:<16}  {:>11}  {:>7}  {:>7}  {}"
_MOMENTS = frozenset({"now", "at", "begins", "ends", "grown", "whole"})
_GROUP = "{:>9}  {:>9}  {:<16}  {}"


def forecast_lines(told: Foretold) -> Iterator[str]:
    """All ramps, with what the dates stand on; moments are UTC."""
    yield f"From {_date(told.now)} UTC: a run every {clock(told.interval)}, {clock(told.pauses)} for each pause"
    full = f"one of 20 calls of {told.per_call:,} links takes more than {clock(told.full_call)}"
    yield f"Seconds of calls: {told.latency}; {full}"
    if not told.ramps:
        yield "No group follows a ramp."
    for ramp in told.ramps:
        yield ""
        yield from map(printable, _ramp(ramp))
    if told.notes or told.warnings:
        yield ""
    yield from map(printable, told.notes)
    yield from (printable(f"Near a limit: {near.dn}: {near.limits}") for near in told.warnings)


def _ramp(ramp: Forecast) -> Iterator[str]:
    waiting = sum(max(group.size - group.there, 0) for group in ramp.groups)
    yield f"Ramp {ramp.ramp} ({ramp.admit}): {count(len(ramp.groups), 'group')}, {count(waiting, 'member')} to come"
    yield _STEP.format(
        "step", "ceiling", "begins", "nobody more", "ends", "links", "calls", "minutes", "nearest gate"
    )
    for step in ramp.steps:
        yield _step(step).rstrip()
    yield _GROUP.format("members", "there", "whole", "group")
    for group in ramp.groups[:GROUPS]:
        yield _group(group)
    if (more := len(ramp.groups) - GROUPS) > 0:
        yield f"and {count(more, 'more group')}"
    yield _end(ramp)


def _step(step: StepForecast) -> str:
    if step.pause:
        return _STEP.format(step.step, "pause", _date(step.begins), "a person", _date(step.ends), "", "", "", "")
    if step.skipped:
        return _STEP.format(step.step, f"{step.ceiling:,}", _date(step.begins), "nobody fits", "", "", "", "", "")
    minutes = f"{step.peak_seconds / 60:.1f}" if step.links else ""
    numbers = (f"{step.links:,}", f"{step.calls:,}", minutes)
    dates = (_date(step.begins), _date(step.grown), _date(step.ends))
    held = f"; holds {count(step.held, 'time')}" if step.held else ""
    return _STEP.format(step.step, f"{step.ceiling:,}", *dates, *numbers, f"{gate(step.gate)}{held}")


def _group(group: GroupForecast) -> str:
    when, why = (_date(group.whole), "") if group.whole is not None else ("never", f": {group.why}")
    return _GROUP.format(f"{group.size:,}", f"{group.there:,}", when, f"{group.dn}{why}")


def _end(ramp: Forecast) -> str:
    return f"{ramp.end.value}, {_date(ramp.at)}: {ramp.why}"


def gate(near: NearGate | None) -> str:
    """A gate with its expected value and its hold value; ``none`` where none is near."""
    if near is None:
        return "none"
    words = FORMATS[Unit(near.unit)]
    return f"{near.metric} {words(near.value)} of {words(near.hold)}"


def _date(moment: float | None) -> str:
    return "" if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"


def both_lines(told: Foretold | None, other: Foretold | None) -> Iterator[str]:
    """Ramps of both directions, each with what its dates stand on.

    :param told: of the cloud; None: it is not asked for.
    :param other: of groups that are written back; None: there are none, or they are not asked for.
    """
    if told is not None:
        yield from forecast_lines(told)
    if other is not None:
        yield from [""] * (told is not None)
        yield "Groups written back to Active Directory"
        yield from forecast_lines(other)


def forecast_document(told: Foretold, other: Foretold | None = None) -> str:
    """The same as JSON; the form is documented in ``docs/ramp-json.md``."""
    both = {**plain(told), "writeback": plain(other) if other else None}
    return json.dumps({"version": VERSION} | both, ensure_ascii=False, indent=2)


def plain(told: Foretold) -> dict[str, Any]:
    """A forecast as plain data."""
    return {name: _plain(value, name) for name, value in asdict(told).items()}


def _plain(value: Any, name: str = "") -> Any:
    """Moments as RFC 3339."""
    if isinstance(value, dict):
        return {inner: _plain(each, inner) for inner, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if name in _MOMENTS and value is not None:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return value
