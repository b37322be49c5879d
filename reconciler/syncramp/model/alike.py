"""What two long rows of numbers have in common at both ends, where little was changed in between."""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array


def ends(one: array[int], other: array[int]) -> tuple[int, int]:
    """With how many numbers both begin, and with how many others both end: slices are compared, not numbers."""
    shorter = min(len(one), len(other))
    first = _begin(one, other, shorter)
    return first, _begin(one[::-1], other[::-1], shorter - first)


def _begin(one: array[int], other: array[int], most: int) -> int:
    same, step = 0, most
    while step:
        if same + step <= most and one[same : same + step] == other[same : same + step]:
            same += step
        else:
            step //= 2
    return same
