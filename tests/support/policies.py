"""Ramp policies: those of the full document of the tests, and any that a document can say."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

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
    built_in_gates,
    built_in_writeback,
)
from syncramp.spec.references import KeyRef
from syncramp.spec.types import DriftMode, GroupKind, LdapAccess, MembersFrom, Naming, WritebackGroups

FULL_RAMPS = (
    RampPolicy(
        "licences",
        (Step(20000, Soak(timedelta(hours=12), 5, 2)), Step(None), Step(50000)),
        (
            Gate(Metric.REMOVAL_LATENCY, Decimal(1200), Decimal(5400)),
            Gate(Metric.CYCLE_DURATION, Decimal(2520), Decimal(3600)),
            Gate(Metric.EXPORT_LATENCY_P95, Decimal(60), Decimal(240)),
            Gate(Metric.LINK_ERRORS, Decimal("0.5"), Decimal(2)),
            Gate(Metric.OBJECT_ERRORS, Decimal("1.5"), Decimal(3)),
            Gate(Metric.CONFIRM_LAG, Decimal(2), Decimal(4)),
            Gate(Metric.READ_BACK, Decimal("2.5"), Decimal(20)),
            Gate(Metric.MEMBER_COUNT, Decimal(0), Decimal(3)),
            Gate(
                Metric.EXTERNAL,
                Decimal(20),
                Decimal("100.5"),
                "help-desk",
                Prometheus(
                    "https://prometheus.example.com",
                    "up",
                    KeyRef("prometheus", "bearer"),
                    KeyRef("corp-ca", "root.crt", config_map=True),
                ),
            ),
            Gate(
                Metric.EXTERNAL,
                None,
                Decimal(-1),
                "exchange",
                Webhook(
                    "https://exchange.example.com:8443/queue?all",
                    KeyRef("exchange", "bearer"),
                    KeyRef("corp-ca", "root.crt"),
                ),
            ),
        ),
        min_members=10000,
        where="object.displayName.startsWith('LIC-')",
        admit=Admit.MEMBERS,
        order="object.?department.orValue('') != 'IT'",
        groups_per_cycle=3,
        per_cycle=2000,
        per_day=9000,
        failures_before_pause=4,
        mail_enabled_max=40000,
        time_zone="Europe/Paris",
    ),
    RampPolicy("rest", BUILT_IN_STEPS, built_in_gates(timedelta(hours=1)), min_members=20000),
)
"""Those of tests/data/documents/full.yaml."""
_QUEUES = (FULL_RAMPS[0].gates[-2].external, FULL_RAMPS[0].gates[-1].external)
FULL_WRITEBACK = WritebackGroups(
    source="corp",
    container="OU=Cloud groups,DC=corp,DC=example,DC=com",
    access=LdapAccess(
        ("ldaps://dc3.corp.example.com",), "ad-writer", KeyRef("corp-ca", "root.crt", config_map=True), kerberos=True
    ),
    ramp=replace(
        built_in_writeback(),
        steps=(Step(1400, Soak(timedelta(hours=12), 5, 2)), Step(None), Step(30000)),
        gates=(
            Gate(Metric.AD_LATENCY, Decimal("0.3"), Decimal("1.5")),
            Gate(Metric.CONVERGED, None, Decimal(43200)),
            Gate(Metric.VALUE_ERRORS, Decimal("0.5"), Decimal(2)),
            Gate(Metric.TOKENS, Decimal(800), Decimal(990)),
            Gate(Metric.COUNT_AGREES, Decimal(1), Decimal(2)),
            Gate(Metric.EXTERNAL, Decimal(2), Decimal(10), "disk-queue", _QUEUES[0]),
            Gate(Metric.EXTERNAL, None, Decimal(-1), "exchange", _QUEUES[1]),
        ),
        per_cycle=1000,
        per_day=20000,
        failures_before_pause=3,
        time_zone="Europe/Paris",
    ),
    kinds=frozenset(GroupKind),
    where="object.displayName.startsWith('Project')",
    min_members=2,
    max_members=200_000,
    members=MembersFrom.GRAPH,
    graph_host="graph.example.com:8445",
    naming=Naming.DISPLAY_NAME,
    role_assignable=True,
    drift=DriftMode.CORRECT,
    values_per_modify=250,
    creates_per_cycle=10,
)
"""What it says of groups that are written to a directory."""

_URLS = st.sampled_from(["https://example.com", "https://example.com:8443/a?b=c"])
_KEYS = st.builds(KeyRef, st.sampled_from(["one", "other"]), st.just("key"), st.booleans())
_TOKENS = st.none() | st.builds(KeyRef, st.just("one"), st.just("token"))
_EXTERNAL = st.builds(Prometheus, _URLS, st.just("up"), _TOKENS, st.none() | _KEYS) | st.builds(
    Webhook, _URLS, _TOKENS, st.none() | _KEYS
)


@st.composite
def gates(draw: st.DrawFn, metric: Metric, name: str = "") -> Gate:
    """A gate as a document can say it."""
    unit = UNITS[metric]
    digits = 0 if unit in (Unit.SECONDS, Unit.CYCLES) else 2
    numbers = st.integers(0, 10 ** (2 + digits) - 1).map(lambda number: Decimal(number).scaleb(-digits))
    hold, abort = sorted((draw(numbers), draw(numbers)))
    left = draw(st.integers(0, 2)) if metric is not Metric.REMOVAL_LATENCY else 0
    external = draw(_EXTERNAL) if metric is Metric.EXTERNAL else None
    return Gate(metric, None if left == 1 else hold, None if left == 2 else abort, name, external)


@st.composite
def policies(draw: st.DrawFn, name: str) -> RampPolicy:
    """A ramp as a document can say it."""
    ceilings = sorted(draw(st.sets(st.integers(1000, 250_000), min_size=1, max_size=6)))
    soaks = st.builds(Soak, st.integers(0, 10**6).map(lambda s: timedelta(seconds=s)), *[st.integers(0, 60)] * 2)
    steps = [Step(ceiling, draw(soaks)) for ceiling in ceilings]
    if len(steps) > 1 and draw(st.booleans()):
        steps.insert(1, Step(None))
    asked = [one for one in Metric if one is not Metric.EXTERNAL and not one.directory]
    judged = [draw(gates(one)) for one in asked if _judged(one, draw)]
    external = [draw(gates(Metric.EXTERNAL, each)) for each in draw(st.lists(st.sampled_from("ab"), unique=True))]
    last = [gate for gate in judged if gate.metric is Metric.EXPORT_LATENCY_P50]
    return RampPolicy(
        name,
        tuple(steps),
        (*(gate for gate in judged if gate not in last), *last, *external),
        min_members=draw(st.integers(1, 1000)),
        where=draw(st.sampled_from([None, f"'{name}' == object.displayName", "has(object.mail)"])),
        admit=draw(st.sampled_from(Admit)),
        order=draw(st.none() | st.just("object.accountEnabled")),
        groups_per_cycle=draw(st.integers(1, 1000)),
        per_cycle=draw(st.integers(1, 10**6)),
        per_day=draw(st.integers(1, 10**6)),
        failures_before_pause=draw(st.integers(1, 100)),
        mail_enabled_max=draw(st.integers(1, 250_000)),
        time_zone=draw(st.sampled_from(["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires"])),
    )


def _judged(metric: Metric, draw: st.DrawFn) -> bool:
    return metric is Metric.REMOVAL_LATENCY or draw(st.booleans())
