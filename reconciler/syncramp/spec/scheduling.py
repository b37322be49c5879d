"""When runs are made, and when they may add anything: ``spec.suspend``, the intervals, and ``spec.syncWindows``."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

TIMEOUT = timedelta(hours=6)
"""Of a run where the document names none; at least twice its interval."""


class WindowKind(StrEnum):
    """What a sync window does while it is open."""

    ALLOW = "Allow"
    """Growth goes; where one is named, growth waits outside of all of them."""
    DENY = "Deny"
    """Growth waits, whatever else allows it."""


@dataclass(frozen=True, slots=True)
class SyncWindow:
    """A time that comes again and again."""

    kind: WindowKind
    schedule: str
    """Five fields as cron has them: when it opens."""
    duration: timedelta
    """How long it stays open."""
    time_zone: str = "UTC"
    """The IANA name of the zone that the schedule is read in."""


@dataclass(frozen=True, slots=True)
class Scheduling:
    """When runs are made."""

    suspend: bool = False
    """No run is made."""
    retry_interval: timedelta = timedelta(minutes=5)
    """After a run that failed for a passing fault; it doubles with each failure, up to ``spec.interval``."""
    timeout: timedelta = TIMEOUT
    """A run that lasts longer is stopped, after its calls in flight."""
    windows: tuple[SyncWindow, ...] = ()
    run_history: int = 10
    """SyncRuns that are kept."""
