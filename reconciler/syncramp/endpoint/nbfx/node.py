"""A decoded element: its expanded name, its attributes, its content."""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator, Mapping

Name = tuple[str, str]
"""Namespace and local name."""
Part = str | bytes
"""Text in XML's lexical form, or the bytes of a binary record."""

_NO_ATTRIBUTES: Mapping[Name, str] = {}
_NO_CHILDREN: "list[Node]" = []
"""Shared by all leaves and never changed: a page of the read-back is 100,000 elements, most of them leaves."""


class Node:
    """One element of a message.

    ``parts`` are the texts of the element in their order; text records of one value may be split anywhere.
    ``scope`` are the prefixes in force, for values that are qualified names.
    """

    __slots__ = ("attributes", "children", "name", "namespace", "parts", "scope")

    def __init__(self, namespace: str, name: str, scope: Mapping[str, str]) -> None:
        self.namespace = namespace
        self.name = name
        self.scope = scope
        self.attributes = _NO_ATTRIBUTES
        self.children = _NO_CHILDREN
        self.parts: tuple[Part, ...] = ()

    def adopt(self, child: "Node") -> None:
        """Put an element behind the others."""
        if self.children:
            self.children.append(child)
        else:
            self.children = [child]

    @property
    def text(self) -> str:
        """The content as text; binary records as one base64 value, as an XML reader shows them."""
        parts = self.parts
        if len(parts) == 1:
            part = parts[0]
            return part if isinstance(part, str) else b64encode(part).decode()
        if parts and all(isinstance(part, bytes) for part in parts):
            return b64encode(b"".join(part for part in parts if isinstance(part, bytes))).decode()
        return "".join(part if isinstance(part, str) else b64encode(part).decode() for part in parts)

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
        prefix, _, local = value.strip().rpartition(":")
        if prefix not in self.scope and prefix:
            raise ValueError(f"the prefix {prefix!r} of {value!r} is not declared")
        return self.scope.get(prefix, ""), local

    def __repr__(self) -> str:
        return f"<Node {{{self.namespace}}}{self.name}>"
