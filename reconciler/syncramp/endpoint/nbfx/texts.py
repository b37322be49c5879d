"""Text records of [MC-NBFX] section 2.2.3: each becomes text in XML's lexical form, or bytes.

A reader takes the data and the offset behind the record's type byte and returns the value and the offset behind it.
Lengths are checked against what is there before anything is taken, so a declared length costs no memory.
"""

import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from syncramp.endpoint.nbfx.dictionary import STRINGS
from syncramp.endpoint.nbfx.errors import NbfxError

Value = str | bytes
Reader = Callable[[bytes, int], tuple[Value, int]]

_TICKS_A_SECOND = 10_000_000
_TICK_MASK = (1 << 62) - 1
_LAST_TICK = 3_155_378_976_000_000_000
"""9999-12-31T23:59:59.9999999, the largest DateTime of .NET, plus one."""
_DAY = 86_400 * _TICKS_A_SECOND


def int31(data: bytes, at: int) -> tuple[int, int]:
    """MultiByteInt31 ([MC-NBFX] 2.1.2): 7 bits a byte, least significant first, at most five bytes."""
    value = shift = 0
    for place in range(at, at + 5):
        if place >= len(data):
            raise NbfxError(place, "a byte of a length or of an id")
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > 0x7FFFFFFF:
                raise NbfxError(at, "a number below 2^31")
            return value, place + 1
        shift += 7
    raise NbfxError(at, "a number of at most five bytes")


def slice_of(data: bytes, at: int, length: int, what: str) -> bytes:
    """So many bytes from here.

    :raises NbfxError: there are fewer.
    """
    piece = data[at : at + length]
    if length < 0 or len(piece) != length:
        raise NbfxError(at, f"{length} bytes of {what}, there are {len(data) - at}")
    return piece


def utf8(piece: bytes, at: int) -> str:
    """UTF-8, strictly."""
    try:
        return piece.decode()
    except UnicodeDecodeError as error:
        raise NbfxError(at + error.start, "UTF-8 text") from None


def string(data: bytes, at: int) -> tuple[str, int]:
    """A string with its length in front ([MC-NBFX] 2.1.3)."""
    length, at = int31(data, at)
    return utf8(slice_of(data, at, length, "a string"), at), at + length


def dictionary_string(data: bytes, at: int) -> tuple[str, int]:
    """A string of the static dictionary ([MC-NBFX] 2.1.4)."""
    wire, end = int31(data, at)
    found = STRINGS.get(wire)
    if found is None:
        raise NbfxError(at, f"an id of the static dictionary (even, at most 972), not {wire}")
    return found, end


def _constant(value: str) -> Reader:
    return lambda data, at: (value, at)


def _number(form: str) -> Reader:
    size = struct.calcsize(form)

    def read(data: bytes, at: int) -> tuple[Value, int]:
        (value,) = struct.unpack(form, slice_of(data, at, size, "a number"))
        return (str(value) if isinstance(value, int) else _plain(value, 1e17)), at + size

    return read


def _plain(value: float, whole: float) -> str:
    """The fewest digits that name it, as .NET Core writes them.

    :param whole: from here on a number has an exponent; below it, one without a fraction is written without a point.
    """
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "INF", "-inf": "-INF"}[str(value)]
    if abs(value) >= whole:
        return next(short for digits in range(17) if float(short := f"{value:.{digits}E}") == value)
    short = repr(value)
    return str(int(Decimal(short))) if value == int(value) else short.upper()


def _single(data: bytes, at: int) -> tuple[Value, int]:
    """A float: the fewest digits that name it."""
    raw = slice_of(data, at, 4, "a number")
    (value,) = struct.unpack("<f", raw)
    if value == value and abs(value) != float("inf"):
        value = next(short for digits in range(1, 10) if _packed(short := float(f"{value:.{digits}g}")) == raw)
    return _plain(value, 1e9), at + 4


