"""Who of a group may be added now.

What the cloud possibly holds occupies room, a removal that is not answered included. A link that was surely there
within the last 30 days returns at once: it is no growth. Everybody else waits in a queue: of a ``Whole`` group until
all fit, of a ``Members`` group for room under the ceiling and in the budget, which is given to people and not to
groups, so that the same people come first in all of them. Nothing here takes anybody out. Pure functions.
"""

from collections.abc import Iterable, Sequence

from pyroaring import BitMap

from syncramp.model.holds import Hold
from syncramp.model.ramps import GroupPhase, Phase, RampState, Room
from syncramp.ramp.candidates import Candidate, Limits, limits_of
from syncramp.ramp.people import Classes, first, last, within
from syncramp.ramp.reasons import note, too_many, why
from syncramp.spec.ramps import Admit, RampPolicy

GROWS = frozenset({Phase.GROWING, Phase.SOAKING, Phase.COMPLETE})
"""Phases in which groups grow."""
GOES_ON = GROWS | {Phase.HOLDING, Phase.PAUSED}
"""Phases in which goes on what is no growth: a fill that was begun, since half a ``Whole`` group is worse than none,
and the few who join a group that was whole, since nobody who is hired today may wait for the end of a pause."""


def admissible(policy: RampPolicy, groups: Iterable[Candidate], ceiling: int, max_members: int) -> int:
    """Links that could come under a ceiling if budgets were endless."""
    limits = limits_of(policy, ceiling, max_members)
    return sum(_able(group, limits) for group in groups if group.queued)


def passing(policy: RampPolicy, groups: Iterable[Candidate], ceiling: int, max_members: int, spent: int) -> int:
    """Those of the admissible links that wait for no later run: newcomers of groups that were whole, and what the
    budget of this run takes. People come and go in every group, so there are always some.

    :param spent: links that the ramp admitted in the last 24 hours, as far as its budget counts them.
    """
    limits = limits_of(policy, ceiling, max_members)
    whole = parts = 0
    for group in groups:
        if group.admit is Admit.MEMBERS:
            parts += _able(group, limits)
        elif group.admit is Admit.NOW or group.newcomers:
            whole += _able(group, limits)
    return whole + min(parts, max(0, min(policy.per_cycle, policy.per_day - spent)))


def _able(group: Candidate, limits: Limits) -> int:
    """How many of those there is room for could come if the ramp let them."""
    return min(_fitting(group, limits), group.queued - group.stuck)


def _fitting(group: Candidate, limits: Limits) -> int:
    """How many of the queue there is room for, whatever budgets say."""
    if group.size > limits.max_members:
        return 0
    limit = limits.of(group)
    if group.size <= limit:
        return group.queued
    by_part = group.admit is Admit.MEMBERS or group.filling
    return min(group.queued, max(0, limit - group.occupied)) if by_part else 0


def admit(
    policy: RampPolicy,
    state: RampState,
    groups: Sequence[Candidate],
    max_members: int,
    spent: int = 0,
    classes: Classes | None = None,
    stuck: BitMap | None = None,
) -> dict[int, Room]:
    """What every group of one ramp may have in this run.

    :param spent: links that the ramp admitted in the last 24 hours, as far as its budget counts them.
    :param classes: the order of people; asked only where not everybody comes. None: by id.
    :param stuck: people who cannot come, whatever the ramp says: they come last.
    """
    limits = limits_of(policy, state.ceiling, max_members)
    whole = {
        group.membership.id: first(group.queue, room)
        for group in groups
        if group.queued and group.admit is not Admit.MEMBERS and (room := _may_come(group, state.phase, limits))
    }
    parts = {
        group.membership.id: (group.queue, room)
        for group in groups
        if group.queued
        and group.admit is Admit.MEMBERS
        and not group.stands
        and (room := _may_come(group, state.phase, limits))
    }
    budget = max(0, min(policy.per_cycle, policy.per_day - spent))
    chosen = whole | (within(parts, budget, last(stuck, classes) if stuck else classes) if parts else {})
    rest, reverting = Room(policy.name, BitMap()), state.phase is Phase.REVERTING
    return {
        group.membership.id: _room(policy, state, group, limits, chosen.get(group.membership.id))
        if group.queued or group.restored or reverting or group.moves or group.denied
        else rest
        for group in groups
    }


def _may_come(group: Candidate, phase: Phase, limits: Limits) -> int:
    """How many of the queue may come in this phase, whatever the budget says."""
    going = group.admit is Admit.NOW or phase in GROWS
    going = going or (phase in GOES_ON and (group.filling or group.trickles))
    return _fitting(group, limits) if going and phase is not Phase.REVERTING else 0


def _room(policy: RampPolicy, state: RampState, group: Candidate, limits: Limits, chosen: BitMap | None) -> Room:
    reverting = state.phase is Phase.REVERTING
    back = group.restored & group.start if reverting else group.restored
    there, coming = group.membership, chosen or BitMap()
    waiting = group.queued + len(group.restored) - len(coming) - len(back)
    fills = group.admit is Admit.WHOLE and bool(coming or (back and not there.in_cloud))
    absent = not (there.in_cloud or coming or back) and waiting > 0
    return Room(
        policy.name,
        back | coming if back and coming else coming or back,
        limits.hold(group) if waiting else Hold.RAMP,
        why(policy, state, group, limits, len(coming)) if waiting else "",
        fills=fills,
        begins=fills and bool(coming) and not (group.filling or group.newcomers),
        absent=absent,
        reverted=(there.possible & there.desired) - group.start if reverting else BitMap(),
        counted=coming if group.admit is Admit.MEMBERS else BitMap(),
        waiting=waiting,
        phase=_phase(group, absent=absent, waiting=waiting, coming=len(coming)),
        note=note(policy, group),
    )


def _phase(group: Candidate, *, absent: bool, waiting: int, coming: int) -> GroupPhase:
    if absent:
        return GroupPhase.ABSENT
    if group.filling or (group.admit is Admit.WHOLE and coming):
        return GroupPhase.FILLING
    if coming:
        return GroupPhase.GROWING
    return GroupPhase.WAITING if waiting else GroupPhase.WHOLE


def oversize(group: Candidate, max_members: int) -> Room:
    """What a group may have that follows no ramp and would have too many members: those who return."""
    reason = too_many(group.size, max_members)
    waiting = group.queued
    absent = not (group.membership.in_cloud or group.restored)
    phase = GroupPhase.ABSENT if absent else GroupPhase.WAITING
    return Room("", group.restored, Hold.TOO_MANY_MEMBERS, reason, absent=absent, waiting=waiting, phase=phase)
