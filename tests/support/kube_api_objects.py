"""What a write makes of the API double's objects: the rules that operators stumble over.

One resourceVersion counts all changes; a write that changes nothing gets none and no event. ``generation`` rises with
every change outside metadata and status, and when an object begins to be deleted. A write to the object leaves its
status alone, a write to /status leaves everything else alone. A write with an old version conflicts; a PUT of a
custom resource or of a Lease must name one. An object with finalizers stays until the last of them is gone.
"""

import json
from dataclasses import dataclass
from typing import Any

from support import kube_api_builtins as builtins
from support import kube_api_metadata as metadata
from support import kube_api_schema as schema
from support.kube_api_errors import (
    Refused,
    Unhandled,
    bad_request,
    cause,
    conflict,
    exists,
    invalid,
    not_found,
    precondition_failed,
)
from support.kube_api_patches import APPLY, patched
from support.kube_api_resources import CRDS, JOBS, LEASES, NAMESPACES, PODS, Resource
from support.kube_api_store import Key, Store
from syncramp.spec.schema import with_defaults

Object = dict[str, Any]

LARGEST = 1_572_864
"""Bytes of an object that etcd keeps."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a write is meant."""

    validation: str = "Warn"
    """``fieldValidation``: what becomes of unknown fields."""
    dry: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write."""

    object: Object
    warnings: tuple[str, ...] = ()
    code: int = 200


class Objects:
    """Reads and writes of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, key: Key) -> Object:
        """The object as it is stored."""
        if key not in self.store.held:
            raise not_found(key.resource.full, key.name)
        return self.store.held[key]

    def plant(self, resource: Resource, body: Object) -> None:
        """A custom resource that was stored when the rules were others: nothing is checked."""
        key = Key(resource, body["metadata"]["namespace"], body["metadata"]["name"])
        own = metadata.born(resource, key.namespace, key.name, body["metadata"], self.store.now())
        self.store.save("ADDED", key, {**with_defaults(body, self._node(resource)), "metadata": own})

    def create(self, resource: Resource, namespace: str, body: Object, options: Options) -> Written:
        """A POST."""
        _check_kind(resource, body)
        given = body.get("metadata") or {}
        if given.get("resourceVersion"):
            raise Refused(500, "", "resourceVersion should not be set on objects to be created")
        key = Key(resource, namespace, metadata.name_of(resource, given))
        metadata.check_place(namespace, key.name, given)
        self._check_namespace(key)
        if key in self.store.held:
            raise exists(resource.full, key.name)
        return self._born(key, body, options)

    def update(self, key: Key, subresource: str, body: Object, options: Options) -> Written:
        """A PUT, with the version that was read; a Lease is made by it too."""
        _check_kind(key.resource, body)
        given = body.get("metadata") or {}
        metadata.check_place(key.namespace, key.name, given)
        if key not in self.store.held and key.resource is LEASES and not subresource:
            self._check_namespace(key)
            return self._born(key, body, options)
        old = self.get(key)
        if not given.get("resourceVersion") and not key.resource.unconditional:
            wrong = cause("metadata.resourceVersion", "Invalid value: 0: must be specified for an update")
            raise invalid(key.resource.plural, key.resource.group, key.name, [wrong])
        if given.get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
            raise precondition_failed(key.resource, key.name, "UID", given["uid"], old["metadata"]["uid"])
        whole = {**body, "metadata": {"resourceVersion": old["metadata"]["resourceVersion"], **given}}
        return self._update(key, old, whole, subresource, options)

    def patch(self, key: Key, subresource: str, media_type: str, patch: Any, options: Options) -> Written:
        """A PATCH of the object or of its status."""
        if media_type == APPLY and key not in self.store.held:
            _check_kind(key.resource, patch)
            self._check_namespace(key)
            return self._born(key, patch, options)
        old = self.get(key)
        new = patched(old, patch, media_type, custom=key.resource.custom)
        metadata.check_place(key.namespace, key.name, new.get("metadata", {}))
        if new["metadata"].get("uid") != old["metadata"]["uid"]:
            raise _wrong(
                key, [cause("metadata.uid", f'Invalid value: "{new["metadata"].get("uid")}": field is immutable')]
            )
        try:
            return self._update(key, old, new, subresource, options)
        except Unhandled as error:  # what a patch makes is not the client's, so it is no bad request
            raise Refused(422, "Invalid", f' "" is invalid: patch: Invalid value: {error}') from None

    def delete(self, key: Key, options: Object) -> Object:
        """A DELETE: at once, or when the last finalizer is gone. A Job that names no policy orphans its Pods."""
        old = self.get(key)
        _check_preconditions(key, old["metadata"], options.get("preconditions") or {})
        if options.get("dryRun"):
            return _gone(key, old)
        if options.get("propagationPolicy", "Orphan" if key.resource is JOBS else "") == "Orphan":
            self._orphan(old["metadata"]["uid"])
        if key.resource is NAMESPACES:
            return self._delete_namespace(key, old)
        if options.get("propagationPolicy") == "Foreground":
            self.store.delete_after_dependents(key)
        else:
            self.store.delete(key, options.get("gracePeriodSeconds"))
        return self.store.held.get(key) or _gone(key, old)

    def _delete_namespace(self, key: Key, old: Object) -> Object:
        self.store.begin_deletion(key)
        made = self.store.save("MODIFIED", key, {**self.store.held[key], "status": {"phase": "Terminating"}})
        self.store.empty(key.name)
        return made

    def _orphan(self, uid: str) -> None:
        for key, one in list(self.store.held.items()):
            owners = one["metadata"].get("ownerReferences") or []
            if any(owner["uid"] == uid for owner in owners):
                left = [owner for owner in owners if owner["uid"] != uid]
                own = {name: value for name, value in one["metadata"].items() if name != "ownerReferences"}
                self.store.save(
                    "MODIFIED", key, {**one, "metadata": own | ({"ownerReferences": left} if left else {})}
                )

    def _check_namespace(self, key: Key) -> None:
        if not key.resource.namespaced:
            return
        place = self.store.held.get(Key(NAMESPACES, "", key.namespace))
        if place is None:
            raise not_found(NAMESPACES.full, key.namespace)
        if "deletionTimestamp" in place["metadata"]:
            told = f"unable to create new content in namespace {key.namespace} because it is being terminated"
            raise Refused(
                403, "Forbidden", f'{key.resource.full} "{key.name}" is forbidden: {told}', {"name": key.name}
            )

    def _node(self, resource: Resource) -> Object:
        crd = self.store.crd_of(resource) or {"spec": {"versions": ()}}
        found = [one for one in crd["spec"]["versions"] if one["name"] == resource.version]
        anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        return found[0]["schema"]["openAPIV3Schema"] if found else anything

    def _born(self, key: Key, body: Object, options: Options) -> Written:
        own = metadata.born(key.resource, key.namespace, key.name, body.get("metadata") or {}, self.store.now())
        typed = {"kind": key.resource.kind, "apiVersion": key.resource.api_version}
        made = {**body, **typed, "metadata": own}
        if key.resource.subresources and key.resource.custom:
            made.pop("status", None)
        if key.resource is CRDS:
            made["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        made, unknown = self._admitted(key, made, None, options)
        if not options.dry:
            made = self.store.save("ADDED", key, made)
        return Written(made, unknown, 201)

    def _admitted(
        self, key: Key, new: Object, old: Object | None, options: Options
    ) -> tuple[Object, tuple[str, ...]]:
        """The object as it is to be stored, and what of it was unknown; refused if it is not acceptable."""
        resource, unknown = key.resource, list[str]()
        wrong = list(metadata.judged(resource, new["metadata"], (old or {}).get("metadata")))
        if resource.custom:
            node = self._node(resource)
            root = {name: new[name] for name in ("apiVersion", "kind", "metadata") if name in new}
            rest = {name: value for name, value in new.items() if name not in root}
            new = root | with_defaults(schema.pruned(rest, node, "", unknown), node)
            wrong += schema.judged(_visible(new), _visible(old), node)
        else:
            new = builtins.filled(resource, builtins.shaped(resource, new, unknown))
            wrong += builtins.judged(resource, new, old, key.namespace)
        if unknown and options.validation == "Strict":
            raise Unhandled(resource, f"strict decoding error: {', '.join(unknown)}")
        if wrong:
            raise _wrong(key, wrong)
        if len(json.dumps(new).encode()) > LARGEST:
            raise Refused(500, "", "etcdserver: request is too large")
        return new, () if options.validation == "Ignore" else tuple(unknown)

    def _update(self, key: Key, old: Object, new: Object, subresource: str, options: Options) -> Written:
        if new["metadata"].get("resourceVersion") != old["metadata"]["resourceVersion"]:
            raise conflict(key.resource, key.name)
        if subresource == "status":
            wanted = {**old, "status": new.get("status", {})}
        else:
            wanted = {name: value for name, value in new.items() if name != "status" or not key.resource.subresources}
            wanted |= {"metadata": metadata.kept(old["metadata"], new["metadata"])}
            wanted |= {"status": old["status"]} if "status" in old and key.resource.subresources else {}
        wanted, unknown = self._admitted(key, wanted, old, options)
        if "generation" in old["metadata"] and _content(wanted) != _content(old):
            raised = old["metadata"]["generation"] + 1
            wanted = {**wanted, "metadata": {**wanted["metadata"], "generation": raised}}
        if wanted == old or options.dry:
            return Written(wanted, unknown)
        if (
            "deletionTimestamp" in wanted["metadata"]
            and not wanted["metadata"].get("finalizers")
            and not _graceful(key, old)
        ):
            self.store.remove(key)
            return Written(wanted, unknown)
        return Written(self.store.save("MODIFIED", key, wanted), unknown)


def _graceful(key: Key, old: Object) -> bool:
    """A Pod stays until its node says that it is gone, a namespace until it is empty."""
    return key.resource is NAMESPACES or (key.resource is PODS and not old["metadata"].get("finalizers"))


def _content(body: Object) -> Object:
    return {name: value for name, value in body.items() if name not in ("metadata", "status")}


def _visible(body: Object | None) -> Object | None:
    """What schema and rules see: of the metadata only the names."""
    if body is None:
        return None
    seen = {name: body["metadata"][name] for name in ("name", "generateName") if name in body["metadata"]}
    return {**body, "metadata": seen}


def _check_kind(resource: Resource, body: Any) -> None:
    """Core kinds may leave out what they are; what a CRD brought may not."""
    if not isinstance(body, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {resource.kind})")
    own = {} if resource.custom else {"kind": resource.kind, "apiVersion": resource.api_version}
    kind, version = ((own | body).get(name, "") for name in ("kind", "apiVersion"))
    if resource.custom and version == resource.api_version and kind and kind != resource.kind:
        wrong = cause("kind", f'Invalid value: "{kind}": must be {resource.kind}')
        raise invalid(resource.kind, resource.group, (body.get("metadata") or {}).get("name", ""), [wrong])
    if (kind, version) != (resource.kind, resource.api_version):
        word = version.rpartition("/")[2]
        raise bad_request(f'{kind} in version "{word}" cannot be handled as a {resource.kind}')


def _check_preconditions(key: Key, own: Object, wanted: Object) -> None:
    for field, word, more in (
        ("uid", "UID", "might have been deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "might have been modified"),
    ):
        if wanted.get(field, own[field]) != own[field]:
            told = (
                f"the {word} in the precondition ({wanted[field]}) does not match the {word} in record ({own[field]})"
            )
            raise conflict(key.resource, key.name, f"{told}. The object {more}")


def _gone(key: Key, old: Object) -> Object:
    group = {"group": key.resource.group} if key.resource.group else {}
    details = {"name": key.name, **group, "kind": key.resource.plural, "uid": old["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _wrong(key: Key, causes: list[dict[str, str]]) -> Refused:
    return invalid(key.resource.kind, key.resource.group, key.name, causes)
