"""The shape of a document: the CRD's schema as JSON Schema, judged by jsonschema.

A structural schema needs some changes to mean the same to jsonschema: unknown fields are refused (as
``kubectl --validate=strict`` does), ``$`` in a pattern is the very end (Go's RE2; Python's also matches before a last
newline), an int32 or int64 has limits, and the keys of list maps and the items of sets must be unique. Metadata, of
which a CRD says next to nothing, is judged by ``metadata``.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from syncramp.check.findings import Finding
from syncramp.check.metadata import metadata_findings
from syncramp.check.sentences import told
from syncramp.check.values import below
from syncramp.spec.schema import schema

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
"""The server's format uuid takes 32 hex digits without dashes too."""
_BITS = {"int32": 31, "int64": 63}
_SAME = (
    *("type", "format", "required", "enum", "minimum", "maximum"),
    *(f"{end}{noun}" for noun in ("Items", "Length", "Properties") for end in ("min", "max")),
)


def shape_findings(data: Any) -> Iterator[Finding]:
    """What the schema has against a document."""
    found = [finding for error in _validator().iter_errors(data) for finding in told(error)]
    yield from dict.fromkeys(found)  # two missing fields are two errors, and each of them tells both
    yield from metadata_findings(data.get("metadata"))
    yield from duplicates(data)


def duplicates(data: Any) -> Iterator[Finding]:
    """Items of sets that are there twice, and items of map lists with the same keys."""
    yield from _duplicates(data, schema(), "")


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator, FormatChecker

    formats = FormatChecker(formats=())
    formats.checks("uuid")(lambda value: not isinstance(value, str) or bool(_UUID.fullmatch(value)))
    translated = _translate(schema())
    translated["properties"]["metadata"] = {}
    return Draft202012Validator(translated, format_checker=formats)


def _translate(node: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {key: node[key] for key in _SAME if key in node}
    if "pattern" in node:
        made["pattern"] = re.sub(r"\$\Z", r"\\Z", node["pattern"])
    if bits := _BITS.get(node.get("format", "")):
        made = {"minimum": -(2**bits), "maximum": 2**bits - 1} | made
    if "properties" in node:
        made["properties"] = {name: _translate(child) for name, child in node["properties"].items()}
    if node.get("type") == "object":
        others = node.get("additionalProperties")
        made["additionalProperties"] = _translate(others) if others else False
    if "items" in node:
        made["items"] = _translate(node["items"])
    return made


def _duplicates(data: Any, node: Mapping[str, Any], path: str) -> Iterator[Finding]:
    if isinstance(data, dict):
        for name, child in node.get("properties", {}).items():
            if name in data:
                yield from _duplicates(data[name], child, below(path, name))
    elif isinstance(data, list) and "items" in node:
        yield from _repeated(data, node, path)
        for place, item in enumerate(data):
            yield from _duplicates(item, node["items"], f"{path}[{place}]")


def _repeated(items: Sequence[Any], node: Mapping[str, Any], path: str) -> Iterator[Finding]:
    kind = node.get("x-kubernetes-list-type")
    seen: set[str] = set()
    for place, item in enumerate(items):
        key = item
        if kind == "map" and isinstance(item, dict):
            key = {name: item.get(name) for name in node["x-kubernetes-list-map-keys"]}
        elif kind != "set":
            continue
        text = json.dumps(key, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)
        if text in seen:
            yield Finding(f"{path}[{place}]", f"Duplicate value: {text}", "remove one of them, or change it")
        seen.add(text)
