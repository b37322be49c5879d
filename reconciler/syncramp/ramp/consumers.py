"""Whose limits a group comes near: what reads groups breaks at sizes that nobody notices as one grows.

In the cloud these are large ones. What reads a directory breaks at smaller ones: programs that take the first range
of values for all of them, and Active Directory Web Services.

A warning begins at 80 % of a limit, so that a group that grows by some hundred members a week is told months before.
"""

from collections.abc import Iterator, Sequence

from syncramp.model.sizes import LIMITS
from syncramp.words import count

NEAR = 80
"""Percent of a limit from which a group is told."""
NOTED = 50_000
"""Limits from here on are those that a growing group breaks without anybody noticing; smaller ones are passed by
groups of every organisation.
"""
CONSUMERS = tuple(limit for limit in sorted(LIMITS) if limit >= NOTED)
"""The limits that are told of groups in the cloud."""
READERS = (1_500, 5_000)
"""The limits that are told of groups that are written to a directory."""


def is_near(size: int, limits: Sequence[int] = CONSUMERS) -> bool:
    """A group of so many members is told."""
    return size * 100 >= limits[0] * NEAR


def warning(size: int, limits: Sequence[int] = CONSUMERS) -> str:
    """The limits that a group is near, or over, with whose they are, the largest first; empty for most groups.

    :param size: members, as desired or there.
    :param limits: members, ascending.
    """
    told = "; ".join(_told(size, limits))
    return f"{count(size, 'member')}, {told}" if told.startswith("over") else told


def _told(size: int, limits: Sequence[int]) -> Iterator[str]:
    for limit in reversed(limits):
        if size > limit:
            yield f"over {limit:,} ({LIMITS[limit]})"
        elif size * 100 >= limit * NEAR:
            yield f"{size:,} of {limit:,} ({LIMITS[limit]})"
