"""The course of a rehearsal: what each run left, and how it ended. Plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from syncramp.model.ramps import Decided, RampState
from syncramp.model.report import RunReport


class End(StrEnum):
    """How a rehearsal ended."""

    COMPLETE = "Complete"
    """Nobody waits, and the cloud is as the directory."""
    PAUSED = "Paused"
    """A ramp waits for a person."""
    LATE = "Late"
    """The days are over, and somebody waits."""
    FAILED = "Failed"
    """A run failed, or the cloud is not what it should be."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the made directory after a run."""

    name: str
    members: int
    """In the cloud."""
    desired: int
    """In the directory."""
    ramp: str = ""
    """The ramp it follows, or has followed; empty: none so far."""
    ceiling: int | None = None
    """Of that ramp in the run."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One run."""

    at: float
    """When it began (seconds since the epoch, on the virtual clock)."""
    ended: float
    report: RunReport
    states: Mapping[str, RampState]
    """Ramps after the run."""
    decided: Sequence[Decided]
    """What was decided about them in it, the first one first."""
    groups: Sequence[Group]
    left: int = 0
    """People who left before it."""
    findings: Sequence[str] = ()
    """What is not as it must be after every run, as sentences."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A group whose members in the cloud are not those of the directory."""

    name: str
    missing: int
    """In the directory, and not in the cloud."""
    extra: int
    """In the cloud, and not in the directory."""


@dataclass(frozen=True, slots=True)
class Course:
    """A whole rehearsal."""

    end: End
    why: str
    """As a sentence."""
    moments: Sequence[Moment]
    compared: int = 0
    """Memberships of the directory that were compared with the cloud's at the end."""
    differences: Sequence[Difference] = ()
    people: int = 0
    left: int = 0
    """People who left, over all runs."""
    ramps: Sequence[str] = field(default_factory=tuple)
    """Names of the ramps that were seen, in the order in which they began."""
