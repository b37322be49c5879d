"""Plain creates: new objects that go as they are, which is nearly all of a first plan.

Whether a create is one is seen at its narrow row and at sets that are made once for a plan; ``changes`` has the whole
truth, and of a plain create it says the same. A plan counts and digests them in blocks (``summary``).
"""

from collections.abc import Iterable, Iterator

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Class
from syncramp.model.plan import Change, ObjectChange, Verb
from syncramp.model.state import ObjectState, Origin

BLOCK = 500
"""Changes that are counted together; as many as a page of rows."""


class PlainCreates:
    """Which creates are plain under some circumstances."""

    def __init__(self, around: Circumstances) -> None:
        waits = around.adoption or around.never_read or around.manual or around.shut or around.share or around.taken
        self._some = not (waits or around.barriers.get(Class.CREATES) or around.approved.marks)
        self._special = BitMap.union(
            around.cloud_managed,
            around.under_way,
            around.unanchored,
            around.restoring,
            BitMap(around.matching),
            BitMap(around.unwritten),
            BitMap(around.ramps),
        )
        self._foreign = around.foreign
        self._origins = {Origin.CONTAINER, Origin.CLOUD}
        """A container is told by name, and what came back from the cloud may have been edited there."""

    def holds(self, state: ObjectState) -> bool:
        """The object is new, all of it goes, and nothing has to be told of it."""
        return bool(
            self._some
            and state.acked is None
            and state.desired
            and not (state.doubt or state.hold)
            and state.id not in self._special
            and state.anchor not in self._foreign
            and state.origin not in self._origins
        )

    def blocks(self, changes: Iterable[Change]) -> Iterator[tuple[list[ObjectChange], Change | None]]:
        """Changes in their order: plain creates that follow each other, and the change behind them."""
        block: list[ObjectChange] = []
        for change in changes:
            if isinstance(change, ObjectChange) and is_whole(change) and self.holds(change.state):
                block.append(change)
                if len(block) == BLOCK:
                    yield block, None
                    block = []
            else:
                yield block, change
                block = []
        yield block, None


def is_whole(change: ObjectChange) -> bool:
    """A create of which nothing waits."""
    return change.verb is Verb.CREATE and not change.parts and change.values is change.state.desired
