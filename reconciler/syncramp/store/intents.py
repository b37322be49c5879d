"""What a call is to do, object by object, and what was true of its objects when that was made durable."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from itertools import groupby
from operator import attrgetter

from pyroaring import BitMap

from syncramp.model.guards import Spend
from syncramp.model.rows import row
from syncramp.model.values import Attributes
from syncramp.model.wire import Outcome, SyncObject

_NO_LINKS = BitMap()
"""Of nearly all items; nobody changes the links of one."""


@row
class Item:
    """One object of a batch: what is sent, and what is true once it applied."""

    id: int
    object: SyncObject
    after: Attributes | None = None
    """Attributes the cloud holds once a create or an update applied; None for a delete or for links alone."""
    deletes: bool = False
    settles: bool = True
    """An object in doubt is so no more once this applied; False: something of it was not sent."""
    fresh: bool = False
    """It is all that is wanted of something of which nothing was ever sent, as the store says."""
    adds: BitMap = _NO_LINKS
    removes: BitMap = _NO_LINKS
    reverts: BitMap = _NO_LINKS
    """Of the removed links those that are taken out although they are desired: they do not return by themselves."""
    spends: Sequence[Spend] = ()
    """What guards count of the object."""
    link_spends: Sequence[tuple[Spend, BitMap]] = ()
    """What they count of its links, with the members it is counted of."""

    @property
    def links(self) -> int:
        """How many links it adds or removes."""
        return len(self.adds) + len(self.removes)


Told = Sequence[tuple[Item, Outcome]]
"""Items with what the service said of them."""


def with_links(items: Iterable[Item]) -> list[Item]:
    """Those of some items that add or remove any."""
    return [item for item in items if item.adds or item.removes]


@row
class Intent:
    """A batch whose intent is durable, and what was true of its objects before."""

    seq: int
    items: Sequence[Item]
    doubt: dict[int, tuple[int, str | None]]
    brackets: dict[int, tuple[BitMap, BitMap]]
    last_try: float
    """No try of the call begins after this moment (seconds since the epoch)."""
    losing: dict[int, BitMap]
    """Group -> links that a delete of this batch may take away (of its members, or all of its own)."""
    alike: dict[int, bytes | None]
    """Objects -> the digest of what is wanted, where nothing else is kept of what the cloud holds."""
    returning: BitMap
    """Objects that were deleted lately, and that this call creates again."""
    held: dict[int, str | None]
    """Objects that were in the cloud, with their cloud anchors as far as the service told them."""
    anew: BitMap = field(default_factory=BitMap)
    """Objects that another call, answered since, found gone and made: what this one did to their links may have gone
    with the old ones."""

    def repeated(self, item: Item) -> tuple[BitMap, BitMap]:
        """Links of an item that the cloud may have added, and removed, before this call."""
        sure, possible = self.brackets.get(item.id, (BitMap(), BitMap()))
        return item.adds & possible, item.removes - sure


def counted(items: Sequence[Item], linked: Sequence[Item]) -> Iterator[tuple[Spend, BitMap]]:
    """What guards count of a call: of objects that follow each other and count alike together."""
    for spends, alike in groupby(items, attrgetter("spends")):
        if spends:
            ids = BitMap([item.id for item in alike])
            yield from ((spend, ids) for spend in spends)
    for item in linked:
        yield from item.link_spends
