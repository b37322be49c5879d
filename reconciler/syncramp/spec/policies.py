"""``spec.groups.ramps`` of a document and back: policies with every default filled in.

A gate of a document stands in the place of the built-in one with the same metric, and the other built-in ones stay.
If it says neither ``hold`` nor ``abort``, the limits are the built-in ones; of the two, one that it leaves out never
fails.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from syncramp.model.written import Side
from syncramp.spec.durations import format_duration, parse_duration
from syncramp.spec.ramps import (
    BUILT_IN_STEPS,
    UNITS,
    Admit,
    Gate,
    Metric,
    Prometheus,
    RampPolicy,
    Soak,
    Step,
    Unit,
    Webhook,
    built_in,
    built_in_gates,
)
from syncramp.spec.references import KeyRef, key_of
from syncramp.spec.types import SyncConfig

Body = Mapping[str, Any]
FIRST_SEEN = "FirstSeen"
"""The order of who was seen first."""
BUILT_IN = "built-in"
"""The name of the ramp of groups that no ramp of the document matches."""


def policies(config: SyncConfig) -> tuple[RampPolicy, ...]:
    """The ramps of a document in its order, and the built-in one behind them: the first that matches counts.

    A rehearsal that divides sizes brings a built-in one of its own.
    """
    brought = any(policy.built_in for policy in config.ramps)
    return config.ramps if brought else (*config.ramps, built_in(config.interval))


def named_policies(config: SyncConfig) -> dict[str, RampPolicy]:
    """Every ramp that a document has, by its name; that of written-back groups at the end."""
    other = () if config.writeback is None else (config.writeback.ramp,)
    return {policy.name: policy for policy in (*policies(config), *other)}


def policies_to(side: Side, config: SyncConfig) -> tuple[RampPolicy, ...]:
    """The ramps of groups that are written to one side."""
    if side is Side.CLOUD:
        return policies(config)
    return () if config.writeback is None else (config.writeback.ramp,)


def side_of(ramp: str, config: SyncConfig) -> Side:
    """What groups of a ramp are written to."""
    other = config.writeback
    return Side.DIRECTORY if other is not None and other.ramp.name == ramp else Side.CLOUD


def ramps_of(ramps: Sequence[Body], interval: timedelta) -> tuple[RampPolicy, ...]:
    """``spec.groups.ramps``, accepted by ``check``, with its defaults.

    :param interval: ``spec.interval``, to which limits of built-in gates are relative.
    """
    return tuple(_ramp(ramp, interval) for ramp in ramps)


def _ramp(ramp: Body, interval: timedelta) -> RampPolicy:
    return RampPolicy(
        name=ramp["name"],
        steps=steps_of(ramp, BUILT_IN_STEPS),
        gates=resolved(ramp.get("gates", ()), built_in_gates(interval)),
        min_members=ramp["match"]["minMembers"],
        where=ramp["match"].get("where"),
        admit=Admit(ramp["admit"]),
        order=None if ramp["order"] == FIRST_SEEN else ramp["order"],
        groups_per_cycle=ramp["fill"]["groupsPerCycle"],
        per_cycle=ramp["budget"]["perCycle"],
        per_day=ramp["budget"]["perDay"],
        failures_before_pause=ramp["failuresBeforePause"],
        mail_enabled_max=ramp["mailEnabledMaxMembers"],
        time_zone=ramp["timeZone"],
    )


def _step(step: Body) -> Step:
    soak = step.get("soak", {})
    duration = parse_duration(soak.get("duration", "0s"))
    return Step(step.get("ceiling"), Soak(duration, soak.get("cycles", 0), soak.get("businessDays", 0)))


def steps_of(ramp: Body, otherwise: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps of a ramp; ``otherwise`` where it says none."""
    return tuple(map(_step, ramp["steps"])) if "steps" in ramp else otherwise


def resolved(gates: Sequence[Body], known: Sequence[Gate]) -> tuple[Gate, ...]:
    """The built-in gates, each as the document has it where it has it, and then those that only the document has."""
    return tuple(_resolved(gates, known))


def _resolved(gates: Sequence[Body], built_in_ones: Sequence[Gate]) -> Iterator[Gate]:
    said = {(gate["metric"], gate["name"]): gate for gate in gates}
    for known in built_in_ones:
        gate = said.pop((known.metric.value, known.name), {})
        if not gate.get("disabled"):
            yield _gate(gate) if "hold" in gate or "abort" in gate else known
    yield from (_gate(gate) for gate in said.values() if not gate["disabled"])


