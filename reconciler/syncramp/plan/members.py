"""Members of a group that differ: links to add, links to remove, and links that wait; pure functions.

Explicit removals are ``possible - desired - derived``, additions ``desired - sure``: what the cloud possibly holds is
removed when it is not wanted, what it does not surely hold is added when it is.
"""

from collections.abc import Iterator
from dataclasses import replace

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Hold
from syncramp.model.plan import HeldLinks, MembershipChange
from syncramp.model.state import Membership
from syncramp.plan.barriers import hold_adds, hold_removes
from syncramp.ramp.reasons import too_many

TRAVELS = "a call of an earlier run that was never answered may still be changing it"
AUTHORITY = "its source of authority was moved to the cloud, which refuses changes from a directory"
FOREIGN = "a group with its source anchor is in the tenant and is not ours"
TAKEN_OUT = "somebody took them out of the group in the directory, and edits there are kept (drift: Report)"
PUT_IN = "somebody put them into the group in the directory, and edits there are kept (drift: Report)"
NOBODY = BitMap()
TOO_HEAVY = "they are in so many groups that one more may end their sign-in"
REVERTS = "it came with a ramp that a person takes back to where it began"
_PERHAPS_MOVED = (
    "the group has a new member that no source knows; it may be the same person, moved while the directory was read, "
    "and the next import tells"
)


def membership_change(membership: Membership, around: Circumstances) -> MembershipChange | None:
    """The links of a group that are added, removed and held; None when nothing differs."""
    removes = membership.possible - membership.desired - membership.derived
    if membership.source in around.dropped:
        removes = BitMap()  # an entry that was dropped along may have been the one by which a member was named
    room = around.ramps.get(membership.id)
    reverted = room.reverted & membership.possible & membership.desired if room and room.reverted else BitMap()
    adds = membership.desired - membership.sure - reverted
    if not (adds or removes or reverted):
        return None
    if around.adoption:
        return _held_whole(membership, HeldLinks(Hold.ADOPTION_REQUIRED, around.adoption, adds, removes | reverted))
    if membership.id in around.cloud_managed:
        return _held_whole(membership, HeldLinks(Hold.CLOUD_MANAGED, AUTHORITY, adds, removes | reverted))
    if not membership.in_cloud and membership.anchor in around.foreign:
        return _held_whole(membership, HeldLinks(Hold.NOT_OURS, FOREIGN, adds, removes | reverted))
    if unknown := _unknown(membership, around):
        return _held_whole(membership, HeldLinks(Hold.MEMBERS_UNKNOWN, unknown, adds, removes | reverted))
    adds, waiting = _held_adds(membership, adds, around)
    removes, kept = _held_removes(membership, removes, around)
    back = reverted & around.approved.removes.get(membership.id, BitMap())
    kept.append(HeldLinks(Hold.REVERT, REVERTS, removes=reverted - back))
    return MembershipChange(membership, adds, removes | back, tuple(held for held in (*waiting, *kept) if len(held)))


def kept_out(membership: Membership, around: Circumstances) -> BitMap:
    """Who should be in a group and does not come, whatever a ramp says and a person approves."""
    heavy = around.too_heavy.get(membership.id, NOBODY)
    return heavy | (membership.drifted - membership.possible) if around.keeps_edits else heavy


def without(change: MembershipChange, absent: BitMap) -> MembershipChange:
    """The change with the additions that wait for a create told apart.

    :param absent: ids of objects whose create is held.
    """
    waiting = change.adds if change.membership.id in absent else change.adds & absent
    return replace(change, adds=change.adds - waiting, absent=waiting) if waiting else change


def _held_whole(membership: Membership, held: HeldLinks) -> MembershipChange:
    return MembershipChange(membership, BitMap(), BitMap(), (held,))


def _unknown(membership: Membership, around: Circumstances) -> str:
    """Why nothing is known of who should be in the group; empty: it is."""
    hold, reason = around.unwritten.get(membership.id, (None, ""))
    return reason if hold is Hold.MEMBERS_UNKNOWN else ""


def _held_adds(membership: Membership, adds: BitMap, around: Circumstances) -> tuple[BitMap, list[HeldLinks]]:
    """The additions that go, and those that wait."""
    holds = []
    if membership.hold:
        holds.append(HeldLinks(Hold.ANCHOR, membership.hold, adds=adds - membership.possible))
        adds = adds & membership.possible
    for held in _kept_out(membership, adds, around):
        holds.append(held)
        adds = adds - held.adds
    if waits := _without_room(membership, adds - membership.possible, around):
        holds.append(waits)
        adds = adds - waits.adds
    if travelling := adds if membership.id in around.under_way else adds & around.under_way:
        holds.append(HeldLinks(Hold.CALL_UNDER_WAY, TRAVELS, adds=travelling))
        adds = adds - travelling
    going, beyond = hold_adds(membership, adds, around)
    return going, [*holds, *beyond]


def _kept_out(membership: Membership, adds: BitMap, around: Circumstances) -> Iterator[HeldLinks]:
    """Who does not come into a group of a directory, one reason after the other."""
    if membership.id in around.unwritten and adds:
        yield HeldLinks(*around.unwritten[membership.id], adds=adds)
        return
    if around.keeps_edits and (edited := adds & membership.drifted):
        yield HeldLinks(Hold.LOCAL_EDIT, TAKEN_OUT, adds=edited)
        adds = adds - edited
    if heavy := adds & around.too_heavy.get(membership.id, NOBODY):
        yield HeldLinks(Hold.TOKENS, TOO_HEAVY, adds=heavy)


def _held_removes(membership: Membership, removes: BitMap, around: Circumstances) -> tuple[BitMap, list[HeldLinks]]:
    """The removals that go, and those that wait: for a proof, or for the next import."""
    holds = []
    if unproven := removes if membership.id in around.unproven else removes & around.unproven:
        holds.append(HeldLinks(Hold.SOURCE_INCOMPLETE, around.why(membership.source), removes=unproven))
        removes = removes - unproven
    if lost := removes & membership.lost:
        holds.append(HeldLinks(Hold.UNRESOLVED_MEMBER, _PERHAPS_MOVED, removes=lost))
        removes = removes - lost
    if around.keeps_edits and (edited := removes & membership.drifted):
        holds.append(HeldLinks(Hold.LOCAL_EDIT, PUT_IN, removes=edited))
        removes = removes - edited
    going, waiting = hold_removes(membership, removes, around)
    return going, [*holds, *waiting]


def _without_room(membership: Membership, growth: BitMap, around: Circumstances) -> HeldLinks | None:
    """Who has to wait for room in the group.

    :param growth: members that the cloud possibly does not hold: what it possibly holds occupies room already.
    """
    room = around.ramps.get(membership.id)
    if room is not None:
        waiting = growth - room.admitted
        return HeldLinks(room.hold, room.reason, adds=waiting) if waiting else None
    size = len(membership.possible) + len(growth)
    if not growth or size <= around.max_members:
        return None
    return HeldLinks(Hold.TOO_MANY_MEMBERS, too_many(size, around.max_members), adds=growth)
