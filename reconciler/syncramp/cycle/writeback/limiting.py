"""What limits growth in the directory beside the ramp: groups that are made in one run, and tokens of members.

A member is asked for who would come to a security group in this run, and no other: the question costs the domain
controller a walk through all groups of that person. Who has so many that one more may end the sign-in stays out, of
this group alone, and nobody can approve that: to approve a failure mends none.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from pyroaring import BitMap

from syncramp.cycle.job import Job, Weighed, written_back
from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Hold
from syncramp.model.ramps import GroupPhase, Room
from syncramp.plan.following import in_tokens
from syncramp.spec.ramps import WRITEBACK, RampPolicy
from syncramp.spec.types import WritebackGroups
from syncramp.spec.writeback import ramp_over
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store
from syncramp.writeback.ledger import LINK_INTERVAL, TOO_HEAVY

MOST_TOKENS = 1_000
"""Groups at a sign-in from which nobody is added to a security group: a token holds 1,024, of which some belong to
the machine (Microsoft, "Logging on a user account that is a member of more than 1,010 groups may fail")."""


def policy_of(ledger: Store, groups: WritebackGroups) -> RampPolicy:
    """The ramp of the document, by what is known of the site links of its directory.

    Every ceiling soaks for two intervals at least, and after two of them a write is late.
    """
    kept = ledger.runs.flag(LINK_INTERVAL)
    return groups.ramp if kept is None else ramp_over(groups.ramp, timedelta(seconds=float(kept)))


def limit(job: Job, snapshot: Snapshot, around: Circumstances, most_tokens: int = MOST_TOKENS) -> Circumstances:
    """The circumstances with what may not grow now.

    :param around: with the rooms that the ramp gives.
    :param most_tokens: groups at a sign-in from which nobody is added.
    :raises SyncrampError: the directory does not answer.
    """
    if around.adoption:
        return around
    around = replace(around, ramps={**around.ramps, **_later(job, snapshot, around.ramps)})
    heavy = _too_heavy(job, snapshot, around.ramps, most_tokens)
    if job.exports:
        told = {group: members.to_array().tolist() for group, members in heavy.items()}
        job.store.runs.set_flag(TOO_HEAVY, json.dumps(told))
    return replace(around, too_heavy=heavy)


def known_as_heavy(ledger: Store) -> Mapping[int, BitMap]:
    """Whom the last run kept out of security groups: no ramp waits for them."""
    told = json.loads(ledger.runs.flag(TOO_HEAVY) or "{}")
    return {int(group): BitMap(members) for group, members in told.items()}


def _later(job: Job, snapshot: Snapshot, rooms: Mapping[int, Room]) -> Mapping[int, Room]:
    """Groups that are made by a later run: those who were known first come first."""
    most = written_back(job).config.creates_per_cycle
    absent = snapshot.desired - snapshot.in_cloud
    coming = BitMap(group for group in absent if group not in rooms or not rooms[group].absent)
    reason = f"{most:,} groups are made in one run (groupCreatesPerCycle), and {len(coming):,} are to be made"
    return {group: _made_later(rooms.get(group), reason) for group in coming[most:]}


def _made_later(room: Room | None, reason: str) -> Room:
    room = room or Room(WRITEBACK, BitMap())
    return replace(
        room,
        admitted=BitMap(),
        counted=BitMap(),
        hold=Hold.RAMP,
        reason=reason,
        fills=False,
        begins=False,
        absent=True,
        waiting=room.waiting + len(room.admitted),
        phase=GroupPhase.ABSENT,
    )


def _too_heavy(job: Job, snapshot: Snapshot, rooms: Mapping[int, Room], most: int) -> Mapping[int, BitMap]:
    """Security group -> who may not come. What was seen of all of them is kept for the gate.

    Each group of this run that somebody comes to counts for the next one: they all come before anybody asks again.
    """
    admitted = BitMap(group for group, room in rooms.items() if room.admitted)
    secured = [state.id for state in snapshot.states(admitted) if in_tokens(state.desired or {})]
    coming = BitMap()
    for group in secured:
        coming |= rooms[group].admitted
    seen = written_back(job).weighed
    numbers = _weigh(job, snapshot, coming, seen)
    heavy: dict[int, BitMap] = {}
    for group in secured:
        for one in (one for one in rooms[group].admitted if one in numbers):
            if numbers[one] >= most:
                heavy.setdefault(group, BitMap()).add(one)
            else:
                seen.heaviest = max(seen.heaviest, numbers[one])
                numbers[one] += 1
    return heavy


def _weigh(job: Job, snapshot: Snapshot, members: BitMap, seen: Weighed) -> dict[int, int]:
    """In how many groups members are at their sign-in; of whom that cannot be told is counted alone."""
    by_guid = {UUID(anchor).bytes_le: identity for identity, anchor in _people(snapshot, members)}
    numbers: dict[int, int] = {}
    seen.members, seen.heaviest, seen.unknown = 0, 0, 0
    for guid, number in written_back(job).target.tokens(list(by_guid)) if by_guid else ():
        seen.members += 1
        if number is None:
            seen.unknown += 1
        else:
            numbers[by_guid[guid]] = number
    return numbers


def _people(snapshot: Snapshot, members: BitMap) -> Iterable[tuple[int, str]]:
    """Members whose anchor is a GUID of the directory; groups that we write bear a mark, and sign in nowhere."""
    return ((identity, anchor) for identity, anchor in snapshot.named(members) if not anchor.startswith("group_"))
