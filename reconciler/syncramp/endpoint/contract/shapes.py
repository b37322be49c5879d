"""Objects taken whole: what was learned of their tags becomes one regular expression, and one match reads an object.

Nearly all objects of a page have the same attributes in the same order, and between their values the same bytes. A
text ends at the first end of an element behind it, and that its length is the one in front of it is looked at: so the
match has found what reading record by record would have found. An object with anything else in it (members, a long
text, a value in another form) is read pair by pair.

What was learned is kept from message to message, where the same prefixes are in force: there the same bytes are the
same tags.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from threading import Lock
from typing import Final

from syncramp.endpoint.contract.alike import MOST, Pair, Taker
from syncramp.endpoint.contract.forms import LONGEST, form_of
from syncramp.endpoint.contract.tags import END, Head
from syncramp.endpoint.nbfx.node import Scope
from syncramp.model.cells import ABSENT, Cells, Columns
from syncramp.model.wire import Alike, Operation, SyncObject, WireValue

AFTER: Final = 16
"""Objects that are read pair by pair before what is new in them becomes an expression; to make one takes as long as
to read a hundred."""
PAIRS: Final = 100
TAILS: Final = 32
"""What is learned: pairs, and ends of objects. Whoever writes more than that does not write the same again and again,
and nothing is to grow with what a peer sends; so it is with the bytes of one of them (``LONGEST``)."""
KINDS: Final = 16
"""Selections of pairs for which an expression of their own is kept."""


class Shape:
    """How objects are written where the same prefixes are in force, as far as it was seen."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self._pairs: list[_Pair] = []
        self._known: set[bytes] = set()
        self._tails: dict[bytes, tuple[str, Operation]] = {}
        self._whole: _Whole | None = None
        self._news = False
        self._singly = 0
        self._taker: Taker | None = None
        """What takes those that are like the last ones."""
        self._learning = Lock()
        """Threads that read messages at the same time share what is known."""

    def take_alike(self, data: bytes, at: int) -> tuple[Alike | None, int]:
        """The objects that begin here and have the same pairs as those before, and the offset behind them."""
        if (taker := self._taker) is None:  # another thread may let go of it meanwhile
            return None, at
        found = None
        try:
            found, at = taker.take(data, at)
        except ValueError:
            if self._whole:
                self._whole.give_up(taker)
        if not found or (len(found.block) < MOST and data[at] != END):
            self._taker = None  # until two of the same come again
        return found, at

    def take(self, data: bytes, at: int) -> tuple[SyncObject, int] | None:
        """The object that begins here, and the offset behind it; None: it is to be read pair by pair."""
        if self._singly >= AFTER and self._news:
            self._whole = _Whole(self._start, tuple(self._pairs), dict(self._tails))
            self._news, self._singly = False, 0
        found = None
        if self._whole:
            with suppress(ValueError):  # what it is then, is found out pair by pair
                found = self._whole.take(data, at)
            self._taker = self._whole.taker if found else None
        self._singly += found is None
        return found

    def learn(self, data: bytes, pairs: Sequence[tuple[Head, int]], tail: tuple[bytes, str, Operation]) -> None:
        """Take in an object that was read pair by pair.

        :param pairs: their heads, and the offsets of what stands behind those.
        """
        with self._learning:
            self._learn(data, pairs, tail)

    def _learn(self, data: bytes, pairs: Sequence[tuple[Head, int]], tail: tuple[bytes, str, Operation]) -> None:
        news = [_Pair(head, data, at) for head, at in pairs if head.raw not in self._known]
        raw, kind, operation = tail
        whole = all(pair.form for pair in news) and len(raw) <= LONGEST
        if not whole or len(self._pairs) + len(news) > PAIRS or len(self._tails) == TAILS:
            return
        fresh, place = iter(news), 0
        for head, _ in pairs if news else ():
            if head.raw in self._known:
                place = next(i for i, pair in enumerate(self._pairs) if pair.raw == head.raw) + 1
            else:
                self._pairs.insert(place, next(fresh))
                self._known.add(head.raw)
                place += 1
        self._news = self._news or bool(news) or raw not in self._tails
        self._tails[raw] = kind, operation


@lru_cache(maxsize=16)
def shape_of(prefixes: frozenset[tuple[str, str]], start: bytes) -> Shape:
    """What is known of objects that begin with these bytes where these prefixes are in force."""
    return Shape(start)


