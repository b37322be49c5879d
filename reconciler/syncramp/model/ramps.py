"""Ramps: how large groups may be now, what was measured, what was decided and why."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from pyroaring import BitMap

from syncramp.model.holds import Hold
from syncramp.model.rows import row


class Phase(StrEnum):
    """Where a ramp is."""

    GROWING = "Growing"
    """Groups grow up to the ceiling."""
    SOAKING = "Soaking"
    """Nothing more fits under the ceiling; it proves itself."""
    HOLDING = "Holding"
    """A gate failed: nothing grows, and the soak began anew."""
    PAUSED = "Paused"
    """A person must say that it goes on."""
    ABORTED = "Aborted"
    """Nothing grows any more."""
    REVERTING = "Reverting"
    """Aborted, and who came with the ramp leaves again, with approval."""
    COMPLETE = "Complete"
    """Every group is whole, or nothing that waits could come with a later step."""


class PauseReason(StrEnum):
    """Why a ramp is paused."""

    STEP = "PauseStep"
    MANUAL = "ManualPause"
    GATE = "GateAborted"
    """A gate failed at its abort value."""
    FAILURES = "TooManyFailures"
    """Gates failed as often as ``failuresBeforePause`` says."""


class Command(StrEnum):
    """What a person says to a ramp."""

    PROMOTE = "promote"
    PROMOTE_FULL = "promote-full"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    REVERT = "revert"
    RETRY = "retry"


class Verdict(StrEnum):
    """What a gate says."""

    PASSED = "Passed"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    """Not measured, or of too few samples."""
    ERROR = "Error"
    """It could not be asked."""


class GroupPhase(StrEnum):
    """What a ramp does with a group."""

    ABSENT = "Absent"
    """It is not created before it fits."""
    WAITING = "Waiting"
    """Its additions wait."""
    FILLING = "Filling"
    """Whole: its additions were begun and have not all arrived."""
    GROWING = "Growing"
    """Members: it grows up to the ceiling."""
    WHOLE = "Whole"
    """Nobody waits."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one gate says of the time since a step, or its soak, began. Plain data."""

    metric: str
    name: str
    verdict: Verdict
    value: float | None
    """As measured, in the unit of the metric; None: it was not."""
    unit: str
    """``spec.ramps.Unit``."""
    hold: float | None
    abort: float | None
    aborts: bool
    """It failed at its abort value."""
    samples: int
    sentence: str
    """For people, with the value, its limit and of how much it was measured."""
    baseline: float | None = None
    """The median of seven days that it is compared with."""

    @property
    def gate(self) -> str:
        """What the gate is called among those of its ramp."""
        return self.name or self.metric


@dataclass(frozen=True, slots=True)
class Order:
    """A command, as a person gave it."""

    command: Command
    ramp: str
    by: str
    at: float
    """Seconds since the epoch."""
    step: int | None = None
    """The step it was meant for, counted from 1; None: whichever it is."""
    reason: str = ""
    """Why, as that person says it."""


@dataclass(frozen=True, slots=True)
class RampState:
    """One ramp. Plain data; moments are seconds since the epoch."""

    name: str
    policy: str
    """Digest of what it is bound by: steps, match, ``admit``. Another one begins anew."""
    phase: Phase
    step: int
    """Index of the step among all of them, pauses included."""
    ceiling: int
    """Of the step; at a pause that of the step before."""
    started: float
    began: float
    """The step."""
    window: float
    """Since when gates are judged: the step, or the last failure in it."""
    soaked_from: float | None = None
    """Since when nothing more fits; None: something does."""
    cycles: int = 0
    """Runs since then that exported something."""
    grew: int = 0
    """Links that this step admitted and the service took."""
    runs: int = 0
    """Runs since the window began."""
    failures: int = 0
    """Of gates at this step."""
    failed: tuple[str, ...] = ()
    """Gates that must pass before it goes on (``Judgement.gate``); of one that holds."""
    pause: PauseReason | None = None
    reason: str = ""
    """Why it is in this phase, as a sentence; empty where the phase says it."""
    by: str = ""
    """Who gave the command it follows from; empty: nobody."""
    judgements: tuple[Judgement, ...] = ()
    """The last ones."""
    run: int = 0
    """That decided this."""

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """As it was kept."""
        judgements = tuple(Judgement(**{**one, "verdict": Verdict(one["verdict"])}) for one in kept["judgements"])
        pause = PauseReason(kept["pause"]) if kept["pause"] else None
        failed = tuple(kept["failed"])
        return cls(
            **{**kept, "phase": Phase(kept["phase"]), "pause": pause, "failed": failed, "judgements": judgements}
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """One line of the history: what was decided, when, by whom, and on which numbers. Plain data."""

    at: float
    run: int
    ramp: str
    what: str
    """Started, Soaking, Promoted, Skipped, Held, Recovered, Paused, Reopened, Completed, Refused, Ended, or a
    command."""
    step: int
    ceiling: int
    by: str
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """What it was decided on: judgements, soak, groups, members that wait."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A group that follows a ramp."""

    id: int
    anchor: str
    ramp: str
    at: float
    """Since when (seconds since the epoch)."""
    policy: str
    """The digest of the policy it was bound under."""
    start: BitMap
    """Members that the cloud possibly held when its growth began: what ``revert`` goes back to."""
    filling: bool = False
    """Its additions were begun and have not all arrived."""
    waited: bool = False
    """Somebody of it waited when the last run was over."""


@row
class Room:
    """What a ramp lets a group have in one run."""

    ramp: str
    """Its name; empty: the group follows none."""
    admitted: BitMap
    """Members that the cloud possibly does not hold, and that may be added now; restored ones included."""
    hold: Hold = Hold.RAMP
    reason: str = ""
    """Why others wait, as a sentence; empty: nobody does."""
    fills: bool = False
    """Its additions go in one go, in a lane of their own."""
    begins: bool = False
    """It was not whole and not filling: one of those that may start to fill in this run."""
    absent: bool = False
    """It is not created in this run."""
    reverted: BitMap = field(default_factory=BitMap)
    """Members that came with the ramp and are taken out again."""
    counted: BitMap = field(default_factory=BitMap)
    """Of the admitted those whom the budget of the ramp counts."""
    waiting: int = 0
    """Members that are not in the cloud and are not admitted."""
    phase: GroupPhase = GroupPhase.WHOLE
    note: str = ""
    """What else a person should know of the group, as a clause."""
