"""Fills: a group that a ramp lets have all of its members gets them in one go.

Somebody who is in such a group and somebody who is not yet would be treated otherwise by whatever reads it. So it is
created, if it is not there, and given all members in calls that follow each other, and neither the end of the slice
nor a budget cuts them, as long as that takes no whole slice more: explicit removals wait for the next one. It begins
only if it can be finished: the time is enough, and everybody is there who comes in this run. That it began is durable
before its first call. What a stop, a failure or a kill leaves, the next run sends first; links that the service
refuses are sent again in each run, and keep no other group from beginning.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from pyroaring import BitMap

from syncramp.cycle.filling import Pacing
from syncramp.cycle.flights import Flights
from syncramp.cycle.job import Job
from syncramp.cycle.links import Links
from syncramp.cycle.results import Results
from syncramp.cycle.visibility import Visibility
from syncramp.endpoint.throttle import WINDOW
from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Hold
from syncramp.model.plan import MembershipChange
from syncramp.model.ramps import Room
from syncramp.model.state import Membership
from syncramp.plan.members import kept_out, membership_change
from syncramp.plan.ordering import layers
from syncramp.ramp.steps import CROWD
from syncramp.spec.policies import policies
from syncramp.store.exports import Exports
from syncramp.store.snapshot import Snapshot
from syncramp.words import clock, count

Creates = Callable[[BitMap], None]
"""Sends the creates of groups."""
Blocked = Callable[[BitMap], BitMap]
"""Those of some groups that claim a value which is not free, and that is told."""


RAMPED = frozenset({Hold.RAMP, Hold.MAIL_ENABLED, Hold.TOO_MANY_MEMBERS})
"""Why a ramp itself lets somebody wait, while others return who were there."""
KEPT_OUT = frozenset({Hold.TOKENS, Hold.LOCAL_EDIT})
"""Why somebody stays out whatever comes of the others: these do not wait for them."""


class Fills:
    """The fills of one export."""

    def __init__(
        self,
        job: Job,
        exports: Exports,
        around: Circumstances,
        results: Results,
        snapshot: Snapshot,
        visibility: Visibility,
        flights: Flights,
        links: Links,
    ) -> None:
        self._job = job
        self._exports = exports
        self._around = around
        self._results = results
        self._snapshot = snapshot
        self._visibility = visibility
        self._flights = flights
        self._links = links
        self._places = Counter({each.name: each.groups_per_cycle for each in policies(job.config)})
        """Ramp -> groups of it that may still begin in this run."""

    def send(self, groups: BitMap, create: Creates, blocked: Blocked) -> None:
        """Fill these groups, one after the other."""
        begun = self._job.store.filling.begun() if groups else {}
        for group in self._ordered(groups, BitMap(filter(None, begun.values()))):
            if self._flights.ended:
                return
            membership = self._snapshot.membership(group)
            if membership is None or (not membership.in_cloud and blocked(BitMap([group]))):
                continue
            if membership.anchor in begun or self._begins(membership):
                self._fill(membership, create)

    def _ordered(self, groups: BitMap, begun: BitMap) -> Iterator[int]:
        """What was begun, what only gets some newcomers, and the rest; a group before those that it is nested in."""
        rooms = self._around.ramps
        begins = BitMap(group for group in groups - begun if rooms[group].begins)
        for part in (groups & begun, groups - begun - begins, begins):
            nested = ((group, one) for group in part for one in self._snapshot.members(group) & part)
            for layer in layers(part, nested):
                yield from layer

    def _begins(self, group: Membership) -> bool:
        """It may begin now, and that it does is durable; whom it names can be named."""
        room, change = self._around.ramps[group.id], membership_change(group, self._around)
        adds = self._visibility.reachable(change.adds) if change else BitMap()
        reason = "" if adds else "nobody who is to come is in the cloud"
        if room.begins and change:
            reason = reason or self._no_place(room) or self._not_all(change, adds)
        if not reason and self._visibility.hidden(adds):
            self._visibility.wait()
        if self._flights.ended:
            return False
        if reason := reason or self._too_long(len(adds), begins=room.begins):
            self._results.not_filled(group, reason)
            return False
        self._places[room.ramp] -= room.begins
        self._job.store.filling.begin(group.anchor, self._exports.check_fence)
        return True

    def _fill(self, group: Membership, create: Creates) -> None:
        alone = BitMap([group.id])
        self._flights.lasting = True
        if not group.in_cloud:
            create(alone)
        self._links.send(alone, adds=True)
        self._flights.lasting = False

    def _no_place(self, room: Room) -> str:
        if self._places[room.ramp] > 0:
            return ""
        return f"as many groups of the ramp {room.ramp} began in this run as fill.groupsPerCycle says"

    def _not_all(self, change: MembershipChange, adds: BitMap) -> str:
        """Members whose create is held, or was refused, keep nothing back: they do not come in this run. Nor do a few
        whom nobody approved yet: somebody joins a large group in every run.
        """
        held = [each for each in change.held if each.adds and each.hold not in RAMPED | KEPT_OUT]
        by_hand = sum(len(each.adds) for each in held if each.hold is Hold.APPROVAL_REQUIRED)
        if by_hand * CROWD <= len(adds):
            held = [each for each in held if each.hold is not Hold.APPROVAL_REQUIRED]
        if held:
            holds = ", ".join(sorted({each.hold.value for each in held}))
            number = sum(len(each.adds) for each in held)
            return f"not all of it may go: {count(number, 'addition')} {'waits' if number == 1 else 'wait'} ({holds})"
        if unsure := change.adds & self._results.in_doubt - adds:
            return f"it is not known whether {count(len(unsure), 'new member')} came to be in the cloud"
        return ""

    def _too_long(self, links: int, *, begins: bool) -> str:
        """Whether there is time: if a whole slice has enough, the rest of this one is given up for the next.
        Newcomers of a group that is whole, and who returns, do not wait for a slice that never comes.
        """
        config, now = self._job.config, self._job.clock()
        pacing = Pacing.of(self._job, self._flights.size.links)
        needs = pacing.duration(links, now, self._job.store.runs.sent(now - WINDOW))
        (left, open_for), slot = self._flights.time_left, config.interval.total_seconds()
        fits = pacing.duration(links, now) <= slot
        if needs > open_for and (fits or begins):
            self._flights.shut = True
            return f"{count(links, 'link')} take about {clock(needs)}, and a sync window closes before"
        if needs <= left or not (fits or begins):
            return ""
        self._flights.cut = self._flights.cut or fits
        return f"{count(links, 'link')} take about {clock(needs)}, and {clock(max(0.0, left))} of the slice are left"


def end_fills(job: Job, exports: Exports, around: Circumstances) -> None:
    """Take the marks away from groups of which nobody is left to be sent: those who are not in the cloud themselves
    come as newcomers, once they are.

    :param around: of the plan, with who stays out of groups.

    :raises AnotherRunActive: a later run has begun.
    """
    begun = job.store.filling.begun()
    if not begun:
        return
    snapshot = job.store.snapshot()
    there = snapshot.in_cloud | snapshot.in_doubt | snapshot.referable
    over = []
    for anchor, identity in begun.items():
        group = snapshot.membership(identity) if identity is not None else None
        if group is None or not (group.desired - group.sure - kept_out(group, around)) & there:
            over.append(anchor)
    job.store.filling.end(over, exports.check_fence)
