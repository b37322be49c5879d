"""What a run did, in numbers that must agree, and in sentences."""

from dataclasses import asdict, dataclass, field
from typing import Any

from syncramp.model.drift import Drift
from syncramp.model.guards import Reading
from syncramp.model.plan import Sample
from syncramp.model.ramp_reports import RampReport
from syncramp.model.stages import StageReport
from syncramp.model.written import WrittenReport


@dataclass(slots=True)
class Tally:
    """expected = acknowledged + held + refused + in doubt + left, for objects or for links."""

    expected: int = 0
    acknowledged: int = 0
    held: int = 0
    refused: int = 0
    in_doubt: int = 0
    left: int = 0
    """Not sent in this run; the next one plans it again."""

    def settle(self) -> None:
        """What is expected and nothing else was said of is left."""
        self.left = self.expected - self.acknowledged - self.held - self.refused - self.in_doubt


@dataclass(slots=True)
class SourceReport:
    """One partition of one source, as this run read it."""

    source: str
    partition: str
    complete: bool
    """All three proofs hold: it was read completely, it is fresh, and the account saw what it used to."""
    entries: int
    expected: int | None
    reason: str = ""
    tracking: str = ""
    """How changes are found, as of ``Proof``; empty where nothing was proven."""
    delta: bool = False
    """Only what changed was read, and ``entries`` counts that."""
    why_full: str = ""
    """Why everything was read of a source that tracks changes; empty otherwise."""
    seconds: float = 0.0
    """How long its reading took, beside others."""
    references: list[str] = field(default_factory=list)
    """URLs of parts inside a scope that other servers hold; they were not followed."""
    doubt: str = ""
    """Which proof fails (``model.proofs.Doubt``); empty when none does."""
    proofs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """``complete``, ``fresh`` and ``permitted`` -> the evidence (``Verdict.as_json``); empty: the read broke off."""
    imported: float | None = None
    """When an importer began to read it, before the run, in seconds since the epoch; None: the run read it."""


@dataclass(slots=True)
class PhaseReport:
    """One phase."""

    name: str
    seconds: float
    objects: int = 0
    links: int = 0
    started: float = 0.0
    """Seconds since the epoch; of several slices when the first of them came to it."""


@dataclass(slots=True)
class WireReport:
    """How much is known of the wire that a run speaks."""

    probed: str = ""
    """When the wire profile was made, in UTC; empty: there is none, and the wire is unverified."""
    syncramp: str = ""
    """The version that made it."""
    host: str = ""
    """The endpoint it was made of."""
    differing: list[str] = field(default_factory=list)
    """Facts of the profile that are not what the release that made it was built for."""
    warning: str = ""
    accepted: bool = False
    """A run may send: there is a profile, or the document takes the wire as it is."""


@dataclass(slots=True)
class RemovalLatency:
    """Seconds from the import that first showed it until the service answered, over disables and member removals."""

    count: int = 0
    """Disables and member removals that were answered."""
    p50: float | None = None
    """None where none was."""
    p95: float | None = None
    max: float | None = None
    waiting: int = 0
    """Those that are wanted and not answered yet."""
    oldest: float | None = None
    """How long the first of them has waited."""


@dataclass(slots=True)
class WindowReport:
    """What ``spec.syncWindows`` let go."""

    open: bool = True
    """Growth may go; without windows it always may."""
    until: float | None = None
    """When that changes, in seconds since the epoch; None: never."""
    reason: str = ""
    """Why it may not, as a clause."""


@dataclass(slots=True)
class ExportLatency:
    """Seconds that the service took to answer a call of the export; calls that it put off are left out."""

    count: int = 0
    p50: float | None = None
    """None where none was answered."""
    p95: float | None = None


