"""``spec.groups.ramps``: how large groups may become, and when.

The built-in ramp has the numbers of careful administrators: a first step below what Exchange and Teams take, a person
at 100,000, then steps of 50,000 up to what the V2 endpoint takes, each with a soak that includes business days.
"""

from dataclasses import dataclass, field, replace
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
    """In both directions."""
    AD_LATENCY = "ADModifyLatencyP95"
    CONVERGED = "ReplicationConverged"
    VALUE_ERRORS = "ValueErrors"
    TOKENS = "MembersTokenCount"
    WRITEBACK_SHARE = "WritebackCycleShare"
    COUNT_AGREES = "CountAgrees"

    @property
    def directory(self) -> bool:
        """It is asked where groups are written to a directory, and nowhere else."""
        return self in WRITTEN_METRICS


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
    Metric.AD_LATENCY: Unit.SECONDS,
    Metric.CONVERGED: Unit.SECONDS,
    Metric.VALUE_ERRORS: Unit.PERCENT,
    Metric.TOKENS: Unit.VALUE,
    Metric.WRITEBACK_SHARE: Unit.PERCENT,
    Metric.COUNT_AGREES: Unit.CYCLES,
}
WRITTEN_METRICS = frozenset(
    {
        Metric.AD_LATENCY,
        Metric.CONVERGED,
        Metric.VALUE_ERRORS,
        Metric.TOKENS,
        Metric.WRITEBACK_SHARE,
        Metric.COUNT_AGREES,
    }
)


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


WRITEBACK = "writeback"
"""The name of the ramp of groups that are written to a directory; no ramp of ``spec.groups`` has it."""


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
    least_soak: timedelta = timedelta()
    """How long every ceiling soaks at least, whatever its step says: nobody sees sooner what a change did."""

    @property
    def ceilings(self) -> tuple[int, ...]:
        """Of its steps, without pauses."""
        return tuple(step.ceiling for step in self.steps if step.ceiling is not None)

    @property
    def target(self) -> int:
        """The last ceiling."""
        return self.ceilings[-1]

    @property
    def directory(self) -> bool:
        """Its groups are written to a directory."""
        return self.name == WRITEBACK

    def soak(self, step: int) -> Soak:
        """How long a step soaks; a pause does not, nor what is behind the last one."""
        if step >= len(self.steps) or self.steps[step].ceiling is None:
            return Soak()
        said = self.steps[step].soak
        return replace(said, duration=max(said.duration, self.least_soak))


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


WRITTEN_STEPS = (
    Step(1_400, Soak(timedelta(hours=24))),  # above 1,500 values a domain controller answers in ranges (MS-ADTS)
    Step(
        4_900, Soak(timedelta(hours=24))
    ),  # above 5,000 Active Directory Web Services refuse (MaxGroupOrMemberEntries)
    Step(None),
    Step(25_000, Soak(timedelta(hours=24))),
    Step(50_000, Soak(timedelta(hours=48))),  # what Azure AD Connect writes of a group unless it is told otherwise
    Step(None),
    Step(100_000, Soak(timedelta(hours=72))),
    Step(250_000, Soak(timedelta(hours=72))),
)
LINK_INTERVAL = timedelta(hours=3)
"""replInterval of a site link that says nothing: 180 minutes (MS-ADTS, siteLink)."""


def written_gates() -> tuple[Gate, ...]:
    """The gates of the ramp of written-back groups, with the limits they have where a document names no others.

    ``ReplicationConverged`` holds at twice the longest interval of a site link; until a run has read those of the
    directory, it is the usual one.
    """
    return (
        Gate(Metric.AD_LATENCY, Decimal("0.5"), Decimal(2)),
        Gate(Metric.CONVERGED, Decimal(2 * int(LINK_INTERVAL.total_seconds())), Decimal(86_400)),
        Gate(Metric.VALUE_ERRORS, Decimal("0.1"), Decimal(1)),
        Gate(Metric.TOKENS, Decimal(900), None),
        Gate(Metric.WRITEBACK_SHARE, Decimal(30), Decimal(100)),
        Gate(Metric.COUNT_AGREES, Decimal(0), Decimal(1)),
    )


def built_in_writeback() -> RampPolicy:
    """The ramp of groups that are written to a directory, of a document that says nothing of it."""
    return RampPolicy(
        WRITEBACK,
        WRITTEN_STEPS,
        written_gates(),
        min_members=0,
        admit=Admit.MEMBERS,
        groups_per_cycle=100,
        per_cycle=5_000,
        per_day=100_000,
        mail_enabled_max=250_000,
        built_in=True,
    )
