"""What a CRD's own text makes of an object in the API double: pruned, filled, judged by schema and by CEL.

All is read from the CRD as it is stored, so a CRD that changes needs no change here. Rules are evaluated by Google's
evaluator, not by the product's twins of them: the two must say the same for the tests of ``validate`` to pass. What
did not change is not judged anew (ratcheting), and what a wrong shape spoils is not asked of CEL.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from support.cel_oracle import holds, value_of
from support.kube_api_errors import cause

Object = dict[str, Any]
Node = Mapping[str, Any]
Cause = dict[str, str]

BLOCKING = (
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
)
UNCHECKED = cause(
    "<nil>",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)
_FORMATS = {
    "date-time": r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
    "duration": r"(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w))+|0|\d+ ?(second|minute|hour|day|week)s?|P(\d+D)?(T.*)?",
    "uuid": r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_WORDS = {str: "string", bool: "boolean", int: "int64", float: "float64", dict: "object", list: "array"}


def pruned(data: Any, node: Node, path: str, unknown: list[str]) -> Any:
    """What the schema knows; the rest is told in ``unknown``."""
    if node.get("x-kubernetes-preserve-unknown-fields"):
        return data
    if isinstance(data, dict) and isinstance(node.get("additionalProperties"), dict):
        return {
            name: pruned(value, node["additionalProperties"], f"{path}.{name}", unknown)
            for name, value in data.items()
        }
    if isinstance(data, dict) and node.get("type") == "object":
        kept, known = {}, node.get("properties", {})
        for name, value in data.items():
            place = f"{path}.{name}" if path else name
            if name in known:
                kept[name] = pruned(value, known[name], place, unknown)
            else:
                unknown.append(f'unknown field "{place}"')
        return kept
    if isinstance(data, list) and "items" in node:
        return [pruned(item, node["items"], f"{path}[{number}]", unknown) for number, item in enumerate(data)]
    return data


def judged(new: Object, old: Object | None, node: Node) -> list[Cause]:
    """What is wrong with an object; nothing of what stood there before and did not change."""
    wrong = list(shape(new, old, node, ""))
    if any(_blocks(one) for one in wrong):
        return [*wrong, UNCHECKED]
    return wrong + list(_rules(new, old, node, ""))


def shape(new: Any, old: Any, node: Node, path: str) -> Iterator[Cause]:
    """What the schema by itself has against a value."""
    if old is not None and new == old:
        return
    if (kind := node.get("type")) and not _is(new, kind):
        word = _WORDS.get(type(new), "null")
        yield cause(
            path, f'Invalid value: "{word}": {path} in body must be of type {kind}: "{word}"', "FieldValueTypeInvalid"
        )
        return
    yield from _limits(new, node, path)
    yield from _repeated(new, node, path)
    for child, before, below, place in _children(new, old, node, path):
        yield from shape(child, before, below, place)


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _blocks(found: Cause) -> bool:
    return found["reason"] in BLOCKING or "must be of type" in found["message"]


def _limits(value: Any, node: Node, path: str) -> Iterator[Cause]:
    shown = json.dumps(value, ensure_ascii=False)
    told = f"Invalid value: {shown}: {path} in body should"
    if "enum" in node and value not in node["enum"]:
        values = ", ".join(json.dumps(one) for one in node["enum"])
        yield cause(path, f"Unsupported value: {shown}: supported values: {values}", "FieldValueNotSupported")
    if isinstance(value, dict):
        for name in node.get("required", ()):
            if name not in value:
                yield cause(f"{path}.{name}" if path else name, "Required value", "FieldValueRequired")
        yield from _sized(len(value), node, path, "Properties")
    if isinstance(value, list):
        yield from _sized(len(value), node, path, "Items")
    if isinstance(value, str):
        yield from _spelt(value, node, path, told)
    if _is(value, "number"):
        if value < node.get("minimum", value):
            yield cause(path, f"{told} be greater than or equal to {node['minimum']}")
        if value > node.get("maximum", value):
            yield cause(path, f"{told} be less than or equal to {node['maximum']}")
        bits = {"int32": 31, "int64": 63}.get(node.get("format", ""))
        if bits and not -(2**bits) <= value < 2**bits:
            yield cause(path, f"Invalid value: {shown}: {path} in body must be of type {node['format']}: {shown}")


def _sized(size: int, node: Node, path: str, noun: str) -> Iterator[Cause]:
    if size < node.get(f"min{noun}", 0):
        words = f"{path} in body should have at least {node[f'min{noun}']} {noun.lower()}"
        yield cause(path, f"Invalid value: {size}: {words}")
    if size > node.get(f"max{noun}", size):
        yield cause(path, f"Too many: {size}: must have at most {node[f'max{noun}']} items", "FieldValueTooMany")


def _spelt(value: str, node: Node, path: str, told: str) -> Iterator[Cause]:
    if len(value) < node.get("minLength", 0):
        yield cause(path, f"{told} be at least {node['minLength']} chars long")
    if len(value) > node.get("maxLength", len(value)):
        yield cause(path, f"Too long: may not be more than {node['maxLength']} bytes", "FieldValueTooLong")
    if "pattern" in node and not re.search(re.sub(r"\$\Z", r"\\Z", node["pattern"]), value):
        yield cause(path, f"{told} match '{node['pattern']}'")
    form = node.get("format", "")
    if form in _FORMATS and not re.fullmatch(_FORMATS[form], value):
        shown = form if form != "date-time" else "datetime"
        yield cause(path, f'Invalid value: "{value}": {path} in body must be of type {shown}: "{value}"')


def _repeated(value: Any, node: Node, path: str) -> Iterator[Cause]:
    kind = node.get("x-kubernetes-list-type")
    if not isinstance(value, list) or kind not in ("map", "set"):
        return
    seen = []
    for number, item in enumerate(value):
        key = item
        if kind == "map":
            key = {
                name: item[name]
                for name in node["x-kubernetes-list-map-keys"]
                if isinstance(item, dict) and name in item
            }
        if key in seen:
            yield cause(
                f"{path}[{number}]",
                f"Duplicate value: {json.dumps(key, separators=(',', ':'))}",
                "FieldValueDuplicate",
            )
        seen.append(key)


def _children(new: Any, old: Any, node: Node, path: str) -> Iterator[tuple[Any, Any, Node, str]]:
    """The values below, each with the one that stood there before, where the two can be told to belong together."""
    if isinstance(new, dict):
        known, others = node.get("properties", {}), node.get("additionalProperties")
        for name, value in new.items():
            below = known.get(name) or (others if isinstance(others, dict) else None)
            if below is not None:
                before = old.get(name) if isinstance(old, dict) else None
                yield value, before, below, f"{path}.{name}" if path else name
    elif isinstance(new, list) and "items" in node:
        for number, item in enumerate(new):
            yield item, _same(item, old, node), node["items"], f"{path}[{number}]"


def _same(item: Any, old: Any, node: Node) -> Any:
    """The item of the old list with the same keys."""
    if not isinstance(old, list) or node.get("x-kubernetes-list-type") != "map" or not isinstance(item, dict):
        return None
    keys = node["x-kubernetes-list-map-keys"]
    return next((one for one in old if all(one.get(key) == item.get(key) for key in keys)), None)


def _rules(new: Any, old: Any, node: Node, path: str) -> Iterator[Cause]:
    if old is not None and new == old:
        return
    for rule in node.get("x-kubernetes-validations", ()):
        moves = "oldSelf" in rule["rule"]
        if moves and old is None:
            continue
        values = {"self": new} | ({"oldSelf": old} if moves else {})
        if not holds(rule["rule"], **values):
            yield _broken(rule, values, path)
    for child, before, below, place in _children(new, old, node, path):
        yield from _rules(child, before, below, place)


def _broken(rule: Mapping[str, str], values: Mapping[str, Any], path: str) -> Cause:
    text = value_of(rule["messageExpression"], **values) if "messageExpression" in rule else None
    told = text or rule.get("message") or f"failed rule: {rule['rule']}"
    place = path + rule.get("fieldPath", "")
    reason = rule.get("reason", "FieldValueInvalid")
    if reason in ("FieldValueForbidden", "FieldValueRequired"):
        word = "Forbidden" if reason == "FieldValueForbidden" else "Required value"
        return cause(place, f"{word}: {told}", reason)
    value = values["self"]
    shown = "" if isinstance(value, dict | list) else f"{json.dumps(value, ensure_ascii=False)}: "
    return cause(place, f"Invalid value: {shown}{told}", reason)
