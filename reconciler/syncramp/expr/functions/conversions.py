"""Functions that make one type of another. What they do not take is an error, never a guess."""

import base64
import re
import struct
from uuid import UUID

from syncramp.expr.functions.table import Family, offered

WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
"""A number as text, as long as 64 bits may be."""
SID = re.compile(r"S-1-([0-9]{1,15})((?:-[0-9]{1,10}){1,15})")
"""A SID as text with a decimal authority (MS-DTYP 2.4.2.1)."""


@offered(Family.CONVERSION, ("string(514)", "'514'"))
def string(value: int) -> str:
    """As text: a number in decimal, true or false by their words, bytes as UTF-8."""
    return str(value)


@offered(Family.CONVERSION, ("string(true)", "'true'"), name="string")
def _string_of_bool(value: bool) -> str:
    return "true" if value else "false"


@offered(Family.CONVERSION, ("string(b'Zo\\xc3\\xab')", "'Zoë'"), name="string")
def _string_of_bytes(value: bytes) -> str:
    return value.decode()


@offered(Family.CONVERSION, ("string('Zoë')", "'Zoë'"), name="string")
def _string_of_text(value: str) -> str:
    return value


@offered(Family.CONVERSION, ("int('-12')", "-12"))
def int_(text: str) -> int:
    """A decimal number of 64 bits from text; blanks around it are errors, so trim() first."""
    if not WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return _bounded(int(text))


@offered(Family.CONVERSION, ("bool('TRUE')", "true"))
def bool_(text: str) -> bool:
    """True or false from these words in any case, as directories write TRUE and FALSE."""
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


@offered(Family.CONVERSION, ("bytes('Zoë')", "b'Zo\\xc3\\xab'"))
def bytes_(text: str) -> bytes:
    """The bytes of a text in UTF-8."""
    return text.encode()


@offered(Family.CONVERSION, ("size(b'Zo\\xc3\\xab')", "4"), name="size")
def _size_of_bytes(value: bytes) -> int:
    return len(value)


@offered(Family.CONVERSION, ("base64(b'\\x00\\xff')", "'AP8='"))
def base64_(value: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(value).decode()


@offered(Family.CONVERSION, ("fromBase64('AP8=')", "b'\\x00\\xff'"))
def from_base64(text: str) -> bytes:
    """Bytes from base64."""
    return base64.b64decode(text, validate=True)


@offered(Family.CONVERSION, ("hex(b'\\x00\\xff')", "'00ff'"))
def hex_(value: bytes) -> str:
    """Bytes as hexadecimal digits."""
    return value.hex()


@offered(Family.CONVERSION, ("fromHex('00ff')", "b'\\x00\\xff'"))
def from_hex(text: str) -> bytes:
    """Bytes from hexadecimal digits."""
    return bytes.fromhex(text)


@offered(
    Family.CONVERSION,
    (
        "guidText(fromHex('33221100554477668899aabbccddeeff'))",
        "'00112233-4455-6677-8899-aabbccddeeff'",
    ),
)
def guid_text(value: bytes) -> str:
    """A GUID of 16 bytes, as Active Directory keeps it, as text."""
    if len(value) != 16:
        raise ValueError(f"a GUID has 16 bytes, not {len(value)}")
    return str(UUID(bytes_le=value))


@offered(
    Family.CONVERSION,
    ("hex(guidBytes('00112233-4455-6677-8899-aabbccddeeff'))", "'33221100554477668899aabbccddeeff'"),
)
def guid_bytes(text: str) -> bytes:
    """The 16 bytes of a GUID, in the order in which Active Directory keeps them."""
    return UUID(text).bytes_le


@offered(
    Family.CONVERSION,
    ("sidText(fromHex('010500000000000515000000010000000200000003000000f4010000'))", "'S-1-5-21-1-2-3-500'"),
)
def sid_text(value: bytes) -> str:
    """A security identifier as text."""
    if len(value) < 8 or value[0] != 1 or len(value) != 8 + 4 * value[1]:
        raise ValueError("it is no security identifier")
    parts = struct.unpack(f"<{value[1]}I", value[8:])
    return "-".join(map(str, ("S", 1, int.from_bytes(value[2:8], "big"), *parts)))


@offered(
    Family.CONVERSION,
    ("hex(sidBytes('S-1-5-21-1-2-3-500'))", "'010500000000000515000000010000000200000003000000f4010000'"),
)
def sid_bytes(text: str) -> bytes:
    """The bytes of a security identifier."""
    found = SID.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no security identifier")
    parts = [int(part) for part in found[2].split("-")[1:]]
    if max(parts) > 0xFFFF_FFFF:
        raise ValueError(f"{text!r} is no security identifier")
    head = bytes((1, len(parts))) + int(found[1]).to_bytes(6, "big")
    return head + struct.pack(f"<{len(parts)}I", *parts)


def _bounded(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError("it does not fit into 64 bits")
    return value
