"""Binary XML in every form there is for the same content, written without the codec.

A tree is written with what a source of choices says at each place: prefixes, literal or dictionary strings, records
of a value, where a text is split and where comments stand. Whoever reads it must find the tree.
"""

import json
import struct
from base64 import b64encode
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import syncramp

Name = tuple[str, str]
_TABLE = Path(syncramp.__file__).parent / "endpoint" / "nbfx" / "dictionary.json"
IDS = {string: int(wire) for wire, string in json.loads(_TABLE.read_text())["entries"].items()}
_CONSTANTS = {"0": 0x80, "1": 0x82, "false": 0x84, "true": 0x86}
_NUMBERS = ((0x88, "<b"), (0x8A, "<h"), (0x8C, "<i"), (0x8E, "<q"), (0xB2, "<Q"))


@dataclass
class Tree:
    """An element: content is text, bytes and elements; a value of an attribute may be a qualified name."""

    name: Name
    content: list["Tree | str | bytes"] = field(default_factory=list)
    attributes: dict[Name, "str | Name"] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What a reader must find: neighbouring bytes are one value in base64."""
        parts = [part for part in self.content if not isinstance(part, Tree)]
        if any(isinstance(part, bytes) for part in parts):
            return b64encode(b"".join(part for part in parts if isinstance(part, bytes))).decode()
        return "".join(part for part in parts if isinstance(part, str))


def int31(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return out + bytes((value,))


class Writer:
    """Writes one message.

    :param choices: decides all that may be one way or another.
    """

    def __init__(self, choices: Random) -> None:
        self._choices = choices
        self._number = 0

    def write(self, tree: Tree) -> bytes:
        return self._comment() + self._element(tree, {"": ""}) + self._comment()

    def _maybe(self, often: float = 0.5) -> bool:
        return self._choices.random() < often

    def _string(self, text: str) -> bytes:
        encoded = text.encode()
        return int31(len(encoded)) + encoded

    def _comment(self) -> bytes:
        return b"\x02" + self._string("a remark") if self._maybe(0.05) else b""

    def _element(self, tree: Tree, scope: dict[str, str]) -> bytes:
        scope, declared = dict(scope), {}
        if tree.name[0]:
            prefix = self._prefix(tree.name[0], scope, declared, default=True)
        else:
            prefix = ""
            if scope[""]:
                scope[""] = declared[""] = ""
        attributes = [self._attribute(name, value, scope, declared) for name, value in tree.attributes.items()]
        tags = attributes + [self._xmlns(prefix, uri) for prefix, uri in declared.items()]
        if self._maybe():
            self._choices.shuffle(tags)
        return self._start(prefix, tree.name[1]) + b"".join(tags) + self._content(tree.content, scope)

    def _prefix(self, uri: str, scope: dict[str, str], declared: dict[str, str], *, default: bool) -> str:
        """A prefix for a namespace: one that is in force, or a new one."""
        known = [prefix for prefix, bound in scope.items() if bound == uri and (prefix or default)]
        if known and self._maybe(0.9):
            return self._choices.choice(known)
        self._number += 1
        letters = "abcdefghijklmnopqrstuvwxyz"
        free = [letter for letter in letters if letter not in scope] + ["é", f"p{self._number}", f"Q{self._number}"]
        options = [p for p in free if p not in scope]
        if default and "" not in declared:
            options.append("")
        prefix = self._choices.choice(options)
        scope[prefix] = declared[prefix] = uri
        return prefix

    def _start(self, prefix: str, name: str) -> bytes:
        by_id = name in IDS and self._maybe()
        written = int31(IDS[name]) if by_id else self._string(name)
        if len(prefix) == 1 and "a" <= prefix <= "z" and self._maybe(0.8):
            return bytes(((0x44 if by_id else 0x5E) + ord(prefix) - ord("a"),)) + written
        if prefix:
            return (b"\x43" if by_id else b"\x41") + self._string(prefix) + written
        return (b"\x42" if by_id else b"\x40") + written

    def _attribute(self, name: Name, value: "str | Name", scope: dict[str, str], declared: dict[str, str]) -> bytes:
        prefix = self._prefix(name[0], scope, declared, default=False) if name[0] else ""
        if isinstance(value, tuple):
            bound = self._prefix(value[0], scope, declared, default=True)
            value = f"{bound}:{value[1]}" if bound else value[1]
        by_id = name[1] in IDS and self._maybe()
        written = int31(IDS[name[1]]) if by_id else self._string(name[1])
        text = self._record(value)
        if len(prefix) == 1 and "a" <= prefix <= "z" and self._maybe(0.8):
            return bytes(((0x0C if by_id else 0x26) + ord(prefix) - ord("a"),)) + written + text
        if prefix:
            return (b"\x07" if by_id else b"\x05") + self._string(prefix) + written + text
        return (b"\x06" if by_id else b"\x04") + written + text

    def _xmlns(self, prefix: str, uri: str) -> bytes:
        by_id = uri in IDS and self._maybe()
        written = int31(IDS[uri]) if by_id else self._string(uri)
        if prefix:
            return (b"\x0b" if by_id else b"\x09") + self._string(prefix) + written
        return (b"\x0a" if by_id else b"\x08") + written

    def _content(self, content: list[Tree | str | bytes], scope: dict[str, str]) -> bytes:
        out, last = b"", b""
        for part in content:
            if isinstance(part, Tree):
                out, last = out + last + self._comment() + self._element(part, scope), b""
                continue
            for record in self._records(part):
                out, last = out + last + self._comment(), record
        if last and last[0] != 0xA4 and self._maybe(0.7):
            return out + bytes((last[0] + 1,)) + last[1:]
        return out + last + b"\x01"

    def _records(self, part: str | bytes) -> list[bytes]:
        if isinstance(part, bytes):
            return [self._binary(piece) for piece in self._split(part)]
        if " " in part.strip() and self._maybe(0.2):
            return [b"\xa4" + b"".join(self._record(word) for word in part.split(" ")) + b"\xa6"]
        return [self._record(piece) for piece in self._split(part)] + ([b"\xa8"] if self._maybe(0.05) else [])

    def _split(self, value: Any) -> list[Any]:
        """Text or bytes in one piece or in some."""
        places = (
            sorted({self._choices.randint(0, len(value)) for _ in range(3)}) if value and self._maybe(0.3) else []
        )
        return [value[i:j] for i, j in pairwise([0, *places, len(value)])]

    def _record(self, text: str) -> bytes:
        """A text as one record that does not end its element."""
        forms = [self._characters(text), self._characters(text)]
        if not text:
            forms.append(b"\xa8")
        if text in _CONSTANTS:
            forms.append(bytes((_CONSTANTS[text],)))
        if text in ("false", "true"):
            forms.append(bytes((0xB4, text == "true")))
        if text in IDS:
            forms.append(b"\xaa" + int31(IDS[text]))
        if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and str(int(text[:20])) == text:
            forms += [form for form in (_number(kind, shape, int(text)) for kind, shape in _NUMBERS) if form]
        forms += _guids(text)
        return self._choices.choice(forms)

    def _characters(self, text: str) -> bytes:
        wide = self._maybe(0.2)
        encoded = text.encode("utf-16-le" if wide else "utf-8")
        kinds = [(kind, shape) for kind, shape in ((0, "B"), (2, "H"), (4, "i")) if len(encoded) < 1 << _BITS[shape]]
        kind, shape = self._choices.choice(kinds[:2] if self._maybe(0.9) else kinds)
        return bytes(((0xB6 if wide else 0x98) + kind,)) + struct.pack(f"<{shape}", len(encoded)) + encoded

    def _binary(self, value: bytes) -> bytes:
        kinds = [(kind, shape) for kind, shape in ((0, "B"), (2, "H"), (4, "i")) if len(value) < 1 << _BITS[shape]]
        kind, shape = self._choices.choice(kinds)
        return bytes((0x9E + kind,)) + struct.pack(f"<{shape}", len(value)) + value


_BITS = {"B": 8, "H": 16, "i": 31}


def _number(kind: int, shape: str, value: int) -> bytes:
    try:
        return bytes((kind,)) + struct.pack(shape, value)
    except struct.error:
        return b""


def _guids(text: str) -> list[bytes]:
    bare = text.removeprefix("urn:uuid:")
    try:
        found = UUID(bare)
    except ValueError:
        return []
    if str(found) != bare:
        return []
    return [bytes((0xB0 if bare == text else 0xAC,)) + found.bytes_le]
