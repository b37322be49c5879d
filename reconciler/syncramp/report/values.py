"""A value of an attribute as people read it: bytes by their length and digest, long texts by their beginning."""

from hashlib import sha256

from syncramp.model.values import Value

LONG = 120
"""Characters of a text that are shown."""
SEVERAL = 5
"""Values of a list that are shown."""


def shown(value: Value | None) -> list[str]:
    """A value as one line, a list as one line for each of its values."""
    if isinstance(value, tuple):
        lines = [_one(each) for each in value[:SEVERAL]] or ["(none)"]
        return [*lines, f"… and {len(value) - SEVERAL:,} more"] if len(value) > SEVERAL else lines
    return [_one(value)]


def _one(value: Value | None) -> str:
    if isinstance(value, bytes):
        return f"({len(value):,} bytes, sha256 {sha256(value).hexdigest()[:16]})"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if len(value) <= LONG else f"{value[:LONG]}… ({len(value):,} characters)"
    return "(none)" if value is None else str(value)
