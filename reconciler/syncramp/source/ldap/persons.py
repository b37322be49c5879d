"""People in one pass: from the bytes of an entry to its fact, without a list of its values in between.

Nearly all entries of a directory are people with the attributes that were asked for, each under its name and most
with one value. Of such an entry the bytes before a value say by one look-up what stands before it in the store, and
how it is brought into canonical form; so attributes are packed as they are read (``packing.Ready``), and only put in
the order of their names, which is the same for all entries that have the same ones. Whatever is otherwise, in one
entry or in all (another kind, a range, an attribute that comes twice, a DN that is none, bytes that are no LDAP), is
left to the ``decoder`` and to ``entries``, which make of a person what is made here.
"""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from syncramp.model.facts import Entry
from syncramp.model.packing import Ready, map_head, pair, unpack
from syncramp.model.values import Kind
from syncramp.source import canonical, words
from syncramp.source import dn as names
from syncramp.source.ldap.alike import Alike
from syncramp.source.ldap.ber import FOUR, BerError
from syncramp.source.ldap.decoder import HEADS, Heads, attribute, further
from syncramp.source.ranges import PlainNames

_CLASSES, _DN = "objectclass", "distinguishedname"
_GUIDS = {name: len(pair(name, [bytes(16)])) for name in ("objectguid", "entryuuid")}
"""How long each is, packed."""
_SETS = 1000
"""Sets of object classes that are remembered, and of attributes; a directory has a handful."""

_Change = Callable[[bytes], bytes] | None
_Slot = tuple[str, int, bytes, _Change]
"""The name in lower case, the bytes of its values, and either what stands before them when they are packed, or what
packs them."""
_OTHER: _Slot = "", -1, b"", None
"""It begins otherwise."""
_Parts = dict[str, bytes]
"""Pairs, packed, by their names."""
_Order = tuple[tuple[str, ...], bytes, Callable[[_Parts], Any]]
"""Names in order, what stands before their pairs, and what picks these."""