def _packed(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:  # rounded up beyond the largest float
        return b""


def _decimal(data: bytes, at: int) -> tuple[Value, int]:
    reserved, scale, sign, high, low = struct.unpack("<HBBIQ", slice_of(data, at, 16, "a decimal"))
    if reserved or scale > 28 or sign & 0x7F:
        raise NbfxError(at, "a decimal: zero, a scale of at most 28, and a sign of 0x00 or 0x80")
    digits = str((high << 64) | low).rjust(scale + 1, "0")
    whole, fraction = digits[: len(digits) - scale], digits[len(digits) - scale :]
    minus = "-" if sign and (high or low) else ""
    return minus + whole + (f".{fraction}" if fraction else ""), at + 16


def _moment(data: bytes, at: int) -> tuple[Value, int]:
    """A DateTime. One of local time stands on the wire as UTC (.NET's DateTime.ToBinary), and so it is told."""
    (raw,) = struct.unpack("<Q", slice_of(data, at, 8, "a DateTime"))
    ticks, kind = raw & _TICK_MASK, raw >> 62
    if kind == 2 and ticks > _TICK_MASK - _DAY:
        ticks = 0  # before the year 1 in UTC: .NET takes the first moment there is
    if ticks >= _LAST_TICK or kind == 3:
        raise NbfxError(at, "a DateTime up to the year 9999")
    seconds, fraction = divmod(ticks, _TICKS_A_SECOND)
    moment = _FIRST + timedelta(seconds=seconds)
    return moment.isoformat() + _fraction(fraction) + ("Z" if kind else ""), at + 8


_FIRST = datetime(1, 1, 1)  # noqa: DTZ001  # ticks have no zone


def _duration(data: bytes, at: int) -> tuple[Value, int]:
    """TimeSpan as xsd:duration, as .NET's XmlConvert writes it."""
    (ticks,) = struct.unpack("<q", slice_of(data, at, 8, "a TimeSpan"))
    sign, rest = ("-" if ticks < 0 else ""), abs(ticks)
    seconds, fraction = divmod(rest, _TICKS_A_SECOND)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    date = f"{days}D" if days else ""
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or fraction:
        time += f"{seconds}{_fraction(fraction)}S"
    return f"{sign}P{date}{'T' + time if time else ''}" if date or time else "PT0S", at + 8


def _fraction(ticks: int) -> str:
    return f".{ticks:07d}".rstrip("0") if ticks else ""


def _uuid(prefix: str) -> Reader:
    def read(data: bytes, at: int) -> tuple[Value, int]:
        return prefix + str(UUID(bytes_le=slice_of(data, at, 16, "a GUID"))), at + 16

    return read


def _bool(data: bytes, at: int) -> tuple[Value, int]:
    byte = slice_of(data, at, 1, "a boolean")
    if byte not in (b"\x00", b"\x01"):
        raise NbfxError(at, "0 or 1")
    return ("true" if byte == b"\x01" else "false"), at + 1


def _sized(form: str, what: str, decode: Callable[[bytes, int], Value]) -> Reader:
    """A length in a fixed form, then so many bytes."""
    size = struct.calcsize(form)

    def read(data: bytes, at: int) -> tuple[Value, int]:
        (length,) = struct.unpack(form, slice_of(data, at, size, "a length"))
        at += size
        return decode(slice_of(data, at, length, what), at), at + length

    return read


def _utf16(piece: bytes, at: int) -> str:
    try:
        return piece.decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise NbfxError(at + error.start, "UTF-16 text") from None


def _raw(piece: bytes, at: int) -> bytes:
    return piece


def _qualified(data: bytes, at: int) -> tuple[Value, int]:
    prefix = slice_of(data, at, 1, "a prefix")[0]
    if prefix > 25:
        raise NbfxError(at, "a prefix from 0 (a) to 25 (z)")
    name, end = dictionary_string(data, at + 1)
    return f"{chr(ord('a') + prefix)}:{name}", end


READERS: dict[int, Reader] = {
    0x80: _constant("0"),
    0x82: _constant("1"),
    0x84: _constant("false"),
    0x86: _constant("true"),
    0x88: _number("<b"),
    0x8A: _number("<h"),
    0x8C: _number("<i"),
    0x8E: _number("<q"),
    0x90: _single,
    0x92: _number("<d"),
    0x94: _decimal,
    0x96: _moment,
    0x98: _sized("<B", "text", utf8),
    0x9A: _sized("<H", "text", utf8),
    0x9C: _sized("<i", "text", utf8),
    0x9E: _sized("<B", "binary data", _raw),
    0xA0: _sized("<H", "binary data", _raw),
    0xA2: _sized("<i", "binary data", _raw),
    0xA8: _constant(""),
    0xAA: dictionary_string,
    0xAC: _uuid("urn:uuid:"),
    0xAE: _duration,
    0xB0: _uuid(""),
    0xB2: _number("<Q"),
    0xB4: _bool,
    0xB6: _sized("<B", "text", _utf16),
    0xB8: _sized("<H", "text", _utf16),
    0xBA: _sized("<i", "text", _utf16),
    0xBC: _qualified,
}
"""Record type (even form) -> its reader."""
