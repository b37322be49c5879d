"""Binary XML as somebody else writes and reads it, for peers that must not share a line with the product's codec.

Standard library only, written from [MC-NBFX] and [MC-NBFS] and kept small. A message is a tree of ``X``; a ``Style``
decides in which of the many legal forms it becomes bytes. ``seen`` reads bytes back into a tree of ``Seen``.
"""

import struct
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from re import fullmatch
from typing import Any, TypeAlias
from uuid import UUID

DICTIONARY = {
    "mustUnderstand": 0x00,
    "Envelope": 0x02,
    "http://www.w3.org/2003/05/soap-envelope": 0x04,
    "http://www.w3.org/2005/08/addressing": 0x06,
    "Header": 0x08,
    "Action": 0x0A,
    "To": 0x0C,
    "Body": 0x0E,
    "RelatesTo": 0x12,
    "http://www.w3.org/2005/08/addressing/anonymous": 0x14,
    "MessageID": 0x1A,
    "Address": 0x2A,
    "ReplyTo": 0x2C,
    "s": 0x84,
    "Fault": 0x86,
    "role": 0x8A,
    "Code": 0x8E,
    "Reason": 0x90,
    "Text": 0x92,
    "Node": 0x94,
    "Detail": 0x98,
    "Value": 0x9A,
    "Subcode": 0x9C,
    "a": 0xB6,
    "http://www.w3.org/2001/XMLSchema-instance": 0x372,
    "http://www.w3.org/2001/XMLSchema": 0x374,
    "nil": 0x376,
    "type": 0x378,
    "http://www.w3.org/2005/08/addressing/fault": 0xC6,
}
"""A part of [MC-NBFS]: string to id on the wire."""
TEXTS = {number: text for text, number in DICTIONARY.items()}

Content: TypeAlias = "str | bool | int | bytes | UUID | Sequence[X] | None"


@dataclass(frozen=True)
class X:
    """An element: ``prefix:name``, its content, attributes and declarations."""

    name: str
    content: Content = None
    attributes: Mapping[str, str | bool] = field(default_factory=dict)
    declares: Mapping[str, str] = field(default_factory=dict)
    """Prefix to namespace; the empty prefix is the default namespace."""


