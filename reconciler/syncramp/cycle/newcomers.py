"""Creates as items of batches: nearly all of a first sync are plain, and go a short way.

A plain create (``plan.creates``) of which nothing was ever sent needs no state and no change to be made of it, and
its intent no look at what was before. Every other one, and whoever refers to somebody that cannot be named yet, goes
the way of all changes. Both come to the same.
"""

from collections.abc import Callable, Iterator

from pyroaring import BitMap

from syncramp.cycle.batches import new_item
from syncramp.cycle.visibility import Visibility
from syncramp.model.circumstances import Circumstances
from syncramp.model.state import ObjectState
from syncramp.plan.creates import PlainCreates
from syncramp.store.intents import Item
from syncramp.store.referring import Referring
from syncramp.store.snapshot import PAGE, Snapshot


class Newcomers:
    """The creates of one export.

    :param other: what is sent of one that is not plain.
    """

    def __init__(
        self,
        around: Circumstances,
        snapshot: Snapshot,
        visibility: Visibility,
        other: Callable[[ObjectState], Item | None],
    ) -> None:
        self._plain = PlainCreates(around)
        self._snapshot = snapshot
        self._visible = visibility.now_visible
        self._other = other

    def items(self, ids: BitMap, referring: Referring) -> Iterator[Item | None]:
        """What is sent of these now, in ascending order of ids; None of whom nothing is.

        :param referring: whom they refer to.
        """
        numbers = ids.to_array()
        for start in range(0, len(numbers), PAGE):
            page = BitMap(numbers[start : start + PAGE])
            waits = referring.without(self._visible(), page.min(), page.max())  # they cannot be named at this moment
            short = {item.id: item for item in self._short(page - waits)}
            states = {state.id: state for state in self._snapshot.states(page - BitMap(short))}
            for one in page:
                if one in short:
                    yield short[one]
                elif one in states:  # looked at in its turn: whom it refers to may have come in a call before
                    yield self._other(states[one])

    def _short(self, ids: BitMap) -> Iterator[Item]:
        plain = self._plain
        if not plain.some:
            return
        for each in self._snapshot.newcomers((ids - plain.special).to_array()):
            if each.anchor not in plain.foreign:
                yield new_item(*each)
