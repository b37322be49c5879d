"""How long it takes to fill a group, reckoned before it begins: a fill that has begun is not cut.

The calls go one after the other, each as soon as the tenant's throttle has room for it (``endpoint.throttle``). What
was sent in the last five minutes takes room, by whichever run; it stands in the store.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from syncramp.cycle.job import Job
from syncramp.endpoint.throttle import WINDOW, Window, within
from syncramp.model.holds import Hold
from syncramp.model.measures import KEPT_SECONDS
from syncramp.model.ramps import GroupPhase, Room
from syncramp.ramp.candidates import Candidate
from syncramp.ramp.latency import LatencyModel, Timed, fitted
from syncramp.spec.ramps import Admit
from syncramp.spec.types import WriteBudget
from syncramp.words import clock, count

Sent = tuple[float, int, int]
"""When a call was sent (seconds since the epoch), with how many objects and links."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """At which pace links go."""

    links: int
    """In one call, at most."""
    budget: WriteBudget
    latency: LatencyModel
    """What a call takes."""

    @classmethod
    def of(cls, job: Job, links: int) -> Self:
        """The pace of a run, by the calls that earlier ones measured."""
        calls = job.store.samples.calls(job.clock() - KEPT_SECONDS)
        measured = (Timed(call.links, call.seconds, call.weight) for call in calls)
        return cls(links, job.config.target.writes, fitted(measured))

    def duration(self, links: int, now: float, sent: Iterable[Sent] = ()) -> float:
        """Seconds until so many links of one group were answered.

        :param now: when the first call could go; seconds since the epoch.
        :param sent: in the last five minutes, in their order.
        """
        throttle, moment = _Throttle(self.budget), now
        for earlier, writes, amount in sent:
            if now - WINDOW < earlier <= now:
                throttle.spend(writes, amount, earlier)
        while links > 0:
            size = min(self.links, links)
            moment += throttle.delay(size, moment)
            throttle.spend(1, size, moment)
            moment, links = moment + self.latency.seconds(size), links - size
        return moment - now


def unfillable(job: Job, groups: Mapping[str, Sequence[Candidate]], max_links: int) -> dict[str, list[Candidate]]:
    """Groups of ramps, with all who wait for a fill that no slice has time for as stuck: no step waits for them.

    :param groups: ramp -> those that follow it.
    :param max_links: in one call, as the tenant says.
    """
    slot, found = job.config.interval.total_seconds(), {ramp: list(those) for ramp, those in groups.items()}
    begin = {each.queued for those in found.values() for each in those if _would_begin(each)}
    if not begin:
        return found
    pacing = Pacing.of(job, max_links)
    if pacing.duration(max(begin), 0.0) <= slot:
        return found
    least = min(number for number in begin if pacing.duration(number, 0.0) > slot)
    for those in found.values():
        those[:] = [
            replace(each, stuck=each.queued) if _would_begin(each) and each.queued >= least else each
            for each in those
        ]
    return found


def _would_begin(group: Candidate) -> bool:
    return group.admit is Admit.WHOLE and group.queued > 0 and not (group.filling or group.newcomers)


def endless(job: Job, rooms: Mapping[int, Room], groups: Iterable[Candidate], max_links: int) -> dict[int, Room]:
    """The rooms, without those of groups that no slice has time to fill: they are held until the document gives more.

    :param groups: those that follow ramps.
    :param max_links: in one call, as the tenant says.
    """
    slot = job.config.interval.total_seconds()
    begin = {identity: len(room.admitted) for identity, room in rooms.items() if room.begins}
    if not begin:
        return dict(rooms)
    pacing = Pacing.of(job, max_links)
    if pacing.duration(max(begin.values()), 0.0) <= slot:
        return dict(rooms)
    given = dict(rooms)
    for group in groups:
        identity = group.membership.id
        if identity in begin and (needs := pacing.duration(begin[identity], 0.0)) > slot:
            reason = (
                f"{count(begin[identity], 'link')} take about {clock(needs)}, and a slice lasts {clock(slot)}: raise"
            )
            given[identity] = _held(given[identity], group, f"{reason} spec.interval or writes.linksPerFiveMinutes")
    return given


def _held(room: Room, group: Candidate, reason: str) -> Room:
    """Nobody comes but who returns."""
    there = group.membership.in_cloud
    absent = not (there or group.restored)
    return replace(
        room,
        admitted=group.restored,
        hold=Hold.RAMP,
        reason=reason,
        fills=bool(group.restored) and not there,
        begins=False,
        absent=absent,
        waiting=room.waiting + group.queued,
        phase=GroupPhase.ABSENT if absent else GroupPhase.WAITING,
    )


class _Throttle:
    """The windows of a tenant as they will be."""

    def __init__(self, budget: WriteBudget) -> None:
        self._writes, self._links = Window(), Window()
        self._most = within(budget)

    def delay(self, links: int, now: float) -> float:
        writes, most = self._most
        return max(self._writes.delay(1, writes, now), self._links.delay(links, most, now))

    def spend(self, writes: int, links: int, now: float) -> None:
        self._writes.spend(writes, now)
        self._links.spend(links, now)
