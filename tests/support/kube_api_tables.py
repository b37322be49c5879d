"""Tables, as kubectl asks the API double for them: the printer columns of a CRD, name and age of everything else."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from support.kube_api_resources import Resource

Object = dict[str, Any]

_STEP = re.compile(r"""\.(\w+)|\[\?\(@\.(\w+)\s*==\s*["']([^"']*)["']\)\]|\[(\d+|\*)\]|\['([^']+)'\]""")
_PLAIN = (
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp", "description": "Since it was made."},
)


def wants_table(accept: str) -> bool:
    """Whether a request asks for one."""
    return "as=Table" in accept


def table(resource: Resource, crd: Object | None, objects: Iterable[Object], version: str, now: datetime) -> Object:
    """A Table of objects."""
    columns = _columns(resource, crd)
    definitions = [{"name": "Name", "type": "string", "format": "name", "description": "Name", "priority": 0}]
    for one in columns:
        told = one.get("description") or f"Custom resource definition column (in JSONPath format): {one['jsonPath']}"
        kept = {"name": one["name"], "type": one["type"], "format": one.get("format", "")}
        definitions.append(kept | {"description": told, "priority": one.get("priority", 0)})
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version}}
    return head | {"columnDefinitions": definitions, "rows": [_row(one, columns, now) for one in objects]}


def _columns(resource: Resource, crd: Object | None) -> list[Object]:
    versions = crd["spec"]["versions"] if crd else ()
    found = [one for one in versions if one["name"] == resource.version]
    return list(found[0].get("additionalPrinterColumns", _PLAIN)) if found else list(_PLAIN)


def _row(body: Object, columns: Iterable[Mapping[str, Any]], now: datetime) -> Object:
    cells = [body["metadata"]["name"], *(_cell(body, one, now) for one in columns)]
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": body["metadata"]}
    return {"cells": cells, "object": partial}


def _cell(body: Object, column: Mapping[str, Any], now: datetime) -> Any:
    found = at(body, column["jsonPath"])
    if not found:
        return None
    value = found[0]
    if column["type"] == "date":
        return _age(value, now)
    return str(value) if column["type"] == "string" else value


def at(body: Any, path: str) -> list[Any]:
    """The values at a JSONPath, of the forms that printer columns take."""
    values, place = [body], 0
    while place < len(path):
        step = _STEP.match(path, place)
        assert step, f"no JSONPath that this knows: {path}"
        place = step.end()
        values = [below for value in values for below in _below(value, step)]
    return values


def _below(value: Any, step: re.Match[str]) -> list[Any]:
    name, field, wanted, index, quoted = step.groups()
    if field:
        return [one for one in value if one.get(field) == wanted] if isinstance(value, list) else []
    if index:
        items = value if isinstance(value, list) else []
        return items if index == "*" else items[int(index) : int(index) + 1]
    key = name or quoted
    return [value[key]] if isinstance(value, dict) and value.get(key) is not None else []


def _age(text: Any, now: datetime) -> str:
    """As the server writes how long ago it was: 12s, 2m11s, 34m, 5h3m, 7h, 3d."""
    try:
        seconds = int((now - datetime.fromisoformat(str(text)).astimezone(UTC)).total_seconds())
    except ValueError:
        return "<unknown>"
    if seconds < 0:
        return "<invalid>" if seconds < -1 else "0s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    return f"{hours}h" if hours < 48 else f"{days}d"
