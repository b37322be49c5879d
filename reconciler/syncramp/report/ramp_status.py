"""``syncramp ramp status`` and ``history``: one ramp whole, for whoever looks at 3 a.m., and what was decided before.

First where it stands and why, then what waits, what was measured and what comes next; the commands that a person may
type now stand at the end, each with what it does.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Command, Decided, Order, PauseReason, Phase, Verdict
from syncramp.model.written import Side
from syncramp.ramp.wording import FORMATS
from syncramp.report.layout import labelled, moment, wrapped
from syncramp.report.ramps import gate, judgement, next_step, phases, place, size, standing, typed, waits, when
from syncramp.spec.ramps import Unit
from syncramp.words import clock, count, printable

VERSION = 1
_COMMANDS: Mapping[str, Mapping[Command, str]] = {
    PauseReason.STEP: {Command.PROMOTE: "goes on", Command.ABORT: "nothing grows any more"},
    PauseReason.MANUAL: {Command.RESUME: "goes on where it was", Command.ABORT: "nothing grows any more"},
    PauseReason.GATE: {Command.RESUME: "soaks and measures anew", Command.ABORT: "nothing grows any more"},
    PauseReason.FAILURES: {Command.RESUME: "soaks and measures anew", Command.ABORT: "nothing grows any more"},
    Phase.GROWING: {Command.PAUSE: "nothing grows until it is resumed", Command.PROMOTE: "ends the step now"},
    Phase.SOAKING: {Command.PAUSE: "nothing grows until it is resumed", Command.PROMOTE: "ends the step now"},
    Phase.HOLDING: {Command.PAUSE: "nothing grows until it is resumed", Command.PROMOTE: "ends the step now"},
    Phase.ABORTED: {Command.RETRY: "grows again from this step", Command.REVERT: "goes back to where it began"},
    Phase.REVERTING: {Command.RETRY: "grows again from this step"},
}
"""What a person may say in a phase, or in a pause for this reason, with what it does."""
_COUNTED = ("groups", "largest", "waiting", "admissible", "grew", "runs", "failures")
"""Numbers of a decision, as they are told."""


@dataclass(frozen=True, slots=True)
class StatusTold:
    """What a document's store knows of its ramps."""

    run: int | None
    """The last run that told of ramps; None: there was none."""
    at: float | None
    """When it began (seconds since the epoch)."""
    ramps: Sequence[RampReport]
    orders: Sequence[Order]
    """Commands that no run has followed yet."""
    changes: Mapping[str, str] = field(default_factory=dict)
    """Ramp -> what the document as it is now does to it in the next run."""


def status_lines(told: StatusTold, file: str) -> Iterator[str]:
    """All ramps.

    :param file: the document, as it was named.
    """
    if told.run is None:
        yield "No run has told of ramps yet; syncramp plan shows what they would do."
    elif not told.ramps:
        yield "No group follows a ramp."
    for number, ramp in enumerate(told.ramps):
        yield from [""] * bool(number)
        orders = [order for order in told.orders if order.ramp == ramp.name]
        yield from map(printable, _ramp(ramp, orders, told.changes.get(ramp.name, ""), file))
    known = {ramp.name for ramp in told.ramps}
    yield from (printable(f"Ramp {name}: {what}") for name, what in told.changes.items() if name not in known)
    yield from (printable(f"Ramp {order.ramp}: {_order(order)}") for order in told.orders if order.ramp not in known)
    if told.run is not None and told.at is not None:
        yield ""
        yield f"As of run {told.run} of {moment(told.at)}"


def _ramp(ramp: RampReport, orders: Sequence[Order], change: str, file: str) -> Iterator[str]:
    kind = ", into Active Directory" if ramp.direction == Side.DIRECTORY else ", built in" if ramp.built_in else ""
    yield f"Ramp {ramp.name} ({ramp.admit}{kind}): {standing(ramp)}"
    by = f" ({ramp.by})" if ramp.by else ""
    yield from labelled("why", f"{ramp.reason}{by}")
    if change:
        yield from labelled("next run", change)
    for order in orders:
        yield from labelled("asked", _order(order))
    yield from labelled("groups", f"{count(ramp.groups, 'group')}: {phases(ramp) or 'none'}")
    yield from labelled("waiting", waits(ramp).partition(" (")[0])
    yield from labelled("largest", f"{count(ramp.largest, 'member')} {place(ramp)}")
    if told := _soak(ramp.soak):
        yield from labelled("soak", told)
    yield from _gates(ramp)
    yield from labelled("next", next_step(ramp))
    if ramp.eta:
        yield from labelled("complete", f"{when(ramp.eta)} at the earliest, by the forecast")
    if ramp.per_day:
        went = f"{ramp.admitted_today:,} of {count(ramp.per_day, 'member')} in the last 24 hours"
        yield from labelled("budget", f"{went}, at most {ramp.per_cycle:,} a run")
    yield from _groups(ramp)
    for number, line in enumerate(ramp.checklist):
        yield from labelled("" if number else "look at", line)
    yield from _commands(ramp, file)


