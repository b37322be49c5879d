"""A decoded element: its expanded name, its attributes, its content."""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator, Mapping, Sequence

Name = tuple[str, str]
"""Namespace and local name."""
Part = str | bytes
"""Text in XML's lexical form, or the bytes of a binary record."""

XML = "http://www.w3.org/XML/1998/namespace"
"""What the prefix ``xml`` always means."""
_NO_ATTRIBUTES: Mapping[Name, str] = {}
_NO_CHILDREN: "list[Node]" = []
"""Shared by all leaves and never changed: a page of the read-back is 100,000 elements, most of them leaves."""


class Scope:
    """The prefixes in force in an element: its own, then those around it.

    Scopes are linked and never copied, so what a message declares is held once however many elements are below it.
    """

    __slots__ = ("_declared", "_outer")

    def __init__(self, declared: Mapping[str, str], outer: "Scope | None" = None) -> None:
        self._declared = declared
        self._outer = outer

    def find(self, prefix: str) -> str | None:
        """The namespace of a prefix; None when it is not declared. Without a prefix there may be none, ``""``."""
        scope: Scope | None = self
        while scope is not None:
            found = scope._declared.get(prefix)
            if found is not None:
                return found
            scope = scope._outer
        return None

    def prefixes(self) -> dict[str, str]:
        """All prefixes in force, with their namespaces."""
        outer = self._outer.prefixes() if self._outer else {}
        return {**outer, **self._declared}


OUTERMOST = Scope({"": "", "xml": XML})


class Node:
    """One element of a message.

    ``parts`` are the texts of the element in their order; text records of one value may be split anywhere.
    ``scope`` are the prefixes in force, for values that are qualified names.
    """

    __slots__ = ("attributes", "children", "name", "namespace", "parts", "scope")

    def __init__(self, namespace: str, name: str, scope: Scope) -> None:
        self.namespace = namespace
        self.name = name
        self.scope = scope
        self.attributes = _NO_ATTRIBUTES
        self.children = _NO_CHILDREN
        self.parts: Sequence[Part] = ()

    def adopt(self, child: "Node") -> None:
        """Put an element behind the others."""
        if self.children:
            self.children.append(child)
        else:
            self.children = [child]

    def put(self, part: Part) -> None:
        """Put a text behind the others."""
        if not self.parts:
            self.parts = (part,)  # nearly always the only one
        elif isinstance(self.parts, list):
            self.parts.append(part)
        else:
            self.parts = [*self.parts, part]

    @property
    def text(self) -> str:
        """The content as text; binary records as one base64 value, as an XML reader shows them."""
        return text_of(self.parts)

    @property
    def bytes(self) -> bytes:
        """The content as bytes: binary records joined, or base64 text decoded.

        :raises ValueError: the text is not base64.
        """
        if all(isinstance(part, bytes) for part in self.parts):
            return b"".join(part for part in self.parts if isinstance(part, bytes))
        try:
            return b64decode("".join(self.text.split()), validate=True)
        except Error as error:
            raise ValueError(f"not base64: {error}") from None

    def child(self, name: str) -> "Node | None":
        """The first child of this local name, in whatever namespace."""
        for node in self.children:
            if node.name == name:
                return node
        return None

    def all(self, name: str) -> "Iterator[Node]":
        """Children of this local name."""
        return (node for node in self.children if node.name == name)

    def walk(self) -> "Iterator[Node]":
        """This element and everything below it, in document order."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def qualified(self, value: str) -> Name:
        """A qualified name in a value, expanded by the prefixes in force here.

        :raises ValueError: its prefix is not declared.
        """
        prefix, _, local = value.strip(" \t\r\n").rpartition(":")
        namespace = self.scope.find(prefix)
        if namespace is None:
            raise ValueError(f"the prefix {prefix[:60]!r} is not declared")
        return namespace, local

    def __repr__(self) -> str:
        return f"<Node {{{self.namespace}}}{self.name}>"


def text_of(parts: Sequence[Part]) -> str:
    """Parts as one text. Neighbouring binary records are joined as bytes before they become base64."""
    if len(parts) == 1:
        part = parts[0]
        return part if isinstance(part, str) else b64encode(part).decode()
    pieces: list[str] = []
    binary: list[bytes] = []
    for part in parts:
        if isinstance(part, bytes):
            binary.append(part)
            continue
        if binary:
            pieces.append(b64encode(b"".join(binary)).decode())
            binary = []
        pieces.append(part)
    pieces.append(b64encode(b"".join(binary)).decode())
    return "".join(pieces)
