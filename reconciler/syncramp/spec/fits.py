"""Whether a value surely fits a JSON Schema: a first look, for which no library is loaded.

Of what fits nobody wants to know why it does not. jsonschema takes 0.06 s of the processor to load, so it is asked
only about what does not fit here: then it tells what is wrong, or finds that nothing is (an integer that was written
as 5.0, a keyword of a schema that is not known here). ``check`` and the wire profile look so.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Formats = Mapping[str, Callable[[Any], bool]]
"""Formats that are judged, by name; others say nothing, as in jsonschema."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_SCALARS = (str, bool, int, float)


def fits(value: Any, schema: Mapping[str, Any], formats: Formats | None = None) -> bool:
    """It surely fits; False: jsonschema has to be asked."""
    for keyword, said in schema.items():
        if keyword in _ENDS:
            kinds, measure, above = _ENDS[keyword]
            there = type(value) not in kinds or (measure(value) >= said if above else measure(value) <= said)
        elif keyword == "format":
            there = said not in (formats or {}) or (formats or {})[said](value)
        else:
            there = keyword in _RULES and _RULES[keyword](value, said, schema, formats)
        if not there:
            return False
    return True


def _as_it_is(value: float) -> float:
    return value


_ENDS: Mapping[str, tuple[tuple[type, ...], Callable[[Any], Any], bool]] = {
    "minLength": ((str,), len, True),
    "maxLength": ((str,), len, False),
    "minItems": ((list,), len, True),
    "maxItems": ((list,), len, False),
    "minProperties": ((dict,), len, True),
    "maxProperties": ((dict,), len, False),
    "minimum": ((int, float), _as_it_is, True),
    "maximum": ((int, float), _as_it_is, False),
}
"""Keyword -> of what it speaks, how that is measured, and whether it is the lower end."""


def _type(value: Any, said: Any, schema: Mapping[str, Any], formats: Formats | None) -> bool:
    named = [said] if isinstance(said, str) else said
    return any(type(value) in _TYPES.get(name, ()) for name in named)


def _const(value: Any, said: Any, schema: Mapping[str, Any], formats: Formats | None) -> bool:
    return type(value) in _SCALARS and type(value) is type(said) and bool(value == said)


def _enum(value: Any, said: Any, schema: Mapping[str, Any], formats: Formats | None) -> bool:
    return any(_const(value, each, schema, formats) for each in said)


def _pattern(value: Any, said: str, schema: Mapping[str, Any], formats: Formats | None) -> bool:
    return not isinstance(value, str) or re.search(said, value) is not None


def _required(value: Any, said: Any, schema: Mapping[str, Any], formats: Formats | None) -> bool:
    return not isinstance(value, dict) or all(name in value for name in said)


def _properties(value: Any, said: Mapping[str, Any], schema: Mapping[str, Any], formats: Formats | None) -> bool:
    if not isinstance(value, dict):
        return True
    return all(fits(value[name], child, formats) for name, child in said.items() if name in value)


def _others(value: Any, said: Any, schema: Mapping[str, Any], formats: Formats | None) -> bool:
    if not isinstance(value, dict):
        return True
    others = value.keys() - schema.get("properties", {}).keys()
    if isinstance(said, bool):
        return said or not others
    return all(fits(value[name], said, formats) for name in others)


def _items(value: Any, said: Any, schema: Mapping[str, Any], formats: Formats | None) -> bool:
    return not isinstance(value, list) or all(fits(item, said, formats) for item in value)


_RULES: Mapping[str, Callable[[Any, Any, Mapping[str, Any], Formats | None], bool]] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _others,
    "items": _items,
}
