"""What Active Directory keeps of a deleted entry for some months: it tells a delta that the entry left.

Only those see one who may list the container of deleted objects; by default these are administrators. Who does not
see them must not read deltas: nobody would tell that a person left.
"""

from contextlib import closing, suppress

from syncramp.errors import AccessDenied
from syncramp.source.ldap.entries import DELETED, Searches
from syncramp.source.ldap.messages import Control, Found
from syncramp.source.ldap.session import NoSuchEntry

SHOWN = Control("1.2.840.113556.1.4.417")
"""LDAP_SERVER_SHOW_DELETED_OID, MS-ADTS 3.1.1.3.4.1.14; DirSync tells of them without it, as far as is known."""
_CONTAINER = "18E2EA80684F11D2B9AA00C04F79F805"
"""GUID_DELETED_OBJECTS_CONTAINER_W, MS-ADTS 6.1.1.4."""


def is_one(found: Found) -> bool:
    """Is it what was kept of a deleted entry, and not their container, which is marked as deleted, too?"""
    return DELETED in found.dn


def any_shown(session: Searches, partition: str) -> bool:
    """Is there one to be seen? To see the container itself proves nothing.

    :raises SyncrampError: the server does not answer.
    """
    found = session.pages(f"<WKGUID={_CONTAINER},{partition}>", "(isDeleted=TRUE)", ["objectGUID"], controls=[SHOWN])
    with suppress(NoSuchEntry, AccessDenied), closing(found):
        return any(isinstance(message, Found) and is_one(message) for message in found)
    return False


def unseen(partition: str) -> str:
    """Of an account that sees none, as a clause."""
    return f"no deleted entry is shown to this account (to permit it: {permitting(partition)})"


def permitting(partition: str) -> str:
    """What an administrator types to let an account see them."""
    return f'dsacls "CN=Deleted Objects,{partition}" /takeownership, then /G DOMAIN\\account:LCRP'
