"""A rehearsal in words, while it is played and at its end, and the same as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import PauseReason
from syncramp.rehearsal.course import Course, End, Moment
from syncramp.rehearsal.staff import Staff
from syncramp.rehearsal.stage import BEGIN
from syncramp.report.layout import labelled, moment, wrapped
from syncramp.words import count, printable

VERSION = 1
MOVED = 50
"""A group is told again when one in so many of its members came or went."""


def opening_lines(staff: Staff, scale: int, interval: str) -> Iterator[str]:
    """What is rehearsed on."""
    size = "" if scale == 1 else f", everything that counts members divided by {scale}"
    yield from wrapped(f"Made directory: {staff.people:,} people{size}", "  ")
    for group in staff.groups:
        grows = f", then {group.later:,}" if group.later != group.first else ""
        yield f"  {group.name}: {count(group.first, 'member')}{grows}"
    yield f"A run every {interval} of virtual time"
    yield ""


def worth_telling(told: Moment) -> bool:
    """Something was decided in the run, or it is the first one, or the last."""
    return bool(told.decided or told.findings or told.report.failure) or told.at <= BEGIN


def moment_lines(told: Moment, before: Moment | None) -> Iterator[str]:
    """What a run decided, and the groups of ramps that are not as they were.

    :param before: the run that was told last.
    """
    sent = f"{count(told.report.objects.acknowledged, 'object')} and {count(told.report.links.acknowledged, 'link')}"
    yield f"{moment(told.at)}  run {told.report.run}: {sent} sent"
    earlier = {group.name: group.members for group in before.groups} if before else {}
    moved = [
        group for group in told.groups if abs(group.members - earlier.get(group.name, 0)) > group.desired // MOVED
    ]
    if moved:
        sizes = ", ".join(f"{group.name} {group.members:,} of {group.desired:,}" for group in moved)
        yield from wrapped(f"    {sizes}", "    ")
    for each in told.decided:
        by = f" by {each.by}" if each.by else ""
        reason = f": {each.reason}" if each.reason else ""
        line = f"    {each.ramp}: {each.what}{by} at step {each.step + 1}, ceiling {each.ceiling:,}{reason}"
        yield from map(printable, wrapped(line, "      "))


def closing_lines(course: Course) -> Iterator[str]:
    """How it ended, and how the end was compared."""
    last = course.moments[-1]
    yield ""
    days = (last.ended - course.moments[0].at) / 86_400
    yield f"{count(len(course.moments), 'run')} in {days:.1f} virtual days; {course.left:,} people left meanwhile"
    for one in last.groups:
        yield f"  {one.name}: {one.members:,} of {count(one.desired, 'member')} in the cloud"
    if course.compared:
        told = "all of them are there, and nobody else" if not course.differences else "the cloud differs"
        yield f"Compared member by member: {count(course.compared, 'membership')}; {told}"
    for each in course.differences:
        yield f"  {each.name}: {each.missing:,} missing, {each.extra:,} too many"
    yield from map(printable, wrapped(f"{course.end.value}: {course.why}", "  "))
    if course.end is End.PAUSED:
        yield from map(printable, _paused(last.report.ramps))


def _paused(ramps: Sequence[RampReport]) -> Iterator[str]:
    """What a person would look at, and say."""
    for ramp in ramps:
        for number, line in enumerate(ramp.checklist):
            yield from labelled("" if number else "look at", line)
        if ramp.pause == PauseReason.STEP.value:
            yield from labelled("go on", "with --promote a rehearsal promotes its pauses itself")


def course_document(course: Course) -> str:
    """The same as JSON; the form is documented in ``docs/ramp-rehearsal.md``."""
    body = {
        "version": VERSION,
        "end": course.end.value,
        "why": course.why,
        "people": course.people,
        "left": course.left,
        "compared": course.compared,
        "differences": [asdict(one) for one in course.differences],
        "runs": [_run(one) for one in course.moments],
    }
    return json.dumps(body, indent=2)


def _run(told: Moment) -> dict[str, Any]:
    return {
        "run": told.report.run,
        "at": told.at,
        "seconds": round(told.ended - told.at, 3),
        "objects": told.report.objects.acknowledged,
        "links": told.report.links.acknowledged,
        "left": told.left,
        "groups": [asdict(one) for one in told.groups],
        "ramps": [
            {"name": name, "phase": state.phase.value, "step": state.step + 1, "ceiling": state.ceiling}
            for name, state in told.states.items()
        ],
        "decisions": [asdict(one) for one in told.decided],
        "findings": list(told.findings),
    }
