"""The three conditions that kstatus reads: Ready, Stalled and Reconciling.

Reasons of Ready are asked in one order, and the first one speaks. ``Stalled`` is a part of that chain, and
``Reconciling`` asks it, so the three cannot disagree.
"""

from collections.abc import Callable, Sequence

from syncramp.check import Finding
from syncramp.errors import Stalled
from syncramp.schedule.known import Cause, End, Start, Trigger, Wait
from syncramp.words import count
from syncramp.words import moment as told_moment
from syncramp_operator.status import wording
from syncramp_operator.status.facts import Object
from syncramp_operator.status.outcomes import State, Truth, ended, failure
from syncramp_operator.status.reasons import Reason
from syncramp_operator.status.view import (
    ENDED_WELL,
    View,
    generation_of,
    moment,
    name_of,
    part,
    phase_of,
    stamp,
    text,
    whole,
)

_BY_ITSELF = (Trigger.INTERVAL, Trigger.RETRIED, Trigger.RESUMED, Trigger.WINDOW_OPENED)
"""Triggers that nobody's doing is behind."""


def ready(view: View) -> State:
    """True means exactly: the document is accepted, and the newest run by it came to its end, read every source
    completely, and left nothing that a person must see to, nothing refused, in doubt, unsent or long unconfirmed.
    What the document itself lets wait (ramps, sync windows, the second absence of a leaver) may wait. In the modes
    Plan and Staging, where nothing is sent: the sources were read completely.
    """
    return next(state for judge in _CHAIN if (state := judge(view)) is not None)


def stalled(view: View) -> State | None:
    """True means exactly: trying again changes nothing until the document, a Secret it names or a request changes."""
    if not view.facts.judged or deleting(view):
        return None
    if view.facts.findings:
        return _stop(_of_findings(view.facts.findings), wording.found(view.facts.findings))
    if isinstance(view.facts.trouble, Stalled):
        return _stop(Reason.of(view.facts.trouble.reason), str(view.facts.trouble))
    run = view.newest
    if run is None or generation_of(run) < view.generation or not _hopeless(run) or _stirred(view):
        return None
    return failure(run, Truth.TRUE)


def reconciling(view: View) -> State | None:
    """True means exactly: the document is not Ready, nothing of it is stalled, and the operator is on its way to what
    the document says without anybody's help: a run for it is due, queued or under way, or is tried again later.
    """
    state = ready(view)
    if state.truth is Truth.TRUE or deleting(view) or suspended(view) or stalled(view) is not None:
        return None
    if view.facts.place is not None:
        return State(Truth.TRUE, Reason.QUEUED, f"Number {view.facts.place:,} of the runs that wait for room")
    if isinstance(view.facts.decision, End):
        return State(Truth.TRUE, Reason.STOPPING, Reason.STOPPING.sentence)
    if wait := waits(view):
        when = f" at {stamp(wait.until)}" if wait.until else ""
        return State(Truth.TRUE, Reason.RETRYING, f"The next run is tried{when}")
    retries = failed(view) or view.facts.trouble is not None
    reason = Reason.RETRYING if retries else Reason.PROGRESSING
    trigger = trigger_of(view)
    if trigger and (retries or state.truth is Truth.UNKNOWN or trigger != Trigger.INTERVAL):
        return State(Truth.TRUE, reason, _progress(view))
    if retries or state.truth is Truth.UNKNOWN:
        return State(Truth.TRUE, reason, _due(view))
    return None


def _progress(view: View) -> str:
    if view.active is None:
        return "A run is due"
    progress = part(part(view.active, "status"), "progress")
    name = f"Run {name_of(view.active)}"
    phase = text(progress, "phase")
    if not phase:
        return f"{name} is under way"
    done, total, unit = whole(progress, "done"), whole(progress, "total"), text(progress, "unit") or "object"
    told = f"{done:,} of {count(total, unit)}" if total else count(done, unit)
    return f"{name}: {phase}, {told}"


def _due(view: View) -> str:
    match view.facts.decision:
        case Wait(cause=Cause.DUE_LATER, until=until) if until is not None:
            return f"The next run is due at {stamp(until)}"
        case _:
            return "A run is due"


