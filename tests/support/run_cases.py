"""SyncConfigs and SyncRuns as the operator reads them: builders that keep a case to what differs in it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from support.kube_api_patches import merged
from syncramp_operator.status.facts import Facts
from syncramp_operator.status.whole import status_of

Object = dict[str, Any]

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
UID = "11111111-2222-4333-8444-555555555555"


def config(generation: int = 1, status: Mapping[str, Any] | None = None, **spec: Any) -> Object:
    """A SyncConfig named contoso."""
    metadata = {"name": "contoso", "namespace": "identity", "uid": UID, "generation": generation}
    found = {"metadata": metadata, "spec": {"mode": "Sync", "target": {"cloud": "Commercial"}, **spec}}
    return found | ({"status": dict(status)} if status else {})


def tally(expected: int = 0, **others: int) -> dict[str, int]:
    """Everything expected was acknowledged but for the others."""
    told = {"expected": expected, "acknowledged": expected - sum(others.values()), "held": 0, "refused": 0}
    return {**told, "inDoubt": 0, "left": 0, **others}


def run(
    number: int = 1,
    phase: str = "Succeeded",
    *,
    trigger: str = "Interval",
    mode: str = "Sync",
    generation: int = 1,
    ago: timedelta = timedelta(minutes=10),
    **status: Any,
) -> Object:
    """A SyncRun that ended some time ago, or runs since then."""
    ended = (NOW - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
    over = {"completionTime": ended, "duration": "4m10s"} if phase not in ("Pending", "Running") else {}
    told = {
        "phase": phase,
        "generation": generation,
        "startTime": ended,
        "objects": tally(),
        "links": tally(),
        "sources": [{"name": "corp", "complete": True, "entries": 100}],
        "inCloud": {"users": 90, "groups": 10, "contacts": 0, "devices": 0},
        **over,
        **status,
    }
    spec = {"configRef": {"name": "contoso", "uid": UID, "generation": generation}, "number": number}
    return {
        "metadata": {"name": f"contoso-{number}", "namespace": "identity"},
        "spec": {**spec, "trigger": trigger, "mode": mode, "type": "Delta", "execution": "InProcess"},
        "status": told,
    }


def failed(number: int, reason: str, family: str, message: str = "it failed", **more: Any) -> Object:
    """A SyncRun that failed before it read anything."""
    told = {"sources": [], "inCloud": {}, "reason": reason, "family": family, "message": message}
    return run(number, "Failed", **(told | more))


def change(verb: str, planned: int, acknowledged: int | None = None) -> Object:
    """Of users."""
    done = planned if acknowledged is None else acknowledged
    return {"verb": verb, "kind": "User", "planned": planned, "acknowledged": done}


def hold(reason: str, number: int = 1) -> Object:
    """A hold, without samples."""
    return {"reason": reason, "count": number}


def ramp(name: str = "large-groups", phase: str = "Soaking", waiting: int = 0, **more: Any) -> Object:
    """A ramp at its second step of four."""
    told = {"name": name, "phase": phase, "step": 2, "steps": 4, "ceiling": 75_000, "target": 250_000}
    return {**told, "groups": 1, "groupsHeld": 1, "membersWaiting": waiting, **more}


def stepped(body: Object, facts: Facts, now: datetime = NOW) -> Object:
    """The object after one step of the operator, as the API server has it then."""
    return merged(body, {"status": status_of(body, facts, now)})
