"""Errors of jsonschema as findings, in the API server's words.

The server's framing is left out (``Invalid value: "x": spec.mode in body``): a finding keeps path and value apart.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from syncramp.check.findings import Finding
from syncramp.check.remedies import form, of_type
from syncramp.check.values import below, show
from syncramp.words import closest

_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
_WIDTHS = {"integer": "int64", "number": "float64"}


def told(error: Any) -> Iterator[Finding]:
    """One error as findings."""
    path = path_of(error.absolute_path)
    if error.validator == "required":
        missing = [below(path, name) for name in error.validator_value if name not in error.instance]
        yield from (Finding(place, "Required value", form(place, "add it")) for place in missing)
    elif error.validator == "additionalProperties":
        yield from unknown_fields(path, error.instance, error.schema.get("properties", {}))
    else:
        reason, remedy = _SENTENCES[error.validator](path, error)
        hidden = error.validator == "type" and error.validator_value in ("object", "array")
        yield Finding(path, reason, remedy, "" if hidden else show(path, error.instance))


def unknown_fields(path: str, members: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Finding]:
    """Members that the schema does not know; their values are nobody's business."""
    for name in members:
        if name not in known:
            near = closest(name, known)
            listed = f"remove it; known fields are {', '.join(known)}" if known else "remove it"
            remedy = f"did you mean {near}?" if near else listed
            yield Finding(below(path, name), f'unknown field "{below(path, name)}"', remedy)


def path_of(parts: Any) -> str:
    """A path as people write it."""
    path = ""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else below(path, part)
    return path


def _type(path: str, error: Any) -> tuple[str, str]:
    expected, found = error.validator_value, _NAMES.get(type(error.instance), "null")
    remedy = of_type(path, expected)
    if found in _WIDTHS and "format" in error.schema:  # of a number in a field with a format the server tells formats
        expected, found = error.schema["format"], _WIDTHS[found]
    return f'must be of type {expected}: "{found}"', remedy


def _enum(path: str, error: Any) -> tuple[str, str]:
    values = ", ".join(f'"{value}"' for value in error.validator_value)
    return f"Unsupported value: supported values: {values}", form(path, "write one of them")


def _pattern(path: str, error: Any) -> tuple[str, str]:
    pattern = error.validator_value.removesuffix(r"\Z") + "$"
    return f"should match '{pattern}'", form(path, f"write what matches {pattern}")


def _range(path: str, error: Any) -> tuple[str, str]:
    limits = error.schema["minimum"], error.schema["maximum"]
    word = "greater" if error.validator == "minimum" else "less"
    reason = f"should be {word} than or equal to {error.validator_value}"
    return reason, form(path, f"write a number from {limits[0]} to {limits[1]}")


def _too_many(path: str, error: Any) -> tuple[str, str]:
    most = error.validator_value
    return f"Too many: {len(error.instance)}: must have at most {most} items", form(path, "remove some of them")


_SENTENCES: Mapping[str, Callable[[str, Any], tuple[str, str]]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "format": lambda path, error: (
        f"must be of type {error.validator_value}",
        form(path, f"write a {error.validator_value}"),
    ),
    "minimum": _range,
    "maximum": _range,
    "minItems": lambda path, error: (
        f"should have at least {error.validator_value} items",
        form(path, f"write at least {error.validator_value}"),
    ),
    "maxItems": _too_many,
    "minProperties": lambda path, error: (
        f"should have at least {error.validator_value} properties",
        form(path, f"write at least {error.validator_value}"),
    ),
    "maxProperties": lambda path, error: (
        f"Too many: {len(error.instance)}: must have at most {error.validator_value} items",
        form(path, "remove some of them"),
    ),
    "minLength": lambda path, error: (
        f"should be at least {error.validator_value} chars long",
        form(path, f"write at least {error.validator_value} characters"),
    ),
    "maxLength": lambda path, error: (
        f"Too long: may not be more than {error.validator_value} bytes",
        form(path, "shorten it"),
    ),
}
