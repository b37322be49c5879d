"""Ramps in a run: who follows which, what was decided about them, and what their groups may have.

All of it is decided before the first plan, so that every plan of the run and its export know one answer. A run that
does not export decides the same and writes nothing of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pyroaring import BitMap

from syncramp.cycle.deciding import decisions
from syncramp.cycle.filling import endless, unfillable
from syncramp.cycle.forecasting import etas
from syncramp.cycle.job import Job
from syncramp.events import Note
from syncramp.model.circumstances import Circumstances
from syncramp.model.plan import Plan
from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Phase, RampState, Room
from syncramp.model.report import RunReport
from syncramp.model.state import Membership
from syncramp.plan.following import ordering
from syncramp.plan.ramp_reports import grouped
from syncramp.plan.rooms import Followers, followers, rooms
from syncramp.ramp.binding import whole
from syncramp.ramp.changes import changes
from syncramp.ramp.reporting import ended, report
from syncramp.store.departed import prune_departed
from syncramp.store.exports import Exports
from syncramp.store.snapshot import Snapshot
from syncramp.words import count


@dataclass(frozen=True, slots=True)
class Ramped:
    """What a run knows of ramps before it plans."""

    followers: Followers
    states: Mapping[str, RampState] = field(default_factory=dict)
    """Ramp -> its state in this run; of ramps that some group follows, or has followed."""
    spent: Mapping[str, int] = field(default_factory=dict)
    """Ramp -> links that its budget counts of the last 24 hours."""
    rooms: Mapping[int, Room] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)
    """Ramp -> what a change of the document does to it, as a sentence."""
    gone: Mapping[str, RampState] = field(default_factory=dict)
    """Ramps that the document does not have any more, as they were."""


def ramped(job: Job, snapshot: Snapshot, around: Circumstances, exports: Exports, max_links: int) -> Ramped:
    """What groups may have, and why.

    :param exports: whose fence is checked before anything of it is written.
    :param max_links: in one call, as the tenant says.
    """
    now = job.clock()
    bound = job.store.ramp_groups.all()
    kept = job.store.ramp_states.all()
    complete = [name for name, state in kept.items() if state.phase is Phase.COMPLETE]
    found = followers(snapshot, job.config, bound, around, now, complete)
    _warn(job, snapshot, found)
    changed = changes(found.policies, kept, _largest(found))
    if job.exports and not around.adoption:
        job.store.ramp_groups.write(found.bound, bound, found.released, exports.check_fence)
    states = decisions(job, found.policies, unfillable(job, found.groups, max_links), exports, around)
    spent = job.store.spent.admitted(now) if found.groups else {}
    given = rooms(found, states, spent, around.max_members, ordering(snapshot).classes)
    followed = (group for groups in found.groups.values() for group in groups)
    gone = {name: state for name, state in kept.items() if name in changed and name not in states}
    return Ramped(found, states, spent, endless(job, given, followed, max_links), changed, gone)


def _warn(job: Job, snapshot: Snapshot, found: Followers) -> None:
    """Tell of a group that follows no ramp because nobody knows whether a condition is true of it."""
    lost = sorted(found.failed.keys() - found.bound.keys())
    if lost and (group := snapshot.membership(lost[0])):
        more = f", and so for {count(len(lost) - 1, 'other group')}" if lost[1:] else ""
        job.listen(Note("warning", f"{group.dn} follows no ramp: {found.failed[lost[0]]}{more}"))


def _largest(found: Followers) -> Mapping[str, int]:
    """Ramp -> members that the largest of its groups possibly has in the cloud."""
    return {ramp: max(len(group.membership.possible) for group in groups) for ramp, groups in found.groups.items()}


def ramp_reports(job: Job, snapshot: Snapshot, found: Ramped) -> tuple[RampReport, ...]:
    """Every ramp that some group follows, as a plan tells it."""
    now, interval = job.clock(), job.config.interval.total_seconds()
    complete = etas(job.store, job.config, found.followers, found.states, now)
    told = [
        report(
            policy,
            state,
            now,
            next_run=interval,
            spent=found.spent.get(policy.name, 0),
            changed=found.changes.get(policy.name, ""),
            eta=complete.get(policy.name, ""),
        )
        for policy in found.followers.policies
        if (state := found.states.get(policy.name))
    ]
    told += [ended(state, found.changes[name]) for name, state in found.gone.items()]
    groups = (each.membership for candidates in found.followers.groups.values() for each in candidates)
    sided = [replace(ramp, direction=job.side.value) for ramp in told]
    return tuple(_grouped(job, snapshot, sided, groups, found.rooms))


def note_ramps(job: Job, view: Callable[[], Snapshot], run: RunReport, plan: Plan, exports: Exports) -> None:
    """Keep what became of the ramps when a run is over.

    :param view: how all stands now.
    """
    if not job.exports:
        return
    if bound := job.store.ramp_groups.all():
        snapshot = view()
        groups = list(snapshot.groups(BitMap(bound)))
        waiting = [group.anchor for group in groups if not whole(group)]
        job.store.ramp_groups.note_waiting(waiting, exports.check_fence)
        spent = job.store.spent.admitted(job.clock())
        told = _grouped(job, snapshot, plan.ramps, groups, plan.around.ramps)
        run.ramps = [replace(ramp, admitted_today=spent.get(ramp.name, 0)) for ramp in told]
    prune_departed(job.store.database, job.clock())


def _grouped(
    job: Job,
    snapshot: Snapshot,
    ramps: Iterable[RampReport],
    groups: Iterable[Membership],
    given: Mapping[int, Room],
) -> Iterator[RampReport]:
    census = job.store.census(snapshot)
    return grouped(ramps, groups, given, snapshot, lambda: census.groups)
