"""Objects straight from the bytes, without elements: for exports and for pages of the read-back.

Tags are learned and then recognised by their bytes (:mod:`~syncramp.endpoint.contract.tags`); where one pair follows
another it is expected there again, and an object of a known shape is taken whole
(:mod:`~syncramp.endpoint.contract.shapes`). Lists of anchors are taken in runs. Whatever is not foreseen ends the
attempt with a ValueError or an IndexError, and the message is read generally from its beginning.
"""

from collections.abc import Callable
from itertools import repeat
from typing import Final

from syncramp.endpoint.contract.objects import changes_of
from syncramp.endpoint.contract.scalars import read_boolean, read_integer
from syncramp.endpoint.contract.shapes import Shape, shape_at
from syncramp.endpoint.contract.tags import DEPTH, END, ChangeTags, Head, ObjectTags, Surprise, Tags
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx.node import OUTERMOST, Scope, text_of
from syncramp.endpoint.nbfx.reader import Reader
from syncramp.endpoint.nbfx.runs import FIRST, MOST, TEXT, take_run
from syncramp.model.wire import Alike, ReferenceChange, SyncObject, WireValue

ReadValue = Callable[[str, Node], WireValue]
_INTEGERS: Final = {0x89: 1, 0x8B: 2, 0x8D: 4, 0x8F: 8}
"""Records of whole numbers that end their element, and the bytes that follow."""


