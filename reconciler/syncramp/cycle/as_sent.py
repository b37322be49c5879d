"""Objects of a read-back that are as they were sent, which nearly all are: they are recognised by a digest.

The narrow row of an object has the digest of what the service acknowledged. So what a page shows of the attributes
that were sent is packed as that was, and digested: where the digest is the same, every value is, with its type. Of
objects that are alike many are packed at once, their texts by the bytes that came. Neither is the wide row read then,
nor anything unpacked or compared. Which attributes were sent is a guess, learned for each set of columns from objects
that were compared one by one; a wrong guess gives another digest. Whoever has another one, and whoever has anything
about him that is not as usual, is compared one by one.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from operator import itemgetter

from syncramp.cycle.shown import AUTHORITY, OF_A_PART
from syncramp.model.blocks import Block
from syncramp.model.cells import ABSENT, Cells, Columns, Take, small_letters
from syncramp.model.packing import digest, pack_ordered
from syncramp.model.wire import Alike, Operation, SyncObject
from syncramp.store.observations import SentRow

Mark = tuple[str, str, bytes]
"""By which an object may be recognised: source anchor, cloud anchor or an empty text, and the digest of what is shown
of what was sent."""


class AsSent:
    """What one read-back has learned of objects that are as they were sent."""

    def __init__(self) -> None:
        self._sent: dict[Columns, _Sent | None] = {}

    def marks(self, parts: Iterable[SyncObject | Alike]) -> list[Mark | None]:
        """Marks of objects; None: one is to be compared with what is known of it."""
        found = list[Mark | None]()
        for part in parts:
            if isinstance(part, Alike):
                found += self._marks(part) or repeat(None, len(part.block))
            else:
                found.append(self._mark(part))
        return found

    def _marks(self, part: Alike) -> Sequence[Mark] | None:
        sent = self._of(part.block.columns) if part.operation is not Operation.DELETE else None
        return sent.marks(part.block) if sent else None

    def _mark(self, obj: SyncObject) -> Mark | None:
        values = obj.values
        if type(values) is not Cells or obj.operation is Operation.DELETE:
            return None
        sent = self._of(values.columns)
        return sent.mark(values) if sent else None

    def learn(self, shown: object, acked: Collection[str]) -> None:
        """An object that was compared is as it was sent.

        :param shown: its attributes by their names in small letters.
        :param acked: names of those that were sent.
        """
        if type(shown) is Cells and (sent := self._of(shown.columns)) is not None:
            sent.learn(shown, acked)

    def _of(self, columns: Columns) -> "_Sent | None":
        try:
            return self._sent[columns]
        except KeyError:
            small = columns.small
            found = None
            if small is not None and _usual(small):
                found = self._sent[small] if small in self._sent else _Sent(small)
                self._sent[small] = found
            self._sent[columns] = found
            return found


def _usual(columns: Columns) -> bool:
    """:param columns: with names in small letters."""
    return {"sourceanchor", "cloudanchor"} <= columns.places.keys() and "member" not in columns.places


def recognised(mark: Mark, row: SentRow) -> bool:
    """An object is the one that is known by its row, and nothing of it differs from what was acknowledged."""
    _, cloud, shown = mark
    _, acked, told, _ = row
    return shown == acked and (told == cloud or not (told and cloud))


class _Sent:
    """What was sent of objects that have the same columns, as far as it is known.

    :param columns: with names in small letters.
    """

    def __init__(self, columns: Columns) -> None:
        self._places = places = columns.places
        self._anchors = places["sourceanchor"], places["cloudanchor"]
        self._authority = [places[name] for name in AUTHORITY if name in places]
        self._head: Take = itemgetter(*self._anchors, *self._authority)
        self._named: list[tuple[str, int]] = []
        """Names in their order, and the places of their columns; none of them is an anchor."""
        self._take: Take | None = None
        """Gives their cells; None: there are fewer than two."""

    def marks(self, block: Block) -> Sequence[Mark] | None:
        """None: one of them has no source anchor, or the cloud may have the authority over it."""
        if self._take is None or not any(block.has(place) for _, place in self._named):
            return None
        if not all(map(block.is_text, self._anchors)):
            return None
        if not all(told is False or told == ABSENT for place in self._authority for told in block.values(place)):
            return None
        shown = [digest(packed) for packed in block.packed(self._named)]
        return list(zip(*map(block.values, self._anchors), shown, strict=True))

    def mark(self, values: Cells) -> Mark | None:
        """None: it has no source anchor, or the cloud may have the authority over it."""
        anchor, cloud, *told = values.picked(self._head)
        if type(anchor) is not str or not anchor or type(cloud) is not str or self._take is None:
            return None
        if not all(each is False or each == ABSENT for each in told):
            return None
        cells = zip(self._named, values.picked(self._take), strict=True)
        there = {name: cell for (name, _), cell in cells if cell != ABSENT}
        return (anchor, cloud, digest(pack_ordered(there))) if there else None

    def learn(self, shown: Cells, acked: Collection[str]) -> None:
        """What is shown and was not sent is the service's own; whoever was sent it, is compared one by one then."""
        known = [name for name, _ in self._named]
        if list(acked) == known:
            return
        kept = [name for name in known if name in acked or small_letters[name] not in shown]
        names = sorted({*kept, *(name for name in acked if small_letters[name] in self._places)})
        if names != known and not OF_A_PART.intersection(map(small_letters.__getitem__, names)):
            self._named = [(name, self._places[small_letters[name]]) for name in names]
            places = [place for _, place in self._named]
            self._take = itemgetter(*places) if len(places) > 1 else None
