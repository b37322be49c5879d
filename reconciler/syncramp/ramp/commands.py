"""What a person may say to a ramp in its present phase, and what will come of it.

``refusal`` is asked where a command is given, so that a person hears at once what makes no sense, and again when the
run follows it, because the ramp may have gone on meanwhile.
"""

from collections.abc import Iterable
from dataclasses import replace

from syncramp.model.ramps import Command, Order, PauseReason, Phase, RampState
from syncramp.ramp.transitions import Event, allowed
from syncramp.spec.ramps import Admit, RampPolicy

STARTING = frozenset({Command.PAUSE, Command.ABORT})
"""Commands to a ramp that no run has started yet."""
STEERING = frozenset({Command.PROMOTE, Command.PROMOTE_FULL, Command.PAUSE, Command.ABORT})
"""Commands that mean nothing to groups that never wait."""


def refusal(policy: RampPolicy, state: RampState | None, command: Command, step: int | None = None) -> str:
    """Why a command makes no sense now, and what to do instead; empty when it does.

    :param state: None: no run has started the ramp.
    :param step: the step that it is meant for, counted from 1.
    """
    if policy.admit is Admit.NOW and command in STEERING:
        return "its groups never wait (admit: Now); change the document to let them"
    if state is None:
        starts = command in STARTING and step in (None, 1)
        return "" if starts else "no run has started the ramp yet; the next one does, as soon as a group follows it"
    if step is not None and step != state.step + 1:
        return (
            f"it is meant for step {step}, and the ramp is at step {state.step + 1}; give the command without a step"
        )
    if command is Command.RESUME and state.pause is PauseReason.STEP:
        return "it is at a pause of its steps, which only a person ends; promote it"
    if command is Command.PROMOTE and _done(policy, state):
        return "it is complete at its last step; nothing comes after it"
    return "" if allowed(state.phase, Event(command.value)) else _why_not(state, command)


def settled(policy: RampPolicy, state: RampState | None, command: Command) -> str:
    """Why a command changes nothing, because it is so already; empty when it does."""
    if state is None:
        return ""
    running = state.phase in (Phase.GROWING, Phase.SOAKING, Phase.COMPLETE)
    so = {
        Command.PAUSE: state.pause is PauseReason.MANUAL,
        Command.RESUME: running,
        Command.ABORT: state.phase is Phase.ABORTED,
        Command.REVERT: state.phase is Phase.REVERTING,
        Command.PROMOTE_FULL: running and state.step == len(policy.steps) - 1,
    }
    told = "it is at its last step already" if command is Command.PROMOTE_FULL else f"it is {_phase(state)} already"
    return told if so.get(command) else ""


def expected(policy: RampPolicy, state: RampState | None, orders: Iterable[Order]) -> RampState | None:
    """The state after commands that no run has followed yet, as far as it can be told without one."""
    for order in orders:
        if state is not None and not refusal(policy, state, order.command, order.step):
            state = _after(policy, state, order.command)
    return state


def _after(policy: RampPolicy, state: RampState, command: Command) -> RampState:
    last = len(policy.steps) - 1
    match command:
        case Command.PAUSE:
            return replace(state, phase=Phase.PAUSED, pause=PauseReason.MANUAL)
        case Command.ABORT:
            return replace(state, phase=Phase.ABORTED, pause=None)
        case Command.REVERT:
            return replace(state, phase=Phase.REVERTING, pause=None)
        case Command.PROMOTE:
            step = min(state.step + 1, last)
        case Command.PROMOTE_FULL:
            step = last
        case Command.RESUME | Command.RETRY:
            step = min(state.step, last)
    if policy.steps[step].ceiling is None:
        return replace(state, phase=Phase.PAUSED, pause=PauseReason.STEP, step=step)
    return replace(state, phase=Phase.GROWING, pause=None, step=step)


def _done(policy: RampPolicy, state: RampState) -> bool:
    return state.phase is Phase.COMPLETE and state.step == len(policy.steps) - 1


def _phase(state: RampState) -> str:
    return state.phase.value.lower()


def _why_not(state: RampState, command: Command) -> str:
    if command is Command.RETRY:
        remedy = "resume it" if state.phase is Phase.PAUSED else "nothing is to be done"
        return f"it is {_phase(state)}, and neither aborted nor reverting; {remedy}"
    if state.phase in (Phase.ABORTED, Phase.REVERTING) and command not in (Command.ABORT, Command.REVERT):
        return f"it is {_phase(state)}; retry it first"
    if command is Command.RESUME and state.phase is Phase.HOLDING:
        return "a gate holds it, and it goes on when that passes; promote it to go on without"
    return f"it is {_phase(state)} already; nothing is to be done"


OUTCOMES = {
    Command.PROMOTE: "ends the step or the pause, whatever gates say, and goes to the next one",
    Command.PROMOTE_FULL: "goes to the last step at once, whatever gates say",
    Command.PAUSE: "pauses: nobody is added any more but who was there before; removals go on",
    Command.RESUME: "goes on at its step; the soak begins anew",
    Command.ABORT: "freezes: nobody is added any more but who was there before, and nobody is taken out; removals of "
    "the directory go on",
    Command.REVERT: "plans the way back to the members its groups had when they came to follow it; taking them out "
    "waits for an approval",
    Command.RETRY: "goes on at its step; the soak begins anew",
}
"""What the next run does."""
