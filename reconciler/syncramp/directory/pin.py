"""Which domain controller a run writes to: one alone, that has all that was written before.

First comes the one that the directory was read from in this run, then the servers in their order. One that cannot be
reached is passed over, as is one that only reads, or that does not have what was written last. What was written is
kept as a horizon: for each controller that ever was written to the number of its last change then. If all that answer
are behind, the run waits for replication: a controller that does not show a group would let it be made twice.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from syncramp.directory.controller import Controller
from syncramp.errors import (
    AccessDenied,
    CredentialsRefused,
    DirectoryBehind,
    InputRefused,
    SourceUnavailable,
    SyncrampError,
    UntrustedServer,
)
from syncramp.model.facts import Evidence
from syncramp.model.written import Pinned
from syncramp.source.ldap import freshness
from syncramp.source.ldap.directory import LdapSource, innermost
from syncramp.source.ldap.failover import unreachable
from syncramp.source.ldap.freshness import Horizon
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import NoSuchEntry, Session

DOUBT_SECONDS = 3 * 3600.0
"""For so long another controller must show one change more of the last one, where that did not answer: the usual
interval of a site link is three hours. Whatever it wrote last has come by then, or it is gone for good."""
PLACE = "spec.writeback.groups"
_READS_ONLY = b"CN=NTDS-DSA-RO,"
"""objectCategory of the NTDS Settings of a read-only domain controller (MS-ADTS 6.1.1.2.2.1.2.1.2)."""


@dataclass
class Choice:
    """The way to one controller; ``choose`` is to be called once.

    :param container: canonical DN of the unit that groups are made in.
    :param first: URL of the server that the directory was read from; empty where nobody knows.
    """

    source: LdapSource
    container: str
    horizon: Horizon
    first: Callable[[str], str]
    doubted: bool = False
    """The controller that was written to last may have made one more change than is known."""
    clock: Callable[[], float] = time.monotonic
    _passed: list[str] = field(default_factory=list)
    """Why servers were not taken, as clauses."""

    def choose(self) -> tuple[Controller, Pinned]:
        """Sign in at the controller of this run.

        :raises DirectoryBehind: some answer, and none of them has what was written last.
        :raises CredentialsRefused: the account is refused; no other server is tried, since each try may lock it.
        :raises SyncrampError: none answers.
        """
        failures: list[SyncrampError] = []
        behind: list[tuple[str, Evidence]] = []
        for url in self._in_order():
            try:
                controller, fresh = self._ask(url)
            except (SourceUnavailable, UntrustedServer) as failure:
                failures.append(failure)
                self._passed.append(f"{url} cannot be used ({failure.what})")
                continue
            if controller is not None and fresh.proven:
                return controller, Pinned(url, controller.root.dns_host_name or url, "; ".join(self._passed))
            if controller is not None:
                controller.close()
                behind.append((url, fresh))
                self._passed.append(f"{url} does not have what was written last")
        if behind:
            raise self._behind(behind, failures)
        if not failures and self._passed:
            raise InputRefused("; ".join(self._passed), where=PLACE, remedy="name a domain controller that writes")
        raise unreachable("writeback", failures)

    def _in_order(self) -> Sequence[str]:
        first = self.first(self.container)
        return sorted(self.source.servers, key=lambda url: url != first)

    def _ask(self, url: str) -> tuple[Controller | None, Evidence]:
        """One server; no controller: it only reads.

        :raises SyncrampError: it cannot be used.
        """
        session = self._sign_in(url)
        try:
            root = session.root()
            partition = self._partition(root, url)
            if only_reads(session, root):
                session.close()
                self._passed.append(f"{url} is a read-only domain controller")
                return None, Evidence()
            standing = freshness.look(session, root, partition)
        except BaseException:
            session.close()
            raise
        horizon = in_doubt(self.horizon) if self.doubted and standing.own != self.horizon.holder else self.horizon
        fresh = freshness.judge(horizon, standing) if horizon.positions else Evidence()
        return Controller(self.source, url, partition, root, session, self.clock), fresh

    def _sign_in(self, url: str) -> Session:
        try:
            return self.source.connect_to(url, writes=True)
        except CredentialsRefused as error:
            remedy = f"check the account, and what the Secret of {PLACE}.bind holds"
            raise CredentialsRefused(error.what, where=error.where, remedy=remedy) from error

    def _partition(self, root: Root, url: str) -> str:
        if not root.active_directory:
            raise InputRefused(
                "groups are written to Active Directory alone, and the server is none",
                where=url,
                remedy=f"name the servers of a domain in {PLACE}.servers",
            )
        partition = innermost(self.container, root.naming_contexts)
        if not partition:
            raise InputRefused(
                f"{self.container} lies in none of its naming contexts ({'; '.join(root.naming_contexts)})",
                where=url,
                remedy=f"correct {PLACE}.container, or the servers",
            )
        return partition

    def _behind(self, behind: Sequence[tuple[str, Evidence]], failures: Sequence[SyncrampError]) -> DirectoryBehind:
        lacks = "; ".join(f"{url} lacks {fresh.expected}" for url, fresh in behind)
        away = "".join(f"; {failure.where} cannot be reached" for failure in failures)
        return DirectoryBehind(
            f"no domain controller that answers has what was written last ({lacks}{away})",
            where=PLACE,
            remedy="nothing is written until it has been replicated; look into the replication if that lasts",
        )


def extended(horizon: Horizon, controller: Controller) -> Horizon:
    """The horizon after something was written to a controller."""
    if not controller.writer:
        return horizon
    positions = {**horizon.positions, controller.writer: freshness.position(controller.usn)}
    return replace(horizon, positions=positions, holder=controller.writer)


def in_doubt(horizon: Horizon) -> Horizon:
    """What others must have after a request to the last controller was not answered: one change more of it."""
    own = horizon.positions.get(horizon.holder, "")
    if not own.isdecimal():
        return horizon
    return replace(horizon, positions={**horizon.positions, horizon.holder: freshness.position(int(own) + 1)})


def encoded(horizon: Horizon, doubt: float | None) -> bytes:
    """A horizon as the ledger keeps it.

    :param doubt: when a request was not answered, in seconds since the epoch; None: all were.
    """
    told = json.loads(horizon.encoded())
    return json.dumps({**told, "doubt": doubt} if doubt is not None else told, sort_keys=True).encode()


def doubt_of(written: bytes | None) -> float | None:
    """Since when a request is in doubt; None: none is, or that cannot be read."""
    try:
        told = json.loads(written or b"{}")["doubt"]
        return float(told) if isinstance(told, int | float) else None
    except (ValueError, LookupError, TypeError):
        return None


def only_reads(session: Session, root: Root) -> bool:
    """Is it a read-only domain controller? False where its settings are not shown."""
    try:
        found = session.entry(root.ds_service_name, ["objectCategory"]) if root.ds_service_name else None
    except (NoSuchEntry, AccessDenied):
        return False
    values = found.values.values() if found else ()
    return any(value.upper().startswith(_READS_ONLY.upper()) for given in values for value in given)
