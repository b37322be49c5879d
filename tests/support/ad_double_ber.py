"""BER by hand, as much of it as the doubles of Active Directory speak: single-byte tags, definite lengths."""

from collections.abc import Mapping, Sequence


def parts(data: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of BER values one after the other."""
    found = []
    at = 0
    while at < len(data):
        tag, at, end = head(data, at)
        found.append((tag, data[at:end]))
        at = end
    return found


def head(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, and where the content begins and ends; the end may lie behind what is there.

    :raises IndexError: the head itself is not whole.
    """
    tag, size = data[at], data[at + 1]
    at += 2
    if size & 0x80:
        digits = size & 0x7F
        if len(data) < at + digits:
            raise IndexError
        at, size = at + digits, int.from_bytes(data[at : at + digits], "big")
    return tag, at, at + size


def tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + length + content


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def number(content: bytes) -> int:
    return int.from_bytes(content, "big", signed=True)


def message(identifier: int, operation: bytes, controls: bytes = b"") -> bytes:
    return tlv(0x30, tlv(0x02, identifier.to_bytes(4, "big")), operation, controls)


def control(oid: str, value: bytes) -> bytes:
    """One control of an answer, for ``controls``."""
    return tlv(0x30, octets(oid.encode()), octets(value))


def controls(*given: bytes) -> bytes:
    return tlv(0xA0, *given) if given else b""


def result(tag: int, code: int, text: str) -> bytes:
    return tlv(tag, tlv(0x0A, bytes([code])), octets(b""), octets(text.encode()))


def entry(dn: str, attributes: Mapping[str, Sequence[bytes]]) -> bytes:
    shown = [tlv(0x30, octets(name.encode()), tlv(0x31, *map(octets, values))) for name, values in attributes.items()]
    return tlv(0x64, octets(dn.encode()), tlv(0x30, *shown))
