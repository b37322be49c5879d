"""``spec.groups.ramps``: how large groups may become, and when.

The built-in ramp has the numbers of careful administrators: a first step below what Exchange and Teams take, a person
at 100,000, then steps of 50,000 up to what the V2 endpoint takes, each with a soak that includes business days.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from syncramp.spec.references import KeyRef


class Admit(StrEnum):
    """How members of a ramped group come."""

    WHOLE = "Whole"
    """Additions wait until all of them fit, then they go in one run."""
    MEMBERS = "Members"
    """They go up to the ceiling."""
    NOW = "Now"
    """They never wait for a ramp."""


class Metric(StrEnum):
    """What a gate measures."""

    REMOVAL_LATENCY = "RemovalLatencyP95"
    CYCLE_DURATION = "CycleDurationP95"
    EXPORT_LATENCY_P50 = "ExportLatencyP50"
    EXPORT_LATENCY_P95 = "ExportLatencyP95"
    LINK_ERRORS = "LinkErrorRate"
    OBJECT_ERRORS = "ObjectErrorRate"
    THROTTLE = "ThrottleShare"
    CONFIRM_LAG = "ConfirmLagP95"
    READ_BACK = "ReadBackDelta"
    MEMBER_COUNT = "MemberCountAgrees"
    EXTERNAL = "External"


class Unit(StrEnum):
    """What the value of a gate is; the member of ``hold`` and ``abort`` that has its limit."""

    SECONDS = "maxDuration"
    PERCENT = "maxPercent"
    POINTS = "maxPoints"
    """Percentage points above the median of seven days."""
    FACTOR = "maxFactor"
    """Times the median of seven days."""
    CYCLES = "maxCycles"
    VALUE = "maxValue"


UNITS = {
    Metric.REMOVAL_LATENCY: Unit.SECONDS,
    Metric.CYCLE_DURATION: Unit.SECONDS,
    Metric.EXPORT_LATENCY_P50: Unit.SECONDS,
    Metric.EXPORT_LATENCY_P95: Unit.SECONDS,
    Metric.LINK_ERRORS: Unit.PERCENT,
    Metric.OBJECT_ERRORS: Unit.POINTS,
    Metric.THROTTLE: Unit.PERCENT,
    Metric.CONFIRM_LAG: Unit.CYCLES,
    Metric.READ_BACK: Unit.FACTOR,
    Metric.MEMBER_COUNT: Unit.CYCLES,
    Metric.EXTERNAL: Unit.VALUE,
}


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A query whose answer is one number."""

    url: str
    query: str
    token: KeyRef | None = None
    """A bearer token."""
    ca: KeyRef | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A service that answers with one number."""

    url: str
    token: KeyRef | None = None
    ca: KeyRef | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """What must be well for a ramp to go on. A value above its limit fails."""

    metric: Metric
    hold: Decimal | None
    """In the unit of the metric; None: it never holds."""
    abort: Decimal | None
    """None: it never pauses."""
    name: str = ""
    """Of external ones, which there may be several of."""
    external: Prometheus | Webhook | None = None


@dataclass(frozen=True, slots=True)
class Soak:
    """How long a ceiling must prove itself; all of it."""

    duration: timedelta = timedelta()
    cycles: int = 0
    """Runs that exported something."""
    business_days: int = 0
    """Whole ones, Monday to Friday from 08:00 to 18:00 in the time zone of the ramp."""


@dataclass(frozen=True, slots=True)
class Step:
    """A ceiling, or a pause until a person promotes."""

    ceiling: int | None
    """Members; None: a pause."""
    soak: Soak = field(default_factory=Soak)


@dataclass(frozen=True, slots=True)
class RampPolicy:
    """One of ``spec.groups.ramps``, or the built-in one."""

    name: str
    steps: tuple[Step, ...]
    gates: tuple[Gate, ...]
    """All that are judged, those with built-in limits included."""
    min_members: int = 50_000
    where: str | None = None
    """An expression over ``object``, the group as it is desired; None: every group of the size."""
    admit: Admit = Admit.WHOLE
    order: str | None = None
    """An expression over ``object``, a member as it is desired: lower values first; None: who was seen first."""
    groups_per_cycle: int = 1
    """Groups that may start to fill in one run."""
    per_cycle: int = 10_000
    """Members that may be admitted in one run, over all groups of the ramp."""
    per_day: int = 50_000
    failures_before_pause: int = 2
    mail_enabled_max: int = 100_000
    """Mail-enabled groups hold at this."""
    time_zone: str = "UTC"
    built_in: bool = False

    @property
    def ceilings(self) -> tuple[int, ...]:
        """Of its steps, without pauses."""
        return tuple(step.ceiling for step in self.steps if step.ceiling is not None)

    @property
    def target(self) -> int:
        """The last ceiling."""
        return self.ceilings[-1]


DENY_PATTERNS = ("*deny*", "*block*", "*exclude*", "*break*glass*")
"""Names of groups in which who is missing has the opposite of what the group is for."""
BUILT_IN_STEPS = (
    Step(75_000, Soak(timedelta(hours=24), business_days=1)),
    Step(100_000, Soak(timedelta(hours=24), business_days=1)),
    Step(None),
    Step(150_000, Soak(timedelta(hours=48), business_days=1)),
    Step(200_000, Soak(timedelta(hours=48), business_days=1)),
    Step(250_000, Soak(timedelta(hours=72), business_days=2)),
)


def built_in_gates(interval: timedelta) -> tuple[Gate, ...]:
    """The gates of every ramp, with the limits they have where a document names no others.

    :param interval: ``spec.interval``; a removal should be out within one, and a cycle be over in 70 % of it.
    """
    whole = int(interval.total_seconds())
    seconds = Decimal(whole)
    return (
        Gate(Metric.REMOVAL_LATENCY, seconds, 2 * seconds),
        Gate(Metric.CYCLE_DURATION, Decimal(whole * 7 // 10), seconds),
        Gate(Metric.EXPORT_LATENCY_P95, Decimal(60), Decimal(240)),
        Gate(Metric.LINK_ERRORS, Decimal("0.1"), Decimal(1)),
        Gate(Metric.OBJECT_ERRORS, Decimal("0.5"), Decimal(2)),
        Gate(Metric.THROTTLE, Decimal(1), Decimal(5)),
        Gate(Metric.CONFIRM_LAG, Decimal(1), Decimal(3)),
        Gate(Metric.READ_BACK, Decimal(3), Decimal(10)),
        Gate(Metric.MEMBER_COUNT, Decimal(0), Decimal(3)),
    )


def built_in(interval: timedelta) -> RampPolicy:
    """The ramp of groups that no ramp of the document matches."""
    return RampPolicy("built-in", BUILT_IN_STEPS, built_in_gates(interval), built_in=True)
