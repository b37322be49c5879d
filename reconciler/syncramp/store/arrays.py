"""Columns of values as arrays of PostgreSQL, in the binary form in which they travel.

psycopg makes an array value by value, in Python: 3 µs for a number. Made here at once for all, one takes 0.1 µs. Each
kind of array is a class of its own, for which psycopg asks what it is and takes what it holds as it stands.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from struct import Struct, pack
from typing import Any

from psycopg import Connection
from psycopg.adapt import Buffer, Dumper
from psycopg.postgres import types
from psycopg.pq import Format

_LENGTH, _NUMBER, _FRACTION = Struct("!i").pack, Struct("!iq").pack, Struct("!id").pack
_NULL = _LENGTH(-1)
_NUL = "\0", "\N{SYMBOL FOR NULL}"


class Packed(bytes):
    """An array as it travels; empty where none of its values is there."""

    __slots__ = ()
    kind = ""
    """Of its values, as PostgreSQL names it."""


class Numbers(Packed):
    """Whole numbers of 64 bits."""

    __slots__ = ()
    kind = "int8"


class Fractions(Packed):
    """Floating point numbers."""

    __slots__ = ()
    kind = "float8"


class Texts(Packed):
    """Texts."""

    __slots__ = ()
    kind = "text"


class Blobs(Packed):
    """Bytes."""

    __slots__ = ()
    kind = "bytea"


def printable(text: str) -> str:
    """A text as PostgreSQL takes it: it has no NUL, and the picture of it stands in its place."""
    return text.replace(*_NUL) if "\0" in text else text


def packed(values: Sequence[Any]) -> Packed | None:
    """Values of one kind as an array; any of them may be None.

    :returns: empty where nothing is there; None where the values have no kind in common.
    """
    kinds = {_kind(each) for each in set(map(type, values))} - {type(None)}
    if not kinds:
        return Packed()
    if kinds == {int, float}:
        kinds = {float}
    make = _MAKE.get(kinds.pop()) if len(kinds) == 1 else None
    return make(values) if make is not None else None


@cache
def _kind(of: type) -> type:
    """What values of a class travel as."""
    return next((kind for kind in (int, float, str, bytes) if issubclass(of, kind)), of)


def _head(kind: str, values: Sequence[Any]) -> bytes:
    """One dimension, whether it has NULLs, what it is of, how many there are, and that it begins at 1."""
    return pack("!iiIii", 1, None in values, types[kind].oid, len(values), 1)


def _fixed(kind: type[Packed], one: Callable[[int, Any], bytes], values: Sequence[Any]) -> Packed:
    """:param one: packs the length of a value, which is always 8, and the value."""
    parts = [_NULL if each is None else one(8, each) for each in values]
    return kind(_head(kind.kind, values) + b"".join(parts))


def _varying(kind: type[Packed], values: Sequence[bytes | None]) -> Packed:
    parts = [(_NULL, b"") if each is None else (_LENGTH(len(each)), each) for each in values]
    return kind(_head(kind.kind, values) + b"".join(chain.from_iterable(parts)))


def _texts(values: Sequence[str | None]) -> Packed:
    return _varying(Texts, [None if each is None else printable(each).encode() for each in values])


_MAKE: dict[type, Callable[[Sequence[Any]], Packed]] = {
    int: lambda values: _fixed(Numbers, _NUMBER, values),
    float: lambda values: _fixed(Fractions, _FRACTION, values),
    str: _texts,
    bytes: lambda values: _varying(Blobs, values),
}


class _AsItStands(Dumper):
    format = Format.BINARY

    def dump(self, obj: Packed) -> Buffer | None:
        return obj


def adapt(connection: "Connection[Any]") -> None:
    """Teach a connection how arrays travel."""
    for kind in (Numbers, Fractions, Texts, Blobs):
        made = type(f"_{kind.__name__}", (_AsItStands,), {"oid": types[kind.kind].array_oid})
        connection.adapters.register_dumper(kind, made)
