"""A plan: what a run would send, what it holds, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pyroaring import BitMap

from syncramp.model.state import Membership, ObjectState
from syncramp.model.values import Value


class Verb(StrEnum):
    """What happens to an object."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class Hold(StrEnum):
    """Why a change is not sent."""

    ADOPTION_REQUIRED = "AdoptionRequired"
    """The tenant is not proven empty, and nothing in it is known to be ours."""
    SOURCE_NEVER_READ = "SourceNeverRead"
    """A create, while a source of the document was never read completely: it may be known there already."""
    SOURCE_INCOMPLETE = "SourceIncomplete"
    """Destructive, and its source was not proven to be read completely."""
    ABSENT_ONCE = "AbsentOnce"
    """A delete whose entry was absent from one complete import; a second one must agree."""
    UNRESOLVED_MEMBER = "UnresolvedMember"
    """A member removal, from a group that names somebody new whom no source knows: it may be the same person."""
    TOO_MANY_DELETES = "TooManyDeletes"
    """One of more deletes than ``failsafe.deletes.count``."""
    TOO_MANY_MEMBERS = "TooManyMembers"
    """Additions to a group that would be larger than ``groups.maxMembers``."""
    ANCHOR = "AnchorConflict"
    """The source anchor or the kind of a known object changed, or its anchor belongs to another object."""
    ANCHOR_NOT_WRITTEN = "AnchorNotWritten"
    """A create whose anchor could not be written into the directory first."""
    JOIN = "JoinConflict"
    """A create of somebody who shares what people are joined by with others, and it cannot be told who is who."""
    NOT_OURS = "NotOurs"
    """A create whose anchor is in the tenant already, on an object that is not ours."""
    VALUE_TAKEN = "ValueTaken"
    """A claim of a unique value that another object still has, because what would free it is held."""
    CLOUD_MANAGED = "CloudManaged"
    """The source of authority of the object was moved to the cloud: nothing is sent for it."""
    CALL_UNDER_WAY = "CallUnderWay"
    """A call of an earlier run that was never answered may still be changing it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """An object that has a unique value which somebody else claims."""

    id: int
    dn: str
    why: str
    """Why it still has the value, as a clause about it."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything beside the objects themselves that decides what may be sent; gathered before the plan is made."""

    max_members: int = 250_000
    delete_count: int = 500
    deletes: int = 0
    """How many deletes would go if their number held none."""
    never_read: tuple[str, ...] = ()
    """Names of sources of which no import was ever complete."""
    incomplete: Mapping[int, str] = field(default_factory=dict)
    """Sources without proof, with the reason."""
    unproven: BitMap = field(default_factory=BitMap)
    """Ids of all objects of those sources."""
    dropped: frozenset[int] = frozenset()
    """Sources that the document does not name any more: what is of them stays as it is."""
    foreign: frozenset[str] = frozenset()
    """Anchors in the tenant that are not ours."""
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

    def why(self, source: int) -> str:
        """Why a source is not proven, or the first other one."""
        return self.incomplete.get(source) or next(iter(self.incomplete.values()), "")


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that differs: the part that goes, and the part that is held."""

    state: ObjectState
    verb: Verb
    values: Mapping[str, Value | None]
    """Attributes to send; None clears one. Empty for a delete."""
    held: Mapping[str, Value | None] = field(default_factory=dict)
    """Attributes that differ and are not sent."""
    hold: Hold | None = None
    """Why ``held``, or the whole change, is not sent."""
    reason: str = ""
    """The hold in a sentence about this object."""

    @property
    def sends(self) -> bool:
        """Something of it goes."""
        return bool(self.values) or (self.verb is Verb.DELETE and self.hold is None)


@dataclass(frozen=True, slots=True)
class HeldLinks:
    """Links of one group that wait for one reason."""

    hold: Hold
    reason: str
    adds: BitMap = field(default_factory=BitMap)
    removes: BitMap = field(default_factory=BitMap)

    def __len__(self) -> int:
        return len(self.adds) + len(self.removes)


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """One group whose members differ: links to add and to remove, and links that wait."""

    membership: Membership
    adds: BitMap
    removes: BitMap
    held: tuple[HeldLinks, ...] = ()


Change = ObjectChange | MembershipChange


@dataclass(slots=True)
class Lanes:
    """Ids of what goes, by the order in which it goes (each lane ends before the next one begins)."""

    disables: BitMap = field(default_factory=BitMap)
    """Accounts to disable; those whose update says more stand in another lane too."""
    removals: BitMap = field(default_factory=BitMap)
    """Groups with members to remove."""
    releases: BitMap = field(default_factory=BitMap)
    """Updates that give up a value that must be unique in the tenant."""
    deletes: BitMap = field(default_factory=BitMap)
    claims: BitMap = field(default_factory=BitMap)
    """Updates that claim a unique value which is given up in the same run, behind those who give it up."""
    creates: BitMap = field(default_factory=BitMap)
    updates: BitMap = field(default_factory=BitMap)
    additions: BitMap = field(default_factory=BitMap)
    """Groups with members to add."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One change as an example for people."""

    verb: str
    kind: str
    dn: str
    anchor: str
    detail: str = ""


@dataclass(slots=True)
class Plan:
    """The summary of a plan; the changes themselves are derived again from the store, page by page."""

    digest: str = ""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Verb -> kind -> objects that go."""
    attributes: dict[str, int] = field(default_factory=dict)
    """Attribute -> updates that change it."""
    link_adds: int = 0
    link_removes: int = 0
    groups: int = 0
    """Groups whose members change."""
    holds: dict[str, int] = field(default_factory=dict)
    """Hold -> changes (objects and links) that are not sent."""
    held_objects: int = 0
    held_links: int = 0
    anchor_writes: int = 0
    """Users whose anchor is written into their directory before they are created."""
    hold_samples: dict[str, list[Sample]] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    lanes: Lanes = field(default_factory=Lanes)
    around: Circumstances = field(default_factory=Circumstances)
    """What the plan was made under: with the store it gives the same changes again."""
    origins: dict[str, int] = field(default_factory=dict)
    """What the change follows from (``Origin.word``) -> objects that go."""
    upgrade: tuple[int, int] | None = None
    """Versions of the built-in rules, before and after, if something follows from an upgrade."""

    @property
    def objects(self) -> int:
        """Objects that are created, updated or deleted."""
        return sum(sum(kinds.values()) for kinds in self.counts.values())

    @property
    def links(self) -> int:
        """Links that are added or removed."""
        return self.link_adds + self.link_removes

    @property
    def held(self) -> int:
        """Changes that are not sent."""
        return self.held_objects + self.held_links

    @property
    def empty(self) -> bool:
        """Nothing goes and nothing is held."""
        return not (self.objects or self.links or self.held)
