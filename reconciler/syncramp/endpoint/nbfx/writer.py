"""Elements become binary XML, the way .NET's own writer does it.

Pieces of bytes are collected and joined once. Names and namespaces of the SOAP parts are written as ids of the static
dictionary, those of the body as literal strings, because they are not dictionary strings there either. A text of up
to ``LONGEST_FOLDED`` bytes also ends its element; .NET cannot always do that for longer ones, and readers take both.

Attributes stand before the namespace declarations of the same start tag, as in .NET's output.

Values are written in one of three forms: ``typed`` as .NET does, ``text``, everything as UTF-8 text, or ``records``,
where GUIDs and durations, which .NET's data contracts write as text, are records of their own types too.
"""

import re
import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from uuid import UUID

from syncramp.endpoint.nbfx.dictionary import IDS

END = b"\x01"
LONGEST_FOLDED = 170
"""Bytes of a text that .NET's writer can still fold with the end of its element."""


def int31(value: int) -> bytes:
    """MultiByteInt31 ([MC-NBFX] 2.1.2)."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@lru_cache(maxsize=4096)
def string(value: str) -> bytes:
    """A string with its length in front."""
    encoded = value.encode()
    return int31(len(encoded)) + encoded


@lru_cache(maxsize=4096)
def element(prefix: str, name: str) -> bytes:
    """A start tag with a literal name, without its attributes."""
    if not prefix:
        return b"\x40" + string(name)
    if len(prefix) == 1 and "a" <= prefix <= "z":
        return bytes([0x5E + ord(prefix) - ord("a")]) + string(name)
    return b"\x41" + string(prefix) + string(name)


def soap_element(prefix: str, name: str) -> bytes:
    """A start tag whose name is a dictionary string; the prefix is one letter."""
    return bytes([0x44 + ord(prefix) - ord("a")]) + int31(IDS[name])


def attribute(prefix: str, name: str, value: bytes) -> bytes:
    """An attribute with a literal name and a text record."""
    if not prefix:
        return b"\x04" + string(name) + value
    if len(prefix) == 1:
        return bytes([0x26 + ord(prefix) - ord("a")]) + string(name) + value
    return b"\x05" + string(prefix) + string(name) + value


def soap_attribute(prefix: str, name: str, value: bytes) -> bytes:
    """An attribute whose name is a dictionary string."""
    return bytes([0x0C + ord(prefix) - ord("a")]) + int31(IDS[name]) + value


def xmlns(prefix: str, uri: str) -> bytes:
    """A namespace declaration with a literal URI."""
    return (b"\x09" + string(prefix) if prefix else b"\x08") + string(uri)


def soap_xmlns(prefix: str, uri: str) -> bytes:
    """A namespace declaration with a dictionary URI."""
    return b"\x0b" + string(prefix) + int31(IDS[uri])


def text(value: str) -> bytes:
    """A text record that does not end its element; an empty text is EmptyText."""
    if value in ("", "0", "1"):
        return {"": b"\xa8", "0": b"\x80", "1": b"\x82"}[value]
    return _record(value, fold=False)


def content(value: str) -> bytes:
    """The text of an element and its end, as .NET writes a string."""
    if not value:
        return END
    if value in ("0", "1"):
        return b"\x81" if value == "0" else b"\x83"
    return _record(value, fold=True)


def _record(value: str, *, fold: bool) -> bytes:
    """UTF-8, or UTF-16 where .NET prefers it: when two bytes a unit are fewer than UTF-8 needs."""
    encoded, record = value.encode(), 0x98
    if len(encoded) >> 1 > len(value):
        wide = value.encode("utf-16-le")
        if len(encoded) // 2 > len(wide) // 2:
            encoded, record = wide, 0xB6
    return _sized(record, encoded, fold=fold)


def _sized(record: int, encoded: bytes, *, fold: bool) -> bytes:
    length = len(encoded)
    if fold and length <= LONGEST_FOLDED:
        return bytes((record + 1, length)) + encoded
    if length < 0x100:
        head = bytes((record, length))
    elif length < 0x10000:
        head = struct.pack("<BH", record + 2, length)
    else:
        head = struct.pack("<Bi", record + 4, length)
    return head + encoded + (END if fold else b"")


def binary(value: bytes) -> bytes:
    """Binary content and the end of its element: whole triples first, then what is left, as .NET's base64 writer."""
    rest = len(value) % 3
    whole, tail = value[: len(value) - rest], value[len(value) - rest :]
    if not whole and not tail:
        return END
    if not tail:
        return _sized(0x9E, whole, fold=True)
    return (_sized(0x9E, whole, fold=False) if whole else b"") + _sized(0x9E, tail, fold=True)