class _Befores(dict[int, bytes]):
    """What stands before the only value of an attribute when it is packed, by the length of the value."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, size: int) -> bytes:
        packed = pair(self._name, [bytes(size)])
        found = packed[: len(packed) - size]
        if len(self) < HEADS:
            self[size] = found
        return found


class _Slots(dict[bytes, _Slot]):
    """What stands in front of values; each is looked at once."""

    def __init__(self, heads: Heads, changes: Mapping[str, _Change], classes: Callable[[int, bytes], bytes]) -> None:
        super().__init__()
        self.heads = heads
        self._names, self._changes, self._classes = PlainNames(), changes, classes
        self._befores = {name: _Befores(name) for name in changes}

    def __missing__(self, spelled: bytes) -> _Slot:
        if len(self) >= HEADS:
            self.clear()
        slot = self[spelled] = self._judged(*self.heads[spelled])
        return slot

    def _judged(self, spelled: str, size: int, more: int) -> _Slot:
        name = self._names[spelled] if size >= 0 else ""
        if name not in self._changes or (more and name in _GUIDS):
            return _OTHER
        if name == _CLASSES:
            return name, size + more, b"", lambda values: self._classes(size, values)
        if more:
            return name, size + more, b"", lambda values: pair(name, _rewritten(name, size, values))
        before, change = self._befores[name], self._changes[name]
        return name, size, before[size], change and _packing(before, change)


def _packing(before: _Befores, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def packed(value: bytes) -> bytes:
        changed = change(value)
        return before[len(changed)] + changed

    return packed


def _rewritten(name: str, first: int, values: bytes) -> tuple[bytes, ...]:
    """Values in canonical form.

    :param first: the length of the first one, after which the others have tag and length.
    """
    given = [values[:first]]
    further(given, values, first, len(values))
    return canonical.rewrite(name, given)


class Persons:
    """How the entries of one search are read (``decoder.Form``).

    :param wanted: the names that become attributes of facts.
    """

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted
        changes = canonical.changes_of(wanted | canonical.NEEDED)
        self._names = PlainNames()
        self._asked = frozenset(changes)
        self._short, self._long = (_Slots(heads, changes, self._class_set) for heads in (Heads(3, 8), Heads(7, 16)))
        self._alike = {False: Alike(wanted, _GUIDS, self._short, four=False)}
        self._alike[True] = Alike(wanted, _GUIDS, self._long, four=True)
        self._classes: dict[tuple[int, bytes], bytes] = {}
        self._people: dict[bytes, bool | None] = {}
        self._orders: dict[tuple[str, ...], _Order] = {}

    def __call__(self, dn: bytes, data: bytes, at: int, stop: int) -> Entry | None:
        """The fact of a person; None, where it takes a closer look.

        :param dn: as the server spells it.
        :param data: what came.
        :param at: where the attributes begin.
        :param stop: where they end.
        """
        try:
            four = data[at + 1] == FOUR
            return self._person(names.canonical(canonical.text(dn)), data, at, stop, four=four)
        except (BerError, IndexError, names.DnError):
            return None

    def _person(self, dn: str, data: bytes, at: int, stop: int, *, four: bool) -> Entry | None:
        alike = self._alike[four]
        if (taken := alike.take(data, at, stop, dn)) is not None:
            return Entry(taken[0], Kind.USER, dn, taken[1])
        parts = self._parts(self._long if four else self._short, data, at, stop)
        fact = self._fact(dn, parts) if parts else None
        if fact is not None and self._people.get(parts[_CLASSES]) is False:
            alike.learn(data, at, stop, parts[_CLASSES])
        return fact

    def _parts(self, slots: _Slots, data: bytes, at: int, stop: int) -> _Parts:
        """All attributes; none, if it takes a closer look. Positions only grow, as in the decoder: the end proves all
        that came before.
        """
        parts: _Parts = {}
        name_at, fixed, number = slots.heads.name_at, slots.heads.fixed, 0
        while at < stop:
            number += 1
            value = at + data[at + name_at] + fixed
            name, size, before, change = slots[data[at:value]]
            if size >= 0:
                at = value + size
                parts[name] = before + data[value:at] if change is None else change(data[value:at])
            else:
                name, parts[name], at = self._other(data, at, stop)
        return parts if at == stop and number == len(parts) else {}

    def _other(self, data: bytes, at: int, stop: int) -> tuple[str, bytes, int]:
        """An attribute that is longer, packed, and where it ends; nothing and no end, if it takes a closer look."""
        spelled, given, end = attribute(data, at)
        name = self._names[spelled]
        if name not in self._asked or not given or name in _GUIDS:
            return "", b"", stop + 1
        return name, pair(name, canonical.rewrite(name, given)), end

    def _class_set(self, first: int, values: bytes) -> bytes:
        packed = self._classes.get((first, values))  # the bytes alone do not say where the first one ends
        if packed is None:
            packed = pair(_CLASSES, _rewritten(_CLASSES, first, values))
            if len(self._classes) < _SETS:
                self._classes[first, values] = packed
        return packed

    def _fact(self, dn: str, parts: _Parts) -> Entry | None:
        classes = parts.get(_CLASSES, b"")
        translated = self._people[classes] if classes in self._people else self._judged(classes)
        name = "objectguid" if "objectguid" in parts else "entryuuid"
        guid = parts.get(name, b"")
        if translated is None or len(guid) != _GUIDS[name]:
            return None
        if translated:
            self._translate(dn, parts)
        if _DN in self._wanted:
            parts[_DN] = pair(_DN, [dn.encode()])
        came = tuple(parts)
        ordered, before, pick = self._orders.get(came) or self._order(came)
        return Entry(guid[-16:], Kind.USER, dn, Ready(ordered, before + b"".join(pick(parts))))

    def _judged(self, packed: bytes) -> bool | None:
        """Do object classes say that its words are others (``words``)? None: it is no person."""
        classes = _values(_CLASSES, packed) if packed else ()
        found = words.translated(classes) if canonical.kind_of(classes) is Kind.USER else None
        if len(self._people) < _SETS:
            self._people[packed] = found
        return found

    def _translate(self, dn: str, parts: _Parts) -> None:
        values = {name: _values(name, parts[name]) for name in words.OF_PEOPLE if name in parts}
        for name, value in words.stand_ins(Kind.USER, dn, values):
            if name in self._wanted:
                parts[name] = pair(name, [value])

    def _order(self, came: tuple[str, ...]) -> _Order:
        """In which order pairs that came so are a whole."""
        ordered = tuple(sorted(self._wanted.intersection(came)))
        found = ordered, map_head(len(ordered)), _picking(ordered)
        if len(self._orders) < _SETS:
            self._orders[came] = found
        return found


def _values(name: str, packed: bytes) -> tuple[bytes, ...]:
    values: Any = unpack(map_head(1) + packed)[name]
    return tuple(values)


def _picking(ordered: tuple[str, ...]) -> Callable[[_Parts], Any]:
    if len(ordered) > 1:
        return itemgetter(*ordered)
    return lambda parts: [parts[name] for name in ordered]
