"""Creates as items of batches: nearly all of a first sync are plain, and go a short way.

A plain create (``plan.creates``) of which nothing was ever sent needs no change to be made for it, and its intent no
look at what was before. Every other one, and whoever refers to somebody that cannot be named yet, goes the way of all
changes. Both come to the same.
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
from syncramp.store.snapshot import Snapshot


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
        plain, other = self._plain.holds, self._other
        for page in self._snapshot.pages(ids):
            waits = referring.without(self._visible(), *page.span)  # they cannot be named at this moment
            for state in page.states():
                short = plain(state) and page.untouched(state.id) and state.id not in waits
                yield new_item(state) if short else other(state)
