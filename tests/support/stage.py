"""Runs that a test plays: it says when they end and how, and whether their process is still there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from syncramp_operator.api.resources import SYNCRUNS, Resource
from syncramp_operator.runs.syncruns import Loss

Object = dict[str, Any]


class Written(Protocol):
    """As a cluster is patched."""

    def patch(
        self, resource: Resource, namespace: str, name: str, body: Mapping[str, Any], subresource: str = ""
    ) -> Object:
        """A merge patch."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Stage:
    """As :class:`~syncramp_operator.execution.Execution`."""

    cluster: Written
    now: Callable[[], datetime] = _now
    started: list[str] = field(default_factory=list)
    stopped: list[tuple[str, str]] = field(default_factory=list)
    alive: set[str] = field(default_factory=set)
    refuses: Exception | None = None
    closed: float | None = None

    async def start(self, config: Object, run: Object) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.started.append(run["metadata"]["name"])
        self.alive.add(run["metadata"]["uid"])
        self.say(run, phase="Running", startTime=self.stamp())

    async def stop(self, run: Object, reason: str) -> None:
        self.stopped.append((run["metadata"]["name"], reason))

    async def lost(self, run: Object) -> Loss | None:
        return None if run["metadata"]["uid"] in self.alive else Loss()

    async def close(self, grace: float) -> None:
        self.closed = grace

    def stamp(self) -> str:
        """The time as an API server writes it."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def say(self, run: Object, **status: Any) -> Object:
        """What a run tells on its SyncRun."""
        metadata = run["metadata"]
        return self.cluster.patch(SYNCRUNS, metadata["namespace"], metadata["name"], {"status": status}, "status")

    def end(self, run: Object, phase: str = "Succeeded", **status: Any) -> None:
        """A run comes to its end."""
        reason = {"Succeeded": "SyncSucceeded", "Incomplete": "SyncIncomplete"}.get(phase, "Cancelled")
        time = self.stamp()
        self.say(run, **{"phase": phase, "reason": reason, "completionTime": time, "message": "It ended", **status})
        self.alive.discard(run["metadata"]["uid"])

    def crash(self) -> None:
        """All processes are gone, and nobody told."""
        self.alive.clear()
