"""What the store knows, as the deciding rooms see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from pyroaring import BitMap

from syncramp.model.rows import row
from syncramp.model.values import Attributes, Kind

GONE = 2
"""Absent from this many complete imports in a row: the entry is gone."""
DELETED = 3
"""So much is absent who the directory itself says to be gone; no second import must agree."""

JOIN_CONFLICT = "JoinConflict: "
"""How ``hold`` begins where joins are the reason."""


class Cause(StrEnum):
    """Why an object should not be in the cloud (any more)."""

    ABSENT_ONCE = "AbsentOnce"
    """One complete import did not see its entry; a second one must agree."""
    ABSENT = "Absent"
    """Two complete imports in a row did not see its entry."""
    DELETED = "Deleted"
    """The directory said that its entry was deleted; no import needs to agree."""
    OUT_OF_SCOPE = "OutOfScope"
    """Its entry was read and does not qualify."""
    JOINED = "Joined"
    """Its entry adds to the object of another entry, and it never came."""

    @property
    def gone(self) -> bool:
        """Its entry is in no directory any more."""
        return self in (Cause.ABSENT, Cause.DELETED)


class Origin(IntEnum):
    """Why an object is judged again; of several the strongest counts."""

    NONE = 0
    """Nothing new was said of it."""
    UPGRADE = 1
    """A release changed a built-in rule."""
    CONFIGURATION = 2
    """The document changed."""
    SOURCE = 3
    """Its entry changed, or one that it depends on."""
    CONTAINER = 4
    """A container above its entry was renamed or moved."""
    CLOUD = 5
    """The cloud holds something else than it was known to hold."""
    ADOPTION = 6
    """It was different when the tenant was adopted."""
    RESTORATION = 7
    """It was deleted less than 30 days ago, and comes back."""

    @property
    def word(self) -> str:
        """As it stands in a plan."""
        return _WORDS[self]


_WORDS = {origin: "Other" if origin is Origin.NONE else origin.name.capitalize() for origin in Origin}
TOLD_APART = frozenset({Origin.CONTAINER, Origin.CLOUD})
"""A container is told by name, and what came back from the cloud may have been edited there."""


@row
class ObjectState:
    """One object: what it should be, and what the cloud is known to hold."""

    id: int
    source: int
    kind: Kind
    anchor: str
    dn: str
    desired: Attributes | None
    """None: it should not be in the cloud."""
    acked: Attributes | None
    """None: it is not known to be in the cloud."""
    doubt: bool
    """A call about it was sent and its answer is not known."""
    maybe: frozenset[str]
    """While in doubt: keys the cloud may hold beside those of ``acked``."""
    cause: Cause | None
    """Why it should not be in the cloud."""
    hold: str
    """Why nothing but a disable may be sent for it; empty when it may."""
    references: Mapping[str, int] = field(default_factory=dict)
    """Single references among the desired attributes, by the id of their target."""
    origin: Origin = Origin.NONE
    """Why what is desired is not what the cloud holds."""
    perhaps: Attributes = field(default_factory=dict)
    """While in doubt: what was last wanted of an object that should not be in the cloud any more, perhaps sent."""
    found: frozenset[str] = frozenset()
    """Attributes that were different when the tenant was adopted, and that nobody changed since on either side; an
    empty name stands for the object itself, which nobody wanted."""


@dataclass(frozen=True, slots=True)
class Membership:
    """One group that should be in the cloud, its members as ids.

    ``sure <= what the cloud holds <= possible`` at every moment.
    """

    id: int
    source: int
    anchor: str
    dn: str
    hold: str
    desired: BitMap
    """Its members that should be in the cloud themselves."""
    sure: BitMap
    possible: BitMap
    derived: BitMap
    """Members that are leaving the cloud themselves, and whose value nobody took out of the group: their links go
    with them, never by themselves."""
    in_cloud: bool
    """The group itself is known to be in the cloud."""
    lost: BitMap = field(default_factory=BitMap)
    """Former members that may only have been moved while the directory was read; the next import tells."""
    found: BitMap = field(default_factory=BitMap)
    """Members that the cloud had when the tenant was adopted, and that the directory did not have."""
    drifted: BitMap = field(default_factory=BitMap)
    """Members of which the read-back showed something else than was known."""
