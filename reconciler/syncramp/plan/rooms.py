"""Which groups follow which ramp, and what each may have in a run: assembled from the store, asking nobody else.

Groups that are large enough for some ramp are looked at, those that follow one already, and those beyond
``groups.maxMembers``; each is read once. Of all others only the size is looked at.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pyroaring import BitMap

from syncramp.model.circumstances import RESTORED_WITHIN, Circumstances
from syncramp.model.ramps import Bound, RampState, Room
from syncramp.model.state import Membership, ObjectState
from syncramp.plan.following import Following, following
from syncramp.plan.members import kept_out
from syncramp.ramp.admission import admit, oversize
from syncramp.ramp.candidates import Candidate, candidate
from syncramp.spec.policies import policies
from syncramp.spec.ramps import Admit, RampPolicy
from syncramp.spec.types import SyncConfig

Order = Callable[[RampPolicy, BitMap], Sequence[BitMap]]
"""People of a ramp in its order; see ``ramp.people.Classes``."""


class View(Protocol):
    """What is read of groups (``store.snapshot``)."""

    def large(self, least: int) -> BitMap:
        """Ids of groups that may have so many members, or more."""

    def groups(self, ids: BitMap) -> Iterator[Membership]:
        """Those of these groups that should be in the cloud."""

    def states(self, ids: Iterable[int]) -> Iterator[ObjectState]:
        """Objects by id."""

    def stuck(self) -> BitMap:
        """Ids of objects that should be in the cloud and do not come by themselves."""

    def departed(self, ids: BitMap, since: float) -> Mapping[int, BitMap]:
        """Group -> members whose link was surely there after a moment (seconds since the epoch) and went."""


@dataclass(frozen=True, slots=True)
class Followers:
    """The groups that ramps concern."""

    policies: tuple[RampPolicy, ...]
    """In the order in which they match."""
    bound: Mapping[int, Bound] = field(default_factory=dict)
    groups: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    """Ramp -> its groups."""
    oversize: Sequence[Candidate] = ()
    """Groups of no ramp that would have more than ``groups.maxMembers``."""
    released: Sequence[Bound] = ()
    """Groups that follow no ramp any more, as they were bound."""
    failed: Mapping[int, str] = field(default_factory=dict)
    """Groups of which a condition has no result -> which, and why."""
    stuck: BitMap = field(default_factory=BitMap)
    """People who cannot come, whatever ramps say."""


def followers(
    view: View,
    config: SyncConfig,
    bound: Mapping[int, Bound],
    around: Circumstances,
    now: float,
    complete: Collection[str] = (),
) -> Followers:
    """The groups that ramps concern, each with its queue.

    :param bound: groups that follow a ramp since earlier runs.
    :param now: seconds since the epoch.
    :param complete: names of ramps that were complete when the last run was over.
    """
    ramps = policies(config)
    least = min(around.max_members + 1, *(policy.min_members for policy in ramps))
    found = list(view.groups(view.large(least) | BitMap(bound)))
    if not found:
        return Followers(ramps)
    followed = following(view, found, bound, ramps, config.deny_patterns, now, complete)
    departed = view.departed(BitMap(group.id for group in found), now - RESTORED_WITHIN)
    stuck = view.stuck() | BitMap(around.matching)
    absent = BitMap(group.id for group in found if not group.in_cloud) - stuck  # a link to one waits for its create
    of: dict[str, list[Candidate]] = {}
    beyond = []
    for group in found:
        returning = departed.get(group.id, BitMap()) | around.returning.get(group.id, BitMap())
        if policy := followed.policy(group.id):
            one = _follower(group, policy, followed, returning, around, stuck, absent)
            of.setdefault(policy.name, []).append(one)
        elif len(group.desired) > around.max_members:
            beyond.append(candidate(group, Admit.NOW, returning, around.max_members))
    binding = followed.binding
    return Followers(ramps, binding.bound, of, beyond, tuple(binding.released.values()), followed.failed, stuck)


def _follower(
    group: Membership,
    policy: RampPolicy,
    followed: Following,
    returning: BitMap,
    around: Circumstances,
    stuck: BitMap,
    absent: BitMap,
) -> Candidate:
    """A group that follows a ramp, with its queue.

    :param stuck: people and groups that cannot come, whatever ramps say.
    :param absent: groups that come once they are created.
    """
    tied, never = followed.binding.bound[group.id], group.id in stuck
    return candidate(
        group,
        policy.admit,
        returning,
        around.max_members,
        start=tied.start,
        mail_enabled=group.id in followed.mail_enabled,
        filling=tied.filling,
        waited=tied.waited,
        denied=followed.denied.get(group.id, ""),
        stuck=group.desired if never else stuck | kept_out(group, around),
        absent=BitMap() if never else absent,
        stands=_stands(group, around),
        moves=followed.binding.stays.get(group.id),
    )


def rooms(
    found: Followers, states: Mapping[str, RampState], spent: Mapping[str, int], max_members: int, order: Order
) -> dict[int, Room]:
    """What every group that a ramp concerns may have.

    :param states: ramp -> its state in this run.
    :param spent: ramp -> links that its budget counts of the last 24 hours.
    :param order: asked only where not everybody comes.
    """
    given = {group.membership.id: oversize(group, max_members) for group in found.oversize}
    for policy in found.policies:
        if groups := found.groups.get(policy.name):
            classes = (lambda people, policy=policy: order(policy, people)) if policy.order else None
            state = states[policy.name]
            given.update(admit(policy, state, groups, max_members, spent.get(policy.name, 0), classes, found.stuck))
    for identity in found.failed.keys() & given.keys():
        notes = filter(None, (given[identity].note, found.failed[identity]))
        given[identity] = replace(given[identity], note="; ".join(notes))
    return given


def _stands(group: Membership, around: Circumstances) -> bool:
    """Nobody can be added to the group, whatever its ramp says. An adoption that waits is no such reason: what is
    foreign before it is ours afterwards.
    """
    foreign = not around.adoption and not group.in_cloud and group.anchor in around.foreign
    return bool(group.hold) or group.id in around.cloud_managed or group.id in around.unwritten or foreign
