"""What a ramp is expected to do: its steps with their dates, its groups, and what it is drawn by."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class End(StrEnum):
    """How a forecast ends."""

    COMPLETE = "Complete"
    """Nobody waits whom a step could admit."""
    STOPS = "Stops"
    """Gates are expected to pause it for a person."""
    ENDED = "Ended"
    """A person aborted or reverts the ramp; nothing grows."""
    ENDLESS = "Endless"
    """It is not over within the time that is looked at."""


@dataclass(frozen=True, slots=True)
class NearGate:
    """The gate whose expected value is nearest to where it holds, or beyond."""

    metric: str
    value: float
    hold: float
    unit: str
    """``spec.ramps.Unit``."""

    @property
    def fails(self) -> bool:
        """It is expected to hold the ramp."""
        return self.value > self.hold


@dataclass(frozen=True, slots=True)
class StepForecast:
    """One step, or the pause between two. Moments are seconds since the epoch."""

    step: int
    """Counted from 1, pauses included."""
    ceiling: int
    """At a pause that of the step before."""
    begins: float
    ends: float | None
    """None: not by itself, or not within the time that is looked at."""
    pause: bool = False
    grown: float | None = None
    """Since when nothing more fits; None: it does not come to that."""
    links: int = 0
    """That go during it."""
    calls: int = 0
    """At least."""
    cycles: int = 0
    """Runs that carry them."""
    peak_links: int = 0
    """In one run."""
    peak_seconds: float = 0.0
    """That links of the ramp take in one run, at most."""
    largest: int = 0
    """Members of its largest group at its end."""
    became_whole: int = 0
    """Groups."""
    gate: NearGate | None = None
    held: int = 0
    """How often a gate is expected to hold it."""
    skipped: bool = False
    """Nothing grows at it, so it is passed at once."""


@dataclass(frozen=True, slots=True)
class GroupForecast:
    """One group."""

    dn: str
    size: int
    """Members that it should have."""
    there: int
    """Members that the cloud possibly has now."""
    whole: float | None
    """When nobody of it waits any more; None: never, by ``why``."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a ramp is at one moment."""

    at: float
    ceiling: int
    largest: int
    """Members of its largest group."""
    links: int
    """That went in the run of this moment."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """One ramp. Moments are seconds since the epoch."""

    ramp: str
    admit: str
    now: float
    end: End
    at: float
    """When it comes to its end."""
    why: str
    """How it ends, as a sentence."""
    steps: Sequence[StepForecast]
    groups: Sequence[GroupForecast]
    """The largest first."""
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class NearLimit:
    """A group that is near a limit of those who read it, or beyond."""

    dn: str
    limits: str
    """Which ones, in words."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """What ``syncramp ramp forecast`` tells of a document."""

    document: str
    """Its namespace and name."""
    now: float
    """The moment that it starts from."""
    interval: float
    """Seconds from one run to the next."""
    pauses: float
    """Seconds that a person is assumed to take for each pause."""
    latency: str
    """What the seconds of calls stand on, as a clause."""
    full_call: float
    """Seconds that one of 20 calls takes longer than, of full ones."""
    per_call: int
    """Links of a full call."""
    ramps: Sequence[Forecast]
    notes: Sequence[str] = ()
    """What else somebody should know, as sentences."""
    warnings: Sequence[NearLimit] = ()
