"""Objects that follow each other and have the same pairs, taken by columns: a page at once, not each by itself.

An expression steps over what stands between the values, whose length is known, and finds the values of one object
after the other. It looks only at the byte that ends a pair: no value goes on beyond it, so there is one way at most
to read an object, and what is no such object is given up in one pass. What was stepped over is looked at for all of
them together: the bytes that they should consist of, put together again, are those that are there. So nothing is
found that reading record by record would not find.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, Final, NamedTuple

from syncramp.endpoint.nbfx.runs import TEXT
from syncramp.model.blocks import Block, Texts
from syncramp.model.cells import Columns
from syncramp.model.wire import Alike, Operation, WireValue

MOST: Final = 256
"""Objects that are looked at together."""
_END: Final = b"\x01"


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


class Taker:
    """Takes objects that have these pairs.

    :param start: how each of them begins.
    :param pairs: in their order, one at least.
    :param tail: how they end, behind their pairs.
    :param told: their kind and their operation, which that says.
    """

    def __init__(
        self, start: bytes, pairs: Sequence[Pair], columns: Columns, tail: bytes, told: tuple[str, Operation]
    ) -> None:
        self._columns, self._pairs, self._told = columns, pairs, told
        self._tail = _END + _END + tail
        heads = [one + pair.raw for one, pair in zip([start, *repeat(_END, len(pairs) - 1)], pairs, strict=True)]
        self._befores = [
            _text_heads(head) if pair.read is None else head for head, pair in zip(heads, pairs, strict=True)
        ]
        """What stands in front of a value: of a text, by its length."""
        sizes = [len(head) + 2 * (pair.read is None) for head, pair in zip(heads, pairs, strict=True)]
        parts = [b".{%d}%s" % (sizes[0], pairs[0].form)]
        parts += [b"\\x01.{%d}%s" % (size - 1, pair.form) for size, pair in zip(sizes[1:], pairs[1:], strict=True)]
        expression: Any = re.compile(b"".join((*parts, re.escape(self._tail))), re.DOTALL)
        self._scanner = expression.scanner
        """Finds one object behind the other; the standard library has no words for it."""

    def take(self, data: bytes, at: int) -> tuple[Alike | None, int]:
        """Objects that begin here, as many as there are, and the offset behind them; None: there are none.

        :raises ValueError: they are not what they seemed to be, or a value is not what it was taken for.
        """
        match = self._scanner(data, at).match
        rows: list[tuple[bytes, ...]] = []
        end = at
        while len(rows) < MOST and (found := match()):
            rows.append(found.groups())
            end = found.end()
        if not rows:
            return None, at
        columns = list(zip(*rows, strict=True))
        sizes = [
            list(map(len, raws)) if pair.read is None else [] for pair, raws in zip(self._pairs, columns, strict=True)
        ]
        written = b"".join(map(b"".join, zip(*self._written(columns, sizes), strict=False)))
        if len(written) != end - at or not data.startswith(written, at):
            raise ValueError
        return Alike(*self._told, self._block(columns, sizes, len(rows))), end

    def _written(
        self, columns: Sequence[Sequence[bytes]], sizes: Sequence[Sequence[int]]
    ) -> Iterable[Iterable[bytes]]:
        """What stands in an object, by columns."""
        for before, raws, lengths in zip(self._befores, columns, sizes, strict=True):
            yield repeat(before) if isinstance(before, bytes) else map(before.__getitem__, lengths)
            yield raws
        yield repeat(self._tail)

    def _block(self, columns: Sequence[Sequence[bytes]], sizes: Sequence[Sequence[int]], count: int) -> Block:
        texts, others = dict[int, Texts](), dict[int, Sequence[WireValue]]()
        for pair, raws, lengths in zip(self._pairs, columns, sizes, strict=True):
            if pair.read is not None:
                others[pair.place] = list(map(pair.read, raws))
            else:
                texts[pair.place] = Texts(raws, lengths)
                if not (together := b"\x01".join(raws)).isascii():
                    together.decode()  # of what is recognised by its bytes no text is made later
        return Block(self._columns, texts, others, count)


def _text_heads(head: bytes) -> list[bytes]:
    """What stands before a text of so many bytes."""
    return [head + bytes((TEXT, size)) for size in range(256)]