def boolean(value: bool) -> bytes:
    """A boolean and the end of its element."""
    return b"\x87" if value else b"\x85"


def integer(value: int) -> bytes:
    """A number and the end of its element, in the smallest record that holds it.

    :raises ValueError: it does not fit into 64 bits.
    """
    if value in (0, 1):
        return b"\x83" if value else b"\x81"
    for record, form, bits in ((0x89, "<Bb", 7), (0x8B, "<Bh", 15), (0x8D, "<Bi", 31), (0x8F, "<Bq", 63)):
        if -(1 << bits) <= value < 1 << bits:
            return struct.pack(form, record, value)
    raise ValueError(f"{value} does not fit into 64 bits")


def unique_id(value: UUID) -> bytes:
    """``urn:uuid:`` and the end of its element."""
    return b"\xad" + value.bytes_le


def guid(value: str) -> bytes:
    """A GUID and the end of its element ([MC-NBFX] 2.2.3.26); text where it is none in its usual spelling."""
    try:
        found = UUID(value)
    except ValueError:
        return content(value)
    return b"\xb1" + found.bytes_le if str(found) == value else content(value)


_DURATION = re.compile("PT(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?", re.ASCII)
_TICKS_A_SECOND = 10_000_000


def duration(value: str) -> bytes:
    """Hours, minutes and seconds as a TimeSpan, and the end of its element ([MC-NBFX] 2.2.3.25); else the text."""
    found = _DURATION.fullmatch(value)
    if not found or value == "PT":
        return content(value)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return struct.pack("<Bq", 0xAF, (hours * 3600 + minutes * 60 + seconds) * _TICKS_A_SECOND)


def dictionary_text(value: str) -> bytes:
    """A text of the dictionary and the end of its element."""
    return b"\xab" + int31(IDS[value])


def _characters(value: str) -> bytes:
    return _sized(0x98, value.encode(), fold=False) if value else b"\xa8"


def _characters_and_end(value: str) -> bytes:
    return _sized(0x98, value.encode(), fold=True) if value else END


Values = Literal["typed", "text", "records"]
"""How values are written: in .NET's records, all as UTF-8 text, or in records of more types than .NET writes."""


class Form(NamedTuple):
    """The writers of one form. All but ``text`` also end the element."""

    text: Callable[[str], bytes]
    content: Callable[[str], bytes]
    binary: Callable[[bytes], bytes]
    boolean: Callable[[bool], bytes]
    integer: Callable[[int], bytes]
    unique_id: Callable[[UUID], bytes]
    dictionary_text: Callable[[str], bytes]
    guid: Callable[[str], bytes]
    duration: Callable[[str], bytes]


FORMS: Final[Mapping[Values, Form]] = {
    "typed": Form(text, content, binary, boolean, integer, unique_id, dictionary_text, content, content),
    "records": Form(text, content, binary, boolean, integer, unique_id, dictionary_text, guid, duration),
    "text": Form(
        text=_characters,
        content=_characters_and_end,
        binary=lambda value: _characters_and_end(b64encode(value).decode()),
        boolean=lambda value: _characters_and_end("true" if value else "false"),
        integer=lambda value: _characters_and_end(str(value)),
        unique_id=lambda value: _characters_and_end(f"urn:uuid:{value}"),
        dictionary_text=_characters_and_end,
        guid=_characters_and_end,
        duration=_characters_and_end,
    ),
}
