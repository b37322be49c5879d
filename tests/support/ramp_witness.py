"""A witness of ramps: what each plan said of groups, and every call that was tried, whatever became of it.

It complains of what a ramp must never do: delay a removal, let a group grow beyond its ceiling or a budget, take
somebody out, or leave a part of a group that comes whole where nobody knows of it. It remembers for itself which
links were in the cloud in the last 30 days.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from support.witness import DAY, WatchedCloud
from syncramp.cycle import planning
from syncramp.cycle import walk as cycle_run
from syncramp.model.plan import MembershipChange, Plan
from syncramp.model.ramps import Phase, RampState, Room
from syncramp.model.state import Membership
from syncramp.model.wire import LinkOperation, Operation, Outcome, SyncObject
from syncramp.plan.changes import changes
from syncramp.ramp.admission import GOES_ON, GROWS
from syncramp.spec.policies import policies
from syncramp.spec.ramps import Admit, RampPolicy
from syncramp.spec.types import SyncConfig
from syncramp.store.store import Store

MONTH = 30 * DAY
NEVER_COMES = frozenset({"LocalEdit", "TokenTooLarge"})
"""Whoever is held so is not waited for."""
RAMP_HOLDS = frozenset({"Ramp", "MailEnabledLimit"})

Link = tuple[str, str]
"""Group and member, by their anchors."""


class RememberingCloud(WatchedCloud):
    """It remembers when each link was last there."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.seen: dict[Link, float] = {}

    def _one(self, obj: SyncObject) -> Outcome:
        self.remember()
        try:
            return super()._one(obj)
        finally:
            self.remember()

    def vanish(self, anchor: str) -> None:
        self.remember()
        super().vanish(anchor)

    def remember(self) -> None:
        self.seen.update({(group, one): self._now() for group, members in self.links.items() for one in members})

    def meddle(self, group: str, member: str) -> None:
        """Somebody else takes a member out of a group, or puts one into it."""
        self.remember()
        self._clock += 1
        members = self.links.setdefault(group, set())
        members ^= {member}
        self._link_log[group, member] = self._log[group] = self._clock
        self.remember()


@dataclass
class Seen:
    """A plan as it was made, and what was tried after it."""

    config: SyncConfig
    rooms: Mapping[int, Room]
    states: Mapping[str, RampState]
    groups: Mapping[str, Membership]
    """By anchor: every group that should be in the cloud."""
    changes: Mapping[str, MembershipChange]
    names: Mapping[int, str]
    reverts: Mapping[int, Any]
    """Group -> removals that somebody approved."""
    begun: frozenset[str]
    """Groups whose fill was begun before."""
    now: float
    first: int
    recent: frozenset[Link]
    """Links that were in the cloud in the last 30 days, or on the day before: the store keeps whole days."""
    tried: Sequence[tuple[float, SyncObject]] = ()

    def room(self, group: str) -> Room | None:
        return self.rooms.get(self.groups[group].id)

    def policy(self, room: Room) -> RampPolicy:
        return next(each for each in policies(self.config) if each.name == room.ramp)

    def anchors(self, ids: Any) -> set[str]:
        return {self.names[one] for one in ids}


