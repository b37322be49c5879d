"""What every transition of a ramp is made of: a step that begins, a window that begins anew, an end."""

from dataclasses import replace
from typing import Any

from syncramp.model.ramps import Decided, PauseReason, Phase, RampState
from syncramp.ramp.steps import Setting, ceiling_at
from syncramp.ramp.transitions import TABLE, Event

Moved = tuple[RampState, tuple[Decided, ...]]
"""The next state, and the lines of the history that lead to it."""


def completed(at: Setting, state: RampState, event: Event, what: str, by: str = "", reason: str = "") -> Moved:
    """Nobody waits whom a later step could admit. The ramp stays at its step."""
    since = at.now if state.soaked_from is None else state.soaked_from
    after = to(state, event, Phase.COMPLETE, soaked_from=since, pause=None, failed=(), by=by, reason="")
    return after, (at.told(what, state, after, by, reason),)


def entered(
    at: Setting, state: RampState, event: Event | None, index: int, what: str, by: str = "", reason: str = ""
) -> Moved:
    """A step begins. One under which nobody fits is passed at once, a pause never.

    :param event: that led to it; None: the ramp starts.
    """
    rows, step = list[Decided](), beginning(at, state, index)
    rows.append(at.told(what, state, step, by, reason))
    while at.policy.steps[step.step].ceiling is not None and not at.fits(step) and at.beyond(step):
        skipped, step = step, beginning(at, state, step.step + 1)
        rows.append(
            at.told("Skipped", state, skipped, reason=f"nobody who waits fits below {skipped.ceiling:,} members")
        )
    if at.policy.steps[step.step].ceiling is None:
        after = _arrived(state, step, event, Phase.PAUSED, pause=PauseReason.STEP, by="", reason="")
        return after, (*rows, at.told("Paused", state, after, reason="the step is a pause: a person ends it"))
    if at.fits(step):
        return _arrived(state, step, event, Phase.GROWING, pause=None, by=by, reason=""), tuple(rows)
    after = _arrived(state, step, event, Phase.COMPLETE, pause=None, soaked_from=at.now, by=by, reason="")
    return after, (*rows, at.told("Completed", state, after, reason="nobody waits whom a later step could admit"))


def to(state: RampState, event: Event, phase: Phase, **changes: Any) -> RampState:
    """The state after an event.

    :raises ValueError: the table has no such transition: a fault of this module.
    """
    if phase not in TABLE[state.phase, event]:
        raise ValueError(f"{event.value} does not lead from {state.phase.value} to {phase.value}")
    return replace(state, phase=phase, **changes)


def _arrived(state: RampState, step: RampState, event: Event | None, phase: Phase, **changes: Any) -> RampState:
    """At a step, from the state before it."""
    if event is None:
        return replace(step, phase=phase, **changes)
    return to(replace(step, phase=state.phase), event, phase, **changes)


def beginning(at: Setting, state: RampState, index: int) -> RampState:
    """A state at the beginning of a step."""
    ceiling = ceiling_at(at.policy, index, state.ceiling)
    fresh = replace(state, step=index, ceiling=ceiling, began=at.now, window=at.now, soaked_from=None)
    return replace(fresh, cycles=0, runs=0, grew=0, failures=0, failed=())


def anew(at: Setting, state: RampState) -> RampState:
    """Window and soak begin now."""
    return replace(state, window=at.now, soaked_from=None if at.grows(state) else at.now, cycles=0, runs=0)
