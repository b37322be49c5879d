"""When a run is due: what is known of a document and of its runs, and what comes of it, as values.

The other modules of this room decide on these; whoever makes runs gathers them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from syncramp.spec.scheduling import Scheduling

REQUESTED_AT, FORCE_AT, PLAN_AT = "requestedAt", "forceAt", "planAt"
APPROVALS = frozenset({"approve", "adopt", "release", "accept-source"})
URGENT = frozenset({"pause", "abort", "revert"})
"""Commands that take room from ramps: a run under way that does not know one is ended."""
COMMANDS = URGENT | {"promote", "promote-full", "resume", "retry"}
REQUESTS = frozenset({REQUESTED_AT, FORCE_AT, PLAN_AT}) | APPROVALS | COMMANDS
"""Annotations, without their prefix, that ask for a run by a new text."""


class Trigger(StrEnum):
    """Why a run is made."""

    CREATED = "Created"
    """The document was never run."""
    SPEC_CHANGED = "SpecChanged"
    INTERVAL = "Interval"
    """The last run was so long ago."""
    REQUESTED = "Requested"
    FORCED = "Forced"
    """A full run was asked for."""
    PLANNED = "Planned"
    """A run that only plans was asked for."""
    APPROVED = "Approved"
    """An approval, an adoption, a release, or that a source is accepted, was given in an annotation."""
    COMMANDED = "Commanded"
    """A command to a ramp was given in an annotation."""
    SECRET_CHANGED = "SecretChanged"  # noqa: S105 - no password
    RETRIED = "Retried"
    """The last run failed for a passing fault."""
    RESUMED = "Resumed"
    """What the last run began goes on: it was stopped, its process is gone, or its slice was over."""
    WINDOW_OPENED = "WindowOpened"
    """A sync window lets go what had to wait for it."""


class Ending(StrEnum):
    """How a run ended."""

    SUCCEEDED = "Succeeded"
    INCOMPLETE = "Incomplete"
    """It came to its end, and something waits, was refused, or is in doubt."""
    FAILED = "Failed"
    """A passing fault: the next one tries again."""
    WAITING = "Waiting"
    """It will be possible later, without anybody's help."""
    STALLED = "Stalled"
    """A person must act: trying again changes nothing."""
    CANCELLED = "Cancelled"
    """It was asked to stop; one that lasted too long has failed."""
    INTERRUPTED = "Interrupted"
    """Its process is gone, and never said how it ended."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run that is over, those aside that were only to plan."""

    generation: int
    """Of the document it ran by."""
    ended: datetime
    ending: Ending
    trigger: Trigger
    full: bool = False
    failures: int = 0
    """Runs in a row, up to this one, that failed, had to wait, or were interrupted."""
    again: datetime | None = None
    """Of one that had to wait: when it may be possible."""
    sliced: bool = False
    """Time was over before everything was sent, and something went: the next one goes on at once."""
    began: datetime | None = None
    """A window that opened since then may have opened too late for its plan."""


@dataclass(frozen=True, slots=True)
class Running:
    """A run that is under way."""

    generation: int
    trigger: Trigger
    since: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one document when it is decided whether a run is due."""

    key: str
    """Something that never changes (its uid): it shifts the runs of many documents against each other."""
    generation: int
    interval: timedelta
    scheduling: Scheduling
    accepted: bool = True
    """The verdict on the document."""
    deleting: bool = False
    requests: Mapping[str, str] = field(default_factory=dict)
    """Annotation, without its prefix -> text. What asks for no run (``REQUESTS``) may be among them."""
    handled: Mapping[str, str] = field(default_factory=dict)
    """The same, as runs that were started knew them (``Start.handles``)."""
    secrets: str = ""
    """A digest of the Secrets and ConfigMaps the document names, as they are."""
    secrets_handled: str = ""
    """The same, as the last run that was started found them."""
    last: LastRun | None = None
    running: Running | None = None
    service_interval: timedelta | None = None
    """The tenant's own SynchronizationInterval, where a run has heard it."""
    awake: datetime | None = None
    """When the operator began, if it then had many documents: their runs are spread."""


@dataclass(frozen=True, slots=True)
class Start:
    """A run is due."""

    trigger: Trigger
    full: bool = False
    only_plans: bool = False
    handles: Mapping[str, str] = field(default_factory=dict)
    """What of ``Known.requests`` is handled by it, to be kept in ``Known.handled`` together with its start."""


class Cause(StrEnum):
    """Why no run is started now, or why the one under way is ended."""

    DUE_LATER = "DueLater"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    REFUSED = "Refused"
    """The document is not acceptable."""
    STALLED = "Stalled"
    """The last run said that a person must act, and nothing has changed since."""
    BACKING_OFF = "BackingOff"
    WAITING = "Waiting"
    DELETING = "Deleting"
    SPEC_CHANGED = "SpecChanged"
    """Only of an end: the run under way goes by a document that is not the newest."""
    COMMANDED = "Commanded"
    """Only of an end: a command takes room from a ramp, and the run under way does not know it."""
    TIMED_OUT = "TimedOut"
    """Only of an end: the run under way lasts longer than ``spec.timeout``."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be done now."""

    cause: Cause
    until: datetime | None = None
    """When to look again; None: when something changes."""


@dataclass(frozen=True, slots=True)
class End:
    """The run under way is to be stopped, after its calls in flight."""

    cause: Cause


Decision = Start | Wait | End
