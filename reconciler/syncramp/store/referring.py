"""Whom objects refer to that are to be created: two columns of numbers, read once for an export.

Creates go in layers, and each page of them asks whether all whom it refers to can be named. Both look at references
of hundreds of thousands of objects and find something to tell of a few. Nobody writes references meanwhile.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain

from pyroaring import BitMap


class Referring:
    """Who refers to whom.

    :param rows: (object, target) of every reference, in ascending order of objects.
    :param ids: the objects that are asked for; rows of others are left out.
    """

    def __init__(self, rows: Iterable[tuple[int, int]], ids: BitMap) -> None:
        flat = array("I", chain.from_iterable(rows))
        if BitMap(flat[::2]) - ids:
            pairs = zip(flat[::2], flat[1::2], strict=True)
            flat = array("I", chain.from_iterable(pair for pair in pairs if pair[0] in ids))
        self._objects, self._targets = flat[::2], flat[1::2]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._objects, self._targets, strict=True)

    def without(self, named: BitMap, first: int, last: int) -> BitMap:
        """Those from one id to another who refer to somebody that is not among some."""
        part = slice(bisect_left(self._objects, first), bisect_right(self._objects, last))
        objects, targets = self._objects[part], self._targets[part]
        hidden = BitMap(targets) - named
        return BitMap([one for one, to in zip(objects, targets, strict=True) if to in hidden]) if hidden else BitMap()