@dataclass(slots=True)
class RunReport:
    """One run. Everything in it is plain data: it is kept as JSON."""

    run: int = 0
    mode: str = ""
    sends: bool = False
    wire: WireReport = field(default_factory=WireReport)
    full: bool = False
    """It read the directories and the tenant whole, and judged every entry anew."""
    digest: str = ""
    objects: Tally = field(default_factory=Tally)
    links: Tally = field(default_factory=Tally)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Verb -> kind -> objects that were planned to go."""
    done: dict[str, dict[str, int]] = field(default_factory=dict)
    """The same of those that were acknowledged."""
    slices: int = 1
    """Runs that this is the sum of."""
    sliced: bool = False
    """Its slice was over before everything was sent."""
    removal_latency: RemovalLatency = field(default_factory=RemovalLatency)
    confirmed: int = 0
    with_differences: int = 0
    """Confirmed, though the service wrote some values otherwise than we sent them."""
    unconfirmed: int = 0
    """In the cloud by the service's own answer, and not yet seen in a read-back."""
    unconfirmed_links: int = 0
    missing_links: int = 0
    """Links answered as added which their group's read-back does not show; the next run adds them again."""
    loose_references: int = 0
    """Objects that still name somebody whom this run deleted; the next run clears the reference."""
    unmanaged: dict[str, int] = field(default_factory=dict)
    """Source that the document does not name any more -> its objects, which stay in the cloud as they are."""
    in_cloud: dict[str, int] = field(default_factory=dict)
    anchors_written: int = 0
    """Users whose anchor stands in their directory since this run, written before their create."""
    calls: int = 0
    writes: int = 0
    """Objects sent, a group once for each call that changed its members: what the tenant's throttle counts."""
    throttled: int = 0
    """Requests that the service put off."""
    export_latency: ExportLatency = field(default_factory=ExportLatency)
    holds: dict[str, int] = field(default_factory=dict)
    hold_samples: dict[str, list[Sample]] = field(default_factory=dict)
    guards: list[Reading] = field(default_factory=list)
    """What every guard said of the plan."""
    errors: dict[str, int] = field(default_factory=dict)
    """What the service said when it refused an object -> how often."""
    error_samples: dict[str, list[Sample]] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    warning_samples: dict[str, list[Sample]] = field(default_factory=dict)
    drift: dict[str, int] = field(default_factory=dict)
    """What somebody else did in the cloud (``Drift``) -> objects, or links, as this run's read-backs showed it."""
    drift_samples: dict[str, list[Sample]] = field(default_factory=dict)
    differences: dict[str, int] = field(default_factory=dict)
    """Attribute -> objects that have it otherwise in the cloud than it was sent, and nothing known explains it."""
    normalised: dict[str, int] = field(default_factory=dict)
    """The same of what the service is known to write otherwise."""
    violations: dict[str, int] = field(default_factory=dict)
    """What is wrong with desired values -> how many are kept back; of all objects, whenever they were judged."""
    violation_samples: dict[str, list[Sample]] = field(default_factory=dict)
    sources: list[SourceReport] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    """Why entries are not synchronised -> how many, of those this run judged."""
    unresolved_members: int = 0
    ramps: list[RampReport] = field(default_factory=list)
    """Ramps that groups follow."""
    stage: StageReport = field(default_factory=StageReport)
    """Of a tenant that was adopted."""
    windows: WindowReport = field(default_factory=WindowReport)
    """When the plan was made, or when a window closed in the middle of the export."""
    preflight: list[dict[str, str]] = field(default_factory=list)
    """What the look at the tenant found before anything was sent: ``check``, ``text`` and ``remedy``."""
    service_interval: float | None = None
    """Seconds: the tenant's own interval, half an hour where it names none; None: the tenant was not asked."""
    certificate_valid_until: str = ""
    """RFC 3339, UTC: the certificate this run signed in with; empty where it signed in otherwise, or not."""
    phases: list[PhaseReport] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    """What waits for an approval: ``Waiting.as_json``."""
    approvals: list[dict[str, Any]] = field(default_factory=list)
    """The approvals that the plan was made under: ``Approval.as_json``."""
    failure: str = ""
    """Why the run ended before its time; empty when it did not."""
    failure_reason: str = ""
    """The same in one word, the ``reason`` of our error; ``InternalError`` of any other one."""
    failure_family: str = ""
    """``Stalled``, ``Waiting`` or ``Retry``: whether another run can help, and when."""
    writeback: "RunReport | None" = None
    """The same of the other direction, groups of the cloud into a directory; None: nobody asks for it."""
    written: WrittenReport | None = None
    """Of a report of that direction: what there is to say of the directory."""
    retry_at: float | None = None
    """Of a run that had to wait: when it may be possible, in seconds since the epoch; None: nobody can tell."""

    @property
    def succeeded(self) -> bool:
        """It came to its end, and every source was read completely; in both directions."""
        other = self.writeback is None or self.writeback.succeeded
        return other and not self.failure and all(source.complete for source in self.sources)

    @property
    def planned(self) -> bool:
        """Its plan has something to send, held or not; of its own direction."""
        return bool(self.objects.expected or self.links.expected)

    @property
    def settled(self) -> bool:
        """It succeeded and nothing waits, in both directions: no hold, no refusal, no doubt, nothing left, missing or
        loose.
        """
        if self.writeback is not None and not self.writeback.settled:
            return False
        waiting = (self.objects.held, self.objects.refused, self.objects.in_doubt, self.objects.left)
        links = (self.links.held, self.links.refused, self.links.in_doubt, self.links.left)
        return self.succeeded and not any((*waiting, *links, self.missing_links, self.loose_references))

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)

    def note_hold(self, sample: Sample, hold: str, changes: int = 1) -> None:
        """Count what is held beside what the plan held, with a few samples."""
        _note(self.holds, self.hold_samples, sample, hold, changes)

    def note_drift(self, drift: Drift, sample: Sample, number: int = 1) -> None:
        """Count what somebody else did in the cloud, with a few samples."""
        _note(self.drift, self.drift_samples, sample, drift.value)
        self.drift[drift.value] += number - 1

    def note_error(self, sample: Sample, category: str) -> None:
        """Count a refusal under what the service said, with a few samples."""
        _note(self.errors, self.error_samples, sample, category)

    def note_warning(self, sample: Sample, category: str) -> None:
        """Count a warning, with a few samples."""
        _note(self.warnings, self.warning_samples, sample, category)


SAMPLES = 5
"""Examples kept of each category."""
CATEGORIES = 50
"""Categories kept; the rest is counted together, because some messages name their object."""


def _note(
    counts: dict[str, int], samples: dict[str, list[Sample]], sample: Sample, category: str, number: int = 1
) -> None:
    if category not in counts and len(counts) >= CATEGORIES:
        category = "other"
    counts[category] = counts.get(category, 0) + number
    kept = samples.setdefault(category, [])
    if len(kept) < SAMPLES:
        kept.append(sample)
