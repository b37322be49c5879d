"""What the account that writes groups may do, as the directory tells without a try, and what it should not.

Active Directory works out for whoever asks which children and which attributes they may make and write
(allowedChildClassesEffective and allowedAttributesEffective, MS-ADTS 3.1.1.4.5.5 and 3.1.1.4.5.7). It does so for
no delete: that right can be given at the group, or at what it lies in, and is told by nobody. Of what the account
should not have, its own token tells, and one question with DirSync that brings nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress

from syncramp.directory import marks
from syncramp.directory.schema import WRITTEN
from syncramp.errors import AccessDenied
from syncramp.model.examination import Right
from syncramp.source.canonical import LINKS
from syncramp.source.ldap import examination, tombstones
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.session import NoSuchEntry, Session

_CHILDREN, _ATTRIBUTES, _TOKEN = "allowedChildClassesEffective", "allowedAttributesEffective", "tokenGroups"
_GROUP = "group"
_RENAMES = {"cn": ("cn", "name")}
"""A rename writes both (MS-ADTS 3.1.1.5.4.1.1); the second one is in no list of what may be written."""
_DOMAIN = bytes.fromhex("0105000000000005 15000000")
"""How the SID of a principal of a domain begins, S-1-5-21 with three numbers and a RID (MS-DTYP 2.4.2.2)."""
_BUILTIN = bytes.fromhex("0102000000000005 20000000")
"""The same of a built-in group, S-1-5-32 with a RID."""
_POWERFUL = {  # MS-DTYP 2.4.2.4
    (_DOMAIN, 512): "Domain Admins",
    (_DOMAIN, 518): "Schema Admins",
    (_DOMAIN, 519): "Enterprise Admins",
    (_BUILTIN, 544): "Administrators",
    (_BUILTIN, 548): "Account Operators",
}


def needed(session: Session, partition: str, container: str, attributes: frozenset[str]) -> Iterator[Right]:
    """What the account needs, and whether it has it.

    :param container: the DN of the unit that groups are made in.
    :param attributes: those of the schema that groups can have, in small letters.
    :raises SyncrampError: the server does not answer.
    """
    children = _told(session, container, _CHILDREN)
    yield Right(
        "Create groups",
        container,
        _GROUP in children,
        "groups are made there",
        f"grant it: {granting(container, 'CC;group', 'T')}",
    )
    yield Right(
        "Delete groups",
        container,
        None,
        "the directory tells it to nobody; a delete waits for an approval, and the first one shows it",
        f"grant it: {granting(container, 'DC;group', 'T')}",
    )
    group = _any_group(session, container)
    written = [name for name in WRITTEN if name.lower() in attributes]
    may = _told(session, group, _ATTRIBUTES) if group else None
    yield _writes(container, [LINKS], may, "members are added and taken out")
    yield _writes(container, sorted(written, key=str.lower), may, "groups keep their names and addresses")
    yield Right(
        examination.DELETED,
        partition,
        tombstones.any_shown(session, partition),
        "without it a group that somebody deleted cannot be told from one that is hidden",
        f"grant it: {tombstones.permitting(partition)}",
    )


def excess(session: Session, partition: str) -> Iterator[str]:
    """What the account has and should not have, as sentences without a full stop.

    :raises SyncrampError: the server does not answer.
    """
    token = [sid for given in _values(session, "", _TOKEN).values() for sid in given]
    if not token:
        yield "which groups the account is in is not shown: see that it is in none of administrators"
    for (begin, rid), name in _POWERFUL.items():
        if any(sid.startswith(begin) and int.from_bytes(sid[-4:], "little") == rid for sid in token):
            yield f"the account is in {name}: give it the rights it needs, and take it out"
    if examination.replicates(session, partition):
        yield (
            "the account may replicate directory changes, which whoever writes groups does not need: sign in with"
            " another account than the one that reads"
        )


def granting(container: str, right: str, inheritance: str = "S") -> str:
    """What an administrator types to give a right on a unit, or on the groups in it.

    :param inheritance: of dsacls: ``S``: the groups; ``T``: the unit, too.
    """
    return f'dsacls "{container}" /I:{inheritance} /G "DOMAIN\\account:{right}"'


def _writes(container: str, names: Sequence[str], may: frozenset[str] | None, why: str) -> Right:
    """The right to write attributes of groups; not known where no group is there yet to be asked of."""
    lacking = [name for name in names if may is None or name.lower() not in may]
    held = None if may is None else not lacking
    if held is None:
        why += "; no group is there yet to be asked of"
    granted = [each for name in lacking for each in _RENAMES.get(name, (name,))]
    grant = " ".join(f'"DOMAIN\\account:WP;{name};group"' for name in granted)
    return Right(
        f"Write {', '.join(lacking or names)}",
        container,
        held,
        why,
        f'grant it: dsacls "{container}" /I:S /G {grant}',
    )


def _any_group(session: Session, container: str) -> str:
    """The DN of a group in the unit, one that was written before if there is one; empty if there is none."""
    for filter_ in (f"(&(objectClass=group)({marks.ATTRIBUTES[0]}=Group_*))", "(objectClass=group)"):
        with closing(session.pages(container, filter_, ["1.1"], size=1)) as found:
            for message in found:
                if isinstance(message, Found):
                    return message.dn.decode()
    return ""


def _told(session: Session, dn: str, attribute: str) -> frozenset[str]:
    """The names that a constructed attribute lists, in small letters."""
    values = _values(session, dn, attribute)
    return frozenset(name.decode().lower() for given in values.values() for name in given)


def _values(session: Session, dn: str, attribute: str) -> Mapping[str, Sequence[bytes]]:
    with suppress(NoSuchEntry, AccessDenied):
        return session.entry(dn, [attribute]).values
    return {}
