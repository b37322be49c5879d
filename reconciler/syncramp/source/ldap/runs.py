"""Entries of one search that stand one after the other in what came: the frame of each is taken apart by two calls.

Nearly all messages of a long answer are entries with the number of one search, and differ in lengths alone. So tags,
number and lengths up to the DN are one layout, and those up to the attributes another one. What has anything else in
its frame ends the run, and is read by ``decoder``.
"""

from collections.abc import Callable
from struct import Struct

from syncramp.model.facts import Entry
from syncramp.source.ldap.ber import FOUR, OCTETS, SEQUENCE, integer

ENTRY = 0x64
"""Tag of an entry in an answer (RFC 4511 4.5.2)."""

Form = Callable[[bytes, bytes, int, int], Entry | None]
"""Makes the fact of an entry at once: of its DN, and of bytes with where its attributes begin and end in them. None:
it is read as any other, which tells what is wrong with it."""


class Run:
    """Entries of one search that stand one after the other, each whole and with nothing beside it.

    :param number: of the search.
    :param form: how they are read.
    """

    def __init__(self, number: int, form: Form) -> None:
        self.number, self._form = number, form
        self._told = integer(number) + bytes((ENTRY,))
        told = f"{len(self._told)}s"
        self._layouts = {
            kind: (SEQUENCE << 8 | kind, Struct(f">H{size}{told}B{size}BB"), Struct(f">H{size}"))
            for kind, size in ((0x81, "B"), (0x82, "H"), (FOUR, "I"))
        }
        """A tag and how its length begins, up to the DN, and up to the attributes."""

    def take(self, data: bytes, at: int, end: int) -> tuple[list[Entry], int]:
        """The facts of entries from here on, and where another message begins, or one that takes a closer look."""
        facts: list[Entry] = []
        while at + 1 < end and (layout := self._layouts.get(data[at + 1])) is not None:
            began, at = at, self._take(facts, data, at, end, *layout)
            if at == began:
                break
        return facts, at

    def _take(
        self, facts: list[Entry], data: bytes, at: int, end: int, begins: int, to_dn: Struct, to_attributes: Struct
    ) -> int:
        form, own, expected = self._form, to_attributes.size, (self._told, begins & 0xFF, OCTETS)
        inside = own + len(self._told) + own - 1
        while at + to_dn.size < end:
            tag, size, told, kind, rest, octets, length = to_dn.unpack_from(data, at)
            stop, over = at + own + size, at + to_dn.size + length
            if (told, kind, octets) != expected or tag != begins or length >= 0x80 or not over + own <= stop <= end:
                break
            sequence, size = to_attributes.unpack_from(data, over)
            if sequence != begins or over + own + size != stop or at + inside + rest != stop:
                break
            fact = form(data[over - length : over], data, over + own, stop)
            if fact is None:
                break
            facts.append(fact)
            at = stop
        return at
