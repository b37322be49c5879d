"""The API double's objects: what a write makes of them, and the log of changes that watches read.

It keeps the rules that operators stumble over. One resourceVersion counts all changes; a write that changes nothing
gets none and no event. ``generation`` rises with every change outside metadata and status, and when an object begins
to be deleted. A write to the object leaves its status alone, a write to /status leaves everything else alone. An
object with finalizers stays until the last of them is gone.
"""

import asyncio
import copy
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jsonpatch

from support.kube_api_admission import admit, admit_event
from support.kube_api_errors import (
    bad_request,
    conflict,
    exists,
    invalid,
    not_found,
    unknown_media_type,
    unprocessable,
)
from syncramp.spec.schema import with_defaults

Object = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """A kind of objects, and where it is served."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    subresources: tuple[str, ...] = ()

    @property
    def full(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


SYNCCONFIGS = Resource("syncramp.io", "v1alpha1", "syncconfigs", "SyncConfig", subresources=("status",))
CRDS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False)
EVENTS = Resource("", "v1", "events", "Event")
ROLES = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
ROLE_BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount", subresources=("token",))
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", False)
PEERINGS = Resource("kopf.dev", "v1", "kopfpeerings", "KopfPeering")
"""Of other operators made with Kopf, which see to it by this that only one of them is at work."""
RESOURCES = (SYNCCONFIGS, CRDS, EVENTS, ROLES, ROLE_BINDINGS, SERVICE_ACCOUNTS, NAMESPACES, PEERINGS)


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


class Objects:
    """All objects of the double. Not thread-safe: one event loop owns it."""

    def __init__(self) -> None:
        self.version = 100
        self.held: dict[Key, Object] = {}
        self.log: list[Change] = []
        self.news = asyncio.Event()
        """Set at the next change, then replaced."""

    def served(self, resource: Resource) -> bool:
        """SyncConfigs are there once their CRD is."""
        return resource is not SYNCCONFIGS or Key(CRDS, "", SYNCCONFIGS.full) in self.held

    def get(self, key: Key) -> Object:
        """The object as it is stored."""
        if key not in self.held:
            raise not_found(key.resource.full, key.name)
        return self.held[key]

    def listed(self, resource: Resource, namespace: str) -> list[Object]:
        """All of a kind; of all namespaces if none is named."""
        return [
            held for key, held in self.held.items() if key.resource is resource and namespace in ("", key.namespace)
        ]

    def create(self, resource: Resource, namespace: str, body: Object) -> tuple[Object, list[str]]:
        """A POST."""
        metadata = body.get("metadata") or {}
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        name = metadata.get("name") or _generated(metadata.get("generateName"))
        if not name:
            message = "Required value: name or generateName is required"
            wrong = {"reason": "FieldValueRequired", "message": message, "field": "metadata.name"}
            raise invalid(resource.kind, resource.group, "", [wrong])
        key = Key(resource, namespace, name)
        if key in self.held:
            raise exists(resource.full, name)
        _same_place(key, metadata)
        if resource is EVENTS:
            admit_event(namespace, body)
        return self._born(key, body)

    def plant(self, body: Object) -> None:
        """A SyncConfig that was stored when the rules were others: nothing is checked."""
        key = Key(SYNCCONFIGS, body["metadata"]["namespace"], body["metadata"]["name"])
        self._save("ADDED", key, {**with_defaults(body), "metadata": _new_metadata(key, body["metadata"])})

    def patch(self, key: Key, subresource: str, media_type: str, patch: Any) -> tuple[Object, list[str]]:
        """A PATCH of the object or of its status."""
        if media_type == "application/apply-patch+yaml":
            if key not in self.held:
                return self._born(key, patch)
            media_type = "application/merge-patch+json"
        old = self.get(key)
        if media_type == "application/merge-patch+json":
            new = merged(copy.deepcopy(old), patch)
        elif media_type == "application/json-patch+json":
            new = _json_patched(old, patch)
        else:
            raise unknown_media_type()
        metadata = new.get("metadata", {})
        _same_place(key, metadata)
        if metadata.get("uid") != old["metadata"]["uid"]:
            wrong = {"reason": "FieldValueInvalid", "message": "field is immutable", "field": "metadata.uid"}
            raise invalid(key.resource.kind, key.resource.group, key.name, [wrong])
        if metadata.get("resourceVersion") != old["metadata"]["resourceVersion"]:
            raise conflict(key.resource.full, key.name)
        return self._update(key, old, new, subresource)

    def delete(self, key: Key) -> Object:
        """A DELETE: at once, or when the last finalizer is gone."""
        old = self.get(key)
        if not old["metadata"].get("finalizers"):
            self._remove(key)
            return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        if "deletionTimestamp" not in old["metadata"]:
            new = copy.deepcopy(old)
            new["metadata"] |= {"deletionTimestamp": _now(), "deletionGracePeriodSeconds": 0}
            new["metadata"]["generation"] += 1
            self._save("MODIFIED", key, new)
        return self.held[key]

    def _born(self, key: Key, body: Object) -> tuple[Object, list[str]]:
        made = {**copy.deepcopy(body), "metadata": _new_metadata(key, body["metadata"])}
        warnings: list[str] = []
        if key.resource is SYNCCONFIGS:
            made.pop("status", None)
            made, warnings = admit(made, None)
        if key.resource is CRDS:
            made["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        return self._save("ADDED", key, made), warnings

    def _update(self, key: Key, old: Object, new: Object, subresource: str) -> tuple[Object, list[str]]:
        if subresource == "status":
            wanted = {**old, "status": new.get("status", {})}
        else:
            wanted = {name: value for name, value in new.items() if name != "status"}
            wanted |= {"metadata": _kept_metadata(key, old["metadata"], new["metadata"])}
            wanted |= {"status": old["status"]} if "status" in old else {}
        warnings: list[str] = []
        if key.resource is SYNCCONFIGS:
            wanted, warnings = admit(wanted, old)
        if wanted.get("spec") != old.get("spec"):
            wanted = {**wanted, "metadata": {**wanted["metadata"], "generation": old["metadata"]["generation"] + 1}}
        if wanted == old:
            return old, warnings
        if "deletionTimestamp" in wanted["metadata"] and not wanted["metadata"].get("finalizers"):
            self._remove(key)
            return wanted, warnings
        return self._save("MODIFIED", key, wanted), warnings

    def _remove(self, key: Key) -> None:
        self._save("DELETED", key, self.held[key])
        del self.held[key]

    def _save(self, kind: str, key: Key, made: Object) -> Object:
        self.version += 1
        stored = {**made, "metadata": {**made["metadata"], "resourceVersion": str(self.version)}}
        self.held[key] = stored
        self.log.append(Change(self.version, kind, key, stored))
        self.news.set()
        self.news = asyncio.Event()
        return stored


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merged(made.get(name), value)
    return made


def _json_patched(old: Object, patch: Any) -> Object:
    try:
        made: Object = jsonpatch.apply_patch(old, patch)
    except (jsonpatch.JsonPatchConflict, jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPointerException):
        raise unprocessable() from None
    except jsonpatch.InvalidJsonPatch as error:
        raise bad_request(f"error decoding patch: {error}") from None
    return made


def _same_place(key: Key, metadata: Object) -> None:
    if metadata.get("namespace", key.namespace) != key.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if metadata.get("name", key.name) != key.name:
        raise bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({key.name})"
        )


_PEOPLES = ("labels", "annotations", "finalizers", "ownerReferences")
"""Metadata that a write may change; the rest is the server's."""


def _new_metadata(key: Key, given: Object) -> Object:
    made = {name: copy.deepcopy(given[name]) for name in (*_PEOPLES, "generateName") if given.get(name)}
    place = {"namespace": key.namespace} if key.resource.namespaced else {}
    own = {"name": key.name, "uid": str(uuid.uuid4()), "generation": 1, "creationTimestamp": _now()}
    return made | place | own


def _kept_metadata(key: Key, old: Object, new: Object) -> Object:
    added = set(new.get("finalizers") or ()) - set(old.get("finalizers") or ())
    if added and "deletionTimestamp" in old:
        message = "Forbidden: no new finalizers can be added if the object is being deleted"
        wrong = {"reason": "FieldValueForbidden", "message": message, "field": "metadata.finalizers"}
        raise invalid(key.resource.kind, key.resource.group, key.name, [wrong])
    servers = {name: value for name, value in old.items() if name not in _PEOPLES}
    return servers | {name: new[name] for name in _PEOPLES if new.get(name)}


def _generated(prefix: str | None) -> str:
    alphabet = "bcdfghjklmnpqrstvwxz2456789"
    return prefix + "".join(secrets.choice(alphabet) for _ in range(5)) if prefix else ""


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
