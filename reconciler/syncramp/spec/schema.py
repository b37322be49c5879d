"""The schemas of a SyncConfig and of a SyncRun: read from the CRDs that travel with this package, and applied to fill
in defaults.
"""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

API_VERSION = "syncramp.io/v1alpha1"
KIND = "SyncConfig"
RUN = "SyncRun"
CRDS = {KIND: "syncconfigs.syncramp.io.yaml", RUN: "syncruns.syncramp.io.yaml"}
"""Kind -> its CRD beside this module."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml reads a CRD in 26 ms; PyYAML's own Python, where it was built without it, in 230."""


@cache
def crd(kind: str = KIND) -> dict[str, Any]:
    """The CRD of a kind, as it is installed in a cluster."""
    text = files(__package__).joinpath(CRDS[kind]).read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - safe in both forms
    return loaded


@cache
def schema(kind: str = KIND) -> dict[str, Any]:
    """The openAPIV3Schema of v1alpha1 of a kind."""
    found: dict[str, Any] = crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def with_defaults(data: Any, node: Mapping[str, Any] | None = None) -> Any:
    """A copy of a document as the API server would store it: its fields without nulls, with every default.

    :param node: its schema; that of a SyncConfig where it is not given.

    What is unknown or does not have the type of its schema stays as it is; ``check`` speaks of it.
    """
    node = schema() if node is None else node
    if isinstance(data, dict) and node.get("type") == "object":
        known, others = node.get("properties", {}), node.get("additionalProperties")
        filled = {key: value for key, value in data.items() if value is not None or not (key in known or others)}
        for key, child in known.items():
            if key not in filled and "default" in child:
                filled[key] = deepcopy(child["default"])
            if key in filled:
                filled[key] = with_defaults(filled[key], child)
        return filled
    if isinstance(data, list) and "items" in node:
        return [with_defaults(item, node["items"]) for item in data]
    return data
