"""Requests that change a directory, as they are sent (RFC 4511 4.6 to 4.9), and whom they name.

Active Directory takes ``<GUID=...>`` in the place of a DN (MS-ADTS 3.1.1.3.1.2.4), as the name of an entry and as a
value of ``member``: no rename and no move in between makes it another one. With the control that permits it
(MS-ADTS 3.1.1.3.4.1.8) a value that is added though it is there, or removed though it is not, is no error, so a
modify that was sent twice ends as one that was sent once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from syncramp.source.ldap.ber import SET, boolean, enumerated, octets, sequence, tlv
from syncramp.source.ldap.messages import Control

PERMISSIVE = Control("1.2.840.113556.1.4.1413", critical=False)
"""LDAP_SERVER_PERMISSIVE_MODIFY_OID; a server that does not know it says that the value is there."""
MODIFY, ADD, DELETE, RENAME = 0x66, 0x68, 0x4A, 0x6C
"""Tags of the requests."""
_NEW_SUPERIOR = 0x80

Values = Mapping[str, Sequence[bytes]]
"""Attribute -> values, as they are stored."""


class ChangeOf(IntEnum):
    """What becomes of the values of a change (RFC 4511 4.6)."""

    ADD = 0
    DELETE = 1
    REPLACE = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute of a modify."""

    of: ChangeOf
    attribute: str
    values: Sequence[bytes] = ()
    """To delete or replace without any takes the attribute away."""


def named_by(guid: bytes) -> str:
    """The name of an entry that no rename changes.

    :param guid: objectGUID, 16 bytes as they are stored.
    """
    return f"<GUID={UUID(bytes_le=guid)}>"


def modify_request(name: str, changes: Sequence[Change]) -> bytes:
    """A ModifyRequest; the server does all of it, or nothing."""
    written = (sequence(enumerated(change.of), _attribute(change.attribute, change.values)) for change in changes)
    return tlv(MODIFY, octets(name.encode()), sequence(*written))


def add_request(dn: str, values: Values) -> bytes:
    """An AddRequest."""
    return tlv(ADD, octets(dn.encode()), sequence(*(_attribute(name, given) for name, given in values.items())))


def delete_request(name: str) -> bytes:
    """A DelRequest."""
    return octets(name.encode(), DELETE)


def rename_request(name: str, rdn: str, superior: str = "") -> bytes:
    """A ModifyDNRequest; the old name is no value of the entry any more.

    :param superior: where the entry moves to; empty: it stays where it is.
    """
    moved = octets(superior.encode(), _NEW_SUPERIOR) if superior else b""
    return tlv(RENAME, octets(name.encode()), octets(rdn.encode()), boolean(True), moved)


def _attribute(name: str, values: Sequence[bytes]) -> bytes:
    return sequence(octets(name.encode()), tlv(SET, *map(octets, values)))
