"""The unit of the directory that groups are made in: it is there, and it is one that may be given to somebody else.

Nobody renames it without a word: if its DN is not there, the groups are looked for that were written before, and the
unit that most of them lie in is told.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from syncramp.directory import marks
from syncramp.errors import AccessDenied, InputRefused
from syncramp.source import canonical
from syncramp.source import dn as names
from syncramp.source.ldap.directory import innermost
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import NoSuchEntry, Session

PLACE = "spec.writeback.groups.container"
_CLASSES = frozenset({b"organizationalunit", b"container"})
_WELL_KNOWN = "wellKnownObjects"
_RESERVED = {  # MS-ADTS 6.1.1.4; Users and Computers may be given to somebody
    "A361B2FFFFD211D1AA4B00C04FD7D83A": "that of the domain controllers",
    "18E2EA80684F11D2B9AA00C04F79F805": "that of deleted objects",
    "AB1D30F3768811D1ADED00C04FD8D5CD": "the system's",
    "2FBAC1870ADE11D297C400C04FD8D5CD": "the system's",
    "AB8153B7768811D1ADED00C04FD8D5CD": "that of lost objects",
    "22B70C67D56E4EFB91E9300FCA3DC1AA": "that of principals of other domains",
    "6227F0AF1FC2410D8E3BB10615BB5B0F": "that of quotas",
}


@dataclass(frozen=True, slots=True)
class Container:
    """Where groups are made."""

    dn: str
    """Canonical, in the case that the directory has."""
    guid: bytes
    """objectGUID."""
    partition: str
    """The naming context that it lies in; canonical."""


def find(session: Session, root: Root, dn: str) -> Container:
    """The unit with a DN.

    :param dn: as the document spells it.
    :raises InputRefused: it is not there, or groups must not be made in it.
    :raises SyncrampError: the server does not answer.
    """
    wanted = names.canonical(dn)
    domains = [name for name in root.naming_contexts if not _holds_settings(name, root)]
    partition = innermost(wanted, domains)
    if not partition or (_holds_settings(wanted, root) and root.configuration):
        raise _refused(
            f"{dn} lies in no domain of {session.server} ({'; '.join(domains)})",
            "name a unit of one, or other servers",
        )
    try:
        found = session.entry(wanted, ["objectClass", "objectGUID"])
    except NoSuchEntry:
        raise _refused(
            f"{dn} is not there, or not shown to the account that writes", _hint(session, partition, wanted)
        ) from None
    values = {name.lower(): given for name, given in found.values.items()}
    if _CLASSES.isdisjoint(name.lower() for name in values.get("objectclass", ())):
        raise _refused(f"{dn} is neither an organizational unit nor a container", "name one")
    if whose := _reserved(session, partition, wanted):
        raise _refused(f"{dn} lies in a unit that is not for groups: {whose}", "make a unit for them")
    return Container(names.canonical(canonical.text(found.dn)), canonical.guid_of(values), partition)


def _holds_settings(dn: str, root: Root) -> bool:
    """Is it the configuration of the forest, or its schema, which lies in that?"""
    return bool(root.configuration) and names.is_below(dn, names.canonical(root.configuration))


def _reserved(session: Session, partition: str, dn: str) -> str:
    with suppress(NoSuchEntry, AccessDenied):
        found = session.entry(partition, [_WELL_KNOWN])
        for value in (canonical.text(value) for given in found.values.values() for value in given):
            _, _, guid, place = value.split(":", 3)  # B:32:GUID:DN, MS-ADTS 3.1.1.2.2.2.1
            if guid.upper() in _RESERVED and names.is_below(dn, names.canonical(place)):
                return _RESERVED[guid.upper()]
    return ""


def _hint(session: Session, partition: str, wanted: str) -> str:
    """Where the groups lie that were written before: beside the place that is not there, or under its name elsewhere,
    or where most of them are.
    """
    advice = "correct the DN, make the unit, or let this account read it"
    filter_ = f"(&(objectClass=group)({marks.ATTRIBUTES[0]}=Group_*))"
    found = (one for one in session.pages(partition, filter_, ["1.1"]) if isinstance(one, Found))
    places = Counter(names.parent(names.canonical(canonical.text(one.dn))) for one in found)
    if not places:
        return advice

    def likely(place: str) -> tuple[bool, bool, int]:
        beside = names.fold(names.parent(place)) == names.fold(names.parent(wanted))
        return beside, place.partition(",")[0].lower() == wanted.partition(",")[0].lower(), places[place]

    best = max(places, key=likely)
    return f"it may have been renamed to {best}, where written-back groups lie: {places[best]:,}; else {advice}"


def _refused(what: str, remedy: str) -> InputRefused:
    return InputRefused(what, where=PLACE, remedy=remedy)
