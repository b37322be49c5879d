"""Metadata of objects in the API double: what people may write into it, and what is the server's."""

import copy
import re
import secrets
import uuid
from collections.abc import Iterator
from typing import Any

from support.kube_api_errors import bad_request, cause, invalid
from support.kube_api_resources import Resource

Object = dict[str, Any]
Cause = dict[str, str]

PEOPLES = ("labels", "annotations", "finalizers", "ownerReferences")
"""Metadata that a write may change; the rest is the server's."""
ANNOTATIONS = 262_144
"""Bytes of all annotations of an object."""
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PATH_NAME = re.compile(r"(?!\.{1,2}\Z)[^/%]+")
"""Roles and their bindings have names such as ``system:node``."""
_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")


def name_of(resource: Resource, metadata: Object) -> str:
    """The name of a new object, perhaps a made one."""
    name = metadata.get("name") or _generated(metadata.get("generateName"))
    if not name:
        wrong = cause("metadata.name", "Required value: name or generateName is required", "FieldValueRequired")
        raise invalid(resource.kind, resource.group, "", [wrong])
    return name


def check_place(namespace: str, name: str, metadata: Object) -> None:
    """A body speaks of the object that the URL names."""
    if (metadata.get("namespace") or namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if (metadata.get("name") or name) != name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")


def judged(resource: Resource, metadata: Object, old: Object | None) -> Iterator[Cause]:
    """What is wrong with the metadata of an object."""
    name = metadata["name"]
    spelling = _PATH_NAME if resource.group.startswith("rbac") else _SUBDOMAIN
    if old is None and (not spelling.fullmatch(name) or len(name) > 253):
        yield cause(
            "metadata.name",
            f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case letters',
        )
    for key, value in metadata.get("labels", {}).items():
        if not _LABEL.fullmatch(value) or len(value) > 63 or not _LABEL.fullmatch(key.rpartition("/")[2]):
            yield cause(
                "metadata.labels",
                f'Invalid value: "{value}": a valid label must be an empty string or consist of letters',
            )
    size = sum(len(key.encode()) + len(value.encode()) for key, value in metadata.get("annotations", {}).items())
    if size > ANNOTATIONS:
        yield cause(
            "metadata.annotations", f"Too long: may not be more than {ANNOTATIONS} bytes", "FieldValueTooLong"
        )
    added = set(metadata.get("finalizers") or ()) - set((old or {}).get("finalizers") or ())
    if added and "deletionTimestamp" in (old or {}):
        told = "Forbidden: no new finalizers can be added if the object is being deleted"
        yield cause("metadata.finalizers", told, "FieldValueForbidden")
    for number, owner in enumerate(metadata.get("ownerReferences") or ()):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield cause(f"metadata.ownerReferences[{number}].{field}", "Required value", "FieldValueRequired")


def born(resource: Resource, namespace: str, name: str, given: Object, now: str) -> Object:
    """The metadata of a new object."""
    made = {key: copy.deepcopy(given[key]) for key in (*PEOPLES, "generateName") if given.get(key)}
    place = {"namespace": namespace} if resource.namespaced else {}
    own = {"name": name, "uid": str(uuid.uuid4()), "creationTimestamp": now}
    return made | place | own | ({"generation": 1} if resource.generation else {})


def kept(old: Object, new: Object) -> Object:
    """The metadata after a write: the server's own is as it was."""
    servers = {name: value for name, value in old.items() if name not in PEOPLES}
    return servers | {name: new[name] for name in PEOPLES if new.get(name)}


def _generated(prefix: str | None) -> str:
    alphabet = "bcdfghjklmnpqrstvwxz2456789"
    return prefix + "".join(secrets.choice(alphabet) for _ in range(5)) if prefix else ""
