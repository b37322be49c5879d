"""The whole status of a SyncConfig, as a pure function of the object, of what is known, and of the time.

It is a merge patch: lists in it are whole, and None is for what must go. It stays below 32 KiB whatever the tenant,
so every list and every text is cut; the rest is in the SyncRuns. What no run tells any more, because runs are pruned,
stays as the object's own status has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncramp.schedule.known import Cause, Decision, Wait
from syncramp_operator import wording
from syncramp_operator.conditions import conditions_of, held_deletes
from syncramp_operator.facts import Facts, Object
from syncramp_operator.outcomes import Truth
from syncramp_operator.view import (
    ENDED_WELL,
    View,
    counts,
    items,
    moment,
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
RAMPS, WAITING, SOURCES = 17, 16, 16
_TEXT, _NAME = 128, 64
_CUT_FIRST = ("history", "sources", "ramps", "waiting", "lastHandled", "conditions")
"""Lists that lose their last entries where all the bounds together are not enough."""
_KINDS = ("users", "groups", "contacts", "devices")


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
        **(_of_tenant(view) if view.told else {}),
    }
    whole_of_it = {name: value for name, value in {**view.before, **said}.items() if value is not None}
    return _replacing(view.before, _bounded(whole_of_it))


def changes_told(before: Object, after: Object) -> list[Told]:
    """The Events of a change of status, each reason once: of Ready and Stalled also when their message changed, of
    Reconciling never.

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


def _changed(name: str, old: Object, new: Object) -> bool:
    if name not in ("Ready", "Stalled") and text(new, "status") == Truth.UNKNOWN:
        return False
    seen = ("status", "reason", "message") if name in ("Ready", "Stalled") else ("status", "reason")
    return any(text(old, each) != text(new, each) for each in seen)


_GOOD = ("Ready", "SourcesReady", "TargetReady", "RampProgressing")


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
        **({"lastSyncTime": _ended(synced)} if synced is not None else {}),
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
    """Runs in a row that failed; those that are pruned were counted before."""
    counted = whole(part(view.before, "lastRun"), "number")
    failures = whole(view.before, "failures") if counted else 0
    for run in view.over:
        if number_of(run) > counted and counts(run):
            failures = 0 if phase_of(run) in ENDED_WELL else failures + 1
    return failures


def _last(run: Object) -> dict[str, Any]:
    status = part(run, "status")
    return some(
        name=name_of(run),
        number=number_of(run),
        trigger=_cut(text(part(run, "spec"), "trigger"), _NAME),
        phase=phase_of(run),
        startTime=_time(status, "startTime"),
        completionTime=_ended(run),
        duration=_cut(text(status, "duration"), 16),
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
        digest=_cut(text(status, "digest"), _NAME),
        phase=phase_of(run),
        time=_ended(run),
        duration=_cut(text(status, "duration"), 16),
    )


def _handled(facts: Facts) -> dict[str, Any]:
    handled: dict[str, Any] = {}
    if facts.requests:
        handled["lastHandled"] = dict(facts.requests)
    if facts.secrets:
        handled["observedSecrets"] = facts.secrets
    return handled


def _of_tenant(view: View) -> dict[str, Any]:
    """What the newest run that came to its end says of the tenant."""
    told = view.told
    ramps = items(told, "ramps")
    lease = part(told, "lease")
    return {
        "objects": {kind: whole(part(told, "inCloud"), kind) for kind in _KINDS},
        "pending": _pending(told),
        "heldDeletes": held_deletes(told),
        "rampProgress": _cut(text(told, "rampProgress"), 32) or None,
        "rampStep": _step(ramps),
        "ramps": [_ramp(ramp) for ramp in ramps[:RAMPS]],
        "waiting": [_waits(each) for each in items(told, "waiting")[:WAITING]],
        "sources": _sources(items(told, "sources")),
        "serviceInterval": _cut(text(told, "serviceInterval"), 16) or None,
        "certificateValidUntil": _time(told, "certificateValidUntil") or None,
        "lease": some(**{name: _cut(text(lease, name), 128) for name in ("namespace", "name", "holder")}) or None,
    }


def _pending(status: Object) -> int:
    """Objects and links that were to go and did not."""
    tallies = (part(status, "objects"), part(status, "links"))
    return sum(max(whole(tally, "expected") - whole(tally, "acknowledged"), 0) for tally in tallies)


def _step(ramps: Sequence[Object]) -> str | None:
    """Of the ramp that is furthest from its end, as the column shows it."""
    going = [ramp for ramp in ramps if text(ramp, "phase") != "Complete"] or list(ramps)
    if not going:
        return None
    last = min(going, key=lambda ramp: whole(ramp, "step") - whole(ramp, "steps"))
    return f"{whole(last, 'step')}/{whole(last, 'steps')}"


def _ramp(ramp: Object) -> dict[str, Any]:
    numbers = ("step", "steps", "ceiling", "target", "groups", "groupsHeld", "membersWaiting")
    told = some(
        name=_cut(text(ramp, "name"), _NAME),
        phase=_cut(text(ramp, "phase"), _NAME),
        pause=_cut(text(ramp, "pause"), 32),
        reason=_cut(text(ramp, "reason"), _TEXT),
        nextDecisionTime=_time(ramp, "nextDecisionTime"),
        eta=_time(ramp, "eta"),
    )
    return told | {name: whole(ramp, name) for name in numbers}


def _waits(waiting: Object) -> dict[str, Any]:
    digest = _cut(text(waiting, "digest"), _NAME)
    return some(
        **{"class": _cut(text(waiting, "class"), 32)},
        reason=_cut(text(waiting, "reason"), _NAME),
        count=whole(waiting, "count"),
        digest=digest,
        annotation=f"syncramp.io/approve={digest}",
    )


def _sources(parts: Sequence[Object]) -> list[dict[str, Any]]:
    """One for each source, whose parts are added up; those that were not read completely come first."""
    found: dict[str, dict[str, Any]] = {}
    for each in parts:
        name = _cut(text(each, "name"), _NAME)
        known = found.setdefault(name, {"name": name, "complete": True, "entries": 0})
        known["entries"] += whole(each, "entries")
        if each.get("complete") is not True:
            known["complete"] = False
            known.setdefault("reason", wording.within(text(each, "reason"), _TEXT))
    return sorted(found.values(), key=lambda each: bool(each["complete"]))[:SOURCES]


def _ended(run: Object) -> str:
    return _time(part(run, "status"), "completionTime")


def _time(found: Object, name: str) -> str:
    """A time, written anew: nothing else comes through."""
    when = moment(found, name)
    return stamp(when) if when is not None else ""


def _cut(told: str, size: int) -> str:
    return wording.within(told, size) if told else ""


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
