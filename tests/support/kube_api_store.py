"""All objects of the API double, one counter of their versions, and the log that watches read.

What an object owned goes when the object is gone, a moment later, as the garbage collector does it; so does what is
born with an owner that is not there. A namespace goes when it is empty. A finished Job goes when its time is over.
"""

import asyncio
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from support.kube_api_resources import BUILTINS, CRDS, JOBS, NAMESPACES, PEERINGS, PODS, Resource, served_by

Object = dict[str, Any]

FOREGROUND = "foregroundDeletion"
LITTLE = 0.02
"""Seconds after which the collector comes by."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which object."""

    resource: Resource
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log."""

    version: int
    kind: str
    key: Key
    object: Object
    before: Object | None


class Store:
    """Not thread-safe: one event loop owns it."""

    def __init__(self, skew: Callable[[], float] = lambda: 0.0) -> None:
        self.version = 100
        self.oldest = 0
        """A watch from before this version is told to list again."""
        self.held: dict[Key, Object] = {}
        self.log: list[Change] = []
        self.news = asyncio.Event()
        """Set at the next change, then replaced."""
        self._skew = skew
        self._resources = [*BUILTINS, PEERINGS]

    def now(self) -> str:
        """The server's clock."""
        return (datetime.now(UTC) + timedelta(seconds=self._skew())).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def resources(self) -> list[Resource]:
        """All kinds that are served."""
        return self._resources

    def crd_of(self, resource: Resource) -> Object | None:
        """The CRD that brought a kind."""
        return self.held.get(Key(CRDS, "", resource.full))

    def listed(self, resource: Resource, namespace: str = "") -> list[tuple[Key, Object]]:
        """All of a kind, by name; of all namespaces if none is named."""
        found = [
            (key, held)
            for key, held in self.held.items()
            if key.resource is resource and namespace in ("", key.namespace)
        ]
        return sorted(found, key=lambda one: (one[0].namespace, one[0].name))

    def save(self, kind: str, key: Key, made: Object) -> Object:
        """Keep an object, with a new version."""
        self.version += 1
        stored = {**made, "metadata": {**made["metadata"], "resourceVersion": str(self.version)}}
        before = self.held.get(key)
        self.held[key] = stored
        self._tell(Change(self.version, kind, key, stored, before))
        self._after(key, stored)
        return stored

    def begin_deletion(self, key: Key, grace: int = 0) -> Object:
        """Mark an object that something holds yet."""
        made = copy.deepcopy(self.held[key])
        if "deletionTimestamp" not in made["metadata"]:
            made["metadata"] |= {"deletionTimestamp": self.now(), "deletionGracePeriodSeconds": grace}
            if "generation" in made["metadata"]:
                made["metadata"]["generation"] += 1
            self.save("MODIFIED", key, made)
        return self.held[key]

    def remove(self, key: Key) -> None:
        """Forget an object; what it owned goes too."""
        gone = self.held.pop(key)
        self.version += 1
        last = {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}}
        self._tell(Change(self.version, "DELETED", key, last, gone))
        if key.resource is CRDS:
            for one in [one for one in self.held if one.resource.full == key.name]:
                self.remove(one)
            self._refresh()
        self._later(self._collect, gone["metadata"]["uid"])
        for owner in _owners(gone):
            self._later(self._go_first, owner)
        place = self.held.get(Key(NAMESPACES, "", key.namespace))
        if place and "deletionTimestamp" in place["metadata"]:
            self._later(self.empty, key.namespace)

    def delete(self, key: Key, grace: int | None = None) -> None:
        """Delete an object, unless a finalizer holds it, or it is a Pod that its node has to end first."""
        held = self.held[key]
        if key.resource is PODS and held["spec"].get("nodeName") and grace != 0:
            self.begin_deletion(key, grace or 30)
        elif held["metadata"].get("finalizers"):
            self.begin_deletion(key)
        else:
            self.remove(key)

    def delete_after_dependents(self, key: Key) -> None:
        """Delete what an object owns, then the object."""
        held = self.held[key]
        finalizers = [*held["metadata"].get("finalizers", ()), FOREGROUND]
        if FOREGROUND not in finalizers[:-1]:
            self.save("MODIFIED", key, {**held, "metadata": {**held["metadata"], "finalizers": finalizers}})
        self.begin_deletion(key)
        self._later(self._go_first, held["metadata"]["uid"])

    def _go_first(self, uid: str) -> None:
        """Whoever is deleted in the foreground goes when nothing is left that it owns and that blocks it."""
        place = next((key for key, one in self.held.items() if one["metadata"]["uid"] == uid), None)
        if place is None or FOREGROUND not in self.held[place]["metadata"].get("finalizers", ()):
            return
        owned = [key for key, one in self.held.items() if uid in set(_owners(one))]
        for key in owned:
            if "deletionTimestamp" not in self.held[key]["metadata"]:
                self.delete(key)
        if not any(key in self.held for key in owned):
            own = self.held[place]["metadata"]
            left = [name for name in own["finalizers"] if name != FOREGROUND]
            self.save("MODIFIED", place, {**self.held[place], "metadata": own | {"finalizers": left}})
            if not left:
                self.remove(place)

    def empty(self, namespace: str) -> None:
        """Delete what is in a namespace, and at last the namespace."""
        place = Key(NAMESPACES, "", namespace)
        inside = [key for key in self.held if key.namespace == namespace]
        for key in inside:
            if key in self.held and "deletionTimestamp" not in self.held[key]["metadata"]:
                self.delete(key)
        if place in self.held and not any(key.namespace == namespace for key in self.held):
            self.remove(place)

    def _tell(self, change: Change) -> None:
        self.log.append(change)
        self.news.set()
        self.news = asyncio.Event()

    def _after(self, key: Key, stored: Object) -> None:
        if key.resource is CRDS:
            self._refresh()
        owners = stored["metadata"].get("ownerReferences")
        if owners and not self._alive(owners):
            self._later(self._collect, owners[0]["uid"])
        ttl = stored["spec"].get("ttlSecondsAfterFinished") if key.resource is JOBS else None
        over = any(
            one["type"] in ("Complete", "Failed") and one["status"] == "True"
            for one in (stored.get("status") or {}).get("conditions") or ()
        )
        if ttl is not None and over:
            asyncio.get_running_loop().call_later(ttl, self._expire, key, stored["metadata"]["uid"])

    def _expire(self, key: Key, uid: str) -> None:
        if key in self.held and self.held[key]["metadata"]["uid"] == uid:
            self.delete(key)

    def _collect(self, uid: str) -> None:
        for key in [key for key, one in self.held.items() if uid in set(_owners(one))]:
            if key not in self.held or self._alive(self.held[key]["metadata"]["ownerReferences"]):
                continue
            if "deletionTimestamp" not in self.held[key]["metadata"]:
                self.delete(key)

    def _alive(self, owners: list[Object]) -> bool:
        wanted = {owner["uid"] for owner in owners}
        return any(one["metadata"]["uid"] in wanted for one in self.held.values())

    def _refresh(self) -> None:
        crds = [one for key, one in self.held.items() if key.resource is CRDS]
        fresh = [one for crd in crds for one in served_by(crd)]
        kept = {(one.full, one.version): one for one in self._resources}
        found = [old if (old := kept.get((new.full, new.version))) == new else new for new in fresh]
        moved = {kept[(one.full, one.version)]: one for one in found if (one.full, one.version) in kept}
        for key in [key for key in self.held if key.resource in moved and moved[key.resource] is not key.resource]:
            self.held[Key(moved[key.resource], key.namespace, key.name)] = self.held.pop(key)
        self._resources = [*BUILTINS, PEERINGS, *found]

    def _later(self, do: Callable[[str], None], what: str) -> None:
        asyncio.get_running_loop().call_later(LITTLE, do, what)


def _owners(body: Object) -> Iterator[str]:
    for owner in body["metadata"].get("ownerReferences") or ():
        yield owner["uid"]
