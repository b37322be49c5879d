"""Progress of a run as values: ``cycle`` yields them to one callback, whoever runs it draws them.

Events are hints for eyes. The truth about a run is in the store, so a lost event loses nothing. Between two processes
each is one line of JSON.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase begins: import, synchronise, plan, export or confirm; of the other direction ``writeback import``, …"""

    phase: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase has come; at most four a second."""

    phase: str
    done: int
    total: int | None
    """None where the end is not known beforehand."""
    unit: str
    """What ``done`` counts, in the singular."""
    seconds: float
    """Since the phase began."""
    links: int = 0
    total_links: int | None = None
    source: str = ""
    """The source that this is a part of; empty: of the whole phase."""
    partition: str = ""


@dataclass(frozen=True, slots=True)
class PhaseEnded:
    """A phase is over."""

    phase: str
    objects: int
    links: int
    unit: str
    """What ``objects`` counts, in the singular."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence a person should read: a hold, a warning of the service, a wait."""

    level: str
    """``info`` or ``warning``."""
    text: str


@dataclass(frozen=True, slots=True)
class Fenced:
    """The right to write to the tenant is held from now on."""

    namespace: str
    name: str
    """Of the Lease."""
    holder: str
    token: int


Event = PhaseStarted | Progress | PhaseEnded | Note | Fenced
Listener = Callable[[Event], None]

_KINDS: dict[str, type[PhaseStarted | Progress | PhaseEnded | Note | Fenced]] = {
    kind.__name__: kind for kind in (PhaseStarted, Progress, PhaseEnded, Note, Fenced)
}


def as_json(event: Event) -> str:
    """An event as one line of JSON, without the line end; ``event`` names its kind."""
    return json.dumps({"event": type(event).__name__, **asdict(event)})


def event_of(line: str | bytes) -> Event:
    """The event that a line tells.

    :raises ValueError: it tells none.
    """
    told = json.loads(line)
    kind = _KINDS.get(told.pop("event", "")) if isinstance(told, dict) else None
    if kind is None or told.keys() != {field.name for field in fields(kind)}:
        raise ValueError("this line tells no event")
    return kind(**told)
