"""Binary XML becomes elements: one pass over the records of [MC-NBFX] section 2.2.

A start tag is its name followed by attributes and namespace declarations in any mixture (Microsoft's writer puts the
declarations last), so prefixes are resolved when the whole tag was read. A text record with an odd type also ends its
element. Everything that is not legal is refused with its offset; nothing is taken from a declared length.
"""

from syncramp.collector import collector_paused
from syncramp.endpoint.nbfx.errors import NbfxError
from syncramp.endpoint.nbfx.node import OUTERMOST, XML, Name, Node, Part, Scope, text_of
from syncramp.endpoint.nbfx.texts import READERS, dictionary_string, int31, slice_of, string, utf8

DEEPEST = 64
"""Nesting; WCF's default quota is 32."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ARRAYS = {
    0xB5: (0xB4, 1),
    0x8B: (0x8A, 2),
    0x8D: (0x8C, 4),
    0x8F: (0x8E, 8),
    0x91: (0x90, 4),
    0x93: (0x92, 8),
    0x95: (0x94, 16),
    0x97: (0x96, 8),
    0xAF: (0xAE, 8),
    0xB1: (0xB0, 16),
}
"""Value record of an array -> its text record, and the bytes of one value."""


def decode(data: bytes) -> Node:
    """The root element of a message.

    :raises NbfxError: the message is not legal.
    """
    reader = Reader(data)
    with collector_paused():
        root, at = reader.tree(reader.comments(0), OUTERMOST)
    at = reader.comments(at)
    if at != len(data):
        raise NbfxError(at, "nothing behind the end of the root element")
    return root


class Reader:
    """The records of one message: :func:`decode` reads all of it, others a part."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._names: dict[bytes, str] = {}

    def comments(self, at: int) -> int:
        """The offset behind the comments that stand here, if there are any."""
        while at < len(self._data) and self._data[at] == 0x02:
            at = string(self._data, at + 1)[1]
        return at

    def tree(self, at: int, scope: Scope, depth: int = 0) -> tuple[Node, int]:
        """An element with all it holds, and the offset behind it.

        :param depth: how many elements are around it.
        :raises NbfxError: there is none, or it is not legal.
        """
        data, end = self._data, len(self._data)
        root, at = self.element(at, scope)
        open_nodes = [root]
        while open_nodes:
            if at >= end:
                raise NbfxError(end, f"the end of {open_nodes[-1].name}")
            record = data[at]
            if 0x40 <= record <= 0x77:
                node, at = self._start(at, open_nodes[-1].scope)
                open_nodes[-1].adopt(node)
                open_nodes.append(node)
                if len(open_nodes) + depth > DEEPEST:
                    raise NbfxError(at, f"at most {DEEPEST} nested elements")
            elif record == 0x01:
                open_nodes.pop()
                at += 1
            elif record == 0x02:
                at = string(data, at + 1)[1]
            elif record == 0x03:
                at = self._array(at + 1, open_nodes[-1])
            else:
                part, ends, at = self._text(at)
                if part:
                    open_nodes[-1].put(part)
                if ends:
                    open_nodes.pop()
        return root, at

    def element(self, at: int, scope: Scope) -> tuple[Node, int]:
        """The start tag of an element, and the offset behind it.

        :raises NbfxError: there is none, or it is not legal.
        """
        if not 0x40 <= self._byte(at, "a root element") <= 0x77:
            raise NbfxError(at, "a root element")
        return self._start(at, scope)

    def texts(self, at: int) -> tuple[list[Part], int]:
        """The content of an element that holds nothing but texts, and the offset behind its end.

        :raises NbfxError: it holds something else.
        """
        parts: list[Part] = []
        ends = False
        while not ends:
            if self._byte(at, "a text") == 0x01:
                return parts, at + 1
            part, ends, at = self._text(at)
            if part:
                parts.append(part)
        return parts, at

    def _text(self, at: int) -> tuple[Part, bool, int]:
        """A text record: its value, whether it ends its element, and the offset behind it."""
        record = self._data[at]
        if record & 0xFE == 0xA4:
            return self._list(at + 1)
        reader = READERS.get(record & 0xFE)
        if reader is None:
            raise NbfxError(at, f"a record, 0x{record:02X} is none that may stand here")
        value, end = reader(self._data, at + 1)
        return value, bool(record & 1), end

    def _list(self, at: int) -> tuple[Part, bool, int]:
        """Texts between StartList and EndList, separated by spaces."""
        values: list[str] = []
        while True:
            if at >= len(self._data):
                raise NbfxError(at, "the end of a list")
            record = self._data[at]
            if record & 0xFE == 0xA6:
                return " ".join(values), bool(record & 1), at + 1
            if record & 1 or record == 0xA4:
                raise NbfxError(at, "a text of a list")
            part, _, at = self._text(at)
            values.append(text_of((part,)))

    def _start(self, at: int, scope: Scope) -> tuple[Node, int]:
        start, data = at, self._data
        prefix, name, at = self._element_name(at)
        if at >= len(data) or not 0x04 <= data[at] <= 0x3F:
            return Node(self._namespace(prefix, scope, start), name, scope), at
        attributes, declared, at = self._start_tag(at)
        if declared:
            scope = Scope(declared, scope)
        node = Node(self._namespace(prefix, scope, start), name, scope)
        if attributes:
            node.attributes = self._expanded(attributes, scope, start)
        return node, at

    def _element_name(self, at: int) -> tuple[str, str, int]:
        record, at = self._data[at], at + 1
        if record >= 0x5E:
            name, at = self._name(at)
            return _LETTERS[record - 0x5E], name, at
        if record >= 0x44:
            name, at = dictionary_string(self._data, at)
            return _LETTERS[record - 0x44], name, at
        prefix = ""
        if record in (0x41, 0x43):
            prefix, at = self._name(at)
        name, at = dictionary_string(self._data, at) if record >= 0x42 else self._name(at)
        return prefix, name, at

    def _start_tag(self, at: int) -> tuple[list[tuple[str, str, str]], dict[str, str], int]:
        """Attributes as (prefix, name, value), and declared prefixes."""
        data, end = self._data, len(self._data)
        attributes: list[tuple[str, str, str]] = []
        declared: dict[str, str] = {}
        while at < end and 0x04 <= data[at] <= 0x3F:
            record, start = data[at], at
            at += 1
            if 0x08 <= record <= 0x0B:
                prefix = ""
                if record & 1:
                    prefix, at = self._name(at)
                value, at = dictionary_string(data, at) if record >= 0x0A else string(data, at)
                if prefix in declared or (prefix and not value):
                    raise NbfxError(start, "a namespace declared once, and not the empty one for a prefix")
                if prefix == "xmlns" or (prefix == "xml") != (value == XML):
                    raise NbfxError(start, "no declaration of xmlns, and of xml only what it means")
                declared[prefix] = value
            else:
                prefix, name, at = self._attribute_name(record, at)
                value, at = self._attribute_value(at)
                attributes.append((prefix, name, value))
        return attributes, declared, at

    def _attribute_name(self, record: int, at: int) -> tuple[str, str, int]:
        if record >= 0x26:
            name, at = self._name(at)
            return _LETTERS[record - 0x26], name, at
        if record >= 0x0C:
            name, at = dictionary_string(self._data, at)
            return _LETTERS[record - 0x0C], name, at
        prefix = ""
        if record in (0x05, 0x07):
            prefix, at = self._name(at)
        name, at = dictionary_string(self._data, at) if record >= 0x06 else self._name(at)
        return prefix, name, at

    def _attribute_value(self, at: int) -> tuple[str, int]:
        if at >= len(self._data):
            raise NbfxError(at, "the value of an attribute")
        part, ends, end = self._text(at)
        if ends:
            raise NbfxError(at, "an attribute's value, which never ends an element")
        return text_of((part,)), end

    def _expanded(self, attributes: list[tuple[str, str, str]], scope: Scope, at: int) -> dict[Name, str]:
        expanded = {(self._namespace(p, scope, at) if p else "", name): value for p, name, value in attributes}
        if len(expanded) != len(attributes):
            raise NbfxError(at, "each attribute once")
        return expanded

    @staticmethod
    def _namespace(prefix: str, scope: Scope, at: int) -> str:
        found = scope.find(prefix)
        if found is None:
            raise NbfxError(at, f"a declaration of the prefix {prefix!r}")
        return found

    def _name(self, at: int) -> tuple[str, int]:
        """A literal name; the same few come again and again, so each is decoded once."""
        length, at = int31(self._data, at)
        piece = slice_of(self._data, at, length, "a name")
        name = self._names.get(piece)
        if name is None:
            name = self._names[piece] = utf8(piece, at)
        return name, at + length

    def _array(self, at: int, parent: Node) -> int:
        """One start tag and many values: as many sibling elements ([MC-NBFX] 2.2.3.31)."""
        start = at
        if not 0x40 <= self._byte(at, "an element") <= 0x77:
            raise NbfxError(at, "an element of an array")
        model, at = self._start(at, parent.scope)
        if self._byte(at, "the end of the element of an array") != 0x01:
            raise NbfxError(at, "the end of the element of an array")
        kind = self._byte(at + 1, "the type of an array's values")
        if kind not in _ARRAYS:
            raise NbfxError(at + 1, "the type of an array's values")
        record, size = _ARRAYS[kind]
        count, at = int31(self._data, at + 2)
        if count < 1 or count * size > len(self._data) - at:
            raise NbfxError(start, f"an array of {count} values of {size} bytes")
        for _ in range(count):
            node = Node(model.namespace, model.name, model.scope)
            node.attributes = model.attributes
            value, at = READERS[record](self._data, at)
            node.parts = (value,)
            parent.adopt(node)
        return at

    def _byte(self, at: int, what: str) -> int:
        if at >= len(self._data):
            raise NbfxError(at, what)
        return self._data[at]
