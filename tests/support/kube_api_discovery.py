"""What the API double says of itself: groups, kinds, and the schemas that kubectl explains and checks by."""

from collections.abc import Iterable
from typing import Any

from support.kube_api_resources import Resource
from support.kube_api_store import Store

Object = dict[str, Any]

V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def discovered(store: Store, parts: list[str], accept: str) -> tuple[Object, str] | None:
    """The answer to ``/api``, ``/apis`` and what is right below them, with its media type; None: there is no such."""
    served = store.resources
    if parts in (["api"], ["apis"]) and "apidiscovery" in accept:
        return _aggregated([one for one in served if bool(one.group) == (parts == ["apis"])]), V2
    plain = _plain(served, parts)
    return (plain, "application/json") if plain else None


def _plain(served: list[Resource], parts: list[str]) -> Object | None:
    match parts:
        case ["version"]:
            return {"major": "1", "minor": "36", "gitVersion": "v1.36.0+double", "platform": "linux/amd64"}
        case ["api"]:
            address = [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": address}
        case ["apis"]:
            groups = dict.fromkeys((one.group, one.version) for one in served if one.group)
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*pair) for pair in groups]}
        case ["apis", group]:
            found = [one for one in served if one.group == group]
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, found[0].version)} if found else None
        case ["api", version] | ["apis", _, version]:
            group = parts[1] if parts[0] == "apis" else ""
            rows = [row for one in served if (one.group, one.version) == (group, version) for row in _rows(one)]
            place = "/".join(parts[1:])
            head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": place}
            return head | {"resources": rows} if rows else None
    return None


def _group(group: str, version: str) -> Object:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _names(one: Resource) -> Object:
    names = {"shortNames": list(one.short), "categories": list(one.categories)}
    return {key: value for key, value in names.items() if value}


def _rows(one: Resource) -> Iterable[Object]:
    common = {"kind": one.kind, "namespaced": one.namespaced}
    yield {"name": one.plural, "singularName": one.kind.lower(), **common, "verbs": list(one.verbs), **_names(one)}
    for name in one.subresources:
        yield {"name": f"{one.plural}/{name}", "singularName": "", **common, "verbs": _verbs(name)}


def _verbs(subresource: str) -> list[str]:
    return ["create"] if subresource == "token" else ["get", "patch", "update"]


def _aggregated(served: list[Resource]) -> Object:
    groups: dict[tuple[str, str], list[Object]] = {}
    for one in served:
        groups.setdefault((one.group, one.version), []).append(_aggregated_resource(one))
    items = [
        {
            "metadata": {"name": group, "creationTimestamp": None},
            "versions": [{"version": version, "freshness": "Current", "resources": resources}],
        }
        for (group, version), resources in groups.items()
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_resource(one: Resource) -> Object:
    kind = {"group": one.group, "version": one.version, "kind": one.kind}
    below = [{"subresource": name, "responseKind": kind, "verbs": _verbs(name)} for name in one.subresources]
    return {
        "resource": one.plural,
        "responseKind": kind,
        "scope": "Namespaced" if one.namespaced else "Cluster",
        "singularResource": one.kind.lower(),
        "verbs": list(one.verbs),
        **_names(one),
        **({"subresources": below} if below else {}),
    }


def openapi(store: Store, parts: list[str]) -> Object | None:
    """``/openapi/v3`` and the schemas of one group version."""
    places: dict[str, list[Resource]] = {}
    for one in store.resources:
        places.setdefault(f"apis/{one.api_version}" if one.group else "api/v1", []).append(one)
    if parts == ["openapi", "v3"]:
        return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}"} for place in places}}
    found = places.get("/".join(parts[2:])) if parts[:2] == ["openapi", "v3"] else None
    if found is None:
        return None
    info = {"title": "Kubernetes", "version": "v1.36.0"}
    paths = {path: one for resource in found for path, one in _paths(resource).items()}
    schemas = {_model(one): _schema(store, one) for one in found}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _model(one: Resource) -> str:
    return ".".join(("io", *reversed((one.group or "core").split(".")), one.version, one.kind))


def _schema(store: Store, one: Resource) -> Object:
    kind = {"group": one.group, "kind": one.kind, "version": one.version}
    crd = store.crd_of(one)
    found = [each for each in crd["spec"]["versions"] if each["name"] == one.version] if crd else []
    schema = dict(found[0]["schema"]["openAPIV3Schema"]) if found else {"type": "object"}
    return schema | {"x-kubernetes-group-version-kind": [kind]}


def _paths(one: Resource) -> Object:
    root = f"/apis/{one.api_version}" if one.group else "/api/v1"
    place = f"{root}/namespaces/{{namespace}}" if one.namespaced else root
    kind = {"group": one.group, "kind": one.kind, "version": one.version}
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldValidation")
    ]
    patch = {"parameters": parameters, "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": kind}
    return {f"{place}/{one.plural}/{{name}}": {"patch": patch | {"responses": {}}}}
