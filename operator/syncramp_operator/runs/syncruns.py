"""A SyncRun from its manifest to its end, as values: what it is made of, what is told while it lasts, how it ended.

A phase that is over never changes: the first word about an end counts. Whatever ends a run without a word of its own
is told by :func:`interrupted`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from syncramp.errors import Retry, SyncrampError
from syncramp.events import Event, Fenced, Note, PhaseEnded, PhaseStarted, Progress
from syncramp.schedule.known import Ending, LastRun, Start, Trigger
from syncramp_operator.api.resources import CONFIG_LABEL, MANAGED_BY, SYNCCONFIGS, SYNCRUNS, Object
from syncramp_operator.runs.bounds import MESSAGE, fitted, moment_of, stamp, text
from syncramp_operator.runs.counted import PHASES, duration, milliseconds
from syncramp_operator.runs.run_end import STOPPED, Outcome, RunPhase, RunReason, failure
from syncramp_operator.settings import Execution

UNSAID = "Its process ended before it could say how; it is resumed"
EVERY = 5.0
"""Seconds between two writes while a run lasts."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A run is over, and never said how it ended."""

    reason: str = RunReason.INTERRUPTED
    message: str = UNSAID


def name_of(config: str, number: int) -> str:
    """Of a SyncRun and of its Job: at most 63 characters, since a SyncConfig's name has at most 52."""
    return f"{config}-{number}"


def manifest(config: Mapping[str, Any], number: int, start: Start, execution: Execution) -> Object:
    """The SyncRun that a decision asks for.

    :param config: the SyncConfig as the API server showed it.
    :param number: of the run, from 1; it makes its name.
    """
    metadata = config["metadata"]
    spec = {
        "configRef": {"name": metadata["name"], "uid": metadata["uid"], "generation": metadata["generation"]},
        "number": number,
        "trigger": start.trigger.value,
        "type": "Full" if start.full else "Delta",
        "mode": "Plan" if start.only_plans else config["spec"].get("mode", "Sync"),
        "execution": execution.value,
    }
    owner = {"apiVersion": SYNCCONFIGS.api_version, "kind": SYNCCONFIGS.kind, "controller": True}
    about = {
        "name": name_of(metadata["name"], number),
        "namespace": metadata["namespace"],
        "labels": {**MANAGED_BY, CONFIG_LABEL: metadata["name"]},
        "ownerReferences": [{**owner, "name": metadata["name"], "uid": metadata["uid"]}],
    }
    return {"apiVersion": SYNCRUNS.api_version, "kind": SYNCRUNS.kind, "metadata": about, "spec": spec}


class Telling:
    """The status of a run under way, from its events and its end.

    :param run: the SyncRun.
    :param now: seconds since the epoch.
    """

    def __init__(self, run: Mapping[str, Any], now: float) -> None:
        self._generation: int = run["spec"]["configRef"]["generation"]
        self._began = now
        self._told: float | None = None
        self._changed = True
        self._phases: dict[str, Object] = {}
        self._progress: Object | None = None
        self._end: Object = {}
        self._lease: Object = {}

    @property
    def over(self) -> bool:
        """Its end is known."""
        return bool(self._end)

    def hear(self, event: Event, now: float) -> None:
        """One event; a sentence for people is for the log."""
        match event:
            case PhaseStarted():
                if len(self._phases) < PHASES:
                    self._phases.setdefault(event.phase, {"name": event.phase, "startTime": stamp(now)})
                self._progress = None
            case Progress(source=""):
                self._progress = _progress(event, now)
            case PhaseEnded():
                if event.phase in self._phases:
                    self._phases[event.phase] |= _ended(event)
                self._progress = None
            case Fenced():
                self._lease = {"lease": asdict(event)}
            case Progress() | Note():  # a part of a phase is in the sum, too
                return
        self._changed = True

    def end(self, outcome: Outcome, now: float) -> None:
        """How it ended; the first word counts."""
        if not self._end:
            self._end, self._changed = self._ending(outcome, now), True

    def due(self, now: float) -> bool:
        """There is something to write, and the last write is long enough ago; an end is written at once."""
        if not self._changed:
            return False
        return self._told is None or self.over or abs(now - self._told) >= EVERY

    def patch(self, now: float) -> Object:
        """The status as a merge patch of the SyncRun."""
        self._told, self._changed = now, False
        begun = {"phase": RunPhase.RUNNING.value, "startTime": stamp(self._began), "generation": self._generation}
        if self._end:
            return {"status": fitted({**begun, **self._lease, **self._end, "progress": None})}
        phases = list(self._phases.values())
        return {"status": fitted({**begun, **self._lease, "phases": phases, "progress": self._progress})}

    def _ending(self, outcome: Outcome, now: float) -> Object:
        told = dict(outcome.told)
        begun = {name: {"startTime": phase["startTime"]} for name, phase in self._phases.items()}
        counted = [begun.get(phase["name"], {}) | phase for phase in told.get("phases", ())]
        told["phases"] = counted or list(self._phases.values())
        return told | _over(outcome, self._began, now, self._generation)


