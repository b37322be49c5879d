"""What SyncRuns say of a document: which one counts, and how to read what it holds.

A run *counts* when it went by the document and came to a verdict: not one that only planned because somebody asked,
nor one that was stopped or died. It has *ended well* when it came to its end, even if something waits. Numbers of the
tenant come from the newest that ended well; why it is not ready, from the newest that counts.

A SyncRun is written by another process, so it is read with care: what is missing, or of another type, is nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from syncramp.model.written import Side
from syncramp.schedule.known import Trigger
from syncramp.spec.durations import parse_duration
from syncramp_operator.status.facts import Facts, Object
from syncramp_operator.status.reasons import WEIGHTS, Weight

ENDED_WELL = ("Succeeded", "Incomplete")
_COUNTING = (*ENDED_WELL, "Failed")
TERMINAL = (*_COUNTING, "Cancelled")
_DIED = ("Interrupted", "Cancelled", "Stopped")
"""Reasons of runs that were kept from a verdict."""
MOST = 2**31 - 1
"""Of the API's smaller integers."""
_LONGEST_DURATION = 16


@dataclass(frozen=True, slots=True)
class View:
    """One step's knowledge, sorted."""

    body: Object
    facts: Facts
    now: datetime
    generation: int
    over: Sequence[Object]
    """Runs that are over, oldest first."""
    active: Object | None
    """The newest run, if it is not over."""

    @classmethod
    def of(cls, body: Object, facts: Facts, now: datetime) -> Self:
        """The view of one step.

        :param now: in UTC.
        """
        runs = sorted(facts.runs, key=number_of)
        active = runs[-1] if runs and phase_of(runs[-1]) not in TERMINAL else None
        over = [run for run in runs if phase_of(run) in TERMINAL]
        return cls(body, facts, now, whole(part(body, "metadata"), "generation"), over, active)

    @property
    def spec(self) -> Object:
        """The document's, as it is stored."""
        return part(self.body, "spec")

    @property
    def before(self) -> Object:
        """The status that stands on the object."""
        return part(self.body, "status")

    @property
    def mode(self) -> str:
        """Plan, Staging or Sync."""
        return text(self.spec, "mode") or "Sync"

    def counting(self) -> Iterator[Object]:
        """Runs that count, newest first."""
        return (run for run in reversed(self.over) if counts(run))

    @property
    def newest(self) -> Object | None:
        """The newest run that counts."""
        return next(self.counting(), None)

    def ended_well(self) -> Iterator[Object]:
        """Runs that came to their end, newest first."""
        return (run for run in self.counting() if phase_of(run) in ENDED_WELL)

    @property
    def told(self) -> Object:
        """The status of the newest run that ended well; empty where there is none."""
        run = next(self.ended_well(), None)
        return part(run, "status") if run is not None else {}


def needed(runs: Sequence[Object]) -> set[str]:
    """Names of the runs that a status is made of, and that stay whatever ``spec.runHistoryLimit`` says."""
    newest_first = sorted(runs, key=number_of, reverse=True)
    counting = [run for run in newest_first if counts(run)]
    well = [run for run in counting if phase_of(run) in ENDED_WELL]
    return {name_of(run) for run in (*newest_first[:1], *counting[:1], *well[:1])}


def counts(run: Object) -> bool:
    """It went by the document, and came to a verdict."""
    if phase_of(run) not in _COUNTING or text(part(run, "status"), "reason") in _DIED:
        return False
    return text(part(run, "spec"), "trigger") != Trigger.PLANNED


def phase_of(run: Object) -> str:
    """Of a SyncRun; one that nothing was written to yet is Pending."""
    return text(part(run, "status"), "phase") or "Pending"


def name_of(run: Object) -> str:
    """Of an object."""
    return text(part(run, "metadata"), "name")


def number_of(run: Object) -> int:
    """Of a SyncRun among those of its SyncConfig."""
    return whole(part(run, "spec"), "number")


def generation_of(run: Object) -> int:
    """Of the document that a run went by."""
    told = whole(part(run, "status"), "generation")
    return told or whole(part(part(run, "spec"), "configRef"), "generation")


def held(status: Object, weight: Weight) -> int:
    """Changes that holds of one weight keep back."""
    holds = items(status, "holds")
    return sum(whole(each, "count") for each in holds if _weight(text(each, "reason")) is weight)


def held_by(status: Object, hold: str) -> int:
    """Changes that one hold keeps back."""
    return sum(whole(each, "count") for each in items(status, "holds") if text(each, "reason") == hold)


def _weight(hold: str) -> Weight:
    return WEIGHTS.get(hold, Weight.CONFLICT)


def ramps_waiting(status: Object) -> Mapping[str, int]:
    """Ramp -> memberships that wait for it, of those for which some do."""
    waiting = {text(ramp, "name"): whole(ramp, "membersWaiting") for ramp in items(status, "ramps")}
    return {name: number for name, number in waiting.items() if number}


def to(side: Side, found: Iterable[Object]) -> Sequence[Object]:
    """Those of what waits, or of ramps, that are of one direction; of an earlier version all are the cloud's."""
    return [each for each in found if (text(each, "direction") == Side.DIRECTORY) is (side is Side.DIRECTORY)]


def part(found: Object, name: str) -> Object:
    """An object within another one; empty where there is none."""
    value = found.get(name)
    return value if isinstance(value, Mapping) else {}


def items(found: Object, name: str) -> Sequence[Object]:
    """A list of objects."""
    value = found.get(name)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, Sequence) else []


def text(found: Object, name: str) -> str:
    """A text."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def whole(found: Object, name: str) -> int:
    """A number, from zero to what the API's smaller integers hold."""
    value = found.get(name)
    return min(max(value, 0), MOST) if isinstance(value, int) and not isinstance(value, bool) else 0


def moment(found: Object, name: str) -> datetime | None:
    """A time with its offset, as the API writes it."""
    try:
        read = datetime.fromisoformat(text(found, name))
        return read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None


def instant(found: Object, name: str) -> str:
    """A time as the API writes it, made anew: nothing else comes through; empty where it is none."""
    when = moment(found, name)
    return stamp(when) if when is not None else ""


def lasting(found: Object, name: str) -> str:
    """A duration as the API writes it; empty where it is none."""
    told = text(found, name)
    try:
        parse_duration(told)
    except ValueError:
        return ""
    return told if len(told) <= _LONGEST_DURATION else ""


def stamp(when: datetime) -> str:
    """A time as the API writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def some(**members: Any) -> dict[str, Any]:
    """Those that say something."""
    return {name: value for name, value in members.items() if value not in (None, "", (), [], {})}
