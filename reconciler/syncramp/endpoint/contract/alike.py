"""Objects that follow each other and have the same pairs, taken by columns: a page at once, not each by itself.

An expression steps over what stands between the values, whose length is known, and finds the values of one object
after the other. It looks only at the byte that ends a pair: no value goes on beyond it, so there is one way at most
to read an object, and what is no such object is given up in one pass. What was stepped over is looked at for all of
them together: the bytes that they should consist of, put together again, are those that are there. So nothing is
found that reading record by record would not find.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Final, NamedTuple

from syncramp.endpoint.nbfx.runs import TEXT
from syncramp.model.cells import ABSENT, Cells, Columns
from syncramp.model.wire import Operation, SyncObject, WireValue

MOST: Final = 256
"""Objects that are looked at together."""
_END: Final = b"\x01"
_LENGTHS: Final = [bytes((length,)) for length in range(256)]


class Pair(NamedTuple):
    """A pair that all of them have."""

    place: int
    """Of its key among all columns."""
    raw: bytes
    """What stands before its content."""
    form: bytes
    """Finds its content, in one group."""
    read: Callable[[bytes], WireValue] | None
    """Gives the value; None: it is a text."""


class Alike:
    """Takes objects that have these pairs.

    :param start: how each of them begins.
    :param pairs: in their order, one at least.
    :param tails: how they end, behind their pairs.
    """

    def __init__(
        self, start: bytes, pairs: Sequence[Pair], columns: Columns, tails: Mapping[bytes, tuple[str, Operation]]
    ) -> None:
        self._columns, self._pairs = columns, pairs
        self._tails = {_END + _END + tail: told for tail, told in tails.items()}
        befores = [start, *repeat(_END, len(pairs) - 1)]
        kinds = [b"" if pair.read else bytes((TEXT,)) for pair in pairs]
        self._heads = [one + pair.raw + kind for one, pair, kind in zip(befores, pairs, kinds, strict=True)]
        sizes = [len(head) + (pair.read is None) for head, pair in zip(self._heads, pairs, strict=True)]
        parts = [b".{%d}%s" % (sizes[0], pairs[0].form)]
        parts += [b"\\x01.{%d}%s" % (size - 1, pair.form) for size, pair in zip(sizes[1:], pairs[1:], strict=True)]
        ends = b"|".join(map(re.escape, self._tails))
        expression: Any = re.compile(b"%s(%s)" % (b"".join(parts), ends), re.DOTALL)
        self._scanner = expression.scanner
        """Finds one object behind the other; the standard library has no words for it."""

    def take(self, data: bytes, at: int) -> tuple[list[SyncObject], int] | None:
        """Objects that begin here, as many as there are, and the offset behind them; None: they are not what they
        seemed to be.

        :raises ValueError: a value is not what it was taken for.
        :raises IndexError: a text is longer than its record can say.
        """
        match = self._scanner(data, at).match
        rows: list[tuple[bytes, ...]] = []
        end = at
        while len(rows) < MOST and (found := match()):
            rows.append(found.groups())
            end = found.end()
        if not rows:
            return [], at
        *values, tails = zip(*rows, strict=True)
        if b"".join(chain.from_iterable(zip(*self._written(values), tails, strict=False))) != data[at:end]:
            return None
        cells: list[Iterable[WireValue]] = [repeat(ABSENT)] * len(self._columns.names)
        for pair, raws in zip(self._pairs, values, strict=True):
            read = pair.read
            cells[pair.place] = map(read, raws) if read else b"\x01".join(raws).decode().split("\x01")
        columns, known, shown = self._columns, self._tails, zip(*cells, strict=False)
        return [SyncObject(*known[tail], Cells(columns, row)) for tail, row in zip(tails, shown, strict=True)], end

    def _written(self, values: Sequence[Sequence[bytes]]) -> Iterable[Iterable[bytes]]:
        """What stands in an object up to the end of its last value, by columns."""
        for head, pair, raws in zip(self._heads, self._pairs, values, strict=True):
            yield repeat(head)
            if pair.read is None:
                yield map(_LENGTHS.__getitem__, map(len, raws))
            yield raws
