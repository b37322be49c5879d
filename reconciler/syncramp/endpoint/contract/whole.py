"""Objects that are sent whole, from the bytes they were packed as to the bytes of a request.

Objects with the same names have their values at the same places. A *layout* has for each place what stands in front
of a text of so many bytes: the end of the pair before, the start of its own, and the head of the text. So an object
is taken apart in one step, its texts stay the bytes they are, and with what stands between them they are pieces of
the request; none is looked at by itself.

What is unpacked so does not tell bytes from a text; their heads do. That of bytes is one sign, which else begins a
character of two bytes, so bytes are looked for by it, and have to be where they are in other objects of the layout.
An object that is not like those, or has a text that .NET writes in another way (one of no usual length, or in
UTF-16), is left to the template of all objects.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from operator import getitem
from typing import Any

from syncramp.endpoint.nbfx import writer as w
from syncramp.model.packing import packed_value, unpack_in_turns
from syncramp.model.whole import Whole

MOST = 1024
"""Layouts that are kept, names, and values of a name; a layout has two or three kilobytes."""
_SIGN = b"\xc4"
"""Of up to 255 bytes; their number stands behind it."""
_CONTINUED = range(0x80, 0xC0)
"""The second byte of a character that has two."""
_SIGNED = {*range(0x80), *range(0xC0, 0x100)}
"""Numbers of bytes that can be told from the second byte of a character."""
_IN_A_NUMBER = 6
"""Letters of a name that a number of eight bytes may hold, with its head and the sign behind it."""
_NOWHERE, _UNKNOWN = -1, 0
_MOST_NAMES = 128
"""Names, and bytes of one: fewer than the sign of bytes, which is no number of them then."""
_LONGEST_LIST = 15
"""What has more has a head of more than one byte."""
_KINDS = {str, bool, int, bytes, tuple}
_NARROW = bytes(range(0xE0))
"""Bytes of characters that take no more than two of them, so that none of their texts is shorter in UTF-16."""


class Writers:
    """How one form of values is written.

    :param opening: what stands in front of the pairs of an object.
    :param head: a pair up to the content of its value, by its name and the type of the value.
    :param pair: a pair with a value of any type.
    :param binary: bytes, and the end of their element.
    """

    def __init__(
        self,
        opening: bytes,
        head: Callable[[str, str], bytes],
        pair: Callable[[str, Any], bytes],
        binary: Callable[[bytes], bytes],
    ) -> None:
        self.opening, self.head, self.binary = opening, head, binary
        self.item = _Heads(w.element("c", "string"))
        """What stands in front of a text in a list."""
        self.heads = lru_cache(MOST)(lambda start, name: _Heads(start + head(name, "d:string")))
        """The same of a pair, by what stands in front of the pair, and its name."""
        self.few = lru_cache(MOST)(lambda start, name, _kind: _Few(start, partial(pair, name)))
        """Pairs of another kind, by that, too. Layouts share both: there may be a thousand, of a dozen names."""


class Layouts:
    """The layouts of one form of values."""

    def __init__(self, writers: Writers) -> None:
        self._writers = writers
        self._layouts: dict[tuple[bytes, ...], _Layout] = {}
        self._last: _Layout | None = None

    def pieces(self, values: Whole) -> list[bytes] | None:
        """An object up to the end of its last pair; None: the template of all objects is to write it."""
        turns = unpack_in_turns(values.packed)
        names = turns[::2]
        layout = self._last
        if layout is None or layout.names != names:
            self._last = layout = self._layouts.get(names) or self._made(names, values)
        try:
            return layout.pieces(values.packed, [values.anchor.encode(), *turns[1::2]])
        except (KeyError, TypeError):
            return None

    def _made(self, names: tuple[bytes, ...], values: Whole) -> "_Layout":
        if len(self._layouts) >= MOST:
            self._layouts.clear()
        made = self._layouts[names] = _Layout(names, values.unpacked(), self._writers)
        return made


class _Layout:
    """How objects with the same names are written.

    :param names: in order, without the source anchor.
    :param values: of one of them.
    """

    def __init__(self, names: tuple[bytes, ...], values: dict[str, Any], writers: Writers) -> None:
        self.names = names
        self._writers = writers
        self._heads: list[Any] = []
        """Of each place, by the number of bytes of what stands there; of nothing where it is no text."""
        self._few: list[tuple[int, type, _Few]] = []
        self._lists: list[tuple[int, bytes]] = []
        self._binaries: list[tuple[int, bytes, bytes]] = []
        known = len(names) < _MOST_NAMES > max(map(len, names), default=0) and b"".join(names).isascii()
        self._known = known and all(map(self._put, values.items()))

    def _put(self, pair: tuple[str, Any]) -> bool:
        """The next place; False: it has a value that is written otherwise."""
        name, kind, place = pair[0], type(pair[1]), len(self._heads)
        head = self._writers.head
        start = w.END if place else self._writers.opening
        self._heads.append(self._writers.heads(start, name) if kind is str else None)
        if kind is bytes:
            self._binaries.append((place, start + head(name, "d:base64Binary"), packed_value(name)))
        elif kind is tuple:
            self._lists.append((place, start + head(name, "c:ArrayOfstring")))
        elif kind is not str:
            self._few.append((place, kind, self._writers.few(start, name, kind.__name__)))
        return kind in _KINDS and (kind is not bytes or len(name) > _IN_A_NUMBER)

    def pieces(self, packed: bytes, texts: list[Any]) -> list[bytes] | None:
        """See :meth:`Layouts.pieces`.

        :param texts: its source anchor and its values, texts as bytes.
        :raises KeyError: a text, or bytes, of no usual length are among them.
        :raises TypeError: a value of another type is.
        """
        if not self._known:
            return None
        heads = self._heads.copy()
        binaries = [(name, texts[place]) for place, _, name in self._binaries]
        everything = self._put_others(texts, heads) + texts
        wide = b"".join([text for text in everything if not bytes.isascii(text)]).translate(None, _NARROW)
        if wide or not _are_all(binaries, packed, everything):
            return None
        pieces = [w.END] * (2 * len(texts) + 1)
        pieces[:-1:2] = map(getitem, heads, map(len, texts))
        pieces[1::2] = texts
        return pieces

    def _put_others(self, texts: list[Any], heads: list[Any]) -> list[bytes]:
        """What is no text becomes the head of none.

        :returns: the texts in lists.
        :raises KeyError: bytes are so many that they cannot be told from texts.
        :raises TypeError: a value of another type is there.
        """
        items = list[bytes]()
        for place, kind, few in self._few:
            if type(texts[place]) is not kind:
                raise TypeError
            heads[place], texts[place] = few[texts[place]], b""
        for place, start in self._lists:
            heads[place] = self._list(start, texts[place])
            items += texts[place]
            texts[place] = b""
        for place, start, _ in self._binaries:
            if len(texts[place]) not in _SIGNED:
                raise KeyError(place)
            heads[place], texts[place] = (start + self._writers.binary(texts[place]),), b""
        return items

    def _list(self, start: bytes, items: Any) -> tuple[bytes]:
        """:raises TypeError: it is no list, or a long one."""
        if type(items) is not tuple or len(items) > _LONGEST_LIST:
            raise TypeError
        item = self._writers.item
        return (b"".join([start, *[item[len(text)] + text for text in items], w.END]),)


def _are_all(binaries: Iterable[tuple[bytes, bytes]], packed: bytes, others: Sequence[bytes]) -> bool:
    """All bytes that stand in a packed object are these.

    :param binaries: with their names, packed, in order.
    :param others: the texts, of which one might be bytes.
    """
    at = _next_sign(packed, 0, others)
    for name, value in binaries:
        if at < len(name) or packed[at - len(name) : at] != name:
            return False
        at = _next_sign(packed, at + 2 + len(value), others)
    return at == _NOWHERE


def _next_sign(packed: bytes, at: int, others: Sequence[bytes]) -> int:
    """Where the next sign stands that is not the first byte of a character; unknown, where what stands behind one
    might be the number of some bytes.
    """
    while (at := packed.find(_SIGN, at)) != _NOWHERE and at + 1 < len(packed) and packed[at + 1] in _CONTINUED:
        if packed[at + 1] in map(len, others):
            return _UNKNOWN
        at += 2
    return at


class _Heads(dict[int, bytes]):
    """What stands in front of a text, by the number of its bytes.

    :param start: up to its head.
    """

    def __init__(self, start: bytes) -> None:
        self._start = start

    def __missing__(self, size: int) -> bytes:
        """:raises KeyError: a text of so many bytes may be written otherwise."""
        if size == 1 or size > w.LONGEST_FOLDED:
            raise KeyError(size)
        made = self[size] = self._start + (bytes((0x99, size)) if size else w.END)
        return made


class _Few(dict[Any, tuple[bytes]]):
    """Pairs without their ends, by their values, of which most come again.

    :param start: what stands in front of the pair.
    """

    def __init__(self, start: bytes, pair: Callable[[Any], bytes]) -> None:
        self._start, self._pair = start, pair

    def __missing__(self, value: Any) -> tuple[bytes]:
        if len(self) >= MOST:
            self.clear()
        made = self[value] = (self._start + self._pair(value).removesuffix(w.END),)
        return made
