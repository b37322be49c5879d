"""Forecasts of a document's ramps, of what its store has: groups, states, and what runs measured. It asks nobody."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from syncramp.cycle.writeback.limiting import policy_of
from syncramp.model.circumstances import Circumstances
from syncramp.model.forecast import Forecast, Foretold, NearLimit
from syncramp.model.measures import KEPT_SECONDS, CallTime, Measure, Measured, percentile
from syncramp.model.ramps import RampState
from syncramp.plan.rooms import Followers, followers
from syncramp.ramp.consumers import CONSUMERS, READERS, is_near, warning
from syncramp.ramp.expected import Terms
from syncramp.ramp.forecast import eta, forecast
from syncramp.ramp.growth import Counted, counted
from syncramp.ramp.latency import DIRECTORY, FULL, Timed, fitted
from syncramp.ramp.steps import digest_of
from syncramp.spec.ramps import Metric, RampPolicy
from syncramp.spec.types import ApprovalMode, Mode, SyncConfig, WritebackGroups
from syncramp.spec.writeback import other_direction
from syncramp.store.circumstances import known_circumstances
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store
from syncramp.writeback.ledger import CLOUD

SMALL = 10
"""A call with less than this part of the links of a full one is no call of a ramp, but of every day."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a store knows of the ramps of its document."""

    snapshot: Snapshot
    around: Circumstances
    followers: Followers
    terms: Terms
    notes: Sequence[str]
    """What of that is missing, as sentences."""

    def counted(self, policy: RampPolicy) -> list[Counted]:
        """The groups of a ramp in numbers, made anew: a forecast lets them grow."""
        groups = self.followers.groups.get(policy.name, ())
        return [counted(group, policy, self.around.max_members) for group in groups]


def known(
    store: Store, config: SyncConfig, now: float, pauses: float, *, anew: bool, sources: Sequence[str] = ()
) -> Known:
    """What forecasts are made of; see :func:`foretold`."""
    snapshot = store.snapshot()
    names = sources or [source.name for source in config.sources]
    around = known_circumstances(store, snapshot, config, names, now)
    found = followers(snapshot, config, {} if anew else store.ramp_groups.all(), around, now)
    rows, calls = store.samples.rows(now - KEPT_SECONDS), store.samples.calls(now - KEPT_SECONDS)
    terms = _terms(config, now, pauses, rows, calls)
    return Known(snapshot, around, found, terms, tuple(_notes(config, found, rows)))


def foretold_back(ledger: Store, config: SyncConfig, groups: WritebackGroups, now: float, pauses: float) -> Foretold:
    """The same of the ramp of groups that are written back; see :func:`foretold`."""
    other = other_direction(config, groups, policy_of(ledger, groups))
    return foretold(ledger, other, now, pauses, sources=(CLOUD, groups.source))


def foretold(
    store: Store,
    config: SyncConfig,
    now: float,
    pauses: float,
    ramp: str = "",
    *,
    anew: bool = False,
    sources: Sequence[str] = (),
) -> Foretold:
    """What the ramps of a document are expected to do, those that groups follow.

    :param now: when the forecast starts (seconds since the epoch).
    :param pauses: seconds that a person is assumed to take for each pause.
    :param ramp: only this one.
    :param anew: as if no run had bound a group to a ramp yet.
    :param sources: their names in the store; without them those of the document.
    """
    told = known(store, config, now, pauses, anew=anew, sources=sources)
    states, spent = {} if anew else store.ramp_states.all(), store.spent.admissions(now)
    ramps = [
        _forecast(told, policy, states.get(policy.name), spent.get(policy.name, ()))
        for policy in told.followers.policies
        if policy.name in told.followers.groups and ramp in ("", policy.name)
    ]
    return Foretold(
        document=f"{config.namespace}/{config.name}",
        now=now,
        interval=told.terms.interval,
        pauses=pauses,
        latency=told.terms.latency.source,
        full_call=told.terms.latency.slow(told.terms.per_call),
        per_call=told.terms.per_call,
        ramps=ramps,
        notes=told.notes,
        warnings=tuple(_near(told.snapshot, READERS if _directory(config) else CONSUMERS)),
    )


