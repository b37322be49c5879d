"""``spec.groups.ramps`` of a document and back: policies with every default filled in.

A gate of a document stands in the place of the built-in one with the same metric; the others stay.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from syncramp.spec.durations import format_duration
from syncramp.spec.ramps import UNITS, Gate, Prometheus, RampPolicy, Soak, Step, Unit, built_in
from syncramp.spec.references import KeyRef
from syncramp.spec.types import SyncConfig

Body = Mapping[str, Any]
FIRST_SEEN = "FirstSeen"
"""The order of who was seen first."""
BUILT_IN = "built-in"
"""The name of the ramp of groups that no ramp of the document matches."""


def policies(config: SyncConfig) -> tuple[RampPolicy, ...]:
    """The ramps of a document in its order, and the built-in one behind them: the first that matches counts."""
    return (*config.ramps, built_in(config.interval))


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
        "steps": [_step_document(step) for step in policy.steps],
        "gates": [*map(_gate_document, policy.gates), *_disabled(policy.gates)],
        "failuresBeforePause": policy.failures_before_pause,
        "mailEnabledMaxMembers": policy.mail_enabled_max,
        "timeZone": policy.time_zone,
    }


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


def _gate_document(gate: Gate) -> dict[str, Any]:
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
    return {"secretKeyRef": {"name": key.name, "key": key.key}}


def _limit_document(unit: Unit, limit: Decimal) -> Any:
    if unit is Unit.SECONDS:
        return format_duration(timedelta(seconds=int(limit)))
    return int(limit) if unit is Unit.CYCLES else f"{limit:f}"


def _disabled(gates: Sequence[Gate]) -> Iterator[dict[str, Any]]:
    """Gates that are built in and not judged."""
    judged = {gate.metric for gate in gates}
    for gate in built_in(timedelta()).gates:
        if gate.metric not in judged:
            yield {"metric": gate.metric.value, "disabled": True}