class ObjectStream:
    """The objects of one message.

    :param read: how the general reader reads the element of a value, for those that have no way of their own here.
    :param members_as_changes: members that come as a list of anchors are additions.
    """

    def __init__(self, data: bytes, reader: Reader, read: ReadValue, *, members_as_changes: bool) -> None:
        self._data = data
        self._reader = reader
        self._tags = Tags(data, reader)
        self._read = read
        self._as_changes = members_as_changes

    def objects(self, at: int, scope: Scope) -> tuple[list[SyncObject | Alike], int]:
        """The objects in a list, those that are alike together, and the offset behind its end.

        :param scope: of the list.
        """
        data = self._data
        objects: list[SyncObject | Alike] = []
        tags: ObjectTags | None = None
        while data[at] != END:
            if tags is None or not data.startswith(tags.raw, at):
                tags = ObjectTags(self._tags, at, scope)
                shape = shape_at(scope, tags.raw)
            alike, at = shape.take_alike(data, at)
            if alike:
                objects.append(alike)
                continue
            if taken := shape.take(data, at):
                obj, at = taken
            else:
                obj, at = self._object(tags, at, shape)
            objects.append(obj)
        return objects, at + 1

    def _object(self, tags: ObjectTags, at: int, shape: Shape) -> tuple[SyncObject, int]:
        """An object pair by pair."""
        heads: list[tuple[Head, int]] = []
        values, at = self._pairs(tags, at + len(tags.raw), heads)
        raw, kind, operation = tail = tags.tail(at)
        shape.learn(self._data, heads, tail)
        return SyncObject(kind, operation, values), at + len(raw)

    def _pairs(self, tags: ObjectTags, at: int, heads: list[tuple[Head, int]]) -> tuple[dict[str, WireValue], int]:
        """The pairs of an object.

        :param heads: gets their heads, and where what stands behind each begins.
        """
        data = self._data
        values: dict[str, WireValue] = {}
        followers = tags.followers
        while data[at] != END:
            for head in followers:
                if data.startswith(head.raw, at):
                    break
            else:
                head = tags.head(at, followers)
            at += head.size
            heads.append((head, at))
            if head.kind == "text" and data[at] == TEXT:
                begin = at + 2
                at = begin + data[at + 1]
                value: WireValue = data[begin:at].decode()
            else:
                value, at = _WAYS.get(head.kind, _ANY)(self, head, at)
            if data[at] != END or head.key in values:
                raise Surprise
            values[head.key] = value
            at += 1
            followers = head.followers
        return values, at + 1

    def _text(self, head: Head, at: int) -> tuple[WireValue, int]:
        parts, at = self._reader.texts(at)
        return text_of(parts), at

    def _nil(self, head: Head, at: int) -> tuple[WireValue, int]:
        return None, self._tags.end(at)

    def _boolean(self, head: Head, at: int) -> tuple[WireValue, int]:
        if self._data[at] in (0x85, 0x87):
            return self._data[at] == 0x87, at + 1
        leaf, at = self._leaf(at)
        return read_boolean(leaf), at

    def _integer(self, head: Head, at: int) -> tuple[WireValue, int]:
        size = _INTEGERS.get(self._data[at])
        if size is not None:
            number = self._data[at + 1 : at + 1 + size]
            return int.from_bytes(number, "little", signed=True), at + 1 + size
        leaf, at = self._leaf(at)
        return read_integer(leaf), at

    def _binary(self, head: Head, at: int) -> tuple[WireValue, int]:
        data = self._data
        if data[at] == 0x9E:  # whole triples, and then what is left
            middle = at + 2 + data[at + 1]
            if data[middle] == 0x9F:
                end = middle + 2 + data[middle + 1]
                return data[at + 2 : middle] + data[middle + 2 : end], end
        leaf, at = self._leaf(at)
        return leaf.bytes, at

    def _leaf(self, at: int) -> tuple[Node, int]:
        """The content of a value as an element of its own, for the readers of scalars."""
        leaf = Node("", "", OUTERMOST)
        leaf.parts, at = self._reader.texts(at)
        return leaf, at

    def _any(self, head: Head, at: int) -> tuple[WireValue, int]:
        """A value as the general reader has it, from its start tag on."""
        node, at = self._reader.tree(at - head.size + head.value_at, head.scope, DEPTH)
        return self._read(head.key, node), at

    def _strings(self, head: Head, at: int) -> tuple[WireValue, int]:
        data, item = self._data, head.item
        items: list[str] = []
        singly = FIRST
        while data[at] != END:
            if not item or not data.startswith(item, at):
                item = head.item = data[at : self._tags.start(at, head.value.scope, "string")[1]]
            for _ in range(singly):
                if not data.startswith(item, at):
                    break
                text, at = self._content(at + len(item))
                items.append(text)
            else:
                found, at = take_run(data, at, item, b"")
                items += found
                singly = 1 if found else min(2 * singly, MOST)
        if self._as_changes and items and head.key.lower() == "member":
            return changes_of(items), at + 1
        return tuple(items), at + 1

    def _changes(self, head: Head, at: int) -> tuple[WireValue, int]:
        data = self._data
        if data[at] == END:
            return (), at + 1
        tags = head.changes
        if tags is None or not data.startswith(tags.raw, at):
            tags = head.changes = ChangeTags(self._tags, at, head.value.scope)
        at += len(tags.raw)
        changes: list[ReferenceChange] = []
        singly = 1
        while data[at] != END:
            if not tags.head or not data.startswith(tags.head, at):
                tags.learn(at)
            for _ in range(singly):
                if not data.startswith(tags.head, at):
                    break
                anchor, at = self._content(at + len(tags.head))
                tail, operation, by = tags.tail(at)
                changes.append(ReferenceChange(anchor, operation, by))
                at += len(tail)
            else:
                found, at = take_run(data, at, tags.head, tail)
                changes += map(
                    _make, repeat(ReferenceChange), zip(found, repeat(operation), repeat(by), strict=False)
                )
                singly = 1 if found else min(2 * singly, MOST)
        return tuple(changes), self._tags.end(at + 1)

    def _content(self, at: int) -> tuple[str, int]:
        data = self._data
        if data[at] == TEXT:
            end = at + 2 + data[at + 1]
            return data[at + 2 : end].decode(), end
        parts, at = self._reader.texts(at)
        return text_of(parts), at


_make: Final[Callable[..., ReferenceChange]] = tuple.__new__
"""Of a class and its fields, without the Python function in between: a group has many thousands."""

_ANY: Final = ObjectStream._any
_WAYS: Final[dict[str, Callable[[ObjectStream, Head, int], tuple[WireValue, int]]]] = {
    "text": ObjectStream._text,
    "nil": ObjectStream._nil,
    "boolean": ObjectStream._boolean,
    "integer": ObjectStream._integer,
    "binary": ObjectStream._binary,
    "strings": ObjectStream._strings,
    "changes": ObjectStream._changes,
}
"""Kind of a value -> how it is read. Methods of one stream would hold it, and it them: each message would stay until
the collector comes, and that is seldom where there are so few of them."""
