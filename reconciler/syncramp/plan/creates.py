"""Plain creates: new objects that go as they are, which is nearly all of a first plan.

Whether a create is one is seen at a few of its columns and at sets that are made once for a plan; ``changes`` has
the whole truth, and of a plain create it says the same. A plan counts and digests them by columns (``summary``), and
makes an object of one only to show it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Class
from syncramp.model.packing import NOTHING
from syncramp.model.plan import ObjectChange, Verb
from syncramp.model.state import TOLD_APART, ObjectState


class Page(Protocol):
    """Some objects that differ, in the order of their anchors."""

    @property
    def heads(self) -> Sequence[Any]:
        """Of each id, kind, anchor, digest of what is wanted, origin, and 1 if it is new: something is wanted, and
        nothing in the cloud, in doubt or held.
        """

    def state(self, place: int) -> ObjectState:
        """One of the objects."""


@dataclass(frozen=True, slots=True)
class Creates:
    """Plain creates that follow each other, by columns."""

    ids: Sequence[int]
    kinds: Sequence[str]
    anchors: Sequence[str]
    digests: Sequence[bytes]
    """Of their values."""
    origins: Sequence[int]
    change: Callable[[int], ObjectChange]
    """The one at a place, as a change."""


class PlainCreates:
    """Which creates are plain under some circumstances."""

    def __init__(self, around: Circumstances) -> None:
        """Also for whoever asks the store for them: ``some``, ``special`` and ``foreign`` are all that it has not."""
        waits = around.adoption or around.never_read or around.manual or around.shut or around.share or around.taken
        self.some = not (waits or around.barriers.get(Class.CREATES) or around.approved.marks)
        self.special = BitMap.union(
            around.cloud_managed,
            around.under_way,
            around.unanchored,
            around.restoring,
            BitMap(around.matching),
            BitMap(around.unwritten),
            BitMap(around.ramps),
        )
        self.foreign = around.foreign

    def holds(self, state: ObjectState) -> bool:
        """The object is new, all of it goes, and nothing has to be told of it."""
        return bool(
            self.some
            and state.acked is None
            and state.desired
            and not (state.doubt or state.hold)
            and state.id not in self.special
            and state.anchor not in self.foreign
            and state.origin not in TOLD_APART
        )

    def runs(self, page: Page) -> Iterator[Creates | ObjectState]:
        """The objects of a page in their order: plain creates that follow each other, and every other object."""
        rows = page.heads
        for are_plain, group in groupby(range(len(rows)), self._plain(rows).__getitem__):
            places = list(group)
            if are_plain:
                yield _creates(page, places[0], rows[places[0] : places[-1] + 1])
            else:
                yield from map(page.state, places)

    def _plain(self, rows: Sequence[Any]) -> Sequence[bool]:
        """Which rows are plain creates; nearly always all are, or none."""
        if not self.some:
            return [False] * len(rows)
        ids, _, anchors, digests, origins, new = zip(*rows, strict=True)
        if all(new) and NOTHING not in digests and self._usual(ids, anchors, origins):
            return [True] * len(rows)
        return list(map(self._is_plain, rows))

    def _is_plain(self, row: Any) -> bool:
        identity, _, anchor, digest, origin, new = row
        return bool(new) and digest != NOTHING and self._usual((identity,), (anchor or "",), (origin,))

    def _usual(self, ids: Sequence[int], anchors: Sequence[str], origins: Sequence[int]) -> bool:
        return (
            self.special.isdisjoint(BitMap(ids))
            and self.foreign.isdisjoint(anchors)
            and TOLD_APART.isdisjoint(origins)
        )


def _creates(page: Page, first: int, rows: Sequence[Any]) -> Creates:
    def change(place: int) -> ObjectChange:
        state = page.state(first + place)
        return ObjectChange(state, Verb.CREATE, state.desired or {})

    ids, kinds, anchors, digests, origins, _ = zip(*rows, strict=True)
    return Creates(ids, kinds, [anchor or "" for anchor in anchors], digests, origins, change)