def etas(
    store: Store, config: SyncConfig, found: Followers, states: Mapping[str, RampState], now: float
) -> dict[str, str]:
    """Ramp -> when it can be complete at the earliest (RFC 3339, UTC); none where a person must change something.

    :param states: as they were decided for the run of now.
    :param now: seconds since the epoch.
    """
    told = {}
    terms = terms_of(store, config, now) if found.groups else None
    sent = store.spent.admissions(now) if found.groups else {}
    for policy in found.policies:
        groups, state = found.groups.get(policy.name), states.get(policy.name)
        if terms and groups and state:
            numbers = [counted(group, policy, config.max_members) for group in groups]
            spent = replace(terms, spent=sent.get(policy.name, ()))
            if moment := eta(policy, state, digest_of(policy), numbers, spent, now):
                told[policy.name] = f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return told


def terms_of(store: Store, config: SyncConfig, now: float, pauses: float = 0.0) -> Terms:
    """What forecasts of a document reckon with, by what its runs measured."""
    return _terms(
        config, now, pauses, store.samples.rows(now - KEPT_SECONDS), store.samples.calls(now - KEPT_SECONDS)
    )


def _forecast(
    told: Known, policy: RampPolicy, state: RampState | None, spent: Sequence[tuple[float, int]]
) -> Forecast:
    terms = replace(told.terms, spent=spent)
    return forecast(policy, state, digest_of(policy), told.counted(policy), terms, terms.next_run)


def _terms(
    config: SyncConfig, now: float, pauses: float, rows: Sequence[Measured], calls: Sequence[CallTime]
) -> Terms:
    endpoint = config.target.endpoint
    per_call = min(FULL, endpoint.links_per_call or FULL)
    timed = [Timed(call.links, call.seconds, call.weight) for call in calls]
    terms = Terms(
        interval=config.interval.total_seconds(),
        next_run=now,
        writes=config.target.writes,
        latency=fitted(timed),
        usual=tuple(_usual(calls, len(_of(rows, Measure.CYCLE)), per_call)),
        cycle=percentile(_of(rows, Measure.CYCLE), 95),
        removal=percentile(_of(rows, Measure.REMOVAL_LATENCY), 95),
        per_call=per_call,
        objects_per_call=endpoint.objects_per_call,
        pauses=pauses,
    )
    if not _directory(config):
        return terms
    return replace(terms, latency=fitted(timed, DIRECTORY), parallel=1, least_calls=1)


def _directory(config: SyncConfig) -> bool:
    """It is that of the other direction."""
    return any(policy.directory for policy in config.ramps)


def _of(rows: Sequence[Measured], measure: Measure) -> list[tuple[float, int]]:
    return [(row.value, row.weight) for row in rows if row.name == measure]


def _usual(calls: Sequence[CallTime], runs: int, per_call: int) -> Iterator[Timed]:
    """Calls of every day, as many as one run has on average."""
    for call in calls if runs else ():
        if call.links * SMALL < per_call:
            yield Timed(call.links, call.seconds, call.weight / runs)


def _notes(config: SyncConfig, found: Followers, rows: Sequence[Measured]) -> Iterator[str]:
    """What a forecast does not know, and what keeps a ramp from going as it says."""
    if config.mode is not Mode.SYNC:
        yield f"spec.mode is {config.mode.value}: no run sends, and no ramp goes on before it is Sync."
    if config.approval is ApprovalMode.MANUAL:
        yield "spec.approval is Manual: additions wait for approvals too, which takes as long as people take."
    removals = any(gate.metric is Metric.REMOVAL_LATENCY for policy in found.policies for gate in policy.gates)
    if removals and _of(rows, Measure.CYCLE) and not _of(rows, Measure.REMOVAL_LATENCY):
        gate = Metric.REMOVAL_LATENCY.value
        yield f"No removal was measured in eight days: {gate} passes with the first one, and a step waits for that."
    external = sorted({g.name for policy in found.policies for g in policy.gates if g.metric is Metric.EXTERNAL})
    if external:
        yield f"External gates are taken to pass: {', '.join(external)}."
    for group in found.oversize:
        there = group.membership
        yield f"{there.dn}: {len(there.desired):,} members are more than groups.maxMembers; nobody is added."


def _near(snapshot: Snapshot, limits: Sequence[int]) -> Iterator[NearLimit]:
    for group in snapshot.sizes():
        size = max(group.wanted, group.there)
        if is_near(size, limits):
            yield NearLimit(group.dn, warning(size, limits))
