"""Everything beside the objects themselves that decides what may be sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.model.approvals import Marks
from syncramp.model.holds import Barrier, Class, Hold
from syncramp.model.ramps import Room
from syncramp.model.state import Origin
from syncramp.model.written import Side

RESTORED_WITHIN = 30 * 86_400.0
"""Seconds after a delete in which the service can bring an object back with its links: a deleted user is kept for 30
days (Microsoft Entra, restore or remove a recently deleted user)."""


@dataclass(frozen=True, slots=True)
class Owner:
    """An object that has a unique value which somebody else claims."""

    id: int
    dn: str
    why: str
    """Why it still has the value, as a clause about it."""


@dataclass(frozen=True, slots=True)
class Share:
    """The share of a plan that may go to a tenant that was adopted lately; disables and explicit removals beside."""

    objects: BitMap
    links: Mapping[int, BitMap]
    """Group -> members that may be added."""
    reason: str
    """Why no more goes, as a sentence."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What people approved and what is still valid of it."""

    marks: Collection[int] = field(default_factory=Marks)
    """Of parts of the changes of objects; see ``plan.marks``."""
    adds: Mapping[int, BitMap] = field(default_factory=dict)
    """Group -> members whose addition was approved."""
    removes: Mapping[int, BitMap] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything beside the objects themselves that decides what may be sent; gathered before the plan is made."""

    max_members: int = 250_000
    never_read: tuple[str, ...] = ()
    """Names of sources of which no import was ever complete."""
    incomplete: Mapping[int, str] = field(default_factory=dict)
    """Sources without proof, with the reason."""
    unproven: BitMap = field(default_factory=BitMap)
    """Ids of all objects of those sources."""
    dropped: frozenset[int] = frozenset()
    """Sources that the document does not name any more: what is of them stays as it is."""
    foreign: frozenset[str] = frozenset()
    """Anchors of objects of ours that the tenant has on objects that are not ours."""
    taken: Mapping[str, Owner] = field(default_factory=dict)
    """Unique values that stay where they are, because what would free them is held; see ``plan.contention``."""
    releasing: Mapping[str, Owner] = field(default_factory=dict)
    """Unique values that are given up in this run, and that somebody else claims."""
    adoption: str = ""
    """Why nothing at all may be sent; empty when it may."""
    under_way: BitMap = field(default_factory=BitMap)
    """Ids of what a call of an earlier run, killed or never answered, may still be changing."""
    cloud_managed: BitMap = field(default_factory=BitMap)
    """Ids of objects whose source of authority is the cloud."""
    unanchored: BitMap = field(default_factory=BitMap)
    """Ids of users whose anchor is written into their directory before they are created."""
    keeping: BitMap = field(default_factory=BitMap)
    """Ids of objects that keep values, because what they want in their place belongs to others."""

    barriers: Mapping[Class, Sequence[Barrier]] = field(default_factory=dict)
    """What tripped guards hold, by the class of change."""
    manual: bool = False
    """``spec.approval: Manual``: everything but disables and explicit removals waits for an approval."""
    probation: str = ""
    """Why every delete waits for an approval, as a sentence; empty when it does not."""
    approved: Approved = field(default_factory=Approved)
    share: Share | None = None
    """None: everything."""
    shut: str = ""
    """Why growth waits for a sync window, as a clause; empty when it does not."""
    begun: BitMap = field(default_factory=BitMap)
    """Ids of groups whose fill was begun and is not over: no window tears it."""
    matching: Mapping[int, str] = field(default_factory=dict)
    """Ids of objects whose create the service would match with an object that is not ours -> that one, in words."""
    restoring: BitMap = field(default_factory=BitMap)
    """Ids of objects whose create would bring back what was deleted less than 30 days ago."""
    coming: Mapping[Origin, BitMap] = field(default_factory=dict)
    """Why objects come that are not in the cloud, where it is not their directory -> their ids."""
    returning: Mapping[int, BitMap] = field(default_factory=dict)
    """Group -> members whose link was lost when they were deleted, less than 30 days ago."""
    ramps: Mapping[int, Room] = field(default_factory=dict)
    """Group that follows a ramp, or has more than ``max_members`` -> what it may have in this run."""
    adopted: bool = False
    """The tenant was adopted: it was not proven empty when its first object came to be ours."""

    side: Side = Side.CLOUD
    """What is written to; what is told of a change differs by it."""
    keeps_edits: bool = False
    """What was edited on the other side stays as it is, and is told."""
    unwritten: Mapping[int, tuple[Hold, str]] = field(default_factory=dict)
    """Groups that get nobody new -> why, and the reason as a sentence; of ``MEMBERS_UNKNOWN`` nothing goes at all."""
    undeletable: str = ""
    """Why nothing is deleted, as a sentence, whatever is approved; empty when something may be."""
    too_heavy: Mapping[int, BitMap] = field(default_factory=dict)
    """Security group -> members who are in so many groups that one more may end their sign-in."""

    @property
    def reverted(self) -> Mapping[int, BitMap]:
        """Group -> members who came with its ramp and are taken out again."""
        return {group: room.reverted for group, room in self.ramps.items() if room.reverted}

    def why(self, source: int) -> str:
        """Why a source is not proven, or the first other one."""
        return self.incomplete.get(source) or next(iter(self.incomplete.values()), "")

    def fills(self, group: int) -> bool:
        """A ramp lets the group have its members in one go."""
        room = self.ramps.get(group)
        return room is not None and room.fills
