"""The groups of a member, and the members of a group: what the directory says, what the cloud has, and what waits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from syncramp.explanation.ramps import Ramps
from syncramp.explanation.verdicts import verdict
from syncramp.model.circumstances import Circumstances
from syncramp.model.explanation import GroupTold, MembersTold
from syncramp.model.holds import Hold
from syncramp.model.plan import HeldLinks, MembershipChange, ObjectChange, Verb
from syncramp.model.state import Membership
from syncramp.model.written import Side
from syncramp.plan.changes import object_change
from syncramp.plan.members import membership_change
from syncramp.rules.ruleset import Ruleset
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store

SHOWN = 20
"""Members of a group that are named unless all are asked for."""


@dataclass(frozen=True, slots=True)
class View:
    """What is known beside one entry."""

    store: Store
    snapshot: Snapshot
    around: Circumstances
    rules: Mapping[int, Ruleset]
    """Of each source of the document, by its number in the store."""
    ramps: Ramps
    side: Side = Side.CLOUD
    """What is written to."""


def members(view: View, group: Membership, *, everyone: bool) -> MembersTold:
    """The members of a group that should be in the cloud."""
    read, unresolved = view.store.lookup.members(group.id)
    named = list(read)[: None if everyone else SHOWN]
    names = tuple(sorted(view.store.lookup.names(named).values()))
    return MembersTold(len(read), unresolved, len(group.desired), len(group.sure), len(group.possible), names)


def groups(view: View, entries: Sequence[int], member: int, change: ObjectChange | None) -> Iterator[GroupTold]:
    """The groups of a member, by DN.

    :param entries: those that the member is made of.
    :param member: the id of its object.
    :param change: what happens to the member itself.
    """
    found = view.store.lookup.groups_of([*entries, member])
    names = view.store.lookup.names(found)
    for identity in sorted(names, key=names.__getitem__):
        group = view.snapshot.membership(identity)
        yield _told(view, group, member, change) if group else _left_out(view, identity, names[identity])


def _left_out(view: View, identity: int, name: str) -> GroupTold:
    """A group that should not be in the cloud, with its members."""
    (row,) = view.store.lookup.rows([identity])
    told, _ = verdict(row, view.rules.get(row.staged.source))
    return GroupTold(name, False, False, False, "the group is not synchronised", reason=told.reason)


def _told(view: View, group: Membership, member: int, change: ObjectChange | None) -> GroupTold:
    state, hold, reason = state_of(view, group, member, change)
    bounds = member in group.desired, member in group.sure, member in group.possible
    return GroupTold(group.dn, *bounds, state, hold, reason)


def state_of(view: View, group: Membership, member: int, change: ObjectChange | None) -> tuple[str, str, str]:
    """What becomes of one link, what holds it, and why.

    :param change: what happens to the member itself.
    """
    links = membership_change(group, view.around)
    for held in links.held if links else ():
        if member in held.adds or member in held.removes:
            reason = f"{held.reason}{_place(view, group, member, held)}"
            return f"the {'addition' if member in held.adds else 'removal'} is held", held.hold.value, reason
    if links and member in links.adds:
        return _adding(view, group, change)
    if links and member in links.removes:
        return "to be removed", "", ""
    if member in group.derived:
        return "goes with the member, never by itself", "", ""
    if member in group.desired:
        return "in the cloud" if view.side is Side.CLOUD else "in the directory", "", ""
    return "not sent, because the member is not synchronised", "", ""


def _place(view: View, group: Membership, member: int, held: HeldLinks) -> str:
    """Where somebody stands in a queue; nothing where there is none."""
    place = view.ramps.place(group.id, member) if held.hold is Hold.RAMP and member in held.adds else ""
    return f"; {place}" if place else ""


def _adding(view: View, group: Membership, change: ObjectChange | None) -> tuple[str, str, str]:
    """A link that nothing holds may still have to wait for one of its ends."""
    for noun, end in (("member", change), ("group", _change_of(view, group))):
        if end and end.verb is Verb.CREATE:
            if not end.sends:
                return f"waits for the create of the {noun}", end.hold.value if end.hold else "", end.reason
            return f"to be added after the create of the {noun}", "", ""
    return "to be added", "", ""


def _change_of(view: View, group: Membership) -> ObjectChange | None:
    if group.in_cloud:
        return None
    (state,) = view.snapshot.states([group.id])
    return object_change(state, view.around)


def links_of(view: View, identity: int) -> tuple[Membership | None, MembershipChange | None]:
    """The membership of a group that should be in the cloud, and how it changes."""
    group = view.snapshot.membership(identity)
    return group, membership_change(group, view.around) if group else None
