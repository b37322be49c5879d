"""What a value of a document was before: the API server's correlation of a new object with the stored one.

Members belong together by their name and items of a map list by their keys, in whatever order they stand. Items of
other lists belong to nothing: only the list as a whole has a value before. Two map lists are equal in any order.
"""

import re
from collections.abc import Mapping
from typing import Any

from syncramp.spec.schema import schema

GONE = object()
"""There was nothing before, or nothing that belongs to it."""
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def before(path: str, new: Any, old: Any, node: Mapping[str, Any] | None = None) -> Any:
    """The value before of what stands at a path; ``GONE`` if there was none.

    :param path: in the new document, as ``spec.sources[0].name``.
    :param node: the schema; None: that of a SyncConfig.
    """
    node = schema() if node is None else node
    for name, number in _STEP.findall(path):
        new, old, node = _step(new, old, node, name, number)
    return old


def unchanged(path: str, new: Any, old: Any, node: Mapping[str, Any] | None = None) -> bool:
    """What stands at a path, or something that holds it, is what it was before; so what is missing is a matter of
    what should hold it.

    The document itself is no such thing: its metadata change with every write.
    """
    node = schema() if node is None else node
    for name, number in _STEP.findall(path):
        new, old, node = _step(new, old, node, name, number)
        if new is GONE or old is GONE:
            return False
        if same(new, old, node):
            return True
    return False


def same(new: Any, old: Any, node: Mapping[str, Any]) -> bool:
    """Two values are equal to the API server."""
    if isinstance(new, dict) and isinstance(old, dict):
        return new.keys() == old.keys() and all(same(new[name], old[name], _member(node, name)) for name in new)
    if isinstance(new, list) and isinstance(old, list):
        items = node.get("items", {})
        others = [_partner(item, old, node) for item in new] if _keys(node) else old
        return len(new) == len(old) and all(same(*pair, items) for pair in zip(new, others, strict=True))
    return type(new) is type(old) and bool(new == old)


def _step(new: Any, old: Any, node: Mapping[str, Any], name: str, number: str) -> tuple[Any, Any, Mapping[str, Any]]:
    if name:
        return _get(new, name), _get(old, name), _member(node, name)
    item = new[int(number)] if isinstance(new, list) and int(number) < len(new) else GONE
    return item, _partner(item, old, node) if _keys(node) else GONE, node.get("items", {})


def _get(value: Any, name: str) -> Any:
    return value.get(name, GONE) if isinstance(value, dict) else GONE


def _member(node: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = node.get("properties", {}).get(name, {})
    return found


def _keys(node: Mapping[str, Any]) -> list[str]:
    found: list[str] = node.get("x-kubernetes-list-map-keys", [])
    return found


def _partner(item: Any, others: Any, node: Mapping[str, Any]) -> Any:
    """The item with the same keys."""
    wanted = [_get(item, key) for key in _keys(node)]
    for other in others if isinstance(others, list) else ():
        if [_get(other, key) for key in _keys(node)] == wanted:
            return other
    return GONE
