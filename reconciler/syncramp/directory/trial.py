"""The servers that groups are written back to, looked at one by one without a change (``syncramp source test``)."""

from collections.abc import Iterator

from syncramp.directory import container, rights, schema
from syncramp.directory.controller import Controller
from syncramp.directory.pin import only_reads
from syncramp.directory.replication import Replication
from syncramp.errors import InputRefused
from syncramp.model.examination import TargetSeen
from syncramp.source.ldap import examination
from syncramp.source.ldap.directory import LdapSource
from syncramp.source.ldap.session import Session

RECYCLE_BIN = (
    "the recycle bin of the forest is off, and without it no group is deleted; switch it on: Enable-ADOptionalFeature"
    " 'Recycle Bin Feature' -Scope ForestOrConfigurationSet -Target FOREST"
)


def servers(account: LdapSource, place: str, reader: str) -> Iterator[TargetSeen]:
    """Look at every server as the account that writes groups; after one that refuses it no other is tried.

    :param place: DN of the unit that groups are made in.
    :param reader: the name of the account that reads.
    """
    for url, seen in examination.looked_at(account, lambda session: _target(session, place, account, reader)):
        yield TargetSeen(url, place, error=seen) if isinstance(seen, str) else seen


def _target(session: Session, place: str, account: LdapSource, reader: str) -> TargetSeen:
    root = session.root()
    if not root.active_directory:
        raise InputRefused("groups are written back to Active Directory alone, which this server is not")
    if only_reads(session, root):
        raise InputRefused("it is a read-only domain controller: a run passes it over")
    found = container.find(session, root, place)
    forest = schema.look(session, root, found.partition)
    warnings = (
        [] if account.username.lower() != reader.lower() else ["the account that reads is the one that writes, too"]
    )
    if not forest.recycle_bin:
        warnings.append(RECYCLE_BIN)
    if not forest.linked_values:
        warnings.append("the forest replicates all members of a group at each change of one: raise its level")
    replication = Replication(account, Controller(account, session.server, found.partition, root, session))
    return TargetSeen(
        session.server,
        found.dn,
        bound_as=session.who() or account.username,
        host=root.dns_host_name,
        rights=list(rights.needed(session, found.partition, found.dn, forest.attributes)),
        recycle_bin=forest.recycle_bin,
        controllers=len(replication.writable()) or None,
        link_interval=replication.link_interval(),
        lacking=[name for name in schema.WRITTEN if name.lower() not in forest.attributes],
        warnings=[*warnings, *rights.excess(session, found.partition)],
    )
