"""Objects become bytes by templates: what :mod:`~syncramp.endpoint.contract.values` writes, several times faster.

The head of a pair depends on its key and its type only and is made once. Pieces are text in Latin-1, one character a
byte: an ASCII value goes in as it is, and those of an object are joined and encoded once at its end. References of
one length to add by one kind of anchor, nearly all of a group, are one ``join``. What has no template is written by
the general writer, so the bytes are the same for every object. Creates that are sent whole have layouts of their own
(:mod:`~syncramp.endpoint.contract.whole`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from operator import itemgetter
from typing import Any, Final

from syncramp.endpoint.contract import values as general
from syncramp.endpoint.contract.whole import Layouts, Writers
from syncramp.endpoint.nbfx import writer as w
from syncramp.model.whole import Whole
from syncramp.model.wire import Operation, ReferenceChange, SyncObject, WireValue

_FOLDED: Final = tuple("\x99" + chr(length) for length in range(w.LONGEST_FOLDED + 1))
"""By their length, what stands before the characters of a short text that ends its element."""
_SHORT: Final = {length: _FOLDED[length] for length in range(2, w.LONGEST_FOLDED + 1)}
"""The same of lengths that no special text has."""
_FEW: Final = 8
"""Texts in a list of which it is not worth while to ask whether they have one length."""
_OBJECT: Final = (w.element("b", "AzureADSyncObject") + general.PROPERTY_VALUES).decode("latin-1")
_STRING: Final = w.element("c", "string").decode("latin-1")
_CHANGES: Final = w.element("", "referenceChanges").decode("latin-1")
_CHANGE: Final = general.CHANGE.decode("latin-1")
_ANCHOR, _OPERATION, _BY = map(itemgetter, range(3))


def write_objects(
    objects: Iterable[SyncObject], form: w.Values = "typed", before: bytes = b"", behind: bytes = b""
) -> bytes:
    """``b:AzureADSyncObject`` for each object.

    :param before: what stands in front of them; here it saves a copy of them all.
    :param behind: what stands behind them.
    :raises TypeError: a value is of no type the wire knows.
    """
    pieces = [before]
    _template(form).write(objects, pieces)
    pieces.append(behind)
    return b"".join(pieces)


class _Made(dict[str, str]):
    """What is the same for all pairs with a key and one type, or one value; made when it is asked for.

    :param make: makes it.
    """

    MOST = 2048

    def __init__(self, make: Callable[[str], bytes]) -> None:
        self._make = make

    def __missing__(self, key: str) -> str:
        if len(self) >= self.MOST:
            self.clear()
        made = self[key] = self._make(key).decode("latin-1")
        return made


class _Template:
    """The templates of one form of values."""

    def __init__(self, form: w.Values) -> None:
        self._form = form
        self._by = w.FORMS[form]
        self._special = ("",) if form == "text" else ("", "0", "1")
        """Texts that are records of their own."""
        self._heads = _Made(lambda key: general.head_of(key, "d:string", form))
        self._same = {value: _Made(partial(general.write_pair, value=value, form=form)) for value in (True, False)}
        self._bytes = _Made(lambda key: general.head_of(key, "d:base64Binary", form))
        self._lists = _Made(lambda key: general.head_of(key, "c:ArrayOfstring", form))
        self._tails: dict[tuple[str, Operation], bytes] = {}
        self._layouts = Layouts(
            Writers(
                _OBJECT.encode("latin-1"),
                partial(general.head_of, form=form),
                partial(general.write_pair, form=form),
                self._by.binary if form == "text" else _binary,
            )
        )

    def write(self, objects: Iterable[SyncObject], pieces: list[bytes]) -> None:
        """Add these objects to the pieces of a message."""
        for obj in objects:
            values = obj.values
            if type(values) is Whole and (made := self._layouts.pieces(values)):
                pieces += made
            else:
                pieces.append(self._pairs(values))
            pieces.append(self._tail(obj.kind, obj.operation))

    def _pairs(self, values: Mapping[str, WireValue]) -> bytes:
        """An object up to the end of its last pair."""
        heads, other, texts = self._heads, self._other, [_OBJECT]
        try:
            texts += [
                f"{heads[key]}{_SHORT[len(value)]}{value}\x01"
                if type(value) is str and value.isascii()
                else other(key, value)
                for key, value in values.items()
            ]
        except KeyError:  # a text of no usual length
            texts += [other(key, value) for key, value in values.items()]
        joined = "".join(texts)
        texts.clear()  # before the encoded copy is made
        return joined.encode("latin-1")

    def _other(self, key: str, value: WireValue) -> str:
        """A pair whose value is not an ASCII text."""
        if isinstance(value, str):
            return f"{self._heads[key]}{self._content(value)}\x01"
        if isinstance(value, tuple) and value:
            return self._list(key, value)
        if isinstance(value, bool):
            return self._same[value][key]
        if isinstance(value, bytes) and self._form != "text":
            return f"{self._bytes[key]}{_binary(value).decode('latin-1')}\x01"
        return general.write_pair(key, value, self._form).decode("latin-1")

    def _content(self, value: str) -> str:
        if value.isascii():
            if len(value) <= w.LONGEST_FOLDED and value not in self._special:
                return f"{_FOLDED[len(value)]}{value}"
        else:
            encoded = value.encode()
            length = len(encoded)
            if length <= w.LONGEST_FOLDED and length >> 1 <= len(value):  # it would be no shorter in UTF-16
                return f"{_FOLDED[length]}{encoded.decode('latin-1')}"
        return self._by.content(value).decode("latin-1")

    def _tail(self, kind: str, operation: Operation) -> bytes:
        """An object behind its pairs."""
        tail = self._tails.get((kind, operation))
        if tail is None:
            if len(self._tails) >= _Made.MOST:
                self._tails.clear()
            tail = self._tails[kind, operation] = general.write_tail(kind, operation, self._form)
        return tail

    def _list(self, key: str, items: Sequence[Any]) -> str:
        if len(items) <= _FEW:
            try:
                if "".join(items).isascii():
                    texts = [f"{_STRING}{_SHORT[len(text)]}{text}" for text in items]
                    return f"{self._lists[key]}{''.join(texts)}\x01\x01"
            except (KeyError, TypeError):
                pass  # a text of no usual length, or something else than texts
        kinds = set(map(type, items))
        if kinds == {str}:
            return f"{self._lists[key]}{self._run(_STRING, items, '')}\x01\x01"
        if kinds == {ReferenceChange}:
            head = general.head_of(key, general.CHANGES, self._form).decode("latin-1")
            return f"{head}{_CHANGES}{self._changes(items)}\x01\x01\x01"
        return general.write_pair(key, tuple(items), self._form).decode("latin-1")

    def _changes(self, changes: Sequence[ReferenceChange]) -> str:
        same = all(len(set(map(id, map(field, changes)))) == 1 for field in (_OPERATION, _BY))  # they hash slowly
        if same:
            _, operation, by = changes[0]
            tail = general.tail_of(by, operation, self._form).decode("latin-1")
            return self._run(_CHANGE, list(map(_ANCHOR, changes)), tail)
        tails: dict[tuple[int, int], str] = {}
        pieces = []
        for anchor, operation, by in changes:
            tail = tails.get((id(operation), id(by)), "")
            if not tail:
                tail = tails[id(operation), id(by)] = general.tail_of(by, operation, self._form).decode("latin-1")
            pieces.append(f"{_CHANGE}{self._content(anchor)}{tail}")
        return "".join(pieces)

    def _run(self, head: str, texts: Sequence[str], tail: str) -> str:
        """Each text between the same head and tail; in one ``join`` where all are of one length, and of none a
        special text has.
        """
        lengths = set(map(len, texts))
        length = lengths.pop()
        if not lengths and 1 < length <= w.LONGEST_FOLDED and all(map(str.isascii, texts)):
            start = head + _FOLDED[length]
            return f"{start}{(tail + start).join(texts)}{tail}"
        return "".join([f"{head}{self._content(text)}{tail}" for text in texts])


def _binary(value: bytes) -> bytes:
    """Binary content and the end of its element, as the general writer has it."""
    size = len(value)
    rest = size % 3
    if not rest or not 3 < size <= w.LONGEST_FOLDED:
        return w.binary(value)
    return b"\x9e%c%b\x9f%c%b" % (size - rest, value[:-rest], rest, value[-rest:])


@cache
def _template(form: w.Values) -> _Template:
    return _Template(form)
