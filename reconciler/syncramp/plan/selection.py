"""A part of a plan: the changes of some objects, groups and kinds, as somebody asks for them.

What is asked for in several ways must be so in all of them. A membership counts as a change of its group; where some
objects are asked for, only their own links of it, and all of them where the group is one of these objects itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pyroaring import BitMap

from syncramp.model.plan import Change, HeldLinks, MembershipChange, ObjectChange
from syncramp.model.values import Kind


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for; None: everything."""

    objects: BitMap | None = None
    groups: BitMap | None = None
    kinds: frozenset[Kind] | None = None

    @property
    def everything(self) -> bool:
        """Nothing is left out."""
        return self.objects is None and self.groups is None and self.kinds is None


def select(changes: Iterable[Change], wanted: Selection) -> Iterator[Change]:
    """The changes that are asked for, each with the links that are."""
    for change in changes:
        if isinstance(change, MembershipChange):
            yield from _members(change, wanted)
        elif _is_meant(change, wanted):
            yield change


def _is_meant(change: ObjectChange, wanted: Selection) -> bool:
    identity = change.state.id
    return (
        (wanted.objects is None or identity in wanted.objects)
        and (wanted.groups is None or identity in wanted.groups)
        and (wanted.kinds is None or change.state.kind in wanted.kinds)
    )


def _members(change: MembershipChange, wanted: Selection) -> Iterator[MembershipChange]:
    group, objects = change.membership, wanted.objects
    if wanted.kinds is not None and Kind.GROUP not in wanted.kinds:
        return
    if wanted.groups is not None and group.id not in wanted.groups:
        return
    part = change if objects is None or group.id in objects else _links_of(change, objects)
    if part.adds or part.removes or part.held or part.absent or part.membership.derived:
        yield part


def _links_of(change: MembershipChange, members: BitMap) -> MembershipChange:
    held = (HeldLinks(one.hold, one.reason, one.adds & members, one.removes & members) for one in change.held)
    return MembershipChange(
        replace(change.membership, derived=change.membership.derived & members),
        change.adds & members,
        change.removes & members,
        tuple(one for one in held if len(one)),
        change.absent & members,
    )
