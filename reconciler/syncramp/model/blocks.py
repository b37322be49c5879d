"""Objects of a page that follow each other and have the same pairs: their values by columns, texts as they came.

Nearly all of them are as they were sent, and are recognised by what is packed of them. A text is packed by its bytes
behind a head that says how many they are, and so it came: a text is made only of what is looked at one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

from syncramp.model.cells import ABSENT, Cells, Columns
from syncramp.model.packing import map_head, pack_value, packed_value, text_heads

_heads = lru_cache(maxsize=128)(text_heads)
"""Of a name that is sent."""


class Texts(NamedTuple):
    """The texts of a column: UTF-8, and of how many bytes each of them is, from 1 to 255."""

    raws: Sequence[bytes]
    sizes: Sequence[int]


class Block:
    """Some objects.

    :param columns: theirs; of these each has the same ones.
    :param texts: place of a column -> its texts.
    :param others: place of a column -> values that are no texts.
    """

    __slots__ = ("_count", "_others", "_texts", "columns")

    def __init__(
        self,
        columns: Columns,
        texts: Mapping[int, Texts],
        others: Mapping[int, Sequence[Any]],
        count: int,
    ) -> None:
        self.columns, self._texts, self._others, self._count = columns, texts, others, count

    def __len__(self) -> int:
        return self._count

    def values(self, place: int) -> Sequence[Any]:
        """The values of a column; :data:`ABSENT` where it is not there."""
        if place in self._texts:
            return b"\x01".join(self._texts[place].raws).decode().split("\x01")
        return self._others.get(place) or [ABSENT] * self._count

    def has(self, place: int) -> bool:
        """A column is there."""
        return place in self._texts or place in self._others

    def is_text(self, place: int) -> bool:
        """The values of a column are texts."""
        return place in self._texts

    def cells(self) -> list[Cells]:
        """What each of them holds."""
        values = map(self.values, range(len(self.columns.names)))
        return [Cells(self.columns, row) for row in zip(*values, strict=True)]

    def packed(self, named: Iterable[tuple[str, int]]) -> list[bytes]:
        """Each of them packed, as :func:`~syncramp.model.packing.pack_ordered` packs some of its values.

        :param named: under which names, in their order, and the places of their columns; what is not there is left
            out.
        """
        pieces: list[Iterable[bytes]] = []
        for name, place in named:
            if (texts := self._texts.get(place)) is not None:
                pieces += map(_heads(name).__getitem__, texts.sizes), texts.raws
            elif (values := self._others.get(place)) is not None:
                pieces += repeat(packed_value(name)), map(pack_value, values)
        head = repeat(map_head(len(pieces) // 2), self._count)
        return list(map(b"".join, zip(head, *pieces, strict=False)))
