"""The sources of a document opened to be tried out, without a store and without the tenant."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from syncramp.cycle.examining import examined
from syncramp.model.examination import ServerSeen, SourceSeen, TargetSeen
from syncramp.model.seams import Source
from syncramp.session.sources import rules_of, source_of, writer_of
from syncramp.spec.policies import policies
from syncramp.spec.secrets import FileSecrets
from syncramp.spec.types import SourceSpec, SyncConfig


def examinations(config: SyncConfig, chosen: Sequence[SourceSpec], secrets: FileSecrets) -> Iterator[SourceSeen]:
    """Try out sources, one after the other.

    :raises InputRefused: a Secret cannot be read.
    """
    for spec in chosen:
        source, day = source_of(spec, secrets), time.time()
        servers = _servers(source)
        if servers and all(server.error for server in servers):  # a further try might lock the account
            seen = SourceSeen(spec.name, servers, error="none of its servers can be used", day=day)
        else:
            seen = examined(source, spec.scopes, rules_of(spec, config).wanted, policies(config), servers, day)
        yield replace(seen, targets=_targets(config, source, secrets))


def _targets(config: SyncConfig, source: Source, secrets: FileSecrets) -> Sequence[TargetSeen]:
    """Its servers as those that groups are written back to, if the document asks for that."""
    from syncramp.source.ldap.directory import LdapSource

    groups = config.writeback
    if groups is None or groups.source != source.name or not isinstance(source, LdapSource):
        return ()
    from syncramp.directory import trial

    return list(trial.servers(writer_of(groups, secrets), groups.container, source.username))


def _servers(source: Source) -> Sequence[ServerSeen]:
    from syncramp.source.ldap.directory import LdapSource

    if not isinstance(source, LdapSource):
        return ()
    from syncramp.source.ldap import examination

    return list(examination.servers(source))