@dataclass
class RampWitness:
    """Judges plans and what was tried after them."""

    admitted: dict[Link, float] = field(default_factory=dict)
    """Links that budgets count, with the moment at which they were last tried."""
    sure: dict[Link, float] = field(default_factory=dict)
    """Links that were surely there, with the moment of the last plan that knew it."""

    def judge(self, seen: Seen) -> None:
        """One plan, and what was tried after it."""
        self._removals_are_planned(seen)
        self._removals_come_first(seen)
        self._who_was_there_returns(seen)
        grown: dict[str, set[str]] = {}
        came: dict[str, set[str]] = {}
        for now, obj in seen.tried:
            group = str(obj.values["SourceAnchor"])
            if obj.operation is Operation.DELETE:
                assert group not in seen.groups, "a group was deleted that is wanted"
            for link in obj.values.get("member", ()):
                if link.operation is LinkOperation.REMOVE:
                    self._removal(seen, group, link.anchor)
                    continue
                came.setdefault(group, set()).add(link.anchor)
                if self._grows(seen, group, link.anchor):
                    grown.setdefault(group, set()).add(link.anchor)
                    room = seen.room(group)
                    if room and room.ramp and seen.policy(room).admit is Admit.MEMBERS:
                        self.admitted[group, link.anchor] = now
        for group, members in grown.items():
            self._growth(seen, group, members, came[group])
        self._budgets(seen, grown)
        self._places(seen, grown)

    def _removals_are_planned(self, seen: Seen) -> None:
        """An explicit removal goes, or is held by something else than a ramp."""
        for change in seen.changes.values():
            group = change.membership
            explicit = group.possible - group.desired - group.derived
            for held in change.held:
                assert not held.removes & explicit or held.hold.value not in RAMP_HOLDS, "a ramp delays a removal"

    def _removals_come_first(self, seen: Seen) -> None:
        """Nothing grows before what was to be removed is."""
        growing = False
        for _, obj in seen.tried:
            group = str(obj.values["SourceAnchor"])
            change = seen.changes.get(group)
            planned = seen.anchors(change.removes) if change else set()
            for link in obj.values.get("member", ()):
                if link.operation is LinkOperation.ADD:
                    growing = True
                else:
                    assert not growing or link.anchor not in planned, "a removal came after an addition"

    def _who_was_there_returns(self, seen: Seen) -> None:
        """A link that was surely there in the last 30 days does not wait for a ramp."""
        for group, change in seen.changes.items():
            room = seen.room(group)
            if room is None or (room.ramp and seen.states[room.ramp].phase is Phase.REVERTING):
                continue
            for held in change.held:
                if held.hold.value in RAMP_HOLDS:
                    waits = {(group, one) for one in seen.anchors(held.adds)}
                    recent = {
                        link for link in waits if link in self.sure and self.sure[link] > seen.now - MONTH + DAY
                    }
                    assert not recent, "somebody who was there waits for a ramp"
        for group, known in seen.groups.items():
            self.sure.update({(group, one): seen.now for one in seen.anchors(known.sure)})

    def removed(self, seen: Seen, links: Mapping[str, set[str]]) -> None:
        """After a run in which nothing went wrong: who was to be removed is out."""
        for group, change in seen.changes.items():
            known = change.membership
            held = {one for held in change.held for one in held.removes}
            explicit = seen.anchors(one for one in known.possible - known.desired - known.derived if one not in held)
            assert not explicit & links.get(group, set()), "a removal was delayed"

    def _removal(self, seen: Seen, group: str, member: str) -> None:
        known = seen.groups.get(group)
        if known is None or member not in seen.anchors(known.desired):
            return
        room = seen.room(group)
        assert room and member in seen.anchors(room.reverted), "somebody who is wanted was taken out"
        assert member in seen.anchors(seen.reverts.get(known.id, ())), "a revert that nobody approved"
        self.sure.pop((group, member), None)

    def _grows(self, seen: Seen, group: str, member: str) -> bool:
        return member not in seen.anchors(seen.groups[group].possible) and (group, member) not in seen.recent

    def _growth(self, seen: Seen, group: str, grown: set[str], came: set[str]) -> None:
        known, room = seen.groups[group], seen.room(group)
        size = len(seen.anchors(known.possible) | came)
        assert size <= seen.config.max_members, "more members than groups.maxMembers"
        if room is None or not room.ramp:
            return
        policy, state = seen.policy(room), seen.states[room.ramp]
        if policy.admit is Admit.NOW:
            return
        assert size <= state.ceiling, "a group grew beyond the ceiling of its ramp"
        assert state.phase in (GOES_ON if group in seen.begun else GROWS), (
            f"a group grew while its ramp was {state.phase}"
        )
        assert state.phase is not Phase.REVERTING

    def _budgets(self, seen: Seen, grown: Mapping[str, set[str]]) -> None:
        for policy in seen.config.ramps:
            if policy.admit is not Admit.MEMBERS:
                continue
            groups = [group for group in seen.groups if (room := seen.room(group)) and room.ramp == policy.name]
            links = sum(len(grown.get(group, ())) for group in groups)
            assert links <= policy.per_cycle, "more than the budget of a run"
            day = [link for link, at in self.admitted.items() if link[0] in groups and at > seen.now - DAY]
            assert not links or len(day) <= policy.per_day, "more than the budget of a day"

    def _places(self, seen: Seen, grown: Mapping[str, set[str]]) -> None:
        for policy in policies(seen.config):
            began = [
                group for group in grown if (room := seen.room(group)) and room.ramp == policy.name and room.begins
            ]
            assert len(began) <= policy.groups_per_cycle, "more groups began than fill.groupsPerCycle"
            for group in began:
                held = [held for held in seen.changes[group].held if held.adds and held.hold.value not in NEVER_COMES]
                assert not held, "a group began of which somebody waits"

    def whole(self, seen: Seen, store: Store) -> None:
        """After a run: a group that comes whole and grew is whole, or known to be filling."""
        snapshot, begun = store.snapshot(), store.filling.begun()
        grown = {
            str(obj.values["SourceAnchor"])
            for _, obj in seen.tried
            for link in obj.values.get("member", ())
            if link.operation is LinkOperation.ADD and self._grows(seen, str(obj.values["SourceAnchor"]), link.anchor)
        }
        for group in grown - set(begun):
            room = seen.room(group)
            if room and room.fills:
                now = snapshot.membership(seen.groups[group].id)
                left = (now.desired - now.sure) & snapshot.in_cloud if now else ()
                assert not left, "a part of a group, and nobody knows that it fills"


