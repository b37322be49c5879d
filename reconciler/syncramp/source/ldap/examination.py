"""The servers of a directory, looked at one by one: can each be used, as whom, and what may the account do there?

Nothing is changed. Which rights matter is known of Active Directory alone; that the account has one is tried, because
a server tells nobody what they may do.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TypeVar

from syncramp.errors import AccessDenied, CredentialsRefused, SyncrampError
from syncramp.model.examination import Right, ServerSeen
from syncramp.source.ldap import ber, dirsync, faults, tombstones
from syncramp.source.ldap.directory import LdapSource, innermost
from syncramp.source.ldap.messages import Control, Done
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import NoSuchEntry, Session

Seen = TypeVar("Seen")
DELETED = "List Deleted Objects"
_POLICY = "CN=Default Query Policy,CN=Query-Policies,CN=Directory Service,CN=Windows NT,CN=Services"
"""Below the configuration; MS-ADTS 3.1.1.3.4.6."""


def servers(source: LdapSource) -> Iterator[ServerSeen]:
    """Look at every server of a source; after one that refuses the account no other is tried."""
    for url, seen in looked_at(source, lambda session: _server(session, source)):
        yield ServerSeen(url, error=seen) if isinstance(seen, str) else seen


def looked_at(source: LdapSource, look: Callable[[Session], Seen]) -> Iterator[tuple[str, Seen | str]]:
    """What was seen at each server of a source, by its URL, or why it could not be used; after one that refuses the
    account no other is tried.
    """
    refused = ""
    for url in source.servers:
        if refused:
            yield url, f"not tried, since {refused} refuses the account and a try may lock it"
            continue
        try:
            with closing(source.connect_to(url)) as session:
                yield url, look(session)
        except CredentialsRefused as refusal:
            refused = url
            yield url, str(refusal).removeprefix(f"{url}: ")
        except SyncrampError as error:
            yield url, str(error).removeprefix(f"{url}: ")


def _server(session: Session, source: LdapSource) -> ServerSeen:
    root = session.root()
    now = datetime.now(UTC).replace(microsecond=0)  # servers tell whole seconds
    security = session.security()
    limits = _limits(session, root)
    contexts = sorted({innermost(base, root.naming_contexts) for base in source.bases} - {""})
    return ServerSeen(
        session.server,
        tls=security.version,
        certificate_until=security.until,
        bound_as=session.who() or source.username,
        host=root.dns_host_name,
        vendor=root.vendor,
        active_directory=root.active_directory,
        skew=(root.current_time - now).total_seconds() if root.current_time else None,
        max_values=limits.get("MaxValRange"),
        max_page=limits.get("MaxPageSize"),
        rights=[right for name in contexts for right in _rights(session, name)] if root.active_directory else (),
    )


def _limits(session: Session, root: Root) -> dict[str, int]:
    """LDAP policies of Active Directory, if they are shown to the account."""
    if not root.configuration:
        return {}
    values: Sequence[bytes] = ()
    with suppress(NoSuchEntry, AccessDenied):
        found = session.entry(f"{_POLICY},{root.configuration}", ["lDAPAdminLimits"])
        values = [value for given in found.values.values() for value in given]
    pairs = (value.decode(errors="replace").partition("=") for value in values)
    return {name: int(number) for name, _, number in pairs if number.isascii() and number.isdecimal()}


def _rights(session: Session, partition: str) -> Iterator[Right]:
    """What deltas need: the second one always, the first one for DirSync."""
    yield Right(
        dirsync.RIGHT,
        partition,
        replicates(session, partition),
        "DirSync tells what changed",
        f'grant it: dsacls "{partition}" /G "DOMAIN\\account:CA;{dirsync.RIGHT}"',
    )
    yield Right(
        DELETED,
        partition,
        tombstones.any_shown(session, partition),
        "without it nobody tells who was deleted; one that was must be there to be seen",
        f"grant it: {tombstones.permitting(partition)}",
    )


def replicates(session: Session, partition: str) -> bool:
    """The account may ask with DirSync: one round is asked for, of which no entry comes."""
    nothing = "(!(objectClass=*))"
    start = Control(dirsync.OID, ber.sequence(ber.integer(0), ber.integer(1), ber.octets(b"")))
    messages = session.search(partition, nothing, ["objectGUID"], controls=[start])
    return any(isinstance(message, Done) and message.code == faults.SUCCESS for message in messages)
