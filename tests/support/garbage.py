"""A stand-in for the garbage collector, for API servers without a controller manager.

What is owned by something that is gone is deleted, kind by kind and in one namespace. Where a real collector works
too, both delete the same.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.kube_api_client import Cluster

Object = dict[str, Any]

EVERY = 0.2
"""Seconds between rounds."""
KINDS = (
    "/apis/syncramp.io/v1alpha1/namespaces/{}/syncruns",
    "/apis/batch/v1/namespaces/{}/jobs",
    "/api/v1/namespaces/{}/pods",
)
OWNERS = ("/apis/syncramp.io/v1alpha1/namespaces/{}/syncconfigs", *KINDS)


def collect(cluster: Cluster, namespace: str) -> int:
    """One round; how many objects were deleted."""
    listed = {kind: _listed(cluster, kind.format(namespace)) for kind in reversed(OWNERS)}
    alive = {body["metadata"]["uid"] for found in listed.values() for body in found}
    orphans = [
        f"{kind.format(namespace)}/{body['metadata']['name']}"
        for kind in KINDS
        for body in listed[kind]
        if (owners := body["metadata"].get("ownerReferences")) and not any(one["uid"] in alive for one in owners)
    ]
    for path in orphans:
        cluster.ask("DELETE", path, {"propagationPolicy": "Background"})
    return len(orphans)


def _listed(cluster: Cluster, path: str) -> list[Object]:
    """All of a kind; none of one that is not served."""
    code, answer = cluster.ask("GET", path)
    return list(answer["items"]) if code == 200 else []


@contextmanager
def collecting(cluster: Cluster, namespace: str) -> Iterator[None]:
    """Collect in a thread until the end of the block."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(EVERY):
            collect(cluster, namespace)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
