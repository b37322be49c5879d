"""``syncramp ramp promote`` and what else a person says to a ramp: written down here, followed by the next run."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from syncramp.cli.options import Document, Secrets, State, who

if TYPE_CHECKING:
    from syncramp.model.ramps import Command, Order, RampState
    from syncramp.model.written import Side
    from syncramp.spec.ramps import RampPolicy
    from syncramp.spec.types import SyncConfig
    from syncramp.store.store import Store

Ramp = Annotated[str, typer.Argument(metavar="RAMP", help="The name of the ramp, as syncramp ramp show tells it.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says it; without it the name of the login.")]
AtStep = Annotated[
    int | None, typer.Option("--step", metavar="N", min=1, help="Only if the ramp is at this step, counted from 1.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the history of the ramp.")]


class Told(NamedTuple):
    """What a person is told of a command."""

    brief: str
    """In the list of all commands."""
    full: str
    """By its own help."""


TOLD = {
    "promote": Told(
        "End the step or the pause it is at.",
        "End the step or the pause that a ramp is at, whatever gates say.",
    ),
    "promote-full": Told(
        "Go to the last step at once.",
        "Let a ramp go to its last step at once, whatever gates and pauses say.",
    ),
    "pause": Told(
        "Let nobody come; removals go on.",
        "Pause a ramp: nobody is added any more but who was there before; removals go on.",
    ),
    "resume": Told(
        "End a pause of a person or a gate.",
        "End a pause that a person or a gate made; the soak begins anew.",
    ),
    "abort": Told(
        "Freeze it: nobody comes, nobody is taken out.",
        "Freeze a ramp: nobody is added any more but who was there before, and nobody is taken out.",
    ),
    "revert": Told(
        "Plan the way back to where it began.",
        "Plan the way back: who came with a ramp is taken out again, once somebody approves that.",
    ),
    "retry": Told(
        "End an abort or a revert.",
        "End an abort or a revert; the ramp goes on at its step, and the soak begins anew.",
    ),
}
"""Commands (``model.ramps.Command``)."""


def saying(command: str) -> Callable[..., None]:
    """The function behind one of the commands."""

    def say(
        document: Document,
        ramp: Ramp,
        by: By = "",
        step: AtStep = None,
        reason: Reason = "",
        state: State = None,
        secrets: Secrets = None,
    ) -> None:
        from syncramp.model.ramps import Command

        _say(Command(command), document, ramp, by, step, reason, state, secrets)

    after = "The next run that exports follows it. Exit code 0: it is written down, or so already; 3: it is refused."
    say.__doc__ = f"{TOLD[command].full}\n\n{after}\n\nExample: syncramp ramp {command} syncconfig.yaml large"
    return say


def _say(
    command: "Command",
    document: str,
    ramp: str,
    by: str,
    step: int | None,
    reason: str,
    state: State,
    secrets: Secrets,
) -> None:
    from syncramp.check import load
    from syncramp.model.ramps import Command, Order
    from syncramp.session.known import known_stores
    from syncramp.session.opening import state_path

    config = load(document)
    policy = named_ramp(config, ramp)
    path = state_path(document, config, state, secrets)
    with known_stores(config, path, "so no ramp has started") as stores:
        store = _store_of(ramp, config, stores)
        kept = store.ramp_states.all().get(ramp)
        pending = [order for order in store.ramp_states.pending().values() if order.ramp == ramp]
        if command is Command.PROMOTE and step is None and kept is not None:
            step = kept.step + 1
        if not (told := _said_already(policy, kept, pending, command, step)):
            _judge(policy, kept, pending, command, step)
            given = Order(command, ramp, who(by), time.time(), step, reason.strip())
            store.ramp_states.give(given)
            told = _given(config, given)
    typer.echo(told)


def _store_of(ramp: str, config: "SyncConfig", stores: "Mapping[Side, Store]") -> "Store":
    """Where what is said to a ramp is written down.

    :raises InputRefused: no run has written back any group yet.
    """
    from syncramp.errors import InputRefused
    from syncramp.spec.policies import side_of

    side = side_of(ramp, config)
    if side not in stores:
        reason = f"no run has looked at the directory that groups are written back to, so {ramp} has not started"
        raise InputRefused(reason, remedy="make a run first")
    return stores[side]


def named_ramp(config: "SyncConfig", name: str) -> "RampPolicy":
    """The ramp of a name.

    :raises InputRefused: the document has none.
    """
    from syncramp.errors import InputRefused
    from syncramp.spec.policies import named_policies
    from syncramp.words import closest

    ramps = named_policies(config)
    if name in ramps:
        return ramps[name]
    near = closest(name, ramps)
    remedy = f"do you mean {near}?" if near else f"it has {', '.join(ramps)}"
    raise InputRefused(f"the document has no ramp {name}", remedy=remedy)


def _said_already(
    policy: "RampPolicy", kept: "RampState | None", pending: "list[Order]", command: "Command", step: int | None
) -> str:
    """Why nothing need be written down; empty: it need."""
    from syncramp.model.ramps import Command
    from syncramp.ramp.commands import settled
    from syncramp.words import printable

    again = [order for order in pending if command is Command.PROMOTE and order.command is command]
    for order in again or pending[-1:]:
        if (order.command, order.step) == (command, step):
            return printable(f"Ramp {order.ramp}: {command.value} was said by {order.by}; the next run follows it.")
    why = "" if pending else settled(policy, kept, command)
    return f"Ramp {policy.name}: nothing changes, {why}." if why else ""


def _judge(
    policy: "RampPolicy", kept: "RampState | None", pending: "list[Order]", command: "Command", step: int | None
) -> None:
    """Refuse what makes no sense after what was said before.

    :raises InputRefused: with what to do instead.
    """
    from syncramp.errors import InputRefused
    from syncramp.model.ramps import Command
    from syncramp.ramp.commands import expected, refusal
    from syncramp.ramp.steps import digest_of

    if kept is not None and kept.policy != digest_of(policy) and command in (Command.PROMOTE, Command.PROMOTE_FULL):
        why = "the document changed it, and the next run begins it anew; promote it after that"
    else:
        why = refusal(policy, expected(policy, kept, pending), command, step)
    if why:
        reason, _, remedy = why.partition("; ")
        raise InputRefused(f"ramp {policy.name}: {reason}", remedy=remedy)


def _given(config: "SyncConfig", order: "Order") -> str:
    from syncramp.ramp.commands import OUTCOMES
    from syncramp.spec.types import Mode
    from syncramp.words import printable

    told = f"Ramp {order.ramp}: {order.command.value}, by {order.by}. The next run {OUTCOMES[order.command]}."
    if config.mode is not Mode.SYNC:
        told += f" No run follows it as long as spec.mode is {config.mode.value}."
    return printable(told)
