"""Anchors of a plan's links: each is read and digested once, and 16 bytes are kept of each object.

A plan of a first run has several links for each object. They are told by the sum of their members' digests, and where
they wait for a person each has a mark of its own; for both, the digest stands for the anchor.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from struct import Struct

from pyroaring import BitMap

from syncramp.plan.marks import anchor_digest

_HALVES = Struct(">QQ")
Anchors = Callable[[BitMap], Iterable[str]]


class AnchorTable:
    """Digests of anchors, by id.

    :param anchors: the anchors of a set of ids, in ascending order of the ids.
    """

    def __init__(self, anchors: Anchors) -> None:
        self._anchors = anchors
        self._known = BitMap()
        self._high, self._low = array("Q"), array("Q")

    def sum(self, ids: BitMap) -> int:
        """The sum of the digests of some objects, modulo 2^128."""
        high, low = self._halves(ids)
        return ((sum(high) << 64) + sum(low)) % (1 << 128)

    def digests(self, ids: BitMap) -> Iterator[bytes]:
        """The digests of some objects, in ascending order of their ids."""
        return map(_HALVES.pack, *self._halves(ids))

    def _halves(self, ids: BitMap) -> tuple[Iterator[int], Iterator[int]]:
        if new := ids - self._known:
            self.learn_all(new.to_array(), list(self._anchors(new)))
        several = ids.to_array()
        return map(self._high.__getitem__, several), map(self._low.__getitem__, several)

    def learn(self, identity: int, anchor: str) -> None:
        """One of whom the anchor is known need not be asked for."""
        self.learn_all([identity], [anchor])

    def learn_all(self, ids: Sequence[int], anchors: Sequence[str]) -> None:
        """The same of several.

        :param anchors: in the order of the ids.
        """
        if (last := max(ids, default=-1)) >= len(self._high):
            room = bytes(8 * (last + 1))  # as much again, so that it does not grow with each
            self._high.frombytes(room)
            self._low.frombytes(room)
        halves = array("Q", b"".join(map(anchor_digest, anchors)))
        if sys.byteorder == "little":
            halves.byteswap()
        for identity, high, low in zip(ids, halves[::2], halves[1::2], strict=True):
            self._high[identity] = high
            self._low[identity] = low
        self._known.update(ids)
