"""What runs measured, and what gates are judged on: plain numbers, with the moment and of how much they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

KEPT_SECONDS = 8 * 86_400.0
"""Measurements are kept for eight days: seven that a day can be compared with, and the day itself."""


class Measure(StrEnum):
    """What is measured. Of those marked (ramp) the subject is the name of a ramp, of the others there is none."""

    REMOVAL_LATENCY = "removalLatency"
    """Seconds from the import that showed a revocation to its answer; weighs as many as were answered at once."""
    REMOVAL_WAITING = "removalWaiting"
    """Seconds for which the oldest revocation waited that a plan let go and that was not answered in the run."""
    CYCLE = "cycleSeconds"
    """Seconds of a run without those in which links of ramps were on their way; of runs that came to their end."""
    RAMP_SECONDS = "rampSeconds"
    """Seconds of a run in which links of ramps were on their way, or waited for room in the tenant's throttle."""
    CALLS = "calls"
    """Requests to the endpoint, those that went again included."""
    THROTTLED = "throttledCalls"
    """Requests that were answered with a plea for patience (fault 81, HTTP 503, 429)."""
    THROTTLED_PIECE = "throttledSeconds"
    """Seconds of the longest time without a break in which some call was put off."""
    EXPORTS = "exportCalls"
    """Calls of the export; every run that exports has them, also one that failed."""
    OBJECTS_SENT = "objectsSent"
    """Creates, updates and deletes that were answered, or are in doubt."""
    OBJECTS_REFUSED = "objectsRefused"
    READ_BACK = "readBackObjects"
    """Objects that the first read-back of a run showed, of a run that asked for what changed."""
    LINKS_SENT = "rampLinksSent"
    """(ramp) Additions to its groups that went in a call."""
    LINKS_TAKEN = "rampLinksAcknowledged"
    """(ramp) Those that the service answered as added."""
    LINKS_REFUSED = "rampLinksRefused"
    """(ramp) Those whose last try in the run was refused."""
    CONFIRM_LAG = "confirmLag"
    """(ramp) Runs from the answer about a link to the read-back that showed it; weighs as many as were shown."""
    DISAGREEMENT = "membersDisagree"
    """(ramp) Links of its groups that only we know of, or only the read-back."""
    PUT_OFF = "directoryPutOff"
    """Requests that a domain controller answered with adminLimitExceeded, busy or unavailable. This one and those
    below are of runs that write groups to a directory."""
    REPLICATION = "replicationSeconds"
    """Seconds since the oldest of our writes that some writable domain controller lacks; 0: all of them have all.
    Weighs as many controllers as told it."""
    UNREACHED = "controllerUnreached"
    """Seconds for which the domain controller could not be asked that could not for longest; weighs as many."""
    TOKENS = "memberTokens"
    """The most groups at the sign-in of one member whom a run would add to a security group; weighs as many members
    as were looked at."""
    TOKENS_UNKNOWN = "memberTokensUnknown"
    """Members of whom that could not be asked."""
    SHARE = "writebackShare"
    """Percent of ``spec.interval`` that a run wrote to a directory."""
    SECOND = "secondDisagree"
    """Members that only one of two domain controllers counts; weighs as many groups as were compared."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement."""

    at: float
    """Seconds since the epoch."""
    run: int
    name: str
    value: float
    weight: int = 1
    """Of how many things it was measured."""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class CallTime:
    """Calls that carried links and took the same time, in buckets: see ``store.samples``."""

    at: float
    run: int
    links: int
    objects: int
    seconds: float
    weight: int = 1
    """How many calls."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went over the wire since it was asked last."""

    calls: int = 0
    """Requests, those that went again included."""
    throttled: int = 0
    """Those that were answered with a plea for patience."""
    longest: float = 0.0
    """Seconds of the longest time without a break in which some call was put off."""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Links of a ramp that were answered as added and that no read-back has shown."""

    at: float
    run: int
    """When the first answer about them came, and in which run."""
    links: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a system outside is told of the ramp that asks it. Plain data."""

    document: str
    """Namespace and name."""
    ramp: str
    step: int
    """Counted from 1."""
    ceiling: int
    target: int
    groups: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a system outside told."""

    value: float | None = None
    why: str = ""
    """Why there is no value, as a clause."""
    failed: bool = False
    """It could not be asked, or its answer is none."""


@dataclass(frozen=True)
class Measures:
    """What the gates of one ramp are judged on; moments are seconds since the epoch."""

    window: float
    """Since when the step, or its soak, is judged."""
    began: float
    """When the step began."""
    rows: Sequence[Measured] = ()
    """Of eight days: of the tenant, and of this ramp. Those of one name ascend by their moment."""
    calls: Sequence[CallTime] = ()
    """Of the step, and perhaps before it."""
    run: int = 0
    """The run that judges."""
    unconfirmed: Sequence[Unconfirmed] = ()
    refused: int = 0
    """Links of the ramp that are wanted, and whose last try since the step began was refused."""
    outside: Mapping[str, Told] = field(default_factory=dict)
    """The name of an external gate -> what it was told."""

    def of(self, name: str, since: float, until: float = float("inf")) -> list[Measured]:
        """The measurements of one name from a moment on, and before another one."""
        return [row for row in self._by_name.get(name, ()) if since <= row.at < until]

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Measured]]:
        found: dict[str, list[Measured]] = {}
        for row in self.rows:
            found.setdefault(row.name, []).append(row)
        return found


def percentile(values: Iterable[tuple[float, int]], percent: float) -> float | None:
    """The smallest value that so many percent of all do not exceed (nearest rank); None of nothing.

    :param values: each with how often it was measured.
    """
    ascending = sorted(values)
    rest = percent * sum(weight for _, weight in ascending)
    for value, weight in ascending:
        rest -= 100 * weight
        if rest <= 0:
            return value
    return ascending[-1][0] if ascending else None
