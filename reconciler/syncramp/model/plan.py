"""A plan: what a run would send, what it holds, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Self

from pyroaring import BitMap

from syncramp.model.approvals import Waiting
from syncramp.model.budget import Budget
from syncramp.model.circumstances import Circumstances
from syncramp.model.guards import Reading
from syncramp.model.holds import HeldPart, Hold
from syncramp.model.ramp_reports import RampReport
from syncramp.model.rows import row
from syncramp.model.stages import Progress
from syncramp.model.state import Membership, ObjectState, Origin
from syncramp.model.values import Value


class Verb(StrEnum):
    """What happens to an object."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class Topic(StrEnum):
    """What a change is to people, the riskiest first; what goes of a change stands in the first one that fits."""

    DELETE = "Delete"
    DISABLE = "Disable"
    """An update that takes the right to sign in away, whatever else it says."""
    EMPTIED = "Emptied"
    """A group that loses its last member."""
    REMOVALS = "Removals"
    """A group that loses members who were taken out of it."""
    SIGN_IN = "SignIn"
    """An update of what people sign in with, or of where their data lies."""
    MATCH = "Match"
    """A create that the service joins with an object that is not ours."""
    RESTORE = "Restore"
    """A create that brings a deleted object back."""
    ADDITIONS = "Additions"
    """A group that gets members and loses none."""
    UPDATE = "Update"
    CREATE = "Create"
    DERIVED = "Derived"
    """A group whose members leave it with their own delete, or wait for that, and in no other way."""


@row
class ObjectChange:
    """One object that differs: the part that goes, and the part that is held."""

    state: ObjectState
    verb: Verb
    values: Mapping[str, Value | None]
    """Attributes to send; None clears one. Empty for a delete."""
    parts: tuple[HeldPart, ...] = ()
    """What of it is not sent, each part with its reason; of a create or a delete one part, which is all of it."""
    restores: bool = False
    """A create that brings back what was deleted lately."""
    joins: str = ""
    """The object that is not ours and that the service joins a create with, in words; empty: none is known."""

    @property
    def origin(self) -> Origin:
        """What it follows from."""
        origin = self.state.origin
        return Origin.RESTORATION if self.restores and origin is not Origin.CLOUD else origin

    @property
    def held(self) -> Mapping[str, Value | None]:
        """Attributes that differ and are not sent."""
        return {name: value for part in self.parts for name, value in part.values.items()}

    @property
    def hold(self) -> Hold | None:
        """Why the first part is not sent; None when all of it goes."""
        return self.parts[0].hold if self.parts else None

    @property
    def reason(self) -> str:
        """That hold in a sentence about this object; empty when all of it goes."""
        return self.parts[0].reason if self.parts else ""

    @property
    def sends(self) -> bool:
        """Something of it goes."""
        return bool(self.values) or (self.verb is Verb.DELETE and not self.parts)


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
    absent: BitMap = field(default_factory=BitMap)
    """Additions that wait with a create which is held, of the group or of the member: no change of their own."""

    @property
    def reverts(self) -> BitMap:
        """Of those who are removed whom a ramp takes back: they are desired, and a person approved it."""
        return self.removes & self.membership.desired


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
    fills: BitMap = field(default_factory=BitMap)
    """Groups that are filled in one go: created, if they are not there, and given all members. Their creates stand
    among ``creates`` too."""
    additions: BitMap = field(default_factory=BitMap)
    """Other groups with members to add."""

    def among(self, ids: BitMap) -> Self:
        """What of these lanes is of some objects."""
        return type(self)(**{lane.name: getattr(self, lane.name) & ids for lane in fields(self)})

    def without(self, ids: BitMap) -> Self:
        """What of these lanes is not."""
        return type(self)(**{lane.name: getattr(self, lane.name) - ids for lane in fields(self)})


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
    """Over everything that goes."""
    digests: dict[str, str] = field(default_factory=dict)
    """Class of change -> the same of this class alone; of classes of which something goes."""
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
    disables: BitMap = field(default_factory=BitMap)
    """Accounts that have to be disabled, held or not."""
    removals: dict[int, BitMap] = field(default_factory=dict)
    """Group -> members to remove, held or not."""
    anchor_writes: int = 0
    """Users whose anchor is written into their directory before they are created."""
    hold_samples: dict[str, list[Sample]] = field(default_factory=dict)
    topics: dict[str, dict[str, int]] = field(default_factory=dict)
    """Topic -> kind -> objects that go, or groups whose members change."""
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    """Topic -> the riskiest of it."""
    derived: int = 0
    """Links that end with the delete of their member."""
    derived_held: int = 0
    """Links that wait with the delete of their member."""
    absent: int = 0
    """Links that wait with the create of their group or of their member."""
    add_sizes: list[int] = field(default_factory=list)
    """Members that each group gets, of groups that get some: what calls are made of."""
    remove_sizes: list[int] = field(default_factory=list)
    """Members that are taken out of each group, of groups that lose some."""
    budget: Budget | None = None
    """What it costs of the tenant's throttle; None: it was not reckoned."""
    lanes: Lanes = field(default_factory=Lanes)
    around: Circumstances = field(default_factory=Circumstances)
    """What the plan was made under: with the store it gives the same changes again."""
    origins: dict[str, int] = field(default_factory=dict)
    """What the change follows from (``Origin.word``) -> objects that go."""
    containers: dict[tuple[str, str], int] = field(default_factory=dict)
    """Old and new DN of a container that was renamed or moved -> objects that go because of it."""
    link_origins: dict[str, int] = field(default_factory=dict)
    """The same -> links that are added or removed."""
    waiting: tuple[Waiting, ...] = ()
    """What of it waits for an approval, in sets that can be approved."""
    wanted: Sequence[int] = ()
    """Marks of approved changes of objects that are still wanted."""
    progress: Progress | None = None
    """The stage of a tenant that was adopted, with what was chosen for it; None: everything may go."""
    readings: tuple[Reading, ...] = ()
    """What every guard says of it, in the order in which guards are asked."""
    ramps: Sequence[RampReport] = ()
    """Ramps that groups follow, as they are in this run."""
    upgrade: tuple[int, int] | None = None
    """Versions of the built-in rules, before and after, if something follows from an upgrade."""

    @property
    def revocations(self) -> Mapping[int, BitMap]:
        """Group -> members to remove because they are not desired any more, held or not."""
        reverted = self.around.reverted
        return {
            group: found for group, ids in self.removals.items() if (found := ids - reverted.get(group, BitMap()))
        }

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
