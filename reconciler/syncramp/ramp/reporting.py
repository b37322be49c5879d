"""A ramp as people are told of it: where it stands, what waits and why, when it goes on, and what to look at.

The same numbers go into a plan, the report of a run and ``syncramp ramp status``. They are reckoned from the
memberships of its groups and from what each may have in this run (``Room``): a member waits who is desired, possibly
not in the cloud, and not let in. So what was sent meanwhile, and what was refused, makes nobody wait for the ramp.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from heapq import nlargest
from math import isfinite

from pyroaring import BitMap

from syncramp.model.holds import Hold
from syncramp.model.ramp_reports import GroupReport, RampReport
from syncramp.model.ramps import GroupPhase, Phase, RampState, Room
from syncramp.model.state import Membership
from syncramp.ramp.checklist import checklist
from syncramp.ramp.consumers import CONSUMERS, READERS, warning
from syncramp.ramp.soak import earliest, soaked
from syncramp.spec.ramps import WRITEBACK, Admit, RampPolicy, Soak

SHOWN = 10
"""Groups that are named; the others are counted."""

_REASONS = {
    Phase.GROWING: "groups grow up to the ceiling",
    Phase.SOAKING: "nothing more fits under the ceiling, which has to prove itself",
    Phase.HOLDING: "a gate failed, and nothing grows before it passes",
    Phase.PAUSED: "a person must let it go on",
    Phase.ABORTED: "a person ended it: nothing grows any more",
    Phase.REVERTING: "a person ended it: who came with it leaves again, with an approval",
    Phase.COMPLETE: "nobody waits whom a later step could let in",
}
_NEVER = "its groups never wait (admit: Now)"
_NOTED = (Hold.TOO_MANY_MEMBERS, Hold.MAIL_ENABLED)
"""Holds that no later step ends."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One group that follows a ramp, before or after a run."""

    membership: Membership
    room: Room
    """What it may have in this run."""

    @property
    def admitted(self) -> BitMap:
        """Members whom this run lets in."""
        return self.room.admitted

    @property
    def missing(self) -> BitMap:
        """Members who are possibly not in the cloud, let in or not."""
        return self.membership.desired - self.membership.possible

    @property
    def waiting(self) -> BitMap:
        """Members who wait for the ramp."""
        return self.missing - self.admitted

    @property
    def size(self) -> int:
        """Members, as desired or in the cloud, whichever is more."""
        return max(len(self.membership.desired), len(self.membership.possible))


def group_phase(group: Standing) -> GroupPhase:
    """What the ramp does with a group: as admission says it, as long as somebody whom it let in is missing."""
    if not group.missing:
        return GroupPhase.WHOLE
    arrived = not (group.missing & group.admitted)
    waits = arrived and group.room.phase in (GroupPhase.FILLING, GroupPhase.GROWING)
    return GroupPhase.WAITING if waits else group.room.phase


def report(
    policy: RampPolicy,
    state: RampState,
    now: float,
    *,
    next_run: float = 0.0,
    spent: int = 0,
    changed: str = "",
    eta: str = "",
) -> RampReport:
    """A ramp without its groups.

    :param state: as it was decided for this run.
    :param now: seconds since the epoch.
    :param next_run: seconds between two runs.
    :param spent: what its budget counts of the last 24 hours.
    :param changed: what a change of the document does to it, as a sentence.
    :param eta: when it will be complete, by the forecast (RFC 3339); empty: nobody can tell.
    """
    soak = policy.soak(min(state.step, len(policy.steps) - 1))
    following = policy.steps[state.step + 1] if state.step + 1 < len(policy.steps) else None
    unramped = policy.admit is Admit.NOW and state.phase is Phase.COMPLETE
    return RampReport(
        name=policy.name,
        admit=policy.admit.value,
        phase=state.phase.value,
        step=state.step + 1,
        steps=len(policy.steps),
        ceiling=state.ceiling,
        target=policy.target,
        built_in=policy.built_in,
        reason=state.reason or (_NEVER if unramped else _REASONS[state.phase]),
        pause=state.pause.value if state.pause else "",
        by=state.by,
        changed=changed,
        soak=soaked(Soak() if unramped else soak, state.soaked_from, now, state.cycles, policy.time_zone).as_json(),
        failures=state.failures,
        judgements=[asdict(each) for each in state.judgements],
        next_ceiling=following.ceiling if following else None,
        next_decision=_next_decision(policy, state, soak, now, next_run),
        eta=eta,
        admitted_today=spent,
        per_cycle=policy.per_cycle if policy.admit is Admit.MEMBERS else 0,
        per_day=policy.per_day if policy.admit is Admit.MEMBERS else 0,
        checklist=checklist(policy, state),
    )


