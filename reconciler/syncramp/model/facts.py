"""What a source says: a stream of facts about a directory that ends with a proof.

A fact is already canonical: attribute names in lower case, DNs in one spelling, values as bytes in one order. Two
directories that hold the same people give equal facts, whatever protocol or file format they speak.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from syncramp.model.rows import row
from syncramp.model.values import Kind


@row
class Entry:
    """One directory entry, whole, without the values of its link attributes (``member``)."""

    guid: bytes
    """objectGUID (entryUUID where the directory has no objectGUID): 16 bytes, in AD's byte order."""
    kind: Kind
    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]
    """Lower-case names without options; values canonical and sorted."""


@dataclass(frozen=True, slots=True)
class Links:
    """Values of a link attribute of one entry; all chunks up to the final one together are its whole value.

    A chunk whose final one never comes says nothing: the entry's links stay what they were.
    """

    guid: bytes
    attribute: str
    dns: tuple[str, ...]
    final: bool
    principals: tuple[tuple[str, bytes], ...] = ()
    """Those of the DNs that name an entry of another forest by its SID, with the SID."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The end of a partition's stream: was all of it read?

    Nothing destructive follows from a partition whose proof is not complete.
    """

    partition: str
    complete: bool
    entries: int
    """Entries seen, those of other kinds included."""
    expected: int | None
    """What an independent count says there are; None where there is none."""
    reason: str = ""
    """Why it is not complete, one sentence; empty when it is."""


Fact = Entry | Links | Proof
