"""Objects become bytes by templates: what :mod:`~syncramp.endpoint.contract.values` writes, several times faster.

The head of a pair depends on its key and its type only and is made once. Pieces are text in Latin-1, one character a
byte: an ASCII value goes in as it is, and all pieces are joined and encoded once at the end. References of one length
to add by one kind of anchor, nearly all of a group, are one ``join``. What has no template is written by the general
writer, so the bytes are the same for every object.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final

from syncramp.endpoint.contract import values as general
from syncramp.endpoint.nbfx import writer as w
from syncramp.model.wire import Operation, ReferenceChange, SyncObject, WireValue

_FOLDED: Final = tuple("\x99" + chr(length) for length in range(w.LONGEST_FOLDED + 1))
"""By their length, what stands before the characters of a short text that ends its element."""
_END: Final = "\x01"
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
    pieces = [before.decode("latin-1")]
    _Template(form).write(objects, pieces)
    pieces.append(behind.decode("latin-1"))
    joined = "".join(pieces)
    pieces.clear()  # before the encoded copy is made
    return joined.encode("latin-1")


class _Template:
    """The templates of one message."""

    def __init__(self, form: w.Values) -> None:
        self._form = form
        self._by = w.FORMS[form]
        self._special = ("",) if form == "text" else ("", "0", "1")
        """Texts that are records of their own."""
        self._heads: dict[str, str] = {}
        self._tails: dict[tuple[str, Operation], str] = {}

    def write(self, objects: Iterable[SyncObject], pieces: list[str]) -> None:
        for obj in objects:
            pieces.append(_OBJECT)
            self._write_pairs(obj.values.items(), pieces)
            pieces.append(self._tail(obj.kind, obj.operation))

    def _write_pairs(self, pairs: Iterable[tuple[str, WireValue]], pieces: list[str]) -> None:
        heads, special = self._heads, self._special
        for key, value in pairs:
            if type(value) is str:
                head = heads.get(key) or self._head(key)
                length = len(value)
                if length <= w.LONGEST_FOLDED and value.isascii() and value not in special:
                    pieces.append(f"{head}{_FOLDED[length]}{value}\x01")
                else:
                    pieces.append(f"{head}{self._content(value)}\x01")
            elif type(value) is tuple and value:
                self._write_list(key, value, pieces)
            else:
                pieces.append(general.write_pair(key, value, self._form).decode("latin-1"))

    def _head(self, key: str) -> str:
        head = self._heads[key] = general.head_of(key, "d:string", self._form).decode("latin-1")
        return head

    def _content(self, value: str) -> str:
        if len(value) <= w.LONGEST_FOLDED and value.isascii() and value not in self._special:
            return f"{_FOLDED[len(value)]}{value}"
        return self._by.content(value).decode("latin-1")

    def _tail(self, kind: str, operation: Operation) -> str:
        """An object behind its pairs."""
        tail = self._tails.get((kind, operation))
        if tail is None:
            written = general.write_tail(kind, operation, self._form)
            tail = self._tails[kind, operation] = written.decode("latin-1")
        return tail

    def _write_list(self, key: str, items: Sequence[Any], pieces: list[str]) -> None:
        kinds = set(map(type, items))
        if kinds == {str}:
            pieces.append(general.head_of(key, "c:ArrayOfstring", self._form).decode("latin-1"))
            self._write_run(_STRING, items, "", pieces)
            pieces.append(_END + _END)
        elif kinds == {ReferenceChange}:
            pieces.append(general.head_of(key, general.CHANGES, self._form).decode("latin-1") + _CHANGES)
            self._write_changes(items, pieces)
            pieces.append(_END * 3)
        else:
            pieces.append(general.write_pair(key, tuple(items), self._form).decode("latin-1"))

    def _write_changes(self, changes: Sequence[ReferenceChange], pieces: list[str]) -> None:
        same = all(len(set(map(id, map(field, changes)))) == 1 for field in (_OPERATION, _BY))  # they hash slowly
        if same:
            _, operation, by = changes[0]
            tail = general.tail_of(by, operation, self._form).decode("latin-1")
            self._write_run(_CHANGE, list(map(_ANCHOR, changes)), tail, pieces)
            return
        tails: dict[tuple[int, int], str] = {}
        for anchor, operation, by in changes:
            tail = tails.get((id(operation), id(by)), "")
            if not tail:
                tail = tails[id(operation), id(by)] = general.tail_of(by, operation, self._form).decode("latin-1")
            pieces.append(f"{_CHANGE}{self._content(anchor)}{tail}")

    def _write_run(self, head: str, texts: Sequence[str], tail: str, pieces: list[str]) -> None:
        """Each text between the same head and tail; in one ``join`` where all are of one length, and of none a
        special text has.
        """
        lengths = set(map(len, texts))
        length = lengths.pop()
        if not lengths and 1 < length <= w.LONGEST_FOLDED and all(map(str.isascii, texts)):
            start = head + _FOLDED[length]
            pieces += (start, (tail + start).join(texts), tail)
        else:
            pieces.extend(f"{head}{self._content(text)}{tail}" for text in texts)