@dataclass(frozen=True)
class Style:
    """One of the legal forms."""

    dictionary: bool = False
    """Ids wherever a string has one; otherwise literal strings only."""
    typed: bool = True
    """Records of a type for booleans, numbers, GUIDs and bytes; otherwise their text."""
    guessing: bool = False
    """Texts that look like a number, a GUID, a date or base64 become such records, as some converters of XML do."""
    folded: bool = True
    """The end of an element in its last text record."""
    wide: bool = False
    """Texts as UTF-16, which .NET writes where it is shorter, and others always."""
    pieces: int = 0
    """Texts in pieces of so many characters, bytes too; 0: whole."""
    declarations_first: bool = False
    comments: bool = False
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Other prefixes than those of the tree."""


LITERAL = Style()
STYLES = {
    "literal strings": LITERAL,
    "dictionary strings": Style(dictionary=True),
    "text values": Style(typed=False),
    "guessed types": Style(guessing=True),
    "ends apart": Style(folded=False),
    "UTF-16": Style(wide=True),
    "split texts": Style(pieces=2),
    "declarations first": Style(declarations_first=True),
    "comments": Style(comments=True),
    "prefixes of one letter": Style(prefixes={"s": "q", "a": "z", "b": "y", "c": "x", "d": "w", "i": "v"}),
    "long prefixes": Style(True, prefixes={"s": "ns0", "a": "WSA", "b": "ns-1", "c": "é", "d": "xsd", "i": "xsi"}),
}
"""Forms that every peer must take."""


def written(tree: X, style: Style = LITERAL) -> bytes:
    """A tree as bytes."""
    comment = b"\x02" + _string("a comment") if style.comments else b""
    return comment + _Writer(style).element(tree) + comment


def hoisted(tree: X) -> X:
    """The tree with every declaration of a prefix on its root; default namespaces stay."""
    found: dict[str, str] = {}
    inner = _without(tree, found)
    return X(inner.name, inner.content, inner.attributes, {**inner.declares, **found})


def _without(tree: X, found: dict[str, str]) -> X:
    found.update({prefix: uri for prefix, uri in tree.declares.items() if prefix})
    content = tree.content
    if isinstance(content, (list, tuple)):
        content = [_without(child, found) for child in content]
    return X(tree.name, content, tree.attributes, {"": tree.declares[""]} if "" in tree.declares else {})


def _int31(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def _string(text: str) -> bytes:
    return _int31(len(text.encode())) + text.encode()


class _Writer:
    def __init__(self, style: Style) -> None:
        self.style = style

    def element(self, x: X) -> bytes:
        prefix, name = self._split(x.name)
        attributes = b"".join(self._attribute(*item) for item in x.attributes.items())
        declarations = b"".join(self._xmlns(*item) for item in x.declares.items())
        head = declarations + attributes if self.style.declarations_first else attributes + declarations
        return self._named(prefix, name, 0x40, 0x5E, 0x44) + head + self._content(x.content)

    def _split(self, name: str) -> tuple[str, str]:
        prefix, _, local = name.rpartition(":")
        return self.style.prefixes.get(prefix, prefix), local

    def _named(self, prefix: str, name: str, base: int, letters: int, dictionary_letters: int) -> bytes:
        """The head of an element or an attribute: its record, its prefix, its name."""
        known = self.style.dictionary and name in DICTIONARY
        told = _int31(DICTIONARY[name]) if known else _string(name)
        if not prefix:
            return bytes([base + 2 * known]) + told
        if fullmatch("[a-z]", prefix):
            return bytes([(dictionary_letters if known else letters) + ord(prefix) - 97]) + told
        return bytes([base + 1 + 2 * known]) + _string(prefix) + told

    def _attribute(self, name: str, value: str | bool) -> bytes:
        prefix, local = self._split(name)
        head = self._named(prefix, local, 0x04, 0x26, 0x0C)
        if isinstance(value, bool):
            return head + (bytes([0x86 if value else 0x84]) if self.style.typed else self._chars(str(value).lower()))
        if local == "type":  # a qualified name: its prefix may have another name here
            inner, _, kind = value.rpartition(":")
            value = f"{self.style.prefixes.get(inner, inner)}:{kind}".lstrip(":")
        return head + self._chars(value)

    def _xmlns(self, prefix: str, uri: str) -> bytes:
        prefix = self.style.prefixes.get(prefix, prefix)
        known = self.style.dictionary and uri in DICTIONARY
        told = _int31(DICTIONARY[uri]) if known else _string(uri)
        return (bytes([0x09 + 2 * known]) + _string(prefix) if prefix else bytes([0x08 + 2 * known])) + told

    def _content(self, content: Content) -> bytes:
        if content is None:
            return b"\x01"
        if isinstance(content, (list, tuple)):
            between = b"\x02" + _string("between") if self.style.comments else b""
            return between + b"".join(self.element(child) for child in content) + b"\x01"
        records = self._records(content)
        if not records:
            return b"\x01"
        if not self.style.folded:
            return b"".join(records) + b"\x01"
        return b"".join(records[:-1]) + bytes([records[-1][0] + 1]) + records[-1][1:]

    def _records(self, content: Any) -> list[bytes]:
        if self.style.guessing:
            content = _guessed(content if isinstance(content, str) else _text(content))
        elif not self.style.typed:
            content = _text(content)
        size = self.style.pieces
        match content:
            case str():
                if self.style.dictionary and content in DICTIONARY:
                    return [b"\xaa" + _int31(DICTIONARY[content])]
                step = size or len(content) or 1
                return [self._chars(content[start : start + step]) for start in range(0, len(content), step)]
            case bool():
                return [b"\x86" if content else b"\x84"]
            case int():
                return [
                    struct.pack("<Bq", 0x8E, content)
                    if content.bit_length() > 31
                    else struct.pack("<Bi", 0x8C, content)
                ]
            case bytes():
                step = 3 * size or len(content) or 1
                return [_sized(0x9E, content[start : start + step]) for start in range(0, len(content), step)]
            case UUID():
                return [b"\xac" + content.bytes_le]
            case _GuidText():
                return [b"\xb0" + content.value.bytes_le]
            case datetime():
                ticks = int((content - datetime(1, 1, 1)).total_seconds()) * 10**7  # noqa: DTZ001
                return [struct.pack("<BQ", 0x96, ticks)]
            case _:
                raise TypeError(type(content))

    def _chars(self, text: str) -> bytes:
        if self.style.dictionary and text in DICTIONARY:
            return b"\xaa" + _int31(DICTIONARY[text])
        return _sized(0xB6, text.encode("utf-16-le")) if self.style.wide else _sized(0x98, text.encode())


@dataclass(frozen=True)
class _GuidText:
    value: UUID


def _text(content: Any) -> str:
    match content:
        case bool():
            return str(content).lower()
        case bytes():
            return b64encode(content).decode()
        case UUID():
            return f"urn:uuid:{content}"
        case _:
            return str(content)


def _guessed(text: str) -> Any:
    """What a converter takes a text for that does not know the schema."""
    if fullmatch(r"-?[1-9]\d{0,17}|0", text):
        return int(text)
    if text in ("true", "false"):
        return text == "true"
    if fullmatch(r"urn:uuid:[0-9a-f-]{36}", text):
        return UUID(text)
    if fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        return _GuidText(UUID(text))
    if fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text):
        return datetime.fromisoformat(text)
    if fullmatch(r"(?:[A-Za-z0-9+/]{4})+|(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)", text):
        data = b64decode(text)
        return data if b64encode(data).decode() == text else text
    return text


def _sized(record: int, data: bytes) -> bytes:
    if len(data) < 0x100:
        return bytes([record, len(data)]) + data
    if len(data) < 0x10000:
        return struct.pack("<BH", record + 2, len(data)) + data
    return struct.pack("<Bi", record + 4, len(data)) + data


@dataclass
class Seen:
    """An element that was read."""

    name: str
    """As it is written: with its prefix."""
    namespace: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Seen"] = field(default_factory=list)
    texts: list[str | bytes] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    """Text records in their even form, to see what a peer is forced to understand."""
    literal: bool = True
    """The name is no id of the dictionary."""

    @property
    def local(self) -> str:
        return self.name.rpartition(":")[2]

    @property
    def text(self) -> str:
        if self.texts and all(isinstance(text, bytes) for text in self.texts):
            return b64encode(b"".join(text for text in self.texts if isinstance(text, bytes))).decode()
        return "".join(text if isinstance(text, str) else b64encode(text).decode() for text in self.texts)

    def at(self, path: str) -> "Seen":
        """Below it, by local names."""
        here = self
        for name in path.split("/"):
            here = next(child for child in here.children if child.local == name)
        return here

    def has(self, path: str) -> bool:
        """Whether there is something."""
        try:
            return bool(self.at(path))
        except StopIteration:
            return False

    def all(self, name: str) -> "list[Seen]":
        """Everything below it with a local name, in document order."""
        found = [child for child in self.children if child.local == name]
        for child in self.children:
            found += child.all(name)
        return found
