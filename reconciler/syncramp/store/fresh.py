"""Objects of which nothing was known: their rows are written as they come, and nothing is looked up or compared.

A first synchronise is made of these. Whoever has a row already, even if it is the same, is taken in by ``Objects``.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from syncramp.model.values import Kind
from syncramp.store.packing import digest


class Marked(NamedTuple):
    """An entry that is marked, as it is read; ``store.entries.staged`` makes of it what rules take."""

    id: int
    source: int
    guid: bytes
    kind: str
    dn: str
    attributes: bytes
    """Packed."""
    absent: int
    cause: int
    """Why it is marked (``model.state.Origin``)."""
    known: int
    """1: there is an object of this id."""


class Fresh(NamedTuple):
    """The object that a marked entry should be."""

    id: int
    source: int
    kind: Kind
    anchor: str
    packed: bytes
    """Its attributes."""
    marks: Collection[int]
    """Of its unique values."""
    references: Sequence[tuple[str, int]]
    """Names on the wire with ids of objects that should be in the cloud."""
    cause: int


def object_rows(fresh: Sequence[Fresh]) -> list[tuple[Any, ...]]:
    """Rows of ``objects`` without what all of them have in common."""
    return [
        (identity, source, anchor or None, kind.value, digest(packed), cause)
        for identity, source, kind, anchor, packed, _, _, cause in fresh
    ]


def payload_rows(fresh: Sequence[Fresh]) -> list[tuple[int, bytes]]:
    """Rows of ``payload``."""
    return [(one.id, one.packed) for one in fresh]


def mark_rows(fresh: Sequence[Fresh]) -> list[tuple[int, int]]:
    """Rows of ``uniques``."""
    return [(one.id, mark) for one in fresh for mark in one.marks]


def reference_rows(fresh: Sequence[Fresh]) -> list[tuple[int, str, int, int]]:
    """Rows of ``refs``: none is leaving."""
    return [(one.id, name, target, 0) for one in fresh for name, target in one.references]
