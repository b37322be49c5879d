"""What becomes of a request: first the operator takes it up, then a run ends.

The SyncRun that was made for it carries the text among what it handles, and the status repeats it. Both are asked for
until they are there, once a second: a person waits, and a watch would have to be begun anew all the same.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from syncramp.errors import InputRefused, Retry
from syncramp_operator.actors.known import HANDLED, is_over, number_of
from syncramp_operator.api.cluster import ClusterUnavailable
from syncramp_operator.api.resources import Object
from syncramp_operator.plugin.asking import Asked
from syncramp_operator.plugin.reach import Reach
from syncramp_operator.status.facts import mark

LOOK = 1.0
"""Seconds between two looks."""
SILENCE = 30.0
"""Seconds after which a person is told where to look; an operator takes up a request in one or two."""
_REFUSED = ("InvalidSpec", "UnsupportedCloud", "UnsupportedEndpoint")
"""Reasons of Stalled with which no run is made."""


class TookTooLong(Retry):
    """A person waits in vain: their patience ended, or somebody else asked for something else meanwhile."""

    reason = "TookTooLong"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, and how."""

    seconds: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def follow(reach: Reach, asked: Asked, patience: Patience, tell: Callable[[str], None]) -> Object | None:
    """Wait until the run that was made for a request is over.

    :param tell: hears how it goes on, each time something is new.
    :returns: the SyncRun; None: the SyncConfig is suspended, so none is made.
    :raises InputRefused: the document is refused, so none is made.
    :raises TookTooLong: it was not over in time.
    """
    begun, said, warned = patience.clock(), "", False
    while True:
        body, run = _seen(reach, asked)
        if run is not None and is_over(run) and _echoed(body, run):
            return run
        if run is None and body and _overtaken(body, asked):
            what = "somebody wrote another text into the annotation before this one was taken up"
            raise TookTooLong(what, where=reach.full, remedy="look at what was asked for, and ask again")
        if run is None and body and _hindered(reach, body):
            return None
        if (now := progress(run)) != said and now:
            tell(now)
            said = now
        waited = patience.clock() - begun
        if run is None and body and waited > SILENCE and not warned:
            tell(_silence(body))
            warned = True
        if waited > patience.seconds:
            raise TookTooLong(
                f"it was not over within {patience.seconds:,.0f} seconds",
                where=reach.full,
                remedy="what was asked for stands; kubectl syncramp status tells how it goes on",
            )
        patience.sleep(LOOK)


def answering(runs: Sequence[Object], asked: Asked) -> Object | None:
    """The SyncRun that was made for a request; of interrupted ones the one that resumes them.

    :param runs: of one SyncConfig, the newest last.
    """
    wanted = mark(asked.text)
    made = [run for run in runs if handled(run).get(asked.name) == wanted]
    return next((run for run in made if (run.get("status") or {}).get("reason") != "Interrupted"), None)


def handled(run: Object) -> dict[str, str]:
    """What a SyncRun handles: annotation, without its group -> mark of its text."""
    text = (run["metadata"].get("annotations") or {}).get(HANDLED)
    found: dict[str, str] = json.loads(text)["requests"] if text else {}
    return found


def progress(run: Object | None) -> str:
    """How far a run is, in a line; empty: there is none, or it has not begun."""
    status = (run or {}).get("status") or {}
    if run is None or status.get("phase") != "Running":
        return ""
    at = status.get("progress") or {}
    how = f" {at['done']:,}" if at.get("done") else ""
    how += f" of {at['total']:,}" if how and at.get("total") else ""
    how += f" {at['unit']}" if how and at.get("unit") else ""
    return f"{run['metadata']['name']}: {at.get('phase', 'running')}{how}"


def _seen(reach: Reach, asked: Asked) -> tuple[Object, Object | None]:
    """The SyncConfig and the run, as far as the API server answers; a fault of it passes."""
    try:
        body = reach.body()
        return body, answering(reach.runs(body["metadata"]["uid"]), asked)
    except ClusterUnavailable:
        return {}, None


def _echoed(body: Object, run: Object) -> bool:
    """The status speaks of this run, so of what it handles, too."""
    return int((body.get("status") or {}).get("runs") or 0) >= number_of(run)


def _overtaken(body: Object, asked: Asked) -> bool:
    return (body["metadata"].get("annotations") or {}).get(asked.annotation) != asked.text


def _hindered(reach: Reach, body: Object) -> bool:
    """Whether it is suspended.

    :raises InputRefused: the document is refused.
    """
    status = body.get("status") or {}
    for condition in status.get("conditions") or ():
        stalled = (condition["type"], condition["status"]) == ("Stalled", "True")
        newest = condition.get("observedGeneration") == body["metadata"]["generation"]
        if stalled and newest and condition["reason"] in _REFUSED:
            raise InputRefused(
                f"no run is made: {condition['message']}", where=reach.full, remedy="mend the document"
            )
    return bool((body.get("spec") or {}).get("suspend"))


def _silence(body: Object) -> str:
    status = body.get("status") or {}
    if status.get("activeRun"):
        return f"{status['activeRun']} is under way; the next run follows it"
    ready: Object = next((each for each in status.get("conditions") or () if each["type"] == "Ready"), {})
    if ready.get("reason") == "Queued":
        return str(ready["message"])
    return "nobody has taken it up yet; does an operator look after this namespace?"
