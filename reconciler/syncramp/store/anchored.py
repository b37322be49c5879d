"""The anchors of members: anchors by id, the other way round than ``identities``.

Each link of a call names its member by its source anchor. To ask for one takes 1.5 µs, members of a group have no ids
that follow each other, and most people are members of several groups. So anchors are asked for until that has cost as
much as to read all, and then all are read once: one text, and where in it each id has its own, 9 MB for 300,000
objects where a list of texts has 25. To cut an anchor out of it takes 0.1 µs.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, islice

from pyroaring import BitMap

from syncramp.store.database import Database

MOST = 1_000_000
"""Objects whose anchors are kept."""
RATIO = 3
"""Anchors that are read in the time in which one is asked for."""
FEW = 1_000
"""Anchors that are asked for before anybody counts the objects."""
PAGE = 1_000
"""Anchors that are asked for, or given, at once; a row is small."""

_SOME = "SELECT id, anchor FROM objects WHERE id IN ({})"
_ALL = "SELECT id, anchor FROM objects WHERE anchor IS NOT NULL ORDER BY id"


class Anchored:
    """Anchors by id, while no object gets another one: as long as a snapshot is looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all: tuple[str, array[int]] | None = None
        self._asked = 0

    def pages(self, ids: BitMap) -> Iterator[tuple[array[int], list[str]]]:
        """Objects and their anchors, in ascending order of ids; whoever is no object is left out."""
        numbers = ids.to_array()
        self._ask(len(numbers))
        for start in range(0, len(numbers), PAGE):
            page = numbers[start : start + PAGE]
            anchors = self._cut(page)
            if anchors is None:
                rows = sorted(self._database.among(_SOME, page), key=_first)
                page, anchors = array("I", [row[0] for row in rows]), [row[1] for row in rows]
            yield page, anchors

    def forget(self) -> None:
        """Nobody asks any more for now."""
        self._all = None
        self._asked = 0

    def _ask(self, asked: int) -> None:
        self._asked += asked
        if self._all is None and self._asked > FEW and self._objects <= min(MOST, self._asked * RATIO):
            self._all = self._read()

    def _cut(self, ids: array[int]) -> list[str] | None:
        """None where one of them has no anchor, or all are not kept."""
        if self._all is None or not ids or ids[-1] + 1 >= len(self._all[1]):
            return None
        text, starts = self._all
        anchors = [text[starts[one] : starts[one + 1]] for one in ids]
        return anchors if all(anchors) else None

    def _read(self) -> tuple[str, array[int]]:
        lengths = array("I", bytes(4 * (self._last + 1)))
        texts = []
        rows = self._database.stream(_ALL)
        while page := list(islice(rows, PAGE)):
            for identity, anchor in page:
                lengths[identity] = len(anchor)
            texts.append("".join([anchor for _, anchor in page]))
        return "".join(texts), array("I", accumulate(lengths, initial=0))

    @cached_property
    def _objects(self) -> int:
        return int(self._database.value("SELECT COUNT(*) FROM objects"))

    @property
    def _last(self) -> int:
        return int(self._database.value("SELECT MAX(id) FROM objects", default=0) or 0)


def _first(row: tuple[int, str]) -> int:
    return row[0]
