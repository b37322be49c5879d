"""``spec.writeback`` of a document and back: groups of the cloud that are written to a directory.

Their ramp is one policy with every default filled in, as ``policies`` has it of ``spec.groups.ramps``. What the
document leaves out of the way to the directory, servers and CA, is that of the source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from syncramp.spec.policies import gates_document, resolved, steps_document, steps_of
from syncramp.spec.ramps import (
    WRITEBACK,
    WRITTEN_STEPS,
    Gate,
    Metric,
    RampPolicy,
    built_in_writeback,
    written_gates,
)
from syncramp.spec.references import key_of
from syncramp.spec.types import (
    DriftMode,
    GroupKind,
    LdapAccess,
    MembersFrom,
    Naming,
    SourceSpec,
    SyncConfig,
    WritebackGroups,
    WriteBudget,
)

Body = Mapping[str, Any]
_UNBOUNDED = WriteBudget(10**9, 100, 10**9)


def writeback_of(groups: Body, sources: Sequence[SourceSpec]) -> WritebackGroups:
    """``spec.writeback.groups``, accepted by ``check``, with its defaults.

    :param sources: those of the document.
    """
    match, ramp = groups["match"], groups["ramp"]
    return WritebackGroups(
        source=groups["source"],
        container=groups["container"],
        access=_access(groups, sources),
        ramp=_ramp(ramp),
        kinds=frozenset(map(GroupKind, groups["kinds"])),
        where=match.get("where"),
        min_members=match["minMembers"],
        max_members=match["maxMembers"],
        members=MembersFrom(groups["members"]),
        graph_host=groups.get("graph", {}).get("host", ""),
        naming=Naming(groups["naming"]),
        role_assignable=groups["roleAssignable"],
        drift=DriftMode(groups["drift"]),
        values_per_modify=ramp["valuesPerModify"],
        creates_per_cycle=ramp["budget"]["groupCreatesPerCycle"],
    )


def ramp_over(ramp: RampPolicy, link_interval: timedelta) -> RampPolicy:
    """A ramp by what is known of the site links of its directory.

    Every ceiling soaks for two intervals at least, and after two of them a write is late.

    :param link_interval: between two replications over the slowest one.
    """
    twice = 2 * link_interval
    return replace(ramp, gates=tuple(_late_after(gate, twice) for gate in ramp.gates), least_soak=twice)


def _late_after(gate: Gate, twice: timedelta) -> Gate:
    """The gate of replication, where the document leaves its limits to us; every other one as it is."""
    if gate.metric is not Metric.CONVERGED or gate not in written_gates() or not twice:
        return gate
    hold = Decimal(int(twice.total_seconds()))
    return replace(gate, hold=hold, abort=max(hold, gate.abort or hold))


def other_direction(config: SyncConfig, groups: WritebackGroups, ramp: RampPolicy) -> SyncConfig:
    """The document as it is gone by towards the directory, but for what its annotations say.

    There are no sources: the groups come from the store. What is written is seen at once, a request changes one
    group, no tenant's throttle counts it, and one ramp is for all.

    :param groups: ``spec.writeback.groups`` of the document.
    :param ramp: theirs, by what is known of the directory.
    """
    endpoint = replace(
        config.target.endpoint,
        visibility_delay=timedelta(),
        links_per_call=groups.values_per_modify,
        objects_per_call=1,
    )
    return replace(
        config,
        sources=(),
        target=replace(config.target, endpoint=endpoint, writes=_UNBOUNDED),
        ramps=(replace(ramp, name=WRITEBACK, built_in=True),),
        max_members=groups.max_members,
        deny_patterns=(),
        adopts=(),
    )


def _access(groups: Body, sources: Sequence[SourceSpec]) -> LdapAccess:
    named = (one.access for one in sources if one.name == groups["source"])
    source = next(access for access in named if isinstance(access, LdapAccess))
    bind = groups["bind"]
    return LdapAccess(
        servers=tuple(groups.get("servers", source.servers)),
        bind_secret=bind["secretRef"]["name"],
        ca=key_of(groups["tls"].get("ca")) if "tls" in groups else source.ca,
        kerberos=bind["method"] == "Kerberos",
    )


def _ramp(ramp: Body) -> RampPolicy:
    return replace(
        built_in_writeback(),
        steps=steps_of(ramp, WRITTEN_STEPS),
        gates=resolved(ramp.get("gates", ()), written_gates()),
        per_cycle=ramp["budget"]["perCycle"],
        per_day=ramp["budget"]["perDay"],
        failures_before_pause=ramp["failuresBeforePause"],
        time_zone=ramp["timeZone"],
    )


def writeback_ramp_document(groups: WritebackGroups) -> dict[str, Any]:
    """``spec.writeback.groups.ramp`` as a document could say it, with everything that holds without being said."""
    policy = groups.ramp
    budget = {
        "perCycle": policy.per_cycle,
        "perDay": policy.per_day,
        "groupCreatesPerCycle": groups.creates_per_cycle,
    }
    return {
        "budget": budget,
        "valuesPerModify": groups.values_per_modify,
        "steps": steps_document(policy.steps),
        "gates": gates_document(policy.gates, written_gates()),
        "failuresBeforePause": policy.failures_before_pause,
        "timeZone": policy.time_zone,
    }
