"""Objects taken whole: what was learned of their tags becomes one regular expression, and one match reads an object.

Nearly all objects of a page have the same attributes in the same order, and between their values the same bytes. A
text ends at the first end of an element behind it, and that its length is the one in front of it is looked at: so the
match has found what reading record by record would have found. An object with anything else in it (members, a long
text, a value in another form) is read pair by pair.

What was learned is kept from message to message, where the same prefixes are in force: there the same bytes are the
same tags.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from threading import Lock
from typing import Final

from syncramp.endpoint.contract.alike import MOST, Alike, Pair
from syncramp.endpoint.contract.tags import Head
from syncramp.endpoint.nbfx.node import Scope
from syncramp.endpoint.nbfx.runs import TEXT
from syncramp.model.cells import ABSENT, Cells, Columns
from syncramp.model.wire import Operation, SyncObject, WireValue

AFTER: Final = 16
"""Objects that are read pair by pair before what is new in them becomes an expression; to make one takes as long as
to read a hundred."""
PAIRS: Final = 100
TAILS: Final = 32
LONGEST: Final = 1024
"""What is learned: pairs, ends of objects, and bytes of one of them. Whoever writes more than that does not write the
same again and again, and nothing is to grow with what a peer sends."""
KINDS: Final = 16
"""Selections of pairs for which an expression of their own is kept."""
_SHORT: Final = 64
"""Bytes of a binary value that is taken by its length; identifiers are shorter."""
_TEXT: Final = rb"([^\x01]+)"
"""Every value has one group, of what is read."""
_BOOLEAN: Final = rb"([\x85\x87])"
_NIL: Final = rb"(\x01)"
_INTEGER: Final = rb"(\x89.|\x8b..|\x8d.{4}|\x8f.{8})"
_STRINGS: Final = rb"([^\x01]*\x01)"
"""A list of texts that end their elements holds no end of its own, unless a text has the length one."""

Read = Callable[[bytes], WireValue]
"""Gives a value by the bytes of its group; a ValueError where they are no such value."""


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
        self._alike: Alike | None = None
        """What takes those that are like the last ones."""
        self._learning = Lock()
        """Threads that read messages at the same time share what is known."""

    def take_alike(self, data: bytes, at: int) -> tuple[list[SyncObject], int]:
        """The objects that begin here and have the same pairs as those before, and the offset behind them."""
        if self._alike is None:
            return [], at
        found = None
        with suppress(ValueError, IndexError):
            found = self._alike.take(data, at)
        if found is None and self._whole:
            self._whole.give_up(self._alike)
        if not found or len(found[0]) < MOST:
            self._alike = None  # until two of the same come again
        return found or ([], at)

    def take(self, data: bytes, at: int) -> tuple[SyncObject, int] | None:
        """The object that begins here, and the offset behind it; None: it is to be read pair by pair."""
        if self._singly >= AFTER and self._news:
            self._whole = _Whole(self._start, tuple(self._pairs), dict(self._tails))
            self._news, self._singly = False, 0
        found = None
        if self._whole:
            with suppress(ValueError):  # what it is then, is found out pair by pair
                found = self._whole.take(data, at)
            self._alike = self._whole.alike if found else None
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
        self.form, self.read = _form(head, data, at)
        """Of its content; empty where there is none."""
        self.whole = (b"()%s" if self.read else b"\x99(.)%s") % self.form
        """With a group for the length of a text."""


def _form(head: Head, data: bytes, at: int) -> tuple[bytes, Read | None]:
    """The expression of a content, and how to read what it finds; None: it is a text."""
    match head.kind if head.size <= LONGEST else "":
        case "text":
            return _TEXT, None
        case "boolean":
            return _BOOLEAN, {b"\x85": False, b"\x87": True}.__getitem__
        case "nil":
            return _NIL, {b"\x01": None}.__getitem__
        case "integer":
            return _INTEGER, _integer
        case "binary":
            return _binary(data, at)
        case "strings" if head.item and head.key.lower() != "member":
            return _STRINGS, _strings(head.item + bytes((TEXT,)))
    return b"", None


def _binary(data: bytes, at: int) -> tuple[bytes, Read | None]:
    """Bytes of one length: whole triples in one record, and what is left in a second one."""
    first, size = data[at], data[at + 1]
    rest = at + 2 + size
    if first == 0x9E and size <= _SHORT and data[rest] == 0x9F and data[rest + 1] <= 2:
        left = data[rest + 1]
        form = b"(%s.{%d}%s.{%d})" % (_plain(first, size), size, _plain(0x9F, left), left)
        return form, lambda raw: raw[2 : 2 + size] + raw[4 + size :]
    if first == 0x9F and size <= _SHORT:
        return b"(%s.{%d})" % (_plain(first, size), size), lambda raw: raw[2:]
    return b"", None


def _plain(*numbers: int) -> bytes:
    return re.escape(bytes(numbers))


def _integer(raw: bytes) -> int:
    return int.from_bytes(raw[1:], "little", signed=True)


def _strings(start: bytes) -> Read:
    def read(raw: bytes) -> WireValue:
        before, *items = raw[:-1].split(start)
        if before:
            raise ValueError
        for item in items:
            if not item or item[0] != len(item) - 1:
                raise ValueError
        return tuple([item[1:].decode() for item in items])

    return read


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
        self._before = b""
        """Which pairs the object before had."""
        self._often: dict[bytes, int] = {}
        """How often there were two in turn that had these."""
        self._known: dict[bytes, Alike | None] = {}
        """What takes those that have these; None: they are not what they seem to be."""
        self.alike: Alike | None = None
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
        self._look_back(there)
        kind, operation = self._tails[tail]
        return SyncObject(kind, operation, values), found.end()

    def _look_back(self, there: bytes) -> None:
        """Note which pairs an object had, and get ready for more of those that come in turn."""
        again, self._before = there == self._before, there
        if again and there not in self._known and self._columns and any(there):
            times = self._often[there] = self._often.get(there, 0) + 1
            if times >= AFTER and len(self._known) < KINDS:
                pairs = [Pair(i, pair.raw, pair.form, pair.read) for i, pair in enumerate(self._pairs) if there[i]]
                self._known[there] = Alike(self._start, pairs, self._columns, self._tails)
            elif len(self._often) > PAIRS:
                self._often.clear()
        self.alike = self._known.get(there) if again else None

    def give_up(self, alike: Alike) -> None:
        """What seemed to be like the others is not."""
        self._known.update(dict.fromkeys([there for there, one in self._known.items() if one is alike]))

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
