"""The sources of a document: where each is read, by which rules, and where anchors are written back."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from syncramp.model.seams import AnchorWriter, Source
from syncramp.model.values import Kind, Type
from syncramp.rules.own import own_rules
from syncramp.rules.places import named_group
from syncramp.rules.ruleset import Ruleset
from syncramp.source import dn
from syncramp.source.bases import Base
from syncramp.spec.secrets import FileSecrets, text
from syncramp.spec.types import LdapAccess, LdifFile, MembersFrom, SourceSpec, SyncConfig, WritebackGroups

if TYPE_CHECKING:
    from syncramp.directory.target import LdapTarget
    from syncramp.endpoint.graph import Graph
    from syncramp.source.ldap import LdapSource


def writers_of(sources: Sequence[tuple[Source, Ruleset]], config: SyncConfig) -> dict[str, AnchorWriter]:
    """Where anchors are written back: every directory of a document that asks for it, and no file."""
    if not config.write_back_anchor:
        return {}
    from syncramp.source.ldap.directory import LdapSource
    from syncramp.source.ldap.writer import LdapAnchorWriter

    return {source.name: LdapAnchorWriter(source) for source, _ in sources if isinstance(source, LdapSource)}


def rules_of(spec: SourceSpec, config: SyncConfig) -> Ruleset:
    """The rules of one source of a document."""
    declared = {one.name.lower(): one.type for one in config.attributes}
    binary = declared.get(config.source_anchor.lower()) is Type.BINARY
    return Ruleset(
        spec.scopes,
        config.source_anchor,
        spec.name,
        own_rules(config, spec.name),
        binary_anchor=binary,
        verified=config.target.verified_domains,
        joins=config.joins,
        declared=config.attributes,
        merges=config.merges,
        among=[source.name for source in config.sources],
    )


def source_of(spec: SourceSpec, reader: FileSecrets) -> Source:
    """One source of a document.

    :raises InputRefused: a Secret cannot be read.
    """
    devices = any(Kind.DEVICE in scope.kinds for scope in spec.scopes)
    bases = [Base(dn.canonical(scope.dn), scope.guid) for scope in spec.scopes]
    if isinstance(spec.access, LdapAccess):
        return _directory(spec, spec.access, reader, bases, devices=devices)
    from syncramp.source.ldif import LdifSource

    if isinstance(spec.access, LdifFile):
        return LdifSource(spec.name, spec.access.path, spec.access.entries, devices, bases=bases)
    name, key = spec.access.reference.name, spec.access.reference.key
    # Where it lies is another folder at each run of an operator: a message with it would change each time.
    called = f"the key {key} of the ConfigMap {name}"
    return LdifSource(spec.name, reader.path(name, key), spec.access.entries, devices, called, bases)


def writer_of(groups: WritebackGroups, reader: FileSecrets) -> "LdapSource":
    """The directory that groups are written to, with the account for that.

    :raises InputRefused: a Secret cannot be read.
    """
    from syncramp.source.ldap import LdapSource

    access = groups.access
    username, password, keytab = _account(access, reader)
    ca = reader.read(access.ca.name, access.ca.key) if access.ca else None
    base = dn.canonical(groups.container)
    place = "spec.writeback.groups"
    return LdapSource(groups.source, access.servers, username, password, ca, [base], keytab=keytab, place=place)


def target_of(
    config: SyncConfig,
    reader: FileSecrets,
    sources: Iterable[Source],
    *,
    stop: threading.Event,
    look_first: Callable[[], None],
) -> "LdapTarget | None":
    """The directory that groups of the cloud are written to; close it after use. None: the document writes none.

    :param sources: those of the run: the server that its directory was read from is written to, if it can be.
    :param look_first: called before each change: whoever may not write any more raises.
    :raises InputRefused: a Secret cannot be read.
    """
    if config.writeback is None:
        return None
    from syncramp.directory.target import LdapTarget
    from syncramp.source.ldap import LdapSource

    named = (one for one in sources if isinstance(one, LdapSource) and one.name == config.writeback.source)
    account, tenant = writer_of(config.writeback, reader), config.target.tenant_id
    return LdapTarget(account, config.writeback, next(named, None), tenant=tenant, stop=stop, look_first=look_first)


def graph_of(config: SyncConfig, reader: FileSecrets, stop: threading.Event) -> "Graph | None":
    """Microsoft Graph, where it tells the members of groups of the cloud; close it after use.

    :raises InputRefused: a Secret cannot be read.
    """
    if config.writeback is None or config.writeback.members is not MembersFrom.GRAPH:
        return None
    from syncramp.endpoint.graph import Graph

    return Graph(config.target, reader, config.writeback.graph_host, stop)


def _directory(
    spec: SourceSpec, access: LdapAccess, reader: FileSecrets, bases: Sequence[Base], *, devices: bool
) -> Source:
    from syncramp.source.ldap import LdapSource

    username, password, keytab = _account(access, reader)
    return LdapSource(
        spec.name,
        access.servers,
        username,
        password,
        reader.read(access.ca.name, access.ca.key) if access.ca else None,
        [base.dn for base in bases],
        devices,
        keytab,
        guids={base.dn: base.guid for base in bases if base.guid is not None},
        groups=[named_group(scope.group) for scope in spec.scopes if scope.group is not None],
        tracking=access.tracking,
    )


def _account(access: LdapAccess, reader: FileSecrets) -> tuple[str, str, bytes | None]:
    """User name, password and keytab of a directory's account; one of the last two."""
    secret = access.bind_secret
    if access.kerberos:
        return text(reader, secret, "principal"), "", reader.read(secret, "keytab")
    return text(reader, secret, "username"), text(reader, secret, "password"), None
