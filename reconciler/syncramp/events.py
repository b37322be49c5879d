"""Progress of a run as values: ``cycle`` yields them to one callback, whoever runs it draws them.

Events are hints for eyes. The truth about a run is in the store, so a lost event loses nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase begins: import, synchronise, plan, export or confirm."""

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


Event = PhaseStarted | Progress | PhaseEnded | Note
Listener = Callable[[Event], None]
