"""The right to write to a tenant, beyond the document's own store: whoever can give it is found by an entry point.

The engine knows nothing of clusters. A package that does names itself in the group ``syncramp.fences``. To load it
takes half a second, so it is asked only where something says that there may be a cluster.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import entry_points
from pathlib import Path

from syncramp.errors import InputRefused
from syncramp.events import Listener, Note
from syncramp.model.seams import Fence
from syncramp.spec.types import SyncConfig
from syncramp.store.store import Store

GROUP = "syncramp.fences"
SIGNS = "KUBERNETES_SERVICE_HOST", "KUBECONFIG"
"""Variables of a process that may see a cluster."""

TakeFence = Callable[[SyncConfig, Store, float], AbstractContextManager[Fence | None]]
"""Take the right to write to the tenant of a document while the block lasts.

What goes in is the document, its store, and the seconds for which a call may travel. It gives None where there is
nobody to take it from, and raises TenantHeld when another store has it.
"""

Maker = Callable[[str, Listener], TakeFence]
"""What an entry point names: told the namespace that was asked for (empty: none was), and who listens."""


@contextmanager
def no_fence(config: SyncConfig, store: Store, travel: float) -> Iterator[None]:
    """Only the store is ours; whoever else writes to the tenant is not known."""
    yield None


def found(namespace: str, listen: Listener) -> TakeFence:
    """How the right is taken here.

    :param namespace: where it must be taken; empty: wherever it is found, if it is.
    :raises InputRefused: it must be, and what is installed cannot.
    """
    if not (namespace or _may_see_a_cluster()):
        return no_fence
    for point in entry_points(group=GROUP):
        try:
            make: Maker = point.load()
        except ImportError:
            continue
        return make(namespace, listen)
    if namespace:
        raise InputRefused(
            "what speaks to clusters is not installed",
            where="--lease",
            remedy="pip install 'syncramp[operator]', or leave it out",
        )
    listen(Note("warning", "what speaks to clusters is not installed: no Lease of the tenant is taken"))
    return no_fence


def _may_see_a_cluster() -> bool:
    return any(map(os.environ.get, SIGNS)) or Path("~/.kube/config").expanduser().exists()
