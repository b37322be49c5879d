"""Sizes of groups, and the limits at which something that reads them breaks."""

from dataclasses import dataclass

LIMITS = {
    1_500: "values that Active Directory answers at once: more are read in ranges",
    5_000: "members that Active Directory Web Services list, and from which Exchange Online restricts senders",
    50_000: "members of a group in Cloud Sync, and recommended for policies of Teams",
    100_000: "members of a distribution group in Exchange Online, and of a group with policies of Teams",
    250_000: "members of a group that the V2 endpoint takes",
}
"""Members -> whose limit that is (Microsoft's documentation of each)."""


@dataclass(frozen=True, slots=True)
class GroupSize:
    """One group."""

    dn: str
    wanted: int
    """Members that it should have in the cloud."""
    there: int
    """Members that the cloud surely has."""
    desired: bool = True
    """It should be in the cloud."""
    in_cloud: bool = True


@dataclass(frozen=True, slots=True)
class Bucket:
    """Groups with more members than the limit before, up to this one."""

    limit: int | None
    """None: more than every limit."""
    wanted: int = 0
    there: int = 0


@dataclass(frozen=True, slots=True)
class Histogram:
    """All groups by their size, and the largest of them."""

    buckets: tuple[Bucket, ...]
    largest: tuple[GroupSize, ...]
    near: int = 0
    """Groups that are near, or over, a limit which nobody notices who lets a group grow (``ramp.consumers``)."""