def _progress(event: Progress, now: float) -> Object:
    told = {
        "phase": event.phase,
        "done": event.done,
        "total": event.total,
        "unit": event.unit,
        "links": event.links,
        "totalLinks": event.total_links,
        "time": stamp(now),
    }
    return {name: value for name, value in told.items() if value is not None}


def _ended(event: PhaseEnded) -> Object:
    lasted = {"duration": duration(event.seconds), "milliseconds": milliseconds(event.seconds)}
    return {**lasted, "objects": event.objects, "links": event.links}


def _over(outcome: Outcome, began: float, now: float, generation: int) -> Object:
    ended = max(began, now)
    told = {
        "phase": outcome.phase.value,
        "reason": outcome.reason,
        "message": text(outcome.message, MESSAGE),
        "family": outcome.family,
        "retryTime": outcome.retry,
        "completionTime": stamp(ended),
        "duration": duration(ended - began),
    }
    condition = {
        "type": "Complete" if outcome.phase in (RunPhase.SUCCEEDED, RunPhase.INCOMPLETE) else "Failed",
        "status": "True",
        "observedGeneration": generation,
        "lastTransitionTime": told["completionTime"],
        "reason": told["reason"],
        "message": told["message"],
    }
    return {name: value for name, value in told.items() if value} | {"conditions": [condition]}


def lost(loss: Loss) -> Outcome:
    """The end of a run that said nothing of it."""
    if loss.reason == RunReason.CANCELLED:
        return Outcome(RunPhase.CANCELLED, loss.reason, loss.message)
    return Outcome(RunPhase.FAILED, loss.reason, loss.message, Retry.__name__)


def interrupted(run: Mapping[str, Any], now: float, loss: Loss | None = None) -> Object:
    """The end of a run whose process is gone, as a merge patch of its status.

    :param run: the SyncRun, not over yet.
    :param loss: what is known of it; None: nothing.
    """
    outcome = lost(loss or Loss())
    status = run.get("status", {})
    began = moment_of(status["startTime"]).timestamp() if "startTime" in status else now
    over = _over(outcome, began, now, run["spec"]["configRef"]["generation"])
    return {"status": {"startTime": stamp(began), **over, "progress": None}}


def unstarted(run: Mapping[str, Any], now: float, error: SyncrampError) -> Object:
    """The end of a run that could not begin, as a merge patch of its status; nothing of it was done."""
    over = _over(failure(error), now, now, run["spec"]["configRef"]["generation"])
    return {"status": {"startTime": stamp(now), **over}}


def stopped(reason: str) -> Loss:
    """What is told of a run that was ended before it could say anything, by the reason it was ended for."""
    return Loss(reason, {each.value: words for each, words in STOPPED.items()}.get(reason, UNSAID))


def phase_of(run: Mapping[str, Any]) -> RunPhase:
    """How far a SyncRun is; one without a status is yet to begin."""
    return RunPhase(run.get("status", {}).get("phase", RunPhase.PENDING))


def ending_of(status: Mapping[str, Any]) -> Ending | None:
    """How a run ended; None while it has not."""
    phase = RunPhase(status.get("phase", RunPhase.PENDING))
    if not phase.over:
        return None
    if phase is not RunPhase.FAILED:
        return Ending(phase.value)
    if status.get("reason") == RunReason.INTERRUPTED:
        return Ending.INTERRUPTED
    return {"Stalled": Ending.STALLED, "Waiting": Ending.WAITING}.get(status.get("family", ""), Ending.FAILED)


_COUNTED = (Ending.FAILED, Ending.WAITING, Ending.INTERRUPTED)


def last_run(runs: Sequence[Mapping[str, Any]]) -> LastRun | None:
    """The newest run that is over, and how many before it failed in a row.

    A plan that was asked for says nothing of when the next run is due, so it is left out.

    :param runs: SyncRuns of one SyncConfig, in any order.
    """
    past = [(run, ending) for run in _in_order(runs) if (ending := ending_of(run.get("status", {}))) is not None]
    past = [(run, ending) for run, ending in past if run["spec"]["trigger"] != Trigger.PLANNED]
    if not past:
        return None
    newest, ending = past[-1]
    status, spec = newest["status"], newest["spec"]
    return LastRun(
        generation=status.get("generation", spec["configRef"]["generation"]),
        ended=moment_of(status["completionTime"]),
        ending=ending,
        trigger=Trigger(spec["trigger"]),
        failures=_in_a_row([each for _, each in past]),
        again=moment_of(status["retryTime"]) if status.get("retryTime") else None,
        full=spec.get("type") == "Full",
        sliced=bool(status.get("sliced")) and _moved(status),
        began=moment_of(status["startTime"]) if status.get("startTime") else None,
    )


def _moved(status: Mapping[str, Any]) -> bool:
    """Something went: a slice in which nothing did is followed by none at once."""
    return any((status.get(name) or {}).get("acknowledged") for name in ("objects", "links"))


def _in_order(runs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(runs, key=lambda run: int(run["spec"]["number"]))


def _in_a_row(endings: Sequence[Ending]) -> int:
    failures = 0
    for ending in reversed(endings):
        if ending not in _COUNTED:
            break
        failures += 1
    return failures
