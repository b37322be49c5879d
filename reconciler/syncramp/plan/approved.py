"""What people approved, as a plan is made under it.

The marks of objects are compared as they are. Links are compared by id, so those that may be pending are looked up by
their marks first: only when links were approved at all, and only those of groups whose members differ. A link that is
approved and pending is wanted, so this is also where it is seen which links still are.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from pyroaring import BitMap

from syncramp.model.approvals import Marks
from syncramp.model.circumstances import Approved
from syncramp.model.state import Membership
from syncramp.plan.marks import add_mark, remove_mark

NOBODY: Mapping[int, BitMap] = MappingProxyType({})


class Groups(Protocol):
    """What is read of the store."""

    def memberships(self, also: Collection[int] = ()) -> Iterator[Membership]:
        """Groups whose members may differ, and some others by id."""

    def named(self, ids: BitMap) -> Iterator[tuple[int, str]]:
        """Objects with their anchors."""


def approved_links(
    groups: Groups, marks: Marks, reverted: Mapping[int, BitMap] = NOBODY
) -> tuple[Approved, Sequence[int]]:
    """Approvals with links among them.

    :param marks: of all that was approved.
    :param reverted: group -> members who are taken out again although they are desired.
    :returns: what is approved, and the marks of the links of it that are pending.
    """
    adds, removes, pending = dict[int, BitMap](), dict[int, BitMap](), list[int]()
    for group in groups.memberships(reverted):
        wanted = group.desired - reverted.get(group.id, BitMap())
        for found, mark, ids in (
            (adds, add_mark, wanted - group.sure),
            (removes, remove_mark, group.possible - wanted),
        ):
            named = ((identity, mark(group.anchor, anchor)) for identity, anchor in groups.named(ids))
            if approved := {identity: each for identity, each in named if each in marks}:
                found[group.id] = BitMap(approved)
                pending.extend(approved.values())
    return Approved(marks, adds, removes), pending
