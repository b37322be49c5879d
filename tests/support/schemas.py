"""What an API server would say of a status, by the schema of its CRD."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

Object = dict[str, Any]


def refused(found: Any, node: Object) -> list[str]:
    """What a schema does not know of a status, and what it does not take."""
    return [*unknown(found, node), *(error.message for error in Draft202012Validator(node).iter_errors(found))]


def unknown(found: Any, node: Object) -> Iterator[str]:
    if isinstance(found, dict):
        for name, value in found.items():
            yield from unknown(value, node["properties"][name]) if name in node["properties"] else [name]
    elif isinstance(found, list):
        for value in found:
            yield from unknown(value, node["items"])
