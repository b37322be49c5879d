"""What guards count, and what they say."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from syncramp.model.wire import Company


class What(StrEnum):
    """What is counted over 24 hours."""

    DELETE = "Delete"
    CREATE = "Create"
    DISABLE = "Disable"
    SIGN_IN = "SignIn"
    """The change of an attribute that people sign in with."""
    CLEAR = "Clear"
    """An attribute that had a value and has none any more."""
    REMOVAL = "Removal"
    """Explicit removals of members of one group."""
    NESTING = "Nesting"
    """Groups that become members of another one."""
    ADMISSION = "Admission"
    """Links that a ramp admitted and that its budget counts; no guard asks for them."""


@dataclass(frozen=True, slots=True)
class Spend:
    """One thing that is counted; the store keeps the ids of what was sent of it."""

    what: What
    attribute: str = ""
    """Of sign-in changes and clears; of admissions the name of the ramp."""
    group: int = 0
    """Of removals, nestings and admissions the id of the group; the counted ids are its members."""
    approved: bool = False
    """A person approved it: it was looked at, and no guard counts it once it was sent."""


@dataclass(frozen=True, slots=True)
class Prevention:
    """The tenant's own prevention of accidental deletes, as it tells it.

    Microsoft Entra Connect reads it and stops an export with more deletes; the service itself is not known to.
    """

    kind: str | None = None
    count: int | None = None
    percentage: int | None = None

    @classmethod
    def of(cls, company: Company) -> Self:
        """What the tenant tells."""
        return cls(company.deletion_prevention, company.delete_threshold, company.delete_percentage)

    def limit(self, in_cloud: int) -> int | None:
        """How many deletes it lets go; None: it is off, or not known.

        :param in_cloud: how many objects a percentage is of.
        """
        if self.kind == "EnabledForPercentage" and self.percentage is not None:
            return in_cloud * self.percentage // 100
        return self.count if self.kind == "EnabledForCount" else None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one guard says of one plan."""

    guard: str
    field: str
    """The field with its limit; empty where there is none."""
    subject: str
    """Of what it counts: a kind, a source, a DN, an attribute; empty: of everything."""
    value: int
    limit: int | None
    """What is more than this is held; None: nothing is."""
    distance: int | None
    """How much more would go; negative: how much it is too much."""
    holds: str
    """The class of change that it holds (``model.holds.Class``); empty: it only tells."""
    hold: str
    """The hold by which, or what it tells of (``model.holds.Hold``); empty: a value that is kept back."""
    tripped: bool
    """It holds something, or tells of what is held."""
    sentence: str
