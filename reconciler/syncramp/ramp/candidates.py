"""Groups that follow a ramp, as far as admission asks, and what a ramp lets them have now."""

from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.model.holds import Hold
from syncramp.model.rows import row
from syncramp.model.state import Membership
from syncramp.spec.ramps import Admit, RampPolicy

FEW = 2_500
"""A hundredth of the largest group that there may be. More than these who come to a group at once are not the coming
and going of people, also where nobody waited before: departments were nested, or somebody wrote another filter."""


@row
class Candidate:
    """A group that follows a ramp, as far as admission asks."""

    membership: Membership
    admit: Admit
    """As its ramp says; a denied group under ``Members`` is ``Whole``."""
    queued: int
    """Members in its queue."""
    restored: BitMap
    """Desired, possibly not in the cloud, and there within the last 30 days: those who return at once."""
    size: int
    """Members once everybody came, and nobody who is to be removed went yet."""
    start: BitMap = field(default_factory=BitMap)
    """Members that the cloud possibly held when its growth began."""
    mail_enabled: bool = False
    filling: bool = False
    """Whole: its additions were begun and have not all arrived."""
    waited: bool = False
    """Somebody of it waited when the last run was over."""
    denied: str = ""
    """Why it is ``Whole`` under ``Members``, as a clause; empty: it is not."""
    stuck: int = 0
    """Of its queue those who could not come whatever the ramp said: no step waits for them."""
    nested: int = 0
    """Of these the groups that are not created yet, and come later by a step of their own."""
    stands: bool = False
    """Nobody can be added to it, whatever the ramp says: it takes nothing of a budget."""
    moves: str | None = None
    """The ramp that would match it now; empty: none would; None: the one that it follows."""

    @property
    def queue(self) -> BitMap:
        """Desired, possibly not in the cloud, and no restoration; made when it is asked for."""
        missing = self.membership.desired - self.membership.possible
        return missing - self.restored if self.restored else missing

    @property
    def newcomers(self) -> bool:
        """Those in its queue are a few who came since it was whole: they are no growth of its ramp."""
        return self.membership.in_cloud and not self.waited and self.queued <= FEW

    @property
    def trickles(self) -> bool:
        """They are so few that they come also while the ramp holds: a hundredth of who is there."""
        return self.newcomers and 100 * self.queued <= len(self.membership.possible)

    @property
    def occupied(self) -> int:
        """Members that the cloud possibly holds, with those who return."""
        return len(self.membership.possible) + len(self.restored)


def candidate(
    membership: Membership,
    admit: Admit,
    returning: BitMap,
    max_members: int,
    *,
    start: BitMap | None = None,
    mail_enabled: bool = False,
    filling: bool = False,
    waited: bool = False,
    denied: str = "",
    stuck: BitMap | None = None,
    absent: BitMap | None = None,
    stands: bool = False,
    moves: str | None = None,
) -> Candidate:
    """A group with its queue.

    :param returning: members whose link was there within the last 30 days.
    :param max_members: beyond it nobody returns.
    :param stuck: people who cannot come, whatever the ramp says.
    :param absent: groups that are not created yet; a link to one waits for that.
    """
    possible, restored = membership.possible, BitMap()
    there, missing = len(possible), membership.desired.difference_cardinality(possible)
    if missing and returning:
        restored = ((returning & membership.desired) - possible)[: max(0, max_members - there)]
    admit = Admit.WHOLE if denied and admit is Admit.MEMBERS else admit
    queued = missing - len(restored)
    never, nested = (
        len((some & membership.desired) - possible - restored) if some else 0 for some in (stuck, absent)
    )
    return Candidate(
        membership=membership,
        admit=admit,
        queued=queued,
        restored=restored,
        size=there + missing,
        start=BitMap() if start is None else start,
        mail_enabled=mail_enabled,
        filling=filling and admit is Admit.WHOLE,
        waited=waited,
        denied=denied,
        moves=moves,
        stuck=queued if stands else min(queued, never + nested),
        nested=0 if stands else nested,
        stands=stands,
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What a group may have under its ramp now."""

    ceiling: int
    max_members: int
    mail: int

    def of(self, group: Candidate) -> int:
        """The members that the group may have; of one that never waits for a ramp whatever its step is."""
        ceiling = self.max_members if group.admit is Admit.NOW else min(self.ceiling, self.max_members)
        return min(ceiling, self.mail) if group.mail_enabled else ceiling

    def hold(self, group: Candidate) -> Hold:
        """Why those who do not come wait."""
        if group.size > self.max_members:
            return Hold.TOO_MANY_MEMBERS
        beyond = group.mail_enabled and group.size > self.mail
        return Hold.MAIL_ENABLED if beyond and self.of(group) == self.mail else Hold.RAMP


def limits_of(policy: RampPolicy, ceiling: int, max_members: int) -> Limits:
    """The limits under a ceiling of a ramp."""
    return Limits(ceiling, max_members, policy.mail_enabled_max)