def deleting(view: View) -> bool:
    """Whether the object goes away."""
    return bool(part(view.body, "metadata").get("deletionTimestamp"))


def suspended(view: View) -> bool:
    """Whether the document says so."""
    return view.spec.get("suspend") is True


def failed(view: View) -> bool:
    """Whether the newest run by this generation failed."""
    run = view.newest
    return run is not None and generation_of(run) >= view.generation and phase_of(run) not in ENDED_WELL


def trigger_of(view: View) -> str:
    """Of the run that is due or under way; empty where none is."""
    if view.active is not None:
        return text(part(view.active, "spec"), "trigger")
    return view.facts.decision.trigger if isinstance(view.facts.decision, Start) else ""


def _stirred(view: View) -> bool:
    """Whether somebody did something after the run that stalled: another one is due or under way for it."""
    trigger = trigger_of(view)
    return bool(trigger) and trigger not in _BY_ITSELF


def _hopeless(run: Object) -> bool:
    return phase_of(run) not in ENDED_WELL and text(part(run, "status"), "family") == Stalled.__name__


def _stop(reason: Reason, message: str) -> State:
    return State(Truth.TRUE, reason, message)


def _of_findings(findings: Sequence[Finding]) -> Reason:
    """A cloud or an endpoint that is refused by name has a reason of its own."""
    known = {
        "spec.target.cloud": Reason.UNSUPPORTED_CLOUD,
        "spec.target.endpoint.version": Reason.UNSUPPORTED_ENDPOINT,
    }
    first = findings[0]
    return known.get(first.path, Reason.INVALID_SPEC) if first.forbidden else Reason.INVALID_SPEC


def _unjudged(view: View) -> State | None:
    if view.facts.judged:
        return None
    return State(Truth.FALSE, Reason.INTERNAL_ERROR, "The operator failed on the document; its log says why")


def _deleted(view: View) -> State | None:
    return State(Truth.UNKNOWN, Reason.DELETING, Reason.DELETING.sentence) if deleting(view) else None


def _stopped(view: View) -> State | None:
    stop = stalled(view)
    return State(Truth.FALSE, stop.reason, stop.message) if stop is not None else None


def _troubled(view: View) -> State | None:
    trouble = view.facts.trouble
    return State(Truth.FALSE, Reason.of(trouble.reason), str(trouble)) if trouble is not None else None


def _suspended(view: View) -> State | None:
    """A pause is no fault: what the last run found goes on to be said, with the reason that nothing follows."""
    if not suspended(view):
        return None
    run = view.newest
    if run is None:
        return State(Truth.UNKNOWN, Reason.SUSPENDED, "Suspended; no run was made yet")
    over = moment(part(run, "status"), "completionTime")
    when = f"; the last run ended {told_moment(over)}" if over else ""
    return State(ended(view, run).truth, Reason.SUSPENDED, f"Suspended{when}")


def _unrun(view: View) -> State | None:
    run = view.newest
    if run is not None and generation_of(run) >= view.generation:
        return None
    if view.facts.place is not None:
        return State(Truth.UNKNOWN, Reason.QUEUED, "A run is due and waits until another one makes room")
    if isinstance(view.facts.decision, End):
        return State(Truth.UNKNOWN, Reason.PROGRESSING, "The run by the document before comes to its end")
    if view.active is not None:
        return State(Truth.UNKNOWN, Reason.PROGRESSING, f"Run {name_of(view.active)} is under way")
    return State(Truth.UNKNOWN, Reason.PROGRESSING, "A run is due")


def _judged(view: View) -> State:
    run = view.newest
    if run is None:  # _unrun spoke already; this tells the type checker so
        return State(Truth.UNKNOWN, Reason.NO_RUN_YET, Reason.NO_RUN_YET.sentence)
    return ended(view, run)


_CHAIN: tuple[Callable[[View], State | None], ...] = (
    _unjudged,
    _deleted,
    _stopped,
    _suspended,
    _troubled,
    _unrun,
    _judged,
)


def waits(view: View) -> Wait | None:
    """The decision, if it is to wait for a passing fault."""
    match view.facts.decision:
        case Wait(cause=Cause.BACKING_OFF | Cause.WAITING) as wait:
            return wait
        case _:
            return None
