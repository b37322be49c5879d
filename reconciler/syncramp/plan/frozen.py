"""Frozen sets: what of a plan waits for a person, by hold and class, so that a person can let go exactly this.

A set is its marks (``plan.marks``), 8 bytes for each change, collected while the plan is summarised. Its digest is
over the class, the hold and the marks in order: the same changes have the same digest in another run and another
store, and one change more or less has another one.

What was approved drops out of its approval as soon as a plan does not want it any more. For that the same pass notes
which approved changes are still wanted, whether they go or wait; without an approval it has nothing to note.
"""

import sys
from array import array
from collections.abc import Iterator, Mapping
from hashlib import blake2b

from syncramp.model.approvals import Marks, Waiting
from syncramp.model.circumstances import Approved
from syncramp.model.holds import APPROVABLE, Class, Hold
from syncramp.model.plan import MembershipChange, ObjectChange, Verb
from syncramp.model.values import Value
from syncramp.plan.anchors import AnchorTable
from syncramp.plan.marks import add_marks, create_mark, delete_mark, remove_marks, update_mark

_Set = tuple[Hold, Class]


class Frozen:
    """The sets of one plan.

    :param anchors: digests of the anchors of members.
    :param approved: what was approved before.
    """

    def __init__(self, anchors: AnchorTable, approved: Approved) -> None:
        self._anchors = anchors
        self._approved = approved.marks
        self._marks: dict[_Set, array[int]] = {}
        self._links: dict[_Set, int] = {}
        self.wanted: array[int] = array("Q")
        """Marks of approved changes of objects that the plan wants, sent or held."""

    def object(self, change: ObjectChange) -> None:
        """What of the change of an object waits for a person."""
        for part in change.parts:
            if part.hold in APPROVABLE:
                for kind, mark in object_marks(change, part.values):
                    self._set(part.hold, kind).append(mark)
        if self._approved:
            marks = (mark for _, mark in object_marks(change, {**change.values, **change.held}))
            self.wanted.extend(mark for mark in marks if mark in self._approved)

    def members(self, change: MembershipChange) -> None:
        """What of the links of a group waits for a person."""
        group = change.membership.anchor
        for held in change.held:
            if held.hold in APPROVABLE:
                for kind, of, links in (
                    (Class.REST, add_marks, held.adds),
                    (Class.REMOVALS, remove_marks, held.removes),
                ):
                    if links:
                        self._set(held.hold, kind).extend(of(group, self._anchors.digests(links)))
                        self._links[held.hold, kind] = self._links.get((held.hold, kind), 0) + len(links)

    def _set(self, hold: Hold, kind: Class) -> "array[int]":
        return self._marks.setdefault((hold, kind), array("Q"))

    def waiting(self) -> tuple[Waiting, ...]:
        """The sets, in the order of their holds and classes."""
        found = []
        for hold, kind in sorted(self._marks):
            marks = Marks(self._marks[hold, kind])
            found.append(Waiting(hold, kind, digest(hold, kind, marks), marks, self._links.get((hold, kind), 0)))
        return tuple(found)


def object_marks(change: ObjectChange, values: Mapping[str, Value | None]) -> Iterator[tuple[Class, int]]:
    """The marks of a part of a change, each with its class; a create and a delete have one, whatever their values."""
    if change.verb is Verb.DELETE:
        yield Class.DELETES, delete_mark(change.state)
    elif change.verb is Verb.CREATE:
        yield Class.CREATES, create_mark(change.state, change.joins)
    else:
        for name, value in values.items():
            disables = name == "accountEnabled" and value is False
            yield Class.DISABLES if disables else Class.REST, update_mark(change.state, name, value)


def digest(hold: Hold, kind: Class, marks: Marks) -> str:
    """The digest of a set: 128 bits over its class, its hold and its marks in ascending order."""
    made = blake2b(f"{kind.value} {hold.value} ".encode(), digest_size=16)
    ordered = array("Q", marks)
    if sys.byteorder == "big":
        ordered.byteswap()
    made.update(ordered)
    return made.hexdigest()
