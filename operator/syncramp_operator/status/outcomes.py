"""What one run that counts says by itself: it failed, or what is not well with what it left.

The looks are asked in the order in which a person would mend things; the first one speaks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from syncramp.errors import Waiting
from syncramp.words import count
from syncramp_operator.status import wording
from syncramp_operator.status.facts import Object
from syncramp_operator.status.reasons import Reason, Weight
from syncramp_operator.status.view import ENDED_WELL, View, held, held_by, items, part, phase_of, text, whole

RUNS_UNCONFIRMED = 3
"""Runs that must not have shown an object before it counts as unconfirmed for long."""

RUNS_WAITING = 3
"""Runs in a row that must have found the directory behind before somebody has to look at it."""


class Truth(StrEnum):
    """Of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class State:
    """What one condition says."""

    truth: Truth
    reason: Reason
    message: str


def ended(view: View, run: Object) -> State:
    """What one run that counts says by itself."""
    if phase_of(run) not in ENDED_WELL:
        return failure(run, Truth.FALSE)
    status = part(run, "status")
    unwell = _unwell(status) or unwritten(view, run)
    if view.mode != "Sync":
        return _not_sending(view.mode, status, unwell)
    if unwell is not None:
        return unwell
    if _long_unconfirmed(view):
        told = f"{count(whole(status, 'unconfirmed'), 'object')} not shown by {RUNS_UNCONFIRMED} runs"
        return State(Truth.FALSE, Reason.UNCONFIRMED, told)
    waits = held_by(status, Reason.OUTSIDE_SYNC_WINDOW.value)
    return State(Truth.TRUE, Reason.OUTSIDE_SYNC_WINDOW if waits else Reason.SYNC_SUCCEEDED, wording.done(status))


def _not_sending(mode: str, status: Object, unwell: State | None) -> State:
    """What waits in a plan hinders nobody; a source that was not read makes the plan wrong."""
    if unwell is not None and (unwell.reason in UNREAD or part(part(status, "writeback"), "failure")):
        return unwell
    reason = Reason.PLAN_ONLY if mode == "Plan" else Reason.STAGING
    return State(Truth.TRUE, reason, wording.planned(status, mode))


def unwritten(view: View, run: Object) -> State | None:
    """What is not well with the groups that a run wrote back; None where all of it is, or none are asked for.

    A directory that is behind is waited for: only when three runs found it so, somebody has to look at it.
    """
    other = part(part(run, "status"), "writeback")
    if wrong := part(other, "failure"):
        reason = _of_directory(text(wrong, "reason"))
        waits = text(wrong, "family") == Waiting.__name__ and not _long_waiting(view)
        told = text(wrong, "message") or reason.sentence
        return State(Truth.UNKNOWN if waits else Truth.FALSE, reason, f"{THERE}: {told}")
    state = _unwell(other)
    return replace(state, message=f"{THERE}: {state.message}") if state is not None else None


THERE = "Active Directory"
"""Before what is said of groups that are written back."""


def _of_directory(word: str) -> Reason:
    reason = Reason.of(word)
    return Reason.DIRECTORY_UNAVAILABLE if reason is Reason.SOURCE_UNAVAILABLE else reason


def _long_waiting(view: View) -> bool:
    """Whether the last runs all found the directory behind."""
    runs = [run for run, _ in zip(view.ended_well(), range(RUNS_WAITING), strict=False)]
    families = [text(part(part(part(run, "status"), "writeback"), "failure"), "family") for run in runs]
    return families == [Waiting.__name__] * RUNS_WAITING


def _unwell(status: Object) -> State | None:
    """The first thing of a direction that a person would mend first."""
    return next((state for look in _LOOKS if (state := look(status)) is not None), None)


UNREAD = (
    Reason.SOURCE_INCOMPLETE,
    Reason.SOURCE_SHRUNKEN,
    Reason.SOURCE_NOT_FRESH,
    Reason.SOURCE_NOT_PERMITTED,
    Reason.SOURCE_UNAVAILABLE,
)
"""What is wrong with a source that is not proven."""