@contextmanager
def watching(
    cloud: RememberingCloud,
    witness: RampWitness,
    config: SyncConfig | None,
    ours: Callable[[Any], bool] = lambda job: job.direction is None,
) -> Iterator[list[Seen]]:
    """The plans of the runs in the block; what was tried after each stands in it when the block ends.

    :param config: None: that of each job.
    :param ours: says of a job whether its plan is one of these.
    """
    found: list[Seen] = []
    make, ramped = cycle_run.make_plan, planning.ramped
    states: dict[str, RampState] = {}

    def keep_states(job: Any, *rest: Any) -> Any:
        given = ramped(job, *rest)
        if not ours(job):
            return given
        states.clear()
        states.update(given.states)
        return given

    def make_plan(job: Any, *rest: Any) -> Plan:
        if not ours(job):
            return make(job, *rest)
        begun = frozenset(job.store.filling.begun())
        plan = make(job, *rest)
        snapshot, around = job.store.snapshot(), plan.around
        all_of_it = [each for each in changes(snapshot, around) if isinstance(each, MembershipChange)]
        ids = [row[0] for row in job.store.database.all("SELECT id FROM objects WHERE kind = 'Group'")]
        groups = {each.anchor: each for one in ids if (each := snapshot.membership(one))}
        names = dict(job.store.database.all("SELECT id, anchor FROM objects WHERE anchor IS NOT NULL"))
        recent = frozenset(link for link, at in cloud.seen.items() if at >= job.clock() - MONTH - DAY)
        found.append(
            Seen(
                config or job.config,
                dict(around.ramps),
                dict(states),
                groups,
                {each.membership.anchor: each for each in all_of_it},
                names,
                dict(around.approved.removes),
                begun,
                job.clock(),
                len(cloud.tried),
                recent,
            )
        )
        return plan

    with patch.object(cycle_run, "make_plan", make_plan), patch.object(planning, "ramped", keep_states):
        try:
            yield found
        finally:
            for seen, end in zip(found, [*(each.first for each in found[1:]), None], strict=bool(found)):
                seen.tried = cloud.tried[seen.first : end]
