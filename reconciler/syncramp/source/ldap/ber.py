"""BER (X.690) as LDAP uses it: tags of one byte and definite lengths (RFC 4511 5.1).

Requests and the values of controls are written with ``sequence``, ``octets`` and so on, and values of controls are
taken apart with ``parse``. Answers to searches, of which there are many, have a reader of their own in ``decoder``.
"""

SEQUENCE = 0x30
SET = 0x31
OCTETS = 0x04
INTEGER = 0x02
ENUMERATED = 0x0A
BOOLEAN = 0x01
FOUR = 0x84
"""The first byte of a length of four bytes."""

_LONGEST_LENGTH = 8
"""Bytes that a length may have; Active Directory always writes 4, and no length needs more than 8."""


class BerError(ValueError):
    """Bytes that are no BER, or another message than was expected; the text says why, without any of the bytes."""


def tlv(tag: int, *parts: bytes) -> bytes:
    """A tag, the length of the parts together in its shortest form, and the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE, or SEQUENCE OF, of values that are written already."""
    return tlv(SEQUENCE, *parts)


def octets(value: bytes, tag: int = OCTETS) -> bytes:
    """OCTET STRING."""
    return tlv(tag, value)


def integer(value: int, tag: int = INTEGER) -> bytes:
    """INTEGER, in two's complement of as few bytes as will do."""
    return tlv(tag, value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True))


def enumerated(value: int) -> bytes:
    """ENUMERATED."""
    return integer(value, ENUMERATED)


def boolean(value: bool, tag: int = BOOLEAN) -> bytes:
    """BOOLEAN; true is 0xFF (RFC 4511 5.1)."""
    return tlv(tag, b"\xff" if value else b"\x00")


def parse(data: bytes) -> list[tuple[int, bytes]]:
    """The tags and contents of values that stand one after the other, up to the end.

    :raises BerError: the last one is cut off, or one has a tag or a length that LDAP does not use.
    """
    values = []
    at = 0
    while at < len(data):
        try:
            start, stop = bounds(data, at, data[at])
        except IndexError:
            raise BerError("a value is cut off") from None
        if stop > len(data):
            raise BerError("a value is longer than what holds it")
        values.append((data[at], data[start:stop]))
        at = stop
    return values


def number(content: bytes) -> int:
    """The content of an INTEGER or ENUMERATED.

    :raises BerError: it is empty, or has more than 8 bytes.
    """
    if not 0 < len(content) <= 8:
        raise BerError(f"a number of {len(content)} bytes")
    return int.from_bytes(content, "big", signed=True)


def bounds(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where the content of a value begins and ends, which must have this tag; the end may lie behind the data.

    :raises BerError: it has another tag, or a length that LDAP does not use.
    :raises IndexError: the data ends before the content begins.
    """
    if data[at] != tag or tag & 0x1F == 0x1F:
        raise BerError(f"tag {data[at]:#04x} where {tag:#04x} should be")
    size = data[at + 1]
    if size < 0x80:
        return at + 2, at + 2 + size
    if size == 0x82:
        return at + 4, at + 4 + (data[at + 2] << 8 | data[at + 3])
    return long_bounds(data, at + 2, size)


def long_bounds(data: bytes, at: int, first: int) -> tuple[int, int]:
    """Where a content begins and ends whose length has more than one byte.

    :param at: behind the first byte of the length.
    :param first: that byte, 0x80 or more.
    :raises BerError: it is the indefinite form, or too long.
    :raises IndexError: the data ends before the content begins.
    """
    size = first & 0x7F
    if not 0 < size <= _LONGEST_LENGTH:
        raise BerError("a length of the indefinite form" if not size else f"a length of {size} bytes")
    start = at + size
    if start > len(data):
        raise IndexError
    return start, start + int.from_bytes(data[at:start], "big")
