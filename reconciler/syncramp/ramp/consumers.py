"""Whose limits a group comes near: what reads groups in the cloud breaks at sizes that nobody notices as one grows.

A warning begins at 80 % of a limit, so that a group that grows by some hundred members a week is told months before.
"""

from collections.abc import Iterator

from syncramp.model.sizes import LIMITS
from syncramp.words import count

NEAR = 80
"""Percent of a limit from which a group is told."""
NOTED = 50_000
"""Limits from here on are those that a growing group breaks without anybody noticing; smaller ones are passed by
groups of every organisation.
"""
CONSUMERS = tuple(limit for limit in sorted(LIMITS) if limit >= NOTED)
"""The limits that are told."""


def is_near(size: int) -> bool:
    """A group of so many members is told."""
    return size * 100 >= CONSUMERS[0] * NEAR


def warning(size: int) -> str:
    """The limits that a group is near, or over, with whose they are, the largest first; empty for most groups.

    :param size: members, as desired or in the cloud.
    """
    told = "; ".join(_told(size))
    return f"{count(size, 'member')}, {told}" if told.startswith("over") else told


def _told(size: int) -> Iterator[str]:
    for limit in reversed(CONSUMERS):
        if size > limit:
            yield f"over {limit:,} ({LIMITS[limit]})"
        elif size * 100 >= limit * NEAR:
            yield f"{size:,} of {limit:,} ({LIMITS[limit]})"
