"""A document turned to the made directory and the simulator: its ramps, limits and interval stay what they are.

Everything that would lead to a real directory or a real tenant is replaced, not left out. Rules of the document and
joins are left out: they speak of entries that the made directory has not.

A smaller rehearsal divides everything that counts members by one number: ceilings, budgets, limits and calls. What is
counted in time stays, so a call that is full takes as long as a full one.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from syncramp.model.values import Kind
from syncramp.rehearsal.staff import BASE, Staff, made_groups
from syncramp.simulator.latency import Latency
from syncramp.simulator.server import Simulator
from syncramp.simulator.settings import TenantSettings
from syncramp.spec.policies import policies
from syncramp.spec.ramps import RampPolicy, Step
from syncramp.spec.references import KeyRef
from syncramp.spec.sign_in import ClientSecretAuth
from syncramp.spec.types import (
    Cloud,
    EndpointOverrides,
    LdifFile,
    Mode,
    Scope,
    SourceAnchor,
    SourceSpec,
    SyncConfig,
    Target,
)

SOURCE = "made"
AUTHORITY, APPLICATION = KeyRef("simulator-ca", "ca.crt"), KeyRef("entra-sync-secret", "clientSecret")
PEOPLE = 1_000
"""The made directory has at least so many, so that there are some of each kind."""


FEWEST_CALLS = 4
"""Full calls that the simulated throttle takes in five minutes at least, however small everything else is."""


def rehearsed(config: SyncConfig, scale: int) -> SyncConfig:
    """The document of a rehearsal, before its tenant is there.

    :param scale: sizes are divided by it.
    """
    ramps = config.ramps if scale == 1 else tuple(smaller(policy, scale) for policy in policies(config))
    return replace(
        config,
        mode=Mode.SYNC,
        sources=(SourceSpec(SOURCE, LdifFile(Path(SOURCE)), (Scope(BASE, frozenset({Kind.USER, Kind.GROUP})),)),),
        source_anchor=SourceAnchor.CONSISTENCY_GUID,
        write_back_anchor=False,
        max_members=max(1, config.max_members // scale),
        ramps=ramps,
        rules=(),
        attributes=(),
        joins=(),
        merges={},
        approves=(),
        accepts=(),
        adopts=(),
        releases=frozenset(),
    )


def least_of(config: SyncConfig, scale: int) -> int:
    """Members from which on some ramp of a document cares."""
    return min(max(1, policy.min_members // scale) for policy in policies(config))


def staff_of(config: SyncConfig, scale: int) -> Staff:
    """The made directory for a document: its largest group has as many members as a group may have."""
    largest = max(1, config.max_members // scale)
    return Staff(SOURCE, max(PEOPLE, largest), made_groups(largest, least_of(config, scale)))


def smaller(policy: RampPolicy, scale: int) -> RampPolicy:
    """A ramp whose sizes are divided by a number; what is measured in time is not."""
    return replace(
        policy,
        steps=tuple(_smaller_step(step, scale) for step in policy.steps),
        min_members=max(1, policy.min_members // scale),
        per_cycle=max(1, policy.per_cycle // scale),
        per_day=max(1, policy.per_day // scale),
        mail_enabled_max=max(1, policy.mail_enabled_max // scale),
    )


def _smaller_step(step: Step, scale: int) -> Step:
    return step if step.ceiling is None else replace(step, ceiling=max(1, step.ceiling // scale))


def tenant_of(config: SyncConfig, scale: int) -> TenantSettings:
    """A tenant for a rehearsal of a document; nobody else knows its id, so it shares no throttle with anybody."""
    real, objects = TenantSettings(), config.target.endpoint.objects_per_call
    return TenantSettings(
        tenant_id=str(uuid4()),
        anchor_attribute="",
        writes_per_five_minutes=max(FEWEST_CALLS * objects, real.writes_per_five_minutes // scale),
        most_links=max(1, (config.target.endpoint.links_per_call or real.most_links) // scale),
        most_members=max(1, real.most_members // scale),
        visibility_delay=config.target.endpoint.visibility_delay.total_seconds(),
        tracking_changes=False,
    )


def slower(latency: Latency, scale: int) -> Latency:
    """The latency of calls that carry fewer objects and links, so that they take as long as large ones."""
    return Latency(latency.call, latency.object * scale, latency.link * scale)


def turned(config: SyncConfig, simulator: Simulator, scale: int) -> SyncConfig:
    """A document of a rehearsal whose target is a simulator that listens."""
    before = config.target
    endpoint = EndpointOverrides(
        host=simulator.host,
        authority=f"https://{simulator.host}",
        ca=AUTHORITY,
        visibility_delay=before.endpoint.visibility_delay,
        unverified=True,
        objects_per_call=before.endpoint.objects_per_call,
    )
    writes = replace(
        before.writes,
        per_five_minutes=max(1, before.writes.per_five_minutes // scale),
        links_per_five_minutes=max(1, before.writes.links_per_five_minutes // scale),
    )
    tenant = simulator.tenant.settings.tenant_id
    auth = ClientSecretAuth(simulator.client_id, APPLICATION)
    return replace(config, target=Target(Cloud.COMMERCIAL, tenant, auth, endpoint, writes))


def secrets_of(simulator: Simulator) -> Mapping[tuple[str, str], bytes]:
    """What a document of a rehearsal names."""
    return {
        (AUTHORITY.name, AUTHORITY.key): simulator.certificates.ca,
        (APPLICATION.name, APPLICATION.key): simulator.client_secret.encode(),
    }
