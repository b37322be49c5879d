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

FOREGROUND = "foregroundDeletion"
EVERY = 0.2
"""Seconds between rounds."""
KINDS = (
    "/apis/syncramp.io/v1alpha1/namespaces/{}/syncruns",
    "/apis/batch/v1/namespaces/{}/jobs",
    "/api/v1/namespaces/{}/pods",
)
OWNERS = ("/apis/syncramp.io/v1alpha1/namespaces/{}/syncconfigs", *KINDS)


def collect(cluster: Cluster, namespace: str) -> None:
    """One round."""
    listed = {kind: _listed(cluster, kind.format(namespace)) for kind in reversed(OWNERS)}
    alive = {body["metadata"]["uid"] for found in listed.values() for body in found}
    bodies = [(f"{kind.format(namespace)}/{one['metadata']['name']}", one) for kind in KINDS for one in listed[kind]]
    for path, body in bodies:
        owners = {owner["uid"] for owner in body["metadata"].get("ownerReferences", ())}
        if owners and not owners & alive and "deletionTimestamp" not in body["metadata"]:
            cluster.ask("DELETE", path, {"propagationPolicy": "Background"})
        if FOREGROUND in body["metadata"].get("finalizers", ()):
            _go_first(cluster, path, body, bodies)


def _go_first(cluster: Cluster, path: str, body: Object, bodies: list[tuple[str, Object]]) -> None:
    """Delete what an object owns; let it go when nothing of that is left."""
    uid = body["metadata"]["uid"]
    owned = [each for each in bodies if uid in {one["uid"] for one in each[1]["metadata"].get("ownerReferences", ())}]
    for below, one in owned:
        if "deletionTimestamp" not in one["metadata"]:
            cluster.ask("DELETE", below)
    if not owned:
        left = [name for name in body["metadata"]["finalizers"] if name != FOREGROUND]
        cluster.ask("PATCH", path, {"metadata": {"finalizers": left}}, "application/merge-patch+json")


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
