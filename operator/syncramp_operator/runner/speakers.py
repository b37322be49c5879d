"""Who is told how a run goes on: the operator, in lines, or the API server, in patches of the SyncRun."""

import json
import os
import sys
import threading
import time
from contextlib import suppress
from typing import Protocol

from syncramp.errors import SyncrampError
from syncramp.events import Event, Note, PhaseEnded, as_json
from syncramp_operator.api.cluster import Cluster, ObjectMissing
from syncramp_operator.api.resources import SYNCRUNS, Object
from syncramp_operator.runs.run_end import Outcome, RunPhase, RunReason
from syncramp_operator.runs.syncruns import Telling

TICK = 1.0
"""Seconds between two looks whether something is to be told."""
PATIENCE = 300.0
"""Seconds for which the end of a run is written again and again; a control plane that is upgraded takes less."""
AGAIN = 5.0


class Speaker(Protocol):
    """Where a run tells."""

    def hear(self, event: Event) -> None:
        """One event; it comes back at once, and nothing is raised."""

    def finish(self, outcome: Outcome) -> bool:
        """The end, after which nothing is told; whether it could be told."""


class Lines:
    """One line of JSON for each event, and a last one with the end.

    :param descriptor: where they are written. A reader that went away stops no run.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def hear(self, event: Event) -> None:
        """As :class:`Speaker`."""
        self._write(as_json(event))

    def finish(self, outcome: Outcome) -> bool:
        """As :class:`Speaker`."""
        return self._write(outcome.as_line())

    def _write(self, line: str) -> bool:
        left = f"{line}\n".encode()
        try:
            with self._lock:
                while left:
                    left = left[os.write(self._descriptor, left) :]
        except OSError:
            return False
        return True


class Patches:
    """Patches of the status of a SyncRun, by a thread of its own, so that a slow API server slows no run.

    :param run: the SyncRun.
    """

    def __init__(self, cluster: Cluster, run: Object) -> None:
        self._cluster = cluster
        self._metadata = run["metadata"]
        self._telling = Telling(run, time.time())
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)
        self._thread.start()

    def hear(self, event: Event) -> None:
        """As :class:`Speaker`; sentences and ends of phases go to the log of the Pod, too."""
        with self._lock:
            self._telling.hear(event, time.time())
        if isinstance(event, Note | PhaseEnded):
            self._log(json.loads(as_json(event)))

    def finish(self, outcome: Outcome) -> bool:
        """As :class:`Speaker`. Who stopped the run has left the reason on the SyncRun; nobody: its node did."""
        self._over.set()
        self._thread.join()
        end, told = time.monotonic() + PATIENCE, False
        while not told and time.monotonic() < end:
            try:
                told = self._told(outcome)
            except ObjectMissing:
                return True
            except SyncrampError as error:
                self._log({"event": "unwritten", "text": str(error)})
                time.sleep(AGAIN)
        return told

    def _told(self, outcome: Outcome) -> bool:
        if outcome.phase is RunPhase.CANCELLED and outcome.told:
            run = self._cluster.get(SYNCRUNS, self._metadata["namespace"], self._metadata["name"])
            outcome = outcome.stopped_for(_reason(run))
        self._telling.end(outcome, time.time())
        self._patch(self._telling.patch(time.time()))
        self._log({"event": "ended", "phase": outcome.phase, "reason": outcome.reason, "text": outcome.message})
        return True

    def _tell(self) -> None:
        while not self._over.wait(TICK):
            with self._lock:
                now = time.time()
                patch = self._telling.patch(now) if self._telling.due(now) else None
            if patch is not None:
                try:
                    self._patch(patch)
                except SyncrampError as error:
                    self._log({"event": "unwritten", "text": str(error)})

    def _patch(self, patch: Object) -> None:
        self._cluster.patch(SYNCRUNS, self._metadata["namespace"], self._metadata["name"], patch, "status")

    def _log(self, told: Object) -> None:
        line = {**told, "run": f"{self._metadata['namespace']}/{self._metadata['name']}"}
        with suppress(OSError):
            sys.stderr.write(json.dumps(line, ensure_ascii=False) + "\n")
            sys.stderr.flush()


def _reason(run: Object) -> RunReason:
    told = run.get("status", {}).get("reason", "")
    return RunReason(told) if told in list(RunReason) else RunReason.INTERRUPTED
