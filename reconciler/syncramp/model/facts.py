"""What a source says: a stream of facts about a directory that ends with a proof.

A *full* read tells everything, so absence from it is a witness. A *delta* read tells what changed since a watermark:
entries, values of links that came and went (``LinkChange``) and entries that are no more (``Gone``); what it does not
tell stays as it was.

A fact is already canonical: attribute names in lower case, DNs in one spelling, values as bytes in one order. Two
directories that hold the same people give equal facts, whatever protocol or file format they speak.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from syncramp.model.rows import row
from syncramp.model.tracking import FULL
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
class Container:
    """An entry that others lie below: a domain, an organizational unit. It is never an object.

    A directory that renames or moves one says nothing of what lies below it, so containers are known by GUID, too.
    """

    guid: bytes
    dn: str


@dataclass(frozen=True, slots=True)
class Gone:
    """An entry or container that the directory deleted, or moved out of the partition; in a delta read only."""

    guid: bytes


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
    guids: tuple[bytes, ...] = ()
    """Values that came as GUIDs, which no rename touches; they are not among the DNs."""
    keys: bytes = b""
    """Values of a large group, by keys of their DNs (``source.dn.key``), 8 bytes each; they are not among the DNs."""
    marks: bytes = b""
    """For each key, a hash of the spelling that it came as, 8 bytes each."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    """Values that a link attribute of one entry gained or lost; in a delta read only.

    A value that is gained and there already, or lost and not there, is no error: a delta may be told twice.
    """

    guid: bytes
    attribute: str
    gained: bool
    dns: tuple[str, ...] = ()
    principals: tuple[tuple[str, bytes], ...] = ()
    guids: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about an entry that a person should know, and that is no fault of the read."""

    kind: Kind
    dn: str
    category: str
    """What all remarks of its sort have in common."""
    detail: str


@dataclass(frozen=True, slots=True)
class Restart:
    """The partition begins anew, in full: at another server, or because the old watermark is not taken.

    What came before is true, but says nothing about who is absent, and chunks of links without their final one are
    void.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one of the three things that a read must be before anything destructive follows from it."""

    proven: bool = True
    expected: str = ""
    """In words."""
    seen: str = ""
    reason: str = ""
    """Why it is not proven, one sentence; empty when it is."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a second look at sentinels (``Known.sentinels``) found, made after everything else was read."""

    asked: int
    """How many there are."""
    vanished: frozenset[bytes] = frozenset()
    """GUIDs of those that are not found."""
    unseen: frozenset[str] = frozenset()
    """Attributes that some of them had, and none shows any more."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The end of a partition's stream: was all of it read, is it fresh, and did the account see what it used to?

    Nothing destructive follows from a partition of which one of the three is not proven.
    """

    partition: str
    complete: bool
    entries: int
    """Entries seen, those of other kinds included; in a delta read those that changed."""
    expected: int | None
    """What an independent count says there are; None where there is none."""
    reason: str = ""
    """Why it is not complete, one sentence; empty when it is."""
    fresh: Evidence = Evidence()
    """The server knows everything that was seen of this partition before."""
    permitted: Evidence = Evidence()
    """The account sees what it used to see."""
    delta: bool = False
    """Only changes were told: absence says nothing."""
    tracking: str = FULL
    """How changes are found: ``DirSync``, ``USN``, ``ContextCSN``, or ``Full``."""
    why_full: str = ""
    """Why a read of a source that tracks changes was a full one; empty for a delta and where nothing is tracked."""
    references: tuple[str, ...] = ()
    """URLs of parts inside a scope that other servers hold; a full read was referred to them, and did not follow."""
    watermark: bytes | None = None
    """Where the next delta begins; None: the next read is a full one. Only the source reads it."""
    horizon: bytes | None = None
    """What was seen of the partition up to now, as the servers count it; only the source reads it."""
    missed: frozenset[bytes] = frozenset()
    """GUIDs of whom a delta read did not find, though nobody called them deleted; the next read must agree."""
    looked: Looked | None = None
    """None: nobody looked, or there was nothing to look at."""


Fact = Entry | Container | Gone | Links | LinkChange | Remark | Restart | Proof
