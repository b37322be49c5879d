"""Directory values become wire values; a value that cannot be converted raises ValueError.

Text is UTF-8; white space alone is no value. Lists are sorted by their bytes, as the facts already are. Which text is
trimmed or cut, and that of some lists only one value counts, is told by Microsoft's default rules (``flows``).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from syncramp.model.values import Value

Raw = tuple[bytes, ...]
Convert = Callable[[Raw], Value | None]

LONGEST = 448
"""Characters of description, info, url and postOfficeBox that Microsoft's default rules keep."""
FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
"""Windows FILETIME counts 100 ns from here (MS-DTYP 2.3.3)."""
ACCOUNT_DISABLED = 0x2
"""userAccountControl, bit ADS_UF_ACCOUNTDISABLE (MS-ADTS 2.2.16)."""
SECURITY_ENABLED = 0x80000000
"""groupType, bit GROUP_TYPE_SECURITY_ENABLED (MS-ADTS 2.2.12)."""
INTEGER = re.compile(rb"-?[0-9]{1,19}")
"""An Integer of the directory (RFC 4517 3.3.16), as long as 64 bits may be."""
_GUID_SIZE = 16
_GUID_ORDER = (3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, *range(10, _GUID_SIZE))
"""Of its four parts the first three have their bytes the other way round (MS-DTYP 2.3.4.2); -1 is a hyphen."""
_GUID_TEXT = bytes(sign for byte in _GUID_ORDER for sign in ((2 * byte, 2 * byte + 1) if byte >= 0 else (32,)))
"""Where the signs of the text stand among the digits of all bytes, behind which a hyphen stands."""
_GUID_REST = b"-".ljust(256 - 2 * _GUID_SIZE)
"""``bytes.translate`` takes tables of 256 bytes, and puts signs into another order with one call."""
_LONG = 19
"""Digits up to which every number is an Integer."""


def text(raw: Raw) -> Value | None:
    """The first value as text; None when it is empty or white space."""
    value = raw[0].decode()
    return value if value.strip() else None


def trimmed(raw: Raw) -> Value | None:
    """The first value as text without white space around it."""
    return raw[0].decode().strip() or None


def cut(raw: Raw) -> Value | None:
    """The first value as text, trimmed, and no more of it than Microsoft's default rules keep."""
    return raw[0].decode().strip()[:LONGEST] or None


def one_cut(raw: Raw) -> Value | None:
    """The same for an attribute that takes several values: it gets this one."""
    value = raw[0].decode().strip()[:LONGEST]
    return (value,) if value else None


def texts(raw: Raw) -> Value | None:
    """All values as text, without those that are white space."""
    values = tuple(value for part in raw if (value := part.decode()).strip())
    return values or None


def all_trimmed(raw: Raw) -> Value | None:
    """All values as text, trimmed, each once."""
    if len(raw) == 1:
        value = raw[0].decode().strip()
        return (value,) if value else None
    values = {value for part in raw if (value := part.decode().strip())}
    return tuple(sorted(values, key=str.encode)) or None


def number(raw: Raw) -> int:
    """The first value as a number."""
    value = raw[0]
    if not (value.isdigit() and len(value) < _LONG) and not INTEGER.fullmatch(value):  # most are plain digits
        raise ValueError("it is no number")
    return int(value)


def integer(raw: Raw) -> Value | None:
    """The first value as a number of 32 bits."""
    value = number(raw)
    if not -(2**31) <= value < 2**31:
        raise ValueError("it is no number of 32 bits")
    return value


def long(raw: Raw) -> Value | None:
    """The first value as a number of 64 bits, the widest that the wire has."""
    value = number(raw)
    if not -(2**63) <= value < 2**63:
        raise ValueError("it is no number of 64 bits")
    return value


def boolean(raw: Raw) -> Value | None:
    """The first value as a Boolean (RFC 4517 3.3.3)."""
    if raw[0] not in (b"TRUE", b"FALSE"):
        raise ValueError("it is neither TRUE nor FALSE")
    return raw[0] == b"TRUE"


def binary(raw: Raw) -> Value | None:
    """The first value as it is."""
    return raw[0] or None


def binaries(raw: Raw) -> Value | None:
    """All values as they are."""
    return tuple(filter(None, raw)) or None


def enabled(raw: Raw) -> Value | None:
    """accountEnabled from userAccountControl."""
    return not number(raw) & ACCOUNT_DISABLED


def security_enabled(raw: Raw) -> Value | None:
    """securityEnabled from groupType."""
    return bool(number(raw) & SECURITY_ENABLED)


def filetime(raw: Raw) -> Value | None:
    """A FILETIME as generalized time with whole seconds, ``yyyyMMddHHmmss.0Z``; 0 and -1 mean no time."""
    ticks = number(raw)
    if ticks in (0, -1):
        return None
    days, seconds = divmod(ticks // 10_000_000, 86_400)
    clock = seconds // 3600 * 10_000 + seconds // 60 % 60 * 100 + seconds % 60  # one number is written twice as fast
    return f"{_day(days)}{clock:06}.0Z"


@lru_cache(maxsize=1024)
def _day(days: int) -> str:
    """So many days after the epoch; remembered, since it costs most of a conversion and most days come again."""
    return f"{FILETIME_EPOCH + timedelta(days=days):%Y%m%d}"


def guid_text(raw: Raw) -> Value | None:
    """A GUID of 16 bytes in AD's byte order as text."""
    value = raw[0]
    if len(value) != _GUID_SIZE:
        raise ValueError("it is no GUID of 16 bytes")
    return _GUID_TEXT.translate(value.hex().encode() + _GUID_REST).decode()
