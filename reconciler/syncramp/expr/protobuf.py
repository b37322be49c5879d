"""The wire format of protocol buffers: varints, 64-bit numbers and parts with a length, as a serialised expression
has them (protobuf.dev/programming-guides/encoding)."""

Fields = dict[int, list[bytes]]
"""Number of a field -> its values in order; a varint is kept as its eight little-endian bytes."""


def fields(raw: bytes) -> Fields:
    """The fields of one message."""
    found: Fields = {}
    place = 0
    while place < len(raw):
        tag, place = _varint(raw, place)
        kind = tag & 7
        if kind == 0:
            value, place = _varint(raw, place)
            part = value.to_bytes(8, "little")
        else:
            length, place = (8, place) if kind == 1 else _varint(raw, place)
            part = raw[place : place + length]
            place += length
        found.setdefault(tag >> 3, []).append(part)
    return found


def number(message: Fields, field: int) -> int:
    """A varint; 0 when it is not there, as the format says."""
    return int.from_bytes(message[field][0], "little") if field in message else 0


def signed(value: int) -> int:
    """A number of 64 bits in two's complement."""
    return value - 2**64 if value >= 2**63 else value


def numbers(message: Fields, field: int) -> list[int]:
    """Varints in one part, one behind the other (packed)."""
    raw = b"".join(message.get(field, ()))
    found, place = [], 0
    while place < len(raw):
        value, place = _varint(raw, place)
        found.append(value)
    return found


def text(message: Fields, field: int) -> str:
    """A text; empty when it is not there."""
    return str(message[field][0], "utf-8") if field in message else ""


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place
