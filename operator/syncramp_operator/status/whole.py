"""The whole status of a SyncConfig, as a pure function of the object, of what is known, and of the time.

It is a merge patch: lists in it are whole, and None is for what must go. It stays below 32 KiB whatever the tenant,
so every list and every text is cut; the rest is in the SyncRuns. What no run tells any more, because runs are pruned,
stays as the object's own status has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncramp.schedule.known import Cause, Decision, Trigger, Wait
from syncramp_operator.status import wording
from syncramp_operator.status.conditions import conditions_of
from syncramp_operator.status.facts import Facts, Object
from syncramp_operator.status.outcomes import Truth
from syncramp_operator.status.tenant import lease_of, told_of_tenant
from syncramp_operator.status.view import (
    ENDED_WELL,
    View,
    instant,
    items,
    lasting,
    name_of,
    number_of,
    part,
    phase_of,
    some,
    stamp,
    text,
    whole,
)

LARGEST = 32 * 1024
"""Bytes of a status as JSON, below which it stays."""
HISTORY = 5
_NAME = 64
_CUT_FIRST = ("history", "sources", "ramps", "waiting", "conditions")
"""Lists that lose their last entries where all the bounds together are not enough."""


@dataclass(frozen=True, slots=True)
class Told:
    """An Event about a change."""

    type: str
    """Normal or Warning."""
    reason: str
    message: str


def status_of(body: Object, facts: Facts, now: datetime) -> dict[str, Any]:
    """The status as a merge patch.

    :param body: the object as the API server showed it.
    :param now: in UTC.
    """
    view = View.of(body, facts, now)
    said = {
        "observedGeneration": view.generation,
        "conditions": conditions_of(view),
        **_of_runs(view),
        **_handled(facts),
        **(told_of_tenant(view) if view.told else {}),
        **lease_of(view),
    }
    whole_of_it = {name: value for name, value in {**view.before, **said}.items() if value is not None}
    return _replacing(view.before, _bounded(whole_of_it))


def changes_told(before: Object, after: Object) -> list[Told]:
    """The Events of a change of status, each reason once: of those that name what is wrong also when their message
    changed, of Reconciling never.

    :param before: the status that stood on the object; empty for none.
    :param after: the one that is written.
    """
    old = {text(each, "type"): each for each in items(before, "conditions")}
    told: list[Told] = []
    for condition in items(after, "conditions"):
        name = text(condition, "type")
        if name == "Reconciling" or not _changed(name, old.get(name, {}), condition):
            continue
        event = Told(_sort(name, condition), text(condition, "reason"), text(condition, "message"))
        if event.reason not in {each.reason for each in told}:
            told.append(event)
    return told


_NAMING = ("Ready", "Stalled", "RequestMisread")
"""Conditions whose message says what is wrong now."""


def _changed(name: str, old: Object, new: Object) -> bool:
    if name not in _NAMING and text(new, "status") == Truth.UNKNOWN:
        return False
    seen = ("status", "reason", "message") if name in _NAMING else ("status", "reason")
    return any(text(old, each) != text(new, each) for each in seen)


_GOOD = ("Ready", "SourcesReady", "TargetReady", "WritebackReady", "RampProgressing")


def _sort(name: str, condition: Object) -> str:
    well = text(condition, "status") != Truth.FALSE if name in _GOOD else False
    return "Normal" if well else "Warning"


def _of_runs(view: View) -> dict[str, Any]:
    over = view.over[-1] if view.over else None
    synced = next((run for run in view.ended_well() if _is_sync(run)), None)
    following, failures = _following(view.facts.decision), _failures(view)
    return {
        "activeRun": name_of(view.active) if view.active is not None else None,
        **({"lastRun": _last(over)} if over is not None else {}),
        "runs": max([whole(view.before, "runs"), *(number_of(run) for run in view.facts.runs)]),
        **({"lastSyncTime": instant(part(synced, "status"), "completionTime")} if synced is not None else {}),
        "nextSyncTime": following,
        "failures": failures,
        "retryTime": following if failures else None,
        "history": _history(view),
    }


def _following(decision: Decision | None) -> str | None:
    """When the next run is due; None: it is not known, or one is under way."""
    match decision:
        case Wait(cause=Cause.DUE_LATER | Cause.BACKING_OFF | Cause.WAITING, until=until) if until is not None:
            return stamp(until)
        case _:
            return None


def _is_sync(run: Object) -> bool:
    return text(part(run, "spec"), "mode") == "Sync"


def _failures(view: View) -> int:
    """Runs in a row that failed or died; those that are pruned were counted before."""
    counted = whole(part(view.before, "lastRun"), "number")
    failures = whole(view.before, "failures") if counted else 0
    for run in view.over:
        if number_of(run) > counted and text(part(run, "spec"), "trigger") != Trigger.PLANNED:
            failures = 0 if phase_of(run) in ENDED_WELL else failures + (phase_of(run) == "Failed")
    return failures


def _last(run: Object) -> dict[str, Any]:
    status = part(run, "status")
    return some(
        name=name_of(run),
        number=number_of(run),
        trigger=wording.cut(text(part(run, "spec"), "trigger"), _NAME),
        phase=phase_of(run),
        startTime=instant(status, "startTime"),
        completionTime=instant(part(run, "status"), "completionTime"),
        duration=lasting(status, "duration"),
    )


def _history(view: View) -> list[dict[str, Any]]:
    """The newest first; what is pruned stays as it was written."""
    made = [_past(run) for run in reversed(view.over)]
    names = {each["name"] for each in made}
    kept = [dict(each) for each in items(view.before, "history") if text(each, "name") not in names]
    return (made + kept)[:HISTORY]


def _past(run: Object) -> dict[str, Any]:
    status = part(run, "status")
    return some(
        name=name_of(run),
        digest=wording.cut(text(status, "digest"), _NAME),
        phase=phase_of(run),
        time=instant(part(run, "status"), "completionTime"),
        duration=lasting(status, "duration"),
    )


def _handled(facts: Facts) -> dict[str, Any]:
    handled: dict[str, Any] = {}
    if facts.requests:
        handled["lastHandled"] = dict(facts.requests)
    if facts.secrets:
        handled["observedSecrets"] = facts.secrets
    return handled


def _bounded(status: dict[str, Any]) -> dict[str, Any]:
    """The same, with the ends of its lists cut off until it is small enough; its own bounds nearly always are."""
    for name in _CUT_FIRST:
        while wording.size_of(status) >= LARGEST and status.get(name):
            status[name] = _shorter(status[name])
    return status


def _shorter(value: Mapping[str, Any] | Sequence[Any]) -> Any:
    return dict(list(value.items())[:-1]) if isinstance(value, Mapping) else list(value)[:-1]


def _replacing(before: Object, after: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that turns one status into the other: what is in it no more is None."""
    gone = {name: None for name in before if name not in after}
    parts = {
        name: _replacing(part(before, name), value) for name, value in after.items() if isinstance(value, Mapping)
    }
    return {**after, **parts, **gone}