def _gate(gate: Body) -> Gate:
    metric = Metric(gate["metric"])
    hold, abort = (_limit(UNITS[metric], gate.get(name)) for name in ("hold", "abort"))
    return Gate(metric, hold, abort, gate["name"], _external(gate))


def _limit(unit: Unit, limits: Body | None) -> Decimal | None:
    if limits is None:
        return None
    limit = limits[unit.value]
    if unit is Unit.SECONDS:
        return Decimal(parse_duration(limit) // timedelta(milliseconds=1)) / 1000
    return Decimal(limit)


def _external(gate: Body) -> Prometheus | Webhook | None:
    if asked := gate.get("prometheus"):
        return Prometheus(asked["url"], asked["query"], _token(asked), key_of(asked.get("ca")))
    asked = gate.get("webhook")
    return Webhook(asked["url"], _token(asked), key_of(asked.get("ca"))) if asked else None


def _token(asked: Body) -> KeyRef | None:
    return key_of(asked.get("token"))


def groups_document(config: SyncConfig) -> dict[str, Any]:
    """``spec.groups`` as a document could say it, with everything that holds without being said."""
    return {
        "maxMembers": config.max_members,
        "denyPatterns": list(config.deny_patterns),
        "ramps": [ramp_document(policy) for policy in policies(config)],
    }


def ramp_document(policy: RampPolicy) -> dict[str, Any]:
    """One of ``spec.groups.ramps``; with its gates in full, those included that are switched off."""
    return {
        "name": policy.name,
        "match": {"minMembers": policy.min_members} | ({"where": policy.where} if policy.where is not None else {}),
        "admit": policy.admit.value,
        "order": policy.order or FIRST_SEEN,
        "fill": {"groupsPerCycle": policy.groups_per_cycle},
        "budget": {"perCycle": policy.per_cycle, "perDay": policy.per_day},
        "steps": steps_document(policy.steps),
        "gates": gates_document(policy.gates, built_in_gates(timedelta())),
        "failuresBeforePause": policy.failures_before_pause,
        "mailEnabledMaxMembers": policy.mail_enabled_max,
        "timeZone": policy.time_zone,
    }


def steps_document(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """``steps`` of a ramp."""
    return [_step_document(step) for step in steps]


def gates_document(gates: Sequence[Gate], known: Sequence[Gate]) -> list[dict[str, Any]]:
    """``gates`` of a ramp; those that are built in and not judged are told as switched off."""
    return [*map(gate_document, gates), *_disabled(gates, known)]


def _step_document(step: Step) -> dict[str, Any]:
    if step.ceiling is None:
        return {"pause": {}}
    soak = dict(_soak_document(step.soak))
    return {"ceiling": step.ceiling} | ({"soak": soak} if soak else {})


def _soak_document(soak: Soak) -> Iterator[tuple[str, Any]]:
    if soak.duration:
        yield "duration", format_duration(soak.duration)
    if soak.cycles:
        yield "cycles", soak.cycles
    if soak.business_days:
        yield "businessDays", soak.business_days


def gate_document(gate: Gate) -> dict[str, Any]:
    """One of ``gates``."""
    said: dict[str, Any] = {"metric": gate.metric.value}
    if gate.name:
        said["name"] = gate.name
    for name, limit in (("hold", gate.hold), ("abort", gate.abort)):
        if limit is not None:
            said[name] = {UNITS[gate.metric].value: _limit_document(UNITS[gate.metric], limit)}
    if gate.external is not None:
        outside = gate.external
        asked = {"url": outside.url} | ({"query": outside.query} if isinstance(outside, Prometheus) else {})
        keys = {name: _reference(key) for name, key in (("token", outside.token), ("ca", outside.ca)) if key}
        said["prometheus" if isinstance(outside, Prometheus) else "webhook"] = asked | keys
    return said


def _reference(key: KeyRef) -> dict[str, Any]:
    return {"configMapKeyRef" if key.config_map else "secretKeyRef": {"name": key.name, "key": key.key}}


def _limit_document(unit: Unit, limit: Decimal) -> Any:
    if unit is Unit.SECONDS:
        return format_duration(timedelta(milliseconds=int(limit * 1000)))
    return int(limit) if unit is Unit.CYCLES else f"{limit:f}"


def _disabled(gates: Sequence[Gate], known: Sequence[Gate]) -> Iterator[dict[str, Any]]:
    judged = {gate.metric for gate in gates}
    for gate in known:
        if gate.metric not in judged:
            yield {"metric": gate.metric.value, "disabled": True}
