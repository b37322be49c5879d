"""The transitions that commands of people make; one function for each."""

from collections.abc import Callable
from dataclasses import replace

from syncramp.model.ramps import Command, Order, PauseReason, Phase, RampState
from syncramp.ramp.commands import refusal, settled
from syncramp.ramp.moves import Moved, anew, completed, entered, to
from syncramp.ramp.steps import Setting
from syncramp.ramp.transitions import Event


def obeyed(at: Setting, state: RampState, order: Order, *, started: bool = True) -> Moved:
    """A person's command is followed; one that makes no sense any more is written down and changes nothing.

    :param started: by an earlier run. Where that is not so the store may have been lost, and an annotation may be one
        that was followed before: it lets nobody come.
    """
    why = settled(at.policy, state, order.command) or refusal(at.policy, state, order.command, order.step)
    if not (why or started):
        why = refusal(at.policy, None, order.command, order.step)
    if why:
        return state, (at.told("Refused", state, state, order.by, f"{order.command.value}: {why}"),)
    return _COMMANDS[order.command](at, state, order)


def promoted(at: Setting, state: RampState, order: Order) -> Moved:
    """A person ends the step or the pause, whatever gates say."""
    if state.step == len(at.policy.steps) - 1:
        return completed(at, state, Event.PROMOTE, order.command.value, order.by, order.reason)
    return entered(at, state, Event.PROMOTE, state.step + 1, order.command.value, order.by, order.reason)


def promoted_fully(at: Setting, state: RampState, order: Order) -> Moved:
    """A person goes to the last step at once."""
    return entered(
        at, state, Event.PROMOTE_FULL, len(at.policy.steps) - 1, order.command.value, order.by, order.reason
    )


def paused(at: Setting, state: RampState, order: Order) -> Moved:
    """A person pauses the ramp."""
    after = to(state, Event.PAUSE, Phase.PAUSED, pause=PauseReason.MANUAL, by=order.by, reason=order.reason)
    return after, (at.told(order.command.value, state, after, order.by, order.reason),)


def aborted(at: Setting, state: RampState, order: Order) -> Moved:
    """A person freezes the ramp."""
    after = to(state, Event.ABORT, Phase.ABORTED, pause=None, by=order.by, reason=order.reason)
    return after, (at.told(order.command.value, state, after, order.by, order.reason),)


def reverted(at: Setting, state: RampState, order: Order) -> Moved:
    """A person wants the members back that there were at the start."""
    after = to(state, Event.REVERT, Phase.REVERTING, pause=None, by=order.by, reason=order.reason)
    return after, (at.told(order.command.value, state, after, order.by, order.reason),)


def renewed(at: Setting, state: RampState, order: Order) -> Moved:
    """A person ends a pause (resume), or an abort or a revert (retry); window and soak begin anew."""
    event = Event(order.command.value)
    fresh = replace(anew(at, state), failures=0, failed=())
    if at.policy.steps[state.step].ceiling is None:
        after = to(fresh, event, Phase.PAUSED, pause=PauseReason.STEP, by=order.by, reason="")
    else:
        phase = Phase.GROWING if fresh.soaked_from is None else Phase.SOAKING
        after = to(fresh, event, phase, pause=None, by=order.by, reason="")
    return after, (at.told(order.command.value, state, after, order.by, order.reason),)


_COMMANDS: dict[Command, Callable[[Setting, RampState, Order], Moved]] = {
    Command.PROMOTE: promoted,
    Command.PROMOTE_FULL: promoted_fully,
    Command.PAUSE: paused,
    Command.RESUME: renewed,
    Command.ABORT: aborted,
    Command.REVERT: reverted,
    Command.RETRY: renewed,
}
