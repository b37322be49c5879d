"""A run in a Job of the cluster, which goes on when the operator does not.

A Job has the name of its SyncRun, so one that is there already has begun. Its Pod mounts each Secret and ConfigMap
that the document names, and the claim with the store. It writes how it goes on itself; the operator only looks
whether it is still there. A Job is ended by deleting it in the foreground: it stays until its Pod has ended, so as
long as it is there, its runner may still have something to say.
"""

import asyncio
import time
from datetime import UTC, datetime

from syncramp_operator.api.cluster import Cluster, ObjectConflict, ObjectMissing
from syncramp_operator.api.resources import JOBS, SYNCRUNS, Object
from syncramp_operator.execution.job_manifest import job_manifest
from syncramp_operator.execution.protocol import is_over_now
from syncramp_operator.execution.secrets import gathered
from syncramp_operator.runs.bounds import moment_of
from syncramp_operator.runs.run_end import RunPhase, RunReason
from syncramp_operator.runs.syncruns import Loss, phase_of, stopped
from syncramp_operator.settings import Settings

START_WITHIN = 900.0
"""Seconds in which the runner of a Job must have spoken: a node that is made for it takes some minutes."""
SILENT = (
    "Its Pod did not start within 15 minutes: no image, no node or no volume; "
    "kubectl describe pod -l syncramp.io/run={name} says which. It was ended and is resumed"
)
GONE = "Its Job is gone, and never said how the run ended; it is resumed"
FAILED = "Its Job failed ({reason}) before the run could say how it ended; it is resumed"


class Jobs:
    """Runs as Jobs, each in the namespace of its SyncConfig."""

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._settings = settings

    async def start(self, config: Object, run: Object) -> None:
        """As :class:`Execution`. Without its Secrets a Pod would wait for ever, so they are looked for first."""
        await asyncio.to_thread(self._start, config, run)

    def _start(self, config: Object, run: Object) -> None:
        metadata = run["metadata"]
        gathered(self._cluster, metadata["namespace"], config["spec"]).require()
        try:
            self._cluster.create(JOBS, metadata["namespace"], job_manifest(config, run, self._settings))
        except ObjectConflict:
            return

    async def stop(self, run: Object, reason: str) -> None:
        """As :class:`Execution`. The runner finds the reason on its SyncRun; without one, its node ended it."""
        await asyncio.to_thread(self._stop, run, reason)

    def _stop(self, run: Object, reason: str) -> None:
        metadata = run["metadata"]
        try:
            told = {"status": {"reason": reason}}
            self._cluster.patch(SYNCRUNS, metadata["namespace"], metadata["name"], told, "status")
        except ObjectMissing:
            pass
        self._cluster.delete(JOBS, metadata["namespace"], metadata["name"], foreground=True)

    async def lost(self, run: Object) -> Loss | None:
        """As :class:`Execution`. One that never began to speak is ended here."""
        return await asyncio.to_thread(self._lost, run, time.time())

    def _lost(self, run: Object, now: float) -> Loss | None:
        """The SyncRun is looked at last: its runner may have said its end between the two looks before."""
        loss = self._missed(run, now)
        return None if loss is None or is_over_now(self._cluster, run) else loss

    def _missed(self, run: Object, now: float) -> Loss | None:
        metadata = run["metadata"]
        try:
            job = self._cluster.get(JOBS, metadata["namespace"], metadata["name"])
        except ObjectMissing:
            return self._as_stopped(run) or Loss(message=GONE)
        ended = _ended(job)
        if ended == "Complete":
            return Loss(message=GONE)
        if ended:
            reason = RunReason.DEADLINE_EXCEEDED if ended == "DeadlineExceeded" else RunReason.INTERRUPTED
            return self._as_stopped(run) or Loss(reason, FAILED.format(reason=ended))
        if phase_of(run) is RunPhase.PENDING and now - _created(job) > START_WITHIN:
            self._cluster.delete(JOBS, metadata["namespace"], metadata["name"], foreground=True)
            return Loss(message=SILENT.format(name=metadata["name"]))
        return None

    def _as_stopped(self, run: Object) -> Loss | None:
        """A Job that was ended on purpose, and whose runner did not come to say so."""
        reason = run.get("status", {}).get("reason", "")
        return stopped(reason) if reason else None

    async def close(self, grace: float) -> None:
        """As :class:`Execution`: Jobs go on."""


def _ended(job: Object) -> str:
    """Why a Job is over: ``Complete``, or the reason of its failure; empty while it is not."""
    for condition in job.get("status", {}).get("conditions", ()):
        if condition["status"] == "True" and condition["type"] == "Failed":
            return str(condition.get("reason") or "Failed")
        if condition["status"] == "True" and condition["type"] == "Complete":
            return "Complete"
    return ""


def _created(job: Object) -> float:
    told = job["metadata"].get("creationTimestamp")
    return moment_of(told).timestamp() if told else datetime.now(UTC).timestamp()
