"""People that are written alike: what was learned of some becomes one regular expression, which reads the others.

The people of a directory have the same attributes in the same order. BER tells the length of a value in front of it,
and an expression cannot count; but it can try the lengths that were seen, and look back at what stands before each,
which says the same length three times over. So a match proves what reading attribute by attribute would have proven.
A length of one byte and the value behind it are what the store has, too: the values of an entry are set between its
names by one formatting.

Where an attribute may be missing, the expression goes on without it only if it is not there. Otherwise it would try
each person who is not like the others with every attribute left out: 0.8 ms for 50 of them, and 0.04 to read them.

What has other values, another order, or a length that was not seen, is read by the loop of ``persons``, and learned
from. With the lengths between those that were seen, few are left after some hundred people.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from syncramp.model.packing import Ready, map_head, pair
from syncramp.source.ldap.ber import FOUR, BerError

FIRST, TIMES = 100, 4
"""People who are learned from before there is an expression, and how many times more before each further one. To make
one takes 15 ms."""
MOST = FIRST * TIMES**5
"""Where nothing more is learned."""
IN_VAIN = 10_000
"""People from whom nothing could be learned, with long values or in another order, before nobody is looked at any
more: to look at one takes 10 to 100 µs."""
COLUMNS = 60
"""Attributes that may be in it: nothing is to grow with what a server sends."""
CLASSES = 8
"""Sets of object classes in it."""
LIKENESSES = 1000
"""Sets of attributes that are remembered; 1 to 2 kB each."""
CLASS, DN = "objectclass", "distinguishedname"
LONGEST = 127
"""Of what has a length of one byte."""
BEYOND = 2
"""A length that is so near to one that was seen is expected, too."""

Change = Callable[[bytes], bytes] | None
Slots = Mapping[bytes, tuple[str, int, bytes, Change]]
"""What stands before a value: the name of its attribute in lower case, how long all its values are, and either what
stands before them in the store, or what packs them (``persons``)."""


def head_of(spelled: bytes, size: int, *, four: bool) -> bytes:
    """What stands before the only value of an attribute (RFC 4511 4.1.7).

    :param four: lengths of it and of its set are written with four bytes.
    """
    name = bytes((4, len(spelled))) + spelled
    rest = b"\x31" + _length(size + 2, four=four) + bytes((4, size))
    return b"\x30" + _length(len(name) + len(rest) + size, four=four) + name + rest


def _length(size: int, *, four: bool) -> bytes:
    return bytes((FOUR,)) + size.to_bytes(4) if four else bytes((size & 0xFF,))


@dataclass
class _Column:
    """One attribute, as far as it was seen."""

    name: str
    spelled: bytes
    lengths: set[int] = field(default_factory=set)
    several: bool = False
    """It has more than one value in some entries."""
    times: int = 0
    """Entries that have it."""

    def learn(self, values: bytes, size: int) -> None:
        """:param size: of the first one, after which the others have tag and length."""
        self.times += 1
        self.lengths.add(size)
        at = size
        while at + 1 < len(values):
            self.several = True
            self.lengths.add(min(values[at + 1], LONGEST))
            at += 2 + values[at + 1]

    def sizes(self) -> Iterable[int]:
        """Lengths that are expected."""
        low, high = min(self.lengths), max(self.lengths)
        return self.lengths if low == high else range(max(low - BEYOND, 0), min(high + BEYOND, LONGEST) + 1)

    def single(self, *, four: bool) -> bytes:
        """The expression for one value, which is found with its length."""
        heads = [head_of(self.spelled, size, four=four) for size in self.sizes()]
        seen = (b"%b(?<=%b).{%d}" % (_exactly(head[-1:]), _exactly(head), head[-1]) for head in heads)
        return b"\\x30.{%d}(%b)" % (len(heads[0]) - 2, b"|".join(seen))

    def any(self, *, four: bool) -> bytes:
        """The expression for any number of values, which are found with all that stands before them."""
        seen = b"|".join(b"%b.{%d}" % (_exactly(bytes((size,))), size) for size in self.sizes())
        return b"(%b\\x31%b(?:\\x04(?:%b))+(?!\\x04))" % (self.begins(four=four), _any_length(four=four), seen)

    def begins(self, *, four: bool) -> bytes:
        """The expression for its beginning, up to its name."""
        name = bytes((4, len(self.spelled))) + self.spelled
        return b"\\x30%b%b" % (_any_length(four=four), _exactly(name))


def _any_length(*, four: bool) -> bytes:
    return b".{5}" if four else b"."


def _exactly(data: bytes) -> bytes:
    return b"".join([b"\\x%02x" % byte for byte in data])


@dataclass(frozen=True, slots=True)
class _Likeness:
    """Entries that have the same attributes."""

    names: tuple[str, ...]
    """Those that are wanted, in order."""
    template: bytes
    pick: Callable[[Sequence[bytes]], Any]
    """What stands in the template, of all that was read."""
    guid: int
    """Its place in that."""
    guid_size: int
    """Of the GUID, packed."""


class Alike:
    """The people of one search.

    :param wanted: the names that become attributes of facts.
    :param guids: names of attributes with the GUID, those of higher rank first, and how long each is, packed.
    :param slots: what is known of what stands before a value.
    :param four: how lengths are written.
    """

    def __init__(self, wanted: frozenset[str], guids: Mapping[str, int], slots: Slots, *, four: bool) -> None:
        self._wanted, self._guids, self._slots, self._four = wanted, guids, slots, four
        self._name_at, self._fixed = (7, 16) if four else (3, 8)
        self._columns: list[_Column] = []
        self._names: list[str] = []
        """Of the columns that are in the expression; more may have been learned since."""
        self._classes: dict[bytes, bytes] = {}
        self._learned, self._due, self._in_vain = 0, FIRST, 0
        self._expression: re.Pattern[bytes] | None = None
        self._optional: list[int] = []
        self._packing: list[tuple[int, Callable[[bytes], bytes]]] = []
        self._likenesses: dict[tuple[bool, ...], _Likeness | None] = {}

    def take(self, data: bytes, at: int, stop: int, dn: str) -> tuple[bytes, Ready] | None:
        """GUID and attributes of a person; None, if it is not like those before.

        :param at: where the attributes begin, which end at ``stop``.
        :raises BerError: it is none.
        """
        found = self._expression and self._expression.fullmatch(data, at, stop)
        if not found:
            return None
        given: list[Any] = [*found.groups(), dn.encode()]
        like = self._likeness(tuple([given[place] is None for place in self._optional]))
        for place, packed in self._packing:
            if given[place] is not None:
                given[place] = packed(given[place])
        if like is None or len(given[like.guid]) != like.guid_size:
            return None
        return given[like.guid][-16:], Ready(like.names, like.template % like.pick(given))

    def learn(self, data: bytes, at: int, stop: int, classes: bytes) -> None:
        """How a person is written that was read attribute by attribute.

        :param classes: its object classes, packed.
        """
        if self._due > MOST or self._in_vain >= IN_VAIN:
            return
        self._in_vain += 1
        columns, place, told = self._columns.copy(), 0, []
        while at < stop:
            value = at + data[at + self._name_at] + self._fixed
            name, size, _, _ = self._slots[data[at:value]]
            spelled = data[at + self._name_at + 1 : value - self._fixed + self._name_at + 1]
            place = _place(columns, name, spelled, place)
            if size < 0 or place < 0 or len(columns) > COLUMNS:
                return
            told.append((columns[place], data[value : value + size], data[value - 1]))
            if name == CLASS and len(self._classes) < CLASSES:
                self._classes[data[at : value + size]] = classes
            at, place = value + size, place + 1
        self._columns = columns
        for column, values, first in told:
            column.learn(values, first)
        self._in_vain, self._learned = self._in_vain - 1, self._learned + 1
        if self._learned >= self._due:
            self._due *= TIMES
            self._make()

    def _make(self) -> None:
        """The expression of all that was learned."""
        self._names = [column.name for column in self._columns]
        self._optional, self._packing, self._likenesses = [], [], {}
        expressions = []
        for place, column in enumerate(self._columns):
            expression = self._of(place, column)
            if column.times < self._learned:
                self._optional.append(place)
                expression = b"(?:%b|(?!%b))" % (expression, column.begins(four=self._four))
            expressions.append(expression)
        if DN in self._wanted:
            self._packing.append((len(self._columns), lambda dn: pair(DN, [dn])))
        self._expression = re.compile(b"".join(expressions), re.DOTALL)

    def _of(self, place: int, column: _Column) -> bytes:
        if column.name == CLASS:
            self._packing.append((place, self._classes.__getitem__))
            return b"(%b)" % b"|".join(map(_exactly, self._classes))
        if column.several:
            self._packing.append((place, self._values))
            return column.any(four=self._four)
        head = head_of(column.spelled, min(column.lengths), four=self._four)
        if (change := self._slots[head][3]) is not None:
            self._packing.append((place, lambda found: change(found[1:])))
        return column.single(four=self._four)

    def _values(self, found: bytes) -> bytes:
        """Any number of values, packed."""
        start = found[self._name_at] + self._fixed
        _, size, before, change = self._slots[found[:start]]
        if size != len(found) - start:
            raise BerError("an attribute and its values do not end together")
        return before + found[start:] if change is None else change(found[start:])

    def _likeness(self, absent: tuple[bool, ...]) -> _Likeness | None:
        if absent in self._likenesses:
            return self._likenesses[absent]
        found = self._alike(dict(zip(self._optional, absent, strict=True)))
        if len(self._likenesses) < LIKENESSES:
            self._likenesses[absent] = found
        return found

    def _alike(self, absent: Mapping[int, bool]) -> _Likeness | None:
        """None: they have no GUID."""
        places = {name: place for place, name in enumerate(self._names) if not absent.get(place)}
        if DN in self._wanted:
            places[DN] = len(self._names)
        names = tuple(sorted(self._wanted & places.keys()))
        packed = {place for place, _ in self._packing}
        between = [b"" if places[name] in packed else pair(name, [b""])[:-1] for name in names]
        head, *before = (part.replace(b"%", b"%%") for part in (map_head(len(names)), *between))
        template = b"".join([head, *(part + b"%b" for part in before)])
        guid = next((name for name in self._guids if name in places), None)
        if guid is None or not names:
            return None
        one = itemgetter(slice(places[names[0]], places[names[0]] + 1))
        pick = itemgetter(*map(places.__getitem__, names)) if len(names) > 1 else lambda given: tuple(one(given))
        return _Likeness(names, template, pick, places[guid], self._guids[guid])


def _place(columns: list[_Column], name: str, spelled: bytes, after: int) -> int:
    """Where an attribute is in the order; it is put there if it is new. -1: it is somewhere else, or spelled so."""
    known = next((place for place, column in enumerate(columns) if column.name == name), None)
    if known is None:
        columns.insert(after, _Column(name, spelled))
        return after
    return known if known >= after and columns[known].spelled == spelled else -1
