"""Members of groups of the cloud who cannot be members in the directory: a fact that is counted and told, no error.

A universal group holds accounts and groups of its own forest (Microsoft, "Active Directory security groups", group
scope); a foreign security principal is none of these.
"""

from collections.abc import Iterable, Mapping

from syncramp.model.cloud import Unwritable
from syncramp.words import count

WORDS: Mapping[Unwritable, str] = {
    Unwritable.CLOUD_ONLY: "in the cloud only",
    Unwritable.GUEST: "a guest",
    Unwritable.OTHER_FOREST: "of another forest",
    Unwritable.DOMAIN_LOCAL: "a domain-local group, which a universal group cannot hold",
    Unwritable.NOT_WRITTEN: "a group of the cloud that is not written back",
    Unwritable.DEVICE: "a device",
    Unwritable.GONE: "gone from the directory, or never read",
}
"""What such a member is, as a clause."""


def counted(reasons: Iterable[Unwritable]) -> dict[str, int]:
    """How many memberships have each reason, in the order of :class:`Unwritable`; without those that have none."""
    found = dict.fromkeys(Unwritable, 0)
    for reason in reasons:
        found[reason] += 1
    return {reason.value: number for reason, number in found.items() if number}


def told(counts: Mapping[str, int]) -> str:
    """``3 members cannot be written: 2 a guest, 1 a device``; empty where all can."""
    if not counts:
        return ""
    parts = ", ".join(f"{counts[reason]:,} {words}" for reason, words in WORDS.items() if counts.get(reason))
    return f"{count(sum(counts.values()), 'member')} cannot be written: {parts}"
