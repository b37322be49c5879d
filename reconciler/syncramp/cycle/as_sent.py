"""Objects of a read-back that are as they were sent, which nearly all are: they are recognised by a digest.

The narrow row of an object has the digest of what the service acknowledged. So what a page shows of the attributes
that were sent is packed as that was, and digested: where the digest is the same, every value is, with its type.
Neither is the wide row read then, nor anything unpacked or compared. Which attributes were sent is a guess, learned
for each set of columns from objects that were compared one by one; a wrong guess gives another digest. Whoever has
another one, and whoever has anything about him that is not as usual, is compared one by one.
"""

from collections.abc import Collection, Sequence
from operator import itemgetter

from syncramp.cycle.shown import AUTHORITY, OF_A_PART
from syncramp.model.cells import ABSENT, Cells, Columns, Take, small_letters
from syncramp.model.packing import digest, pack_ordered
from syncramp.model.wire import Operation, SyncObject
from syncramp.store.observations import KnownRow


class AsSent:
    """What one read-back has learned of objects that are as they were sent."""

    def __init__(self) -> None:
        self._sent: dict[Columns, _Sent | None] = {}

    def heads(self, objects: Sequence[SyncObject]) -> "list[Head | None]":
        """Heads of objects; None: an object is to be compared one by one."""
        return [
            sent.head(values)
            if type(values := obj.values) is Cells
            and obj.operation is not Operation.DELETE
            and (sent := self._of(values.columns)) is not None
            else None
            for obj in objects
        ]

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


def recognised(head: "Head", row: KnownRow) -> bool:
    """An object is the one that is known by its row, and nothing of it differs from what was acknowledged."""
    _, cloud, sent, values = head
    _, _, acked, doubt, managed, told, _, _ = row
    if acked is None or doubt or managed is not None or (told != cloud and told and cloud):
        return False
    return sent.digest_of(values) == acked


class _Sent:
    """What was sent of objects that have the same columns, as far as it is known.

    :param columns: with names in small letters.
    """

    def __init__(self, columns: Columns) -> None:
        self._places = places = columns.places
        authority = [places[name] for name in AUTHORITY if name in places]
        self._head: Take = itemgetter(places["sourceanchor"], places["cloudanchor"], *authority)
        self._nobody = (False,) * len(authority)
        self._names: tuple[str, ...] = ()
        """In their order; none of them is an anchor."""
        self._take: Take | None = None
        """Gives their cells; None: there are fewer than two."""

    def head(self, values: Cells) -> "Head | None":
        """None: it has no source anchor, or the cloud may have the authority over it."""
        found = values.picked(self._head)
        anchor, cloud = found[0], found[1]
        if type(anchor) is not str or not anchor or type(cloud) is not str:
            return None
        told = found[2:]
        if told != self._nobody and not all(each is False or each == ABSENT for each in told):
            return None
        return anchor, cloud, self, values

    def digest_of(self, values: Cells) -> bytes:
        """Of what is shown of what was sent; empty where that is nothing: it may be a further part of a group."""
        if self._take is None:
            return b""
        cells = values.picked(self._take)
        there = dict(zip(self._names, cells, strict=True))
        if ABSENT in cells:
            there = {name: cell for name, cell in there.items() if cell != ABSENT}
        return digest(pack_ordered(there)) if there else b""

    def learn(self, shown: Cells, acked: Collection[str]) -> None:
        """What is shown and was not sent is the service's own; whoever was sent it, is compared one by one then."""
        if tuple(acked) == self._names:
            return
        kept = [name for name in self._names if name in acked or small_letters[name] not in shown]
        names = tuple(sorted({*kept, *(name for name in acked if small_letters[name] in self._places)}))
        if names != self._names and not OF_A_PART.intersection(map(small_letters.__getitem__, names)):
            places = [self._places[small_letters[name]] for name in names]
            self._names, self._take = names, itemgetter(*places) if len(places) > 1 else None


Head = tuple[str, str, _Sent, Cells]
"""Of an object that may be recognised: source anchor, cloud anchor or an empty text, and what it is recognised by."""
