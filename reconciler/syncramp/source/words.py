"""What other directories say, in the words of Active Directory: the facts of an OpenLDAP server are like those of AD.

A person of ``inetOrgPerson`` or ``posixAccount`` has a ``uid`` where AD has a ``sAMAccountName``. A group of
``groupOfNames``, ``groupOfUniqueNames`` or ``posixGroup`` has no ``groupType``, and is there to give rights: it is a
security group. Its members are DNs in ``member``, DNs with an optional number in ``uniqueMember`` (RFC 4517 3.3.21),
or names of accounts in ``memberUid`` (RFC 2307), which are looked up among those of the same source (``uids``).

A value that is there is never replaced, and entries of AD's own classes are left alone.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from syncramp.model.values import Kind

PEOPLE = frozenset({b"inetorgperson", b"posixaccount"})
GROUPS = frozenset(
    {b"groupofnames", b"groupofuniquenames", b"posixgroup", b"groupofmembers", b"groupofentries"}
)  # RFC 4519 3.5 and 3.6, RFC 2307; the last two are groupOfNames that may be empty
CLASSES = ("groupOfNames", "groupOfUniqueNames", "posixGroup", "groupOfMembers", "groupOfEntries", "posixAccount")
"""To be asked for, beside AD's own and inetOrgPerson."""
DIRECTORY_OWN = frozenset({b"user", b"group", b"contact", b"computer"})
"""Classes of AD."""
UNIQUE, UIDS = "uniquemember", "memberuid"
ACCOUNT = "uid"
OF_PEOPLE = "samaccountname", ACCOUNT
"""What stand-ins of people are made of."""
SECURITY_GROUP = b"-2147483646"
"""groupType of a global security group (MS-ADTS 2.2.12)."""

_NUMBER = re.compile(rb"#'[01]*'B$")

Values = Mapping[str, Sequence[bytes]]


@lru_cache(maxsize=1024)
def translated(classes: tuple[bytes, ...]) -> bool:
    """Is an entry of these classes one whose words are others?"""
    known = {name.lower() for name in classes}
    return not known & DIRECTORY_OWN and bool(known & (PEOPLE | GROUPS))


def stand_ins(kind: Kind, dn: str, values: Values) -> Iterable[tuple[str, bytes]]:
    """Attributes that AD would have, by their name in lower case.

    :param dn: canonical.
    """
    if kind is Kind.GROUP and not values.get("grouptype"):
        yield "grouptype", SECURITY_GROUP
    if kind is Kind.USER and not values.get("samaccountname") and values.get(ACCOUNT):
        yield "samaccountname", _account(dn, values[ACCOUNT])


def _account(dn: str, uids: Sequence[bytes]) -> bytes:
    """Of several the one that the entry is named by, or the first of the alphabet."""
    named = [uid for uid in uids if dn.lower().startswith(f"uid={uid.decode(errors='replace').lower()},")]
    return min(named or uids)


def member_names(values: Values) -> list[bytes]:
    """Members that are named by a DN."""
    unique = (_NUMBER.sub(b"", value) for value in values.get(UNIQUE, ()))
    return [*values.get("member", ()), *unique]
