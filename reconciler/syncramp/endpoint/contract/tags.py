"""Start tags of objects, learned from the message they are in.

A peer writes the same tags again and again. The first time one is read by the general reader, whatever its prefixes
and dictionary strings; from then on it is recognised by its bytes, in the same scope, so that nothing is taken which
the general reader would refuse. What is not foreseen raises: Surprise, or the WireError or IndexError of its reading.
"""

from typing import Final, TypeVar

from syncramp.endpoint.contract.objects import read_operation
from syncramp.endpoint.contract.scalars import SPACE, read_integer
from syncramp.endpoint.contract.values import ARR, CHANGES, NIL, PAIR, TYPE, XSD
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx.node import Scope, text_of
from syncramp.endpoint.nbfx.reader import Reader
from syncramp.endpoint.soap import N01
from syncramp.model.wire import AnchorType, LinkOperation, Operation

REMEMBERED: Final = 16
"""What is expected at one place; more than a few means that guessing is no use."""
END: Final = 0x01
DEPTH: Final = 8
"""Elements around the value of a pair."""

Known = TypeVar("Known")


class Surprise(ValueError):
    """Not what the streaming decoder foresees."""


class Tags:
    """The tags of one message."""

    def __init__(self, data: bytes, reader: Reader) -> None:
        self.data = data
        self.reader = reader

    def start(self, at: int, scope: Scope, name: str) -> tuple[Node, int]:
        """A start tag of this local name, and the offset behind it."""
        node, at = self.reader.element(at, scope)
        if node.name != name:
            raise Surprise
        return node, at

    def end(self, at: int) -> int:
        """The offset behind the end of an element."""
        if self.data[at] != END:
            raise Surprise
        return at + 1

    def text(self, at: int, scope: Scope, name: str) -> tuple[str, int]:
        """The text of an element of this local name that holds nothing else, and the offset behind it."""
        _, at = self.start(at, scope, name)
        parts, at = self.reader.texts(at)
        return text_of(parts), at


class ObjectTags:
    """How an object begins, up to its pairs, and how it may end."""

    def __init__(self, tags: Tags, at: int, scope: Scope) -> None:
        self._tags = tags
        self._object, end = tags.start(at, scope, "AzureADSyncObject")
        self._pairs, end = tags.start(end, self._object.scope, "PropertyValues")
        self.raw = tags.data[at:end]
        self.followers: list[Head] = []
        """Heads that were seen to come first."""
        self._heads: dict[bytes, Head] = {}
        self._tails: list[tuple[bytes, str, Operation]] = []

    def head(self, at: int, followers: "list[Head]") -> "Head":
        """A head that was not expected here; it will be from now on."""
        head = Head(self._tags, at, self._pairs.scope)
        head = self._heads.setdefault(head.raw, head)
        _remember(followers, head)
        return head

    def tail(self, at: int) -> tuple[bytes, str, Operation]:
        """An object behind its pairs: the bytes, its kind and its operation."""
        for known in self._tails:
            if self._tags.data.startswith(known[0], at):
                return known
        scope = self._object.scope
        kind, end = self._tags.text(at, scope, "SyncObjectType")
        operation, end = self._tags.text(end, scope, "SyncOperation")
        end = self._tags.end(end)
        found = self._tags.data[at:end], kind, read_operation(operation)
        _remember(self._tails, found)
        return found


class Head:
    """A pair up to the content of its value."""

    __slots__ = ("changes", "followers", "item", "key", "kind", "raw", "scope", "size", "value", "value_at")

    def __init__(self, tags: Tags, at: int, scope: Scope) -> None:
        pair, end = tags.start(at, scope, PAIR)
        self.key, end = tags.text(end, pair.scope, "Key")
        self.scope = pair.scope
        self.value_at = end - at
        """Where the value begins, from the beginning of the pair."""
        self.value, end = tags.start(end, pair.scope, "Value")
        self.raw = tags.data[at:end]
        self.size = len(self.raw)
        self.kind = _kind(self.value)
        self.followers: list[Head] = []
        """Heads that were seen to come next."""
        self.item = b""
        """How an item of a list of text begins, once one was seen."""
        self.changes: ChangeTags | None = None
        """How reference changes begin, once some were seen."""


def _kind(value: Node) -> str:
    """How to read a value; an empty answer means generally."""
    if value.attributes.get(NIL, "").strip(SPACE) in ("true", "1"):
        return "nil"
    named = value.attributes.get(TYPE)
    return _KINDS.get(value.qualified(named), "") if named is not None else ""


_KINDS: Final = {
    (XSD, "string"): "text",
    (XSD, "boolean"): "boolean",
    (XSD, "int"): "integer",
    (XSD, "long"): "integer",
    (XSD, "base64Binary"): "binary",
    (ARR, "ArrayOfstring"): "strings",
    (N01, CHANGES): "changes",
}


class ChangeTags:
    """How a list of reference changes begins, how a change does, up to its anchor, and how a change may end."""

    def __init__(self, tags: Tags, at: int, scope: Scope) -> None:
        self._tags = tags
        self._list, end = tags.start(at, scope, "referenceChanges")
        self.raw = tags.data[at:end]
        self.head = b""
        self._change = self._reference = self._list
        self._tails: list[tuple[bytes, LinkOperation, AnchorType]] = []

    def learn(self, at: int) -> None:
        """The start tags of a change."""
        self._change, end = self._tags.start(at, self._list.scope, "SyncReferenceChange")
        self._reference, end = self._tags.start(end, self._change.scope, "Reference")
        _, end = self._tags.start(end, self._reference.scope, "Anchor")
        self.head = self._tags.data[at:end]
        self._tails.clear()

    def tail(self, at: int) -> tuple[bytes, LinkOperation, AnchorType]:
        """A change behind its anchor: the bytes, and what they say."""
        for known in self._tails:
            if self._tags.data.startswith(known[0], at):
                return known
        by, end = self._integer(at, self._reference.scope, "referenceTypeInt")
        operation, end = self._integer(self._tags.end(end), self._change.scope, "operationInt")
        end = self._tags.end(end)
        found = self._tags.data[at:end], LinkOperation(operation), AnchorType(by)
        _remember(self._tails, found)
        return found

    def _integer(self, at: int, scope: Scope, name: str) -> tuple[int, int]:
        node, end = self._tags.reader.tree(at, scope, DEPTH + 4)
        if node.name != name or node.children:
            raise Surprise
        return read_integer(node), end


def _remember(known: list[Known], item: Known) -> None:
    known.insert(0, item)
    del known[REMEMBERED:]
