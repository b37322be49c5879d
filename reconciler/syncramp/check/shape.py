"""The shape of a document: the CRD's schema as JSON Schema, judged by jsonschema, told in the API server's words.

A structural schema needs four changes to mean the same to jsonschema: unknown fields are refused (as
``kubectl --validate=strict`` does), ``$`` in a pattern is the very end (Go's RE2; Python's also matches before a last
newline), formats become patterns, and the keys of list maps and the items of sets must be unique.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from syncramp.check.findings import Finding
from syncramp.spec.schema import schema

_UUID = r"^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\Z"
"""The server's format uuid takes 32 hex digits without dashes too."""
_VALUES = 60
"""Characters of a value that are shown."""


def shape_findings(data: Any) -> Iterator[Finding]:
    """What the schema has against a document."""
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(_json_schema()).iter_errors(data):
        yield from _told(error)
    yield from _duplicates(data, schema(), "")


@cache
def _json_schema() -> dict[str, Any]:
    translated = _translate(schema())
    translated["properties"]["metadata"] = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {
                "type": "string",
                "minLength": 1,
                "maxLength": 52,
                "pattern": r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\Z",
            },
            "namespace": {"type": "string", "minLength": 1, "maxLength": 63},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
    return translated


def _translate(node: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        key: value
        for key, value in node.items()
        if key in ("type", "required", "enum", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength")
    }
    if "pattern" in node:
        made["pattern"] = _very_end(node["pattern"])
    elif node.get("format") == "uuid":
        made["pattern"] = _UUID
    if "properties" in node:
        made["properties"] = {name: _translate(child) for name, child in node["properties"].items()}
        made["additionalProperties"] = False
    if "items" in node:
        made["items"] = _translate(node["items"])
    return made


def _very_end(pattern: str) -> str:
    return pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern


def _told(error: Any) -> Iterator[Finding]:
    """One error of jsonschema as findings; every kind of it has its own sentence."""
    path, rule = path_of(error.absolute_path), error.validator_value
    match error.validator:
        case "required":
            for name in rule:
                if name not in error.instance:
                    yield Finding(_below(path, name), "Required value", "add it")
        case "additionalProperties":
            known = error.schema["properties"]
            for name in error.instance:
                if name not in known:
                    yield Finding(_below(path, name), f'unknown field "{_below(path, name)}"', _likely(name, known))
        case "enum":
            values = ", ".join(f'"{value}"' for value in rule)
            yield Finding(
                path, f"Unsupported value: supported values: {values}", "use one of them", show(error.instance)
            )
        case "type":
            yield Finding(path, f"must be of type {rule}", _type_remedy(rule), show(error.instance))
        case "pattern":
            yield Finding(path, f"should match '{rule.removesuffix(chr(92) + 'Z')}$'", "", show(error.instance))
        case "minItems" | "minLength":
            yield Finding(path, f"should have at least {rule} {_unit(error)}", "", show(error.instance))
        case "maxItems" | "maxLength":
            yield Finding(path, f"Too {_long(error)}: at most {rule} {_unit(error)}", "", show(error.instance))
        case "minimum":
            yield Finding(path, f"should be greater than or equal to {rule}", "", show(error.instance))
        case "maximum":
            yield Finding(path, f"should be less than or equal to {rule}", "", show(error.instance))
        case _:
            yield Finding(path, error.message)


def _likely(name: str, known: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1, 0.6)
    return f"did you mean {near[0]}" if near else f"known fields are {', '.join(sorted(known))}"


def _type_remedy(rule: str) -> str:
    return {
        "string": "write it in quotes",
        "integer": "write a whole number without quotes",
        "boolean": "write true or false without quotes",
        "object": "write an object",
        "array": "write a list, each item with a dash",
    }.get(rule, "")


def _unit(error: Any) -> str:
    return "items" if error.validator.endswith("Items") else "characters"


def _long(error: Any) -> str:
    return "many" if error.validator == "maxItems" else "long"


def _duplicates(data: Any, node: Mapping[str, Any], path: str) -> Iterator[Finding]:
    if isinstance(data, dict):
        for name, child in node.get("properties", {}).items():
            if name in data:
                yield from _duplicates(data[name], child, _below(path, name))
    elif isinstance(data, list) and "items" in node:
        yield from _repeated(data, node, path)
        for place, item in enumerate(data):
            yield from _duplicates(item, node["items"], f"{path}[{place}]")


def _repeated(items: Sequence[Any], node: Mapping[str, Any], path: str) -> Iterator[Finding]:
    kind = node.get("x-kubernetes-list-type")
    seen: list[Any] = []
    for place, item in enumerate(items):
        if kind == "map" and isinstance(item, dict):
            key: Any = {name: item.get(name) for name in node["x-kubernetes-list-map-keys"]}
        elif kind == "set":
            key = item
        else:
            continue
        if key in seen:
            yield Finding(f"{path}[{place}]", f"Duplicate value: {show(key)}", "remove one of them")
        seen.append(key)


def path_of(parts: Any) -> str:
    """A path as people write it."""
    path = ""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else _below(path, str(part))
    return path


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def show(value: Any) -> str:
    """A value, shortened; objects and lists say nothing."""
    import json

    if isinstance(value, list) or (isinstance(value, dict) and len(value) > 1):
        return ""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _VALUES else text[: _VALUES - 1] + "…"
