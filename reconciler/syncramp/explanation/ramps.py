"""Ramps as an explanation sees them: what each group may have, by the states that the last run left.

Nothing is measured and nothing is decided: the rooms are assembled by the functions that a run uses. A ramp that no
run has started yet stands where the next one would start it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncramp.model.circumstances import Circumstances
from syncramp.model.ramp_reports import RampTold
from syncramp.model.ramps import RampState, Room
from syncramp.plan.following import ordering
from syncramp.plan.nesting import people
from syncramp.plan.rooms import Followers, Order, followers, rooms
from syncramp.ramp.candidates import Candidate
from syncramp.ramp.decision import decide
from syncramp.ramp.people import place
from syncramp.ramp.reporting import Standing, group_report, report
from syncramp.ramp.steps import Situation
from syncramp.spec.ramps import Admit, RampPolicy
from syncramp.spec.types import SyncConfig
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store


@dataclass(frozen=True, slots=True)
class Ramps:
    """The groups that ramps concern, and what they may have."""

    followers: Followers
    states: Mapping[str, RampState] = field(default_factory=dict)
    rooms: Mapping[int, Room] = field(default_factory=dict)
    order: Order = lambda policy, people: ()

    def place(self, group: int, member: int) -> str:
        """The place of somebody who waits for a group that grows by members, as a clause; empty for others."""
        room, policy = self.rooms.get(group), self._policy(group)
        if room is None or policy is None or policy.admit is not Admit.MEMBERS:
            return ""
        candidate = next(each for each in self.followers.groups[policy.name] if each.membership.id == group)
        if candidate.admit is not Admit.MEMBERS:
            return ""
        waiting = candidate.queue - room.admitted
        if member not in waiting:
            return ""
        number = place(member, waiting, self.order(policy, waiting))
        budget = f"at most {policy.per_cycle:,} come in a run and {policy.per_day:,} in a day"
        return f"it is number {number:,} of {len(waiting):,} who wait for this group; {budget}"

    def _policy(self, group: int) -> RampPolicy | None:
        bound = self.followers.bound.get(group)
        return next((each for each in self.followers.policies if bound and each.name == bound.ramp), None)

    def told(self, identity: int, store: Store, snapshot: Snapshot, now: float, next_run: float) -> RampTold | None:
        """The ramp that a group follows, with the group in it; None: it follows none."""
        policy, room = self._policy(identity), self.rooms.get(identity)
        membership = snapshot.membership(identity)
        if policy is None or room is None or membership is None:
            return None
        census, ramp = store.census(snapshot), report(policy, self.states[policy.name], now, next_run=next_run)
        group = group_report(Standing(membership, room), lambda each: people(each, snapshot.members, census.groups))
        return RampTold(
            ramp.name, ramp.admit, ramp.phase, ramp.step, ramp.steps, ramp.ceiling, ramp.target, ramp.reason,
            ramp.next_decision, group,
        )  # fmt: skip


def ramps_of(store: Store, snapshot: Snapshot, config: SyncConfig, around: Circumstances, now: float) -> Ramps:
    """What every group that a ramp concerns may have now.

    :param now: seconds since the epoch.
    """
    found = followers(snapshot, config, store.ramp_groups.all(), around, now)
    kept = store.ramp_states.all()
    states = {
        policy.name: kept.get(policy.name) or _first(policy, found.groups[policy.name], now)
        for policy in found.policies
        if policy.name in found.groups
    }
    order = ordering(snapshot).classes
    given = rooms(found, states, store.spent.admitted(now), around.max_members, order)
    return Ramps(found, states, given, order)


def _first(policy: RampPolicy, groups: Sequence[Candidate], now: float) -> RampState:
    """Where the next run starts a ramp."""
    largest = max(len(group.membership.possible) for group in groups)
    situation = Situation(len(groups), largest, sum(len(group.queue) for group in groups), lambda _: 1)
    return decide(policy, None, situation, (), (), now, 0, "")[0]
