"""Who of a group may be added now.

What the cloud possibly holds occupies room, a removal that is not answered included. A link that was there within the
last 30 days returns at once: it is no growth. Everybody else waits in a queue: of a ``Whole`` group until all fit, of
a ``Members`` group for room under the ceiling and in the budget. Pure functions.
"""

from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.model.state import Membership


@dataclass(frozen=True, slots=True)
class Candidate:
    """A group that follows a ramp, as far as admission asks."""

    membership: Membership
    queue: BitMap = field(default_factory=BitMap)
    """Desired, possibly not in the cloud, and no restoration."""
    restored: BitMap = field(default_factory=BitMap)
    """Desired, possibly not in the cloud, and there within the last 30 days."""

    @property
    def occupied(self) -> int:
        """Members that the cloud possibly holds, with those that return."""
        return len(self.membership.possible | self.restored)

    @property
    def size(self) -> int:
        """Members once everything came, and nothing that is to be removed went yet."""
        return len(self.membership.possible | self.membership.desired)


def candidate(membership: Membership, returning: BitMap) -> Candidate:
    """A group with its queue.

    :param returning: members whose link was there within the last 30 days.
    """
    missing = membership.desired - membership.possible
    restored = missing & returning
    return Candidate(membership, missing - restored, restored)
