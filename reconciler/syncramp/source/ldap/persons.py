"""People in one pass: from the bytes of an entry to its fact, without a list of its values in between.

Nearly all entries of a directory are people with the attributes that were asked for, each under its name and most
with one value. Of such an entry the bytes before a value say by one look-up under which name it is kept and how it
is brought into canonical form. Whatever is otherwise, in one entry or in all (another kind, a range, an attribute
that comes twice, a DN that is none, bytes that are no LDAP), is left to the ``decoder`` and to ``entries``, which
make of a person what is made here.
"""

from collections.abc import Callable, Mapping

from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.source import canonical, words
from syncramp.source import dn as names
from syncramp.source.ldap.ber import OCTETS, SEQUENCE, BerError, bounds
from syncramp.source.ldap.decoder import FOUR, HEADS, Heads, attribute
from syncramp.source.ranges import PlainNames

_CLASSES = "objectclass"
_GUID = 16
_SETS = 1000
"""Sets of object classes that are remembered; a directory has a handful."""

_Change = Callable[[bytes], bytes] | None
_Slot = tuple[str, int, _Change]
"""The name in lower case, how long the only value is, and what brings it into canonical form."""
_OTHER: _Slot = "", -1, None
"""It begins otherwise, or has several values."""
_Values = dict[str, tuple[bytes, ...]]


class _Slots(dict[bytes, _Slot]):
    """What stands in front of values; each is looked at once."""

    def __init__(self, heads: Heads, changes: Mapping[str, _Change]) -> None:
        super().__init__()
        self.heads = heads
        self._changes, self._names = changes, PlainNames()

    def __missing__(self, head: bytes) -> _Slot:
        if len(self) >= HEADS:
            self.clear()
        spelled, size, more = self.heads[head]
        name = self._names[spelled] if size >= 0 and not more else ""
        slot = self[head] = (name, size, self._changes[name]) if name in self._changes else _OTHER
        return slot


class Persons:
    """How the entries of one search are read (``decoder.Form``).

    :param wanted: the names that become attributes of facts.
    """

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted
        changes = canonical.changes_of(wanted | canonical.NEEDED)
        self._names = PlainNames()
        self._asked = frozenset(changes)
        self._short, self._long = _Slots(Heads(3, 8), changes), _Slots(Heads(7, 16), changes)
        self._classes: dict[bytes, tuple[bytes, ...]] = {}
        self._surplus = sorted(canonical.NEEDED - wanted)

    def __call__(self, data: bytes, at: int, stop: int) -> Entry | None:
        """The fact of a person; None, where it takes a closer look.

        :param data: a message.
        :param at: where the DN begins.
        :param stop: where the attributes end.
        """
        try:
            at, over = bounds(data, at, OCTETS)
            dn = data[at:over]
            slots = self._long if data[over + 1] == FOUR else self._short
            at, over = bounds(data, over, SEQUENCE)
            values = self._values(slots, data, at, stop) if over == stop else None
            return None if values is None else self._fact(dn, values)
        except (BerError, IndexError, names.DnError):
            return None

    def _values(self, slots: _Slots, data: bytes, at: int, stop: int) -> _Values | None:
        """Canonical values by name. Positions only grow, as in the decoder: the end proves all that came before."""
        values: _Values = {}
        name_at, fixed = slots.heads.name_at, slots.heads.fixed
        last, number = stop - fixed, 0
        while at < stop:
            number += 1
            if at < last:
                value = at + data[at + name_at] + fixed
                name, size, change = slots[data[at:value]]
                if size >= 0:
                    at = value + size
                    values[name] = (data[value:at] if change is None else change(data[value:at]),)
                    continue
            name, told, at = self._several(data, at)
            if not told:
                return None
            values[name] = told
        return values if at == stop and number == len(values) else None

    def _several(self, data: bytes, at: int) -> tuple[str, tuple[bytes, ...], int]:
        """An attribute with a long value or several, and where it ends; no value if it takes a closer look."""
        end = bounds(data, at, SEQUENCE)[1]
        known = self._classes.get(data[at:end])
        if known is not None:
            return _CLASSES, known, end
        spelled, given, _ = attribute(data, at)
        name = self._names[spelled]
        if name not in self._asked:
            return "", (), end
        told = canonical.rewrite(name, given)
        if name == _CLASSES and len(self._classes) < _SETS:
            self._classes[data[at:end]] = told
        return name, told, end

    def _fact(self, spelled: bytes, values: _Values) -> Entry | None:
        classes = values.get(_CLASSES, ())
        guids = values.get("objectguid") or values.get("entryuuid") or ()
        if canonical.kind_of(classes) is not Kind.USER or len(guids) != 1 or len(guids[0]) != _GUID:
            return None
        dn = names.canonical(canonical.text(spelled))
        if words.translated(classes):
            given = list(words.stand_ins(Kind.USER, dn, values))
            values |= {name: (value,) for name, value in given if name in self._wanted}
        if "distinguishedname" in self._wanted:
            values["distinguishedname"] = (dn.encode(),)
        for name in self._surplus:
            values.pop(name, None)
        return Entry(guids[0], Kind.USER, dn, values)
