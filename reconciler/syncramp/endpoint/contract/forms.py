"""The forms of values that are found by expressions: which bytes a value consists of, and what they say."""

import re
from collections.abc import Callable
from typing import Final

from syncramp.endpoint.contract.tags import Head
from syncramp.endpoint.nbfx.runs import TEXT
from syncramp.model.wire import WireValue

LONGEST: Final = 1024
"""Bytes of what stands before a value that is found so."""
_SHORT: Final = 64
"""Bytes of a binary value that is taken by its length; identifiers are shorter."""
_TEXT: Final = rb"([^\x01]{1,255})"
"""Every value has one group, of what is read. A longer text has a record of another form, and whoever has one is read
by himself.
"""
_BOOLEAN: Final = rb"([\x85\x87])"
_NIL: Final = rb"(\x01)"
_INTEGER: Final = rb"(\x89.|\x8b..|\x8d.{4}|\x8f.{8})"
_STRINGS: Final = rb"([^\x01]*\x01)"
"""A list of texts that end their elements holds no end of its own, unless a text has the length one."""

Read = Callable[[bytes], WireValue]
"""Gives a value by the bytes of its group; a ValueError where they are no such value."""


def form_of(head: Head, data: bytes, at: int) -> tuple[bytes, Read | None]:
    """The expression of a content, and how to read what it finds; None: it is a text.

    :param at: where the content begins.
    :returns: an empty expression where it has none.
    """
    match head.kind if head.size <= LONGEST else "":
        case "text":
            return _TEXT, None
        case "boolean":
            return _BOOLEAN, {b"\x85": False, b"\x87": True}.__getitem__
        case "nil":
            return _NIL, {b"\x01": None}.__getitem__
        case "integer":
            return _INTEGER, _integer
        case "binary":
            return _binary(data, at)
        case "strings" if head.item and head.key.lower() != "member":
            return _STRINGS, _strings(head.item + bytes((TEXT,)))
    return b"", None


def _binary(data: bytes, at: int) -> tuple[bytes, Read | None]:
    """Bytes of one length: whole triples in one record, and what is left in a second one."""
    first, size = data[at], data[at + 1]
    rest = at + 2 + size
    if first == 0x9E and size <= _SHORT and data[rest] == 0x9F and data[rest + 1] <= 2:
        left = data[rest + 1]
        form = b"(%s.{%d}%s.{%d})" % (_plain(first, size), size, _plain(0x9F, left), left)
        return form, lambda raw: raw[2 : 2 + size] + raw[4 + size :]
    if first == 0x9F and size <= _SHORT:
        return b"(%s.{%d})" % (_plain(first, size), size), lambda raw: raw[2:]
    return b"", None


def _plain(*numbers: int) -> bytes:
    return re.escape(bytes(numbers))


def _integer(raw: bytes) -> int:
    return int.from_bytes(raw[1:], "little", signed=True)


def _strings(start: bytes) -> Read:
    def read(raw: bytes) -> WireValue:
        before, *items = raw[:-1].split(start)
        if before:
            raise ValueError
        for item in items:
            if not item or item[0] != len(item) - 1:
                raise ValueError
        return tuple([item[1:].decode() for item in items])

    return read