def unread(status: Object) -> State | None:
    """Whether a source was not read completely, or is not fresh, or its account did not see what it used to."""
    parts = [source for source in items(status, "sources") if source.get("complete") is not True]
    if not parts:
        number = held(status, Weight.UNREAD)
        told = f"{count(number, 'change')} wait until every source is read completely"
        return State(Truth.FALSE, Reason.SOURCE_INCOMPLETE, told) if number else None
    first, *others = parts
    nothing = not any(whole(source, "entries") for source in parts)
    more = f"; and {len(others)} more" if others else ""
    told = f"{text(first, 'name')}: {text(first, 'reason') or 'not read completely'}"
    reason = Reason.of(text(first, "doubt") or Reason.SOURCE_INCOMPLETE.value)
    if reason not in UNREAD or (reason is Reason.SOURCE_INCOMPLETE and nothing):
        reason = Reason.SOURCE_UNAVAILABLE if nothing else Reason.SOURCE_INCOMPLETE
    return State(Truth.FALSE, reason, wording.within(told, wording.LONGEST - len(more)) + more)


def _unadopted(status: Object) -> State | None:
    number = held(status, Weight.ADOPTION)
    told = f"{count(number, 'change')} wait: the tenant is not empty, and its objects are not adopted"
    return State(Truth.FALSE, Reason.ADOPTION_REQUIRED, told) if number else None


def _beyond(status: Object) -> State | None:
    return _waiting(status, Weight.BEYOND, Reason.FAILSAFE_TRIGGERED, "beyond the failsafe")


def _asked(status: Object) -> State | None:
    return _waiting(status, Weight.ASKED, Reason.AWAITING_APPROVAL, "for a person")


def _waiting(status: Object, weight: Weight, reason: Reason, what: str) -> State | None:
    """``512 changes wait beyond the failsafe (TooManyDeletes 512)``; None where nothing does."""
    number = held(status, weight)
    if not number:
        return None
    told = f"{count(number, 'change')} wait {what}{wording.holds(status, weight)}"
    return State(Truth.FALSE, reason, f"{told}; status.waiting says what to annotate")


def _erring(status: Object) -> State | None:
    refused = whole(part(status, "objects"), "refused") + whole(part(status, "links"), "refused")
    conflicts = held(status, Weight.CONFLICT)
    if not refused + conflicts:
        return None
    told = [f"{refused:,} refused"] if refused else []
    told += [f"{conflicts:,} in conflict{wording.holds(status, Weight.CONFLICT)}"] if conflicts else []
    return State(Truth.FALSE, Reason.SYNC_SUCCEEDED_WITH_ERRORS, f"{', '.join(told)}; {wording.done(status)}")


def _unfinished(status: Object) -> State | None:
    tallies = (part(status, "objects"), part(status, "links"))
    left = sum(whole(tally, name) for tally in tallies for name in ("left", "inDoubt"))
    left += whole(status, "missingLinks") + whole(status, "looseReferences") + held(status, Weight.UNFINISHED)
    if not left and status.get("sliced") is not True:
        return None
    reason = Reason.THROTTLED if whole(status, "throttled") else Reason.PROGRESSING
    told = count(left, "change") if left else "more"
    return State(Truth.UNKNOWN, reason, f"{told} left for the next run; {wording.done(status)}")


def _long_unconfirmed(view: View) -> bool:
    """Whether more is unconfirmed than the last runs can have sent: then some of it is older than they are."""
    runs = [run for run, _ in zip(view.ended_well(), range(RUNS_UNCONFIRMED), strict=False)]
    sent = sum(whole(part(part(run, "status"), "objects"), "acknowledged") for run in runs)
    return len(runs) == RUNS_UNCONFIRMED and whole(part(runs[0], "status"), "unconfirmed") > sent


def failure(run: Object, truth: Truth) -> State:
    status = part(run, "status")
    reason = Reason.of(text(status, "reason"))
    return State(truth, reason, text(status, "message") or reason.sentence)


_LOOKS: tuple[Callable[[Object], State | None], ...] = (unread, _unadopted, _beyond, _asked, _erring, _unfinished)
"""At a run that came to its end: what is not well with it, the first thing that a person would mend first."""
