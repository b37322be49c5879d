"""Why a group of the cloud is in Active Directory as it is, or is not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncramp.model.approvals import Approval, Proposal
from syncramp.model.plan import MembershipChange, ObjectChange
from syncramp.model.ramp_reports import RampTold
from syncramp.model.values import Value


@dataclass(frozen=True, slots=True)
class WrittenAttribute:
    """One attribute of a group in the directory."""

    name: str
    desired: Value | None
    there: Value | None
    """What the directory is known to hold."""
    of: str = ""
    """What it is made of, in words."""


@dataclass(frozen=True, slots=True)
class WrittenGroup:
    """What is known of a group as the directory has it, or will."""

    dn: str
    present: bool
    """It is known to be there."""
    held: tuple[str, str] | None = None
    """The hold that keeps the group from growing as a whole, and why."""
    attributes: tuple[WrittenAttribute, ...] = ()
    desired: int = 0
    """Members that it should have there."""
    sure: int = 0
    possible: int = 0
    drifted: int = 0
    """Members that somebody put in or took out there."""
    names: tuple[str, ...] = ()
    """DNs of the first of those that it should have, or of all; of one that is to be deleted, of those it has."""
    ramp: RampTold | None = None
    change: ObjectChange | None = None
    """What a run would do with the group, as far as the ledger knows."""
    links: MembershipChange | None = None
    approvals: tuple[Approval, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    noted: tuple[str, ...] = ()
    """What the last run told of it by name: what was refused, and what somebody did to it."""


@dataclass(frozen=True, slots=True)
class WrittenTold:
    """Everything that is known of one group of the cloud."""

    object_id: str
    name: str
    """Its display name; empty: it has none."""
    state: str
    """``CloudState``."""
    since: float
    """When it was first seen in this state, in seconds since the epoch."""
    refused: str
    """Why it is not written, as a clause; empty when it is."""
    members: int | None
    """In the cloud; None: nobody ever told them."""
    unwritable: Mapping[str, int] = field(default_factory=dict)
    """Why members cannot be in the directory (``Unwritable``) -> how many."""
    there: WrittenGroup | None = None
    """None: no run has judged it for the directory yet."""

    @property
    def waits(self) -> bool:
        """Something of it is pending."""
        return self.there is not None and bool(self.there.change or self.there.links)