def _order(order: Order) -> str:
    step = f" at step {order.step}" if order.step is not None else ""
    return f"{order.command.value}{step} by {order.by} at {moment(order.at)}; the next run follows it"


def _soak(soak: Mapping[str, Any]) -> str:
    """How much of a soak is over; empty where the step has none."""
    parts = []
    if soak.get("duration"):
        parts.append(f"{clock(soak['elapsed'])} of {clock(soak['duration'])}")
    if soak.get("wantedCycles"):
        parts.append(f"{soak['cycles']:,} of {count(soak['wantedCycles'], 'run')}")
    if soak.get("wantedBusinessDays"):
        parts.append(f"{soak['businessDays']:,} of {count(soak['wantedBusinessDays'], 'business day')}")
    return ", ".join(parts)


def _gates(ramp: RampReport) -> Iterator[str]:
    """How many gates say what: those that do not pass with their sentences, the others with their numbers alone."""
    if not ramp.judgements:
        return
    verdicts = [each["verdict"] for each in ramp.judgements]
    numbers = ", ".join(f"{verdicts.count(verdict):,} {verdict}" for verdict in dict.fromkeys(sorted(verdicts)))
    failed = f"; {count(ramp.failures, 'failure')} at this step" if ramp.failures else ""
    yield from labelled("gates", f"{numbers}{failed}")
    passed = [each for each in ramp.judgements if each["verdict"] == Verdict.PASSED]
    for each in ramp.judgements:
        if each not in passed:
            yield from labelled("", judgement(each))
    for each in passed:
        yield from labelled("", _measured({**each, "gate": gate(each)}))


def _groups(ramp: RampReport) -> Iterator[str]:
    for number, group in enumerate(ramp.held):
        yield from labelled("" if number else "groups waiting", f"{group.phase} {group.dn}: {size(group, ramp)}")
    if more := ramp.groups_held - len(ramp.held):
        yield from labelled("", f"… and {more:,} more")
    named = {group.dn for group in ramp.held}
    for dn, note in ramp.notes.items():
        if dn not in named:
            yield from labelled("note", f"{dn}: {note}")
    for dn, warning in ramp.warnings.items():
        yield from labelled("warning", f"{dn}: {warning}")


def _commands(ramp: RampReport, file: str) -> Iterator[str]:
    if ramp.phase == Phase.REVERTING:
        yield from labelled("do", f"syncramp approve {file} lists what leaves, and lets it go")
    for number, (said, does) in enumerate(_COMMANDS.get(ramp.pause or ramp.phase, {}).items()):
        label = "" if number or ramp.phase == Phase.REVERTING else "do"
        yield from labelled(label, f"{typed(said, ramp.name, file)} ({does})")


def status_document(told: StatusTold) -> str:
    """The same as JSON; the form is documented in ``docs/ramp-json.md``."""
    body = {
        "version": VERSION,
        "run": told.run,
        "at": told.at,
        "ramps": [asdict(ramp) for ramp in told.ramps],
        "orders": [asdict(order) for order in told.orders],
        "changes": told.changes,
    }
    return json.dumps(body, indent=2)


def history_lines(decided: Iterable[Decided]) -> Iterator[str]:
    """What was decided, the oldest first, each with the numbers it was made on."""
    told = False
    for each in decided:
        told = True
        by = f" by {each.by}" if each.by else ""
        reason = f": {each.reason}" if each.reason else ""
        head = f"{moment(each.at)}  run {each.run}  {each.ramp}: {each.what}{by} at step {each.step + 1}"
        yield from map(printable, wrapped(f"{head}, ceiling {each.ceiling:,}{reason}", "    "))
        yield from map(printable, _numbers(each.numbers))
    if not told:
        yield "Nothing was decided yet."


def _numbers(numbers: Mapping[str, Any]) -> Iterator[str]:
    """What a decision was made on; the step and the ceiling before it are those of the line above."""
    told = [f"{name} {numbers[name]:,}" for name in _COUNTED if name in numbers]
    if soak := _soak(numbers.get("soak", {})):
        told.append(f"soak {soak}")
    if told:
        yield from wrapped(f"    {', '.join(told)}", "      ")
    for each in numbers.get("judgements", ()):
        yield from wrapped(f"    {_measured(each)}", "      ")


def _measured(each: Mapping[str, Any]) -> str:
    """A gate with its numbers: ``Failed CycleDurationP95 22m00s (hold 21m00s, abort 30m00s; 9 samples)``."""
    format_ = FORMATS[Unit(each["unit"])]
    value = "not measured" if each["value"] is None else format_(each["value"])
    limits = [f"{name} {format_(each[name])}" for name in ("hold", "abort", "baseline") if each[name] is not None]
    return f"{each['verdict']} {each['gate']} {value} ({', '.join(limits)}; {count(each['samples'], 'sample')})"


def history_document(decided: Iterable[tuple[Side, Decided]]) -> str:
    """The same as JSON, with what the groups of each ramp are written to; documented in ``docs/ramp-json.md``."""
    told = [{"direction": side.value, **asdict(each)} for side, each in decided]
    return json.dumps({"version": VERSION, "decisions": told}, indent=2)
