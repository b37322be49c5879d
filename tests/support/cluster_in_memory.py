"""A cluster in memory, for actors on a virtual clock: objects with versions, merge patches, labels, no network.

It keeps what actors rely on: a name that is taken conflicts, a write that changes nothing has no new version, a phase
of a SyncRun that is over never changes. What a real API server refuses beyond that is tested against the double.
"""

import copy
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from syncramp_operator.actors.known import TERMINAL
from syncramp_operator.actors.telling import merged
from syncramp_operator.api.cluster import ClusterUnavailable, ObjectConflict, ObjectMissing
from syncramp_operator.api.resources import SYNCRUNS, Resource

Object = dict[str, Any]
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Died(BaseException):
    """The operator's process is gone in the middle of a call."""


@dataclass
class Clock:
    """The time that everybody goes by."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **parts: float) -> None:
        self.at += timedelta(**parts)

    def stamp(self) -> str:
        return self.at.strftime("%Y-%m-%dT%H:%M:%SZ")


class MemoryCluster:
    """Objects by kind, namespace and name; ``writes`` are the calls that changed something, ``calls`` are all."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.held: dict[tuple[str, str, str], Object] = {}
        self.calls: list[tuple[str, str]] = []
        self.writes: list[tuple[str, str]] = []
        self.down = False
        self.fuse = 0
        """So many writes from now the process dies, right after the write was done; 0: it does not."""
        self._version = 0

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        self._called("get", resource)
        return copy.deepcopy(self._found(resource, namespace, name))

    def list(self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Object]:
        self._called("list", resource)
        key, _, name = fields.partition("=")
        assert key in ("", "metadata.name"), "no other field is asked for"
        wanted = dict(part.split("=") for part in labels.split(",")) if labels else {}
        found = [
            one
            for (plural, place, called), one in self.held.items()
            if (plural, place) == (resource.plural, namespace) and name in ("", called)
        ]
        return [copy.deepcopy(one) for one in found if wanted.items() <= one["metadata"].get("labels", {}).items()]

    def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        self._called("create", resource)
        made = copy.deepcopy(dict(body))
        key = (resource.plural, namespace, made["metadata"]["name"])
        if key in self.held:
            raise ObjectConflict("it is there already")
        own = {"uid": str(uuid.uuid4()), "namespace": namespace, "creationTimestamp": self.clock.stamp()}
        made["metadata"] = {"generation": 1, **made["metadata"], **own}
        made.pop("status", None)
        return self._save(key, made)

    def patch(
        self, resource: Resource, namespace: str, name: str, body: Mapping[str, Any], subresource: str = ""
    ) -> Object:
        self._called("patch", resource)
        old = self._found(resource, namespace, name)
        part = {"status": body["status"]} if subresource else {k: v for k, v in body.items() if k != "status"}
        new = merged(old, part)
        if resource is SYNCRUNS and (old.get("status") or {}).get("phase") in TERMINAL:
            assert new["status"]["phase"] == old["status"]["phase"], "a phase that is over never changes"
        if new.get("spec") != old.get("spec"):
            new["metadata"] = {**new["metadata"], "generation": old["metadata"]["generation"] + 1}
        return copy.deepcopy(old) if new == old else self._save((resource.plural, namespace, name), new)

    def delete(self, resource: Resource, namespace: str, name: str, *, uid: str = "") -> None:
        self._called("delete", resource)
        found = self.held.get((resource.plural, namespace, name))
        if found is not None and uid in ("", found["metadata"]["uid"]):
            del self.held[resource.plural, namespace, name]
            self.writes.append(("delete", resource.plural))

    def _save(self, key: tuple[str, str, str], made: Object) -> Object:
        self._version += 1
        made["metadata"] = {**made["metadata"], "resourceVersion": str(self._version)}
        self.held[key] = made
        self.writes.append(self.calls[-1])
        if self.fuse:
            self.fuse -= 1
            if not self.fuse:
                raise Died
        return copy.deepcopy(made)

    def _found(self, resource: Resource, namespace: str, name: str) -> Object:
        try:
            return self.held[resource.plural, namespace, name]
        except KeyError:
            raise ObjectMissing("there is no such object") from None

    def _called(self, verb: str, resource: Resource) -> None:
        self.calls.append((verb, resource.plural))
        if self.down:
            raise ClusterUnavailable("the API server did not answer")
