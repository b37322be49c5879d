"""What the cloud shows otherwise than it was known to be."""

from dataclasses import dataclass
from enum import StrEnum

from syncramp.model.values import Value


class Drift(StrEnum):
    """What somebody else did, as a read-back showed it."""

    GONE = "Gone"
    """An object of ours was deleted in the cloud."""
    NOT_SHOWN = "NotShown"
    """A read-back of everything does not show an object of ours that an earlier one showed."""
    ANEW = "Anew"
    """Another object than before has the source anchor."""
    ANCHOR = "AnchorChanged"
    """An object of ours has another source anchor."""
    LINKS_LOST = "LinksLost"
    """Members were taken out of a group in the cloud."""
    LINKS_ADDED = "LinksAdded"
    """Members were put into a group in the cloud."""
    AUTHORITY = "CloudManaged"
    """The source of authority of an object was moved to the cloud."""
    DIFFERENT = "Different"
    """An attribute has another value, and nothing that the service is known to do explains it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute of an object of ours that the cloud shows otherwise than it was sent."""

    attribute: str
    known: bool
    """The service is known to write such values otherwise."""
    shown: Value | None
