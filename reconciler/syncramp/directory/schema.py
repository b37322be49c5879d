"""What the forest lets groups have, and what becomes of one that is deleted there.

Which attributes there are is asked of a group, for which the directory makes the list up from its classes
(allowedAttributes, MS-ADTS 3.1.1.4.5.6): without Exchange's schema there is no ``mailNickname``. The recycle bin is
an optional feature that somebody switches on for the forest, for good (MS-ADTS 3.1.1.9.1).
"""

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from syncramp.errors import AccessDenied
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import NoSuchEntry, Session

WRITTEN = (
    "cn",
    "sAMAccountName",
    "groupType",
    "displayName",
    "description",
    "adminDescription",
    "msDS-ExternalDirectoryObjectId",
    "mail",
    "mailNickname",
    "proxyAddresses",
    "msExchRequireAuthToSendTo",
)
"""Attributes that groups are written with, where the schema has them; as they are spelled there."""
_ALLOWED = "allowedAttributes"
_ENABLED, _LEVEL, _FEATURE = "msDS-EnabledFeature", "msDS-Behavior-Version", "msDS-OptionalFeatureGUID"
RECYCLE_BIN = bytes.fromhex("d8dc6d76d0ac5e44f3b9a7f9b6744f2a")
"""GUID 766ddcd8-acd0-445e-f3b9-a7f9b6744f2a in the directory's order of bytes."""
LINKED_VALUES = 1
"""Forest level Windows Server 2003 interim: each value of a link is replicated by itself (MS-ADTS 6.1.4.4)."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What groups of a forest can have."""

    attributes: frozenset[str]
    """In small letters."""
    recycle_bin: bool
    """What is deleted can be brought back with its members; False also where that is not shown."""
    level: int | None = None
    """Functional level of the forest (MS-ADTS 6.1.4.4); None: not shown."""

    @property
    def linked_values(self) -> bool:
        """A change of one member replicates that member alone; told where the level is."""
        return self.level is None or self.level >= LINKED_VALUES


def look(session: Session, root: Root, partition: str) -> Schema:
    """Ask a domain controller.

    :raises AccessDenied: no group is shown to the account, or not which attributes it can have.
    :raises SyncrampError: it does not answer.
    """
    settings = _forest(session, root)
    level = next(iter(settings.get(_LEVEL.lower(), ())), b"")
    return Schema(
        _attributes(session, partition),
        _has_recycle_bin(session, settings.get(_ENABLED.lower(), ())),
        int(level) if level.isdigit() else None,
    )


def _attributes(session: Session, partition: str) -> frozenset[str]:
    with suppress(NoSuchEntry), closing(session.pages(partition, "(objectClass=group)", [_ALLOWED], size=1)) as found:
        for message in found:
            if isinstance(message, Found) and message.values:
                return frozenset(name.decode().lower() for given in message.values.values() for name in given)
    raise AccessDenied(
        f"no group of {partition} shows the account that writes which attributes groups can have",
        where=session.server,
        remedy="give this account the right to read the directory",
    )


def _forest(session: Session, root: Root) -> Mapping[str, Sequence[bytes]]:
    """Settings of the forest, by names in small letters; none where they are not shown."""
    with suppress(NoSuchEntry, AccessDenied):
        found = session.entry(f"CN=Partitions,{root.configuration}", [_ENABLED, _LEVEL])
        return {name.lower(): given for name, given in found.values.items()}
    return {}


def _has_recycle_bin(session: Session, features: Sequence[bytes]) -> bool:
    for name in features:
        with suppress(NoSuchEntry, AccessDenied):
            found = session.entry(name, [_FEATURE])
            if RECYCLE_BIN in (value for given in found.values.values() for value in given):
                return True
    return False
