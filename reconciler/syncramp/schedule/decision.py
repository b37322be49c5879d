"""Whether a run is due now, what for, and if not, when to look again.

A run under way ends before its time when its document is suspended, deleted, refused or changed, when a ramp lost
room, or when it lasts too long. Where none is under way, the first that fits counts: nothing may run; something is
new (the document, a request, a Secret) and a run is due at once; the last run says that nothing helps, or when the
next one is due. A stall ends with something new alone.

Moments come from clocks, which may be set back. A run that ended more than an interval after now says nothing any
more, and the next one is due at once.
"""

from datetime import datetime, timedelta

from syncramp.schedule.known import (
    APPROVALS,
    COMMANDS,
    FORCE_AT,
    PLAN_AT,
    REQUESTED_AT,
    REQUESTS,
    URGENT,
    Cause,
    Decision,
    End,
    Ending,
    Known,
    LastRun,
    Running,
    Start,
    Trigger,
    Wait,
)
from syncramp.schedule.timing import back_off, patience, period, stagger
from syncramp.schedule.windows import next_opening

Due = tuple[datetime, Trigger, Cause]
"""When the next run is due, why it is made then, and what it waits for until then."""

_WHOLE = frozenset({Ending.SUCCEEDED, Ending.INCOMPLETE})
"""Runs that came to their end: a full one need not be made again."""


def decide(known: Known, now: datetime) -> Decision:
    """What is to be done for one document.

    :param now: with a time zone, as every other moment.
    """
    forbidden = _forbidden(known)
    if known.running is not None:
        return _under_way(known, known.running, forbidden, now)
    if forbidden is not None:
        return Wait(forbidden)
    at_once = _new(known)
    planned = PLAN_AT in _asked(known)
    if at_once is None and (planned or (known.last is not None and known.last.ending is Ending.STALLED)):
        return _start(known, Trigger.PLANNED) if planned else Wait(Cause.STALLED)
    if at_once is None and known.last is not None:
        due, trigger, cause = _due(known, known.last, now)
    else:
        due, trigger, cause = now, at_once or Trigger.CREATED, Cause.DUE_LATER
    if known.awake is not None and known.awake <= now:
        due = max(due, known.awake + stagger(known.key))
    return _start(known, trigger) if due <= now else Wait(cause, due)


def _forbidden(known: Known) -> Cause | None:
    if known.deleting:
        return Cause.DELETING
    if known.scheduling.suspend:
        return Cause.SUSPENDED
    return None if known.accepted else Cause.REFUSED


def _under_way(known: Known, running: Running, forbidden: Cause | None, now: datetime) -> Decision:
    if forbidden is not None:
        return End(forbidden)
    if running.generation != known.generation:
        return End(Cause.SPEC_CHANGED)
    if URGENT & _asked(known):
        return End(Cause.COMMANDED)
    until = min(running.since, now) + known.scheduling.timeout
    return End(Cause.TIMED_OUT) if until <= now else Wait(Cause.RUNNING, until)


def _asked(known: Known) -> frozenset[str]:
    """Requests that no run was started for."""
    return frozenset(
        name for name, text in known.requests.items() if name in REQUESTS and known.handled.get(name) != text
    )


def _new(known: Known) -> Trigger | None:
    """What makes a run due at once, the weightiest first; a plan that is asked for comes behind every other run."""
    last, asked = known.last, _asked(known)
    if last is None:
        return Trigger.CREATED
    if last.generation != known.generation:
        return Trigger.SPEC_CHANGED
    if FORCE_AT in asked:
        return Trigger.FORCED
    if APPROVALS & asked:
        return Trigger.APPROVED
    if COMMANDS & asked:
        return Trigger.COMMANDED
    if REQUESTED_AT in asked:
        return Trigger.REQUESTED
    return Trigger.SECRET_CHANGED if known.secrets != known.secrets_handled else None


def _start(known: Known, trigger: Trigger) -> Start:
    asked = _asked(known)
    if trigger is Trigger.PLANNED:
        return Start(trigger, only_plans=True, handles={PLAN_AT: known.requests[PLAN_AT]})
    unfinished = known.last is not None and known.last.full and known.last.ending not in _WHOLE
    handles = {name: known.requests[name] for name in asked - {PLAN_AT}}
    return Start(trigger, full=FORCE_AT in asked or unfinished, handles=handles)


def _due(known: Known, last: LastRun, now: datetime) -> Due:
    """When the next run is due after one; no later than the opening of a window for which things wait."""
    at, trigger, cause = _after(known, last)
    if last.ended - now > period(known.interval, known.service_interval, known.key):
        return now, trigger, cause
    opening = next_opening(known.scheduling.windows, min(last.began or last.ended, last.ended))
    if opening is not None and opening + stagger(known.key) < at and last.ending is not Ending.WAITING:
        return opening + stagger(known.key), Trigger.WINDOW_OPENED, cause
    return at, trigger, cause


def _after(known: Known, last: LastRun) -> Due:
    length = period(known.interval, known.service_interval, known.key)
    retry, failures = known.scheduling.retry_interval, last.failures
    match last.ending:
        case Ending.FAILED:
            wait = back_off(retry, failures, length, known.key)
            return last.ended + wait, Trigger.RETRIED, Cause.BACKING_OFF
        case Ending.WAITING:
            soonest, latest = last.ended + patience(known.key), last.ended + max(length, patience(known.key))
            return min(max(last.again or soonest, soonest), latest), Trigger.RETRIED, Cause.WAITING
        case Ending.CANCELLED | Ending.INTERRUPTED:
            wait = back_off(retry, failures - 1, length, known.key) if failures > 1 else timedelta()
            return last.ended + wait, Trigger.RESUMED, Cause.BACKING_OFF
        case _ if last.sliced:
            return last.ended, Trigger.RESUMED, Cause.DUE_LATER
        case _:
            return last.ended + length, Trigger.INTERVAL, Cause.DUE_LATER
