"""JSON of systems outside: whatever they send is read without a fault of ours, and only a number comes of it."""

import json
import math
from typing import Any

NO_JSON = object()


def json_of(body: bytes) -> Any:
    """The value, or ``NO_JSON``."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return NO_JSON


def member(value: Any, *names: str) -> Any:
    """A member of nested objects; None where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def number_of(value: Any) -> float | None:
    """A number that is finite, of a number or of its digits; None of everything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
