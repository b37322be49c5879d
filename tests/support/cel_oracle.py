"""The CEL rules of a CRD, evaluated by Google's own evaluator: an oracle for their twins in Python.

It lacks the libraries that Kubernetes adds (quantities, addresses, two-variable macros) and takes a field with a
format as text; no rule of ours needs more.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings


@cache
def _program(rule: str) -> Any:
    variables = {"self": cel.Type.DYN} | ({"oldSelf": cel.Type.DYN} if "oldSelf" in rule else {})
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings()]).compile(rule)


def value_of(expression: str, **values: Any) -> Any:
    """What an expression comes to; None where it cannot be evaluated."""
    result = _program(expression).eval(data=values)
    return result.value() if result.type().name() == "STRING" else None


def holds(rule: str, **values: Any) -> bool:
    """Whether a rule holds for ``self`` (and ``oldSelf``); one that cannot be evaluated does not, as in a cluster."""
    result = _program(rule).eval(data=values)
    return result.type().name() == "BOOL" and bool(result.value())


def values_at(data: Any, node: Mapping[str, Any], wanted: str, place: str = "") -> Iterator[Any]:
    """The values of a document at a place of its schema, as ``spec.sources[].name``."""
    if place == wanted:
        yield data
    elif isinstance(data, dict):
        for name, child in node.get("properties", {}).items():
            if name in data:
                yield from values_at(data[name], child, wanted, f"{place}.{name}" if place else name)
    elif isinstance(data, list):
        for item in data:
            yield from values_at(item, node.get("items", {}), wanted, f"{place}[]")
