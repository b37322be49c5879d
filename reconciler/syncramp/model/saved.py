"""What a state snapshot holds: who is ours in the tenant, and what cannot be read back from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class SavedObject(NamedTuple):
    """An object of the tenant that is ours, or may be."""

    anchor: str
    kind: str
    source: str
    """The name of the source of its entry."""
    guid: str
    """Of its entry, in hexadecimal digits."""
    dn: str


class SavedDelete(NamedTuple):
    """An object that was deleted, and the groups it comes back into when it is created again."""

    anchor: str
    groups: str
    """Their anchors, with spaces between them."""
    at: float
    """Seconds since the epoch."""


class SavedApproval(NamedTuple):
    """An approval that was not over."""

    digest: str
    part: str
    """The class of changes."""
    hold: str
    given: float
    until: float
    by: str
    changes: int
    links: int
    marks: str
    """64-bit marks in hexadecimal digits, as the store keeps them."""


class SavedRamp(NamedTuple):
    """How far a ramp was."""

    name: str
    state: str
    """``model.ramps.RampState`` as JSON."""


class SavedBound(NamedTuple):
    """A group that followed a ramp."""

    anchor: str
    ramp: str
    at: float
    policy: str
    """The digest of the policy it was bound under."""
    start: str
    """Roaring bitmap in hexadecimal digits: which of the objects of the snapshot, counted from 0, were its members
    when it began to follow the ramp."""
    filling: int


class SavedOrder(NamedTuple):
    """An annotation whose command was followed, or refused: it counts once."""

    command: str
    ramp: str
    token: str
    """Its text."""
    by: str
    at: float
    """Seconds since the epoch."""


Saved = SavedObject | SavedDelete | SavedApproval | SavedRamp | SavedBound | SavedOrder


@dataclass(frozen=True, slots=True)
class SavedHead:
    """What the snapshot is of."""

    identity: Mapping[str, str]
    """Tenant, cloud and source anchor."""
    run: int
    """The last run of the store."""
    ended: float | None
    """When that run ended (seconds since the epoch)."""
    adoption: Mapping[str, Any] | None = None
    """How the tenant was adopted and how far that went; None: it was proven empty."""


@dataclass(slots=True)
class Restored:
    """What of a snapshot was taken into a store."""

    ours: int = 0
    """Objects of the snapshot."""
    departed: int = 0
    """Those that are in the tenant and that no directory has any more: ordinary deletes from now on."""
    lost_sources: dict[str, int] = field(default_factory=dict)
    """Source that the document does not name -> objects that therefore stay with nobody."""
    groups: int = 0
    """Groups of ours whose members need no approval to leave."""
    deletes: int = 0
    approvals: int = 0
    unread: dict[str, int] = field(default_factory=dict)
    """Source that was not read completely -> objects that it does not show, and that may be there."""
    ramps: int = 0
    """Ramps that go on where they were."""
    followers: int = 0
    """Groups that follow a ramp, with the members they had at its start."""