def ended(state: RampState, told: str) -> RampReport:
    """A ramp that the document does not have any more.

    :param told: what becomes of its groups, as a sentence.
    """
    return RampReport(
        name=state.name,
        admit="",
        phase=state.phase.value,
        step=state.step + 1,
        steps=0,
        ceiling=state.ceiling,
        target=0,
        reason=told,
        changed=told,
    )


def with_groups(
    ramp: RampReport, groups: Sequence[Standing], effective: Callable[[int], int | None] = lambda _: None
) -> RampReport:
    """The same ramp with its groups as they are now, before the run or after it.

    :param effective: people of a group with nested ones, by its id; asked for the groups that are named.
    """
    limits = READERS if ramp.name == WRITEBACK else CONSUMERS
    waiting = [(len(found), group) for group in groups if (found := group.waiting)]
    named = nlargest(SHOWN, waiting, key=lambda pair: (pair[1].size, pair[1].membership.dn))
    large = nlargest(SHOWN, groups, key=lambda group: (group.size, group.membership.dn))
    return replace(
        ramp,
        groups=len(groups),
        phases=_phases(groups),
        groups_held=len(waiting),
        members_waiting=sum(number for number, _ in waiting),
        admitted=sum(len(group.admitted) for group in groups),
        largest=max((len(group.membership.possible) for group in groups), default=0),
        held=[group_report(group, effective) for _, group in named],
        notes=_notes(large, groups),
        warnings={group.membership.dn: told for group in large if (told := warning(group.size, limits))},
    )


def _phases(groups: Sequence[Standing]) -> Mapping[str, int]:
    found = Counter(map(group_phase, groups))
    return {phase.value: found[phase] for phase in GroupPhase if found[phase]}


def group_report(group: Standing, effective: Callable[[int], int | None]) -> GroupReport:
    """One group of a ramp."""
    there = group.membership
    return GroupReport(
        dn=there.dn,
        anchor=there.anchor,
        phase=group_phase(group).value,
        members=len(there.desired),
        there=len(there.possible),
        waiting=len(group.waiting),
        effective=effective(there.id),
        reason=group.room.reason,
        note=group.room.note,
    )


def _note(group: Standing) -> str:
    """What must be known of a group: what no later step ends, and what its room says."""
    stays = group.room.reason if group.room.hold in _NOTED and group.waiting else ""
    return "; ".join(filter(None, (stays, group.room.note)))


def _notes(large: Sequence[Standing], groups: Sequence[Standing]) -> Mapping[str, str]:
    """Notes of the largest groups, and of others as long as there is room for them."""
    told = ((group.membership.dn, note) for group in (*large, *groups) if (note := _note(group)))
    found: dict[str, str] = {}
    for dn, note in told:
        if len(found) == SHOWN:
            break
        found[dn] = note
    return found


def _next_decision(policy: RampPolicy, state: RampState, soak: Soak, now: float, next_run: float) -> str:
    """Where something still fits, as if nothing did from now on: it cannot end earlier."""
    if state.phase not in (Phase.GROWING, Phase.SOAKING, Phase.HOLDING):
        return ""
    since = now if state.soaked_from is None else state.soaked_from
    runs = max(0, soak.cycles - state.cycles) * next_run
    at = earliest(soak, since, policy.time_zone, now + runs)
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" if isfinite(at) else ""