def shape_at(scope: Scope, start: bytes) -> Shape:
    """What is known of objects that begin so in a list with this scope."""
    prefixes = scope.prefixes()
    if len(start) + sum(map(len, (*prefixes, *prefixes.values()))) > LONGEST:
        return Shape(start)
    return shape_of(frozenset(prefixes.items()), start)


class _Pair:
    """A pair as a part of an expression."""

    __slots__ = ("form", "key", "raw", "read", "whole")

    def __init__(self, head: Head, data: bytes, at: int) -> None:
        self.raw, self.key = head.raw, head.key
        self.form, self.read = form_of(head, data, at)
        """Of its content; empty where there is none."""
        self.whole = (b"()%s" if self.read else b"\x99(.)%s") % self.form
        """With a group for the length of a text."""


_Made = tuple[bytes, bytes]
"""Which pairs an object has, and how it ends."""


class _Whole:
    """The expression of an object with all pairs that were seen, each of which may be missing."""

    def __init__(self, start: bytes, pairs: Sequence[_Pair], tails: dict[bytes, tuple[str, Operation]]) -> None:
        forms = [b"(?:%s%s\x01)?" % (re.escape(pair.raw), pair.whole) for pair in pairs]
        tail = b"\x01(%s)" % b"|".join(map(re.escape, tails))
        self._match = re.compile(b"".join((re.escape(start), *forms, tail)), re.DOTALL).match
        self._keys, self._tails = [pair.key for pair in pairs], tails
        self._columns = Columns(self._keys) if len(set(self._keys)) == len(pairs) else None
        """None: there is a key in several forms."""
        self._others = [(place, pair.read) for place, pair in enumerate(pairs) if pair.read]
        self._start, self._pairs = start, pairs
        self._before: _Made = b"", b""
        """What the object before was made of."""
        self._often: dict[_Made, int] = {}
        """How often there were two in turn of the same."""
        self._known: dict[_Made, Taker | None] = {}
        """What takes those that are made so; None: they are not what they seem to be."""
        self.taker: Taker | None = None
        """What takes objects like the last two."""

    def take(self, data: bytes, at: int) -> tuple[SyncObject, int] | None:
        """See :meth:`Shape.take`.

        :raises ValueError: a value is not what it was taken for.
        """
        found = self._match(data, at)
        if found is None:
            return None
        *groups, tail = found.groups(b"")
        lengths, raws = groups[::2], groups[1::2]
        there = bytes(map(bool, raws))
        others = []
        for place, read in self._others:
            if raw := raws[place]:
                others.append((place, read(raw)))
                raws[place] = b""
        if b"".join(lengths) != bytes(map(len, filter(None, raws))):
            return None  # an empty text, or one with the end of an element in it
        values = self._values(raws, others)
        if values is None:
            return None
        self._look_back((there, tail))
        kind, operation = self._tails[tail]
        return SyncObject(kind, operation, values), found.end()

    def _look_back(self, made: "_Made") -> None:
        """Note what an object was made of, and get ready for more of those that come in turn."""
        again, self._before = made == self._before, made
        if again and made not in self._known and self._columns and any(made[0]):
            times = self._often[made] = self._often.get(made, 0) + 1
            if times >= AFTER and len(self._known) < KINDS:
                self._known[made] = self._taking(*made, self._columns)
            elif len(self._often) > PAIRS:
                self._often.clear()
        self.taker = self._known.get(made) if again else None

    def _taking(self, there: bytes, tail: bytes, columns: Columns) -> Taker:
        pairs = [Pair(i, pair.raw, pair.form, pair.read) for i, pair in enumerate(self._pairs) if there[i]]
        return Taker(self._start, pairs, columns, tail, self._tails[tail])

    def give_up(self, taker: Taker) -> None:
        """What seemed to be like the others is not."""
        self._known.update(dict.fromkeys([made for made, one in list(self._known.items()) if one is taker]))

    def _values(self, raws: list[bytes], others: Sequence[tuple[int, WireValue]]) -> Mapping[str, WireValue] | None:
        """The values in their order; None: a key stands there in two forms.

        :param raws: texts by the places of their pairs; empty: there is no such text.
        :param others: values that are no texts, with their places.
        """
        cells: list[WireValue] = list(map(bytes.decode, raws))
        for place, value in others:
            cells[place] = value
        if self._columns:
            return Cells(self._columns, cells)
        there = [(key, cell) for key, cell in zip(self._keys, cells, strict=True) if cell != ABSENT]
        values = dict(there)
        return values if len(values) == len(there) else None
