"""The Lease of a run's tenant, for whoever begins a run: the operator, or the command line that sees a cluster.

The operator knows in which namespace it is. To the command line the cluster itself tells: a SyncConfig of the same
tenant names it in its status. Where there is no cluster there is none; one that does not answer, or knows nothing of
the tenant, is told in a note. One that answers and refuses is an error, because nobody knows then who else writes to
the tenant.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from syncramp.errors import InputRefused
from syncramp.events import Listener, Note
from syncramp.model.seams import Fence
from syncramp.session.fences import TakeFence
from syncramp.spec.types import SyncConfig
from syncramp.store.store import Store
from syncramp_operator.api.cluster import Cluster, ClusterRefused, ClusterUnavailable, ObjectMissing, connected
from syncramp_operator.api.resources import SYNCCONFIGS, Object
from syncramp_operator.leases.fencing import tenant_lease
from syncramp_operator.leases.place import ANSWER

NONE = "no Lease of the tenant is taken"


@dataclass(frozen=True, slots=True)
class _Found:
    """The Lease of a tenant, or why there is none."""

    namespace: str = ""
    why: str = ""


def cluster_fence(namespace: str, listen: Listener) -> TakeFence:
    """How a run takes the Lease of its tenant.

    :param namespace: where the Leases are; empty: where the cluster says, if it is to be seen and knows the tenant.
    """

    @contextmanager
    def take(config: SyncConfig, store: Store, travel: float) -> Iterator[Fence | None]:
        tenant = config.target.tenant_id.lower()
        if (cluster := _seen(namespace)) is None:
            yield None
            return
        with closing(cluster):
            found = _Found(namespace) if namespace else lease_of(cluster, tenant)
            if not found.namespace:
                listen(Note("warning", f"{found.why}: {NONE}"))
                yield None
                return
            with tenant_lease(cluster, found.namespace)(config, store, travel) as ours:
                listen(ours.told)
                yield ours

    return take


def _seen(namespace: str) -> Cluster | None:
    try:
        return connected(ANSWER)
    except ClusterRefused:
        if namespace:
            raise
        return None


def lease_of(cluster: Cluster, tenant: str) -> _Found:
    """Where the Lease of a tenant is, as SyncConfigs of the cluster say.

    :raises ClusterRefused: nobody may ask for them.
    :raises InputRefused: they do not agree.
    """
    try:
        configs = [one for one in cluster.list(SYNCCONFIGS) if _tenant(one) == tenant]
    except ObjectMissing:
        return _Found(why="the cluster knows no SyncConfigs")
    except ClusterUnavailable:
        return _Found(why="the cluster does not answer")
    except ClusterRefused as error:
        remedy = "name the namespace of the Lease with --lease, or take none with --no-lease"
        raise ClusterRefused(error.what, where=error.where, remedy=remedy) from None
    named = sorted({name for one in configs if (name := _lease(one))})
    if len(named) > 1:
        raise InputRefused(
            f"SyncConfigs of tenant {tenant} name Leases of several namespaces: {', '.join(named)}",
            where="--lease",
            remedy="let their operators have them in one namespace, or say here which one it is",
        )
    if named:
        return _Found(named[0])
    return _Found(why="no SyncConfig of the cluster has named a Lease of this tenant yet")


def _tenant(body: Object) -> str:
    return str(body.get("spec", {}).get("target", {}).get("tenantID", "")).lower()


def _lease(body: Object) -> str:
    return str((body.get("status", {}).get("lease") or {}).get("namespace", ""))
