"""Our functions, as the library's configuration declares them.

Its own ones are left out: everything that an expression may call is in our table, with our meaning.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from syncramp.expr.functions import FUNCTIONS, SPECIALS
from syncramp.expr.functions.table import T, declaration

LEFT_OUT = (
    "bool", "bytes", "contains", "double", "duration", "dyn", "endsWith", "getDate", "getDayOfMonth",
    "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes", "getMonth",
    "getSeconds", "int", "matches", "size", "startsWith", "string", "timestamp", "type", "uint",
)  # fmt: skip
"""CEL's standard functions."""


@cache
def configuration() -> str:
    """For the library: JSON, which is YAML."""
    return json.dumps(
        {
            "stdlib": {"exclude_functions": [{"name": name} for name in LEFT_OUT]},
            "functions": [{"name": name, "overloads": list(overloads)} for name, overloads in _declared()],
        }
    )


def _declared() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name in SPECIALS:
        yield name, [{"id": name, "args": [], "return": declaration(T)}]
    for function in FUNCTIONS.values():
        overloads: list[dict[str, Any]] = []
        for overload in function.overloads:
            arguments = [declaration(parameter) for parameter in overload.parameters]
            result = declaration(overload.result)
            overloads.append({"id": overload.id, "args": arguments, "return": result})
            behind = {"target": arguments[0], "args": arguments[1:]}
            overloads.append({"id": f"{overload.id}_behind", **behind, "return": result})
        yield function.name, overloads
