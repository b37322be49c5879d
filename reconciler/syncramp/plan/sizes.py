"""Groups counted by their size, as they should be and as they are in the cloud, between the limits of those who read
them.
"""

from bisect import bisect_left
from collections.abc import Iterable
from heapq import nlargest

from syncramp.model.sizes import LIMITS, Bucket, GroupSize, Histogram
from syncramp.ramp.consumers import is_near

LARGEST = 10
"""Groups that are named."""

_BORDERS = sorted(LIMITS)


def histogram(groups: Iterable[GroupSize]) -> Histogram:
    """The sizes of all groups; a group that is on one side only counts on that side."""
    wanted, there = [0] * (len(_BORDERS) + 1), [0] * (len(_BORDERS) + 1)
    near = 0

    def counted(group: GroupSize) -> int:
        nonlocal near
        wanted[bisect_left(_BORDERS, group.wanted)] += group.desired
        there[bisect_left(_BORDERS, group.there)] += group.in_cloud
        size = max(group.wanted, group.there)
        near += is_near(size)
        return size

    largest = nlargest(LARGEST, ((counted(group), group) for group in groups), key=lambda pair: pair[0])
    limits = (*_BORDERS, None)
    buckets = tuple(Bucket(*row) for row in zip(limits, wanted, there, strict=True))
    return Histogram(buckets, tuple(group for _, group in largest), near)
