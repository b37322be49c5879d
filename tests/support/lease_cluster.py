"""Leases in memory, with what an API server does about versions; and its bad days."""

import copy
import threading
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from syncramp_operator.api.cluster import ClusterUnavailable, ObjectConflict, ObjectMissing
from syncramp_operator.api.resources import Object, Resource


class LeaseCluster:
    """What a :class:`syncramp_operator.api.cluster.Cluster` is to a Lease; shared by threads."""

    def __init__(self) -> None:
        self.held: dict[str, Object] = {}
        self.away = False
        """The API server does not answer."""
        self.namespaces = {"home"}
        self.stored: Callable[[], None] = lambda: None
        """What happens between a write and its answer."""
        self.failure: Exception | None = None
        """What it answers with in place of an answer."""
        self._versions = count(1)
        self._lock = threading.Lock()

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        self._reach()
        with self._lock:
            if name not in self.held:
                raise ObjectMissing("there is no such object", where=name)
            return copy.deepcopy(self.held[name])

    def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        self._reach()
        with self._lock:
            if namespace not in self.namespaces:
                raise ObjectMissing("there is no such object")
            if body["metadata"]["name"] in self.held:
                raise ObjectConflict("it is there already")
            return self._put(body)

    def replace(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        self._reach()
        with self._lock:
            old = self.held.get(body["metadata"]["name"])
            if old is None:
                raise ObjectMissing("there is no such object")
            if old["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
                raise ObjectConflict("it was changed meanwhile")
            return self._put(body)

    def spec(self, name: str) -> Object:
        """What stands in a Lease."""
        with self._lock:
            return dict(self.held[name]["spec"])

    def _put(self, body: Mapping[str, Any]) -> Object:
        made = copy.deepcopy(dict(body))
        made["metadata"]["resourceVersion"] = str(next(self._versions))
        self.stored()
        self.held[body["metadata"]["name"]] = made
        return copy.deepcopy(made)

    def _reach(self) -> None:
        if self.failure:
            raise self.failure
        if self.away:
            raise ClusterUnavailable("the API server did not answer")
