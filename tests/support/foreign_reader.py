"""The reading half of ``foreign``: bytes become a tree, one record after the other. It knows no shortcuts."""

import struct
from datetime import timedelta
from typing import Any
from uuid import UUID

from support.foreign import TEXTS, Seen


def seen(data: bytes) -> Seen:
    """A message as a tree.

    :raises ValueError: a record it does not know, or the end comes too early or too late.
    """
    return _Reader(data).document()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.place : self.place + count]
        if len(piece) != count:
            raise ValueError(f"the message ends at {len(self.data)}")
        self.place += count
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def int31(self) -> int:
        value = shift = 0
        while True:
            part = self.byte()
            value |= (part & 0x7F) << shift
            shift += 7
            if part < 0x80:
                return value

    def string(self) -> str:
        return self.take(self.int31()).decode()

    def word(self) -> str:
        return TEXTS[self.int31()]

    def document(self) -> Seen:
        root = Seen("")
        open_ = [(root, {"": "", "xml": "http://www.w3.org/XML/1998/namespace"})]
        while self.place < len(self.data):
            record = self.byte()
            node, scope = open_[-1]
            if record == 0x01:
                open_.pop()
            elif record == 0x02:
                self.string()
            elif 0x40 <= record <= 0x77:
                child = self._start(record, dict(scope))
                node.children.append(child[0])
                open_.append(child)
            elif record >= 0x80:
                node.records.append(record & 0xFE)
                node.texts.append(self._value(record & 0xFE))
                if record & 1:
                    open_.pop()
            else:
                raise ValueError(f"record {record:#x} at {self.place - 1}")
            if not open_:
                raise ValueError("an end too many")
        if len(open_) != 1 or len(root.children) != 1:
            raise ValueError("one element is expected, and its end")
        return root.children[0]

    def _start(self, record: int, scope: dict[str, str]) -> tuple[Seen, dict[str, str]]:
        prefix, name, literal = self._name(record, 0x40, 0x5E, 0x44)
        node = Seen(f"{prefix}:{name}" if prefix else name, literal=literal)
        while self.place < len(self.data) and 0x04 <= self.data[self.place] <= 0x3F:
            head = self.byte()
            if head in (0x08, 0x09, 0x0A, 0x0B):
                declared = self.string() if head & 1 else ""
                scope[declared] = self.string() if head < 0x0A else self.word()
                continue
            inner, attribute, _ = self._name(head, 0x04, 0x26, 0x0C)
            value = self._value(self.byte())
            assert isinstance(value, str)
            node.attributes[f"{inner}:{attribute}" if inner else attribute] = value
        node.namespace = scope[prefix]
        return node, scope

    def _name(self, record: int, base: int, letters: int, dictionary_letters: int) -> tuple[str, str, bool]:
        if base <= record < base + 4:
            prefix = self.string() if (record - base) & 1 else ""
            return prefix, self.word() if record - base > 1 else self.string(), record - base < 2
        literal = record >= letters
        prefix = chr(97 + record - (letters if literal else dictionary_letters))
        return prefix, self.string() if literal else self.word(), literal

    def _value(self, record: int) -> str | bytes:
        simple: dict[int, Any] = {0x80: "0", 0x82: "1", 0x84: "false", 0x86: "true", 0xA8: ""}
        numbers = {0x88: "<b", 0x8A: "<h", 0x8C: "<i", 0x8E: "<q", 0xB2: "<Q", 0x90: "<f", 0x92: "<d"}
        sizes = {0: "<B", 2: "<H", 4: "<i"}
        if record in simple:
            return str(simple[record])
        if record in numbers:
            return str(struct.unpack(numbers[record], self.take(struct.calcsize(numbers[record])))[0])
        for first, decode in ((0x98, bytes.decode), (0x9E, bytes), (0xB6, lambda data: data.decode("utf-16-le"))):
            if first <= record <= first + 4:
                form = sizes[record - first]
                return decode(self.take(struct.unpack(form, self.take(struct.calcsize(form)))[0]))  # type: ignore[no-any-return,operator]
        match record:
            case 0xAA:
                return self.word()
            case 0xAC:
                return f"urn:uuid:{UUID(bytes_le=self.take(16))}"
            case 0xB0:
                return str(UUID(bytes_le=self.take(16)))
            case 0xAE:
                return str(timedelta(microseconds=struct.unpack("<q", self.take(8))[0] / 10))
            case _:
                raise ValueError(f"text record {record:#x} at {self.place - 1}")
