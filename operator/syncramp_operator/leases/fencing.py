"""One writer to a tenant: the Lease that a run holds while it may send.

The Lease's holder is a store. The next run on the same store takes at once what a process that died has left, because
what that one sent is known to the store, and two processes never have one store. Another store waits until the holder
has given the Lease up, or has not renewed it for so long that its last call has arrived or never will
(:func:`~syncramp_operator.leases.leasing.tenant_terms`). What it has seen so far it keeps, since each of its tries is
a process of its own.

A thread renews the Lease. Whoever sends looks at a clock only, and talks to nobody (:meth:`TenantLease.check`).
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from syncramp.errors import FenceLost, StoreUnusable, SyncrampError, TenantHeld
from syncramp.events import Fenced
from syncramp.spec.types import SyncConfig
from syncramp.store.holder import Holder
from syncramp.store.store import Store
from syncramp.words import moment
from syncramp_operator.api.cluster import Cluster, ClusterUnavailable
from syncramp_operator.leases.leasing import Contender, Seen, Terms, tenant_terms
from syncramp_operator.leases.place import Clock, Place, uptime

TRIES = 3
"""How often an API server that does not answer is asked, before a run gives up."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


TakeLease = Callable[[SyncConfig, Store, float], AbstractContextManager["TenantLease"]]
"""A :data:`syncramp.session.fences.TakeFence` that always gives one."""


def lease_name(tenant: str) -> str:
    """The name of a tenant's Lease."""
    return f"syncramp-tenant-{tenant.lower()}"


class TenantLease:
    """The right to write to a tenant, as one process has it; a :class:`syncramp.model.seams.Fence`.

    Its methods may be called by any thread.
    """

    def __init__(self, place: Place, contender: Contender, clock: Clock = uptime) -> None:
        self._place = place
        self._contender = contender
        self._clock = clock
        self._over = threading.Event()

    @property
    def token(self) -> int:
        """Higher with each process that had it."""
        return self._contender.token

    @property
    def told(self) -> Fenced:
        """For whoever listens to the run."""
        return Fenced(self._place.namespace, self._place.name, self._contender.holder, self.token)

    def check(self) -> None:
        """Looked at right before a request leaves.

        :raises FenceLost: it is not surely ours any more.
        """
        if not self._contender.holds(self._clock()):
            raise FenceLost(
                f"the tenant is not ours to write to any more: {self._contender.lost}",
                where=self._where,
                remedy="nothing more is sent; the next run goes on once it has the Lease again",
            )

    def take(self) -> None:
        """Take it now, or not at all.

        :raises TenantHeld: another store has it.
        :raises ClusterUnavailable: the API server does not answer.
        :raises ClusterRefused: a right is missing.
        """
        failures = 0
        while not self._contender.taken:
            try:
                rest = self._place.step()
            except ClusterUnavailable:
                failures += 1
                if failures == TRIES:
                    raise
                continue
            if self._contender.barred:
                raise self._held()
            self._over.wait(rest)

    def _held(self) -> TenantHeld:
        record, free_at = (seen.record, seen.free_at) if (seen := self._contender.seen) else (None, 0.0)
        who = record.holder.partition("@")[0] if record else ""
        free = moment(datetime.fromtimestamp(time.time() + free_at - self._clock(), UTC))
        return TenantHeld(
            f"a run of {who} is at work on the tenant, with a store of its own",
            where=self._where,
            remedy=f"wait until it has ended; if it does not renew the Lease any more, until {free}",
        )

    @property
    def _where(self) -> str:
        return f"Lease {self._place.namespace}/{self._place.name}"

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Renew it while the block lasts."""
        thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _renew(self) -> None:
        while not self._over.is_set() and self._contender.holds(self._clock()):
            rest = 0.0
            with suppress(SyncrampError):  # it is tried again, until it is too late
                rest = self._place.step()
            self._over.wait(max(0.0, min(rest, self._contender.until - self._clock())))

    def release(self, rest: float) -> None:
        """Give it up; see :meth:`Place.leave`."""
        with suppress(SyncrampError):
            self._place.leave(rest)


def tenant_lease(cluster: Cluster, namespace: str, terms: Terms | None = None, clock: Clock = uptime) -> TakeLease:
    """How a run takes the Lease of its tenant.

    :param cluster: with a short time-out (:data:`syncramp_operator.leases.ANSWER`).
    :param namespace: where the Leases of tenants are.
    :param terms: other ones than :func:`tenant_terms` gives.
    """

    @contextmanager
    def take(config: SyncConfig, store: Store, travel: float) -> Iterator[TenantLease]:
        holder = store.holder
        name = f"{config.namespace}/{config.name}@{holder.name()}"
        contender = Contender(name, terms or tenant_terms(travel), noted=holder.token(), seen=_remembered(holder))
        place = Place(cluster, namespace, lease_name(config.target.tenant_id), contender, clock, holder.note)
        lease = TenantLease(place, contender, clock)
        try:
            lease.take()
        finally:
            _remember(holder, contender.seen)
        try:
            with lease.renewed():
                yield lease
        finally:
            lease.release(_travelling(holder, travel))

    return take


def _travelling(holder: Holder, travel: float) -> float:
    """Seconds for which a call may still be under way that was never answered; none begins any more."""
    try:
        return min(holder.travelling_until() - time.time(), travel)
    except StoreUnusable:
        return travel


def _remembered(holder: Holder) -> Seen | None:
    """What an earlier process saw, if the machine was not started anew since: then its clock would be another one."""
    kept = json.loads(holder.seen() or "{}").get(_boot())
    return Seen.from_json(kept) if kept else None


def _remember(holder: Holder, seen: Seen | None) -> None:
    """Each machine knows by its own clock since when; what they saw before the Lease changed is of no use."""
    if seen is not None:
        kept = {boot: Seen.from_json(each) for boot, each in json.loads(holder.seen() or "{}").items()}
        same = {boot: each for boot, each in kept.items() if each.record.sign == seen.record.sign}
        holder.see(json.dumps({boot: each.as_json() for boot, each in {**same, _boot(): seen}.items()}))


def _boot() -> str:
    """The start of this machine."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
