"""A policy for the groups of a document, of what its store has, and what it is expected to do."""

from collections.abc import Sequence
from dataclasses import replace

from syncramp.cycle.forecasting import foretold, known, terms_of
from syncramp.cycle.writeback.limiting import policy_of
from syncramp.errors import InputRefused
from syncramp.model.forecast import Foretold
from syncramp.model.sizes import GroupSize
from syncramp.plan.rooms import Followers, followers
from syncramp.ramp.consumers import NEAR
from syncramp.ramp.growth import Counted
from syncramp.ramp.suggestion import MAIL, Large, Suggestion, ramped, suggest
from syncramp.ramp.written_suggestion import WrittenSuggestion, suggest_written
from syncramp.spec.ramps import Admit, built_in
from syncramp.spec.types import SyncConfig, WritebackGroups
from syncramp.spec.writeback import other_direction
from syncramp.store.circumstances import known_circumstances
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store
from syncramp.writeback.ledger import CLOUD


def suggested(
    store: Store, config: SyncConfig, admit: Admit, min_members: int, now: float, pauses: float
) -> tuple[Suggestion, Foretold, Sequence[Large]]:
    """A policy for the groups that are large enough, its forecast, and these groups.

    :param now: when the forecast starts (seconds since the epoch).
    :raises InputRefused: no group is, or no step can help those that are.
    """
    snapshot = store.snapshot()
    groups = _large(store, snapshot, config, min_members, now)
    if not groups:
        largest = max(snapshot.sizes(), key=_wanted, default=None)
        told = f"the largest has {largest.wanted:,}" if largest else "there is no group"
        remedy = "nothing need grow step by step; --min-members names another size"
        raise InputRefused(f"no group has {min_members:,} members: {told}", remedy=remedy)
    if not ramped(groups, admit, config.max_members):
        reason = f"no step can help a group of {max(group.size for group in groups):,} members"
        remedy = f"beyond {config.max_members:,} nobody is added, and mail-enabled ones end at {MAIL:,}"
        raise InputRefused(reason, remedy=remedy)
    made = suggest(groups, admit, min_members, config.max_members, terms_of(store, config, now))
    alone = replace(config, ramps=(made.policy,))
    return made, foretold(store, alone, now, pauses, made.policy.name, anew=True), groups


def suggested_back(
    ledger: Store, config: SyncConfig, groups: WritebackGroups, now: float, pauses: float
) -> tuple[WrittenSuggestion, Foretold, Sequence[Counted]]:
    """A ramp for the groups that are written back, its forecast, and these groups.

    :param now: when the forecast starts (seconds since the epoch).
    :raises InputRefused: there is no such group.
    """
    sources, ramp = (CLOUD, groups.source), policy_of(ledger, groups)
    told = known(ledger, other_direction(config, groups, ramp), now, pauses, anew=True, sources=sources)
    found = [group for policy in told.followers.policies for group in told.counted(policy)]
    if not found:
        remedy = "kinds and match of spec.writeback.groups say which ones are"
        raise InputRefused("no group is written back", remedy=remedy)
    made = suggest_written(found, ramp, told.terms)
    alone = other_direction(config, replace(groups, values_per_modify=made.values), made.policy)
    return made, foretold(ledger, alone, now, pauses, anew=True, sources=sources), found


def _large(store: Store, snapshot: Snapshot, config: SyncConfig, min_members: int, now: float) -> list[Large]:
    """Groups of this size or more."""
    around = known_circumstances(store, snapshot, config, [source.name for source in config.sources], now)
    probing = replace(
        built_in(config.interval), min_members=min_members, mail_enabled_max=MAIL * NEAR // 100, admit=Admit.NOW
    )
    found: Followers = followers(snapshot, replace(config, ramps=(probing,)), {}, around, now)
    return [
        Large(len(group.membership.desired), len(group.membership.possible), group.mail_enabled)
        for group in found.groups.get(probing.name, ())
        if len(group.membership.desired) >= min_members
    ]


def _wanted(group: GroupSize) -> int:
    return group.wanted
