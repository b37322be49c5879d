"""A search as it is sent (RFC 4511 4.5.1): what a filter (RFC 4515), the attributes and the controls are in BER."""

from collections.abc import Sequence
from enum import IntEnum
from functools import singledispatch

from syncramp.source import filter as filters
from syncramp.source.filter_nodes import And, Bits, Comparison, Filter, Not, Operator, Or, Present, Substrings
from syncramp.source.ldap.ber import (
    INTEGER,
    OCTETS,
    SEQUENCE,
    BerError,
    boolean,
    enumerated,
    integer,
    octets,
    parse,
    sequence,
    tlv,
)
from syncramp.source.ldap.messages import Control

_NEVER = 0
"""neverDerefAliases: an alias is an entry as any other, and is not followed."""
_PAGED_RESULTS = "1.2.840.113556.1.4.319"  # RFC 2696
_COMPARED = {Operator.EQUAL: 0xA3, Operator.AT_LEAST: 0xA5, Operator.AT_MOST: 0xA6, Operator.APPROXIMATE: 0xA8}


class Scope(IntEnum):
    """How far below its base a search reaches (RFC 4511 4.5.1.2)."""

    BASE = 0
    SUBTREE = 2


def request(base: bytes, filter_: str, attributes: Sequence[str], scope: Scope) -> bytes:
    """A SearchRequest without limits of ours.

    :raises filters.FilterError: ``filter_`` is none.
    """
    return tlv(
        0x63,
        octets(base),
        enumerated(scope),
        enumerated(_NEVER),
        integer(0),
        integer(0),
        boolean(False),
        encoded(filters.parse(filter_)),
        sequence(*(octets(name.encode()) for name in attributes)),
    )


def message(number: int, operation: bytes, controls: Sequence[Control] = ()) -> bytes:
    """A whole message: its number, the operation in BER, and its controls."""
    told = tlv(0xA0, *map(_control, controls)) if controls else b""
    return sequence(integer(number), operation, told)


def abandon(number: int) -> bytes:
    """The operation that ends another one (RFC 4511 4.11)."""
    return integer(number, 0x50)


def paged(size: int, cookie: bytes) -> Control:
    """The request for a page (RFC 2696); an empty cookie asks for the first one."""
    return Control(_PAGED_RESULTS, sequence(integer(size), octets(cookie)))


def cookie_of(controls: Sequence[Control]) -> bytes | None:
    """Where the next page begins, empty after the last one; None: the server does not page.

    :raises BerError: the control is malformed.
    """
    for control in controls:
        if control.oid == _PAGED_RESULTS and control.value:
            whole = parse(control.value)
            parts = parse(whole[0][1])
            if [tag for tag, _ in (*whole, *parts)] != [SEQUENCE, INTEGER, OCTETS]:
                raise BerError("a control of pages without a cookie")
            return parts[1][1]
    return None


@singledispatch
def encoded(filter_: Filter) -> bytes:
    """A filter in BER (RFC 4511 4.5.1.7)."""
    raise NotImplementedError(type(filter_))


@encoded.register
def _(filter_: And) -> bytes:
    return tlv(0xA0, *map(encoded, filter_.parts))


@encoded.register
def _(filter_: Or) -> bytes:
    return tlv(0xA1, *map(encoded, filter_.parts))


@encoded.register
def _(filter_: Not) -> bytes:
    return tlv(0xA2, encoded(filter_.part))


@encoded.register
def _(filter_: Present) -> bytes:
    return octets(filter_.attribute.encode(), 0x87)


@encoded.register
def _(filter_: Comparison) -> bytes:
    return tlv(_COMPARED[filter_.operator], octets(filter_.attribute.encode()), octets(filter_.value))


@encoded.register
def _(filter_: Substrings) -> bytes:
    first, *middle, last = filter_.parts
    tagged = [(0x80, first), *((0x81, part) for part in middle), (0x82, last)]
    return tlv(
        0xA4, octets(filter_.attribute.encode()), sequence(*(octets(part, tag) for tag, part in tagged if part))
    )


@encoded.register
def _(filter_: Bits) -> bytes:
    rule, value = filter_.rule.encode(), str(filter_.bits).encode()
    return tlv(0xA9, octets(rule, 0x81), octets(filter_.attribute.encode(), 0x82), octets(value, 0x83))


def _control(control: Control) -> bytes:
    critical = boolean(True) if control.critical else b""
    value = b"" if control.value is None else octets(control.value)
    return sequence(octets(control.oid.encode()), critical, value)
