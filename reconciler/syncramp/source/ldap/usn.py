"""uSNChanged: every domain controller counts its writes, and an entry carries the number of its last one.

The numbers are those of one database of one controller (MS-ADTS 3.1.1.1.9), so a delta by them begins with the same
invocation id as it ended. A change of a member raises the number of its group, which is read again whole. A deleted
entry is found by what is kept of it (``tombstones``).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from struct import Struct, error

from syncramp.errors import AccessDenied
from syncramp.source.ldap import tombstones
from syncramp.source.ldap.changing import named_by
from syncramp.source.ldap.entries import FILTER, Entries
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.session import NoSuchEntry

MARKS = ("isDeleted", "lastKnownParent")
"""A tombstone; and what an entry keeps of the time when it was one."""
METADATA = "replPropertyMetaData"
"""PROPERTY_META_DATA_VECTOR_V1_EXT, MS-DRSR 5.162: for each attribute by whom, when and under which USN here."""
_HEAD = Struct("<IIII")  # version, reserved, number of attributes, reserved
_WRITE = Struct("<I36xQ")  # attribute; version, time, invocation id and USN there; USN here
_IS_DELETED = 0x20030
"""isDeleted as ATTRTYP, 1.2.840.113556.1.2.48 in the default prefix table (MS-DRSR 5.16.4)."""


def changes(entries: Entries, usn: int) -> Iterator[Found]:
    """Entries and tombstones that were written after a number.

    :raises SyncrampError: the server does not answer, or refuses.
    """
    filter_ = f"(&(uSNChanged>={usn + 1}){FILTER})"
    attributes = sorted({*entries.attributes, *MARKS}, key=str.lower)
    for message in entries.session.pages(entries.partition, filter_, attributes, controls=[tombstones.SHOWN]):
        if isinstance(message, Found):
            yield message


def restored_since(entries: Entries, guid: bytes, usn: int) -> bool:
    """Was an entry deleted or restored after a number? False, if that is not shown: nothing is concluded from it.

    :raises SyncrampError: the server does not answer.
    """
    with suppress(NoSuchEntry, AccessDenied):
        found = entries.session.entry(named_by(guid), [METADATA])
        return any(last_write(value, _IS_DELETED) > usn for given in found.values.values() for value in given)
    return False


def last_write(vector: bytes, attribute: int) -> int:
    """The USN of the last write of an attribute; 0, if there was none, or these are no metadata."""
    with suppress(error):
        _, _, count, _ = _HEAD.unpack_from(vector)
        for number in range(count):
            of, local = _WRITE.unpack_from(vector, _HEAD.size + number * _WRITE.size)
            if of == attribute:
                return int(local)
    return 0


def obstacle(entries: Entries) -> str:
    """Why deltas cannot be read by uSNChanged, as a clause; empty if they can.

    :raises SyncrampError: the server does not answer.
    """
    if entries.root.invocation_id is None or entries.root.highest_usn is None:
        return "the server does not show this account its invocation id and highest USN"
    shown = tombstones.any_shown(entries.session, entries.partition)
    return "" if shown else tombstones.unseen(entries.partition)


def holds(values: Sequence[bytes]) -> bool:
    """Is a boolean attribute TRUE?"""
    return any(value.upper() == b"TRUE" for value in values)
