"""A directory behind one or more servers that hold the same data, as a source of facts.

Servers are tried in their order. One that cannot be reached or trusted is passed over, and its error is raised only
if no other answers; one that refuses the password ends the search, since every further try may lock the account.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from syncramp.errors import AccessDenied, InputRefused, SourceUnavailable, SyncrampError, UntrustedServer
from syncramp.model.facts import Fact
from syncramp.model.seams import Known
from syncramp.model.values import Kind
from syncramp.source.bases import Base
from syncramp.source.dn import DnError, is_below, lies_below
from syncramp.source.ldap.connections import Connections

if TYPE_CHECKING:
    from syncramp.source.ldap.failover import Chosen
    from syncramp.source.ldap.root import Root
    from syncramp.source.ldap.session import Session

PLACE = "spec.sources[].ldap"
"""What errors of a sign-in name as their place in the document."""


@dataclass(frozen=True)
class LdapSource:
    """One directory (``model.seams.Source``)."""

    name: str
    servers: Sequence[str]
    """``ldaps://host[:port]``, or ``ldap://host[:port]`` for StartTLS."""
    username: str
    """With a keytab: the principal."""
    password: str = field(repr=False)
    """Empty with a keytab."""
    ca: bytes | None = field(repr=False)
    """PEM certificates trusted in place of the system's."""
    bases: Sequence[str]
    """Canonical DNs of the scopes."""
    devices: bool = False
    """Computers are asked for too."""
    keytab: bytes | None = field(default=None, repr=False)
    """It signs in with Kerberos."""
    guids: Mapping[str, UUID] = field(default_factory=dict)
    """Those of them that are found by their GUID, wherever it is."""
    groups: Sequence[str | UUID] = ()
    """Pilot groups, by canonical DN or GUID: they are read, too, wherever they are."""
    tracking: str = "Auto"
    """How changes are found (spec.sources[].ldap.changeTracking)."""
    place: str = PLACE
    """Where the document says how to sign in."""
    located: dict[str | UUID, str] = field(default_factory=dict, init=False, compare=False)
    """Where a base or a group was found that is named by its GUID: by DN or GUID, its canonical DN."""
    answered: dict[str, str] = field(default_factory=dict, init=False, compare=False)
    """Naming context -> URL of the server that it was read from last."""

    connections: Connections = field(default_factory=Connections, init=False, repr=False, compare=False)
    """Those that are open."""

    def partitions(self) -> Sequence[str]:
        """The naming contexts that hold the scopes and their pilot groups, sorted.

        :raises InputRefused: a scope lies in none of the server's naming contexts.
        :raises SyncrampError: no server answers, or it refuses us.
        """
        with self._session() as session:
            root = session.root()
            contexts = root.naming_contexts
            if not contexts:
                raise AccessDenied(
                    "the server shows no naming contexts",
                    where=session.server,
                    remedy="give this account the right to read the rootDSE",
                )
            self._locate(session, root)
            return tuple(sorted({self._context_of(place, contexts) for place in self._places}))

    def asks_for(self, partition: str, named: Sequence[str]) -> bool:
        """A scope or its pilot group lies in this naming context, and in none below it; other names are from before
        it was a server.
        """
        try:
            return any(partition == innermost(place, (*named, partition)) for place in self._places)
        except DnError:
            return False

    def reads(self, kind: Kind, dn: str) -> bool:
        """What lies at or below the base of a scope, and pilot groups; computers only where a scope names devices."""
        return (self.devices or kind is not Kind.DEVICE) and any(lies_below(dn, place) for place in self._places)

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        """All entries of a naming context that can be objects, or what changed of them, then the proof.

        After a Restart all entries come again, from another server.

        :raises SyncrampError: no server answers, it refuses us, or the stream of the last one broke off.
        """
        from syncramp.source.ldap.failover import Failover

        yield from Failover(self, partition, wanted, known).facts()

    def reading(
        self, chosen: "Chosen", partition: str, wanted: frozenset[str], known: Known | None
    ) -> Iterator[Fact]:
        """The facts of a naming context at one server.

        :raises SyncrampError: it refuses us, or the stream broke off.
        """
        from syncramp.source.ldap.bases import attended
        from syncramp.source.ldap.entries import Entries, uids_wanted
        from syncramp.source.ldap.sentinels import watched
        from syncramp.source.ldap.tracking import Tracked

        self._locate(chosen.session, chosen.root)
        bases = self._bases_in(partition, chosen.root.naming_contexts)
        uids = uids_wanted(chosen.session, chosen.root, partition)
        entries = Entries(chosen.session, chosen.root, partition, wanted, self.devices, uids, known)
        facts = Tracked(entries, self._places, self.tracking, known).facts()
        facts = attended(chosen.session, chosen.root, bases, facts)
        asked = known.sentinels if known is not None else {}
        return watched(facts, chosen.session, partition, asked, active_directory=chosen.root.active_directory)

    def connect_to(self, url: str, *, writes: bool = False, patience: int | None = None) -> "Session":
        """Sign in at one server.

        :param writes: entries are changed, too.
        :param patience: seconds that are waited for it; None: as long as a read waits.
        :raises SyncrampError: it cannot be reached or trusted, or refuses us.
        """
        from syncramp.source.ldap import address
        from syncramp.source.ldap.connecting import connect

        sign_in = self.username, self.password, self.ca
        try:
            return connect(
                address.parse(url),
                *sign_in,
                keytab=self.keytab,
                writes=writes,
                among=self.connections,
                patience=patience,
            )
        except SyncrampError as error:
            error.where, error.remedy = (text.replace(PLACE, self.place) for text in (error.where, error.remedy))
            raise

    def interrupt(self) -> None:
        """Reads under way in other threads end at once, each with an error; the source is read no more."""
        self.connections.end()

    @property
    def _places(self) -> Sequence[str]:
        """Where its bases and pilot groups are, as far as that is known."""
        bases = [self.located.get(base, base) for base in self.bases]
        groups = [group if isinstance(group, str) else self.located.get(group) for group in self.groups]
        return [*bases, *filter(None, groups)]

    def _locate(self, session: "Session", root: "Root") -> None:
        """Find what is named by its GUID."""
        from syncramp.source.ldap.bases import find

        named: dict[str | UUID, UUID] = {group: group for group in self.groups if isinstance(group, UUID)}
        for name, guid in (named | dict(self.guids)).items():
            if (found := find(session, root, guid)) is not None:
                self.located[name] = found

    def _bases_in(self, partition: str, contexts: Sequence[str]) -> Sequence[Base]:
        """The bases of scopes in a naming context, without that itself: the server names it."""
        places = {base: self.located.get(base, base) for base in self.bases}
        there = [base for base, place in places.items() if place != partition == innermost(place, contexts)]
        return [Base(base, self.guids.get(base)) for base in there]

    def _context_of(self, base: str, contexts: Sequence[str]) -> str:
        context = innermost(base, contexts)
        if not context:
            raise InputRefused(
                f"{base} lies in none of the directory's naming contexts ({'; '.join(contexts)})",
                where=f"spec.sources[{self.name}].scope",
                remedy="correct the DN of the scope, or the servers",
            )
        return context

    @contextmanager
    def _session(self) -> Iterator["Session"]:
        from syncramp.source.ldap.failover import unreachable

        failures: list[SourceUnavailable | UntrustedServer] = []
        for server in self.servers:
            try:
                session = self.connect_to(server)
            except (SourceUnavailable, UntrustedServer) as failure:
                failures.append(failure)
                continue
            try:
                yield session
            finally:
                session.close()
            return
        raise unreachable(self.name, failures)


def innermost(base: str, contexts: Sequence[str]) -> str:
    """The naming context that holds a DN; empty if none does."""
    return max((context for context in contexts if is_below(base, context)), key=len, default="")
